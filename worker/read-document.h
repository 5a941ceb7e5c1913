/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-document.h - the whole way of one document: bytes in, reading out.
 */
#ifndef WORKER_READ_DOCUMENT_H
#define WORKER_READ_DOCUMENT_H

#include "ocr/recognize.h"
#include "worker/protocol.h"

G_BEGIN_DECLS

/** What serves one document after the other. */
typedef struct {
    DnRecognizer *recognizer;
    DnRecognizer *latin;    /* (nullable) for a second look at pages in Latin letters */
    DnRecognizer *accented; /* (nullable) the same for those of countries with umlauts */
    DnRecognizer *vertical; /* (nullable) for pages whose text runs down */
    DnRecognizer *column;   /* (nullable) a second model for them */
    DnRecognizer *line;     /* (nullable) for a second look at the issuer's name in kanji */
    void (*page_done)(unsigned page, void *user_data);
    void *user_data;
} DnReadTools;

/** (transfer none, nullable) What looks again at pages in Latin letters of an archive that keeps
 * its books in @currency: of those that can be opened, the one that has its countries' letters. */
DnRecognizer *dn_read_tools_latin(const DnReadTools *tools, const char *currency);

/**
 * Reads the document. A page that cannot be read is a warning on that page; when no page can be
 * read, the first page's error is the document's. *@out_media_type (static, NULL when unknown) is
 * written in every case. FORMAT, UNSUPPORTED, LIMIT, EXTERNAL.
 */
bool dn_read_document(GBytes *bytes, const DnJob *job, const DnReadTools *tools,
                      DnOutcome **out_outcome, const char **out_media_type, GError **error);

G_END_DECLS
#endif
