/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/escrow.c - envelopes of the master key, by OpenSSL 3.
 *
 * The content goes from locked memory into the cipher and back through CMS_dataInit(): the
 * convenient CMS_encrypt() and CMS_decrypt() would copy it through buffers on heap and stack that
 * they do not wipe.
 */
#include "config.h"
#include "base/digest.h"
#include "base/memory.h"
#include "engine/seal/escrow.h"
#include "engine/seal/seal-internal.h"

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    PEM_MOST_BYTES = 64 << 10,
    RSA_LEAST_BITS = 2048,
    AT_VERSION = 8,
    AT_KIND = 10,
    AT_KEY_ID = 12,
    AT_RECIPIENT = 20,
    AT_EPHEMERAL = 52,
    AT_SEALED = 84,
    X25519_BYTES = 32,
    ENVELOPE = AT_SEALED + DN_KEY_BYTES + DN_GCM_TAG_BYTES,
    ENVELOPE_VERSION = 1,
    KIND_X25519 = 1,
};

static const char magic[8] = {'d', 'e', 'n', 'c', 'h', 'o', '-', 'x'};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

static void
fail_openssl(GError **error, DnErrorCode code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    dn_fail(error, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
}

static BIO *
open_pem(const char *path, GError **error)
{
    g_autoptr(BIO) file = BIO_new_file(path, "r");
    FILE *stream = NULL;
    struct stat st;

    if (!file) {
        ERR_clear_error();
        dn_fail_errno(error, "cannot open %s", path);
        return NULL;
    }
    if (BIO_get_fp(file, &stream) != 1 || fstat(fileno(stream), &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size > PEM_MOST_BYTES)
        return dn_fail_null(error, DN_ERROR_FORMAT, "%s: not a PEM file", path);
    setvbuf(stream, NULL, _IONBF, 0); /* what it holds shall not stay in a buffer of stdio */
    return g_steal_pointer(&file);
}

/* --- to a public key --- */

/* A certificate, or a bare public key. *@out_certificate: NULL for the latter. */
static EVP_PKEY *
load_public(const char *path, X509 **out_certificate, GError **error)
{
    g_autoptr(BIO) file = open_pem(path, error);
    EVP_PKEY *key = NULL;

    if (!file)
        return NULL;
    *out_certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
    if (*out_certificate)
        key = X509_get_pubkey(*out_certificate);
    else if (BIO_reset(file) == 0)
        key = PEM_read_bio_PUBKEY(file, NULL, NULL, NULL);
    ERR_clear_error();
    if (!key)
        dn_fail(error, DN_ERROR_FORMAT, "%s: neither a certificate nor a public key in PEM", path);
    return key;
}

static char *
fingerprint(EVP_PKEY *key, uint8_t out_id[20])
{
    uint8_t *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    DnSha256 digest;

    if (size <= 0)
        g_error("a public key has no encoding");
    digest = dn_sha256(der, (size_t)size);
    OPENSSL_free(der);
    memcpy(out_id, digest.bytes, 20);
    return dn_hex(digest.bytes, sizeof digest.bytes);
}

/* CMS names a recipient by a certificate; a bare key gets one for the moment that holds nothing but
 * the key and an identifier made of it. It is signed by nobody's key, only to be complete. */
static X509 *
certificate_of(EVP_PKEY *key, const uint8_t id[20])
{
    g_autoptr(X509) certificate = X509_new();
    g_autoptr(EVP_PKEY) nobody = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    bool done = certificate && nobody && octets && ASN1_OCTET_STRING_set(octets, id, 20) == 1 &&
                X509_set_version(certificate, X509_VERSION_3) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(certificate), 0) &&
                X509_set_pubkey(certificate, key) == 1 &&
                X509_add1_ext_i2d(certificate, NID_subject_key_identifier, octets, 0, 0) == 1 &&
                X509_sign(certificate, nobody, NULL) > 0;

    ASN1_OCTET_STRING_free(octets);
    return done ? g_steal_pointer(&certificate) : NULL;
}

static bool
add_recipient(CMS_ContentInfo *cms, X509 *certificate, bool by_key_id)
{
    unsigned flags = CMS_KEY_PARAM | (by_key_id ? CMS_USE_KEYID : 0);
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, flags);
    EVP_PKEY_CTX *context = recipient ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;

    return context && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

static bool
write_content(CMS_ContentInfo *cms, const DnSecret *text)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(text, &size);
    BIO *content = CMS_dataInit(cms, NULL);
    bool done = content && BIO_write(content, bytes, (int)size) == (int)size &&
                BIO_flush(content) == 1 && CMS_dataFinal(cms, content) == 1;

    BIO_free_all(content);
    return done;
}

static GBytes *
seal_rsa(const DnSecret *master, EVP_PKEY *key, X509 *certificate, const uint8_t id[20],
         GError **error)
{
    g_autoptr(DnSecret) text = dn_master_key_text(master, error);
    g_autoptr(X509) made = certificate ? NULL : certificate_of(key, id);
    g_autoptr(CMS_ContentInfo) cms = NULL;
    uint8_t *der = NULL;
    int size = 0;

    if (!text)
        return NULL;
    if (EVP_PKEY_get_bits(key) < RSA_LEAST_BITS)
        return dn_fail_null(error, DN_ERROR_INVALID, "an RSA key of %d bits is too weak; use %d",
                            EVP_PKEY_get_bits(key), RSA_LEAST_BITS);
    cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_PARTIAL | CMS_BINARY);
    if (!cms || (!certificate && !made) ||
        !add_recipient(cms, certificate ? certificate : made, certificate == NULL) ||
        !write_content(cms, text) || (size = i2d_CMS_ContentInfo(cms, &der)) <= 0) {
        fail_openssl(error, DN_ERROR_EXTERNAL, "cannot make the envelope");
        return NULL;
    }
    GBytes *envelope = g_bytes_new(der, (gsize)size);

    OPENSSL_free(der);
    return envelope;
}

/* The key that both ends agree on. A public key of low order is refused by OpenSSL. */
static bool
agree(EVP_PKEY *own, EVP_PKEY *peer, const uint8_t *header, uint8_t out[DN_KEY_BYTES])
{
    static const char label[] = "dencho 1 escrow";
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(own, NULL);
    uint8_t shared[X25519_BYTES];
    size_t size = sizeof shared;
    bool agreed = context && EVP_PKEY_derive_init(context) == 1 &&
                  EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                  EVP_PKEY_derive(context, shared, &size) == 1 && size == sizeof shared;

    if (agreed)
        dn_hkdf(shared, header + AT_RECIPIENT, AT_SEALED - AT_RECIPIENT, label, strlen(label), out);
    OPENSSL_cleanse(shared, sizeof shared);
    ERR_clear_error();
    return agreed;
}

static GBytes *
seal_x25519(const DnSecret *master, EVP_PKEY *key, GError **error)
{
    g_autoptr(EVP_PKEY) ephemeral = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    g_autofree char *id = dn_master_key_id(master);
    uint8_t bytes[ENVELOPE] = {0};
    const uint8_t nonce[DN_GCM_NONCE_BYTES] = {0}; /* each envelope has a key of its own */
    uint8_t wrap[DN_KEY_BYTES];
    size_t recipient_size = X25519_BYTES;
    size_t ephemeral_size = X25519_BYTES;

    memcpy(bytes, magic, sizeof magic);
    bytes[AT_VERSION + 1] = ENVELOPE_VERSION;
    bytes[AT_KIND + 1] = KIND_X25519;
    dn_unhex(id, bytes + AT_KEY_ID, 8, NULL);
    if (!ephemeral ||
        EVP_PKEY_get_raw_public_key(key, bytes + AT_RECIPIENT, &recipient_size) != 1 ||
        EVP_PKEY_get_raw_public_key(ephemeral, bytes + AT_EPHEMERAL, &ephemeral_size) != 1) {
        fail_openssl(error, DN_ERROR_EXTERNAL, "cannot make the envelope");
        return NULL;
    }
    if (!agree(ephemeral, key, bytes, wrap))
        return dn_fail_null(error, DN_ERROR_INVALID, "the X25519 key is none that keeps a secret");
    dn_gcm_seal_once(wrap, nonce, bytes, AT_SEALED, dn_secret_peek(master, NULL), DN_KEY_BYTES,
                     bytes + AT_SEALED);
    OPENSSL_cleanse(wrap, sizeof wrap);
    return g_bytes_new(bytes, sizeof bytes);
}

GBytes *
dn_escrow_seal(const DnSecret *master, const char *public_pem, char **out_recipient,
               const char **out_kind, GError **error)
{
    X509 *found = NULL;
    g_autoptr(EVP_PKEY) key = load_public(public_pem, &found, error);
    g_autoptr(X509) certificate = found;
    g_autofree char *recipient = NULL;
    uint8_t id[20];
    size_t size = 0;
    GBytes *envelope = NULL;
    bool is_rsa = false;

    if (!key)
        return NULL;
    dn_secret_peek(master, &size);
    if (size != DN_KEY_BYTES)
        return dn_fail_null(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    is_rsa = EVP_PKEY_is_a(key, "RSA");
    if (!is_rsa && !EVP_PKEY_is_a(key, "X25519"))
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED, "%s: want a key of RSA or X25519",
                            public_pem);
    recipient = fingerprint(key, id);
    envelope =
        is_rsa ? seal_rsa(master, key, certificate, id, error) : seal_x25519(master, key, error);
    if (!envelope) {
        dn_fail_in(error, "%s", public_pem);
        return NULL;
    }
    *out_recipient = g_steal_pointer(&recipient);
    *out_kind = is_rsa ? "rsa" : "x25519";
    return envelope;
}

/* --- by the private key --- */

typedef struct {
    DnEscrowPassphrase ask;
    void *user_data;
    bool asked;
} Asking;

static int
give_passphrase(char *buffer, int size, int writing, void *user_data)
{
    Asking *asking = user_data;
    const DnSecret *passphrase = asking->ask ? asking->ask(asking->user_data) : NULL;
    size_t length = 0;
    const uint8_t *bytes = passphrase ? dn_secret_peek(passphrase, &length) : NULL;

    (void)writing;
    asking->asked = true;
    if (!bytes || length > (size_t)size)
        return -1;
    memcpy(buffer, bytes, length);
    return (int)length;
}

static EVP_PKEY *
load_private(const char *path, DnEscrowPassphrase ask, void *user_data, GError **error)
{
    g_autoptr(BIO) file = open_pem(path, error);
    Asking asking = {.ask = ask, .user_data = user_data};
    EVP_PKEY *key = NULL;

    if (!file)
        return NULL;
    key = PEM_read_bio_PrivateKey(file, NULL, give_passphrase, &asking);
    ERR_clear_error();
    if (!key && asking.asked)
        return dn_fail_null(error, DN_ERROR_DENIED, "%s: it does not open with that passphrase",
                            path);
    if (!key)
        return dn_fail_null(error, DN_ERROR_FORMAT, "%s: no private key in PEM", path);
    return key;
}

static DnSecret *
open_x25519(const uint8_t *bytes, size_t size, EVP_PKEY *key, GError **error)
{
    g_autoptr(EVP_PKEY) ephemeral = NULL;
    g_autoptr(DnSecret) master = dn_secret_new(DN_KEY_BYTES, error);
    const uint8_t nonce[DN_GCM_NONCE_BYTES] = {0};
    uint8_t own[X25519_BYTES];
    uint8_t wrap[DN_KEY_BYTES];
    size_t own_size = sizeof own;
    bool opened = false;

    if (!master)
        return NULL;
    if (size != ENVELOPE)
        return dn_fail_null(error, DN_ERROR_FORMAT, "an envelope has %d bytes, not %zu", ENVELOPE,
                            size);
    if (bytes[AT_VERSION] != 0 || bytes[AT_VERSION + 1] != ENVELOPE_VERSION ||
        bytes[AT_KIND] != 0 || bytes[AT_KIND + 1] != KIND_X25519)
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED, "an unknown form; use a newer dencho");
    if (!EVP_PKEY_is_a(key, "X25519") || EVP_PKEY_get_raw_public_key(key, own, &own_size) != 1 ||
        memcmp(own, bytes + AT_RECIPIENT, sizeof own) != 0)
        return dn_fail_null(error, DN_ERROR_DENIED, "it was made for another private key");
    ephemeral =
        EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, bytes + AT_EPHEMERAL, X25519_BYTES);
    if (ephemeral && agree(key, ephemeral, bytes, wrap)) {
        opened = dn_gcm_open_once(wrap, nonce, bytes, AT_SEALED, bytes + AT_SEALED,
                                  size - AT_SEALED, dn_secret_bytes(master));
        OPENSSL_cleanse(wrap, sizeof wrap);
    }
    if (!opened)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "the envelope fails its check");
    return g_steal_pointer(&master);
}

static DnSecret *
read_content(CMS_ContentInfo *cms, GError **error)
{
    enum { CONTENT_MOST = 512 };
    g_autoptr(DnSecret) buffer = dn_secret_new(CONTENT_MOST, error);
    g_autoptr(BIO) content = buffer ? CMS_dataInit(cms, NULL) : NULL;
    size_t size = 0;
    int got = 0;

    if (!buffer)
        return NULL;
    while (content && size < CONTENT_MOST &&
           (got = BIO_read(content, dn_secret_bytes(buffer) + size, (int)(CONTENT_MOST - size))) >
               0)
        size += (size_t)got;
    /* The tag is looked at with the end of the content: all of it must have been read. */
    if (!content || size == 0 || size == CONTENT_MOST ||
        BIO_method_type(content) != BIO_TYPE_CIPHER || BIO_get_cipher_status(content) <= 0) {
        ERR_clear_error();
        return dn_fail_null(error, DN_ERROR_DENIED,
                            "it does not open: it was made for another private key, or is damaged");
    }
    return dn_secret_copy(dn_secret_peek(buffer, NULL), size, error);
}

static DnSecret *
open_rsa(const uint8_t *bytes, size_t size, EVP_PKEY *key, GError **error)
{
    const uint8_t *next = bytes;
    g_autoptr(CMS_ContentInfo) cms = d2i_CMS_ContentInfo(NULL, &next, (long)size);
    g_autoptr(DnSecret) text = NULL;

    if (!cms || next != bytes + size ||
        OBJ_obj2nid(CMS_get0_type(cms)) != NID_id_smime_ct_authEnvelopedData) {
        ERR_clear_error();
        return dn_fail_null(error, DN_ERROR_FORMAT, "not an envelope of a master key");
    }
    /* With another RSA key OpenSSL goes on with a random content key, and the tag fails. */
    if (!EVP_PKEY_is_a(key, "RSA") || CMS_decrypt_set1_pkey(cms, key, NULL) != 1) {
        ERR_clear_error();
        return dn_fail_null(error, DN_ERROR_DENIED, "it was made for another private key");
    }
    text = read_content(cms, error);
    return text ? dn_master_key_parse(text, NULL, error) : NULL;
}

DnSecret *
dn_escrow_open(GBytes *envelope, const char *private_pem, DnEscrowPassphrase ask, void *user_data,
               GError **error)
{
    g_autoptr(EVP_PKEY) key = load_private(private_pem, ask, user_data, error);
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(envelope, &size);

    if (!key)
        return NULL;
    if (size == 0 || size > PEM_MOST_BYTES)
        return dn_fail_null(error, DN_ERROR_FORMAT, "not an envelope of a master key");
    if (size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0)
        return open_x25519(bytes, size, key, error);
    return open_rsa(bytes, size, key, error);
}
