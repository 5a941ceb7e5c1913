noinst_LIBRARIES += cli/libcli.a
cli_libcli_a_SOURCES = \
	cli/backup.c cli/cat.c cli/check-export.c cli/cli.c cli/cli.h cli/commands.def cli/confirm.c cli/correct.c \
	cli/csv.c cli/csv.h cli/delete.c cli/doctor.c cli/export.c cli/failures.c cli/failures.h \
	cli/filter.c cli/filter.h cli/history.c cli/import.c cli/ingest.c cli/init.c cli/key.c cli/label.c \
	cli/link.c cli/manifest.c cli/manifest.h cli/output.c cli/output.h cli/passphrase.c \
	cli/passphrase.h cli/progress.c cli/progress.h cli/read.c \
	cli/approve.c cli/parties.c cli/request.c cli/dispose.c cli/excuse.c cli/hold.c cli/report.c \
	cli/rebuild.c cli/registry.c cli/renew.c cli/restore.c cli/result.c cli/result.h cli/revise.c cli/search.c cli/sheet.c cli/sheet.h \
	cli/show.c cli/split.c cli/stamp.c \
	cli/stats.c cli/tenant.c cli/undelete.c cli/value.c cli/value.h cli/verify.c cli/walk.c cli/walk.h

bin_PROGRAMS += cli/dencho
cli_dencho_SOURCES = cli/main.c
cli_dencho_LDADD = cli/libcli.a $(ENGINE_LDADD) $(BASE_LDADD)
