# The commands over an archive that is scripted by the test.
check_PROGRAMS += tests/unit/cli/dencho-scripted tests/unit/cli/test-words tests/unit/cli/test-commands
TESTS += tests/unit/cli/test-words tests/unit/cli/test-commands
tests_unit_cli_dencho_scripted_SOURCES = cli/main.c tests/unit/cli/fake-archive.c
tests_unit_cli_dencho_scripted_LDADD = cli/libcli.a $(BASE_LDADD)
tests_unit_cli_test_words_SOURCES = tests/unit/cli/test-words.c tests/unit/cli/fake-archive.c
tests_unit_cli_test_words_LDADD = cli/libcli.a $(BASE_LDADD)
tests_unit_cli_test_commands_SOURCES = tests/unit/cli/test-commands.c
tests_unit_cli_test_commands_LDADD = $(BASE_LDADD)
