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
 *              over its document; tokens (RFC 3161) at the time they state
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

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HASH = 32, /* SHA-256 */
    LONG = 64, /* SHA-512: hash trees that were renewed */
    STEP = 1 << 16,
    NAME_MOST = 1000,
    BLOB_MOST = 64 << 20, /* of a token, a record, a list of leaves, a line */
    DEPTH_MOST = 8,
    STAMPS_MOST = 32, /* renewals in a record */
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

static void __attribute__((format(printf, 1, 2), noreturn)) give_up(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "verify-capsule: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static void *
get_memory(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        give_up("out of memory");
    return memory;
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
read_number(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    int digits = 0;

    for (; *text >= '0' && *text <= '9' && digits < 16; text++, digits++)
        value = value * 10 + (uint64_t)(*text - '0');
    *out = value;
    return digits > 0 && *text == '\0';
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
static int capsule_fd = -1; /* of the ZIP; -1: a folder */
static File *files;
static size_t file_count;
static const File **by_hash;

static File *
add_file(char *name)
{
    static size_t room;

    if (file_count == room) {
        room = room ? room * 2 : 256;
        files = get_memory(files, room * sizeof *files);
    }
    files[file_count] = (File){.name = name};
    return &files[file_count++];
}

static void
read_at(int fd, void *to, size_t size, uint64_t offset)
{
    uint8_t *at = to;

    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            give_up("cannot read: %s", got < 0 ? strerror(errno) : "the file became shorter");
        at += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
}

static uint32_t
crc32_add(uint32_t crc, const uint8_t *bytes, size_t size)
{
    static uint32_t table[256];

    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            table[i] = i;
            for (int bit = 0; bit < 8; bit++)
                table[i] = table[i] & 1 ? 0xedb88320U ^ table[i] >> 1 : table[i] >> 1;
        }
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

/* The hash of a file's bytes; its CRC-32. */
static uint32_t
hash_range(int fd, const File *file, int hash, uint8_t *out)
{
    static uint8_t step[STEP];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint32_t crc = 0;

    if (!context ||
        EVP_DigestInit_ex(context, hash == LONG ? EVP_sha512() : EVP_sha256(), NULL) != 1)
        give_up("OpenSSL has no SHA-2");
    for (uint64_t at = 0; at < file->size;) {
        size_t part = file->size - at < STEP ? (size_t)(file->size - at) : STEP;

        read_at(fd, step, part, file->offset + at);
        crc = crc32_add(crc, step, part);
        EVP_DigestUpdate(context, step, part);
        at += part;
    }
    EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
    return crc;
}

/* The descriptor in which a file lies. */
static int
open_file(const File *file)
{
    char path[4096];
    int fd = -1;

    if (capsule_fd >= 0)
        return dup(capsule_fd);
    if (snprintf(path, sizeof path, "%s/%s", capsule, file->name) < (int)sizeof path)
        fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        give_up("cannot open %s: %s", file->name, strerror(errno));
    return fd;
}

static Bytes
read_file(const File *file)
{
    Bytes bytes = {0};
    int fd = open_file(file);

    if (file->size > BLOB_MOST)
        give_up("%s is larger than this program reads", file->name);
    bytes.size = (size_t)file->size;
    bytes.at = get_memory(NULL, bytes.size + 1);
    read_at(fd, bytes.at, bytes.size, file->offset);
    bytes.at[bytes.size] = '\0';
    close(fd);
    return bytes;
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

typedef void (*LineVisitor)(char *line, size_t size, uint64_t number, void *data);

/* Visits the lines of a file, each ended by NUL in place of its line feed. */
static void
each_line(const char *name, LineVisitor visit, void *data)
{
    const File *file = find_file(name);
    Bytes held = {0};
    uint8_t step[4096];
    uint64_t number = 0;
    int fd = -1;

    if (!file) {
        fail(name, "it is missing");
        return;
    }
    fd = open_file(file);
    for (uint64_t at = 0; at < file->size;) {
        size_t part = file->size - at < sizeof step ? (size_t)(file->size - at) : sizeof step;
        size_t from = held.size;
        size_t begin = 0;

        read_at(fd, step, part, file->offset + at);
        at += part;
        bytes_add(&held, step, part);
        for (size_t i = from; i < held.size; i++)
            if (held.at[i] == '\n') {
                held.at[i] = '\0';
                visit((char *)held.at + begin, i - begin, ++number, data);
                begin = i + 1;
            }
        memmove(held.at, held.at + begin, held.size - begin);
        held.size -= begin;
        if (held.size > BLOB_MOST)
            give_up("%s: a line is longer than this program reads", name);
    }
    if (held.size > 0)
        fail(name, "its last line has no end");
    close(fd);
    bytes_free(&held);
}

/* --- a folder --- */

static void
scan_folder(const char *path, const char *prefix, int depth)
{
    DIR *folder = opendir(path);
    struct dirent *entry = NULL;

    if (!folder)
        give_up("cannot open %s: %s", path, strerror(errno));
    while ((entry = readdir(folder))) {
        char inner[4096];
        char name[4096];
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner ||
            snprintf(name, sizeof name, "%s%s", prefix, entry->d_name) >= (int)sizeof name - 1)
            give_up("a name is too long");
        if (lstat(inner, &st) != 0)
            give_up("cannot look at %s: %s", inner, strerror(errno));
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST) {
            strcat(name, "/");
            scan_folder(inner, name, depth + 1);
        } else if (!S_ISREG(st.st_mode)) {
            fail(name, "it is no file of a capsule");
        } else {
            File *file = add_file(strdup(name));
            int fd = open(inner, O_RDONLY | O_NOFOLLOW);

            if (fd < 0)
                give_up("cannot open %s: %s", inner, strerror(errno));
            file->size = (uint64_t)st.st_size;
            hash_range(fd, file, HASH, file->hash);
            close(fd);
        }
    }
    closedir(folder);
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
    uint8_t *found = get_memory(NULL, wanted->size);

    read_at(capsule_fd, found, wanted->size, offset);
    for (size_t i = 0; i < wanted->size; i++)
        if (found[i] != wanted->at[i]) {
            fail(where, "byte %" PRIu64 " of the container, in %s, is 0x%02x and should be 0x%02x",
                 offset + i, what, found[i], wanted->at[i]);
            break;
        }
    free(found);
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

    file->crc = (uint32_t)get(at + 16, 4);
    file->size = get(extra + 4, 8);
    file->header = get(extra + 20, 8);
    return file->header <= end && file->size <= end - file->header ? used : 0;
}

/* Files stand one after the other without a gap, each behind its header. */
static void
check_members(uint64_t directory)
{
    uint64_t expected = 0;

    for (size_t i = 0; i < file_count; i++) {
        File *file = &files[i];
        Bytes header = {0};
        uint32_t stated = file->crc;

        if (file->header != expected) {
            fail(file->name,
                 "the directory says that it begins at byte %" PRIu64 ", it begins at %" PRIu64,
                 file->header, expected);
            file->header = expected;
        }
        file->offset = file->header + LOCAL + strlen(file->name) + LOCAL_EXTRA;
        if (file->offset > directory || file->size > directory - file->offset)
            give_up("no capsule: %s reaches into the directory", file->name);
        file->crc = hash_range(capsule_fd, file, HASH, file->hash);
        if (file->crc != stated)
            fail(file->name, "its bytes have another CRC-32 than the directory says");
        put_local(&header, file);
        compare_at(file->header, &header, file->name, "its header");
        expected = file->offset + file->size;
        bytes_free(&header);
    }
    if (expected != directory)
        fail(capsule, "bytes %" PRIu64 " to %" PRIu64 " belong to no file", expected, directory);
}

static void
scan_zip(uint64_t size)
{
    uint8_t tail[TAIL];
    Bytes wanted = {0};

    if (size < TAIL)
        give_up("%s is too short for a capsule", capsule);
    read_at(capsule_fd, tail, TAIL, size - TAIL);
    uint64_t end = size - TAIL;
    uint64_t directory_size = get(tail + 40, 8);
    uint64_t count = get(tail + 32, 8);

    if (directory_size > end || directory_size > (uint64_t)16 << 30 ||
        count > directory_size / CENTRAL)
        give_up("no capsule ends here: its directory cannot be found");
    uint64_t directory = end - directory_size;
    uint8_t *bytes = get_memory(NULL, (size_t)directory_size);

    read_at(capsule_fd, bytes, (size_t)directory_size, directory);
    for (uint64_t i = 0, at = 0; i < count; i++) {
        size_t used = read_central(bytes + at, directory_size - at, end);

        if (used == 0)
            give_up("no capsule: entry %" PRIu64 " of its directory is malformed", i + 1);
        at += used;
    }
    free(bytes);
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
open_capsule(const char *path)
{
    struct stat st;

    capsule = path;
    if (stat(path, &st) != 0)
        give_up("cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        scan_folder(path, "", 0);
    } else {
        capsule_fd = open(path, O_RDONLY);
        if (capsule_fd < 0)
            give_up("cannot open %s: %s", path, strerror(errno));
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
check_sum(char *line, size_t size, uint64_t number, void *data)
{
    uint8_t hash[HASH];
    File *file = NULL;

    (void)data;
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
    each_line("SHA256SUMS", check_sum, NULL);
    for (size_t i = 0; i < file_count; i++)
        if (!files[i].listed && strcmp(files[i].name, "SHA256SUMS") != 0)
            fail(files[i].name, "it does not stand in SHA256SUMS: it has been added");
}

/* --- time-stamp tokens --- */

static STACK_OF(X509) * authorities; /* NULL: nobody was named */

static void
load_authorities(const char *path)
{
    FILE *in = fopen(path, "r");
    X509 *certificate = NULL;

    if (!in)
        give_up("cannot open %s: %s", path, strerror(errno));
    authorities = sk_X509_new_null();
    while ((certificate = PEM_read_X509(in, NULL, NULL, NULL)))
        sk_X509_push(authorities, certificate);
    fclose(in);
    ERR_clear_error();
    if (sk_X509_num(authorities) == 0)
        give_up("%s holds no certificate", path);
}

/* Seconds since 1970 of a GeneralizedTime; -1 when it is none. */
static int64_t
read_time(const ASN1_GENERALIZEDTIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool good = epoch && time && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

    ASN1_TIME_free(epoch);
    return good ? (int64_t)days * 86400 + seconds : -1;
}

static bool
verify_at(PKCS7 *token, const uint8_t *imprint, int size, int64_t time)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);
    const STACK_OF(X509) *anchors = authorities ? authorities : token->d.sign->cert;
    uint8_t *copy = OPENSSL_memdup(imprint, (size_t)size);
    bool good = false;

    for (int i = 0; i < sk_X509_num(anchors); i++)
        X509_STORE_add_cert(store, sk_X509_value(anchors, i));
    X509_VERIFY_PARAM_set_time(rules, (time_t)time);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(context, store);
    TS_VERIFY_CTX_set_imprint(context, copy, size);
    good = TS_RESP_verify_token(context, token) == 1;
    TS_VERIFY_CTX_free(context);
    return good;
}

/* The token that was found to hold last: thousands of records have the same one. */
static struct {
    bool known;
    uint8_t token[HASH];
    uint8_t imprint[LONG];
    int64_t renewed;
    int64_t time;
} last;

/* Whether the token stamps @imprint, and, when it was renewed, held until @renewed. Says why not
 * under the name @where. *@out_time: its own time. */
static bool
check_token(const char *where, const uint8_t *bytes, size_t size, const uint8_t *imprint,
            int hash_size, int64_t renewed, int64_t *out_time)
{
    const uint8_t *end = bytes;
    uint8_t hash[HASH];

    sha(HASH, bytes, size, hash);
    *out_time = last.time;
    if (last.known && memcmp(last.token, hash, HASH) == 0 &&
        memcmp(last.imprint, imprint, (size_t)hash_size) == 0 && last.renewed == renewed)
        return true;

    PKCS7 *token = size <= BLOB_MOST ? d2i_PKCS7(NULL, &end, (long)size) : NULL;
    TS_TST_INFO *info = token && PKCS7_type_is_signed(token) ? PKCS7_to_TS_TST_INFO(token) : NULL;
    int64_t time = info ? read_time(TS_TST_INFO_get_time(info)) : -1;
    bool good = false;

    if (!info || end != bytes + size)
        fail(where, "it is no time-stamp token");
    else if (time < 0 ||
             OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info))->algorithm) !=
                 (hash_size == LONG ? NID_sha512 : NID_sha256))
        fail(where, "the token has no time that can be read, or stamps another kind of hash");
    else if (!verify_at(token, imprint, hash_size, time))
        fail(where, "the time stamp does not hold: %s",
             ERR_reason_error_string(ERR_peek_last_error()));
    else if (renewed >= 0 && (renewed < time || !verify_at(token, imprint, hash_size, renewed)))
        fail(where, "the time stamp had ended when it was renewed");
    else
        good = true;
    ERR_clear_error();
    TS_TST_INFO_free(info);
    PKCS7_free(token);
    *out_time = time;
    if (good) {
        last.known = true;
        last.renewed = renewed;
        last.time = time;
        memcpy(last.token, hash, HASH);
        memcpy(last.imprint, imprint, (size_t)hash_size);
    }
    return good;
}

/* --- batches: leaves, tree, token --- */

typedef struct {
    uint64_t seq;
    int size; /* HASH: of the line; LONG: of all lines up to it */
    uint8_t hash[LONG];
    bool met;
} Head;

static Head *heads; /* of the ledger, that were stamped */
static size_t head_count;

static void
join(int hash, const uint8_t *a, const uint8_t *b, uint8_t *out)
{
    uint8_t both[2 * LONG];
    size_t size = (size_t)hash;
    bool swap = memcmp(a, b, size) > 0;

    memcpy(both, swap ? b : a, size);
    memcpy(both + size, swap ? a : b, size);
    sha(hash, both, 2 * size, out);
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
            uint8_t node[LONG];

            if (i + 1 < count)
                join(hash, nodes + i * size, nodes + (i + 1) * size, node);
            else
                memcpy(node, nodes + i * size, size);
            memcpy(nodes + next * size, node, size);
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
    if (!file)
        return true;
    Bytes token = read_file(file);

    sha(leaf->size, token.at, token.size, hash);
    bytes_free(&token);
    return memcmp(hash, leaf->hash, (size_t)leaf->size) == 0;
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
            !read_number(number + 1, &head.seq))
            return false;
        bytes_add(out, head.hash, (size_t)*out_hash);
        if (strncmp(who, "stamp ", 6) == 0 && !check_renewed(&head))
            return false;
        if (strncmp(who, "ledger ", 7) != 0)
            continue;
        heads = get_memory(heads, (head_count + 1) * sizeof *heads);
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
    size_t header = 2;
    size_t length = 0;

    if (in->left < 2 || in->at[0] != tag)
        return false;
    length = in->at[1];
    if (length >= 0x80) {
        size_t digits = length & 0x7f;

        if (digits == 0 || digits > 4 || in->left < 2 + digits || in->at[2] == 0)
            return false;
        length = 0;
        for (size_t i = 0; i < digits; i++)
            length = length << 8 | in->at[2 + i];
        if (length < 0x80)
            return false;
        header += digits;
    }
    if (in->left - header < length)
        return false;
    *body = (Der){in->at + header, length};
    if (whole)
        *whole = (Der){in->at, header + length};
    in->at += header + length;
    in->left -= header + length;
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

static int node_size; /* of what is sorted */

static int
compare_nodes(const void *a, const void *b)
{
    return memcmp(a, b, (size_t)node_size);
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
        if (good) {
            node_size = stamp->hash;
            qsort(nodes.at, nodes.size / size, size, compare_nodes);
            sha(stamp->hash, nodes.at, nodes.size, root);
        }
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
    size_t size = (size_t)(stamp->chains_end - chains);
    int digits = size > 0xffff ? 3 : size > 0xff ? 2 : size > 0x7f ? 1 : 0; /* below BLOB_MOST */
    uint8_t byte = (uint8_t)(digits ? 0x80 | digits : (int)size);
    uint8_t both[2 * LONG];
    Bytes sequence = {0};

    bytes_add(&sequence, "\x30", 1);
    bytes_add(&sequence, &byte, 1);
    while (digits-- > 0) {
        byte = (uint8_t)(size >> 8 * digits);
        bytes_add(&sequence, &byte, 1);
    }
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

    for (int i = 0; good && i < count; i++)
        good = stamps[i].hash == HASH || document_long;
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

typedef struct {
    uint64_t documents;
    uint64_t stamped;
    uint64_t entries;
    uint64_t vouchers;
} Counts;

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
    if ((gone_count & (gone_count - 1)) == 0)
        gone = get_memory(gone, (gone_count ? 2 * gone_count : 1) * sizeof *gone);
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
check_document(char *line, size_t size, uint64_t number, void *data)
{
    Counts *counts = data;
    char *words[6] = {0};
    int count = 0;
    uint8_t hash[HASH];
    uint8_t hash_long[LONG];
    uint8_t found_long[LONG];
    int64_t time = 0;

    counts->documents++;
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
        int fd = open_file(file);

        hash_range(fd, file, LONG, found_long);
        close(fd);
        if (memcmp(found_long, hash_long, LONG) != 0)
            fail(words[3], "its SHA-512 is not the one in evidence/documents.txt");
    }
    if (strcmp(words[4], "-") == 0)
        return;
    if (!record) {
        fail(words[4], "it is missing");
    } else if (check_record(record, hash, words[5] ? hash_long : NULL, &time)) {
        char text[32] = "";

        counts->stamped++;
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
    char digits[24] = "";

    for (size_t i = 0; at && i + 1 < sizeof digits && at[i] >= '0' && at[i] <= '9'; i++)
        digits[i] = at[i];
    return read_number(digits, out);
}

static bool
member_hash(const char *line, const char *key, uint8_t out[HASH])
{
    const char *at = find_member(line, key);

    return at && *at == '"' && strnlen(at + 1, 2 * HASH + 1) == 2 * HASH + 1 &&
           at[1 + 2 * HASH] == '"' && read_hash(at + 1, HASH, out);
}

/* The "sha256" of {"bytes":...,"id":...,"sha256":...} under @key. */
static bool
member_blob(const char *line, const char *key, uint8_t out[HASH])
{
    const char *at = find_member(line, key);

    return at && *at == '{' && member_hash(at, "sha256", out);
}

typedef struct {
    Counts *counts;
    uint64_t seq;
    uint8_t hash[HASH]; /* of the line before */
    EVP_MD_CTX *lines;  /* SHA-512 of all lines so far */
    bool broken;
} Chain;

/* The token and the leaves of a stamp in the ledger are the files under its seq. */
static void
check_stamp_entry(const char *line, uint64_t seq)
{
    static const char *const members[][2] = {{"token", "token.der"}, {"leaves", "leaves.txt"}};

    for (int i = 0; i < 2; i++) {
        char name[64];
        uint8_t hash[HASH];
        const File *file = NULL;

        snprintf(name, sizeof name, "evidence/%" PRIu64 "/%s", seq, members[i][1]);
        file = find_file(name);
        if (file && (!member_blob(line, members[i][0], hash) || memcmp(hash, file->hash, HASH)))
            fail(name, "it is not the one that the ledger names");
    }
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
    uint8_t hash[HASH];

    if (member_is(line, "type", "evidence.stamped") || member_is(line, "type", "evidence.renewed"))
        check_stamp_entry(line, seq);
    else if ((member_is(line, "type", "voucher.registered") ||
              member_is(line, "type", "voucher.revised")) &&
             (!member_blob(line, "blob", hash) || (!row && !is_there(hash))))
        fail("ledger.jsonl", "line %" PRIu64 ": its document is not in the capsule", seq);
}

/* All stamped heads of one seq stand together. */
static void
check_head(const Chain *chain)
{
    Head key = {.seq = chain->seq};
    Head *head =
        head_count > 0 ? bsearch(&key, heads, head_count, sizeof *heads, compare_heads) : NULL;

    while (head && head > heads && head[-1].seq == chain->seq)
        head--;
    for (; head && head < heads + head_count && head->seq == chain->seq; head++) {
        uint8_t all[LONG];
        EVP_MD_CTX *copy = EVP_MD_CTX_new();

        if (!copy || EVP_MD_CTX_copy_ex(copy, chain->lines) != 1 ||
            EVP_DigestFinal_ex(copy, all, NULL) != 1)
            give_up("OpenSSL has no SHA-512");
        EVP_MD_CTX_free(copy);
        if (memcmp(head->hash, head->size == LONG ? all : chain->hash, (size_t)head->size) != 0)
            fail("ledger.jsonl", "line %" PRIu64 " is not the one that was time-stamped",
                 chain->seq);
        head->met = true;
    }
}

static void
check_link(char *line, size_t size, uint64_t number, void *data)
{
    Chain *chain = data;
    uint8_t prev[HASH];
    uint64_t seq = 0;

    chain->counts->entries++;
    if (chain->broken)
        return;
    if (strlen(line) != size || !member_number(line, "seq", &seq) ||
        !member_hash(line, "prev", prev) || seq != chain->seq + 1 ||
        memcmp(prev, chain->hash, HASH) != 0) {
        fail("ledger.jsonl",
             "the chain breaks before line %" PRIu64
             ": this line or one before it has been changed, taken out or put in",
             number);
        chain->broken = true;
        return;
    }
    chain->seq = seq;
    sha(HASH, line, size, chain->hash);
    EVP_DigestUpdate(chain->lines, line, size);
    EVP_DigestUpdate(chain->lines, "\n", 1);
    check_contents(line, seq);
    check_head(chain);
}

static void
count_line(char *line, size_t size, uint64_t number, void *data)
{
    (void)line, (void)size, (void)number;
    (*(uint64_t *)data)++;
}

static void
check_loose_entry(char *line, size_t size, uint64_t number, void *data)
{
    check_disposal(line);
    count_line(line, size, number, data);
}

static void
check_ledger(Counts *counts, bool complete)
{
    Chain chain = {.counts = counts, .lines = EVP_MD_CTX_new()};

    if (!chain.lines || EVP_DigestInit_ex(chain.lines, EVP_sha512(), NULL) != 1)
        give_up("OpenSSL has no SHA-512");
    if (complete)
        each_line("ledger.jsonl", check_link, &chain);
    else
        each_line("entries.jsonl", check_loose_entry, &counts->entries);
    for (size_t i = 0; !chain.broken && i < gone_count; i++)
        if (!gone[i].disposed)
            fail("evidence/documents.txt",
                 "no entry disposes of voucher %s, and its document is missing", gone[i].id);
    EVP_MD_CTX_free(chain.lines);
    if (!complete)
        return;
    for (size_t i = 0; !chain.broken && i < head_count; i++)
        if (!heads[i].met)
            fail("ledger.jsonl", "entry %" PRIu64 ", which was time-stamped, is missing",
                 heads[i].seq);
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
    const File *file = NULL;
    Counts counts = {0};

    check_sums();
    check_batches();
    each_line("evidence/documents.txt", check_document, &counts);
    if (gone_count > 0)
        qsort(gone, gone_count, sizeof *gone, compare_gone);
    each_line("vouchers.jsonl", count_line, &counts.vouchers);
    file = find_file("manifest.json");
    if (!file) {
        fail("manifest.json", "it is missing");
        return;
    }
    Bytes manifest = read_file(file);
    const char *text = (const char *)manifest.at;

    if (!member_is(text, "format", "dencho capsule 1"))
        fail("manifest.json", "a format that this program does not know");
    check_ledger(&counts, member_is(text, "ledger", "complete"));
    check_count(text, "files", file_count);
    check_count(text, "vouchers", counts.vouchers);
    check_count(text, "documents", counts.documents);
    check_count(text, "entries", counts.entries);
    printf("%zu files, %" PRIu64 " vouchers, %" PRIu64 " documents, %" PRIu64
           " of them under a time stamp, %" PRIu64 " entries of the ledger%s; %lu failed\n",
           file_count, counts.vouchers, counts.documents, counts.stamped, counts.entries,
           member_is(text, "ledger", "complete") ? "" : " (a selection)", failures);
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
