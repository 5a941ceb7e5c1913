/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/sample.h - what the parts of make-samples share.
 *
 * A Deal is what happened between two made-up companies; a Paper is a layout that prints a Deal;
 * a Picture is the paper as pixels, after the camera; the write_ functions put it into a file.
 * Every choice comes from a Chance, so that the same seed gives the same bytes with the same
 * library versions. Lengths on paper are millimetres. One thread.
 */
#ifndef SAMPLES_SAMPLE_H
#define SAMPLES_SAMPLE_H

#include "base/date.h"
#include "base/error.h"
#include "base/money.h"
#include <cairo.h>
#include <pango/pangocairo.h>

G_BEGIN_DECLS

/* chance.c: splitmix64, because its whole state is the seed. */

typedef struct {
    uint64_t state;
} Chance;

/** 0 .. n - 1; n > 0. */
unsigned chance_below(Chance *self, unsigned n);
/** low .. high, both included. */
int chance_between(Chance *self, int low, int high);
/** 0 <= x < 1. */
double chance_unit(Chance *self);
/** About normal with mean 0 and variance 1. */
double chance_normal(Chance *self);

/* companies.c: who deals, and in what. */

typedef enum {
    TRADE_GROCERY,
    TRADE_CONVENIENCE,
    TRADE_CAFE,
    TRADE_RESTAURANT,
    TRADE_STATIONERY,
    TRADE_HARDWARE,
    TRADE_PARKING,
    TRADE_TAXI,
    TRADE_FUEL,
    TRADE_SERVICES, /* the last one of those that print receipts at a till comes before this */
    TRADE_PRINTING,
    TRADE_PARTS,
    TRADE_FOOD,
    TRADE_EXPORT,
    N_TRADES
} Trade;

typedef struct {
    const char *name; /* of the legal person */
    const char *shop; /* on the signboard; the name itself for those without shops */
    const char *branch;
    const char *latin;
    const char *zip;
    const char *address;
    const char *tel;
    const char *stem; /* 12 digits of the corporate number, NULL when not registered */
    Trade trade;
    unsigned country; /* 0: Japan; else one of west.c */
} Company;

typedef struct {
    const char *name;
    const char *unit;
    int low; /* price without tax, in the smallest unit of the currency */
    int high;
    int rate; /* 10, 8, or 0 */
    int most; /* of them in one line */
} Goods;

extern const Company companies[];
extern const unsigned n_companies;

/** The company with that name; the set is fixed, so an unknown name is a programming error. */
const Company *company_find(const char *name);
/** One of @trade. */
const Company *company_any(Chance *chance, Trade trade);
/** One of those who buy: the archive's owner and its sister. */
const Company *company_buyer(Chance *chance);
/** "T" and 13 digits into @out[15]; the first digit is the check digit of the twelve others:
 * 9 - (sum of digit x weight mod 9), weights 1, 2, 1, 2 ... from the right. */
void company_regnum(const Company *self, char *out);
/** What they sell; @out_count entries. */
const Goods *company_goods(const Company *self, unsigned *out_count);

/* deal.c: the figures of a document. */

enum { DEAL_LINES = 32, RATE_10 = 0, RATE_8 = 1, RATE_0 = 2, N_RATES = 3 };

typedef enum { PAY_CASH, PAY_CARD, PAY_IC, PAY_CODE } Payment;

typedef struct {
    const char *name;
    const char *unit;
    int rate;           /* RATE_10 ... */
    int64_t quantity_c; /* hundredths */
    int64_t price;
    int64_t amount;
} Line;

typedef struct {
    const Company *issuer;
    const Company *buyer;
    const char *currency;
    DnDate date;
    DnDate due;
    int hour;
    int minute;
    unsigned number;
    unsigned look;       /* which of a paper's wordings; every bit is one choice */
    unsigned date_style; /* see deal_date() */
    bool tax_inside;     /* prices include the tax */
    Line lines[DEAL_LINES];
    unsigned count;
    int64_t base[N_RATES]; /* per rate: with tax when tax_inside, else without */
    int64_t tax[N_RATES];  /* rounded down, once a rate (消費税法施行令 70 の 10) */
    int64_t subtotal;      /* sum of the lines */
    int64_t total;         /* tax included */
    Payment payment;
    int64_t tendered;
    int64_t points;
    int64_t rounding; /* of cash to the smallest coin */
} Deal;

typedef struct {
    const Company *issuer;
    const Company *buyer;
    unsigned lines; /* about how many */
    bool tax_inside;
    unsigned date_style;
    int64_t total; /* nonzero: exactly one line whose total is this */
} DealWish;

void deal_make(Deal *self, Chance *chance, const DealWish *wish);
/** Another total for a deal of one line with the tax inside. */
void deal_fix_total(Deal *self, int64_t total);
/** 0: 2026年06月07日  1: 2026/06/07  2: 2026-06-07  3: 令和8年6月7日  4: R8.6.7  5: 2026年 6月 7日
 * 6: 2026.6.7  7: June 7, 2026  8: 7 June 2026. (transfer full) */
char *deal_date(const DnDate *date, unsigned style);
/** 日 .. 土 */
const char *deal_weekday(const DnDate *date);
/** 壱万弐千 for 12000, as on cheques and hand-written receipts. (transfer full) */
char *deal_kanji(int64_t amount);
/** One till in four prints 0 with a stroke, which readers take for 9. */
bool deal_slashed(const Deal *self);
/** One clerk in four puts the seal over the name, as custom has it. */
bool deal_overstamped(const Deal *self);
/** 12,345 or 1,234.50 by currency. (transfer full) */
char *deal_money(const Deal *self, int64_t amount);

/* pen.c: ink in millimetres, on any cairo surface. */

typedef enum {
    PEN_LEFT = 0,
    PEN_CENTER = 1,
    PEN_RIGHT = 2,
    PEN_BOLD = 4, /* has no effect for families without a bold face */
    PEN_WIDE = 8, /* twice as wide */
    PEN_TALL = 16 /* twice as high */
} PenFlags;

typedef struct {
    cairo_t *cr;
    PangoLayout *layout;
    const char *family;
    bool vector; /* fonts will be embedded: a megabyte of Noto Sans becomes IPAPGothic */
} Pen;

/** Draws on @cr, whose unit becomes the millimetre of a page of @dpi dots an inch. @dots: every dot
 * is black or white, as a thermal head prints. */
void pen_init(Pen *self, cairo_t *cr, double dpi, bool dots);
void pen_clear(Pen *self);
/** Text whose baseline begins, is centred or ends at @x, @y; returns its width. */
double pen_text(Pen *self, double x, double y, double size, unsigned flags, const char *fmt, ...)
    G_GNUC_PRINTF(6, 7);
/** The same, made narrower where it would be wider than @fit. */
double pen_fit(Pen *self, double x, double y, double size, unsigned flags, double fit,
               const char *fmt, ...) G_GNUC_PRINTF(7, 8);
/** Text that runs down from @y, in a column whose middle is at @x, letters upright. */
void pen_down(Pen *self, double x, double y, double size, const char *fmt, ...) G_GNUC_PRINTF(5, 6);
void pen_line(Pen *self, double x1, double y1, double x2, double y2, double width);
void pen_dashes(Pen *self, double x1, double y, double x2);
void pen_box(Pen *self, double x, double y, double w, double h, double width);
void pen_shade(Pen *self, double x, double y, double w, double h, double r, double g, double b);
void pen_ink(Pen *self, double r, double g, double b);
/** A red seal of @size around @x, @y. @letters are set in columns from the right. */
void pen_seal(Pen *self, double x, double y, double size, bool round, const char *letters);
void pen_barcode(Pen *self, double x, double y, double w, double h, unsigned seed);

/* Layouts, and the kinds of deal that each can show. */

typedef struct {
    const char *name;
    const char *kind;
    double width_mm;
    double height_mm; /* 0: as long as what is printed */
    /** Prints @page and returns the lower edge of what was printed. */
    double (*draw)(Pen *pen, const Deal *deal, unsigned page);
    /** Makes a deal that this paper can show. */
    void (*deal)(Deal *out, Chance *chance, const Company *issuer);
    unsigned pages;
    Trade first; /* trades that use it */
    Trade last;
    bool no_amount;
    bool no_regnum;
    bool no_shop; /* names the legal person only */
    bool no_seal;
    bool west; /* names the issuer as its sign does, and has no branch */
} Paper;

/* west.c: other countries. */

typedef enum { WEST_NONE, WEST_MALAYSIA, WEST_EUROPE, WEST_AMERICA } WestRegion;

/** A company whose texts it owns. */
typedef struct {
    Company company;
    char name[128];
    char shop[96];
    char tel[32];
} WestCompany;

void west_company(Chance *chance, WestRegion region, WestCompany *out);

extern const Paper papers_west[];
extern const unsigned n_papers_west;

/* till.c: thermal rolls. slip.c: 領収書 forms. letter.c: A4. down.c: 領収書 in columns. */
extern const Paper papers_till[];
extern const unsigned n_papers_till;
extern const Paper papers_slip[];
extern const unsigned n_papers_slip;
extern const Paper papers_letter[];
extern const unsigned n_papers_letter;
extern const Paper papers_down[];
extern const unsigned n_papers_down;

/* picture.c: pixels, and what scanners and phones do to them. */

typedef struct {
    unsigned width_px;
    unsigned height_px;
    unsigned channels; /* 1 grey, 3 RGB, 4 RGBA */
    uint8_t *px;
} Picture;

/** How a sheet is bent. */
typedef enum {
    BEND_ARCH, /* like an open book: text runs around it */
    BEND_EDGE, /* one side stands up */
    BEND_WAVE,
    BEND_ROLL, /* as paper from a roll is: text runs along the axis */
    N_BENDS
} Bend;

Picture *picture_new(unsigned width_px, unsigned height_px, unsigned channels);
void picture_free(Picture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Picture, picture_free)

uint8_t picture_byte(double value);
uint8_t *picture_at(const Picture *self, unsigned x, unsigned y);
/** Between the four nearest pixels; @outside beyond the edge. */
void picture_sample(const Picture *self, double x, double y, const double *outside, double *out);
/** Box blur by a fraction of a pixel to a few: each pixel and its neighbours, both ways. */
void picture_blur(Picture *self, double strength);
/** What lies around the paper, without light. */
void picture_ground(unsigned kind, double x, double y, double out[3]);

/** Prints @page of @paper. @channels 4 keeps the background transparent. */
Picture *picture_print(const Paper *paper, const Deal *deal, unsigned page, double dpi,
                       unsigned channels);
Picture *picture_scale(const Picture *self, double factor);
/** A flat-bed scan: a little grain, paper not quite white. */
void picture_scan(Picture *self, Chance *chance);
/** Turned by @degrees on a bed with a grey lid. */
Picture *picture_skew(const Picture *self, double degrees);
/** A thermal print that has faded unevenly. */
void picture_fade(Picture *self, Chance *chance);
/** On a desk, seen by a phone: perspective, uneven light, blur, noise. */
Picture *picture_photograph(const Picture *self, Chance *chance, bool mild);
/** The paper fills 35 to 85 % of the frame, lies aslant on wood, cloth or a light desk, half of it
 * in a shadow. */
Picture *picture_desk(const Picture *self, Chance *chance);
/** curl.c: seen by a phone that is held aslant over paper that does not lie flat. @shift, a share
 * of the width, is how far lines of print are moved by the bend, about. */
Picture *picture_curl(const Picture *self, Bend bend, double shift, Chance *chance);
/** Papers side by side, in up to two rows, on one sheet (@tinted: brown; else white), scanned. */
Picture *picture_mount(Picture *const *papers, unsigned count, double dpi, bool tinted,
                       Chance *chance);
/** Stored so that a reader which applies EXIF @orientation (1..8) sees @self. */
Picture *picture_orient(const Picture *self, unsigned orientation);
/** Grey below the middle is black: rows of bits, 1 = black, padded to bytes. (transfer full) */
GBytes *picture_bits(const Picture *self);

/* write.c: formats. */

bool write_png(const Picture *self, const char *path, double dpi, GError **error);
/** @orientation 0 writes no EXIF segment. */
bool write_jpeg(const Picture *self, const char *path, double dpi, int quality,
                unsigned orientation, const DnDate *taken, GError **error);

typedef enum { TIFF_LZW, TIFF_G4, TIFF_TILES } TiffStyle;

bool write_tiff(Picture *const *pages, unsigned n_pages, const char *path, double dpi,
                TiffStyle style, GError **error);
bool write_heif(const Picture *self, const char *path, double dpi, const DnDate *taken,
                GError **error);
/** Born digital: text stays text. */
bool write_pdf(const Paper *paper, const Deal *deal, const char *path, GError **error);
/** Pictures only: JPEG, or G4 when @bilevel. */
bool write_pdf_pictures(Picture *const *pages, unsigned n_pages, const char *path, double dpi,
                        bool bilevel, const DnDate *date, GError **error);

/* broken.c */

/** Files that must be refused, with expected.tsv, into @folder; @sources holds the whole ones. */
bool broken_make(const char *folder, const char *sources, GError **error);

G_END_DECLS
#endif
