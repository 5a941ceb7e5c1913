/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/ingest.c - `dencho ingest`: documents come in.
 *
 * As many threads as the archive has workers take the next document each; the main thread prints
 * the results in the order of the input. Documents are begun in that order too, so that after an
 * interruption the printed lines are exactly the documents that were begun. A printed line is a
 * receipt: the archive has returned from its fdatasync before.
 *
 * A batch that is due is closed here, while documents still come in: they are safe whether an
 * authority answers or not, so that what goes wrong is said and fails nothing.
 */
#include "config.h"
#include "cli/manifest.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/walk.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/source.h"
#include "base/text.h"

#include <string.h>

enum {
    BAR_INTERVAL_MS = 100,
    TOKEN_BYTES_MOST = 1 << 20,
    NAME_COLUMNS = 40, /* of a file's name on a terminal */
    DUE_RESULTS = 500, /* after so many, or */
    DUE_MS = 60000,    /* after so long it is looked whether a batch is due */
};

static struct {
    char *origin;
    char *channel;
    char *token;
    char *kind;
    char *paper;
    char *device;
    char *back;
    char *received;
    char *date;
    char *amount;
    char *party;
    char **labels;
    gboolean as_is;
    gboolean no_wait;
    char *manifest;
} given;

static const GOptionEntry options[] = {
    {"manifest", 0, 0, G_OPTION_ARG_FILENAME, &given.manifest,
     "a table of files and what is known of each", "CSV"},
    {"origin", 0, 0, G_OPTION_ARG_FILENAME, &given.origin, "scan or electronic", "O"},
    {"channel", 0, 0, G_OPTION_ARG_FILENAME, &given.channel,
     "by which an electronic document came: one of [law] channels", "C"},
    {"token", 0, 0, G_OPTION_ARG_FILENAME, &given.token,
     "time stamp that the one document came with (RFC 3161)", "FILE"},
    {"kind", 0, 0, G_OPTION_ARG_FILENAME, &given.kind, "receipt, invoice, ... (default: as read)",
     "K"},
    {"paper", 0, 0, G_OPTION_ARG_FILENAME, &given.paper, "size of the paper of a scan: A4, B5 ...",
     "P"},
    {"device", 0, 0, G_OPTION_ARG_FILENAME, &given.device,
     "which scanner or phone made the scan: [law] test-charts", "NAME"},
    {"back", 0, 0, G_OPTION_ARG_FILENAME, &given.back,
     "what stands on the back: blank, print (the same on all), captured", "B"},
    {"received", 0, 0, G_OPTION_ARG_FILENAME, &given.received, "day of receipt (default: today)",
     "D"},
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &given.date, "transaction date", "D"},
    {"amount", 0, 0, G_OPTION_ARG_FILENAME, &given.amount, "total, tax included", "N"},
    {"party", 0, 0, G_OPTION_ARG_FILENAME, &given.party, "counterparty", "S"},
    {"label", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given.labels, "a label; may be repeated", "L"},
    {"as-is", 0, 0, G_OPTION_ARG_NONE, &given.as_is, "archive files of any type, unread", NULL},
    {"no-wait", 0, 0, G_OPTION_ARG_NONE, &given.no_wait,
     "return when durable; `dencho read --pending` reads later", NULL},
    {NULL}};

typedef struct {
    char *path;
    DnTyped *typed;
    GError *problem; /* (nullable) why it cannot be handed in */
    json_t *result;  /* NULL until it is done */
} Item;

typedef struct {
    DnArchive *archive;
    GPtrArray *items;
    GMutex lock;
    GCond changed;
    GBytes *token; /* (nullable) of the only item */
    guint next;    /* first item that is not begun */
    bool stop;     /* begin no more */
} Job;

static void
item_free(gpointer data)
{
    Item *item = data;

    g_free(item->path);
    dn_typed_free(item->typed);
    g_clear_error(&item->problem);
    json_decref(item->result);
    g_free(item);
}

/* --- what is to be ingested --- */

typedef struct {
    GPtrArray *items;
    const DnTyped *typed;
} Listing;

static void
list_file(const char *path, const GError *problem, void *user_data)
{
    const Listing *listing = user_data;
    Item *item = g_new0(Item, 1);

    item->path = g_strdup(path);
    item->typed = dn_typed_copy(listing->typed);
    item->problem = problem ? g_error_copy(problem) : NULL;
    g_ptr_array_add(listing->items, item);
}

static bool
read_options(DnTyped *out, const char *currency, GError **error)
{
    const struct {
        const char *name;
        const char *text;
    } typed[] = {{"origin", given.origin},     {"kind", given.kind},       {"paper", given.paper},
                 {"received", given.received}, {"date", given.date},       {"amount", given.amount},
                 {"party", given.party},       {"channel", given.channel}, {"device", given.device},
                 {"back", given.back}};

    for (size_t i = 0; i < G_N_ELEMENTS(typed); i++)
        if (!dn_typed_set(out, typed[i].name, typed[i].text, currency, error))
            return false;
    for (char **label = given.labels; label && *label; label++)
        if (!dn_typed_set(out, "label", *label, currency, error))
            return false;
    return true;
}

static bool
list_manifest(GPtrArray *items, const DnTyped *defaults, const char *currency, GError **error)
{
    g_autoptr(GPtrArray) rows = dn_manifest_read(given.manifest, defaults, currency, error);

    for (guint i = 0; rows && i < rows->len; i++) {
        DnManifestRow *row = rows->pdata[i];
        Item *item = g_new0(Item, 1);

        item->path = g_steal_pointer(&row->path);
        item->typed = g_steal_pointer(&row->typed);
        item->problem = g_steal_pointer(&row->problem);
        g_ptr_array_add(items, item);
    }
    return rows != NULL;
}

/* --- threads --- */

/* True for what will befall the next document as well. */
static bool
concerns_archive(const GError *error)
{
    DnErrorCode code = dn_error_code(error);

    return code == DN_ERROR_IO || code == DN_ERROR_CORRUPT || code == DN_ERROR_DENIED;
}

/* (transfer full) The item's result, whatever happens. */
static json_t *
ingest_item(const Job *job, Item *item, bool *out_stop)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *base = g_path_get_basename(item->path);
    g_autofree char *name = dn_text_sanitise(base, -1);
    json_t *result = NULL;
    DnIngest request = {
        .name = name, .token = job->token, .as_is = given.as_is, .no_wait = given.no_wait};

    if (item->problem)
        return dn_result_rejected(item->problem);
    dn_typed_fill(item->typed, &request);
    if (dn_archive_ingest_file(job->archive, item->path, &request, &result, &error))
        return result;
    *out_stop = concerns_archive(error);
    return dn_result_rejected(error);
}

/* Lends the next item, or NULL when no more shall begin. */
static Item *
take_item(Job *job)
{
    Item *item = NULL;

    g_mutex_lock(&job->lock);
    if (!job->stop && !dn_interrupt_seen() && job->next < job->items->len)
        item = job->items->pdata[job->next++];
    g_mutex_unlock(&job->lock);
    return item;
}

static gpointer
work(gpointer data)
{
    Job *job = data;
    Item *item = NULL;

    while ((item = take_item(job))) {
        bool stop = false;
        json_t *result = ingest_item(job, item, &stop);

        g_mutex_lock(&job->lock);
        item->result = result;
        job->stop = job->stop || stop;
        g_cond_broadcast(&job->changed);
        g_mutex_unlock(&job->lock);
    }
    return NULL;
}

/* Waits for the item's result; false when it will never be begun. */
static bool
wait_for(Job *job, guint index, DnBar *bar)
{
    const Item *item = job->items->pdata[index];

    g_mutex_lock(&job->lock);
    while (!item->result) {
        if (index >= job->next && (job->stop || dn_interrupt_seen()))
            break;
        g_cond_wait_until(&job->changed, &job->lock,
                          g_get_monotonic_time() + BAR_INTERVAL_MS * G_TIME_SPAN_MILLISECOND);
        dn_bar_show(bar, index, job->items->len);
    }
    bool done = item->result != NULL;

    g_mutex_unlock(&job->lock);
    return done;
}

/* Closes a batch that is due, or says that somebody should. False: not in this run again. */
static bool
close_batch(const DnCli *cli, DnArchive *archive)
{
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) problem = NULL;
    int64_t waiting = 0;

    if (!dn_archive_stamp_due(archive, &row, &problem)) {
        dn_cli_say(cli, "ingest: %s", problem->message);
        return false;
    }
    waiting = dn_json_int(row, "waiting", 0);
    if (!dn_json_bool(row, "due", false))
        return true;
    if (g_strcmp0(dn_json_string(row, "by"), "timer") == 0) {
        dn_cli_say(cli,
                   "ingest: %" G_GINT64_FORMAT
                   " documents wait for a time stamp, and a batch is due: run dencho stamp",
                   waiting);
        return false;
    }
    if (!dn_archive_stamp(archive, &result, &problem)) {
        dn_cli_say(cli, "ingest: the documents are stored; %s", problem->message);
        return false;
    }
    dn_cli_say(cli, "ingest: %" G_GINT64_FORMAT " documents were time-stamped",
               dn_json_int(result, "stamped", 0));
    dn_cli_say_accreditation(cli, "ingest", result);
    return true;
}

static bool
print_results(Job *job, DnResults *results, GError **error)
{
    DnBar bar = dn_bar_begin(results->cli, "ingest");
    int64_t looked_ms = dn_clock_monotonic_ms();
    bool closes = true;

    for (guint i = 0; i < job->items->len && wait_for(job, i, &bar); i++) {
        const Item *item = job->items->pdata[i];

        dn_bar_clear(&bar);
        if (!dn_results_add(results, item->path, item->result, error))
            return false;
        if (closes &&
            ((i + 1) % DUE_RESULTS == 0 || dn_clock_monotonic_ms() - looked_ms > DUE_MS)) {
            closes = close_batch(results->cli, job->archive);
            looked_ms = dn_clock_monotonic_ms();
        }
    }
    dn_bar_clear(&bar);
    if (closes)
        close_batch(results->cli, job->archive);
    return true;
}

static bool
run_job(Job *job, DnResults *results, GError **error)
{
    unsigned wanted = MIN(MAX(1, dn_archive_workers(job->archive)), job->items->len);
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    bool good = true;

    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    for (unsigned i = 0; i < wanted; i++) {
        /* Fewer threads than wanted are slower and no error; none at all is one. */
        GThread *thread = g_thread_try_new("ingest", work, job, NULL);

        if (thread)
            g_ptr_array_add(threads, thread);
    }
    if (threads->len == 0)
        good = dn_fail(error, DN_ERROR_EXTERNAL, "the system gives no thread");
    else
        good = print_results(job, results, error);
    g_mutex_lock(&job->lock);
    job->stop = true;
    g_mutex_unlock(&job->lock);
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
    g_cond_clear(&job->changed);
    g_mutex_clear(&job->lock);
    return good;
}

static int
name_columns(const GPtrArray *items, bool terminal)
{
    int columns = (int)strlen("file");

    for (guint i = 0; i < items->len; i++) {
        g_autofree char *safe = dn_log_escape(((const Item *)items->pdata[i])->path);

        columns = MAX(columns, dn_text_columns(safe));
    }
    return terminal ? MIN(columns, NAME_COLUMNS) : columns;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
    g_auto(DnTyped) typed = {0};
    Listing listing = {.items = items, .typed = &typed};

    if (!arguments[0] && !given.manifest)
        return dn_fail(error, DN_ERROR_INVALID,
                       "no files: write dencho ingest FILE... or --manifest CSV");
    const char *dir = NULL;
    DnArchiveOptions opening;

    if (!dn_cli_archive(cli, &dir, &opening, error))
        return false;
    g_autoptr(DnArchive) archive = dn_archive_open(dir, &opening, error);

    if (!archive)
        return false;
    const char *currency = dn_archive_currency(archive);

    if (!read_options(&typed, currency, error) ||
        (given.manifest && !list_manifest(items, &typed, currency, error)))
        return false;
    for (char **path = arguments; *path; path++)
        dn_walk(*path, dir, list_file, &listing);
    if (items->len == 0) {
        dn_cli_say(cli, "ingest: no documents there");
        return true;
    }
    g_autoptr(GBytes) token = NULL;

    if (given.token && items->len != 1)
        return dn_fail(error, DN_ERROR_INVALID,
                       "--token is the time stamp of one document: give one file");
    if (given.token && !(token = dn_source_read_file(given.token, TOKEN_BYTES_MOST, error)))
        return dn_fail_in(error, "%s", given.token);
    Job job = {.archive = archive, .items = items, .token = token};
    DnResults results = {
        .cli = cli, .name_title = "file", .name_columns = name_columns(items, cli->terminal)};

    dn_interrupt_catch();
    if (!run_job(&job, &results, error))
        return false;
    dn_results_sum(&results);
    if (job.next < items->len)
        dn_cli_say(cli,
                   "ingest: %u of %u documents were not begun; the same command takes up there",
                   items->len - job.next, items->len);
    cli->exit_status = results.exit_status;
    return true;
}

const DnCommand dn_command_ingest = {
    .name = "ingest",
    .arguments = "FILE|DIR...",
    .summary = "Take documents into the archive and read them",
    .example = "dencho -A books ingest --origin scan --label 2026-04 scans/",
    .options = options,
    .most = -1,
    .run = run,
};
