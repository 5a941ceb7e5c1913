/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/rules.c - the sections [law] and [retention], read and checked.
 */
#include "config.h"
#include "engine/law/rules.h"

#include <string.h>

enum { EXTENSION_MONTHS_MOST = 4 };

typedef struct {
    DnDate from;
    char *choice;
} Settled; /* a choice and the day from which it holds */

typedef struct {
    char *kind;
    DnDate from;
    DnDate to;
} Kept;

typedef struct {
    char *device;
    DnDate from;
    char *record; /* NULL: it was not passed */
} Chart;

struct DnRules {
    DnEntryMethod entry;
    unsigned cycle_months;
    bool by_kind;
    bool hosted;
    bool second_person;
    char *procedure;
    char *test_chart;
    GArray *days_off;       /* DnDayOff */
    GArray *fiscal_changes; /* DnFiscalChange */
    GArray *loss_years;     /* int16_t */
    GArray *bundles;        /* Settled */
    GArray *amounts;        /* Settled */
    GArray *kept;           /* Kept */
    GArray *charts;         /* Chart, of each device the earliest first */
    DnElectronic *electronic;
    DnRetention retention; /* lends from the arrays */
    DnCalendar calendar;
};

static const DnDate day_first = {1, 1, 1};
static const DnDate day_last = {9999, 12, 31};

static void
settled_clear(gpointer item)
{
    g_free(((Settled *)item)->choice);
}

static void
chart_clear(gpointer item)
{
    g_free(((Chart *)item)->device);
    g_free(((Chart *)item)->record);
}

static void
kept_clear(gpointer item)
{
    g_free(((Kept *)item)->kind);
}

void
dn_rules_free(DnRules *self)
{
    if (!self)
        return;
    dn_electronic_free(self->electronic);
    g_free(self->procedure);
    g_free(self->test_chart);
    g_clear_pointer(&self->days_off, g_array_unref);
    g_clear_pointer(&self->fiscal_changes, g_array_unref);
    g_clear_pointer(&self->loss_years, g_array_unref);
    g_clear_pointer(&self->bundles, g_array_unref);
    g_clear_pointer(&self->amounts, g_array_unref);
    g_clear_pointer(&self->kept, g_array_unref);
    g_clear_pointer(&self->charts, g_array_unref);
    g_free(self);
}

/* --- items of lists --- */

static bool
parse_day_off(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    bool yearly = strlen(item) == strlen("12-29");
    g_autofree char *full = yearly ? g_strconcat("2000-", item, NULL) : g_strdup(item);
    DnDate date;

    if (!dn_date_parse(full, &date, NULL))
        return dn_fail(error, DN_ERROR_INVALID, "want days as in 12-29;2026-08-14");
    DnDayOff day = {yearly ? 0 : date.year, date.month, date.day};

    g_array_append_val(self->days_off, day);
    return true;
}

static bool
parse_fiscal_change(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    GArray *changes = self->fiscal_changes;
    DnFiscalChange change;

    if (!dn_date_parse(item, &change.from, NULL) || change.from.day != 1 ||
        (changes->len > 0 &&
         dn_date_compare(&g_array_index(changes, DnFiscalChange, changes->len - 1).from,
                         &change.from) >= 0))
        return dn_fail(error, DN_ERROR_INVALID,
                       "want firsts of months, the earliest first, as in 2027-01-01");
    g_array_append_val(changes, change);
    return true;
}

static bool
parse_loss_year(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    guint64 year = 0;

    if (!g_ascii_string_to_unsigned(item, 10, 1990, 2200, &year, NULL))
        return dn_fail(error, DN_ERROR_INVALID, "want years as in 2025;2026");
    int16_t value = (int16_t)year;

    g_array_append_val(self->loss_years, value);
    return true;
}

/* "2026-04-01=each": the day must begin a fiscal year, so that no period has two rules. */
static bool
parse_settled(const DnRules *self, const char *item, const char *const *choices, GArray *list,
              GError **error)
{
    g_auto(GStrv) parts = g_strsplit(item, "=", 2);
    DnDate from;

    if (g_strv_length(parts) != 2 || !dn_date_parse(parts[0], &from, NULL) ||
        !g_strv_contains(choices, parts[1])) {
        g_autofree char *known = g_strjoinv(" or ", (char **)(uintptr_t)choices);

        return dn_fail(error, DN_ERROR_INVALID, "want 2026-04-01= and then %s", known);
    }
    DnFiscalYear year = dn_fiscal_year_of(&self->retention.fiscal, &from);

    if (dn_date_compare(&year.begin, &from) != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a rule holds for whole fiscal years: it may begin on %04d-%02d-%02d, not "
                       "within that year",
                       year.begin.year, year.begin.month, year.begin.day);
    if (list->len > 0 &&
        dn_date_compare(&g_array_index(list, Settled, list->len - 1).from, &from) >= 0)
        return dn_fail(error, DN_ERROR_INVALID, "the earliest comes first");
    Settled settled = {from, g_strdup(parts[1])};

    g_array_append_val(list, settled);
    return true;
}

static bool
parse_bundle(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    static const char *const choices[] = {"each", "total", NULL};

    return parse_settled(self, item, choices, self->bundles, error);
}

static bool
parse_amounts(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    static const char *const choices[] = {"as-printed", "incl", "excl", NULL};

    return parse_settled(self, item, choices, self->amounts, error);
}

/* "receipt=2026-04-01..2027-03-31", either end open. */
static bool
parse_kept(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    g_auto(GStrv) parts = g_strsplit(item, "=", 2);
    g_auto(GStrv) ends = g_strsplit(g_strv_length(parts) == 2 ? parts[1] : "", "..", 2);
    Kept kept = {.from = day_first, .to = day_last};

    if (g_strv_length(ends) != 2 || !dn_kind_find(parts[0]) ||
        (*ends[0] && !dn_date_parse(ends[0], &kept.from, NULL)) ||
        (*ends[1] && !dn_date_parse(ends[1], &kept.to, NULL)) ||
        dn_date_compare(&kept.from, &kept.to) > 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "want a kind and its days as in receipt=2026-04-01..2027-03-31");
    kept.kind = g_strdup(parts[0]);
    g_array_append_val(self->kept, kept);
    return true;
}

/* "ix1600:2026-04-01=cabinet 2", "ix1600:2026-06-01=failed". */
static bool
parse_chart(void *user_data, const char *item, GError **error)
{
    DnRules *self = user_data;
    const char *equals = strchr(item, '=');
    g_autofree char *head = equals ? g_strndup(item, (gsize)(equals - item)) : g_strdup("");
    char *colon = strrchr(head, ':');
    Chart chart = {0};

    if (!colon || colon == head || !equals[1] || !dn_date_parse(colon + 1, &chart.from, NULL))
        return dn_fail(error, DN_ERROR_INVALID,
                       "want a device, a day and where the record is, or failed: "
                       "ix1600:2026-04-01=cabinet 2;ix1600:2026-06-01=failed");
    *colon = '\0';
    for (guint i = 0; i < self->charts->len; i++) {
        const Chart *other = &g_array_index(self->charts, Chart, i);

        if (strcmp(other->device, head) == 0 && dn_date_compare(&other->from, &chart.from) >= 0)
            return dn_fail(error, DN_ERROR_INVALID, "of one device the earliest comes first");
    }
    chart.device = g_strdup(head);
    chart.record = strcmp(equals + 1, "failed") == 0 ? NULL : g_strdup(equals + 1);
    g_array_append_val(self->charts, chart);
    return true;
}

/* --- choices --- */

static bool
choose(const DnSettings *settings, const char *section, const char *key, const char *usual,
       const char *other, bool *out_other, GError **error)
{
    const char *word = dn_settings_string(settings, section, key);

    *out_other = strcmp(word, other) == 0;
    return *out_other || strcmp(word, usual) == 0 ||
           dn_fail(error, DN_ERROR_INVALID, "[%s] %s: want %s or %s", section, key, usual, other);
}

static bool
read_entry(DnRules *self, const DnSettings *settings, GError **error)
{
    int64_t months = dn_settings_int(settings, "law", "cycle-months");
    bool cycle = false;

    if (!choose(settings, "law", "entry", "early", "cycle", &cycle, error))
        return false;
    if (months < 1 || months > DN_CYCLE_MONTHS_MOST) /* 通4-18 */
        return dn_fail(error, DN_ERROR_INVALID,
                       "[law] cycle-months: want 1 or 2, a business cycle has at most two months");
    if (cycle && !self->procedure)
        return dn_fail(
            error, DN_ERROR_INVALID,
            "[law] entry: entry by cycle needs a written procedure (事務処理規程); write "
            "its name and place into [law] procedure");
    self->entry = cycle ? DN_ENTRY_CYCLE : DN_ENTRY_EARLY;
    self->cycle_months = (unsigned)months;
    return true;
}

static bool
read_electronic(DnRules *self, const DnSettings *settings, GError **error)
{
    self->electronic = dn_electronic_new(settings, error);
    return self->electronic &&
           choose(settings, "law", "second-person", "no", "yes", &self->second_person, error);
}

/* Names as a person compares them: width and case do not count. */
static bool
is_same_name(const char *a, const char *b)
{
    g_autofree char *wide_a = g_utf8_normalize(a, -1, G_NORMALIZE_ALL_COMPOSE);
    g_autofree char *wide_b = g_utf8_normalize(b, -1, G_NORMALIZE_ALL_COMPOSE);
    g_autofree char *fold_a = wide_a ? g_utf8_casefold(wide_a, -1) : NULL;
    g_autofree char *fold_b = wide_b ? g_utf8_casefold(wide_b, -1) : NULL;

    return !fold_a || !fold_b || strcmp(g_strstrip(fold_a), g_strstrip(fold_b)) == 0;
}

/* R23: a taxpayer's own clock is no substitute for a time stamp. */
static bool
read_scans(DnRules *self, const DnSettings *settings, GError **error)
{
    const char *operator_name = dn_settings_string(settings, "law", "operator");
    const char *taxpayer = dn_settings_string(settings, "law", "taxpayer-name");

    if (!choose(settings, "law", "scans", "stamp", "hosted", &self->hosted, error))
        return false;
    if (!self->hosted)
        return true;
    if (!*operator_name || !*taxpayer)
        return dn_fail(error, DN_ERROR_INVALID,
                       "[law] scans: to keep them hosted, write who runs this archive into [law] "
                       "operator and whose documents they are into [law] taxpayer-name");
    return !is_same_name(operator_name, taxpayer) ||
           dn_fail(error, DN_ERROR_INVALID,
                   "[law] scans: who keeps his own documents needs time stamps (規2⑥二, 通4-26): "
                   "want stamp, or another operator than the taxpayer");
}

static bool
read_retention(DnRules *self, const DnSettings *settings, GError **error)
{
    DnRetention *retention = &self->retention;
    int64_t months = dn_settings_int(settings, "retention", "extension-months");
    bool proprietor = false;
    bool exempt = false;

    if (!choose(settings, "retention", "taxpayer", "corporation", "sole-proprietor", &proprietor,
                error) ||
        !choose(settings, "retention", "consumption-tax", "yes", "no", &exempt, error))
        return false;
    if (months < 0 || months > EXTENSION_MONTHS_MOST)
        return dn_fail(error, DN_ERROR_INVALID, "[retention] extension-months: want 0 to %d",
                       EXTENSION_MONTHS_MOST);
    retention->taxpayer = proprietor ? DN_SOLE_PROPRIETOR : DN_CORPORATION;
    retention->consumption_tax = !exempt;
    retention->extension_months = (unsigned)months;
    retention->fiscal.first_month =
        proprietor ? 1 : (int)dn_settings_int(settings, "retention", "fiscal-year-month");
    if (retention->fiscal.first_month < 1 || retention->fiscal.first_month > 12)
        return dn_fail(error, DN_ERROR_INVALID, "[retention] fiscal-year-month: want 1 to 12");
    if (!dn_settings_each(settings, "retention", "fiscal-year-changes", parse_fiscal_change, self,
                          error) ||
        !dn_settings_each(settings, "retention", "loss-years", parse_loss_year, self, error))
        return false;
    retention->fiscal.changes = (const DnFiscalChange *)self->fiscal_changes->data;
    retention->fiscal.change_count = self->fiscal_changes->len;
    retention->loss_years = (const int16_t *)self->loss_years->data;
    retention->loss_count = self->loss_years->len;
    return true;
}

DnRules *
dn_rules_new(const DnSettings *settings, GError **error)
{
    g_autoptr(DnRules) self = g_new0(DnRules, 1);
    const char *procedure = dn_settings_string(settings, "law", "procedure");
    const char *chart = dn_settings_string(settings, "law", "test-chart");

    self->days_off = g_array_new(FALSE, FALSE, sizeof(DnDayOff));
    self->fiscal_changes = g_array_new(FALSE, FALSE, sizeof(DnFiscalChange));
    self->loss_years = g_array_new(FALSE, FALSE, sizeof(int16_t));
    self->bundles = g_array_new(FALSE, FALSE, sizeof(Settled));
    self->amounts = g_array_new(FALSE, FALSE, sizeof(Settled));
    self->kept = g_array_new(FALSE, FALSE, sizeof(Kept));
    g_array_set_clear_func(self->bundles, settled_clear);
    g_array_set_clear_func(self->amounts, settled_clear);
    self->charts = g_array_new(FALSE, FALSE, sizeof(Chart));
    g_array_set_clear_func(self->kept, kept_clear);
    g_array_set_clear_func(self->charts, chart_clear);
    self->procedure = *procedure ? g_strdup(procedure) : NULL;
    self->test_chart = *chart ? g_strdup(chart) : NULL;
    if (!read_entry(self, settings, error) || !read_electronic(self, settings, error) ||
        !read_scans(self, settings, error) ||
        !choose(settings, "law", "documents", "important", "by-kind", &self->by_kind, error) ||
        !read_retention(self, settings, error) ||
        !dn_settings_each(settings, "law", "days-off", parse_day_off, self, error) ||
        !dn_settings_each(settings, "law", "bundles", parse_bundle, self, error) ||
        !dn_settings_each(settings, "law", "amounts", parse_amounts, self, error) ||
        !dn_settings_each(settings, "law", "scans-kept", parse_kept, self, error) ||
        !dn_settings_each(settings, "law", "test-charts", parse_chart, self, error))
        return NULL;
    self->calendar = (DnCalendar){(const DnDayOff *)self->days_off->data, self->days_off->len};
    return g_steal_pointer(&self);
}

/* --- what they say of a document --- */

bool
dn_rules_is_important(const DnRules *self, const char *kind)
{
    return !self->by_kind || dn_kind(kind)->important;
}

DnKept
dn_rules_kept(const DnRules *self, const DnArrival *arrival)
{
    return dn_electronic_kept(self->electronic, arrival->channel, &arrival->received);
}

bool
dn_rules_check_channel(const DnRules *self, const char *channel, GError **error)
{
    return dn_electronic_check(self->electronic, channel, error);
}

bool
dn_rules_deadline(const DnRules *self, const DnArrival *arrival, const char *kind,
                  DnDate *out_deadline)
{
    if (arrival->is_scan ? !dn_rules_is_important(self, kind)
                         : dn_rules_kept(self, arrival) != DN_KEPT_STAMP)
        return false;
    *out_deadline =
        dn_entry_deadline(self->entry, self->cycle_months, &self->calendar, &arrival->received);
    return true;
}

DnDate
dn_rules_rescan_deadline(const DnRules *self, const DnDate *found)
{
    return dn_entry_deadline(self->entry, self->cycle_months, &self->calendar, found);
}

bool
dn_rules_hosted(const DnRules *self)
{
    return self->hosted;
}

bool
dn_rules_want_stamp(const DnRules *self, const DnArrival *arrival)
{
    return arrival->is_scan ? !self->hosted : dn_rules_kept(self, arrival) == DN_KEPT_STAMP;
}

DnDate
dn_rules_keep_until(const DnRules *self, const DnDate *received, const char *const *kinds)
{
    DnDate until = dn_retention_until(&self->retention, received, dn_kind(kinds ? *kinds : NULL));

    for (; kinds && *kinds; kinds++) {
        DnDate other = dn_retention_until(&self->retention, received, dn_kind(*kinds));

        if (dn_date_compare(&other, &until) > 0)
            until = other;
    }
    return until;
}

DnFiscalYear
dn_rules_fiscal_year(const DnRules *self, const DnDate *date)
{
    return dn_fiscal_year_of(&self->retention.fiscal, date);
}

static const char *
settled_at(const GArray *list, const DnDate *date)
{
    const char *choice = NULL;

    for (guint i = 0; i < list->len; i++) {
        const Settled *settled = &g_array_index(list, Settled, i);

        if (dn_date_compare(&settled->from, date) <= 0)
            choice = settled->choice;
    }
    return choice;
}

const char *
dn_rules_bundle(const DnRules *self, const DnDate *date)
{
    return settled_at(self->bundles, date);
}

const char *
dn_rules_amount_basis(const DnRules *self, const DnDate *date)
{
    return settled_at(self->amounts, date);
}

bool
dn_rules_scans_kept(const DnRules *self, const char *kind, const DnDate *received)
{
    bool said = false;

    for (guint i = 0; i < self->kept->len; i++) {
        const Kept *kept = &g_array_index(self->kept, Kept, i);

        if (strcmp(kept->kind, dn_kind(kind)->name) != 0)
            continue;
        said = true;
        if (dn_date_compare(&kept->from, received) <= 0 &&
            dn_date_compare(received, &kept->to) <= 0)
            return true;
    }
    return !said;
}

DnChart
dn_rules_test_chart(const DnRules *self, const char *device, const DnDate *day,
                    const char **out_record)
{
    const Chart *newest = NULL;

    for (guint i = 0; device && i < self->charts->len; i++) {
        const Chart *chart = &g_array_index(self->charts, Chart, i);

        if (strcmp(chart->device, device) == 0 && dn_date_compare(&chart->from, day) <= 0)
            newest = chart;
    }
    *out_record = newest ? newest->record : self->test_chart;
    if (newest && !newest->record)
        return DN_CHART_FAILED;
    return *out_record ? DN_CHART_PASSED : DN_CHART_NONE;
}

const char *
dn_rules_procedure(const DnRules *self)
{
    return self->procedure;
}

bool
dn_rules_second_person(const DnRules *self)
{
    return self->second_person;
}
