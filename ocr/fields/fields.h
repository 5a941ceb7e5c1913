/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/fields.h - inside of the field readers: text made ready, numbers, labels, one reader a
 * kind of value.
 *
 * Everything here is pure. A DnFieldText lends from the pages it was made of, which must outlive
 * it. Positions are bytes of DnFieldLine.plain. Only ocr/reading.c and the files of this folder
 * include this header.
 */
#ifndef OCR_FIELDS_FIELDS_H
#define OCR_FIELDS_FIELDS_H

#include "ocr/reading.h"

G_BEGIN_DECLS

/** A line of the document. */
typedef struct {
    const DnLine *line;
    unsigned page;
    unsigned index;     /* in DnFieldText.lines */
    char *plain;        /* NFKC; ' ' between words (none between CJK), '\t' between cells */
    uint32_t *word_of;  /* plain byte -> word of the line */
    char *folded;       /* plain without white space, in lower case */
    uint32_t *plain_of; /* folded byte -> plain byte; one more entry for its end */
    size_t plain_size;  /* bytes */
    size_t folded_size; /* bytes */
    double height_px;   /* median of its words */
    double place;       /* middle of the line: 0 top of the page, 1 bottom */
    double page_width_px;
    GArray *numbers; /* of DnNumber, left to right; see dn_numbers_find() */
} DnFieldLine;

typedef struct {
    GPtrArray *lines; /* of DnFieldLine */
    const DnReadingProfile *profile;
    char currency[4];     /* what the document's own marks name, else the profile's */
    bool currency_marked; /* the document names it itself */
    bool decimal_comma;   /* 1.234,50 rather than 1,234.50 */
    bool spaced;          /* 1 234,50: thousands are parted by a blank */
    bool british;         /* its taxes or its money are those of Britain: so are its dates */
    bool credit;          /* gives money back: a credit note, a refund */
    bool japanese;        /* kana or kanji make up a good part */
    bool recognised;      /* read from pixels: characters may be wrong */
    bool nines_doubted;   /* zeros with a stroke were read as 9: impossible times and years tell */
    double height_px;     /* median over the document */
} DnFieldText;

/** fields/text.c */
DnFieldText *dn_field_text_new(const DnPageText *const *pages, size_t page_count,
                               const DnReadingProfile *profile);
void dn_field_text_free(DnFieldText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnFieldText, dn_field_text_free)

static inline const DnFieldLine *
dn_field_text_line(const DnFieldText *self, size_t index)
{
    return (const DnFieldLine *)g_ptr_array_index(self->lines, index);
}

/** The box around the words that plain bytes @from..@to touch. */
DnBox dn_field_line_box(const DnFieldLine *self, size_t from, size_t to);

/** The least confidence of the words that plain bytes @from..@to touch; 1 when there are none. */
double dn_field_line_confidence(const DnFieldLine *self, size_t from, size_t to);

/** (transfer full) @plain with O, l, S ... read as digits where they stand among digits; the same
 * bytes otherwise. */
char *dn_text_digitise(const char *plain);

/** @usual, or @expected where its country shares @sign ($, kr). */
const char *dn_currency_of_sign(const char *sign, const char *usual, const char *expected);

/** fields/number.c: a number that may be an amount of money. */
typedef struct {
    int64_t minor;    /* smallest unit of the document's currency, or of the one it names */
    int64_t other;    /* what it is when its first digit is a misread yen sign; 0 when no doubt */
    char currency[4]; /* that a mark beside it names; "" without one */
    bool marked;      /* a currency mark or 円 stands beside it */
    bool grouped;     /* thousands are parted */
    bool decimals;    /* as many decimals as the currency has (more than none) */
    bool doubtful;    /* read through look-alikes or a closed gap */
    bool percent;     /* % follows */
    bool counted;     /* a counter (点 個 名 kg ...) follows: not money */
    size_t from;
    size_t to;
} DnNumber;

/** Fills DnFieldLine.numbers of all lines. Called by dn_field_text_new(). */
void dn_numbers_find(DnFieldText *text);

/** True when @number looks like money by itself: marked, grouped or with decimals. */
static inline bool
dn_number_is_money(const DnNumber *number)
{
    return !number->percent && !number->counted &&
           (number->marked || number->grouped || number->decimals);
}

/** fields/label.c: a word that says what the value beside it is. */
typedef struct {
    const char *text; /* folded: lower case, no white space */
    int meaning;
    double weight;
} DnLabel;

/** A label as found. */
typedef struct {
    const DnLabel *label;
    bool exact;
    size_t from; /* plain bytes */
    size_t to;
} DnLabelHit;

/** The labels of @table within plain bytes @from..@to of @line, from left to right, the longest at
 * each place. Latin labels of five letters and more may have a wrong letter in five. (transfer
 * full) array of DnLabelHit. */
GArray *dn_labels_find(const DnFieldLine *line, size_t from, size_t to, const DnLabel *table,
                       size_t count);

/** fields/score.c: candidates. */
DnCandidate *dn_candidate_new(const DnFieldLine *line, size_t from, size_t to);
void dn_candidate_free(DnCandidate *self);
DnCandidate *dn_candidate_copy(const DnCandidate *self);

/** Sorts by confidence, joins equal values (the best place of each is kept), and drops what is
 * beyond the few that help a person. */
void dn_field_settle(DnField *field);

/** Joins the candidates of two readings of the same pixels: agreement raises, contradiction lowers.
 * @second is emptied. */
void dn_field_merge(DnField *field, DnField *second);

/** True when two names are spellings of one: most of their letters agree, in order. */
bool dn_names_are_alike(const DnCandidate *a, const DnCandidate *b);

/** The same for names: two spellings of one name do not contradict each other. */
void dn_field_merge_names(DnField *field, DnField *second);

/** fields/spelling.c: (transfer full) @name with the words that say what a business does spelled as
 * they are, where they were read with a wrong letter in five, or in two parts. */
char *dn_spell_name(const char *name);

/** 0..1 from a sum of evidence: 0 gives one half; every 1 about doubles or halves the odds. */
double dn_score_confidence(double evidence);

/** One reader a kind of value. Each fills an empty field. */
void dn_read_dates(const DnFieldText *text, DnField *out);
void dn_read_amounts(const DnFieldText *text, DnField *out);
void dn_read_parties(const DnFieldText *text, DnField *out);
void dn_read_regnums(const DnFieldText *text, DnField *out);
/** Two readings of one number that differ by 0 and 9: what both take for a zero somewhere is one.
 */
void dn_regnums_join_zeros(DnField *field);
void dn_read_due_dates(const DnFieldText *text, DnField *out);
void dn_read_document_numbers(const DnFieldText *text, DnField *out);
void dn_read_telephones(const DnFieldText *text, DnField *out);
GArray *dn_read_taxes(const DnFieldText *text);
const char *dn_read_kind(const DnFieldText *text);

/** A day found in a line; for readers that must not take it for something else. */
typedef struct {
    DnDate date;
    size_t from;
    size_t to;
    double trust;  /* 0..1: how plainly it is written */
    bool either;   /* day and month may be the other way round */
    bool repaired; /* a 9 was taken for a zero with a stroke */
} DnDateHit;

/** (transfer full) array of DnDateHit. */
GArray *dn_dates_find(const char *plain, const DnReadingProfile *profile, const char *currency);

G_END_DECLS
#endif
