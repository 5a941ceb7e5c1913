noinst_PROGRAMS += tools/dencho-tsa tools/score-reading
tools_dencho_tsa_SOURCES = tools/dencho-tsa.c
tools_dencho_tsa_LDADD = $(BASE_LDADD)
tools_score_reading_SOURCES = tools/score-reading.c
tools_score_reading_LDADD = $(BASE_LDADD)

dist_check_SCRIPTS += tools/check-layers tools/check-format tools/check-requirements tools/check-claims
TESTS += tools/check-layers tools/check-format tools/check-requirements tools/check-claims

EXTRA_DIST += tools/demo tools/requirements

# The papers on the system (システム関係書類), of this release: `make system-documents`. They need cmark-gfm and mandoc, and are
# installed when they have been made.
EXTRA_DIST += tools/system-documents
if PAPERS
noinst_PROGRAMS += tools/system-pages
tools_system_pages_SOURCES = tools/system-pages.c
tools_system_pages_CFLAGS = $(AM_CFLAGS) $(PAPERS_CFLAGS)
tools_system_pages_LDADD = $(PAPERS_LIBS)

system_documents = docs/dencho-system.html docs/dencho-system.pdf
system_documents_title = $(PACKAGE_NAME) $(PACKAGE_VERSION) システム関係書類
CLEANFILES += $(system_documents) docs/dencho-system.md

system-documents: $(system_documents)

docs/dencho-system.md: tools/system-documents Makefile $(wildcard $(srcdir)/docs/*.md $(srcdir)/docs/dencho.1 $(srcdir)/README.md)
	$(AM_V_GEN)$(MKDIR_P) docs && DENCHO_SRCDIR='$(abs_top_srcdir)' $(SHELL) '$(srcdir)/tools/system-documents' '$(PACKAGE_VERSION)' '$@'

docs/dencho-system.html: docs/dencho-system.md
	$(AM_V_GEN){ echo '<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>$(system_documents_title)</title>' && \
		echo '<style>body{max-width:60em;margin:auto;font-family:sans-serif}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .5em}</style>' && \
		cmark-gfm -e table -t html docs/dencho-system.md; } >'$@.tmp' && mv '$@.tmp' '$@'

docs/dencho-system.pdf: docs/dencho-system.md tools/system-pages$(EXEEXT)
	$(AM_V_GEN)cmark-gfm -e table -t xml docs/dencho-system.md >'$@.xml' && \
		tools/system-pages '$(system_documents_title)' '$@.tmp' <'$@.xml' && rm '$@.xml' && mv '$@.tmp' '$@'

install-system-documents:
	@for file in $(system_documents); do \
		test ! -f "$$file" || { $(MKDIR_P) '$(DESTDIR)$(docdir)' && $(INSTALL_DATA) "$$file" '$(DESTDIR)$(docdir)'; } || exit 1; \
	done

uninstall-system-documents:
	@for file in $(system_documents); do rm -f "$(DESTDIR)$(docdir)/$${file##*/}"; done

install-data-local: install-system-documents
uninstall-local: uninstall-system-documents
.PHONY: system-documents install-system-documents uninstall-system-documents
endif
