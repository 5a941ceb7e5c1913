/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-forms.c - one archive with blobs of every form that was ever sealed.
 *
 * The first vouchers come in as an older program sealed them (tests/unit/seal/forms.h), the others
 * through the front door. Whatever is done with an archive is done with all of them.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "tests/unit/seal/forms.h"
#include "tests/unit/engine/fixture.h"

#include <stdio.h>
#include <string.h>

static const DnArchiveOptions defaults = {.actor = "test", .worker_path = "/nonexistent"};

typedef struct {
    uint8_t version;
    uint8_t chunk_log2;
} Form;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture_init(fixture, NULL);
    fixture->archive = dn_archive_open(fixture->dir, &defaults, &error);
    g_assert_no_error(error);
}

static GBytes *
document(size_t size, unsigned number)
{
    uint8_t *bytes = g_malloc(size + 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 4099 + number);
    return g_bytes_new_take(bytes, size);
}

/* Into the log as an older program did it; the view learns of it with the next opening. */
static DnUuid
put_old(Fixture *fixture, GBytes *plain, Form form)
{
    DnArchive *archive = fixture->archive;
    DnClockReading clock = dn_clock_read();
    DnUuid voucher = dn_uuid_new();
    DnNewBlob blob = dn_new_blob(DN_PART_ORIGINAL, plain, NULL);
    DnSealName name = {archive->tenant, blob.id, blob.part};
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.registered", &voucher);
    g_autoptr(GError) error = NULL;
    DnLedgerHead head;
    DnLedgerHead next;

    dn_json_set_string(entry, "origin", "electronic");
    dn_json_set_string(entry, "received", "2026-04-01");
    dn_json_set_string(entry, "period", "2026");
    dn_json_take(entry, "blob", dn_blob_ref(&blob));
    dn_json_take(entry, "values", json_object());
    g_assert_true(dn_view_head(archive, &archive->tenant, &head, &error));
    g_autofree char *line =
        dn_entry_line(entry, &archive->tenant, "test", &clock, &head, &next, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) sealed =
        form_seal(archive->keys, &name, "2026", plain, form.version, form.chunk_log2);
    g_autoptr(GBytes) sealed_line =
        dn_seal_line(archive->keys, &archive->tenant, next.seq, line, &error);
    g_assert_no_error(error);
    DnStoreBlob store_blob = {.id = blob.id, .part = (char)blob.part, .sealed = sealed};
    DnStoreEntry store_entry = {.seq = next.seq, .sealed = sealed_line};
    DnStoreCommit commit = {archive->tenant, head.seq, &store_blob, 1, &store_entry, 1};
    g_auto(DnStoreReceipt) receipt = {0};

    g_assert_true(dn_store_append(archive->store, &commit, &receipt, &error));
    g_assert_true(dn_store_wait(archive->store, receipt.ticket, &error));
    g_clear_pointer(&fixture->archive, dn_archive_close);
    fixture->archive = dn_archive_open(fixture->dir, &defaults, &error);
    g_assert_no_error(error);
    return voucher;
}

static DnUuid
put_now(Fixture *fixture, GBytes *plain)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnUuid id;

    g_assert_true(dn_archive_ingest(fixture->archive, plain,
                                    &(DnIngest){.as_is = true, .no_wait = true}, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

static int64_t
verify(DnArchive *archive, GPtrArray *failures)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;

    g_assert_true(dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, collect, NULL, failures,
                                    &totals, &error));
    g_assert_no_error(error);
    return dn_json_int(totals, "failed", -1);
}

static void
check_piece(DnPartReader *reader, GBytes *plain, uint64_t from, uint64_t to)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) wanted = g_bytes_new_from_bytes(plain, from, to - from);
    g_autoptr(GBytes) piece = dn_part_reader_read(reader, from, to - from, &error);

    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(piece, wanted));
}

/* From and to every edge of a chunk, the byte before and the byte behind, by one reader in turn and
 * by a fresh one. */
static void
check_pieces(DnArchive *archive, const DnUuid *id, GBytes *plain, uint64_t chunk)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnPartReader) kept = dn_archive_open_part(archive, id, NULL, 0, &error);
    uint64_t size = g_bytes_get_size(plain);
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    g_assert_no_error(error);
    g_assert_cmpuint(dn_part_reader_size(kept), ==, size);
    for (uint64_t edge = 0; edge <= size + 1; edge += chunk)
        for (uint64_t place = MAX(edge, 1) - 1; place <= MIN(edge + 1, size); place++)
            g_array_append_val(places, place);
    g_array_append_val(places, size);
    for (guint i = 0; i < places->len; i++)
        for (guint k = 0; k < places->len; k++) {
            uint64_t from = g_array_index(places, uint64_t, i);
            uint64_t to = g_array_index(places, uint64_t, k);

            if (from > to)
                continue;
            g_autoptr(DnPartReader) fresh = dn_archive_open_part(archive, id, NULL, 0, &error);

            g_assert_no_error(error);
            check_piece(kept, plain, from, to);
            check_piece(fresh, plain, from, to);
        }
    g_assert_null(dn_part_reader_read(kept, size, 1, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(dn_part_reader_read(kept, UINT64_MAX, 2, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
}

static void
check_whole(DnArchive *archive, const DnUuid *id, GBytes *plain)
{
    g_autoptr(GError) error = NULL;
    const char *media_type = NULL;
    g_autoptr(GBytes) bytes = dn_archive_cat(archive, id, NULL, 0, &media_type, &error);

    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(bytes, plain));
}

/* Sizes about whole chunks; the steps in which a reader goes on hold five chunks of today's form.
 */
static void
test_an_archive_may_mix_them(Fixture *fixture, gconstpointer data)
{
    static const Form old[] = {{1, 20}, {2, 12}, {2, 17}};
    static const Form now = {2, 14};
    enum { FORMS = 4, SIZES = 3 };
    GBytes *plain[FORMS * SIZES];
    DnUuid ids[FORMS * SIZES];
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);

    (void)data;
    for (unsigned i = 0; i < FORMS * SIZES; i++) {
        bool is_old = i / SIZES < G_N_ELEMENTS(old);
        Form form = is_old ? old[i / SIZES] : now;
        size_t chunks = form.chunk_log2 == 20 ? 2 : 6;

        plain[i] = document((chunks << form.chunk_log2) + i % SIZES - 1, i);
        ids[i] = is_old ? put_old(fixture, plain[i], form) : put_now(fixture, plain[i]);
    }
    for (unsigned i = 0; i < FORMS * SIZES; i++) {
        Form form = i / SIZES < G_N_ELEMENTS(old) ? old[i / SIZES] : now;

        check_whole(fixture->archive, &ids[i], plain[i]);
        check_pieces(fixture->archive, &ids[i], plain[i], UINT64_C(1) << form.chunk_log2);
        g_bytes_unref(plain[i]);
    }
    g_assert_cmpint(verify(fixture->archive, failures), ==, 0);
}

/* The same file, as a disk does it. */
static void
flip_in_place(const char *path, long offset)
{
    FILE *file = fopen(path, "r+");
    int byte = 0;

    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, offset, SEEK_SET), ==, 0);
    byte = fgetc(file);
    g_assert_cmpint(fseek(file, offset, SEEK_SET), ==, 0);
    g_assert_cmpint(fputc(byte ^ 1, file), ==, byte ^ 1);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* Where the sealed bytes of a voucher's original begin in segment 1. */
static long
sealed_at(DnArchive *archive, const DnUuid *voucher)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) state = dn_view_voucher(archive, voucher, &error);
    const json_t *version = state ? dn_voucher_version(state, 0) : NULL;
    DnStoreRef place;
    DnBlobRef blob;

    g_assert_true(dn_blob_ref_of_json(json_object_get(version, "blob"), &blob, &error));
    g_assert_true(dn_view_blob_place(archive, &blob.id, &place, &error));
    g_assert_cmpuint(place.segment, ==, 1);
    return (long)place.offset;
}

/* A changed byte takes its chunk with it and nothing else, also when the good chunk before it was
 * kept from an earlier piece. */
static void
test_a_damaged_chunk_takes_no_other_with_it(Fixture *fixture, gconstpointer data)
{
    enum { CHUNK = 1 << 14, CHUNKS = 8, BAD = 3 };
    g_autofree char *segment = g_build_filename(fixture->dir, "log", "000001.seg", NULL);
    g_autoptr(GBytes) plain = document(CHUNKS * CHUNK, 1);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    DnUuid id = put_now(fixture, plain);
    const char *media_type = NULL;

    (void)data;
    flip_in_place(segment, sealed_at(fixture->archive, &id) + 40 + BAD * (CHUNK + 16) + 5);
    g_autoptr(DnPartReader) reader = dn_archive_open_part(fixture->archive, &id, NULL, 0, &error);

    for (uint64_t chunk = 0; chunk < CHUNKS; chunk++) {
        if (chunk != BAD) {
            check_piece(reader, plain, chunk * CHUNK + 7, (chunk + 1) * CHUNK);
            check_piece(reader, plain, chunk * CHUNK, (chunk + 1) * CHUNK - 7);
            continue;
        }
        for (int i = 0; i < 2; i++) { /* not from what the first attempt left behind either */
            g_assert_null(dn_part_reader_read(reader, chunk * CHUNK + 7, 10, &error));
            g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
            g_clear_error(&error);
            g_assert_null(dn_part_reader_read(reader, chunk * CHUNK, CHUNK, &error));
            g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
            g_clear_error(&error);
        }
    }
    g_assert_null(dn_archive_cat(fixture->archive, &id, NULL, 0, &media_type, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    g_assert_nonnull(strstr(error->message, "segment 1, byte "));
    g_assert_cmpint(verify(fixture->archive, failures), >, 0);
}

/* A form that only a newer program knows is refused by its name, and nothing is changed for it. */
static void
test_a_newer_form_is_refused(Fixture *fixture, gconstpointer data)
{
    g_autofree char *segment = g_build_filename(fixture->dir, "log", "000001.seg", NULL);
    g_autoptr(GBytes) plain = document(5000, 1);
    g_autoptr(GBytes) other = document(5000, 2);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    DnUuid id = put_old(fixture, plain, (Form){3, 14});
    DnUuid known = put_old(fixture, other, (Form){1, 20});
    const char *media_type = NULL;
    gsize before_size = 0;
    gsize after_size = 0;

    (void)data;
    g_assert_true(g_file_get_contents(segment, &before, &before_size, NULL));
    g_assert_null(dn_archive_cat(fixture->archive, &id, NULL, 0, &media_type, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    g_assert_null(dn_archive_open_part(fixture->archive, &id, NULL, 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_UNSUPPORTED);
    g_assert_cmpint(verify(fixture->archive, failures), ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(failures, 0), "UNSUPPORTED"));
    check_whole(fixture->archive, &known, other);
    g_assert_true(g_file_get_contents(segment, &after, &after_size, NULL));
    g_assert_cmpmem(after, MIN(after_size, before_size), before, before_size);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/forms/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    ADD(an_archive_may_mix_them);
    ADD(a_damaged_chunk_takes_no_other_with_it);
    ADD(a_newer_form_is_refused);
    return g_test_run();
}
