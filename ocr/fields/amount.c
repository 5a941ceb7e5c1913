/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/amount.c - the total, tax included.
 *
 * Every number that may be money gets a meaning from the label before it, above it or at the head
 * of its column. The total is then what is labelled so, and what the other numbers agree on:
 * subtotal and tax add up to it, cash less change leaves it, the tax is what its rate makes of it,
 * the items sum up to it. The word for the total is misread on every second thermal receipt; the
 * arithmetic is not, so it may find a total by itself and it decides between two that are labelled.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/money.h"

#include <math.h>
#include <string.h>

typedef enum {
    NONE,
    TOTAL,
    SUBTOTAL, /* without tax, or a part of the total */
    TAX,
    TENDER, /* handed over: cash, card */
    CHANGE,
    ROUNDING,
    DISCOUNT,
    OTHER, /* points, quantities, balances, earlier invoices, codes */
} Meaning;

typedef struct {
    const DnFieldLine *line;
    const DnNumber *number;
    DnBox box;
    int64_t minor;
    Meaning meaning;
    double weight; /* of the label */
    bool money;
    bool last;   /* the last money of its line */
    bool table;  /* in a row of several amounts */
    bool closed; /* 12,000- or 12,000円也: how a headline amount ends */
    double seen;
} Value;

typedef struct {
    int64_t minor;
    double evidence;
    double label; /* the best label's weight; 0 when none names it a total */
    unsigned labels;
    unsigned proofs;
    const Value *place; /* NULL when it was only derived */
    bool derived;       /* not read as a whole: made of other amounts */
    bool other;         /* only when a misread yen sign is taken off */
} Total;

enum { VALUES_MOST = 400, PARTS_MOST = 40, HEADER_LINES = 12 };
static const double OFFER_LEAST = 0.25;
static const double PLAIN = 2.8;  /* a label that leaves no doubt by itself */
static const double LARGE = 1.35; /* of the usual height: a headline */

static const DnLabel labels[] = {
    /* what is to be paid */
    {"ご請求金額", TOTAL, 3.4},
    {"御請求金額", TOTAL, 3.4},
    {"請求金額", TOTAL, 3.3},
    {"ご請求額", TOTAL, 3.4},
    {"御請求額", TOTAL, 3.4},
    {"請求額", TOTAL, 3.2},
    {"今回請求額", TOTAL, 3.4},
    {"今回御請求額", TOTAL, 3.5},
    {"今回ご請求額", TOTAL, 3.5},
    {"差引請求額", TOTAL, 3.2},
    {"請求合計", TOTAL, 3.4},
    {"ご請求合計", TOTAL, 3.4},
    {"ご請求合計額", TOTAL, 3.4},
    {"合計請求額", TOTAL, 3.4},
    {"合計金額", TOTAL, 3.2},
    {"税込合計", TOTAL, 3.3},
    {"税込合計金額", TOTAL, 3.4},
    {"合計(税込)", TOTAL, 3.3},
    {"合計金額(税込)", TOTAL, 3.4},
    {"総合計", TOTAL, 3.3},
    {"総計", TOTAL, 3.1},
    {"総額", TOTAL, 2.6},
    {"合計", TOTAL, 3.0},
    {"合計額", TOTAL, 3.1},
    {"お買上合計", TOTAL, 3.2},
    {"お買上金額", TOTAL, 3.2},
    {"お買上げ金額", TOTAL, 3.2},
    {"お買い上げ金額", TOTAL, 3.2},
    {"お買上計", TOTAL, 3.0},
    {"お買上額", TOTAL, 3.1},
    {"お会計", TOTAL, 2.8},
    {"御会計", TOTAL, 2.8},
    {"会計", TOTAL, 1.6},
    {"お支払金額", TOTAL, 3.1},
    {"お支払い金額", TOTAL, 3.1},
    {"支払金額", TOTAL, 3.0},
    {"お支払合計", TOTAL, 3.1},
    {"支払合計", TOTAL, 3.0},
    {"お支払額", TOTAL, 3.0},
    {"ご利用金額", TOTAL, 3.1},
    {"ご利用額", TOTAL, 3.1},
    {"利用金額", TOTAL, 3.0},
    {"ご利用料金", TOTAL, 3.0},
    {"駐車料金", TOTAL, 2.4},
    {"領収金額", TOTAL, 3.4},
    {"領収額", TOTAL, 3.3},
    {"領収", TOTAL, 2.0},
    {"お見積金額", TOTAL, 3.3},
    {"御見積金額", TOTAL, 3.3},
    {"見積金額", TOTAL, 3.2},
    {"お見積合計", TOTAL, 3.3},
    {"御見積合計", TOTAL, 3.3},
    {"見積合計", TOTAL, 3.2},
    {"御見積合計金額", TOTAL, 3.4},
    {"お見積り金額", TOTAL, 3.3},
    {"御見積額", TOTAL, 3.3},
    {"納品金額", TOTAL, 3.0},
    {"納品合計", TOTAL, 3.1},
    {"納入金額", TOTAL, 3.0},
    {"注文金額", TOTAL, 2.9},
    {"ご注文金額", TOTAL, 2.9},
    {"発注金額", TOTAL, 2.9},
    {"契約金額", TOTAL, 2.9},
    {"取引金額", TOTAL, 3.0},
    {"決済金額", TOTAL, 2.8},
    {"税込金額", TOTAL, 2.4},
    {"税込", TOTAL, 1.8},
    {"(税込)", TOTAL, 1.8},
    {"代金", TOTAL, 1.6},
    {"金額", TOTAL, 1.0},
    {"金", TOTAL, 1.4},
    {"計", TOTAL, 1.4},
    {"合言十", TOTAL, 2.6},
    {"台計", TOTAL, 2.4},
    {"合許", TOTAL, 2.2},
    {"合討", TOTAL, 2.2},
    {"合訂", TOTAL, 2.2},
    {"台言十", TOTAL, 2.2},
    {"発言十", TOTAL, 1.8},
    {"区言正", TOTAL, 1.8},
    {"会言十", TOTAL, 2.0},
    {"言十", TOTAL, 1.4},
    {"合", TOTAL, 1.0},
    {"令計", TOTAL, 2.2},
    {"含計", TOTAL, 2.4},
    {"合針", TOTAL, 2.2},
    {"合計¥", TOTAL, 3.0},
    {"決済額", TOTAL, 3.0},
    {"ご決済額", TOTAL, 3.0},
    {"決済合計", TOTAL, 3.0},
    {"ご返金額", TOTAL, 3.2},
    {"返金額", TOTAL, 3.1},
    {"返金合計", TOTAL, 3.2},
    {"返金", TOTAL, 2.4},
    {"運賃", TOTAL, 2.2},
    {"乗車料金", TOTAL, 2.4},
    {"通行料金", TOTAL, 2.8},
    {"チャージ額", TOTAL, 2.6},
    {"チャージ金額", TOTAL, 2.6},
    {"売上金額", TOTAL, 3.0},
    {"売上合計", TOTAL, 3.0},
    {"差引ご請求額", TOTAL, 3.4},
    {"差引支払額", TOTAL, 3.2},
    {"差引合計", TOTAL, 3.2},
    {"差引お支払額", TOTAL, 3.3},
    {"振込金額", TOTAL, 2.8},
    {"お振込金額", TOTAL, 2.8},
    {"請求予定額", TOTAL, 3.0},
    {"請求予定金額", TOTAL, 3.0},
    {"税込計", TOTAL, 3.0},
    {"お買い上げ計", TOTAL, 3.0},
    {"お買上げ計", TOTAL, 3.0},
    {"お買い上げ合計", TOTAL, 3.2},
    {"お買上げ合計", TOTAL, 3.2},
    {"代金合計", TOTAL, 3.1},
    {"総支払額", TOTAL, 3.2},
    {"支払総額", TOTAL, 3.2},
    {"取扱金額", TOTAL, 2.6},
    {"観覧料", TOTAL, 2.0},
    {"入場料", TOTAL, 2.0},
    {"受講料", TOTAL, 2.0},
    {"一部負担金", TOTAL, 2.8},
    {"一部負担額", TOTAL, 2.8},
    {"窓口負担額", TOTAL, 2.6},
    {"注文合計", TOTAL, 3.2},
    {"ご注文合計", TOTAL, 3.2},
    {"納付金額", TOTAL, 3.0},
    {"納付額", TOTAL, 3.0},
    {"寄附金額", TOTAL, 2.8},
    {"お代", TOTAL, 1.6},
    {"料金", TOTAL, 1.6},
    {"料金合計", TOTAL, 3.1},
    {"合計料金", TOTAL, 3.1},
    {"精算金額", TOTAL, 3.0},
    {"精算額", TOTAL, 3.0},
    {"ご精算額", TOTAL, 3.0},
    {"請求総額", TOTAL, 3.4},
    {"ご請求総額", TOTAL, 3.4},
    {"お支払総額", TOTAL, 3.2},
    {"領収合計", TOTAL, 3.3},
    {"差引残高請求額", TOTAL, 3.2},
    {"合計請求金額", TOTAL, 3.4},
    {"ゴウケイ", TOTAL, 2.9},
    {"paythisamount", TOTAL, 3.3},
    {"ialt", TOTAL, 3.0},
    {"yhteensä", TOTAL, 3.0},
    {"loppusumma", TOTAL, 3.2},
    {"grandtotal", TOTAL, 3.4},
    {"totalamountdue", TOTAL, 3.4},
    {"totalamountdueon", TOTAL, 3.4},
    {"amountdue", TOTAL, 3.1},
    {"totaldue", TOTAL, 3.3},
    {"totalpayable", TOTAL, 3.3},
    {"amountpayable", TOTAL, 3.2},
    {"netpayable", TOTAL, 3.2},
    {"balancedue", TOTAL, 2.9},
    {"duepayable", TOTAL, 3.2},
    {"totalrounded", TOTAL, 3.4},
    {"roundedtotal", TOTAL, 3.4},
    {"totalafterrounding", TOTAL, 3.4},
    {"totalafterrounded", TOTAL, 3.4},
    {"totalafteradj", TOTAL, 3.4},
    {"totalinclusivegst", TOTAL, 3.2},
    {"totalincludinggst", TOTAL, 3.2},
    {"totalrmincludinggst", TOTAL, 3.2},
    {"totalinclgst", TOTAL, 3.2},
    {"totalinclusiveofgst", TOTAL, 3.2},
    {"totalsales(inclusiveofgst)", TOTAL, 3.2},
    {"totalsales(inclusivegst)", TOTAL, 3.2},
    {"totalsalesinclusiveofgst", TOTAL, 3.2},
    {"totalsales(inclgst)", TOTAL, 3.2},
    {"total(inclusiveofgst)", TOTAL, 3.2},
    {"total(inclgst)", TOTAL, 3.2},
    {"totalamount(inclgst)", TOTAL, 3.2},
    {"totalinclsst", TOTAL, 3.2},
    {"totalwithgst", TOTAL, 3.0},
    {"withgst", TOTAL, 2.4},
    {"includinggst", TOTAL, 2.4},
    {"inclgst", TOTAL, 2.2},
    {"(gstincluded)", TOTAL, 2.2},
    {"totalamtinclgst", TOTAL, 3.2},
    {"total", TOTAL, 2.9},
    {"totalrm", TOTAL, 3.0},
    {"total(rm)", TOTAL, 3.0},
    {"totalamount", TOTAL, 3.0},
    {"totalamt", TOTAL, 3.0},
    {"totalamountrm", TOTAL, 3.0},
    {"totalforthisinvoice", TOTAL, 3.3},
    {"invoicetotal", TOTAL, 3.3},
    {"ordertotal", TOTAL, 2.8},
    {"nettotal", TOTAL, 2.4},
    {"netttotal", TOTAL, 2.9},
    {"totalsales", TOTAL, 2.2},
    {"salestotal", TOTAL, 2.4},
    {"totalbill", TOTAL, 2.8},
    {"billtotal", TOTAL, 2.8},
    {"jumlah", TOTAL, 2.6},
    {"jumlahbesar", TOTAL, 3.0},
    {"amount", TOTAL, 1.0},
    {"amt", TOTAL, 0.8},
    {"gesamtbetrag", TOTAL, 3.3},
    {"gesamtsumme", TOTAL, 3.2},
    {"rechnungsbetrag", TOTAL, 3.3},
    {"zuzahlen", TOTAL, 3.3},
    {"zuzahleneur", TOTAL, 3.3},
    {"zahlbetrag", TOTAL, 3.2},
    {"endbetrag", TOTAL, 3.2},
    {"summe", TOTAL, 2.8},
    {"summeeur", TOTAL, 3.1},
    {"gesamt", TOTAL, 2.7},
    {"brutto", TOTAL, 2.0},
    {"bruttobetrag", TOTAL, 2.8},
    {"bruttosumme", TOTAL, 3.0},
    {"rechnungssummebrutto", TOTAL, 3.3},
    {"totaleur", TOTAL, 3.1},
    {"totalttc", TOTAL, 3.3},
    {"montantttc", TOTAL, 3.2},
    {"netàpayer", TOTAL, 3.3},
    {"netapayer", TOTAL, 3.3},
    {"montanttotal", TOTAL, 3.0},
    {"soldeàpayer", TOTAL, 1.6},
    {"totaal", TOTAL, 3.0},
    {"totaalbedrag", TOTAL, 3.2},
    {"tebetalen", TOTAL, 3.2},
    {"factuurtotaal", TOTAL, 3.3},
    {"factuurtotaaleur", TOTAL, 3.3},
    {"totaalinclbtw", TOTAL, 3.3},
    {"totalapagar", TOTAL, 3.3},
    {"importetotal", TOTAL, 3.2},
    {"totale", TOTAL, 2.9},
    {"totalecomplessivo", TOTAL, 3.2},
    {"totalefattura", TOTAL, 3.3},
    {"inkl.ust", TOTAL, 2.3},
    {"(inkl.ust.)", TOTAL, 2.3},
    {"inkl.mwst", TOTAL, 2.3},
    {"(inkl.mwst.)", TOTAL, 2.3},
    {"incl.btw", TOTAL, 2.3},
    {"inclbtw", TOTAL, 2.3},
    {"(incl.btw)", TOTAL, 2.3},
    {"incl.vat", TOTAL, 2.3},
    {"inclvat", TOTAL, 2.3},
    {"includingvat", TOTAL, 2.3},
    {"(incl.vat)", TOTAL, 2.3},
    {"zuzahlenderbetrag", TOTAL, 3.2},
    {"balancetopay", TOTAL, 3.3},
    {"amounttopay", TOTAL, 3.3},
    {"totaltopay", TOTAL, 3.3},
    {"topay", TOTAL, 2.8},
    {"pleasepay", TOTAL, 2.8},
    {"pleasepaythisamount", TOTAL, 3.3},
    {"amounttobepaid", TOTAL, 3.2},
    {"totaltobepaid", TOTAL, 3.3},
    {"totalcharge", TOTAL, 2.8},
    {"totalfare", TOTAL, 3.0},
    {"fare", TOTAL, 1.6},
    {"fueltotal", TOTAL, 2.4},
    {"totalsale", TOTAL, 2.8},
    {"saletotal", TOTAL, 2.8},
    {"youpaid", TOTAL, 2.6},
    {"totalcredit", TOTAL, 2.8},
    {"totalrefund", TOTAL, 3.0},
    {"refundtotal", TOTAL, 3.0},
    {"amountrefunded", TOTAL, 2.8},
    {"amountcharged", TOTAL, 2.8},
    {"totalcharged", TOTAL, 3.0},
    {"invoiceamount", TOTAL, 3.0},
    {"invoicevalue", TOTAL, 2.8},
    {"totalprice", TOTAL, 2.8},
    {"totalcost", TOTAL, 2.8},
    {"totalinvoice", TOTAL, 3.0},
    {"totalincl.vat", TOTAL, 3.3},
    {"totalinclvat", TOTAL, 3.3},
    {"totalincludingvat", TOTAL, 3.3},
    {"totalinc.vat", TOTAL, 3.3},
    {"totalincvat", TOTAL, 3.3},
    {"totalincgst", TOTAL, 3.2},
    {"betrag", TOTAL, 1.6},
    {"betrageur", TOTAL, 2.4},
    {"gesamteur", TOTAL, 3.0},
    {"totalchf", TOTAL, 3.1},
    {"totalbetrag", TOTAL, 3.1},
    {"endsumme", TOTAL, 3.1},
    {"fahrpreis", TOTAL, 2.4},
    {"gesamtpreis", TOTAL, 3.0},
    {"gesamtbrutto", TOTAL, 3.0},
    {"summebrutto", TOTAL, 3.0},
    {"zahlungsbetrag", TOTAL, 3.1},
    {"totalàpayer", TOTAL, 3.3},
    {"totalapayer", TOTAL, 3.3},
    {"montantàpayer", TOTAL, 3.3},
    {"montantapayer", TOTAL, 3.3},
    {"montantdû", TOTAL, 3.2},
    {"àpayer", TOTAL, 3.0},
    {"apayer", TOTAL, 3.0},
    {"totalgénéral", TOTAL, 3.2},
    {"totalgeneral", TOTAL, 3.2},
    {"totaleuros", TOTAL, 3.1},
    {"totaleeuro", TOTAL, 3.1},
    {"totaledocumento", TOTAL, 3.3},
    {"importototale", TOTAL, 3.2},
    {"totaledovuto", TOTAL, 3.3},
    {"totaleapagare", TOTAL, 3.3},
    {"nettoapagare", TOTAL, 3.3},
    {"totalfactura", TOTAL, 3.3},
    {"totalcompra", TOTAL, 3.0},
    {"totalaabonar", TOTAL, 3.2},
    {"importe", TOTAL, 1.0},
    {"importeapagar", TOTAL, 3.2},
    {"ivaincluido", TOTAL, 2.2},
    {"totaaleur", TOTAL, 3.1},
    {"tebetaleneur", TOTAL, 3.2},
    {"totaaltebetalen", TOTAL, 3.3},
    {"eindtotaal", TOTAL, 3.2},
    {"totaalinc.btw", TOTAL, 3.3},
    {"attbetala", TOTAL, 3.3},
    {"summa", TOTAL, 2.8},
    {"totalt", TOTAL, 2.9},
    {"åbetale", TOTAL, 3.0},
    {"atbetale", TOTAL, 3.2},
    {"valortotal", TOTAL, 3.0},
    {"totaldafatura", TOTAL, 3.2},
    {"valorapagar", TOTAL, 3.2},
    {"dozapłaty", TOTAL, 3.2},
    {"suma", TOTAL, 2.8},
    {"sumapln", TOTAL, 3.0},
    {"razem", TOTAL, 2.6},
    {"celkem", TOTAL, 2.9},
    {"összesen", TOTAL, 2.9},
    {"excl.ust", SUBTOTAL, 1},
    {"(excl.ust.)", SUBTOTAL, 1},
    {"zzgl.mwst", SUBTOTAL, 1},
    {"zzgl.ust", SUBTOTAL, 1},
    {"exkl.mwst", SUBTOTAL, 1},
    {"excl.btw", SUBTOTAL, 1},
    {"(excl.btw)", SUBTOTAL, 1},
    {"excl.vat", SUBTOTAL, 1},
    {"exclvat", SUBTOTAL, 1},
    {"excludingvat", SUBTOTAL, 1},
    {"ohnemwst", SUBTOTAL, 1},
    {"inclusivegst", TOTAL, 2.4},
    {"inclusiveofgst", TOTAL, 2.4},
    {"inclusiveoftax", TOTAL, 2.4},
    {"inclusivetax", TOTAL, 2.4},
    {"includingtax", TOTAL, 2.4},
    {"incltax", TOTAL, 2.4},
    {"totalinclusiveoftax", TOTAL, 3.2},
    {"totalincltax", TOTAL, 3.2},
    {"taxincluded", TOTAL, 2.0},
    {"totalamtpayable", TOTAL, 3.3},
    {"totalamountpayable", TOTAL, 3.3},
    {"amtpayable", TOTAL, 3.1},
    {"totalsalesinclusivegst", TOTAL, 3.2},
    {"totalamtincl.gst", TOTAL, 3.1},
    {"incl.gst", TOTAL, 2.2},
    {"totalamountincl.gst", TOTAL, 3.1},
    {"totalincl.gst", TOTAL, 3.1},
    {"incl.tax", TOTAL, 2.2},
    {"(gstincl.)", TOTAL, 2.2},
    {"inclusive", TOTAL, 1.8},
    {"exclusive", SUBTOTAL, 1},
    {"excludingtax", SUBTOTAL, 1},
    {"exclusiveoftax", SUBTOTAL, 1},
    {"excltax", SUBTOTAL, 1},
    {"excl.tax", SUBTOTAL, 1},
    {"exclusivegst", SUBTOTAL, 1},
    {"exclusiveofgst", SUBTOTAL, 1},
    {"totalexclusivegst", SUBTOTAL, 1},
    {"totalexcl.gst", SUBTOTAL, 1},
    /* a part of it */
    {"小計", SUBTOTAL, 1},
    {"小計額", SUBTOTAL, 1},
    {"小言十", SUBTOTAL, 1},
    {"税抜", SUBTOTAL, 1},
    {"税抜合計", SUBTOTAL, 1},
    {"税抜金額", SUBTOTAL, 1},
    {"税抜き", SUBTOTAL, 1},
    {"税別", SUBTOTAL, 1},
    {"本体", SUBTOTAL, 1},
    {"本体価格", SUBTOTAL, 1},
    {"本体合計", SUBTOTAL, 1},
    {"対象", SUBTOTAL, 2},
    {"対象額", SUBTOTAL, 2},
    {"対象計", SUBTOTAL, 2},
    {"対象合計", SUBTOTAL, 2},
    {"対象金額", SUBTOTAL, 2},
    {"課税対象額", SUBTOTAL, 2},
    {"課税計", SUBTOTAL, 1},
    {"対価の額", SUBTOTAL, 1},
    {"課税合計", SUBTOTAL, 1},
    {"非課税", SUBTOTAL, 1},
    {"税対象", SUBTOTAL, 2},
    {"税率対象", SUBTOTAL, 2},
    {"合計(税抜)", SUBTOTAL, 1},
    {"合計(税抜き)", SUBTOTAL, 1},
    {"税抜計", SUBTOTAL, 1},
    {"商品合計", SUBTOTAL, 1},
    {"商品計", SUBTOTAL, 1},
    {"商品代金", SUBTOTAL, 1},
    {"商品小計", SUBTOTAL, 1},
    {"単価", SUBTOTAL, 1},
    {"単", SUBTOTAL, 1},
    {"送料", SUBTOTAL, 1},
    {"手数料", SUBTOTAL, 1},
    {"今回お買上額", SUBTOTAL, 1},
    {"内訳", SUBTOTAL, 1},
    {"subtotal", SUBTOTAL, 1},
    {"sub-total", SUBTOTAL, 1},
    {"sub.total", SUBTOTAL, 1},
    {"totalexclgst", SUBTOTAL, 1},
    {"excludinggst", SUBTOTAL, 1},
    {"(excludinggst)", SUBTOTAL, 1},
    {"totalsales(excludinggst)", SUBTOTAL, 1},
    {"totalexcludinggst", SUBTOTAL, 1},
    {"exclgst", SUBTOTAL, 1},
    {"(exclgst)", SUBTOTAL, 1},
    {"excl.gst", SUBTOTAL, 1},
    {"exc.gst", SUBTOTAL, 1},
    {"total(excludinggst)", SUBTOTAL, 1},
    {"beforegst", SUBTOTAL, 1},
    {"amtexcgst", SUBTOTAL, 1},
    {"totalbeforetax", SUBTOTAL, 1},
    {"beforetax", SUBTOTAL, 1},
    {"withoutgst", SUBTOTAL, 1},
    {"totalexcltax", SUBTOTAL, 1},
    {"taxable", SUBTOTAL, 1},
    {"taxableamount", SUBTOTAL, 1},
    {"amountexcl", SUBTOTAL, 1},
    {"beforediscount", SUBTOTAL, 1},
    {"totalbeforediscount", SUBTOTAL, 1},
    {"unitprice", SUBTOTAL, 1},
    {"u.price", SUBTOTAL, 1},
    {"netto", SUBTOTAL, 1},
    {"nettobetrag", SUBTOTAL, 1},
    {"nettosumme", SUBTOTAL, 1},
    {"summenetto", SUBTOTAL, 1},
    {"gesamtnetto", SUBTOTAL, 1},
    {"zwischensumme", SUBTOTAL, 1},
    {"rechnungssummenetto", SUBTOTAL, 1},
    {"steuerbasisbetrag", SUBTOTAL, 1},
    {"steuerbasis", SUBTOTAL, 1},
    {"warenwert", SUBTOTAL, 1},
    {"nettototal", SUBTOTAL, 1},
    {"subtotaal", SUBTOTAL, 1},
    {"exclusief", SUBTOTAL, 1},
    {"exclusiefbtw", SUBTOTAL, 1},
    {"exclbtw", SUBTOTAL, 1},
    {"totaalexclbtw", SUBTOTAL, 1},
    {"grondslag", SUBTOTAL, 1},
    {"totalht", SUBTOTAL, 1},
    {"montantht", SUBTOTAL, 1},
    {"baseht", SUBTOTAL, 1},
    {"base", SUBTOTAL, 1},
    {"sous-total", SUBTOTAL, 1},
    {"imponibile", SUBTOTAL, 1},
    {"baseimponible", SUBTOTAL, 1},
    {"goodsvalue", SUBTOTAL, 1},
    {"gstsummary", SUBTOTAL, 1},
    {"taxsummary", SUBTOTAL, 1},
    {"gstanalysis", SUBTOTAL, 1},
    {"vollersteuersatz", SUBTOTAL, 1},
    {"preis", SUBTOTAL, 1},
    {"charges", SUBTOTAL, 1},
    {"servicecharge", OTHER, 1},
    {"svccharge", OTHER, 1},
    {"nettaxable", SUBTOTAL, 1},
    {"税抜計額", SUBTOTAL, 1},
    {"税抜額", SUBTOTAL, 1},
    {"税抜小計", SUBTOTAL, 1},
    {"subtotale", SUBTOTAL, 1},
    {"totaleimponibile", SUBTOTAL, 1},
    {"netamount", SUBTOTAL, 1},
    {"nettotalexclvat", SUBTOTAL, 1},
    {"nettosum", SUBTOTAL, 1},
    {"delsumma", SUBTOTAL, 1},
    {"totalnet", SUBTOTAL, 1},
    {"ショウケイ", SUBTOTAL, 1},
    {"foodtotal", SUBTOTAL, 1},
    {"itemtotal", SUBTOTAL, 1},
    {"partstotal", SUBTOTAL, 1},
    /* tax */
    {"消費税", TAX, 1},
    {"消費税等", TAX, 1},
    {"消費税額", TAX, 1},
    {"消費税額合計", TAX, 1},
    {"消費税合計", TAX, 1},
    {"内消費税", TAX, 1},
    {"内消費税等", TAX, 1},
    {"内税", TAX, 1},
    {"内税額", TAX, 1},
    {"外税", TAX, 1},
    {"外税額", TAX, 1},
    {"外税計", TAX, 1},
    {"税額", TAX, 1},
    {"税額計", TAX, 1},
    {"税額合計", TAX, 1},
    {"税合計", TAX, 1},
    {"税計", TAX, 1},
    {"税等", TAX, 1},
    {"うち消費税", TAX, 1},
    {"(内消費税", TAX, 1},
    {"内税計", TAX, 1},
    {"税言十", TAX, 1},
    {"費税", TAX, 1},
    {"消費祝", TAX, 1},
    {"gst", TAX, 1},
    {"totalgst", TAX, 1},
    {"gstamount", TAX, 1},
    {"gstamt", TAX, 1},
    {"sst", TAX, 1},
    {"servicetax", TAX, 1},
    {"govtax", TAX, 1},
    {"vat", TAX, 1},
    {"vattotal", TAX, 1},
    {"vatamount", TAX, 1},
    {"tax", TAX, 1},
    {"taxes", TAX, 1},
    {"totaltax", TAX, 1},
    {"totaltaxes", TAX, 1},
    {"taxamount", TAX, 1},
    {"tax(rm)", TAX, 1},
    {"salestax", TAX, 1},
    {"mwst", TAX, 1},
    {"mwstbetrag", TAX, 1},
    {"mehrwertsteuer", TAX, 1},
    {"ust", TAX, 1},
    {"umsatzsteuer", TAX, 1},
    {"steuerbetrag", TAX, 1},
    {"steuer", TAX, 1},
    {"btw", TAX, 1},
    {"btwbedrag", TAX, 1},
    {"tva", TAX, 1},
    {"iva", TAX, 1},
    {"totaltva", TAX, 1},
    {"includestax", TAX, 1},
    {"gstpayable", TAX, 1},
    {"moms", TAX, 1},
    {"mva", TAX, 1},
    {"cuota", TAX, 1},
    {"dicuiiva", TAX, 1},
    {"totaliva", TAX, 1},
    {"dontva", TAX, 1},
    {"donttva", TAX, 1},
    {"totaalbtw", TAX, 1},
    {"iva%", TAX, 1},
    {"gst9%", TAX, 1},
    {"jct", TAX, 1},
    /* handed over */
    {"お預り", TENDER, 1},
    {"お預り金額", TENDER, 1},
    {"お預かり", TENDER, 1},
    {"御預り", TENDER, 1},
    {"預り", TENDER, 1},
    {"預かり", TENDER, 1},
    {"お預", TENDER, 1},
    {"預り金", TENDER, 1},
    {"預り額", TENDER, 1},
    {"お預り合計", TENDER, 1},
    {"預り計", TENDER, 1},
    {"預", TENDER, 1},
    {"お頂り", TENDER, 1},
    {"現金", TENDER, 1},
    {"現計", TENDER, 1},
    {"クレジット", TENDER, 1},
    {"クレジットカード", TENDER, 1},
    {"カード", TENDER, 1},
    {"電子マネー", TENDER, 1},
    {"paypay", TENDER, 1},
    {"交通系", TENDER, 1},
    {"交通系電子マネー", TENDER, 1},
    {"商品券", TENDER, 1},
    {"ギフト券", TENDER, 1},
    {"デビット", TENDER, 1},
    {"qr決済", TENDER, 1},
    {"コード決済", TENDER, 1},
    {"d払い", TENDER, 1},
    {"楽天ペイ", TENDER, 1},
    {"信用", TENDER, 1},
    {"id", TENDER, 1},
    {"quicpay", TENDER, 1},
    {"投入金額", TENDER, 1},
    {"支払", TENDER, 1},
    {"お支払", TENDER, 1},
    {"cash", TENDER, 1},
    {"tender", TENDER, 1},
    {"tendered", TENDER, 1},
    {"cashtendered", TENDER, 1},
    {"amounttendered", TENDER, 1},
    {"cashreceived", TENDER, 1},
    {"received", TENDER, 1},
    {"paid", TENDER, 1},
    {"amountpaid", TENDER, 1},
    {"totalpaid", TENDER, 1},
    {"payment", TENDER, 1},
    {"visa", TENDER, 1},
    {"visacard", TENDER, 1},
    {"master", TENDER, 1},
    {"mastercard", TENDER, 1},
    {"amex", TENDER, 1},
    {"creditcard", TENDER, 1},
    {"debitcard", TENDER, 1},
    {"card", TENDER, 1},
    {"bankcard", TENDER, 1},
    {"m/card", TENDER, 1},
    {"eftpos", TENDER, 1},
    {"bar", TENDER, 1},
    {"bareur", TENDER, 1},
    {"bargeld", TENDER, 1},
    {"gegeben", TENDER, 1},
    {"girocard", TENDER, 1},
    {"ec-karte", TENDER, 1},
    {"kartenzahlung", TENDER, 1},
    {"kreditkarte", TENDER, 1},
    {"betaald", TENDER, 1},
    {"ontvangen", TENDER, 1},
    {"espèces", TENDER, 1},
    {"règlement", TENDER, 1},
    {"virement", TENDER, 1},
    {"cartebancaire", TENDER, 1},
    {"acompte", TENDER, 1},
    {"tunai", TENDER, 1},
    {"totaltender", TENDER, 1},
    {"totalcash", TENDER, 1},
    {"ideal", TENDER, 1},
    {"anzahlung", TENDER, 1},
    {"投入", TENDER, 1},
    {"投入額", TENDER, 1},
    {"お支払い", TENDER, 1},
    {"qrコード決済", TENDER, 1},
    {"バーコード決済", TENDER, 1},
    {"前払金", TENDER, 1},
    {"回数券", TENDER, 1},
    {"図書カード", TENDER, 1},
    {"プリペイド", TENDER, 1},
    {"ハウスカード", TENDER, 1},
    {"ギフトカード", TENDER, 1},
    {"karte", TENDER, 1},
    {"kartenzahlungeur", TENDER, 1},
    {"especes", TENDER, 1},
    {"espece", TENDER, 1},
    {"carte", TENDER, 1},
    {"cheque", TENDER, 1},
    {"chèque", TENDER, 1},
    {"contante", TENDER, 1},
    {"contanti", TENDER, 1},
    {"pagamentocontante", TENDER, 1},
    {"pagamentoelettronico", TENDER, 1},
    {"importopagato", TENDER, 1},
    {"efectivo", TENDER, 1},
    {"tarjeta", TENDER, 1},
    {"entregado", TENDER, 1},
    {"contant", TENDER, 1},
    {"pin", TENDER, 1},
    {"gepind", TENDER, 1},
    {"betaling", TENDER, 1},
    {"kontant", TENDER, 1},
    {"kort", TENDER, 1},
    {"dinheiro", TENDER, 1},
    {"numerário", TENDER, 1},
    {"multibanco", TENDER, 1},
    {"cartão", TENDER, 1},
    {"gotówka", TENDER, 1},
    {"auszahlung", TENDER, 1},
    {"contactless", TENDER, 1},
    {"giftcard", TENDER, 1},
    {"nets", TENDER, 1},
    {"debit", TENDER, 1},
    {"paidbycard", TENDER, 1},
    {"tendercash", TENDER, 1},
    {"cashpaid", TENDER, 1},
    {"オアズカリ", TENDER, 1},
    {"ゲンキン", TENDER, 1},
    /* given back */
    {"オツリ", CHANGE, 1},
    {"お釣り", CHANGE, 1},
    {"お釣", CHANGE, 1},
    {"おつり", CHANGE, 1},
    {"釣銭", CHANGE, 1},
    {"釣り", CHANGE, 1},
    {"釣", CHANGE, 1},
    {"お約り", CHANGE, 1},
    {"お鈎り", CHANGE, 1},
    {"お釣り銭", CHANGE, 1},
    {"お的り", CHANGE, 1},
    {"change", CHANGE, 1},
    {"changedue", CHANGE, 1},
    {"cashchange", CHANGE, 1},
    {"rückgeld", CHANGE, 1},
    {"ruckgeld", CHANGE, 1},
    {"zurück", CHANGE, 1},
    {"zuruck", CHANGE, 1},
    {"wisselgeld", CHANGE, 1},
    {"terug", CHANGE, 1},
    {"baki", CHANGE, 1},
    {"rendu", CHANGE, 1},
    {"balance", CHANGE, 1},
    {"balancerm", CHANGE, 1},
    {"totalchange", CHANGE, 1},
    {"retour", CHANGE, 1},
    {"resto", CHANGE, 1},
    {"cambio", CHANGE, 1},
    {"troco", CHANGE, 1},
    {"tillbaka", CHANGE, 1},
    {"växel", CHANGE, 1},
    {"rendumonnaie", CHANGE, 1},
    {"monnaierendue", CHANGE, 1},
    {"monnaie", CHANGE, 1},
    {"reszta", CHANGE, 1},
    {"つり銭", CHANGE, 1},
    {"おつり額", CHANGE, 1},
    {"お返し", CHANGE, 1},
    {"お返り", CHANGE, 1},
    /* rounding, discounts */
    {"rounding", ROUNDING, 1},
    {"roundingadj", ROUNDING, 1},
    {"roundingadjustment", ROUNDING, 1},
    {"roundadj", ROUNDING, 1},
    {"rounded", ROUNDING, 1},
    {"roundingamt", ROUNDING, 1},
    {"round", ROUNDING, 1},
    {"rnd", ROUNDING, 1},
    {"端数", ROUNDING, 1},
    {"rundung", ROUNDING, 1},
    {"cashrounding", ROUNDING, 1},
    {"値引", DISCOUNT, 1},
    {"値引き", DISCOUNT, 1},
    {"割引", DISCOUNT, 1},
    {"割引額", DISCOUNT, 1},
    {"値引額", DISCOUNT, 1},
    {"値引合計", DISCOUNT, 1},
    {"クーポン", DISCOUNT, 1},
    {"割引計", DISCOUNT, 1},
    {"discount", DISCOUNT, 1},
    {"disc", DISCOUNT, 1},
    {"totaldiscount", DISCOUNT, 1},
    {"saving", DISCOUNT, 1},
    {"savings", DISCOUNT, 1},
    {"totalsaving", DISCOUNT, 1},
    {"totalsavings", DISCOUNT, 1},
    {"yousaved", DISCOUNT, 1},
    {"rabatt", DISCOUNT, 1},
    {"korting", DISCOUNT, 1},
    {"remise", DISCOUNT, 1},
    {"totaldisc", DISCOUNT, 1},
    {"abschlag", DISCOUNT, 1},
    {"skonto", DISCOUNT, 1},
    /* not money of this transaction */
    {"ポイント", OTHER, 1},
    {"残高", OTHER, 1},
    {"カード残高", OTHER, 1},
    {"累計", OTHER, 1},
    {"点数", OTHER, 1},
    {"お買上点数", OTHER, 1},
    {"買上点数", OTHER, 1},
    {"合計点数", OTHER, 1},
    {"数量", OTHER, 1},
    {"前回請求額", OTHER, 1},
    {"前回御請求額", OTHER, 1},
    {"前回ご請求額", OTHER, 1},
    {"前回", OTHER, 1},
    {"繰越", OTHER, 1},
    {"繰越金額", OTHER, 1},
    {"繰越額", OTHER, 1},
    {"御入金額", OTHER, 1},
    {"ご入金額", OTHER, 1},
    {"入金額", OTHER, 1},
    {"入金", OTHER, 1},
    {"契約番号", OTHER, 1},
    {"取引番号", OTHER, 1},
    {"伝票番号", OTHER, 1},
    {"伝票", OTHER, 1},
    {"会員番号", OTHER, 1},
    {"会員", OTHER, 1},
    {"番号", OTHER, 1},
    {"登録番号", OTHER, 1},
    {"口座", OTHER, 1},
    {"普通", OTHER, 1},
    {"当座", OTHER, 1},
    {"tel", OTHER, 1},
    {"fax", OTHER, 1},
    {"電話", OTHER, 1},
    {"〒", OTHER, 1},
    {"no", OTHER, 1},
    {"no.", OTHER, 1},
    {"レジ", OTHER, 1},
    {"責", OTHER, 1},
    {"店", OTHER, 1},
    {"担当", OTHER, 1},
    {"扱者", OTHER, 1},
    {"承認", OTHER, 1},
    {"資本金", OTHER, 1},
    {"限度額", OTHER, 1},
    {"対象外", OTHER, 1},
    {"収入印紙", OTHER, 1},
    {"前月", OTHER, 1},
    {"前月請求額", OTHER, 1},
    {"前月ご請求額", OTHER, 1},
    {"前回ご請求金額", OTHER, 1},
    {"当月入金額", OTHER, 1},
    {"ご入金", OTHER, 1},
    {"既請求額", OTHER, 1},
    {"請求済額", OTHER, 1},
    {"契約残高", OTHER, 1},
    {"残額", OTHER, 1},
    {"内金", OTHER, 1},
    {"前受金", OTHER, 1},
    {"次回", OTHER, 1},
    {"プリカ残高", OTHER, 1},
    {"限度", OTHER, 1},
    {"一人当たり", OTHER, 1},
    {"お一人様", OTHER, 1},
    {"previousbalance", OTHER, 1},
    {"balanceforward", OTHER, 1},
    {"balancebroughtforward", OTHER, 1},
    {"openingbalance", OTHER, 1},
    {"lastbill", OTHER, 1},
    {"previousbill", OTHER, 1},
    {"remainingbalance", OTHER, 1},
    {"youearned", OTHER, 1},
    {"rewards", OTHER, 1},
    {"suggestedtip", OTHER, 1},
    {"suggestedgratuity", OTHER, 1},
    {"tip", OTHER, 1},
    {"gratuity", OTHER, 1},
    {"perperson", OTHER, 1},
    {"afterduedate", OTHER, 1},
    {"lastpayment", OTHER, 1},
    {"paymentreceived", OTHER, 1},
    {"annualsavings", OTHER, 1},
    {"annual", OTHER, 1},
    {"zwischenstand", OTHER, 1},
    {"trinkgeld", OTHER, 1},
    {"pourboire", OTHER, 1},
    {"saldo", OTHER, 1},
    {"qty", OTHER, 1},
    {"totalqty", OTHER, 1},
    {"totalquantity", OTHER, 1},
    {"quantity", OTHER, 1},
    {"item", OTHER, 1},
    {"items", OTHER, 1},
    {"totalitem", OTHER, 1},
    {"totalitems", OTHER, 1},
    {"itemcount", OTHER, 1},
    {"totalno", OTHER, 1},
    {"points", OTHER, 1},
    {"totalpoints", OTHER, 1},
    {"point", OTHER, 1},
    {"totalpoint", OTHER, 1},
    {"pax", OTHER, 1},
    {"table", OTHER, 1},
    {"invoiceno", OTHER, 1},
    {"anzahl", OTHER, 1},
    {"aantal", OTHER, 1},
    {"menge", OTHER, 1},
    {"capital", OTHER, 1},
    {"iban", OTHER, 1},
    {"blz", OTHER, 1},
    {"bic", OTHER, 1},
    {"kto", OTHER, 1},
    {"kontonr", OTHER, 1},
    {"siret", OTHER, 1},
    {"hrb", OTHER, 1},
    {"gstid", OTHER, 1},
    {"gstregno", OTHER, 1},
    {"gstno", OTHER, 1},
    {"gstreg", OTHER, 1},
    {"account", OTHER, 1},
    {"order", OTHER, 1},
    {"minimum", OTHER, 1},
    {"kleinunternehmer", OTHER, 1},
    {"customerno", OTHER, 1},
    {"customer", OTHER, 1},
    {"ref", OTHER, 1},
    {"stamp", OTHER, 1},
    {"pump", OTHER, 1},
    {"creditlimit", OTHER, 1},
    {"bestellwert", OTHER, 1},
    {"au capital", OTHER, 1},
    {"commande", OTHER, 1},
    {"auftrag", OTHER, 1},
};

static bool
overlaps_date(const GArray *dates, const DnNumber *number)
{
    for (guint i = 0; i < dates->len; i++) {
        const DnDateHit *hit = &g_array_index(dates, DnDateHit, i);

        if (number->from < hit->to && hit->from < number->to)
            return true;
    }
    return false;
}

/* The label that governs: the last one, unless a vaguer word follows a plainer. */
static const DnLabel *
governing(const GArray *hits)
{
    const DnLabel *found = NULL;

    for (guint i = 0; i < hits->len; i++) {
        const DnLabelHit *hit = &g_array_index(hits, DnLabelHit, i);
        const DnLabel *label = hit->label;
        bool vague = label->meaning == TOTAL && label->weight < 2;

        if (found && vague)
            continue;
        /* Of "total including GST" the end is not a tax. */
        if (found && found->meaning == TOTAL && found->weight >= 2.2 && label->meaning == TAX &&
            strlen(label->text) <= 4 && strstr(found->text, "incl"))
            continue;
        found = label;
    }
    return found;
}

static bool
has_money(const DnFieldLine *line)
{
    for (guint i = 0; i < line->numbers->len; i++)
        if (dn_number_is_money(&g_array_index(line->numbers, DnNumber, i)))
            return true;
    return false;
}

static bool
is_under(const DnBox *box, const DnBox *label, double slack_px)
{
    return box->x < label->x + label->width + slack_px && label->x < box->x + box->width + slack_px;
}

/* The head of the column in which @value stands. */
static const DnLabel *
column_head(const DnFieldText *text, const Value *value)
{
    for (unsigned up = 1; up <= HEADER_LINES && up <= value->line->index; up++) {
        const DnFieldLine *above = dn_field_text_line(text, value->line->index - up);

        if (above->page != value->line->page)
            return NULL;
        if (has_money(above))
            continue;
        g_autoptr(GArray) hits =
            dn_labels_find(above, 0, above->plain_size, labels, G_N_ELEMENTS(labels));
        unsigned named = 0;
        const DnLabel *found = NULL;

        for (guint i = 0; i < hits->len; i++) {
            const DnLabelHit *hit = &g_array_index(hits, DnLabelHit, i);
            DnBox place = dn_field_line_box(above, hit->from, hit->to);

            named++;
            if (is_under(&value->box, &place, value->line->height_px / 2))
                found = hit->label;
        }
        if (named >= 2)
            return found;
    }
    return NULL;
}

/* A label that ends the line before, its value having slipped to the next. */
static const DnLabel *
label_above(const DnFieldText *text, const DnFieldLine *line, const DnBox *box)
{
    if (line->index == 0)
        return NULL;
    const DnFieldLine *above = dn_field_text_line(text, line->index - 1);

    if (above->page != line->page || has_money(above) ||
        line->line->box.y - above->line->box.y > 4.0 * MAX(line->height_px, above->height_px))
        return NULL;
    g_autoptr(GArray) hits =
        dn_labels_find(above, 0, above->plain_size, labels, G_N_ELEMENTS(labels));

    if (hits->len == 0)
        return NULL;
    const DnLabelHit *last = &g_array_index(hits, DnLabelHit, hits->len - 1);
    DnBox place = dn_field_line_box(above, last->from, last->to);
    bool right = box->x >= place.x - line->height_px;

    if (hits->len > 2)
        return NULL; /* a sentence or the head of a table */
    return right || is_under(box, &place, line->height_px) ? last->label : NULL;
}

static bool
is_closed(const char *after)
{
    while (*after == ' ')
        after++;
    if (g_str_has_prefix(after, "円"))
        after += strlen("円");
    while (*after == ' ')
        after++;
    if (g_str_has_prefix(after, "也"))
        return true;
    return *after == '-' && (after[1] == '\0' || after[1] == ' ' || after[1] == '\t' ||
                             after[1] == '(' || after[1] == '*' || after[1] == '-');
}

static unsigned
count_of(const GArray *values, Meaning meaning)
{
    unsigned count = 0;

    for (guint i = 0; i < values->len; i++)
        count += g_array_index(values, Value, i).meaning == meaning;
    return count;
}

/* Sums are tried in threes, so the parts of a sum are few. */
static unsigned
meaning_most(const Value *value)
{
    return value->meaning == NONE || value->meaning == TOTAL ? VALUES_MOST : PARTS_MOST;
}

/* The total stands at the end of a long document: the items that came first make room. False when
 * there is none to give up. */
static bool
make_room(GArray *values, guint *line_first)
{
    if (values->len < VALUES_MOST)
        return true;
    for (guint i = 0; i < *line_first; i++)
        if (g_array_index(values, Value, i).meaning == NONE) {
            g_array_remove_index(values, i);
            (*line_first)--;
            return true;
        }
    return false;
}

/* "Total Qty: 7   51.42": what is counted is the number after the label, not the money behind it.
 */
static bool
counts_another(const DnFieldLine *line, size_t scope, guint index, const DnLabel *label)
{
    if (label->meaning != OTHER ||
        (!strstr(label->text, "qty") && !strstr(label->text, "item") &&
         !strstr(label->text, "quantity") && !strstr(label->text, "anzahl")))
        return false;
    for (guint i = 0; i < index; i++) {
        const DnNumber *number = &g_array_index(line->numbers, DnNumber, i);

        if (number->from >= scope && !dn_number_is_money(number))
            return true;
    }
    return false;
}

static void
collect_line(const DnFieldText *text, const DnFieldLine *line, GArray *values)
{
    g_autoptr(GArray) dates = dn_dates_find(line->plain, text->profile, text->currency);
    guint first = values->len;
    size_t scope = 0;
    bool yen = dn_money_scale(text->currency) == 0;

    for (guint i = 0; i < line->numbers->len; i++) {
        const DnNumber *number = &g_array_index(line->numbers, DnNumber, i);
        Value value = {.line = line, .number = number, .minor = number->minor};

        if (number->percent || number->counted || overlaps_date(dates, number))
            continue;
        g_autoptr(GArray) hits =
            dn_labels_find(line, scope, number->from, labels, G_N_ELEMENTS(labels));
        const DnLabel *label = governing(hits);

        value.box = dn_field_line_box(line, number->from, number->to);
        value.money = dn_number_is_money(number);
        value.closed = is_closed(line->plain + number->to);
        value.seen =
            text->recognised ? dn_field_line_confidence(line, number->from, number->to) : 1;
        if (!label && values->len > first) {
            /* One label for several columns: the head of each says more. */
            const Value *left = &g_array_index(values, Value, values->len - 1);

            value.meaning = left->meaning;
            value.weight = left->weight;
            value.table = left->money && value.money;
        } else if (label) {
            bool beside = value.money && counts_another(line, scope, i, label);

            value.meaning = beside ? SUBTOTAL : (Meaning)label->meaning;
            value.weight = label->weight;
        } else if (values->len == first) {
            label = label_above(text, line, &value.box);
            if (label) {
                value.meaning = (Meaning)label->meaning;
                value.weight = label->weight * 0.85;
            }
        }
        /* A bare number is money only where a label says so, and only in a currency without
         * decimals. */
        bool taken_off = value.minor < 0 && value.meaning == OTHER; /* points that were used */

        if (!value.money &&
            (value.meaning == NONE || (value.meaning == OTHER && !taken_off) || !yen))
            continue;
        if (value.money || values->len == first)
            scope = number->to;
        if (!make_room(values, &first) || count_of(values, value.meaning) >= meaning_most(&value))
            continue;
        g_array_append_val(values, value);
    }
    if (values->len == first)
        return;
    unsigned money = 0;

    for (guint i = first; i < values->len; i++)
        money += g_array_index(values, Value, i).money;
    for (guint i = first; i < values->len; i++) {
        Value *value = &g_array_index(values, Value, i);

        value->last = i + 1 == values->len;
        if (money < 2)
            continue;
        bool shared =
            (i + 1 < values->len && g_array_index(values, Value, i + 1).table) || value->table;

        if (!shared)
            continue;
        value->table = true;
        const DnLabel *head = column_head(text, value);

        if (head && head->meaning != TOTAL && value->meaning == TOTAL) {
            value->meaning = (Meaning)head->meaning;
            value->weight = head->weight;
        } else if (head && value->meaning == NONE &&
                   ((head->meaning == TOTAL && head->weight >= PLAIN) || head->meaning == OTHER)) {
            value->meaning = (Meaning)head->meaning;
            value->weight = head->weight;
        }
    }
}

static bool
near(int64_t a, int64_t b, int64_t slack)
{
    return a - b <= slack && b - a <= slack;
}

/* The rates that may have made a tax, in permille; the printed ones come first. */
static const int rates_yen[] = {100, 80};
static const int rates_others[] = {60, 190, 70, 210, 200, 90, 55, 100, 50, 160, 150, 220};

static bool
tax_fits(const DnFieldText *text, int64_t total, int64_t tax)
{
    bool yen = strcmp(text->currency, "JPY") == 0;
    const int *rates = yen ? rates_yen : rates_others;
    size_t count = yen ? G_N_ELEMENTS(rates_yen) : G_N_ELEMENTS(rates_others);
    bool ringgit = strcmp(text->currency, "MYR") == 0;

    if (ringgit)
        count = 1;
    if (tax <= 0 || total <= 0 || tax * 30 < total || tax < (yen ? 8 : 10))
        return false;
    for (size_t i = 0; i < count; i++) {
        double exact = (double)total * rates[i] / (1000 + rates[i]);

        if (tax >= floor(exact) - (yen ? 0 : 1) && tax <= ceil(exact) + (yen ? 0 : 1))
            return true;
    }
    return false;
}

/* True when @tax is what one of the rates makes of @base. */
static bool
is_tax_of(const DnFieldText *text, int64_t base, int64_t tax)
{
    size_t count = strcmp(text->currency, "MYR") == 0 ? 1 : G_N_ELEMENTS(rates_others);

    if (dn_money_scale(text->currency) == 0 || base <= 0 || tax <= 0 || tax >= base)
        return false;
    for (size_t i = 0; i < count; i++) {
        double exact = (double)base * rates_others[i] / 1000;

        if (tax >= floor(exact) - 1 && tax <= ceil(exact) + 1)
            return true;
    }
    return false;
}

/* May be what a tax is taken of. */
static bool
may_be_base(const Value *value)
{
    return value->money && value->minor > 0 &&
           (value->meaning == NONE || value->meaning == TOTAL || value->meaning == SUBTOTAL ||
            value->meaning == TAX);
}

/* True when @minor was paid where @exact was due: to the smallest coin where that is five. */
static bool
is_paid_for(const DnFieldText *text, int64_t minor, int64_t exact)
{
    bool coins = strcmp(text->currency, "MYR") == 0;

    return minor == exact || (coins && minor % 5 == 0 && near(minor, exact, 2));
}

/* A row of the table of taxes: the base with its tax beside it, or with its rate. */
static bool
row_leads_to(const DnFieldText *text, const GArray *values, int64_t total)
{
    int64_t unit = 1;

    if (dn_money_scale(text->currency) == 0)
        return false;
    for (int i = dn_money_scale(text->currency); i > 0; i--)
        unit *= 10;
    for (guint i = 0; i < values->len; i++) {
        const Value *base = &g_array_index(values, Value, i);

        if (!may_be_base(base) || base->minor >= total)
            continue;
        for (guint j = 0; j < values->len; j++) {
            const Value *tax = &g_array_index(values, Value, j);

            if (i != j && tax->line == base->line && is_tax_of(text, base->minor, tax->minor) &&
                is_paid_for(text, total, base->minor + tax->minor))
                return true;
        }
        for (guint n = 0; n < base->line->numbers->len; n++) {
            const DnNumber *rate = &g_array_index(base->line->numbers, DnNumber, n);
            int64_t tax = rate->percent && rate->minor > 0 && rate->minor < 30 * unit
                              ? (base->minor * rate->minor / unit + 50) / 100
                              : 0;

            if (tax > 1 && is_tax_of(text, base->minor, tax) &&
                is_paid_for(text, total, base->minor + tax))
                return true;
        }
    }
    return false;
}

/* How many independent ways lead to @total. */
static unsigned
proofs_of(const DnFieldText *text, const GArray *values, int64_t total)
{
    bool cash = false, added = false, rate = false, items = false, sums = false;
    bool yen = dn_money_scale(text->currency) == 0;
    guint count = values->len;

    for (guint i = 0; i < count; i++) {
        const Value *a = &g_array_index(values, Value, i);

        if (a->meaning == TAX && tax_fits(text, total, a->minor))
            rate = true;
        for (guint j = 0; j < count; j++) {
            const Value *b = &g_array_index(values, Value, j);

            if (i == j)
                continue;
            if (a->meaning == TENDER && b->meaning == CHANGE && b->minor != 0 && a->minor > total &&
                (a->minor - b->minor == total || a->minor + b->minor == total))
                cash = true;
            /* A subtotal and the taxes of two rates. */
            if (b->meaning == TAX && b->minor > 0 && a->meaning == SUBTOTAL && a->minor < total)
                for (guint k = j + 1; k < count; k++) {
                    const Value *c = &g_array_index(values, Value, k);

                    if (c->meaning == TAX && c->minor > 0 && c->line != b->line &&
                        a->minor + b->minor + c->minor == total)
                        added = true;
                }
            if (b->meaning == TAX && b->minor > 0 && a->minor > b->minor &&
                (a->meaning == SUBTOTAL || a->meaning == NONE || a->meaning == TOTAL) &&
                near(a->minor + b->minor, total, yen ? 0 : 4) && a->minor < total)
                added = added || (yen ? true : a->minor + b->minor == total || total % 5 == 0);
        }
    }
    /* Bases of both rates and their taxes. */
    for (guint i = 0; !sums && i < count; i++) {
        const Value *a = &g_array_index(values, Value, i);

        if (a->meaning != SUBTOTAL || a->weight < 2 || a->minor <= 0 || a->minor >= total)
            continue;
        for (guint j = i + 1; j < count; j++) {
            const Value *b = &g_array_index(values, Value, j);

            if (b->meaning != SUBTOTAL || b->weight < 2 || b->minor <= 0 || b->minor >= total)
                continue;
            sums = sums || (a->minor + b->minor == total && a->line != b->line);
            for (guint k = 0; k < count && !sums; k++) {
                const Value *c = &g_array_index(values, Value, k);

                if (c->meaning == TAX && c->minor > 0)
                    sums = a->minor + b->minor + c->minor == total && a->line != b->line;
            }
        }
    }
    /* A run of unlabelled amounts above it, at the right end of their lines. */
    for (guint i = 0; !items && i < count; i++) {
        int64_t sum = 0;
        unsigned terms = 0;

        for (guint j = i; j < count && j < i + 80; j++) {
            const Value *one = &g_array_index(values, Value, j);

            if (!one->last || (one->meaning != NONE && one->meaning != DISCOUNT))
                continue;
            sum += one->minor;
            terms++;
            if (sum == total && terms >= 2) {
                items = true;
                break;
            }
            if (sum > total * 2)
                break;
        }
    }
    /* Where the tax is named as one, the row says nothing new. */
    bool row = !(added && rate) && row_leads_to(text, values, total);

    return (unsigned)cash + (unsigned)added + (unsigned)rate + (unsigned)items + (unsigned)sums +
           (unsigned)row;
}

static Total *
total_of(GArray *totals, int64_t minor)
{
    for (guint i = 0; i < totals->len; i++) {
        Total *total = &g_array_index(totals, Total, i);

        if (total->minor == minor)
            return total;
    }
    Total total = {.minor = minor};

    g_array_append_val(totals, total);
    return &g_array_index(totals, Total, totals->len - 1);
}

static double
doubt_of(const DnFieldText *text, const Value *value)
{
    double doubt = 0;

    if (value->number->doubtful)
        doubt += 0.8;
    if (text->recognised)
        doubt += value->seen < 0.4 ? 0.9 : value->seen < 0.7 ? 0.4 : 0;
    if (!value->money)
        doubt += 1.0;
    return doubt;
}

/* True where @value is all that stands on its line, and the paper says what it is for or to whom it
 * was given beside it: the amount of a receipt on a form, which has no label. */
static bool
is_headline(const DnFieldText *text, const Value *value)
{
    static const char *const around[] = {"但", "上記", "正に", "様", "御中", "税込"};
    enum { LINES = 3, LETTERS_MOST = 3 };
    unsigned letters = 0;
    unsigned first = value->line->index - MIN(value->line->index, LINES - 1);

    if (!text->japanese || !value->number->marked || value->number->doubtful ||
        value->line->numbers->len > 1)
        return false;
    for (const char *p = value->line->plain; *p; p = g_utf8_next_char(p))
        letters += p - value->line->plain < (gssize)value->number->from ||
                           p - value->line->plain >= (gssize)value->number->to
                       ? g_unichar_isalpha(g_utf8_get_char(p))
                       : 0;
    for (unsigned i = first; letters <= LETTERS_MOST && i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);

        if (i > value->line->index + LINES || line->page != value->line->page)
            break;
        for (guint w = 0; w < G_N_ELEMENTS(around); w++)
            if (strstr(line->folded, around[w]))
                return true;
    }
    return false;
}

/* What the place, size and label of one number say for its being the total. */
static double
evidence_of(const DnFieldText *text, const Value *value, int64_t largest, unsigned after_change)
{
    double evidence = -3.0;
    double height = value->box.height / text->height_px;

    if (value->meaning == TOTAL) {
        evidence = value->weight >= 2 ? value->weight + 0.4 : value->weight - 1.4;
        if (value->table && value->weight >= 2)
            evidence -= 1.5;
        if (after_change > 0)
            evidence -= 1.0;
        if (value->line->place < 0.12 && value->weight < 2)
            evidence -= 0.5;
    } else if (value->minor == largest && value->meaning == NONE) {
        evidence += 1.2;
    } else if (value->meaning == SUBTOTAL || value->meaning == TENDER) {
        evidence -= 0.6;
    }
    if (height >= LARGE)
        evidence += MIN(1.2, 0.7 * height - 0.2);
    if (value->closed)
        evidence += value->meaning == TOTAL ? 0.6 : 2.4;
    if (value->number->marked && value->meaning != TOTAL)
        evidence += 0.3;
    if (value->meaning == NONE && !value->closed && is_headline(text, value))
        evidence += 2.4;
    return evidence - doubt_of(text, value);
}

static bool
may_be_total(const Value *value)
{
    return value->meaning == NONE || value->meaning == TOTAL || value->meaning == SUBTOTAL ||
           value->meaning == TENDER;
}

static void
gather(const DnFieldText *text, const GArray *values, GArray *totals)
{
    int64_t largest = 0;
    unsigned after_change = 0;
    bool change = false;

    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        if (value->money && (value->meaning == NONE || value->meaning == TOTAL))
            largest = MAX(largest, value->minor);
        change = change || (value->meaning == CHANGE && value->minor != 0);
    }
    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        if (value->meaning == CHANGE)
            after_change++;
        if (!may_be_total(value) || value->minor == 0)
            continue;
        double evidence = evidence_of(text, value, largest, after_change);

        /* Paid without change: what was handed over is the total. */
        if (value->meaning == TENDER && !change)
            evidence += 1.2;
        Total *total = total_of(totals, value->minor);

        if (!total->place || evidence > total->evidence) {
            total->evidence = evidence;
            total->place = value;
        }
        if (value->meaning == TOTAL && value->weight >= 2) {
            total->labels++;
            total->label = MAX(total->label, value->weight);
        }
        if (value->number->other > 0) {
            Total *other = total_of(totals, value->number->other);

            if (!other->place) {
                other->place = value;
                other->evidence = evidence - 2.0;
                other->other = true;
            }
        }
    }
}

static bool
rounding_between(const DnFieldText *text, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autoptr(GArray) hits =
            dn_labels_find(line, 0, line->plain_size, labels, G_N_ELEMENTS(labels));

        for (guint h = 0; h < hits->len; h++)
            if (g_array_index(hits, DnLabelHit, h).label->meaning == ROUNDING)
                return true;
    }
    return false;
}

/* To the next multiple of the smallest coin, of five. */
static int64_t
rounded_to_coin(int64_t minor)
{
    int64_t rest = minor % 5;

    return rest <= 2 ? minor - rest : minor + 5 - rest;
}

/* A total that is rounded to the next coin a few lines below is not what was paid. Where the
 * rounded one was not read, it follows. */
static void
follow_rounding(const DnFieldText *text, GArray *totals)
{
    enum { NEAR_LINES = 7 };
    unsigned end = text->lines->len;
    guint count = totals->len;

    if (dn_money_scale(text->currency) != 2)
        return;
    for (guint i = 0; i < count; i++) {
        Total *before = &g_array_index(totals, Total, i);
        unsigned line = before->place->line->index;
        bool found = false;

        if (before->label < 2 || before->minor % 5 == 0 ||
            !rounding_between(text, line, MIN(line + NEAR_LINES, end)))
            continue;
        for (guint j = 0; j < count; j++) {
            Total *after = &g_array_index(totals, Total, j);
            unsigned below = after->place->line->index;

            if (after == before || after->minor % 5 != 0 || below < line ||
                !near(after->minor, before->minor, 4) ||
                !rounding_between(text, line, MIN(below + 1, end)))
                continue;
            after->evidence = MAX(after->evidence, before->evidence) + 0.8;
            after->label = MAX(after->label, before->label);
            found = true;
        }
        double evidence = before->evidence;
        Total rounded = {.minor = rounded_to_coin(before->minor),
                         .evidence = evidence + 0.4,
                         .label = before->label,
                         .labels = before->labels,
                         .place = before->place,
                         .derived = true};

        before->evidence -= 2.0;
        if (!found && rounded.minor > 0 && totals->len < VALUES_MOST) {
            bool known = false;

            for (guint j = 0; j < totals->len && !known; j++) {
                Total *other = &g_array_index(totals, Total, j);

                known = other->minor == rounded.minor;
                if (known && other->evidence < rounded.evidence) {
                    other->evidence = rounded.evidence;
                    other->label = MAX(other->label, rounded.label);
                }
            }
            if (!known)
                g_array_append_val(totals, rounded);
        }
    }
}

/* What was handed over less what was given back, where each is printed once; 0 else. */
static int64_t
cash_total(const GArray *values)
{
    int64_t tender = 0;
    int64_t change = 0;

    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        if (value->minor == 0)
            continue;
        if (value->meaning == TENDER) {
            if (tender != 0 && tender != value->minor)
                return 0;
            tender = value->minor;
        } else if (value->meaning == CHANGE) {
            if (change != 0 && change != ABS(value->minor))
                return 0;
            change = ABS(value->minor);
        }
    }
    return tender > change && change > 0 ? tender - change : 0;
}

static bool
is_known(const GArray *totals, int64_t minor)
{
    for (guint i = 0; i < totals->len; i++)
        if (g_array_index(totals, Total, i).minor == minor)
            return true;
    return false;
}

/* The labelled total whose head was not read, of which @minor is the whole: 48,730 for 730. */
static const Value *
stub_of(const DnFieldText *text, const GArray *values, int64_t minor)
{
    if (!text->recognised || dn_money_scale(text->currency) > 0)
        return NULL;
    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);
        size_t digits = 0;
        int64_t unit = 1;

        if (value->meaning != TOTAL || value->weight < 1 || value->number->grouped)
            continue;
        for (size_t at = value->number->from; at < value->number->to; at++)
            digits += g_ascii_isdigit(value->line->plain[at]) ? 1 : 0;
        /* In kanji, the ten thousands were not read: 弐千円 of 壱万弐千円. */
        if (digits == 0 && value->number->doubtful && value->minor >= 1000 && value->minor < 10000)
            digits = 4;
        for (size_t d = 0; d < digits; d++)
            unit *= 10;
        if ((digits == 3 || (digits == 4 && value->number->doubtful && value->number->marked)) &&
            minor > value->minor && minor < unit * 10000 && minor % unit == value->minor)
            return value;
    }
    return NULL;
}

static void
derive_stub(const DnFieldText *text, const GArray *values, int64_t minor, GArray *totals)
{
    const Value *stub = stub_of(text, values, minor);

    if (!stub || is_known(totals, minor) || totals->len >= VALUES_MOST)
        return;
    Total total = {.minor = minor, .evidence = 0.4, .place = stub, .derived = true};

    g_array_append_val(totals, total);
}

/* What a subtotal and the taxes make, where the total was read without its head. */
static void
derive_heads(const DnFieldText *text, const GArray *values, GArray *totals)
{
    for (guint i = 0; i < values->len; i++) {
        const Value *part = &g_array_index(values, Value, i);

        /* The totals of which this is the tax at ten percent, the fraction cut off. */
        if (part->meaning == TAX && part->minor >= 100)
            for (int64_t rest = 0; rest <= 10; rest++)
                derive_stub(text, values, part->minor * 11 + rest, totals);
        if (part->meaning != SUBTOTAL || part->minor <= 0)
            continue;
        derive_stub(text, values, part->minor + part->minor / 10, totals);
        derive_stub(text, values, part->minor + part->minor * 8 / 100, totals);
        for (guint j = 0; j < values->len; j++) {
            const Value *tax = &g_array_index(values, Value, j);

            if (tax->meaning != TAX || tax->minor <= 0)
                continue;
            derive_stub(text, values, part->minor + tax->minor, totals);
            for (guint k = j + 1; k < values->len; k++) {
                const Value *second = &g_array_index(values, Value, k);

                if (second->meaning == TAX && second->minor > 0)
                    derive_stub(text, values, part->minor + tax->minor + second->minor, totals);
            }
        }
    }
}

static void
derive_one(const DnFieldText *text, const GArray *values, int64_t minor, unsigned least,
           GArray *totals)
{
    if (minor <= 0 || is_known(totals, minor) || totals->len >= VALUES_MOST)
        return;
    unsigned proofs = proofs_of(text, values, minor);
    Total total = {.minor = minor, .evidence = proofs > 1 ? -0.8 : -1.8};

    if (proofs >= least)
        g_array_append_val(totals, total);
}

/* True when a total that is @minor but for the smallest coin was read. */
static bool
is_nearly_known(const GArray *totals, int64_t minor)
{
    for (guint i = 0; i < totals->len; i++)
        if (near(g_array_index(totals, Total, i).minor, minor, 4))
            return true;
    return false;
}

/* A base and the tax that its rate makes of it, side by side or the tax named as one. */
static void
derive_from_rates(const DnFieldText *text, const GArray *values, GArray *totals)
{
    for (guint i = 0; i < values->len; i++) {
        const Value *base = &g_array_index(values, Value, i);

        if (!may_be_base(base))
            continue;
        for (guint j = 0; j < values->len; j++) {
            const Value *tax = &g_array_index(values, Value, j);

            if (i != j && (tax->line == base->line || tax->meaning == TAX) &&
                is_tax_of(text, base->minor, tax->minor) &&
                !is_nearly_known(totals, base->minor + tax->minor))
                derive_one(text, values, base->minor + tax->minor, 1, totals);
        }
    }
}

/* Totals that were not read, but that the other amounts lead to: cash less change, the bases of
 * the rates, a base and its tax. */
static void
derive(const DnFieldText *text, const GArray *values, GArray *totals)
{
    derive_one(text, values, cash_total(values), 1, totals);
    derive_heads(text, values, totals);
    for (guint i = 0; i < values->len; i++) {
        const Value *first = &g_array_index(values, Value, i);

        if (first->meaning != SUBTOTAL || first->weight < 2)
            continue;
        for (guint j = i + 1; j < values->len; j++) {
            const Value *second = &g_array_index(values, Value, j);

            if (second->meaning == SUBTOTAL && second->weight >= 2 && second->line != first->line)
                derive_one(text, values, first->minor + second->minor, 2, totals);
        }
    }
    if (text->recognised)
        derive_from_rates(text, values, totals);
}

/* The bases of both rates together: no total is less. 0 unless each is printed once. */
static int64_t
sum_of_bases(const GArray *values)
{
    static const char *const rates[] = {"8%", "10%"};
    int64_t sum = 0;

    for (size_t r = 0; r < G_N_ELEMENTS(rates); r++) {
        const Value *base = NULL;

        for (guint i = 0; i < values->len; i++) {
            const Value *value = &g_array_index(values, Value, i);
            const char *at = strstr(value->line->plain, rates[r]);

            if (value->meaning != SUBTOTAL || value->weight < 2 || !value->money || !at ||
                (at > value->line->plain && g_ascii_isdigit(at[-1])))
                continue;
            if (base)
                return 0;
            base = value;
        }
        if (!base || base->minor <= 0)
            return 0;
        sum += base->minor;
    }
    return sum;
}

/* Of one length, and one digit differs: the other was read for it. */
static bool
one_digit_differs(int64_t a, int64_t b)
{
    unsigned differ = 0;

    for (; a > 0 && b > 0; a /= 10, b /= 10)
        differ += a % 10 != b % 10;
    return a == 0 && b == 0 && differ == 1;
}

/* A labelled total that nothing bears out, and one that a base and its tax make, which differs in
 * one digit: that digit was misread. A tax cannot tell amounts apart that are nearly the same,
 * unless their sum is printed too. */
static void
correct_digits(const DnFieldText *text, GArray *totals)
{
    enum { APART_LEAST = 50 };

    if (!text->recognised || dn_money_scale(text->currency) == 0)
        return;
    for (guint i = 0; i < totals->len; i++) {
        Total *made = &g_array_index(totals, Total, i);

        if (made->proofs == 0 || made->label > 0)
            continue;
        for (guint j = 0; j < totals->len; j++) {
            Total *read = &g_array_index(totals, Total, j);

            if (read->proofs > 0 || read->label < 2 || read->evidence < made->evidence ||
                !one_digit_differs(read->minor, made->minor) ||
                (!made->place && near(read->minor, made->minor, APART_LEAST - 1)))
                continue;
            made->evidence = read->evidence + 0.6;
            made->place = made->place ? made->place : read->place;
            made->derived = true;
            read->evidence -= 1.6;
        }
    }
}

/* The end of a total whose head was not read, where the whole was paid or is the base of a rate. */
static void
doubt_stubs(const DnFieldText *text, const GArray *values, GArray *totals)
{
    for (guint w = 0; w < totals->len; w++) {
        Total *whole = &g_array_index(totals, Total, w);
        const Value *stub = stub_of(text, values, whole->minor);
        bool borne_out = false;

        for (guint i = 0; stub && i < values->len; i++) {
            const Value *value = &g_array_index(values, Value, i);

            borne_out = borne_out || (value->minor == whole->minor &&
                                      (value->meaning == TENDER || value->meaning == SUBTOTAL));
        }
        if (borne_out)
            whole->evidence += 1.2;
        for (guint t = 0; borne_out && t < totals->len; t++) {
            Total *total = &g_array_index(totals, Total, t);

            if (total->minor == stub->minor && total->proofs == 0)
                total->evidence -= 2.4;
        }
    }
}

/* What was given back is less than what was handed over: one that is as much is a balance to be
 * paid, by the other meaning of the word. */
static void
settle_balances(GArray *values)
{
    static const double BALANCE = 2.6;
    bool labelled = false;

    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        labelled = labelled || (value->meaning == TOTAL && value->weight >= 2);
    }
    for (guint i = 0; !labelled && i < values->len; i++) {
        Value *balance = &g_array_index(values, Value, i);

        for (guint j = 0; balance->meaning == CHANGE && balance->minor > 0 && j < values->len;
             j++) {
            const Value *paid = &g_array_index(values, Value, j);

            if (paid->meaning != TENDER || paid->minor != balance->minor)
                continue;
            balance->meaning = TOTAL;
            balance->weight = BALANCE;
        }
    }
}

/* The only amount of money of the document; 0 when there are several, or none, or where labels say
 * more. */
static int64_t
only_amount(const GArray *values)
{
    int64_t only = 0;

    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        if (value->meaning == SUBTOTAL || (value->meaning == TOTAL && !value->money))
            return 0;
        if (!value->money || value->meaning == OTHER || value->meaning == TAX || value->minor == 0)
            continue;
        /* Beside other numbers it is of a table, a size or a count. */
        if ((only != 0 && value->minor != only) || value->number->doubtful ||
            value->line->numbers->len > 1)
            return 0;
        only = value->minor;
    }
    return only;
}

/* A total that is followed by a tax, and then by the sum of both, was without it. */
static void
follow_tax(const GArray *values, GArray *totals)
{
    static const double COST = 3.0;

    for (guint i = 0; i < totals->len; i++) {
        Total *before = &g_array_index(totals, Total, i);
        bool taxed = false;

        if (!before->place || before->minor <= 0 || before->place->table)
            continue;
        for (guint t = 0; t < values->len && !taxed; t++) {
            const Value *tax = &g_array_index(values, Value, t);

            if (tax->meaning != TAX || tax->minor <= 0 || tax->minor * 3 > before->minor ||
                tax->line->index <= before->place->line->index)
                continue;
            for (guint v = t + 1; v < values->len && !taxed; v++) {
                const Value *sum = &g_array_index(values, Value, v);

                taxed = sum->money && may_be_total(sum) && sum->line->index > tax->line->index &&
                        sum->minor == before->minor + tax->minor;
            }
        }
        if (taxed)
            before->evidence -= COST;
    }
}

/* Another total of the document, and an amount that lies between the two: points that were used, a
 * balance that was carried over. Which of them is asked for is a person's to say. */
static bool
is_contested(const GArray *values, const GArray *totals, const Total *total)
{
    for (guint i = 0; i < totals->len; i++) {
        const Total *other = &g_array_index(totals, Total, i);
        int64_t between = ABS(other->minor - total->minor);

        if (between == 0 || other->label < PLAIN || !other->place || other->place->table)
            continue;
        for (guint v = 0; v < values->len; v++) {
            const Value *value = &g_array_index(values, Value, v);

            if ((value->meaning == OTHER || value->meaning == DISCOUNT) &&
                (value->money || value->minor < 0) && ABS(value->minor) == between)
                return true;
        }
    }
    return false;
}

static void
confirm(const DnFieldText *text, const GArray *values, GArray *totals)
{
    int64_t cash = cash_total(values);
    bool cash_seen = false;
    bool discounted = false;
    int64_t largest = 0;
    int64_t bases = sum_of_bases(values);
    int64_t subtotal = bases;
    int64_t only = only_amount(values);

    for (guint i = 0; i < values->len; i++) {
        const Value *value = &g_array_index(values, Value, i);

        discounted = discounted || value->meaning == DISCOUNT || value->minor < 0;
        if (value->number->marked && value->meaning == NONE && !value->number->doubtful)
            largest = MAX(largest, value->minor);
        if (value->meaning == SUBTOTAL && value->money)
            subtotal = MAX(subtotal, value->minor);
    }
    for (guint t = 0; t < totals->len; t++)
        cash_seen = cash_seen || (g_array_index(totals, Total, t).minor == cash && cash > 0);
    follow_rounding(text, totals);
    follow_tax(values, totals);
    derive(text, values, totals);
    for (guint t = 0; t < totals->len; t++) {
        Total *total = &g_array_index(totals, Total, t);
        bool paid = false;
        bool part = false;
        bool handed_over = false;

        total->proofs = proofs_of(text, values, total->minor);
        for (guint i = 0; i < values->len; i++) {
            const Value *value = &g_array_index(values, Value, i);

            if (value->minor != total->minor)
                continue;
            paid = paid || (value->meaning == TENDER && value != total->place);
            handed_over = handed_over || value->meaning == TENDER;
            part = part || value->meaning == TAX || value->meaning == CHANGE ||
                   value->meaning == ROUNDING;
        }
        if (total->label > 0)
            total->evidence += total->proofs > 1 ? 2.6 : total->proofs > 0 ? 1.8 : 0;
        else
            total->evidence += total->proofs > 2   ? 4.6
                               : total->proofs > 1 ? 3.6
                               : total->proofs > 0 ? 1.9
                                                   : 0;
        if (stub_of(text, values, total->minor))
            total->evidence += 2.0;
        total->evidence += MIN(total->labels > 0 ? total->labels - 1 : 0, 2) * 0.7;
        if (paid)
            total->evidence += total->label > 0 ? 0.9 : 1.2;
        if (bases > 0 && handed_over && total->minor == bases)
            total->evidence += 1.6;
        if (part)
            total->evidence -= 0.8;
        if (cash_seen && total->minor != cash && !near(total->minor, cash, 4))
            total->evidence -= 1.2;
        /* A total is not less than one of its parts. */
        if (!discounted && total->minor > 0 && total->minor < subtotal)
            total->evidence -= 1.6;
        else if (!discounted && total->minor > 0 && total->minor < largest)
            total->evidence -= 1.0;
        if (total->label == 0 && total->proofs == 0)
            total->evidence += only != 0 && total->minor == only ? 2.4 : -0.3;
        if (!text->recognised && total->label >= 2)
            total->evidence += 1.2;
    }
    correct_digits(text, totals);
    doubt_stubs(text, values, totals);
}

void
dn_read_amounts(const DnFieldText *text, DnField *out)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(Value));
    g_autoptr(GArray) totals = g_array_new(FALSE, FALSE, sizeof(Total));

    for (guint i = 0; i < text->lines->len; i++)
        collect_line(text, dn_field_text_line(text, i), values);
    settle_balances(values);
    gather(text, values, totals);
    confirm(text, values, totals);
    for (guint i = 0; i < totals->len; i++) {
        const Total *total = &g_array_index(totals, Total, i);
        double rival = -100;

        if (total->other && total->proofs == 0)
            continue;
        /* A number that nothing calls money: how many, or of which page. */
        if (total->place && !total->place->money && !total->derived && total->label == 0 &&
            total->proofs == 0)
            continue;
        for (guint j = 0; j < totals->len; j++)
            if (j != i)
                rival = MAX(rival, g_array_index(totals, Total, j).evidence);
        double lead = total->evidence - rival;
        double doubt = lead < 0 ? 1.2 : lead < 0.7 ? 1.4 : lead < 1.6 ? 0.7 : 0;
        double confidence = dn_score_confidence(total->evidence - doubt);

        if (confidence < 0.08)
            continue;
        DnCandidate *candidate =
            total->place ? dn_candidate_new(total->place->line, total->place->number->from,
                                            total->place->number->to)
                         : dn_candidate_new(NULL, 0, 0);

        candidate->number = total->minor;
        g_strlcpy(candidate->currency, text->currency, sizeof candidate->currency);
        /* Of pixels, a mark that the rest of the document does not bear out is another sign. */
        if (total->place && *total->place->number->currency && !text->recognised &&
            dn_money_scale(total->place->number->currency) == dn_money_scale(text->currency))
            g_strlcpy(candidate->currency, total->place->number->currency,
                      sizeof candidate->currency);
        /* Nothing but a label, read from pixels, is never beyond doubt. */
        if (text->recognised && total->proofs == 0 && total->labels < 2)
            confidence = MIN(confidence, 0.94);
        if (!total->place || total->derived)
            confidence = MIN(confidence, 0.9);
        if (is_contested(values, totals, total))
            confidence = MIN(confidence, 0.93);
        candidate->confidence = confidence;
        g_ptr_array_add(out->candidates, candidate);
    }
    dn_field_settle(out);
    /* A number that hardly anything speaks for is no amount, and no alternative to one; where
     * amounts have decimals, they speak for it. */
    if (out->candidates->len > 0 && dn_money_scale(text->currency) == 0 &&
        ((const DnCandidate *)g_ptr_array_index(out->candidates, 0))->confidence < OFFER_LEAST)
        g_ptr_array_set_size(out->candidates, 0);
}
