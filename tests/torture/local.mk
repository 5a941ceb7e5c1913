TORTURE_COMMON = tests/torture/common.c tests/torture/common.h

check_PROGRAMS += tests/torture/powerloss tests/torture/powerloss-preload.so
TESTS += tests/torture/powerloss
tests_torture_powerloss_SOURCES = tests/torture/powerloss.c tests/torture/powerloss.h $(TORTURE_COMMON)
tests_torture_powerloss_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/torture/bitrot
TESTS += tests/torture/bitrot
tests_torture_bitrot_SOURCES = tests/torture/bitrot.c $(TORTURE_COMMON)
tests_torture_bitrot_LDADD = $(ENGINE_LDADD)
# Loaded into the child of powerloss; never installed.
tests_torture_powerloss_preload_so_SOURCES = tests/torture/powerloss-preload.c
tests_torture_powerloss_preload_so_CFLAGS = $(WARN_CFLAGS) -fPIC
tests_torture_powerloss_preload_so_LDFLAGS = -shared
tests_torture_powerloss_preload_so_LDADD = -ldl -lpthread

# Calls that fail: only in builds that have fail points.
if FAILPOINTS
check_PROGRAMS += tests/torture/faults
TESTS += tests/torture/faults
tests_torture_faults_SOURCES = tests/torture/faults.c tests/torture/jobs.c tests/torture/jobs.h $(TORTURE_COMMON)
tests_torture_faults_LDADD = $(ENGINE_LDADD)
TORTURE_FAULTS = tests/torture/faults
# It runs these two. (A rule for its .log would take the place of the one that runs it.)
EXTRA_tests_torture_faults_DEPENDENCIES = tools/dencho-tsa$(EXEEXT) worker/dencho-worker$(EXEEXT)
endif

# The last line: every byte of two capsules, plain and renewed, asked of both verifiers: an hour and more.
# For minutes, with random seeds: DENCHO_TORTURE_SECONDS for each program, DENCHO_SEED to repeat one.
check-torture: $(check_PROGRAMS)
	set -e; for program in $(TORTURE_FAULTS) tests/torture/powerloss tests/torture/bitrot; do ./$$program --all; done
	FLIP_STRIDE=1 $(MAKE) check TESTS=tests/e2e/capsule.sh
