/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/page-text.h - what stands on a page: words with boxes and confidences, in lines.
 *
 * Made by a recogniser from pixels or by layout.c from a PDF's text layer; everything after that
 * (fields, search text, rendition) sees only this. Boxes are pixels of the upright page.
 */
#ifndef OCR_PAGE_TEXT_H
#define OCR_PAGE_TEXT_H

#include "codecs/codec.h"

G_BEGIN_DECLS

typedef struct {
    char *text; /* UTF-8, never empty, no white space */
    DnBox box;
    double confidence; /* 0..1; 1 for a text layer */
} DnWord;

typedef struct {
    GPtrArray *words; /* of DnWord, from left to right */
    DnBox box;        /* around all words */
    char *text; /* words joined: a space between Latin words, none between CJK; as printed otherwise
                 */
} DnLine;

typedef struct DnPageText DnPageText;

struct DnPageText {
    unsigned page; /* from 1, as people count */
    uint32_t width_px;
    uint32_t height_px;
    double dpi;         /* 0 when unknown */
    char *origin;       /* "text-layer" or "tesseract 5.3.0 Japanese psm 4" */
    GPtrArray *lines;   /* of DnLine, from top to bottom */
    bool down;          /* a line is a column, they follow each other from the right */
    DnPageText *second; /* (nullable) another reading of the same pixels, owned, which may have one
                           more: passes see different things, and a value may be taken from any */
    GArray *bands;      /* (nullable) of DnBox, owned: a second reading looked only here, the other
                           lines are those of the first */
    GPtrArray *looks;   /* of char *, owned: how the words of this and of its further readings were
                           come to (below); empty for a text layer */
};

DnPageText *dn_page_text_new(unsigned page, uint32_t width_px, uint32_t height_px, double dpi,
                             const char *origin);
void dn_page_text_free(DnPageText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPageText, dn_page_text_free)

DnWord *dn_word_new(const char *text, const DnBox *box, double confidence);

/** (transfer full) An empty array of DnWord that frees what it holds. */
GPtrArray *dn_word_array_new(void);

/**
 * Notes in @self, the first reading of a page, one look at its pixels that gave words: what was
 * done to them, and who read them, in order, parted by "; ". Done again on the page that was read,
 * it gives the same words:
 *
 *   margins            ocr/margin.c       rules     ocr/rules.c
 *   words              ocr/beside.c, those of the text layer are taken out
 *   smooth N           ocr/finer.c, print of N pixels in height
 *   bands Y+H ...      ocr/bands.c, rows of pixels from Y on, set below each other
 *   cut X,Y WxH rim G  ocr/closer.c, with 12 pixels of the gray G on each side
 *   column X,Y WxH rim G  ocr/columns.c, the same; "laid" before the rim: its letters in a row
 *   then the origin: program, version, model and layout mode
 */
void dn_page_text_note(DnPageText *self, const char *look, const char *origin);

/** (transfer full) @look with the operation "bands" of @bands (array of DnBox) after it. */
char *dn_bands_look(const GArray *bands, const char *look);

/** ocr/layout.c: sorts loose words into lines. (transfer full) @words: array of DnWord. */
void dn_page_text_take_words(DnPageText *self, GPtrArray *words);

/** ocr/layout.c: the same for runs of words that are known to stand on one line, from left to
 * right. Runs that stand beside each other become one line: a label and its amount far to the right
 * of it. (transfer full) @runs: array of arrays of DnWord. */
void dn_page_text_take_runs(DnPageText *self, GPtrArray *runs);

/** ocr/layout.c: the same for text that runs down the page: a line is a column, and stays in the
 * order in which it is given, its words from top to bottom. (transfer full) @runs. */
void dn_page_text_take_columns(DnPageText *self, GPtrArray *runs);

/** ocr/layout.c: (transfer full) @self, whose text runs down, as if it ran along lines: turned so
 * that the first column is the first line; and the box on it back on the page, @width_px wide. */
DnPageText *dn_page_text_lay(const DnPageText *self);
DnBox dn_box_stand(const DnBox *laid, uint32_t width_px);

/** ocr/layout.c: (transfer full) @self with the lines of @again in place of its own that lie in
 * @bands (array of DnBox, kept with the copy); @again is emptied. */
DnPageText *dn_page_text_with(const DnPageText *self, const GArray *bands, DnPageText *again);

/** True when the middle of @box lies in one of @bands. */
bool dn_bands_hold(const GArray *bands, const DnBox *box);

/** ocr/layout.c: one word with @text in @area, in the place of all that have their middle there. */
void dn_page_text_put(DnPageText *self, const DnBox *area, const char *text, double confidence);

/** ocr/layout.c: words and lines from a text layer. @glyphs: array of DnGlyph. */
DnPageText *dn_page_text_from_glyphs(unsigned page, uint32_t width_px, uint32_t height_px,
                                     double dpi, const GArray *glyphs);

/** ocr/layout.c: true when a text layer can be trusted: enough characters, mapped to letters and
 * digits rather than replacement or private-use characters. */
bool dn_text_layer_is_plausible(const GArray *glyphs);

/** The box around two boxes; an empty one (width 0) counts for nothing. */
DnBox dn_box_union(const DnBox *a, const DnBox *b);

G_END_DECLS
#endif
