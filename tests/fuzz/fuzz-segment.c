/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-segment.c - frames, trailers and whole segment files.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/store/segment-format.h"
#include "engine/store/store.h"

/* That of samples/vectors/1, so that its segments are seeds. */
static const DnUuid archive = {{0x01, 0x93, 0x2b, 0x5e, 0x7c, 0x1a, 0x7d, 0xef, 0x81, 0x23, 0x45,
                                0x67, 0x89, 0xab, 0xcd, 0xef}};

static bool
visit(const DnStoreVisit *commit, void *user_data, GError **error)
{
    (void)user_data;
    (void)error;
    g_assert_cmpuint(commit->entry_count, >, 0);
    return true;
}

static void
try_parts(const uint8_t *data, size_t size)
{
    const DnFramePlace place = {.archive = archive, .segment = 1, .offset = DN_SEGMENT_HEADER};
    g_auto(DnTrailer) trailer = {0};
    DnSha256 previous;
    DnFrame frame;
    DnCommitBody commit;
    uint64_t offset = 0;

    if (size >= DN_SEGMENT_HEADER)
        dn_segment_header_read(data, &archive, 1, &previous, NULL);
    if (size >= DN_FRAME_HEADER)
        dn_frame_read(&place, data, &frame, NULL);
    if (size >= DN_COMMIT_BODY)
        dn_commit_body_read(data, &commit);
    if (size >= DN_TRAILER_FOOTER)
        dn_trailer_find(data + size - DN_TRAILER_FOOTER, size, &offset);
    dn_trailer_read(data, size, &trailer, NULL);
}

static void
try_file(const uint8_t *data, size_t size)
{
    g_autofree char *dir = fuzz_path("log");
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_autofree char *path G_GNUC_UNUSED = fuzz_file("log/000001.seg", data, size);

    dn_store_check_segments(dir, &archive, problems, NULL);
    g_autoptr(DnStore) store = dn_store_open_segments(dir, &archive, 0, false, NULL);

    if (store)
        dn_store_each(store, NULL, DN_STORE_VISIT_BLOBS, visit, NULL, NULL);
    g_clear_pointer(&store, dn_store_close);
    g_assert_true(dn_fs_remove_tree(dir, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] != 'f')
        try_parts(data + 1, size - 1);
    else if (size > 0)
        try_file(data + 1, size - 1);
    return 0;
}
