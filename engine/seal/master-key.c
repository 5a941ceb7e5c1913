/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/master-key.c - the file of the master key, plain or under a passphrase.
 *
 * Both are short texts whose last line is a checksum, so that a file that was typed or copied badly
 * is told from a wrong key or passphrase. The cost of a passphrase stands in the file; it is looked
 * at before it is paid, because whoever can put a file in the key's place chooses it.
 */
#include "config.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/seal/seal-internal.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MASTER_MAGIC "dencho master key 1\n"
#define PROTECTED_MAGIC "dencho protected key 1\n"

enum {
    CHECK_HEX = 8,
    MASTER_TEXT = sizeof MASTER_MAGIC - 1 + 2 * DN_KEY_BYTES + 1 + CHECK_HEX + 1,
    SALT = 32,
    SEALED = DN_KEY_BYTES + DN_GCM_TAG_BYTES,
    TEXT_MAX = 512,
    MEMORY_LOG2_MOST = 28, /* 256 MiB */
    WORK_LOG2_MOST = 23,   /* N * r * p: about 4 s */
    P_MOST = 16,
};

static const DnScryptCost default_cost = {.log2_n = 17, .r = 8, .p = 1};

static void
put_hex(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < 2 * size; i++)
        out[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

/* 0 when all of @hex is good, else the number of the first bad digit. */
static size_t
get_hex(const char *hex, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < 2 * size; i++) {
        int digit = g_ascii_xdigit_value(hex[i]);

        if (digit < 0)
            return i + 1;
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | digit);
    }
    return 0;
}

/* Tells a typing error from a wrong key. */
static void
checksum(const char *text, size_t size, char *out)
{
    DnSha256 sum = dn_sha256(text, size);

    put_hex(sum.bytes, CHECK_HEX / 2, out);
    OPENSSL_cleanse(&sum, sizeof sum);
}

/* --- plain --- */

static DnSecret *
parse_plain(const char *text, size_t size, GError **error)
{
    g_autoptr(DnSecret) key = NULL;
    const char *line = text + strlen(MASTER_MAGIC);
    const char *check = line + 2 * DN_KEY_BYTES + 1;
    char wanted[CHECK_HEX];
    size_t bad = 0;

    /* An editor may have dropped the last line feed. */
    if ((size != MASTER_TEXT && size != MASTER_TEXT - 1) ||
        memcmp(text, MASTER_MAGIC, strlen(MASTER_MAGIC)) != 0 || line[2 * DN_KEY_BYTES] != '\n' ||
        (size == MASTER_TEXT && check[CHECK_HEX] != '\n'))
        return dn_fail_null(error, DN_ERROR_FORMAT, "not a master key file");
    key = dn_secret_new(DN_KEY_BYTES, error);
    if (!key)
        return NULL;
    bad = get_hex(line, dn_secret_bytes(key), DN_KEY_BYTES);
    if (bad)
        return dn_fail_null(error, DN_ERROR_FORMAT, "digit %zu is not hexadecimal", bad);
    checksum(text, (size_t)(check - 1 - text), wanted);
    if (g_ascii_strncasecmp(wanted, check, CHECK_HEX) != 0)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the key does not fit its checksum");
    return g_steal_pointer(&key);
}

DnSecret *
dn_master_key_text(const DnSecret *master, GError **error)
{
    g_autoptr(DnSecret) text = dn_secret_new(MASTER_TEXT, error);
    size_t size = 0;
    const uint8_t *key = dn_secret_peek(master, &size);
    char *line = NULL;
    char *check = NULL;

    if (!text)
        return NULL;
    if (size != DN_KEY_BYTES)
        return dn_fail_null(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    memcpy(dn_secret_bytes(text), MASTER_MAGIC, strlen(MASTER_MAGIC));
    line = (char *)dn_secret_bytes(text) + strlen(MASTER_MAGIC);
    check = line + 2 * DN_KEY_BYTES + 1;
    put_hex(key, DN_KEY_BYTES, line);
    check[-1] = '\n';
    checksum((char *)dn_secret_bytes(text), MASTER_TEXT - CHECK_HEX - 2, check);
    check[CHECK_HEX] = '\n';
    return g_steal_pointer(&text);
}

bool
dn_master_key_save(const DnSecret *master, const char *path, GError **error)
{
    g_autoptr(DnSecret) text = dn_master_key_text(master, error);
    size_t size = 0;
    const uint8_t *bytes = text ? dn_secret_peek(text, &size) : NULL;

    return text && dn_fs_create_file(path, bytes, size, 0400, error);
}

/* --- under a passphrase --- */

static bool
check_cost(const DnScryptCost *cost, GError **error)
{
    uint64_t work = 0;

    if (cost->log2_n < 1 || cost->log2_n >= MEMORY_LOG2_MOST || cost->r < 1 ||
        cost->r > 1u << (MEMORY_LOG2_MOST - 8) || cost->p < 1 || cost->p > P_MOST)
        return dn_fail(error, DN_ERROR_LIMIT, "the passphrase's cost is out of bounds");
    work = (UINT64_C(1) << cost->log2_n) * cost->r;
    if (128 * work > UINT64_C(1) << MEMORY_LOG2_MOST || work * cost->p > 1u << WORK_LOG2_MOST)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "the passphrase costs %" G_GUINT64_FORMAT " MiB %u times over; %u MiB is "
                       "the most this program pays",
                       128 * work >> 20, cost->p, 1u << (MEMORY_LOG2_MOST - 20));
    return true;
}

static bool
stretch(const DnSecret *passphrase, const DnScryptCost *cost, const uint8_t salt[SALT],
        uint8_t out[DN_KEY_BYTES], GError **error)
{
    size_t size = 0;
    const char *bytes = (const char *)dn_secret_peek(passphrase, &size);
    uint64_t most = (UINT64_C(1) << MEMORY_LOG2_MOST) + (UINT64_C(1) << 22);

    if (EVP_PBE_scrypt(bytes, size, salt, SALT, UINT64_C(1) << cost->log2_n, cost->r, cost->p, most,
                       out, DN_KEY_BYTES) == 1)
        return true;
    ERR_clear_error();
    return dn_fail(error, DN_ERROR_LIMIT, "there is no memory for the passphrase's cost");
}

static void
put_line(char **next, const uint8_t *bytes, size_t size)
{
    put_hex(bytes, size, *next);
    *next += 2 * size;
    *(*next)++ = '\n';
}

bool
dn_master_key_save_protected(const DnSecret *master, const DnSecret *passphrase,
                             const DnScryptCost *cost, const char *path, GError **error)
{
    uint8_t salt[SALT];
    uint8_t wrap[DN_KEY_BYTES];
    uint8_t sealed[SEALED];
    const uint8_t nonce[DN_GCM_NONCE_BYTES] = {0}; /* the salt makes each key serve once */
    size_t master_size = 0;
    size_t passphrase_size = 0;
    const uint8_t *key = dn_secret_peek(master, &master_size);
    char text[TEXT_MAX];
    char *next = text;

    dn_secret_peek(passphrase, &passphrase_size);
    cost = cost ? cost : &default_cost;
    if (master_size != DN_KEY_BYTES)
        return dn_fail(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    if (passphrase_size < DN_PASSPHRASE_LEAST || passphrase_size > DN_PASSPHRASE_MOST)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a passphrase has %d to %d bytes; five or more random words are good",
                       DN_PASSPHRASE_LEAST, DN_PASSPHRASE_MOST);
    dn_random_bytes(salt, sizeof salt);
    if (!check_cost(cost, error) || !stretch(passphrase, cost, salt, wrap, error))
        return false;
    next += g_snprintf(text, sizeof text, "%sscrypt %u %u %u\n", PROTECTED_MAGIC, cost->log2_n,
                       cost->r, cost->p);
    put_line(&next, salt, sizeof salt);
    dn_gcm_seal_once(wrap, nonce, text, (size_t)(next - text), key, DN_KEY_BYTES, sealed);
    OPENSSL_cleanse(wrap, sizeof wrap);
    put_line(&next, sealed, sizeof sealed);
    checksum(text, (size_t)(next - text), next);
    next[CHECK_HEX] = '\n';
    return dn_fs_create_file(path, text, (size_t)(next - text) + CHECK_HEX + 1, 0400, error);
}

/* A decimal number as it is written, at most 4 digits. */
static bool
take_number(const char **next, unsigned *out, char end)
{
    const char *digit = *next;

    *out = 0;
    if (*digit == '0')
        return false;
    while (g_ascii_isdigit(*digit) && digit - *next < 4)
        *out = *out * 10 + (unsigned)(*digit++ - '0');
    if (digit == *next || *digit != end)
        return false;
    *next = digit + 1;
    return true;
}

static bool
is_lower_hex(const char *text, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        if (!text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

static DnSecret *
parse_protected(const char *text, size_t size, const DnSecret *passphrase, GError **error)
{
    g_autoptr(DnSecret) key = NULL;
    const char *next = text + strlen(PROTECTED_MAGIC);
    const uint8_t nonce[DN_GCM_NONCE_BYTES] = {0};
    uint8_t salt[SALT];
    uint8_t sealed[SEALED];
    uint8_t wrap[DN_KEY_BYTES];
    char wanted[CHECK_HEX];
    DnScryptCost cost;
    size_t bound = 0;
    size_t checked = 0;
    bool opened = false;

    if (!g_str_has_prefix(next, "scrypt "))
        return dn_fail_null(error, DN_ERROR_FORMAT, "its second line is not the cost of scrypt");
    next += strlen("scrypt ");
    if (!take_number(&next, &cost.log2_n, ' ') || !take_number(&next, &cost.r, ' ') ||
        !take_number(&next, &cost.p, '\n'))
        return dn_fail_null(error, DN_ERROR_FORMAT, "its second line is not the cost of scrypt");
    bound = (size_t)(next - text) + 2 * SALT + 1;
    checked = bound + 2 * SEALED + 1;
    if ((size != checked + CHECK_HEX && size != checked + CHECK_HEX + 1) ||
        !is_lower_hex(next, 2 * SALT) || text[bound - 1] != '\n' ||
        !is_lower_hex(text + bound, 2 * SEALED) || text[checked - 1] != '\n' ||
        (size > checked + CHECK_HEX && text[size - 1] != '\n'))
        return dn_fail_null(error, DN_ERROR_FORMAT, "a line of it is damaged");
    checksum(text, checked, wanted);
    if (memcmp(wanted, text + checked, CHECK_HEX) != 0)
        return dn_fail_null(error, DN_ERROR_FORMAT, "it does not fit its checksum");
    if (!check_cost(&cost, error))
        return NULL;
    if (!passphrase)
        return dn_fail_null(error, DN_ERROR_DENIED, "it is protected by a passphrase");
    key = dn_secret_new(DN_KEY_BYTES, error);
    get_hex(next, salt, SALT);
    get_hex(text + bound, sealed, SEALED);
    if (!key || !stretch(passphrase, &cost, salt, wrap, error))
        return NULL;
    opened = dn_gcm_open_once(wrap, nonce, text, bound, sealed, SEALED, dn_secret_bytes(key));
    OPENSSL_cleanse(wrap, sizeof wrap);
    if (!opened)
        return dn_fail_null(error, DN_ERROR_DENIED, "the passphrase is another one");
    return g_steal_pointer(&key);
}

/* --- either --- */

bool
dn_key_text_is_protected(const DnSecret *text)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(text, &size);

    return size >= strlen(PROTECTED_MAGIC) &&
           memcmp(bytes, PROTECTED_MAGIC, strlen(PROTECTED_MAGIC)) == 0;
}

DnSecret *
dn_master_key_parse(const DnSecret *text, const DnSecret *passphrase, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(text, &size);
    g_autoptr(DnSecret) ended = NULL; /* with a NUL, which no line holds */

    if (size > TEXT_MAX)
        return dn_fail_null(error, DN_ERROR_FORMAT, "not a master key file");
    ended = dn_secret_new(TEXT_MAX + 1, error);
    if (!ended)
        return NULL;
    memcpy(dn_secret_bytes(ended), bytes, size);
    const char *line = (const char *)dn_secret_bytes(ended);

    return dn_key_text_is_protected(text) ? parse_protected(line, size, passphrase, error)
                                          : parse_plain(line, size, error);
}

DnSecret *
dn_key_text_read_fd(int fd, GError **error)
{
    DnSecret *text = dn_secret_read_fd(fd, TEXT_MAX, error);

    if (!text)
        dn_fail_in(error, "not a master key");
    return text;
}

DnSecret *
dn_key_text_load(const char *path, GError **error)
{
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    struct stat st;
    DnSecret *text = NULL;

    if (fd < 0 || fstat(fd, &st) != 0) {
        dn_fail_errno(error, "cannot open the master key %s", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode))
        return dn_fail_null(error, DN_ERROR_DENIED, "the master key %s is not a regular file",
                            path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return dn_fail_null(error, DN_ERROR_DENIED,
                            "others than its owner may use the master key %s: run `chmod 0400 %s`",
                            path, path);
    if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0)
        return dn_fail_null(error, DN_ERROR_DENIED, "the master key %s belongs to user %u", path,
                            (unsigned)st.st_uid);
    text = dn_key_text_read_fd(fd, error);
    if (!text)
        dn_fail_in(error, "%s", path);
    return text;
}

DnSecret *
dn_master_key_read_fd(int fd, GError **error)
{
    g_autoptr(DnSecret) text = dn_key_text_read_fd(fd, error);

    return text ? dn_master_key_parse(text, NULL, error) : NULL;
}

DnSecret *
dn_master_key_load(const char *path, GError **error)
{
    g_autoptr(DnSecret) text = dn_key_text_load(path, error);
    DnSecret *key = NULL;

    if (!text)
        return NULL;
    key = dn_master_key_parse(text, NULL, error);
    if (!key)
        dn_fail_in(error, "%s", path);
    return key;
}

char *
dn_master_key_id(const DnSecret *master)
{
    static const char label[] = "dencho key id";
    uint8_t mac[DN_SHA256_BYTES];
    size_t size = 0;
    const uint8_t *key = dn_secret_peek(master, &size);

    dn_hmac(key, size, label, strlen(label), mac);
    return dn_hex(mac, 8);
}
