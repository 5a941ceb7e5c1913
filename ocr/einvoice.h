/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/einvoice.h - an invoice that a program wrote for a program: UBL 2.1 (Peppol, JP PINT) and
 * UN/CEFACT cross-industry invoices (Factur-X, ZUGFeRD 1 and 2, XRechnung).
 *
 * What the file says is taken as it says it; nothing is computed but signs: the amounts of a credit
 * note are negative here. Pure.
 */
#ifndef OCR_EINVOICE_H
#define OCR_EINVOICE_H

#include "base/json.h"
#include "ocr/reading.h"

G_BEGIN_DECLS

/** INT64_MIN where the file names no amount. */
typedef struct {
    char *name; /* legal name; (nullable) as all strings here */
    char *trading_name;
    char *tax_number;          /* the first one given */
    char *registration_number; /* "T" and 13 digits, NULL when none is given */
    char *address;             /* one line */
    char *telephone;
} DnEinvoiceParty;

typedef struct {
    char *number;
    char *description;
    char *quantity; /* as written, with its unit */
    char *price;    /* as written */
    char *rate;     /* as written, per cent */
    int64_t amount; /* without tax */
} DnEinvoiceLine;

/** An element of the file, in its order. */
typedef struct {
    unsigned depth;
    char *name;
    char *text; /* NULL when other elements are within it */
} DnEinvoiceElement;

typedef struct {
    const char *syntax; /* static: "UBL 2.1 Invoice" */
    bool credit;
    char *number;
    char *note;
    DnDate issued; /* year 0 where the file names no day */
    DnDate due;
    DnDate delivered;
    DnDate period_from;
    DnDate period_to;
    char currency[4]; /* "" when the file names none */
    DnEinvoiceParty seller;
    DnEinvoiceParty buyer;
    int64_t net;         /* without tax */
    int64_t tax;         /* of all rates */
    int64_t total;       /* with tax */
    int64_t payable;     /* what is left to be paid */
    GArray *taxes;       /* of DnTaxLine */
    GPtrArray *lines;    /* of DnEinvoiceLine */
    GPtrArray *elements; /* of DnEinvoiceElement: everything the file says */
} DnEinvoice;

/** Errors of ocr/xml-tree.h; UNSUPPORTED for XML that is no such invoice. (transfer full) */
DnEinvoice *dn_einvoice_new(GBytes *bytes, GError **error);
void dn_einvoice_free(DnEinvoice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnEinvoice, dn_einvoice_free)

/** ocr/structured.c: the invoice as a reading, all values on page 0 with origin "xml". (transfer
 * full) */
DnReading *dn_einvoice_reading(const DnEinvoice *self, const DnReadingProfile *profile);

/**
 * ocr/structured.c: takes what was read of the page that the invoice came with: @seen's values
 * become alternatives of @self's, and stand where @self has none. (transfer full) The check "XML":
 * pass when the page shows the same values, fail when it shows others, unknown when it shows none.
 * Its figure names fields, never values. @seen is emptied.
 */
json_t *dn_reading_take_seen(DnReading *self, DnReading *seen);

G_END_DECLS
#endif
