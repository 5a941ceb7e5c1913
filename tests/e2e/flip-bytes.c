/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/e2e/flip-bytes.c - damages a capsule in every small way and asks both verifiers each time.
 *
 *   flip-bytes CAPSULE.zip TRUST.conf AUTHORITY.pem VERIFY-CAPSULE STRIDE
 *   flip-bytes FOLDER TRUST.conf AUTHORITY.pem VERIFY-CAPSULE STRIDE
 *
 * Of a ZIP every STRIDE-th byte is flipped: both must say that something is wrong, and when the
 * byte is one of a file's, both must name that file. Of a folder every file is taken away, every
 * STRIDE-th byte of each flipped, the first and the last at least, and a file added to each folder:
 * both must name it.
 *
 * All cores work, each on a copy of its own beside the capsule.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/archive.h"
#include "engine/capsule/container.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *original;
    const char *trust;
    const char *authority;
    const char *verifier;
    uint64_t stride;
    unsigned workers;
    gint tries;
    gint missed;
} Run;

typedef struct {
    Run *run;
    unsigned number;
    unsigned turn; /* whose the next try is */
    char *copy;
    GThread *thread;
} Worker;

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    GString *said = user_data;
    const char *file = dn_json_string(row, "file");

    (void)error;
    g_string_append_printf(said, "%s: %s\n", file ? file : "", dn_json_string(row, "message"));
    return true;
}

/* What `dencho check-export` finds; empty: nothing. */
static char *
ask_program(const char *path, const char *trust)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    GString *said = g_string_new(NULL);

    if (!dn_capsule_check(path, trust, collect, NULL, said, &totals, &error))
        g_string_append_printf(said, "%s\n", error->message);
    return g_string_free(said, FALSE);
}

static char *
ask_verifier(const Run *run, const char *path, bool *out_good)
{
    const char *const arguments[] = {run->verifier, "-C", run->authority, path, NULL};
    char *said = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said,
                      NULL, &status, NULL))
        g_error("%s cannot be run", run->verifier);
    *out_good = status == 0;
    return said;
}

/* The copy is damaged: both notice, and name @file (nullable). */
static void
ask_both(Worker *worker, const char *what, uint64_t offset, const char *file)
{
    Run *run = worker->run;
    bool good = true;
    g_autofree char *program = ask_program(worker->copy, run->trust);
    g_autofree char *verifier = ask_verifier(run, worker->copy, &good);

    g_atomic_int_inc(&run->tries);
    if (*program && !good && (!file || (strstr(program, file) && strstr(verifier, file))))
        return;
    g_atomic_int_inc(&run->missed);
    printf("# %s %" G_GUINT64_FORMAT " of %s: program [%s] verifier [%s]\n", what, offset,
           file ? file : "the container", program, verifier);
}

static bool
is_my_turn(Worker *worker)
{
    return worker->turn++ % worker->run->workers == worker->number;
}

static void
put_byte(int fd, char byte, uint64_t at)
{
    if (pwrite(fd, &byte, 1, (off_t)at) != 1)
        g_error("pwrite: %m");
}

/* --- one file --- */

static const char *
file_at(const DnContainerReader *capsule, uint64_t offset)
{
    for (unsigned i = 0; i < dn_container_count(capsule); i++) {
        const DnZipFile *file = dn_container_file(capsule, i);

        if (offset >= file->offset && offset - file->offset < file->size)
            return file->name;
    }
    return NULL;
}

/* @file: what to name, NULL: what the capsule has there. */
static void
flip_bytes(Worker *worker, const char *path, const char *content, uint64_t size, const char *file,
           const DnContainerReader *capsule)
{
    uint64_t stride = worker->run->stride;
    dn_autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

    for (uint64_t at = 0; at < size; at = at + 1 < size ? MIN(at + stride, size - 1) : size) {
        if (!is_my_turn(worker))
            continue;
        put_byte(fd, (char)(content[at] ^ (char)(1u << (at / stride % 8))), at);
        ask_both(worker, "byte", at, file ? file : file_at(capsule, at));
        put_byte(fd, content[at], at);
    }
}

static gpointer
work_on_zip(gpointer data)
{
    Worker *worker = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnContainerReader) capsule =
        dn_container_open(worker->run->original, problems, &error);
    g_autofree char *content = NULL;
    gsize size = 0;

    if (!capsule || !g_file_get_contents(worker->run->original, &content, &size, &error) ||
        !g_file_set_contents(worker->copy, content, (gssize)size, &error))
        g_error("%s", error->message);
    flip_bytes(worker, worker->copy, content, size, NULL, capsule);
    return NULL;
}

/* --- a folder --- */

static void
damage_file(Worker *worker, const char *path, const char *name)
{
    g_autofree char *away = g_strconcat(worker->copy, ".away", NULL);
    g_autofree char *content = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &content, &size, NULL))
        g_error("%s cannot be read", path);
    if (is_my_turn(worker)) {
        if (g_rename(path, away) != 0)
            g_error("%s: %m", path);
        ask_both(worker, "absence", 0, name);
        if (g_rename(away, path) != 0)
            g_error("%s: %m", path);
    }
    flip_bytes(worker, path, content, size, name, NULL);
}

static void
add_file(Worker *worker, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, "added.txt", NULL);

    if (!is_my_turn(worker))
        return;
    if (!g_file_set_contents(path, "more\n", -1, NULL))
        g_error("%s cannot be written", path);
    ask_both(worker, "addition", 0, name);
    unlink(path);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of the names: all workers count the same turns. */
static void
damage_folder(Worker *worker, const char *folder, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree char *added = g_strconcat(prefix, "added.txt", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *full = g_strconcat(prefix, name, NULL);
        g_autofree char *below = g_strconcat(full, "/", NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            damage_folder(worker, path, below);
        else
            damage_file(worker, path, full);
    }
    add_file(worker, folder, added);
}

static gpointer
work_on_folder(gpointer data)
{
    Worker *worker = data;
    const char *const copy[] = {"cp", "-R", worker->run->original, worker->copy, NULL};
    const char *const open_up[] = {"chmod", "-R", "u+w", worker->copy, NULL};

    if (!g_spawn_sync(NULL, (char **)copy, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                      NULL) ||
        !g_spawn_sync(NULL, (char **)open_up, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                      NULL, NULL))
        g_error("%s cannot be copied", worker->run->original);
    damage_folder(worker, worker->copy, "");
    return NULL;
}

static void
run_workers(Run *run, GThreadFunc work)
{
    g_autofree Worker *workers = g_new0(Worker, run->workers);

    for (unsigned i = 0; i < run->workers; i++) {
        workers[i] = (Worker){.run = run, .number = i};
        workers[i].copy = g_strdup_printf("%s.damaged-%u", run->original, i);
        workers[i].thread = g_thread_new("damage", work, &workers[i]);
    }
    for (unsigned i = 0; i < run->workers; i++) {
        g_thread_join(workers[i].thread);
        dn_fs_remove_tree(workers[i].copy, NULL);
        g_free(workers[i].copy);
    }
}

int
main(int argc, char **argv)
{
    bool good = false;

    if (argc != 6)
        return 2;
    Run run = {.original = argv[1],
               .trust = argv[2],
               .authority = argv[3],
               .verifier = argv[4],
               .stride = g_ascii_strtoull(argv[5], NULL, 10),
               .workers = g_get_num_processors()};
    g_autofree char *clean = ask_program(run.original, run.trust);
    g_autofree char *clean_too = ask_verifier(&run, run.original, &good);

    if (run.stride == 0 || *clean || !good)
        return 2;
    run_workers(&run, g_file_test(run.original, G_FILE_TEST_IS_DIR) ? work_on_folder : work_on_zip);
    printf("%d damages, %d not noticed or not named\n", run.tries, run.missed);
    return run.tries > 0 && run.missed == 0 ? 0 : 1;
}
