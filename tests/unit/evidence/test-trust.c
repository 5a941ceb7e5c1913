/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-trust.c - a trust list is read as it is written, or refused by name.
 */
#include "config.h"
#include "engine/evidence/trust.h"

#include <string.h>

#include "tests/unit/evidence/authority.h"

static void
assert_refused(const char *folder, const char *text, DnErrorCode wanted, const char *said)
{
    g_autofree char *path = g_build_filename(folder, "list.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnTrust) trust = NULL;

    write_text(folder, "list.conf", text);
    trust = dn_trust_load(path, &error);
    g_assert_null(trust);
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_cmpint(dn_error_code(error), ==, wanted);
    if (said)
        g_assert_nonnull(strstr(error->message, said));
}

static void
test_list_is_read(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autofree char *path = g_build_filename(folder, "list.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnTrust) trust = NULL;
    const DnTrustAuthority *authority = NULL;

    authority_init(folder, NULL);
    write_text(folder, "list.conf",
               "# a comment\n"
               "[authority 時刻認証局 one]\ncertificate=ca.pem\nfrom=2024-04-01\n"
               "accredited=false\n"
               "[authority two]\ncertificate=tsa.pem\nfrom=令和6年4月1日\nuntil=2034-12-31\n"
               "policy= 1.2.392.200 \naccredited=true\n");
    trust = dn_trust_load(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(dn_trust_count(trust), ==, 2);

    authority = dn_trust_peek(trust, 0);
    g_assert_cmpstr(authority->name, ==, "two");
    g_assert_true(authority->accredited);
    g_assert_cmpstr(authority->policy, ==, "1.2.392.200");
    g_assert_cmpint(authority->from.year, ==, 2024);
    g_assert_cmpint(authority->until.year, ==, 2034);

    authority = dn_trust_peek(trust, 1);
    g_assert_cmpstr(authority->name, ==, "時刻認証局 one");
    g_assert_false(authority->accredited);
    g_assert_null(authority->policy);
    g_assert_cmpint(authority->until.year, ==, 9999);
}

static void
test_slips_are_told(void)
{
    static const struct {
        const char *text;
        DnErrorCode code;
        const char *said;
    } slips[] = {
        {"[authority a]\ncertificate=ca.pem\nfrom=2024-01-01\naccredited=true\nunitl=2025-01-01\n",
         DN_ERROR_INVALID, "unitl"},
        {"[authority a]\ncertificate=ca.pem\naccredited=true\n", DN_ERROR_INVALID, "from"},
        {"[authority a]\ncertificate=ca.pem\nfrom=soon\naccredited=true\n", DN_ERROR_INVALID,
         "[authority a]"},
        {"[authority a]\ncertificate=ca.pem\nfrom=2025-01-01\nuntil=2024-12-31\naccredited=true\n",
         DN_ERROR_INVALID, "until"},
        {"[authority a]\ncertificate=ca.pem\nfrom=2024-01-01\n", DN_ERROR_INVALID, "accredited"},
        {"[authority a]\ncertificate=ca.pem\nfrom=2024-01-01\naccredited=maybe\n", DN_ERROR_INVALID,
         "accredited"},
        {"[authority a]\ncertificate=ca.pem\nfrom=2024-01-01\naccredited=true\npolicy=stamps\n",
         DN_ERROR_INVALID, "policy"},
        {"[authority a]\nfrom=2024-01-01\naccredited=true\n", DN_ERROR_INVALID, "certificate"},
        {"[authority a]\ncertificate=none.pem\nfrom=2024-01-01\naccredited=true\n",
         DN_ERROR_NOT_FOUND, "none.pem"},
        {"[authority a]\ncertificate=tsa.key\nfrom=2024-01-01\naccredited=true\n", DN_ERROR_INVALID,
         "PEM"},
        {"[authority a]\ncertificate=torn.pem\nfrom=2024-01-01\naccredited=true\n",
         DN_ERROR_INVALID, "PEM"},
        {"[authority a]\ncertificate=crowd.pem\nfrom=2024-01-01\naccredited=true\n", DN_ERROR_LIMIT,
         "crowd.pem"},
        {"[authority a]\ncertificate=.\nfrom=2024-01-01\naccredited=true\n", DN_ERROR_INVALID,
         NULL},
        {"[authority ]\ncertificate=ca.pem\nfrom=2024-01-01\naccredited=true\n", DN_ERROR_INVALID,
         NULL},
        {"[tsa]\ncertificate=ca.pem\n", DN_ERROR_INVALID, "[tsa]"},
        {"certificate=ca.pem\n", DN_ERROR_INVALID, NULL},
        {"[authority a\n", DN_ERROR_INVALID, NULL},
    };
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autofree char *good = g_build_filename(folder, "ca.pem", NULL);
    g_autofree char *pem = NULL;
    g_autofree char *torn = NULL;
    g_autoptr(GString) crowd = g_string_new(NULL);

    authority_init(folder, NULL);
    /* A good certificate, then half of one. */
    g_assert_true(g_file_get_contents(good, &pem, NULL, NULL));
    for (int i = 0; i < 20; i++)
        g_string_append(crowd, pem);
    write_text(folder, "crowd.pem", crowd->str);
    torn = g_strdup_printf("%s%.100s\n", pem, pem);
    write_text(folder, "torn.pem", torn);
    for (size_t i = 0; i < G_N_ELEMENTS(slips); i++)
        assert_refused(folder, slips[i].text, slips[i].code, slips[i].said);
}

static void
test_sizes_are_capped(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(GString) text = g_string_new(NULL);

    authority_init(folder, NULL);
    for (int i = 0; i < 300; i++)
        g_string_append_printf(
            text, "[authority %d]\ncertificate=ca.pem\nfrom=2024-01-01\naccredited=true\n", i);
    assert_refused(folder, text->str, DN_ERROR_LIMIT, NULL);
    for (int i = 0; i < 100000; i++)
        g_string_append(text, "# nothing here\n");
    assert_refused(folder, text->str, DN_ERROR_LIMIT, NULL);
}

static void
test_missing_list_is_not_found(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnTrust) trust = dn_trust_load("/nonexistent/trust.conf", &error);

    g_assert_null(trust);
    assert_code(error, NOT_FOUND);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence/trust/read", test_list_is_read);
    g_test_add_func("/evidence/trust/slips", test_slips_are_told);
    g_test_add_func("/evidence/trust/sizes", test_sizes_are_capped);
    g_test_add_func("/evidence/trust/missing", test_missing_list_is_not_found);
    return g_test_run();
}
