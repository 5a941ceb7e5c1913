/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/proofs.c - gathers what shows that a signer was not revoked (law row R20: without
 * it nobody can tell in ten years).
 *
 * Sources in their order: what the token brings along, files that the owner names, the distribution
 * points of each certificate, its OCSP responders. One that speaks of the certificate is enough.
 * What is of no use for this token (another issuer, a wrong signature, out of date) is not kept.
 *
 * The addresses stand in certificates. Only those of a chain that the trust list knows are
 * followed, over plain http: what comes back is signed itself.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/source.h"
#include "engine/evidence/http.h"
#include "engine/evidence/revocation.h"
#include "engine/evidence/token.h"
#include "engine/evidence/trust.h"
#include "engine/evidence/x509.h"

enum {
    MAX_PROOFS = 8,    /* of one token, of either kind */
    MAX_ADDRESSES = 4, /* that are asked for one certificate */
};

static void
proofs_free_crls(CrlStack *self)
{
    sk_X509_CRL_pop_free(self, X509_CRL_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrlStack, proofs_free_crls)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CRL_DIST_POINTS, CRL_DIST_POINTS_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)

typedef struct {
    DnTrust *trust;
    const DnProofSources *sources;
    X509Stack *chain;
    int64_t gen_utc_ms;
    DnProofs *found;
    DnRevoked *alone; /* what was found, without what @trust knew */
} Search;

void
dn_proofs_free(DnProofs *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->chain, g_bytes_unref);
    g_ptr_array_unref(self->crls);
    g_ptr_array_unref(self->answers);
    g_free(self->problem);
    g_free(self);
}

/* The last is told. */
static void
proofs_note(Search *search, const GError *problem)
{
    g_free(search->found->problem);
    search->found->problem = g_strdup(problem->message);
}

static DnRevocation
proofs_judge(const Search *search, const DnRevoked *known, int index)
{
    return dn_revoked_judge_one(known, search->chain, index, search->gen_utc_ms, 0);
}

/* Keeps @bytes when they speak of the certificate at @index. */
static bool
proofs_keep(Search *search, DnProofKind kind, GBytes *bytes, int index, GError **error)
{
    g_autoptr(DnRevoked) alone = dn_revoked_new();
    GPtrArray *kept = kind == DN_PROOF_CRL ? search->found->crls : search->found->answers;

    if (!dn_revoked_add(alone, kind, bytes, error))
        return false;
    if (proofs_judge(search, alone, index).state == DN_REVOCATION_UNKNOWN)
        return dn_fail(error, DN_ERROR_EXTERNAL,
                       "it says nothing of the certificate at the time of the stamp");
    for (guint i = 0; i < kept->len; i++)
        if (g_bytes_equal(g_ptr_array_index(kept, i), bytes))
            return true;
    if (kept->len >= MAX_PROOFS)
        return dn_fail(error, DN_ERROR_LIMIT, "more than %d proofs", MAX_PROOFS);
    g_ptr_array_add(kept, g_bytes_ref(bytes));
    return dn_revoked_add(search->alone, kind, bytes, error) &&
           dn_trust_add_proof(search->trust, kind, bytes, error);
}

/* --- what is at hand --- */

/* (transfer full) */
static GBytes *
proofs_der_of(X509_CRL *crl)
{
    unsigned char *der = NULL;
    int size = i2d_X509_CRL(crl, &der);
    GBytes *bytes = size > 0 ? g_bytes_new(der, (size_t)size) : NULL;

    OPENSSL_free(der);
    return bytes;
}

static bool
proofs_try_token(Search *search, CrlStack *brought, int index)
{
    for (int i = 0; i < sk_X509_CRL_num(brought) && i < MAX_PROOFS; i++) {
        g_autoptr(GBytes) bytes = proofs_der_of(sk_X509_CRL_value(brought, i));

        if (bytes && proofs_keep(search, DN_PROOF_CRL, bytes, index, NULL))
            return true;
    }
    return false;
}

/* (transfer full) A list that is DER already, or DER of one in PEM form. */
static GBytes *
proofs_normalise(GBytes *bytes)
{
    size_t size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autoptr(BIO) in = NULL;
    g_autoptr(X509_CRL) crl = NULL;
    GBytes *der = NULL;

    if (size == 0 || !g_strstr_len(data, (gssize)size, "-----BEGIN X509 CRL-----"))
        return g_bytes_ref(bytes);
    in = BIO_new_mem_buf(data, (int)size);
    crl = in ? PEM_read_bio_X509_CRL(in, NULL, dn_x509_refuse_passphrase, NULL) : NULL;
    der = crl ? proofs_der_of(crl) : NULL;
    ERR_clear_error();
    return der ? der : g_bytes_ref(bytes);
}

static bool
proofs_try_files(Search *search, int index)
{
    const char *const *files = search->sources->files;

    for (size_t i = 0; files && files[i]; i++) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(GBytes) bytes = dn_source_read_file(files[i], DN_PROOF_MAX_BYTES, &problem);
        g_autoptr(GBytes) der = bytes ? proofs_normalise(bytes) : NULL;

        if (der && proofs_keep(search, DN_PROOF_CRL, der, index, &problem))
            return true;
        dn_fail_in(&problem, "%s", files[i]);
        proofs_note(search, problem);
    }
    return false;
}

/* --- what is asked for --- */

/* @body NULL: a list is fetched, else a responder is asked. */
static bool
proofs_try_address(Search *search, const char *url, GBytes *body, int index)
{
    g_autofree char *host = dn_http_host(url, true);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GBytes) der = NULL;

    if (!host) /* ldap, https */
        return false;
    answer = dn_http_ask(&(DnHttp){.url = url,
                                   .body = body,
                                   .type = "application/ocsp-request",
                                   .accept = body ? "application/ocsp-response" : NULL,
                                   .timeout_ms = search->sources->timeout_ms,
                                   .max_bytes = DN_PROOF_MAX_BYTES,
                                   .plain = true},
                         NULL, &problem);
    der = answer && !body ? proofs_normalise(answer) : answer ? g_bytes_ref(answer) : NULL;
    if (der && proofs_keep(search, body ? DN_PROOF_OCSP : DN_PROOF_CRL, der, index, &problem))
        return true;
    dn_fail_in(&problem, "%s of %s", body ? "OCSP response" : "CRL", host);
    proofs_note(search, problem);
    return false;
}

/* (nullable) The address of a distribution point, lent; NULL for a list of some reasons only, or of
 * another issuer. */
static const char *
proofs_address_of(const DIST_POINT *point, int number)
{
    const GENERAL_NAMES *names = NULL;
    const GENERAL_NAME *name = NULL;
    const ASN1_IA5STRING *text = NULL;

    if (point->reasons || point->CRLissuer || !point->distpoint || point->distpoint->type != 0)
        return NULL;
    names = point->distpoint->name.fullname;
    name = number < sk_GENERAL_NAME_num(names) ? sk_GENERAL_NAME_value(names, number) : NULL;
    if (!name || name->type != GEN_URI)
        return NULL;
    text = name->d.uniformResourceIdentifier;
    return memchr(ASN1_STRING_get0_data(text), 0, (size_t)ASN1_STRING_length(text))
               ? NULL
               : (const char *)ASN1_STRING_get0_data(text);
}

static bool
proofs_try_lists(Search *search, int index)
{
    g_autoptr(CRL_DIST_POINTS) points = X509_get_ext_d2i(sk_X509_value(search->chain, index),
                                                         NID_crl_distribution_points, NULL, NULL);
    int asked = 0;

    ERR_clear_error();
    for (int i = 0; i < sk_DIST_POINT_num(points); i++)
        for (int k = 0; k < MAX_ADDRESSES && asked < MAX_ADDRESSES; k++) {
            const char *url = proofs_address_of(sk_DIST_POINT_value(points, i), k);

            if (!url)
                continue;
            asked++;
            if (proofs_try_address(search, url, NULL, index))
                return true;
        }
    return false;
}

/* (nullable) (transfer full) */
static GBytes *
proofs_make_question(X509 *certificate, X509 *issuer)
{
    g_autoptr(OCSP_REQUEST) request = OCSP_REQUEST_new();
    /* RFC 5019 2.1.1: responders need not know another digest than SHA-1 here; it names, it proves
     * nothing. */
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);
    unsigned char *der = NULL;
    GBytes *bytes = NULL;
    int size = 0;

    if (!request || !id || !OCSP_request_add0_id(request, id)) {
        OCSP_CERTID_free(id);
        return NULL;
    }
    size = i2d_OCSP_REQUEST(request, &der);
    if (size > 0)
        bytes = g_bytes_new(der, (size_t)size);
    OPENSSL_free(der);
    return bytes;
}

static bool
proofs_try_responders(Search *search, int index)
{
    X509 *certificate = sk_X509_value(search->chain, index);
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    g_autoptr(GBytes) question =
        urls ? proofs_make_question(certificate, sk_X509_value(search->chain, index + 1)) : NULL;
    bool found = false;

    for (int i = 0; question && !found && i < MIN(sk_OPENSSL_STRING_num(urls), MAX_ADDRESSES); i++)
        found = proofs_try_address(search, sk_OPENSSL_STRING_value(urls, i), question, index);
    X509_email_free(urls);
    ERR_clear_error();
    return found;
}

static void
proofs_look(Search *search, CrlStack *brought, int index)
{
    if (proofs_try_token(search, brought, index) || proofs_try_files(search, index) ||
        !search->sources->fetch || proofs_try_lists(search, index))
        return;
    proofs_try_responders(search, index);
}

/* --- the whole --- */

/* (transfer full) */
static GBytes *
proofs_write_chain(X509Stack *chain)
{
    g_autoptr(BIO) out = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long size = 0;

    for (int i = 0; out && i < sk_X509_num(chain); i++)
        PEM_write_bio_X509(out, sk_X509_value(chain, i));
    size = out ? BIO_get_mem_data(out, &bytes) : 0;
    return size > 0 ? g_bytes_new(bytes, (size_t)size) : NULL;
}

bool
dn_token_is_revocable(GBytes *token, const DnTrust *trust)
{
    g_autoptr(X509Stack) chain = NULL;
    g_autoptr(CrlStack) brought = NULL;
    g_auto(DnTokenInfo) info = {0};

    return dn_token_chain(token, trust, &chain, &brought, &info, NULL) && sk_X509_num(chain) > 1;
}

DnProofs *
dn_proofs_gather(GBytes *token, DnTrust *trust, const DnProofSources *sources, GError **error)
{
    g_autoptr(DnProofs) found = g_new0(DnProofs, 1);
    g_autoptr(X509Stack) chain = NULL;
    g_autoptr(CrlStack) brought = NULL;
    g_auto(DnTokenInfo) info = {0};
    Search search = {.trust = trust, .sources = sources, .found = found};

    found->crls = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    found->answers = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    found->revocation.reason = -1;
    if (!dn_token_chain(token, trust, &chain, &brought, &info, error))
        return NULL;
    if (!chain) {
        found->problem = g_strdup("the trust list knows no chain to the signer");
        return g_steal_pointer(&found);
    }
    g_autoptr(DnRevoked) alone = dn_revoked_new();

    search.alone = alone;
    search.chain = chain;
    search.gen_utc_ms = info.gen_time_utc_ms;
    for (int i = 0; i + 1 < sk_X509_num(chain); i++)
        proofs_look(&search, brought, i);
    found->revocation = dn_revoked_judge(search.alone, chain, search.gen_utc_ms, 0);
    found->chain = proofs_write_chain(chain);
    return g_steal_pointer(&found);
}
