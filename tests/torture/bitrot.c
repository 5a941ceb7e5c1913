/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/bitrot.c - every byte of every file of an archive flipped, one after the other.
 *
 * log, keys   each flip must be found by opening or by verify --full, naming the place; what lies
 *             in a document or its entry also names the voucher. The mark that a clean close leaves
 *             at the end holds nothing: damage to it is cut, and the opening says so
 * view        each flip must be found or change nothing that is shown; after the next opening the
 *             view is whole
 * dencho.conf each flip must be refused, or change nothing that is stored
 * master key, witness    each flip is refused, and the file named
 *
 *   bitrot             every byte of dencho.conf, master key and witness; others sampled
 *   bitrot --all       every byte of log and keys too, on all processors; more of the view
 */
#include "config.h"
#include "base/fs.h"
#include "tests/torture/common.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEPS = 7,
    SEGMENT_BYTES = 9000,
    QUICK_FLIPS = 40,
    ALL_VIEW_FLIPS = 1000,
    MARK = 104,
    SHARDS_MAX = 16
};

typedef enum { FOUND_OPENING = 1, FOUND_VERIFYING, HARMLESS, CUT, WRONG } Verdict;
enum { VERDICT = 7, TOLD_PLACE = 8, TOLD_VOUCHER = 16 }; /* in an exit status */

typedef struct {
    bool place;   /* a file, or segment and byte, was named */
    bool voucher; /* and a voucher */
    bool any;
    bool cut; /* opening has cut a tail, and says so */
} Findings;

typedef struct {
    const char *what;
    uint64_t flips;
    uint64_t opening;
    uint64_t verifying;
    uint64_t harmless;
    uint64_t cut;
    uint64_t aborted;
    uint64_t named;
    uint64_t vouchers;
} Tally;

static bool
note_failure(const json_t *row, void *user_data, GError **error)
{
    Findings *findings = user_data;
    const char *message = dn_json_string(row, "message");

    (void)error;
    findings->any = true;
    findings->place = findings->place || json_object_get(row, "segment") ||
                      strstr(message, ".key") || strstr(message, "segment ");
    findings->voucher = findings->voucher || dn_json_string(row, "voucher");
    return true;
}

static void
flip(const char *path, uint64_t offset)
{
    uint8_t byte = 0;
    struct stat st;

    /* Rot asks for no permission: finished segments are read-only to all but root. */
    if (stat(path, &st) != 0 || chmod(path, st.st_mode | S_IWUSR) != 0)
        g_error("cannot make %s writable", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    chmod(path, st.st_mode);
    if (fd < 0 || !dn_fs_pread_all(fd, &byte, 1, offset, NULL))
        g_error("cannot read byte %" G_GUINT64_FORMAT " of %s", offset, path);
    byte ^= 0x10;
    if (!dn_fs_pwrite_all(fd, &byte, 1, offset, NULL))
        g_error("cannot write %s", path);
    close(fd);
}

static bool
note_cut(const json_t *row, void *user_data, GError **error)
{
    Findings *findings = user_data;

    (void)error;
    if (strcmp(dn_json_string(row, "name"), "log") == 0 &&
        strcmp(dn_json_string(row, "verdict"), "warning") == 0)
        findings->cut = true;
    return true;
}

static Verdict
look(const char *dir, const TortureState *state, Findings *findings)
{
    DnArchiveOptions options = {.actor = "torture", .worker_path = "/nonexistent"};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    g_autoptr(DnArchive) archive = torture_open(dir, &error);
    g_autofree char *wrong = NULL;

    if (!archive) {
        findings->place = strstr(error->message, "segment ") || strstr(error->message, ".key") ||
                          strstr(error->message, "dencho.conf") || strstr(error->message, "log");
        if (dn_archive_check_log(dir, &options, note_failure, findings, &totals, NULL))
            return FOUND_OPENING;
        return FOUND_OPENING;
    }
    if (!dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, note_failure, NULL, findings,
                           &totals, &error))
        return FOUND_VERIFYING;
    if (findings->any)
        return FOUND_VERIFYING;
    wrong = torture_check(archive, state);
    if (wrong) {
        g_printerr("%s\n", wrong);
        return WRONG;
    }
    dn_archive_doctor(archive, note_cut, findings, NULL);
    return findings->cut ? CUT : HARMLESS;
}

static void
read_state(const char *before, TortureState *out)
{
    g_autofree char *path = g_build_filename(before, "state", NULL);
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &bytes, &size, NULL) || size != sizeof *out)
        g_error("no state in %s", path);
    memcpy(out, bytes, size);
}

/* The child's part: its exit status tells what it found. */
static int
look_and_tell(const char *dir, const char *before)
{
    Findings findings = {0};
    TortureState state;

    read_state(before, &state);
    int verdict = look(dir, &state, &findings);

    return verdict | (findings.place ? TOLD_PLACE : 0) | (findings.voucher ? TOLD_VOUCHER : 0);
}

/* A program of its own, because Debian's RocksDB is built with its assertions: a damaged view may
 * end it. Verdict 0 then. */
static Verdict
look_in_child(const char *before, const char *dir, Findings *out_findings)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    const char *arguments[] = {self, "--look", dir, before, NULL};
    g_autofree char *words = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, 0, NULL, NULL, NULL, &words,
                      &status, NULL))
        g_error("cannot run %s", self);
    *out_findings = (Findings){0};
    if (!WIFEXITED(status))
        return 0;
    if ((WEXITSTATUS(status) & VERDICT) == WRONG)
        g_printerr("%s\n", words);
    out_findings->place = WEXITSTATUS(status) & TOLD_PLACE;
    out_findings->voucher = WEXITSTATUS(status) & TOLD_VOUCHER;
    return (Verdict)(WEXITSTATUS(status) & VERDICT);
}

static void
count(Tally *tally, Verdict verdict, const Findings *findings)
{
    tally->flips++;
    tally->opening += verdict == FOUND_OPENING;
    tally->verifying += verdict == FOUND_VERIFYING;
    tally->harmless += verdict == HARMLESS;
    tally->cut += verdict == CUT;
    tally->aborted += verdict == 0;
    tally->named += findings->place;
    tally->vouchers += findings->voucher;
}

static void
flip_one(Tally *tally, const char *before, const char *name, uint64_t offset)
{
    g_autofree char *root = g_dir_make_tmp("dencho-bitrot-XXXXXX", NULL);
    g_autofree char *top = g_build_filename(root, "x", NULL);
    g_autofree char *dir = g_build_filename(top, "archive", NULL);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    bool view = strcmp(tally->what, "view") == 0;
    Findings findings = {0};
    Verdict verdict = WRONG;

    torture_copy_tree(before, top);
    flip(path, offset);
    verdict = look_in_child(before, dir, &findings);
    count(tally, verdict, &findings);
    if (verdict == WRONG || (verdict == 0 && !view))
        g_error("%s, byte %" G_GUINT64_FORMAT ": other answers; it is left in %s", name, offset,
                dir);
    if (view) { /* the next opening has a whole view, whatever this one met */
        Verdict again = look_in_child(before, dir, &findings);

        if (again != HARMLESS)
            g_error("%s, byte %" G_GUINT64_FORMAT ": the view is not built again (%d, then %d); it "
                    "is left in %s",
                    name, offset, verdict, again, dir);
    }
    dn_fs_remove_tree(root, NULL);
}

static uint64_t
size_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        g_error("cannot look at %s", path);
    return (uint64_t)st.st_size;
}

/* A flip in the log or a key, in place and taken back: nothing that opens is changed by it. */
static void
flip_and_back(Tally *tally, const char *before, const char *work, const char *name, uint64_t offset,
              const TortureState *state)
{
    g_autofree char *dir = g_build_filename(work, "archive", NULL);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *original = g_build_filename(before, "archive", name, NULL);
    Findings findings = {0};
    Verdict verdict = WRONG;

    flip(path, offset);
    verdict = look(dir, state, &findings);
    if (verdict == CUT && offset + MARK >= size_of(original)) {
        dn_fs_remove_tree(work, NULL);
        torture_copy_tree(before, work);
        count(tally, verdict, &findings);
        return;
    }
    flip(path, offset);
    count(tally, verdict, &findings);
    if (verdict == WRONG || verdict == HARMLESS || verdict == CUT || !findings.place)
        g_error("%s, byte %" G_GUINT64_FORMAT ": %s; it is in %s", name, offset,
                findings.place ? "goes unnoticed" : "is not named", dir);
}

typedef struct {
    GPtrArray *names;
    GArray *sizes;
    uint64_t total;
} Bytes;

/* All files of the folder @sub, their bytes in one row. */
static Bytes
bytes_of(const char *before, const char *sub)
{
    g_autofree char *folder = g_build_filename(before, "archive", sub, NULL);
    g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
    Bytes bytes = {.names = g_ptr_array_new_with_free_func(g_free),
                   .sizes = g_array_new(FALSE, FALSE, sizeof(uint64_t))};

    for (const char *name = listing ? g_dir_read_name(listing) : NULL; name;
         name = g_dir_read_name(listing)) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        uint64_t size = size_of(path);

        g_ptr_array_add(bytes.names, g_build_filename(sub, name, NULL));
        g_array_append_val(bytes.sizes, size);
        bytes.total += size;
    }
    return bytes;
}

static void
bytes_clear(Bytes *bytes)
{
    g_ptr_array_unref(bytes->names);
    g_array_unref(bytes->sizes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bytes, bytes_clear)

static const char *
find_byte(const Bytes *bytes, uint64_t *at)
{
    guint file = 0;

    while (*at >= g_array_index(bytes->sizes, uint64_t, file))
        *at -= g_array_index(bytes->sizes, uint64_t, file++);
    return g_ptr_array_index(bytes->names, file);
}

/* @samples of the bytes. */
static void
flip_some(Tally *tally, const char *before, guint samples, GRand *random)
{
    g_autofree char *work = g_strconcat(before, ".work", NULL);
    g_auto(Bytes) bytes = bytes_of(before, tally->what);
    TortureState state;

    torture_copy_tree(before, work);
    read_state(before, &state);
    for (guint i = 0; i < samples; i++) {
        uint64_t at = (uint64_t)(g_rand_double(random) * (double)bytes.total);
        const char *name = find_byte(&bytes, &at);

        flip_and_back(tally, before, work, name, at, &state);
    }
    dn_fs_remove_tree(work, NULL);
}

/* Every @of-th byte from @shard on. */
static void
flip_shard(Tally *tally, const char *before, unsigned shard, unsigned of)
{
    g_autofree char *work = g_strdup_printf("%s.work-%u", before, shard);
    g_auto(Bytes) bytes = bytes_of(before, tally->what);
    TortureState state;

    torture_copy_tree(before, work);
    read_state(before, &state);
    for (uint64_t i = shard; i < bytes.total; i += of) {
        uint64_t at = i;
        const char *name = find_byte(&bytes, &at);

        flip_and_back(tally, before, work, name, at, &state);
    }
    dn_fs_remove_tree(work, NULL);
}

/* Every byte, a program a processor; each writes down what it has counted. */
static void
flip_all(Tally *tally, const char *before)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    unsigned count = MIN(g_get_num_processors(), SHARDS_MAX);
    GPid children[SHARDS_MAX];

    for (unsigned i = 0; i < count; i++) {
        g_autofree char *shard = g_strdup_printf("%u", i);
        g_autofree char *of = g_strdup_printf("%u", count);
        const char *arguments[] = {self, "--shard", before, tally->what, shard, of, NULL};

        if (!g_spawn_async(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                           NULL, NULL, &children[i], NULL))
            g_error("cannot run %s", self);
    }
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("%s.tally-%u", before, i);
        g_autofree char *bytes = NULL;
        const Tally *part = NULL;
        gsize size = 0;
        int status = 0;

        if (waitpid(children[i], &status, 0) != children[i] || status != 0 ||
            !g_file_get_contents(path, &bytes, &size, NULL) || size != sizeof *part)
            g_error("a part of the bytes of %s has failed", tally->what);
        part = (const Tally *)(const void *)bytes;
        tally->flips += part->flips;
        tally->opening += part->opening;
        tally->verifying += part->verifying;
        tally->harmless += part->harmless;
        tally->cut += part->cut;
        tally->named += part->named;
        tally->vouchers += part->vouchers;
        unlink(path);
    }
}

static void
flip_truth(Tally *tally, const char *before, guint samples, GRand *random)
{
    if (samples)
        flip_some(tally, before, samples, random);
    else
        flip_all(tally, before);
}

static int
run_shard(char **argv)
{
    g_autofree char *path = g_strdup_printf("%s.tally-%s", argv[0], argv[2]);
    Tally tally = {.what = argv[1]};

    torture_quiet();
    flip_shard(&tally, argv[0], (unsigned)g_ascii_strtoull(argv[2], NULL, 10),
               (unsigned)g_ascii_strtoull(argv[3], NULL, 10));
    return !g_file_set_contents(path, (const char *)&tally, sizeof tally, NULL);
}

/* The files beside the archive: every byte of them. */
static void
flip_beside(Tally *tally, const char *before)
{
    static const char *const names[] = {"../archive.key", "../archive.key.witness"};
    g_autofree char *work = g_strconcat(before, ".work", NULL);
    TortureState state;

    torture_copy_tree(before, work);
    read_state(before, &state);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(before, "archive", names[i], NULL);

        for (uint64_t at = 0; at < size_of(path); at++)
            flip_and_back(tally, before, work, names[i], at, &state);
    }
    dn_fs_remove_tree(work, NULL);
}

static void
flip_view(Tally *tally, const char *before, guint samples, GRand *random)
{
    g_auto(Bytes) bytes = bytes_of(before, tally->what);

    for (guint i = 0; i < samples; i++) {
        uint64_t at = (uint64_t)(g_rand_double(random) * (double)bytes.total);
        const char *name = find_byte(&bytes, &at);

        flip_one(tally, before, name, at);
    }
}

static void
flip_conf(Tally *tally, const char *before)
{
    g_autofree char *path = g_build_filename(before, "archive", "dencho.conf", NULL);
    for (uint64_t i = 0; i < size_of(path); i++)
        flip_one(tally, before, "dencho.conf", i);
}

static void
print(const Tally *tally, int number)
{
    g_print("# %s: %" G_GUINT64_FORMAT " bytes flipped, found opening %" G_GUINT64_FORMAT
            ", verifying %" G_GUINT64_FORMAT ", harmless %" G_GUINT64_FORMAT
            ", end mark cut %" G_GUINT64_FORMAT ", ended the process %" G_GUINT64_FORMAT
            "; place named %" G_GUINT64_FORMAT ", voucher %" G_GUINT64_FORMAT "\n",
            tally->what, tally->flips, tally->opening, tally->verifying, tally->harmless,
            tally->cut, tally->aborted, tally->named, tally->vouchers);
    g_print("ok %d - rot in %s\n", number, tally->what);
}

/* An archive whose first segments are finished and whose last is open. */
static char *
make_archive(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *root = NULL;
    g_autofree char *dir = torture_new_archive(SEGMENT_BYTES, &root);
    g_autofree char *state_path = g_build_filename(root, "state", NULL);
    TortureState state = {0};
    g_autofree char *reserve = g_build_filename(dir, "reserve", NULL);
    DnArchive *archive = torture_open(dir, &error);

    for (int step = 0; archive && step < STEPS; step++)
        torture_step(archive, &state, step, &error);
    if (!error)
        g_file_set_contents(state_path, (const char *)&state, sizeof state, &error);
    if (error)
        g_error("%s", error->message);
    dn_archive_close(archive);
    unlink(reserve);
    return g_steal_pointer(&root);
}

int
main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    g_autofree char *before = NULL;
    Tally log = {.what = "log"};
    Tally keys = {.what = "keys"};
    Tally view = {.what = "view"};
    Tally conf = {.what = "conf"};
    Tally beside = {.what = "master key and witness"};

    if (argc > 5 && strcmp(argv[1], "--shard") == 0)
        return run_shard(argv + 2);
    if (argc > 3 && strcmp(argv[1], "--look") == 0)
        return look_and_tell(argv[2], argv[3]);
    g_autoptr(GRand) random = g_rand_new_with_seed(torture_seed());

    torture_fast_disk();
    torture_quiet();
    before = make_archive();
    flip_truth(&log, before, all ? 0 : QUICK_FLIPS * 3, random);
    print(&log, 1);
    flip_truth(&keys, before, all ? 0 : QUICK_FLIPS * 3, random);
    print(&keys, 2);
    flip_view(&view, before, all ? ALL_VIEW_FLIPS : QUICK_FLIPS, random);
    print(&view, 3);
    flip_conf(&conf, before);
    print(&conf, 4);
    flip_beside(&beside, before);
    print(&beside, 5);
    g_print("1..5\n");
    dn_fs_remove_tree(before, NULL);
    return 0;
}
