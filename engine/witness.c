/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/witness.c - a note beside the master key of how far the log was: an older copy of the
 * whole folder, which is without a flaw in itself, does not agree with it.
 *
 *   KEYFILE.witness   dencho witness 1
 *                     archive <uuid>
 *                     end <segment> <offset>
 *                     tenant <uuid> <seq> <hash of that entry>        one line a tenant
 *                     <HMAC-SHA256 of the lines above, 64 hexadecimal digits>
 *
 * It is written when an archive is opened or closed that has grown, and after a time stamp or a
 * backup, always after what it tells of is durable. What came after it is not covered: a copy put
 * back that is not older than the witness passes.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/internal.h"

#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 16 << 20, HMAC_BYTES = 32, HMAC_LINE = 2 * HMAC_BYTES + 1 };

static const char first_line[] = "dencho witness 1";

typedef struct {
    DnStorePosition end;
    GHashTable *heads; /* DnUuid -> DnLedgerHead */
} Witness;

static void
witness_clear(Witness *self)
{
    g_clear_pointer(&self->heads, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Witness, witness_clear)

char *
dn_witness_path(const DnArchive *self)
{
    return self->key_file ? g_strconcat(self->key_file, ".witness", NULL) : NULL;
}

/* --- writing --- */

static char *
sign(DnArchive *self, const char *lines, size_t size)
{
    uint8_t mac[HMAC_BYTES];

    dn_keyring_witness(self->keys, lines, size, mac);
    return dn_hex(mac, sizeof mac);
}

/* The view's position and heads, which belong together under apply_lock. */
static GString *
format(DnArchive *self, DnStorePosition *out_end, GError **error)
{
    DN_LOCKED(&self->apply_lock);
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);
    g_autofree char *archive = dn_uuid_text(&self->id);

    if (!tenants || !dn_view_position(self, out_end, error))
        return NULL;
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s\narchive %s\nend %u %" G_GUINT64_FORMAT "\n", first_line,
                           archive, out_end->segment, out_end->offset);
    for (guint i = 0; i < tenants->len; i++) {
        const json_t *row = g_ptr_array_index(tenants, i);

        g_string_append_printf(text, "tenant %s %" G_GINT64_FORMAT " %s\n",
                               dn_json_string(row, "tenant"), dn_json_int(row, "seq", 0),
                               dn_json_string(row, "hash"));
    }
    return text;
}

bool
dn_witness_write(DnArchive *self, GError **error)
{
    g_autofree char *path = dn_witness_path(self);
    DnStorePosition end;
    bool written = false;

    if (!path || !self->witness_holds)
        return true;
    DN_LOCKED(&self->witness_lock);
    GString *text = format(self, &end, error);

    if (!text)
        return false;
    if (dn_store_position_compare(&end, &self->witnessed) == 0) {
        g_string_free(text, TRUE);
        return true;
    }
    g_autofree char *mac = sign(self, text->str, text->len);

    g_string_append_printf(text, "%s\n", mac);
    written = dn_fs_replace_file(path, text->str, text->len, 0600, error);
    g_string_free(text, TRUE);
    if (written)
        self->witnessed = end;
    return written;
}

/* --- reading --- */

static bool
parse_tenant(const char *line, GHashTable *heads)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 5);
    DnLedgerHead head = {0};
    guint64 seq = 0;
    DnUuid tenant;

    if (g_strv_length(words) != 4 || strcmp(words[0], "tenant") != 0 ||
        !dn_uuid_parse(words[1], &tenant, NULL) ||
        !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &seq, NULL) ||
        !dn_unhex(words[3], head.hash.bytes, sizeof head.hash.bytes, NULL))
        return false;
    head.seq = seq;
    g_hash_table_insert(heads, g_memdup2(&tenant, sizeof tenant), g_memdup2(&head, sizeof head));
    return true;
}

static bool
parse_end(const char *line, DnStorePosition *out_end)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    guint64 segment = 0;
    guint64 offset = 0;

    if (g_strv_length(words) != 3 || strcmp(words[0], "end") != 0 ||
        !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT32, &segment, NULL) ||
        !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &offset, NULL))
        return false;
    *out_end = (DnStorePosition){.segment = (uint32_t)segment, .offset = offset};
    return true;
}

static bool
parse(DnArchive *self, const char *text, size_t size, Witness *out)
{
    size_t signed_size = size > HMAC_LINE ? size - HMAC_LINE : 0;
    g_autofree char *mac = sign(self, text, signed_size);
    g_autofree char *archive = dn_uuid_text(&self->id);
    g_autofree char *archive_line = g_strconcat("archive ", archive, NULL);
    g_autofree char *head = g_strndup(text, signed_size);
    g_auto(GStrv) lines = g_strsplit(head, "\n", -1);
    guint count = g_strv_length(lines);
    bool good = signed_size > 0 && text[size - 1] == '\n' &&
                strncmp(text + signed_size, mac, 2 * HMAC_BYTES) == 0 && count > 3 &&
                strcmp(lines[0], first_line) == 0 && strcmp(lines[1], archive_line) == 0 &&
                parse_end(lines[2], &out->end);

    out->heads = dn_heads_new();
    for (guint i = 3; good && i + 1 < count; i++)
        good = parse_tenant(lines[i], out->heads);
    return good;
}

/* *@out_there false: nothing to compare with. */
static bool
load(DnArchive *self, const char *path, Witness *out, bool *out_there, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = dn_fs_load_file(path, MAX_BYTES, &problem);
    gsize size = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &size) : NULL;

    *out_there = false;
    if (g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND))
        return true;
    if (problem && !g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!text || !parse(self, text, size, out))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "%s is damaged or was written for another archive; when you know why, go on "
                       "with `dencho doctor --accept-rollback --reason ...`",
                       path);
    *out_there = true;
    return true;
}

/* --- comparing --- */

typedef struct {
    DnArchive *archive;
    GHashTable *heads; /* of tenants not seen yet after the witness's position */
    bool differs;
} Comparing;

static bool
fail_rolled_back(GError **error, const char *what)
{
    return dn_fail(error, DN_ERROR_CORRUPT,
                   "an older copy of the archive was put back: %s. Put the newest copy back; if "
                   "there is none, go on with `dencho doctor --accept-rollback --reason ...`",
                   what);
}

/* The first entry after the witness names the hash of the one that the witness names. */
static bool
compare_next(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Comparing *self = user_data;
    const DnLedgerHead *head = g_hash_table_lookup(self->heads, &visit->tenant);
    g_autofree char *line = NULL;

    if (!head || !dn_keyring_has_tenant(self->archive->keys, &visit->tenant))
        return true; /* a closed tenant's entries open no more */
    line = dn_unseal_line(self->archive->keys, &visit->tenant, visit->entries[0].seq,
                          visit->entries[0].sealed, error);
    g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;
    g_autofree char *hash = dn_hex(head->hash.bytes, sizeof head->hash.bytes);

    if (!entry)
        return false;
    if (visit->entries[0].seq != head->seq + 1 ||
        g_strcmp0(dn_json_string(entry, "prev"), hash) != 0) {
        self->differs = true;
        return fail_rolled_back(error, "its ledger has gone another way since");
    }
    g_hash_table_remove(self->heads, &visit->tenant);
    return true;
}

/* Tenants without an entry since the witness was written. */
static bool
compare_rest(const Comparing *self, GError **error)
{
    GHashTableIter iter;
    gpointer tenant = NULL;
    gpointer head = NULL;

    g_hash_table_iter_init(&iter, self->heads);
    while (g_hash_table_iter_next(&iter, &tenant, &head)) {
        const DnLedgerHead *expected = head;
        DnLedgerHead found;

        if (!dn_keyring_has_tenant(self->archive->keys, tenant))
            continue;
        if (!dn_view_head(self->archive, tenant, &found, error))
            return false;
        if (found.seq != expected->seq || !dn_sha256_equal(&found.hash, &expected->hash)) {
            g_autofree char *what = g_strdup_printf("a ledger ends at entry %" G_GUINT64_FORMAT
                                                    ", it had reached %" G_GUINT64_FORMAT,
                                                    found.seq, expected->seq);

            return fail_rolled_back(error, what);
        }
    }
    return true;
}

bool
dn_witness_check(DnArchive *self, GError **error)
{
    g_autofree char *path = dn_witness_path(self);
    g_auto(Witness) witness = {0};
    g_autoptr(GError) problem = NULL;
    DnStorePosition end = dn_store_end(self->store);
    bool there = false;

    if (path && !load(self, path, &witness, &there, error))
        return false;
    if (!there) {
        self->witness_holds = true;
        return true;
    }
    if (dn_store_position_compare(&end, &witness.end) < 0) {
        g_autofree char *what =
            g_strdup_printf("its log ends in segment %u at byte %" G_GUINT64_FORMAT
                            ", it had reached segment %u, byte %" G_GUINT64_FORMAT,
                            end.segment, end.offset, witness.end.segment, witness.end.offset);

        return fail_rolled_back(error, what);
    }
    Comparing comparing = {.archive = self, .heads = witness.heads};

    if (!dn_store_each(self->store, &witness.end, 0, compare_next, &comparing, &problem)) {
        if (!g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT) || comparing.differs) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        return fail_rolled_back(error, problem->message); /* no commit ends where one had ended */
    }
    if (!compare_rest(&comparing, error))
        return false;
    self->witnessed = witness.end;
    self->witness_holds = true;
    return true;
}

bool
dn_witness_accept(DnArchive *self, const GError *found, const char *reason, GError **error)
{
    g_autoptr(json_t) entry = json_object();
    g_autofree char *safe = dn_text_sanitise(reason, -1);

    g_strstrip(safe);
    if (!*safe)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a reason is needed: --reason 'the disk was lost, this is the backup'");
    dn_json_set_string(entry, "type", "archive.rolled-back");
    dn_json_set_string(entry, "reason", safe);
    dn_json_set_string(entry, "found", found->message);
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    self->witness_holds = true;
    return dn_witness_write(self, error);
}
