/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/protocol.c - jobs in, readings out; see protocol.md.
 */
#include "config.h"
#include "worker/protocol.h"
#include "base/money.h"
#include "base/text.h"
#include "base/wire.h"

#include <math.h>
#include <string.h>

static const double DPI_MOST = 100000;
enum { PER_MILLE = 1000 };

DnPageReport *
dn_page_report_new(unsigned page)
{
    DnPageReport *self = g_new0(DnPageReport, 1);

    self->page = page;
    self->complete = true;
    self->operations = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void
dn_page_report_free(DnPageReport *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->operations);
    g_clear_pointer(&self->looks, g_ptr_array_unref);
    g_clear_error(&self->no_info);
    g_free(self->origin);
    g_free(self->warning);
    g_free(self);
}

void
dn_outcome_free(DnOutcome *self)
{
    if (!self)
        return;
    dn_outcome_free(self->next);
    json_decref(self->reading);
    g_clear_pointer(&self->text, g_bytes_unref);
    g_clear_pointer(&self->words, g_bytes_unref);
    g_clear_pointer(&self->rendition, g_bytes_unref);
    g_free(self);
}

/* ---- the job ---- */

static bool
parse_limit(const json_t *limits, const char *key, int64_t most, int64_t *value, GError **error)
{
    const json_t *member = json_object_get(limits, key);

    if (!member)
        return true;
    if (!json_is_integer(member) || json_integer_value(member) < 1 ||
        json_integer_value(member) > most)
        return dn_fail(error, DN_ERROR_INVALID, "limit %s is out of range", key);
    *value = json_integer_value(member);
    return true;
}

static bool
parse_limits(const json_t *object, DnLimits *limits, GError **error)
{
    struct {
        const char *key;
        int64_t most;
        int64_t value;
    } table[] = {
        {"document_bytes", G_MAXUINT32, (int64_t)limits->max_document_bytes},
        {"page_pixels", G_MAXINT32, (int64_t)limits->max_page_pixels},
        {"side_px", G_MAXUINT16, limits->max_side_px},
        {"pages", 100000, limits->max_pages},
        {"document_ms", G_MAXINT32, limits->max_document_ms},
        {"page_ms", G_MAXINT32, limits->max_page_ms},
        {"output_bytes", G_MAXINT32, limits->max_output_bytes},
        {"attachments", 100000, limits->max_attachments},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (!parse_limit(object, table[i].key, table[i].most, &table[i].value, error))
            return false;
    limits->max_document_bytes = (uint64_t)table[0].value;
    limits->max_page_pixels = (uint64_t)table[1].value;
    limits->max_side_px = (uint32_t)table[2].value;
    limits->max_pages = (uint32_t)table[3].value;
    limits->max_document_ms = (uint32_t)table[4].value;
    limits->max_page_ms = (uint32_t)table[5].value;
    limits->max_output_bytes = (uint32_t)table[6].value;
    limits->max_attachments = (uint32_t)table[7].value;
    return true;
}

static bool
parse_profile(const json_t *object, DnReadingProfile *profile, GError **error)
{
    const char *order = dn_json_string(object, "date_order");
    const char *currency = dn_json_string(object, "currency");
    const char *received = dn_json_string(object, "received");

    if (order && strcmp(order, "ymd") != 0 && strcmp(order, "dmy") != 0 &&
        strcmp(order, "mdy") != 0)
        return dn_fail(error, DN_ERROR_INVALID, "date_order is not ymd, dmy or mdy");
    if (currency && dn_money_scale(currency) < 0)
        return dn_fail(error, DN_ERROR_INVALID, "currency is not a code of three capitals");
    if (received && !dn_date_parse(received, &profile->received, error))
        return dn_fail_in(error, "received");
    if (order)
        g_strlcpy(profile->date_order, order, sizeof profile->date_order);
    if (currency)
        g_strlcpy(profile->currency, currency, sizeof profile->currency);
    return true;
}

static bool
parse_area(const json_t *array, DnBox *out_area, GError **error)
{
    DnBox area = {0};
    int32_t *const sides[] = {&area.x, &area.y, &area.width, &area.height};

    if (!array)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        json_int_t value = json_integer_value(json_array_get(array, i));

        *sides[i] = (int32_t)CLAMP(value, -1, PER_MILLE + 1);
    }
    if (json_array_size(array) != G_N_ELEMENTS(sides) || area.x < 0 || area.y < 0 ||
        area.width < 1 || area.height < 1 || area.width > PER_MILLE - area.x ||
        area.height > PER_MILLE - area.y)
        return dn_fail(error, DN_ERROR_INVALID, "area is not a part of the page");
    *out_area = area;
    return true;
}

bool
dn_job_parse(GBytes *body, DnJob *out_job, GError **error)
{
    size_t size = 0;
    const char *text = g_bytes_get_data(body, &size);
    g_autoptr(json_t) object = dn_json_parse(text, size, NULL);
    DnJob job = {.profile = dn_reading_profile_default, .limits = dn_limits_default};

    if (!json_is_object(object))
        return dn_fail(error, DN_ERROR_INVALID, "the job is not a JSON object");
    job.rendition = dn_json_bool(object, "rendition", false);
    job.sheet = dn_json_bool(object, "sheet", false);
    job.models = dn_json_bool(object, "models", false);
    job.page_image = (unsigned)CLAMP(dn_json_int(object, "page_image", 0), 0, G_MAXUINT16);
    g_strlcpy(job.kind, dn_json_string(object, "kind") ? dn_json_string(object, "kind") : "",
              sizeof job.kind);
    if (!parse_profile(dn_json_object(object, "profile"), &job.profile, error) ||
        !parse_limits(dn_json_object(object, "limits"), &job.limits, error) ||
        !parse_area(json_object_get(object, "area"), &job.area, error))
        return dn_fail_in(error, "job");
    *out_job = job;
    return true;
}

/* ---- the reading ---- */

/* A file can claim anything; what is not a resolution is told as none. */
static json_t *
resolution(double dpi)
{
    return dpi > 0 && dpi <= DPI_MOST ? json_real(round(dpi * 1000) / 1000) : json_integer(0);
}

static const char *
colour_name(DnColour colour)
{
    return colour == DN_COLOUR_RGB ? "rgb" : colour == DN_COLOUR_GRAY ? "gray" : "bilevel";
}

json_t *
dn_protocol_captured(const GPtrArray *reports)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < reports->len; i++) {
        const DnPageReport *report = reports->pdata[i];
        const DnPageInfo *info = &report->info;

        if (report->no_info)
            continue;
        json_t *page = json_object();

        dn_json_set_int(page, "page", report->page);
        dn_json_set_int(page, "width_px", info->width_px);
        dn_json_set_int(page, "height_px", info->height_px);
        dn_json_take(page, "dpi_x", resolution(info->dpi_x));
        dn_json_take(page, "dpi_y", resolution(info->dpi_y));
        dn_json_set_int(page, "bits", info->bits_per_sample);
        dn_json_set_string(page, "colour", colour_name(info->colour));
        dn_json_set_bool(page, "lossy", info->lossy);
        dn_json_set_string(page, "compression", info->compression);
        dn_json_set_int(page, "orientation", info->orientation);
        dn_json_set_bool(page, "rendered", info->rendered);
        json_array_append_new(list, page);
    }
    return list;
}

static json_t *
list_of(const GPtrArray *notes)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < notes->len; i++)
        json_array_append_new(list, json_string(notes->pdata[i]));
    return list;
}

json_t *
dn_protocol_derived(const GPtrArray *reports)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < reports->len; i++) {
        const DnPageReport *report = reports->pdata[i];
        json_t *page = json_object();

        dn_json_set_int(page, "page", report->page);
        dn_json_take(page, "operations", list_of(report->operations));
        if (report->looks && report->looks->len > 0)
            dn_json_take(page, "looks", list_of(report->looks));
        dn_json_set_string(page, "origin", report->origin);
        dn_json_set_bool(page, "complete", report->complete);
        if (report->warning) {
            g_autofree char *safe = dn_text_sanitise(report->warning, -1);

            dn_json_set_string(page, "warning", safe);
        }
        json_array_append_new(list, page);
    }
    return list;
}

static void
append_line(GString *text, const DnLine *line)
{
    g_string_append(text, line->text);
    g_string_append_c(text, '\n');
}

/* The passes of a page see different things, and what one saw should be found. A line that both saw
 * is written once. */
static void
append_second(GString *text, const DnPageText *page)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < page->lines->len; i++) {
        char *bare = g_strdup(((const DnLine *)page->lines->pdata[i])->text);

        dn_text_remove_spaces(bare);
        g_hash_table_add(seen, bare);
    }
    for (unsigned i = 0; i < page->second->lines->len; i++) {
        const DnLine *line = page->second->lines->pdata[i];
        g_autofree char *bare = g_strdup(line->text);

        dn_text_remove_spaces(bare);
        if (!g_hash_table_contains(seen, bare))
            append_line(text, line);
    }
}

GBytes *
dn_protocol_text(const GPtrArray *pages)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < pages->len; i++) {
        const DnPageText *page = pages->pdata[i];

        if (i > 0)
            g_string_append_c(text, '\f');
        for (unsigned k = 0; k < page->lines->len; k++)
            append_line(text, page->lines->pdata[k]);
        if (page->second)
            append_second(text, page);
    }
    g_autofree char *safe = dn_text_sanitise(text->str, (gssize)text->len);

    g_string_free(text, TRUE);
    return g_bytes_new(safe, strlen(safe));
}

static json_t *
word_json(const DnWord *word)
{
    g_autofree char *safe = dn_text_sanitise(word->text, -1);
    const DnBox *box = &word->box;
    double confidence =
        word->confidence >= 0 ? MIN(word->confidence, 1.0) : 0; /* not a number: 0 */

    return json_pack("[s,i,i,i,i,f]", safe, box->x, box->y, box->width, box->height,
                     round(confidence * 1000) / 1000);
}

static json_t *
page_json(const DnPageText *page)
{
    json_t *object = json_object();
    json_t *lines = json_array();

    for (unsigned i = 0; i < page->lines->len; i++) {
        const DnLine *line = page->lines->pdata[i];
        json_t *words = json_array();

        for (unsigned k = 0; k < line->words->len; k++)
            json_array_append_new(words, word_json(line->words->pdata[k]));
        json_array_append_new(lines, words);
    }
    dn_json_set_int(object, "page", page->page);
    dn_json_set_int(object, "width_px", page->width_px);
    dn_json_set_int(object, "height_px", page->height_px);
    dn_json_take(object, "dpi", resolution(page->dpi));
    dn_json_set_string(object, "origin", page->origin);
    dn_json_take(object, "lines", lines);
    return object;
}

GBytes *
dn_protocol_words(const GPtrArray *pages)
{
    g_autoptr(json_t) object = json_object();
    json_t *list = json_array();

    for (unsigned i = 0; i < pages->len; i++)
        json_array_append_new(list, page_json(pages->pdata[i]));
    dn_json_take(object, "pages", list);
    char *line = dn_json_line(object);

    return g_bytes_new_take(line, strlen(line));
}

/* ---- sending ---- */

static bool
send_json(int fd, DnWireType type, const json_t *object, GError **error)
{
    g_autofree char *line = dn_json_line(object);

    return dn_wire_send(fd, type, line, strlen(line), -1, error);
}

static bool
send_bytes(int fd, DnWireType type, GBytes *bytes, GError **error)
{
    size_t size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_wire_send(fd, type, data, size, -1, error);
}

bool
dn_protocol_send_outcome(int fd, const DnOutcome *outcome, GError **error)
{
    for (const DnOutcome *one = outcome; one; one = one->next)
        if (!send_json(fd, DN_WIRE_READING, one->reading, error) ||
            !send_bytes(fd, DN_WIRE_TEXT, one->text, error) ||
            !send_bytes(fd, DN_WIRE_WORDS, one->words, error))
            return false;
    return (!outcome->rendition || send_bytes(fd, DN_WIRE_RENDITION, outcome->rendition, error)) &&
           dn_wire_send(fd, DN_WIRE_DONE, NULL, 0, -1, error);
}

bool
dn_protocol_send_verdict(int fd, const GError *verdict, const char *media_type, GError **error)
{
    g_autofree char *message = dn_text_sanitise(verdict->message, -1);
    g_autoptr(json_t) object = json_object();

    dn_json_set_string(object, "code", dn_error_name(dn_error_code(verdict)));
    dn_json_set_string(object, "message", message);
    dn_json_set_string(object, "media_type", media_type);
    return send_json(fd, DN_WIRE_ERROR, object, error) &&
           dn_wire_send(fd, DN_WIRE_DONE, NULL, 0, -1, error);
}
