/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/revocation.c - was a signer revoked, by lists (RFC 5280) and answers (RFC 6960)
 * that were kept?
 *
 * A proof speaks at the moment it was issued, its own thisUpdate: then it is checked, with the
 * chain of its issuer, and a certificate that had ended by then is out of its reach. It shows that
 * a certificate was good at the time of a token when it was issued later (so that a revocation of
 * before would stand in it), or was still current then.
 *
 * A revocation undoes the tokens made since. Without a reason, or for any that may mean that the
 * key was in other hands, it undoes all of the key's tokens (RFC 3161 section 4), but for what was
 * under a further time stamp before: that was made by then, whoever has the key now.
 */
#include "config.h"
#include "engine/evidence/revocation.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "engine/evidence/x509.h"

enum {
    MAX_PROOF_BYTES = DN_PROOF_MAX_BYTES,
    MAX_CERTIFICATES = 512, /* a few for each signer that there ever was */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_ENUMERATED, ASN1_ENUMERATED_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_GENERALIZEDTIME, ASN1_GENERALIZEDTIME_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)

struct DnRevoked {
    GPtrArray *crls;         /* X509_CRL */
    GPtrArray *answers;      /* OCSP_BASICRESP */
    X509Stack *certificates; /* nobody trusts them for themselves */
    GHashTable *met;         /* GBytes */
};

static void
revoked_free_crl(gpointer crl)
{
    X509_CRL_free(crl);
}

static void
revoked_free_answer(gpointer answer)
{
    OCSP_BASICRESP_free(answer);
}

DnRevoked *
dn_revoked_new(void)
{
    DnRevoked *self = g_new0(DnRevoked, 1);

    self->crls = g_ptr_array_new_with_free_func(revoked_free_crl);
    self->answers = g_ptr_array_new_with_free_func(revoked_free_answer);
    self->certificates = sk_X509_new_null();
    self->met =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    if (!self->certificates)
        g_error("out of memory");
    return self;
}

void
dn_revoked_free(DnRevoked *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->crls);
    g_ptr_array_unref(self->answers);
    dn_x509_stack_free(self->certificates);
    g_hash_table_unref(self->met);
    g_free(self);
}

const STACK_OF(X509) * dn_revoked_certificates(const DnRevoked *self)
{
    return self->certificates;
}

/* --- what is kept --- */

static bool
revoked_malformed(GError **error, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return dn_fail(error, DN_ERROR_FORMAT, "%s%s%s", what, reason ? ": " : "",
                   reason ? reason : "");
}

static bool
revoked_add_crl(DnRevoked *self, const uint8_t *bytes, size_t size, GError **error)
{
    const uint8_t *end = bytes;
    g_autoptr(X509_CRL) crl = d2i_X509_CRL(NULL, &end, (long)size);

    if (!crl || end != bytes + size)
        return revoked_malformed(error, "not a certificate revocation list");
    ERR_clear_error();
    g_ptr_array_add(self->crls, g_steal_pointer(&crl));
    return true;
}

static bool
revoked_add_answer(DnRevoked *self, const uint8_t *bytes, size_t size, GError **error)
{
    const uint8_t *end = bytes;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &end, (long)size);
    bool whole = response && end == bytes + size;
    int status = whole ? OCSP_response_status(response) : -1;
    OCSP_BASICRESP *basic =
        status == OCSP_RESPONSE_STATUS_SUCCESSFUL ? OCSP_response_get1_basic(response) : NULL;

    OCSP_RESPONSE_free(response);
    if (!whole)
        return revoked_malformed(error, "not an OCSP response");
    if (!basic)
        return revoked_malformed(error, "an OCSP response without an answer");
    ERR_clear_error();
    g_ptr_array_add(self->answers, basic);
    return true;
}

static bool
revoked_has(const DnRevoked *self, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(self->certificates); i++)
        if (X509_cmp(sk_X509_value(self->certificates, i), certificate) == 0)
            return true;
    return false;
}

static bool
revoked_add_certificates(DnRevoked *self, const uint8_t *bytes, size_t size, GError **error)
{
    g_autoptr(BIO) in = BIO_new_mem_buf(bytes, (int)size);
    bool any = false;

    while (in && sk_X509_num(self->certificates) < MAX_CERTIFICATES) {
        g_autoptr(X509) certificate = PEM_read_bio_X509(in, NULL, dn_x509_refuse_passphrase, NULL);

        if (!certificate)
            break;
        any = true;
        X509_check_purpose(certificate, -1, 0); /* parses the extensions, while nobody looks on */
        if (!revoked_has(self, certificate) && sk_X509_push(self->certificates, certificate) > 0)
            certificate = NULL;
    }
    if (!any && sk_X509_num(self->certificates) < MAX_CERTIFICATES)
        return revoked_malformed(error, "no certificates in PEM form");
    ERR_clear_error();
    return true;
}

bool
dn_revoked_add(DnRevoked *self, DnProofKind kind, GBytes *bytes, GError **error)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    bool added = false;

    if (size > MAX_PROOF_BYTES)
        return dn_fail(error, DN_ERROR_LIMIT, "%zu bytes, %d are the most that is looked at", size,
                       MAX_PROOF_BYTES);
    if (size == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "it is empty");
    if (g_hash_table_contains(self->met, bytes))
        return true;
    if (kind == DN_PROOF_CRL)
        added = revoked_add_crl(self, data, size, error);
    else if (kind == DN_PROOF_OCSP)
        added = revoked_add_answer(self, data, size, error);
    else
        added = revoked_add_certificates(self, data, size, error);
    if (added)
        g_hash_table_add(self->met, g_bytes_ref(bytes));
    return added;
}

/* --- what it says --- */

/* One statement on one certificate. */
typedef struct {
    bool revoked;
    bool by_ocsp;
    int64_t as_of_utc_ms;
    int64_t next_utc_ms; /* as_of when it names none */
    int64_t since_utc_ms;
    int reason; /* -1: not stated */
} Statement;

/* Of a signature algorithm. What has no digest of its own (Ed25519, PSS) is judged by its key. */
static bool
revoked_digest_is_weak(int signature_nid)
{
    int digest = NID_undef;

    return OBJ_find_sigid_algs(signature_nid, &digest, NULL) == 1 && digest != NID_undef &&
           !dn_x509_digest_holds(EVP_get_digestbynid(digest));
}

/* (transfer full) One that trusts the last certificate of the chain. */
static X509_STORE *
revoked_store(X509Stack *chain)
{
    g_autoptr(X509_STORE) store = X509_STORE_new();

    if (!store || X509_STORE_add_cert(store, sk_X509_value(chain, sk_X509_num(chain) - 1)) != 1)
        return NULL;
    return g_steal_pointer(&store);
}

/* X509_V_OK: the list is its issuer's and does not have the certificate. X509_V_ERR_CERT_REVOKED:
 * it has. Anything else: it says nothing of it. */
static int
revoked_ask_list(X509_CRL *crl, X509Stack *chain, X509 *certificate, int64_t at_utc_ms)
{
    g_autoptr(X509_STORE) store = revoked_store(chain);
    g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
    CrlStack *lists = sk_X509_CRL_new_null();
    int result = X509_V_ERR_UNSPECIFIED;

    if (store && context && lists && sk_X509_CRL_push(lists, crl) > 0 &&
        X509_STORE_CTX_init(context, store, certificate, chain) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

        dn_x509_set_rules(param, at_utc_ms);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK);
        X509_STORE_CTX_set0_crls(context, lists);
        result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    }
    sk_X509_CRL_free(lists); /* it only lends them */
    ERR_clear_error();
    return result;
}

static void
revoked_read_entry(X509_REVOKED *entry, Statement *out)
{
    g_autoptr(ASN1_ENUMERATED) reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    g_autoptr(ASN1_GENERALIZEDTIME) invalid =
        X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, NULL, NULL);
    int64_t invalid_utc_ms = dn_x509_utc_ms(invalid, -1);

    out->revoked = true;
    out->since_utc_ms = dn_x509_utc_ms(X509_REVOKED_get0_revocationDate(entry), -1);
    if (invalid_utc_ms >= 0)
        out->since_utc_ms = MIN(out->since_utc_ms, invalid_utc_ms);
    out->reason = reason ? (int)ASN1_ENUMERATED_get(reason) : -1;
    ERR_clear_error();
}

static bool
revoked_read_list(X509_CRL *crl, X509Stack *chain, X509 *certificate, Statement *out)
{
    Statement said = {.reason = -1};
    X509_REVOKED *entry = NULL;
    int result = 0;

    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) != 0 ||
        revoked_digest_is_weak(X509_CRL_get_signature_nid(crl)))
        return false;
    said.as_of_utc_ms = dn_x509_utc_ms(X509_CRL_get0_lastUpdate(crl), -1);
    said.next_utc_ms = dn_x509_utc_ms(X509_CRL_get0_nextUpdate(crl), -1);
    if (said.as_of_utc_ms < 0)
        return false;
    said.next_utc_ms = MAX(said.next_utc_ms, said.as_of_utc_ms);
    result = revoked_ask_list(crl, chain, certificate, said.as_of_utc_ms);
    if (result == X509_V_ERR_CERT_REVOKED && X509_CRL_get0_by_cert(crl, &entry, certificate) == 1)
        revoked_read_entry(entry, &said);
    else if (result != X509_V_OK)
        return false;
    *out = said;
    return true;
}

/* (nullable) What an answer has on the certificate, lent by it. */
static OCSP_SINGLERESP *
revoked_find_single(OCSP_BASICRESP *answer, X509 *certificate, X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(answer); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(answer, i);
        const OCSP_CERTID *stated = OCSP_SINGLERESP_get0_id(single);
        ASN1_OBJECT *algorithm = NULL;

        OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)(uintptr_t)stated);
        const EVP_MD *md = EVP_get_digestbyobj(algorithm);
        g_autoptr(OCSP_CERTID) wanted = md ? OCSP_cert_to_id(md, certificate, issuer) : NULL;

        if (wanted && OCSP_id_cmp(wanted, stated) == 0)
            return single;
    }
    return NULL;
}

/* Signed by the issuer, or by whom the issuer lets answer (RFC 6960 4.2.2.2), as of then. */
static bool
revoked_answer_holds(OCSP_BASICRESP *answer, X509Stack *chain)
{
    g_autoptr(X509_STORE) store = revoked_store(chain);
    const ASN1_OBJECT *algorithm = NULL;
    int64_t produced = dn_x509_utc_ms(OCSP_resp_get0_produced_at(answer), -1);

    X509_ALGOR_get0(&algorithm, NULL, NULL, OCSP_resp_get0_tbs_sigalg(answer));
    if (!store || produced < 0 || revoked_digest_is_weak(OBJ_obj2nid(algorithm)))
        return false;
    dn_x509_set_rules(X509_STORE_get0_param(store), produced);
    return OCSP_basic_verify(answer, chain, store, OCSP_PARTIAL_CHAIN) == 1;
}

static bool
revoked_read_answer(OCSP_BASICRESP *answer, X509Stack *chain, int index, Statement *out)
{
    X509 *certificate = sk_X509_value(chain, index);
    OCSP_SINGLERESP *single =
        revoked_find_single(answer, certificate, sk_X509_value(chain, index + 1));
    ASN1_GENERALIZEDTIME *since = NULL;
    ASN1_GENERALIZEDTIME *as_of = NULL;
    ASN1_GENERALIZEDTIME *next = NULL;
    Statement said = {.reason = -1, .by_ocsp = true};
    int status = V_OCSP_CERTSTATUS_UNKNOWN;

    if (single && revoked_answer_holds(answer, chain))
        status = OCSP_single_get0_status(single, &said.reason, &since, &as_of, &next);
    ERR_clear_error();
    said.revoked = status == V_OCSP_CERTSTATUS_REVOKED;
    said.as_of_utc_ms = dn_x509_utc_ms(as_of, -1);
    said.next_utc_ms = MAX(dn_x509_utc_ms(next, -1), said.as_of_utc_ms);
    said.since_utc_ms = dn_x509_utc_ms(since, -1);
    if ((status != V_OCSP_CERTSTATUS_GOOD && !said.revoked) || said.as_of_utc_ms < 0 ||
        said.as_of_utc_ms > dn_x509_utc_ms(X509_get0_notAfter(certificate), -1))
        return false;
    *out = said;
    return true;
}

/* RFC 3161 section 4: only these say that the key was never in other hands. */
static bool
revoked_harmlessly(int reason)
{
    return reason == CRL_REASON_UNSPECIFIED || reason == CRL_REASON_AFFILIATION_CHANGED ||
           reason == CRL_REASON_SUPERSEDED || reason == CRL_REASON_CESSATION_OF_OPERATION;
}

static bool
revoked_undoes(const Statement *said, int64_t gen_utc_ms, int64_t renewed_utc_ms)
{
    if (!said->revoked)
        return false;
    if (revoked_harmlessly(said->reason))
        return said->since_utc_ms <= gen_utc_ms;
    return renewed_utc_ms <= 0 || said->since_utc_ms <= renewed_utc_ms;
}

static void
revoked_weigh(const Statement *said, int64_t gen_utc_ms, int64_t renewed_utc_ms,
              DnRevocation *verdict)
{
    bool speaks = said->as_of_utc_ms >= gen_utc_ms || gen_utc_ms <= said->next_utc_ms;

    if (revoked_undoes(said, gen_utc_ms, renewed_utc_ms))
        *verdict = (DnRevocation){.state = DN_REVOCATION_REVOKED,
                                  .by_ocsp = said->by_ocsp,
                                  .as_of_utc_ms = said->as_of_utc_ms,
                                  .next_utc_ms = said->next_utc_ms,
                                  .since_utc_ms = said->since_utc_ms,
                                  .reason = said->reason};
    else if (speaks && verdict->state != DN_REVOCATION_REVOKED &&
             (verdict->state == DN_REVOCATION_UNKNOWN ||
              said->as_of_utc_ms > verdict->as_of_utc_ms))
        *verdict = (DnRevocation){.state = DN_REVOCATION_GOOD,
                                  .by_ocsp = said->by_ocsp,
                                  .as_of_utc_ms = said->as_of_utc_ms,
                                  .next_utc_ms = said->next_utc_ms,
                                  .reason = -1};
}

DnRevocation
dn_revoked_judge_one(const DnRevoked *self, STACK_OF(X509) * chain, int index, int64_t gen_utc_ms,
                     int64_t renewed_utc_ms)
{
    DnRevocation verdict = {.state = DN_REVOCATION_UNKNOWN, .reason = -1};
    Statement said;

    for (guint i = 0; i < self->crls->len; i++)
        if (revoked_read_list(g_ptr_array_index(self->crls, i), chain, sk_X509_value(chain, index),
                              &said))
            revoked_weigh(&said, gen_utc_ms, renewed_utc_ms, &verdict);
    for (guint i = 0; i < self->answers->len; i++)
        if (revoked_read_answer(g_ptr_array_index(self->answers, i), chain, index, &said))
            revoked_weigh(&said, gen_utc_ms, renewed_utc_ms, &verdict);
    return verdict;
}

DnRevocation
dn_revoked_judge(const DnRevoked *self, STACK_OF(X509) * chain, int64_t gen_utc_ms,
                 int64_t renewed_utc_ms)
{
    DnRevocation all = {.state = DN_REVOCATION_UNKNOWN, .reason = -1};
    bool unknown = false;

    /* The chain is as good as the certificate that least is known of. */
    for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
        DnRevocation one = dn_revoked_judge_one(self, chain, i, gen_utc_ms, renewed_utc_ms);

        if (one.state == DN_REVOCATION_REVOKED)
            return one;
        unknown = unknown || one.state == DN_REVOCATION_UNKNOWN;
        one.next_utc_ms = i == 0 ? one.next_utc_ms : MIN(all.next_utc_ms, one.next_utc_ms);
        if (i == 0 || one.as_of_utc_ms < all.as_of_utc_ms)
            all = one;
        all.next_utc_ms = one.next_utc_ms;
    }
    if (unknown)
        all = (DnRevocation){.state = DN_REVOCATION_UNKNOWN, .reason = -1};
    return all;
}

char *
dn_revocation_text(const DnRevocation *revocation)
{
    const char *by = revocation->by_ocsp ? "OCSP response" : "CRL";
    g_autofree char *as_of = dn_clock_format(revocation->as_of_utc_ms);
    g_autofree char *since = dn_clock_format(revocation->since_utc_ms);

    if (revocation->state == DN_REVOCATION_GOOD)
        return g_strdup_printf("not revoked, by %s of %s", by, as_of);
    if (revocation->state == DN_REVOCATION_UNKNOWN)
        return g_strdup("revocation unknown");
    return g_strdup_printf("REVOKED since %s (%s), by %s of %s", since,
                           revocation->reason < 0 ? "no reason stated"
                                                  : OCSP_crl_reason_str(revocation->reason),
                           by, as_of);
}
