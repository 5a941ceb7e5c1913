/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-record.c - a record proves its voucher, alone, and through renewals.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <string.h>

#include "base/clock.h"
#include "tests/unit/evidence/authority.h"

enum { TIMEOUT_MS = 20000, MOST_LEAVES = 18, BATCH = 1000, VERIFY_COUNT = 200 };

static TempFolder *folder;
static Authority *authority;
static DnTrust *trust;

static DnHash
leaf_of(unsigned number)
{
    g_autofree char *text = g_strdup_printf("voucher %u", number);

    return dn_hash(DN_HASH_SHA256, text, strlen(text));
}

static GBytes *
stamp(const DnHash *hash)
{
    g_autoptr(GError) error = NULL;
    GBytes *token = dn_tsa_stamp(
        &(DnTsa){.url = authority_url(authority), .timeout_ms = TIMEOUT_MS}, hash, &error);

    g_assert_no_error(error);
    return token;
}

/* Batch of @count leaves (numbers from 0) under one token: (transfer full) record of @leaf. */
static GBytes *
record_of(unsigned count, unsigned leaf, GBytes *token, const DnHashTree *tree)
{
    g_autoptr(GArray) path = dn_hash_tree_path(tree, leaf);
    g_autoptr(GError) error = NULL;
    DnHash hash = leaf_of(leaf);
    GBytes *record = NULL;

    g_assert_cmpuint(leaf, <, count);
    record = dn_evidence_record_new(&hash, (DnHash *)path->data, path->len, token, &error);
    g_assert_no_error(error);
    return record;
}

static DnHashTree *
tree_of(unsigned count)
{
    g_autofree DnHash *leaves = g_new(DnHash, count);

    for (unsigned i = 0; i < count; i++)
        leaves[i] = leaf_of(i);
    return dn_hash_tree_new(leaves, count);
}

static GBytes *
record_in_batch(unsigned count, unsigned leaf)
{
    g_autoptr(DnHashTree) tree = tree_of(count);
    DnHash root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = stamp(&root);

    return record_of(count, leaf, token, tree);
}

static void
assert_fails(GBytes *record, const DnHash *leaf, DnErrorCode wanted)
{
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_evidence_record_verify(record, leaf, trust, &info, &error));
    g_assert_nonnull(error);
    g_assert_null(info.serial);
    if (dn_error_code(error) != wanted)
        g_test_message("%s", error->message);
    g_assert_cmpint(dn_error_code(error), ==, wanted);
}

static void
assert_holds(GBytes *record, const DnHash *leaf, const DnTrust *list, bool trusted)
{
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_evidence_record_verify(record, leaf, list, &info, &error));
    g_assert_no_error(error);
    g_assert_cmpint(info.trusted, ==, trusted);
}

static void
test_every_leaf_of_every_batch_is_proved(void)
{
    DnHash foreign = leaf_of(MOST_LEAVES);

    for (unsigned count = 1; count <= MOST_LEAVES; count++) {
        g_autoptr(DnHashTree) tree = tree_of(count);
        DnHash root = dn_hash_tree_root(tree);
        g_autoptr(GBytes) token = stamp(&root);

        for (unsigned i = 0; i < count; i++) {
            g_autoptr(GBytes) record = record_of(count, i, token, tree);
            DnHash leaf = leaf_of(i);

            assert_holds(record, &leaf, trust, true);
            assert_fails(record, &foreign, DN_ERROR_CORRUPT);
        }
    }
}

/* Only the hashes of the first list are data objects (RFC 4998 4.3): a hash from higher up, or the
 * root itself, is none. */
static void
test_inner_nodes_are_no_data_objects(void)
{
    g_autoptr(DnHashTree) tree = tree_of(8);
    g_autoptr(GArray) path = dn_hash_tree_path(tree, 3);
    DnHash root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = stamp(&root);
    g_autoptr(GBytes) record = record_of(8, 3, token, tree);

    assert_fails(record, &g_array_index(path, DnHash, 1), DN_ERROR_CORRUPT);
    assert_fails(record, &g_array_index(path, DnHash, 2), DN_ERROR_CORRUPT);
    assert_fails(record, &root, DN_ERROR_CORRUPT);
}

static void
test_equal_documents_are_proved(void)
{
    DnHash leaves[3] = {leaf_of(1), leaf_of(1), leaf_of(2)};
    g_autoptr(DnHashTree) tree = dn_hash_tree_new(leaves, 3);
    g_autoptr(GArray) path = dn_hash_tree_path(tree, 1);
    DnHash root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = stamp(&root);
    g_autoptr(GBytes) record =
        dn_evidence_record_new(&leaves[1], (DnHash *)path->data, path->len, token, NULL);

    assert_holds(record, &leaves[0], trust, true);
}

static void
test_token_of_another_batch_is_corrupt(void)
{
    g_autoptr(DnHashTree) tree = tree_of(5);
    DnHash other = leaf_of(99);
    DnHash leaf = leaf_of(2);
    g_autoptr(GBytes) token = stamp(&other);
    g_autoptr(GBytes) record = record_of(5, 2, token, tree);

    assert_fails(record, &leaf, DN_ERROR_CORRUPT);
}

static void
test_no_record_around_what_is_no_token(void)
{
    static const uint8_t bad[] = {0x30, 0x03, 0x02, 0x01};
    DnHash leaf = leaf_of(0);
    g_autoptr(GBytes) cut = g_bytes_new_static(bad, sizeof bad);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) huge = g_bytes_new_take(g_malloc0(2 * 1024 * 1024), 2 * 1024 * 1024);
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_evidence_record_new(&leaf, NULL, 0, cut, &error));
    assert_code(error, FORMAT);
    g_assert_null(dn_evidence_record_new(&leaf, NULL, 0, empty, &error));
    assert_code(error, FORMAT);
    g_assert_null(dn_evidence_record_new(&leaf, NULL, 0, huge, &error));
    assert_code(error, LIMIT);
}

static void
test_token_comes_out_as_it_went_in(void)
{
    DnHash leaf = leaf_of(0);
    g_autoptr(GBytes) token = stamp(&leaf);
    g_autoptr(GBytes) record = dn_evidence_record_new(&leaf, NULL, 0, token, NULL);
    g_autoptr(GBytes) out = dn_evidence_record_token(record, NULL);

    g_assert_true(g_bytes_equal(token, out));
}

/* --- strict decoding --- */

/* Each single bit: a record that still holds says the same. What holds lies in the part of the
 * token that nobody signs; the record's own frame has no such byte. */
static void
test_flipped_bits_change_nothing_that_is_said(void)
{
    g_autoptr(GBytes) record = record_in_batch(10, 4);
    g_autoptr(GBytes) token = dn_evidence_record_token(record, NULL);
    DnHash leaf = leaf_of(4);
    g_auto(DnTokenInfo) truth = {0};
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(record, &size);
    size_t frame = size - g_bytes_get_size(token);
    size_t held = 0;
    size_t held_in_frame = 0;

    g_assert_true(dn_evidence_record_verify(record, &leaf, trust, &truth, NULL));
    for (size_t at = 0; at < size; at++) {
        g_autofree uint8_t *changed = g_memdup2(bytes, size);
        g_autoptr(GBytes) bad = NULL;
        g_auto(DnTokenInfo) info = {0};

        changed[at] ^= (uint8_t)(1u << at % 8);
        bad = g_bytes_new(changed, size);
        if (!dn_evidence_record_verify(bad, &leaf, trust, &info, NULL))
            continue;
        held++;
        held_in_frame += at < frame;
        g_assert_cmpint(info.gen_time_utc_ms, ==, truth.gen_time_utc_ms);
        g_assert_cmpstr(info.serial, ==, truth.serial);
        g_assert_cmpstr(info.policy, ==, truth.policy);
    }
    g_test_message("%zu of %zu flips do not show", held, size);
    g_assert_cmpuint(held_in_frame, ==, 0);
    g_assert_cmpuint(held, <, size / 2);
}

static void
test_frame_must_be_whole(void)
{
    g_autoptr(GBytes) record = record_in_batch(10, 4);
    g_autoptr(GByteArray) longer = g_byte_array_new();
    g_autoptr(GBytes) more = NULL;
    size_t huge_size = 5 * 1024 * 1024;
    g_autoptr(GBytes) huge = g_bytes_new_take(g_malloc0(huge_size), huge_size);
    DnHash leaf = leaf_of(4);
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(record, &size);

    for (size_t cut = 0; cut < size; cut++) {
        g_autoptr(GBytes) less = g_bytes_new(bytes, cut);

        assert_fails(less, &leaf, DN_ERROR_CORRUPT);
    }
    g_byte_array_append(longer, bytes, (guint)size);
    g_byte_array_append(longer, (const guint8 *)"", 1);
    more = g_byte_array_free_to_bytes(g_steal_pointer(&longer));
    assert_fails(more, &leaf, DN_ERROR_CORRUPT);
    assert_fails(huge, &leaf, DN_ERROR_CORRUPT);
}

/* Builds records from parts: a tag and its content in hexadecimal, or bytes. */
static void
put(GByteArray *out, uint8_t tag, const GByteArray *body)
{
    uint8_t header[] = {tag, 0x82, (uint8_t)(body->len >> 8), (uint8_t)body->len};

    g_assert_cmpuint(body->len, <=, 0xffff);
    if (body->len < 0x80) {
        header[1] = (uint8_t)body->len;
        g_byte_array_append(out, header, 2);
    } else if (body->len <= 0xff) {
        header[1] = 0x81;
        header[2] = (uint8_t)body->len;
        g_byte_array_append(out, header, 3);
    } else {
        g_byte_array_append(out, header, 4);
    }
    g_byte_array_append(out, body->data, body->len);
}

static void
put_hex(GByteArray *out, const char *hex)
{
    size_t size = strlen(hex) / 2;
    g_autofree uint8_t *bytes = g_malloc(size + 1);
    g_autoptr(GError) error = NULL;

    dn_unhex(hex, bytes, size, &error);
    g_assert_no_error(error);
    g_byte_array_append(out, bytes, (guint)size);
}

/* What stands before the sequence, before the token, behind the stamp and behind the chain. */
static GBytes *
assemble(const char *head, const char *before_token, GBytes *token, const char *after_stamp,
         const char *after_chain)
{
    g_autoptr(GByteArray) stamp_body = g_byte_array_new();
    g_autoptr(GByteArray) chain = g_byte_array_new();
    g_autoptr(GByteArray) sequence = g_byte_array_new();
    g_autoptr(GByteArray) body = g_byte_array_new();
    GByteArray *record = g_byte_array_new();

    put_hex(stamp_body, before_token);
    g_byte_array_append(stamp_body, g_bytes_get_data(token, NULL), (guint)g_bytes_get_size(token));
    put(chain, 0x30, stamp_body);
    put_hex(chain, after_stamp);
    put(sequence, 0x30, chain);
    put_hex(sequence, after_chain);
    put_hex(body, head);
    put(body, 0x30, sequence);
    put(record, 0x30, body);
    return g_byte_array_free_to_bytes(record);
}

#define SHA256 "300b0609608648016503040201"
#define SHA256_NULL "300d06096086480165030402010500"
#define SHA384 "300b0609608648016503040202"
#define SHA512 "300b0609608648016503040203"

static void
test_forms_of_others(void)
{
    static const struct {
        const char *head;
        const char *before_token;
        const char *after_stamp;
        const char *after_chain;
        DnErrorCode code; /* 0: it holds */
    } forms[] = {
        /* A plain token over the data object, as the smallest record may be. */
        {"020101300d" SHA256, "", "", "", 0},
        {"020101300f" SHA256_NULL, "", "", "", 0},
        {"020101301a" SHA512 SHA256, "", "", "", 0},
        {"020101300d" SHA256, "a00d06096086480165030402010500", "", "", 0},
        /* Allowed by the standard, not by this archive. */
        {"020101300d" SHA384, "", "", "", DN_ERROR_UNSUPPORTED},
        {"020101300d" SHA256 "a000", "", "", "", DN_ERROR_UNSUPPORTED},
        {"020101300d" SHA256 "a100", "", "", "", DN_ERROR_UNSUPPORTED},
        {"020101300d" SHA256, "a00b0609608648016503040202", "", "", DN_ERROR_UNSUPPORTED},
        {"020101300d" SHA256, "a100", "", "", DN_ERROR_UNSUPPORTED},
        /* Not allowed. */
        {"020101300d" SHA256, "", "", "3000", DN_ERROR_CORRUPT},
        {"020101300d" SHA512, "", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a00b0609608648016503040203", "", "", DN_ERROR_CORRUPT},
        {"020101301a" SHA256 SHA512, "a00b0609608648016503040203", "", "", DN_ERROR_INVALID},
        {"020102300d" SHA256, "", "", "", DN_ERROR_CORRUPT},
        {"02020001300d" SHA256, "", "", "", DN_ERROR_CORRUPT},
        {"0201013000", "", "", "", DN_ERROR_CORRUPT},
        {"02010130020500", "", "", "", DN_ERROR_CORRUPT},
        {"02010130810d" SHA256, "", "", "", DN_ERROR_CORRUPT},
        {"0201013080" SHA256 "0000", "", "", "", DN_ERROR_CORRUPT},
        {"300d" SHA256, "", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a200", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a2023000", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a20430020400", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a2840000000430020400", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a285010000000430020400", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a2023080", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "a0810b0609608648016503040201", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "0500", "", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "", "3000", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "", "0500", "", DN_ERROR_CORRUPT},
        {"020101300d" SHA256, "3000", "", "", DN_ERROR_CORRUPT},
    };
    DnHash leaf = leaf_of(0);
    g_autoptr(GBytes) token = stamp(&leaf);

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GBytes) record = assemble(forms[i].head, forms[i].before_token, token,
                                            forms[i].after_stamp, forms[i].after_chain);

        g_test_message("form %zu", i);
        if (forms[i].code)
            assert_fails(record, &leaf, forms[i].code);
        else
            assert_holds(record, &leaf, trust, true);
    }
}

/* Trees of others may have wide lists, in any order; we sort. */
static void
test_wide_list_in_any_order_holds(void)
{
    DnHash leaves[3] = {leaf_of(0), leaf_of(1), leaf_of(2)};
    DnHash sorted[3];
    uint8_t joined[3 * DN_SHA256_BYTES];
    g_autoptr(GString) hashes = g_string_new(NULL);
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) record = NULL;
    DnHash root;

    memcpy(sorted, leaves, sizeof sorted);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            if (memcmp(sorted[k].bytes, sorted[k + 1].bytes, DN_SHA256_BYTES) > 0) {
                DnHash swap = sorted[k];

                sorted[k] = sorted[k + 1];
                sorted[k + 1] = swap;
            }
    for (int i = 0; i < 3; i++)
        memcpy(joined + i * DN_SHA256_BYTES, sorted[i].bytes, DN_SHA256_BYTES);
    root = dn_hash(DN_HASH_SHA256, joined, sizeof joined);
    token = stamp(&root);
    for (int i = 2; i >= 0; i--) {
        g_autofree char *hex = dn_hex(sorted[i].bytes, DN_SHA256_BYTES);

        g_string_append_printf(hashes, "0420%s", hex);
    }
    g_string_prepend(hashes, "a2683066");
    record = assemble("020101300d" SHA256, hashes->str, token, "", "");
    for (int i = 0; i < 3; i++)
        assert_holds(record, &leaves[i], trust, true);
}

/* The record of a chain of 65 lists: more than any tree of 2^64 leaves has. */
static void
test_endless_path_is_corrupt(void)
{
    DnHash path[65];
    DnHash leaf = leaf_of(0);
    g_autoptr(GString) lists = g_string_new(NULL);
    g_autofree char *first = dn_hex(leaf.bytes, DN_SHA256_BYTES);
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) record = NULL;
    DnHash root;

    for (unsigned i = 0; i < G_N_ELEMENTS(path); i++) {
        g_autofree char *hex = NULL;

        path[i] = leaf_of(100 + i);
        hex = dn_hex(path[i].bytes, DN_SHA256_BYTES);
        if (i == 0)
            g_string_append_printf(lists, "30440420%s0420%s", first, hex);
        else
            g_string_append_printf(lists, "30220420%s", hex);
    }
    root = dn_hash_path_root(&leaf, path, G_N_ELEMENTS(path));
    token = stamp(&root);
    g_string_prepend(lists, "a2820946"); /* 70 + 64 x 36 bytes */
    record = assemble("020101300d" SHA256, lists->str, token, "", "");
    assert_fails(record, &leaf, DN_ERROR_CORRUPT);
}

/* --- renewal --- */

static GBytes *
renew(GBytes *record)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) token = NULL;
    DnHash leaf;
    GBytes *renewed = NULL;

    g_assert_true(dn_evidence_record_renewal_leaf(record, &leaf, &error));
    g_assert_no_error(error);
    token = stamp(&leaf);
    renewed = dn_evidence_record_renew(record, NULL, 0, token, &error);
    g_assert_no_error(error);
    return renewed;
}

/* One tree over the tokens of two batches; both records of a batch share its leaf. */
static void
test_batch_of_records_is_renewed(void)
{
    g_autoptr(DnHashTree) tree = tree_of(4);
    DnHash root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = stamp(&root);
    g_autoptr(GBytes) first = record_of(4, 1, token, tree);
    g_autoptr(GBytes) second = record_of(4, 2, token, tree);
    g_autoptr(GBytes) newer = NULL;
    g_autoptr(DnHashTree) renewal = NULL;
    DnHash leaves[2];
    DnHash shared;
    DnHash renewal_root;
    DnHash foreign = leaf_of(9);
    g_auto(DnTokenInfo) before = {0};

    g_assert_true(dn_evidence_record_renewal_leaf(first, &leaves[0], NULL));
    g_assert_true(dn_evidence_record_renewal_leaf(second, &shared, NULL));
    g_assert_true(dn_hash_equal(&leaves[0], &shared));
    leaves[1] = leaf_of(77);
    renewal = dn_hash_tree_new(leaves, 2);
    renewal_root = dn_hash_tree_root(renewal);
    newer = stamp(&renewal_root);

    for (unsigned i = 0; i < 2; i++) {
        GBytes *old = i == 0 ? first : second;
        g_autoptr(GArray) path = dn_hash_tree_path(renewal, 0);
        g_autoptr(GBytes) record =
            dn_evidence_record_renew(old, (DnHash *)path->data, path->len, newer, NULL);
        g_autoptr(GBytes) first_token = dn_evidence_record_token(record, NULL);
        DnHash leaf = leaf_of(1 + i);
        g_auto(DnTokenInfo) after = {0};

        dn_token_info_clear(&before);
        g_assert_true(dn_evidence_record_verify(old, &leaf, trust, &before, NULL));
        g_assert_true(dn_evidence_record_verify(record, &leaf, trust, &after, NULL));
        g_assert_cmpint(after.gen_time_utc_ms, ==, before.gen_time_utc_ms);
        g_assert_cmpstr(after.serial, ==, before.serial);
        g_assert_true(after.trusted);
        g_assert_true(g_bytes_equal(first_token, token));
        assert_fails(record, &foreign, DN_ERROR_CORRUPT);
    }
}

static void
test_renewal_must_come_in_time(void)
{
    g_autoptr(TempFolder) old = temp_folder_new();
    g_autoptr(DnTrust) old_trust = NULL;
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) record = NULL;
    g_autoptr(GBytes) late = NULL;
    g_autoptr(GBytes) in_time = NULL;
    g_autoptr(GBytes) newer = NULL;
    g_autoptr(GError) error = NULL;
    DnHash leaf = leaf_of(0);
    DnHash next;

    authority_init(old, "--valid-from 2020-01-01 --days 10");
    token = authority_stamp(old, "--clock 2020-01-02T00:00:00.000Z", &leaf);
    record = dn_evidence_record_new(&leaf, NULL, 0, token, NULL);

    /* Renewed now, years after the certificate ended: the old token is worth nothing by then. */
    late = renew(record);
    assert_fails(late, &leaf, DN_ERROR_CORRUPT);

    g_assert_true(dn_evidence_record_renewal_leaf(record, &next, NULL));
    newer = authority_stamp(old, "--clock 2020-01-09T00:00:00.000Z", &next);
    in_time = dn_evidence_record_renew(record, NULL, 0, newer, &error);
    g_assert_no_error(error);
    old_trust = authority_trust(old);
    assert_holds(in_time, &leaf, old_trust, true);
    /* A list that knows neither. */
    assert_holds(in_time, &leaf, trust, false);
}

static void
test_renewal_may_not_be_older(void)
{
    g_autoptr(TempFolder) old = temp_folder_new();
    g_autoptr(GBytes) record = record_in_batch(1, 0);
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) renewed = NULL;
    DnHash leaf = leaf_of(0);
    DnHash next;

    authority_init(old, "--valid-from 2020-01-01");
    g_assert_true(dn_evidence_record_renewal_leaf(record, &next, NULL));
    token = authority_stamp(old, "--clock 2020-01-02T00:00:00.000Z", &next);
    renewed = dn_evidence_record_renew(record, NULL, 0, token, NULL);
    assert_fails(renewed, &leaf, DN_ERROR_CORRUPT);
}

static void
test_untrusted_renewal_costs_the_trust(void)
{
    g_autoptr(TempFolder) other = temp_folder_new();
    g_autoptr(GBytes) record = record_in_batch(1, 0);
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) renewed = NULL;
    DnHash leaf = leaf_of(0);
    DnHash next;

    authority_init(other, NULL);
    g_assert_true(dn_evidence_record_renewal_leaf(record, &next, NULL));
    token = authority_stamp(other, NULL, &next);
    renewed = dn_evidence_record_renew(record, NULL, 0, token, NULL);
    assert_holds(record, &leaf, trust, true);
    assert_holds(renewed, &leaf, trust, false);
}

static void
test_renewals_are_capped(void)
{
    g_autoptr(GBytes) record = record_in_batch(1, 0);
    g_autoptr(GBytes) token = dn_evidence_record_token(record, NULL);
    g_autoptr(GError) error = NULL;
    unsigned renewals = 0;

    for (;;) {
        GBytes *next = dn_evidence_record_renew(record, NULL, 0, token, &error);

        if (!next)
            break;
        g_bytes_unref(record);
        record = next;
        g_assert_cmpuint(++renewals, <, 1000);
    }
    g_assert_cmpuint(renewals, >=, 20);
    assert_code(error, LIMIT);
    g_bytes_unref(token);
    token = g_bytes_new_static("junk", 4);
    g_assert_null(dn_evidence_record_renew(token, NULL, 0, token, &error));
    assert_code(error, CORRUPT);
    g_assert_null(dn_evidence_record_token(token, &error));
    assert_code(error, CORRUPT);
}

/* --- by hand --- */

/* (nullable) (transfer full) The shell lines that docs/evidence.md gives to an auditor. */
static char *
lines_for_auditors(void)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path = g_build_filename(source ? source : ".", "docs", "evidence.md", NULL);
    g_autofree char *page = NULL;
    const char *start = NULL;
    const char *end = NULL;

    g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
    start = strstr(page, "```sh\n");
    g_assert_nonnull(start);
    start += strlen("```sh\n");
    end = strstr(start, "\n```");
    g_assert_nonnull(end);
    return g_strndup(start, (size_t)(end + 1 - start));
}

static bool
tools_are_here(void)
{
    static const char *const names[] = {"openssl", "basenc", "sha256sum", "awk"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *found = g_find_program_in_path(names[i]);

        if (!found)
            return false;
    }
    return true;
}

/* How often the script says that a token verifies, or -1 when it ends with a failure. */
static int
check_by_hand(const char *original, GBytes *record)
{
    g_autofree char *record_path = g_build_filename(folder, "record.ers", NULL);
    g_autofree char *original_path = g_build_filename(folder, "original", NULL);
    g_autofree char *ca_path = g_build_filename(folder, "ca.pem", NULL);
    g_autofree char *script_path = g_build_filename(folder, "by-hand.sh", NULL);
    const char *command[] = {"sh", script_path, original_path, record_path, ca_path, NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = -1;
    int verified = 0;

    write_text(folder, "original", original);
    g_assert_true(g_file_set_contents(record_path, g_bytes_get_data(record, NULL),
                                      (gssize)g_bytes_get_size(record), NULL));
    g_assert_true(g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               &err, &status, NULL));
    g_test_message("%s%s", out, err);
    for (const char *at = out; (at = strstr(at, "Verification: OK")); at++)
        verified++;
    return status == 0 ? verified : -1;
}

static void
test_page_for_auditors_works(void)
{
    g_autofree char *script = lines_for_auditors();
    g_autoptr(DnHashTree) tree = tree_of(5);
    DnHash root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = stamp(&root);
    g_autoptr(GBytes) renewed = NULL;
    g_autoptr(GBytes) wrong = NULL;
    g_autoptr(GBytes) alone = record_in_batch(1, 0);

    if (!tools_are_here()) {
        g_test_skip("openssl(1) or basenc(1) is not here");
        return;
    }
    write_text(folder, "by-hand.sh", script);
    for (unsigned i = 0; i < 5; i++) {
        g_autofree char *original = g_strdup_printf("voucher %u", i);
        g_autoptr(GBytes) record = record_of(5, i, token, tree);

        g_assert_cmpint(check_by_hand(original, record), ==, 1);
        g_assert_cmpint(check_by_hand("voucher 9", record), ==, -1);
        if (i == 3)
            renewed = renew(record);
    }
    g_assert_cmpint(check_by_hand("voucher 3", renewed), ==, 2);
    g_assert_cmpint(check_by_hand("voucher 0", alone), ==, 1);
    g_assert_cmpint(check_by_hand("voucher 1", alone), ==, -1);
    g_clear_pointer(&token, g_bytes_unref);
    token = stamp(&(DnHash){.kind = DN_HASH_SHA256});
    wrong = record_of(5, 3, token, tree);
    g_assert_cmpint(check_by_hand("voucher 3", wrong), ==, -1);
}

/* --- size and speed: told, with a bound that only a mistake breaks --- */

static void
test_record_of_a_large_batch_is_small(void)
{
    g_autoptr(GBytes) record = record_in_batch(BATCH, 500);
    g_autoptr(GBytes) token = dn_evidence_record_token(record, NULL);
    DnHash leaf = leaf_of(500);
    size_t frame = g_bytes_get_size(record) - g_bytes_get_size(token);
    int64_t start_ms = dn_clock_monotonic_ms();

    for (int i = 0; i < VERIFY_COUNT; i++)
        assert_holds(record, &leaf, trust, true);
    g_test_message("record %zu bytes, %zu of them around the token of %zu; %d verified in "
                   "%" G_GINT64_FORMAT " ms",
                   g_bytes_get_size(record), frame, g_bytes_get_size(token), VERIFY_COUNT,
                   dn_clock_monotonic_ms() - start_ms);
    g_assert_cmpuint(frame, <, 512);
}

int
main(int argc, char **argv)
{
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    folder = temp_folder_new();
    authority_init(folder, NULL);
    trust = authority_trust(folder);
    authority = authority_start(folder, NULL);

    g_test_add_func("/evidence/record/every-leaf", test_every_leaf_of_every_batch_is_proved);
    g_test_add_func("/evidence/record/inner-nodes", test_inner_nodes_are_no_data_objects);
    g_test_add_func("/evidence/record/equal-documents", test_equal_documents_are_proved);
    g_test_add_func("/evidence/record/another-batch", test_token_of_another_batch_is_corrupt);
    g_test_add_func("/evidence/record/no-token", test_no_record_around_what_is_no_token);
    g_test_add_func("/evidence/record/token-out", test_token_comes_out_as_it_went_in);
    g_test_add_func("/evidence/record/flips", test_flipped_bits_change_nothing_that_is_said);
    g_test_add_func("/evidence/record/frame", test_frame_must_be_whole);
    g_test_add_func("/evidence/record/forms", test_forms_of_others);
    g_test_add_func("/evidence/record/wide-list", test_wide_list_in_any_order_holds);
    g_test_add_func("/evidence/record/endless-path", test_endless_path_is_corrupt);
    g_test_add_func("/evidence/record/renewed", test_batch_of_records_is_renewed);
    g_test_add_func("/evidence/record/renewed-late", test_renewal_must_come_in_time);
    g_test_add_func("/evidence/record/renewed-older", test_renewal_may_not_be_older);
    g_test_add_func("/evidence/record/renewed-untrusted", test_untrusted_renewal_costs_the_trust);
    g_test_add_func("/evidence/record/renewals", test_renewals_are_capped);
    g_test_add_func("/evidence/record/by-hand", test_page_for_auditors_works);
    g_test_add_func("/evidence/record/large-batch", test_record_of_a_large_batch_is_small);
    status = g_test_run();
    authority_free(authority);
    dn_trust_free(trust);
    temp_folder_free(folder);
    return status;
}
