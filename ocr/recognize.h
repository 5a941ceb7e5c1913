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

/**
 * Reads one upright GRAY8 page. @layout_mode is tesseract's page segmentation mode: 4 (columns of
 * lines, the default that keeps ruled tables) or 6 (one block). When @deadline_ms ends first, what
 * was read by then is given and
 * *@out_complete is false.
 */
bool dn_recognizer_page(DnRecognizer *self, const DnPixmap *page_gray, unsigned page,
                        int layout_mode, uint32_t deadline_ms, DnPageText **out_text,
                        bool *out_complete, GError **error);
void dn_recognizer_close(DnRecognizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRecognizer, dn_recognizer_close)

G_END_DECLS
#endif
