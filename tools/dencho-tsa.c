/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tools/dencho-tsa.c - a small time-stamp authority (RFC 3161 over HTTP) for tests and trials.
 *
 *   dencho-tsa init DIR    makes a root, a time-stamping certificate and DIR/trust.conf
 *   dencho-tsa crl DIR     makes DIR/ca.crl, the root's list of revoked certificates
 *   dencho-tsa serve DIR   answers on 127.0.0.1 until SIGTERM; GET /ca.crl gets that list
 *
 * It is accredited by nobody and says so in its certificate: its clock is this machine's, its key a
 * file. One connection is served at a time, each within fixed limits of bytes and time.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/memory.h"

enum {
    MAX_HEAD_BYTES = 8 * 1024,
    MAX_BODY_BYTES = 16 * 1024,
    MAX_CONNECTION_MS = 10 * 1000,
    SERIAL_BYTES = 8,
    RSA_BITS = 2048,
    ROOT_DAYS = 30 * 365,
    MAX_CRL_BYTES = 1024 * 1024,
};

static const char policy_oid[] = "2.25.118059162071741130342591466862047354001";
static const char root_name[] = "dencho test CA (NON-ACCREDITED)";
static const char tsa_name[] = "dencho test TSA (NON-ACCREDITED)";

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_INTEGER, ASN1_INTEGER_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_OBJECT, ASN1_OBJECT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP_CTX, TS_RESP_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_EXTENSION, X509_EXTENSION_free)

static bool
tsa_fail_openssl(GError **error, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return dn_fail(error, DN_ERROR_EXTERNAL, "%s: %s", what, reason ? reason : "OpenSSL failed");
}

/* --- init --- */

typedef struct {
    const char *folder;
    DnDate from; /* first day of the time-stamping certificate, UTC */
    int days;
    bool rsa;
    const char *crl_url;  /* (nullable) where its list is had */
    const char *ocsp_url; /* (nullable) who answers for it */
} InitOptions;

static EVP_PKEY *
init_new_key(bool rsa)
{
    return rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
}

static bool
init_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    g_autoptr(X509_EXTENSION) extension = NULL;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    return extension && X509_add_ext(certificate, extension, -1) == 1;
}

static bool
init_set_days(X509 *certificate, const DnDate *from, int days)
{
    time_t start = (time_t)dn_date_to_days(from) * 24 * 60 * 60;

    return ASN1_TIME_set(X509_getm_notBefore(certificate), start) &&
           ASN1_TIME_adj(X509_getm_notAfter(certificate), start, days, 0);
}

static bool
init_set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_BYTES];
    g_autoptr(BIGNUM) number = NULL;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

/* A certificate that is not signed yet; a root is its own issuer. */
static X509 *
init_new_certificate(const char *name, EVP_PKEY *key, X509 *issuer, const DnDate *from, int days)
{
    g_autoptr(X509) certificate = X509_new();
    X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;

    if (!certificate || X509_set_version(certificate, X509_VERSION_3) != 1 ||
        !init_set_serial(certificate) || !init_set_days(certificate, from, days) ||
        X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const uint8_t *)"dencho", -1, -1,
                                   0) != 1 ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate)) !=
            1 ||
        X509_set_pubkey(certificate, key) != 1)
        return NULL;
    return g_steal_pointer(&certificate);
}

static X509 *
init_new_root(EVP_PKEY *key, const DnDate *from)
{
    g_autoptr(X509) root = init_new_certificate(root_name, key, NULL, from, ROOT_DAYS);

    if (!root || !init_add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE") ||
        !init_add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !init_add_extension(root, root, NID_subject_key_identifier, "hash") ||
        X509_sign(root, key, EVP_sha256()) <= 0)
        return NULL;
    return g_steal_pointer(&root);
}

/* Where the certificate says that revocations are told. */
static bool
init_add_places(X509 *tsa, X509 *root, const InitOptions *options)
{
    g_autofree char *crl = g_strconcat("URI:", options->crl_url, NULL);
    g_autofree char *ocsp = g_strconcat("OCSP;URI:", options->ocsp_url, NULL);

    return (!options->crl_url || init_add_extension(tsa, root, NID_crl_distribution_points, crl)) &&
           (!options->ocsp_url || init_add_extension(tsa, root, NID_info_access, ocsp));
}

static X509 *
init_new_tsa(EVP_PKEY *key, X509 *root, EVP_PKEY *root_key, const InitOptions *options)
{
    g_autoptr(X509) tsa = init_new_certificate(tsa_name, key, root, &options->from, options->days);

    if (!tsa || !init_add_extension(tsa, root, NID_basic_constraints, "critical,CA:FALSE") ||
        !init_add_extension(tsa, root, NID_key_usage, "critical,digitalSignature,nonRepudiation") ||
        !init_add_extension(tsa, root, NID_ext_key_usage, "critical,timeStamping") ||
        !init_add_extension(tsa, root, NID_subject_key_identifier, "hash") ||
        !init_add_extension(tsa, root, NID_authority_key_identifier, "keyid:always") ||
        !init_add_places(tsa, root, options) || X509_sign(tsa, root_key, EVP_sha256()) <= 0)
        return NULL;
    return g_steal_pointer(&tsa);
}

static bool
init_create(const char *folder, const char *name, const char *bytes, size_t size, mode_t mode,
            GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return dn_fs_create_file(path, bytes, size, mode, error) || dn_fail_in(error, "%s", path);
}

static bool
init_write_pem(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key,
               GError **error)
{
    g_autoptr(BIO) out = BIO_new(BIO_s_secmem());
    char *bytes = NULL;
    long size = 0;
    bool written = false;

    if (out && certificate)
        written = PEM_write_bio_X509(out, certificate) == 1;
    else if (out)
        written = PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (!written)
        return tsa_fail_openssl(error, name);
    size = BIO_get_mem_data(out, &bytes);
    return init_create(folder, name, bytes, (size_t)size, certificate ? 0644 : 0600, error);
}

static bool
init_write_trust(const char *folder, const DnDate *from, GError **error)
{
    char day[DN_DATE_TEXT + 1];
    g_autofree char *text = NULL;

    dn_date_format(from, day);
    text = g_strdup_printf(
        "# A local authority for tests and trials. Its stamps have no legal weight.\n"
        "[authority %s]\ncertificate=ca.pem\nfrom=%s\npolicy=%s\n"
        "accredited=false\n",
        tsa_name, day, policy_oid);
    return init_create(folder, "trust.conf", text, strlen(text), 0644, error);
}

static bool
tsa_init(const InitOptions *options, GError **error)
{
    g_autoptr(EVP_PKEY) root_key = init_new_key(options->rsa);
    g_autoptr(EVP_PKEY) tsa_key = init_new_key(options->rsa);
    g_autoptr(X509) root = NULL;
    g_autoptr(X509) tsa = NULL;
    /* The root begins a day earlier: stamps of the first hours in Japan are of that day in UTC. */
    DnDate root_from = dn_date_from_days(dn_date_to_days(&options->from) - 1);

    if (!root_key || !tsa_key)
        return tsa_fail_openssl(error, "cannot make keys");
    root = init_new_root(root_key, &root_from);
    tsa = root ? init_new_tsa(tsa_key, root, root_key, options) : NULL;
    if (!tsa)
        return tsa_fail_openssl(error, "cannot make certificates");
    return dn_fs_make_dir(options->folder, false, error) &&
           init_write_pem(options->folder, "ca.key", NULL, root_key, error) &&
           init_write_pem(options->folder, "ca.pem", root, NULL, error) &&
           init_write_pem(options->folder, "tsa.key", NULL, tsa_key, error) &&
           init_write_pem(options->folder, "tsa.pem", tsa, NULL, error) &&
           init_create(options->folder, "serial", "0\n", 2, 0600, error) &&
           init_write_trust(options->folder, &options->from, error);
}

/* --- serve: the authority --- */

typedef struct {
    char *serial_path;
    char *crl_path;
    TS_RESP_CTX *responder;
    int64_t clock_offset_ms;
    int delay_ms;
    bool refuse;
    int lock_fd;   /* one server a folder: serial numbers are given once */
    int signal_fd; /* SIGTERM, SIGINT */
    bool ended;
} Server;

static void
server_clear(Server *self)
{
    g_free(self->serial_path);
    g_free(self->crl_path);
    TS_RESP_CTX_free(self->responder);
    dn_clear_fd(&self->lock_fd);
    dn_clear_fd(&self->signal_fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)

static bool
serve_next_serial(Server *self, uint64_t *out_serial, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *next = NULL;
    guint64 last = 0;

    if (!g_file_get_contents(self->serial_path, &text, NULL, error))
        return false;
    if (!g_ascii_string_to_unsigned(g_strstrip(text), 16, 0, G_MAXINT64 - 1, &last, error))
        return dn_fail_in(error, "%s", self->serial_path);
    next = g_strdup_printf("%" G_GINT64_MODIFIER "x\n", last + 1);
    /* Durable before it is used: a crash may skip a number, never give it twice. */
    if (!dn_fs_replace_file(self->serial_path, next, strlen(next), 0600, error))
        return false;
    *out_serial = last + 1;
    return true;
}

static ASN1_INTEGER *
serve_make_serial(TS_RESP_CTX *context, void *user_data)
{
    Server *self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(ASN1_INTEGER) number = ASN1_INTEGER_new();
    uint64_t serial = 0;

    if (number && serve_next_serial(self, &serial, &error) &&
        ASN1_INTEGER_set_uint64(number, serial) == 1)
        return g_steal_pointer(&number);
    fprintf(stderr, "dencho-tsa: no serial number: %s\n", error ? error->message : "memory");
    TS_RESP_CTX_set_status_info(context, TS_STATUS_REJECTION, "no serial number");
    TS_RESP_CTX_add_failure_info(context, TS_INFO_SYSTEM_FAILURE);
    return NULL;
}

static int
serve_tell_time(TS_RESP_CTX *context, void *user_data, long *out_s, long *out_us)
{
    const Server *self = user_data;
    int64_t now_ms = dn_clock_now_utc_ms() + self->clock_offset_ms;

    if (self->refuse) {
        TS_RESP_CTX_set_status_info(context, TS_STATUS_REJECTION, "refuses, as it was told to");
        TS_RESP_CTX_add_failure_info(context, TS_INFO_TIME_NOT_AVAILABLE);
        return 0;
    }
    *out_s = (long)(now_ms / 1000);
    *out_us = (long)(now_ms % 1000) * 1000;
    return 1;
}

static X509 *
serve_read_certificate(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(BIO) in = BIO_new_file(path, "r");

    return in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *
serve_read_key(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(BIO) in = BIO_new_file(path, "r");

    return in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
}

static bool
serve_prepare(Server *self, const char *folder, GError **error)
{
    g_autoptr(X509) root = serve_read_certificate(folder, "ca.pem");
    g_autoptr(X509) tsa = serve_read_certificate(folder, "tsa.pem");
    g_autoptr(EVP_PKEY) key = serve_read_key(folder, "tsa.key");
    g_autoptr(ASN1_OBJECT) policy = OBJ_txt2obj(policy_oid, 1);
    STACK_OF(X509) *certificates = sk_X509_new_null();
    TS_RESP_CTX *responder = TS_RESP_CTX_new();
    bool ready = false;

    self->responder = responder;
    self->serial_path = g_build_filename(folder, "serial", NULL);
    self->crl_path = g_build_filename(folder, "ca.crl", NULL);
    if (root && tsa && key && policy && certificates && responder &&
        sk_X509_push(certificates, root) > 0) {
        TS_RESP_CTX_set_serial_cb(responder, serve_make_serial, self);
        TS_RESP_CTX_set_time_cb(responder, serve_tell_time, self);
        TS_RESP_CTX_add_flags(responder, TS_TSA_NAME);
        ready = TS_RESP_CTX_set_signer_cert(responder, tsa) == 1 &&
                TS_RESP_CTX_set_signer_key(responder, key) == 1 &&
                TS_RESP_CTX_set_signer_digest(responder, EVP_sha256()) == 1 &&
                TS_RESP_CTX_set_ess_cert_id_digest(responder, EVP_sha256()) == 1 &&
                TS_RESP_CTX_set_certs(responder, certificates) == 1 &&
                TS_RESP_CTX_set_def_policy(responder, policy) == 1 &&
                TS_RESP_CTX_add_md(responder, EVP_sha256()) == 1 &&
                TS_RESP_CTX_add_md(responder, EVP_sha384()) == 1 &&
                TS_RESP_CTX_add_md(responder, EVP_sha512()) == 1 &&
                TS_RESP_CTX_set_accuracy(responder, 1, 0, 0) == 1 &&
                TS_RESP_CTX_set_clock_precision_digits(responder, 3) == 1;
    }
    sk_X509_free(certificates);
    if (!ready)
        return tsa_fail_openssl(error, "cannot use its keys and certificates");

    self->lock_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->lock_fd < 0 || flock(self->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return dn_fail_errno(error, "%s: cannot be locked; does another dencho-tsa serve it?",
                             folder);
    return true;
}

/* (transfer full) DER of the response; a request that cannot be read is refused in it. */
static GBytes *
serve_answer(Server *self, const uint8_t *body, size_t size)
{
    g_autoptr(BIO) request = BIO_new_mem_buf(body, (int)size);
    g_autoptr(TS_RESP) response = NULL;
    unsigned char *der = NULL;
    GBytes *answer = NULL;
    int length = 0;

    response = request ? TS_RESP_create_response(self->responder, request) : NULL;
    length = response ? i2d_TS_RESP(response, &der) : 0;
    if (length > 0)
        answer = g_bytes_new(der, (size_t)length);
    OPENSSL_free(der);
    ERR_clear_error();
    return answer;
}

/* --- crl --- */

typedef struct {
    const char *folder;
    int64_t issued_utc_ms;
    int64_t revoked_utc_ms;
    const char *reason; /* (nullable) revokes the time-stamping certificate; "none": without one */
    int days;
} CrlOptions;

static bool
crl_set_reason(X509_REVOKED *entry, const char *name)
{
    static const char *const names[] = {
        "unspecified", "keyCompromise",        "CACompromise",   "affiliationChanged",
        "superseded",  "cessationOfOperation", "certificateHold"};
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    bool set = strcmp(name, "none") == 0;

    for (size_t i = 0; reason && i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            set = ASN1_ENUMERATED_set(reason, (long)i) == 1 &&
                  X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
    ASN1_ENUMERATED_free(reason);
    return set;
}

static bool
crl_revoke(X509_CRL *crl, X509 *certificate, const CrlOptions *options)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *since = ASN1_TIME_set(NULL, (time_t)(options->revoked_utc_ms / 1000));
    bool added = entry && since &&
                 X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
                 X509_REVOKED_set_revocationDate(entry, since) == 1 &&
                 crl_set_reason(entry, options->reason) && X509_CRL_add0_revoked(crl, entry) == 1;

    ASN1_TIME_free(since);
    if (!added)
        X509_REVOKED_free(entry);
    return added;
}

static bool
crl_fill(X509_CRL *crl, X509 *root, X509 *tsa, EVP_PKEY *key, const CrlOptions *options)
{
    time_t issued = (time_t)(options->issued_utc_ms / 1000);
    ASN1_TIME *from = ASN1_TIME_set(NULL, issued);
    ASN1_TIME *next = ASN1_TIME_adj(NULL, issued, options->days, 0);
    bool filled = from && next && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                  X509_CRL_set_issuer_name(crl, X509_get_subject_name(root)) == 1 &&
                  X509_CRL_set1_lastUpdate(crl, from) == 1 &&
                  X509_CRL_set1_nextUpdate(crl, next) == 1 &&
                  (!options->reason || crl_revoke(crl, tsa, options)) && X509_CRL_sort(crl) == 1 &&
                  X509_CRL_sign(crl, key, EVP_sha256()) > 0;

    ASN1_TIME_free(from);
    ASN1_TIME_free(next);
    return filled;
}

static bool
tsa_make_crl(const CrlOptions *options, GError **error)
{
    g_autoptr(X509) root = serve_read_certificate(options->folder, "ca.pem");
    g_autoptr(X509) tsa = serve_read_certificate(options->folder, "tsa.pem");
    g_autoptr(EVP_PKEY) key = serve_read_key(options->folder, "ca.key");
    g_autofree char *path = g_build_filename(options->folder, "ca.crl", NULL);
    X509_CRL *crl = X509_CRL_new();
    unsigned char *der = NULL;
    int size = 0;
    bool written = false;

    if (root && tsa && key && crl && crl_fill(crl, root, tsa, key, options))
        size = i2d_X509_CRL(crl, &der);
    X509_CRL_free(crl);
    if (size <= 0)
        return tsa_fail_openssl(error, "cannot make the list");
    written = dn_fs_replace_file(path, der, (size_t)size, 0644, error);
    OPENSSL_free(der);
    return written;
}

/* --- serve: HTTP/1.1 --- */

typedef struct {
    int fd;
    int64_t deadline_ms;
    GByteArray *bytes; /* what was received: head, then body */
} Connection;

static void
connection_clear(Connection *self)
{
    dn_clear_fd(&self->fd);
    g_byte_array_unref(self->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Connection, connection_clear)

/* Waits until @fd has @events; false when the server is to end or the time is over. fd < 0 waits
 * for the time alone. */
static bool
serve_wait(Server *self, int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd polled[] = {{self->signal_fd, POLLIN, 0}, {fd, events, 0}};
        int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - dn_clock_monotonic_ms();
        int count = 0;

        if (deadline_ms >= 0 && left_ms <= 0)
            return false;
        count = poll(polled, G_N_ELEMENTS(polled), (int)left_ms);
        if (count < 0 && errno != EINTR)
            self->ended = true;
        if (count > 0 && polled[0].revents)
            self->ended = true;
        if (self->ended)
            return false;
        if (count > 0 && polled[1].revents)
            return true;
    }
}

static bool
connection_receive(Server *server, Connection *self)
{
    uint8_t buffer[4096];
    ssize_t count = 0;

    if (!serve_wait(server, self->fd, POLLIN, self->deadline_ms))
        return false;
    count = recv(self->fd, buffer, sizeof buffer, 0);
    if (count <= 0)
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    g_byte_array_append(self->bytes, buffer, (guint)count);
    return true;
}

static void
connection_send(Server *server, Connection *self, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = send(self->fd, bytes, size, MSG_NOSIGNAL);

        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (count < 0 && !serve_wait(server, self->fd, POLLOUT, self->deadline_ms))
            return;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
}

static void
connection_reply(Server *server, Connection *self, const char *status, const char *type,
                 const void *body, size_t size)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out,
                           "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                           "Connection: close\r\n\r\n",
                           status, type, size);
    g_string_append_len(out, body, (gssize)size);
    connection_send(server, self, out->str, out->len);
}

static void
connection_refuse(Server *server, Connection *self, const char *status)
{
    connection_reply(server, self, status, "text/plain", status, strlen(status));
    /* What the peer still sends is read, or closing would reset the answer away. */
    shutdown(self->fd, SHUT_WR);
    for (size_t i = 0; i < 16 && connection_receive(server, self); i++)
        g_byte_array_set_size(self->bytes, 0);
}

/* (nullable) The value of a header line, in place; @lines were split at line ends. */
static const char *
connection_header(char **lines, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 1; lines[i]; i++)
        if (g_ascii_strncasecmp(lines[i], name, length) == 0 && lines[i][length] == ':')
            return g_strstrip(lines[i] + length + 1);
    return NULL;
}

/* (nullable) Why the request with that head is refused; else how long its body is. */
static const char *
connection_check_head(const char *head, size_t *out_body_bytes)
{
    g_auto(GStrv) lines = g_strsplit(head, "\r\n", -1);
    const char *type = NULL;
    const char *length = NULL;
    guint64 bytes = 0;

    /* An empty head has no first line at all. */
    if (!lines[0] || !g_str_has_suffix(lines[0], " HTTP/1.1"))
        return "505 HTTP Version Not Supported";
    *out_body_bytes = 0;
    if (strcmp(lines[0], "GET /ca.crl HTTP/1.1") == 0)
        return NULL;
    type = connection_header(lines, "Content-Type");
    length = connection_header(lines, "Content-Length");
    if (!g_str_has_prefix(lines[0], "POST /"))
        return "405 Method Not Allowed";
    if (!type || g_ascii_strcasecmp(type, "application/timestamp-query") != 0)
        return "415 Unsupported Media Type";
    if (!length || connection_header(lines, "Transfer-Encoding"))
        return "411 Length Required";
    if (!g_ascii_string_to_unsigned(length, 10, 1, MAX_BODY_BYTES, &bytes, NULL))
        return "413 Content Too Large";
    *out_body_bytes = (size_t)bytes;
    return NULL;
}

static void
serve_list(Server *self, Connection *connection)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (g_file_get_contents(self->crl_path, &bytes, &size, NULL) && size <= MAX_CRL_BYTES)
        connection_reply(self, connection, "200 OK", "application/pkix-crl", bytes, size);
    else
        connection_refuse(self, connection, "404 Not Found");
}

static void
serve_connection(Server *self, int fd)
{
    g_auto(Connection) connection = {.fd = fd, .bytes = g_byte_array_sized_new(MAX_HEAD_BYTES)};
    g_autoptr(GBytes) answer = NULL;
    g_autofree char *head = NULL;
    const char *refusal = NULL;
    size_t head_bytes = 0;
    size_t body_bytes = 0;

    connection.deadline_ms = dn_clock_monotonic_ms() + MAX_CONNECTION_MS;
    while (head_bytes == 0) {
        const char *start = (const char *)connection.bytes->data;
        const char *end = g_strstr_len(start, (gssize)connection.bytes->len, "\r\n\r\n");

        if (end) {
            head_bytes = (size_t)(end - start) + 4;
            head = g_strndup(start, head_bytes - 4);
        } else if (connection.bytes->len > MAX_HEAD_BYTES) {
            connection_refuse(self, &connection, "431 Request Header Fields Too Large");
            return;
        } else if (!connection_receive(self, &connection)) {
            return;
        }
    }
    refusal = connection_check_head(head, &body_bytes);
    if (refusal) {
        connection_refuse(self, &connection, refusal);
        return;
    }
    while (connection.bytes->len < head_bytes + body_bytes)
        if (!connection_receive(self, &connection))
            return;

    if (self->delay_ms > 0) {
        serve_wait(self, -1, 0, dn_clock_monotonic_ms() + self->delay_ms);
        if (self->ended)
            return;
        connection.deadline_ms = dn_clock_monotonic_ms() + MAX_CONNECTION_MS;
    }
    if (body_bytes == 0) {
        serve_list(self, &connection);
        return;
    }
    answer = serve_answer(self, connection.bytes->data + head_bytes, body_bytes);
    if (answer)
        connection_reply(self, &connection, "200 OK", "application/timestamp-reply",
                         g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
    else
        connection_refuse(self, &connection, "500 Internal Server Error");
}

static int
serve_listen(int port, int *out_port, GError **error)
{
    dn_autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        dn_fail_errno(error, "127.0.0.1 port %d", port);
        return -1;
    }
    *out_port = ntohs(address.sin_port);
    return dn_steal_fd(&fd);
}

static int
serve_catch_signals(GError **error)
{
    sigset_t ending;
    int fd = -1;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ending, NULL) == 0)
        fd = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        dn_fail_errno(error, "cannot wait for signals");
    return fd;
}

static bool
tsa_serve(Server *self, const char *folder, int port, const char *port_file, GError **error)
{
    dn_autofd int listener = -1;
    char number[16];

    self->signal_fd = serve_catch_signals(error);
    if (self->signal_fd < 0 || !serve_prepare(self, folder, error))
        return false;
    listener = serve_listen(port, &port, error);
    if (listener < 0)
        return false;
    printf("http://127.0.0.1:%d/\n", port);
    fflush(stdout);
    g_snprintf(number, sizeof number, "%d\n", port);
    if (port_file && !dn_fs_replace_file(port_file, number, strlen(number), 0644, error))
        return false;

    while (serve_wait(self, listener, POLLIN, -1)) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0)
            serve_connection(self, fd);
    }
    return true;
}

/* --- the command line --- */

static bool
main_init(InitOptions options, const char *valid_from, GError **error)
{
    options.from = dn_date_from_days((int32_t)(dn_clock_now_utc_ms() / (24 * 60 * 60 * 1000)) - 1);
    if (valid_from && !dn_date_parse(valid_from, &options.from, error))
        return dn_fail_in(error, "--valid-from");
    if (options.days < 1 || options.days > ROOT_DAYS)
        return dn_fail(error, DN_ERROR_INVALID, "--days: want 1 to %d", ROOT_DAYS);
    return tsa_init(&options, error);
}

static bool
main_crl(CrlOptions options, const char *issued, const char *revoked, GError **error)
{
    options.issued_utc_ms = dn_clock_now_utc_ms();
    if (issued && !dn_clock_parse(issued, &options.issued_utc_ms, error))
        return dn_fail_in(error, "--issued");
    options.revoked_utc_ms = options.issued_utc_ms;
    if (revoked && !dn_clock_parse(revoked, &options.revoked_utc_ms, error))
        return dn_fail_in(error, "--revoked-at");
    if (options.days < 0 || options.days > ROOT_DAYS)
        return dn_fail(error, DN_ERROR_INVALID, "--crl-days: want 0 to %d", ROOT_DAYS);
    return tsa_make_crl(&options, error);
}

static bool
main_serve(const char *folder, int port, const char *port_file, int delay_ms, bool refuse,
           const char *clock, GError **error)
{
    g_auto(Server)
        server = {.delay_ms = delay_ms, .refuse = refuse, .lock_fd = -1, .signal_fd = -1};
    int64_t pretended_ms = 0;

    if (port < 0 || port > G_MAXUINT16)
        return dn_fail(error, DN_ERROR_INVALID, "--port: want 0 to %d", G_MAXUINT16);
    if (delay_ms < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--delay-ms: want 0 or more");
    if (clock) {
        if (!dn_clock_parse(clock, &pretended_ms, error))
            return dn_fail_in(error, "--clock");
        server.clock_offset_ms = pretended_ms - dn_clock_now_utc_ms();
    }
    return tsa_serve(&server, folder, port, port_file, error);
}

int
main(int argc, char **argv)
{
    g_autofree char *valid_from = NULL;
    g_autofree char *port_file = NULL;
    g_autofree char *clock = NULL;
    g_autofree char *crl_url = NULL;
    g_autofree char *ocsp_url = NULL;
    g_autofree char *issued = NULL;
    g_autofree char *revoke = NULL;
    g_autofree char *revoked_at = NULL;
    int crl_days = 7;
    gboolean rsa = FALSE;
    gboolean refuse = FALSE;
    int days = 365 * 10;
    int port = 0;
    int delay_ms = 0;
    const GOptionEntry entries[] = {
        {"valid-from", 0, 0, G_OPTION_ARG_STRING, &valid_from,
         "init: first day of the certificate (yesterday)", "DATE"},
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "init: how long it is valid (3650)", "N"},
        {"rsa", 0, 0, G_OPTION_ARG_NONE, &rsa, "init: RSA 2048 keys, not ECDSA P-256", NULL},
        {"crl-url", 0, 0, G_OPTION_ARG_STRING, &crl_url,
         "init: where the certificate says that its CRL is", "URL"},
        {"ocsp-url", 0, 0, G_OPTION_ARG_STRING, &ocsp_url,
         "init: where it says that its OCSP responder is", "URL"},
        {"issued", 0, 0, G_OPTION_ARG_STRING, &issued, "crl: when (now)", "TIME"},
        {"crl-days", 0, 0, G_OPTION_ARG_INT, &crl_days, "crl: until the next one (7)", "N"},
        {"revoke", 0, 0, G_OPTION_ARG_STRING, &revoke,
         "crl: revoke the certificate: keyCompromise, superseded, ..., or none", "REASON"},
        {"revoked-at", 0, 0, G_OPTION_ARG_STRING, &revoked_at, "crl: since when", "TIME"},
        {"port", 0, 0, G_OPTION_ARG_INT, &port, "serve: port, 0 = a free one (0)", "N"},
        {"port-file", 0, 0, G_OPTION_ARG_FILENAME, &port_file, "serve: write the port there",
         "FILE"},
        {"delay-ms", 0, 0, G_OPTION_ARG_INT, &delay_ms, "serve: wait before each answer", "N"},
        {"refuse", 0, 0, G_OPTION_ARG_NONE, &refuse, "serve: refuse every request", NULL},
        {"clock", 0, 0, G_OPTION_ARG_STRING, &clock,
         "serve: pretend to start at 2026-01-02T03:04:05.000Z", "TIME"},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new("init|crl|serve DIR");
    g_autoptr(GError) error = NULL;
    bool done = false;

    g_option_context_set_summary(
        context, "A local time-stamp authority for tests and trials. It is NON-ACCREDITED: its "
                 "stamps have no legal weight.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        done = false;
    else if (argc == 3 && strcmp(argv[1], "init") == 0)
        done = main_init((InitOptions){.folder = argv[2],
                                       .days = days,
                                       .rsa = rsa,
                                       .crl_url = crl_url,
                                       .ocsp_url = ocsp_url},
                         valid_from, &error);
    else if (argc == 3 && strcmp(argv[1], "crl") == 0)
        done = main_crl((CrlOptions){.folder = argv[2], .reason = revoke, .days = crl_days}, issued,
                        revoked_at, &error);
    else if (argc == 3 && strcmp(argv[1], "serve") == 0)
        done = main_serve(argv[2], port, port_file, delay_ms, refuse, clock, &error);
    else
        dn_fail(&error, DN_ERROR_INVALID, "want init DIR, crl DIR or serve DIR; see --help");
    if (done)
        return 0;
    fprintf(stderr, "dencho-tsa: %s\n", error->message);
    return error->domain == G_OPTION_ERROR ? dn_error_exit_status(DN_ERROR_INVALID)
                                           : dn_error_exit_status(dn_error_code(error));
}
