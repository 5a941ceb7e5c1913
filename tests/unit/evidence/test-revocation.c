/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-revocation.c - signers that were revoked, and those that were not: by
 * lists and answers of the authority that dencho-tsa makes, and by those of others.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/evidence/authority.h"

enum { TIMEOUT_MS = 20000 };

static const char stamped_at[] = "--clock 2026-03-10T12:00:00.000Z";
static const char valid[] = "--valid-from 2026-01-01 --days 10000";

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

typedef struct {
    TempFolder *folder;
    DnHash imprint;
    GBytes *token;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->folder = temp_folder_new();
    f->imprint = dn_hash(DN_HASH_SHA256, "voucher", 7);
    authority_init(f->folder, valid);
    f->token = authority_stamp(f->folder, stamped_at, &f->imprint);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_bytes_unref(f->token);
    temp_folder_free(f->folder);
}

static GBytes *
read_bytes(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    gsize size = 0;

    g_file_get_contents(path, &bytes, &size, &error);
    g_assert_no_error(error);
    return g_bytes_new_take(bytes, size);
}

/* (transfer full) The list of revoked certificates that the authority in @folder makes. */
static GBytes *
list_of(const char *folder, const char *arguments)
{
    authority_run("crl", folder, arguments);
    return read_bytes(folder, "ca.crl");
}

static int64_t
utc_ms(const char *text)
{
    int64_t ms = 0;

    g_assert_true(dn_clock_parse(text, &ms, NULL));
    return ms;
}

/* What a token says when only @proof (nullable) is known. NULL error: it holds. */
static DnRevocation
judge(const Fixture *f, DnProofKind kind, GBytes *proof, int64_t renewed_utc_ms, GError **error)
{
    g_autoptr(DnTrust) trust = authority_trust(f->folder);
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) problem = NULL;

    if (proof)
        g_assert_true(dn_trust_add_proof(trust, kind, proof, &problem));
    g_assert_no_error(problem);
    if (!dn_token_verify_until(f->token, &f->imprint, trust, renewed_utc_ms, &info, error))
        info.revocation.state = DN_REVOCATION_REVOKED;
    else
        g_assert_true(info.trusted);
    return info.revocation;
}

static DnRevocationState
by_list(const Fixture *f, const char *arguments)
{
    g_autoptr(GBytes) list = list_of(f->folder, arguments);
    g_autoptr(GError) error = NULL;
    DnRevocation said = judge(f, DN_PROOF_CRL, list, 0, &error);

    g_assert_true((said.state == DN_REVOCATION_REVOKED) == (error != NULL));
    if (error) {
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_CORRUPT);
        g_assert_nonnull(strstr(error->message, "REVOKED since"));
    }
    return said.state;
}

static void
test_R20_without_a_proof_it_is_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnRevocation said = judge(f, DN_PROOF_CRL, NULL, 0, &error);
    g_autofree char *text = dn_revocation_text(&said);

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpint(said.state, ==, DN_REVOCATION_UNKNOWN);
    g_assert_cmpstr(text, ==, "revocation unknown");
}

static void
test_R20_a_list_shows_that_a_signer_was_good(Fixture *f, gconstpointer data)
{
    g_autoptr(GBytes) later = list_of(f->folder, "--issued 2026-03-12T00:00:00.000Z");
    g_autoptr(GError) error = NULL;
    DnRevocation said = judge(f, DN_PROOF_CRL, later, 0, &error);
    g_autofree char *text = dn_revocation_text(&said);

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpint(said.state, ==, DN_REVOCATION_GOOD);
    g_assert_cmpint(said.as_of_utc_ms, ==, utc_ms("2026-03-12T00:00:00.000Z"));
    g_assert_cmpint(said.next_utc_ms, ==, utc_ms("2026-03-19T00:00:00.000Z"));
    g_assert_cmpstr(text, ==, "not revoked, by CRL of 2026-03-12T00:00:00.000Z");
    /* One that was current then, and one that was not any more. */
    g_assert_cmpint(by_list(f, "--issued 2026-03-09T00:00:00.000Z"), ==, DN_REVOCATION_GOOD);
    g_assert_cmpint(by_list(f, "--issued 2026-03-01T00:00:00.000Z"), ==, DN_REVOCATION_UNKNOWN);
    /* After the certificate has ended a list need not have it any more. */
    g_assert_cmpint(by_list(f, "--issued 2054-01-01T00:00:00.000Z"), ==, DN_REVOCATION_UNKNOWN);
}

static void
test_R20_a_signer_revoked_before_undoes_its_token(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(by_list(f, "--issued 2026-03-12T00:00:00.000Z --revoke superseded "
                               "--revoked-at 2026-03-10T11:00:00.000Z"),
                    ==, DN_REVOCATION_REVOKED);
    g_assert_cmpint(by_list(f, "--issued 2026-03-12T00:00:00.000Z --revoke superseded "
                               "--revoked-at 2026-03-10T13:00:00.000Z"),
                    ==, DN_REVOCATION_GOOD);
    g_assert_cmpint(by_list(f, "--issued 2026-03-12T00:00:00.000Z --revoke cessationOfOperation "
                               "--revoked-at 2026-03-11T00:00:00.000Z"),
                    ==, DN_REVOCATION_GOOD);
}

/* RFC 3161 section 4. */
static void
test_R20_a_key_in_other_hands_undoes_all_its_tokens(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(by_list(f, "--issued 2026-09-01T00:00:00.000Z --revoke keyCompromise "
                               "--revoked-at 2026-08-01T00:00:00.000Z"),
                    ==, DN_REVOCATION_REVOKED);
    g_assert_cmpint(by_list(f, "--issued 2026-09-01T00:00:00.000Z --revoke none "
                               "--revoked-at 2026-08-01T00:00:00.000Z"),
                    ==, DN_REVOCATION_REVOKED);
    g_autoptr(GBytes) list = read_bytes(f->folder, "ca.crl");
    g_autoptr(GError) error = NULL;

    /* But what was renewed before had been made by then. */
    DnRevocation before = judge(f, DN_PROOF_CRL, list, utc_ms("2026-07-31T00:00:00.000Z"), &error);

    g_assert_no_error(error);
    g_assert_cmpint(before.state, ==, DN_REVOCATION_GOOD);
    judge(f, DN_PROOF_CRL, list, utc_ms("2026-08-02T00:00:00.000Z"), &error);
    assert_code(error, CORRUPT);
}

static void
test_R20_only_the_issuer_can_revoke(Fixture *f, gconstpointer data)
{
    g_autoptr(TempFolder) other = temp_folder_new();
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    (void)data;
    /* Another authority of the same name: the signature is not the issuer's. */
    authority_init(other, valid);
    g_autoptr(GBytes) foreign =
        list_of(other, "--issued 2026-03-12T00:00:00.000Z --revoke keyCompromise");
    DnRevocation said = judge(f, DN_PROOF_CRL, foreign, 0, &error);

    g_assert_no_error(error);
    g_assert_cmpint(said.state, ==, DN_REVOCATION_UNKNOWN);

    g_autoptr(GBytes) own =
        list_of(f->folder, "--issued 2026-03-12T00:00:00.000Z --revoke keyCompromise");
    const char *bytes = g_bytes_get_data(own, &size);
    g_autofree char *forged = g_memdup2(bytes, size);

    forged[size - 1] ^= 1; /* of the signature */
    g_autoptr(GBytes) altered = g_bytes_new(forged, size);

    said = judge(f, DN_PROOF_CRL, altered, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpint(said.state, ==, DN_REVOCATION_UNKNOWN);
}

static void
test_hostile_bytes_are_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(DnTrust) trust = authority_trust(f->folder);
    g_autoptr(GBytes) list = list_of(f->folder, NULL);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) noise = g_bytes_new_static("\x30\x82\xff\xff noise", 10);
    g_autofree char *much = g_malloc0(DN_PROOF_MAX_BYTES + 1);
    g_autoptr(GBytes) large = g_bytes_new(much, DN_PROOF_MAX_BYTES + 1);
    gsize size = 0;
    const char *bytes = g_bytes_get_data(list, &size);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (int kind = DN_PROOF_CRL; kind <= DN_PROOF_CERTIFICATES; kind++) {
        g_assert_false(dn_trust_add_proof(trust, (DnProofKind)kind, empty, &error));
        assert_code(error, FORMAT);
        g_assert_false(dn_trust_add_proof(trust, (DnProofKind)kind, noise, &error));
        assert_code(error, FORMAT);
        g_assert_false(dn_trust_add_proof(trust, (DnProofKind)kind, large, &error));
        assert_code(error, LIMIT);
    }
    for (gsize cut = 1; cut < size; cut += 7) {
        g_autoptr(GBytes) part = g_bytes_new(bytes, cut);

        g_assert_false(dn_trust_add_proof(trust, DN_PROOF_CRL, part, &error));
        assert_code(error, FORMAT);
    }
    g_autofree char *longer = g_malloc0(size + 1);

    memcpy(longer, bytes, size);
    g_autoptr(GBytes) more = g_bytes_new(longer, size + 1);

    g_assert_false(dn_trust_add_proof(trust, DN_PROOF_CRL, more, &error));
    assert_code(error, FORMAT);
    g_assert_true(dn_trust_add_proof(trust, DN_PROOF_CRL, list, &error));
    g_assert_true(dn_trust_add_proof(trust, DN_PROOF_CRL, list, &error)); /* once is enough */
    g_assert_no_error(error);
}

/* --- OCSP --- */

static X509 *
read_certificate(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(BIO) in = BIO_new_file(path, "r");
    X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);

    g_assert_nonnull(certificate);
    return certificate;
}

static EVP_PKEY *
read_key(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(BIO) in = BIO_new_file(path, "r");
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

    g_assert_nonnull(key);
    return key;
}

typedef struct {
    int status; /* V_OCSP_CERTSTATUS_... */
    int reason;
    const char *since;
    const char *issued;
    X509 *responder; /* NULL: the issuer answers */
    EVP_PKEY *key;
} Answer;

static ASN1_TIME *
time_at(const char *text)
{
    return text ? ASN1_TIME_set(NULL, (time_t)(utc_ms(text) / 1000)) : NULL;
}

/* (transfer full) An OCSP response on the signer of @folder. */
static GBytes *
answer_of(const char *folder, const Answer *wanted)
{
    g_autoptr(X509) issuer = read_certificate(folder, "ca.pem");
    g_autoptr(X509) signer = read_certificate(folder, "tsa.pem");
    g_autoptr(EVP_PKEY) key = read_key(folder, "ca.key");
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), signer, issuer);
    ASN1_TIME *since = time_at(wanted->since);
    ASN1_TIME *issued = time_at(wanted->issued);
    OCSP_RESPONSE *response = NULL;
    unsigned char *der = NULL;
    int size = 0;

    g_assert_nonnull(
        OCSP_basic_add1_status(basic, id, wanted->status, wanted->reason, since, issued, NULL));
    /* It says that it was made now, which is while the certificates are valid. */
    g_assert_cmpint(OCSP_basic_sign(basic, wanted->responder ? wanted->responder : issuer,
                                    wanted->responder ? wanted->key : key, EVP_sha256(), NULL, 0),
                    ==, 1);
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    size = i2d_OCSP_RESPONSE(response, &der);
    g_assert_cmpint(size, >, 0);
    GBytes *bytes = g_bytes_new(der, (gsize)size);

    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(since);
    ASN1_TIME_free(issued);
    return bytes;
}

static DnRevocationState
by_answer(const Fixture *f, const Answer *wanted)
{
    g_autoptr(GBytes) answer = answer_of(f->folder, wanted);
    g_autoptr(GError) error = NULL;

    return judge(f, DN_PROOF_OCSP, answer, 0, &error).state;
}

/* (transfer full) A responder whose certificate the CA of @folder has made; with or without leave
 * to answer. */
static X509 *
make_responder(const char *folder, EVP_PKEY *key, bool may_answer)
{
    g_autoptr(X509) issuer = read_certificate(folder, "ca.pem");
    g_autoptr(EVP_PKEY) issuer_key = read_key(folder, "ca.key");
    X509 *made = X509_new();
    X509V3_CTX context;

    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 77);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               (const uint8_t *)"responder", -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(made), (time_t)(utc_ms("2026-01-02T00:00:00.000Z") / 1000));
    ASN1_TIME_set(X509_getm_notAfter(made), (time_t)(utc_ms("2050-01-01T00:00:00.000Z") / 1000));
    X509_set_pubkey(made, key);
    X509V3_set_ctx(&context, issuer, made, NULL, NULL, 0);
    X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, &context, NID_ext_key_usage,
                                                may_answer ? "OCSPSigning" : "serverAuth");

    g_assert_nonnull(usage);
    X509_add_ext(made, usage, -1);
    X509_EXTENSION_free(usage);
    g_assert_cmpint(X509_sign(made, issuer_key, EVP_sha256()), >, 0);
    return made;
}

static void
test_R20_an_answer_counts_as_a_list_does(Fixture *f, gconstpointer data)
{
    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    g_autoptr(X509) responder = make_responder(f->folder, key, true);
    g_autoptr(X509) nobody = make_responder(f->folder, key, false);
    Answer answer = {.status = V_OCSP_CERTSTATUS_GOOD, .issued = "2026-03-12T00:00:00.000Z"};

    (void)data;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_GOOD);
    answer.issued = "2026-03-09T00:00:00.000Z"; /* and it says nothing of how long it is good */
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_UNKNOWN);
    answer.issued = "2026-03-12T00:00:00.000Z";
    answer.status = V_OCSP_CERTSTATUS_UNKNOWN;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_UNKNOWN);
    answer.status = V_OCSP_CERTSTATUS_REVOKED;
    answer.since = "2026-03-11T00:00:00.000Z";
    answer.reason = OCSP_REVOKED_STATUS_SUPERSEDED;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_GOOD);
    answer.reason = OCSP_REVOKED_STATUS_KEYCOMPROMISE;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_REVOKED);
    answer.key = key;
    answer.responder = responder;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_REVOKED);
    answer.responder = nobody;
    g_assert_cmpint(by_answer(f, &answer), ==, DN_REVOCATION_UNKNOWN);
}

/* --- gathering --- */

static DnProofs *
gather(const Fixture *f, DnTrust *trust, const char *const *files, bool fetch)
{
    DnProofSources sources = {.files = files, .fetch = fetch, .timeout_ms = TIMEOUT_MS};
    g_autoptr(GError) error = NULL;
    DnProofs *proofs = dn_proofs_gather(f->token, trust, &sources, &error);

    g_assert_no_error(error);
    return proofs;
}

static void
test_files_are_proofs(Fixture *f, gconstpointer data)
{
    g_autoptr(DnTrust) trust = authority_trust(f->folder);
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    g_autofree char *path = g_build_filename(f->folder, "ca.crl", NULL);
    g_autofree char *key = g_build_filename(f->folder, "ca.key", NULL);
    const char *const files[] = {"/nonexistent/a.crl", key, path, NULL};
    const char *const useless[] = {key, NULL};

    (void)data;
    authority_run("crl", f->folder, "--issued 2026-03-11T00:00:00.000Z");
    g_assert_true(dn_token_is_revocable(f->token, trust));
    g_assert_false(dn_token_is_revocable(f->token, nobody));
    g_autoptr(DnProofs) none = gather(f, trust, useless, false);

    g_assert_cmpuint(none->crls->len, ==, 0);
    g_assert_cmpint(none->revocation.state, ==, DN_REVOCATION_UNKNOWN);
    g_assert_nonnull(none->problem);
    g_autoptr(DnProofs) proofs = gather(f, trust, files, false);

    g_assert_cmpuint(proofs->crls->len, ==, 1);
    g_assert_cmpint(proofs->revocation.state, ==, DN_REVOCATION_GOOD);
    g_assert_nonnull(g_strstr_len(g_bytes_get_data(proofs->chain, NULL),
                                  (gssize)g_bytes_get_size(proofs->chain), "BEGIN CERTIFICATE"));
    /* Whom the list does not know cannot make this program connect anywhere. */
    g_autoptr(DnProofs) foreign = gather(f, nobody, files, true);

    g_assert_null(foreign->chain);
    g_assert_cmpuint(foreign->crls->len, ==, 0);
}

/* A signer whose certificate says that its list is at @url. */
static void
stamp_with_list_at(Fixture *f, const char *option, const char *url)
{
    g_autofree char *arguments = g_strconcat(valid, " ", option, " ", url, NULL);

    temp_folder_free(f->folder);
    g_bytes_unref(f->token);
    f->folder = temp_folder_new();
    authority_init(f->folder, arguments);
    f->token = authority_stamp(f->folder, stamped_at, &f->imprint);
}

static void
test_lists_are_fetched_where_certificates_say(Fixture *f, gconstpointer data)
{
    g_autoptr(TempFolder) served = temp_folder_new();
    g_autofree char *copy = g_build_filename(served, "ca.crl", NULL);
    g_autoptr(Authority) server = NULL;
    g_autoptr(DnTrust) trust = NULL;
    g_autoptr(GError) error = NULL;

    (void)data;
    authority_init(served, NULL);
    server = authority_start(served, NULL);
    g_autofree char *url = g_strconcat(authority_url(server), "ca.crl", NULL);

    stamp_with_list_at(f, "--crl-url", url);
    trust = authority_trust(f->folder);
    g_autoptr(DnProofs) nothing = gather(f, trust, NULL, true);

    g_assert_cmpint(nothing->revocation.state, ==, DN_REVOCATION_UNKNOWN);
    g_assert_nonnull(strstr(nothing->problem, "HTTP 404"));
    g_autoptr(GBytes) list = list_of(f->folder, "--issued 2026-03-11T00:00:00.000Z");
    gsize size = 0;
    const char *bytes = g_bytes_get_data(list, &size);

    g_assert_true(g_file_set_contents(copy, bytes, (gssize)size, &error));
    g_autoptr(DnProofs) offline = gather(f, trust, NULL, false);

    g_assert_cmpuint(offline->crls->len, ==, 0);
    g_autoptr(DnProofs) proofs = gather(f, trust, NULL, true);

    g_assert_cmpint(proofs->revocation.state, ==, DN_REVOCATION_GOOD);
    g_assert_true(g_bytes_equal(g_ptr_array_index(proofs->crls, 0), list));
    /* The list knows it from now on. */
    g_auto(DnTokenInfo) info = {0};

    g_assert_true(dn_token_verify(f->token, &f->imprint, trust, &info, &error));
    g_assert_cmpint(info.revocation.state, ==, DN_REVOCATION_GOOD);
}

static void
test_what_a_server_says_is_not_believed(Fixture *f, gconstpointer data)
{
    static const char *const said[] = {"", "noise", "-----BEGIN X509 CRL-----\nAAAA\n"};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        g_autoptr(GBytes) answer = parrot_answer("200 OK", said[i], strlen(said[i]));
        g_autoptr(Parrot) parrot = parrot_start(answer);

        stamp_with_list_at(f, i == 2 ? "--ocsp-url" : "--crl-url", parrot_url(parrot));
        g_autoptr(DnTrust) trust = authority_trust(f->folder);
        g_autoptr(DnProofs) proofs = gather(f, trust, NULL, true);

        g_assert_cmpuint(proofs->crls->len + proofs->answers->len, ==, 0);
        g_assert_cmpint(proofs->revocation.state, ==, DN_REVOCATION_UNKNOWN);
        g_assert_nonnull(proofs->problem);
    }
    /* A redirection leads nowhere, nor does another scheme. */
    g_autoptr(GBytes) away = parrot_answer("302 Found", "", 0);
    g_autoptr(Parrot) parrot = parrot_start(away);

    stamp_with_list_at(f, "--crl-url", parrot_url(parrot));
    g_autoptr(DnTrust) trust = authority_trust(f->folder);
    g_autoptr(DnProofs) proofs = gather(f, trust, NULL, true);

    g_assert_nonnull(strstr(proofs->problem, "HTTP 302"));
    stamp_with_list_at(f, "--crl-url", "file:///etc/passwd");
    g_autoptr(DnTrust) again = authority_trust(f->folder);
    g_autoptr(DnProofs) local = gather(f, again, NULL, true);

    g_assert_cmpuint(local->crls->len, ==, 0);
}

static void
test_responders_are_asked_when_there_is_no_list(Fixture *f, gconstpointer data)
{
    g_autoptr(Parrot) parrot = NULL;
    g_autofree char *url = NULL;

    (void)data;
    /* The address comes before the certificate, the answer after it. */
    parrot = parrot_start(NULL);
    url = g_strdup(parrot_url(parrot));
    stamp_with_list_at(f, "--ocsp-url", url);
    g_autoptr(GBytes) said = answer_of(f->folder, &(Answer){.status = V_OCSP_CERTSTATUS_GOOD,
                                                            .issued = "2026-03-11T00:00:00.000Z"});
    g_autoptr(GBytes) answer =
        parrot_answer("200 OK", g_bytes_get_data(said, NULL), g_bytes_get_size(said));
    g_autoptr(DnTrust) trust = authority_trust(f->folder);

    parrot_teach(parrot, answer);
    g_autoptr(DnProofs) proofs = gather(f, trust, NULL, true);

    g_assert_cmpuint(proofs->answers->len, ==, 1);
    g_assert_true(g_bytes_equal(g_ptr_array_index(proofs->answers, 0), said));
    g_assert_cmpint(proofs->revocation.state, ==, DN_REVOCATION_GOOD);
    g_assert_true(proofs->revocation.by_ocsp);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/revocation/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(R20_without_a_proof_it_is_unknown);
    T(R20_a_list_shows_that_a_signer_was_good);
    T(R20_a_signer_revoked_before_undoes_its_token);
    T(R20_a_key_in_other_hands_undoes_all_its_tokens);
    T(R20_only_the_issuer_can_revoke);
    T(R20_an_answer_counts_as_a_list_does);
    T(hostile_bytes_are_refused);
    T(files_are_proofs);
    T(lists_are_fetched_where_certificates_say);
    T(what_a_server_says_is_not_believed);
    T(responders_are_asked_when_there_is_no_list);
    return g_test_run();
}
