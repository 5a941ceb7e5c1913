noinst_LIBRARIES += engine/law/liblaw.a
engine_law_liblaw_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_law_liblaw_a_SOURCES = \
	engine/law/deadline.c engine/law/deadline.h engine/law/electronic.c engine/law/electronic.h \
	engine/law/fiscal-year.c engine/law/fiscal-year.h \
	engine/law/holidays.c engine/law/holidays.h engine/law/retention.c engine/law/retention.h \
	engine/law/rules.c engine/law/rules.h engine/law/tables.c engine/law/tables.h
LAW_LDADD = engine/law/liblaw.a
