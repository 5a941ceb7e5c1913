/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/export-voucher.c - one voucher on its way out.
 *
 * A file's name begins with what the tax office asks for: the serial that the index lists, or date,
 * counterparty and amount in this order (電子帳簿保存法一問一答 電子取引 問44). The serial stands
 * in either, so that no two names are the same.
 */
#include "config.h"
#include "base/media-type.h"
#include "base/money.h"
#include "engine/capsule/page.h"
#include "engine/export.h"

#include <string.h>

enum { NAME_CHARACTERS = 40 };

typedef struct {
    const DnUuid *id;
    const json_t *state;
    json_t *details;
    char *serial;
    char *stem;
    char *amount;
    const char *original; /* lent by details: of the newest version; NULL when disposed of */
    bool disposed;        /* its documents are gone: their hashes and records are left */
    json_t *files;        /* for the page */
    json_t *entries;      /* for the page */
} Voucher;

static void
voucher_clear(Voucher *voucher)
{
    json_decref(voucher->details);
    json_decref(voucher->files);
    json_decref(voucher->entries);
    g_free(voucher->serial);
    g_free(voucher->stem);
    g_free(voucher->amount);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Voucher, voucher_clear)

static const char *
or_empty(const char *text)
{
    return text ? text : "";
}

/* --- names --- */

/* A part of a file name: nothing that a file system or a shell could take for something else. */
static char *
safe_name(const char *text)
{
    GString *out = g_string_new(NULL);
    int characters = 0;

    for (const char *p = text ? text : ""; *p && characters < NAME_CHARACTERS;
         p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (g_unichar_isalnum(c) || g_unichar_type(c) == G_UNICODE_MODIFIER_LETTER || c == '-' ||
            c == 0x30fb)
            g_string_append_unichar(out, c);
        else if (out->len > 0 && out->str[out->len - 1] != '-')
            g_string_append_c(out, '-');
        characters++;
    }
    return g_string_free(out, FALSE);
}

static char *
stem_of(const Export *export, const json_t *row, const char *serial, const char *amount)
{
    g_autofree char *party = safe_name(dn_json_string(row, "party"));
    const char *date = dn_json_string(row, "date");
    g_autofree char *digits =
        date ? g_strdup_printf("%.4s%.2s%.2s", date, date + 5, date + 8) : g_strdup("nodate");

    if (!export->options->names_by_values)
        return g_strdup(serial);
    return g_strdup_printf("%s_%s_%s_%s", digits, *party ? party : "noparty",
                           *amount ? amount : "noamount", serial);
}

/* --- documents --- */

bool
dn_export_blob(Export *export, const json_t *ref, DnPart part, const char *name, GError **error)
{
    DnArchive *archive = export->archive;
    g_autoptr(GBytes) bytes = dn_blob_load(archive, &archive->tenant, ref, part, error);
    gsize size = 0;

    if (!bytes)
        return false;
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_container_add(export->container, name, data, size, error);
}

/* Adds one part of a version and names its file in the lists. */
static bool
add_part(Export *export, const Voucher *voucher, json_t *brief, const char *member,
         const json_t *ref, DnPart part, const char *folder, const char *extension, GError **error)
{
    int64_t number = dn_json_int(brief, "version", 0);
    g_autofree char *name =
        g_strdup_printf("%s/%s_v%" G_GINT64_FORMAT ".%s", folder, voucher->stem, number, extension);

    if (!ref)
        return true;
    dn_json_set_string(brief, member, name);
    return dn_export_blob(export, ref, part, name, error);
}

/* --- evidence --- */

static bool
add_file(Export *export, uint64_t seq, const char *name, const void *bytes, size_t size,
         GError **error)
{
    g_autofree char *path = g_strdup_printf("evidence/%" G_GUINT64_FORMAT "/%s", seq, name);

    return dn_container_add(export->container, path, bytes, size, error);
}

static bool
add_bytes(Export *export, uint64_t seq, const char *name, GBytes *bytes, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return add_file(export, seq, name, data, size, error);
}

static bool
add_proofs(Export *export, uint64_t seq, const json_t *refs, const char *extension, GError **error)
{
    for (size_t i = 0; i < json_array_size(refs); i++) {
        g_autofree char *path =
            g_strdup_printf("evidence/%" G_GUINT64_FORMAT "/%zu.%s", seq, i + 1, extension);

        if (!dn_export_blob(export, json_array_get(refs, i), DN_PART_EVIDENCE, path, error))
            return false;
    }
    return true;
}

/* The command lines that look at what has just been added. */
static bool
say_proofs(Export *export, uint64_t seq, const json_t *entry, GError **error)
{
    const char *as_of = dn_json_string(entry, "as_of");
    size_t answers = json_array_size(json_object_get(entry, "answers"));
    g_autofree char *folder = g_strdup_printf("evidence/%" G_GUINT64_FORMAT, seq);
    g_autoptr(GString) lines = g_string_new(NULL);
    int64_t as_of_utc_ms = 0;

    if (!as_of || !dn_clock_parse(as_of, &as_of_utc_ms, NULL))
        return true;
    if (json_array_size(json_object_get(entry, "crls")) > 0)
        g_string_append_printf(
            lines,
            "  for list in %s/*.crl; do openssl crl -inform DER -in \"$list\"; done >lists.pem\n"
            "  openssl verify -partial_chain -crl_check -attime %" G_GINT64_FORMAT
            " -CRLfile lists.pem \\\n"
            "    -trusted AUTHORITY.pem -untrusted %s/chain.pem %s/chain.pem\n",
            folder, as_of_utc_ms / 1000, folder, folder);
    for (size_t i = 1; i <= answers; i++)
        g_string_append_printf(lines,
                               "  openssl ocsp -respin %s/%zu.ocsp -CAfile AUTHORITY.pem "
                               "-partial_chain -resp_text\n",
                               folder, i);
    return dn_spool_add_text(export->proofs, lines->str, error);
}

/* What is known of the signer of a time stamp, in the files of the entry that tells it: once. */
static bool
write_proofs(Export *export, const json_t *entry, GError **error)
{
    uint64_t seq = (uint64_t)dn_json_int(entry, "seq", 0);
    g_autofree char *chain = g_strdup_printf("evidence/%" G_GUINT64_FORMAT "/chain.pem", seq);

    return !g_hash_table_add(export->batches_written, GSIZE_TO_POINTER((gsize)seq)) ||
           (dn_export_blob(export, json_object_get(entry, "chain"), DN_PART_EVIDENCE, chain,
                           error) &&
            add_proofs(export, seq, json_object_get(entry, "crls"), "crl", error) &&
            add_proofs(export, seq, json_object_get(entry, "answers"), "ocsp", error) &&
            say_proofs(export, seq, entry, error));
}

static bool
write_proofs_of(Export *export, const char *signer, GError **error)
{
    g_autoptr(json_t) row = NULL;

    if (!dn_view_signer(export->archive, signer, &row, error))
        return false;
    const json_t *proofs = json_object_get(row, "proofs");

    return !proofs || (uint64_t)dn_json_int(proofs, "seq", 0) > export->head.seq ||
           write_proofs(export, proofs, error);
}

static bool
write_batch(Export *export, const DnBatch *batch, GError **error)
{
    DnHash root = dn_hash_tree_root(batch->tree);
    g_autofree char *hex = dn_hash_hex(&root);
    g_autofree char *pem = dn_token_certificates_pem(batch->token, error);
    g_autofree char *folder = g_strdup_printf("evidence/%" G_GUINT64_FORMAT, batch->seq);
    g_autofree char *command = g_strdup_printf(
        "  openssl ts -verify -digest %s -in %s/token.der -token_in \\\n    -CAfile "
        "%s/certificates.pem -partial_chain -attime %" G_GINT64_FORMAT "    # %s%s\n",
        hex, folder, folder, batch->info.gen_time_utc_ms / 1000, batch->info.authority,
        batch->info.accredited ? "" : " -- NON-ACCREDITED");

    return pem && add_bytes(export, batch->seq, "token.der", batch->token, error) &&
           add_bytes(export, batch->seq, "leaves.txt", batch->list, error) &&
           add_file(export, batch->seq, "certificates.pem", pem, strlen(pem), error) &&
           dn_spool_add_text(export->commands, command, error) &&
           write_proofs_of(export, batch->info.signer, error);
}

/* Few batches stay in memory: vouchers come in the order of arrival, and so do their stamps. */
static void
keep_batch(Export *export, const DnBatch *batch)
{
    gpointer seq = GSIZE_TO_POINTER((gsize)batch->seq);

    g_queue_remove(&export->batches_loaded, seq);
    g_queue_push_head(&export->batches_loaded, seq);
    if (g_queue_get_length(&export->batches_loaded) > DN_EXPORT_BATCHES)
        dn_batches_forget(export->batches,
                          GPOINTER_TO_SIZE(g_queue_pop_tail(&export->batches_loaded)));
}

/* The files of a stamp are written when it is met first. */
static bool
add_batches(Export *export, const GArray *evidence, GError **error)
{
    for (guint i = 0; i < evidence->len; i++) {
        const DnBatch *batch = g_array_index(evidence, DnEvidence, i).batch;

        if (g_hash_table_add(export->batches_written, GSIZE_TO_POINTER((gsize)batch->seq)) &&
            !write_batch(export, batch, error))
            return false;
    }
    return true;
}

bool
dn_export_stamp(Export *export, const json_t *entry, GError **error)
{
    if (g_strcmp0(dn_json_string(entry, "type"), "evidence.revocation") == 0)
        return write_proofs(export, entry, error);
    if (g_hash_table_contains(export->batches_written,
                              GSIZE_TO_POINTER((gsize)dn_json_int(entry, "seq", 0))))
        return true;
    const DnBatch *batch = dn_batches_get(export->batches, entry);

    if (batch->failure)
        return dn_fail(error, dn_error_code(batch->failure), "%s", batch->failure->message);
    g_hash_table_add(export->batches_written, GSIZE_TO_POINTER((gsize)batch->seq));
    if (!write_batch(export, batch, error))
        return false;
    keep_batch(export, batch);
    return true;
}

static bool
add_record(Export *export, const Voucher *voucher, const json_t *version, json_t *brief,
           GError **error)
{
    g_autoptr(GArray) evidence = dn_batches_evidence(export->batches, voucher->id, version, error);
    const DnHash *document = NULL;
    gsize size = 0;

    if (!evidence)
        return false;
    if (evidence->len == 0)
        return true;
    g_autoptr(GBytes) record = dn_evidence_make_record(evidence, evidence->len, error);
    g_autofree char *name = g_strdup_printf("evidence/records/%s-v%u.er", voucher->serial,
                                            (unsigned)dn_json_int(version, "version", 0));

    if (!record || !add_batches(export, evidence, error))
        return false;
    document = dn_evidence_document(evidence, DN_HASH_SHA512);
    if (document) {
        g_autofree char *hex = dn_hash_hex(document);

        dn_json_set_string(brief, "sha512", hex);
    }
    for (guint i = evidence->len; i-- > 0;) /* the first, which the next voucher shares, last */
        keep_batch(export, g_array_index(evidence, DnEvidence, i).batch);
    const void *data = g_bytes_get_data(record, &size);

    export->stamped++;
    dn_json_set_string(brief, "record", name);
    return dn_container_add(export->container, name, data, size, error);
}

/* --- versions --- */

/* One line of evidence/documents.txt: which file, which document, which proof; the SHA-512 where
 * the proof has a chain over it. */
static bool
list_document(Export *export, const Voucher *voucher, const json_t *brief, GError **error)
{
    const char *file = dn_json_string(brief, "file");
    const char *record = dn_json_string(brief, "record");
    const char *sha512 = dn_json_string(brief, "sha512");
    g_autofree char *line = g_strdup_printf(
        "%s %s %" G_GINT64_FORMAT " %s %s%s%s\n", dn_json_string(brief, "sha256"),
        dn_json_string(voucher->details, "voucher"), dn_json_int(brief, "version", 0),
        file ? file : "-", record ? record : "-", sha512 ? " " : "", sha512 ? sha512 : "");

    return dn_spool_add_text(export->documents, line, error);
}

static void
show_version(const Voucher *voucher, const json_t *brief)
{
    static const char *const members[][2] = {
        {"o", "file"}, {"r", "rendition"}, {"t", "text"}, {"e", "record"}};
    json_t *shown = json_object();

    dn_json_set_int(shown, "v", dn_json_int(brief, "version", 0));
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        dn_json_set_string(shown, members[i][0], dn_json_string(brief, members[i][1]));
    json_array_append_new(voucher->files, shown);
}

static bool
add_documents(Export *export, const Voucher *voucher, const json_t *version, json_t *brief,
              GError **error)
{
    const json_t *parts = json_object_get(version, "parts");
    const json_t *rendition = json_object_get(parts, "rendition");
    const json_t *text = json_object_get(parts, "text");
    const char *extension = dn_media_type_extension(dn_json_string(version, "media_type"));

    if (!add_part(export, voucher, brief, "file", json_object_get(version, "blob"),
                  DN_PART_ORIGINAL, "originals", extension, error) ||
        !add_part(export, voucher, brief, "rendition", rendition, DN_PART_RENDITION, "renditions",
                  "pdf", error) ||
        !add_part(export, voucher, brief, "text", text, DN_PART_TEXT, "text", "txt", error) ||
        !add_part(export, voucher, brief, "words", json_object_get(parts, "words"), DN_PART_WORDS,
                  "words", "json", error))
        return false;
    export->renditions += rendition != NULL;
    export->texts += text != NULL;
    return true;
}

static bool
add_version(Export *export, Voucher *voucher, const json_t *version, json_t *brief, GError **error)
{
    if ((!voucher->disposed && !add_documents(export, voucher, version, brief, error)) ||
        !add_record(export, voucher, version, brief, error) ||
        !list_document(export, voucher, brief, error))
        return false;
    export->versions++;
    voucher->original = dn_json_string(brief, "file");
    show_version(voucher, brief);
    return true;
}

/* All versions; the newest is the one the index names. */
static bool
add_versions(Export *export, Voucher *voucher, GError **error)
{
    const json_t *versions = json_object_get(voucher->state, "versions");
    json_t *briefs = json_object_get(voucher->details, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++)
        if (!add_version(export, voucher, json_array_get(versions, i), json_array_get(briefs, i),
                         error))
            return false;
    return true;
}

/* --- history --- */

static char *
text_of_value(const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)json_integer_value(value));
    return value ? dn_json_line(value) : g_strdup("");
}

static bool
add_history_row(Export *export, const Voucher *voucher, const json_t *entry, const char *field,
                const char *before, const char *after, GError **error)
{
    json_t *shown = json_array();
    const char *const cells[] = {voucher->serial,
                                 or_empty(dn_json_string(entry, "voucher")),
                                 or_empty(dn_json_string(entry, "at")),
                                 or_empty(dn_json_string(entry, "actor")),
                                 or_empty(dn_json_string(entry, "type")),
                                 field,
                                 before,
                                 after,
                                 or_empty(dn_json_string(entry, "reason")),
                                 NULL};

    for (size_t i = 2; cells[i]; i++)
        json_array_append_new(shown, json_string(cells[i]));
    json_array_append_new(voucher->entries, shown);
    return dn_sheet_add(export->history, cells, error);
}

/* What an entry without a list of changes changed: a member, the field it is shown as, and whether
 * it was there before. */
static bool
add_other_changes(Export *export, const Voucher *voucher, const json_t *entry, size_t *out_rows,
                  GError **error)
{
    static const struct {
        const char *member;
        const char *field;
        bool before;
    } members[] = {{"name", "name", false},        {"channel", "channel", false},
                   {"brought", "brought", false},  {"add", "labels", false},
                   {"remove", "labels", true},     {"book_ref", "book_ref", false},
                   {"unlinked", "book_ref", true}, {"other", "relations", false}};

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        const json_t *value = json_object_get(entry, members[i].member);
        g_autofree char *text = text_of_value(value);
        bool before = members[i].before;

        if (!value || (json_is_array(value) && json_array_size(value) == 0))
            continue;
        (*out_rows)++;
        if (!add_history_row(export, voucher, entry, members[i].field, before ? text : "",
                             before ? "" : text, error))
            return false;
    }
    return true;
}

static bool
add_history(Export *export, const Voucher *voucher, const json_t *entry, GError **error)
{
    const json_t *changes = json_object_get(entry, "changes");
    size_t rows = json_array_size(changes);

    for (size_t i = 0; i < rows; i++) {
        const json_t *change = json_array_get(changes, i);
        g_autofree char *before = text_of_value(json_object_get(change, "before"));
        g_autofree char *after = text_of_value(json_object_get(change, "after"));

        if (!add_history_row(export, voucher, entry, or_empty(dn_json_string(change, "field")),
                             before, after, error))
            return false;
    }
    return add_other_changes(export, voucher, entry, &rows, error) &&
           (rows > 0 || add_history_row(export, voucher, entry, "", "", "", error));
}

static bool
add_entries(Export *export, const Voucher *voucher, GError **error)
{
    DnArchive *archive = export->archive;
    g_autoptr(GArray) places = dn_view_entries(archive, voucher->id, error);

    if (!places)
        return false;
    for (guint i = 0; i < places->len; i++) {
        g_autofree char *line = dn_entry_load(archive, &archive->tenant,
                                              &g_array_index(places, DnEntryPlace, i), error);
        g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;

        if (!entry || !add_history(export, voucher, entry, error))
            return false;
        export->entry_count += !export->complete;
        if (!export->complete && (!dn_spool_add_text(export->entries, line, error) ||
                                  !dn_spool_add_text(export->entries, "\n", error)))
            return false;
    }
    return true;
}

/* --- rows --- */

static void
count_party(Export *export, const json_t *details)
{
    const char *party = dn_json_string(details, "party");
    const char *number = dn_json_string(details, "registration_number");
    char *key = g_strdup_printf("%s\n%s", or_empty(number), or_empty(party));
    gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(export->parties, key));

    if (party || number)
        g_hash_table_insert(export->parties, key, GSIZE_TO_POINTER(count + 1));
    else
        g_free(key);
}

static bool
add_row(Export *export, const Voucher *voucher, GError **error)
{
    const json_t *details = voucher->details;
    const char *state = dn_json_bool(details, "deleted", false) ? "deleted" : "";
    const char *const cells[] = {voucher->serial,
                                 or_empty(dn_json_string(details, "date")),
                                 voucher->amount,
                                 or_empty(dn_json_string(details, "currency")),
                                 or_empty(dn_json_string(details, "party")),
                                 or_empty(dn_json_string(details, "registration_number")),
                                 or_empty(dn_json_string(details, "kind")),
                                 or_empty(dn_json_string(details, "received")),
                                 voucher->disposed ? "disposed" : state,
                                 or_empty(dn_json_string(details, "stamped")),
                                 or_empty(dn_json_string(details, "voucher")),
                                 or_empty(voucher->original),
                                 NULL};
    g_autofree char *line = dn_json_line(details);

    return dn_sheet_add(export->index, cells, error) &&
           dn_spool_add_text(export->vouchers, line, error) &&
           dn_spool_add_text(export->vouchers, "\n", error);
}

static bool
show_voucher(Export *export, const Voucher *voucher, GError **error)
{
    static const char *const members[][2] = {
        {"d", "date"}, {"c", "currency"}, {"p", "party"},   {"r", "registration_number"},
        {"k", "kind"}, {"g", "received"}, {"s", "stamped"}, {"i", "voucher"}};
    g_autoptr(json_t) shown = json_object();

    dn_json_set_string(shown, "n", voucher->serial);
    dn_json_set_string(shown, "a", voucher->amount);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        dn_json_set_string(shown, members[i][0],
                           or_empty(dn_json_string(voucher->details, members[i][1])));
    dn_json_set_bool(shown, "x", dn_json_bool(voucher->details, "deleted", false));
    dn_json_set_bool(shown, "w", voucher->disposed);
    json_object_set(shown, "f", voucher->files);
    json_object_set(shown, "h", voucher->entries);
    return dn_page_add(export->page, shown, error);
}

bool
dn_export_voucher(Export *export, const DnUuid *id, GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(export->archive, id, error);
    g_auto(Voucher) voucher = {.id = id, .state = state};
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());

    if (!state)
        return false;
    voucher.disposed = g_strcmp0(dn_json_string(state, "state"), "disposed") == 0;
    voucher.details = dn_voucher_details(state, 0);
    dn_json_take(voucher.details, "law", dn_duty_kept(export->archive->rules, state, &today));
    voucher.files = json_array();
    voucher.entries = json_array();
    voucher.serial =
        g_strdup_printf("%0*" G_GUINT64_FORMAT, export->digits, (guint64)++ export->done);
    voucher.amount = json_object_get(voucher.details, "amount")
                         ? dn_money_format(dn_json_int(voucher.details, "amount", 0),
                                           dn_json_string(voucher.details, "currency"))
                         : g_strdup("");
    voucher.stem = stem_of(export, voucher.details, voucher.serial, voucher.amount);
    dn_json_set_string(voucher.details, "serial", voucher.serial);
    if (!add_versions(export, &voucher, error) || !add_entries(export, &voucher, error) ||
        !add_row(export, &voucher, error) || !show_voucher(export, &voucher, error))
        return dn_fail_in(error, "voucher %s", dn_json_string(state, "voucher"));
    export->deleted += dn_json_bool(voucher.details, "deleted", false);
    count_party(export, voucher.details);
    return true;
}
