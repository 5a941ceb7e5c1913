/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/store/test-segment.c - segment files under crashes, rot, theft and full disks.
 *
 * fdatasync, fsync, pwrite and ftruncate are defined here, so that they fail when a test asks for
 * it and the code under test is the code that ships. A sync does nothing else: only a power cut
 * could tell, and thousands of them would be all that this program does.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/store/segment-format.h"
#include "engine/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

/* ---- the disk, as a test wants it ---- */

static atomic_int sync_fails;      /* this many syncs from now on fail with EIO */
static atomic_int sync_passes;     /* ... after this many that succeed */
static atomic_int cut_fails;       /* the same for ftruncate */
static atomic_int cut_passes;      /* ... */
static atomic_int sync_delay_us;   /* a slow disk */
static atomic_long disk_room = -1; /* bytes that may still be written; -1: no end */

static atomic_int blocks_fail;     /* errno of every write past the page cache; 0: none */
static atomic_long blocks_short;   /* bytes after which each of them ends; 0: none */
static atomic_uint block_writes;   /* how many there were */
static atomic_uint changed_writes; /* ... that changed a byte before kept_end */
static atomic_long kept_end;

enum { SECTOR = 512 };

/* True when a write of @bytes at @offset leaves what the file has before kept_end as it is. */
static bool
keeps_what_stands(int fd, const uint8_t *bytes, size_t size, off_t offset)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree uint8_t *old = NULL;
    size_t before = offset < kept_end ? MIN(size, (size_t)(kept_end - offset)) : 0;
    bool same = true;
    int reader = -1;

    if (before == 0)
        return true;
    old = g_malloc(before);
    reader = open(path, O_RDONLY | O_CLOEXEC);
    same = pread(reader, old, before, offset) == (ssize_t)before && memcmp(old, bytes, before) == 0;
    close(reader);
    return same;
}

/* What a disk may do with a write past the page cache. 0: nothing, it is to be done. */
static ssize_t
trouble_with_blocks(int fd, const void *bytes, size_t *size, off_t offset)
{
    if (!(fcntl(fd, F_GETFL) & O_DIRECT))
        return 0;
    block_writes++;
    if (!keeps_what_stands(fd, bytes, *size, offset))
        changed_writes++;
    if (blocks_fail > 0) {
        errno = blocks_fail;
        return -1;
    }
    if (blocks_short > 0)
        *size = MIN(*size, (size_t)blocks_short);
    return 0;
}

static int
counted_sync(void)
{
    if (sync_delay_us > 0)
        g_usleep((gulong)sync_delay_us);
    if (sync_passes > 0) {
        sync_passes--;
    } else if (sync_fails > 0) {
        sync_fails--;
        errno = EIO;
        return -1;
    }
    return 0;
}

int
fdatasync(int fd)
{
    (void)fd;
    return counted_sync();
}

int
fsync(int fd)
{
    (void)fd;
    return counted_sync();
}

int
ftruncate(int fd, off_t size)
{
    if (cut_passes > 0) {
        cut_passes--;
    } else if (cut_fails > 0) {
        cut_fails--;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

/* A disk that fills up writes what still fits, whole sectors past the page cache, and then
 * nothing. */
ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (trouble_with_blocks(fd, bytes, &size, offset) < 0)
        return -1;
    if (disk_room >= 0) {
        size = MIN(size, (size_t)disk_room);
        if (fcntl(fd, F_GETFL) & O_DIRECT)
            size -= size % SECTOR;
        if (size == 0) {
            errno = ENOSPC;
            return -1;
        }
        disk_room -= (long)size;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, offset);
}

/* ---- a log to work on ---- */

static const DnUuid archive = {{0xaa, 1}};
static const DnUuid foreign = {{0xff, 9}};
static const DnUuid tenant = {{0xa1}};

typedef struct {
    char *dir;
    char *log;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    (void)data;
    self->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    self->log = g_build_filename(self->dir, "log", NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(sync_fails, ==, 0);
    g_assert_cmpint(cut_fails, ==, 0);
    g_assert_cmpint(disk_room, ==, -1);
    g_assert_true(dn_fs_remove_tree(self->dir, NULL));
    g_free(self->log);
    g_free(self->dir);
}

static DnStore *
open_log(const Fixture *self, uint64_t segment_bytes, bool create)
{
    g_autoptr(GError) error = NULL;
    DnStore *store = dn_store_open_segments(self->log, &archive, segment_bytes, create, &error);

    g_assert_no_error(error);
    return store;
}

static bool
append_size(DnStore *store, const DnUuid *whose, uint64_t head, size_t blob_size,
            DnStoreReceipt *out, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(blob_size + 1);
    g_autoptr(GBytes) blob_bytes = NULL;
    g_autoptr(GBytes) entry_bytes = NULL;
    DnStoreBlob blob = {.id = {{0xb1, (uint8_t)head}}, .part = 'o'};
    DnStoreEntry entry = {.seq = head + 1};
    DnStoreCommit commit = {.tenant = *whose,
                            .expected_head = head,
                            .blobs = &blob,
                            .blob_count = 1,
                            .entries = &entry,
                            .entry_count = 1};

    for (size_t i = 0; i < blob_size; i++)
        bytes[i] = (uint8_t)(i * 7 + head);
    blob_bytes = g_bytes_new(bytes, blob_size);
    entry_bytes = g_bytes_new(&head, sizeof head);
    blob.sealed = blob_bytes;
    entry.sealed = entry_bytes;
    return dn_store_append(store, &commit, out, error);
}

static bool
put_size(DnStore *store, const DnUuid *whose, uint64_t head, size_t blob_size, GError **error)
{
    g_auto(DnStoreReceipt) receipt = {0};

    return append_size(store, whose, head, blob_size, &receipt, error) &&
           dn_store_wait(store, receipt.ticket, error);
}

static void
put(DnStore *store, uint64_t head)
{
    g_autoptr(GError) error = NULL;

    put_size(store, &tenant, head, 20, &error);
    g_assert_no_error(error);
}

static bool
count_visit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    uint64_t *commits = user_data;

    (void)error;
    g_assert_cmpuint(visit->entries[0].seq, ==, *commits + 1);
    ++*commits;
    return true;
}

static uint64_t
count_commits(DnStore *store)
{
    g_autoptr(GError) error = NULL;
    uint64_t commits = 0;

    dn_store_each(store, NULL, DN_STORE_VISIT_BLOBS, count_visit, &commits, &error);
    g_assert_no_error(error);
    return commits;
}

static char *
segment_path(const Fixture *self, unsigned segment)
{
    return g_strdup_printf("%s/%06u.seg", self->log, segment);
}

static size_t
size_of(const Fixture *self, unsigned segment)
{
    g_autofree char *path = segment_path(self, segment);
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return (size_t)st.st_size;
}

/* True when the log can be written past the page cache here. */
static bool
writes_blocks(const Fixture *self)
{
    g_autofree char *path = segment_path(self, 1);
    int fd = dn_fs_open_direct(path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The bytes of one segment file. */
static uint8_t *
load(const Fixture *self, unsigned segment, size_t *out_size)
{
    g_autofree char *path = segment_path(self, segment);
    char *bytes = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    *out_size = size;
    return (uint8_t *)bytes;
}

static void
save(const Fixture *self, unsigned segment, const uint8_t *bytes, size_t size)
{
    g_autofree char *path = segment_path(self, segment);
    FILE *file = NULL;

    unlink(path);
    file = fopen(path, "wb");
    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(bytes, 1, size, file), ==, size);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* A process that is killed leaves its files as they are: a copy made while the store is open.
 * Without the zeros behind the last commit. */
static uint8_t *
load_as_killed(const Fixture *self, unsigned commits, size_t *out_size, size_t *out_last_start)
{
    DnStore *store = open_log(self, 0, true);
    uint8_t *bytes = NULL;

    for (unsigned i = 0; i < commits; i++) {
        *out_last_start = MAX(dn_store_end(store).offset, (uint64_t)DN_SEGMENT_HEADER);
        put(store, i);
    }
    bytes = load(self, 1, out_size);
    *out_size = MIN(*out_size, (size_t)dn_store_end(store).offset);
    dn_store_close(store);
    return bytes;
}

/* ---- crashes ---- */

static void
test_a_log_cut_at_any_byte_of_its_last_commit(Fixture *self, gconstpointer data)
{
    size_t size = 0;
    size_t start = 0;
    g_autofree uint8_t *bytes = load_as_killed(self, 3, &size, &start);

    (void)data;
    for (size_t end = start; end <= size; end++) {
        DnStore *store = NULL;
        bool whole = end == size;

        save(self, 1, bytes, end);
        store = open_log(self, 0, false);
        g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, whole ? 0 : end - start);
        g_assert_cmpuint(count_commits(store), ==, whole ? 3 : 2);
        put(store, whole ? 3 : 2); /* and it goes on */
        g_assert_cmpuint(count_commits(store), ==, whole ? 4 : 3);
        dn_store_close(store);
    }
}

/* What a disk may leave of a write that never finished: zeros, old bytes, any subset of blocks. */
static void
test_a_torn_tail_of_any_kind_is_cut(Fixture *self, gconstpointer data)
{
    size_t size = 0;
    size_t start = 0;
    g_autofree uint8_t *bytes = load_as_killed(self, 3, &size, &start);
    g_autofree uint8_t *torn = g_malloc0(size + 5000);

    (void)data;
    for (int kind = 0; kind < 5; kind++) {
        DnStore *store = NULL;
        size_t length = size;
        size_t cut =
            size - start; /* zeros that end a file are space, and no bytes that were lost */

        memcpy(torn, bytes, size);
        if (kind == 0) {
            memset(torn + start, 0, size - start);
            cut = 0;
        }
        if (kind == 1)
            memset(torn + start, 0x5a, size - start);
        if (kind == 2) /* the first half never came, the second did */
            memset(torn + start, 0, (size - start) / 2);
        if (kind == 3) { /* zeros behind it, as after a power cut on some file systems */
            length = size + 5000;
            cut = 100;
            memset(torn + start + cut, 0, length - start - cut);
        }
        if (kind == 4) { /* the same commit again, out of its place */
            memcpy(torn + start, bytes + DN_SEGMENT_HEADER, size - start);
        }
        save(self, 1, torn, length);
        store = open_log(self, 0, false);
        g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, cut);
        g_assert_cmpuint(size_of(self, 1), ==, start);
        g_assert_cmpuint(count_commits(store), ==, 2);
        dn_store_close(store);
    }
}

/* Two commits in one group, neither of them synced: the later one may reach the disk without the
 * earlier. That is no rot. */
static void
test_a_hole_in_an_unsynced_group_is_a_torn_tail(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) first = {0};
    g_auto(DnStoreReceipt) second = {0};
    DnStore *store = open_log(self, 0, true);
    g_autofree uint8_t *bytes = NULL;
    g_autoptr(GBytes) blob = NULL;
    size_t size = 0;
    uint64_t start = 0;

    (void)data;
    put(store, 0);
    start = dn_store_end(store).offset;
    g_assert_true(append_size(store, &tenant, 1, 20, &first, &error));
    g_assert_true(append_size(store, &tenant, 2, 20, &second, &error));
    blob = dn_store_read(store, &second.blobs[0], &error); /* so that the file has it */
    g_assert_no_error(error);
    bytes = load(self, 1, &size);
    dn_store_close(store);

    bytes[start + 10] ^= 1;
    save(self, 1, bytes, size);
    store = open_log(self, 0, false);
    g_assert_cmpuint(count_commits(store), ==, 1);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, second.end.offset - start);
    dn_store_close(store);
}

/* Every state in which a kill can leave a rollover. */
static void
test_a_rollover_may_be_interrupted_anywhere(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 2000, true);
    g_autofree uint8_t *first = NULL;
    g_autofree uint8_t *second = NULL;
    g_autofree char *second_path = segment_path(self, 2);
    size_t size = 0;
    size_t second_size = 0;
    uint64_t data_end = 0;
    uint64_t kept = 0;

    (void)data;
    while (dn_store_state(store).segments < 2) {
        data_end = dn_store_end(store).offset;
        put(store, kept++);
    }
    kept--; /* the last one stands in segment 2 */
    dn_store_close(store);
    first = load(self, 1, &size);
    second = load(self, 2, &second_size);

    for (size_t end = data_end; end <= size; end++) {
        for (int follower = 0; follower < 3; follower++) {
            if (end == size && follower == 0)
                continue; /* a finished segment without a follower is no crash: see below */
            if (end == size && follower == 1)
                continue; /* the follower was whole before the trailer was */
            save(self, 1, first, end);
            unlink(second_path);
            if (follower > 0)
                save(self, 2, second, follower == 1 ? 30 : DN_SEGMENT_HEADER);
            store = open_log(self, 2000, false);
            g_assert_cmpuint(count_commits(store), ==, kept);
            put(store, kept);
            g_assert_cmpuint(count_commits(store), ==, kept + 1);
            dn_store_close(store);
        }
    }
}

static void
test_a_creation_may_be_interrupted(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnStore *store = NULL;

    (void)data;
    g_assert_cmpint(mkdir(self->log, 0700), ==, 0);
    save(self, 1, (const uint8_t *)"dencho", 6);
    store = open_log(self, 0, true);
    put(store, 0);
    dn_store_close(store);
    g_assert_null(dn_store_open_segments(self->log, &archive, 0, true, &error));
    assert_code(error, EXISTS);
}

/* ---- rot ---- */

/* Opens and checks; true when something was said about @segment. */
static bool
is_reported(const Fixture *self, unsigned segment)
{
    g_autofree char *wanted = g_strdup_printf("segment %u, byte ", segment);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    DnStore *store = NULL;
    bool said = false;

    g_assert_true(dn_store_check_segments(self->log, &archive, problems, &error));
    for (guint i = 0; i < problems->len; i++)
        said = said || g_str_has_prefix(g_ptr_array_index(problems, i), wanted);
    g_ptr_array_set_size(problems, 0);

    store = dn_store_open_segments(self->log, &archive, 2000, false, &error);
    if (store) {
        bool checked = dn_store_check(store, problems, NULL);
        bool cut = dn_store_state(store).cut_bytes > 0;

        g_assert_true(checked);
        g_assert_true(problems->len > 0 || cut);
        dn_store_close(store);
    } else {
        /* An opening that fails says the same place. */
        g_assert_true(dn_error_code(error) == DN_ERROR_CORRUPT ||
                      dn_error_code(error) == DN_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "segment"));
    }
    return said;
}

static void
test_every_flipped_byte_of_a_finished_log_is_reported(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 2000, true);
    uint64_t commits = 0;
    unsigned segments = 0;

    (void)data;
    while (dn_store_state(store).segments < 3)
        put(store, commits++);
    put(store, commits++);
    segments = dn_store_state(store).segments;
    dn_store_close(store);
    for (unsigned segment = 1; segment <= segments; segment++) {
        size_t size = 0;
        g_autofree uint8_t *bytes = load(self, segment, &size);

        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= (uint8_t)(1 << i % 8);
            save(self, segment, bytes, size);
            g_assert_true(is_reported(self, segment));
            bytes[i] ^= (uint8_t)(1 << i % 8);
        }
        save(self, segment, bytes, size);
    }
    store = open_log(self, 2000, false);
    g_assert_cmpuint(count_commits(store), ==, commits);
    dn_store_close(store);
}

/* In the open segment, too, what once was durable is never cut. */
static void
test_rot_before_a_later_commit_is_corrupt(Fixture *self, gconstpointer data)
{
    size_t size = 0;
    size_t last = 0;
    g_autofree uint8_t *bytes = load_as_killed(self, 4, &size, &last);

    (void)data;
    for (size_t i = DN_SEGMENT_HEADER; i < last; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *after = NULL;
        size_t after_size = 0;

        bytes[i] ^= 0x10;
        save(self, 1, bytes, size);
        g_assert_null(dn_store_open_segments(self->log, &archive, 0, false, &error));
        g_assert_nonnull(strstr(error->message, "segment 1, byte "));
        assert_code(error, CORRUPT);
        after = load(self, 1, &after_size);
        g_assert_cmpmem(after, after_size, bytes, size); /* not touched */
        bytes[i] ^= 0x10;
    }
}

static void
test_rot_in_the_last_commit_of_a_closed_log_is_corrupt(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 0, true);
    g_autofree uint8_t *bytes = NULL;
    size_t size = 0;
    uint64_t end = 0;

    (void)data;
    put(store, 0);
    put(store, 1);
    end = dn_store_end(store).offset;
    dn_store_close(store);
    bytes = load(self, 1, &size);
    for (size_t i = DN_SEGMENT_HEADER; i < end; i++) {
        g_autoptr(GError) error = NULL;

        bytes[i] ^= 0x80;
        save(self, 1, bytes, size);
        g_assert_null(dn_store_open_segments(self->log, &archive, 0, false, &error));
        assert_code(error, CORRUPT);
        bytes[i] ^= 0x80;
    }
    /* Closing again and again adds one mark only. */
    save(self, 1, bytes, size);
    for (int i = 0; i < 3; i++)
        dn_store_close(open_log(self, 0, false));
    g_free(bytes);
    bytes = load(self, 1, &end);
    g_assert_cmpuint(end, ==, size);
}

static void
test_damage_is_reported_once_and_the_rest_is_checked(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 4000, true);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *bytes = NULL;
    DnStoreReceipt receipts[5] = {0};
    size_t size = 0;
    uint64_t commits = 0;

    (void)data;
    for (int i = 0; i < 5; i++, commits++) {
        g_assert_true(append_size(store, &tenant, commits, 20, &receipts[i], &error));
        g_assert_true(dn_store_wait(store, receipts[i].ticket, &error));
    }
    while (dn_store_state(store).segments < 2)
        put(store, commits++);
    bytes = load(self, 1, &size);
    bytes[receipts[1].blobs[0].offset] ^= 1;
    bytes[receipts[3].entries[0].offset] ^= 1;
    save(self, 1, bytes, size);

    g_assert_true(dn_store_check(store, problems, &error));
    g_assert_cmpuint(problems->len, ==, 2);
    for (int i = 0; i < 5; i++) { /* what is whole is still read */
        g_autoptr(GBytes) blob = dn_store_read(store, &receipts[i].blobs[0], &error);

        if (i != 1) {
            g_assert_no_error(error);
        } else {
            g_assert_nonnull(strstr(error->message, "segment 1, byte "));
            assert_code(error, CORRUPT);
        }
        dn_store_receipt_clear(&receipts[i]);
    }
    dn_store_close(store);
}

/* ---- theft and exchange ---- */

static void
assert_refused(const Fixture *self, const char *what)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_store_open_segments(self->log, &archive, 2000, false, &error));
    g_assert_nonnull(strstr(error->message, what));
    assert_code(error, CORRUPT);
}

static void
make_log_of(const Fixture *self, const DnUuid *whose, unsigned segments, size_t blob_size)
{
    g_autoptr(GError) error = NULL;
    DnStore *store = dn_store_open_segments(self->log, whose, 2000, true, &error);
    uint64_t commits = 0;

    g_assert_no_error(error);
    while (dn_store_state(store).segments < segments)
        g_assert_true(put_size(store, &tenant, commits++, blob_size, &error));
    dn_store_close(store);
}

static void
test_a_segment_taken_away_is_named(Fixture *self, gconstpointer data)
{
    (void)data;
    make_log_of(self, &archive, 4, 20);
    for (unsigned segment = 1; segment <= 4; segment++) {
        g_autofree char *path = segment_path(self, segment);
        g_autofree char *aside = g_strdup_printf("%s.aside", path);
        g_autofree char *wanted = g_strdup_printf("segment %u is missing", segment);
        g_autofree char *said = g_strdup_printf("segment %u, byte 0", segment);
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

        g_assert_cmpint(rename(path, aside), ==, 0);
        assert_refused(self, wanted);
        g_assert_true(dn_store_check_segments(self->log, &archive, problems, NULL));
        g_assert_cmpuint(problems->len, >, 0);
        g_assert_true(g_str_has_prefix(g_ptr_array_index(problems, 0), said));
        g_assert_cmpint(rename(aside, path), ==, 0);
    }
    dn_store_close(open_log(self, 2000, false));
}

static void
test_segments_in_each_others_place_are_named(Fixture *self, gconstpointer data)
{
    g_autofree uint8_t *two = NULL;
    g_autofree uint8_t *three = NULL;
    size_t two_size = 0;
    size_t three_size = 0;

    (void)data;
    make_log_of(self, &archive, 4, 20);
    two = load(self, 2, &two_size);
    three = load(self, 3, &three_size);
    save(self, 2, three, three_size);
    save(self, 3, two, two_size);
    assert_refused(self, "segment 2, byte 0: the file holds segment 3");
    save(self, 3, three, three_size);
    assert_refused(self, "segment 2");
}

static void
test_a_segment_of_another_archive_is_named(Fixture *self, gconstpointer data)
{
    g_autofree uint8_t *two = NULL;
    g_autofree uint8_t *ours = NULL;
    size_t size = 0;
    size_t ours_size = 0;

    (void)data;
    make_log_of(self, &foreign, 4, 20);
    two = load(self, 2, &size);
    g_assert_true(dn_fs_remove_tree(self->log, NULL));
    make_log_of(self, &archive, 4, 20);
    ours = load(self, 2, &ours_size);
    save(self, 2, two, size);
    assert_refused(self, "segment 2, byte 0: the segment belongs to another archive");
    save(self, 2, ours, ours_size);

    /* The same archive, number and form, but another history: a restored copy that went on. */
    g_free(two);
    g_assert_true(dn_fs_remove_tree(self->log, NULL));
    make_log_of(self, &archive, 4, 21);
    two = load(self, 2, &size);
    g_assert_true(dn_fs_remove_tree(self->log, NULL));
    make_log_of(self, &archive, 4, 20);
    save(self, 2, two, size);
    assert_refused(self, "segment 2, byte 0: it does not follow segment 1");
}

static void
test_a_newer_format_is_unsupported(Fixture *self, gconstpointer data)
{
    g_autofree uint8_t *bytes = NULL;
    g_autoptr(GError) error = NULL;
    DnSha256 check;
    size_t size = 0;

    (void)data;
    make_log_of(self, &archive, 1, 20);
    bytes = load(self, 1, &size);
    bytes[9]++;
    check = dn_sha256(bytes, 64);
    memcpy(bytes + 64, check.bytes, 8);
    save(self, 1, bytes, size);
    g_assert_null(dn_store_open_segments(self->log, &archive, 0, false, &error));
    assert_code(error, UNSUPPORTED);
}

/* ---- rollover and limits ---- */

static void
test_a_commit_lies_in_one_segment(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnStore *store = open_log(self, 4000, true);
    struct stat st;

    (void)data;
    for (uint64_t i = 0; i < 50; i++)
        g_assert_true(put_size(store, &tenant, i, i * 60, &error));
    g_assert_cmpuint(dn_store_state(store).segments, >, 10);
    g_assert_false(put_size(store, &tenant, 50, 4000, &error));
    assert_code(error, LIMIT);
    g_assert_true(put_size(store, &tenant, 50, 1000, &error));
    g_assert_cmpuint(count_commits(store), ==, 51);
    for (unsigned segment = 1; segment < dn_store_state(store).segments; segment++) {
        g_autofree char *path = segment_path(self, segment);

        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 0777, ==, 0400);
    }
    dn_store_close(store);
    store = open_log(self, 4000, false);
    g_assert_cmpuint(count_commits(store), ==, 51);
    dn_store_close(store);
}

/* ---- one sync for many ---- */

typedef struct {
    DnStore *store;
    DnUuid tenant;
    unsigned commits;
} Worker;

static gpointer
work(gpointer data)
{
    const Worker *worker = data;

    for (uint64_t i = 0; i < worker->commits; i++) {
        g_autoptr(GError) error = NULL;

        put_size(worker->store, &worker->tenant, i, 500, &error);
        g_assert_no_error(error);
    }
    return NULL;
}

static void
test_sixteen_threads_share_their_syncs(Fixture *self, gconstpointer data)
{
    enum { THREADS = 16, COMMITS = 25 };
    DnStore *store = open_log(self, 0, true);
    GThread *threads[THREADS];
    Worker workers[THREADS];
    uint64_t before = 0;
    uint64_t syncs = 0;

    (void)data;
    sync_delay_us = 2000; /* an ordinary disk */
    before = dn_fs_sync_count();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){store, {{(uint8_t)(i + 1)}}, COMMITS};
        threads[i] = g_thread_new("put", work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    syncs = dn_fs_sync_count() - before;
    sync_delay_us = 0;
    g_test_message("%d commits, %" G_GUINT64_FORMAT " syncs", THREADS * COMMITS, (guint64)syncs);
    g_assert_cmpuint(syncs, <, THREADS * COMMITS / 4);
    dn_store_close(store);
}

static void
test_one_thread_syncs_once_a_commit(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 0, true);
    uint64_t before = dn_fs_sync_count();

    (void)data;
    for (uint64_t i = 0; i < 10; i++)
        put(store, i);
    g_assert_cmpuint(dn_fs_sync_count() - before, ==, 10);
    dn_store_close(store);
}

static void
test_a_pipeline_of_one_thread_syncs_once(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnStore *store = open_log(self, 0, true);
    uint64_t before = dn_fs_sync_count();
    uint64_t tickets[10];

    (void)data;
    for (uint64_t i = 0; i < 10; i++) {
        g_auto(DnStoreReceipt) receipt = {0};

        g_assert_true(append_size(store, &tenant, i, 20, &receipt, &error));
        tickets[i] = receipt.ticket;
    }
    g_assert_cmpuint(count_commits(store), ==, 0);
    for (int i = 9; i >= 0; i--)
        g_assert_true(dn_store_wait(store, tickets[i], &error));
    g_assert_cmpuint(dn_fs_sync_count() - before, ==, 1);
    g_assert_cmpuint(count_commits(store), ==, 10);
    dn_store_close(store);
}

/* ---- a disk that fails ---- */

static void
test_a_full_disk_fails_and_goes_on(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 0, true);
    uint64_t stored = 0;

    (void)data;
    put(store, stored++);
    for (long room = 0; room < 600; room += 7) {
        g_autoptr(GError) error = NULL;
        g_auto(DnStoreReceipt) waiting = {0};
        bool fits = false;

        disk_room = room;
        fits = append_size(store, &tenant, stored, 20, &waiting, &error) &&
               put_size(store, &tenant, stored + 1, 20, &error);
        disk_room = -1;
        if (!fits) {
            g_assert_nonnull(strstr(error->message, "disk is full"));
            assert_code(error, IO);
            if (waiting.ticket) { /* it went with the one that failed */
                g_assert_false(dn_store_wait(store, waiting.ticket, &error));
                assert_code(error, IO);
            }
        } else {
            stored += 2;
        }
        g_assert_cmpuint(count_commits(store), ==, stored);
        put(store, stored++); /* space is back: so is the store */
    }
    dn_store_close(store);
    store = open_log(self, 0, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_cmpuint(count_commits(store), ==, stored);
    dn_store_close(store);
}

static void
test_a_full_disk_while_rolling_over(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 2000, true);
    uint64_t stored = 0;
    unsigned failures = 0;

    (void)data;
    for (int round = 0; round < 40; round++) {
        g_autoptr(GError) error = NULL;

        disk_room = 100 + round * 37;
        while (put_size(store, &tenant, stored, 20, &error))
            stored++;
        disk_room = -1;
        assert_code(error, IO);
        failures++;
        g_assert_cmpuint(count_commits(store), ==, stored);
        dn_store_close(store);
        store = open_log(self, 2000, false);
        g_assert_cmpuint(count_commits(store), ==, stored);
        put(store, stored++);
    }
    g_assert_cmpuint(failures, ==, 40);
    g_assert_cmpuint(dn_store_state(store).segments, >, 5);
    dn_store_close(store);
}

static void
test_after_a_failed_sync_nothing_is_taken(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GBytes) blob = NULL;
    DnStore *store = open_log(self, 0, true);

    (void)data;
    g_assert_true(append_size(store, &tenant, 0, 20, &receipt, &error));
    g_assert_true(dn_store_wait(store, receipt.ticket, &error));
    sync_fails = 1;
    g_assert_false(put_size(store, &tenant, 1, 20, &error));
    assert_code(error, IO);
    g_assert_false(put_size(store, &tenant, 1, 20, &error)); /* though the disk would work again */
    assert_code(error, IO);
    blob = dn_store_read(store, &receipt.blobs[0], &error); /* reads go on */
    g_assert_no_error(error);
    g_assert_cmpuint(count_commits(store), ==, 1);
    dn_store_close(store);

    store = open_log(self, 0, false);
    g_assert_cmpuint(count_commits(store), ==, 1); /* what failed has not come back */
    put(store, 1);
    dn_store_close(store);
}

static void
test_a_sync_that_fails_for_many(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) first = {0};
    g_auto(DnStoreReceipt) second = {0};
    DnStore *store = open_log(self, 0, true);

    (void)data;
    g_assert_true(append_size(store, &tenant, 0, 20, &first, &error));
    g_assert_true(append_size(store, &tenant, 1, 20, &second, &error));
    sync_fails = 1;
    g_assert_false(dn_store_wait(store, first.ticket, &error));
    assert_code(error, IO);
    g_assert_false(dn_store_wait(store, second.ticket, &error));
    assert_code(error, IO);
    dn_store_close(store);
    store = open_log(self, 0, false);
    g_assert_cmpuint(count_commits(store), ==, 0);
    dn_store_close(store);
}

/* Each sync of a rollover fails in turn, and in half of the cases the cut after it does too. */
static void
test_a_sync_that_fails_while_rolling_over(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 2000, true);
    /* The cut of what fills the last block, the follower, its folder, the trailer; then the commit
     * itself. */
    bool blocks = writes_blocks(self);
    const int syncs = blocks ? 5 : 4;
    uint64_t stored = 0;

    (void)data;
    for (int round = 0; round < 2 * syncs; round++) {
        uint32_t segment = dn_store_state(store).segments;
        g_autoptr(GError) error = NULL;
        uint64_t kept = 0;

        while (dn_store_end(store).offset < 1500)
            put(store, stored++); /* the next commit does not fit */
        g_assert_cmpuint(dn_store_state(store).segments, ==, segment);
        sync_passes = round % syncs;
        sync_fails = 1;
        cut_fails = round / syncs;
        cut_passes = blocks && cut_fails ? 1 : 0; /* to the one after the failure */
        g_assert_false(put_size(store, &tenant, stored, 500, &error));
        assert_code(error, IO);
        cut_fails = 0;
        dn_store_close(store);
        store = open_log(self, 2000, false);
        kept = count_commits(store); /* with a failed cut the opening decides */
        g_assert_cmpuint(kept, >=, stored);
        g_assert_cmpuint(kept, <=, stored + (uint64_t)(round / syncs));
        stored = kept;
        put(store, stored++);
        g_assert_cmpuint(count_commits(store), ==, stored);
    }
    dn_store_close(store);
}

static void
test_a_cut_that_fails_shuts_the_store(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    uint64_t cut = 0; /* what the disk takes of the commit: the rest of the first sector */
    DnStore *store = open_log(self, 0, true);

    (void)data;
    put(store, 0);
    disk_room = writes_blocks(self) ? SECTOR : SECTOR - (long)dn_store_end(store).offset;
    cut = (uint64_t)SECTOR - dn_store_end(store).offset;
    cut_fails = 1;
    g_assert_false(put_size(store, &tenant, 1, 20, &error));
    disk_room = -1;
    assert_code(error, IO);
    g_assert_false(put_size(store, &tenant, 1, 20, &error));
    assert_code(error, IO);
    g_assert_cmpuint(count_commits(store), ==, 1);
    dn_store_close(store);
    store = open_log(self, 0, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, cut);
    g_assert_cmpuint(count_commits(store), ==, 1);
    dn_store_close(store);
}

/* Threads that read, visit and check while others append, roll over and fail. */
static gpointer
read_on(gpointer data)
{
    DnStore *store = data;

    for (int i = 0; i < 20; i++) {
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;

        count_commits(store);
        g_assert_true(dn_store_check(store, problems, &error));
        g_assert_cmpuint(problems->len, ==, 0);
        dn_store_end(store);
        dn_store_state(store);
    }
    return NULL;
}

static gpointer
write_on(gpointer data)
{
    DnStore *store = data;

    for (uint64_t i = 0; i < 200; i++)
        put(store, i);
    return NULL;
}

static void
test_readers_see_whole_commits_only(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 6000, true);
    GThread *writer = g_thread_new("write", write_on, store);
    GThread *readers[3];

    (void)data;
    for (int i = 0; i < 3; i++)
        readers[i] = g_thread_new("read", read_on, store);
    for (int i = 0; i < 3; i++)
        g_thread_join(readers[i]);
    g_thread_join(writer);
    g_assert_cmpuint(count_commits(store), ==, 200);
    dn_store_close(store);
}

/* ---- space that is filled ahead ---- */

enum { AHEAD_SEGMENT = 1 << 20, AHEAD_COMMITS = 12 };

/* A log of AHEAD_COMMITS commits, and zeros behind them to the end of the segment: another thread
 * writes them, and nothing more when they are there. */
static DnStore *
open_filled(const Fixture *self)
{
    DnStore *store = open_log(self, AHEAD_SEGMENT, true);

    for (unsigned i = 0; i < AHEAD_COMMITS; i++)
        put(store, i);
    while (size_of(self, 1) < AHEAD_SEGMENT)
        g_usleep(1000);
    g_assert_cmpuint(dn_store_end(store).offset, <, AHEAD_SEGMENT / 2);
    return store;
}

static unsigned
count_problems(DnStore *store)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    g_assert_true(dn_store_check(store, problems, NULL));
    return problems->len;
}

static unsigned
count_problems_at_rest(const Fixture *self)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    g_assert_true(dn_store_check_segments(self->log, &archive, problems, NULL));
    return problems->len;
}

static void
test_zeros_ahead_are_no_part_of_the_log(Fixture *self, gconstpointer data)
{
    DnStore *store = open_filled(self);
    uint64_t end = dn_store_end(store).offset;

    (void)data;
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS);
    g_assert_cmpuint(dn_store_state(store).bytes, ==, end);
    g_assert_cmpuint(count_problems(store), ==, 0);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
    put(store, AHEAD_COMMITS); /* into them */
    g_assert_cmpuint(size_of(self, 1), ==, AHEAD_SEGMENT);
    end = dn_store_end(store).offset;
    dn_store_close(store);
    g_assert_cmpuint(size_of(self, 1), ==, end + DN_FRAME_HEADER + DN_MARK_BODY);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS + 1);
    dn_store_close(store);
}

/* Behind a kill: zeros are nothing that was lost, what stands in them is, and what was durable is
 * still told from it. */
static void
test_zeros_ahead_behind_a_kill(Fixture *self, gconstpointer data)
{
    DnStore *store = open_filled(self);
    uint64_t end = dn_store_end(store).offset;
    size_t size = 0;
    g_autofree uint8_t *bytes = load(self, 1, &size);
    g_autoptr(GError) error = NULL;

    (void)data;
    dn_store_close(store);
    g_assert_cmpuint(size, ==, AHEAD_SEGMENT);
    save(self, 1, bytes, size);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_cmpuint(size_of(self, 1), ==, end);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS);
    put(store, AHEAD_COMMITS);
    dn_store_close(store);

    bytes[end + 49] = 1; /* the write of a commit had begun */
    save(self, 1, bytes, size);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 1);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 50);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS);
    dn_store_close(store);

    bytes[DN_SEGMENT_HEADER + DN_FRAME_HEADER] ^= 1; /* of the first blob */
    save(self, 1, bytes, size);
    g_assert_null(dn_store_open_segments(self->log, &archive, AHEAD_SEGMENT, false, &error));
    assert_code(error, CORRUPT);
}

/* The trailer is the last of its file, whatever was filled. */
static void
test_zeros_ahead_end_with_their_segment(Fixture *self, gconstpointer data)
{
    DnStore *store = open_filled(self);
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(
        put_size(store, &tenant, AHEAD_COMMITS, AHEAD_SEGMENT - 1000, &error)); /* rolls over */
    g_assert_cmpuint(dn_store_state(store).segments, ==, 2);
    g_assert_cmpuint(size_of(self, 1), <, AHEAD_SEGMENT / 2);
    g_assert_cmpuint(count_problems(store), ==, 0);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS + 1);
    dn_store_close(store);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS + 1);
    dn_store_close(store);
}

static void
test_zeros_ahead_that_cannot_be_cut_off(Fixture *self, gconstpointer data)
{
    DnStore *store = open_filled(self);
    g_autoptr(GError) error = NULL;

    (void)data;
    cut_fails = 1;
    g_assert_false(put_size(store, &tenant, AHEAD_COMMITS, AHEAD_SEGMENT - 1000, &error));
    assert_code(error, IO);
    g_assert_cmpuint(count_problems(store), ==, 0);
    sync_fails = 1; /* nobody knows now what the disk has of the cut */
    g_assert_false(put_size(store, &tenant, AHEAD_COMMITS, AHEAD_SEGMENT - 1000, &error));
    assert_code(error, IO);
    g_assert_false(put_size(store, &tenant, AHEAD_COMMITS, 20, &error));
    assert_code(error, IO);
    dn_store_close(store);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_true(put_size(store, &tenant, AHEAD_COMMITS, AHEAD_SEGMENT - 1000, &error));
    dn_store_close(store);
}

/* A write that fails takes the zeros with it, and the store goes on. */
static void
test_a_failed_write_into_zeros(Fixture *self, gconstpointer data)
{
    DnStore *store = open_filled(self);
    uint64_t end = dn_store_end(store).offset;
    g_autoptr(GError) error = NULL;

    (void)data;
    disk_room = 100;
    g_assert_false(put_size(store, &tenant, AHEAD_COMMITS, 20, &error));
    assert_code(error, IO);
    disk_room = -1;
    g_assert_cmpuint(size_of(self, 1), ==, end);
    put(store, AHEAD_COMMITS);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS + 1);
    dn_store_close(store);
    store = open_log(self, AHEAD_SEGMENT, false);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_cmpuint(count_commits(store), ==, AHEAD_COMMITS + 1);
    dn_store_close(store);
}

/* Puts go on while the space ahead of them is filled, over many segments. */
static void
test_zeros_and_commits_do_not_meet(Fixture *self, gconstpointer data)
{
    enum { MANY = 3000, BLOB = 5000 };
    DnStore *store = open_log(self, 4 << 20, true);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (unsigned i = 0; i < MANY; i++)
        g_assert_true(put_size(store, &tenant, i, BLOB, &error));
    g_assert_cmpuint(count_commits(store), ==, MANY);
    g_assert_cmpuint(count_problems(store), ==, 0);
    dn_store_close(store);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
}

/* ---- writing past the page cache ---- */

/* A block that is begun is written again with the next commit: what stood in it stands in the
 * write, too, whatever the sizes are. */
static void
test_a_begun_block_keeps_its_bytes(Fixture *self, gconstpointer data)
{
    DnStore *store = open_log(self, 0, true);
    g_autoptr(GError) error = NULL;
    unsigned commits = 0;

    (void)data;
    block_writes = 0;
    for (; commits < 60; commits++) {
        kept_end = (long)dn_store_end(store).offset;
        g_assert_true(put_size(store, &tenant, commits, (commits * 977) % 9000, &error));
    }
    g_assert_true(put_size(store, &tenant, commits++, 5000000, &error)); /* several writes */
    kept_end = (long)dn_store_end(store).offset;
    disk_room = SECTOR; /* one that fails, and then the next */
    g_assert_false(put_size(store, &tenant, commits, 7000, &error));
    assert_code(error, IO);
    disk_room = -1;
    g_assert_true(put_size(store, &tenant, commits++, 100, &error));
    kept_end = 0;
    g_assert_cmpuint(changed_writes, ==, 0);
    if (writes_blocks(self))
        g_assert_cmpuint(block_writes, >=, commits);
    g_assert_cmpuint(count_commits(store), ==, commits);
    g_assert_cmpuint(count_problems(store), ==, 0);
    dn_store_close(store);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
}

/* Of a write that was not synced any sectors may be there and the others not. */
static void
test_a_begun_block_torn_anywhere(Fixture *self, gconstpointer data)
{
    enum { COMMITS = 2 };
    DnStore *store = open_log(self, 0, true);
    g_autofree uint8_t *old = NULL;
    g_autofree uint8_t *new = NULL;
    g_autofree uint8_t *torn = NULL;
    g_autoptr(GError) error = NULL;
    size_t old_size = 0;
    size_t size = 0;
    size_t sectors = 0;

    (void)data;
    for (unsigned i = 0; i < COMMITS; i++)
        put(store, i);
    old = load(self, 1, &old_size);
    g_assert_true(put_size(store, &tenant, COMMITS, 6000, &error));
    new = load(self, 1, &size);
    dn_store_close(store);
    old = g_realloc(old, size);
    memset(old + old_size, 0, size - old_size);
    torn = g_malloc(size);
    sectors = (size + SECTOR - 1) / SECTOR;

    for (size_t odd = 0; odd < 4 * sectors; odd++) {
        uint64_t found = 0;

        for (size_t i = 0; i < sectors; i++) {
            size_t part = MIN((size_t)SECTOR, size - i * SECTOR);
            bool is_new = odd % 4 == 0   ? i == odd / 4
                          : odd % 4 == 1 ? i != odd / 4
                          : odd % 4 == 2 ? i < odd / 4
                                         : i > odd / 4;

            memcpy(torn + i * SECTOR, (is_new ? new : old) + i * SECTOR, part);
        }
        save(self, 1, torn, size);
        store = open_log(self, 0, false);
        found = count_commits(store);
        g_assert_true(found == COMMITS || (found == COMMITS + 1 && memcmp(torn, new, size) == 0));
        dn_store_close(store);
    }
}

static void
put_many(DnStore *store, uint64_t *stored, unsigned count)
{
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < count; i++) {
        put_size(store, &tenant, *stored, (*stored * 977) % 9000, &error);
        g_assert_no_error(error);
        ++*stored;
    }
}

/* A file system may say no when the file is opened or when it is written, or take a part. */
static void
test_a_file_system_that_takes_no_blocks(Fixture *self, gconstpointer data)
{
    static const int refusals[] = {EINVAL, EOPNOTSUPP};
    DnStore *store = open_log(self, 40000, true);
    uint64_t stored = 0;

    (void)data;
    put_many(store, &stored, 5);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        blocks_fail = refusals[i];
        block_writes = 0;
        put_many(store, &stored, 2);
        g_assert_cmpuint(block_writes, <=, 2); /* it is not asked each time; maybe a new segment */
        put_many(store, &stored, 10);          /* rolling over asks again */
        blocks_fail = 0;
        put_many(store, &stored, 10);
    }
    for (long part = 0; part < 3 * 4096; part += SECTOR) {
        blocks_short = part;
        put_many(store, &stored, 1);
        put_many(store, &stored, 1);
        blocks_short = 0;
    }
    g_assert_cmpuint(count_commits(store), ==, stored);
    g_assert_cmpuint(count_problems(store), ==, 0);
    dn_store_close(store);
    g_assert_cmpuint(count_problems_at_rest(self), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/segment/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(a_log_cut_at_any_byte_of_its_last_commit);
    T(a_torn_tail_of_any_kind_is_cut);
    T(a_hole_in_an_unsynced_group_is_a_torn_tail);
    T(a_rollover_may_be_interrupted_anywhere);
    T(a_creation_may_be_interrupted);
    T(every_flipped_byte_of_a_finished_log_is_reported);
    T(rot_before_a_later_commit_is_corrupt);
    T(rot_in_the_last_commit_of_a_closed_log_is_corrupt);
    T(damage_is_reported_once_and_the_rest_is_checked);
    T(a_segment_taken_away_is_named);
    T(segments_in_each_others_place_are_named);
    T(a_segment_of_another_archive_is_named);
    T(a_newer_format_is_unsupported);
    T(a_commit_lies_in_one_segment);
    T(sixteen_threads_share_their_syncs);
    T(one_thread_syncs_once_a_commit);
    T(a_pipeline_of_one_thread_syncs_once);
    T(a_full_disk_fails_and_goes_on);
    T(a_full_disk_while_rolling_over);
    T(after_a_failed_sync_nothing_is_taken);
    T(a_sync_that_fails_for_many);
    T(a_sync_that_fails_while_rolling_over);
    T(a_cut_that_fails_shuts_the_store);
    T(readers_see_whole_commits_only);
    T(zeros_ahead_are_no_part_of_the_log);
    T(zeros_ahead_behind_a_kill);
    T(zeros_ahead_end_with_their_segment);
    T(zeros_ahead_that_cannot_be_cut_off);
    T(a_failed_write_into_zeros);
    T(zeros_and_commits_do_not_meet);
    T(a_begun_block_keeps_its_bytes);
    T(a_begun_block_torn_anywhere);
    T(a_file_system_that_takes_no_blocks);
    return g_test_run();
}
