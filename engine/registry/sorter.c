/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/sorter.c - an external merge sort.
 *
 * In a run and in the arena a record is its key, the size of its payload (2, big-endian) and the
 * payload. A list that comes sorted already still makes runs: what they cost is a copy.
 */
#include "config.h"
#include "engine/registry/sorter.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_BYTES = 32 << 20,
    RUNS_MOST = 512,
    BUFFER_BYTES = 64 << 10,
    HEAD_BYTES = DN_SORT_KEY + 2,
    RECORD_MOST = HEAD_BYTES + DN_SORT_PAYLOAD_MOST,
};

/* A sorted run that is being read back. */
typedef struct {
    int fd;
    uint64_t at;  /* of the file: what is in the buffer ends here */
    uint64_t end; /* of the file */
    uint8_t *buffer;
    size_t from;
    size_t to;
} Run;

struct DnSorter {
    char *dir;
    uint8_t *arena;
    size_t arena_bytes;
    size_t used;
    GPtrArray *order; /* records of the arena */
    guint taken;      /* of them, when they are all there is */
    GArray *runs;     /* Run */
    GArray *heap;     /* index of runs, the least record first */
};

DnSorter *
dn_sorter_new(const char *dir, size_t arena_bytes)
{
    DnSorter *self = g_new0(DnSorter, 1);

    self->dir = g_strdup(dir);
    self->arena_bytes = MAX(arena_bytes ? arena_bytes : ARENA_BYTES, RECORD_MOST);
    self->order = g_ptr_array_new();
    self->runs = g_array_new(FALSE, FALSE, sizeof(Run));
    self->heap = g_array_new(FALSE, FALSE, sizeof(guint));
    return self;
}

void
dn_sorter_free(DnSorter *self)
{
    if (!self)
        return;
    for (guint i = 0; i < self->runs->len; i++) {
        Run *run = &g_array_index(self->runs, Run, i);

        dn_clear_fd(&run->fd);
        g_free(run->buffer);
    }
    g_array_unref(self->runs);
    g_array_unref(self->heap);
    g_ptr_array_unref(self->order);
    g_free(self->arena);
    g_free(self->dir);
    g_free(self);
}

static int
by_key(gconstpointer a, gconstpointer b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, DN_SORT_KEY);
}

static size_t
record_bytes(const uint8_t *record)
{
    return HEAD_BYTES + ((size_t)record[DN_SORT_KEY] << 8 | record[DN_SORT_KEY + 1]);
}

static void
open_record(const uint8_t *bytes, DnSortRecord *out_record)
{
    memcpy(out_record->key, bytes, DN_SORT_KEY);
    out_record->payload = bytes + HEAD_BYTES;
    out_record->size = (uint16_t)(record_bytes(bytes) - HEAD_BYTES);
}

/* A file without a name: what is left of an import that was killed goes with the process. */
static int
open_nameless(const char *dir, GError **error)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    g_autofree char *path = g_build_filename(dir, "run-XXXXXX", NULL);

    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        dn_fail_errno(error, "cannot make a file in %s", dir);
    else
        unlink(path);
    return fd;
}

static bool
write_run(DnSorter *self, GError **error)
{
    Run run = {.fd = -1};
    g_autofree uint8_t *buffer = g_malloc(BUFFER_BYTES);
    size_t filled = 0;

    if (self->runs->len == RUNS_MOST)
        return dn_fail(error, DN_ERROR_LIMIT, "more than can be sorted: %d runs of %zu bytes",
                       RUNS_MOST, self->arena_bytes);
    run.fd = open_nameless(self->dir, error);
    if (run.fd < 0)
        return false;
    g_array_append_val(self->runs, run);
    for (guint i = 0; i < self->order->len; i++) {
        const uint8_t *record = g_ptr_array_index(self->order, i);
        size_t size = record_bytes(record);

        if (filled + size > BUFFER_BYTES) {
            if (!dn_fs_write_all(run.fd, buffer, filled, error))
                return false;
            g_array_index(self->runs, Run, self->runs->len - 1).end += filled;
            filled = 0;
        }
        memcpy(buffer + filled, record, size);
        filled += size;
    }
    g_array_index(self->runs, Run, self->runs->len - 1).end += filled;
    return dn_fs_write_all(run.fd, buffer, filled, error);
}

static bool
flush_arena(DnSorter *self, GError **error)
{
    g_ptr_array_sort(self->order, by_key);
    if (!write_run(self, error))
        return false;
    g_ptr_array_set_size(self->order, 0);
    self->used = 0;
    return true;
}

bool
dn_sorter_add(DnSorter *self, const DnSortRecord *record, GError **error)
{
    size_t size = HEAD_BYTES + record->size;

    g_assert(record->size <= DN_SORT_PAYLOAD_MOST);
    if (!self->arena) {
        self->arena = dn_try_buffer(self->arena_bytes, error);
        if (!self->arena)
            return false;
    }
    if (self->used + size > self->arena_bytes && !flush_arena(self, error))
        return false;
    uint8_t *to = self->arena + self->used;

    memcpy(to, record->key, DN_SORT_KEY);
    to[DN_SORT_KEY] = (uint8_t)(record->size >> 8);
    to[DN_SORT_KEY + 1] = (uint8_t)record->size;
    if (record->size > 0)
        memcpy(to + HEAD_BYTES, record->payload, record->size);
    g_ptr_array_add(self->order, to);
    self->used += size;
    return true;
}

/* --- reading back --- */

/* Makes the record at the front of @run whole in its buffer; *@out_record is NULL at the end. */
static bool
run_front(Run *run, const uint8_t **out_record, GError **error)
{
    size_t there = run->to - run->from;

    if (there < RECORD_MOST && run->at < run->end) {
        size_t more = (size_t)MIN((uint64_t)(BUFFER_BYTES - there), run->end - run->at);

        memmove(run->buffer, run->buffer + run->from, there);
        run->from = 0;
        run->to = there;
        if (!dn_fs_pread_all(run->fd, run->buffer + there, more, run->at, error))
            return false;
        run->at += more;
        run->to += more;
    }
    *out_record = run->from < run->to ? run->buffer + run->from : NULL;
    return true;
}

static const uint8_t *
heap_key(const DnSorter *self, guint slot)
{
    const Run *run = &g_array_index(self->runs, Run, g_array_index(self->heap, guint, slot));

    return run->buffer + run->from;
}

static void
sift_down(DnSorter *self, guint slot)
{
    for (;;) {
        guint least = slot;

        for (guint child = 2 * slot + 1; child <= 2 * slot + 2 && child < self->heap->len; child++)
            if (memcmp(heap_key(self, child), heap_key(self, least), DN_SORT_KEY) < 0)
                least = child;
        if (least == slot)
            return;
        guint other = g_array_index(self->heap, guint, slot);

        g_array_index(self->heap, guint, slot) = g_array_index(self->heap, guint, least);
        g_array_index(self->heap, guint, least) = other;
        slot = least;
    }
}

bool
dn_sorter_start(DnSorter *self, GError **error)
{
    g_ptr_array_sort(self->order, by_key);
    if (self->runs->len == 0)
        return true; /* the arena is all there is */
    if (self->order->len > 0 && !flush_arena(self, error))
        return false;
    g_clear_pointer(&self->arena, g_free);
    for (guint i = 0; i < self->runs->len; i++) {
        Run *run = &g_array_index(self->runs, Run, i);
        const uint8_t *front = NULL;

        run->buffer = g_malloc(BUFFER_BYTES);
        if (!run_front(run, &front, error))
            return false;
        if (front)
            g_array_append_val(self->heap, i);
    }
    for (guint slot = self->heap->len; slot > 0; slot--)
        sift_down(self, slot - 1);
    return true;
}

bool
dn_sorter_next(DnSorter *self, DnSortRecord *out_record, bool *out_more, GError **error)
{
    *out_more = false;
    if (self->runs->len == 0) {
        if (self->taken < self->order->len) {
            open_record(g_ptr_array_index(self->order, self->taken++), out_record);
            *out_more = true;
        }
        return true;
    }
    /* What was given last is let go of only now: it lay in the run's buffer. */
    if (self->taken > 0) {
        Run *run = &g_array_index(self->runs, Run, g_array_index(self->heap, guint, 0));
        const uint8_t *front = NULL;

        run->from += record_bytes(run->buffer + run->from);
        if (!run_front(run, &front, error))
            return false;
        if (!front) {
            g_array_index(self->heap, guint, 0) =
                g_array_index(self->heap, guint, self->heap->len - 1);
            g_array_set_size(self->heap, self->heap->len - 1);
        }
        if (self->heap->len > 0)
            sift_down(self, 0);
        self->taken = 0;
    }
    if (self->heap->len == 0)
        return true;
    open_record(heap_key(self, 0), out_record);
    self->taken = 1;
    *out_more = true;
    return true;
}
