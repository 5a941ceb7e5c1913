/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/reading.c - from pages of text to the values of a document.
 *
 * The readers of ocr/fields/ do the work. A page that was read twice gives two readings of the
 * document; a value that both give is surer than either, one that they dispute is in doubt.
 */
#include "config.h"
#include "ocr/reading.h"
#include "base/money.h"
#include "ocr/fields/fields.h"

#include <math.h>

enum { PASSES_MOST = 4 };

const DnReadingProfile dn_reading_profile_default = {
    .date_order = "ymd",
    .currency = "JPY",
};

static void
candidate_free(gpointer data)
{
    dn_candidate_free(data);
}

static void
field_init(DnField *field)
{
    field->candidates = g_ptr_array_new_with_free_func(candidate_free);
}

static void
field_clear(DnField *field)
{
    g_clear_pointer(&field->candidates, g_ptr_array_unref);
}

DnCandidate *
dn_field_best(const DnField *self)
{
    return self->candidates->len > 0 ? g_ptr_array_index(self->candidates, 0) : NULL;
}

double
dn_field_confidence(const DnField *self)
{
    const DnCandidate *best = dn_field_best(self);

    return best ? best->confidence : 0;
}

DnReading *
dn_reading_new_empty(void)
{
    DnReading *self = g_new0(DnReading, 1);

    field_init(&self->date);
    field_init(&self->amount);
    field_init(&self->party);
    field_init(&self->registration_number);
    field_init(&self->due_date);
    field_init(&self->number);
    field_init(&self->telephone);
    self->kind = g_strdup("other");
    self->taxes = g_array_new(FALSE, FALSE, sizeof(DnTaxLine));
    return self;
}

static void
page_text_free(gpointer text)
{
    dn_page_text_free(text);
}

/* The fields are read along lines; those of a page in columns go back to where they stand. */
static void
stand_up(DnReading *self, const DnPageText *page)
{
    DnField *fields[] = {
        &self->date,     &self->amount, &self->party,    &self->registration_number,
        &self->due_date, &self->number, &self->telephone};

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        for (guint k = 0; k < fields[i]->candidates->len; k++) {
            DnCandidate *candidate = g_ptr_array_index(fields[i]->candidates, k);

            if (candidate->page == page->page)
                candidate->box = dn_box_stand(&candidate->box, page->width_px);
        }
}

static DnReading *
read_pages(const DnPageText *const *pages, size_t page_count, const DnReadingProfile *profile)
{
    g_autofree const DnPageText **laid = g_new(const DnPageText *, page_count + 1);
    g_autoptr(GPtrArray) turned = g_ptr_array_new_with_free_func(page_text_free);

    for (size_t i = 0; i < page_count; i++) {
        laid[i] = pages[i];
        if (!pages[i]->down)
            continue;
        g_ptr_array_add(turned, dn_page_text_lay(pages[i]));
        laid[i] = g_ptr_array_index(turned, turned->len - 1);
    }
    g_autoptr(DnFieldText) text = dn_field_text_new(laid, page_count, profile);
    DnReading *self = dn_reading_new_empty();

    g_free(self->kind);
    self->kind = g_strdup(dn_read_kind(text));
    dn_read_dates(text, &self->date);
    dn_read_amounts(text, &self->amount);
    dn_read_parties(text, &self->party);
    dn_read_regnums(text, &self->registration_number);
    dn_read_due_dates(text, &self->due_date);
    dn_read_document_numbers(text, &self->number);
    dn_read_telephones(text, &self->telephone);
    g_array_unref(self->taxes);
    self->taxes = dn_read_taxes(text);
    for (size_t i = 0; i < page_count; i++)
        if (pages[i]->down)
            stand_up(self, pages[i]);
    return self;
}

static unsigned
printed_parts(const GArray *taxes)
{
    unsigned count = 0;

    for (guint i = 0; i < taxes->len; i++) {
        const DnTaxLine *line = &g_array_index(taxes, DnTaxLine, i);

        count += (line->base != INT64_MIN) + (line->tax != INT64_MIN);
    }
    return count;
}

/* Where page @number was looked at; NULL: everywhere. */
static const GArray *
bands_of(const DnPageText *const *pages, size_t page_count, unsigned number)
{
    for (size_t i = 0; i < page_count; i++)
        if (pages[i]->page == number)
            return pages[i]->bands;
    return NULL;
}

/* What a second look at a few lines says of a field: nothing, unless its best candidate stands
 * there; the others that stand elsewhere are those of the first. */
static void
keep_looked_at(DnField *field, const DnPageText *const *pages, size_t page_count)
{
    for (guint i = 0; i < field->candidates->len;) {
        const DnCandidate *candidate = g_ptr_array_index(field->candidates, i);
        const GArray *bands = bands_of(pages, page_count, candidate->page);

        if (!bands || dn_bands_hold(bands, &candidate->box))
            i++;
        else if (i > 0)
            g_ptr_array_remove_index(field->candidates, i);
        else
            g_ptr_array_set_size(field->candidates, 0);
    }
}

static void
merge(DnReading *self, DnReading *second, const DnPageText *const *pages, size_t page_count)
{
    DnField *fields[] = {
        &second->date,     &second->amount, &second->party,    &second->registration_number,
        &second->due_date, &second->number, &second->telephone};

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        keep_looked_at(fields[i], pages, page_count);
    dn_field_merge(&self->date, &second->date);
    dn_field_merge(&self->amount, &second->amount);
    dn_field_merge_names(&self->party, &second->party);
    dn_field_merge(&self->registration_number, &second->registration_number);
    dn_field_merge(&self->due_date, &second->due_date);
    dn_field_merge(&self->number, &second->number);
    dn_field_merge(&self->telephone, &second->telephone);
    if (printed_parts(second->taxes) > printed_parts(self->taxes)) {
        GArray *taxes = self->taxes;

        self->taxes = second->taxes;
        second->taxes = taxes;
    }
    if (g_strcmp0(self->kind, "other") == 0) {
        char *kind = self->kind;

        self->kind = second->kind;
        second->kind = kind;
    }
}

/* The reading of @page in pass @pass, or the last it has; says whether it has that many. */
static const DnPageText *
pass_of(const DnPageText *page, unsigned pass, bool *again)
{
    for (unsigned i = 0; i < pass; i++) {
        if (!page->second)
            return page;
        page = page->second;
    }
    *again = true;
    return page;
}

DnReading *
dn_reading_new(const DnPageText *const *pages, size_t page_count, const DnReadingProfile *profile)
{
    const DnReadingProfile *wanted = profile ? profile : &dn_reading_profile_default;
    DnReading *self = read_pages(pages, page_count, wanted);
    g_autofree const DnPageText **others = g_new0(const DnPageText *, page_count + 1);

    for (unsigned pass = 1; pass < PASSES_MOST; pass++) {
        bool again = false;

        for (size_t i = 0; i < page_count; i++)
            others[i] = pass_of(pages[i], pass, &again);
        if (!again)
            break;
        g_autoptr(DnReading) other = read_pages(others, page_count, wanted);

        merge(self, other, others, page_count);
    }
    dn_regnums_join_zeros(&self->registration_number);
    return self;
}

void
dn_reading_free(DnReading *self)
{
    if (!self)
        return;
    field_clear(&self->date);
    field_clear(&self->amount);
    field_clear(&self->party);
    field_clear(&self->registration_number);
    field_clear(&self->due_date);
    field_clear(&self->number);
    field_clear(&self->telephone);
    g_clear_pointer(&self->taxes, g_array_unref);
    g_free(self->kind);
    g_free(self);
}

static json_t *
candidate_to_json(const DnCandidate *candidate)
{
    json_t *object = json_object();

    if (candidate->text) {
        dn_json_set_string(object, "value", candidate->text);
    } else {
        dn_json_set_int(object, "value", candidate->number);
        dn_json_set_string(object, "currency", candidate->currency);
        dn_json_set_int(object, "scale", MAX(0, dn_money_scale(candidate->currency)));
    }
    dn_json_take(object, "confidence", json_real(round(candidate->confidence * 1000) / 1000));
    dn_json_set_string(object, "origin", candidate->origin);
    if (candidate->page > 0) {
        dn_json_set_int(object, "page", candidate->page);
        dn_json_take(object, "box",
                     json_pack("[i,i,i,i]", candidate->box.x, candidate->box.y,
                               candidate->box.width, candidate->box.height));
    }
    return object;
}

static void
set_field(json_t *object, const char *key, const DnField *field)
{
    if (field->candidates->len == 0)
        return;
    json_t *best = candidate_to_json(g_ptr_array_index(field->candidates, 0));

    if (field->candidates->len > 1) {
        json_t *alternatives = json_array();

        for (guint i = 1; i < field->candidates->len; i++)
            json_array_append_new(alternatives,
                                  candidate_to_json(g_ptr_array_index(field->candidates, i)));
        dn_json_take(best, "alternatives", alternatives);
    }
    dn_json_take(object, key, best);
}

static json_t *
taxes_to_json(const GArray *taxes)
{
    json_t *array = json_array();

    for (guint i = 0; i < taxes->len; i++) {
        const DnTaxLine *line = &g_array_index(taxes, DnTaxLine, i);
        g_autofree char *rate =
            line->rate_permille % 10
                ? g_strdup_printf("%d.%d", line->rate_permille / 10, line->rate_permille % 10)
                : g_strdup_printf("%d", line->rate_permille / 10);
        json_t *object = json_object();

        dn_json_set_string(object, "rate", rate);
        if (line->base != INT64_MIN)
            dn_json_set_int(object, "base", line->base);
        if (line->tax != INT64_MIN)
            dn_json_set_int(object, "tax", line->tax);
        dn_json_set_bool(object, "base_includes_tax", line->base_includes_tax);
        json_array_append_new(array, object);
    }
    return array;
}

json_t *
dn_reading_to_json(const DnReading *self)
{
    json_t *object = json_object();

    set_field(object, "date", &self->date);
    set_field(object, "amount", &self->amount);
    set_field(object, "party", &self->party);
    set_field(object, "registration_number", &self->registration_number);
    set_field(object, "due_date", &self->due_date);
    set_field(object, "number", &self->number);
    set_field(object, "telephone", &self->telephone);
    if (self->taxes->len > 0)
        dn_json_take(object, "taxes", taxes_to_json(self->taxes));
    return object;
}

static bool
is_found(const DnField *field)
{
    static const double FOUND = 0.5;

    return dn_field_confidence(field) >= FOUND;
}

static void
miss(GString *missing, const char *what)
{
    g_string_append_printf(missing, "%s%s", missing->len ? ", " : "without ", what);
}

json_t *
dn_reading_items(const DnReading *self, bool recognised)
{
    const DnCandidate *amount = dn_field_best(&self->amount);
    bool simplified = g_strcmp0(self->kind, "receipt") == 0;
    g_autoptr(GString) missing = g_string_new(NULL);
    bool rate = self->taxes->len > 0;
    bool tax = false;

    if ((!simplified && g_strcmp0(self->kind, "invoice") != 0) || !amount ||
        g_strcmp0(amount->currency, "JPY") != 0)
        return NULL;
    for (guint i = 0; i < self->taxes->len; i++)
        tax = tax || g_array_index(self->taxes, DnTaxLine, i).tax != INT64_MIN;
    if (!is_found(&self->party))
        miss(missing, "issuer");
    if (!is_found(&self->registration_number))
        miss(missing, "number");
    if (!is_found(&self->date))
        miss(missing, "date");
    /* A simplified one may say either the rate or the tax. */
    if (!rate)
        miss(missing, "rate");
    if (!tax && !(simplified && rate))
        miss(missing, "tax");
    return json_pack("{s:s,s:s,s:s}", "rule", "ITEMS", "verdict",
                     missing->len == 0 ? "pass"
                     : recognised      ? "unknown"
                                       : "fail",
                     "figure",
                     missing->len ? missing->str
                     : simplified ? "all of a simplified invoice"
                                  : "all of an invoice");
}
