/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/search.c - the index against SQLite, on the same vouchers in the same process.
 *
 * A line of tab-separated values a measurement, on standard output. Each query is asked --repeat
 * times with other values; the same questions, in the same order, go to both sides. "cpu" is the
 * time that the thread itself had, which other programs on the machine do not lengthen. Cold: both
 * are closed, the kernel forgets their files, both are opened, and the first question is timed.
 */
#include "config.h"
#include "base/fs.h"
#include "base/uuid.h"
#include "bench/vouchers.h"
#include "index/text.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 1000,
    PAGE_ROWS = 50,
    WARM_UP = 5,
    NEEDLE = 128,
    WRITERS = 2,
    LOAD_BYTES = 64 << 20
};

static const DnUuid tenant = {{0xbe}};

static gint64 total = 1000000;
static gint64 texts = -1;
static gint repeat = 200;
static gint cold_repeat = 5;
static gint threads = 16;
static gdouble seconds = 5;
static char *only;
static char *dir;
static gboolean growth;
static gboolean keep;
static gboolean opening;
static char *receipts;
static gboolean print_rows;
static gboolean print_questions;

static const GOptionEntry options[] = {
    {"vouchers", 'n', 0, G_OPTION_ARG_INT64, &total, "how many vouchers", "N"},
    {"texts", 't', 0, G_OPTION_ARG_INT64, &texts, "how many of them, the last, have a text", "N"},
    {"repeat", 'r', 0, G_OPTION_ARG_INT, &repeat, "questions a query, warm", "N"},
    {"cold", 'c', 0, G_OPTION_ARG_INT, &cold_repeat, "questions a query, cold", "N"},
    {"threads", 'T', 0, G_OPTION_ARG_INT, &threads, "that search while two write", "N"},
    {"seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "that they do so, 0: not at all", "S"},
    {"only", 'o', 0, G_OPTION_ARG_STRING, &only, "queries whose names contain this", "PART"},
    {"dir", 'd', 0, G_OPTION_ARG_FILENAME, &dir, "where the files go", "DIR"},
    {"growth", 'g', 0, G_OPTION_ARG_NONE, &growth, "10 k, 100 k ... vouchers, without SQLite",
     NULL},
    {"keep", 'k', 0, G_OPTION_ARG_NONE, &keep, "leave the files; use those that are there", NULL},
    {"receipts", 0, 0, G_OPTION_ARG_FILENAME, &receipts,
     "only what the text of a receipt takes: texts of real ones", "DIR"},
    {"copy", 0, 0, G_OPTION_ARG_NONE, &print_rows, "only print the vouchers, for COPY", NULL},
    {"sql", 0, 0, G_OPTION_ARG_NONE, &print_questions, "only print the questions, for psql", NULL},
    {"opening", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opening,
     "what a process costs that opens and asks", NULL},
    {NULL}};

/* --- small things --------------------------------------------------------------------------- */

G_GNUC_NORETURN static void
die(const char *what, const char *message)
{
    fprintf(stderr, "bench-search: %s: %s\n", what, message);
    exit(1);
}

static void
must(bool ok, const char *what, const GError *error)
{
    if (!ok)
        die(what, error ? error->message : "failed");
}

static double
now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static char *
path_of(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

typedef void (*FileVisitor)(const char *path, const struct stat *info, void *user_data);

static void
each_file(const char *folder, FileVisitor visit, void *user_data)
{
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
    const char *name = NULL;

    while (names && (name = g_dir_read_name(names))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        struct stat info;

        if (stat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            each_file(path, visit, user_data);
        else
            visit(path, &info, user_data);
    }
}

static void
add_bytes(G_GNUC_UNUSED const char *path, const struct stat *info, void *user_data)
{
    *(uint64_t *)user_data += (uint64_t)info->st_blocks * 512;
}

static uint64_t
bytes_of(const char *name)
{
    g_autofree char *folder = path_of(name);
    uint64_t bytes = 0;

    each_file(folder, add_bytes, &bytes);
    return bytes;
}

static void
forget(const char *path, G_GNUC_UNUSED const struct stat *info, G_GNUC_UNUSED void *user_data)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (fdatasync(fd) == 0)
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static uint64_t
resident_kib(void)
{
    g_autofree char *text = NULL;
    const char *line = NULL;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
        return 0;
    line = strstr(text, "VmRSS:");
    return line ? g_ascii_strtoull(line + 6 + strspn(line + 6, " \t"), NULL, 10) : 0;
}

static int
compare_doubles(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
percentile(GArray *values, double part)
{
    if (values->len == 0)
        return 0;
    g_array_sort(values, compare_doubles);
    return g_array_index(values, double,
                         (guint)MIN((double)values->len - 1, ceil(part * values->len) - 1));
}

static GArray *
doubles(void)
{
    return g_array_new(FALSE, FALSE, sizeof(double));
}

/* --- questions -------------------------------------------------------------------------------- */

typedef struct {
    DnQuery query;
    char needle[NEEDLE]; /* of a party or a text, as the query lends it */
} Question;

typedef void (*Ask)(Question *question, uint64_t seed);

static void
some_name(Question *q, uint64_t seed)
{
    /* As vouchers are: who is asked for is who is met. */
    BenchVoucher voucher;

    do
        bench_voucher(&voucher, bench_below(seed++, (uint64_t)total), (uint64_t)total);
    while (!voucher.record.party);
    g_strlcpy(q->needle, voucher.party, NEEDLE);
    q->query.party = q->needle;
}

static void
name_part(Question *q, uint64_t seed, glong from, glong chars)
{
    g_autofree char *folded = NULL;
    g_autofree char *part = NULL;
    glong length = 0;

    some_name(q, seed);
    folded = dn_party_fold(q->needle);
    length = g_utf8_strlen(folded, -1);
    from = CLAMP(from, 0, MAX(length - chars, 0));
    part = g_utf8_substring(folded, from, MIN(from + chars, length));
    g_strlcpy(q->needle, part, NEEDLE);
}

static void
dates(Question *q, uint64_t seed, int days)
{
    q->query.has_date = true;
    q->query.date_from_days =
        BENCH_FIRST_DAY + (int32_t)bench_below(seed ^ 0xda7e, (uint64_t)MAX(BENCH_DAYS - days, 1));
    q->query.date_to_days = q->query.date_from_days + days - 1;
    q->query.sort = DN_SORT_DATE;
}

static void
amounts(Question *q, uint64_t seed, int64_t width)
{
    q->query.has_amount = true;
    q->query.amount_from = (int64_t)bench_below(seed ^ 0xa, 30000);
    q->query.amount_to = q->query.amount_from + width;
    q->query.sort = DN_SORT_AMOUNT;
}

static void
ask_day(Question *q, uint64_t seed)
{
    dates(q, seed, 1);
}

static void
ask_month(Question *q, uint64_t seed)
{
    dates(q, seed, 31);
}

static void
ask_all_days(Question *q, uint64_t seed)
{
    dates(q, seed, BENCH_DAYS);
}

static void
ask_newest(Question *q, G_GNUC_UNUSED uint64_t seed)
{
    q->query.sort = DN_SORT_DATE_DOWN;
}

static void
ask_amount_narrow(Question *q, uint64_t seed)
{
    amounts(q, seed, 9);
}

static void
ask_amount_wide(Question *q, uint64_t seed)
{
    amounts(q, seed, 20000);
}

static void
ask_party_exact(Question *q, uint64_t seed)
{
    some_name(q, seed);
    q->query.party_match = DN_PARTY_EXACT;
    q->query.sort = DN_SORT_DATE;
}

static void
ask_party_arrival(Question *q, uint64_t seed)
{
    some_name(q, seed);
    q->query.party_match = DN_PARTY_EXACT;
}

static void
ask_party_prefix(Question *q, uint64_t seed)
{
    name_part(q, seed, 0, 3);
    q->query.party_match = DN_PARTY_PREFIX;
    q->query.sort = DN_SORT_DATE;
}

static void
ask_party_contained(Question *q, uint64_t seed)
{
    name_part(q, seed, 1, 3);
    q->query.sort = DN_SORT_DATE;
}

static void
ask_party_two(Question *q, uint64_t seed)
{
    name_part(q, seed, 2, 2);
    q->query.sort = DN_SORT_DATE;
}

static void
ask_date_amount(Question *q, uint64_t seed)
{
    amounts(q, seed, 99);
    dates(q, seed, 90);
}

static void
ask_party_date(Question *q, uint64_t seed)
{
    ask_party_exact(q, seed);
    dates(q, seed, 90);
}

static void
ask_party_amount(Question *q, uint64_t seed)
{
    amounts(q, seed, 999);
    ask_party_exact(q, seed);
}

static void
ask_three(Question *q, uint64_t seed)
{
    amounts(q, seed, 999);
    ask_party_exact(q, seed);
    dates(q, seed, 365);
}

static void
ask_missing(Question *q, G_GNUC_UNUSED uint64_t seed)
{
    q->query.missing = DN_MISSING_AMOUNT;
}

static void
ask_label(Question *q, G_GNUC_UNUSED uint64_t seed)
{
    q->query.label = "監査";
}

static void
ask_kind(Question *q, G_GNUC_UNUSED uint64_t seed)
{
    q->query.kind = "contract";
}

static void
ask_rare_word(Question *q, uint64_t seed)
{
    g_snprintf(q->needle, NEEDLE, "B%06d",
               (int)((uint64_t)(total - 1) - bench_below(seed, (uint64_t)texts)) % 1000000);
    q->query.text = q->needle;
}

static void
ask_common_words(Question *q, G_GNUC_UNUSED uint64_t seed)
{
    q->query.text = "消費税 コピー用紙";
}

static void
ask_phrase(Question *q, uint64_t seed)
{
    static const char *const phrases[] = {"\"登録番号\"", "\"会議室利用料\"", "\"軽減税率8%\"",
                                          "\"またのお越しを\""};

    q->query.text = phrases[seed % G_N_ELEMENTS(phrases)];
}

static void
ask_text_date(Question *q, uint64_t seed)
{
    q->query.text = "会議室利用料";
    dates(q, seed, 30);
    /* Where the texts are. */
    q->query.date_to_days = BENCH_FIRST_DAY + BENCH_DAYS - 40;
    q->query.date_from_days = q->query.date_to_days - 30;
}

static void
ask_count_year(Question *q, uint64_t seed)
{
    dates(q, seed, 365);
}

static void
ask_count_party_year(Question *q, uint64_t seed)
{
    ask_party_exact(q, seed);
    dates(q, seed, 365);
}

static const struct {
    const char *name;
    Ask ask;
    bool count;
    bool text;
} queries[] = {
    {"date, a day", ask_day, false, false},
    {"date, a month", ask_month, false, false},
    {"date, all", ask_all_days, false, false},
    {"newest first", ask_newest, false, false},
    {"amount, narrow", ask_amount_narrow, false, false},
    {"amount, wide", ask_amount_wide, false, false},
    {"party, exact", ask_party_exact, false, false},
    {"party, exact, by arrival", ask_party_arrival, false, false},
    {"party, prefix", ask_party_prefix, false, false},
    {"party, contained (3)", ask_party_contained, false, false},
    {"party, contained (2)", ask_party_two, false, false},
    {"date x amount", ask_date_amount, false, false},
    {"party x date", ask_party_date, false, false},
    {"party x amount", ask_party_amount, false, false},
    {"party x date x amount", ask_three, false, false},
    {"missing amount", ask_missing, false, false},
    {"label", ask_label, false, false},
    {"kind", ask_kind, false, false},
    {"text, rare word", ask_rare_word, false, true},
    {"text, two common words", ask_common_words, false, true},
    {"text, phrase", ask_phrase, false, true},
    {"text x date", ask_text_date, false, true},
    {"count of a year", ask_count_year, true, false},
    {"count of a party's year", ask_count_party_year, true, false},
};

static bool
is_asked(size_t which)
{
    return (!queries[which].text || texts > 0) && (!only || strstr(queries[which].name, only));
}

static bool
has_asked(void)
{
    for (size_t which = 0; which < G_N_ELEMENTS(queries); which++)
        if (is_asked(which))
            return true;
    return false;
}

/* --- this side -------------------------------------------------------------------------------- */

static DnKv *
open_kv(void)
{
    g_autofree char *view = path_of("view");
    g_autoptr(GError) error = NULL;
    DnKv *kv = dn_kv_open(view, NULL, NULL, &error);

    must(kv, "open", error);
    return kv;
}

static void
load_kv(DnKv *kv, uint64_t from, uint64_t to, uint64_t with_text_from)
{
    g_autoptr(GError) error = NULL;

    for (uint64_t n = from; n < to;) {
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

        for (uint64_t end = MIN(n + BATCH, to); n < end; n++) {
            BenchVoucher voucher;

            bench_voucher(&voucher, n, (uint64_t)total);
            dn_index_update(batch, &tenant, NULL, &voucher.record);
            if (n >= with_text_from) {
                g_autofree char *text = bench_text(n);

                dn_index_update_text(batch, &tenant, n + 1, NULL, text);
            }
        }
        must(dn_kv_write(kv, batch, &error), "write", error);
    }
}

static bool
load_text(const DnUuid *id, char **out_text, G_GNUC_UNUSED void *user_data,
          G_GNUC_UNUSED GError **error)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < 6; i++)
        n = n << 8 | id->bytes[i];
    *out_text = bench_text(n - (UINT64_C(1) << 40));
    return true;
}

static bool
count_row(G_GNUC_UNUSED const DnUuid *id, void *user_data, G_GNUC_UNUSED GError **error)
{
    ++*(uint64_t *)user_data;
    return true;
}

static uint64_t
ask_kv(DnKv *kv, size_t which, const Question *question)
{
    g_autoptr(GError) error = NULL;
    DnQuery query = question->query;
    uint64_t rows = 0;

    query.limit = PAGE_ROWS;
    query.load_text = load_text;
    if (queries[which].count)
        must(dn_index_count(kv, &tenant, &query, &rows, &error), queries[which].name, error);
    else
        must(dn_index_find(kv, &tenant, &query, count_row, &rows, NULL, &error),
             queries[which].name, error);
    return rows;
}

/* --- SQLite ------------------------------------------------------------------------------------
 */

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *queries[G_N_ELEMENTS(queries)];
} Other;

static void
run_sql(sqlite3 *db, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        die("SQLite", message);
}

static void
run_sql_file(sqlite3 *db, const char *name)
{
    const char *top = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path = g_build_filename(top ? top : ".", "bench", name, NULL);
    g_autofree char *sql = NULL;
    g_autoptr(GError) error = NULL;

    must(g_file_get_contents(path, &sql, NULL, &error), path, error);
    run_sql(db, sql);
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
    return statement;
}

static void
step(sqlite3 *db, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("SQLite", sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(statement, at);
}

static void
load_other_row(sqlite3 *db, sqlite3_stmt *party, sqlite3_stmt *row, const DnIndexRecord *record)
{
    g_autofree char *folded = record->party ? dn_party_fold(record->party) : NULL;

    if (folded) {
        bind_text(party, 1, folded);
        step(db, party);
    }
    sqlite3_bind_int64(row, 1, (gint64)record->registered_seq);
    sqlite3_bind_blob(row, 2, record->id.bytes, 16, SQLITE_TRANSIENT);
    if (record->date_days == DN_DAYS_MISSING)
        sqlite3_bind_null(row, 3);
    else
        sqlite3_bind_int(row, 3, record->date_days);
    if (record->amount == DN_AMOUNT_MISSING)
        sqlite3_bind_null(row, 4);
    else
        sqlite3_bind_int64(row, 4, record->amount);
    bind_text(row, 5, folded);
    bind_text(row, 6, record->registration_number);
    bind_text(row, 7, record->kind);
    bind_text(row, 8, record->labels[0]);
    sqlite3_bind_int(row, 9, record->deleted);
    step(db, row);
}

static void
load_other(sqlite3 *db, uint64_t from, uint64_t to, uint64_t with_text_from)
{
    sqlite3_stmt *party = prepare(db, "INSERT OR IGNORE INTO party (folded) VALUES (?1)");
    sqlite3_stmt *row = prepare(
        db, "INSERT INTO voucher VALUES "
            "(?1, ?2, ?3, ?4, (SELECT party FROM party WHERE folded = ?5), ?6, ?7, ?8, ?9)");
    sqlite3_stmt *body = prepare(db, "INSERT INTO text_gram (rowid, body) VALUES (?1, ?2)");

    for (uint64_t n = from; n < to;) {
        run_sql(db, "BEGIN");
        for (uint64_t end = MIN(n + BATCH, to); n < end; n++) {
            BenchVoucher voucher;

            bench_voucher(&voucher, n, (uint64_t)total);
            load_other_row(db, party, row, &voucher.record);
            if (n >= with_text_from) {
                g_autofree char *text = bench_text(n);

                sqlite3_bind_int64(body, 1, (gint64)n + 1);
                bind_text(body, 2, text);
                step(db, body);
            }
        }
        run_sql(db, "COMMIT");
    }
    sqlite3_finalize(party);
    sqlite3_finalize(row);
    sqlite3_finalize(body);
}

/* The best statement for a question of this form. ?1..?2 dates, ?3..?4 amounts, ?5 name, ?6 text.
 */
static char *
sql_for(const Question *question, bool count)
{
    const DnQuery *q = &question->query;
    static const char *const orders[] = {"seq", "date, seq", "date DESC, seq DESC", "amount, seq",
                                         "amount DESC, seq DESC"};
    GString *sql = g_string_new(NULL);

    g_string_append_printf(sql, "SELECT %s FROM voucher WHERE deleted = 0",
                           count ? "count(*)" : "seq, id, date, amount");
    if (q->has_date)
        g_string_append(sql, " AND date BETWEEN ?1 AND ?2");
    if (q->has_amount)
        g_string_append(sql, " AND amount BETWEEN ?3 AND ?4");
    if (q->party && q->party_match == DN_PARTY_EXACT)
        g_string_append(sql, " AND party = (SELECT party FROM party WHERE folded = ?5)");
    else if (q->party && q->party_match == DN_PARTY_PREFIX)
        g_string_append(sql, " AND party IN (SELECT party FROM party WHERE folded >= ?5 AND "
                             "folded < ?5 || char(0x10ffff))");
    else if (q->party && g_utf8_strlen(q->party, -1) >= 3)
        g_string_append(sql, " AND party IN (SELECT rowid FROM party_gram WHERE folded MATCH "
                             "'\"' || ?5 || '\"')");
    else if (q->party)
        g_string_append(sql, " AND party IN (SELECT party FROM party WHERE instr(folded, ?5))");
    if (q->missing == DN_MISSING_AMOUNT)
        g_string_append(sql, " AND amount IS NULL");
    if (q->label)
        g_string_append_printf(sql, " AND label = '%s'", q->label);
    if (q->kind)
        g_string_append_printf(sql, " AND kind = '%s'", q->kind);
    if (q->text)
        g_string_append(sql, " AND seq IN (SELECT rowid FROM text_gram WHERE text_gram MATCH ?6)");
    if (!count)
        g_string_append_printf(sql, " ORDER BY %s LIMIT %d", orders[q->sort], PAGE_ROWS);
    return g_string_free(sql, FALSE);
}

static Other *
open_other(void)
{
    g_autofree char *path = path_of("sqlite/db");
    Other *self = g_new0(Other, 1);

    if (sqlite3_open(path, &self->db) != SQLITE_OK)
        die("SQLite", path);
    run_sql(self->db, "PRAGMA mmap_size = 8589934592; PRAGMA cache_size = -65536; "
                      "PRAGMA temp_store = MEMORY;");
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        Question question = {0};
        g_autofree char *sql = NULL;

        if (queries[i].text && texts == 0)
            continue;
        queries[i].ask(&question, 1);
        sql = sql_for(&question, queries[i].count);
        self->queries[i] = prepare(self->db, sql);
    }
    return self;
}

static void
close_other(Other *self)
{
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++)
        sqlite3_finalize(self->queries[i]);
    sqlite3_close(self->db);
    g_free(self);
}

static uint64_t
ask_other(Other *self, size_t which, const Question *question)
{
    sqlite3_stmt *statement = self->queries[which];
    const DnQuery *q = &question->query;
    g_autofree char *party = q->party ? dn_party_fold(q->party) : NULL;
    g_autofree char *text = NULL;
    uint64_t rows = 0;

    if (q->text && strchr(q->text, '"')) {
        text = g_strdup(q->text);
    } else if (q->text) { /* words, each a phrase of trigrams */
        g_auto(GStrv) words = g_strsplit(q->text, " ", -1);
        g_autofree char *joined = g_strjoinv("\" AND \"", words);

        text = g_strconcat("\"", joined, "\"", NULL);
    }
    sqlite3_bind_int(statement, 1, q->date_from_days);
    sqlite3_bind_int(statement, 2, q->date_to_days);
    sqlite3_bind_int64(statement, 3, q->amount_from);
    sqlite3_bind_int64(statement, 4, q->amount_to);
    bind_text(statement, 5, party);
    bind_text(statement, 6, text);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (queries[which].count)
            rows = (uint64_t)sqlite3_column_int64(statement, 0);
        else
            rows += sqlite3_column_bytes(statement, 1) == 16;
    }
    if (sqlite3_reset(statement) != SQLITE_OK)
        die(queries[which].name, sqlite3_errmsg(self->db));
    return rows;
}

/* --- measuring
 * ----------------------------------------------------------------------------------*/

static void
say(const char *what, const char *side, const char *value, double number)
{
    printf("%" G_GINT64_FORMAT "\t%s\t%s\t%s\t%.1f\n", total, what, side, value, number);
    fflush(stdout);
}

typedef struct {
    GArray *wall;
    GArray *cpu;
    uint64_t rows;
    GArray *queued;  /* (nullable) ready to run, and no processor was free */
    GArray *blocked; /* (nullable) waited for a lock or for the disk: what neither explains */
} Times;

static void
say_times(const char *what, const char *side, Times *times)
{
    say(what, side, "median_us", percentile(times->wall, 0.5));
    say(what, side, "p99_us", percentile(times->wall, 0.99));
    say(what, side, "cpu_median_us", percentile(times->cpu, 0.5));
    say(what, side, "cpu_p99_us", percentile(times->cpu, 0.99));
    say(what, side, "rows", (double)times->rows);
}

/* Of this thread, so far; 0 where the kernel does not tell. */
static double
queued_us(void)
{
    char line[128] = "";
    const char *second = NULL;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (read(fd, line, sizeof line - 1) > 0)
        second = strchr(line, ' ');
    close(fd);
    return second ? (double)g_ascii_strtoull(second + 1, NULL, 10) / 1e3 : 0;
}

static void
ask_one(DnKv *kv, Other *other, size_t which, uint64_t seed, Times *times)
{
    Question question = {0};
    double wall = 0;
    double cpu = 0;
    double queued = 0;

    queries[which].ask(&question, seed);
    if (times->queued)
        queued = queued_us();
    wall = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_THREAD_CPUTIME_ID);
    times->rows += kv ? ask_kv(kv, which, &question) : ask_other(other, which, &question);
    cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = now(CLOCK_MONOTONIC) - wall;
    g_array_append_val(times->wall, wall);
    g_array_append_val(times->cpu, cpu);
    if (times->queued) {
        double blocked = 0;

        queued = queued_us() - queued;
        blocked = MAX(wall - cpu - queued, 0);
        g_array_append_val(times->queued, queued);
        g_array_append_val(times->blocked, blocked);
    }
}

static void
measure_warm(DnKv *kv, Other *other)
{
    for (size_t which = 0; which < G_N_ELEMENTS(queries); which++)
        for (int side = 0; side < 2; side++) {
            Times times = {.wall = doubles(), .cpu = doubles()};

            if ((side == 1 && !other) || !is_asked(which))
                continue;
            for (int i = -WARM_UP; i < repeat; i++) {
                if (i == 0) {
                    times.rows = 0;
                    g_array_set_size(times.wall, 0);
                    g_array_set_size(times.cpu, 0);
                }
                ask_one(side ? NULL : kv, other, which, (uint64_t)(i + WARM_UP) * 1009 + which,
                        &times);
            }
            say_times(queries[which].name, side ? "sqlite" : "dencho", &times);
            g_array_unref(times.wall);
            g_array_unref(times.cpu);
        }
}

static void
measure_cold(void)
{
    for (size_t which = 0; which < G_N_ELEMENTS(queries); which++)
        for (int side = 0; side < 2; side++) {
            Times times = {.wall = doubles(), .cpu = doubles()};

            if (!is_asked(which))
                continue;
            for (int i = 0; i < cold_repeat; i++) {
                DnKv *kv = NULL;
                Other *other = NULL;

                each_file(dir, forget, NULL);
                if (side == 0)
                    kv = open_kv();
                else
                    other = open_other();
                ask_one(kv, other, which, (uint64_t)i * 31 + 7, &times);
                if (side == 0)
                    dn_kv_close(kv);
                else
                    close_other(other);
            }
            say(queries[which].name, side ? "sqlite" : "dencho", "cold_median_us",
                percentile(times.wall, 0.5));
            g_array_unref(times.wall);
            g_array_unref(times.cpu);
        }
}

/* Questions in many threads while two write. */
typedef struct {
    DnKv *kv;
    unsigned number;
    double end;
    Times times;
    uint64_t written;
} Crowd;

static gint stop_writing;
static GMutex writing;
static uint64_t next_voucher;

static gpointer
search_thread(gpointer data)
{
    Crowd *self = data;
    uint64_t seed = self->number * 7919;

    while (now(CLOCK_MONOTONIC) < self->end) {
        size_t which = bench_below(seed, G_N_ELEMENTS(queries));

        if (is_asked(which))
            ask_one(self->kv, NULL, which, seed, &self->times);
        seed++;
    }
    return NULL;
}

static gpointer
write_thread(gpointer data)
{
    Crowd *self = data;

    while (!g_atomic_int_get(&stop_writing)) {
        /* As an archive does: one commit at a time is applied. */
        g_mutex_lock(&writing);
        load_kv(self->kv, next_voucher, next_voucher + 1, next_voucher);
        next_voucher++;
        g_mutex_unlock(&writing);
        self->written++;
        g_usleep(1000);
    }
    return NULL;
}

static void
measure_crowd(DnKv *kv, int searchers)
{
    g_autofree char *name = g_strdup_printf("crowd of %d", searchers);
    g_autofree Crowd *crowd = g_new0(Crowd, (gsize)searchers + WRITERS);
    g_autoptr(GPtrArray) running = g_ptr_array_new();
    Times all = {doubles(), doubles(), 0, doubles(), doubles()};
    uint64_t written = 0;

    next_voucher = MAX(next_voucher, (uint64_t)total);
    g_atomic_int_set(&stop_writing, 0);
    for (int i = 0; i < searchers + WRITERS; i++) {
        crowd[i] = (Crowd){.kv = kv,
                           .number = (unsigned)i,
                           .end = now(CLOCK_MONOTONIC) + seconds * 1e6,
                           .times = {doubles(), doubles(), 0, doubles(), doubles()}};
        g_ptr_array_add(running, g_thread_new("bench", i < searchers ? search_thread : write_thread,
                                              &crowd[i]));
    }
    for (int i = 0; i < searchers + WRITERS; i++) {
        if (i == searchers)
            g_atomic_int_set(&stop_writing, 1);
        g_thread_join(g_ptr_array_index(running, i));
        g_array_append_vals(all.wall, crowd[i].times.wall->data, crowd[i].times.wall->len);
        g_array_append_vals(all.cpu, crowd[i].times.cpu->data, crowd[i].times.cpu->len);
        g_array_append_vals(all.queued, crowd[i].times.queued->data, crowd[i].times.queued->len);
        g_array_append_vals(all.blocked, crowd[i].times.blocked->data, crowd[i].times.blocked->len);
        all.rows += crowd[i].times.rows;
        written += crowd[i].written;
        g_array_unref(crowd[i].times.wall);
        g_array_unref(crowd[i].times.cpu);
        g_array_unref(crowd[i].times.queued);
        g_array_unref(crowd[i].times.blocked);
    }
    say(name, "dencho", "searches_s", (double)all.wall->len / seconds);
    say(name, "dencho", "written_s", (double)written / seconds);
    say_times(name, "dencho", &all);
    say(name, "dencho", "queued_p99_us", percentile(all.queued, 0.99));
    say(name, "dencho", "blocked_p99_us", percentile(all.blocked, 0.99));
    say(name, "dencho", "blocked_max_us", percentile(all.blocked, 1));
    g_array_unref(all.wall);
    g_array_unref(all.cpu);
    g_array_unref(all.queued);
    g_array_unref(all.blocked);
}

static DnKv *
measure_load(void)
{
    double begin = now(CLOCK_MONOTONIC);
    uint64_t plain = (uint64_t)(total - texts);
    uint64_t bytes = 0;
    DnKv *kv = open_kv();

    dn_kv_begin_load(kv, LOAD_BYTES);
    load_kv(kv, 0, plain, UINT64_MAX);
    must(dn_kv_flush(kv, NULL), "flush", NULL);
    say("load", "dencho", "vouchers_s", (double)plain / (now(CLOCK_MONOTONIC) - begin) * 1e6);
    dn_kv_compact(kv);
    bytes = bytes_of("view");
    if (plain > 0)
        say("load", "dencho", "bytes_a_voucher", (double)bytes / (double)plain);
    if (texts > 0) {
        begin = now(CLOCK_MONOTONIC);
        load_kv(kv, plain, (uint64_t)total, 0);
        must(dn_kv_flush(kv, NULL), "flush", NULL);
        say("load with text", "dencho", "vouchers_s",
            (double)texts / (now(CLOCK_MONOTONIC) - begin) * 1e6);
        dn_kv_compact(kv);
        if (plain > 0)
            say("load with text", "dencho", "bytes_a_text",
                ((double)bytes_of("view") - (double)bytes / (double)plain * (double)total) /
                    (double)texts);
    }
    must(dn_kv_end_load(kv, NULL), "end of load", NULL);
    return kv;
}

static void
load_sqlite(void)
{
    g_autofree char *folder = path_of("sqlite");
    g_autofree char *path = path_of("sqlite/db");
    double begin = now(CLOCK_MONOTONIC);
    sqlite3 *db = NULL;

    must(dn_fs_make_dir(folder, false, NULL), folder, NULL);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        die("SQLite", path);
    run_sql_file(db, "search-sqlite.sql");
    run_sql_file(db, "search-sqlite-index.sql");
    load_other(db, 0, (uint64_t)(total - texts), UINT64_MAX);
    run_sql(db, "INSERT INTO party_gram (party_gram) VALUES ('rebuild')");
    run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    say("load", "sqlite", "vouchers_s",
        (double)(total - texts) / (now(CLOCK_MONOTONIC) - begin) * 1e6);
    say("load", "sqlite", "bytes_a_voucher", (double)bytes_of("sqlite") / (double)(total - texts));
    begin = now(CLOCK_MONOTONIC);
    if (texts > 0) {
        load_other(db, (uint64_t)(total - texts), (uint64_t)total, 0);
        run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
        say("load with text", "sqlite", "vouchers_s",
            (double)texts / (now(CLOCK_MONOTONIC) - begin) * 1e6);
    }
    run_sql(db, "INSERT INTO party_gram (party_gram) VALUES ('rebuild')");
    run_sql(db, "INSERT INTO text_gram (text_gram) VALUES ('optimize')");
    run_sql(db, "ANALYZE");
    sqlite3_close(db);
}

static void
measure_opening(void)
{
    double begin = 0;
    DnKv *kv = NULL;

    each_file(dir, forget, NULL);
    begin = now(CLOCK_MONOTONIC);
    kv = open_kv();
    say("open", "dencho", "cold_ms", (now(CLOCK_MONOTONIC) - begin) / 1e3);
    say("open", "dencho", "resident_mib", (double)resident_kib() / 1024);
    for (size_t which = 0; which < G_N_ELEMENTS(queries); which++) {
        Times times = {.wall = doubles(), .cpu = doubles()};

        for (int i = 0; i < repeat && is_asked(which); i++)
            ask_one(kv, NULL, which, (uint64_t)i * 1009 + which, &times);
        g_array_unref(times.wall);
        g_array_unref(times.cpu);
    }
    say("open", "dencho", "resident_after_queries_mib", (double)resident_kib() / 1024);
    dn_kv_close(kv);
}

/* In a process of its own: loading leaves memory behind. */
static void
spawn_opening(void)
{
    g_autofree char *n = g_strdup_printf("%" G_GINT64_FORMAT, total);
    g_autofree char *t = g_strdup_printf("%" G_GINT64_FORMAT, texts);
    g_autofree char *r = g_strdup_printf("%d", repeat);
    const char *words[] = {
        "/proc/self/exe", "--opening", "-n", n, "-t", t, "-r", r, "-d", dir, NULL};
    g_autoptr(GError) error = NULL;
    int status = 0;

    must(g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
                      NULL, &status, &error) &&
             status == 0,
         "opening", error);
}

/* --- PostgreSQL: the same vouchers and questions as text, for bench/search-postgresql.sh -------
 */

static void
print_number(gint64 number, gint64 missing)
{
    if (number == missing)
        fputs("\\N\t", stdout);
    else
        printf("%" G_GINT64_FORMAT "\t", number);
}

static void
print_copy(void)
{
    for (gint64 n = 0; n < total; n++) {
        BenchVoucher voucher;
        const DnIndexRecord *record = &voucher.record;

        bench_voucher(&voucher, (uint64_t)n, (uint64_t)total);
        g_autofree char *folded = record->party ? dn_party_fold(record->party) : NULL;
        g_autofree char *text = n >= total - texts ? bench_text((uint64_t)n) : NULL;
        g_autofree char *id = dn_uuid_text(&record->id);

        printf("%" G_GINT64_FORMAT "\t%s\t", n + 1, id);
        print_number(record->date_days, DN_DAYS_MISSING);
        print_number(record->amount, DN_AMOUNT_MISSING);
        printf("%s\t%s\t%s\t%s\t%d\t%s\n", folded ? folded : "\\N",
               record->registration_number ? record->registration_number : "\\N", record->kind,
               record->labels[0] ? record->labels[0] : "\\N", record->deleted,
               text ? g_strdelimit(text, "\n\t", ' ') : "\\N");
    }
}

static void
add_words(GString *sql, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, strchr(text, '"') ? "\"" : " ", -1);

    for (size_t i = 0; words[i]; i++)
        if (*words[i])
            g_string_append_printf(sql, " AND body LIKE '%%%s%%'", words[i]);
}

/* The best statement that is known for a question of this form; improvements are welcome. */
static char *
psql_for(const Question *question, bool count)
{
    const DnQuery *q = &question->query;
    static const char *const orders[] = {"seq", "date, seq", "date DESC, seq DESC", "amount, seq",
                                         "amount DESC, seq DESC"};
    g_autofree char *party = q->party ? dn_party_fold(q->party) : NULL;
    GString *sql = g_string_new(count ? "SELECT count(*)" : "SELECT seq, id, date, amount");

    g_string_append(sql, " FROM voucher WHERE NOT deleted");
    if (q->has_date)
        g_string_append_printf(sql, " AND date BETWEEN %d AND %d", q->date_from_days,
                               q->date_to_days);
    if (q->has_amount)
        g_string_append_printf(sql,
                               " AND amount BETWEEN %" G_GINT64_FORMAT " AND %" G_GINT64_FORMAT,
                               q->amount_from, q->amount_to);
    if (party && q->party_match == DN_PARTY_EXACT)
        g_string_append_printf(sql, " AND party = (SELECT party FROM party WHERE folded = '%s')",
                               party);
    else if (party)
        g_string_append_printf(sql,
                               " AND party IN (SELECT party FROM party WHERE folded LIKE '%s%s%%')",
                               q->party_match == DN_PARTY_PREFIX ? "" : "%", party);
    if (q->missing == DN_MISSING_AMOUNT)
        g_string_append(sql, " AND amount IS NULL");
    if (q->label)
        g_string_append_printf(sql, " AND label = '%s'", q->label);
    if (q->kind)
        g_string_append_printf(sql, " AND kind = '%s'", q->kind);
    if (q->text)
        add_words(sql, q->text);
    if (!count)
        g_string_append_printf(sql, " ORDER BY %s LIMIT %d", orders[q->sort], PAGE_ROWS);
    return g_string_free(sql, FALSE);
}

static void
print_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "'", -1);
    g_autofree char *quoted = g_strjoinv("''", parts);

    printf("\\echo '@%s'\n\\timing on\n", quoted);
}

static void
print_sql(void)
{
    for (size_t which = 0; which < G_N_ELEMENTS(queries); which++) {
        if (queries[which].text && texts == 0)
            continue;
        for (int i = 0; i < repeat + WARM_UP; i++) {
            Question question = {0};

            queries[which].ask(&question, (uint64_t)i * 1009 + which);
            g_autofree char *sql = psql_for(&question, queries[which].count);

            if (i == WARM_UP)
                print_name(queries[which].name);
            printf("%s;\n", sql);
        }
        puts("\\timing off");
    }
}

/* --- what the words of a receipt take -------------------------------------------------------- */

static void
add_receipt(const char *path, G_GNUC_UNUSED const struct stat *info, void *user_data)
{
    g_autofree char *text = NULL;

    if (g_str_has_suffix(path, ".txt") && g_file_get_contents(path, &text, NULL, NULL) &&
        g_utf8_validate(text, -1, NULL))
        g_ptr_array_add(user_data, g_steal_pointer(&text));
}

/* Few receipts have few words in common, as many do: they are taken over and over, each time with
 * the digits of another day and another till, so that lists are as long as those of an archive. */
static char *
varied(const char *text, uint64_t n)
{
    char *copy = g_strdup(text);
    uint64_t seed = n * 4096;

    for (char *p = copy; *p; p++)
        if (g_ascii_isdigit(*p))
            *p = (char)('0' + bench_below(seed++, 10));
    return copy;
}

static void
measure_receipts(void)
{
    g_autoptr(GPtrArray) texts_of = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnKv) kv = open_kv();
    g_autoptr(GError) error = NULL;
    uint64_t before = 0;
    uint64_t chars = 0;

    each_file(receipts, add_receipt, texts_of);
    if (texts_of->len == 0)
        die(receipts, "no text in it");
    must(dn_kv_flush(kv, &error), "flush", error);
    before = bytes_of("view");
    for (uint64_t n = 0; n < (uint64_t)total;) {
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

        for (uint64_t end = MIN(n + BATCH, (uint64_t)total); n < end; n++) {
            g_autofree char *text = varied(g_ptr_array_index(texts_of, n % texts_of->len), n);

            chars += (uint64_t)g_utf8_strlen(text, -1);
            dn_index_update_text(batch, &tenant, n + 1, NULL, text);
        }
        must(dn_kv_write(kv, batch, &error), "write", error);
    }
    must(dn_kv_flush(kv, &error), "flush", error);
    dn_kv_compact(kv);
    say("receipts", "dencho", "texts", texts_of->len);
    say("receipts", "dencho", "characters", (double)chars / (double)total);
    say("receipts", "dencho", "bytes_a_receipt",
        ((double)bytes_of("view") - (double)before) / (double)total);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- the index against SQLite");
    g_autoptr(GError) error = NULL;
    g_autofree char *view = NULL;
    Other *other = NULL;
    DnKv *kv = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die("options", error->message);
    if (texts < 0)
        texts = MIN(total / 10, 100000);
    if (total < 1 || texts > total || repeat < 1 || cold_repeat < 0 || threads < 1)
        die("options", "out of range");
    if (only && !has_asked())
        die("--only", "no query is called so");
    if (print_rows || print_questions) {
        if (print_rows)
            print_copy();
        else
            print_sql();
        return fflush(stdout) != 0;
    }
    if (!dir)
        dir = g_dir_make_tmp("dencho-bench-XXXXXX", NULL);
    view = path_of("view");
    if (opening) {
        measure_opening();
        return 0;
    }
    printf("vouchers\twhat\tside\tmeasure\tvalue\n");
    if (receipts) {
        measure_receipts();
        return !keep && !dn_fs_remove_tree(dir, NULL);
    }
    kv = keep && g_file_test(view, G_FILE_TEST_IS_DIR) ? open_kv() : measure_load();
    dn_kv_close(kv);
    if (!only)
        spawn_opening();
    if (!growth) {
        g_autofree char *sqlite = path_of("sqlite");

        if (!keep || !g_file_test(sqlite, G_FILE_TEST_IS_DIR))
            load_sqlite();
        kv = open_kv();
        other = open_other();
        measure_warm(kv, other);
        close_other(other);
        dn_kv_close(kv);
        if (cold_repeat > 0)
            measure_cold();
    }
    kv = open_kv();
    if (growth)
        measure_warm(kv, NULL);
    /* More threads than processors wait for a processor: how long, two that need not show. */
    if (seconds > 0) {
        measure_crowd(kv, (int)MIN(g_get_num_processors(), (guint)threads));
        measure_crowd(kv, threads);
    }
    dn_kv_close(kv);
    return !keep && !dn_fs_remove_tree(dir, NULL);
}
