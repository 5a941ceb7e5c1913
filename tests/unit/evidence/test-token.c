/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-token.c - which tokens hold, and whose word they are.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/date.h"
#include "engine/evidence/token.h"
#include "tests/unit/evidence/authority.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_TST_INFO, TS_TST_INFO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_EXTENSION, X509_EXTENSION_free)

/* One authority and one token of it, made once for all tests here. */
static TempFolder *folder;
static GBytes *token;
static DnHash imprint;

static void
assert_corrupt(GBytes *bad, const DnHash *hash, const DnTrust *trust, const char *said)
{
    g_auto(DnTokenInfo) info = {.gen_time_utc_ms = 7};
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_token_verify(bad, hash, trust, &info, &error));
    g_assert_nonnull(error);
    if (said) {
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, said));
    }
    assert_code(error, CORRUPT);
    /* Out parameters are left alone. */
    g_assert_cmpint(info.gen_time_utc_ms, ==, 7);
    g_assert_null(info.serial);
}

static void
assert_trusted(GBytes *good, const DnTrust *trust, bool trusted, bool accredited)
{
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_token_verify(good, &imprint, trust, &info, &error));
    g_assert_no_error(error);
    g_assert_cmpint(info.trusted, ==, trusted);
    g_assert_cmpint(info.accredited, ==, accredited);
}

static void
test_trust_nobody(void)
{
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_token_verify(token, &imprint, nobody, &info, &error));
    g_assert_no_error(error);
    g_assert_false(info.trusted);
    g_assert_false(info.accredited);
    g_assert_cmpstr(info.authority, ==, "CN=dencho test TSA (NON-ACCREDITED),O=dencho");
}

static void
test_trust_follows_the_list(void)
{
    static const struct {
        const char *lines;
        bool trusted;
        bool accredited;
    } lists[] = {
        {"certificate=ca.pem\nfrom=2020-01-01\naccredited=true", true, true},
        {"certificate=ca.pem\nfrom=2020-01-01\naccredited=false", true, false},
        {"certificate=tsa.pem\nfrom=2020-01-01\naccredited=true", true, true},
        {"certificate=ca.pem\nfrom=2020-01-01\nuntil=2020-12-31\naccredited=true", false, false},
        {"certificate=ca.pem\nfrom=2999-01-01\naccredited=true", false, false},
        {"certificate=ca.pem\nfrom=2020-01-01\npolicy=1.2.3\naccredited=true", false, false},
        {"certificate=ca.pem\nfrom=2020-01-01\naccredited=true\n"
         "policy=2.25.118059162071741130342591466862047354001",
         true, true},
        /* The accredited entry for the same certificate wins, wherever it stands. */
        {"certificate=ca.pem\nfrom=2020-01-01\naccredited=false\n"
         "[authority again]\ncertificate=ca.pem\nfrom=2020-01-01\naccredited=true",
         true, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(DnTrust) trust = trust_of(folder, lists[i].lines);

        assert_trusted(token, trust, lists[i].trusted, lists[i].accredited);
    }
}

static void
test_dates_are_inclusive_days_in_japan(void)
{
    static const struct {
        int from;
        int until;
        bool trusted;
    } spans[] = {{0, 0, true}, {-1, 0, true}, {0, 1, true}, {1, 2, false}, {-2, -1, false}};
    /* 2020-01-01 15:00 in UTC is the first second of January 2 in Japan. */
    int32_t day = dn_date_to_days(&(DnDate){.year = 2020, .month = 1, .day = 2});
    g_autoptr(TempFolder) old = temp_folder_new();
    g_autoptr(GBytes) stamp = NULL;

    authority_init(old, "--valid-from 2020-01-01 --days 3");
    stamp = authority_stamp(old, "--clock 2020-01-01T15:00:00.000Z", &imprint);
    for (size_t i = 0; i < G_N_ELEMENTS(spans); i++) {
        char from[DN_DATE_TEXT + 1];
        char until[DN_DATE_TEXT + 1];
        g_autofree char *lines = NULL;
        g_autoptr(DnTrust) trust = NULL;
        DnDate first = dn_date_from_days(day + spans[i].from);
        DnDate last = dn_date_from_days(day + spans[i].until);

        dn_date_format(&first, from);
        dn_date_format(&last, until);
        lines =
            g_strdup_printf("certificate=ca.pem\nfrom=%s\nuntil=%s\naccredited=true", from, until);
        trust = trust_of(old, lines);
        assert_trusted(stamp, trust, spans[i].trusted, spans[i].trusted);
    }
}

static void
test_expired_certificate_holds_at_its_time(void)
{
    g_autoptr(TempFolder) old = temp_folder_new();
    g_autoptr(GBytes) stamp = NULL;
    g_autoptr(DnTrust) trust = NULL;
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;
    int64_t wanted_ms = 0;

    authority_init(old, "--valid-from 2020-01-01 --days 3");
    stamp = authority_stamp(old, "--clock 2020-01-02T03:04:05.006Z", &imprint);
    trust = authority_trust(old);
    g_assert_true(dn_token_verify(stamp, &imprint, trust, &info, &error));
    g_assert_no_error(error);
    g_assert_true(info.trusted);
    g_assert_true(dn_clock_parse("2020-01-02T03:04:05.006Z", &wanted_ms, &error));
    g_assert_cmpint(info.gen_time_utc_ms, >=, wanted_ms);
    g_assert_cmpint(info.gen_time_utc_ms, <, wanted_ms + 60000);
}

static void
test_another_authority_is_not_trusted(void)
{
    g_autoptr(TempFolder) other = temp_folder_new();
    g_autoptr(DnTrust) trust = NULL;

    /* Same names, other keys. */
    authority_init(other, NULL);
    trust = authority_trust(other);
    assert_trusted(token, trust, false, false);
}

static void
test_another_hash_is_corrupt(void)
{
    g_autoptr(DnTrust) trust = authority_trust(folder);
    DnHash other = imprint;

    other.bytes[31] ^= 1;
    assert_corrupt(token, &other, trust, "another hash");
}

static void
test_frame_must_be_whole(void)
{
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);
    g_autoptr(GByteArray) longer = g_byte_array_new();
    g_autoptr(GBytes) more = NULL;
    g_autoptr(GBytes) huge =
        g_bytes_new_take(g_malloc0(2 * DN_TOKEN_MAX_BYTES), 2 * DN_TOKEN_MAX_BYTES);

    for (size_t cut = 0; cut < size; cut += 1 + cut / 16) {
        g_autoptr(GBytes) less = g_bytes_new(bytes, cut);

        assert_corrupt(less, &imprint, nobody, NULL);
    }
    g_byte_array_append(longer, bytes, (guint)size);
    g_byte_array_append(longer, (const guint8 *)"", 1);
    more = g_byte_array_free_to_bytes(g_steal_pointer(&longer));
    assert_corrupt(more, &imprint, nobody, "behind its end");
    assert_corrupt(huge, &imprint, nobody, NULL);
}

/* Each single bit: what is signed must fail, and what is not signed must not change what is said.
 * Most of the rest is the embedded root, which nobody signs but itself. */
static void
test_flipped_bits_change_nothing_that_is_said(void)
{
    g_autoptr(DnTrust) trust = authority_trust(folder);
    g_auto(DnTokenInfo) truth = {0};
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);
    size_t held = 0;
    size_t distrusted = 0;

    g_assert_true(dn_token_verify(token, &imprint, trust, &truth, NULL));
    for (size_t at = 0; at < size; at++) {
        g_autofree uint8_t *changed = g_memdup2(bytes, size);
        g_autoptr(GBytes) bad = NULL;
        g_auto(DnTokenInfo) info = {0};

        changed[at] ^= (uint8_t)(1u << at % 8);
        bad = g_bytes_new(changed, size);
        if (!dn_token_verify(bad, &imprint, trust, &info, NULL))
            continue;
        held++;
        g_assert_cmpint(info.gen_time_utc_ms, ==, truth.gen_time_utc_ms);
        g_assert_cmpstr(info.serial, ==, truth.serial);
        g_assert_cmpstr(info.policy, ==, truth.policy);
        if (info.trusted)
            g_assert_cmpstr(info.authority, ==, truth.authority);
        else
            distrusted++;
    }
    g_test_message("%zu of %zu flips do not show; %zu of them cost the trust", held, size,
                   distrusted);
    g_assert_cmpuint(held, <, size / 2);
}

static void
run_openssl(const char *hex, const char *token_path, const char *ca_path, const char *pem_path,
            int wanted)
{
    const char *command[] = {"openssl",    "ts",       "-verify",   "-digest", hex,
                             "-in",        token_path, "-token_in", "-CAfile", ca_path,
                             "-untrusted", pem_path,   NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = -1;

    g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status,
                 &error);
    g_assert_no_error(error);
    g_test_message("%s%s", out, err);
    g_assert_cmpint(WIFEXITED(status) && WEXITSTATUS(status) == 0, ==, wanted);
}

static void
test_stock_openssl_agrees(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = g_find_program_in_path("openssl");
    g_autofree char *hex = dn_hex(imprint.bytes, DN_SHA256_BYTES);
    g_autofree char *token_path = g_build_filename(folder, "token.der", NULL);
    g_autofree char *pem_path = g_build_filename(folder, "chain.pem", NULL);
    g_autofree char *ca_path = g_build_filename(folder, "ca.pem", NULL);
    g_autofree char *pem = dn_token_certificates_pem(token, &error);

    g_assert_no_error(error);
    g_assert_nonnull(strstr(pem, "-----BEGIN CERTIFICATE-----"));
    if (!found) {
        g_test_skip("openssl(1) is not here");
        return;
    }
    write_text(folder, "chain.pem", pem);
    g_assert_true(g_file_set_contents(token_path, g_bytes_get_data(token, NULL),
                                      (gssize)g_bytes_get_size(token), NULL));
    run_openssl(hex, token_path, ca_path, pem_path, true);
    hex[0] = hex[0] == '0' ? '1' : '0';
    run_openssl(hex, token_path, ca_path, pem_path, false);
}

static void
test_signer_is_the_first_certificate(void)
{
    g_autofree char *pem = dn_token_certificates_pem(token, NULL);
    g_autofree char *tsa_path = g_build_filename(folder, "tsa.pem", NULL);
    g_autofree char *ca_path = g_build_filename(folder, "ca.pem", NULL);
    g_autofree char *tsa = NULL;
    g_autofree char *ca = NULL;
    g_autofree char *both = NULL;
    g_autoptr(GBytes) junk = g_bytes_new_static("junk", 4);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_get_contents(tsa_path, &tsa, NULL, NULL));
    g_assert_true(g_file_get_contents(ca_path, &ca, NULL, NULL));
    both = g_strconcat(tsa, ca, NULL);
    g_assert_cmpstr(pem, ==, both);
    g_assert_null(dn_token_certificates_pem(junk, &error));
    assert_code(error, CORRUPT);
}

/* --- threads --- */

enum { THREADS = 4, ROUNDS = 25 };

static void *
verify_often(void *data)
{
    const DnTrust *trust = data;

    for (int i = 0; i < ROUNDS; i++)
        assert_trusted(token, trust, true, false);
    return NULL;
}

static void
test_threads_share_a_trust_list(void)
{
    g_autoptr(DnTrust) trust = authority_trust(folder);
    GThread *threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("verify", verify_often, trust);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
}

/* --- tokens that nobody would issue --- */

typedef struct {
    const char *usage; /* (nullable) extended key usage */
    const EVP_MD *digest;
    bool names_signer;
    bool embeds_signer;
    int content_nid;
    int extra;        /* certificates that have nothing to do with it */
    const char *said; /* (nullable) NULL: it holds */
    int signatures;   /* 0 counts as 1 */
} Forgery;

static X509 *
forged_certificate(EVP_PKEY *key, const char *usage, int serial)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"forger\r\n\033[31m", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    if (usage) {
        g_autoptr(X509_EXTENSION) extension =
            X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);

        X509_add_ext(certificate, extension, -1);
    }
    g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
    return certificate;
}

/* What the good token says. */
static TS_TST_INFO *
info_of_token(void)
{
    const uint8_t *at = g_bytes_get_data(token, NULL);
    g_autoptr(CMS_ContentInfo) good = d2i_CMS_ContentInfo(NULL, &at, (long)g_bytes_get_size(token));
    const ASN1_OCTET_STRING *content = *CMS_get0_content(good);

    at = ASN1_STRING_get0_data(content);
    return d2i_TS_TST_INFO(NULL, &at, ASN1_STRING_length(content));
}

/* @info (NULL: what is no TSTInfo), signed by a key of our own. */
static GBytes *
forge(const Forgery *how, TS_TST_INFO *info)
{
    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    g_autoptr(X509) certificate = forged_certificate(key, how->usage, 1);
    g_autoptr(CMS_ContentInfo) bad = NULL;
    g_autoptr(BIO) in = BIO_new(BIO_s_mem());
    unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | (how->names_signer ? CMS_CADES : 0) |
                     (how->embeds_signer ? 0 : CMS_NOCERTS);
    unsigned char *der = NULL;
    int size = 0;
    GBytes *bytes = NULL;

    if (info) {
        size = i2d_TS_TST_INFO(info, &der);
        BIO_write(in, der, size);
        OPENSSL_free(der);
        der = NULL;
    } else {
        BIO_puts(in, "no TSTInfo");
    }
    bad = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
    for (int i = 0; i < MAX(1, how->signatures); i++)
        g_assert_nonnull(
            CMS_add1_signer(bad, certificate, key, how->digest, flags | (i > 0 ? CMS_NOCERTS : 0)));
    for (int i = 0; i < how->extra; i++) {
        g_autoptr(X509) other = forged_certificate(key, NULL, 2 + i);

        g_assert_cmpint(CMS_add1_cert(bad, other), ==, 1);
    }
    g_assert_cmpint(CMS_set1_eContentType(bad, OBJ_nid2obj(how->content_nid)), ==, 1);
    g_assert_cmpint(CMS_final(bad, in, NULL, CMS_BINARY), ==, 1);
    size = i2d_CMS_ContentInfo(bad, &der);
    bytes = g_bytes_new(der, (size_t)size);
    OPENSSL_free(der);
    return bytes;
}

static void
test_forgeries(void)
{
    const Forgery forgeries[] = {
        {"critical,timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 0, NULL},
        {"critical,timeStamping", EVP_sha512(), true, true, NID_id_smime_ct_TSTInfo, 0, NULL},
        {"critical,timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 20, NULL},
        {"critical,timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 64,
         "more than 64"},
        {"timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 0, "time-stamping"},
        {"critical,timeStamping,codeSigning", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 0,
         "time-stamping"},
        {NULL, EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 0, "time-stamping"},
        {"critical,timeStamping", EVP_sha256(), false, true, NID_id_smime_ct_TSTInfo, 0, "name"},
        {"critical,timeStamping", EVP_sha1(), true, true, NID_id_smime_ct_TSTInfo, 0, "weak"},
        {"critical,timeStamping", EVP_sha256(), true, false, NID_id_smime_ct_TSTInfo, 0,
         "signature"},
        {"critical,timeStamping", EVP_sha256(), true, true, NID_pkcs7_data, 0, "not a time-stamp"},
        {"critical,timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo, 0,
         "2 signatures", 2},
    };
    g_autoptr(TS_TST_INFO) info = info_of_token();
    g_autoptr(DnTrust) trust = authority_trust(folder);

    for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        g_autoptr(GBytes) forged = forge(&forgeries[i], info);

        if (forgeries[i].said) {
            assert_corrupt(forged, &imprint, trust, forgeries[i].said);
        } else {
            g_auto(DnTokenInfo) told = {0};

            /* It holds as far as it goes, and it is nobody's word. */
            g_assert_true(dn_token_verify(forged, &imprint, trust, &told, NULL));
            g_assert_false(told.trusted);
            g_assert_true(g_str_has_prefix(told.authority, "CN=forger"));
            for (const char *c = told.authority; *c; c++)
                g_assert_false(g_ascii_iscntrl(*c));
        }
    }
}

static Forgery
honestly(void)
{
    return (Forgery){"critical,timeStamping", EVP_sha256(), true, true, NID_id_smime_ct_TSTInfo};
}

static void
test_times(void)
{
    static const struct {
        const char *suffix; /* behind the seconds */
        int ms;             /* -1: malformed */
    } times[] = {{"Z", 0},         {".5Z", 500},    {".05Z", 50},
                 {".1239Z", 123},  {".000001Z", 0}, {"", -1},
                 {".Z", -1},       {".5", -1},      {"+0900", -1},
                 {".5+0900Z", -1}, {"0Z", -1},      {"..5Z", -1},
                 {".5.5Z", -1},    {"ZZ", -1},      {" Z", -1},
                 {",5Z", -1},      {".5ZZ", -1},    {".0123456789012345678901234567890Z", -1}};
    static const char *const never[] = {"20261301000000Z",
                                        "20260230000000Z",
                                        "20260101240000Z",
                                        "20260101006000Z",
                                        "20260101000061Z",
                                        "00000101000000Z",
                                        "2026-01-01T00Z",
                                        "Z",
                                        ""};
    Forgery how = honestly();
    g_autoptr(TS_TST_INFO) info = info_of_token();
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    ASN1_GENERALIZEDTIME *time = (ASN1_GENERALIZEDTIME *)TS_TST_INFO_get_time(info);
    g_autofree char *seconds = g_strndup((const char *)ASN1_STRING_get0_data(time), 14);
    g_auto(DnTokenInfo) truth = {0};

    g_assert_true(dn_token_verify(token, &imprint, nobody, &truth, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *text = g_strconcat(seconds, times[i].suffix, NULL);
        g_autoptr(GBytes) forged = NULL;
        g_auto(DnTokenInfo) told = {0};

        ASN1_STRING_set(time, text, -1);
        forged = forge(&how, info);
        if (times[i].ms < 0) {
            assert_corrupt(forged, &imprint, nobody, NULL);
        } else {
            g_assert_true(dn_token_verify(forged, &imprint, nobody, &told, NULL));
            g_assert_cmpint(told.gen_time_utc_ms, ==,
                            truth.gen_time_utc_ms / 1000 * 1000 + times[i].ms);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(never); i++) {
        g_autoptr(GBytes) forged = NULL;

        ASN1_STRING_set(time, never[i], -1);
        forged = forge(&how, info);
        assert_corrupt(forged, &imprint, nobody, "its time is malformed");
    }
}

static void
test_odd_contents(void)
{
    Forgery how = honestly();
    g_autoptr(TS_TST_INFO) info = info_of_token();
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    g_autoptr(GBytes) junk = forge(&how, NULL);
    g_autoptr(GBytes) versioned = NULL;
    g_autoptr(GBytes) endless = NULL;
    ASN1_INTEGER *serial = (ASN1_INTEGER *)TS_TST_INFO_get_serial(info);
    g_autofree char *digits = g_strnfill(100, 'x');

    assert_corrupt(junk, &imprint, nobody, "no TSTInfo");
    TS_TST_INFO_set_version(info, 2);
    versioned = forge(&how, info);
    assert_corrupt(versioned, &imprint, nobody, "version 2");
    TS_TST_INFO_set_version(info, 1);
    ASN1_STRING_set(serial, digits, -1);
    endless = forge(&how, info);
    assert_corrupt(endless, &imprint, nobody, "serial number");
}

/* A list that trusts a certificate which may do neither is a slip, and says so. */
static void
test_anchor_must_issue_or_stamp(void)
{
    static const char *const usages[] = {NULL, "critical,codeSigning", "timeStamping"};
    g_autofree char *pem_path = g_build_filename(folder, "anchor.pem", NULL);
    g_autofree char *list_path = g_build_filename(folder, "anchor.conf", NULL);

    write_text(folder, "anchor.conf",
               "[authority a]\ncertificate=anchor.pem\nfrom=2020-01-01\naccredited=true\n");
    for (size_t i = 0; i < G_N_ELEMENTS(usages); i++) {
        g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
        g_autoptr(X509) certificate = forged_certificate(key, usages[i], 1);
        g_autoptr(BIO) out = BIO_new_file(pem_path, "w");
        g_autoptr(DnTrust) trust = NULL;
        g_autoptr(GError) error = NULL;

        PEM_write_bio_X509(out, certificate);
        g_clear_pointer(&out, BIO_free_all);
        trust = dn_trust_load(list_path, &error);
        g_assert_null(trust);
        assert_code(error, INVALID);
    }
}

/* --- tokens of others --- */

typedef struct {
    const char *file;
    const char *chain;
    const char *text; /* what was stamped; NULL: the mock's payload */
    int digest_nid;
    bool holds;
    bool trusted;
} Vector;

static char *
timestamps_folder(void)
{
    const char *source = g_getenv("DENCHO_SRCDIR");

    return g_build_filename(source ? source : ".", "..", "shared", "data", "timestamps", NULL);
}

static GBytes *
token_of_response(const char *path)
{
    g_autofree char *bytes = NULL;
    size_t size = 0;
    g_autoptr(TS_RESP) response = NULL;
    const uint8_t *at = NULL;
    unsigned char *der = NULL;
    int length = 0;
    GBytes *out = NULL;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    at = (const uint8_t *)bytes;
    response = d2i_TS_RESP(NULL, &at, (long)size);
    g_assert_nonnull(response);
    length = i2d_PKCS7(TS_RESP_get_token(response), &der);
    g_assert_cmpint(length, >, 0);
    out = g_bytes_new(der, (size_t)length);
    OPENSSL_free(der);
    return out;
}

static void
check_vector(const char *data, const Vector *vector)
{
    g_autofree char *path = g_build_filename(data, vector->file, NULL);
    g_autofree char *lines =
        g_strdup_printf("certificate=%s/%s\nfrom=2020-01-01\naccredited=true", data, vector->chain);
    g_autoptr(GBytes) theirs = token_of_response(path);
    g_autoptr(DnTrust) trust = trust_of(folder, lines);
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *payload_path = g_build_filename(data, "sigstore.mock", "payload", NULL);
    g_autofree char *payload = NULL;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    size_t text_size = 0;

    if (vector->text) {
        payload = g_strdup(vector->text);
        text_size = strlen(payload);
    } else {
        g_assert_true(g_file_get_contents(payload_path, &payload, &text_size, NULL));
    }
    EVP_Digest(payload, text_size, hash, &size, EVP_get_digestbynid(vector->digest_nid), NULL);
    bool holds = dn_token_verify_imprint(theirs, &(DnTokenImprint){vector->digest_nid, hash, size},
                                         trust, 0, &info, &error);
    g_test_message("%s: %s", vector->file, holds ? info.authority : error->message);
    g_assert_cmpint(holds, ==, vector->holds);
    if (holds)
        g_assert_cmpint(info.trusted, ==, vector->trusted);
}

static void
test_tokens_of_others(void)
{
    static const char sigstage[] = "sigstage/ts_chain.pem";
    static const char local[] = "test_tsa/ts_chain.pem";
    static const char mock[] = "sigstore.mock/ts_chain.pem";
    static const Vector vectors[] = {
        {"sigstage/response-sha256.tsr", sigstage, "hello", NID_sha256, true, true},
        {"sigstage/response-sha384.tsr", sigstage, "hello", NID_sha384, true, true},
        {"sigstage/response-sha512.tsr", sigstage, "hello", NID_sha512, true, true},
        {"sigstage/response-no-embedded-cert.tsr", sigstage, "hello", NID_sha256, true, true},
        {"sigstage/response-no-embedded-cert.tsr", local, "hello", NID_sha256, false, false},
        {"sigstage/response-invalid-signature.tsr", sigstage, "hello", NID_sha256, false, false},
        {"sigstage/response-sha256.tsr", sigstage, "hallo", NID_sha256, false, false},
        {"sigstage/response-sha384.tsr", sigstage, "hello", NID_sha256, false, false},
        {"test_tsa/response.tsr", local, "hello", NID_sha512, true, true},
        {"test_tsa/response.tsr", sigstage, "hello", NID_sha512, true, false},
        {"test_tsa/other_response.tsr", local, "hello", NID_sha512, true, false},
        {"test_tsa/response-injected-certs.tsr", local, "hello", NID_sha512, true, true},
        /* Its certificate ended in 2024, its serial number is negative; its text is in a file. */
        {"sigstore.mock/response-expired.tsr", mock, NULL, NID_sha256, true, true},
    };
    g_autofree char *data = timestamps_folder();

    if (!g_file_test(data, G_FILE_TEST_IS_DIR)) {
        g_test_skip("the collection of time stamps is not here");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++)
        check_vector(data, &vectors[i]);
}

/* A commercial service, its root kept as DER, an intermediate in the token. */
static void
test_token_of_a_public_service(void)
{
    g_autofree char *data = timestamps_folder();
    g_autofree char *root_path = g_build_filename(data, "identrust", "ts_chain.pem", NULL);
    g_autofree char *path = g_build_filename(data, "identrust", "issue-104.tsr", NULL);
    g_autofree char *pem_path = g_build_filename(folder, "identrust.pem", NULL);
    g_autofree char *der = NULL;
    g_autoptr(X509) root = NULL;
    g_autoptr(BIO) out = NULL;
    g_autoptr(GBytes) theirs = NULL;
    g_autoptr(DnTrust) trust = NULL;
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) error = NULL;
    const uint8_t *at = NULL;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_size = 0;
    size_t size = 0;

    if (!g_file_get_contents(root_path, &der, &size, NULL)) {
        g_test_skip("the collection of time stamps is not here");
        return;
    }
    at = (const uint8_t *)der;
    root = d2i_X509(NULL, &at, (long)size);
    out = BIO_new_file(pem_path, "w");
    g_assert_cmpint(PEM_write_bio_X509(out, root), ==, 1);
    g_clear_pointer(&out, BIO_free_all);

    theirs = token_of_response(path);
    trust = trust_of(folder, "certificate=identrust.pem\nfrom=2020-01-01\naccredited=false");
    EVP_Digest("hello", 5, hash, &hash_size, EVP_sha512(), NULL);
    g_assert_true(dn_token_verify_imprint(theirs, &(DnTokenImprint){NID_sha512, hash, hash_size},
                                          trust, 0, &info, &error));
    g_assert_no_error(error);
    g_assert_true(info.trusted);
    g_assert_cmpstr(info.policy, ==, "2.16.840.1.113839.0.6.13.3");
}

int
main(int argc, char **argv)
{
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    folder = temp_folder_new();
    imprint = dn_hash(DN_HASH_SHA256, "voucher", 7);
    authority_init(folder, NULL);
    token = authority_stamp(folder, NULL, &imprint);

    g_test_add_func("/evidence/token/nobody", test_trust_nobody);
    g_test_add_func("/evidence/token/list", test_trust_follows_the_list);
    g_test_add_func("/evidence/token/days", test_dates_are_inclusive_days_in_japan);
    g_test_add_func("/evidence/token/expired", test_expired_certificate_holds_at_its_time);
    g_test_add_func("/evidence/token/another-authority", test_another_authority_is_not_trusted);
    g_test_add_func("/evidence/token/another-hash", test_another_hash_is_corrupt);
    g_test_add_func("/evidence/token/frame", test_frame_must_be_whole);
    g_test_add_func("/evidence/token/flips", test_flipped_bits_change_nothing_that_is_said);
    g_test_add_func("/evidence/token/openssl", test_stock_openssl_agrees);
    g_test_add_func("/evidence/token/pem", test_signer_is_the_first_certificate);
    g_test_add_func("/evidence/token/threads", test_threads_share_a_trust_list);
    g_test_add_func("/evidence/token/forgeries", test_forgeries);
    g_test_add_func("/evidence/token/times", test_times);
    g_test_add_func("/evidence/token/odd-contents", test_odd_contents);
    g_test_add_func("/evidence/token/anchor", test_anchor_must_issue_or_stamp);
    g_test_add_func("/evidence/token/others", test_tokens_of_others);
    g_test_add_func("/evidence/token/public-service", test_token_of_a_public_service);
    status = g_test_run();
    g_bytes_unref(token);
    temp_folder_free(folder);
    return status;
}
