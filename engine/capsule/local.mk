noinst_LIBRARIES += engine/capsule/libcapsule.a
engine_capsule_libcapsule_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_capsule_libcapsule_a_SOURCES = \
	engine/capsule/container.c engine/capsule/container.h engine/capsule/folder.c \
	engine/capsule/folder.h engine/capsule/page.c engine/capsule/page.h \
	engine/capsule/spool.c engine/capsule/spool.h engine/capsule/sheet.c \
	engine/capsule/sheet.h engine/capsule/verifier.c engine/capsule/verifier.h \
	engine/capsule/zip.c engine/capsule/zip.h
CAPSULE_LDADD = engine/capsule/libcapsule.a

# Texts that travel inside every capsule, as bytes for the compiler.
CAPSULE_INC = engine/capsule/page-css.inc engine/capsule/page-html.inc \
	engine/capsule/page-js.inc engine/capsule/verify-capsule.inc
BUILT_SOURCES += $(CAPSULE_INC)
CLEANFILES += $(CAPSULE_INC)
EXTRA_DIST += engine/capsule/page.css engine/capsule/page.html engine/capsule/page.js tools/embed
engine/capsule/page-css.inc: engine/capsule/page.css tools/embed
	$(AM_V_GEN)$(MKDIR_P) engine/capsule && sh $(srcdir)/tools/embed $(srcdir)/engine/capsule/page.css $@
engine/capsule/page-html.inc: engine/capsule/page.html tools/embed
	$(AM_V_GEN)$(MKDIR_P) engine/capsule && sh $(srcdir)/tools/embed $(srcdir)/engine/capsule/page.html $@
engine/capsule/page-js.inc: engine/capsule/page.js tools/embed
	$(AM_V_GEN)$(MKDIR_P) engine/capsule && sh $(srcdir)/tools/embed $(srcdir)/engine/capsule/page.js $@
engine/capsule/verify-capsule.inc: tools/verify-capsule.c tools/embed
	$(AM_V_GEN)$(MKDIR_P) engine/capsule && sh $(srcdir)/tools/embed $(srcdir)/tools/verify-capsule.c $@
