/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/ingest.c - the whole way of a document.
 *
 *   1 sniff, limits      what no codec knows is refused, unless it is to be kept as it is
 *   2 seal and hash      the same bytes twice: answered with the voucher that has them
 *   3 register           one commit: from here on the voucher cannot be lost -- the receipt
 *   4 read               in a worker: pixels, words, fields, rendition            (read.c)
 *   5 commit the reading text layer and rendition, or the reason why there is none (read.c)
 *   6 stamp              with the next batch                                       (stamp.c)
 */
#include "config.h"
#include "base/capture.h"
#include "base/media-type.h"
#include "base/money.h"
#include "base/source.h"
#include "engine/duty.h"
#include "engine/internal.h"
#include "engine/law/fiscal-year.h"

#include <string.h>
#include <sys/stat.h>

/* --- 1: what comes in --- */

static json_t *
rejected(DnErrorCode code, const char *message)
{
    json_t *result = json_object();

    dn_json_set_string(result, "status", "rejected");
    dn_json_take(result, "error", dn_error_json(code, message));
    return result;
}

/* NULL: welcome. Otherwise the result that turns it away. */
static json_t *
turn_away(DnArchive *self, GBytes *document, const DnIngest *request, const char *media_type)
{
    uint64_t size = g_bytes_get_size(document);

    if (size == 0)
        return rejected(DN_ERROR_FORMAT, "the file is empty");
    if (size > self->limits.max_document_bytes) {
        g_autofree char *message =
            g_strdup_printf("%" G_GUINT64_FORMAT " bytes, allowed are %" G_GUINT64_FORMAT
                            " ([limits] document-bytes)",
                            size, self->limits.max_document_bytes);

        return rejected(DN_ERROR_LIMIT, message);
    }
    if (!media_type && !request->as_is)
        return rejected(DN_ERROR_UNSUPPORTED, "neither TIFF, PNG, JPEG, HEIC, PDF nor an e-invoice "
                                              "in XML; --as-is archives it unread");
    return NULL;
}

/* How data came decides by which way it is kept (law rows R51, R52). */
static bool
check_channel(DnArchive *self, const DnIngest *request, const DnArrival *arrival, GError **error)
{
    bool says_how = request->channel || request->token || request->exchanged;

    if (says_how && g_strcmp0(request->origin, "scan") == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a scan is of paper: a channel and its time stamps are of electronic "
                       "documents");
    if (request->exchanged && !request->channel)
        return dn_fail(error, DN_ERROR_INVALID, "what is exchanged comes by a channel: name it");
    if (!dn_rules_check_channel(self->rules, request->channel, error))
        return false;
    return request->exchanged || dn_rules_kept(self->rules, arrival) != DN_KEPT_SYSTEM ||
           dn_fail(error, DN_ERROR_INVALID,
                   "what comes by %s is kept by its exchange (規4①三) and is handed over by the "
                   "service that exchanges it; what is put in later comes by another channel "
                   "(電子問39)",
                   request->channel);
}

static bool
check_request(const DnIngest *request, GError **error)
{
    uint32_t side = 0;

    if (request->kind && !dn_voucher_kind_known(request->kind))
        return dn_fail(error, DN_ERROR_INVALID,
                       "unknown kind; one of receipt, invoice, delivery_note, quotation, order, "
                       "contract, statement, other");
    if (g_strcmp0(request->origin, "printout") == 0) /* スキャナ保存関係 問64; law row R60 */
        return dn_fail(error, DN_ERROR_INVALID,
                       "a scan of printed data is no document of the law; hand in the data itself "
                       "with --origin electronic");
    if (request->paper && !dn_capture_paper(request->paper, &side, &side))
        return dn_fail(error, DN_ERROR_INVALID, "unknown paper; A3 to A7 or B4 to B6");
    if (!dn_check_back(request->back, error))
        return false;
    if (request->origin && strcmp(request->origin, "scan") != 0 &&
        strcmp(request->origin, "electronic") != 0)
        return dn_fail(error, DN_ERROR_INVALID, "unknown origin; scan or electronic");
    if (request->currency && dn_money_scale(request->currency) < 0)
        return dn_fail(error, DN_ERROR_INVALID, "not a currency code: write JPY");
    return true;
}

/* --- 3: the first entry of a voucher --- */

static json_t *
given_values(DnArchive *self, const DnIngest *request)
{
    json_t *values = json_object();

    if (request->date) {
        char date[DN_DATE_TEXT + 1];

        dn_date_format(request->date, date);
        dn_json_set_string(values, "date", date);
    }
    if (request->amount) {
        const char *currency = request->currency ? request->currency : dn_archive_currency(self);
        json_t *amount = json_object();

        dn_json_set_int(amount, "value", *request->amount);
        dn_json_set_string(amount, "currency", currency);
        dn_json_set_int(amount, "scale", dn_money_scale(currency));
        dn_json_take(values, "amount", amount);
    }
    if (request->party) {
        g_autofree char *party = dn_text_sanitise(request->party, -1);

        dn_json_set_string(values, "party", party);
    }
    return values;
}

static const char *
origin_of(const DnIngest *request, const char *media_type)
{
    if (request->origin)
        return request->origin;
    return request->channel || request->token || !media_type ||
                   g_str_has_prefix(media_type, "application/")
               ? "electronic"
               : "scan";
}

/* The day of receipt in Japan. */
static DnDate
received_on(const DnIngest *request)
{
    return request->received ? *request->received : dn_date_in_japan(dn_clock_now_utc_ms());
}

/* A sender's time stamp is looked for where the document is kept by it. */
static bool
note_stamp(DnArchive *self, GBytes *document, const DnIngest *request, const char *media_type,
           const DnArrival *arrival, json_t *entry, GError **error)
{
    bool is_data = strcmp(origin_of(request, media_type), "electronic") == 0;
    bool wanted = is_data && dn_rules_kept(self->rules, arrival) == DN_KEPT_STAMPED &&
                  g_strcmp0(media_type, "application/pdf") == 0;

    return (!request->token && !wanted) ||
           dn_sender_stamp_note(self, document, request->token, entry, error);
}

static json_t *
registration(DnArchive *self, const DnIngest *request, const DnUuid *id, const DnNewBlob *original,
             const char *media_type, const DnDate *received, const char *period)
{
    json_t *entry = dn_voucher_entry("voucher.registered", id);
    json_t *values = given_values(self, request);
    char day[DN_DATE_TEXT + 1];

    dn_date_format(received, day);
    if (request->name) {
        g_autofree char *name = dn_text_sanitise(request->name, -1);

        dn_json_set_string(entry, "name", name);
    }
    dn_json_set_string(entry, "origin", origin_of(request, media_type));
    dn_json_set_string(entry, "channel", request->channel);
    if (request->exchanged)
        dn_json_set_bool(entry, "exchanged", true);
    dn_json_set_string(entry, "kind", request->kind);
    dn_json_set_string(entry, "received", day);
    dn_json_set_string(entry, "paper", request->paper);
    if (request->device) {
        g_autofree char *device = dn_text_sanitise(request->device, -1);

        dn_json_set_string(entry, "device", device);
    }
    dn_json_set_string(entry, "back", request->back);
    dn_json_set_string(entry, "media_type", media_type);
    dn_json_set_string(entry, "period", period);
    dn_json_take(entry, "blob", dn_blob_ref(original));
    dn_entry_set_engine(self, entry);
    dn_json_take(entry, "values", values);
    if (request->labels && request->labels[0]) {
        json_t *labels = json_array();

        for (const char *const *label = request->labels; *label; label++) {
            g_autofree char *safe = dn_text_sanitise(*label, -1);

            json_array_append_new(labels, json_string(safe));
        }
        dn_json_take(entry, "labels", labels);
    }
    return entry;
}

static bool
register_voucher(DnArchive *self, GBytes *document, const DnNewBlob *original,
                 const DnArrival *arrival, const char *period, const DnIngest *request,
                 const char *media_type, DnUuid *out_id, GError **error)
{
    DnUuid id = dn_uuid_new();
    g_autoptr(json_t) entry =
        registration(self, request, &id, original, media_type, &arrival->received, period);

    if (!note_stamp(self, document, request, media_type, arrival, entry, error))
        return false;
    if (!dn_commit(self, &self->tenant, period, original, 1, entry, error))
        return dn_fail_in(error, "cannot store the document");
    *out_id = id;
    return true;
}

/* A document that comes too late is taken in and told so. */
static void
add_law(DnArchive *self, const json_t *state, json_t *result)
{
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    g_autoptr(json_t) duty = dn_duty(self->rules, state, &today);
    static const char *const keys[] = {"importance", "entry_deadline", "on_time", "keep_until",
                                       "electronic", "shown_by",       NULL};
    json_t *law = json_object();

    for (const char *const *key = keys; *key; key++)
        dn_json_set_string(law, *key, dn_json_string(duty, *key));
    dn_json_take(result, "law", law);
}

/* --- room in memory --- */

/* Room that a document takes while it is in hand; given back at the end of the block. */
typedef struct {
    DnArchive *archive;
    uint64_t bytes;
} Room;

static void
room_shrink(Room *room, uint64_t bytes)
{
    DN_LOCKED(&room->archive->hand_lock);

    room->archive->in_hand_bytes -= room->bytes - bytes;
    room->bytes = bytes;
    g_cond_broadcast(&room->archive->hand_changed);
}

static void
room_clear(Room *room)
{
    if (room->archive)
        room_shrink(room, 0);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Room, room_clear)

/* Waits until there is room: for the document and for its sealed copy. What is larger than all the
 * room is let in alone. */
static Room
room_take(DnArchive *self, uint64_t document_bytes)
{
    Room room = {.archive = self, .bytes = 2 * document_bytes};
    uint64_t most = (uint64_t)dn_settings_int(self->settings, "limits", "in-hand-bytes");

    DN_LOCKED(&self->hand_lock);
    while (self->in_hand_bytes > 0 && self->in_hand_bytes + room.bytes > most)
        g_cond_wait(&self->hand_changed, &self->hand_lock);
    self->in_hand_bytes += room.bytes;
    return room;
}

/* --- the way --- */

static bool
ingest(DnArchive *self, GBytes *document, const DnIngest *request, Room *room, json_t **out_result,
       GError **error)
{
    const char *media_type = dn_media_type_sniff(document);
    const DnArrival arrival = {.channel = request->channel, .received = received_on(request)};
    int month = (int)dn_settings_int(self->settings, "retention", "fiscal-year-month");
    g_autofree char *period = g_strdup_printf("%d", dn_fiscal_year(&arrival.received, month));
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) state = NULL;
    g_auto(DnNewBlob) original = {0};
    DnUuid id;

    if (!check_request(request, error) || !check_channel(self, request, &arrival, error))
        return false;
    json_t *refusal = turn_away(self, document, request, media_type); /* 1 */

    if (refusal) {
        *out_result = refusal;
        return true;
    }
    /* 2: in one pass, which costs less than hashing before and sealing only what is new. */
    if (!dn_new_document(self, &self->tenant, period, document, &original, error))
        return dn_fail_in(error, "cannot store the document");
    {
        DN_LOCKED(dn_archive_stripe(
            self, original.digest.bytes)); /* the same bytes from two threads: one voucher */

        state = dn_view_find_digest(self, &original.digest, &problem);
        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        /* Of what was disposed of nothing is left to answer with: it comes in anew. */
        if (state && g_strcmp0(dn_json_string(state, "state"), "disposed") != 0) {
            json_t *result = dn_read_result_of(self, state, "duplicate", error);

            if (result && request->token)
                dn_json_take(result, "error",
                             dn_error_json(DN_ERROR_EXISTS,
                                           "the document is in the archive; a time "
                                           "stamp comes in together with it"));
            if (result)
                *out_result = result;
            return result != NULL;
        }
        if (!register_voucher(self, document, &original, &arrival, period, request, media_type, &id,
                              error)) /* 3 */
            return false;
    }
    dn_new_blob_clear(&original);
    room_shrink(room, g_bytes_get_size(document)); /* the sealed copy has gone */
    if (request->receipt) {
        g_autoptr(json_t) registered = dn_view_voucher(self, &id, error);
        g_autoptr(json_t) receipt = registered ? dn_voucher_result(registered, "stored") : NULL;

        if (!receipt)
            return false;
        request->receipt(receipt, request->user_data);
    }
    if (media_type && !request->no_wait) { /* 4, 5 */
        DN_LOCKED(dn_archive_stripe(self, id.bytes));

        dn_read_voucher(self, &id, document, &problem);
    }
    g_clear_pointer(&state, json_decref); /* of what was disposed of */
    state = dn_view_voucher(self, &id, error);
    if (!state)
        return false;
    json_t *result = dn_read_result_of(self, state, "stored", error);

    if (!result)
        return false;
    *out_result = result;
    add_law(self, state, result);
    if (problem) /* the voucher is safe and still waits to be read */
        dn_json_take(result, "error", dn_error_json(dn_error_code(problem), problem->message));
    return true;
}

bool
dn_archive_ingest(DnArchive *self, GBytes *document, const DnIngest *request, json_t **out_result,
                  GError **error)
{
    g_auto(Room) room = room_take(self, g_bytes_get_size(document));

    return ingest(self, document, request, &room, out_result, error);
}

bool
dn_archive_ingest_file(DnArchive *self, const char *path, const DnIngest *request,
                       json_t **out_result, GError **error)
{
    struct stat st;
    uint64_t size = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    g_auto(Room) room = room_take(self, MIN(size, self->limits.max_document_bytes));
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) document =
        dn_source_read_file(path, self->limits.max_document_bytes, &problem);

    if (document)
        return ingest(self, document, request, &room, out_result, error);
    *out_result = rejected(dn_error_code(problem), problem->message);
    return true;
}
