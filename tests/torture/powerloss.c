/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/powerloss.c - the current fails at any moment.
 *
 * A child works on an archive under powerloss-preload.so, which records all writes and syncs. Then,
 * for many cut points in that record, the folder is built as a disk may have it that lost its power
 * there: what was synced is there; of the rest, of each file by itself, nothing, all, the first
 * part torn at 512 bytes, or any set of 512-byte sectors in any order; of the names in each folder
 * that was not synced since, the first so many changes. The archive must then open, verify, hold
 * all that had been acknowledged before the cut, and go on working.
 *
 *   powerloss [--all]        50 cut points, or 500 and then more for DENCHO_TORTURE_SECONDS
 */
#include "config.h"
#include "base/fs.h"
#include "tests/torture/common.h"
#include "tests/torture/powerloss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 24, REOPEN_EACH = 7, SECTOR = 512, QUICK_CUTS = 50, ALL_CUTS = 500, LYING_CUTS = 5 };

/* --- the child --- */

static void
acknowledge(const TortureState *state)
{
    if (write(STDOUT_FILENO, state, sizeof *state) != sizeof *state)
        _exit(1);
}

static int
work(const char *dir)
{
    TortureState state = {0};

    for (int step = 0; step < STEPS;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DnArchive) archive = torture_open(dir, &error);

        for (int i = 0; archive && i < REOPEN_EACH && step < STEPS; i++, step++) {
            if (!torture_step(archive, &state, step, &error))
                break;
            acknowledge(&state);
        }
        if (error)
            g_error("%s", error->message);
    }
    return 0;
}

/* --- the disk --- */

typedef struct {
    TraceRecord head;
    const uint8_t *data; /* lent from the trace */
} Change;

/* A file as the disk has it, and what was done to it since its last sync. */
typedef struct {
    GByteArray *bytes;
    GArray *pending; /* Change */
} File;

/* A change of names since the last sync of their folder. */
typedef struct {
    TraceOp op;
    const char *path;
    const char *other;
    File *file;
} NameChange;

typedef struct {
    GPtrArray *files;        /* all File, owned */
    GHashTable *seen;        /* path -> File: as the process sees it */
    GHashTable *durable;     /* path -> File: as the disk has it */
    GHashTable *folders;     /* path -> GArray of NameChange */
    GHashTable *directories; /* paths */
    const TortureState *acknowledged;
    bool lies; /* its syncs do nothing */
} Disk;

static void
file_free(gpointer data)
{
    File *file = data;

    g_byte_array_unref(file->bytes);
    g_array_unref(file->pending);
    g_free(file);
}

static File *
file_new(Disk *disk)
{
    File *file = g_new0(File, 1);

    file->bytes = g_byte_array_new();
    file->pending = g_array_new(FALSE, FALSE, sizeof(Change));
    g_ptr_array_add(disk->files, file);
    return file;
}

static void
set_size(File *file, size_t size)
{
    guint old = file->bytes->len;

    g_byte_array_set_size(file->bytes, (guint)size);
    if (size > old)
        memset(file->bytes->data + old, 0, size - old);
}

static void
put_bytes(File *file, uint64_t offset, const uint8_t *data, size_t size)
{
    if (offset + size > file->bytes->len)
        set_size(file, offset + size);
    memcpy(file->bytes->data + offset, data, size);
}

static void
apply_change(File *file, const Change *change)
{
    if (change->head.op == TRACE_TRUNCATE)
        set_size(file, change->head.offset);
    else
        put_bytes(file, change->head.offset, change->data, change->head.size);
}

static void
apply_name(GHashTable *names, const NameChange *change)
{
    File *file = NULL;

    switch (change->op) {
    case TRACE_CREATE:
        g_hash_table_insert(names, g_strdup(change->path), change->file);
        break;
    case TRACE_UNLINK:
        g_hash_table_remove(names, change->path);
        break;
    case TRACE_RENAME:
        file = g_hash_table_lookup(names, change->path);
        if (file)
            g_hash_table_insert(names, g_strdup(change->other), file);
        g_hash_table_remove(names, change->path);
        break;
    default:
        break;
    }
}

static void
change_name(Disk *disk, const NameChange *change)
{
    g_autofree char *folder = g_path_get_dirname(change->path);
    GArray *pending = g_hash_table_lookup(disk->folders, folder);

    apply_name(disk->seen, change);
    if (!pending) {
        pending = g_array_new(FALSE, FALSE, sizeof(NameChange));
        g_hash_table_insert(disk->folders, g_steal_pointer(&folder), pending);
    }
    g_array_append_vals(pending, change, 1);
}

static void
sync_folder(Disk *disk, const char *path)
{
    GArray *pending = g_hash_table_lookup(disk->folders, path);

    for (guint i = 0; pending && i < pending->len; i++)
        apply_name(disk->durable, &g_array_index(pending, NameChange, i));
    if (pending)
        g_array_set_size(pending, 0);
}

static void
sync_file(File *file)
{
    for (guint i = 0; i < file->pending->len; i++)
        apply_change(file, &g_array_index(file->pending, Change, i));
    g_array_set_size(file->pending, 0);
}

static void
happen(Disk *disk, const Change *change)
{
    const TraceRecord *head = &change->head;
    File *file = g_hash_table_lookup(disk->seen, head->path);
    NameChange name = {.op = (TraceOp)head->op, .path = head->path, .other = head->other};

    switch ((TraceOp)head->op) {
    case TRACE_CREATE:
        name.file = file_new(disk);
        change_name(disk, &name);
        break;
    case TRACE_RENAME:
    case TRACE_UNLINK:
        change_name(disk, &name);
        break;
    case TRACE_WRITE:
    case TRACE_TRUNCATE:
        if (file)
            g_array_append_vals(file->pending, change, 1);
        break;
    case TRACE_SYNC:
        if (file && !disk->lies)
            sync_file(file);
        break;
    case TRACE_SYNC_DIR:
        sync_folder(disk, head->path);
        break;
    case TRACE_MKDIR:
        g_hash_table_add(disk->directories, g_strdup(head->path));
        break;
    case TRACE_RMDIR:
        g_hash_table_remove(disk->directories, head->path);
        break;
    case TRACE_ACKNOWLEDGE:
        if (head->size == sizeof(TortureState))
            disk->acknowledged = (const TortureState *)(const void *)change->data;
        break;
    }
}

/* --- the current fails --- */

typedef enum { LOSE_ALL, KEEP_ALL, TEAR, SCATTER, POLICIES } Policy;

static void
scatter(File *file, const Change *change, GRand *random)
{
    const TraceRecord *head = &change->head;

    if (head->op == TRACE_TRUNCATE) {
        if (g_rand_boolean(random))
            apply_change(file, change);
        return;
    }
    for (uint64_t at = 0; at < head->size;) { /* sectors of the disk, not of the write */
        uint64_t room = SECTOR - (head->offset + at) % SECTOR;
        uint64_t size = MIN(room, head->size - at);

        if (g_rand_boolean(random))
            put_bytes(file, head->offset + at, change->data + at, size);
        at += size;
    }
}

static void
lose_bytes(File *file, GRand *random)
{
    Policy policy = (Policy)g_rand_int_range(random, 0, POLICIES);
    guint count = file->pending->len;
    guint torn =
        policy == TEAR && count > 0 ? (guint)g_rand_int_range(random, 0, (gint32)count) : 0;

    if (policy == LOSE_ALL)
        count = 0;
    if (policy == TEAR)
        count = MIN(count, torn + 1);
    for (guint i = 0; i < count; i++) {
        Change change = g_array_index(file->pending, Change, i);

        if (policy == SCATTER) {
            scatter(file, &change, random);
            continue;
        }
        if (policy == TEAR && i == torn && change.head.op == TRACE_WRITE) {
            uint64_t sectors = change.head.size / SECTOR;

            change.head.size = SECTOR * (uint64_t)g_rand_int_range(random, 0, (gint32)sectors + 1);
        }
        apply_change(file, &change);
    }
}

static void
lose_names(Disk *disk, GRand *random)
{
    GHashTableIter iter;
    gpointer value = NULL;

    g_hash_table_iter_init(&iter, disk->folders);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const GArray *pending = value;
        guint count = (guint)g_rand_int_range(random, 0, (gint32)pending->len + 1);

        for (guint i = 0; i < count; i++)
            apply_name(disk->durable, &g_array_index(pending, NameChange, i));
    }
}

static void
write_out(const Disk *disk, const char *root)
{
    GHashTableIter iter;
    gpointer path = NULL;
    gpointer value = NULL;

    g_hash_table_iter_init(&iter, disk->directories);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        g_autofree char *full = g_build_filename(root, path, NULL);

        if (g_mkdir_with_parents(full, 0700) != 0)
            g_error("cannot make %s", full);
    }
    g_hash_table_iter_init(&iter, disk->durable);
    while (g_hash_table_iter_next(&iter, &path, &value)) {
        g_autofree char *full = g_build_filename(root, path, NULL);
        const File *file = value;
        FILE *out = fopen(full, "w");

        if (!out || fwrite(file->bytes->data, 1, file->bytes->len, out) != file->bytes->len ||
            fclose(out) != 0 || chmod(full, g_str_has_suffix(full, ".key") ? 0400 : 0600) != 0)
            g_error("cannot write %s", full);
    }
}

/* --- before the work --- */

static void
load_tree(Disk *disk, const char *root, const char *path)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);

    g_hash_table_add(disk->directories, g_strdup(path));
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_autofree char *inner =
            strcmp(path, ".") == 0 ? g_strdup(name) : g_build_filename(path, name, NULL);
        g_autofree char *place = g_build_filename(root, inner, NULL);
        g_autofree char *bytes = NULL;
        gsize size = 0;
        File *file = NULL;

        if (g_file_test(place, G_FILE_TEST_IS_DIR)) {
            load_tree(disk, root, inner);
            continue;
        }
        if (strcmp(name, "reserve") == 0)
            continue;
        if (!g_file_get_contents(place, &bytes, &size, NULL))
            g_error("cannot read %s", place);
        file = file_new(disk);
        put_bytes(file, 0, (const uint8_t *)bytes, size);
        g_hash_table_insert(disk->seen, g_strdup(inner), file);
        g_hash_table_insert(disk->durable, g_strdup(inner), file);
    }
}

static Disk
disk_new(const char *before)
{
    Disk disk = {
        .files = g_ptr_array_new_with_free_func(file_free),
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .durable = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .folders =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref),
        .directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };

    load_tree(&disk, before, ".");
    return disk;
}

static void
disk_clear(Disk *disk)
{
    g_hash_table_unref(disk->seen);
    g_hash_table_unref(disk->durable);
    g_hash_table_unref(disk->folders);
    g_hash_table_unref(disk->directories);
    g_ptr_array_unref(disk->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Disk, disk_clear)

/* --- the trace --- */

static GArray *
load_trace(const char *path, char **out_bytes)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(Change));
    gsize size = 0;

    if (!g_file_get_contents(path, out_bytes, &size, NULL))
        g_error("no trace: does the preload work here?");
    for (gsize at = 0; at + sizeof(TraceRecord) <= size;) {
        Change change;

        memcpy(&change.head, *out_bytes + at, sizeof change.head);
        at += sizeof change.head;
        change.data = (const uint8_t *)*out_bytes + at;
        at += change.head.size;
        g_array_append_val(changes, change);
    }
    return changes;
}

static void
run_child(const char *self, const char *root, const char *dir, const char *trace)
{
    const char *preload = g_getenv("DENCHO_POWERLOSS_PRELOAD");
    const char *arguments[] = {self, "--work", dir, NULL};
    g_auto(GStrv) environment = g_get_environ();
    g_autofree char *beside = g_strdup_printf("%s-preload.so", self);
    g_autoptr(GError) error = NULL;
    int status = 0;

    environment = g_environ_setenv(environment, "LD_PRELOAD", preload ? preload : beside, TRUE);
    environment = g_environ_setenv(environment, "DENCHO_TRACE", trace, TRUE);
    environment = g_environ_setenv(environment, "DENCHO_TRACE_ROOT", root, TRUE);
    if (!g_spawn_sync(NULL, (char **)(uintptr_t)arguments, environment, G_SPAWN_STDOUT_TO_DEV_NULL,
                      NULL, NULL, NULL, NULL, &status, &error) ||
        status != 0)
        g_error("the work under the preload failed");
}

/* (transfer full) What does not hold after a cut, or NULL. */
static char *
run_cut(const char *before, const GArray *changes, guint cut, bool lies, GRand *random)
{
    static const TortureState nothing;
    g_autofree char *root = g_dir_make_tmp("dencho-power-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_auto(Disk) disk = disk_new(before);
    char *wrong = NULL;
    TortureState state;

    disk.lies = lies;
    for (guint i = 0; i < cut; i++)
        happen(&disk, &g_array_index(changes, Change, i));
    for (guint i = 0; i < disk.files->len; i++)
        lose_bytes(g_ptr_array_index(disk.files, i), random);
    lose_names(&disk, random);
    write_out(&disk, root);
    state = disk.acknowledged ? *disk.acknowledged : nothing;
    wrong = torture_check_reopened(dir, &state, STEPS + 3);
    if (wrong && !lies)
        g_error("power lost before call %u of %u: %s; the folder is left in %s", cut, changes->len,
                wrong, root);
    dn_fs_remove_tree(root, NULL);
    return wrong;
}

/* The test of the test: on a disk whose syncs do nothing, acknowledgements must be found missing.
 */
static void
expect_a_lying_disk_to_be_found(const char *before, const GArray *changes, GRand *random)
{
    guint found = 0;

    for (guint i = 0; i < LYING_CUTS; i++) {
        g_autofree char *wrong = run_cut(
            before, changes, changes->len - (guint)g_rand_int_range(random, 0, 20), true, random);

        found += wrong != NULL;
    }
    if (found == 0)
        g_error("a disk that loses everything went unnoticed");
}

int
main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const char *seconds = g_getenv("DENCHO_TORTURE_SECONDS");
    g_autofree char *root = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *before = NULL;
    g_autofree char *trace = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autoptr(GArray) changes = NULL;
    gint64 end_us = 0;
    guint cuts = 0;

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return work(argv[2]);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("1..0 # SKIP a sanitizer must be loaded before everything, and so must the preload");
    return 0;
#endif
    g_autoptr(GRand) random = g_rand_new_with_seed(torture_seed());

    torture_fast_disk();
    dir = torture_new_archive(TORTURE_SEGMENT, &root);
    before = g_strconcat(root, ".before", NULL);
    trace = g_strconcat(root, ".trace", NULL);
    torture_copy_tree(root, before);
    run_child(self, root, dir, trace);
    changes = load_trace(trace, &bytes);
    end_us = g_get_monotonic_time() + (all && seconds ? atoi(seconds) : 0) * (gint64)G_USEC_PER_SEC;
    for (; cuts < (all ? ALL_CUTS : QUICK_CUTS) || g_get_monotonic_time() < end_us; cuts++)
        run_cut(before, changes, (guint)g_rand_int_range(random, 0, (gint32)changes->len + 1),
                false, random);
    expect_a_lying_disk_to_be_found(before, changes, random);
    g_print("# %u cut points in %u calls\n", cuts, changes->len);
    g_print(
        "ok 1 - after a power cut every acknowledgement is kept and the archive goes on\n1..1\n");
    dn_fs_remove_tree(root, NULL);
    dn_fs_remove_tree(before, NULL);
    unlink(trace);
    return 0;
}
