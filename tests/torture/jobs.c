/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/jobs.c - the jobs, from one document to an archive that is restored.
 *
 * Where a job has an archive open already in real life, the fail point is armed after the opening;
 * the opening is a job of its own.
 */
#include "config.h"
#include "base/fs.h"
#include "tests/torture/jobs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PAST = 9, WORK = 6, SEGMENT = 16 << 10, GENERATIONS = 2 };

static const char other_tenant[] = "acme";

static void
put_down(const JobTold *told, int fd)
{
    if (fd >= 0 && pwrite(fd, told, sizeof *told, 0) != sizeof *told)
        _exit(1);
}

static void
note_done(JobTold *told, bool done, int fd)
{
    told->done = done;
    put_down(told, fd);
}

static DnArchive *
open_as(const char *dir, const char *tenant, const char *key, GError **error)
{
    DnArchiveOptions options = {
        .actor = "torture", .worker_path = "/nonexistent", .tenant = tenant, .key_file = key};

    return dn_archive_open(dir, &options, error);
}

static DnArchive *
must_open(const JobPlace *place)
{
    g_autoptr(GError) error = NULL;
    DnArchive *archive = torture_open(place->dir, &error);

    if (!archive)
        g_error("%s does not open before anything fails: %s", place->dir, error->message);
    return archive;
}

static char *
key_of(const JobPlace *place)
{
    return g_strconcat(place->dir, ".key", NULL);
}

static bool
ignore_row(const json_t *row, void *user_data, GError **error)
{
    (void)row;
    (void)user_data;
    (void)error;
    return true;
}

/* --- the past --- */

static void
ingest_of_another(DnArchive *archive)
{
    g_autoptr(GBytes) document = g_bytes_new_static("of another tenant", 17);
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;

    if (!archive || !dn_archive_ingest(archive, document,
                                       &(DnIngest){.as_is = true, .no_wait = true, .party = "p"},
                                       &result, &error))
        g_error("a document of another tenant: %s", error ? error->message : "no archive");
}

void
torture_past(const char *root, JobTold *out_told)
{
    g_autofree char *segment = g_strdup_printf("archive.segment-bytes=%d", SEGMENT);
    const char *const settings[] = {segment, NULL};
    g_auto(JobPlace) place = torture_place(root);
    g_autoptr(GError) error = NULL;
    g_autofree char *key = NULL;
    g_autofree char *reserve = g_build_filename(place.dir, "reserve", NULL);
    g_autoptr(json_t) row = NULL;

    if (!dn_archive_init(place.dir, &(DnArchiveInit){.settings = settings}, &key, &error))
        g_error("cannot make an archive: %s", error->message);
    g_autoptr(DnArchive) archive = must_open(&place);

    if (!dn_archive_tenant_create(archive, other_tenant, &row, &error))
        g_error("a tenant: %s", error->message);
    for (int step = 0; step < PAST; step++) {
        g_autoptr(json_t) made = NULL;

        if (!torture_step(archive, &out_told->state, step, &error) ||
            ((step == 0 || step + 1 == PAST) &&
             !dn_archive_backup(archive, place.dest, NULL, NULL, NULL, &made, &error)))
            g_error("step %d: %s", step, error->message);
    }
    g_clear_pointer(&archive, dn_archive_close);
    archive = open_as(place.dir, other_tenant, NULL, &error);
    ingest_of_another(archive);
    g_clear_pointer(&archive, dn_archive_close);
    unlink(reserve); /* 8 MB that every copy would bring along */
}

JobPlace
torture_place(const char *root)
{
    return (JobPlace){.root = g_strdup(root),
                      .dir = g_build_filename(root, "archive", NULL),
                      .dest = g_build_filename(root, "backups", NULL),
                      .made = g_build_filename(root, "made", NULL)};
}

void
torture_place_clear(JobPlace *place)
{
    g_clear_pointer(&place->root, g_free);
    g_clear_pointer(&place->dir, g_free);
    g_clear_pointer(&place->dest, g_free);
    g_clear_pointer(&place->made, g_free);
}

/* --- opening, working --- */

static void
run_open(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    dn_failpoint_arm(plan);
    g_autoptr(DnArchive) archive = torture_open(place->dir, NULL);

    note_done(told, archive != NULL, fd);
}

/* Opens, works over the end of a segment, closes; a step that failed is tried again, as a client
 * would. */
static void
run_work(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    dn_failpoint_arm(plan);
    g_autoptr(DnArchive) archive = torture_open(place->dir, NULL);
    int failures = 0;

    while (archive && told->state.next < PAST + WORK && failures < 3) {
        failures += !torture_step(archive, &told->state, told->state.next, NULL);
        put_down(told, fd);
    }
}

static void
run_step(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd, int step)
{
    g_autoptr(DnArchive) archive = must_open(place);

    for (int before = PAST; before < step; before++)
        if (!torture_step(archive, &told->state, before, NULL))
            g_error("step %d before anything fails", before);
    told->state.next = step;
    put_down(told, fd);
    dn_failpoint_arm(plan);
    torture_step(archive, &told->state, step, NULL);
    put_down(told, fd);
}

static void
run_ingest(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    run_step(place, plan, told, fd, PAST);
}

static void
run_correct(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    run_step(place, plan, told, fd, PAST + 1);
}

static void
run_rebuild(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(json_t) result = NULL;

    dn_failpoint_arm(plan);
    note_done(told,
              dn_archive_rebuild(place->dir, &(DnArchiveOptions){.actor = "torture"}, NULL, NULL,
                                 &result, NULL),
              fd);
}

/* --- time stamps --- */

static void
run_stamp(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);
    g_autoptr(json_t) result = NULL;

    dn_failpoint_arm(plan);
    note_done(told, dn_archive_stamp(archive, &result, NULL), fd);
}

/* All wait or none. */
static char *
check_stamp(const JobPlace *place, JobTold *told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(place->dir, &error);
    g_autoptr(json_t) stats = archive ? dn_archive_stats(archive, &error) : NULL;
    g_autoptr(json_t) result = NULL;
    int64_t waiting = stats ? dn_json_int(stats, "unstamped", -1) : -1;

    if (waiting != 0 && (told->done || waiting != PAST / 3))
        return g_strdup_printf("%" G_GINT64_FORMAT " of %d wait for a stamp that was%s told%s%s",
                               waiting, PAST / 3, told->done ? "" : " not", error ? ": " : "",
                               error ? error->message : "");
    if (!dn_archive_stamp(archive, &result, &error))
        return g_strdup_printf("stamping again: %s", error->message);
    return NULL;
}

/* --- backups --- */

static bool
count_generation(const json_t *row, void *user_data, GError **error)
{
    int *count = user_data;

    (void)error;
    *count = dn_json_string(row, "code") ? -1000 : *count + 1;
    return true;
}

/* Every generation that is listed is whole. */
static char *
check_generations(const JobPlace *place, const char *dest, int least, int *out_count)
{
    g_autofree char *key = key_of(place);
    DnArchiveOptions options = {.key_file = key};
    g_autoptr(GError) error = NULL;
    int count = 0;

    *out_count = 0;
    if (!dn_backup_list(dest, count_generation, &count, &error))
        return least == 0 ? NULL : g_strdup_printf("backup --list: %s", error->message);
    if (count < least)
        return g_strdup_printf("%d generations are whole, %d were", count, least);
    for (int i = 1; i <= count; i++) {
        DnBackupPick pick = {.generation = (unsigned)i};
        g_autoptr(json_t) totals = NULL;

        if (!dn_backup_check(dest, &pick, &options, ignore_row, NULL, NULL, &totals, &error))
            return g_strdup_printf("generation %d: %s", i, error->message);
        if (dn_json_int(totals, "failed", 1) > 0)
            return g_strdup_printf("generation %d fails its check", i);
    }
    *out_count = count;
    return NULL;
}

static char *
check_backups(const JobPlace *place, const char *dest, int before, bool done)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) made = NULL;
    int count = 0;
    char *wrong = check_generations(place, dest, before + done, &count);

    if (wrong)
        return wrong;
    g_autoptr(DnArchive) archive = torture_open(place->dir, &error);

    if (!archive || !dn_archive_backup(archive, dest, NULL, NULL, NULL, &made, &error))
        return g_strdup_printf("backup again: %s", error->message);
    g_clear_pointer(&archive, dn_archive_close);
    return check_generations(place, dest, count + 1, &count);
}

static void
run_backup_to(const JobPlace *place, const char *dest, const DnFailPlan *plan, JobTold *told,
              int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);
    g_autoptr(json_t) made = NULL;

    dn_failpoint_arm(plan);
    note_done(told, dn_archive_backup(archive, dest, NULL, NULL, NULL, &made, NULL), fd);
}

static void
run_backup(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    run_backup_to(place, place->dest, plan, told, fd);
}

static char *
check_backup(const JobPlace *place, JobTold *told)
{
    return check_backups(place, place->dest, GENERATIONS, told->done);
}

static void
run_first_backup(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    run_backup_to(place, place->made, plan, told, fd);
}

static char *
check_first_backup(const JobPlace *place, JobTold *told)
{
    return check_backups(place, place->made, 0, told->done);
}

/* --- restoring --- */

static bool
restore(const JobPlace *place, int64_t *out_failed, GError **error)
{
    g_autofree char *key = key_of(place);
    DnArchiveOptions options = {.key_file = key, .actor = "torture", .accept_rollback = "torture"};
    g_autoptr(json_t) totals = NULL;

    if (!dn_backup_restore(place->dest, NULL, place->made, &options, ignore_row, NULL, NULL,
                           &totals, error))
        return false;
    *out_failed = dn_json_int(totals, "failed", 1);
    return true;
}

static void
run_restore(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    int64_t failed = 1;

    dn_failpoint_arm(plan);
    note_done(told, restore(place, &failed, NULL) && failed == 0, fd);
}

/* The archive as it was backed up, with the key that the settings then name. */
static char *
check_restored(const JobPlace *place, const JobTold *told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(place->made, &error);

    return archive ? torture_check(archive, &told->state)
                   : g_strdup_printf("what was restored does not open: %s", error->message);
}

static char *
check_restore(const JobPlace *place, JobTold *told)
{
    g_autofree char *conf = g_build_filename(place->made, "dencho.conf", NULL);
    g_autofree char *witness = g_strconcat(place->dir, ".key.witness", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *wrong = NULL;
    int64_t failed = 1;

    if (told->done)
        wrong = check_restored(place, told);
    else if (!g_file_test(conf, G_FILE_TEST_EXISTS)) {
        g_autoptr(DnArchive) half = torture_open(place->made, NULL);

        if (half)
            wrong = g_strdup("half an archive opens");
    }
    if (wrong)
        return g_steal_pointer(&wrong);
    dn_fs_remove_tree(place->made, NULL);
    if (!restore(place, &failed, &error) || failed > 0)
        return g_strdup_printf("restoring again: %s", error ? error->message : "it fails");
    wrong = check_restored(place, told);
    unlink(witness); /* of the restored one now: the archive beside it has gone another way */
    return g_steal_pointer(&wrong);
}

/* --- keys --- */

static void
run_rotate_master(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);
    g_autoptr(json_t) row = NULL;

    dn_failpoint_arm(plan);
    note_done(told, dn_archive_key_rotate(archive, place->made, false, &row, NULL), fd);
}

/* The same call completes it, or finds it complete; then the new key opens and the old one does
 * not. */
static char *
check_rotate_master(const JobPlace *place, JobTold *told)
{
    g_autofree char *old = key_of(place);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(place->dir, &error);
    g_autoptr(json_t) row = NULL;

    if (!archive)
        return g_strdup_printf("after a rotation: %s", error->message);
    if (!dn_archive_key_rotate(archive, place->made, false, &row, &error) &&
        !g_error_matches(error, DN_ERROR, DN_ERROR_EXISTS))
        return g_strdup_printf("rotating again: %s", error->message);
    if (told->done && !error)
        return g_strdup("a rotation that was told is done again");
    g_clear_error(&error);
    g_clear_pointer(&archive, dn_archive_close);
    archive = open_as(place->dir, NULL, old, &error);
    if (archive || !g_error_matches(error, DN_ERROR, DN_ERROR_DENIED))
        return g_strdup("the old key is not refused");
    g_clear_error(&error);
    archive = open_as(place->dir, NULL, place->made, &error);
    return archive ? NULL : g_strdup_printf("the new key: %s", error->message);
}

static void
run_rotate_tenant(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);
    g_autoptr(json_t) row = NULL;

    dn_failpoint_arm(plan);
    note_done(told, dn_archive_key_rotate_tenant(archive, &row, NULL), fd);
}

static char *
check_rotate_tenant(const JobPlace *place, JobTold *told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(place->dir, &error);
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) check = NULL;

    (void)told;
    if (!archive || !dn_archive_key_rotate_tenant(archive, &row, &error) ||
        !(check = dn_archive_key_check(archive, &error)))
        return g_strdup_printf("rotating a tenant's key again: %s", error->message);
    return NULL;
}

static bool
close_tenant(DnArchive *archive, GError **error)
{
    DnTenantClose how = {.without_export = true, .early = true, .reason = "torture"};
    g_autoptr(json_t) row = NULL;

    return dn_archive_tenant_close(archive, other_tenant, &how, NULL, NULL, &row, error);
}

static void
run_close_tenant(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);

    dn_failpoint_arm(plan);
    note_done(told, close_tenant(archive, NULL), fd);
}

/* The tenant is there or gone; in the end it is gone. */
static char *
check_close_tenant(const JobPlace *place, JobTold *told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) other = open_as(place->dir, other_tenant, NULL, &error);
    g_autoptr(DnArchive) archive = NULL;

    if (other && told->done)
        return g_strdup("a closed tenant opens");
    if (!other && !g_error_matches(error, DN_ERROR, DN_ERROR_NOT_FOUND))
        return g_strdup_printf("after a closing: %s", error->message);
    g_clear_error(&error);
    if (other) {
        g_clear_pointer(&other, dn_archive_close);
        archive = torture_open(place->dir, &error);
        if (!archive || !close_tenant(archive, &error))
            return g_strdup_printf("closing again: %s", error->message);
        g_clear_pointer(&archive, dn_archive_close);
        other = open_as(place->dir, other_tenant, NULL, &error);
    }
    return other ? g_strdup("a closed tenant opens") : NULL;
}

/* --- what is handed out --- */

static bool export(DnArchive *archive, const char *path, GError **error)
{
    g_autoptr(json_t) result = NULL;

    return dn_archive_export(archive, &(DnSearch){0}, &(DnExport){.path = path}, NULL, NULL,
                             &result, error);
}

static void
run_export(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd)
{
    g_autoptr(DnArchive) archive = must_open(place);

    dn_failpoint_arm(plan);
    note_done(told, export(archive, place->made, NULL), fd);
}

static char *
check_export(const JobPlace *place, JobTold *told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    bool there = g_file_test(place->made, G_FILE_TEST_EXISTS);

    if (told->done && !there)
        return g_strdup("a capsule that was told of is not there");
    if (there && (!dn_capsule_check(place->made, NULL, ignore_row, NULL, NULL, &totals, &error) ||
                  dn_json_int(totals, "failed", 1) > 0))
        return g_strdup_printf("half a capsule: %s", error ? error->message : "it fails");
    unlink(place->made);
    g_autoptr(DnArchive) archive = torture_open(place->dir, &error);

    if (!archive || !export(archive, place->made, &error))
        return g_strdup_printf("exporting again: %s", error->message);
    return NULL;
}

/* --- all of them --- */

const Job torture_jobs[] = {
    {"ingest", false, run_ingest, NULL},
    {"correct", false, run_correct, NULL},
    {"open", false, run_open, NULL},
    {"work", false, run_work, NULL},
    {"rebuild", false, run_rebuild, NULL},
    {"backup", false, run_backup, check_backup},
    {"first-backup", false, run_first_backup, check_first_backup},
    {"restore", false, run_restore, check_restore},
    {"rotate-master", false, run_rotate_master, check_rotate_master},
    {"rotate-tenant", false, run_rotate_tenant, check_rotate_tenant},
    {"close-tenant", false, run_close_tenant, check_close_tenant},
    {"export", false, run_export, check_export},
    {"stamp", true, run_stamp, check_stamp},
};
const unsigned torture_job_count = G_N_ELEMENTS(torture_jobs);

char *
torture_job_check(const Job *job, const JobPlace *place, JobTold *told)
{
    char *wrong = job->check ? job->check(place, told) : NULL;

    return wrong ? wrong : torture_check_reopened(place->dir, &told->state, PAST + WORK + 3);
}
