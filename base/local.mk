noinst_LIBRARIES += base/libbase.a
base_libbase_a_SOURCES = \
	base/clock.c base/clock.h base/date.c base/date.h base/digest.c base/digest.h \
	base/digest-pair.c base/digest-pair.h \
	base/bytes.h base/capture.c base/capture.h base/kinds.c base/kinds.def base/kinds.h \
	base/error-codes.def base/error.c base/error.h base/failpoint.c base/failpoint.h base/fs.c base/fs.h base/json.c base/json.h \
	base/limits.c base/limits.h base/log.c base/log.h base/media-type.c base/media-type.h base/memory.c base/memory.h \
	base/money.c base/money.h base/settings.c base/settings.h base/settings-table.def \
	base/source.c base/source.h base/text.c base/text.h base/uuid.c base/uuid.h base/value.c base/value.h \
	base/wire.c base/wire.h
if SANITIZE_THREAD
base_libbase_a_SOURCES += tests/tsan-glib.c
endif
BASE_LDADD = base/libbase.a $(BASE_LIBS)
