/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/protocol.h - the JSON that goes through the worker's socket (protocol.md) as C types.
 *
 * Pure but for the two functions that send.
 */
#ifndef WORKER_PROTOCOL_H
#define WORKER_PROTOCOL_H

#include "base/json.h"
#include "base/limits.h"
#include "ocr/page-text.h"
#include "ocr/reading.h"

G_BEGIN_DECLS

/** What is to be done with one document. */
typedef struct {
    DnReadingProfile profile;
    DnLimits limits;
    bool rendition;      /* a searchable PDF is wanted */
    bool sheet;          /* several receipts on one sheet are wanted one by one */
    DnBox area;          /* per mille of the upright page: what is read of it; width 0: all */
    unsigned page_image; /* not 0: nothing but this page as a picture */
    bool models;         /* it is asked which of the further models are there */
    char kind[24];       /* as a person said it; "": take what is read */
} DnJob;

/** What became of one page besides its words. */
typedef struct {
    unsigned page; /* from 1 */
    DnPageInfo info;
    GError *no_info;       /* (nullable) why there is no info */
    GPtrArray *operations; /* of char *: what was done to the pixels before they were read */
    GPtrArray *looks;      /* (nullable) of char *: each look at them: ocr/page-text.h */
    char *origin;          /* (nullable) who read it */
    bool complete;
    char *warning; /* (nullable) */
} DnPageReport;

DnPageReport *dn_page_report_new(unsigned page);
void dn_page_report_free(DnPageReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPageReport, dn_page_report_free)

/** All that is told of a document that could be read. */
typedef struct DnOutcome DnOutcome;

struct DnOutcome {
    json_t *reading; /* the R object */
    GBytes *text;
    GBytes *words;
    GBytes *rendition; /* (nullable) */
    DnOutcome *next;   /* (nullable) of the next receipt on the sheet */
};

void dn_outcome_free(DnOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnOutcome, dn_outcome_free)

/** Reads the J object; members that are absent keep their defaults. INVALID. */
bool dn_job_parse(GBytes *body, DnJob *out_job, GError **error);

/** (transfer full) The lists "captured" and "derived" of R. @reports: of DnPageReport. */
json_t *dn_protocol_captured(const GPtrArray *reports);
json_t *dn_protocol_derived(const GPtrArray *reports);

/** (transfer full) The bodies of T and W. @pages: of DnPageText. */
GBytes *dn_protocol_text(const GPtrArray *pages);
GBytes *dn_protocol_words(const GPtrArray *pages);

/** Sends R, T, W of each receipt, then V, D. */
bool dn_protocol_send_outcome(int fd, const DnOutcome *outcome, GError **error);

/** Sends E with the code and words of @verdict, and D. @media_type may be NULL. */
bool dn_protocol_send_verdict(int fd, const GError *verdict, const char *media_type,
                              GError **error);

G_END_DECLS
#endif
