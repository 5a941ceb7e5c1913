/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/doctor.c - what an operator should know before something goes wrong, and how much there
 * is.
 */
#include "config.h"
#include "base/money.h"
#include "engine/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOW_DISK_BYTES = 1 << 30, CLOCK_BOUND_US = 1000000 };

typedef struct {
    DnArchive *archive;
    DnRowVisitor visit;
    void *user_data;
} Doctor;

/* @row has what is told besides words. */
static bool
say_with(Doctor *doctor, json_t *row, const char *name, const char *verdict, const char *message,
         GError **error)
{
    dn_json_set_string(row, "name", name);
    dn_json_set_string(row, "verdict", verdict);
    dn_json_set_string(row, "message", message);
    return doctor->visit(row, doctor->user_data, error);
}

static bool G_GNUC_PRINTF(5, 6)
    say(Doctor *doctor, const char *name, const char *verdict, GError **error, const char *fmt, ...)
{
    g_autoptr(json_t) row = json_object();
    va_list args;

    va_start(args, fmt);
    g_autofree char *message = g_strdup_vprintf(fmt, args);
    va_end(args);
    return say_with(doctor, row, name, verdict, message, error);
}

static bool
look_at_keys(Doctor *doctor, GError **error)
{
    DnArchive *self = doctor->archive;
    g_autoptr(GError) problem = NULL;
    g_autofree char *inside = g_strconcat(self->dir, "/", NULL);
    unsigned keys = 0;

    if (!dn_keyring_check(self->keys, &keys, &problem))
        return say(doctor, "keys", "problem", error, "%s", problem->message);
    if (self->key_file && g_str_has_prefix(self->key_file, inside))
        return say(doctor, "keys", "problem", error,
                   "the master key lies in the archive's own folder: whoever copies the folder can "
                   "read it; move it and set [archive] key-file");
    return say(doctor, "keys", "ok", error,
               "%u keys open; keep a copy of the master key apart from the archive and its backups",
               keys);
}

static bool
look_at_log(Doctor *doctor, GError **error)
{
    DnStoreState state = dn_store_state(doctor->archive->store);
    g_autofree char *bytes = g_format_size(state.bytes);

    if (state.cut_bytes > 0)
        return say(doctor, "log", "warning", error,
                   "%u segments, %s; %" G_GUINT64_FORMAT
                   " unacknowledged bytes were cut when it was opened",
                   state.segments, bytes, state.cut_bytes);
    return say(doctor, "log", "ok", error, "%u segments, %s", state.segments, bytes);
}

static bool
look_at_view(Doctor *doctor, GError **error)
{
    DnStorePosition position;
    DnStorePosition end = dn_store_end(doctor->archive->store);
    g_autoptr(GError) problem = NULL;

    if (!dn_view_position(doctor->archive, &position, &problem))
        return say(doctor, "view", "problem", error, "%s", problem->message);
    if (dn_store_position_compare(&position, &end) != 0)
        return say(doctor, "view", "problem", error,
                   "it is not at the end of the log; run `dencho rebuild`");
    return say(doctor, "view", "ok", error, "applied to the end of the log");
}

static bool
look_at_witness(Doctor *doctor, GError **error)
{
    g_autofree char *path = dn_witness_path(doctor->archive);

    if (!path)
        return say(doctor, "rollback", "warning", error,
                   "the master key came from a descriptor: no witness beside it, an older copy of "
                   "the archive that is put back goes unnoticed");
    if (access(path, F_OK) != 0)
        return say(doctor, "rollback", "warning", error,
                   "nothing to compare the log with: %s is not there; it is written when the "
                   "archive is closed, if its folder can be written to",
                   path);
    return say(doctor, "rollback", "ok", error, "the log goes on from where %s saw it", path);
}

/* @models: of dn_reader_probe(); without the model of a page nothing is read. */
static bool
look_at_models(Doctor *doctor, json_t *models, GError **error)
{
    static const struct {
        const char *use;
        const char *package;
        const char *cost;
    } further[] = {
        {"latin", "tesseract-ocr-eng",
         "pages in Latin letters are read once only, and a 0 with a stroke as a 9"},
        {"accented", "tesseract-ocr-deu",
         "umlauts are read as other letters, and more names in heavy print are wrong"},
        {"line", "tesseract-ocr-jpn",
         "names of issuers and doubtful values get no second opinion: more of them are wrong"},
        {"vertical", "tesseract-ocr-script-jpan-vert",
         "columns of text that runs down are read by a model for rows alone: more of them are "
         "wrong"},
        {"column", "tesseract-ocr-jpn-vert",
         "columns of text that runs down get no second opinion: more of them are wrong"},
    };
    const char *name = dn_settings_string(doctor->archive->settings, "reading", "model");
    g_autoptr(GString) message = g_string_new(name);
    g_autoptr(json_t) row = json_object();
    bool accents = dn_money_is_of_accents(
        dn_settings_string(doctor->archive->settings, "reading", "currency"));
    unsigned missing = 0;

    /* Who keeps no books in these currencies does without the model for accents. */
    for (size_t i = 0; i < G_N_ELEMENTS(further); i++)
        if (!dn_json_bool(models, further[i].use, true) &&
            (accents || !g_str_equal(further[i].use, "accented"))) {
            g_string_append_printf(message, "; without %s %s", further[i].package, further[i].cost);
            missing++;
        }
    if (missing == 0 && json_object_size(models) > 0)
        g_string_append(message, ", and those for Latin letters, for a second look and for text "
                                 "that runs down");
    dn_json_set_bool(models, "page", true);
    dn_json_take(row, "models", json_incref(models));
    return say_with(doctor, row, "models", missing > 0 ? "warning" : "ok", message->str, error);
}

static bool
look_at_worker(Doctor *doctor, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) models = NULL;

    if (!dn_reader_probe(dn_archive_reader(doctor->archive), &models, &problem))
        return say(doctor, "worker", "problem", error, "documents cannot be read: %s",
                   problem->message);
    return say(doctor, "worker", "ok", error, "%u at a time",
               dn_archive_workers(doctor->archive)) &&
           look_at_models(doctor, models, error);
}

static bool
add_list(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    json_array_append(user_data, (json_t *)row);
    return true;
}

static bool
look_at_registry(Doctor *doctor, GError **error)
{
    g_autoptr(json_t) row = json_object();
    json_t *lists = json_array();
    g_autoptr(GString) message = g_string_new(NULL);
    bool good = true;
    bool absent = false;

    dn_json_take(row, "lists", lists);
    if (!dn_archive_registry_status(doctor->archive, false, add_list, lists, error))
        return false;
    for (size_t i = 0; i < json_array_size(lists); i++) {
        const json_t *list = json_array_get(lists, i);
        const char *verdict = dn_json_string(list, "verdict");
        bool none = strcmp(verdict, "absent") == 0;

        g_string_append_printf(message, "%s%s: ", i > 0 ? "; " : "", dn_json_string(list, "list"));
        if (none)
            g_string_append(message, "none");
        else
            g_string_append_printf(message, "%s as of %s, %" G_GINT64_FORMAT " rows", verdict,
                                   dn_json_string(list, "as_of"), dn_json_int(list, "rows", 0));
        good = good && (none || strcmp(verdict, "ok") == 0);
        absent = absent || none;
    }
    if (!good || absent)
        g_string_append_printf(message, "; import %s with `dencho registry import FILE`",
                               good ? "it" : "what is damaged or missing again");
    return say_with(doctor, row, "registry", good ? "ok" : "warning", message->str, error);
}

static bool
look_at_clock(Doctor *doctor, GError **error)
{
    DnClockReading clock = dn_clock_read();

    if (!clock.synchronised || clock.max_error_us > CLOCK_BOUND_US)
        return say(doctor, "clock", "warning", error,
                   "the kernel does not call its clock synchronised; run an NTP client, entries "
                   "say so until then");
    return say(doctor, "clock", "ok", error, "synchronised within %" G_GINT64_FORMAT " ms",
               clock.max_error_us / 1000);
}

static bool
look_at_disk(Doctor *doctor, GError **error)
{
    struct statvfs disk;

    if (statvfs(doctor->archive->dir, &disk) != 0)
        return say(doctor, "disk", "problem", error, "%s", g_strerror(errno));
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    g_autofree char *text = g_format_size(left);

    return say(doctor, "disk", left < LOW_DISK_BYTES ? "warning" : "ok", error, "%s free", text);
}

static bool
look_at_evidence(Doctor *doctor, GError **error)
{
    DnArchive *self = doctor->archive;
    g_autoptr(GError) problem = NULL;
    g_autoptr(DnTrust) trust = dn_archive_trust(self, &problem);
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    uint64_t waiting = 0;
    DnDate deadline;
    char day[DN_DATE_TEXT + 1];

    if (!dn_stamp_waiting(self, &waiting, &deadline, error))
        return false;
    if (!trust)
        return say(doctor, "evidence", "problem", error, "trust file: %s", problem->message);
    if (!dn_authority_is_set(self))
        return say(doctor, "evidence", "warning", error,
                   "no time-stamp authority is set ([evidence] tsa-url); %" G_GUINT64_FORMAT
                   " documents wait",
                   waiting);
    if (waiting == 0)
        return say(doctor, "evidence", "ok", error, "no document waits for a time stamp");
    dn_date_format(&deadline, day);
    if (deadline.year == 9999)
        return say(doctor, "evidence", "warning", error,
                   "%" G_GUINT64_FORMAT " documents wait; run `dencho stamp`", waiting);
    return say(
        doctor, "evidence", dn_date_compare(&deadline, &today) < 0 ? "problem" : "warning", error,
        "%" G_GUINT64_FORMAT " documents wait, the first must be stamped by %s; run `dencho stamp`",
        waiting, day);
}

/* What `dencho renew --plan` tells, in one line: the groups come with the earliest first. */
typedef struct {
    int64_t due;
    int64_t ended;
    char next[DN_DATE_TEXT + 1]; /* "" when nothing is left to come */
} Renewals;

static bool
note_group(const json_t *row, void *user_data, GError **error)
{
    Renewals *renewals = user_data;
    const char *state = dn_json_string(row, "state");

    (void)error;
    if (strcmp(state, "due") == 0)
        renewals->due += dn_json_int(row, "stamps", 0);
    else if (strcmp(state, "ended") == 0)
        renewals->ended += dn_json_int(row, "stamps", 0);
    else if (!*renewals->next)
        g_strlcpy(renewals->next, dn_json_string(row, "due"), sizeof renewals->next);
    return true;
}

static bool
look_at_renewals(Doctor *doctor, GError **error)
{
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GError) problem = NULL;
    Renewals renewals = {0};

    if (!dn_archive_renew(doctor->archive, &(DnRenewal){.plan = true}, note_group, NULL, &renewals,
                          &totals, &problem))
        return say(doctor, "renewal", "problem", error, "%s", problem->message);
    if (renewals.ended > 0)
        return say(doctor, "renewal", "problem", error,
                   "%" G_GINT64_FORMAT " time stamps have ended and can no longer be renewed; "
                   "`dencho renew --plan` names them",
                   renewals.ended);
    if (renewals.due > 0)
        return say(doctor, "renewal", "warning", error,
                   "%" G_GINT64_FORMAT " time stamps or hash trees are due; run `dencho renew`",
                   renewals.due);
    return say(doctor, "renewal", "ok", error, "%s%s",
               *renewals.next ? "the next is due on " : "there is nothing to renew", renewals.next);
}

static bool
look_at_revocations(Doctor *doctor, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(DnTrust) trust = dn_archive_trust(doctor->archive, &problem);
    DnRevocationNeed need;

    if (!trust || !dn_revocation_missing(doctor->archive, trust, &need, &problem))
        return say(doctor, "revocation", "problem", error, "%s", problem->message);
    if (need.revoked > 0)
        return say(doctor, "revocation", "problem", error,
                   "a signer of time stamps of %s was REVOKED; `dencho verify` names the vouchers "
                   "that it concerns",
                   need.authority);
    if (need.too_late > 0)
        return say(doctor, "revocation", "problem", error,
                   "%" G_GINT64_FORMAT " time stamps of %s have no proof that their signer was not "
                   "revoked, and its certificate has ended: there will be none",
                   need.too_late, need.authority);
    if (need.wanted > 0)
        return say(doctor, "revocation", need.none ? "ok" : "warning", error,
                   "%" G_GINT64_FORMAT " time stamps of %s have no proof yet that their signer was "
                   "not revoked; %s",
                   need.wanted, need.authority,
                   need.none ? "[evidence] revocation says that none is kept"
                             : "run `dencho stamp` while there is a network, or name a CRL in "
                               "[evidence] revocation");
    return say(doctor, "revocation", "ok", error,
               "no time stamp of an authority of the trust list lacks a proof");
}

static bool
look_at_unread(Doctor *doctor, GError **error)
{
    uint64_t waiting = 0;

    if (!dn_view_count_jobs(doctor->archive, 'r', &waiting, error))
        return false;
    return say(doctor, "reading", waiting > 0 ? "warning" : "ok", error,
               "%" G_GUINT64_FORMAT " documents wait%s", waiting,
               waiting > 0 ? "; run `dencho read --pending`" : " to be read");
}

bool
dn_archive_doctor(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    Doctor doctor = {.archive = self, .visit = visit, .user_data = user_data};

    return look_at_keys(&doctor, error) && look_at_log(&doctor, error) &&
           look_at_view(&doctor, error) && look_at_witness(&doctor, error) &&
           look_at_worker(&doctor, error) && look_at_registry(&doctor, error) &&
           look_at_clock(&doctor, error) && look_at_disk(&doctor, error) &&
           look_at_evidence(&doctor, error) && look_at_renewals(&doctor, error) &&
           look_at_revocations(&doctor, error) && look_at_unread(&doctor, error);
}

/* --- how much there is --- */

typedef struct {
    int64_t vouchers;
    int64_t deleted;
} Counts;

static bool
count_state(const DnValue *state, void *user_data, GError **error)
{
    Counts *counts = user_data;

    (void)error;
    counts->vouchers++;
    counts->deleted += dn_value_bool(state, "deleted", false);
    return true;
}

static int64_t
folder_bytes(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    int64_t bytes = 0;

    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        struct stat st;

        if (lstat(file, &st) == 0 && S_ISREG(st.st_mode))
            bytes += st.st_size;
    }
    return bytes;
}

json_t *
dn_archive_stats(DnArchive *self, GError **error)
{
    g_autofree char *view_dir = g_build_filename(self->dir, "view", NULL);
    DnStoreState state = dn_store_state(self->store);
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);
    Counts counts = {0};
    DnLedgerHead head;
    uint64_t unread = 0;
    uint64_t unstamped = 0;
    DnDate deadline;
    char day[DN_DATE_TEXT + 1];

    if (!tenants || !dn_view_count_jobs(self, 'r', &unread, error) ||
        !dn_stamp_waiting(self, &unstamped, &deadline, error) ||
        !dn_view_each_value(self, count_state, &counts, error) ||
        !dn_view_head(self, &self->tenant, &head, error))
        return NULL;
    json_t *row = json_object();

    dn_json_set_string(row, "tenant", self->tenant_name);
    dn_json_set_int(row, "vouchers", counts.vouchers);
    dn_json_set_int(row, "deleted", counts.deleted);
    dn_json_set_int(row, "unread", (int64_t)unread);
    dn_json_set_int(row, "unstamped", (int64_t)unstamped);
    dn_date_format(&deadline, day);
    if (deadline.year != 9999)
        dn_json_set_string(row, "stamp_deadline", day);
    dn_json_set_int(row, "entries", (int64_t)head.seq);
    dn_json_set_int(row, "log_bytes", (int64_t)state.bytes);
    dn_json_set_int(row, "view_bytes", folder_bytes(view_dir));
    dn_json_set_int(row, "segments", state.segments);
    dn_json_set_int(row, "tenants", tenants->len);
    return row;
}
