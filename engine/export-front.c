/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/export-front.c - what a reader of a capsule opens first.
 */
#include "config.h"
#include "engine/capsule/page.h"
#include "engine/capsule/verifier.h"
#include "engine/export.h"

#include <string.h>

static const char readme[] =
    "This is an audit capsule of dencho (電帳). Everything in it can be checked without that "
    "program.\n"
    "\n"
    "index.html       open it in a browser: searches and shows all of this, without network\n"
    "index.xlsx       the index (索引簿) and the history as a workbook\n"
    "index.csv        the index: serial, date, amount, currency, party, registration number, "
    "kind,\n"
    "                 received, deleted, time of stamp, id, file (UTF-8)\n"
    "index-cp932.csv  the same in CP932; characters that it lacks are written as [U+9AD9] and\n"
    "                 listed in index-cp932-missing.txt\n"
    "history.csv      every entry of these vouchers: who, when, what, before, after, why\n"
    "parties.csv      counterparties with their registration numbers\n"
    "codes.csv        what the codes in these files mean\n"
    "COUNTS.txt       what was asked for, how much was found, that nothing was left out\n"
    "vouchers.jsonl   all that is known of each voucher, where on the page each value was read\n"
    "originals/       the documents bit for bit as they came in, every version\n"
    "renditions/      searchable PDF of scanned pages\n"
    "text/ words/     what was read of them, and where each word stands\n"
    "parts/           readings that a later one replaced\n"
    "ledger.jsonl     the chain of all entries (entries.jsonl: only those of the vouchers "
    "chosen).\n"
    "                 \"prev\" of each line is the SHA-256 of the line before it, without its line "
    "feed.\n"
    "evidence/        time stamps: leaves.txt lists the SHA-256 of the documents under one stamp,\n"
    "                 records/SERIAL-vN.er is the evidence record (RFC 4998) of one document,\n"
    "                 documents.txt says which: SHA-256, id, version, file, record;\n"
    "                 chain.pem, N.crl and N.ocsp show whether a signer was revoked\n"
    "In a cell of a CSV file an apostrophe stands before a leading = + - or @.\n"
    "\n"
    "To check all of it with a small program whose source is here (needs a C compiler and "
    "OpenSSL):\n"
    "  cc -o verify-capsule verify-capsule.c -lcrypto\n"
    "  ./verify-capsule -C AUTHORITY.pem THIS-CAPSULE    (the ZIP, or the folder it was unpacked "
    "to)\n"
    "AUTHORITY.pem is the certificate that the time-stamping authority publishes. With the program "
    "that\n"
    "made this: dencho check-export THIS-CAPSULE\n"
    "\n"
    "To check by hand that no file has changed:\n"
    "  sha256sum -c SHA256SUMS\n"
    "To check the chain (each number of the second list is one line below the first):\n"
    "  while IFS= read -r line; do printf %s \"$line\" | sha256sum; done < ledger.jsonl\n"
    "  grep -o '\"prev\":\"[0-9a-f]*\"' ledger.jsonl\n";

static const char proofs[] =
    "To check that the signers of time stamps were not revoked (a list says \"revoked\" also of a\n"
    "certificate that was given up later, without harm to what it stamped before):\n";

static const char stamps[] =
    "To check a time stamp (compare the certificate with the one its authority publishes):\n";

static bool
add_readme(Export *export, GError **error)
{
    DnContainer *container = export->container;
    bool known = dn_spool_bytes(export->proofs) > 0;

    return dn_container_begin(container, "README.txt", error) &&
           dn_container_write(container, readme, strlen(readme), error) &&
           (!known || (dn_container_write(container, proofs, strlen(proofs), error) &&
                       dn_container_write_spool(container, export->proofs, error))) &&
           dn_container_write(container, stamps, strlen(stamps), error) &&
           dn_container_write_spool(container, export->commands, error) &&
           dn_container_end(container, error);
}

static bool
add_text(Export *export, const char *name, const GString *text, GError **error)
{
    return dn_container_add(export->container, name, text->str, text->len, error);
}

/* --- code tables --- */

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
add_parties(Export *export, GError **error)
{
    static const char *const head[] = {"登録番号", "取引先", "件数", NULL};
    g_autoptr(DnSheet) table = dn_sheet_new(export->container, "取引先", head, "ttn", error);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key = NULL;

    if (!table)
        return false;
    g_hash_table_iter_init(&iter, export->parties);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, compare_texts);
    for (guint i = 0; i < keys->len; i++) {
        const char *text = g_ptr_array_index(keys, i);
        const char *name = strchr(text, '\n') + 1;
        g_autofree char *number = g_strndup(text, (size_t)(name - text) - 1);
        g_autofree char *count =
            g_strdup_printf("%zu", GPOINTER_TO_SIZE(g_hash_table_lookup(export->parties, text)));
        const char *const cells[] = {number, name, count, NULL};

        if (!dn_sheet_add(table, cells, error))
            return false;
    }
    return dn_container_add_spool(export->container, "parties.csv", dn_sheet_utf8(table), error);
}

static bool
add_codes(Export *export, GError **error)
{
    static const char *const head[] = {"項目", "コード", "意味", NULL};
    static const char *const rows[][4] = {
        {"種別", "receipt", "領収書", NULL},
        {"種別", "invoice", "請求書", NULL},
        {"種別", "delivery_note", "納品書", NULL},
        {"種別", "quotation", "見積書", NULL},
        {"種別", "order", "注文書", NULL},
        {"種別", "contract", "契約書", NULL},
        {"種別", "statement", "明細書", NULL},
        {"種別", "other", "その他", NULL},
        {"状態", "deleted", "削除済み（内容は残る）", NULL},
        {"origin", "scan", "スキャナ保存", NULL},
        {"origin", "electronic", "電子取引", NULL},
        {"electronic", "stamped", "授受前のタイムスタンプ（規則第4条第1項第1号）", NULL},
        {"electronic", "stamp", "授受後のタイムスタンプ（同第2号）", NULL},
        {"electronic", "system", "訂正削除の履歴が残る等のシステムでの授受と保存（同第3号）", NULL},
        {"electronic", "rule", "訂正削除の防止に関する事務処理規程（同第4号）", NULL},
#define DN_ENTRY(name, meaning) {"操作", name, meaning, NULL},
#include "engine/ledger/entry-types.def"
#undef DN_ENTRY
    };
    g_autoptr(DnSheet) table = dn_sheet_new(export->container, "コード", head, "ttt", error);

    for (size_t i = 0; table && i < G_N_ELEMENTS(rows); i++)
        if (!dn_sheet_add(table, rows[i], error))
            return false;
    return table &&
           dn_container_add_spool(export->container, "codes.csv", dn_sheet_utf8(table), error);
}

/* --- the index in its forms --- */

static bool
add_index(Export *export, bool *out_workbook, GError **error)
{
    DnSheet *const tables[] = {export->index, export->history};
    DnContainer *container = export->container;
    uint64_t missing = 0;
    DnSpool *list = dn_sheet_missing(export->index, &missing);

    return dn_container_add_spool(container, "index.csv", dn_sheet_utf8(export->index), error) &&
           dn_container_add_spool(container, "index-cp932.csv", dn_sheet_cp932(export->index),
                                  error) &&
           dn_container_add_spool(container, "index-cp932-missing.txt", list, error) &&
           dn_container_add_spool(container, "history.csv", dn_sheet_utf8(export->history),
                                  error) &&
           dn_sheet_write_workbook(tables, G_N_ELEMENTS(tables), container, "index.xlsx",
                                   out_workbook, error);
}

/* --- counts --- */

static void
add_term(GString *text, const char *name, const char *value)
{
    if (value)
        g_string_append_printf(text, "  %s %s\n", name, value);
}

static void
add_terms(GString *text, const DnSearch *search)
{
    const DnDate *const dates[] = {search->date_from, search->date_to};
    const int64_t *const amounts[] = {search->amount_from, search->amount_to};
    static const char *const ends[] = {"from", "to"};

    for (size_t i = 0; i < 2; i++) {
        char day[DN_DATE_TEXT + 1];

        if (dates[i]) {
            dn_date_format(dates[i], day);
            g_string_append_printf(text, "  取引年月日 date %s %s\n", ends[i], day);
        }
        if (amounts[i])
            g_string_append_printf(text, "  金額 amount %s %" G_GINT64_FORMAT "\n", ends[i],
                                   *amounts[i]);
    }
    add_term(text, "通貨 currency", search->currency);
    add_term(text, "取引先 party", search->party);
    add_term(text, "文字 text", search->text);
    add_term(text, "種別 kind", search->kind);
    add_term(text, "ラベル label", search->label);
    add_term(text, "欠落 missing", search->missing);
    add_term(text, "削除 deleted", search->deleted);
}

static void
add_count(GString *text, const char *what, uint64_t count)
{
    g_string_append_printf(text, "  %12" G_GUINT64_FORMAT "  %s\n", count, what);
}

static bool
add_counts(Export *export, const DnSearch *search, const char *now, bool workbook, GError **error)
{
    DnQuery everything = {.deleted = DN_DELETED_INCLUDE};
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t held = 0;
    uint64_t missing = 0;

    if (!dn_index_count(export->archive->view, &export->archive->tenant, &everything, &held, error))
        return false;
    dn_sheet_missing(export->index, &missing);
    g_string_append_printf(text, "件数の記録 / count statement, %s\n\n求めたもの / asked for\n",
                           now);
    if (export->complete)
        g_string_append(text, "  すべて everything\n");
    else
        add_terms(text, search);
    g_string_append(text, "\n件数 / counts\n");
    add_count(text, "保存されている証憑 vouchers in the archive", held);
    add_count(text, "該当する証憑 vouchers found, all of them in this capsule", export->done);
    add_count(text, "うち削除済み of these marked as deleted", export->deleted);
    add_count(text, "原本（全ての版） originals, every version", export->versions);
    add_count(text, "タイムスタンプのある原本 originals under a time stamp", export->stamped);
    add_count(text, "検索できる PDF renditions", export->renditions);
    add_count(text, "読み取った文字 texts", export->texts);
    add_count(text,
              export->complete ? "台帳の全記録 entries, the whole ledger"
                               : "これらの証憑の記録 entries of these vouchers",
              export->entry_count);
    add_count(text, "CP932 にない文字 characters that CP932 lacks", missing);
    g_string_append(text, "\n該当する証憑で含まれていないものはない。\n"
                          "No voucher that was found is left out.\n");
    if (!workbook)
        g_string_append(text, "index.xlsx is left out: it would be larger than a spreadsheet "
                              "opens. index.csv has it all.\n");
    return add_text(export, "COUNTS.txt", text, error);
}

static bool
add_manifest(Export *export, const char *now, GError **error)
{
    g_autoptr(json_t) manifest = json_object();
    g_autofree char *archive = dn_uuid_text(&export->archive->id);
    g_autofree char *tenant = dn_uuid_text(&export->archive->tenant);

    dn_json_set_string(manifest, "format", "dencho capsule 1");
    dn_json_set_string(manifest, "archive", archive);
    dn_json_set_string(manifest, "tenant", tenant);
    dn_json_set_string(manifest, "made", now);
    dn_json_set_string(manifest, "ledger", export->complete ? "complete" : "selected");
    dn_json_set_int(manifest, "vouchers", (int64_t) export->done);
    dn_json_set_int(manifest, "documents", (int64_t) export->versions);
    dn_json_set_int(manifest, "entries", (int64_t) export->entry_count);
    dn_json_set_int(manifest, "files", (int64_t)dn_container_files(export->container) + 2);
    g_autofree char *line = dn_json_canonical(manifest, error);

    return line && dn_container_add(export->container, "manifest.json", line, strlen(line), error);
}

bool
dn_export_front(Export *export, const DnSearch *search, GError **error)
{
    DnContainer *container = export->container;
    g_autofree char *now = dn_clock_format(dn_clock_now_utc_ms());
    g_autofree char *about = g_strdup_printf(
        "%" G_GUINT64_FORMAT " 件、%s 作成。この頁は通信をしません。検証の方法は README.txt を"
        "ご覧ください。",
        export->done, now);
    gsize size = 0;
    const void *source = dn_verifier_source(&size);
    bool workbook = false;

    return dn_container_add_spool(container, export->complete ? "ledger.jsonl" : "entries.jsonl",
                                  export->entries, error) &&
           dn_container_add_spool(container, "vouchers.jsonl", export->vouchers, error) &&
           dn_container_add_spool(container, "evidence/documents.txt", export->documents, error) &&
           add_index(export, &workbook, error) && add_parties(export, error) &&
           add_codes(export, error) && dn_page_write(container, export->page, about, error) &&
           add_counts(export, search, now, workbook, error) &&
           dn_container_add(container, "verify-capsule.c", source, size, error) &&
           add_readme(export, error) && add_manifest(export, now, error);
}
