/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/zip.c - one exact ZIP64.
 *
 * Writer and reader share the functions that make headers; the reader makes each header again from
 * what it read and compares.
 */
#include "config.h"
#include "engine/capsule/zip.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/capsule/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCAL_BYTES = 30,
    LOCAL_EXTRA = 20,
    CENTRAL_BYTES = 46,
    CENTRAL_EXTRA = 28,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    END_BYTES = 22,
    NAME_MAX_BYTES = 1000,
    VERSION_ZIP64 = 45,
    FLAG_UTF8 = 0x0800,
    DATE_1980 =
        0x0021, /* 1980-01-01: a capsule's times stand in its ledger, not in the container */
    STEP_BYTES = 1 << 16,
};

typedef struct {
    char *name;
    uint64_t header; /* offset of the local header */
    uint64_t size;
    uint32_t crc;
    DnSha256 sha256;
} Member;

static void
member_free(gpointer data)
{
    Member *member = data;

    g_free(member->name);
    g_free(member);
}

uint32_t
dn_crc32(uint32_t crc, const void *bytes, size_t size)
{
    static uint32_t table[256];
    static gsize ready;
    const uint8_t *at = bytes;

    if (g_once_init_enter(&ready)) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;

            for (int bit = 0; bit < 8; bit++)
                value = value & 1 ? 0xedb88320U ^ value >> 1 : value >> 1;
            table[i] = value;
        }
        g_once_init_leave(&ready, 1);
    }
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ at[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

static void
put(GByteArray *to, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        g_byte_array_append(to, &byte, 1);
    }
}

static uint64_t
get(const uint8_t *from, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = size; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static void
put_common(GByteArray *to, const Member *member, unsigned extra)
{
    put(to, VERSION_ZIP64, 2);
    put(to, FLAG_UTF8, 2);
    put(to, 0, 2); /* stored */
    put(to, 0, 2); /* time */
    put(to, DATE_1980, 2);
    put(to, member->crc, 4);
    put(to, UINT32_MAX, 4); /* both sizes stand in the extra field */
    put(to, UINT32_MAX, 4);
    put(to, strlen(member->name), 2);
    put(to, extra, 2);
}

static GByteArray *
local_header(const Member *member)
{
    GByteArray *out = g_byte_array_new();

    put(out, 0x04034b50, 4);
    put_common(out, member, LOCAL_EXTRA);
    g_byte_array_append(out, (const uint8_t *)member->name, (guint)strlen(member->name));
    put(out, 1, 2); /* ZIP64 extended information */
    put(out, LOCAL_EXTRA - 4, 2);
    put(out, member->size, 8);
    put(out, member->size, 8);
    return out;
}

static void
put_central(GByteArray *out, const Member *member)
{
    put(out, 0x02014b50, 4);
    put(out, 3 << 8 | VERSION_ZIP64, 2); /* made on UNIX */
    put_common(out, member, CENTRAL_EXTRA);
    put(out, 0, 2); /* comment */
    put(out, 0, 2); /* disk */
    put(out, 0, 2); /* internal attributes */
    put(out, (uint64_t)(S_IFREG | 0444) << 16, 4);
    put(out, UINT32_MAX, 4);
    g_byte_array_append(out, (const uint8_t *)member->name, (guint)strlen(member->name));
    put(out, 1, 2);
    put(out, CENTRAL_EXTRA - 4, 2);
    put(out, member->size, 8);
    put(out, member->size, 8);
    put(out, member->header, 8);
}

/* What ends a directory of @count entries in @size bytes at @offset. */
static void
put_end(GByteArray *out, uint64_t count, uint64_t size, uint64_t offset)
{
    put(out, 0x06064b50, 4);
    put(out, END64_BYTES - 12, 8);
    put(out, 3 << 8 | VERSION_ZIP64, 2);
    put(out, VERSION_ZIP64, 2);
    put(out, 0, 4);
    put(out, 0, 4);
    put(out, count, 8);
    put(out, count, 8);
    put(out, size, 8);
    put(out, offset, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, offset + size, 8);
    put(out, 1, 4);
    put(out, 0x06054b50, 4);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, UINT16_MAX, 2);
    put(out, UINT16_MAX, 2);
    put(out, UINT32_MAX, 4);
    put(out, UINT32_MAX, 4);
    put(out, 0, 2);
}

static GByteArray *
directory(GPtrArray *members, uint64_t offset)
{
    GByteArray *out = g_byte_array_new();

    for (guint i = 0; i < members->len; i++)
        put_central(out, g_ptr_array_index(members, i));
    put_end(out, members->len, out->len, offset);
    return out;
}

/* --- writing --- */

struct DnZipWriter {
    char *path;
    int fd;
    uint64_t end;
    uint64_t files;
    DnSpool *directory;
    Member open;   /* name is NULL between files */
    bool is_named; /* the file has its name, to be removed when this fails */
    bool finished;
};

bool
dn_zip_check_name(const char *name, GError **error)
{
    if (!*name || strlen(name) > NAME_MAX_BYTES || name[0] == '/' || strstr(name, ".."))
        return dn_fail(error, DN_ERROR_INVALID, "not a name for a file in a capsule");
    return true;
}

/* A file without a name while it is written, where the file system knows such: a crash leaves
 * nothing then. */
static int
open_new(const char *path, const char *dir, bool *out_is_named, GError **error)
{
    struct stat st;
    int fd = -1;

    if (lstat(path, &st) == 0) {
        dn_fail(error, DN_ERROR_EXISTS, "there is one already");
        return -1;
    }
    fd = dn_fs_open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    *out_is_named = fd < 0;
    if (fd < 0)
        fd = dn_fs_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        dn_fail_errno(error, "cannot make the file");
    return fd;
}

static bool
give_name(DnZipWriter *self, GError **error)
{
    g_autofree char *nameless = g_strdup_printf("/proc/self/fd/%d", self->fd);

    if (self->is_named)
        return true;
    return (!DN_FAILPOINT("zip.link") &&
            linkat(AT_FDCWD, nameless, AT_FDCWD, self->path, AT_SYMLINK_FOLLOW) == 0) ||
           dn_fail_errno(error, "cannot give the file its name");
}

DnZipWriter *
dn_zip_create(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    bool is_named = false;
    dn_autofd int fd = open_new(path, dir, &is_named, error);

    if (fd < 0)
        return NULL;
    g_autoptr(DnZipWriter) self = g_new0(DnZipWriter, 1);

    self->path = g_strdup(path);
    self->is_named = is_named;
    self->fd = dn_steal_fd(&fd);
    self->directory = dn_spool_new(dir, error);
    return self->directory ? g_steal_pointer(&self) : NULL;
}

static bool
append(DnZipWriter *self, const void *bytes, size_t size, GError **error)
{
    if (!dn_fs_pwrite_all(self->fd, bytes, size, self->end, error))
        return false;
    self->end += size;
    return true;
}

bool
dn_zip_begin(DnZipWriter *self, const char *name, GError **error)
{
    g_assert(!self->open.name && !self->finished);
    if (!dn_zip_check_name(name, error))
        return false;
    self->open = (Member){.name = g_strdup(name), .header = self->end};
    /* The header's place is kept; what stands in it is known at the end. */
    g_autoptr(GByteArray) header = local_header(&self->open);

    return append(self, header->data, header->len, error);
}

bool
dn_zip_write(DnZipWriter *self, const void *bytes, size_t size, GError **error)
{
    self->open.crc = dn_crc32(self->open.crc, bytes, size);
    self->open.size += size;
    return append(self, bytes, size, error);
}

bool
dn_zip_end(DnZipWriter *self, GError **error)
{
    g_autoptr(GByteArray) header = local_header(&self->open);
    g_autoptr(GByteArray) central = g_byte_array_new();
    uint64_t at = self->open.header;

    put_central(central, &self->open);
    g_clear_pointer(&self->open.name, g_free);
    self->files++;
    return dn_fs_pwrite_all(self->fd, header->data, header->len, at, error) &&
           dn_spool_add(self->directory, central->data, central->len, error);
}

bool
dn_zip_add(DnZipWriter *self, const char *name, const void *bytes, size_t size, GError **error)
{
    return (dn_zip_begin(self, name, error) && dn_zip_write(self, bytes, size, error) &&
            dn_zip_end(self, error)) ||
           dn_fail_in(error, "%s", name);
}

static bool
append_directory(const void *bytes, size_t size, void *user_data, GError **error)
{
    return append(user_data, bytes, size, error);
}

bool
dn_zip_finish(DnZipWriter *self, GError **error)
{
    g_autoptr(GByteArray) end = g_byte_array_new();
    g_autofree char *dir = g_path_get_dirname(self->path);

    g_assert(!self->open.name);
    put_end(end, self->files, dn_spool_bytes(self->directory), self->end);
    if (!dn_spool_each(self->directory, append_directory, self, error) ||
        !append(self, end->data, end->len, error) || !dn_fs_sync(self->fd, error) ||
        !give_name(self, error) || !dn_fs_sync_dir(dir, error))
        return false;
    self->finished = true;
    return true;
}

uint64_t
dn_zip_bytes(const DnZipWriter *self)
{
    return self->end;
}

void
dn_zip_free(DnZipWriter *self)
{
    if (!self)
        return;
    if (self->is_named && !self->finished)
        unlink(self->path); /* half a capsule helps nobody */
    dn_clear_fd(&self->fd);
    dn_spool_free(self->directory);
    g_free(self->open.name);
    g_free(self->path);
    g_free(self);
}

/* --- reading --- */

struct DnZipReader {
    int fd;
    GPtrArray *files; /* of DnZipFile */
    GHashTable *by_name;
};

void
dn_zip_file_free(DnZipFile *file)
{
    g_free(file->name);
    g_free(file);
}

static void G_GNUC_PRINTF(2, 3) note(GPtrArray *problems, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    g_ptr_array_add(problems, g_strdup_vprintf(fmt, args));
    va_end(args);
}

/* The first byte in which the file differs from what it should hold there. */
static bool
compare_at(int fd, uint64_t offset, const GByteArray *wanted, const char *where,
           GPtrArray *problems, GError **error)
{
    g_autofree uint8_t *found = dn_try_array(wanted->len, 1, error);

    if (!found || !dn_fs_pread_all(fd, found, wanted->len, offset, error))
        return false;
    for (guint i = 0; i < wanted->len; i++)
        if (found[i] != wanted->data[i]) {
            note(problems, "byte %" PRIu64 ", in %s: it holds 0x%02x and should hold 0x%02x",
                 offset + i, where, found[i], wanted->data[i]);
            return true;
        }
    return true;
}

bool
dn_zip_digest(int fd, uint64_t offset, uint64_t size, uint32_t *out_crc, DnSha256 *out_sha256,
              GError **error)
{
    g_autofree uint8_t *step = dn_try_array(STEP_BYTES, 1, error);
    g_autoptr(DnDigest) digest = dn_digest_new();
    uint32_t crc = 0;

    while (step && size > 0) {
        size_t part = (size_t)MIN(size, STEP_BYTES);

        if (!dn_fs_pread_all(fd, step, part, offset, error))
            return false;
        crc = dn_crc32(crc, step, part);
        dn_digest_add(digest, step, part);
        offset += part;
        size -= part;
    }
    if (out_crc)
        *out_crc = crc;
    *out_sha256 = dn_digest_finish(digest);
    return step != NULL;
}

/* The directory's place: from the end record at the very end of the file. */
static bool
find_directory(int fd, uint64_t file_bytes, uint64_t *out_offset, uint64_t *out_count,
               GError **error)
{
    uint8_t tail[END64_BYTES + LOCATOR_BYTES + END_BYTES];

    if (file_bytes < sizeof tail)
        return dn_fail(error, DN_ERROR_FORMAT, "too short for a capsule");
    if (!dn_fs_pread_all(fd, tail, sizeof tail, file_bytes - sizeof tail, error))
        return false;
    uint64_t size = get(tail + 40, 8);
    uint64_t end = file_bytes - sizeof tail;

    /* The offset follows from where the file ends; the stored one is compared later like all bytes.
     */
    if (size > end || get(tail + 32, 8) > end / CENTRAL_BYTES)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "no capsule ends here: its directory cannot be found");
    *out_offset = end - size;
    *out_count = get(tail + 32, 8);
    return true;
}

static bool
read_member(const uint8_t *entry, uint64_t left, uint64_t file_bytes, Member *out,
            uint64_t *out_used, GError **error)
{
    if (left < CENTRAL_BYTES + CENTRAL_EXTRA)
        return dn_fail(error, DN_ERROR_FORMAT, "the directory ends in the middle of an entry");
    uint64_t name_size = get(entry + 28, 2);
    uint64_t used = CENTRAL_BYTES + name_size + CENTRAL_EXTRA;

    if (name_size == 0 || name_size > NAME_MAX_BYTES || used > left ||
        memchr(entry + CENTRAL_BYTES, 0, name_size) ||
        !g_utf8_validate((const char *)entry + CENTRAL_BYTES, (gssize)name_size, NULL))
        return dn_fail(error, DN_ERROR_FORMAT, "the directory holds a malformed name");
    const uint8_t *extra = entry + CENTRAL_BYTES + name_size;

    out->crc = (uint32_t)get(entry + 16, 4);
    out->size = get(extra + 4, 8);
    out->header = get(extra + 20, 8);
    if (out->header > file_bytes || out->size > file_bytes - out->header)
        return dn_fail(error, DN_ERROR_FORMAT, "the directory names bytes beyond the file");
    out->name = g_strndup((const char *)entry + CENTRAL_BYTES, name_size);
    *out_used = used;
    return true;
}

static bool
read_members(int fd, uint64_t file_bytes, uint64_t offset, uint64_t count, GPtrArray *members,
             GError **error)
{
    uint64_t size = file_bytes - (END64_BYTES + LOCATOR_BYTES + END_BYTES) - offset;
    g_autofree uint8_t *bytes = dn_try_array(size, 1, error);
    uint64_t at = 0;

    if (!bytes || !dn_fs_pread_all(fd, bytes, size, offset, error))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        Member *member = g_new0(Member, 1);
        uint64_t used = 0;

        g_ptr_array_add(members, member);
        if (!read_member(bytes + at, size - at, file_bytes, member, &used, error))
            return false;
        at += used;
    }
    return true;
}

/* Files must stand one after the other without a gap, each behind its header. */
static bool
check_members(DnZipReader *self, GPtrArray *members, uint64_t directory_offset, GPtrArray *problems,
              GError **error)
{
    uint64_t expected = 0;

    for (guint i = 0; i < members->len; i++) {
        Member *member = g_ptr_array_index(members, i);
        g_autofree char *where = g_strdup_printf("the header of %s", member->name);
        uint64_t begin = 0;
        uint32_t crc = 0;

        if (member->header != expected) {
            note(problems, "%s: the directory says byte %" PRIu64 ", it begins at %" PRIu64, where,
                 member->header, expected);
            member->header = expected;
        }
        begin = expected + LOCAL_BYTES + strlen(member->name) + LOCAL_EXTRA;
        if (begin > directory_offset || member->size > directory_offset - begin) {
            note(problems, "%s: it reaches into the directory", member->name);
            return true;
        }
        if (!dn_zip_digest(self->fd, begin, member->size, &crc, &member->sha256, error))
            return false;
        if (crc != member->crc)
            note(problems, "%s: its bytes are not those that were written (CRC-32)", member->name);
        g_autoptr(GByteArray) header = local_header(member);

        if (!compare_at(self->fd, expected, header, where, problems, error))
            return false;
        DnZipFile *file = g_new0(DnZipFile, 1);

        *file = (DnZipFile){.name = g_strdup(member->name),
                            .offset = begin,
                            .size = member->size,
                            .sha256 = member->sha256};
        g_ptr_array_add(self->files, file);
        if (!g_hash_table_insert(self->by_name, file->name, file))
            note(problems, "%s: it is there twice", file->name);
        expected = begin + member->size;
    }
    if (expected != directory_offset)
        note(problems, "byte %" PRIu64 ": %" PRIu64 " bytes belong to no file", expected,
             directory_offset - expected);
    return true;
}

DnZipReader *
dn_zip_open(const char *path, GPtrArray *problems, GError **error)
{
    g_autoptr(DnZipReader) self = g_new0(DnZipReader, 1);
    g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
    uint64_t offset = 0;
    uint64_t count = 0;
    struct stat st;

    self->files = g_ptr_array_new_with_free_func((GDestroyNotify)dn_zip_file_free);
    self->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    self->fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
    if (self->fd < 0 || fstat(self->fd, &st) != 0) {
        dn_fail_errno(error, "cannot open");
        return NULL;
    }
    if (!find_directory(self->fd, (uint64_t)st.st_size, &offset, &count, error) ||
        !read_members(self->fd, (uint64_t)st.st_size, offset, count, members, error))
        return NULL;
    if (!check_members(self, members, offset, problems, error))
        return NULL;
    g_autoptr(GByteArray) end = directory(members, offset);

    if (end->len != (uint64_t)st.st_size - offset)
        note(problems, "the directory has %" PRIu64 " bytes, %u belong to it",
             (uint64_t)st.st_size - offset, end->len);
    else if (!compare_at(self->fd, offset, end, "the directory", problems, error))
        return NULL;
    return g_steal_pointer(&self);
}

unsigned
dn_zip_count(const DnZipReader *self)
{
    return self->files->len;
}

const DnZipFile *
dn_zip_file(const DnZipReader *self, unsigned index)
{
    return g_ptr_array_index(self->files, index);
}

const DnZipFile *
dn_zip_find(const DnZipReader *self, const char *name)
{
    return g_hash_table_lookup(self->by_name, name);
}

GBytes *
dn_zip_read(DnZipReader *self, const DnZipFile *file, uint64_t max_bytes, GError **error)
{
    if (file->size > max_bytes)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%s has %" PRIu64 " bytes, allowed are %" PRIu64,
                            file->name, file->size, max_bytes);
    g_autofree uint8_t *bytes = dn_try_array(file->size, 1, error);

    if (!bytes || !dn_fs_pread_all(self->fd, bytes, file->size, file->offset, error))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&bytes), file->size);
}

int
dn_zip_fd(const DnZipReader *self)
{
    return self->fd;
}

void
dn_zip_close(DnZipReader *self)
{
    if (!self)
        return;
    dn_clear_fd(&self->fd);
    g_ptr_array_unref(self->files);
    g_hash_table_unref(self->by_name);
    g_free(self);
}
