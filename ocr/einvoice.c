/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/einvoice.c - from the tree of an XML file to an invoice: one table of paths a syntax.
 */
#include "config.h"
#include "ocr/einvoice.h"
#include "base/money.h"
#include "ocr/xml-tree.h"

#include <string.h>

enum { VALUE_CHARACTERS_MOST = 200, LINES_MOST = 5000, DIGITS_MOST = 15, TAXES_MOST = 32 };

typedef struct {
    const char *name;
    const char *trading_name;
    const char *tax_numbers;
    const char *address;
    const char *telephone;
} PartyPaths;

typedef struct {
    const char *number;
    const char *description;
    const char *quantity;
    const char *price;
    const char *rate;
    const char *amount;
} LinePaths;

typedef struct {
    const char *number;
    const char *type; /* of document, UNTDID 1001 */
    const char *note;
    const char *issued;
    const char *due;
    const char *delivered;
    const char *period_from;
    const char *period_to;
    const char *currency;
    const char *seller;
    const char *buyer;
    PartyPaths party; /* below seller and buyer */
    const char *net;
    const char *tax;
    const char *total;
    const char *payable;
    const char *taxes;
    const char *tax_rate; /* these below taxes */
    const char *tax_base;
    const char *tax_amount;
    const char *lines;
    LinePaths line;
} Paths;

typedef struct {
    const char *root;
    const char *name_space;
    const char *name;
    bool credit;
    const Paths *paths;
} Syntax;

static const Paths ubl = {
    .number = "ID",
    .type = "InvoiceTypeCode|CreditNoteTypeCode",
    .note = "Note",
    .issued = "IssueDate",
    .due = "DueDate|PaymentDueDate",
    .delivered = "Delivery/ActualDeliveryDate",
    .period_from = "InvoicePeriod/StartDate",
    .period_to = "InvoicePeriod/EndDate",
    .currency = "DocumentCurrencyCode",
    .seller = "AccountingSupplierParty/Party",
    .buyer = "AccountingCustomerParty/Party",
    .party = {.name = "PartyLegalEntity/RegistrationName",
              .trading_name = "PartyName/Name",
              .tax_numbers = "PartyTaxScheme/CompanyID",
              .address = "PostalAddress/PostalZone|CountrySubentity|CityName|StreetName|"
                         "AdditionalStreetName",
              .telephone = "Contact/Telephone"},
    .net = "LegalMonetaryTotal/TaxExclusiveAmount",
    .tax = "TaxTotal/TaxAmount",
    .total = "LegalMonetaryTotal/TaxInclusiveAmount",
    .payable = "LegalMonetaryTotal/PayableAmount",
    .taxes = "TaxTotal/TaxSubtotal",
    .tax_rate = "TaxCategory/Percent",
    .tax_base = "TaxableAmount",
    .tax_amount = "TaxAmount",
    .lines = "InvoiceLine|CreditNoteLine",
    .line = {.number = "ID",
             .description = "Item/Name|Description",
             .quantity = "InvoicedQuantity|CreditedQuantity",
             .price = "Price/PriceAmount",
             .rate = "Item/ClassifiedTaxCategory/Percent",
             .amount = "LineExtensionAmount"},
};

/* Names of version 1 of ZUGFeRD stand behind those of the later ones. */
#define CII "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction/"
#define CII_AGREEMENT CII "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement/"
#define CII_DELIVERY CII "ApplicableHeaderTradeDelivery|ApplicableSupplyChainTradeDelivery/"
#define CII_SETTLEMENT CII "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement/"
#define CII_SUMS                                                                                   \
    CII_SETTLEMENT "SpecifiedTradeSettlementHeaderMonetarySummation|"                              \
                   "SpecifiedTradeSettlementMonetarySummation/"
#define CII_DOCUMENT "ExchangedDocument|HeaderExchangedDocument/"
#define CII_LINE_SETTLEMENT "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement/"

static const Paths cii = {
    .number = CII_DOCUMENT "ID",
    .type = CII_DOCUMENT "TypeCode",
    .note = CII_DOCUMENT "IncludedNote/Content",
    .issued = CII_DOCUMENT "IssueDateTime/DateTimeString|DateTime|Date",
    .due = CII_SETTLEMENT "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",
    .delivered = CII_DELIVERY "ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString",
    .period_from = CII_SETTLEMENT "BillingSpecifiedPeriod/StartDateTime/DateTimeString",
    .period_to = CII_SETTLEMENT "BillingSpecifiedPeriod/EndDateTime/DateTimeString",
    .currency = CII_SETTLEMENT "InvoiceCurrencyCode",
    .seller = CII_AGREEMENT "SellerTradeParty",
    .buyer = CII_AGREEMENT "BuyerTradeParty",
    .party = {.name = "Name",
              .trading_name = "SpecifiedLegalOrganization/TradingBusinessName",
              .tax_numbers = "SpecifiedTaxRegistration/ID",
              .address = "PostalTradeAddress/LineOne|LineTwo|LineThree|PostcodeCode|CityName|"
                         "CountryID",
              .telephone = "DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber"},
    .net = CII_SUMS "TaxBasisTotalAmount",
    .tax = CII_SUMS "TaxTotalAmount",
    .total = CII_SUMS "GrandTotalAmount",
    .payable = CII_SUMS "DuePayableAmount",
    .taxes = CII_SETTLEMENT "ApplicableTradeTax",
    .tax_rate = "RateApplicablePercent|ApplicablePercent",
    .tax_base = "BasisAmount",
    .tax_amount = "CalculatedAmount",
    .lines = CII "IncludedSupplyChainTradeLineItem",
    .line = {.number = "AssociatedDocumentLineDocument/LineID",
             .description = "SpecifiedTradeProduct/Name|Description",
             .quantity = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery/"
                         "BilledQuantity",
             .price = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement/"
                      "NetPriceProductTradePrice/ChargeAmount",
             .rate =
                 CII_LINE_SETTLEMENT "ApplicableTradeTax/RateApplicablePercent|ApplicablePercent",
             .amount =
                 CII_LINE_SETTLEMENT "SpecifiedTradeSettlementLineMonetarySummation|"
                                     "SpecifiedTradeSettlementMonetarySummation/LineTotalAmount"},
};

static const Syntax syntaxes[] = {
    {"Invoice", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", "UBL 2.1 Invoice", false,
     &ubl},
    {"CreditNote", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
     "UBL 2.1 CreditNote", true, &ubl},
    {"CrossIndustryInvoice", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
     "CII CrossIndustryInvoice", false, &cii},
    {"CrossIndustryDocument", "urn:ferd:CrossIndustryDocument:invoice:1p0",
     "ZUGFeRD 1.0 CrossIndustryDocument", false, &cii},
};

static const Syntax *
syntax_of(const DnXmlTree *tree)
{
    for (size_t i = 0; i < G_N_ELEMENTS(syntaxes); i++)
        if (strcmp(tree->root->name, syntaxes[i].root) == 0 &&
            strcmp(tree->root_namespace, syntaxes[i].name_space) == 0)
            return &syntaxes[i];
    return NULL;
}

/* UNTDID 1001: the documents by which a seller gives money back. */
static bool
is_credit_code(const char *type)
{
    static const char *const codes[] = {"81",  "83",  "261", "262", "296", "308",
                                        "381", "396", "420", "458", "532", NULL};

    return type && g_strv_contains(codes, type);
}

/* ---- values ---- */

/* (nullable) (transfer full) One line, not too long. */
static char *
line_of(const char *text)
{
    GString *line = g_string_new(NULL);
    bool gap = false;
    unsigned count = 0;

    for (; text && *text && count < VALUE_CHARACTERS_MOST; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        if (g_unichar_isspace(c) && c != 0x3000) { /* the ideographic space is part of names */
            gap = line->len > 0;
            continue;
        }
        if (g_unichar_iscntrl(c))
            continue;
        if (gap)
            g_string_append_c(line, ' ');
        gap = false;
        g_string_append_unichar(line, c);
        count++;
    }
    return g_string_free(line, line->len == 0);
}

static char *
text_at(const DnXmlNode *node, const char *path)
{
    return line_of(dn_xml_text(node, path));
}

static bool
two_digits(const char *text, uint8_t *out)
{
    if (!g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]))
        return false;
    *out = (uint8_t)((text[0] - '0') * 10 + text[1] - '0');
    return true;
}

/* 2026-04-01 with or without what may follow, or 20260401 with or without hours. */
static DnDate
date_at(const DnXmlNode *root, const char *path)
{
    const char *text = dn_xml_text(root, path);
    DnDate date = {0};
    uint8_t century = 0;
    uint8_t year = 0;
    size_t dash = 0;

    if (!text || strlen(text) < strlen("20260401") || !two_digits(text, &century) ||
        !two_digits(text + 2, &year))
        return (DnDate){0};
    dash = text[4] == '-';
    if (!two_digits(text + 4 + dash, &date.month))
        return (DnDate){0};
    if (text[6 + dash] == '-' ? !dash : dash)
        return (DnDate){0};
    if (!two_digits(text + 6 + 2 * dash, &date.day))
        return (DnDate){0};
    date.year = (int16_t)(century * 100 + year);
    return dn_date_is_valid(&date) ? date : (DnDate){0};
}

/* A decimal number as @scale decimals make it an integer; what would have to be rounded is none. */
static bool
decimal(const char *text, int scale, int64_t *out)
{
    bool negative = *text == '-';
    int64_t value = 0;
    unsigned digits = 0;
    int decimals = -1; /* not yet behind the dot */

    text += *text == '-' || *text == '+';
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!g_ascii_isdigit(*text))
            return false;
        if (decimals >= scale && *text != '0')
            return false;
        if (decimals >= scale)
            continue;
        digits += value > 0 || *text != '0';
        if (digits > DIGITS_MOST)
            return false;
        value = value * 10 + (*text - '0');
        decimals += decimals >= 0;
    }
    for (decimals = MAX(decimals, 0); decimals < scale; decimals++) {
        digits += value > 0;
        value *= 10;
    }
    if (digits > DIGITS_MOST)
        return false;
    *out = negative ? -value : value;
    return true;
}

static int64_t
amount_of(const DnEinvoice *self, const char *text)
{
    int64_t value = 0;

    if (!text || !self->currency[0] || !g_ascii_isdigit(text[strspn(text, "+-.")]) ||
        !decimal(text, dn_money_scale(self->currency), &value))
        return INT64_MIN;
    return self->credit ? -value : value;
}

static bool
is_own_currency(const DnEinvoice *self, const DnXmlNode *node)
{
    const char *currency = dn_xml_attribute(node, "currencyID");

    return !currency || strcmp(currency, self->currency) == 0;
}

/* A file may give an amount in a second currency for the tax office. */
static int64_t
amount_at(const DnEinvoice *self, const DnXmlNode *root, const char *path)
{
    g_autoptr(GPtrArray) found = dn_xml_all(root, path);

    for (guint i = 0; i < found->len; i++) {
        const DnXmlNode *node = found->pdata[i];

        if (is_own_currency(self, node))
            return amount_of(self, node->text);
    }
    return INT64_MIN;
}

static void
read_currency(DnEinvoice *self, const DnXmlNode *root, const Paths *paths)
{
    const char *currency = dn_xml_text(root, paths->currency);
    const DnXmlNode *total = dn_xml_find(root, paths->total);

    if (!currency && total)
        currency = dn_xml_attribute(total, "currencyID");
    if (currency && strlen(currency) == 3 && dn_money_scale(currency) >= 0)
        g_strlcpy(self->currency, currency, sizeof self->currency);
}

/* ---- parts ---- */

static bool
is_registration_number(const char *text)
{
    return text[0] == 'T' && strlen(text) == 14 && strspn(text + 1, "0123456789") == 13;
}

static char *
address_at(const DnXmlNode *party, const char *path)
{
    g_autoptr(GPtrArray) found = dn_xml_all(party, path);
    g_autoptr(GString) address = g_string_new(NULL);

    for (guint i = 0; i < found->len; i++) {
        const DnXmlNode *node = found->pdata[i];

        if (node->text)
            g_string_append_printf(address, "%s%s", address->len ? " " : "", node->text);
    }
    return line_of(address->str);
}

static void
read_party(DnEinvoiceParty *self, const DnXmlNode *node, const PartyPaths *paths)
{
    g_autoptr(GPtrArray) numbers = dn_xml_all(node, paths->tax_numbers);

    self->name = text_at(node, paths->name);
    self->trading_name = text_at(node, paths->trading_name);
    if (!self->name)
        self->name = g_steal_pointer(&self->trading_name);
    self->tax_number = text_at(node, paths->tax_numbers);
    self->address = address_at(node, paths->address);
    self->telephone = text_at(node, paths->telephone);
    for (guint i = 0; i < numbers->len && !self->registration_number; i++) {
        const DnXmlNode *number = numbers->pdata[i];

        if (number->text && is_registration_number(number->text))
            self->registration_number = g_strdup(number->text);
    }
}

static void
clear_party(DnEinvoiceParty *self)
{
    g_free(self->name);
    g_free(self->trading_name);
    g_free(self->tax_number);
    g_free(self->registration_number);
    g_free(self->address);
    g_free(self->telephone);
}

static void
read_taxes(DnEinvoice *self, const DnXmlNode *root, const Paths *paths)
{
    g_autoptr(GPtrArray) found = dn_xml_all(root, paths->taxes);

    for (guint i = 0; i < found->len && self->taxes->len < TAXES_MOST; i++) {
        const DnXmlNode *node = found->pdata[i];
        const DnXmlNode *base = dn_xml_find(node, paths->tax_base);
        const char *rate = dn_xml_text(node, paths->tax_rate);
        int64_t permille = 0;

        if ((base && !is_own_currency(self, base)) || !rate || !g_ascii_isdigit(rate[0]) ||
            !decimal(rate, 1, &permille) || permille > 1000)
            continue;
        DnTaxLine line = {.rate_permille = (int)permille,
                          .base = amount_at(self, node, paths->tax_base),
                          .tax = amount_at(self, node, paths->tax_amount)};

        g_array_append_val(self->taxes, line);
    }
}

static void
line_free(void *data)
{
    DnEinvoiceLine *self = data;

    g_free(self->number);
    g_free(self->description);
    g_free(self->quantity);
    g_free(self->price);
    g_free(self->rate);
    g_free(self);
}

static char *
quantity_at(const DnXmlNode *line, const char *path)
{
    const DnXmlNode *node = dn_xml_find(line, path);
    const char *unit = node ? dn_xml_attribute(node, "unitCode") : NULL;
    g_autofree char *text = NULL;

    if (!node || !node->text)
        return NULL;
    text = g_strdup_printf("%s %s", node->text, unit ? unit : "");
    return line_of(text);
}

static void
read_lines(DnEinvoice *self, const DnXmlNode *root, const Paths *paths)
{
    g_autoptr(GPtrArray) found = dn_xml_all(root, paths->lines);

    for (guint i = 0; i < MIN(found->len, LINES_MOST); i++) {
        const DnXmlNode *node = found->pdata[i];
        DnEinvoiceLine *line = g_new0(DnEinvoiceLine, 1);

        line->number = text_at(node, paths->line.number);
        line->description = text_at(node, paths->line.description);
        line->quantity = quantity_at(node, paths->line.quantity);
        line->price = text_at(node, paths->line.price);
        line->rate = text_at(node, paths->line.rate);
        line->amount = amount_at(self, node, paths->line.amount);
        g_ptr_array_add(self->lines, line);
    }
}

static void
element_free(void *data)
{
    DnEinvoiceElement *self = data;

    g_free(self->name);
    g_free(self->text);
    g_free(self);
}

static void
read_elements(DnEinvoice *self, const DnXmlTree *tree)
{
    for (guint i = 0; i < tree->nodes->len; i++) {
        const DnXmlNode *node = tree->nodes->pdata[i];
        DnEinvoiceElement *element = g_new0(DnEinvoiceElement, 1);

        element->depth = node->depth;
        element->name = g_strdup(node->name);
        element->text = line_of(node->text);
        g_ptr_array_add(self->elements, element);
    }
}

DnEinvoice *
dn_einvoice_new(GBytes *bytes, GError **error)
{
    g_autoptr(DnXmlTree) tree = dn_xml_tree_new(bytes, error);
    const Syntax *syntax = tree ? syntax_of(tree) : NULL;

    if (!tree)
        return NULL;
    if (!syntax)
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED,
                            "the XML is no UBL invoice and no cross-industry invoice");
    const Paths *paths = syntax->paths;
    const DnXmlNode *root = tree->root;
    g_autoptr(DnEinvoice) self = g_new0(DnEinvoice, 1);

    self->taxes = g_array_new(FALSE, FALSE, sizeof(DnTaxLine));
    self->lines = g_ptr_array_new_with_free_func(line_free);
    self->elements = g_ptr_array_new_with_free_func(element_free);
    self->syntax = syntax->name;
    self->credit = syntax->credit || is_credit_code(dn_xml_text(root, paths->type));
    self->number = text_at(root, paths->number);
    self->note = text_at(root, paths->note);
    self->issued = date_at(root, paths->issued);
    self->due = date_at(root, paths->due);
    self->delivered = date_at(root, paths->delivered);
    self->period_from = date_at(root, paths->period_from);
    self->period_to = date_at(root, paths->period_to);
    read_currency(self, root, paths);
    read_party(&self->seller, dn_xml_find(root, paths->seller), &paths->party);
    read_party(&self->buyer, dn_xml_find(root, paths->buyer), &paths->party);
    self->net = amount_at(self, root, paths->net);
    self->tax = amount_at(self, root, paths->tax);
    self->total = amount_at(self, root, paths->total);
    self->payable = amount_at(self, root, paths->payable);
    read_taxes(self, root, paths);
    read_lines(self, root, paths);
    read_elements(self, tree);
    return g_steal_pointer(&self);
}

void
dn_einvoice_free(DnEinvoice *self)
{
    if (!self)
        return;
    g_free(self->number);
    g_free(self->note);
    clear_party(&self->seller);
    clear_party(&self->buyer);
    g_clear_pointer(&self->taxes, g_array_unref);
    g_clear_pointer(&self->lines, g_ptr_array_unref);
    g_clear_pointer(&self->elements, g_ptr_array_unref);
    g_free(self);
}
