/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/make-samples.c - makes the documents of samples/, or as many as are asked for.
 *
 *   make-samples OUTDIR                      the committed set: documents/, truth.tsv, broken/
 *   make-samples OUTDIR --count N --seed S   N documents of all kinds, with their truth.tsv
 *   make-samples OUTDIR --count N --desk     N photographs on a desk
 *   make-samples OUTDIR --count N --turn     the same, and no EXIF says which way up
 *   make-samples OUTDIR --count N --curl     N photographs of paper that does not lie flat
 *   make-samples OUTDIR --count N --west MY|EU|US  receipts and invoices of other countries
 *   make-samples OUTDIR --count N --vertical receipts whose text runs down the page
 *   make-samples OUTDIR --count N --mount R  N sheets with R receipts each; sheets.tsv has a row
 *                                            a receipt
 *
 * The same arguments and library versions give the same bytes.
 */
#include "config.h"
#include "samples/sample.h"
#include <stdio.h>
#include <string.h>

typedef enum {
    RENDER_PDF,      /* born digital */
    RENDER_PDF_JPEG, /* scanned into a PDF */
    RENDER_PDF_G4,
    RENDER_LZW,
    RENDER_G4,
    RENDER_TILES,
    RENDER_PNG,
    RENDER_RGBA,
    RENDER_JPEG,
    RENDER_HEIC,
    N_RENDERS
} Render;

typedef enum {
    EFFECT_NONE,
    EFFECT_SCAN,
    EFFECT_SKEW,
    EFFECT_FADE,
    EFFECT_PHOTO_MILD,
    EFFECT_PHOTO,
    EFFECT_DESK,
    EFFECT_TURNED,
    EFFECT_CURL,
    N_EFFECTS
} Effect;

static const struct {
    const char *name;
    const char *extension;
    unsigned channels;
    bool lossy; /* grain would not be kept small by the others */
} main_renders[N_RENDERS] = {
    [RENDER_PDF] = {"text PDF", "pdf", 3, false},
    [RENDER_PDF_JPEG] = {"image PDF, JPEG", "pdf", 3, true},
    [RENDER_PDF_G4] = {"image PDF, G4", "pdf", 1, false},
    [RENDER_LZW] = {"LZW TIFF", "tif", 3, false},
    [RENDER_G4] = {"G4 TIFF", "tif", 1, false},
    [RENDER_TILES] = {"tiled TIFF", "tif", 1, false},
    [RENDER_PNG] = {"grey PNG", "png", 1, false},
    [RENDER_RGBA] = {"transparent PNG", "png", 4, false},
    [RENDER_JPEG] = {"JPEG", "jpg", 3, true},
    [RENDER_HEIC] = {"HEIC", "heic", 3, true},
};

static const struct {
    const char *name;
    bool hard;
} main_effects[N_EFFECTS] = {
    [EFFECT_NONE] = {"as printed", false},        [EFFECT_SCAN] = {"scanned", false},
    [EFFECT_SKEW] = {"scanned askew", true},      [EFFECT_FADE] = {"faded", true},
    [EFFECT_PHOTO_MILD] = {"photographed", true}, [EFFECT_PHOTO] = {"photographed badly", true},
    [EFFECT_DESK] = {"on a desk", true},          [EFFECT_TURNED] = {"turned, without EXIF", true},
    [EFFECT_CURL] = {"photographed bent", true},
};

static const char *const main_bends[N_BENDS] = {
    [BEND_ARCH] = "arch", [BEND_EDGE] = "edge", [BEND_WAVE] = "wave", [BEND_ROLL] = "roll"};
enum { PHONE_DPI = 72 }; /* says every phone of its pictures */

typedef struct {
    const char *file; /* without folder */
    const char *paper;
    const char *company;
    Render render;
    Effect effect;
    int dpi;
    unsigned orientation; /* EXIF, 0: none */
    double degrees;
    int64_t total; /* nonzero: this one */
    Bend bend;
    double shift; /* see picture_curl() */
} Recipe;

static const Recipe main_set[] = {
    {"thermal-01.png", "market", "スーパーひぐらし", RENDER_PNG, EFFECT_NONE, 203},
    {"thermal-02.jpg", "market", "スーパーひぐらし", RENDER_JPEG, EFFECT_SCAN, 300},
    {"thermal-03.png", "market", "フレッシュあおば", RENDER_PNG, EFFECT_NONE, 203},
    {"thermal-04.jpg", "convenience", "コトリマート", RENDER_JPEG, EFFECT_SCAN, 300},
    {"thermal-05.png", "convenience", "コトリマート", RENDER_RGBA, EFFECT_NONE, 203},
    {"thermal-06.tif", "convenience", "デイリーほしの", RENDER_LZW, EFFECT_NONE, 203},
    {"thermal-07.jpg", "restaurant", "海鮮居酒屋 うみねこ", RENDER_JPEG, EFFECT_SCAN, 300},
    {"thermal-08.png", "restaurant", "珈琲館こもれび", RENDER_PNG, EFFECT_NONE, 300},
    {"thermal-09.jpg", "machine", "みほんパーク24", RENDER_JPEG, EFFECT_SCAN, 203},
    {"thermal-10.png", "machine", "こつばめタクシー", RENDER_PNG, EFFECT_NONE, 203},
    {"thermal-11.pdf", "machine", "七曜石油", RENDER_PDF, EFFECT_NONE, 203},
    {"thermal-12.jpg", "market", "文具のふみつき堂", RENDER_JPEG, EFFECT_SCAN, 300},
    {"exif-1.jpg", "pad", "文具のふみつき堂", RENDER_JPEG, EFFECT_SCAN, 200, 1},
    {"exif-2.jpg", "machine", "みほんパーク24", RENDER_JPEG, EFFECT_SCAN, 203, 2},
    {"exif-3.jpg", "office", "ホームセンターいしずえ", RENDER_JPEG, EFFECT_SCAN, 200, 3},
    {"exif-4.jpg", "restaurant", "手打うどん 麦ひげ", RENDER_JPEG, EFFECT_SCAN, 203, 4},
    {"exif-5.jpg", "convenience", "デイリーほしの", RENDER_JPEG, EFFECT_SCAN, 203, 5},
    {"exif-6.jpg", "pad", "海鮮居酒屋 うみねこ", RENDER_JPEG, EFFECT_SCAN, 200, 6},
    {"exif-7.jpg", "machine", "こつばめタクシー", RENDER_JPEG, EFFECT_SCAN, 203, 7},
    {"exif-8.jpg", "market", "フレッシュあおば", RENDER_JPEG, EFFECT_SCAN, 203, 8},
    {"slip-01.png", "kanji", "珈琲館こもれび", RENDER_RGBA, EFFECT_NONE, 200, .total = 12000},
    {"slip-02.heic", "office", "文具のふみつき堂", RENDER_HEIC, EFFECT_SCAN, 200},
    {"slip-03.jpg", "pad", "ホームセンターいしずえ", RENDER_JPEG, EFFECT_SCAN, 300},
    {"slip-04.tif", "office", "手打うどん 麦ひげ", RENDER_LZW, EFFECT_NONE, 200},
    {"invoice-01.pdf", "invoice-classic", "株式会社しろくま情報設計", RENDER_PDF, EFFECT_NONE, 300},
    {"invoice-02.pdf", "invoice-bar", "合同会社あさつゆ企画", RENDER_PDF, EFFECT_NONE, 300},
    {"invoice-03.pdf", "invoice-ruled", "株式会社栗里食品", RENDER_PDF_JPEG, EFFECT_NONE, 200},
    {"invoice-04.pdf", "invoice-bar", "尾張ほしねじ株式会社", RENDER_PDF_G4, EFFECT_NONE, 300},
    {"invoice-05.tif", "invoice-long", "株式会社湖畔精密", RENDER_G4, EFFECT_NONE, 300},
    {"invoice-06.tif", "invoice-classic", "潮見坂印刷株式会社", RENDER_LZW, EFFECT_NONE, 200},
    {"invoice-07.tif", "invoice-ruled", "有限会社舟見水産", RENDER_TILES, EFFECT_NONE, 300},
    {"invoice-08.png", "invoice-bar", "株式会社しろくま情報設計", RENDER_RGBA, EFFECT_NONE, 200},
    {"invoice-09.pdf", "invoice-long", "尾張ほしねじ株式会社", RENDER_PDF, EFFECT_NONE, 300},
    {"invoice-10.pdf", "invoice-classic", "株式会社クリーンこだま", RENDER_PDF_G4, EFFECT_NONE,
     200},
    {"delivery-01.pdf", "delivery", "株式会社栗里食品", RENDER_PDF, EFFECT_NONE, 300},
    {"delivery-02.tif", "delivery-ruled", "潮見坂印刷株式会社", RENDER_G4, EFFECT_NONE, 300},
    {"delivery-03.pdf", "delivery-priced", "株式会社湖畔精密", RENDER_PDF, EFFECT_NONE, 300},
    {"quotation-01.pdf", "quotation", "株式会社しろくま情報設計", RENDER_PDF, EFFECT_NONE, 300},
    {"quotation-02.jpg", "quotation-bar", "潮見坂印刷株式会社", RENDER_JPEG, EFFECT_NONE, 200},
    {"order-01.pdf", "order", "株式会社湖畔精密", RENDER_PDF, EFFECT_NONE, 300},
    {"order-02.tif", "order-ruled", "有限会社舟見水産", RENDER_G4, EFFECT_NONE, 200},
    {"contract-01.pdf", "contract", "合同会社あさつゆ企画", RENDER_PDF, EFFECT_NONE, 300},
    {"statement-01.pdf", "statement", "株式会社栗里食品", RENDER_PDF, EFFECT_NONE, 300},
    {"notice-01.pdf", "notice", "株式会社クリーンこだま", RENDER_PDF, EFFECT_NONE, 300},
    {"english-01.pdf", "english", "Harbour Lane Instruments Ltd", RENDER_PDF, EFFECT_NONE, 300},
    {"english-02.png", "english", "Northgate Sample Supply, Inc.", RENDER_PNG, EFFECT_NONE, 200},
    {"skew-01.jpg", "market", "スーパーひぐらし", RENDER_JPEG, EFFECT_SKEW, 203, 0, 2.6},
    {"skew-02.tif", "invoice-classic", "潮見坂印刷株式会社", RENDER_G4, EFFECT_SKEW, 300, 0, -1.8},
    {"skew-03.jpg", "pad", "文具のふみつき堂", RENDER_JPEG, EFFECT_SKEW, 200, 0, -3},
    {"faint-01.jpg", "convenience", "コトリマート", RENDER_JPEG, EFFECT_FADE, 203},
    {"faint-02.jpg", "restaurant", "海鮮居酒屋 うみねこ", RENDER_JPEG, EFFECT_FADE, 203},
    {"photo-01.jpg", "market", "フレッシュあおば", RENDER_JPEG, EFFECT_PHOTO_MILD, 203},
    {"photo-02.jpg", "office", "ホームセンターいしずえ", RENDER_JPEG, EFFECT_PHOTO, 200},
    {"photo-03.heic", "machine", "七曜石油", RENDER_HEIC, EFFECT_PHOTO_MILD, 203},
    {"photo-04.jpg", "invoice-bar", "合同会社あさつゆ企画", RENDER_JPEG, EFFECT_PHOTO_MILD, 200},
    {"bent-01.jpg", "convenience", "コトリマート", RENDER_JPEG, EFFECT_CURL, 203, .bend = BEND_ARCH,
     .shift = 0.035},
};

static const struct {
    const Paper *papers;
    const unsigned *count;
} main_papers[] = {{papers_till, &n_papers_till},
                   {papers_slip, &n_papers_slip},
                   {papers_letter, &n_papers_letter},
                   {papers_west, &n_papers_west},
                   {papers_down, &n_papers_down}};

static const Paper *
main_paper(const char *name, Trade trade)
{
    for (unsigned group = 0; group < G_N_ELEMENTS(main_papers); group++)
        for (unsigned i = 0; i < *main_papers[group].count; i++) {
            const Paper *paper = &main_papers[group].papers[i];

            if (strcmp(paper->name, name) == 0 && trade >= paper->first && trade <= paper->last)
                return paper;
        }
    g_error("no paper %s for trade %d", name, (int)trade);
}

static bool
main_is_roll(const Paper *paper)
{
    return paper->height_mm == 0;
}

static Picture *
main_picture(const Recipe *recipe, const Paper *paper, const Deal *deal, unsigned page,
             Chance *chance)
{
    unsigned channels = main_renders[recipe->render].channels;
    g_autoptr(Picture) picture = NULL;
    g_autoptr(Picture) next = NULL;
    const double head_dpi = 203; /* of thermal printers: a finer scan sees their dots */

    if (main_is_roll(paper) && channels == 3 && recipe->render != RENDER_HEIC &&
        recipe->effect <= EFFECT_FADE)
        channels = 1;
    picture =
        picture_print(paper, deal, page, main_is_roll(paper) ? head_dpi : recipe->dpi, channels);
    if (main_is_roll(paper) && recipe->dpi != (int)head_dpi) {
        next = picture_scale(picture, recipe->dpi / head_dpi);
        picture_free(g_steal_pointer(&picture));
        picture = g_steal_pointer(&next);
    }
    if (recipe->effect == EFFECT_SKEW)
        next = picture_skew(picture, recipe->degrees);
    else if (recipe->effect == EFFECT_PHOTO || recipe->effect == EFFECT_PHOTO_MILD)
        next = picture_photograph(picture, chance, recipe->effect == EFFECT_PHOTO_MILD);
    else if (recipe->effect == EFFECT_CURL)
        next = picture_curl(picture, recipe->bend, recipe->shift, chance);
    else if (recipe->effect == EFFECT_DESK || recipe->effect == EFFECT_TURNED)
        next = picture_desk(picture, chance);
    else if (recipe->effect == EFFECT_FADE)
        picture_fade(picture, chance);
    else if (recipe->effect == EFFECT_SCAN && main_renders[recipe->render].lossy)
        picture_scan(picture, chance);
    if (next != NULL) {
        picture_free(g_steal_pointer(&picture));
        picture = g_steal_pointer(&next);
    }
    if (recipe->orientation > 1 || recipe->effect == EFFECT_TURNED) {
        static const unsigned turns[] = {3, 6, 8};

        next =
            picture_orient(picture, recipe->effect == EFFECT_TURNED ? turns[chance_below(chance, 3)]
                                                                    : recipe->orientation);
        picture_free(g_steal_pointer(&picture));
        picture = g_steal_pointer(&next);
    }
    return g_steal_pointer(&picture);
}

static bool
main_write(const Recipe *recipe, const Paper *paper, const Deal *deal, const char *path,
           Chance *chance, GError **error)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)picture_free);
    Picture *const *pages = NULL;
    bool bilevel = recipe->render == RENDER_PDF_G4;
    TiffStyle style = recipe->render == RENDER_G4      ? TIFF_G4
                      : recipe->render == RENDER_TILES ? TIFF_TILES
                                                       : TIFF_LZW;

    if (recipe->render == RENDER_PDF)
        return write_pdf(paper, deal, path, error);
    for (unsigned i = 0; i < paper->pages; i++)
        g_ptr_array_add(kept, main_picture(recipe, paper, deal, i, chance));
    pages = (Picture *const *)kept->pdata;
    switch (recipe->render) {
    case RENDER_PNG:
    case RENDER_RGBA:
        return write_png(pages[0], path, recipe->dpi, error);
    case RENDER_JPEG:
        return write_jpeg(pages[0], path, recipe->effect == EFFECT_CURL ? PHONE_DPI : recipe->dpi,
                          76, recipe->orientation, &deal->date, error);
    case RENDER_HEIC:
        return write_heif(pages[0], path, recipe->dpi, &deal->date, error);
    case RENDER_PDF_JPEG:
    case RENDER_PDF_G4:
        return write_pdf_pictures(pages, kept->len, path, recipe->dpi, bilevel, &deal->date, error);
    default:
        return write_tiff(pages, kept->len, path, recipe->dpi, style, error);
    }
}

/** What makes a document hard beside its treatment; NULL when nothing does. */
static const char *
main_quirk(const Recipe *recipe, const Paper *paper, const Deal *deal)
{
    if (recipe->render == RENDER_PDF)
        return NULL;
    if (main_is_roll(paper))
        return deal_slashed(deal) ? "stroked zeros" : NULL;
    return deal_overstamped(deal) && !paper->no_seal ? "seal over the name" : NULL;
}

static void
main_truth(GString *out, const Recipe *recipe, const Paper *paper, const Deal *deal)
{
    const Company *issuer = deal->issuer;
    char date[DN_DATE_TEXT + 1];
    char regnum[15] = "-";
    const char *quirk = main_quirk(recipe, paper, deal);
    bool hard = main_effects[recipe->effect].hard || quirk != NULL;
    g_autofree char *amount = dn_money_format(deal->total, deal->currency);
    g_autofree char *party = g_strdup(issuer->name);
    g_autofree char *others = g_strdup("");

    dn_date_format(&deal->date, date);
    if (issuer->stem != NULL && !paper->no_regnum)
        company_regnum(issuer, regnum);
    if (paper->west) {
        g_free(others);
        others = g_strdup(issuer->shop);
    } else if (paper->no_shop) {
        g_free(others);
        others = g_strdup_printf("%s %s", issuer->name, issuer->branch);
    } else if (main_is_roll(paper)) {
        g_free(party);
        g_free(others);
        party = g_strdup_printf("%s %s", issuer->shop, issuer->branch);
        others = g_strdup_printf("%s|%s|%s %s", issuer->shop, issuer->name, issuer->name,
                                 issuer->branch);
    } else if (strcmp(paper->kind, "contract") == 0) {
        g_free(others);
        others = g_strdup(deal->buyer->name);
    }
    g_string_append_printf(out, "documents/%s\t%s\t\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s, %s, %d dpi",
                           recipe->file, date, paper->no_amount ? "-" : amount,
                           paper->no_amount ? "-" : deal->currency, party, others, regnum,
                           paper->kind, hard ? "hard" : "clean", main_renders[recipe->render].name,
                           main_effects[recipe->effect].name, recipe->dpi);
    if (recipe->orientation != 0)
        g_string_append_printf(out, ", EXIF orientation %u", recipe->orientation);
    if (recipe->degrees != 0)
        g_string_append_printf(out, ", %.1f degrees", recipe->degrees);
    if (recipe->effect == EFFECT_CURL)
        g_string_append_printf(out, ", %s %.1f %%", main_bends[recipe->bend], recipe->shift * 100);
    if (deal->base[RATE_8] != 0 && !paper->west)
        g_string_append(out, deal->base[RATE_10] != 0 ? ", 8% and 10%" : ", 8%");
    if (quirk != NULL)
        g_string_append_printf(out, ", %s", quirk);
    if (paper->pages > 1)
        g_string_append_printf(out, ", %u pages", paper->pages);
    g_string_append_c(out, '\n');
}

static bool
main_document(const Recipe *recipe, const Company *company, uint64_t seed, const char *folder,
              GString *truth, GError **error)
{
    Chance chance = {seed};
    const Paper *paper = main_paper(recipe->paper, company->trade);
    g_autofree char *path = g_build_filename(folder, "documents", recipe->file, NULL);
    Deal deal;

    paper->deal(&deal, &chance, company);
    if (recipe->total != 0)
        deal_fix_total(&deal, recipe->total);
    main_truth(truth, recipe, paper, &deal);
    return main_write(recipe, paper, &deal, path, &chance, error);
}

static const Company *
main_any_company(Chance *chance, const Paper *paper)
{
    Trade trade = (Trade)chance_between(chance, (int)paper->first, (int)paper->last);

    return company_any(chance, trade);
}

/** How it is printed, treated and stored. @file has room for 32. */
static void
main_draw_treatment(Chance *chance, const Paper *paper, unsigned number, Recipe *out, char *file)
{
    static const int dpis[] = {200, 240, 300};
    unsigned dice = 0;

    dice = chance_below(chance, 100);
    out->effect = dice < 25   ? EFFECT_NONE
                  : dice < 60 ? EFFECT_SCAN
                  : dice < 72 ? EFFECT_SKEW
                  : dice < 80 ? EFFECT_FADE
                  : dice < 92 ? EFFECT_PHOTO_MILD
                              : EFFECT_PHOTO;
    if (out->effect == EFFECT_FADE && !main_is_roll(paper))
        out->effect = EFFECT_SCAN; /* only heat-sensitive paper fades */
    out->dpi = dpis[chance_below(chance, G_N_ELEMENTS(dpis))];
    if (main_is_roll(paper) && chance_below(chance, 2) == 0)
        out->dpi = 203;
    if (out->effect == EFFECT_SKEW)
        out->degrees = (chance_unit(chance) - 0.5) * 6;
    if (out->effect == EFFECT_NONE)
        out->render = (Render)chance_below(chance, N_RENDERS);
    else if (out->effect >= EFFECT_PHOTO_MILD)
        out->render = chance_below(chance, 5) == 0 ? RENDER_HEIC : RENDER_JPEG;
    else
        out->render = chance_below(chance, 3) == 0 ? RENDER_PDF_JPEG : RENDER_JPEG;
    if (paper->pages > 1 && out->render >= RENDER_PNG)
        out->render = RENDER_PDF_JPEG; /* one file holds all pages */
    if (out->render == RENDER_JPEG && chance_below(chance, 3) == 0)
        out->orientation = chance_below(chance, 8) + 1;
    g_snprintf(file, 32, "doc-%05u.%s", number, main_renders[out->render].extension);
}

/** Everything about one document, drawn from @chance. @file has room for 32. */
static const Company *
main_draw_recipe(Chance *chance, unsigned number, char *file, Recipe *out)
{
    unsigned dice = chance_below(chance, 100);
    unsigned group = dice < 45 ? 0 : dice < 60 ? 1 : 2;
    const Paper *paper =
        &main_papers[group].papers[chance_below(chance, *main_papers[group].count)];
    const Company *company = main_any_company(chance, paper);

    *out = (Recipe){.file = file, .paper = paper->name, .company = company->name};
    main_draw_treatment(chance, paper, number, out, file);
    return company;
}

/* How far a bend moves lines of print, in widths of the sheet. */
#define LEAST_SHIFT 0.005
#define SHIFT_RANGE 0.045

/** A document of one page, photographed. */
static const Company *
main_draw_desk(Chance *chance, unsigned number, Effect effect, char *file, Recipe *out)
{
    const Company *company = NULL;
    const Paper *paper = NULL;

    do {
        unsigned group = chance_below(chance, 10) < 6 ? 0 : chance_below(chance, 2) + 1;

        paper = &main_papers[group].papers[chance_below(chance, *main_papers[group].count)];
        company = main_any_company(chance, paper);
    } while (paper->pages > 1);
    *out = (Recipe){.file = file,
                    .paper = paper->name,
                    .company = company->name,
                    .render = RENDER_JPEG,
                    .effect = effect,
                    .dpi = main_is_roll(paper) ? 203 : 200};
    if (effect == EFFECT_CURL) {
        /* One in five lies flat, seen as the others are. */
        out->bend = (Bend)chance_below(chance, N_BENDS);
        out->shift =
            chance_below(chance, 5) == 0 ? 0 : LEAST_SHIFT + SHIFT_RANGE * chance_unit(chance);
    }
    g_snprintf(file, 32, "%s-%05u.jpg", effect == EFFECT_CURL ? "curl" : "desk", number);
    return company;
}

/** Receipts of tills, pasted on one sheet. */
static bool
main_mount(unsigned number, unsigned receipts, Chance *chance, const char *folder, GString *truth,
           GString *sheets, GError **error)
{
    static const char *const papers[] = {"convenience", "machine"};
    static const char *const companies_of[2][2] = {{"コトリマート", "デイリーほしの"},
                                                   {"みほんパーク24", "こつばめタクシー"}};
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)picture_free);
    g_autofree char *file = g_strdup_printf("mount-%05u.jpg", number);
    g_autofree char *path = g_build_filename(folder, "documents", file, NULL);
    Deal deal;

    for (unsigned i = 0; i < receipts; i++) {
        unsigned which = chance_below(chance, 2);
        const Company *company = company_find(companies_of[which][chance_below(chance, 2)]);
        const Paper *paper = main_paper(papers[which], company->trade);
        Recipe recipe = {.file = file, .paper = paper->name, .company = company->name};
        g_autofree char *amount = NULL;
        char date[DN_DATE_TEXT + 1];

        recipe.render = RENDER_JPEG;
        recipe.effect = EFFECT_NONE;
        recipe.dpi = 203;
        paper->deal(&deal, chance, company);
        g_ptr_array_add(kept, picture_print(paper, &deal, 0, 203, 1));
        amount = dn_money_format(deal.total, deal.currency);
        dn_date_format(&deal.date, date);
        g_string_append_printf(sheets, "documents/%s\t%u\t%s\t%s\t%s\n", file, i + 1, date, amount,
                               company->shop);
        if (i == 0)
            main_truth(truth, &recipe, paper, &deal);
    }
    g_autoptr(Picture) sheet =
        picture_mount((Picture *const *)kept->pdata, kept->len, 203, number % 2 == 1, chance);

    return write_jpeg(sheet, path, 203, 85, 0, &deal.date, error);
}

/** A receipt, or in two of five an invoice, of another country. */
static const Company *
main_draw_west(Chance *chance, WestRegion region, unsigned number, WestCompany *kept, char *file,
               Recipe *out)
{
    const Paper *paper = &papers_west[chance_below(chance, 5) < 3 ? 0 : 1];

    west_company(chance, region, kept);
    *out = (Recipe){.file = file, .paper = paper->name, .company = kept->company.name};
    main_draw_treatment(chance, paper, number, out, file);
    return &kept->company;
}

/** A receipt in columns. */
static const Company *
main_draw_down(Chance *chance, unsigned number, char *file, Recipe *out)
{
    const Paper *paper = &papers_down[chance_below(chance, n_papers_down)];
    const Company *company = main_any_company(chance, paper);

    *out = (Recipe){.file = file, .paper = paper->name, .company = company->name};
    main_draw_treatment(chance, paper, number, out, file);
    return company;
}

typedef struct {
    int count;
    int seed;
    WestRegion west;
    gboolean desk;
    gboolean turn;
    gboolean curl;
    gboolean vertical;
    int mount; /* receipts on a sheet */
} Wish;

static bool
main_make(const char *folder, const Wish *wish, GError **error)
{
    int count = wish->count;
    g_autoptr(GString) sheets = g_string_new("file\tpart\tdate\tamount\tparty\n");
    g_autofree char *sheets_table = g_build_filename(folder, "sheets.tsv", NULL);
    g_autoptr(GString) truth = g_string_new("file\tdate\tdate_alts\tamount\tcurrency\tparty\t"
                                            "party_alts\tregnum\tkind\tclass\tnotes\n");
    g_autofree char *documents = g_build_filename(folder, "documents", NULL);
    g_autofree char *broken = g_build_filename(folder, "broken", NULL);
    g_autofree char *table = g_build_filename(folder, "truth.tsv", NULL);

    if (g_mkdir_with_parents(documents, 0777) != 0)
        return dn_fail_errno(error, "%s", documents);
    for (int i = 0; i < count; i++) {
        Chance chance = {(uint64_t)wish->seed * 1000003 + (uint64_t)i};
        Recipe recipe = {0};
        char file[32];
        unsigned number = (unsigned)i + 1;

        if (wish->mount > 0) {
            if (!main_mount(number, (unsigned)wish->mount, &chance, folder, truth, sheets, error))
                return false;
            continue;
        }
        WestCompany kept;
        const Company *company =
            wish->west != WEST_NONE
                ? main_draw_west(&chance, wish->west, number, &kept, file, &recipe)
            : wish->vertical ? main_draw_down(&chance, number, file, &recipe)
            : wish->desk || wish->turn || wish->curl
                ? main_draw_desk(&chance, number,
                                 wish->curl   ? EFFECT_CURL
                                 : wish->turn ? EFFECT_TURNED
                                              : EFFECT_DESK,
                                 file, &recipe)
                : main_draw_recipe(&chance, number, file, &recipe);

        if (!main_document(&recipe, company, chance.state, folder, truth, error))
            return false;
    }
    for (unsigned i = 0; count == 0 && i < G_N_ELEMENTS(main_set); i++)
        if (!main_document(&main_set[i], company_find(main_set[i].company),
                           g_str_hash(main_set[i].file), folder, truth, error))
            return false;
    if (!g_file_set_contents(table, truth->str, (gssize)truth->len, error) ||
        (wish->mount > 0 &&
         !g_file_set_contents(sheets_table, sheets->str, (gssize)sheets->len, error)))
        return false;
    if (count != 0)
        return true;
    if (g_mkdir_with_parents(broken, 0777) != 0)
        return dn_fail_errno(error, "%s", broken);
    return broken_make(broken, documents, error);
}

int
main(int argc, char **argv)
{
    static const char *const regions[] = {"", "MY", "EU", "US", NULL};
    g_autofree char *west = NULL;
    Wish wish = {.seed = 1};
    const GOptionEntry options[] = {
        {"count", 'n', 0, G_OPTION_ARG_INT, &wish.count, "make N documents, not the committed set",
         "N"},
        {"seed", 's', 0, G_OPTION_ARG_INT, &wish.seed, "where the N documents begin (1)", "S"},
        {"desk", 0, 0, G_OPTION_ARG_NONE, &wish.desk, "photographs on a desk", NULL},
        {"turn", 0, 0, G_OPTION_ARG_NONE, &wish.turn, "that lie the wrong way, without EXIF", NULL},
        {"curl", 0, 0, G_OPTION_ARG_NONE, &wish.curl, "photographs of paper that is bent", NULL},
        {"west", 0, 0, G_OPTION_ARG_STRING, &west, "of Malaysia, Europe or America", "MY|EU|US"},
        {"vertical", 0, 0, G_OPTION_ARG_NONE, &wish.vertical, "receipts whose text runs down",
         NULL},
        {"mount", 0, 0, G_OPTION_ARG_INT, &wish.mount, "sheets with R receipts each", "R"},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new("OUTDIR");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 || wish.count < 0 ||
        wish.mount < 0 || wish.mount > 12 || (west && !g_strv_contains(regions, west))) {
        fprintf(stderr, "make-samples: %s\n", error != NULL ? error->message : "give one folder");
        return 64;
    }
    for (int i = 0; west && regions[i]; i++)
        if (strcmp(west, regions[i]) == 0)
            wish.west = (WestRegion)i;
    if (!main_make(argv[1], &wish, &error)) {
        fprintf(stderr, "make-samples: %s\n", error->message);
        return dn_error_exit_status(dn_error_code(error));
    }
    return 0;
}
