/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-query.c - what is searched for: cursors, names, words, and the values of rows.
 */
#include "config.h"
#include "fuzz.h"

#include "index/party.h"
#include "index/query.h"
#include "index/record.h"
#include "index/text.h"

static const DnUuid tenant = {{7}};

static DnKv *
open_view(void)
{
    g_autofree char *dir = fuzz_path("view");
    DnKv *kv = dn_kv_open(dir, NULL, NULL, NULL);
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    g_assert_nonnull(kv);
    for (unsigned i = 1; i <= 8; i++) {
        const DnIndexRecord record = {.id = {{(uint8_t)i}},
                                      .registered_seq = i,
                                      .date_days = 20000 + (int32_t)i / 2,
                                      .amount = 100 * (int64_t)(i % 4),
                                      .currency = "JPY",
                                      .party = i % 2 ? "株式会社山田商店" : "Amazon Japan G.K.",
                                      .kind = "receipt"};

        dn_index_update(batch, &tenant, NULL, &record);
        dn_index_update_text(batch, &tenant, i, NULL, "合計 10,800 coffee 領収書");
    }
    g_assert_true(dn_kv_write(kv, batch, NULL));
    return kv;
}

static bool
visit(const DnUuid *id, void *user_data, GError **error)
{
    (void)id;
    (void)error;
    ++*(unsigned *)user_data;
    return true;
}

/* A cursor that was given leads to the rest, which is never more than all. */
static void
find(DnKv *kv, const DnQuery *query)
{
    g_autofree char *cursor = NULL;
    g_autoptr(GError) error = NULL;
    unsigned found = 0;

    if (dn_index_find(kv, &tenant, query, visit, &found, &cursor, &error))
        g_assert_cmpuint(found, <=, query->limit);
    else
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static DnKv *kv;
    unsigned chosen = size ? data[0] : 0;
    g_autofree char *text = g_strndup(size ? (const char *)data + 1 : "", size ? size - 1 : 0);
    g_autofree char *number G_GNUC_UNUSED = dn_party_number(text);
    g_autofree char *folded G_GNUC_UNUSED = dn_party_fold(text);
    g_autoptr(GPtrArray) terms G_GNUC_UNUSED = dn_text_terms(text);
    g_autoptr(GPtrArray) tokens G_GNUC_UNUSED = dn_text_tokens(text);
    DnQuery query = {.limit = 3, .sort = chosen % 5, .deleted = chosen / 5 % 3};
    DnCover cover;

    if (!kv)
        kv = open_view();
    if (dn_cover_read(&cover, data, size))
        dn_cover_has_label(&cover, "経費");
    query.after = chosen & 64 ? text : NULL;
    query.party = chosen & 128 ? text : NULL;
    query.text = chosen & 192 ? NULL : text;
    find(kv, &query);
    return 0;
}
