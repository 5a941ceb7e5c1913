/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/trust.c - the list of time-stamp authorities that count, with their dates.
 *
 * A valid chain shows who signed, not that the signer was accredited on that day: the list says so,
 * and it is kept by people. It never takes the system's certificate store into account.
 */
#include "config.h"
#include "engine/evidence/trust.h"
#include "engine/evidence/x509.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/memory.h"

enum { MAX_FILE_BYTES = 1024 * 1024, MAX_AUTHORITIES = 256, MAX_CERTIFICATES = 16 };

static const char group_prefix[] = "authority ";
static const char *const known_keys[] = {"certificate", "from", "until", "policy", "accredited"};

struct DnTrust {
    GPtrArray *authorities;
    DnRevoked *revoked;
};

static void
trust_authority_free(DnTrustAuthority *self)
{
    if (!self)
        return;
    g_free(self->name);
    g_free(self->policy);
    X509_free(self->anchor);
    dn_x509_stack_free(self->extra);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTrustAuthority, trust_authority_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ASN1_OBJECT, ASN1_OBJECT_free)

/* (transfer full) The whole of a small regular file, with a NUL behind it. */
static char *
trust_read_file(const char *path, size_t *out_size, GError **error)
{
    g_autofree char *bytes = NULL;
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) != 0) {
        dn_fail_errno(error, "%s", path);
        return NULL;
    }
    if (!S_ISREG(info.st_mode))
        return dn_fail_null(error, DN_ERROR_INVALID, "%s: not a regular file", path);
    if (info.st_size > MAX_FILE_BYTES)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%s has %lld bytes, %d are allowed", path,
                            (long long)info.st_size, MAX_FILE_BYTES);
    bytes = g_malloc0((size_t)info.st_size + 1);
    if (!dn_fs_pread_all(fd, bytes, (size_t)info.st_size, 0, error)) {
        dn_fail_in(error, "%s", path);
        return NULL;
    }
    *out_size = (size_t)info.st_size;
    return g_steal_pointer(&bytes);
}

static bool
trust_may_stamp_or_issue(X509 *certificate)
{
    return X509_check_ca(certificate) > 0 ||
           X509_check_purpose(certificate, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1;
}

static bool
trust_read_certificates(DnTrustAuthority *self, const char *path, GError **error)
{
    size_t size = 0;
    g_autofree char *bytes = trust_read_file(path, &size, error);
    g_autoptr(BIO) in = NULL;

    if (!bytes)
        return false;
    in = BIO_new_mem_buf(bytes, (int)size);
    self->extra = sk_X509_new_null();
    for (size_t i = 0; in && self->extra; i++) {
        g_autoptr(X509) certificate = PEM_read_bio_X509(in, NULL, dn_x509_refuse_passphrase, NULL);

        if (!certificate)
            break;
        if (i >= MAX_CERTIFICATES)
            return dn_fail(error, DN_ERROR_LIMIT, "%s: more than %d certificates", path,
                           MAX_CERTIFICATES);
        /* Makes OpenSSL parse the extensions now, while no other thread sees the certificate. */
        X509_check_purpose(certificate, -1, 0);
        if (!self->anchor)
            self->anchor = g_steal_pointer(&certificate);
        else if (sk_X509_push(self->extra, certificate) > 0)
            certificate = NULL;
    }
    /* The end of the file is an error to PEM_read_bio_X509() like any other: damage after the
     * first certificate must not pass for it. */
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!self->anchor || !at_end)
        return dn_fail(error, DN_ERROR_INVALID, "%s: want certificates in PEM form", path);
    if (!trust_may_stamp_or_issue(self->anchor))
        return dn_fail(error, DN_ERROR_INVALID,
                       "%s: the first certificate is neither a CA nor one for time-stamping", path);
    return true;
}

static bool
trust_check_keys(GKeyFile *file, const char *group, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, error);

    for (size_t i = 0; keys && keys[i]; i++) {
        bool known = false;

        for (size_t k = 0; k < G_N_ELEMENTS(known_keys); k++)
            known = known || strcmp(keys[i], known_keys[k]) == 0;
        if (!known)
            return dn_fail(error, DN_ERROR_INVALID,
                           "unknown key %s; known are certificate, from, until, policy and "
                           "accredited",
                           keys[i]);
    }
    return keys != NULL;
}

static bool
trust_read_date(GKeyFile *file, const char *group, const char *key, DnDate *out_date,
                GError **error)
{
    g_autofree char *text = g_key_file_get_string(file, group, key, NULL);

    if (!text)
        return dn_fail(error, DN_ERROR_INVALID, "%s= is missing", key);
    return dn_date_parse(text, out_date, error) || dn_fail_in(error, "%s", key);
}

static bool
trust_read_policy(GKeyFile *file, const char *group, char **out_policy, GError **error)
{
    g_autofree char *text = g_key_file_get_string(file, group, "policy", NULL);
    g_autoptr(ASN1_OBJECT) oid = NULL;
    char dotted[128];

    if (!text)
        return true;
    oid = OBJ_txt2obj(g_strstrip(text), 1);
    ERR_clear_error();
    if (!oid || OBJ_obj2txt(dotted, sizeof dotted, oid, 1) >= (int)sizeof dotted)
        return dn_fail(error, DN_ERROR_INVALID, "policy: want an object identifier like 1.2.392.1");
    *out_policy = g_strdup(dotted);
    return true;
}

static DnTrustAuthority *
trust_read_authority(GKeyFile *file, const char *group, const char *folder, GError **error)
{
    g_autoptr(DnTrustAuthority) self = g_new0(DnTrustAuthority, 1);
    g_autofree char *certificate = g_key_file_get_string(file, group, "certificate", NULL);
    g_autofree char *path = NULL;
    g_autoptr(GError) cause = NULL;

    if (!trust_check_keys(file, group, error))
        return NULL;
    self->name = g_strstrip(g_strdup(group + strlen(group_prefix)));
    if (self->name[0] == '\0' || !g_utf8_validate(self->name, -1, NULL))
        return dn_fail_null(error, DN_ERROR_INVALID, "an authority needs a name");

    self->until = (DnDate){.year = 9999, .month = 12, .day = 31};
    if (!trust_read_date(file, group, "from", &self->from, error))
        return NULL;
    if (g_key_file_has_key(file, group, "until", NULL) &&
        !trust_read_date(file, group, "until", &self->until, error))
        return NULL;
    if (dn_date_compare(&self->until, &self->from) < 0)
        return dn_fail_null(error, DN_ERROR_INVALID, "until lies before from");

    if (!trust_read_policy(file, group, &self->policy, error))
        return NULL;
    /* To be accredited is said, never assumed, and a slip of the pen must not say it. */
    self->accredited = g_key_file_get_boolean(file, group, "accredited", &cause);
    if (cause)
        return dn_fail_null(error, DN_ERROR_INVALID, "accredited: want true or false");

    if (!certificate || certificate[0] == '\0')
        return dn_fail_null(error, DN_ERROR_INVALID, "certificate= is missing");
    path = g_path_is_absolute(certificate) ? g_strdup(certificate)
                                           : g_build_filename(folder, certificate, NULL);
    if (!trust_read_certificates(self, path, error))
        return NULL;
    return g_steal_pointer(&self);
}

static int
trust_compare(const void *a, const void *b)
{
    const DnTrustAuthority *left = *(DnTrustAuthority *const *)a;
    const DnTrustAuthority *right = *(DnTrustAuthority *const *)b;

    return (int)right->accredited - (int)left->accredited;
}

DnTrust *
dn_trust_load(const char *path, GError **error)
{
    g_autoptr(DnTrust) self = dn_trust_new_empty();
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    g_auto(GStrv) groups = NULL;
    g_autoptr(GError) cause = NULL;
    size_t size = 0;

    text = trust_read_file(path, &size, error);
    if (!text)
        return NULL;
    if (!g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &cause))
        return dn_fail_null(error, DN_ERROR_INVALID, "%s: %s", path, cause->message);

    groups = g_key_file_get_groups(file, NULL);
    for (size_t i = 0; groups[i]; i++) {
        g_autoptr(DnTrustAuthority) authority = NULL;

        if (!g_str_has_prefix(groups[i], group_prefix))
            return dn_fail_null(error, DN_ERROR_INVALID, "%s: [%s]: want [authority NAME]", path,
                                groups[i]);
        if (i >= MAX_AUTHORITIES)
            return dn_fail_null(error, DN_ERROR_LIMIT, "%s: more than %d authorities", path,
                                MAX_AUTHORITIES);
        authority = trust_read_authority(file, groups[i], folder, error);
        if (!authority) {
            dn_fail_in(error, "%s: [%s]", path, groups[i]);
            return NULL;
        }
        g_ptr_array_add(self->authorities, g_steal_pointer(&authority));
    }
    g_ptr_array_sort(self->authorities, trust_compare);
    return g_steal_pointer(&self);
}

DnTrust *
dn_trust_new_empty(void)
{
    DnTrust *self = g_new0(DnTrust, 1);

    self->authorities = g_ptr_array_new_with_free_func((GDestroyNotify)trust_authority_free);
    self->revoked = dn_revoked_new();
    return self;
}

void
dn_trust_free(DnTrust *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->authorities);
    dn_revoked_free(self->revoked);
    g_free(self);
}

bool
dn_trust_add_proof(DnTrust *self, DnProofKind kind, GBytes *bytes, GError **error)
{
    return dn_revoked_add(self->revoked, kind, bytes, error);
}

const DnRevoked *
dn_trust_revoked(const DnTrust *self)
{
    return self->revoked;
}

size_t
dn_trust_count(const DnTrust *self)
{
    return self->authorities->len;
}

const DnTrustAuthority *
dn_trust_peek(const DnTrust *self, size_t index)
{
    return g_ptr_array_index(self->authorities, index);
}
