/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/read-page.h - a page of pixels to its text, in as many passes as it takes.
 *
 * Layout modes fail on different pictures: a page that reads poorly is read a second time in
 * another mode, and one whose values are doubtful or missing is looked at again where they may
 * stand. The second reading hangs on the first (DnPageText.second) and a value may be taken from
 * either.
 *
 * Threads: as the recogniser's. The same pixels give the same text, unless the deadline ends first.
 */
#ifndef OCR_READ_PAGE_H
#define OCR_READ_PAGE_H

#include "ocr/reading.h"
#include "ocr/recognize.h"

G_BEGIN_DECLS

/** A zero field is its default. */
typedef struct {
    const DnReadingProfile *profile; /* decides whether a value is in doubt */
    DnPageText *const *before;       /* the pages before this one: what they say with certainty is
                                        not looked for again */
    size_t before_count;
    DnRecognizer
        *latin;             /* (nullable) reads pages without kana and kanji a second time: the
                               Japanese model knows Latin letters, one made for them knows them better */
    DnRecognizer *vertical; /* (nullable) reads a page whose text runs down */
    DnRecognizer *column;   /* (nullable) a second model for it */
    DnRecognizer *line; /* (nullable) a second Japanese model: reads the name of the issuer again */
    uint32_t deadline_ms; /* for all passes together; 0 for none */
    unsigned *out_turn;   /* (nullable) asks which way up a page lies that reads poorly: the
                             orientation (EXIF: 3, 6, 8) by which it is to be turned; then it was
                             read once, in vain. Else it is left alone. */
} DnReadPageOptions;

/**
 * Reads an upright, level GRAY8 page (lighting already evened where it was uneven). When the
 * deadline ends first, what was read by then is given and *@out_complete is false. Boxes are pixels
 * of @page_gray. @options: (nullable). Errors: as dn_recognizer_page(), and LIMIT on memory.
 */
bool dn_read_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page,
                  const DnReadPageOptions *options, DnPageText **out_text, bool *out_complete,
                  GError **error);

/** ocr/bands.c: (transfer full) the lines of @text under @boxes, as bands over the whole width that
 * do not touch: array of DnBox, from the top. */
GArray *dn_bands_new(const DnPageText *text, const DnBox *boxes, size_t count);

/** ocr/bands.c: how much of the height of @text the bands take, from 0 to 1. */
double dn_bands_share(const GArray *bands, const DnPageText *text);

/** ocr/bands.c: the median of the heights of the words that are read with at least @confidence; 0
 * when there are none. */
int32_t dn_page_text_usual_height(const DnPageText *text, double confidence);

/** ocr/bands.c: (transfer full) where there is print of which @text has no word that is sure: array
 * of DnBox. Nothing where no word is sure. */
GArray *dn_bands_unread(const DnPageText *text, const DnPixmap *page_bare);

/** ocr/bands.c: reads only @bands of the page again. *@out_text is @text with what was read there
 * in place of what it had. @page_bare: without rules, for what is left of an upright one in a band
 * is too short to be known. Errors: as dn_recognizer_page(), and LIMIT on memory. */
bool dn_read_bands(DnRecognizer *recognizer, const DnPixmap *page_bare, const DnPageText *text,
                   const GArray *bands, uint32_t deadline_ms, DnPageText **out_text,
                   bool *out_complete, GError **error);

/** ocr/turn.c: a reading of few letters, or of which the recogniser is not sure. */
bool dn_page_text_is_poor(const DnPageText *text);

/** ocr/turn.c: by which EXIF orientation (3, 6, 8) a page is to be turned that reads poorly; 1 when
 * it lies as it should, or nobody knows. Errors: as dn_recognizer_page(). */
bool dn_page_find_turn(DnRecognizer *recognizer, const DnPixmap *page_gray, uint32_t deadline_ms,
                       unsigned *out_orientation, GError **error);

/** ocr/read-page.c: (transfer full) what @text says together with the pages before it. */
DnReading *dn_page_reading(const DnReadPageOptions *options, const DnPageText *text);

/** ocr/turn.c: false where the text of the page cannot run down in columns. Looks at pixels only.
 */
bool dn_page_may_run_down(const DnPixmap *page_gray);

/** ocr/closer.c: reads the line with the name of the issuer once more by itself, by both models
 * (@options->line is needed), and puts what they say in the place of its words in all passes of
 * @text. @deadline_ms: for each look; 0 for none. Errors: as dn_recognizer_page(), and LIMIT on
 * memory. */
bool dn_page_look_closer(DnRecognizer *recognizer, const DnPixmap *page_clear, unsigned page,
                         const DnReadPageOptions *options, uint32_t deadline_ms, DnPageText *text,
                         GError **error);

/** ocr/finer.c: reads the lines of a page in Latin letters that leave a value in doubt once more,
 * by @options->latin, as smoother print; what it reads is one more reading of @text. @page_clear is
 * the page with its rules, @page_bare without. Errors: as dn_recognizer_page(), and LIMIT on
 * memory. */
bool dn_page_look_finer(const DnPixmap *page_clear, const DnPixmap *page_bare,
                        const DnReadPageOptions *options, uint32_t deadline_ms, DnPageText *text,
                        bool *out_complete, GError **error);

/** ocr/finer.c: takes rows of dashes, bar codes and rules out of a GRAY8 page, and smooths print of
 * @line_px in height. @scratch: room for its pixels. */
void dn_page_smooth(DnPixmap *page, int32_t line_px, uint8_t *scratch);

/** ocr/beside.c: reads what the pictures of a page with a text layer say: a second reading of
 * @layer where there is ink that none of its words accounts for. @page_gray: the page as it is
 * shown, the words of the layer lie in its pixels. @latin: (nullable), for a layer without kana and
 * kanji. Errors: as dn_recognizer_page(), and LIMIT on memory. */
bool dn_read_beside(DnRecognizer *recognizer, DnRecognizer *latin, const DnPixmap *page_gray,
                    uint32_t deadline_ms, DnPageText *layer, GError **error);

/** Writes a GRAY8 page with a white rim into @out, which has room for its pixels and is not its own
 * data. */
void dn_page_clear_margins(const DnPixmap *page_gray, uint8_t *out);

/** The same for a page without its ruled lines. */
void dn_page_clear_rules(const DnPixmap *page_gray, uint8_t *out);

G_END_DECLS
#endif
