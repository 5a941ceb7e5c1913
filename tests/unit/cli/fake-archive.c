/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/cli/fake-archive.c - an archive that does as it is told.
 *
 * The tests of the commands look at what a command asks for and at what it makes of the answer, so
 * the answers are scripted: a document is a JSON object {"result", "sleep_ms", "fail"}, and files
 * of the archive's folder hold what the other calls answer (rows.jsonl, history.jsonl, show.json,
 * cat.bin, cat.type, failures.jsonl, slow). Each call is noted as a line of calls.jsonl.
 */
#include "config.h"
#include "base/source.h"
#include "engine/archive.h"
#include "base/fs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { STEP_US = 10000 };

struct DnArchive {
    char *dir;
    DnPassphrases passphrases;
    GMutex lock;
};

/* --- the script --- */

/* (transfer full) A file of the archive's folder, or NULL. */
static char *
fake_file(const DnArchive *self, const char *name, gsize *out_size)
{
    g_autofree char *path = g_build_filename(self->dir, name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, out_size, NULL) ? text : NULL;
}

static bool
fake_each(const DnArchive *self, const char *name, DnRowVisitor visit, void *user_data,
          uint64_t skip, uint64_t limit, uint64_t *out_visited, GError **error)
{
    g_autofree char *text = fake_file(self, name, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    uint64_t at = 0;

    for (char **line = lines; *line; line++) {
        if (!**line || at++ < skip || (limit > 0 && *out_visited >= limit))
            continue;
        g_autoptr(json_t) row = dn_json_parse(*line, strlen(*line), error);

        if (!row || (visit && !visit(row, user_data, error)))
            return false;
        ++*out_visited;
    }
    return true;
}

/* @call (transfer full) becomes a line of calls.jsonl. */
static void
fake_note(const char *dir, const char *name, json_t *call)
{
    g_autoptr(json_t) owned = call;
    g_autofree char *path = g_build_filename(dir, "calls.jsonl", NULL);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    dn_json_set_string(owned, "call", name);
    g_autofree char *line = dn_json_line(owned);
    g_autofree char *ended = g_strconcat(line, "\n", NULL);

    if (fd < 0 || !dn_fs_write_all(fd, ended, strlen(ended), NULL))
        g_error("cannot write %s", path);
    close(fd);
}

static void
note_date(json_t *call, const char *key, const DnDate *date)
{
    char text[DN_DATE_TEXT + 1];

    if (!date)
        return;
    dn_date_format(date, text);
    dn_json_set_string(call, key, text);
}

static void
note_int(json_t *call, const char *key, const int64_t *value)
{
    if (value)
        dn_json_set_int(call, key, *value);
}

static void
note_words(json_t *call, const char *key, const char *const *words)
{
    json_t *array = json_array();

    for (; words && *words; words++)
        json_array_append_new(array, json_string(*words));
    dn_json_take(call, key, array);
}

static void
note_id(json_t *call, const DnUuid *id)
{
    g_autofree char *text = dn_uuid_text(id);

    dn_json_set_string(call, "voucher", text);
}

/* (transfer full) A row that tells the voucher's id. */
static json_t *
fake_row(const DnUuid *id)
{
    json_t *row = json_object();

    note_id(row, id);
    dn_json_set_string(row, "state", "read");
    return row;
}

/* --- life --- */

bool
dn_archive_init(const char *dir, const DnArchiveInit *options, char **out_key_file, GError **error)
{
    if (!dn_fs_make_dir(dir, true, error))
        return false;
    json_t *call = json_object();

    note_words(call, "settings", options->settings);
    dn_json_set_string(call, "key_file", options->key_file);
    fake_note(dir, "init", call);
    *out_key_file =
        options->key_file ? g_strdup(options->key_file) : g_strconcat(dir, ".key", NULL);
    return true;
}

DnArchive *
dn_archive_open(const char *dir, const DnArchiveOptions *options, GError **error)
{
    json_t *call = NULL;
    g_autofree char *locked = g_build_filename(dir, "locked", NULL);

    if (!g_file_test(dir, G_FILE_TEST_IS_DIR))
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "%s: no archive", dir);
    if (g_file_test(locked, G_FILE_TEST_EXISTS))
        return dn_fail_null(error, DN_ERROR_BUSY, "%s: process 7 has it open", dir);
    call = json_object();
    dn_json_set_string(call, "tenant", options->tenant);
    dn_json_set_string(call, "key_file", options->key_file);
    dn_json_set_int(call, "key_fd", options->key_fd);
    dn_json_set_string(call, "actor", options->actor);
    dn_json_set_string(call, "accept_rollback", options->accept_rollback);
    fake_note(dir, "open", call);
    DnArchive *self = g_new0(DnArchive, 1);

    self->dir = g_strdup(dir);
    self->passphrases = options->passphrases;
    g_mutex_init(&self->lock);
    return self;
}

void
dn_archive_close(DnArchive *self)
{
    if (!self)
        return;
    g_mutex_clear(&self->lock);
    g_free(self->dir);
    g_free(self);
}

const char *
dn_archive_currency(const DnArchive *self)
{
    (void)self;
    return "JPY";
}

uint64_t
dn_archive_max_document_bytes(const DnArchive *self)
{
    (void)self;
    return 4096;
}

unsigned
dn_archive_workers(const DnArchive *self)
{
    (void)self;
    return 4;
}

/* --- documents --- */

static void
note_ingest(DnArchive *self, const DnIngest *request)
{
    json_t *call = json_object();

    dn_json_set_string(call, "name", request->name);
    dn_json_set_string(call, "origin", request->origin);
    dn_json_set_string(call, "channel", request->channel);
    if (request->token)
        dn_json_set_int(call, "token_bytes", (int64_t)g_bytes_get_size(request->token));
    dn_json_set_string(call, "kind", request->kind);
    dn_json_set_string(call, "paper", request->paper);
    dn_json_set_string(call, "device", request->device);
    dn_json_set_string(call, "back", request->back);
    dn_json_set_string(call, "party", request->party);
    dn_json_set_string(call, "currency", request->currency);
    note_date(call, "received", request->received);
    note_date(call, "date", request->date);
    note_int(call, "amount", request->amount);
    note_words(call, "labels", request->labels);
    dn_json_set_bool(call, "as_is", request->as_is);
    dn_json_set_bool(call, "no_wait", request->no_wait);
    g_mutex_lock(&self->lock);
    fake_note(self->dir, "ingest", call);
    g_mutex_unlock(&self->lock);
}

bool
dn_archive_ingest(DnArchive *self, GBytes *document, const DnIngest *request, json_t **out_result,
                  GError **error)
{
    gsize size = 0;
    const char *text = g_bytes_get_data(document, &size);
    g_autoptr(json_t) script = dn_json_parse(text ? text : "", size, NULL);
    const char *failure = dn_json_string(script, "fail");

    note_ingest(self, request);
    g_usleep((gulong)dn_json_int(script, "sleep_ms", 0) * 1000);
    if (failure)
        return dn_fail(error, dn_error_from_name(failure), "as scripted");
    json_t *result = dn_json_object(script, "result");

    *out_result = result ? json_incref(result)
                         : json_pack("{s:s, s:{s:s, s:s}}", "status", "rejected", "error", "code",
                                     "FORMAT", "message", "not a script");
    return true;
}

bool
dn_archive_ingest_file(DnArchive *self, const char *path, const DnIngest *request,
                       json_t **out_result, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) document =
        dn_source_read_file(path, dn_archive_max_document_bytes(self), &problem);

    if (document)
        return dn_archive_ingest(self, document, request, out_result, error);
    *out_result = json_pack("{s:s, s:{s:s, s:s}}", "status", "rejected", "error", "code",
                            dn_error_name(dn_error_code(problem)), "message", problem->message);
    return true;
}

bool
dn_archive_read(DnArchive *self, const DnUuid *id, json_t **out_result, GError **error)
{
    (void)error;
    (void)self;
    *out_result = fake_row(id);
    dn_json_set_string(*out_result, "status", "stored");
    return true;
}

bool
dn_archive_read_pending(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    uint64_t visited = 0;

    return fake_each(self, "pending.jsonl", visit, user_data, 0, 0, &visited, error);
}

/* --- search --- */

static void
note_search(const DnArchive *self, const char *name, const DnSearch *search)
{
    json_t *call = json_object();

    note_date(call, "date_from", search->date_from);
    note_date(call, "date_to", search->date_to);
    note_int(call, "amount_from", search->amount_from);
    note_int(call, "amount_to", search->amount_to);
    dn_json_set_string(call, "currency", search->currency);
    dn_json_set_string(call, "party", search->party);
    dn_json_set_string(call, "party_match", search->party_match);
    dn_json_set_string(call, "text", search->text);
    if (search->snippets)
        dn_json_set_bool(call, "snippets", true);
    dn_json_set_string(call, "kind", search->kind);
    dn_json_set_string(call, "label", search->label);
    dn_json_set_string(call, "book_ref", search->book_ref);
    dn_json_set_string(call, "missing", search->missing);
    dn_json_set_string(call, "deleted", search->deleted);
    dn_json_set_string(call, "sort", search->sort);
    dn_json_set_string(call, "after", search->after);
    dn_json_set_int(call, "limit", search->limit);
    fake_note(self->dir, name, call);
}

bool
dn_archive_search(DnArchive *self, const DnSearch *search, DnRowVisitor visit, void *user_data,
                  char **out_cursor, GError **error)
{
    uint64_t skip = search->after ? g_ascii_strtoull(search->after, NULL, 10) : 0;
    uint64_t visited = 0;
    uint64_t all = 0;

    note_search(self, "search", search);
    if (!fake_each(self, "rows.jsonl", visit, user_data, skip, search->limit, &visited, error) ||
        !fake_each(self, "rows.jsonl", NULL, NULL, 0, 0, &all, error))
        return false;
    *out_cursor = skip + visited < all ? g_strdup_printf("%u", (unsigned)(skip + visited)) : NULL;
    return true;
}

bool
dn_archive_count(DnArchive *self, const DnSearch *search, uint64_t *out_count, GError **error)
{
    *out_count = 0;
    note_search(self, "count", search);
    return fake_each(self, "rows.jsonl", NULL, NULL, 0, 0, out_count, error);
}

typedef struct {
    const char *prefix;
    DnUuid *id;
    unsigned count;
} FakePrefix;

static bool
fake_match(const json_t *row, void *user_data, GError **error)
{
    FakePrefix *self = user_data;
    const char *id = dn_json_string(row, "voucher");

    if (!id || !g_str_has_prefix(id, self->prefix))
        return true;
    self->count++;
    return dn_uuid_parse(id, self->id, error);
}

bool
dn_archive_find_id(DnArchive *self, const char *text, DnUuid *out_id, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    FakePrefix prefix = {.prefix = lower, .id = out_id};
    uint64_t visited = 0;

    if (dn_uuid_parse(lower, out_id, NULL))
        return true;
    if (strlen(lower) < DN_ID_PREFIX || strspn(lower, "0123456789abcdef-") != strlen(lower))
        return dn_fail(error, DN_ERROR_INVALID, "not an id");
    if (!fake_each(self, "rows.jsonl", fake_match, &prefix, 0, 0, &visited, error))
        return false;
    if (prefix.count == 1)
        return true;
    return dn_fail(error, prefix.count ? DN_ERROR_INVALID : DN_ERROR_NOT_FOUND, "%u ids",
                   prefix.count);
}

json_t *
dn_archive_show(DnArchive *self, const DnUuid *id, unsigned version, GError **error)
{
    gsize size = 0;
    g_autofree char *text = fake_file(self, "show.json", &size);
    json_t *call = json_object();

    note_id(call, id);
    dn_json_set_int(call, "version", version);
    fake_note(self->dir, "show", call);
    return text ? dn_json_parse(text, size, error)
                : dn_fail_null(error, DN_ERROR_NOT_FOUND, "no such voucher");
}

bool
dn_archive_history(DnArchive *self, const DnUuid *id, DnRowVisitor visit, void *user_data,
                   GError **error)
{
    uint64_t visited = 0;

    (void)id;
    return fake_each(self, "history.jsonl", visit, user_data, 0, 0, &visited, error);
}

GBytes *
dn_archive_cat(DnArchive *self, const DnUuid *id, const char *part, unsigned version,
               const char **out_media_type, GError **error)
{
    gsize size = 0;
    char *bytes = fake_file(self, "cat.bin", &size);
    g_autofree char *type = fake_file(self, "cat.type", NULL);
    json_t *call = json_object();

    note_id(call, id);
    dn_json_set_string(call, "part", part);
    dn_json_set_int(call, "version", version);
    fake_note(self->dir, "cat", call);
    if (!bytes)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "that part was not made");
    *out_media_type = g_intern_string(type);
    return g_bytes_new_take(bytes, size);
}

/* --- corrections --- */

/* A call that is noted with its reason and answered with a row. */
static bool
answer_row(DnArchive *self, const char *name, const DnUuid *id, const char *reason, json_t *call,
           json_t **out_row)
{
    note_id(call, id);
    dn_json_set_string(call, "reason", reason);
    fake_note(self->dir, name, call);
    *out_row = fake_row(id);
    return true;
}

bool
dn_archive_correct(DnArchive *self, const DnUuid *id, const DnCorrection *correction,
                   const char *reason, json_t **out_row, GError **error)
{
    json_t *call = json_object();

    (void)error;
    note_date(call, "date", correction->date);
    note_int(call, "amount", correction->amount);
    dn_json_set_string(call, "currency", correction->currency);
    dn_json_set_string(call, "party", correction->party);
    dn_json_set_string(call, "kind", correction->kind);
    dn_json_set_string(call, "paper", correction->paper);
    dn_json_set_string(call, "device", correction->device);
    dn_json_set_string(call, "back", correction->back);
    return answer_row(self, "correct", id, reason, call, out_row);
}

bool
dn_archive_revise(DnArchive *self, const DnUuid *id, GBytes *document, const char *name,
                  const char *reason, const DnDate *found, json_t **out_result, GError **error)
{
    json_t *call = json_object();

    (void)error;
    (void)document;
    dn_json_set_string(call, "name", name);
    note_date(call, "found", found);
    answer_row(self, "revise", id, reason, call, out_result);
    dn_json_set_string(*out_result, "status", "stored");
    return true;
}

bool
dn_archive_delete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                  GError **error)
{
    (void)error;
    return answer_row(self, "delete", id, reason, json_object(), out_row);
}

bool
dn_archive_undelete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                    GError **error)
{
    (void)error;
    return answer_row(self, "undelete", id, reason, json_object(), out_row);
}

bool
dn_archive_confirm(DnArchive *self, const DnUuid *id, json_t **out_row, GError **error)
{
    (void)error;
    return answer_row(self, "confirm", id, NULL, json_object(), out_row);
}

bool
dn_archive_label(DnArchive *self, const DnUuid *id, const char *const *add,
                 const char *const *remove, json_t **out_row, GError **error)
{
    json_t *call = json_object();

    (void)error;
    note_words(call, "add", add);
    note_words(call, "remove", remove);
    return answer_row(self, "label", id, NULL, call, out_row);
}

bool
dn_archive_link(DnArchive *self, const DnUuid *id, const char *book_ref, json_t **out_row,
                GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_string(call, "book_ref", book_ref);
    return answer_row(self, "link", id, NULL, call, out_row);
}

bool
dn_archive_unlink(DnArchive *self, const DnUuid *id, const char *book_ref, const char *reason,
                  json_t **out_row, GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_string(call, "book_ref", book_ref);
    return answer_row(self, "unlink", id, reason, call, out_row);
}

bool
dn_archive_link_none(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                     GError **error)
{
    (void)error;
    return answer_row(self, "link_none", id, reason, json_object(), out_row);
}

bool
dn_archive_replace(DnArchive *self, const DnUuid *id, const DnUuid *replaced, json_t **out_row,
                   GError **error)
{
    json_t *call = json_object();
    g_autofree char *other = dn_uuid_text(replaced);

    (void)error;
    dn_json_set_string(call, "replaced", other);
    return answer_row(self, "replace", id, NULL, call, out_row);
}

bool
dn_archive_split(DnArchive *self, const DnUuid *id, const DnSheetArea *areas, size_t count,
                 const char *reason, json_t **out_result, GError **error)
{
    json_t *call = json_object();
    json_t *list = json_array();

    (void)error;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("[i,i,i,i]", areas[i].x, areas[i].y, areas[i].width, areas[i].height));
    dn_json_take(call, "areas", list);
    if (!answer_row(self, "split", id, reason, call, out_result))
        return false;
    dn_json_set_string(*out_result, "status", "stored");
    return true;
}

bool
dn_archive_excuse(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                  GError **error)
{
    (void)error;
    return answer_row(self, "excuse", id, reason, json_object(), out_row);
}

bool
dn_archive_request(DnArchive *self, const DnUuid *id, const DnRequest *request, const char *reason,
                   json_t **out_result, GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_string(call, "action", request->correction ? "correct" : "delete");
    if (request->correction)
        note_int(call, "amount", request->correction->amount);
    dn_json_set_string(call, "slip", request->slip);
    dn_json_set_string(call, "subject", request->subject);
    dn_json_set_string(call, "party", request->party);
    answer_row(self, "request", id, reason, call, out_result);
    dn_json_set_int(*out_result, "request", 42);
    return true;
}

bool
dn_archive_approve(DnArchive *self, const DnUuid *id, uint64_t request, json_t **out_row,
                   GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_int(call, "request", (int64_t)request);
    return answer_row(self, "approve", id, NULL, call, out_row);
}

bool
dn_archive_hold_place(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                      json_t **out_row, GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_string(call, "name", name);
    return answer_row(self, "hold_place", id, reason, call, out_row);
}

bool
dn_archive_hold_lift(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                     json_t **out_row, GError **error)
{
    json_t *call = json_object();

    (void)error;
    dn_json_set_string(call, "name", name);
    return answer_row(self, "hold_lift", id, reason, call, out_row);
}

bool
dn_archive_hold_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    uint64_t visited = 0;

    return fake_each(self, "held.jsonl", visit, user_data, 0, 0, &visited, error);
}

bool
dn_archive_report(DnArchive *self, const DnDate *from, const DnDate *to, DnRowVisitor visit,
                  DnProgress progress, void *user_data, json_t **out_totals, GError **error)
{
    json_t *call = json_object();
    uint64_t visited = 0;

    (void)progress;
    note_date(call, "from", from);
    note_date(call, "to", to);
    fake_note(self->dir, "report", call);
    *out_totals = json_pack("{s:i}", "vouchers", 2);
    return fake_each(self, "report.jsonl", visit, user_data, 0, 0, &visited, error);
}

bool
dn_archive_dispose_periods(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    uint64_t visited = 0;

    return fake_each(self, "periods.jsonl", visit, user_data, 0, 0, &visited, error);
}

static bool
answer_disposal(DnArchive *self, const char *step, const char *period, uint64_t plan,
                json_t **out_result)
{
    json_t *call = json_object();

    dn_json_set_string(call, "period", period);
    dn_json_set_int(call, "plan", (int64_t)plan);
    fake_note(self->dir, step, call);
    *out_result = json_pack("{s:i}", "plan", 7);
    return true;
}

bool
dn_archive_dispose_plan(DnArchive *self, const char *period, json_t **out_result, GError **error)
{
    (void)error;
    return answer_disposal(self, "dispose_plan", period, 0, out_result);
}

bool
dn_archive_dispose_approve(DnArchive *self, uint64_t plan, json_t **out_result, GError **error)
{
    (void)error;
    return answer_disposal(self, "dispose_approve", NULL, plan, out_result);
}

bool
dn_archive_dispose_run(DnArchive *self, uint64_t plan, json_t **out_result, GError **error)
{
    (void)error;
    return answer_disposal(self, "dispose_run", NULL, plan, out_result);
}

/* --- long work --- */

/* Takes as many steps of 10 ms as the file "slow" says. */
static bool
fake_work(const DnArchive *self, DnProgress progress, void *user_data, GError **error)
{
    g_autofree char *slow = fake_file(self, "slow", NULL);
    uint64_t steps = slow ? g_ascii_strtoull(slow, NULL, 10) : 0;

    for (uint64_t i = 0; i < steps; i++) {
        if (!progress(i, steps, user_data))
            return dn_fail(error, DN_ERROR_BUSY, "asked to stop");
        g_usleep(STEP_US);
    }
    return true;
}

bool
dn_archive_stamp(DnArchive *self, json_t **out_result, GError **error)
{
    g_autofree char *path = g_build_filename(self->dir, "outage", NULL);

    fake_note(self->dir, "stamp", json_object());
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return dn_fail(error, DN_ERROR_EXTERNAL, "no time stamp, 3 documents go on waiting");
    *out_result = json_pack("{s:i, s:b}", "stamped", 2, "accredited", 0);
    return true;
}

bool
dn_archive_stamp_due(DnArchive *self, json_t **out_row, GError **error)
{
    g_autofree char *path = g_build_filename(self->dir, "due", NULL);
    g_autofree char *by = NULL;

    (void)error;
    g_file_get_contents(path, &by, NULL, NULL);
    *out_row =
        json_pack("{s:b, s:i, s:s}", "due", by != NULL, "waiting", 3, "by", by ? by : "ingest");
    return true;
}

bool
dn_archive_renew(DnArchive *self, const DnRenewal *how, DnRowVisitor visit, DnProgress progress,
                 void *user_data, json_t **out_totals, GError **error)
{
    g_autoptr(json_t) done =
        how->plan
            ? json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "renewal", "time-stamp",
                        "state", "later", "due", "2035-01-01", "ends", "2036-01-01", "why",
                        "its certificate ends", "authority", "TSA", "digest", "sha256", "stamps", 2)
            : json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:b}", "state", "renewed", "renewal",
                        "time-stamp", "stamps", 2, "gen_time", "2035-01-02T00:00:00.000Z", "until",
                        "2045-01-01T00:00:00.000Z", "authority", "TSA", "accredited", 0);
    g_autoptr(json_t) ended =
        json_pack("{s:s, s:i, s:s}", "state", "ended", "seq", 9, "message", "it ended");

    (void)self;
    (void)progress;
    *out_totals = json_pack("{s:i, s:i}", "renewed", 2, "ended", how->before != NULL);
    return visit(done, user_data, error) && (!how->before || visit(ended, user_data, error));
}

bool
dn_archive_verify(DnArchive *self, const DnDate *from, const DnDate *to, DnVerifyDepth depth,
                  DnRowVisitor visit, DnProgress progress, void *user_data, json_t **out_totals,
                  GError **error)
{
    json_t *call = json_object();
    uint64_t failed = 0;

    note_date(call, "from", from);
    note_date(call, "to", to);
    dn_json_set_bool(call, "full", depth == DN_VERIFY_FULL);
    if (depth == DN_VERIFY_PROOFS)
        dn_json_set_bool(call, "proofs", true);
    fake_note(self->dir, "verify", call);
    if (!fake_work(self, progress, user_data, error) ||
        !fake_each(self, "failures.jsonl", visit, user_data, 0, 0, &failed, error))
        return false;
    *out_totals = json_pack("{s:i, s:I}", "checked", 9, "failed", (json_int_t)failed);
    return true;
}

bool
dn_archive_verify_index(DnArchive *self, DnRowVisitor visit, DnProgress progress, void *user_data,
                        json_t **out_totals, GError **error)
{
    uint64_t failed = 0;

    fake_note(self->dir, "verify_index", json_object());
    if (!fake_work(self, progress, user_data, error) ||
        !fake_each(self, "failures.jsonl", visit, user_data, 0, 0, &failed, error))
        return false;
    *out_totals =
        json_pack("{s:i, s:i, s:I}", "checked", 9, "rows", 90, "failed", (json_int_t)failed);
    return true;
}

json_t *
dn_archive_explain(DnArchive *self, const DnSearch *search, GError **error)
{
    (void)error;
    note_search(self, "explain", search);
    return json_pack("{s:s, s:i}", "plan", "walk by date", "rows", 51);
}

bool
dn_archive_registry_import(DnArchive *self, const DnRegistryImport *request, DnProgress progress,
                           void *user_data, json_t **out_result, GError **error)
{
    json_t *call = json_object();
    json_t *files = json_array();

    for (const char *const *file = request->files; *file; file++)
        json_array_append_new(files, json_string(*file));
    dn_json_take(call, "files", files);
    dn_json_set_bool(call, "difference", request->difference);
    fake_note(self->dir, "registry_import", call);
    if (progress && !progress(1, 2, user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    *out_result = json_pack("{s:s,s:i}", "list", "issuers", "numbers", 3);
    return true;
}

bool
dn_archive_registry_status(DnArchive *self, bool check, DnRowVisitor visit, void *user_data,
                           GError **error)
{
    json_t *call = json_object();
    uint64_t visited = 0;

    dn_json_set_bool(call, "check", check);
    fake_note(self->dir, "registry_status", call);
    return fake_each(self, "rows.jsonl", visit, user_data, 0, 0, &visited, error);
}

bool
dn_archive_parties(DnArchive *self, const char *prefix, uint32_t limit, DnRowVisitor visit,
                   void *user_data, GError **error)
{
    json_t *call = json_object();
    uint64_t visited = 0;

    dn_json_set_string(call, "prefix", prefix);
    dn_json_set_int(call, "limit", limit);
    fake_note(self->dir, "parties", call);
    return fake_each(self, "parties.jsonl", visit, user_data, 0, limit, &visited, error);
}

bool
dn_archive_export(DnArchive *self, const DnSearch *search, const DnExport *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    json_t *call = json_object();
    const char *path = options->path;

    dn_json_set_string(call, "path", path);
    dn_json_set_bool(call, "folder", options->folder);
    dn_json_set_bool(call, "names_by_values", options->names_by_values);
    fake_note(self->dir, "export-form", call);
    note_search(self, "export", search);
    if (!fake_work(self, progress, user_data, error) ||
        !dn_fs_create_file(path, "PK", 2, 0600, error))
        return false;
    *out_result = json_object();
    dn_json_set_string(*out_result, "file", path);
    dn_json_set_int(*out_result, "bytes", 2);
    return true;
}

bool
dn_archive_import(const char *path, const char *dir, const DnArchiveInit *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    g_autofree char *key_file = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return dn_fail(error, DN_ERROR_NOT_FOUND, "%s: no such file", path);
    if (!dn_archive_init(dir, options, &key_file, error) ||
        (progress && !progress(1, 1, user_data)))
        return false;
    *out_result = json_object();
    dn_json_set_string(*out_result, "archive", dir);
    dn_json_set_string(*out_result, "key_file", key_file);
    return true;
}

bool
dn_capsule_check(const char *path, const char *trust_file, DnRowVisitor visit, DnProgress progress,
                 void *user_data, json_t **out_totals, GError **error)
{
    gsize size = 0;
    g_autofree char *text = NULL;
    g_autoptr(json_t) failure = NULL;

    (void)trust_file;
    (void)progress;
    if (!g_file_get_contents(path, &text, &size, NULL))
        return dn_fail(error, DN_ERROR_NOT_FOUND, "%s: no such file", path);
    if (strcmp(text, "PK") != 0) {
        failure = json_pack("{s:s, s:i, s:s, s:s}", "file", "index.csv", "offset", 7, "code",
                            "CORRUPT", "message", "SHA-256 differs");
        if (!visit(failure, user_data, error))
            return false;
    }
    *out_totals = json_pack("{s:i, s:i, s:i}", "files", 1, "stamped", 1, "failed", failure ? 1 : 0);
    return true;
}

bool
dn_archive_backup(DnArchive *self, const char *dest, const DnBackupOptions *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    json_t *call = json_object();

    dn_json_set_string(call, "dest", dest);
    dn_json_set_string(call, "keep", options->keep);
    dn_json_set_bool(call, "quick", options->quick);
    fake_note(self->dir, "backup", call);
    if (!fake_work(self, progress, user_data, error))
        return false;
    *out_result = json_pack("{s:i, s:i}", "generation", 3, "damaged", 1);
    return true;
}

bool
dn_backup_list(const char *dest, DnRowVisitor visit, void *user_data, GError **error)
{
    const DnArchive folder = {.dir = (char *)(uintptr_t)dest};
    uint64_t visited = 0;

    return fake_each(&folder, "generations.jsonl", visit, user_data, 0, 0, &visited, error);
}

static void
note_pick(const char *dir, const char *name, const DnBackupPick *pick,
          const DnArchiveOptions *options, const char *target)
{
    json_t *call = json_object();

    dn_json_set_int(call, "generation", pick->generation);
    note_int(call, "at", pick->at_utc_ms);
    dn_json_set_string(call, "key_file", options->key_file);
    dn_json_set_string(call, "target", target);
    fake_note(dir, name, call);
}

bool
dn_backup_check(const char *dest, const DnBackupPick *pick, const DnArchiveOptions *options,
                DnRowVisitor visit, DnProgress progress, void *user_data, json_t **out_totals,
                GError **error)
{
    const DnArchive folder = {.dir = (char *)(uintptr_t)dest};
    uint64_t visited = 0;

    (void)progress;
    note_pick(dest, "check", pick, options, NULL);
    if (!fake_each(&folder, "failures.jsonl", visit, user_data, 0, 0, &visited, error))
        return false;
    *out_totals =
        json_pack("{s:b, s:i}", "opened", options->key_file != NULL, "failed", (int)visited);
    return true;
}

bool
dn_backup_restore(const char *src, const DnBackupPick *pick, const char *dir,
                  const DnArchiveOptions *options, DnRowVisitor visit, DnProgress progress,
                  void *user_data, json_t **out_totals, GError **error)
{
    const DnArchive folder = {.dir = (char *)(uintptr_t)src};
    uint64_t visited = 0;

    (void)progress;
    note_pick(src, "restore", pick, options, dir);
    if (!fake_each(&folder, "failures.jsonl", visit, user_data, 0, 0, &visited, error))
        return false;
    *out_totals = json_pack("{s:i, s:i}", "generation", 3, "failed", (int)visited);
    if (options->accept_rollback)
        dn_json_set_bool(*out_totals, "accepted", true);
    else if (pick->generation == 1)
        dn_json_set_string(*out_totals, "older", "it had reached more");
    return true;
}

bool
dn_archive_rebuild(const char *dir, const DnArchiveOptions *options, DnProgress progress,
                   void *user_data, json_t **out_result, GError **error)
{
    g_autoptr(DnArchive) self = dn_archive_open(dir, options, error);

    if (!self || !fake_work(self, progress, user_data, error))
        return false;
    *out_result = json_pack("{s:i}", "entries", 3);
    return true;
}

bool
dn_archive_doctor(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    uint64_t visited = 0;

    return fake_each(self, "doctor.jsonl", visit, user_data, 0, 0, &visited, error);
}

json_t *
dn_archive_stats(DnArchive *self, GError **error)
{
    (void)self;
    (void)error;
    return json_pack("{s:i, s:i}", "vouchers", 12, "segments", 1);
}

bool
dn_archive_tenant_create(DnArchive *self, const char *name, json_t **out_row, GError **error)
{
    (void)self;
    (void)error;
    *out_row = json_object();
    dn_json_set_string(*out_row, "name", name);
    return true;
}

bool
dn_archive_tenant_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    g_autoptr(json_t) row = json_pack("{s:s}", "name", "default");

    (void)self;
    return visit(row, user_data, error);
}

json_t *
dn_archive_key_check(DnArchive *self, GError **error)
{
    (void)self;
    (void)error;
    return json_pack("{s:i}", "keys", 4);
}

bool
dn_archive_key_rotate(DnArchive *self, const char *new_key_file, bool protect, json_t **out_row,
                      GError **error)
{
    (void)self;
    (void)protect;
    (void)error;
    *out_row = json_object();
    dn_json_set_string(*out_row, "key_file", new_key_file);
    return true;
}

/* The passphrase that is asked for, as the answer. */
static bool
fake_ask(const DnPassphrases *passphrases, const char *file, json_t *row, GError **error)
{
    char passphrase[100] = "";
    size_t size = 0;

    if (!passphrases->ask(DN_PASSPHRASE_FRESH, file, passphrase, sizeof passphrase - 1, &size,
                          passphrases->user_data, error))
        return false;
    dn_json_set_string(row, "passphrase", passphrase);
    return true;
}

bool
dn_archive_key_rotate_tenant(DnArchive *self, json_t **out_row, GError **error)
{
    (void)self;
    (void)error;
    *out_row = json_pack("{s:s}", "tenant", "t");
    return true;
}

bool
dn_archive_key_protect(DnArchive *self, const char *new_key_file, json_t **out_row, GError **error)
{
    g_autoptr(json_t) row = json_pack("{s:s}", "key_file", new_key_file);

    if (!fake_ask(&self->passphrases, new_key_file, row, error))
        return false;
    *out_row = g_steal_pointer(&row);
    return true;
}

bool
dn_archive_key_recovery(DnArchive *self, int fd, GError **error)
{
    (void)self;
    return dn_fs_write_all(fd, "SHEET\n", 6, error);
}

bool
dn_archive_key_escrow(DnArchive *self, const char *public_pem, const char *envelope_file,
                      json_t **out_row, GError **error)
{
    (void)self;
    (void)error;
    *out_row = json_pack("{s:s, s:s}", "file", envelope_file, "recipient", public_pem);
    return true;
}

bool
dn_key_restore(int fd, const DnKeyMake *make, json_t **out_row, GError **error)
{
    g_autoptr(json_t) row = json_pack("{s:i, s:s}", "fd", fd, "key_file", make->key_file);

    if (make->protect && !fake_ask(&make->passphrases, make->key_file, row, error))
        return false;
    *out_row = g_steal_pointer(&row);
    return true;
}

bool
dn_key_recover(const char *envelope_file, const char *private_pem, const DnKeyMake *make,
               json_t **out_row, GError **error)
{
    (void)error;
    *out_row = json_pack("{s:s, s:s, s:s}", "envelope", envelope_file, "private_key", private_pem,
                         "key_file", make->key_file);
    return true;
}

bool
dn_archive_tenant_close(DnArchive *self, const char *name, const DnTenantClose *how,
                        DnProgress progress, void *user_data, json_t **out_row, GError **error)
{
    json_t *call = json_pack("{s:s, s:b}", "name", name, "without_export", how->without_export);

    (void)progress;
    (void)user_data;
    (void)error;
    dn_json_set_string(call, "export", how->export_file);
    dn_json_set_string(call, "reason", how->reason);
    if (how->early)
        dn_json_set_bool(call, "early", true);
    fake_note(self->dir, "tenant_close", call);
    *out_row = json_pack("{s:s}", "name", name);
    return true;
}

bool
dn_archive_check_log(const char *dir, const DnArchiveOptions *options, DnRowVisitor visit,
                     void *user_data, json_t **out_totals, GError **error)
{
    (void)options;
    (void)visit;
    (void)user_data;
    (void)out_totals;
    return dn_fail(error, DN_ERROR_NOT_FOUND, "%s has no log here", dir);
}
