/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-fold.c - which names and words are the same.
 */
#include "config.h"
#include "index/party.h"
#include "index/query.h"
#include "index/text.h"

#include <string.h>

typedef struct {
    const char *written;
    const char *same;
} Pair;

static void
test_names_that_are_the_same(void)
{
    static const Pair pairs[] = {
        {"株式会社山田商店", "山田商店"},
        {"山田商店株式会社", "㈱山田商店"},
        {"㈱山田商店", "（株）山田商店"},
        {"(株) 山田商店", "山田商店（株）"},
        {"株式會社山田商店", "山田商店"},
        {"有限会社 タナカ", "㈲たなか"},
        {"(有)タナカ", "ユ)ﾀﾅｶ"},
        {"ｶ)ﾔﾏﾀﾞｼﾖｳﾃﾝ", "ヤマダショウテン"},
        {"ﾔﾏﾀﾞｼﾖｳﾃﾝ(ｶ", "やまだしょうてん"},
        {"ﾔﾏﾀﾞ(ｶ)ｼﾃﾝ", "ヤマダシテン"},
        {"合同会社サンプル", "(同)サンプル"},
        {"カブシキガイシャ ヤマダ", "ヤマダ"},
        {"医療法人社団 桜会", "櫻会"},
        {"特定非営利活動法人みらい", "NPO法人ミライ"},
        {"一般社団法人テスト", "(一社)テスト"},
        {"キヤノン株式会社", "キャノン"},
        {"シャチハタ", "シヤチハタ"},
        {"サーバー商会", "サーバ商會"},
        {"コンピューター", "ｺﾝﾋﾟｭｰﾀｰ"},
        {"ＡＢＣ商事", "abc商事"},
        {"ABC Trading Co., Ltd.", "abc trading"},
        {"ABC Trading Co.,Ltd", "ABC TRADING CO LTD"},
        {"Yamada K.K.", "YAMADA"},
        {"Amazon.com, Inc.", "amazon com"},
        {"Acme LLC", "acme"},
        {"Café Zürich", "CAFE ZURICH"},
        {"髙島屋", "高島屋"},
        {"髙嶋屋", "高島屋"},
        {"山﨑製パン", "山崎製パン"},
        {"斎藤", "斉藤"},
        {"齋藤", "齊藤"},
        {"渡邊", "渡辺"},
        {"渡邉", "渡辺"},
        {"澤田", "沢田"},
        {"濵田", "浜田"},
        {"廣瀨", "広瀬"},
        {"𠮷野家", "吉野家"},
        {"佐々木", "佐佐木"},
        {"セブン-イレブン", "セブン・イレブン"},
        {"セブン‐イレブン", "セブンイレブン"},
        {"ローソン　東京駅店", "ローソン 東京驛店"},
        {"関ヶ原", "関ケ原"},
        {"ヱビス", "エビス"},
        {"ﾊﾟﾅｿﾆｯｸ", "ぱなそにっく"},
        {"A&B", "Ａ＆Ｂ"},
        {"株式会社カ", "カ"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *a = dn_party_fold(pairs[i].written);
        g_autofree char *b = dn_party_fold(pairs[i].same);
        g_autofree char *again = dn_party_fold(a);

        g_assert_cmpstr(a, ==, b);
        g_assert_cmpstr(again, ==, a);
        g_assert_cmpuint(strlen(a), >, 0);
    }
}

static void
test_names_that_are_not(void)
{
    static const Pair pairs[] = {
        {"山田商店", "山田商会"}, {"ハナ", "バナ"},     {"カ", "ガ"},
        {"ABC", "ABD"},           {"コメダ", "コダマ"}, {"日立", "日立造船"},
        {"有田", "田"},           {"同仁", "仁"},       {"Colt", "t"},
        {"Incubator", "ubator"},  {"シナノ", "ナノ"},   {"学生堂", "生堂"},
        {"株山", "山"},           {"Sapporo", "Porto"}, {"東", "柬"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *a = dn_party_fold(pairs[i].written);
        g_autofree char *b = dn_party_fold(pairs[i].same);

        g_assert_cmpstr(a, !=, b);
    }
}

static void
test_nothing_but_a_legal_form_is_kept(void)
{
    g_autofree char *form = dn_party_fold("株式会社");
    g_autofree char *bracketed = dn_party_fold("(株)");
    g_autofree char *latin = dn_party_fold("Co., Ltd.");
    g_autofree char *nothing = dn_party_fold(" ・- ");

    g_assert_cmpstr(form, ==, "株式会社");
    g_assert_cmpstr(bracketed, ==, "株");
    g_assert_cmpstr(latin, ==, "coltd");
    g_assert_cmpstr(nothing, ==, "");
}

static void
test_hostile_names_are_cut(void)
{
    g_autofree char *many = g_strnfill(1 << 20, '(');
    g_autofree char *letters = g_strnfill(1 << 16, 'a');
    g_autoptr(GString) kanji = g_string_new(NULL);
    g_autofree char *a = dn_party_fold(many);
    g_autofree char *b = dn_party_fold(letters);
    g_autofree char *c = dn_party_fold("\xff\xfe\xe3\x81");
    g_autofree char *d = NULL;

    for (int i = 0; i < 1000; i++)
        g_string_append(kanji, "山");
    d = dn_party_fold(kanji->str);
    g_assert_cmpstr(a, ==, "");
    g_assert_cmpuint(strlen(b), ==, 192);
    g_assert_true(g_utf8_validate(c, -1, NULL));
    g_assert_true(g_utf8_validate(d, -1, NULL));
    g_assert_cmpuint(strlen(d), ==, 192);
}

/* What takes the square of its length would take hours. */
static void
test_hostile_texts_take_linear_time(void)
{
    enum { COUNT = 1 << 20 };
    g_autofree char *spaces = g_strnfill(COUNT, ' ');
    g_autofree char *letters = g_strnfill(COUNT, 'x');
    g_autoptr(GString) marks = g_string_new("e");
    g_autoptr(GPtrArray) of_spaces = dn_text_tokens(spaces);
    g_autoptr(GPtrArray) of_letters = dn_text_tokens(letters);
    g_autoptr(GPtrArray) of_marks = NULL;
    g_autofree char *name = NULL;
    g_autofree char *number = NULL;

    for (int i = 0; i < COUNT / 4; i++)
        g_string_append(marks, i % 2 ? "\xcc\xa3" : "\xcc\x81"); /* below, above */
    of_marks = dn_text_tokens(marks->str);
    name = dn_party_fold(marks->str);
    number = dn_party_number(marks->str);
    g_assert_cmpuint(of_spaces->len, ==, 0);
    g_assert_cmpuint(of_letters->len, ==, 1);
    g_assert_cmpuint(of_marks->len, ==, 1);
    g_assert_cmpstr(name, ==, "e");
    g_assert_null(number);
}

static void
test_registration_numbers(void)
{
    static const Pair pairs[] = {
        {"T1234567890123", "T1234567890123"},
        {"t1234567890123", "T1234567890123"},
        {"Ｔ１２３４５６７８９０１２３", "T1234567890123"},
        {" T 1-2345-6789-0123 ", "T1234567890123"},
        {"T123456789012", NULL},
        {"T12345678901234", NULL},
        {"1234567890123", NULL},
        {"TT234567890123", NULL},
        {"T1234567890123 Inc", NULL},
        {"東京", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *number = dn_party_number(pairs[i].written);

        g_assert_cmpstr(number, ==, pairs[i].same);
    }
}

static char *
tokens_joined(const char *text)
{
    g_autoptr(GPtrArray) tokens = dn_text_tokens(text);

    g_ptr_array_add(tokens, NULL);
    return g_strjoinv(" ", (char **)tokens->pdata);
}

static void
test_tokens_of_a_text(void)
{
    static const Pair cases[] = {
        {"領収書", "領収 収書 書"},
        {"領 収 書", "領収 収書 書"},
        {"ｶﾀｶﾅ", "カタ タカ カナ ナ"},
        {"ひらがな", "ヒラ ラガ ガナ ナ"},
        {"合計 10,800円", "合計 計 10800 円"},
        {"¥１０，８００-", "10800"},
        {"Hello, WORLD hello", "hello world"},
        {"Zürich café", "zurich cafe"},
        {"東京abc駅", "東京 京 abc 駅"},
        {"1,2 , 3", "12 3"},
        {"東 京\n都", "東京 京 都"},
        {"領　収", "領収 収"},
        {"", ""},
        {" \n\t・", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *joined = tokens_joined(cases[i].written);

        g_assert_cmpstr(joined, ==, cases[i].same);
    }
    g_autofree char *none = tokens_joined(NULL);
    g_assert_cmpstr(none, ==, "");
}

static void
test_terms_of_a_query(void)
{
    g_autoptr(GPtrArray) pairs = dn_text_terms("領収書 10,800");
    g_autoptr(GPtrArray) two = dn_text_terms("消費税　用紙");
    g_autoptr(GPtrArray) one = dn_text_terms("円");
    DnTextTerm *term = NULL;

    g_assert_cmpuint(pairs->len, ==, 3);
    for (guint i = 0; i < pairs->len; i++)
        g_assert_false(((DnTextTerm *)g_ptr_array_index(pairs, i))->prefix);
    g_assert_cmpuint(one->len, ==, 1);
    term = g_ptr_array_index(one, 0);
    g_assert_true(term->prefix);
    g_assert_cmpstr(term->token, ==, "円");
    g_assert_cmpuint(two->len, ==, 3); /* words need not be neighbours */
    g_assert_cmpstr(((DnTextTerm *)g_ptr_array_index(two, 2))->token, ==, "用紙");
}

/* Data that is kept beside the project, when it is there. */
static void
test_legal_forms_of_the_table(void)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path = g_build_filename(source ? source : ".", "..", "shared", "data",
                                             "ja-companies", "legal-forms.tsv", NULL);
    g_autofree char *content = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &content, NULL, NULL)) {
        g_test_skip("no table of legal forms beside the project");
        return;
    }
    lines = g_strsplit(content, "\n", -1);
    for (size_t i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);
        g_auto(GStrv) written = g_strsplit(columns[1], " ", -1);
        g_auto(GStrv) bank = g_strsplit(columns[2], " ", -1);
        g_autofree char *full = g_strconcat(columns[0], "山田", NULL);
        g_autofree char *folded = dn_party_fold(full);

        g_assert_cmpstr(folded, ==, "山田");
        for (size_t k = 0; written[k]; k++) {
            g_autofree char *before = g_strconcat(written[k], " 山田", NULL);
            g_autofree char *after = g_strconcat("山田 ", written[k], NULL);
            g_autofree char *a = dn_party_fold(before);
            g_autofree char *b = dn_party_fold(after);

            g_assert_cmpstr(a, ==, "山田");
            g_assert_cmpstr(b, ==, "山田");
        }
        for (size_t k = 0; bank[k]; k++) {
            bool last = *bank[k] == '(' && !g_str_has_suffix(bank[k], ")");
            g_autofree char *name =
                last ? g_strconcat("ヤマダ", bank[k], NULL) : g_strconcat(bank[k], "ヤマダ", NULL);
            g_autofree char *a = dn_party_fold(name);

            g_assert_cmpstr(a, ==, "ヤマダ");
        }
    }
}

/* Of real companies: the name without its form, and the form at either end, are one name. */
static void
test_companies_of_the_table(void)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path = g_build_filename(source ? source : ".", "..", "shared", "data",
                                             "ja-companies", "companies.tsv", NULL);
    g_autofree char *content = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &content, NULL, NULL)) {
        g_test_skip("no table of companies beside the project");
        return;
    }
    lines = g_strsplit(content, "\n", -1);
    for (size_t i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);
        g_autofree char *folded = dn_party_fold(columns[1]);
        g_autoptr(GString) bare = g_string_new(columns[1]);
        g_autofree char *moved = NULL;
        g_autofree char *moved_folded = NULL;

        g_string_replace(bare, "株式会社", "", 0);
        moved = g_strconcat("㈱ ", bare->str, NULL);
        moved_folded = dn_party_fold(moved);
        g_assert_cmpstr(folded, ==, moved_folded);
        g_assert_cmpuint(strlen(folded), >, 0);
    }
}

static void
test_phrases_are_compared_folded(void)
{
    static const struct {
        const char *text;
        const char *query;
        bool found;
    } cases[] = {
        {"登録番号 T123", "\"登録番号\"", true},
        {"登 録 番 号", "\"登録番号\"", true}, /* as recognition spaces it */
        {"登録の番号", "\"登録番号\"", false},
        {"番号登録", "“登録番号”", false},
        {"ｺｰﾋｰ ２杯", "\"コーヒー 2杯\"", true},
        {"Coffee Shop", "\"coffee shop\"", true},
        {"coffeeshop", "\"coffee\"", false},
        {"shop, coffee", "\"coffee shop\"", false},
        {"合計 10,800円", "\"合計 10800\"", true},
        {"合計 108001", "\"10800\"", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) phrases = dn_text_phrases(cases[i].query);
        g_autofree char *flat = dn_text_flat(cases[i].text);

        g_assert_cmpuint(phrases->len, ==, 1);
        g_assert_true(!!dn_text_find_phrase(flat, g_ptr_array_index(phrases, 0)) == cases[i].found);
    }
    g_autoptr(GPtrArray) open = dn_text_phrases("a \"b c");
    g_autoptr(GPtrArray) needles = dn_text_needles("消費税 \"a b\" coffee");

    g_assert_cmpuint(open->len, ==, 0);
    g_assert_cmpuint(needles->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(needles, 1), ==, "a b");
}

static char *
drawn_text(int chars)
{
    static const char *const alphabet[] = {"領", "収", "書",     "a",  "é",      "1",
                                           ",",  "、", " ",      "\n", "ー",     "ッ",
                                           "か", "ｶ",  "\u3099", "々", "\u3000", "-"};
    GString *text = g_string_new(NULL);

    for (int i = 0; i < chars; i++)
        g_string_append(text, alphabet[g_test_rand_int_range(0, G_N_ELEMENTS(alphabet))]);
    return g_string_free(text, FALSE);
}

static bool
has_token(const char *text, const char *phrase)
{
    g_autoptr(GPtrArray) terms = dn_text_terms(phrase);
    g_autoptr(GPtrArray) tokens = dn_text_tokens(text);
    const DnTextTerm *term = g_ptr_array_index(terms, 0);

    for (guint i = 0; i < tokens->len; i++)
        if (term->prefix ? g_str_has_prefix(g_ptr_array_index(tokens, i), term->token)
                         : strcmp(g_ptr_array_index(tokens, i), term->token) == 0)
            return true;
    return false;
}

/* A phrase of one token is answered without its text: it must not matter. */
static void
test_one_token_is_its_phrase(void)
{
    unsigned met = 0;

    for (int i = 0; i < 20000; i++) {
        g_autofree char *raw = drawn_text(1 + i % 3);
        g_autofree char *phrase = dn_text_flat(raw);
        g_autofree char *text = drawn_text(12);
        g_autofree char *flat = dn_text_flat(text);
        bool found = *phrase && dn_text_find_phrase(flat, phrase);

        if (!*phrase || !dn_text_is_token(phrase))
            continue;
        if (has_token(text, phrase) != found)
            g_test_message("phrase '%s', text '%s'", phrase, flat);
        g_assert_true(has_token(text, phrase) == found);
        met += found;
    }
    g_assert_cmpuint(met, >, 1000);
    g_assert_true(dn_text_is_token("領収"));
    g_assert_true(dn_text_is_token("coffee"));
    g_assert_false(dn_text_is_token("領収書"));
    g_assert_false(dn_text_is_token("coffee shop"));
    g_assert_false(dn_text_is_token("abcdefghijabcdefghijabcdefghijab"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fold/same", test_names_that_are_the_same);
    g_test_add_func("/fold/different", test_names_that_are_not);
    g_test_add_func("/fold/form-only", test_nothing_but_a_legal_form_is_kept);
    g_test_add_func("/fold/hostile", test_hostile_names_are_cut);
    g_test_add_func("/fold/hostile-text", test_hostile_texts_take_linear_time);
    g_test_add_func("/fold/number", test_registration_numbers);
    g_test_add_func("/fold/tokens", test_tokens_of_a_text);
    g_test_add_func("/fold/terms", test_terms_of_a_query);
    g_test_add_func("/fold/phrases", test_phrases_are_compared_folded);
    g_test_add_func("/fold/one-token", test_one_token_is_its_phrase);
    g_test_add_func("/fold/table/forms", test_legal_forms_of_the_table);
    g_test_add_func("/fold/table/companies", test_companies_of_the_table);
    return g_test_run();
}
