/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/x509.c - what every certificate, chain and digest is held to.
 */
#include "config.h"
#include "engine/evidence/x509.h"

#include <openssl/evp.h>
#include <time.h>

enum {
    MIN_DIGEST_BYTES = 28,  /* SHA-224 */
    MIN_SECURITY_LEVEL = 2, /* 112 bits */
    MAX_CHAIN_DEPTH = 8,
};

bool
dn_x509_digest_holds(const EVP_MD *md)
{
    return md && EVP_MD_get_size(md) >= MIN_DIGEST_BYTES;
}

void
dn_x509_set_rules(X509_VERIFY_PARAM *param, int64_t at_utc_ms)
{
    X509_VERIFY_PARAM_set_time(param, (time_t)(at_utc_ms / 1000));
    X509_VERIFY_PARAM_set_depth(param, MAX_CHAIN_DEPTH);
    X509_VERIFY_PARAM_set_auth_level(param, MIN_SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
}

int64_t
dn_x509_utc_ms(const ASN1_TIME *time, int64_t otherwise)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : otherwise;
}

int
dn_x509_refuse_passphrase(char *buffer, int size, int for_writing, void *user_data)
{
    (void)buffer, (void)size, (void)for_writing, (void)user_data;
    return -1;
}
