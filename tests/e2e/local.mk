check_PROGRAMS += tests/e2e/flip-bytes
tests_e2e_flip_bytes_SOURCES = tests/e2e/flip-bytes.c
tests_e2e_flip_bytes_LDADD = $(ENGINE_LDADD)
dist_check_SCRIPTS += tests/e2e/way.sh tests/e2e/capsule.sh tests/e2e/secrecy.sh tests/e2e/kill.sh tests/e2e/broken.sh tests/e2e/samples.sh tests/e2e/keys.sh tests/e2e/damage.sh tests/e2e/backup.sh tests/e2e/law.sh tests/e2e/registry.sh tests/e2e/sheet.sh tests/e2e/papers.sh tests/e2e/revocation.sh
TESTS += tests/e2e/way.sh tests/e2e/capsule.sh tests/e2e/secrecy.sh tests/e2e/kill.sh tests/e2e/broken.sh tests/e2e/samples.sh tests/e2e/keys.sh tests/e2e/damage.sh tests/e2e/backup.sh tests/e2e/law.sh tests/e2e/registry.sh tests/e2e/sheet.sh tests/e2e/papers.sh tests/e2e/revocation.sh
EXTRA_DIST += tests/e2e/lib.sh
tests/e2e/way.log tests/e2e/capsule.log tests/e2e/secrecy.log tests/e2e/kill.log tests/e2e/broken.log tests/e2e/samples.log tests/e2e/keys.log tests/e2e/damage.log tests/e2e/backup.log tests/e2e/law.log tests/e2e/registry.log tests/e2e/sheet.log tests/e2e/papers.log tests/e2e/revocation.log: \
	cli/dencho$(EXEEXT) worker/dencho-worker$(EXEEXT) tools/dencho-tsa$(EXEEXT) tools/score-reading$(EXEEXT)
