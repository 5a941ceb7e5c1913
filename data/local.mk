# The units of the daily backup and of the time stamps. systemd looks for them below each prefix that a system may have.
EXTRA_DIST += data/dencho-backup@.service.in data/dencho-backup@.timer data/dencho-stamp@.service.in data/dencho-stamp@.timer
CLEANFILES += data/dencho-backup@.service data/dencho-stamp@.service

if SYSTEMD
dist_systemdsystemunit_DATA = data/dencho-backup@.timer data/dencho-stamp@.timer
nodist_systemdsystemunit_DATA = data/dencho-backup@.service data/dencho-stamp@.service
endif

data/dencho-backup@.service: data/dencho-backup@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) data && sed 's,@bindir\@,$(bindir),g' \
		'$(srcdir)/data/dencho-backup@.service.in' >'$@.tmp' && mv '$@.tmp' '$@'

data/dencho-stamp@.service: data/dencho-stamp@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) data && sed 's,@bindir\@,$(bindir),g' \
		'$(srcdir)/data/dencho-stamp@.service.in' >'$@.tmp' && mv '$@.tmp' '$@'
