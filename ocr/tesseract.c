/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/tesseract.c - tesseract 5 as a recogniser.
 *
 * Three things of the library need care. Its inner loops are OpenMP regions which cost four times
 * what they gain on the small pictures of a text line, so they are run by the calling thread alone
 * (one-thread.c). It prints what it thinks on standard error, which belongs to the worker;
 * debug_file sends that away. It would learn from what it has read, and is told not to: a page
 * reads the same whatever was read before it. (Forgetting after each page, the other way to that,
 * takes several milliseconds, as much as a line of text.)
 *
 * Words are taken from the iterator, line by line as the engine saw them, and then laid out again:
 * a column of labels and a column of amounts come as separate blocks.
 */
#include "config.h"
#include "ocr/recognize.h"
#include "base/text.h"
#include "codecs/leptonica.h"

#include <tesseract/capi.h>

typedef struct {
    DnRecognizer parent;
    TessBaseAPI *api;
    char *model;
} Tesseract;

extern const DnRecognizerDriver dn_recognizer_tesseract;

enum { CONFIDENCE_LEAST = 1 }; /* percent: below it tesseract itself says that there is nothing */
enum { DPI_LEAST = 70, DPI_MOST = 1200 };

static Tesseract *
tesseract_of(DnRecognizer *recognizer)
{
    g_assert(recognizer->driver == &dn_recognizer_tesseract);
    return (Tesseract *)recognizer;
}

static void
tesseract_close(DnRecognizer *recognizer)
{
    Tesseract *self = tesseract_of(recognizer);

    if (self->api) {
        TessBaseAPIEnd(self->api);
        TessBaseAPIDelete(self->api);
    }
    g_free(self->model);
    g_free(self);
}

/* The name of a model becomes part of a path inside the library. */
static bool
name_is_safe(const char *model)
{
    if (!*model)
        return false;
    for (const char *p = model; *p; p++)
        if (!g_ascii_isalnum(*p) && !strchr("_-+", *p))
            return false;
    return true;
}

static DnRecognizer *
tesseract_open(const char *model, GError **error)
{
    if (!model || !name_is_safe(model))
        return dn_fail_null(error, DN_ERROR_INVALID, "not the name of a recognition model");

    /* Before the library can say anything; it reads variables only after its start. */
    setMsgSeverity(L_SEVERITY_NONE);
    dn_recognizer_keep_to_one_thread();

    TessBaseAPI *api = TessBaseAPICreate();
    const char *names[] = {"debug_file", "classify_enable_learning", "tessedit_enable_doc_dict"};
    const char *values[] = {"/dev/null", "0", "0"};
    int status = TessBaseAPIInit4(api, NULL, model, OEM_LSTM_ONLY, NULL, 0, (char **)names,
                                  (char **)values, G_N_ELEMENTS(names), FALSE);

    if (status != 0) {
        TessBaseAPIDelete(api);
        return dn_fail_null(error, DN_ERROR_EXTERNAL,
                            "the recognition model %s is not installed: it comes with the package "
                            "%s",
                            model,
                            strcmp(model, "Japanese") == 0        ? "tesseract-ocr-script-jpan"
                            : strcmp(model, "Japanese_vert") == 0 ? "tesseract-ocr-script-jpan-vert"
                            : strcmp(model, "jpn_vert") == 0      ? "tesseract-ocr-jpn-vert"
                                                                  : "tesseract-ocr-<language>");
    }
    Tesseract *self = g_new0(Tesseract, 1);

    self->parent.driver = &dn_recognizer_tesseract;
    self->api = api;
    self->model = g_strdup(model);
    return &self->parent;
}

static DnWord *
word_at(TessResultIterator *iterator, const DnPixmap *page)
{
    const TessPageIterator *place = TessResultIteratorGetPageIteratorConst(iterator);
    int left = 0, top = 0, right = 0, bottom = 0;
    char *raw = TessResultIteratorGetUTF8Text(iterator, RIL_WORD);
    double percent = TessResultIteratorConfidence(iterator, RIL_WORD);
    g_autofree char *text = raw ? dn_text_sanitise(raw, -1) : NULL;

    TessDeleteText(raw);
    if (!text || percent < CONFIDENCE_LEAST ||
        !TessPageIteratorBoundingBox(place, RIL_WORD, &left, &top, &right, &bottom))
        return NULL;
    dn_text_remove_spaces(text);
    left = CLAMP(left, 0, (int)page->width_px);
    right = CLAMP(right, left, (int)page->width_px);
    top = CLAMP(top, 0, (int)page->height_px);
    bottom = CLAMP(bottom, top, (int)page->height_px);
    if (!*text || right == left || bottom == top)
        return NULL;
    return dn_word_new(text, &(DnBox){left, top, right - left, bottom - top}, percent / 100);
}

static GPtrArray *
runs_of(Tesseract *self, const DnPixmap *page)
{
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    TessResultIterator *iterator = TessBaseAPIGetIterator(self->api);
    GPtrArray *run = NULL;

    if (!iterator)
        return runs;
    do {
        const TessPageIterator *place = TessResultIteratorGetPageIteratorConst(iterator);
        DnWord *word = NULL;

        if (!run || TessPageIteratorIsAtBeginningOf(place, RIL_TEXTLINE)) {
            run = dn_word_array_new();
            g_ptr_array_add(runs, run);
        }
        word = word_at(iterator, page);
        if (word)
            g_ptr_array_add(run, word);
    } while (TessResultIteratorNext(iterator, RIL_WORD));
    TessResultIteratorDelete(iterator);
    return runs;
}

static bool
tesseract_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
               uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    Tesseract *self = tesseract_of(recognizer);
    double dpi = page_gray->dpi_x;
    PIX *pix = NULL;

    if (page_gray->width_px > G_MAXINT16 || page_gray->height_px > G_MAXINT16)
        return dn_fail(error, DN_ERROR_LIMIT, "page %u: %u x %u px is more than %d a side", page,
                       page_gray->width_px, page_gray->height_px, G_MAXINT16);
    if (layout_mode <= PSM_AUTO_ONLY || layout_mode >= PSM_COUNT)
        return dn_fail(error, DN_ERROR_INVALID, "page %u: no such layout mode: %d", page,
                       layout_mode);
    /* The setting belongs to the thread, and a recogniser may be opened in another. */
    dn_recognizer_keep_to_one_thread();
    pix = dn_pix_new(page_gray, error);
    if (!pix)
        return false;
    TessBaseAPISetPageSegMode(self->api, (TessPageSegMode)layout_mode);
    TessBaseAPISetImage2(self->api, pix); /* takes a copy */
    pixDestroy(&pix);
    if (dpi >= DPI_LEAST && dpi <= DPI_MOST)
        TessBaseAPISetSourceResolution(self->api, (int)(dpi + 0.5));

    ETEXT_DESC *monitor = TessMonitorCreate();

    if (deadline_ms > 0)
        TessMonitorSetDeadlineMSecs(monitor, (int)MIN(deadline_ms, (uint32_t)G_MAXINT32));
    int status = TessBaseAPIRecognize(self->api, monitor);
    g_autofree char *origin =
        g_strdup_printf("tesseract %s %s psm %d", TessVersion(), self->model, layout_mode);
    DnPageText *text =
        dn_page_text_new(page, page_gray->width_px, page_gray->height_px, dpi, origin);

    TessMonitorDelete(monitor);
    if (layout_mode == PSM_SINGLE_BLOCK_VERT_TEXT)
        dn_page_text_take_columns(text, runs_of(self, page_gray));
    else
        dn_page_text_take_runs(text, runs_of(self, page_gray));
    TessBaseAPIClear(self->api);
    *out_text = text;
    *out_complete = status == 0;
    return true;
}

const DnRecognizerDriver dn_recognizer_tesseract = {
    .name = "tesseract",
    .open = tesseract_open,
    .page = tesseract_page,
    .close = tesseract_close,
};
