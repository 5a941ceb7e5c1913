/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/file.c - blocks of rows, blocks of names, the directory of both.
 *
 *   header     "dencho-r", format version (2), list (1), zeros to 16
 *   blocks     of rows by number; then of names by the digest of the folded name
 *   directory  an entry a block: first key (8), offset (8), bytes (4), 0 (4), SHA-256 (32)
 *   trailer    blocks of rows (4), of names (4), rows (8), numbers (8), offset of the directory
 * (8), the 16 bytes of the header again: 48 bytes
 *
 * The digest of the file is SHA-256 over directory and trailer, which cover all the rest.
 */
#include "config.h"
#include "engine/registry/file.h"
#include "base/bytes.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 16,
    TRAILER_BYTES = 48,
    ENTRY_BYTES = 56,
    BLOCK_BYTES = 16 << 10,
    NAME_BYTES = 14, /* of an entry in a block of names */
    NUMBER_BYTES = 6,
    FORMAT_VERSION = 1,
    BLOCKS_MOST = 1 << 21, /* 32 GiB of rows */
    SPANS_MOST = 64,       /* times that one number was in the list */
    SPAN_PAYLOAD = 9,      /* of a sorted row before its name: days, and whether it was removed */
};

enum { HAS_FROM = 1, HAS_TO = 2 };

static const char magic[] = "dencho-r";

typedef struct {
    uint64_t first;
    uint64_t offset;
    uint32_t bytes;
    uint8_t digest[DN_SHA256_BYTES];
} Block;

struct DnRegistryFile {
    int fd;
    DnListKind kind;
    uint32_t row_blocks;
    uint32_t name_blocks;
    Block *blocks; /* of rows, then of names */
    DnSha256 digest;
};

static uint64_t
name_key(const char *folded)
{
    DnSha256 digest = dn_sha256(folded, strlen(folded));

    return dn_get_be(digest.bytes, 8);
}

static void
row_clear(gpointer data)
{
    g_free(((DnRegistryRow *)data)->name);
}

GArray *
dn_registry_rows_new(void)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(DnRegistryRow));

    g_array_set_clear_func(rows, row_clear);
    return rows;
}

bool
dn_registry_sort_row(DnSorter *sorter, const DnListRow *row, uint64_t order, GError **error)
{
    uint8_t payload[SPAN_PAYLOAD + DN_LIST_NAME_BYTES];
    size_t name = strlen(row->name);
    DnSortRecord record = {.payload = payload, .size = (uint16_t)(SPAN_PAYLOAD + name)};

    dn_put_be(record.key, row->number, 8);
    dn_put_be(record.key + 8, order, 8);
    dn_put_be(payload, (uint32_t)row->from_days, 4);
    dn_put_be(payload + 4, (uint32_t)row->to_days, 4);
    payload[8] = row->removed;
    memcpy(payload + SPAN_PAYLOAD, row->name, name);
    return dn_sorter_add(sorter, &record, error);
}

/* --- writing --- */

typedef struct {
    const DnRegistryBuild *build;
    int fd;
    uint64_t offset;
    uint8_t block[BLOCK_BYTES];
    size_t used;
    uint64_t first; /* key of the block at hand */
    GArray *blocks; /* Block */
    DnSorter *names;
    DnRegistryTotals totals;
} Writer;

static bool
write_bytes(Writer *writer, const void *bytes, size_t size, GError **error)
{
    writer->offset += size;
    return dn_fs_write_all(writer->fd, bytes, size, error);
}

static bool
end_block(Writer *writer, GError **error)
{
    Block block = {
        .first = writer->first, .offset = writer->offset, .bytes = (uint32_t)writer->used};
    DnSha256 digest = dn_sha256(writer->block, writer->used);

    if (writer->used == 0)
        return true;
    if (writer->blocks->len == BLOCKS_MOST)
        return dn_fail(error, DN_ERROR_LIMIT, "the list is too long");
    memcpy(block.digest, digest.bytes, sizeof block.digest);
    g_array_append_val(writer->blocks, block);
    if (!write_bytes(writer, writer->block, writer->used, error))
        return false;
    writer->used = 0;
    return !writer->build->progress || writer->build->progress(writer->build->user_data) ||
           dn_fail(error, DN_ERROR_BUSY, "stopped on request");
}

/* Room for @size bytes more in the block; all of one key begin in one. */
static uint8_t *
block_room(Writer *writer, uint64_t key, size_t size, GError **error)
{
    if (writer->used + size > BLOCK_BYTES && !end_block(writer, error))
        return NULL;
    if (writer->used == 0)
        writer->first = key;
    writer->used += size;
    return writer->block + writer->used - size;
}

static bool
write_span(Writer *writer, const DnRegistryRow *row, GError **error)
{
    size_t name = strlen(row->name);
    uint8_t flags = (uint8_t)((row->from_days != DN_LIST_EVER ? HAS_FROM : 0) |
                              (row->to_days != DN_LIST_OPEN ? HAS_TO : 0));
    size_t size =
        NUMBER_BYTES + 1 + (flags & HAS_FROM ? 4 : 0) + (flags & HAS_TO ? 4 : 0) + 2 + name;
    uint8_t *to = block_room(writer, row->number, size, error);

    if (!to)
        return false;
    dn_put_be(to, row->number, NUMBER_BYTES);
    to[NUMBER_BYTES] = flags;
    to += NUMBER_BYTES + 1;
    if (flags & HAS_FROM) {
        dn_put_be(to, (uint32_t)row->from_days, 4);
        to += 4;
    }
    if (flags & HAS_TO) {
        dn_put_be(to, (uint32_t)row->to_days, 4);
        to += 4;
    }
    dn_put_be(to, name, 2);
    memcpy(to + 2, row->name, name);
    writer->totals.rows++;
    return true;
}

static bool
sort_name(Writer *writer, const DnRegistryRow *row, GError **error)
{
    g_autofree char *folded = *row->name ? writer->build->fold(row->name) : NULL;
    DnSortRecord record = {.size = 0};

    if (!folded || !*folded)
        return true;
    dn_put_be(record.key, name_key(folded), 8);
    dn_put_be(record.key + 8, row->number, 8);
    return dn_sorter_add(writer->names, &record, error);
}

/* All times of one number. */
static bool
write_number(Writer *writer, const GArray *spans, GError **error)
{
    for (guint i = 0; i < spans->len; i++) {
        const DnRegistryRow *row = &g_array_index(spans, DnRegistryRow, i);
        bool last = i + 1 == spans->len;

        if (!write_span(writer, row, error) || (last && !sort_name(writer, row, error)))
            return false;
    }
    writer->totals.numbers += spans->len > 0;
    return true;
}

static int
by_begin(gconstpointer a, gconstpointer b)
{
    int32_t x = ((const DnRegistryRow *)a)->from_days;
    int32_t y = ((const DnRegistryRow *)b)->from_days;

    return (x > y) - (x < y);
}

/* A row of the list changes what is known of its number. */
static bool
apply_row(GArray *spans, const DnSortRecord *record, GError **error)
{
    DnRegistryRow row = {.number = dn_get_be(record->key, 8),
                         .from_days = (int32_t)(uint32_t)dn_get_be(record->payload, 4),
                         .to_days = (int32_t)(uint32_t)dn_get_be(record->payload + 4, 4)};
    bool removed = record->payload[8] != 0;

    if (removed) {
        g_array_set_size(spans, 0);
        return true;
    }
    for (guint i = spans->len; i > 0; i--) {
        const DnRegistryRow *old = &g_array_index(spans, DnRegistryRow, i - 1);

        if (old->from_days == row.from_days ||
            (old->to_days > row.from_days && old->from_days < row.to_days))
            g_array_remove_index(spans, i - 1);
    }
    if (spans->len == SPANS_MOST)
        return dn_fail(error, DN_ERROR_LIMIT, "a number with more than %d times in the list",
                       SPANS_MOST);
    row.name = g_strndup((const char *)record->payload + SPAN_PAYLOAD,
                         (size_t)record->size - SPAN_PAYLOAD);
    g_array_append_val(spans, row);
    g_array_sort(spans, by_begin);
    return true;
}

/* --- reading blocks --- */

/* @out has BLOCK_BYTES. */
static bool
load_block(DnRegistryFile *self, uint32_t index, uint8_t *out, GError **error)
{
    const Block *block = &self->blocks[index];

    if (!dn_fs_pread_all(self->fd, out, block->bytes, block->offset, error))
        return false;
    DnSha256 digest = dn_sha256(out, block->bytes);

    return memcmp(digest.bytes, block->digest, sizeof block->digest) == 0 ||
           dn_fail(error, DN_ERROR_CORRUPT, "block %u of the list fails its check: import it again",
                   index);
}

/* The row at *@at of a block whose digest was right. False: damaged all the same. */
static bool
take_span(const uint8_t *block, size_t size, size_t *at, DnRegistryRow *out, const char **out_name,
          size_t *out_name_size)
{
    size_t p = *at;

    if (size - p < NUMBER_BYTES + 1)
        return false;
    uint8_t flags = block[p + NUMBER_BYTES];
    size_t days = (flags & HAS_FROM ? 4 : 0) + (flags & HAS_TO ? 4 : 0);

    out->number = dn_get_be(block + p, NUMBER_BYTES);
    p += NUMBER_BYTES + 1;
    if (size - p < days + 2)
        return false;
    out->from_days = flags & HAS_FROM ? (int32_t)(uint32_t)dn_get_be(block + p, 4) : DN_LIST_EVER;
    p += flags & HAS_FROM ? 4 : 0;
    out->to_days = flags & HAS_TO ? (int32_t)(uint32_t)dn_get_be(block + p, 4) : DN_LIST_OPEN;
    p += flags & HAS_TO ? 4 : 0;
    *out_name_size = dn_get_be(block + p, 2);
    p += 2;
    if (size - p < *out_name_size)
        return false;
    *out_name = (const char *)block + p;
    *at = p + *out_name_size;
    return true;
}

static bool
damaged(GError **error)
{
    return dn_fail(error, DN_ERROR_CORRUPT, "a row of the list is damaged: import it again");
}

/* All rows of a file one after the other, for merging. */
typedef struct {
    DnRegistryFile *file; /* (nullable) nothing */
    uint32_t next;
    uint8_t block[BLOCK_BYTES];
    size_t at;
    size_t size;
    bool has; /* a row is at hand */
    DnRegistryRow row;
    const char *name;
    size_t name_size;
} Scan;

static bool
scan_next(Scan *scan, GError **error)
{
    scan->has = false;
    if (!scan->file)
        return true;
    while (scan->at == scan->size) {
        if (scan->next == scan->file->row_blocks)
            return true;
        if (!load_block(scan->file, scan->next, scan->block, error))
            return false;
        scan->size = scan->file->blocks[scan->next++].bytes;
        scan->at = 0;
    }
    scan->has =
        take_span(scan->block, scan->size, &scan->at, &scan->row, &scan->name, &scan->name_size);
    return scan->has || damaged(error);
}

static bool
merge_rows(Writer *writer, GError **error)
{
    g_autoptr(GArray) spans = dn_registry_rows_new();
    g_autofree Scan *scan = g_new0(Scan, 1);
    DnSortRecord record;
    bool more = false;

    scan->file = writer->build->base;
    if (!dn_sorter_start(writer->build->rows, error) ||
        !dn_sorter_next(writer->build->rows, &record, &more, error) || !scan_next(scan, error))
        return false;
    while (more || scan->has) {
        uint64_t listed = more ? dn_get_be(record.key, 8) : UINT64_MAX;
        uint64_t number = scan->has ? MIN(listed, scan->row.number) : listed;

        g_array_set_size(spans, 0);
        while (scan->has && scan->row.number == number) {
            DnRegistryRow old = scan->row;

            old.name = g_strndup(scan->name, scan->name_size);
            g_array_append_val(spans, old);
            if (!scan_next(scan, error))
                return false;
        }
        while (more && dn_get_be(record.key, 8) == number)
            if (!apply_row(spans, &record, error) ||
                !dn_sorter_next(writer->build->rows, &record, &more, error))
                return false;
        if (!write_number(writer, spans, error))
            return false;
    }
    return end_block(writer, error);
}

static bool
write_names(Writer *writer, GError **error)
{
    DnSortRecord record;
    bool more = false;

    if (!dn_sorter_start(writer->names, error))
        return false;
    for (;;) {
        if (!dn_sorter_next(writer->names, &record, &more, error))
            return false;
        if (!more)
            return end_block(writer, error);
        uint8_t *to = block_room(writer, dn_get_be(record.key, 8), NAME_BYTES, error);

        if (!to)
            return false;
        memcpy(to, record.key, 8);
        dn_put_be(to + 8, dn_get_be(record.key + 8, 8), NUMBER_BYTES);
    }
}

static void
put_header(uint8_t header[HEADER_BYTES], DnListKind kind)
{
    memset(header, 0, HEADER_BYTES);
    memcpy(header, magic, sizeof magic - 1);
    dn_put_be(header + 8, FORMAT_VERSION, 2);
    header[10] = (uint8_t)kind;
}

static bool
write_directory(Writer *writer, uint32_t row_blocks, GError **error)
{
    uint8_t trailer[TRAILER_BYTES] = {0};
    g_autoptr(DnDigest) digest = dn_digest_new();
    uint64_t begin = writer->offset;

    for (guint i = 0; i < writer->blocks->len; i++) {
        const Block *block = &g_array_index(writer->blocks, Block, i);
        uint8_t entry[ENTRY_BYTES] = {0};

        dn_put_be(entry, block->first, 8);
        dn_put_be(entry + 8, block->offset, 8);
        dn_put_be(entry + 16, block->bytes, 4);
        memcpy(entry + 24, block->digest, sizeof block->digest);
        dn_digest_add(digest, entry, sizeof entry);
        if (!write_bytes(writer, entry, sizeof entry, error))
            return false;
    }
    dn_put_be(trailer, row_blocks, 4);
    dn_put_be(trailer + 4, writer->blocks->len - row_blocks, 4);
    dn_put_be(trailer + 8, writer->totals.rows, 8);
    dn_put_be(trailer + 16, writer->totals.numbers, 8);
    dn_put_be(trailer + 24, begin, 8);
    put_header(trailer + 32, writer->build->kind);
    dn_digest_add(digest, trailer, sizeof trailer);
    writer->totals.digest = dn_digest_finish(digest);
    return write_bytes(writer, trailer, sizeof trailer, error);
}

bool
dn_registry_file_build(const DnRegistryBuild *build, int fd, DnRegistryTotals *out_totals,
                       GError **error)
{
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(Block));
    g_autoptr(DnSorter) names = dn_sorter_new(build->dir, 0);
    g_autofree Writer *writer = g_new0(Writer, 1);
    uint8_t header[HEADER_BYTES];

    writer->build = build;
    writer->fd = fd;
    writer->blocks = blocks;
    writer->names = names;
    put_header(header, build->kind);
    if (!write_bytes(writer, header, sizeof header, error) || !merge_rows(writer, error))
        return false;
    uint32_t row_blocks = blocks->len;

    if (!write_names(writer, error) || !write_directory(writer, row_blocks, error) ||
        !dn_fs_sync(fd, error))
        return false;
    writer->totals.bytes = writer->offset;
    *out_totals = writer->totals;
    return true;
}

/* --- opening --- */

static bool
parse_directory(DnRegistryFile *self, const uint8_t *entries, uint32_t count, uint64_t end,
                GError **error)
{
    uint64_t offset = HEADER_BYTES;

    self->blocks = dn_try_array(count, sizeof *self->blocks, error);
    if (!self->blocks)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = entries + (size_t)i * ENTRY_BYTES;
        Block *block = &self->blocks[i];

        block->first = dn_get_be(entry, 8);
        block->offset = dn_get_be(entry + 8, 8);
        block->bytes = (uint32_t)dn_get_be(entry + 16, 4);
        memcpy(block->digest, entry + 24, sizeof block->digest);
        if (block->offset != offset || block->bytes == 0 || block->bytes > BLOCK_BYTES ||
            block->bytes > end - offset)
            return dn_fail(error, DN_ERROR_CORRUPT, "the directory of the list is damaged");
        offset += block->bytes;
    }
    return offset == end || dn_fail(error, DN_ERROR_CORRUPT, "the list has a gap");
}

static bool
open_parts(DnRegistryFile *self, uint64_t size, const DnSha256 *wanted, GError **error)
{
    uint8_t trailer[TRAILER_BYTES];

    if (size < HEADER_BYTES + TRAILER_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "it is too short");
    if (!dn_fs_pread_all(self->fd, trailer, sizeof trailer, size - TRAILER_BYTES, error))
        return false;
    if (memcmp(trailer + 32, magic, sizeof magic - 1) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "its end is not that of a list");
    if (dn_get_be(trailer + 40, 2) != FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "it is of version %u; import the list again",
                       (unsigned)dn_get_be(trailer + 40, 2));
    self->kind = (DnListKind)trailer[42];
    self->row_blocks = (uint32_t)dn_get_be(trailer, 4);
    self->name_blocks = (uint32_t)dn_get_be(trailer + 4, 4);
    uint64_t begin = dn_get_be(trailer + 24, 8);
    uint64_t count = (uint64_t)self->row_blocks + self->name_blocks;

    if (count > BLOCKS_MOST || begin < HEADER_BYTES || begin > size ||
        size - begin != count * ENTRY_BYTES + TRAILER_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "its end does not fit its size");
    size_t bytes = (size_t)(count * ENTRY_BYTES + TRAILER_BYTES);
    g_autofree uint8_t *directory = dn_try_buffer(bytes, error);

    if (!directory || !dn_fs_pread_all(self->fd, directory, bytes, begin, error))
        return false;
    self->digest = dn_sha256(directory, bytes);
    if (wanted && !dn_sha256_equal(wanted, &self->digest))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "it is not the list that the ledger tells of: import it again");
    return parse_directory(self, directory, (uint32_t)count, begin, error);
}

DnRegistryFile *
dn_registry_file_open(const char *path, const DnSha256 *digest, GError **error)
{
    g_autoptr(DnRegistryFile) self = g_new0(DnRegistryFile, 1);
    struct stat st;

    self->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (self->fd < 0 && errno == ENOENT)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "%s is missing: import the list again",
                            path);
    if (self->fd < 0 || fstat(self->fd, &st) != 0) {
        dn_fail_errno(error, "%s", path);
        return NULL;
    }
    if (!open_parts(self, (uint64_t)st.st_size, digest, error)) {
        dn_fail_in(error, "%s", path);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void
dn_registry_file_close(DnRegistryFile *self)
{
    if (!self)
        return;
    dn_clear_fd(&self->fd);
    g_free(self->blocks);
    g_free(self);
}

DnListKind
dn_registry_file_kind(const DnRegistryFile *self)
{
    return self->kind;
}

DnSha256
dn_registry_file_digest(const DnRegistryFile *self)
{
    return self->digest;
}

/* --- asking --- */

/* The first block of @from..@to that may hold @key: rows of a key may begin in the block before the
 * first that begins with it. */
static uint32_t
first_block(const DnRegistryFile *self, uint32_t from, uint32_t to, uint64_t key)
{
    uint32_t low = from;
    uint32_t high = to;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (self->blocks[middle].first < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low > from ? low - 1 : low;
}

bool
dn_registry_file_find(DnRegistryFile *self, uint64_t number, GArray *rows, GError **error)
{
    g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);

    for (uint32_t i = first_block(self, 0, self->row_blocks, number);
         i < self->row_blocks && self->blocks[i].first <= number; i++) {
        if (!load_block(self, i, block, error))
            return false;
        for (size_t at = 0; at < self->blocks[i].bytes;) {
            DnRegistryRow row = {0};
            const char *name = NULL;
            size_t size = 0;

            if (!take_span(block, self->blocks[i].bytes, &at, &row, &name, &size))
                return damaged(error);
            if (row.number != number)
                continue;
            row.name = g_utf8_make_valid(name, (gssize)size);
            g_array_append_val(rows, row);
        }
    }
    return true;
}

bool
dn_registry_file_find_name(DnRegistryFile *self, const char *folded, uint64_t *out_numbers,
                           size_t most, size_t *out_count, GError **error)
{
    uint64_t key = name_key(folded);
    uint32_t end = self->row_blocks + self->name_blocks;
    g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
    size_t count = 0;

    for (uint32_t i = first_block(self, self->row_blocks, end, key);
         i < end && self->blocks[i].first <= key && count < most; i++) {
        if (!load_block(self, i, block, error))
            return false;
        for (size_t at = 0; at + NAME_BYTES <= self->blocks[i].bytes && count < most;
             at += NAME_BYTES)
            if (dn_get_be(block + at, 8) == key)
                out_numbers[count++] = dn_get_be(block + at + 8, NUMBER_BYTES);
    }
    *out_count = count;
    return true;
}

bool
dn_registry_file_check(DnRegistryFile *self, GError **error)
{
    g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
    uint8_t wanted[HEADER_BYTES];

    put_header(wanted, self->kind);
    if (!dn_fs_pread_all(self->fd, block, HEADER_BYTES, 0, error))
        return false;
    if (memcmp(block, wanted, HEADER_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the header of the list is damaged");
    for (uint32_t i = 0; i < self->row_blocks + self->name_blocks; i++)
        if (!load_block(self, i, block, error))
            return false;
    return true;
}
