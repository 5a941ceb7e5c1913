/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-document.c - open, and for each page: facts, words (from the text layer, else from
 * the pixels), rendition; then fields, checks, attachments. An e-invoice among the attachments is
 * believed before the page.
 */
#include "config.h"
#include "worker/read-document.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/media-type.h"
#include "base/money.h"
#include "base/text.h"
#include "ocr/einvoice.h"
#include "ocr/read-page.h"
#include "worker/checks.h"
#include "worker/read-einvoice.h"
#include "worker/read-picture.h"
#include "worker/rendition.h"

#include <string.h>

enum { NAME_CHARACTERS_MOST = 255, WORDS_MOST = 300000 };

typedef struct {
    const DnJob *job;
    const DnReadTools *tools;
    DnDocument *document;
    GBytes *bytes;
    int64_t end_ms;     /* of the monotonic clock */
    GPtrArray *reports; /* of DnPageReport, one a page */
    GPtrArray *layers;  /* of GArray of DnGlyph; NULL where the page has no text layer to trust */
    GPtrArray *texts;   /* of DnPageText, one a page */
    GPtrArray *further_reports; /* the same two for each further receipt on a sheet, which is ... */
    GPtrArray *further_texts;   /* ... a document of one page */
    bool may_be_sheet;          /* read as one receipt, but perhaps several */
    DnRendition *rendition;     /* NULL when none is wanted, needed or possible */
    GPtrArray *attachments;     /* of DnAttachment; NULL when they cannot be read */
    json_t *warnings;
    unsigned pages_read;
    GError *first_error;
} Work;

static void
work_clear(Work *self)
{
    g_clear_pointer(&self->document, dn_document_close);
    g_clear_pointer(&self->reports, g_ptr_array_unref);
    g_clear_pointer(&self->layers, g_ptr_array_unref);
    g_clear_pointer(&self->texts, g_ptr_array_unref);
    g_clear_pointer(&self->further_reports, g_ptr_array_unref);
    g_clear_pointer(&self->further_texts, g_ptr_array_unref);
    g_clear_pointer(&self->rendition, dn_rendition_free);
    g_clear_pointer(&self->attachments, g_ptr_array_unref);
    g_clear_pointer(&self->warnings, json_decref);
    g_clear_error(&self->first_error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static void
free_layer(void *layer)
{
    if (layer)
        g_array_unref(layer);
}

static void
warn(Work *self, const char *what, const char *why)
{
    g_autofree char *text = g_strdup_printf("%s: %s", what, why);
    g_autofree char *safe = dn_text_sanitise(text, -1);

    json_array_append_new(self->warnings, json_string(safe));
}

static void
drop_rendition(Work *self, const char *why)
{
    warn(self, "no rendition", why);
    g_clear_pointer(&self->rendition, dn_rendition_free);
}

static uint32_t
ms_left(const Work *self)
{
    return (uint32_t)MAX(0, self->end_ms - dn_clock_monotonic_ms());
}

/* ---- pages ---- */

/* The cheap facts of a page, and its text layer when that can be trusted. */
static void
survey_page(Work *self, unsigned index)
{
    g_autoptr(DnPageReport) report = dn_page_report_new(index + 1);
    g_autoptr(GArray) layer = NULL;

    if (dn_document_header(self->document, index, &report->info, &report->no_info) &&
        ms_left(self) > 0)
        layer = dn_document_text(self->document, index, NULL);
    if (layer && !dn_text_layer_is_plausible(layer))
        g_clear_pointer(&layer, g_array_unref);
    g_ptr_array_add(self->reports, g_steal_pointer(&report));
    g_ptr_array_add(self->layers, g_steal_pointer(&layer));
}

/* What is left of a page that a truncated file still holds is better than nothing, and is said. */
static DnPixmap *
decode(Work *self, unsigned index, DnPageReport *report, GError **error)
{
    g_autoptr(GError) damage = NULL;
    DnPixmap *page = dn_document_decode(self->document, index, DN_FAIL_ON_TRUNCATED, &damage);

    if (page)
        return page;
    if (!g_error_matches(damage, DN_ERROR, DN_ERROR_FORMAT)) {
        g_propagate_error(error, g_steal_pointer(&damage));
        return NULL;
    }
    page = dn_document_decode(self->document, index, DN_FAIL_ON_ERROR, error);
    if (page) {
        report->complete = false;
        report->warning = g_strdup(damage->message);
    }
    return page;
}

static void
report_text(DnPageReport *report, DnPictureText *text)
{
    g_ptr_array_unref(report->operations);
    report->operations = g_ptr_array_ref(text->operations);
    report->looks = g_ptr_array_ref(text->text->looks);
    report->origin = g_strdup(text->text->origin);
    if (text->complete)
        return;
    report->complete = false;
    if (!report->warning)
        report->warning = g_strdup("the time for the page ended before it was read to its end");
}

/* The receipts of a sheet but the first. */
static void
keep_further(Work *self, const DnPageReport *first, const DnPicture *picture)
{
    for (guint i = 1; i < picture->texts->len; i++) {
        DnPictureText *text = picture->texts->pdata[i];
        DnPageReport *report = dn_page_report_new(first->page);

        report->info = first->info;
        report_text(report, text);
        g_ptr_array_add(self->further_reports, report);
        g_ptr_array_add(self->further_texts, g_steal_pointer(&text->text));
    }
}

DnRecognizer *
dn_read_tools_latin(const DnReadTools *tools, const char *currency)
{
    return dn_money_is_of_accents(currency) && dn_recognizer_is_ready(tools->accented, NULL)
               ? tools->accented
               : tools->latin;
}

static DnPicture *
recognise(Work *self, const DnPixmap *captured, DnPageReport *report, GError **error)
{
    const DnReadTools *tools = self->tools;
    g_autoptr(GError) missing = NULL;
    DnPictureOptions options = {
        .recognizer = tools->recognizer,
        .latin = dn_read_tools_latin(tools, self->job->profile.currency),
        .line = tools->line,
        .vertical = tools->vertical,
        .column = tools->column,
        .profile = &self->job->profile,
        .before = (DnPageText *const *)(void *)self->texts->pdata,
        .before_count = self->texts->len,
        .limits = &self->job->limits,
        .deadline_ms = CLAMP(ms_left(self), 1, self->job->limits.max_page_ms),
        .page = report->page,
        /* The pages of a document are one unit (law row R17), and none of them a mount sheet. */
        .sheet = self->job->sheet && dn_document_page_count(self->document) == 1,
        .area = self->job->area,
    };

    /* IO, for it is not the document's fault: it can be read when the model is there. */
    if (!dn_recognizer_is_ready(tools->recognizer, &missing))
        return dn_fail_null(error, DN_ERROR_IO, "%s", missing->message);
    return dn_read_picture(captured, report->info.orientation, &options, error);
}

static void
render(Work *self, const DnPixmap *captured, unsigned orientation, const DnRenditionText *texts,
       size_t text_count)
{
    g_autoptr(GError) error = NULL;
    DnRenditionPage page = {
        .captured = captured,
        .orientation = orientation,
        .jpeg = self->document->codec == &dn_codec_jpeg ? self->bytes : NULL,
        .texts = texts,
        .text_count = text_count,
    };

    if (!self->rendition || dn_rendition_add_page(self->rendition, &page, &error))
        return;
    drop_rendition(self, error->message);
}

static void
render_picture(Work *self, const DnPixmap *captured, const DnPicture *picture)
{
    g_autofree DnRenditionText *texts = g_new(DnRenditionText, picture->texts->len);

    for (guint i = 0; i < picture->texts->len; i++) {
        const DnPictureText *text = picture->texts->pdata[i];

        texts[i] = (DnRenditionText){text->text, text->to_upright};
    }
    render(self, captured, picture->orientation, texts, picture->texts->len);
}

/* The words of a page whose text layer can be trusted; shown beside pages that were read. */
static DnPageText *
take_layer(Work *self, unsigned index, const DnPixmap *captured)
{
    DnPageReport *report = self->reports->pdata[index];
    const DnPageInfo *info = &report->info;
    DnPageText *text = dn_page_text_from_glyphs(index + 1, info->width_px, info->height_px,
                                                info->dpi_x, self->layers->pdata[index]);
    DnRenditionText shown = {text, dn_map_identity()};

    report->origin = g_strdup(text->origin);
    if (captured)
        render(self, captured, info->orientation, &shown, 1);
    return text;
}

static double
issuer_confidence(const DnPageText *text, const DnReadingProfile *profile)
{
    g_autoptr(DnReading) reading = dn_reading_new(&text, 1, profile);

    return dn_field_confidence(&reading->party);
}

/* A text layer that names no issuer: the letterhead may be a picture. @captured: (nullable). */
static void
look_beside(Work *self, DnPageText *text, const DnPixmap *captured)
{
    static const double FOUND = 0.6;
    const DnReadTools *tools = self->tools;
    g_autoptr(GError) error = NULL;
    g_autoptr(DnPixmap) drawn = NULL;
    g_autoptr(DnPixmap) gray = NULL;
    uint32_t most_ms = MIN(ms_left(self), self->job->limits.max_page_ms);

    if (!tools->recognizer || most_ms == 0 || issuer_confidence(text, &self->job->profile) >= FOUND)
        return;
    if (!captured)
        captured = drawn = dn_document_decode(self->document, 0, DN_FAIL_ON_ERROR, &error);
    if (captured)
        gray = dn_pixmap_to_gray(captured, &self->job->limits, &error);
    if (!gray ||
        !dn_read_beside(tools->recognizer, dn_read_tools_latin(tools, self->job->profile.currency),
                        gray, most_ms, text, &error))
        warn(self, "pictures of page 1", error->message);
    else if (text->looks->len > 0 && captured->format != DN_PIXEL_GRAY8)
        g_ptr_array_add(((DnPageReport *)self->reports->pdata[0])->operations, g_strdup("gray"));
}

static DnPageText *
read_page(Work *self, unsigned index, GError **error)
{
    DnPageReport *report = self->reports->pdata[index];
    const GArray *layer = self->layers->pdata[index];
    g_autoptr(DnPixmap) captured = NULL;

    if (report->no_info) {
        g_propagate_error(error, g_error_copy(report->no_info));
        return NULL;
    }
    if (ms_left(self) == 0)
        return dn_fail_null(error, DN_ERROR_LIMIT, "the %u ms for a document were over",
                            self->job->limits.max_document_ms);
    if (!layer || self->rendition) {
        captured = decode(self, index, report, error);
        if (!captured)
            return NULL;
    }
    if (layer) {
        DnPageText *text = take_layer(self, index, captured);

        if (index == 0)
            look_beside(self, text, captured);
        report->looks = g_ptr_array_ref(text->looks);
        return text;
    }
    g_autoptr(DnPicture) picture = recognise(self, captured, report, error);

    if (!picture)
        return NULL;
    DnPictureText *first = picture->texts->pdata[0];

    self->may_be_sheet = picture->may_be_sheet;
    report_text(report, first);
    render_picture(self, captured, picture);
    keep_further(self, report, picture);
    return g_steal_pointer(&first->text);
}

/* A page that failed keeps its place, so that the pages of the text count as those of the paper. */
static void
read_or_warn(Work *self, unsigned index)
{
    DnPageReport *report = self->reports->pdata[index];
    g_autoptr(GError) error = NULL;
    DnPageText *text = read_page(self, index, &error);

    if (text) {
        self->pages_read++;
    } else {
        text = dn_page_text_new(index + 1, report->info.width_px, report->info.height_px,
                                report->info.dpi_x, "unread");
        report->complete = false;
        g_free(report->warning);
        report->warning = g_strdup(error->message);
        if (!self->first_error)
            self->first_error = g_steal_pointer(&error);
        if (self->rendition)
            drop_rendition(self, "a page of it could not be read");
    }
    g_ptr_array_add(self->texts, text);
    self->tools->page_done(index + 1, self->tools->user_data);
}

/* ---- the document ---- */

static void
take_attachments(Work *self)
{
    g_autoptr(GError) error = NULL;

    self->attachments = dn_document_attachments(self->document, &error);
    if (!self->attachments)
        warn(self, "attachments", error->message);
}

static json_t *
list_attachments(const Work *self)
{
    json_t *list = json_array();

    for (unsigned i = 0; self->attachments && i < self->attachments->len; i++) {
        const DnAttachment *attachment = self->attachments->pdata[i];
        g_autofree char *name = dn_text_sanitise(attachment->name ? attachment->name : "", -1);
        g_autofree char *short_name =
            g_utf8_substring(name, 0, MIN(g_utf8_strlen(name, -1), NAME_CHARACTERS_MOST));
        DnSha256 digest = dn_sha256_bytes(attachment->bytes);
        g_autofree char *hex = dn_hex(digest.bytes, sizeof digest.bytes);
        json_t *object = json_object();

        dn_json_set_string(object, "name", short_name);
        if (attachment->media_type) {
            g_autofree char *media_type = dn_text_sanitise(attachment->media_type, -1);

            if (strlen(media_type) <= NAME_CHARACTERS_MOST)
                dn_json_set_string(object, "media_type", media_type);
        }
        dn_json_set_int(object, "bytes", (int64_t)g_bytes_get_size(attachment->bytes));
        dn_json_set_string(object, "sha256", hex);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *
run_checks(const Work *self, const char *kind)
{
    g_autofree DnPageInfo *pages = g_new0(DnPageInfo, self->reports->len);

    for (unsigned i = 0; i < self->reports->len; i++) {
        const DnPageReport *report = self->reports->pdata[i];

        pages[i] = report->info;
        pages[i].rendered |=
            report->no_info != NULL; /* nothing is known, so no rule is concerned */
    }
    return dn_checks(pages, self->reports->len, dn_checks_is_important(kind));
}

/* (transfer full) NULL when every page of @reports has print. */
static json_t *
check_blank(const GPtrArray *reports, unsigned page_count)
{
    g_autofree unsigned *blank = g_new(unsigned, reports->len);
    size_t count = 0;

    for (unsigned i = 0; i < reports->len; i++) {
        const DnPageReport *report = reports->pdata[i];

        if (g_strcmp0(report->origin, DN_PICTURE_BLANK) == 0)
            blank[count++] = report->page;
    }
    return dn_checks_blank(blank, count, page_count);
}

/* The first e-invoice among the attachments that can be read, by what it is and not by its name. */
static DnEinvoice *
find_einvoice(Work *self, bool *out_damaged)
{
    *out_damaged = false;
    for (unsigned i = 0; self->attachments && i < self->attachments->len; i++) {
        const DnAttachment *attachment = self->attachments->pdata[i];
        g_autoptr(GError) error = NULL;
        DnEinvoice *invoice = NULL;

        if (g_strcmp0(dn_media_type_sniff(attachment->bytes), DN_MEDIA_TYPE_XML) != 0)
            continue;
        invoice = dn_einvoice_new(attachment->bytes, &error);
        if (invoice)
            return invoice;
        warn(self, "embedded e-invoice", error->message);
        *out_damaged = true;
    }
    return NULL;
}

/* The values of the document; *@out_check (nullable) says how its two halves agree. */
static DnReading *
read_values(Work *self, DnPageText *const *texts, size_t count, json_t **out_check)
{
    DnReading *seen = dn_reading_new((const DnPageText *const *)texts, count, &self->job->profile);
    bool damaged = false;
    g_autoptr(DnEinvoice) invoice = find_einvoice(self, &damaged);

    *out_check = NULL;
    if (!invoice) {
        if (damaged)
            *out_check = json_pack("{s:s,s:s,s:s}", "rule", "XML", "verdict", "unknown", "figure",
                                   "the embedded e-invoice cannot be read");
        return seen;
    }
    DnReading *told = dn_einvoice_reading(invoice, &self->job->profile);

    *out_check = dn_reading_take_seen(told, seen);
    dn_reading_free(seen);
    return told;
}

/* What is told of the pages of @reports, or of one receipt on a sheet. */
static json_t *
compose(Work *self, unsigned page_count, const GPtrArray *reports, DnPageText *const *texts,
        size_t count)
{
    json_t *agreement = NULL;
    g_autoptr(DnReading) reading = read_values(self, texts, count, &agreement);
    const char *kind = self->job->kind[0] ? self->job->kind : reading->kind;
    json_t *object = json_object();
    json_t *checks = run_checks(self, kind);
    json_t *further[] = {
        agreement,
        dn_reading_items(reading, g_ptr_array_find(self->layers, NULL, NULL)),
        check_blank(reports, page_count),
        self->may_be_sheet ? dn_checks_sheet() : NULL,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(further); i++)
        if (further[i])
            json_array_append_new(checks, further[i]);

    dn_json_set_string(object, "media_type", self->document->codec->media_type);
    dn_json_set_int(object, "pages", page_count);
    dn_json_set_int(object, "pages_read", self->pages_read);
    dn_json_set_string(object, "kind", reading->kind);
    dn_json_take(object, "fields", dn_reading_to_json(reading));
    dn_json_take(object, "captured", dn_protocol_captured(reports));
    dn_json_take(object, "derived", dn_protocol_derived(reports));
    dn_json_take(object, "checks", checks);
    dn_json_take(object, "attachments", list_attachments(self));
    dn_json_take(object, "warnings", json_incref(self->warnings));
    return object;
}

/* When every page brings its own text, the file is its own searchable rendition. */
static void
begin_rendition(Work *self)
{
    g_autoptr(GError) error = NULL;

    if (!self->job->rendition || !g_ptr_array_find(self->layers, NULL, NULL))
        return;
    self->rendition = dn_rendition_new(self->job->limits.max_output_bytes, &error);
    if (!self->rendition)
        drop_rendition(self, error->message);
}

static GBytes *
finish_rendition(Work *self)
{
    g_autoptr(GError) error = NULL;
    GBytes *pdf = NULL;

    if (self->rendition && !(pdf = dn_rendition_finish(self->rendition, &error)))
        drop_rendition(self, error->message);
    return pdf;
}

/* The archive bounds what it parses; a document beyond that is told so. */
static bool
count_words(const Work *self, GError **error)
{
    size_t count = 0;

    for (unsigned i = 0; i < self->texts->len + self->further_texts->len; i++) {
        const DnPageText *text = i < self->texts->len
                                     ? self->texts->pdata[i]
                                     : self->further_texts->pdata[i - self->texts->len];

        for (unsigned k = 0; k < text->lines->len; k++)
            count += ((const DnLine *)text->lines->pdata[k])->words->len;
    }
    return count <= WORDS_MOST ||
           dn_fail(error, DN_ERROR_LIMIT, "%zu words, allowed are %d", count, WORDS_MOST);
}

static bool
fits(const Work *self, const char *what, GBytes *part, GError **error)
{
    return g_bytes_get_size(part) <= self->job->limits.max_output_bytes ||
           dn_fail(error, DN_ERROR_LIMIT, "the %s takes %zu bytes, allowed are %u", what,
                   g_bytes_get_size(part), self->job->limits.max_output_bytes);
}

/* One outcome more for each further receipt on the sheet. */
static void
tell_further(Work *self, DnOutcome *last)
{
    for (guint i = 0; i < self->further_texts->len; i++) {
        g_autoptr(GPtrArray) report = g_ptr_array_new();
        g_autoptr(GPtrArray) text = g_ptr_array_new();
        DnOutcome *next = g_new0(DnOutcome, 1);

        g_ptr_array_add(report, self->further_reports->pdata[i]);
        g_ptr_array_add(text, self->further_texts->pdata[i]);
        next->text = dn_protocol_text(text);
        next->words = dn_protocol_words(text);
        next->reading =
            compose(self, 1, report, (DnPageText *const *)(void *)text->pdata, text->len);
        last = last->next = next;
    }
}

bool
dn_read_document(GBytes *bytes, const DnJob *job, const DnReadTools *tools, DnOutcome **out_outcome,
                 const char **out_media_type, GError **error)
{
    g_auto(Work) self = {.job = job, .tools = tools, .bytes = bytes};
    g_autoptr(DnOutcome) outcome = g_new0(DnOutcome, 1);

    *out_media_type = NULL;
    if (g_strcmp0(dn_media_type_sniff(bytes), DN_MEDIA_TYPE_XML) == 0) {
        *out_media_type = DN_MEDIA_TYPE_XML;
        return dn_read_einvoice(bytes, job, tools, out_outcome, error);
    }
    self.end_ms = dn_clock_monotonic_ms() + job->limits.max_document_ms;
    self.document = dn_document_open(bytes, &job->limits, error);
    if (!self.document)
        return false;
    *out_media_type = self.document->codec->media_type;
    self.reports = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_report_free);
    self.layers = g_ptr_array_new_with_free_func(free_layer);
    self.texts = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_text_free);
    self.further_reports = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_report_free);
    self.further_texts = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_text_free);
    self.warnings = json_array();

    unsigned page_count = dn_document_page_count(self.document);
    unsigned wanted = MIN(page_count, job->limits.max_pages);

    for (unsigned i = 0; i < wanted; i++)
        survey_page(&self, i);
    begin_rendition(&self);
    for (unsigned i = 0; i < wanted; i++)
        read_or_warn(&self, i);
    if (self.pages_read == 0) {
        g_propagate_error(error, g_steal_pointer(&self.first_error));
        return false;
    }
    if (page_count > wanted) {
        g_autofree char *why = g_strdup_printf("only the first %u were read", wanted);

        warn(&self, "pages", why);
        if (self.rendition)
            drop_rendition(&self, "it would not show all pages");
    }
    if (!count_words(&self, error))
        return false;
    outcome->rendition = finish_rendition(&self);
    outcome->text = dn_protocol_text(self.texts);
    outcome->words = dn_protocol_words(self.texts);
    take_attachments(&self);
    outcome->reading = compose(&self, page_count, self.reports,
                               (DnPageText *const *)(void *)self.texts->pdata, self.texts->len);
    tell_further(&self, outcome);
    if (!fits(&self, "text", outcome->text, error) || !fits(&self, "words", outcome->words, error))
        return false;
    *out_outcome = g_steal_pointer(&outcome);
    return true;
}
