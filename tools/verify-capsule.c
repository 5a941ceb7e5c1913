/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verify-capsule.c - checks an audit capsule of dencho (電帳) without dencho.
 *
 *   cc -o verify-capsule verify-capsule.c -lcrypto        (add -static for a program to keep)
 *   ./verify-capsule [-C AUTHORITY.pem] [-l] CAPSULE      the ZIP, or the folder it was unpacked to
 *
 * Needs a C compiler, POSIX and OpenSSL 1.1.1 or later, nothing else. It checks
 *
 *   container  of a ZIP: each byte is the only one that the contents allow
 *   files      each file stands in SHA256SUMS with its SHA-256, each name there is a file
 *   evidence   each time stamp over the hash tree of its leaves; each evidence record (RFC 4998)
 *              over its document; tokens (RFC 3161) at the time they state; with -C against the
 *              CRLs (RFC 5280) and OCSP responses (RFC 6960) on their signers
 *   ledger     each line names the SHA-256 of the line before; documents, time stamps and the heads
 *              that were stamped are those of the ledger
 *   counts     of manifest.json
 *
 * and prints a line for each thing that is wrong. -C: certificates (PEM) of the time-stamping
 * authority, from a source that you trust; without it the signatures are checked but not whose they
 * are. -l: lists each stamped document and its time.
 *
 * Exit: 0 all of it holds, 1 something does not, 2 the check could not be made.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HASH = 32, /* SHA-256 */
    LONG = 64, /* SHA-512: hash trees that were renewed */
    NAME_MOST = 1000,
    BLOB_MOST = 64 << 20, /* of a token, a record, a list of leaves, a line */
    DEPTH_MOST = 8,       /* folders that are open */
    STAMPS_MOST = 32,     /* renewals in a record */
    CHAINS_MOST = 8,
    LISTS_MOST = 64, /* levels of a hash tree */
};

/* --- small things --- */

static unsigned long failures;
static bool list_documents;

static void __attribute__((format(printf, 2, 3))) fail(const char *where, const char *format, ...)
{
    va_list arguments;

    failures++;
    printf("FAILED  ");
    for (const char *p = where; *p; p++) /* a name is somebody else's: nothing for the terminal */
        putchar((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
    printf(": ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

#define give_up(...)                                                                               \
    (fflush(stdout), fprintf(stderr, "verify-capsule: " __VA_ARGS__), fputc('\n', stderr), exit(2))

static void *
get_memory(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        give_up("out of memory");
    return memory;
}

/* Room for one more of @size bytes; it doubles at powers of two. */
static void *
grow(void *array, size_t count, size_t size)
{
    return count & (count - 1) ? array : get_memory(array, (count ? 2 * count : 1) * size);
}

typedef struct {
    uint8_t *at;
    size_t size;
    size_t room;
} Bytes;

static void
bytes_add(Bytes *self, const void *from, size_t size)
{
    if (size > self->room - self->size) {
        self->room = (self->size + size) * 2;
        self->at = get_memory(self->at, self->room);
    }
    if (size > 0)
        memcpy(self->at + self->size, from, size);
    self->size += size;
}

static void
bytes_free(Bytes *self)
{
    free(self->at);
    *self = (Bytes){0};
}

/* By SHA-256 or SHA-512, as many bytes as @hash says. */
static void
sha(int hash, const void *bytes, size_t size, uint8_t *out)
{
    if (EVP_Digest(bytes, size, out, NULL, hash == LONG ? EVP_sha512() : EVP_sha256(), NULL) != 1)
        give_up("OpenSSL has no SHA-2");
}

static int
digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte. */
static bool
read_hash(const char *text, int hash, uint8_t *out)
{
    for (int i = 0; i < hash; i++) {
        int high = digit(text[2 * i]);
        int low = high < 0 ? -1 : digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool
read_number(const char *text, char end, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");

    *out = strtoull(text, NULL, 10);
    return digits > 0 && digits <= 16 && text[digits] == end;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);

    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* --- the files --- */

typedef struct {
    char *name;
    uint64_t offset; /* of its bytes; in a folder 0 */
    uint64_t size;
    uint8_t hash[HASH];
    uint64_t header; /* in a ZIP */
    uint32_t crc;
    bool listed;
} File;

static const char *capsule;
static const uint8_t *zip; /* all of it; NULL: a folder */
static File *files;
static size_t file_count;
static const File **by_hash;

static File *
add_file(char *name)
{
    files = grow(files, file_count, sizeof *files);
    files[file_count] = (File){.name = name};
    return &files[file_count++];
}

static uint32_t
crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

    for (size_t i = 0; i < 2 * size; i++) /* four bits at a time, the low ones first */
        crc = table[(crc ^ bytes[i / 2] >> 4 * (i & 1)) & 15] ^ crc >> 4;
    return ~crc;
}

static const uint8_t *
map_path(const char *path, uint64_t size)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    void *bytes =
        fd < 0 || size == 0 ? NULL : mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (fd < 0 || bytes == MAP_FAILED)
        give_up("cannot read %s: %s", path, strerror(errno));
    close(fd);
    return bytes ? bytes : (const uint8_t *)"";
}

/* The bytes of a file, until unmap_file(). */
static const uint8_t *
map_file(const File *file)
{
    char path[4096];

    if (zip)
        return zip + file->offset;
    if (snprintf(path, sizeof path, "%s/%s", capsule, file->name) >= (int)sizeof path)
        give_up("a name is too long");
    return map_path(path, file->size);
}

static void
unmap_file(const File *file, const uint8_t *bytes)
{
    if (!zip && file->size > 0)
        munmap((void *)(uintptr_t)bytes, (size_t)file->size);
}

static void
hash_file(const File *file, int hash, uint8_t *out)
{
    const uint8_t *bytes = map_file(file);

    sha(hash, bytes, (size_t)file->size, out);
    unmap_file(file, bytes);
}

/* A copy, with a NUL behind it. */
static Bytes
read_file(const File *file)
{
    const uint8_t *bytes = map_file(file);
    Bytes copy = {0};

    if (file->size > BLOB_MOST)
        give_up("%s is larger than this program reads", file->name);
    bytes_add(&copy, bytes, (size_t)file->size);
    bytes_add(&copy, "", 1);
    copy.size--;
    unmap_file(file, bytes);
    return copy;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(((const File *)a)->name, ((const File *)b)->name);
}

static int
compare_hashes(const void *a, const void *b)
{
    return memcmp((*(const File *const *)a)->hash, (*(const File *const *)b)->hash, HASH);
}

static File *
find_file(const char *name)
{
    File key = {.name = (char *)name};

    return bsearch(&key, files, file_count, sizeof *files, compare_names);
}

static bool
is_there(const uint8_t hash[HASH])
{
    File key = {0};
    const File *lent = &key;

    memcpy(key.hash, hash, HASH);
    return bsearch(&lent, by_hash, file_count, sizeof *by_hash, compare_hashes) != NULL;
}

typedef void (*LineVisitor)(char *line, size_t size, uint64_t number);

/* How many lines a file has; visits them, each ended by NUL in place of its line feed. */
static uint64_t
each_line(const char *name, LineVisitor visit)
{
    const File *file = find_file(name);
    const uint8_t *bytes = file ? map_file(file) : NULL;
    Bytes line = {0};
    uint64_t number = 0;

    if (!file)
        fail(name, "it is missing");
    for (uint64_t at = 0; file && at < file->size; at += line.size) {
        uint64_t left = file->size - at < BLOB_MOST ? file->size - at : BLOB_MOST;
        const uint8_t *end = memchr(bytes + at, '\n', (size_t)left);

        if (!end) {
            fail(name, "line %" PRIu64 " has no end, or is too long", number + 1);
            break;
        }
        number++;
        line.size = 0;
        bytes_add(&line, bytes + at, (size_t)(end + 1 - bytes) - at);
        line.at[line.size - 1] = '\0';
        if (visit)
            visit((char *)line.at, line.size - 1, number);
    }
    if (file)
        unmap_file(file, bytes);
    bytes_free(&line);
    return number;
}

/* --- a folder --- */

static int
scan_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
    const char *name = path + strlen(capsule) + 1;

    (void)place;
    if (type == FTW_D)
        return 0;
    if (type != FTW_F || !S_ISREG(st->st_mode)) {
        fail(name, "it is no file of a capsule");
        return 0;
    }
    File *file = add_file(strdup(name));

    file->size = (uint64_t)st->st_size;
    hash_file(file, HASH, file->hash);
    return 0;
}

/* --- a ZIP: stored, 64-bit sizes, one date: one form only (APPNOTE.TXT 6.3.9) --- */

enum { LOCAL = 30, LOCAL_EXTRA = 20, CENTRAL = 46, CENTRAL_EXTRA = 28, END64 = 56, TAIL = 98 };

static void
put(Bytes *to, uint64_t value, int size)
{
    for (int i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i);

        bytes_add(to, &byte, 1);
    }
}

static uint64_t
get(const uint8_t *from, int size)
{
    uint64_t value = 0;

    while (size-- > 0)
        value = value << 8 | from[size];
    return value;
}

/* Numbers and their sizes in bytes, one after the other. */
static void
put_all(Bytes *to, const uint64_t (*numbers)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(to, numbers[i][0], (int)numbers[i][1]);
}

#define PUT_ALL(to, ...)                                                                           \
    put_all(to, (const uint64_t[][2]){__VA_ARGS__},                                                \
            sizeof(const uint64_t[][2]){__VA_ARGS__} / sizeof(uint64_t[2]))

/* Version needed (ZIP64), names in UTF-8, stored, time, 1980-01-01, CRC, sizes in the extra field.
 */
static void
put_common(Bytes *to, const File *file, unsigned extra)
{
    PUT_ALL(to, {45, 2}, {0x0800, 2}, {0, 2}, {0, 2}, {0x0021, 2}, {file->crc, 4}, {UINT32_MAX, 4},
            {UINT32_MAX, 4}, {strlen(file->name), 2}, {extra, 2});
}

static void
put_local(Bytes *to, const File *file)
{
    put(to, 0x04034b50, 4);
    put_common(to, file, LOCAL_EXTRA);
    bytes_add(to, file->name, strlen(file->name));
    PUT_ALL(to, {1, 2}, {LOCAL_EXTRA - 4, 2}, {file->size, 8}, {file->size, 8});
}

/* Made on UNIX; no comment, disk 0, attributes of a file that may be read. */
static void
put_central(Bytes *to, const File *file)
{
    PUT_ALL(to, {0x02014b50, 4}, {3 << 8 | 45, 2});
    put_common(to, file, CENTRAL_EXTRA);
    PUT_ALL(to, {0, 2}, {0, 2}, {0, 2}, {(uint64_t)(0100000 | 0444) << 16, 4}, {UINT32_MAX, 4});
    bytes_add(to, file->name, strlen(file->name));
    PUT_ALL(to, {1, 2}, {CENTRAL_EXTRA - 4, 2}, {file->size, 8}, {file->size, 8},
            {file->header, 8});
}

static void
put_tail(Bytes *to, uint64_t count, uint64_t size, uint64_t offset)
{
    PUT_ALL(to, {0x06064b50, 4}, {END64 - 12, 8}, {3 << 8 | 45, 2}, {45, 2}, {0, 4}, {0, 4},
            {count, 8}, {count, 8}, {size, 8}, {offset, 8});
    PUT_ALL(to, {0x07064b50, 4}, {0, 4}, {offset + size, 8}, {1, 4});
    PUT_ALL(to, {0x06054b50, 4}, {0, 2}, {0, 2}, {UINT16_MAX, 2}, {UINT16_MAX, 2}, {UINT32_MAX, 4},
            {UINT32_MAX, 4}, {0, 2});
}

static void
compare_at(uint64_t offset, const Bytes *wanted, const char *where, const char *what)
{
    for (size_t i = 0; i < wanted->size; i++)
        if (zip[offset + i] != wanted->at[i]) {
            fail(where, "byte %" PRIu64 " of the container, in %s, is 0x%02x and should be 0x%02x",
                 offset + i, what, zip[offset + i], wanted->at[i]);
            break;
        }
}

/* Takes one file off the directory. */
static size_t
read_central(const uint8_t *at, uint64_t left, uint64_t end)
{
    uint64_t name_size = left >= CENTRAL + CENTRAL_EXTRA ? get(at + 28, 2) : 0;
    uint64_t used = CENTRAL + name_size + CENTRAL_EXTRA;
    const uint8_t *extra = at + CENTRAL + name_size;

    if (name_size == 0 || name_size > NAME_MOST || used > left ||
        memchr(at + CENTRAL, 0, name_size))
        return 0;
    File *file = add_file(strndup((const char *)at + CENTRAL, name_size));

    file->size = get(extra + 4, 8);
    return file->size <= end ? used : 0;
}

/* Files stand one after the other without a gap, each behind its header. Where the directory says
 * otherwise, it is not the one that belongs to them. */
static void
check_members(uint64_t directory)
{
    uint64_t at = 0;

    for (size_t i = 0; i < file_count; i++) {
        File *file = &files[i];
        Bytes header = {0};

        file->header = at;
        file->offset = at + LOCAL + strlen(file->name) + LOCAL_EXTRA;
        if (file->offset > directory || file->size > directory - file->offset)
            give_up("no capsule: %s reaches into the directory", file->name);
        file->crc = crc32_of(zip + file->offset, (size_t)file->size);
        hash_file(file, HASH, file->hash);
        put_local(&header, file);
        compare_at(at, &header, file->name, "its header");
        at = file->offset + file->size;
        bytes_free(&header);
    }
    if (at != directory)
        fail(capsule, "bytes %" PRIu64 " to %" PRIu64 " belong to no file", at, directory);
}

static void
scan_zip(uint64_t size)
{
    Bytes wanted = {0};

    if (size < TAIL)
        give_up("%s is too short for a capsule", capsule);
    const uint8_t *tail = zip + size - TAIL;
    uint64_t end = size - TAIL;
    uint64_t directory_size = get(tail + 40, 8);
    uint64_t count = get(tail + 32, 8);

    if (directory_size > end || count > directory_size / CENTRAL)
        give_up("no capsule ends here: its directory cannot be found");
    uint64_t directory = end - directory_size;

    for (uint64_t i = 0, at = directory; i < count; i++) {
        size_t used = read_central(zip + at, end - at, end);

        if (used == 0)
            give_up("no capsule: entry %" PRIu64 " of its directory is malformed", i + 1);
        at += used;
    }
    check_members(directory);
    for (size_t i = 0; i < file_count; i++)
        put_central(&wanted, &files[i]);
    put_tail(&wanted, file_count, wanted.size, directory);
    if (wanted.size != size - directory)
        fail(capsule, "the directory has %" PRIu64 " bytes, %zu belong to it", size - directory,
             wanted.size);
    else
        compare_at(directory, &wanted, capsule, "the directory");
    bytes_free(&wanted);
}

static void
open_capsule(char *path)
{
    struct stat st;

    for (size_t size = strlen(path); size > 1 && path[size - 1] == '/'; size--)
        path[size - 1] = '\0';
    capsule = path;
    if (stat(path, &st) != 0)
        give_up("cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        if (nftw(path, scan_entry, DEPTH_MOST, FTW_PHYS) != 0)
            give_up("cannot walk through %s: %s", path, strerror(errno));
    } else {
        zip = map_path(path, (uint64_t)st.st_size);
        scan_zip((uint64_t)st.st_size);
    }
    if (file_count == 0)
        give_up("%s holds no file", path);
    qsort(files, file_count, sizeof *files, compare_names);
    by_hash = get_memory(NULL, file_count * sizeof *by_hash);
    for (size_t i = 0; i < file_count; i++) {
        by_hash[i] = &files[i];
        if (i > 0 && strcmp(files[i].name, files[i - 1].name) == 0)
            fail(files[i].name, "two files have this name");
    }
    qsort(by_hash, file_count, sizeof *by_hash, compare_hashes);
}

/* --- SHA256SUMS --- */

static void
check_sum(char *line, size_t size, uint64_t number)
{
    uint8_t hash[HASH];
    File *file = NULL;

    if (size < 2 * HASH + 3 || strlen(line) != size || memcmp(line + 2 * HASH, "  ", 2) != 0 ||
        !read_hash(line, HASH, hash)) {
        fail("SHA256SUMS", "line %" PRIu64 " is malformed", number);
        return;
    }
    file = find_file(line + 2 * HASH + 2);
    if (!file)
        fail(line + 2 * HASH + 2, "it stands in SHA256SUMS and is missing");
    else if (file->listed)
        fail(file->name, "it stands in SHA256SUMS twice");
    else if (memcmp(hash, file->hash, HASH) != 0)
        fail(file->name, "its SHA-256 is not the one in SHA256SUMS: it has been changed");
    if (file)
        file->listed = true;
}

static void
check_sums(void)
{
    each_line("SHA256SUMS", check_sum);
    for (size_t i = 0; i < file_count; i++)
        if (!files[i].listed && strcmp(files[i].name, "SHA256SUMS") != 0)
            fail(files[i].name, "it does not stand in SHA256SUMS: it has been added");
}

/* --- time-stamp tokens --- */

static STACK_OF(X509) * authorities; /* NULL: nobody was named */

static void
read_certificates(BIO *in, STACK_OF(X509) * out)
{
    X509 *certificate = NULL;

    while (in && (certificate = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        sk_X509_push(out, certificate);
    BIO_free(in);
    ERR_clear_error();
}

static void
load_authorities(const char *path)
{
    authorities = sk_X509_new_null();
    read_certificates(BIO_new_file(path, "r"), authorities);
    if (sk_X509_num(authorities) == 0)
        give_up("%s is not there, or holds no certificate", path);
}

/* Seconds since 1970; -1 when it is no time. */
static int64_t
read_time(const ASN1_TIME *time)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : -1;
}

static X509_STORE *
store_of(const STACK_OF(X509) * anchors, int64_t time)
{
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);

    for (int i = 0; i < sk_X509_num(anchors); i++)
        X509_STORE_add_cert(store, sk_X509_value(anchors, i));
    X509_VERIFY_PARAM_set_time(rules, (time_t)time);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

/* --- whether a signer was revoked, by the CRLs and OCSP responses that are here --- */

static STACK_OF(X509_CRL) * lists;
static STACK_OF(X509) * kept; /* of chains: trusted by nobody */
static OCSP_BASICRESP **answers;
static size_t answer_count;

static struct {
    int64_t time;
    int64_t renewed; /* -1: never */
    bool spoilt;     /* the list is not its issuer's, or of other certificates */
    bool revoked;
} judged;

/* RFC 3161 section 4: without a reason, or for another than unspecified (0), affiliation changed,
 * superseded and end of operation (3 to 5), the key may have been in other hands: then all of its
 * tokens fall but those that were renewed before. */
static void
note_revoked(int reason, int64_t since)
{
    if (reason == 0 || (reason >= 3 && reason <= 5))
        judged.revoked = judged.revoked || since <= judged.time;
    else
        judged.revoked = judged.revoked || judged.renewed < 0 || since <= judged.renewed;
}

static void
ask_list(X509_CRL *list, X509 *certificate)
{
    X509_REVOKED *row = NULL;

    if (judged.spoilt || X509_CRL_get0_by_cert(list, &row, certificate) != 1)
        return;
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(row, NID_crl_reason, NULL, NULL);
    ASN1_TIME *invalid = X509_REVOKED_get_ext_d2i(row, NID_invalidity_date, NULL, NULL);
    int64_t since = read_time(X509_REVOKED_get0_revocationDate(row));

    note_revoked(reason ? (int)ASN1_ENUMERATED_get(reason) : -1,
                 invalid && read_time(invalid) < since ? read_time(invalid) : since);
    ASN1_ENUMERATED_free(reason);
    ASN1_TIME_free(invalid);
}

static void
ask_answer(OCSP_BASICRESP *answer, STACK_OF(X509) * chain, int index)
{
    X509_STORE *store = store_of(authorities, read_time(OCSP_resp_get0_produced_at(answer)));
    OCSP_CERTID *id =
        OCSP_cert_to_id(EVP_sha1(), sk_X509_value(chain, index), sk_X509_value(chain, index + 1));
    ASN1_GENERALIZEDTIME *since = NULL;
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    int reason = -1;

    if (OCSP_resp_find_status(answer, id, &status, &reason, &since, NULL, NULL) == 1 &&
        status == V_OCSP_CERTSTATUS_REVOKED &&
        OCSP_basic_verify(answer, chain, store, OCSP_PARTIAL_CHAIN) == 1)
        note_revoked(reason, read_time(since));
    OCSP_CERTID_free(id);
    X509_STORE_free(store);
}

/* Notes what lists say while a chain that holds is verified once more; nothing stops that. */
static int
judge(int good, X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context);
    int depth = X509_STORE_CTX_get_error_depth(context);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);

    if (good)
        return 1;
    if (error == X509_V_ERR_CERT_REVOKED)
        ask_list(X509_STORE_CTX_get0_current_crl(context), sk_X509_value(chain, depth));
    else if (error == X509_V_ERR_UNABLE_TO_GET_CRL)
        for (size_t i = 0; i < answer_count && depth + 1 < sk_X509_num(chain); i++)
            ask_answer(answers[i], chain, depth);
    else if (error != X509_V_ERR_CRL_NOT_YET_VALID && error != X509_V_ERR_CRL_HAS_EXPIRED)
        judged.spoilt = true;
    return 1;
}

static void
load_proof(const File *file)
{
    Bytes bytes = read_file(file);
    const uint8_t *end = bytes.at;
    X509_CRL *list = NULL;
    OCSP_RESPONSE *response = NULL;

    answers = grow(answers, answer_count, sizeof *answers);
    if (ends_with(file->name, "/chain.pem")) {
        read_certificates(BIO_new_mem_buf(end, (int)bytes.size), kept);
        end += bytes.size;
    } else if (!ends_with(file->name, ".ocsp")) {
        list = d2i_X509_CRL(NULL, &end, (long)bytes.size);
    } else if ((response = d2i_OCSP_RESPONSE(NULL, &end, (long)bytes.size))) {
        answers[answer_count] = OCSP_response_get1_basic(response);
        answer_count += answers[answer_count] != NULL;
    }
    if (end != bytes.at + bytes.size)
        fail(file->name, "it is no CRL, or no OCSP response");
    else if (list)
        sk_X509_CRL_push(lists, list);
    OCSP_RESPONSE_free(response);
    bytes_free(&bytes);
}

static void
load_proofs(void)
{
    static const char *const ends[] = {"/chain.pem", ".crl", ".ocsp"};

    lists = sk_X509_CRL_new_null();
    kept = sk_X509_new_null();
    for (size_t i = 0; i < 3 * file_count; i++)
        if (strncmp(files[i / 3].name, "evidence/", 9) == 0 &&
            ends_with(files[i / 3].name, ends[i % 3]))
            load_proof(&files[i / 3]);
}

static bool
verify_at(PKCS7 *token, const uint8_t *imprint, int size, int64_t time, bool judging,
          X509_CRL *list)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    X509_STORE *store = store_of(authorities ? authorities : token->d.sign->cert, time);
    uint8_t *copy = OPENSSL_memdup(imprint, (size_t)size);
    bool good = false;

    if (judging) {
        X509_STORE_set_verify_cb(store, judge);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        if (list)
            X509_STORE_add_crl(store, list);
    }
    TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(context, store);
    TS_VERIFY_CTS_set_certs(context, X509_chain_up_ref(kept));
    TS_VERIFY_CTX_set_imprint(context, copy, size);
    good = TS_RESP_verify_token(context, token) == 1;
    TS_VERIFY_CTX_free(context);
    return good;
}

/* False when a certificate of the signer's chain was revoked: by each list, and by all answers. */
static bool
check_signer(PKCS7 *token, const uint8_t *imprint, int size, int64_t time, int64_t renewed)
{
    judged.time = time;
    judged.renewed = renewed;
    judged.revoked = false;
    for (int i = -1; authorities && i < sk_X509_CRL_num(lists); i++) {
        judged.spoilt = false;
        verify_at(token, imprint, size, renewed < 0 ? time : renewed, true,
                  i < 0 ? NULL : sk_X509_CRL_value(lists, i));
    }
    return !judged.revoked;
}

/* What was asked last, of a token that holds: thousands of records have the same one. */
static struct {
    uint8_t token[HASH];
    uint8_t imprint[LONG];
    int64_t renewed;
} last;
static int64_t last_time = -1;

/* Whether the token stamps @imprint, and, when it was renewed, held until @renewed. Says why not
 * under the name @where. *@out_time: its own time. */
static bool
check_token(const char *where, const uint8_t *bytes, size_t size, const uint8_t *imprint,
            int hash_size, int64_t renewed, int64_t *out_time)
{
    const uint8_t *end = bytes;
    __typeof__(last) asked;

    memset(&asked, 0, sizeof asked);
    sha(HASH, bytes, size, asked.token);
    memcpy(asked.imprint, imprint, (size_t)hash_size);
    asked.renewed = renewed;
    *out_time = last_time;
    if (last_time >= 0 && memcmp(&asked, &last, sizeof asked) == 0)
        return true;

    PKCS7 *token = d2i_PKCS7(NULL, &end, (long)size);
    TS_TST_INFO *info = token && PKCS7_type_is_signed(token) ? PKCS7_to_TS_TST_INFO(token) : NULL;
    int64_t time = info ? read_time(TS_TST_INFO_get_time(info)) : -1;
    bool good = false;

    if (!info || end != bytes + size)
        fail(where, "it is no time-stamp token");
    else if (time < 0 ||
             OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info))->algorithm) !=
                 (hash_size == LONG ? NID_sha512 : NID_sha256))
        fail(where, "the token has no time that can be read, or stamps another kind of hash");
    else if (!verify_at(token, imprint, hash_size, time, false, NULL))
        fail(where, "the time stamp does not hold: %s",
             ERR_reason_error_string(ERR_peek_last_error()));
    else if (renewed >= 0 &&
             (renewed < time || !verify_at(token, imprint, hash_size, renewed, false, NULL)))
        fail(where, "the time stamp had ended when it was renewed");
    else if (!check_signer(token, imprint, hash_size, time, renewed))
        fail(where, "the certificate of its signer was REVOKED");
    else
        good = true;
    ERR_clear_error();
    TS_TST_INFO_free(info);
    PKCS7_free(token);
    *out_time = time;
    if (good) {
        last = asked;
        last_time = time;
    }
    return good;
}

/* --- batches: leaves, tree, token --- */

typedef struct {
    uint64_t seq;
    int size; /* HASH: of the line; LONG: of all lines up to it */
    uint8_t hash[LONG];
} Head;

static Head *heads; /* of the ledger, that were stamped */
static size_t head_count;

static int node_size; /* of what is sorted */

static int
compare_nodes(const void *a, const void *b)
{
    return memcmp(a, b, (size_t)node_size);
}

/* Sorted, joined and hashed. */
static void
join(int hash, uint8_t *nodes, size_t count, uint8_t *out)
{
    node_size = hash;
    qsort(nodes, count, (size_t)hash, compare_nodes);
    sha(hash, nodes, count * (size_t)hash, out);
}

/* The root over @count hashes, which are overwritten. A node without a neighbour goes up as it is.
 */
static void
tree_root(int hash, uint8_t *nodes, size_t count, uint8_t *out)
{
    size_t size = (size_t)hash;

    while (count > 1) {
        size_t next = 0;

        for (size_t i = 0; i < count; i += 2, next++) {
            if (i + 1 < count)
                join(hash, nodes + i * size, 2, nodes + next * size);
            else
                memmove(nodes + next * size, nodes + i * size, size);
        }
        count = next;
    }
    memcpy(out, nodes, size);
}

/* A token that a later stamp renewed must be the one here, if it is here. */
static bool
check_renewed(const Head *leaf)
{
    char name[64];
    uint8_t hash[LONG];
    const File *file = NULL;

    snprintf(name, sizeof name, "evidence/%" PRIu64 "/token.der", leaf->seq);
    file = find_file(name);
    if (file)
        hash_file(file, leaf->size, hash);
    return !file || memcmp(hash, leaf->hash, (size_t)leaf->size) == 0;
}

/* "hash voucher version [hash of the document]", "hash ledger seq" for the ledger's head, "hash
 * stamp seq" for a token that is renewed. The digits of the first say by which digest all are. */
static bool
read_leaves(char *text, Bytes *out, int *out_hash)
{
    *out_hash = strcspn(text, " ") == 2 * LONG ? LONG : HASH;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        size_t digits = 2 * (size_t)*out_hash;
        char *who = strlen(line) > digits + 1 ? line + digits + 1 : NULL;
        char *number = who ? strchr(who, ' ') : NULL;
        Head head = {.size = *out_hash};

        if (number) /* what may follow is proved by the record */
            number[1 + strcspn(number + 1, " ")] = '\0';
        if (!number || line[digits] != ' ' || !read_hash(line, *out_hash, head.hash) ||
            !read_number(number + 1, '\0', &head.seq))
            return false;
        bytes_add(out, head.hash, (size_t)*out_hash);
        if (strncmp(who, "stamp ", 6) == 0 && !check_renewed(&head))
            return false;
        if (strncmp(who, "ledger ", 7) != 0)
            continue;
        heads = grow(heads, head_count, sizeof *heads);
        heads[head_count++] = head;
    }
    return out->size > 0;
}

static void
check_batch(const File *token_file)
{
    char name[NAME_MOST + 16];
    size_t folder = strlen(token_file->name) - strlen("token.der");
    const File *leaves_file = NULL;
    Bytes nodes = {0};
    uint8_t root[LONG];
    int hash = HASH;
    int64_t time = 0;

    snprintf(name, sizeof name, "%.*sleaves.txt", (int)folder, token_file->name);
    leaves_file = find_file(name);
    if (!leaves_file) {
        fail(name, "it is missing");
        return;
    }
    Bytes text = read_file(leaves_file);
    Bytes token = read_file(token_file);

    if (strlen((char *)text.at) != text.size || !read_leaves((char *)text.at, &nodes, &hash)) {
        fail(name, "it is no list of leaves, or renews another token than the one here");
    } else {
        tree_root(hash, nodes.at, nodes.size / (size_t)hash, root);
        check_token(token_file->name, token.at, token.size, root, hash, -1, &time);
    }
    bytes_free(&text);
    bytes_free(&token);
    bytes_free(&nodes);
}

static int
compare_heads(const void *a, const void *b)
{
    const Head *x = a;
    const Head *y = b;

    return (x->seq > y->seq) - (x->seq < y->seq);
}

static void
check_batches(void)
{
    for (size_t i = 0; i < file_count; i++)
        if (strncmp(files[i].name, "evidence/", 9) == 0 && ends_with(files[i].name, "/token.der"))
            check_batch(&files[i]);
    if (head_count > 0)
        qsort(heads, head_count, sizeof *heads, compare_heads);
}

/* --- evidence records (RFC 4998), strict DER --- */

typedef struct {
    const uint8_t *at;
    size_t left;
} Der;

typedef struct {
    int hash;
    Der lists; /* at is NULL when there is no reduced hash tree */
    Der token;
    const uint8_t *chains_end; /* begins a chain: where the chains before it end; else NULL */
} Stamp;

/* Takes one element of that tag off the front. @whole (may be NULL) has its header too. */
static bool
take(Der *in, uint8_t tag, Der *body, Der *whole)
{
    const uint8_t *at = in->at;
    long length = 0;
    int number = 0;
    int class = 0;

    if (in->left == 0 || *at != tag ||
        ASN1_get_object(&at, &length, &number, &class, (long)in->left) & 0x81 ||
        at - in->at != ASN1_object_size(1, (int)length, number) - length) /* DER: the one form */
        return false;
    *body = (Der){at, (size_t)length};
    if (whole)
        *whole = (Der){in->at, (size_t)(at + length - in->at)};
    in->left -= (size_t)(at + length - in->at);
    in->at = at + length;
    return true;
}

/* HASH or LONG; 0 for another digest. */
static int
read_digest(const Der *algorithm)
{
    static const uint8_t sha2[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};
    const uint8_t *end = algorithm->at + sizeof sha2;

    if (algorithm->left != 11 && (algorithm->left != 13 || memcmp(end + 1, "\x05", 2) != 0))
        return 0;
    return memcmp(algorithm->at, sha2, sizeof sha2) ? 0 : *end == 1 ? HASH : *end == 3 ? LONG : 0;
}

static bool
read_stamp(Der *in, Stamp *out)
{
    Der body;
    Der inner;

    *out = (Stamp){.hash = HASH};
    if (!take(in, 0x30, &body, NULL))
        return false;
    if (body.left > 0 && body.at[0] == 0xa0 &&
        (!take(&body, 0xa0, &inner, NULL) || (out->hash = read_digest(&inner)) == 0))
        return false;
    if (body.left > 0 && body.at[0] == 0xa2 && !take(&body, 0xa2, &out->lists, NULL))
        return false;
    return take(&body, 0x30, &inner, &out->token) && body.left == 0;
}

/* The archive time-stamps of all chains, -1 when it is malformed or of a kind not made here.
 * *@chains: where the first chain begins. */
static int
read_record(const Bytes *bytes, Stamp stamps[STAMPS_MOST], const uint8_t **chains)
{
    Der in = {bytes->at, bytes->size};
    Der body;
    Der inner;
    Der chain;
    int count = 0;

    if (!take(&in, 0x30, &body, NULL) || in.left > 0 || !take(&body, 0x02, &inner, NULL) ||
        inner.left != 1 || inner.at[0] != 1 || !take(&body, 0x30, &inner, NULL))
        return -1;
    while (inner.left > 0)
        if (!take(&inner, 0x30, &chain, NULL) || read_digest(&chain) == 0)
            return -1;
    if (!take(&body, 0x30, &inner, NULL) || body.left > 0)
        return -1;
    *chains = inner.at;
    for (int number = 0; inner.left > 0; number++) {
        const uint8_t *end = inner.at;
        int first = count;

        if (number == CHAINS_MOST || !take(&inner, 0x30, &chain, NULL) || chain.left == 0)
            return -1;
        while (chain.left > 0)
            if (count == STAMPS_MOST || !read_stamp(&chain, &stamps[count++]) ||
                stamps[count - 1].hash != stamps[first].hash)
                return -1;
        stamps[first].chains_end = end;
    }
    return count > 0 ? count : -1;
}

/* RFC 4998 4.3: the first list has the leaf in it; a list, sorted and joined, gives a hash that
 * belongs to the next list. */
static bool
walk_lists(const Stamp *stamp, const uint8_t *leaf, uint8_t *root)
{
    Der lists = stamp->lists;
    size_t size = (size_t)stamp->hash;
    int level = 0;

    memcpy(root, leaf, size);
    if (lists.at && lists.left == 0)
        return false;
    for (; lists.left > 0; level++) {
        Bytes nodes = {0};
        Der list;
        Der hash;
        bool found = level > 0;
        bool good = level < LISTS_MOST && take(&lists, 0x30, &list, NULL);

        if (level > 0)
            bytes_add(&nodes, root, size);
        while (good && list.left > 0) {
            good = take(&list, 0x04, &hash, NULL) && hash.left == size;
            if (!good)
                break;
            found = found || memcmp(hash.at, leaf, size) == 0;
            bytes_add(&nodes, hash.at, size);
        }
        good = good && found && nodes.size >= 2 * size;
        if (good)
            join(stamp->hash, nodes.at, nodes.size / size, root);
        bytes_free(&nodes);
        if (!good)
            return false;
    }
    return true;
}

/* RFC 4998 5.3: the hash of two hashes: of the document, and of the sequence of the chains so far.
 */
static void
renewed_leaf(const Stamp *stamp, const uint8_t *chains, const uint8_t *document, uint8_t *out)
{
    size_t size = (size_t)(stamp->chains_end - chains); /* below BLOB_MOST */
    uint8_t header[8];
    uint8_t *end = header;
    uint8_t both[2 * LONG];
    Bytes sequence = {0};

    ASN1_put_object(&end, 1, (int)size, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    bytes_add(&sequence, header, (size_t)(end - header));
    bytes_add(&sequence, chains, size);
    memcpy(both, document, (size_t)stamp->hash);
    sha(stamp->hash, sequence.at, sequence.size, both + stamp->hash);
    sha(stamp->hash, both, 2 * (size_t)stamp->hash, out);
    bytes_free(&sequence);
}

/* From the newest back: a token must hold until the next one was put over it. @document_long is
 * NULL when no SHA-512 of the document is stated. */
static bool
check_record(const File *file, const uint8_t *document, const uint8_t *document_long,
             int64_t *out_time)
{
    Bytes bytes = read_file(file);
    Stamp stamps[STAMPS_MOST];
    const uint8_t *chains = NULL;
    int count = bytes.size < 1 << 24 ? read_record(&bytes, stamps, &chains) : -1;
    int64_t renewed = -1;
    bool good = count > 0;

    for (int i = 0; i < count; i++)
        good = good && (stamps[i].hash == HASH || document_long);
    if (!good)
        fail(file->name, "it is no evidence record that this program knows");
    for (int i = count - 1; good && i >= 0; i--) {
        const uint8_t *of = stamps[i].hash == LONG ? document_long : document;
        uint8_t leaf[LONG];
        uint8_t root[LONG];

        if (i == 0)
            memcpy(leaf, of, (size_t)stamps[i].hash);
        else if (stamps[i].chains_end)
            renewed_leaf(&stamps[i], chains, of, leaf);
        else
            sha(stamps[i].hash, stamps[i - 1].token.at, stamps[i - 1].token.left, leaf);
        good = walk_lists(&stamps[i], leaf, root);
        if (!good)
            fail(file->name, "it is the record of another document");
        else
            good = check_token(file->name, stamps[i].token.at, stamps[i].token.left, root,
                               stamps[i].hash, renewed, out_time);
        renewed = *out_time;
    }
    bytes_free(&bytes);
    return good;
}

/* --- documents --- */

static uint64_t stamped; /* documents */

/* Vouchers without documents. Each must have been disposed of by an entry. */
typedef struct {
    char id[40];
    bool disposed;
} Gone;

static Gone *gone;
static size_t gone_count;

static int
compare_gone(const void *a, const void *b)
{
    return strcmp(((const Gone *)a)->id, ((const Gone *)b)->id);
}

static void
add_gone(const char *id)
{
    if (gone_count > 0 && strcmp(gone[gone_count - 1].id, id) == 0) /* another version of it */
        return;
    gone = grow(gone, gone_count, sizeof *gone);
    memset(&gone[gone_count], 0, sizeof *gone);
    snprintf(gone[gone_count++].id, sizeof gone->id, "%s", id);
}

/* The row of the voucher whose id begins @text; NULL when its documents are here. */
static Gone *
find_gone(const char *text)
{
    Gone key = {.disposed = false};

    if (!text || gone_count == 0)
        return NULL;
    snprintf(key.id, sizeof key.id, "%.36s", text);
    return bsearch(&key, gone, gone_count, sizeof *gone, compare_gone);
}

/* "sha256 voucher version file record [sha512]", "-" when there is no record, or no file since it
 * was disposed of: then the record is of the hash alone. */
static void
check_document(char *line, size_t size, uint64_t number)
{
    char *words[6] = {0};
    int count = 0;
    uint8_t hash[HASH];
    uint8_t hash_long[LONG];
    uint8_t found_long[LONG];
    int64_t time = 0;

    for (char *word = strtok(line, " "); word && count < 6; word = strtok(NULL, " "))
        words[count++] = word;
    if (count < 5 || size < 2 * HASH || strlen(words[0]) != 2 * HASH ||
        !read_hash(words[0], HASH, hash) ||
        (words[5] && (strlen(words[5]) != 2 * LONG || !read_hash(words[5], LONG, hash_long)))) {
        fail("evidence/documents.txt", "line %" PRIu64 " is malformed", number);
        return;
    }
    const File *file = find_file(words[3]);
    const File *record = find_file(words[4]);

    if (strcmp(words[3], "-") == 0)
        add_gone(words[1]);
    else if (!file)
        fail(words[3], "it is missing");
    else if (memcmp(file->hash, hash, HASH) != 0)
        fail(words[3], "its SHA-256 is not the one in evidence/documents.txt");
    if (file && words[5]) {
        hash_file(file, LONG, found_long);
        if (memcmp(found_long, hash_long, LONG) != 0)
            fail(words[3], "its SHA-512 is not the one in evidence/documents.txt");
    }
    if (strcmp(words[4], "-") == 0)
        return;
    if (!record) {
        fail(words[4], "it is missing");
    } else if (check_record(record, hash, words[5] ? hash_long : NULL, &time)) {
        char text[32] = "";

        stamped++;
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&(time_t){(time_t)time}));
        if (list_documents)
            printf("%s  %s\n", text, words[3]);
    }
}

/* --- the ledger: canonical JSON (RFC 8785), so a member is written in one way only --- */

/* Finds "KEY": after @from; in a string each quote would stand behind a backslash. */
static const char *
find_member(const char *from, const char *key)
{
    char wanted[64];
    const char *at = NULL;

    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    at = strstr(from, wanted);
    return at && (at == from || at[-1] != '\\') ? at + strlen(wanted) : NULL;
}

static bool
member_is(const char *line, const char *key, const char *value)
{
    const char *at = find_member(line, key);
    size_t size = strlen(value);

    return at && *at == '"' && strncmp(at + 1, value, size) == 0 && at[1 + size] == '"';
}

static bool
member_number(const char *line, const char *key, uint64_t *out)
{
    const char *at = find_member(line, key);

    return at && (read_number(at, ',', out) || read_number(at, '}', out));
}

static bool
member_hash(const char *line, const char *key, uint8_t out[HASH])
{
    const char *at = find_member(line, key);

    return at && *at == '"' && strnlen(at + 1, 2 * HASH + 1) == 2 * HASH + 1 &&
           at[1 + 2 * HASH] == '"' && read_hash(at + 1, HASH, out);
}

static struct {
    uint64_t seq;
    uint8_t hash[HASH]; /* of the line before */
    EVP_MD_CTX *lines;  /* SHA-512 of all lines so far */
    size_t head;        /* the next that was stamped */
    bool broken;
} chain;

/* Whatever an entry of evidence names is here: token, leaves, what is known of revocations. */
static void
check_evidence(const char *line, uint64_t seq)
{
    uint8_t hash[HASH];

    for (const char *at = line; (at = find_member(at, "sha256"));)
        if (*at != '"' || !read_hash(at + 1, HASH, hash) || !is_there(hash))
            fail("ledger.jsonl", "line %" PRIu64 ": evidence that it names is not in the capsule",
                 seq);
}

/* Notes that an entry disposes of its voucher; the voucher's row, if its documents are gone. */
static const Gone *
check_disposal(const char *line)
{
    const char *at = find_member(line, "voucher");
    Gone *row = at && *at == '"' ? find_gone(at + 1) : NULL;

    if (row && member_is(line, "type", "voucher.disposed"))
        row->disposed = true;
    return row;
}

static void
check_contents(const char *line, uint64_t seq)
{
    const Gone *row = check_disposal(line);
    const char *blob = find_member(line, "blob");
    uint8_t hash[HASH];

    if (strstr(line, "\"type\":\"evidence."))
        check_evidence(line, seq);
    else if ((member_is(line, "type", "voucher.registered") ||
              member_is(line, "type", "voucher.revised")) &&
             (!blob || !member_hash(blob, "sha256", hash) || (!row && !is_there(hash))))
        fail("ledger.jsonl", "line %" PRIu64 ": its document is not in the capsule", seq);
}

/* Stamped heads stand in the order of the ledger. */
static void
check_heads(void)
{
    for (; chain.head < head_count && heads[chain.head].seq <= chain.seq; chain.head++) {
        const Head *head = &heads[chain.head];
        EVP_MD_CTX *copy = EVP_MD_CTX_new();
        uint8_t all[LONG];

        if (!copy || EVP_MD_CTX_copy_ex(copy, chain.lines) != 1)
            give_up("out of memory");
        EVP_DigestFinal_ex(copy, all, NULL);
        EVP_MD_CTX_free(copy);
        if (memcmp(head->hash, head->size == LONG ? all : chain.hash, (size_t)head->size) != 0)
            fail("ledger.jsonl", "line %" PRIu64 " is not the one that was time-stamped",
                 head->seq);
    }
}

static void
check_link(char *line, size_t size, uint64_t number)
{
    uint8_t prev[HASH];
    uint64_t seq = 0;

    if (chain.broken)
        return;
    if (strlen(line) != size || !member_number(line, "seq", &seq) ||
        !member_hash(line, "prev", prev) || seq != chain.seq + 1 ||
        memcmp(prev, chain.hash, HASH) != 0) {
        fail("ledger.jsonl",
             "the chain breaks before line %" PRIu64
             ": this line or one before it has been changed, taken out or put in",
             number);
        chain.broken = true;
        return;
    }
    chain.seq = seq;
    sha(HASH, line, size, chain.hash);
    EVP_DigestUpdate(chain.lines, line, size);
    EVP_DigestUpdate(chain.lines, "\n", 1);
    check_contents(line, seq);
    check_heads();
}

static void
check_loose_entry(char *line, size_t size, uint64_t number)
{
    (void)size, (void)number;
    check_disposal(line);
}

static uint64_t
check_ledger(bool complete)
{
    uint64_t entries = 0;

    chain.lines = EVP_MD_CTX_new();
    if (!chain.lines || EVP_DigestInit_ex(chain.lines, EVP_sha512(), NULL) != 1)
        give_up("OpenSSL has no SHA-512");
    entries = complete ? each_line("ledger.jsonl", check_link)
                       : each_line("entries.jsonl", check_loose_entry);
    for (size_t i = 0; !chain.broken && i < gone_count; i++)
        if (!gone[i].disposed)
            fail("evidence/documents.txt",
                 "no entry disposes of voucher %s, and its document is missing", gone[i].id);
    for (size_t i = chain.head; complete && !chain.broken && i < head_count; i++)
        fail("ledger.jsonl", "entry %" PRIu64 ", which was time-stamped, is missing", heads[i].seq);
    EVP_MD_CTX_free(chain.lines);
    return entries;
}

/* --- the whole --- */

static void
check_count(const char *manifest, const char *what, uint64_t found)
{
    uint64_t stated = 0;

    if (!member_number(manifest, what, &stated) || stated != found)
        fail("manifest.json", "it states another number of %s than the %" PRIu64 " that are here",
             what, found);
}

static void
check_all(void)
{
    check_sums();
    load_proofs();
    check_batches();
    uint64_t documents = each_line("evidence/documents.txt", check_document);
    uint64_t vouchers = each_line("vouchers.jsonl", NULL);
    const File *file = find_file("manifest.json");

    if (gone_count > 0)
        qsort(gone, gone_count, sizeof *gone, compare_gone);
    if (!file) {
        fail("manifest.json", "it is missing");
        return;
    }
    Bytes manifest = read_file(file);
    const char *text = (const char *)manifest.at;
    bool complete = member_is(text, "ledger", "complete");
    uint64_t entries = check_ledger(complete);

    if (!member_is(text, "format", "dencho capsule 1"))
        fail("manifest.json", "a format that this program does not know");
    check_count(text, "files", file_count);
    check_count(text, "vouchers", vouchers);
    check_count(text, "documents", documents);
    check_count(text, "entries", entries);
    printf("%zu files, %" PRIu64 " vouchers, %" PRIu64 " documents, %" PRIu64
           " of them under a time stamp, %" PRIu64 " entries of the ledger%s; %lu failed\n",
           file_count, vouchers, documents, stamped, entries, complete ? "" : " (a selection)",
           failures);
    bytes_free(&manifest);
}

int
main(int argc, char **argv)
{
    int option = 0;

    while ((option = getopt(argc, argv, "C:l")) != -1) {
        if (option == 'C')
            load_authorities(optarg);
        else if (option == 'l')
            list_documents = true;
        else
            argc = 0;
    }
    if (argc != optind + 1)
        give_up("usage: verify-capsule [-C AUTHORITY.pem] [-l] CAPSULE");
    open_capsule(argv[optind]);
    check_all();
    if (!authorities)
        printf("Whose time stamps these are was not checked: name the authority with -C.\n");
    puts(failures == 0 ? "All of it holds." : "Do not rely on this copy.");
    return failures == 0 ? 0 : 1;
}
