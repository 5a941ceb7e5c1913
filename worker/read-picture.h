/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-picture.h - one picture to the words on it: where the paper lies, which way up, and
 * whether it is several receipts.
 *
 * Receipts on one sheet (law row R18) are told apart only where separate papers are seen, or wide
 * gaps between columns that each have a date and an amount of their own: one receipt that falls in
 * two is worse than two that are taken for one.
 *
 * Threads: as the recogniser's. The same pixels give the same text, unless the deadline ends first.
 * Errors: as dn_read_page(), LIMIT.
 */
#ifndef WORKER_READ_PICTURE_H
#define WORKER_READ_PICTURE_H

#include "ocr/read-page.h"

G_BEGIN_DECLS

/** The origin of the text of a page that has no print: it was not shown to the recogniser. */
#define DN_PICTURE_BLANK "blank"

typedef struct {
    DnRecognizer *recognizer;
    DnRecognizer *latin;    /* (nullable) */
    DnRecognizer *vertical; /* (nullable) for pages whose text runs down */
    DnRecognizer *column;   /* (nullable) a second model for them */
    DnRecognizer *line;     /* (nullable) */
    const DnReadingProfile *profile;
    DnPageText *const *before; /* the pages of the document before this one */
    size_t before_count;
    const DnLimits *limits;
    uint32_t deadline_ms; /* for all of it */
    unsigned page;        /* from 1 */
    DnBox area;           /* per mille of the upright picture: what is read of it; width 0: all */
    bool sheet;           /* several receipts are wanted one by one */
} DnPictureOptions;

/** What was read from one paper. */
typedef struct {
    DnPageText *text;
    GPtrArray *operations; /* of char *: worker/normalise.h */
    DnMap to_upright;      /* from the page that was read to the upright picture */
    bool complete;
} DnPictureText;

typedef struct {
    unsigned orientation; /* EXIF: how the stored pixels become the upright picture */
    GPtrArray *texts;     /* of DnPictureText: one, or one for each receipt in reading order */
    bool may_be_sheet;    /* several papers with print are seen, but not surely several receipts */
} DnPicture;

/** (transfer full) @orientation: as the file says. */
DnPicture *dn_read_picture(const DnPixmap *captured, unsigned orientation,
                           const DnPictureOptions *options, GError **error);
void dn_picture_free(DnPicture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPicture, dn_picture_free)

G_END_DECLS
#endif
