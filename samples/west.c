/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/west.c - receipts and invoices of other countries: their words, taxes, dates and names.
 *
 * Names are put together from parts, so that no rule is made for a few of them. Prices at a till
 * hold the tax, but in America; cash is rounded to five sen in Malaysia. Telephone numbers are of
 * ranges that are not given out, towns and registration numbers are made up.
 */
#include "config.h"
#include "samples/sample.h"
#include <string.h>

enum { GOODS = 6, PARTS = 8 };

typedef struct {
    const char *currency;
    const char *mark; /* printed before an amount, "" for none */
    int permille[2];  /* rates; the second 0 when there is one */
    bool comma;       /* 1.234,50 */
    const char *first[PARTS];
    const char *second[PARTS];
    const char *forms[5];
    const char *streets[4];
    const char *towns[4];
    const char *tel;
    const char *number_label; /* of the company with the tax office */
    const char *receipt[3];
    const char *invoice[2];
    const char *date[4]; /* "" prints none */
    const char *invoice_date[2];
    const char *document[2];
    const char *due;
    const char *bill_to;
    const char *buyers[3];
    const char *subtotal[2];
    const char *tax[2];
    const char *total[4];
    const char *cash[2];
    const char *change[2];
    const char *card[2];
    const char *heads[4];
    const char *thanks[2];
    unsigned styles[5]; /* of dates, see west_date() */
    const char *goods[GOODS];
    const char *months[12];
} Country;

#define ENGLISH_MONTHS                                                                             \
    {                                                                                              \
        "January", "February", "March", "April", "May", "June", "July", "August", "September",     \
            "October", "November", "December"                                                      \
    }

enum { MALAYSIA, GERMANY, FRANCE, ITALY, SPAIN, NETHERLANDS, BRITAIN, AMERICA, N_COUNTRIES };

static const Country countries[N_COUNTRIES] = {
    [MALAYSIA] = {"MYR",
                  "RM",
                  {60, 0},
                  false,
                  {"SERI", "MAJU", "KIM", "SOON", "AZAM", "WANGSA", "BINTANG", "MEGAH"},
                  {"JAYA TRADING", "HUAT HARDWARE", "INDAH ENTERPRISE", "LEE RESTAURANT",
                   "HENG MINI MARKET", "AMAN STATIONERY", "PERMATA BAKERY", "SENG ELECTRICAL"},
                  {"SDN BHD", "SDN. BHD.", "", "(M) SDN BHD", ""},
                  {"NO. 12, JALAN CONTOH 3/7,", "LOT 21, JALAN TEPI SAWAH,",
                   "18, JALAN PERMAI 10/7,", "G-05, TAMAN CONTOH,"},
                  {"81300 SKUDAI, JOHOR", "47300 PETALING JAYA, SELANGOR", "57000 KUALA LUMPUR",
                   "43300 SERI KEMBANGAN"},
                  "03-000 0",
                  "GST ID : 000",
                  {"TAX INVOICE", "CASH RECEIPT", "SIMPLIFIED TAX INVOICE"},
                  {"TAX INVOICE", "INVOICE"},
                  {"DATE :", "Date:", "", "Tarikh :"},
                  {"Date", "Invoice Date"},
                  {"Invoice No :", "BILL NO:"},
                  "Due Date",
                  "Bill To",
                  {"KONTRAKTOR CONTOH SDN BHD", "Klinik Harapan Contoh", "PUSAT JUALAN CONTOH"},
                  {"SUB TOTAL", "Sub-Total"},
                  {"GST @6%", "GST 6%"},
                  {"TOTAL", "Total Rounded", "TOTAL AMOUNT (RM)", "Total Sales (Inclusive of GST)"},
                  {"CASH", "Cash Received"},
                  {"CHANGE", "Change"},
                  {"VISA CARD", "MASTER"},
                  {"Description", "Qty", "U.Price", "Amount"},
                  {"THANK YOU, PLEASE COME AGAIN", "GOODS SOLD ARE NOT RETURNABLE"},
                  {0, 1, 0, 3, 5},
                  {"NASI LEMAK", "PVC TAPE 18MM", "A4 PAPER 80GSM", "TEH O AIS", "BULB LED 9W",
                   "ROTI PLANTA"},
                  ENGLISH_MONTHS},
    [GERMANY] = {"EUR",
                 "",
                 {190, 70},
                 true,
                 {"Falken", "Linden", "Nordhof", "Mühlbach", "Ahorn", "Grünwald", "Sonnen",
                  "Eichtal"},
                 {"Markt", "Bäckerei", "Baumarkt", "Apotheke", "Elektro", "Getränke",
                  "Buchhandlung", "Werkzeuge"},
                 {"GmbH", "GmbH & Co. KG", "e.K.", "AG", "OHG"},
                 {"Musterweg 12", "Lindenstr. 48", "Am Beispielhof 3", "Probenallee 110"},
                 {"33100 Musterstadt", "20999 Probeburg", "80399 Neubeispiel",
                  "50999 Musterhausen"},
                 "0123 45 0",
                 "USt-IdNr.: DE",
                 {"Kassenbon", "Quittung", "Beleg"},
                 {"Rechnung", "Rechnung"},
                 {"Datum:", "", "Datum", "Belegdatum:"},
                 {"Rechnungsdatum", "Datum"},
                 {"Bon-Nr.", "Beleg-Nr."},
                 "Zahlbar bis",
                 "Rechnungsadresse",
                 {"Beispielbau GmbH", "Praxis Dr. Muster", "Probe & Sohn KG"},
                 {"Zwischensumme", "Netto"},
                 {"MwSt", "USt"},
                 {"SUMME", "zu zahlen", "Gesamtbetrag", "Summe EUR"},
                 {"Bar", "Gegeben"},
                 {"Rückgeld", "Zurück"},
                 {"girocard", "Kartenzahlung"},
                 {"Bezeichnung", "Menge", "Preis", "Betrag"},
                 {"Vielen Dank für Ihren Einkauf", "Auf Wiedersehen"},
                 {2, 6, 2, 7, 2},
                 {"Vollmilch 3,5%", "Bananen lose", "Schrauben M4", "Kopierpapier A4", "Dinkelbrot",
                  "Batterien AA"},
                 {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
                  "September", "Oktober", "November", "Dezember"}},
    [FRANCE] = {"EUR",
                "",
                {200, 55},
                true,
                {"Boulangerie", "Librairie", "Quincaillerie", "Brasserie", "Papeterie", "Droguerie",
                 "Épicerie", "Pharmacie"},
                {"du Moulin", "Beauval", "des Tilleuls", "Saint-Exemple", "Claire", "de la Rive",
                 "Modèle", "du Marché"},
                {"SARL", "SAS", "SA", "EURL", "SARL"},
                {"12 rue du Modèle", "4 avenue des Exemples", "28 place du Marché",
                 "7 chemin Vert"},
                {"75099 Exempleville", "69099 Modelon", "33099 Beauval", "59099 Rivemodèle"},
                "01 99 00 0",
                "TVA : FR00",
                {"TICKET DE CAISSE", "REÇU", "TICKET"},
                {"FACTURE", "Facture"},
                {"Date :", "Le", "", "Date"},
                {"Date de facture", "Date"},
                {"Ticket n°", "N°"},
                "Échéance",
                "Facturé à",
                {"Société Exemple SAS", "Cabinet Modèle", "Atelier des Essais SARL"},
                {"Total HT", "Sous-total"},
                {"TVA", "TVA"},
                {"TOTAL TTC", "NET A PAYER", "Total TTC", "Total à payer"},
                {"Espèces", "ESPECES"},
                {"Rendu", "Monnaie rendue"},
                {"Carte bancaire", "CB"},
                {"Désignation", "Qté", "Prix", "Montant"},
                {"Merci de votre visite", "À bientôt"},
                {0, 0, 6, 7, 1},
                {"Baguette tradition", "Café crème", "Cahier A4", "Vis inox M4", "Savon 300 g",
                 "Eau 1,5 L"},
                {"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
                 "août", "septembre", "octobre", "novembre", "décembre"}},
    [ITALY] = {"EUR",
               "€",
               {220, 100},
               true,
               {"Ferramenta", "Trattoria", "Cartoleria", "Alimentari", "Panificio", "Farmacia",
                "Libreria", "Osteria"},
               {"Belvedere", "Campolungo", "Due Torri", "San Modello", "del Ponte", "Valchiara",
                "Esempio", "dei Colli"},
               {"S.r.l.", "S.p.A.", "S.n.c.", "S.r.l.", ""},
               {"Via dei Modelli 12", "Piazza Esempio 4", "Corso Prova 28", "Viale Colli 7"},
               {"00199 Modellopoli", "20199 Esempio Terme", "40199 Collina", "50199 Provavalle"},
               "06 999 0",
               "P.IVA 00",
               {"DOCUMENTO COMMERCIALE", "SCONTRINO", "RICEVUTA"},
               {"FATTURA", "Fattura"},
               {"Data", "", "DATA:", "Data:"},
               {"Data fattura", "Data"},
               {"DOC. N.", "N."},
               "Scadenza",
               "Cliente",
               {"Costruzioni Esempio S.r.l.", "Studio Modello", "Prova e Figli S.n.c."},
               {"Imponibile", "Subtotale"},
               {"IVA", "di cui IVA"},
               {"TOTALE COMPLESSIVO", "TOTALE", "Totale fattura", "TOTALE EURO"},
               {"Pagamento contante", "CONTANTE"},
               {"Resto", "RESTO"},
               {"Pagamento elettronico", "CARTA"},
               {"Descrizione", "Q.tà", "Prezzo", "Importo"},
               {"Grazie e arrivederci", "Arrivederci"},
               {1, 0, 0, 7, 1},
               {"Pane casereccio", "Caffè espresso", "Quaderno A4", "Viti M4", "Olio 1 L",
                "Acqua 1,5 L"},
               {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
                "settembre", "ottobre", "novembre", "dicembre"}},
    [SPAIN] = {"EUR",
               "€",
               {210, 100},
               true,
               {"Ferretería", "Papelería", "Panadería", "Librería", "Cafetería", "Farmacia",
                "Frutería", "Bodega"},
               {"Valdemuestra", "Los Olmos", "Sol y Mar", "del Puente", "Ejemplo", "La Ribera",
                "Modelo", "San Prueba"},
               {"S.L.", "S.A.", "S.L.U.", "S.L.", ""},
               {"Calle Modelo 12", "Avda. Ejemplo 4", "Plaza Prueba 28", "Camino Real 7"},
               {"28099 Ejemplar", "08099 Modelona", "41099 Pruebilla", "46099 Ribera"},
               "910 99 0",
               "CIF: B",
               {"TICKET", "FACTURA SIMPLIFICADA", "RECIBO"},
               {"FACTURA", "Factura"},
               {"Fecha:", "FECHA", "", "Fecha"},
               {"Fecha de factura", "Fecha"},
               {"Ticket:", "Nº"},
               "Vencimiento",
               "Cliente",
               {"Construcciones Ejemplo S.L.", "Clínica Modelo", "Pruebas e Hijos S.A."},
               {"Base imponible", "Subtotal"},
               {"IVA", "IVA"},
               {"TOTAL", "TOTAL A PAGAR", "Importe total", "Total EUR"},
               {"Efectivo", "ENTREGADO"},
               {"Cambio", "CAMBIO"},
               {"Tarjeta", "TARJETA"},
               {"Descripción", "Cant.", "Precio", "Importe"},
               {"Gracias por su visita", "Vuelva pronto"},
               {0, 1, 0, 7, 5},
               {"Barra de pan", "Café con leche", "Cuaderno A4", "Tornillos M4", "Aceite 1 L",
                "Agua 1,5 L"},
               {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
                "septiembre", "octubre", "noviembre", "diciembre"}},
    [NETHERLANDS] = {"EUR",
                     "€",
                     {210, 90},
                     true,
                     {"Bakkerij", "Bouwmarkt", "Boekhandel", "Drogisterij", "Slagerij",
                      "Kaashandel", "Bloemen", "Eetcafé"},
                     {"De Linde", "Voorbeeld", "Waterweg", "Het Model", "Van Proef", "De Brug",
                      "Noordhof", "Dijkzicht"},
                     {"B.V.", "B.V.", "V.O.F.", "N.V.", ""},
                     {"Voorbeeldstraat 12", "Modelweg 4", "Proefplein 28", "Dijk 7"},
                     {"1099 XX Voorbeeldam", "3599 XX Modelrecht", "9799 XX Proefingen",
                      "5699 XX Dijkhoven"},
                     "020 999 0",
                     "BTW NL",
                     {"KASSABON", "BON", "Kwitantie"},
                     {"FACTUUR", "Factuur"},
                     {"Datum:", "", "Datum", "DATUM"},
                     {"Factuurdatum", "Datum"},
                     {"Bonnr:", "Bon"},
                     "Vervaldatum",
                     "Factuuradres",
                     {"Bouwbedrijf Voorbeeld B.V.", "Praktijk Model", "Proef en Zonen"},
                     {"Subtotaal", "Totaal excl. BTW"},
                     {"BTW", "BTW"},
                     {"TOTAAL", "Te betalen", "Totaal incl. BTW", "Totaal"},
                     {"Contant", "Ontvangen"},
                     {"Wisselgeld", "Terug"},
                     {"PIN", "Bankpas"},
                     {"Omschrijving", "Aantal", "Prijs", "Bedrag"},
                     {"Bedankt en tot ziens", "Tot ziens"},
                     {1, 1, 0, 7, 1},
                     {"Volkorenbrood", "Koffie", "Schrift A4", "Schroeven M4",
                      "Kaas jong", "Water 1,5 L"},
                     {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
                      "september", "oktober", "november", "december"}},
    [BRITAIN] = {"GBP",
                 "£",
                 {200, 0},
                 false,
                 {"Harbour", "Thornfield", "Oakley", "Samplemouth", "Millbrook", "Fairholt",
                  "Westlea", "Ashdown"},
                 {"Hardware", "Bakery", "Stationers", "Foods", "Books", "Garden Centre", "Motors",
                  "Kitchen"},
                 {"Ltd", "Limited", "PLC", "Ltd", ""},
                 {"12 Sample Street", "4 Harbour Lane", "28 Station Road", "7 Mill Walk"},
                 {"Samplemouth SM0 0XX", "Thornford TH0 0XX", "Oakton OK0 0XX", "Westlea WL0 0XX"},
                 "01632 960",
                 "VAT No. GB ",
                 {"RECEIPT", "SALES RECEIPT", "CASH RECEIPT"},
                 {"INVOICE", "Invoice"},
                 {"Date:", "", "DATE", "Date"},
                 {"Invoice date", "Date"},
                 {"Receipt No:", "Trans:"},
                 "Due date",
                 "Bill to",
                 {"Example Builders Ltd", "Sample Surgery", "Model & Sons"},
                 {"Subtotal", "SUB TOTAL"},
                 {"VAT", "VAT"},
                 {"TOTAL", "Total to pay", "BALANCE DUE", "Total"},
                 {"CASH", "Cash"},
                 {"CHANGE", "Change due"},
                 {"VISA DEBIT", "Mastercard"},
                 {"Description", "Qty", "Price", "Amount"},
                 {"Thank you for your custom", "Please call again"},
                 {0, 4, 0, 5, 3},
                 {"Wholemeal loaf", "Latte", "Notebook A4", "Wood screws M4", "Cheddar 300 g",
                  "Batteries AA"},
                 ENGLISH_MONTHS},
    [AMERICA] = {"USD",
                 "$",
                 {82, 0},
                 false,
                 {"Maple", "Redwood", "Lakeview", "Prairie", "Summit", "Cedar", "Harborside",
                  "Granite"},
                 {"Hardware", "Diner", "Office Supply", "Grocery", "Auto Parts", "Books", "Nursery",
                  "Coffee"},
                 {"Inc.", "LLC", "Corp.", "", "Co."},
                 {"880 Example Avenue", "12 Sample Blvd", "4 Main St", "2800 Model Pkwy"},
                 {"Sampleton, OR 97000", "Modelville, TX 75000", "Example City, OH 43000",
                  "Proof Harbor, ME 04000"},
                 "(503) 555-0",
                 "",
                 {"RECEIPT", "SALES RECEIPT", "Guest Check"},
                 {"INVOICE", "Invoice"},
                 {"Date:", "", "DATE:", "Date"},
                 {"Invoice Date", "Date"},
                 {"Check #", "Trans #"},
                 "Due Date",
                 "Bill To",
                 {"Example Builders Inc.", "Sample Clinic", "Model & Sons LLC"},
                 {"SUBTOTAL", "Subtotal"},
                 {"TAX 8.2%", "Sales Tax"},
                 {"TOTAL", "Total", "AMOUNT DUE", "Grand Total"},
                 {"CASH", "Cash Tendered"},
                 {"CHANGE", "Change Due"},
                 {"VISA", "MASTERCARD"},
                 {"Description", "Qty", "Price", "Amount"},
                 {"THANK YOU FOR YOUR BUSINESS", "Have a nice day"},
                 {8, 9, 8, 10, 8},
                 {"2x4 Lumber 8ft", "Drip Coffee", "Legal Pads 12pk", "Deck Screws 1lb",
                  "Motor Oil 5W30", "Potting Soil"},
                 ENGLISH_MONTHS},
};

/* 0: 07/06/2026  1: 07-06-2026  2: 07.06.2026  3: 07/06/26  4: 7 Jun 2026  5: 07-Jun-2026
 * 6: 07.06.26  7: 7 June 2026 in words of the country (7. Juni)  8: 06/07/2026  9: 06/07/26
 * 10: June 7, 2026 */
static char *
west_date(const Country *country, const DnDate *date, unsigned style)
{
    const char *month = country->months[date->month - 1];
    int y = date->year;
    int m = date->month;
    int d = date->day;

    switch (style) {
    case 0:
        return g_strdup_printf("%02d/%02d/%d", d, m, y);
    case 1:
        return g_strdup_printf("%02d-%02d-%d", d, m, y);
    case 2:
        return g_strdup_printf("%02d.%02d.%d", d, m, y);
    case 3:
        return g_strdup_printf("%02d/%02d/%02d", d, m, y % 100);
    case 4:
        return g_strdup_printf("%d %.3s %d", d, month, y);
    case 5:
        return g_strdup_printf("%02d-%.3s-%d", d, month, y);
    case 6:
        return g_strdup_printf("%02d.%02d.%02d", d, m, y % 100);
    case 7:
        return g_strdup_printf("%d%s %s %d", d, country == &countries[GERMANY] ? "." : "", month,
                               y);
    case 8:
        return g_strdup_printf("%02d/%02d/%d", m, d, y);
    case 9:
        return g_strdup_printf("%02d/%02d/%02d", m, d, y % 100);
    default:
        return g_strdup_printf("%s %d, %d", month, d, y);
    }
}

static char *
west_money(const Deal *deal, int64_t amount)
{
    char *text = dn_money_format_grouped(amount, deal->currency);

    if (countries[deal->issuer->country - 1].comma)
        for (char *p = text; *p; p++)
            *p = *p == ',' ? '.' : *p == '.' ? ',' : *p;
    return text;
}

static const Country *
west_country(const Deal *deal)
{
    return &countries[deal->issuer->country - 1];
}

/* Of the company with the tax office. */
static char *
west_number(const Deal *deal)
{
    return g_strdup_printf("%s%09u", west_country(deal)->number_label,
                           900000000 + deal->number * 97);
}

/* 19, or 5,5 where the country writes so. */
static char *
west_rate(const Country *country, unsigned rate)
{
    int permille = country->permille[rate];

    return permille % 10 == 0 ? g_strdup_printf("%d", permille / 10)
                              : g_strdup_printf("%d%c%d", permille / 10, country->comma ? ',' : '.',
                                                permille % 10);
}

#define PICK(deal, bit, list) ((list)[((deal)->look >> (bit)) % G_N_ELEMENTS(list)])

void
west_company(Chance *chance, WestRegion region, WestCompany *out)
{
    static const unsigned european[] = {GERMANY, GERMANY, GERMANY,    FRANCE,
                                        ITALY,   SPAIN,   NETHERLANDS};
    unsigned which = region == WEST_MALAYSIA  ? MALAYSIA
                     : region == WEST_AMERICA ? (chance_below(chance, 5) == 0 ? BRITAIN : AMERICA)
                                              : european[chance_below(chance, 7)];
    const Country *country = &countries[which];
    const char *first = country->first[chance_below(chance, PARTS)];
    const char *second = country->second[chance_below(chance, PARTS)];
    const char *form = country->forms[chance_below(chance, G_N_ELEMENTS(country->forms))];

    g_snprintf(out->name, sizeof out->name, "%s %s%s%s", first, second, *form ? " " : "", form);
    g_snprintf(out->shop, sizeof out->shop, "%s %s", first, second);
    g_snprintf(out->tel, sizeof out->tel, "%s%03u", country->tel, chance_below(chance, 1000));
    out->company = (Company){.name = out->name,
                             .shop = out->shop,
                             .latin = out->name,
                             .address = country->streets[chance_below(chance, 4)],
                             .zip = country->towns[chance_below(chance, 4)],
                             .tel = out->tel,
                             .trade = TRADE_EXPORT,
                             .country = which + 1};
}

/* To the nearest unit. */
static int64_t
west_tax(int64_t base, int permille, bool inside)
{
    int64_t whole = inside ? 1000 + permille : 1000;

    return (base * permille + whole / 2) / whole;
}

static void
west_deal_with(Deal *out, Chance *chance, const Company *issuer, unsigned lines, bool inside)
{
    const DnDate first = {2016, 1, 6};
    const DnDate last = {2026, 10, 10};
    const Country *country = &countries[issuer->country - 1];
    int32_t day = dn_date_to_days(&first);
    static const int64_t notes[] = {500, 1000, 2000, 5000, 10000};

    memset(out, 0, sizeof *out);
    out->issuer = issuer;
    out->currency = country->currency;
    if (issuer->country - 1 == MALAYSIA) { /* the tax was from April 2015 to May 2018 */
        const DnDate ended = {2018, 5, 20};

        day += (int32_t)chance_below(chance, (unsigned)(dn_date_to_days(&ended) - day));
    } else {
        day = dn_date_to_days(&last) - (int32_t)chance_below(chance, 3000);
    }
    out->date = dn_date_from_days(day);
    out->due = dn_date_from_days(day + chance_between(chance, 10, 45));
    out->hour = chance_between(chance, 8, 21);
    out->minute = chance_between(chance, 0, 59);
    out->number = chance_below(chance, 9000) + 1000;
    out->look = chance_below(chance, 1u << 30);
    out->date_style = country->styles[chance_below(chance, G_N_ELEMENTS(country->styles))];
    out->tax_inside = inside;
    out->count = lines;
    for (unsigned i = 0; i < lines; i++) {
        Line *line = &out->lines[i];
        unsigned pick = chance_below(chance, GOODS);

        line->name = country->goods[pick];
        line->unit = "";
        line->rate = country->permille[1] != 0 && pick % 2 == 0 ? RATE_8 : RATE_10;
        line->quantity_c = 100 * (chance_below(chance, 3) == 0 ? chance_between(chance, 2, 5) : 1);
        line->price = chance_between(chance, 59, inside ? 4500 : 60000);
        line->amount = line->price * line->quantity_c / 100;
        out->base[line->rate] += line->amount;
        out->subtotal += line->amount;
    }
    out->total = out->subtotal;
    for (unsigned rate = RATE_10; rate <= RATE_8; rate++) {
        out->tax[rate] = west_tax(out->base[rate], country->permille[rate], inside);
        out->total += inside ? 0 : out->tax[rate];
    }
    out->payment = (Payment)chance_below(chance, 2); /* cash, card */
    if (issuer->country - 1 == MALAYSIA && inside && out->payment == PAY_CASH) {
        int64_t exact = out->total;

        out->total = (exact + 2) / 5 * 5;
        out->rounding = out->total - exact;
    }
    int64_t note = notes[chance_below(chance, G_N_ELEMENTS(notes))];

    out->tendered = (out->total + note - 1) / note * note;
}

static void
west_deal_till(Deal *out, Chance *chance, const Company *issuer)
{
    bool inside = issuer->country - 1 != AMERICA;

    west_deal_with(out, chance, issuer, (unsigned)chance_between(chance, 1, 8), inside);
}

static void
west_deal_invoice(Deal *out, Chance *chance, const Company *issuer)
{
    west_deal_with(out, chance, issuer, (unsigned)chance_between(chance, 1, 6), false);
}

static const double west_left = 4;
static const double west_right = 76;
static const double west_middle = 40;
static const double west_size = 3;
static const double west_step = 4.2;

static double
west_row(Pen *pen, double y, unsigned flags, double size, const Deal *deal, const char *label,
         int64_t amount)
{
    g_autofree char *money = west_money(deal, amount);
    const char *mark = (deal->look & 0x100) != 0 ? west_country(deal)->mark : "";

    pen_fit(pen, west_left, y, size, flags, 44, "%s%s", label,
            (deal->look & 0x200) != 0 ? " :" : "");
    pen_text(pen, west_right, y, size, PEN_RIGHT | flags, "%s%s%s", mark,
             *mark && g_ascii_isalpha(*mark) ? " " : "", money);
    return y + west_step * size / west_size;
}

static double
west_head(Pen *pen, const Deal *deal)
{
    const Company *shop = deal->issuer;
    const Country *country = west_country(deal);
    double y = 9;

    pen->family = "Noto Sans Mono CJK JP";
    if ((deal->look & 1) != 0 && strcmp(shop->name, shop->shop) != 0) {
        /* a name on two lines */
        pen_fit(pen, west_middle, y, 4.6, PEN_CENTER | PEN_BOLD, 70, "%s", shop->shop);
        pen_text(pen, west_middle, y + 5.4, 4.6, PEN_CENTER | PEN_BOLD, "%s",
                 shop->name + strlen(shop->shop) + 1);
        y += 10.8;
    } else {
        pen_fit(pen, west_middle, y, (deal->look & 2) != 0 ? 4.6 : 3.6, PEN_CENTER | PEN_BOLD, 72,
                "%s", shop->name);
        y += 5.4;
    }
    if (shop->country - 1 == MALAYSIA && (deal->look & 4) != 0) {
        pen_text(pen, west_middle, y, west_size, PEN_CENTER, "(%06u-%c)",
                 deal->number * 77 % 999999, "XTUKVMD"[deal->number % 7]);
        y += west_step;
    }
    pen_text(pen, west_middle, y, west_size, PEN_CENTER, "%s", shop->address);
    pen_text(pen, west_middle, y + west_step, west_size, PEN_CENTER, "%s", shop->zip);
    y += 2 * west_step;
    if ((deal->look & 8) != 0) {
        pen_text(pen, west_middle, y, west_size, PEN_CENTER, "Tel: %s", shop->tel);
        y += west_step;
    }
    if (*country->number_label) {
        g_autofree char *number = west_number(deal);

        pen_text(pen, west_middle, y, west_size, PEN_CENTER, "%s", number);
        y += west_step;
    }
    if ((deal->look & 16) != 0) {
        y += 0.6 * west_step;
        pen_text(pen, west_middle, y, 3.8, PEN_CENTER, "%s", PICK(deal, 10, country->receipt));
        y += 1.3 * west_step;
    }
    return y + 0.4 * west_step;
}

/* Number, day and time, in one of the usual orders. */
static double
west_day(Pen *pen, double y, const Deal *deal)
{
    const Country *country = west_country(deal);
    g_autofree char *date = west_date(country, &deal->date, deal->date_style);
    const char *label = PICK(deal, 12, country->date);
    bool half = country == &countries[AMERICA] || (deal->look & 32) != 0;
    g_autofree char *time =
        half && deal->issuer->country - 1 != GERMANY
            ? g_strdup_printf("%d:%02d %s", deal->hour % 12 == 0 ? 12 : deal->hour % 12,
                              deal->minute, deal->hour < 12 ? "AM" : "PM")
            : g_strdup_printf("%02d:%02d", deal->hour, deal->minute);

    pen_text(pen, west_left, y, west_size, 0, "%s %u", PICK(deal, 14, country->document),
             deal->number * 13);
    y += west_step;
    pen_text(pen, west_left, y, west_size, 0, "%s%s%s  %s", label, *label ? " " : "", date,
             (deal->look & 64) != 0 ? time : "");
    if ((deal->look & 64) == 0)
        pen_text(pen, west_right, y, west_size, PEN_RIGHT, "%s", time);
    return y + west_step;
}

static double
west_taxes(Pen *pen, double y, const Deal *deal)
{
    const Country *country = west_country(deal);
    const char *word = PICK(deal, 16, country->tax);

    if (country == &countries[MALAYSIA]) {
        pen_text(pen, west_left, y, west_size, 0, "GST Summary");
        pen_text(pen, 50, y, west_size, PEN_RIGHT, "Amount(RM)");
        pen_text(pen, west_right, y, west_size, PEN_RIGHT, "Tax(RM)");
        y += west_step;
    }
    for (unsigned rate = RATE_10; rate <= RATE_8; rate++) {
        g_autofree char *net = west_money(deal, deal->base[rate] - deal->tax[rate]);
        g_autofree char *tax = west_money(deal, deal->tax[rate]);
        g_autofree char *gross = west_money(deal, deal->base[rate]);
        g_autofree char *percent = west_rate(country, rate);

        if (deal->base[rate] == 0)
            continue;
        if (country == &countries[MALAYSIA])
            pen_text(pen, west_left, y, west_size, 0, "SR @ 6%%");
        else
            pen_text(pen, west_left, y, west_size, 0, "%s %s%%", word, percent);
        pen_text(pen, 50, y, west_size, PEN_RIGHT, "%s", net);
        if (country != &countries[MALAYSIA] && (deal->look & 128) != 0) {
            pen_text(pen, 62, y, west_size, PEN_RIGHT, "%s", tax);
            pen_text(pen, west_right, y, west_size, PEN_RIGHT, "%s", gross);
        } else {
            pen_text(pen, west_right, y, west_size, PEN_RIGHT, "%s", tax);
        }
        y += west_step;
    }
    return y;
}

static double
west_till(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    const Country *country = west_country(deal);
    bool top = (deal->look & 0x400) != 0;
    double y = west_head(pen, deal);

    if (top)
        y = west_day(pen, y, deal);
    pen_dashes(pen, west_left, y - 2, west_right);
    y += west_step;
    for (unsigned i = 0; i < deal->count; i++) {
        const Line *line = &deal->lines[i];
        g_autofree char *price = west_money(deal, line->price);
        g_autofree char *amount = west_money(deal, line->amount);

        pen_fit(pen, west_left, y, west_size, 0, 44, "%s", line->name);
        if (line->quantity_c != 100) {
            y += west_step;
            pen_text(pen, west_left + 4, y, west_size, 0, "%ld x %s",
                     (long)(line->quantity_c / 100), price);
        }
        pen_text(pen, west_right, y, west_size, PEN_RIGHT, "%s", amount);
        y += west_step;
    }
    pen_dashes(pen, west_left, y - 2, west_right);
    y += west_step;
    if (!deal->tax_inside) {
        y = west_row(pen, y, 0, west_size, deal, PICK(deal, 18, country->subtotal), deal->subtotal);
        y = west_row(pen, y, 0, west_size, deal, PICK(deal, 16, country->tax), deal->tax[RATE_10]);
    } else if ((deal->look & 0x800) != 0) {
        y = west_row(pen, y, 0, west_size, deal, country->subtotal[1], deal->subtotal);
    }
    if (country == &countries[MALAYSIA] && deal->payment == PAY_CASH)
        y = west_row(pen, y, 0, west_size, deal, "Rounding Adj", deal->rounding);
    y = west_row(pen, y + 1, PEN_BOLD, (deal->look & 0x1000) != 0 ? 4.4 : west_size, deal,
                 PICK(deal, 20, country->total), deal->total);
    if (deal->payment == PAY_CASH) {
        y = west_row(pen, y, 0, west_size, deal, PICK(deal, 22, country->cash), deal->tendered);
        y = west_row(pen, y, 0, west_size, deal, PICK(deal, 23, country->change),
                     deal->tendered - deal->total);
    } else {
        y = west_row(pen, y, 0, west_size, deal, PICK(deal, 24, country->card), deal->total);
    }
    y += 0.6 * west_step;
    if (deal->tax_inside)
        y = west_taxes(pen, y, deal);
    if (!top)
        y = west_day(pen, y + 0.6 * west_step, deal);
    y += west_step;
    pen_text(pen, west_middle, y, west_size, PEN_CENTER, "%s", PICK(deal, 25, country->thanks));
    return y + 6;
}

static double
west_invoice(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    static const double columns[] = {20, 118, 152, 190};
    const Country *country = west_country(deal);
    const Company *issuer = deal->issuer;
    unsigned style = country->styles[(deal->look >> 3) % G_N_ELEMENTS(country->styles)];
    g_autofree char *date = west_date(country, &deal->date, style);
    g_autofree char *due = west_date(country, &deal->due, style);
    g_autofree char *total = west_money(deal, deal->total);
    g_autofree char *subtotal = west_money(deal, deal->subtotal);
    bool right = (deal->look & 2) != 0; /* the issuer's head at the right, the recipient at left */
    double x = right ? 190 : 20;
    unsigned side = right ? PEN_RIGHT : PEN_LEFT;
    double y = 100;

    pen->family = (deal->look & 1) != 0 ? "Noto Sans CJK JP" : "Noto Serif CJK JP";
    pen_text(pen, x, 24, 5.2, side | PEN_BOLD, "%s", issuer->name);
    pen_text(pen, x, 30, 3.4, side, "%s", issuer->address);
    pen_text(pen, x, 35, 3.4, side, "%s", issuer->zip);
    pen_text(pen, x, 40, 3.4, side, "Tel. %s", issuer->tel);
    pen_text(pen, right ? 20 : 190, 26, 8, (right ? PEN_LEFT : PEN_RIGHT) | PEN_BOLD, "%s",
             PICK(deal, 10, country->invoice));
    pen_text(pen, 20, 54, 3.2, 0, "%s", country->bill_to);
    pen_text(pen, 20, 60, 4, 0, "%s", PICK(deal, 12, country->buyers));
    pen_text(pen, 20, 65, 3.4, 0, "%s", country->streets[deal->number % 4]);
    pen_text(pen, 20, 70, 3.4, 0, "%s", country->towns[deal->number / 4 % 4]);
    pen_text(pen, 120, 54, 3.4, 0, "%s", PICK(deal, 14, country->document));
    pen_text(pen, 190, 54, 3.4, PEN_RIGHT, "R-%u", deal->number);
    pen_text(pen, 120, 60, 3.4, 0, "%s", PICK(deal, 16, country->invoice_date));
    pen_text(pen, 190, 60, 3.4, PEN_RIGHT, "%s", date);
    pen_text(pen, 120, 66, 3.4, 0, "%s", country->due);
    pen_text(pen, 190, 66, 3.4, PEN_RIGHT, "%s", due);
    pen_line(pen, 20, y - 8, 190, y - 8, 0.3);
    for (unsigned i = 0; i < 4; i++)
        pen_text(pen, columns[i], y - 3, 3.4, (i > 0 ? PEN_RIGHT : PEN_LEFT) | PEN_BOLD, "%s",
                 country->heads[i]);
    pen_line(pen, 20, y - 1, 190, y - 1, 0.3);
    for (unsigned i = 0; i < deal->count; i++) {
        const Line *line = &deal->lines[i];
        g_autofree char *price = west_money(deal, line->price);
        g_autofree char *amount = west_money(deal, line->amount);

        y += 6.4;
        pen_text(pen, columns[0], y, 3.5, 0, "%s", line->name);
        pen_text(pen, columns[1], y, 3.5, PEN_RIGHT, "%ld", (long)(line->quantity_c / 100));
        pen_text(pen, columns[2], y, 3.5, PEN_RIGHT, "%s", price);
        pen_text(pen, columns[3], y, 3.5, PEN_RIGHT, "%s", amount);
    }
    y += 4;
    pen_line(pen, 118, y, 190, y, 0.3);
    y += 6;
    pen_text(pen, 120, y, 3.5, 0, "%s", PICK(deal, 18, country->subtotal));
    pen_text(pen, 190, y, 3.5, PEN_RIGHT, "%s", subtotal);
    for (unsigned rate = RATE_10; rate <= RATE_8; rate++) {
        g_autofree char *tax = west_money(deal, deal->tax[rate]);
        g_autofree char *percent = west_rate(country, rate);

        if (deal->base[rate] == 0)
            continue;
        y += 6;
        if (country == &countries[AMERICA] || country == &countries[MALAYSIA])
            pen_text(pen, 120, y, 3.5, 0, "%s", country->tax[1]);
        else
            pen_text(pen, 120, y, 3.5, 0, "%s %s%%", country->tax[1], percent);
        pen_text(pen, 190, y, 3.5, PEN_RIGHT, "%s", tax);
    }
    y += 7;
    pen_fit(pen, 120, y, 4, PEN_BOLD, 36, "%s", PICK(deal, 20, country->total));
    pen_text(pen, 190, y, 4, PEN_RIGHT | PEN_BOLD, "%s%s%s", country->mark,
             g_ascii_isalpha(*country->mark) ? " " : "", total);
    pen_line(pen, 118, y + 2, 190, y + 2, 0.5);
    if (*country->number_label) {
        g_autofree char *number = west_number(deal);

        pen_text(pen, 20, 270, 3, 0, "%s  %s  %s", issuer->name, issuer->zip, number);
    }
    return 275;
}

const Paper papers_west[] = {
    {"west-till", "receipt", 80, 0, west_till, west_deal_till, 1, TRADE_EXPORT, TRADE_EXPORT,
     .no_regnum = true, .no_seal = true, .west = true},
    {"west-invoice", "invoice", 210, 297, west_invoice, west_deal_invoice, 1, TRADE_EXPORT,
     TRADE_EXPORT, .no_regnum = true, .no_seal = true, .west = true},
};
const unsigned n_papers_west = G_N_ELEMENTS(papers_west);
