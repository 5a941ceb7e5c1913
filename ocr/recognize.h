/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/recognize.h - pixels to words, one driver an engine.
 *
 * Threads: a recogniser belongs to one thread. Same pixels, same options: same words, whatever it
 * read before (it forgets between pages).
 */
#ifndef OCR_RECOGNIZE_H
#define OCR_RECOGNIZE_H

#include "ocr/page-text.h"

G_BEGIN_DECLS

typedef struct DnRecognizer DnRecognizer;

typedef struct {
    const char *name; /* "tesseract" */
    bool blind;       /* says the same whatever it is shown: a part of a page means nothing to it */
    DnRecognizer *(*open)(const char *model, GError **error);
    bool (*ready)(DnRecognizer *self, GError **error); /* NULL: it is from the start */
    bool (*page)(DnRecognizer *self, const DnPixmap *page_gray, unsigned page, int layout_mode,
                 uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error);
    void (*close)(DnRecognizer *self);
} DnRecognizerDriver;

struct DnRecognizer {
    const DnRecognizerDriver *driver;
};

extern const DnRecognizerDriver dn_recognizer_tesseract;
/** Scripted, for tests: gives the words of the UTF-8 file named as its model, whatever the pixels.
 */
extern const DnRecognizerDriver dn_recognizer_script;

/** EXTERNAL when the model is not installed: the message says which package brings it. */
DnRecognizer *dn_recognizer_open(const DnRecognizerDriver *driver, const char *model,
                                 GError **error);

/** ocr/on-demand.c: (transfer full) one that opens @model when it is first asked to read, or
 * whether it can. @driver: (transfer none). */
DnRecognizer *dn_recognizer_on_demand(const DnRecognizerDriver *driver, const char *model);

/** ocr/one-thread.c: the calling thread starts no others to recognise; they cost more than they
 * gain on the small pictures of text lines. */
void dn_recognizer_keep_to_one_thread(void);

/** False when it cannot read, with the error of dn_recognizer_open(); without an error for NULL. */
bool dn_recognizer_is_ready(DnRecognizer *self, GError **error);

/**
 * Reads one upright GRAY8 page. @layout_mode is tesseract's page segmentation mode: 4 (columns of
 * lines, the default that keeps ruled tables), 5 (one block that runs down the page, from the
 * right) or 6 (one block). When @deadline_ms ends first, what was read by then is given and
 * *@out_complete is false.
 */
bool dn_recognizer_page(DnRecognizer *self, const DnPixmap *page_gray, unsigned page,
                        int layout_mode, uint32_t deadline_ms, DnPageText **out_text,
                        bool *out_complete, GError **error);
void dn_recognizer_close(DnRecognizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRecognizer, dn_recognizer_close)

G_END_DECLS
#endif
