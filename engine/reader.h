/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/reader.h - has documents read by worker processes.
 *
 * The archive never decodes: bytes go to a worker in a sandbox (worker/), and what comes back is
 * held against its shape (answer.h) before it is believed. A worker that crashes, loops or grows is
 * a verdict on its document and on nothing else.
 *
 * Threads: any number may call dn_reader_read(); as many documents as there are workers are read at
 * once, other callers wait. Workers are started when they are needed, in a process group of their
 * own, so that Ctrl-C reaches the archive and not them. What they print is thrown away, because it
 * may quote a document; DENCHO_WORKER_STDERR in the environment lets it through for debugging.
 * Life cycle: new, read any number of times, free when no thread reads any more.
 */
#ifndef ENGINE_READER_H
#define ENGINE_READER_H

#include "base/json.h"
#include "base/limits.h"

G_BEGIN_DECLS

typedef struct DnReader DnReader;

typedef struct {
    const char *worker_path; /* NULL: beside this program in a build tree, else the installed one */
    unsigned workers;        /* 0: 1 */
    const char *model;       /* NULL: "Japanese" */
    const DnLimits *limits;  /* NULL: dn_limits_default */
    unsigned pages_per_worker; /* then it makes room for a fresh one; 0: 200 */
} DnReaderOptions;

typedef struct {
    const char *date_order; /* NULL: "ymd" */
    const char *currency;   /* NULL: "JPY" */
    const char *received;   /* "2026-04-01"; NULL: no plausibility window */
    const char *kind;       /* as a person said it; NULL: as it is read */
    bool rendition;         /* a searchable PDF is wanted */
    bool sheet;             /* several receipts on one sheet are wanted one by one */
    int area[4]; /* per mille of the upright page: left, top, width, height of the part that
                    is read; width 0: all */
    bool models; /* the reading's "models" tells which further models are there */
    unsigned
        page_image; /* not 0: nothing is read; the result is this page as PNG, as "rendition" */
    /* (nullable) Called in the reading thread after each page, from 1; from 1 again when the
     * document is tried once more with a fresh worker. */
    void (*progress)(unsigned page, void *user_data);
    void *user_data;
} DnReadJob;

typedef struct DnReadResult DnReadResult;

struct DnReadResult {
    json_t *reading;    /* the R object of worker/protocol.md */
    GBytes *text;       /* UTF-8, pages parted by form feeds */
    GBytes *words;      /* JSON of words with boxes */
    GBytes *rendition;  /* (nullable) PDF: not wanted, not needed (the original is searchable), or
                           not possible (a warning in the reading says why) */
    DnReadResult *next; /* (nullable) of the next receipt on the sheet; it has no rendition */
};

enum { DN_SHEET_RECEIPTS_MOST = 24 };

void dn_read_result_free(DnReadResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnReadResult, dn_read_result_free)

/** @options: copied; NULL for all defaults. Starts nothing yet. */
DnReader *dn_reader_new(const DnReaderOptions *options);

/** Ends the workers. */
void dn_reader_free(DnReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnReader, dn_reader_free)

/**
 * Reads one document. @job may be NULL for all defaults. Returns within limits.max_document_ms and
 * a few seconds, once a worker is free.
 *
 * INVALID: the job. FORMAT, UNSUPPORTED: the verdict on the document. LIMIT: it needs more time,
 * memory or space than is allowed. EXTERNAL: the worker cannot be started, crashed twice on this
 * document, or answered nonsense. IO.
 */
bool dn_reader_read(DnReader *self, GBytes *document, const DnReadJob *job,
                    DnReadResult **out_result, GError **error);

/** (transfer full) Process ids (pid_t) of the workers that run now; for an operator's eyes and for
 * tests. */
GArray *dn_reader_worker_pids(DnReader *self);

/** (transfer full) PNG of one page (from 1), upright, otherwise as captured. INVALID for a page
 * that is not there; errors as dn_reader_read(). */
GBytes *dn_reader_page_image(DnReader *self, GBytes *document, unsigned page, GError **error);

/** Has a blank page read, to see whether worker, sandbox, codecs and model are in order.
 * *@out_models (nullable, transfer full): {"latin"?,"accented"?,"vertical"?,"column"?,"line"?},
 * true for each further model that can be opened; a scripted recogniser has none. Errors as
 * dn_reader_read(). */
bool dn_reader_probe(DnReader *self, json_t **out_models, GError **error);

G_END_DECLS
#endif
