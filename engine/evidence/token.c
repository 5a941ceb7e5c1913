/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/token.c - what a time-stamp token says, and whether it holds.
 *
 * Two questions are kept apart. Does the token hold: one signature, by a certificate that may only
 * stamp, that names itself in the signed part (RFC 5816) and was valid at genTime? Does the signer
 * count: is there a chain to an authority that the trust list names for that day? OpenSSL's own
 * TS_RESP_verify_token() answers both at once and cannot tell "unknown" from "forged", so the CMS
 * layer is used.
 *
 * The certificates in a token are not signed over: they are candidates, nothing more.
 */
#include "config.h"
#include "engine/evidence/token.h"

#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/text.h"
#include "engine/evidence/revocation.h"
#include "engine/evidence/trust.h"
#include "engine/evidence/x509.h"

enum {
    MAX_CERTIFICATES = 64, /* in a token; each may be hashed and compared many times */
    MAX_NAME_BYTES = 512,
    MAX_SERIAL_BYTES = 64, /* RFC 3161 asks for 20 */
};

static const int64_t ms_per_day = 24 * 60 * 60 * 1000;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ESS_SIGNING_CERT, ESS_SIGNING_CERT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_TST_INFO, TS_TST_INFO_free)

/* Says why OpenSSL said no, if it told. Empties its queue, so that nothing is blamed on a later
 * call. */
static bool
token_corrupt_by_openssl(GError **error, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return dn_fail(error, DN_ERROR_CORRUPT, "time-stamp token: %s%s%s", what, reason ? ": " : "",
                   reason ? reason : "");
}

static CMS_ContentInfo *
token_parse(GBytes *token, GError **error)
{
    g_autoptr(CMS_ContentInfo) cms = NULL;
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);
    const uint8_t *end = bytes;

    if (size > DN_TOKEN_MAX_BYTES)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "time-stamp token: %zu bytes, %d are the most that is looked at", size,
                            DN_TOKEN_MAX_BYTES);
    cms = size > 0 ? d2i_CMS_ContentInfo(NULL, &end, (long)size) : NULL;
    if (!cms) {
        token_corrupt_by_openssl(error, "not a CMS message");
        return NULL;
    }
    if (end != bytes + size)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "time-stamp token: %zu bytes behind its end",
                            (size_t)(bytes + size - end));
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
        OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_id_smime_ct_TSTInfo)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "not a time-stamp token (RFC 3161 2.4.2)");
    return g_steal_pointer(&cms);
}

static TS_TST_INFO *
token_parse_info(const uint8_t *bytes, size_t size)
{
    g_autoptr(TS_TST_INFO) info = NULL;
    const uint8_t *end = bytes;

    info = size > 0 && size <= DN_TOKEN_MAX_BYTES ? d2i_TS_TST_INFO(NULL, &end, (long)size) : NULL;
    if (!info || end != bytes + size)
        return NULL;
    return g_steal_pointer(&info);
}

/* A stack that holds a reference of its own to each certificate. */
static bool
token_push(X509Stack *stack, X509 *certificate)
{
    if (!X509_up_ref(certificate))
        return false;
    if (sk_X509_push(stack, certificate) > 0)
        return true;
    X509_free(certificate);
    return false;
}

/* Every certificate by which the token might be checked: what it brings along, then the list's,
 * then what was kept of chains. */
static X509Stack *
token_candidates(CMS_ContentInfo *cms, const DnTrust *trust, GError **error)
{
    g_autoptr(X509Stack) all = CMS_get1_certs(cms);
    const X509Stack *kept = dn_revoked_certificates(dn_trust_revoked(trust));

    if (sk_X509_num(all) > MAX_CERTIFICATES)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "time-stamp token: more than %d certificates",
                            MAX_CERTIFICATES);
    if (!all)
        all = sk_X509_new_null();
    if (!all)
        return dn_fail_null(error, DN_ERROR_LIMIT, "out of memory");
    for (size_t i = 0; i < dn_trust_count(trust); i++) {
        const DnTrustAuthority *authority = dn_trust_peek(trust, i);

        token_push(all, authority->anchor);
        for (int k = 0; k < sk_X509_num(authority->extra); k++)
            token_push(all, sk_X509_value(authority->extra, k));
    }
    for (int i = 0; i < sk_X509_num(kept); i++)
        token_push(all, sk_X509_value(kept, i));
    return g_steal_pointer(&all);
}

/* RFC 3161 2.4.2 and 5816: the signed attributes name the signer's certificate by its hash, so that
 * another certificate over the same key cannot be put in its place. */
static bool
token_check_signer_named(CMS_SignerInfo *signer_info, X509 *signer, X509Stack *candidates,
                         GError **error)
{
    g_autoptr(ESS_SIGNING_CERT) v1 = NULL;
    g_autoptr(ESS_SIGNING_CERT_V2) v2 = NULL;
    X509Stack *chain = sk_X509_new_null();
    const ASN1_STRING *attribute = NULL;
    const uint8_t *at = NULL;
    bool named = false;

    attribute = CMS_signed_get0_data_by_OBJ(
        signer_info, OBJ_nid2obj(NID_id_smime_aa_signingCertificate), -3, V_ASN1_SEQUENCE);
    if (attribute) {
        at = ASN1_STRING_get0_data(attribute);
        v1 = d2i_ESS_SIGNING_CERT(NULL, &at, ASN1_STRING_length(attribute));
    }
    attribute = CMS_signed_get0_data_by_OBJ(
        signer_info, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE);
    if (attribute) {
        at = ASN1_STRING_get0_data(attribute);
        v2 = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(attribute));
    }

    /* The signer comes first; issuers that the attribute may name besides are among the rest. */
    if (chain && sk_X509_push(chain, signer) > 0) {
        for (int i = 0; i < sk_X509_num(candidates); i++)
            if (X509_cmp(sk_X509_value(candidates, i), signer) != 0)
                sk_X509_push(chain, sk_X509_value(candidates, i));
        named = (v1 || v2) && OSSL_ESS_check_signing_certs(v1, v2, chain, 1) == 1;
    }
    sk_X509_free(chain); /* it only lends them */
    if (!named)
        return token_corrupt_by_openssl(error, "it does not name its signer's certificate");
    return true;
}

/* (transfer full) The content that the one signature covers, and its signer, lent by @cms. */
static TS_TST_INFO *
token_check_signature(CMS_ContentInfo *cms, X509Stack *candidates, X509 **out_signer,
                      unsigned *out_bits, GError **error)
{
    g_autoptr(TS_TST_INFO) info = NULL;
    g_autoptr(BIO) content = BIO_new(BIO_s_mem());
    STACK_OF(CMS_SignerInfo) *signer_infos = CMS_get0_SignerInfos(cms);
    CMS_SignerInfo *signer_info = NULL;
    X509_ALGOR *digest = NULL;
    const EVP_MD *md = NULL;
    X509 *signer = NULL;
    char *bytes = NULL;
    long size = 0;

    if (sk_CMS_SignerInfo_num(signer_infos) != 1)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "time-stamp token: %d signatures, want one (RFC 3161 2.4.2)",
                            sk_CMS_SignerInfo_num(signer_infos));
    if (CMS_verify(cms, candidates, NULL, NULL, content, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) !=
        1) {
        token_corrupt_by_openssl(error, "its signature does not hold");
        return NULL;
    }
    signer_info = sk_CMS_SignerInfo_value(signer_infos, 0);
    CMS_SignerInfo_get0_algs(signer_info, NULL, &signer, &digest, NULL);
    md = EVP_get_digestbyobj(digest->algorithm);
    if (!signer || !dn_x509_digest_holds(md))
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "time-stamp token: its signature is over a digest that is too weak");
    if (!token_check_signer_named(signer_info, signer, candidates, error))
        return NULL;

    size = BIO_get_mem_data(content, &bytes);
    info = token_parse_info((const uint8_t *)bytes, size > 0 ? (size_t)size : 0);
    if (!info) {
        token_corrupt_by_openssl(error, "what it signs is no TSTInfo");
        return NULL;
    }
    *out_signer = signer;
    *out_bits = MIN((unsigned)MAX(EVP_PKEY_get_security_bits(X509_get0_pubkey(signer)), 0),
                    (unsigned)EVP_MD_get_size(md) * 8 / 2);
    return g_steal_pointer(&info);
}

static bool
token_check_imprint(TS_TST_INFO *info, const DnTokenImprint *imprint, GError **error)
{
    TS_MSG_IMPRINT *said = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(said);
    const ASN1_OBJECT *algorithm = NULL;

    if (TS_TST_INFO_get_version(info) != 1)
        return dn_fail(error, DN_ERROR_CORRUPT, "time-stamp token: version %ld, want 1",
                       TS_TST_INFO_get_version(info));
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(said));
    if (OBJ_obj2nid(algorithm) != imprint->digest_nid ||
        (size_t)ASN1_STRING_length(bytes) != imprint->size_bytes ||
        CRYPTO_memcmp(ASN1_STRING_get0_data(bytes), imprint->bytes, imprint->size_bytes) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "time-stamp token: it stamps another hash");
    return true;
}

static unsigned
token_digits(const uint8_t *text, size_t count)
{
    unsigned value = 0;

    for (size_t i = 0; i < count; i++)
        value = 10 * value + (unsigned)(text[i] - '0');
    return value;
}

/* YYYYMMDDhhmmss[.f+]Z (RFC 3161 2.4.2). OpenSSL's converters drop the fraction. */
static bool
token_read_time(const ASN1_GENERALIZEDTIME *time, int64_t *out_utc_ms, GError **error)
{
    const uint8_t *text = ASN1_STRING_get0_data(time);
    size_t size = (size_t)ASN1_STRING_length(time);
    unsigned fraction_ms = 0;
    size_t at = 14;
    DnDate date;

    if (size < 15 || size > 32 || text[size - 1] != 'Z')
        goto bad;
    for (size_t i = 0; i < size - 1; i++)
        if (!g_ascii_isdigit(text[i]) && !(i == 14 && text[i] == '.' && size > 16))
            goto bad;
    if (text[at] == '.')
        for (unsigned unit = 100; unit > 0 && g_ascii_isdigit(text[++at]); unit /= 10)
            fraction_ms += unit * token_digits(text + at, 1);
    else if (size != 15)
        goto bad;

    date = (DnDate){.year = (int16_t)token_digits(text, 4),
                    .month = (uint8_t)token_digits(text + 4, 2),
                    .day = (uint8_t)token_digits(text + 6, 2)};
    unsigned hour = token_digits(text + 8, 2);
    unsigned minute = token_digits(text + 10, 2);
    unsigned second = token_digits(text + 12, 2);
    if (!dn_date_is_valid(&date) || hour > 23 || minute > 59 || second > 60)
        goto bad;
    *out_utc_ms = dn_date_to_days(&date) * ms_per_day +
                  ((hour * 60LL + minute) * 60 + second) * 1000 + fraction_ms;
    return true;

bad:
    return dn_fail(error, DN_ERROR_CORRUPT, "time-stamp token: its time is malformed");
}

static bool
token_check_signer(X509 *signer, int64_t at_utc_ms, GError **error)
{
    time_t at = (time_t)(at_utc_ms / 1000);

    if (X509_check_purpose(signer, X509_PURPOSE_TIMESTAMP_SIGN, 0) != 1)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "time-stamp token: its signer's certificate is not for time-stamping only");
    if (X509_cmp_time(X509_get0_notBefore(signer), &at) >= 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "time-stamp token: its signer's certificate was not yet valid then");
    if (X509_cmp_time(X509_get0_notAfter(signer), &at) <= 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "time-stamp token: its signer's certificate had ended by then");
    return true;
}

/* Milliseconds since 1970 of the end of a certificate; INT64_MAX when it cannot be read. */
static int64_t
token_end_of(X509 *certificate)
{
    return dn_x509_utc_ms(X509_get0_notAfter(certificate), INT64_MAX);
}

/* (nullable) (transfer full) The chain from the signer to the anchor, both in it. */
static X509Stack *
token_chain_to(X509 *signer, X509Stack *candidates, X509 *anchor, int64_t at_utc_ms)
{
    g_autoptr(X509_STORE) store = X509_STORE_new();
    g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
    X509Stack *chain = NULL;

    if (store && context && X509_STORE_add_cert(store, anchor) == 1 &&
        X509_STORE_CTX_init(context, store, signer, candidates) == 1 &&
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_TIMESTAMP_SIGN) == 1) {
        dn_x509_set_rules(X509_STORE_CTX_get0_param(context), at_utc_ms);
        if (X509_verify_cert(context) == 1)
            chain = X509_STORE_CTX_get1_chain(context);
    }
    ERR_clear_error();
    return chain;
}

/* (nullable) The first authority of the list that answers for the token. Accreditation counts on
 * the day of the stamp; the certificates must also hold when the token was renewed. */
static const DnTrustAuthority *
token_find_authority(const DnTrust *trust, X509 *signer, X509Stack *candidates, const char *policy,
                     int64_t gen_time_utc_ms, int64_t at_utc_ms, X509Stack **out_chain)
{
    DnDate day = dn_date_in_japan(gen_time_utc_ms);

    for (size_t i = 0; i < dn_trust_count(trust); i++) {
        const DnTrustAuthority *authority = dn_trust_peek(trust, i);

        if (dn_date_compare(&day, &authority->from) < 0 ||
            dn_date_compare(&day, &authority->until) > 0)
            continue;
        if (authority->policy && strcmp(authority->policy, policy) != 0)
            continue;
        *out_chain = token_chain_to(signer, candidates, authority->anchor, at_utc_ms);
        if (*out_chain)
            return authority;
    }
    return NULL;
}

static char *
token_subject(X509 *signer)
{
    g_autoptr(BIO) out = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long size = 0;

    if (out)
        X509_NAME_print_ex(out, X509_get_subject_name(signer), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    size = out ? BIO_get_mem_data(out, &bytes) : 0;
    ERR_clear_error();
    return dn_text_sanitise(size > 0 ? bytes : "", CLAMP(size, 0, MAX_NAME_BYTES));
}

static bool
token_describe(TS_TST_INFO *info, DnTokenInfo *out_info, GError **error)
{
    g_autoptr(BIGNUM) serial = ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
    char policy[256];
    int length = OBJ_obj2txt(policy, sizeof policy, TS_TST_INFO_get_policy_id(info), 1);
    g_autofree char *digits = NULL;
    uint8_t bytes[MAX_SERIAL_BYTES];
    int size = 0;

    if (!serial || BN_num_bytes(serial) > (int)sizeof bytes || length <= 0 ||
        (size_t)length >= sizeof policy) {
        ERR_clear_error();
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "time-stamp token: its serial number or policy is malformed");
    }
    size = BN_bn2bin(serial, bytes);
    digits = size > 0 ? dn_hex(bytes, (size_t)size) : g_strdup("00");
    /* Some authorities forget the leading zero, and their numbers come out negative. */
    out_info->serial = g_strconcat(BN_is_negative(serial) ? "-" : "", digits, NULL);
    out_info->policy = g_strdup(policy);
    return true;
}

static char *
token_fingerprint(X509 *certificate)
{
    DnSha256 digest = {{0}};
    unsigned size = sizeof digest.bytes;

    X509_digest(certificate, EVP_sha256(), digest.bytes, &size);
    return dn_hex(digest.bytes, sizeof digest.bytes);
}

/* Whether what is known of revocations undoes the token. */
static bool
token_check_revocation(const DnTrust *trust, X509Stack *chain, int64_t renewed_utc_ms,
                       DnTokenInfo *said, GError **error)
{
    said->revocation =
        dn_revoked_judge(dn_trust_revoked(trust), chain, said->gen_time_utc_ms, renewed_utc_ms);
    if (said->revocation.state != DN_REVOCATION_REVOKED)
        return true;
    g_autofree char *text = dn_revocation_text(&said->revocation);

    return dn_fail(error, DN_ERROR_CORRUPT, "time-stamp token: its signer's certificate was %s",
                   text);
}

/* @imprint NULL: of whatever it stamps. *@out_chain (nullable, transfer full): to the authority of
 * the list; NULL when there is none. */
static bool
token_verify(CMS_ContentInfo *cms, const DnTokenImprint *imprint, const DnTrust *trust,
             int64_t renewed_utc_ms, X509Stack **out_chain, DnTokenInfo *out_info, GError **error)
{
    g_autoptr(X509Stack) candidates = token_candidates(cms, trust, error);
    g_autoptr(X509Stack) chain = NULL;
    g_autoptr(TS_TST_INFO) info = NULL;
    g_auto(DnTokenInfo) said = {.revocation = {.reason = -1}};
    const DnTrustAuthority *authority = NULL;
    X509 *signer = NULL; /* lent by cms */
    int64_t at_utc_ms = 0;

    if (!candidates)
        return false;
    info = token_check_signature(cms, candidates, &signer, &said.security_bits, error);
    if (!info)
        return false;
    if ((imprint && !token_check_imprint(info, imprint, error)) ||
        !token_read_time(TS_TST_INFO_get_time(info), &said.gen_time_utc_ms, error) ||
        !token_describe(info, &said, error))
        return false;

    at_utc_ms = said.gen_time_utc_ms;
    if (!token_check_signer(signer, at_utc_ms, error))
        return false;
    if (renewed_utc_ms > 0) {
        if (renewed_utc_ms < at_utc_ms)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "time-stamp token: it is younger than the one that renews it");
        at_utc_ms = renewed_utc_ms;
        if (!token_check_signer(signer, at_utc_ms, error))
            return dn_fail_in(error, "at its renewal");
    }

    said.until_utc_ms = token_end_of(signer);
    authority = token_find_authority(trust, signer, candidates, said.policy, said.gen_time_utc_ms,
                                     at_utc_ms, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++)
        said.until_utc_ms = MIN(said.until_utc_ms, token_end_of(sk_X509_value(chain, i)));
    said.trusted = authority != NULL;
    said.accredited = authority && authority->accredited;
    said.authority = authority ? g_strdup(authority->name) : token_subject(signer);
    said.signer = token_fingerprint(signer);
    if (authority && imprint && !token_check_revocation(trust, chain, renewed_utc_ms, &said, error))
        return false;
    if (out_chain)
        *out_chain = g_steal_pointer(&chain);
    *out_info = said;
    memset(&said, 0, sizeof said);
    return true;
}

bool
dn_token_verify_imprint(GBytes *token, const DnTokenImprint *imprint, const DnTrust *trust,
                        int64_t renewed_utc_ms, DnTokenInfo *out_info, GError **error)
{
    g_autoptr(CMS_ContentInfo) cms = token_parse(token, error);

    return cms && token_verify(cms, imprint, trust, renewed_utc_ms, NULL, out_info, error);
}

bool
dn_token_chain(GBytes *token, const DnTrust *trust, STACK_OF(X509) * *out_chain,
               STACK_OF(X509_CRL) * *out_crls, DnTokenInfo *out_info, GError **error)
{
    g_autoptr(CMS_ContentInfo) cms = token_parse(token, error);

    *out_chain = NULL;
    if (!cms || !token_verify(cms, NULL, trust, 0, out_chain, out_info, error))
        return false;
    *out_crls = CMS_get1_crls(cms);
    ERR_clear_error();
    return true;
}

bool
dn_token_verify_until(GBytes *token, const DnHash *imprint, const DnTrust *trust,
                      int64_t renewed_utc_ms, DnTokenInfo *out_info, GError **error)
{
    DnTokenImprint wanted = {imprint->kind == DN_HASH_SHA512 ? NID_sha512 : NID_sha256,
                             imprint->bytes, imprint->kind};

    return dn_token_verify_imprint(token, &wanted, trust, renewed_utc_ms, out_info, error);
}

bool
dn_token_verify(GBytes *token, const DnHash *imprint, const DnTrust *trust, DnTokenInfo *out_info,
                GError **error)
{
    return dn_token_verify_until(token, imprint, trust, 0, out_info, error);
}

void
dn_token_info_clear(DnTokenInfo *self)
{
    g_clear_pointer(&self->serial, g_free);
    g_clear_pointer(&self->policy, g_free);
    g_clear_pointer(&self->authority, g_free);
    g_clear_pointer(&self->signer, g_free);
}

/* (nullable) (transfer full) What the token says; nothing of it is verified. */
static TS_TST_INFO *
token_peek(GBytes *token)
{
    g_autoptr(CMS_ContentInfo) cms = token_parse(token, NULL);
    ASN1_OCTET_STRING **content = cms ? CMS_get0_content(cms) : NULL;

    return content && *content ? token_parse_info(ASN1_STRING_get0_data(*content),
                                                  (size_t)ASN1_STRING_length(*content))
                               : NULL;
}

bool
dn_token_has_nonce(GBytes *token, const ASN1_INTEGER *nonce)
{
    g_autoptr(TS_TST_INFO) info = token_peek(token);
    const ASN1_INTEGER *said = info ? TS_TST_INFO_get_nonce(info) : NULL;

    ERR_clear_error();
    return said && ASN1_INTEGER_cmp(said, nonce) == 0;
}

int
dn_token_digest(GBytes *token)
{
    g_autoptr(TS_TST_INFO) info = token_peek(token);
    const ASN1_OBJECT *algorithm = NULL;

    if (info)
        X509_ALGOR_get0(&algorithm, NULL, NULL,
                        TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
    int nid = algorithm ? OBJ_obj2nid(algorithm) : NID_undef;

    ERR_clear_error();
    return nid;
}

static bool
token_is_signer(CMS_ContentInfo *cms, X509 *certificate)
{
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);

    return sk_CMS_SignerInfo_num(infos) > 0 &&
           CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(infos, 0), certificate) == 0;
}

char *
dn_token_certificates_pem(GBytes *token, GError **error)
{
    g_autoptr(CMS_ContentInfo) cms = token_parse(token, error);
    g_autoptr(X509Stack) all = NULL;
    g_autoptr(BIO) out = NULL;
    char *bytes = NULL;
    long size = 0;
    bool written = true;

    if (!cms)
        return NULL;
    all = CMS_get1_certs(cms);
    out = BIO_new(BIO_s_mem());
    for (int pass = 0; out && pass < 2; pass++)
        for (int i = 0; i < sk_X509_num(all); i++)
            if (token_is_signer(cms, sk_X509_value(all, i)) == (pass == 0))
                written = written && PEM_write_bio_X509(out, sk_X509_value(all, i)) == 1;
    if (!out || !written) {
        token_corrupt_by_openssl(error, "a certificate in it is malformed");
        return NULL;
    }
    size = BIO_get_mem_data(out, &bytes);
    return g_strndup(size > 0 ? bytes : "", size > 0 ? (size_t)size : 0);
}
