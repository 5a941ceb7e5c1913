/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-brought.c - time stamps that documents bring along.
 */
#include "config.h"
#include "engine/evidence/brought.h"

#include <string.h>

#include "tests/unit/evidence/stamped-pdf.h"

/* One authority, one document stamped by it; made once. */
static TempFolder *folder;
static GBytes *pdf;

static GBytes *
without_last(GBytes *bytes, size_t count)
{
    return g_bytes_new_from_bytes(bytes, 0, g_bytes_get_size(bytes) - count);
}

static GBytes *
with_more(GBytes *bytes, const char *more)
{
    GByteArray *all = g_bytes_unref_to_array(g_bytes_ref(bytes));

    g_byte_array_append(all, (const guint8 *)more, (guint)strlen(more));
    return g_byte_array_free_to_bytes(all);
}

static GBytes *
flipped(GBytes *bytes, size_t at)
{
    gsize size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    uint8_t *copy = g_memdup2(data, size);

    g_assert_cmpuint(at, <, size);
    copy[at] ^= 1;
    return g_bytes_new_take(copy, size);
}

static void
assert_holds(const DnBrought *brought, GBytes *document, bool holds)
{
    g_autoptr(DnTrust) trust = authority_trust(folder);
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;
    bool found = dn_brought_verify(brought, document, trust, &info, &error);

    g_assert_cmpint(found, ==, holds);
    if (!holds) {
        assert_code(error, CORRUPT);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(info.trusted);
    g_assert_false(info.accredited); /* it is a test authority */
    g_assert_cmpint(info.gen_time_utc_ms, >, 0);
}

/* --- in a PDF --- */

static void
test_pdf_is_covered_to_the_last_byte(void)
{
    g_auto(DnBrought) brought = {0};
    g_autoptr(GError) error = NULL;
    gsize size = g_bytes_get_size(pdf);

    g_assert_true(dn_brought_in_pdf(pdf, &brought, &error));
    g_assert_no_error(error);
    assert_holds(&brought, pdf, true);
    /* every byte outside of the token's place counts */
    for (size_t at = 0; at < size; at += 13) {
        if (at >= brought.gap_at && at < brought.gap_at + brought.gap_size)
            at = brought.gap_at + brought.gap_size;
        g_autoptr(GBytes) bad = flipped(pdf, at);
        g_auto(DnBrought) other = {0};

        if (dn_brought_in_pdf(bad, &other, NULL))
            assert_holds(&other, bad, false);
    }
}

static void
test_pdf_that_grew_after_its_stamp(void)
{
    g_autoptr(GBytes) grown = with_more(pdf, "\n6 0 obj\n<< >>\nendobj\n");
    g_autoptr(GBytes) line = with_more(pdf, "\n");
    g_autoptr(GBytes) cut = without_last(pdf, 1);
    GBytes *const bad[] = {grown, line, cut};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(DnBrought) brought = {0};
        g_autoptr(GError) error = NULL;

        g_assert_false(dn_brought_in_pdf(bad[i], &brought, &error));
        g_assert_nonnull(strstr(error->message, "covers all of it"));
        assert_code(error, NOT_FOUND);
    }
}

/* Anything but the token and zeros in its place is not covered by it, and is refused. */
static void
test_pdf_hides_nothing_in_the_tokens_place(void)
{
    g_auto(DnBrought) brought = {0};

    g_assert_true(dn_brought_in_pdf(pdf, &brought, NULL));
    size_t last = brought.gap_at + brought.gap_size - 3; /* a digit of the filling */
    g_autoptr(GBytes) filled = flipped(pdf, last);
    g_auto(DnBrought) other = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_brought_in_pdf(filled, &other, &error));
    assert_code(error, NOT_FOUND);
}

static void
test_pdf_without_a_stamp(void)
{
    static const char *const none[] = {
        "",
        "%PDF-1.7\n%%EOF\n",
        "/ByteRange",
        "/ByteRange[",
        "/ByteRange [0 1 2 3",
        "/ByteRange [0 99999999999999999999 2 3]<>",
        "/ByteRange [0 23 25 0]<>",
        "/ByteRange [0 23 27 0]<30>",
        "/ByteRange [1 23 25 0]<>",
        "/ByteRange [0 999999999999 0 999999999999]",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new_static(none[i], strlen(none[i]));
        g_auto(DnBrought) brought = {0};
        g_autoptr(GError) error = NULL;

        g_assert_false(dn_brought_in_pdf(bytes, &brought, &error));
        assert_code(error, NOT_FOUND);
        g_assert_null(brought.token);
    }
}

/* A place that was left empty, as of a signature that was never made. */
static void
test_pdf_with_an_empty_place(void)
{
    size_t gap = 0;
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(pdf_with_room("empty", "ETSI.RFC3161", &gap));
    g_auto(DnBrought) brought = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_brought_in_pdf(bytes, &brought, &error));
    assert_code(error, NOT_FOUND);
}

/* --- beside a document --- */

static void
assert_token_beside(DnHashKind kind)
{
    g_autoptr(GBytes) document = g_bytes_new_static("seller's order", 14);
    g_autoptr(GBytes) other = g_bytes_new_static("seller's offer", 14);
    DnHash hash = dn_hash_bytes(kind, document);
    g_autoptr(GBytes) token = authority_stamp(folder, NULL, &hash);
    g_auto(DnBrought) brought = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_brought_beside(token, &brought, &error));
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(brought.token, token));
    assert_holds(&brought, document, true);
    assert_holds(&brought, other, false);
}

static void
test_token_beside(void)
{
    assert_token_beside(DN_HASH_SHA256);
    assert_token_beside(DN_HASH_SHA512); /* the sender's digest, not ours */
}

/* What `openssl ts` and most programs keep is the authority's whole answer. */
static void
test_answer_beside(void)
{
    static const uint8_t granted[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    g_autoptr(GBytes) document = g_bytes_new_static("seller's order", 14);
    DnHash hash = dn_hash_bytes(DN_HASH_SHA256, document);
    g_autoptr(GBytes) token = authority_stamp(folder, NULL, &hash);
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);
    g_autoptr(GByteArray) answer = g_byte_array_new();
    size_t inner = size + sizeof granted;
    const uint8_t head[] = {0x30, 0x82, (uint8_t)(inner >> 8), (uint8_t)inner};

    g_byte_array_append(answer, head, sizeof head);
    g_byte_array_append(answer, granted, sizeof granted);
    g_byte_array_append(answer, bytes, (guint)size);
    g_autoptr(GBytes) whole = g_bytes_new(answer->data, answer->len);
    g_auto(DnBrought) brought = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_brought_beside(whole, &brought, &error));
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(brought.token, token)); /* bit for bit */
    assert_holds(&brought, document, true);
}

static void
test_what_is_no_token(void)
{
    g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
    g_autoptr(GBytes) text = g_bytes_new_static("time stamp", 10);
    g_autoptr(GBytes) sequence = g_bytes_new_static("\x30\x03\x02\x01\x00", 5);
    g_autoptr(GBytes) large =
        g_bytes_new_take(g_malloc0(DN_BROUGHT_MAX_BYTES + 1), DN_BROUGHT_MAX_BYTES + 1);
    GBytes *const bad[] = {empty, text, sequence};
    g_auto(DnBrought) brought = {0};
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(dn_brought_beside(bad[i], &brought, &error));
        assert_code(error, FORMAT);
    }
    g_assert_false(dn_brought_beside(large, &brought, &error));
    assert_code(error, LIMIT);
}

#define T(name) g_test_add_func("/brought/" #name, test_##name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = temp_folder_new();
    authority_init(folder, NULL);
    pdf = stamped_pdf(folder, NULL, "invoice");
    T(pdf_is_covered_to_the_last_byte);
    T(pdf_that_grew_after_its_stamp);
    T(pdf_hides_nothing_in_the_tokens_place);
    T(pdf_without_a_stamp);
    T(pdf_with_an_empty_place);
    T(token_beside);
    T(answer_beside);
    T(what_is_no_token);
    int status = g_test_run();

    g_bytes_unref(pdf);
    temp_folder_free(folder);
    return status;
}
