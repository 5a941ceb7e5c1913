/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/faults.c - the n-th call fails, for every n and every way of failing.
 *
 * A round copies the past, does one job (tests/torture/jobs.h) while one call fails, and looks,
 * with nothing failing any more: old state or new state, every acknowledgement kept, and on with
 * the work. Rounds that end in a kill run in a program of their own, which writes down what it was
 * told.
 *
 *   faults                       random rounds for a short time, and the fixed tests
 *   faults --all                 every n of every kind of every job on all processors, then random
 *                                rounds for DENCHO_TORTURE_SECONDS
 *   faults --one JOB KIND N[+]   that round alone; a round that fails says so
 *   faults --shard I N [JOB]     every N-th n from I + 1 on
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "tests/torture/jobs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUICK_ROUNDS = 60, SHARDS_MAX = 16, PER_JOB_RANDOM = 400 };

typedef struct {
    char *dir;
    GPid server;
    char *settings; /* of an archive that uses it */
} Authority;

typedef struct {
    char *root; /* the past */
    JobTold past;
    Authority authority; /* .dir NULL: none could be started */
    uint64_t rounds;
    uint64_t struck;
    GHashTable *points; /* names that were struck */
    GHashTable *pairs;  /* "KIND name" */
} Torture;

static void
note(Torture *self, DnFailKind kind)
{
    const char *name = dn_failpoint_struck();

    if (!name)
        return;
    self->struck++;
    g_hash_table_add(self->points, (gpointer)(uintptr_t)name);
    g_hash_table_add(self->pairs, g_strdup_printf("%s %s", dn_failpoint_kind_name(kind), name));
}

static const Job *
job_of_name(const char *name)
{
    for (unsigned i = 0; i < torture_job_count; i++)
        if (strcmp(torture_jobs[i].name, name) == 0)
            return &torture_jobs[i];
    g_error("no job %s", name);
}

static DnFailPlan
plan_of_text(const char *kind, const char *nth)
{
    DnFailPlan plan = {.from_then_on = g_str_has_suffix(nth, "+"),
                       .nth = g_ascii_strtoull(nth, NULL, 10)};

    for (int i = 0; i < DN_FAIL_KINDS; i++)
        if (strcmp(dn_failpoint_kind_name((DnFailKind)i), kind) == 0)
            plan.kind = (DnFailKind)i;
    return plan;
}

/* --- a round that ends in a kill --- */

static void
read_told(const char *path, JobTold *out)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &bytes, &size, NULL) || size != sizeof *out)
        g_error("nothing was told in %s", path);
    memcpy(out, bytes, size);
}

static int
work_as_told(const char *name, const char *root, const char *kind, const char *nth)
{
    g_auto(JobPlace) place = torture_place(root);
    g_autofree char *path = g_build_filename(root, "told", NULL);
    DnFailPlan plan = plan_of_text(kind, nth);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    JobTold told;

    read_told(path, &told);
    job_of_name(name)->run(&place, &plan, &told, fd);
    return 0;
}

/* A program of its own: the threads of RocksDB do not survive a fork. */
static void
run_in_child(Torture *self, const Job *job, const JobPlace *place, const DnFailPlan *plan,
             JobTold *told)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *nth = g_strdup_printf("%" G_GUINT64_FORMAT, plan->nth);
    g_autofree char *path = g_build_filename(place->root, "told", NULL);
    const char *arguments[] = {
        program, "--job", job->name, place->root, dn_failpoint_kind_name(plan->kind), nth, NULL};
    int status = 0;

    if (!g_file_set_contents(path, (const char *)told, sizeof *told, NULL) ||
        !g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                      NULL, NULL, NULL, &status, NULL))
        g_error("cannot run %s", program);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        self->struck++;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("%s %s:%s ended with status %d", job->name, arguments[4], nth, status);
    read_told(path, told);
}

/* --- a round --- */

static void
use_authority(const JobPlace *place, const Authority *authority)
{
    g_autofree char *conf = g_build_filename(place->dir, "dencho.conf", NULL);
    g_autofree char *text = NULL;
    g_autofree char *more = NULL;

    if (!g_file_get_contents(conf, &text, NULL, NULL))
        g_error("cannot read %s", conf);
    more = g_strconcat(text, authority->settings, NULL);
    g_file_set_contents(conf, more, -1, NULL);
}

/* False when the n-th call does not come any more. */
static bool
run_round(Torture *self, const Job *job, const DnFailPlan *plan)
{
    g_autofree char *above = g_dir_make_tmp("dencho-torture-XXXXXX", NULL);
    g_autofree char *root = g_build_filename(above, "past", NULL);
    g_auto(JobPlace) place = torture_place(root);
    g_autofree char *wrong = NULL;
    JobTold told = self->past;
    uint64_t struck = self->struck;

    torture_copy_tree(self->root, root);
    if (job->wants_authority)
        use_authority(&place, &self->authority);
    self->rounds++;
    if (plan->kind == DN_FAIL_KILL || plan->kind == DN_FAIL_TORN) {
        run_in_child(self, job, &place, plan, &told);
    } else {
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_NONE, .nth = 0});
        job->run(&place, plan, &told, -1);
        note(self, plan->kind);
    }
    g_autofree char *point = g_strdup(dn_failpoint_struck());

    dn_failpoint_arm(NULL);
    wrong = torture_job_check(job, &place, &told);
    if (wrong) {
        g_print("# again: faults --one %s %s %" G_GUINT64_FORMAT "%s\n", job->name,
                dn_failpoint_kind_name(plan->kind), plan->nth, plan->from_then_on ? "+" : "");
        g_error("%s, %s at call %" G_GUINT64_FORMAT "%s (%s): %s; it is left in %s", job->name,
                dn_failpoint_kind_name(plan->kind), plan->nth, plan->from_then_on ? "+" : "",
                point ? point : "any", wrong, root);
    }
    dn_fs_remove_tree(above, NULL);
    return self->struck > struck;
}

static bool
can_run(const Torture *self, const Job *job)
{
    return !job->wants_authority || self->authority.dir;
}

static void
random_round(Torture *self, GRand *random)
{
    const Job *job = &torture_jobs[g_rand_int_range(random, 0, (gint32)torture_job_count)];
    DnFailPlan plan = {
        .kind = (DnFailKind)g_rand_int_range(random, DN_FAIL_EIO, DN_FAIL_KINDS),
        .nth = 1 + (uint64_t)g_rand_int_range(random, 0, PER_JOB_RANDOM),
    };

    /* EINTR for ever would be tried again for ever, and a program is killed once. */
    if (plan.kind == DN_FAIL_EIO || plan.kind == DN_FAIL_ENOSPC)
        plan.from_then_on = g_rand_int_range(random, 0, 4) == 0;
    if (can_run(self, job))
        run_round(self, job, &plan);
}

/* A bit that flips between sealing and comparing: the document is refused, the next one goes in. */
static void
test_memory(Torture *self)
{
    g_auto(JobPlace) place = torture_place(self->root);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(place.dir, &error);
    TortureState state = self->past.state;
    int past = state.next;

    for (uint64_t nth = 1; nth <= 2; nth++) { /* the blob, the ledger line */
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth, .only = "seal.memory"});
        if (torture_step(archive, &state, past, &error))
            g_error("a damaged sealing was acknowledged");
        if (!g_error_matches(error, DN_ERROR, DN_ERROR_CORRUPT))
            g_error("a damaged sealing: %s", error->message);
        g_clear_error(&error);
    }
    dn_failpoint_arm(NULL);
    state.next = past;
    g_autofree char *wrong = torture_check(archive, &state);

    if (wrong)
        g_error("after a damaged sealing: %s", wrong);
}

/* Full from the n-th write on; the same open archive reads, refuses, and goes on with space. */
static void
test_full_disk(Torture *self)
{
    static const char *const points[] = {"fs.pwrite", "fs.w", "reserve.allocate"};

    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autofree char *root = NULL;
        g_autofree char *dir = torture_new_archive(TORTURE_SEGMENT, &root);
        g_autoptr(GError) error = NULL;
        g_autoptr(DnArchive) archive = torture_open(dir, &error);
        TortureState state = {0};
        g_autofree char *wrong = NULL;
        g_autofree char *reserve = g_build_filename(dir, "reserve", NULL);

        (void)self;
        for (int step = 0; step < 3 && i < 2; step++)
            if (!torture_step(archive, &state, step, &error))
                g_error("%s", error->message);
        dn_failpoint_arm(&(DnFailPlan){
            .kind = DN_FAIL_ENOSPC, .nth = 1, .only = points[i], .from_then_on = true});
        if (i < 2 && torture_step(archive, &state, 3, NULL) && i == 0)
            g_error("a full disk took a document");
        if (i < 2 && g_file_test(reserve, G_FILE_TEST_EXISTS) && i == 0)
            g_error("the reserve was not released");
        dn_failpoint_arm(&(DnFailPlan){
            .kind = DN_FAIL_ENOSPC, .nth = 1, .only = "reserve.allocate", .from_then_on = true});
        if (i != 1 && torture_step(archive, &state, state.next, &error))
            g_error("without a reserve a document was taken");
        if (i != 1 &&
            (!g_error_matches(error, DN_ERROR, DN_ERROR_IO) || !strstr(error->message, "free ")))
            g_error("a full disk says: %s", error->message);
        wrong = torture_check(archive, &state);
        if (wrong)
            g_error("reading on a full disk: %s", wrong);
        dn_failpoint_arm(NULL);
        for (int step = state.next; step < 9; step++)
            if (!torture_step(archive, &state, step, NULL))
                g_error("space is back and step %d fails", step);
        wrong = torture_check(archive, &state);
        if (wrong)
            g_error("with space again: %s", wrong);
        g_clear_pointer(&archive, dn_archive_close);
        dn_fs_remove_tree(root, NULL);
    }
}

/* A view that does not take commits: they are durable and not acknowledged, nothing is decided on
 * what it shows meanwhile, and it follows as soon as it can. */
static void
test_view_behind(Torture *self)
{
    g_autofree char *root = NULL;
    g_autofree char *dir = torture_new_archive(TORTURE_SEGMENT, &root);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(dir, &error);
    TortureState state = {0};
    uint64_t count = 0;

    (void)self;
    dn_failpoint_arm(
        &(DnFailPlan){.kind = DN_FAIL_EIO, .nth = 1, .only = "kv.write", .from_then_on = true});
    if (torture_step(archive, &state, 0, &error) || !strstr(error->message, "stored, but"))
        g_error("acknowledged without the view");
    g_clear_error(&error);
    if (torture_step(archive, &state, 0, &error))
        g_error("decided on an old view");
    dn_failpoint_arm(NULL);
    for (int step = 0; step < 6; step++) /* the first again: it is a duplicate now */
        if (!torture_step(archive, &state, step, NULL))
            g_error("the view does not follow: step %d", step);
    if (!dn_archive_count(archive, &(DnSearch){0}, &count, NULL) || count != 2)
        g_error("%" G_GUINT64_FORMAT " vouchers of two", count);
    g_autofree char *wrong = torture_check(archive, &state);

    if (wrong)
        g_error("after the view has followed: %s", wrong);
    g_clear_pointer(&archive, dn_archive_close);
    dn_fs_remove_tree(root, NULL);
}

/* --- reading --- */

/* The pipe to the worker fails at each of its calls: the document stays stored, and is read as soon
 * as nothing fails. */
static void
test_pipe(Torture *self)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    const char *build = g_getenv("DENCHO_BUILDDIR");
    g_autofree char *worker = g_build_filename(build ? build : ".", "worker/dencho-worker", NULL);
    g_autofree char *path =
        g_build_filename(source ? source : "..", "samples/documents/thermal-01.png", NULL);
    g_autofree char *bytes = NULL;
    g_autofree char *root = NULL;
    g_autofree char *dir = torture_new_archive(256 << 20, &root);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) stored = NULL;
    gsize size = 0;
    bool struck = true;
    DnUuid id;

    if (!g_file_get_contents(path, &bytes, &size, &error))
        g_error("%s", error->message);
    g_autoptr(GBytes) document = g_bytes_new(bytes, size);
    g_autoptr(DnArchive) archive = dn_archive_open(
        dir, &(DnArchiveOptions){.actor = "torture", .worker_path = worker}, &error);

    if (!archive ||
        !dn_archive_ingest(archive, document, &(DnIngest){.no_wait = true}, &stored, &error))
        g_error("%s", error->message);
    dn_uuid_parse(dn_json_string(stored, "voucher"), &id, NULL);
    for (uint64_t n = 1; struck; n *= 4) { /* each costs the start of a worker */
        g_autoptr(json_t) result = NULL;
        bool read = false;

        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = n, .only = "wire."});
        read = dn_archive_read(archive, &id, &result, NULL);
        note(self, DN_FAIL_EIO);
        struck = dn_failpoint_struck() != NULL;
        dn_failpoint_arm(NULL);
        g_autofree char *wrong = torture_check(archive, &(TortureState){0});

        if (wrong)
            g_error("after call %" G_GUINT64_FORMAT " of the pipe failed: %s", n, wrong);
        if (!struck && (!read || json_object_get(result, "error")))
            g_error("a document cannot be read after the pipe has failed");
    }
    g_clear_pointer(&archive, dn_archive_close);
    dn_fs_remove_tree(root, NULL);
}

/* --- stamping --- */

static bool
start_authority(Authority *self)
{
    const char *build = g_getenv("DENCHO_BUILDDIR");
    g_autofree char *program = g_build_filename(build ? build : ".", "tools", "dencho-tsa", NULL);
    g_autofree char *port_file = NULL;
    g_autofree char *port = NULL;
    int status = 0;

    self->dir = g_dir_make_tmp("dencho-tsa-XXXXXX", NULL);
    g_autofree char *home = g_build_filename(self->dir, "tsa", NULL);
    const char *init[] = {program, "init", home, NULL};

    port_file = g_build_filename(home, "port", NULL);
    const char *serve[] = {program, "serve", home, "--port", "0", "--port-file", port_file, NULL};

    if (!g_spawn_sync(NULL, (char **)(uintptr_t)init, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, NULL, &status, NULL) ||
        status != 0 ||
        !g_spawn_async(NULL, (char **)(uintptr_t)serve, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                       &self->server, NULL))
        return false;
    while (!g_file_get_contents(port_file, &port, NULL, NULL) || !*port) {
        if (waitpid(self->server, &status, WNOHANG) != 0)
            g_error("the authority has ended");
        g_clear_pointer(&port, g_free);
        g_usleep(10000);
    }
    self->settings = g_strdup_printf("\n[evidence]\ntsa-url=http://127.0.0.1:%s/\n"
                                     "trust-file=%s/trust.conf\n",
                                     g_strstrip(port), home);
    return true;
}

static void
stop_authority(Authority *self)
{
    kill(self->server, SIGTERM);
    waitpid(self->server, NULL, 0);
    dn_fs_remove_tree(self->dir, NULL);
    g_free(self->dir);
    g_free(self->settings);
}

/* --- every n --- */

/* Each shard takes each @count-th call. */
static void
run_shard(Torture *self, unsigned shard, unsigned count, const char *only)
{
    for (unsigned i = 0; i < torture_job_count; i++) {
        const Job *job = &torture_jobs[i];
        uint64_t before = self->rounds;
        uint64_t most = 0;

        if (!can_run(self, job) || (only && strcmp(only, job->name) != 0))
            continue;
        for (int kind = DN_FAIL_EIO; kind < DN_FAIL_KINDS; kind++)
            for (uint64_t n = 1 + shard;; n += count) {
                if (!run_round(self, job, &(DnFailPlan){.kind = (DnFailKind)kind, .nth = n}))
                    break;
                most = MAX(most, n);
            }
        g_print("# %s: %" G_GUINT64_FORMAT " rounds, every n up to %" G_GUINT64_FORMAT "\n",
                job->name, self->rounds - before, most);
    }
}
/* One program a processor: the calls of all threads of one are counted together. */
static void
run_all(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    unsigned count = MIN(g_get_num_processors(), SHARDS_MAX);
    GPid children[SHARDS_MAX];
    bool good = true;

    for (unsigned i = 0; i < count; i++) {
        g_autofree char *shard = g_strdup_printf("%u", i);
        g_autofree char *of = g_strdup_printf("%u", count);
        const char *arguments[] = {program, "--shard", shard, of, NULL};

        if (!g_spawn_async(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                           NULL, NULL, &children[i], NULL))
            g_error("cannot run %s", program);
    }
    for (unsigned i = 0; i < count; i++) {
        int status = 0;

        good = waitpid(children[i], &status, 0) == children[i] && status == 0 && good;
    }
    if (!good)
        g_error("a round has failed");
}

static void
run_fixed(Torture *self)
{
    test_memory(self);
    g_print("ok 1 - a bit that flips in memory is found before the acknowledgement\n");
    test_full_disk(self);
    g_print("ok 2 - a full disk refuses, reads, and goes on when there is space\n");
    test_view_behind(self);
    g_print("ok 3 - nothing is decided on a view that is behind, and it follows\n");
    test_pipe(self);
    g_print("ok 4 - a pipe to the worker that fails loses no document\n");
}

static void
begin(Torture *self)
{
    torture_fast_disk();
    torture_quiet();
    self->points = g_hash_table_new(g_str_hash, g_str_equal);
    self->pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->root = g_dir_make_tmp("dencho-torture-XXXXXX", NULL);
    torture_past(self->root, &self->past);
    if (!start_authority(&self->authority)) {
        g_clear_pointer(&self->authority.dir, g_free);
        g_print("# no authority could be started: stamping is left out\n");
    }
}

static void
end(Torture *self)
{
    g_print("# %" G_GUINT64_FORMAT " rounds, %" G_GUINT64_FORMAT
            " struck, %u points, %u kinds x points (kills beside)\n",
            self->rounds, self->struck, g_hash_table_size(self->points),
            g_hash_table_size(self->pairs));
    if (self->authority.dir)
        stop_authority(&self->authority);
    dn_fs_remove_tree(self->root, NULL);
    g_hash_table_unref(self->points);
    g_hash_table_unref(self->pairs);
    g_free(self->root);
}

int
main(int argc, char **argv)
{
    Torture self = {0};
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const char *seconds = g_getenv("DENCHO_TORTURE_SECONDS");
    gint64 end_us = 0;

    if (argc > 5 && strcmp(argv[1], "--job") == 0) {
        torture_quiet();
        return work_as_told(argv[2], argv[3], argv[4], argv[5]);
    }
    begin(&self);
    if (argc > 4 && strcmp(argv[1], "--one") == 0) {
        DnFailPlan plan = plan_of_text(argv[3], argv[4]);

        g_print("# it was%s struck\n", run_round(&self, job_of_name(argv[2]), &plan) ? "" : " not");
        end(&self);
        return 0;
    }
    if (argc > 3 && strcmp(argv[1], "--shard") == 0) {
        run_shard(&self, (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), argv[4]);
        end(&self);
        return 0;
    }
    g_autoptr(GRand) random = g_rand_new_with_seed(torture_seed());

    run_fixed(&self);
    if (all)
        run_all();
    end_us = g_get_monotonic_time() +
             (all ? (seconds ? atoi(seconds) : 60) : 0) * (gint64)G_USEC_PER_SEC;
    for (int i = 0; all ? g_get_monotonic_time() < end_us : i < QUICK_ROUNDS; i++)
        random_round(&self, random);
    end(&self);
    g_print(
        "ok 5 - old state or new state after every failure, every acknowledgement kept\n1..5\n");
    return 0;
}
