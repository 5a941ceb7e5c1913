/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/reading.h - the values that were read of one document, each with where it stands and how sure
 * it is.
 *
 * Pure: text in, values out; the same text always gives the same values. Doubt gives alternatives
 * and a low confidence, never a guess that looks certain.
 */
#ifndef OCR_READING_H
#define OCR_READING_H

#include "base/date.h"
#include "base/json.h"
#include "ocr/page-text.h"

G_BEGIN_DECLS

/** What the tenant expects; the same for all its documents. */
typedef struct {
    char date_order[4]; /* "ymd", "dmy" or "mdy": how an ambiguous numeric date is read */
    char currency[4];   /* of an amount that names none */
    DnDate received;    /* the transaction date is not after it (but for a day of time zone) nor 10
                           years before */
} DnReadingProfile;

extern const DnReadingProfile
    dn_reading_profile_default; /* ymd, JPY, no plausibility window (year 0) */

/** One candidate of one field. */
typedef struct {
    char *text;       /* date "2026-04-01", party as printed, registration number "T" + 13 digits,
                         currency-less otherwise */
    int64_t number;   /* amounts: minor units */
    char currency[4]; /* amounts */
    double confidence;
    unsigned page; /* from 1; 0 when it stands nowhere */
    DnBox box;
    const char *origin; /* static; (nullable): read of the page; "xml": told by an e-invoice */
} DnCandidate;

/** A field: candidates, best first; none when the document has no such value. */
typedef struct {
    GPtrArray *candidates; /* of DnCandidate */
} DnField;

/** (transfer none) (nullable) The first candidate. */
DnCandidate *dn_field_best(const DnField *self);
/** Of the best candidate; 0 when there is none. */
double dn_field_confidence(const DnField *self);

/** One rate of the taxes block. Amounts are minor units of the reading's currency; INT64_MIN: not
 * printed. */
typedef struct {
    int rate_permille; /* 100 for 10 %, 80 for 8 % */
    int64_t base;      /* taxable base as printed */
    int64_t tax;       /* tax amount as printed */
    bool base_includes_tax;
} DnTaxLine;

typedef struct {
    char *kind; /* receipt, invoice, delivery_note, quotation, order, contract, statement, other */
    DnField date;
    DnField amount;
    DnField party;
    DnField registration_number;
    DnField due_date;
    DnField number;    /* of the document, as its issuer counts */
    DnField telephone; /* of the issuer: digits */
    GArray *taxes;     /* of DnTaxLine */
} DnReading;

/** Reads the fields of a whole document. @pages: in order. (transfer full) */
DnReading *dn_reading_new(const DnPageText *const *pages, size_t page_count,
                          const DnReadingProfile *profile);

/** A reading without values, of kind "other". (transfer full) */
DnReading *dn_reading_new_empty(void);

/** True when @share of the letters of two names agree, in order. */
bool dn_names_share(const DnCandidate *a, const DnCandidate *b, double share);

void dn_reading_free(DnReading *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnReading, dn_reading_free)

/**
 * (transfer full) The "fields" object of `dencho ingest --json`:
 *   {"date":{"value":"2026-04-01","confidence":0.98,"page":1,"box":[x,y,w,h],"alternatives":[{...}]},
 *    "amount":{"value":10800,"currency":"JPY","scale":0,...}, "party":{...},
 * "registration_number":{...},
 *    "due_date":{...}, "number":{...}, "telephone":{...},
 *    "taxes":[{"rate":"10","base":9819,"tax":981,"base_includes_tax":false}]}
 * A field that was not found is absent; "origin" stands in what an e-invoice told. "scale" is the
 * number of decimals of the currency. Confidences are rounded to three decimals.
 */
json_t *dn_reading_to_json(const DnReading *self);

/**
 * (transfer full) {"rule":"ITEMS","verdict","figure"}: are the items there that the law asks of a
 * qualified invoice, or of a simplified one (消費税法 57 の 4)? The figure names what was not
 * found: number, date, rate, tax. What could not be read of pixels may still be there, so that a
 * picture passes or is unknown, and only a text layer or an e-invoice can fail. NULL where it does
 * not apply: another currency, another kind of document.
 */
json_t *dn_reading_items(const DnReading *self, bool recognised);

/** ocr/fields/regnum.c: true when @digits (13 of them, no T) pass the check digit of a corporate
 * number. A sole proprietor's number need not (law: NTA check digit = 9 - (sum of P_n Q_n mod 9)).
 */
bool dn_regnum_check_digit(const char *digits);

G_END_DECLS
#endif
