/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/tsa.c - asks a time-stamp authority (RFC 3161 over HTTP).
 *
 * The answer is not believed: status, imprint, nonce and signature are checked before the token is
 * handed on, because a token that does not hold is noticed years too late otherwise.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>

#include "base/text.h"
#include "engine/evidence/http.h"
#include "engine/evidence/token.h"

enum {
    NONCE_BYTES = 16,
    MAX_SAID_BYTES = 200, /* of what the authority says, in a message */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_REQ, TS_REQ_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_MSG_IMPRINT, TS_MSG_IMPRINT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_ALGOR, X509_ALGOR_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_INTEGER, ASN1_INTEGER_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_OBJECT, ASN1_OBJECT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)

/* RFC 3161 2.4.2, PKIFailureInfo. */
static const struct {
    int bit;
    const char *meaning;
} failures[] = {
    {TS_INFO_BAD_ALG, "it does not accept the digest"},
    {TS_INFO_BAD_REQUEST, "it does not permit the request"},
    {TS_INFO_BAD_DATA_FORMAT, "it cannot read the request"},
    {TS_INFO_TIME_NOT_AVAILABLE, "its clock is not available"},
    {TS_INFO_UNACCEPTED_POLICY, "it does not support the policy"},
    {TS_INFO_UNACCEPTED_EXTENSION, "it does not support an extension"},
    {TS_INFO_ADD_INFO_NOT_AVAILABLE, "additional information is not available"},
    {TS_INFO_SYSTEM_FAILURE, "a failure of its system"},
};

/* --- the request --- */

static ASN1_INTEGER *
tsa_new_nonce(void)
{
    uint8_t bytes[NONCE_BYTES];
    g_autoptr(BIGNUM) number = NULL;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return NULL;
    /* Positive and of full length, whatever was drawn. */
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    return number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
}

static GBytes *
tsa_encode_request(const DnHash *imprint, ASN1_OBJECT *policy, ASN1_INTEGER *nonce, GError **error)
{
    g_autoptr(TS_REQ) request = TS_REQ_new();
    g_autoptr(TS_MSG_IMPRINT) message = TS_MSG_IMPRINT_new();
    g_autoptr(X509_ALGOR) digest = X509_ALGOR_new();
    int nid = imprint->kind == DN_HASH_SHA512 ? NID_sha512 : NID_sha256;
    unsigned char *der = NULL;
    int size = -1;
    GBytes *bytes = NULL;

    if (request && message && digest && nonce &&
        X509_ALGOR_set0(digest, OBJ_nid2obj(nid), V_ASN1_NULL, NULL) == 1 &&
        TS_MSG_IMPRINT_set_algo(message, digest) == 1 &&
        TS_MSG_IMPRINT_set_msg(message, (unsigned char *)imprint->bytes, (int)imprint->kind) == 1 &&
        TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, message) == 1 &&
        (!policy || TS_REQ_set_policy_id(request, policy) == 1) &&
        TS_REQ_set_nonce(request, nonce) == 1 && TS_REQ_set_cert_req(request, 1) == 1)
        size = i2d_TS_REQ(request, &der);
    ERR_clear_error();
    if (size <= 0)
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "cannot make a time-stamp request");
    bytes = g_bytes_new(der, (size_t)size);
    OPENSSL_free(der);
    return bytes;
}

/* --- the answer --- */

static bool
tsa_check_status(TS_RESP *response, GError **error)
{
    TS_STATUS_INFO *info = TS_RESP_get_status_info(response);
    const ASN1_INTEGER *number = TS_STATUS_INFO_get0_status(info);
    const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
    const ASN1_BIT_STRING *bits = TS_STATUS_INFO_get0_failure_info(info);
    g_autoptr(GString) said = g_string_new(NULL);
    int64_t status = -1;

    if (ASN1_INTEGER_get_int64(&status, number) != 1)
        return dn_fail(error, DN_ERROR_FORMAT, "its answer is malformed");
    if (status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS)
        return true;

    for (size_t i = 0; bits && i < G_N_ELEMENTS(failures); i++)
        if (ASN1_BIT_STRING_get_bit(bits, failures[i].bit))
            g_string_append_printf(said, "; %s", failures[i].meaning);
    for (int i = 0; texts && i < sk_ASN1_UTF8STRING_num(texts) && said->len < MAX_SAID_BYTES; i++) {
        const ASN1_UTF8STRING *text = sk_ASN1_UTF8STRING_value(texts, i);
        g_autofree char *safe =
            dn_text_sanitise((const char *)ASN1_STRING_get0_data(text),
                             CLAMP(ASN1_STRING_length(text), 0, MAX_SAID_BYTES));

        g_strdelimit(safe, "\n\f\t", ' ');
        g_string_append_printf(said, "; it says: %s", safe);
    }
    return dn_fail(error, DN_ERROR_EXTERNAL,
                   "it refused the request (status %" G_GINT64_FORMAT ")%s", status, said->str);
}

/* (transfer full) The token's own bytes: what stands behind the status (RFC 3161 2.4.2). To encode
 * it again could change bytes whose hash is kept. */
static GBytes *
tsa_cut_token(const uint8_t *bytes, size_t size)
{
    const unsigned char *at = bytes;
    long length = 0;
    int tag = 0;
    int class = 0;

    if (ASN1_get_object(&at, &length, &tag, &class, (long)size) != V_ASN1_CONSTRUCTED ||
        at + length != bytes + size)
        return NULL;
    if (ASN1_get_object(&at, &length, &tag, &class, (long)(bytes + size - at)) !=
        V_ASN1_CONSTRUCTED)
        return NULL;
    at += length;
    return at < bytes + size ? g_bytes_new(at, (size_t)(bytes + size - at)) : NULL;
}

static GBytes *
tsa_read_answer(GBytes *answer, const char *type, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(answer, &size);
    const uint8_t *end = bytes;
    g_autoptr(TS_RESP) response = NULL;
    GBytes *token = NULL;

    response = size > 0 ? d2i_TS_RESP(NULL, &end, (long)size) : NULL;
    ERR_clear_error();
    if (!response || end != bytes + size)
        return dn_fail_null(error, DN_ERROR_FORMAT,
                            "its answer of %zu bytes (%s) is no time-stamp response", size,
                            type ? type : "no media type");
    if (!tsa_check_status(response, error))
        return NULL;
    token = TS_RESP_get_token(response) ? tsa_cut_token(bytes, size) : NULL;
    ERR_clear_error();
    if (!token)
        return dn_fail_null(error, DN_ERROR_FORMAT, "it granted the request and sent no token");
    return token;
}

GBytes *
dn_token_of_response(GBytes *bytes)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    const uint8_t *end = data;
    g_autoptr(TS_RESP) response =
        size > 0 && size <= DN_TOKEN_MAX_BYTES ? d2i_TS_RESP(NULL, &end, (long)size) : NULL;
    bool whole = response && end == data + size && TS_RESP_get_token(response);

    ERR_clear_error();
    return whole ? tsa_cut_token(data, size) : NULL;
}

static bool
tsa_check_token(GBytes *token, const DnHash *imprint, const char *policy, const ASN1_INTEGER *nonce,
                GError **error)
{
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) cause = NULL;

    if (!dn_token_verify(token, imprint, nobody, &info, &cause))
        return dn_fail(error, DN_ERROR_EXTERNAL, "it sent a token that does not hold: %s",
                       cause->message);
    if (policy && strcmp(info.policy, policy) != 0)
        return dn_fail(error, DN_ERROR_EXTERNAL, "it stamped under policy %s, not under %s",
                       info.policy, policy);
    if (!dn_token_has_nonce(token, nonce))
        return dn_fail(error, DN_ERROR_EXTERNAL,
                       "it sent a token without the nonce of this request: an old answer?");
    return true;
}

GBytes *
dn_tsa_stamp(const DnTsa *tsa, const DnHash *imprint, GError **error)
{
    g_autoptr(ASN1_INTEGER) nonce = tsa_new_nonce();
    g_autoptr(ASN1_OBJECT) policy = tsa->policy ? OBJ_txt2obj(tsa->policy, 1) : NULL;
    g_autofree char *host = dn_http_host(tsa->url, false);
    g_autoptr(GBytes) request = NULL;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GBytes) token = NULL;
    g_autofree char *type = NULL;

    if (!host)
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the address of the time-stamp authority: want "
                            "http://host/path or https://host/path");
    if (tsa->policy && !policy) {
        ERR_clear_error();
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the policy of the time-stamp authority: want a dotted number");
    }
    request = tsa_encode_request(imprint, policy, nonce, error);
    if (!request)
        return NULL;
    answer = dn_http_ask(&(DnHttp){.url = tsa->url,
                                   .body = request,
                                   .type = "application/timestamp-query",
                                   .accept = "application/timestamp-reply",
                                   .timeout_ms = tsa->timeout_ms,
                                   .max_bytes = DN_TOKEN_MAX_BYTES},
                         &type, error);
    token = answer ? tsa_read_answer(answer, type, error) : NULL;
    if (!token || !tsa_check_token(token, imprint, tsa->policy, nonce, error)) {
        dn_fail_in(error, "time-stamp authority %s", host);
        return NULL;
    }
    return g_steal_pointer(&token);
}
