/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/store/test-segment-copy.c - extents: what is copied is what was there, and no damage
 * passes.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/store/segment-copy.h"
#include "engine/store/segment-format.h"
#include "engine/store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMITS = 6, LARGE = (1 << 20) + 12345 }; /* a body that does not fit a piece */

static const DnUuid archive = {{1, 2, 3}};
static const DnUuid tenant = {{4, 5, 6}};

typedef struct {
    char *dir;
    char *path;
    uint8_t *bytes;
    gsize size;
    uint64_t ends[COMMITS];
} Fixture;

static void
append(DnStore *store, uint64_t seq, size_t size, uint64_t *out_end)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = g_malloc0(size);
    g_autoptr(GBytes) blob = g_bytes_new(content, size);
    g_autoptr(GBytes) line = g_bytes_new_static("line", 4);
    DnStoreBlob blobs = {.id = {{(uint8_t)seq}}, .part = 'o', .sealed = blob};
    DnStoreEntry entry = {.seq = seq, .sealed = line};
    DnStoreCommit commit = {.tenant = tenant,
                            .expected_head = seq - 1,
                            .blobs = &blobs,
                            .blob_count = 1,
                            .entries = &entry,
                            .entry_count = 1};
    g_auto(DnStoreReceipt) receipt = {0};

    g_assert_true(dn_store_append(store, &commit, &receipt, &error));
    g_assert_true(dn_store_wait(store, receipt.ticket, &error));
    *out_end = receipt.end.offset;
}

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    size_t large = data ? (size_t)LARGE : 300;

    f->dir = g_dir_make_tmp("dencho-copy-XXXXXX", &error);
    g_autofree char *log = g_build_filename(f->dir, "log", NULL);
    g_autoptr(DnStore) store = dn_store_open_segments(log, &archive, 0, true, &error);

    g_assert_no_error(error);
    for (uint64_t i = 0; i < COMMITS; i++)
        append(store, i + 1, i % 2 ? 10 : large, &f->ends[i]);
    g_clear_pointer(&store, dn_store_close);
    f->path = g_build_filename(log, "000001.seg", NULL);
    g_assert_true(g_file_get_contents(f->path, (char **)&f->bytes, &f->size, &error));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(dn_fs_remove_tree(f->dir, NULL));
    g_free(f->dir);
    g_free(f->path);
    g_free(f->bytes);
}

static bool
count_bytes(uint64_t bytes, void *user_data)
{
    *(uint64_t *)user_data += bytes;
    return true;
}

static bool
refuse(uint64_t bytes, void *user_data)
{
    (void)bytes;
    (void)user_data;
    return false;
}

static DnSegmentCopy
copy_from(int source, uint64_t from, uint64_t to)
{
    return (DnSegmentCopy){
        .archive = archive, .segment = 1, .from = from, .to = to, .source = source, .target = -1};
}

/* Cut at every commit, the parts are the whole; each can be checked alone, from its own file. */
static void
test_parts_make_the_whole(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *joined = g_build_filename(f->dir, "joined", NULL);
    g_autofree char *found = NULL;
    gsize size = 0;
    uint64_t told = 0;
    int source = open(f->path, O_RDONLY | O_CLOEXEC);
    int target = open(joined, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    (void)data;
    for (int i = 0; i <= COMMITS; i++) {
        uint64_t from = i > 0 ? f->ends[i - 1] : 0;
        uint64_t to = i < COMMITS ? f->ends[i] : f->size; /* the mark of the closing */
        g_autofree char *alone = g_strdup_printf("%s/part%d", f->dir, i);
        DnSegmentCopy copy = copy_from(source, from, to);
        DnSha256 wanted = dn_sha256(f->bytes + from, (size_t)(to - from));
        DnSha256 digest;

        copy.target = target;
        copy.tick = count_bytes;
        copy.user_data = &told;
        g_assert_true(dn_segment_copy(&copy, &digest, NULL, &error));
        g_assert_true(dn_sha256_equal(&digest, &wanted));
        g_assert_true(
            g_file_set_contents(alone, (char *)f->bytes + from, (gssize)(to - from), &error));
        int part = open(alone, O_RDONLY | O_CLOEXEC);
        DnSegmentCopy check = copy_from(part, from, to);

        check.base = from;
        g_assert_true(dn_segment_copy(&check, &digest, NULL, &error));
        g_assert_true(dn_sha256_equal(&digest, &wanted));
        close(part);
    }
    g_assert_cmpuint(told, ==, f->size);
    g_assert_true(g_file_get_contents(joined, &found, &size, &error));
    g_assert_cmpmem(found, size, f->bytes, f->size);
    close(source);
    close(target);
}

static void
test_no_damage_passes(Fixture *f, gconstpointer data)
{
    int file = open(f->path, O_RDWR | O_CLOEXEC);

    (void)data;
    for (uint64_t at = 0; at < f->size; at++) {
        g_autoptr(GError) error = NULL;
        uint8_t changed = f->bytes[at] ^ 0x04;
        uint64_t bad = UINT64_MAX;
        DnSegmentCopy copy = copy_from(file, 0, f->size);
        DnSha256 digest;

        g_assert_cmpint(pwrite(file, &changed, 1, (off_t)at), ==, 1);
        g_assert_false(dn_segment_copy(&copy, &digest, &bad, &error));
        /* A kind or a version that nobody knows may be a newer program's. */
        if (dn_error_code(error) != DN_ERROR_UNSUPPORTED)
            g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_CORRUPT);
        g_assert_cmpuint(bad, <=, at);
        g_assert_nonnull(strstr(error->message, "segment 1, byte "));
        g_assert_cmpint(pwrite(file, &f->bytes[at], 1, (off_t)at), ==, 1);
    }
    close(file);
}

static void
test_what_ends_too_early_or_is_elsewhere_does_not_pass(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int source = open(f->path, O_RDONLY | O_CLOEXEC);
    DnSha256 digest;

    (void)data;
    for (uint64_t to = 1; to < f->size; to++) {
        bool whole = to == DN_SEGMENT_HEADER;
        DnSegmentCopy copy = copy_from(source, 0, to);
        bool passed = dn_segment_copy(&copy, &digest, NULL, &error);

        /* Frames are what is checked: an end between two of them passes. */
        if (!passed)
            g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_CORRUPT);
        g_assert_true(!whole || passed);
        g_clear_error(&error);
    }
    DnSegmentCopy beyond = copy_from(source, 0, f->size + 1);
    DnSegmentCopy other = copy_from(source, 0, f->size);
    DnSegmentCopy stranger = copy_from(source, f->ends[0], f->size);

    g_assert_false(dn_segment_copy(&beyond, &digest, NULL, &error));
    g_clear_error(&error);
    other.segment = 2;
    g_assert_false(dn_segment_copy(&other, &digest, NULL, &error));
    g_clear_error(&error);
    stranger.archive.bytes[0] ^= 1;
    g_assert_false(dn_segment_copy(&stranger, &digest, NULL, &error));
    g_clear_error(&error);
    close(source);
}

static void
test_it_can_be_stopped(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int source = open(f->path, O_RDONLY | O_CLOEXEC);
    DnSegmentCopy copy = copy_from(source, 0, f->size);
    DnSha256 digest;

    (void)data;
    copy.tick = refuse;
    g_assert_false(dn_segment_copy(&copy, &digest, NULL, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_BUSY);
    close(source);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, data)                                                                              \
    g_test_add("/store/segment-copy/" #name, Fixture, data, set_up, test_##name, tear_down)
    T(parts_make_the_whole, "large");
    T(no_damage_passes, NULL);
    T(what_ends_too_early_or_is_elsewhere_does_not_pass, NULL);
    T(it_can_be_stopped, "large");
    return g_test_run();
}
