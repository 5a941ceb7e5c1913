/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/secret.c - key bytes in locked memory.
 *
 * A plain user may often lock only 64 KiB, so secrets do not get a page each: they share locked
 * pages, 64 slots a page, with an inaccessible page before and after each. Memory that cannot be
 * locked is refused, not used unlocked: a key on a swap disk is a leak nobody sees.
 *
 * What is not covered: while OpenSSL works, the expanded key lies on the ordinary heap and is wiped
 * when it is done. A program that holds keys therefore also switches its core dumps off.
 */
#include "config.h"
#include "base/failpoint.h"
#include "engine/seal/seal-internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SLOTS = 64 }; /* one bit each in SecretPage.used */

typedef struct SecretPage {
    struct SecretPage *next;
    uint8_t *bytes; /* one page; the pages on both sides are inaccessible */
    uint64_t used;
} SecretPage;

struct DnSecret {
    SecretPage *page;
    uint8_t *bytes;
    size_t size;
    uint64_t slots;
};

static GMutex pages_lock;
static SecretPage *pages;

static size_t
page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void
page_free(SecretPage *page)
{
    munlock(page->bytes, page_bytes());
    munmap(page->bytes - page_bytes(), 3 * page_bytes());
    g_free(page);
}

static void
fail_lock(GError **error)
{
    int number = errno;
    struct rlimit limit = {0};

    getrlimit(RLIMIT_MEMLOCK, &limit);
    dn_fail(error, DN_ERROR_LIMIT,
            "cannot lock memory for a key (%s; the limit is %" G_GUINT64_FORMAT
            " KiB): raise it with `ulimit -l` or LimitMEMLOCK=",
            g_strerror(number), (guint64)limit.rlim_cur / 1024);
}

static SecretPage *
page_new(GError **error)
{
    size_t size = page_bytes();
    uint8_t *map = DN_FAILPOINT("secret.mmap")
                       ? MAP_FAILED
                       : mmap(NULL, 3 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SecretPage *page = NULL;

    if (map == MAP_FAILED) {
        fail_lock(error);
        return NULL;
    }
    /* A child that is forked gets no copy: it would stop on touching it, which is better than a
     * page of zeros that it takes for a key. */
    if (mprotect(map + size, size, PROT_READ | PROT_WRITE) != 0 || DN_FAILPOINT("secret.mlock") ||
        mlock(map + size, size) != 0 || madvise(map + size, size, MADV_DONTDUMP) != 0 ||
        madvise(map + size, size, MADV_DONTFORK) != 0) {
        fail_lock(error);
        munmap(map, 3 * size);
        return NULL;
    }
    page = g_new0(SecretPage, 1);
    page->bytes = map + size;
    return page;
}

/* The first run of free slots, as a mask; 0 when there is none. */
static uint64_t
find_slots(const SecretPage *page, unsigned count)
{
    uint64_t run = count == SLOTS ? UINT64_MAX : (UINT64_C(1) << count) - 1;

    for (unsigned i = 0; i + count <= SLOTS; i++)
        if (!(page->used & run << i))
            return run << i;
    return 0;
}

DnSecret *
dn_secret_new(size_t size, GError **error)
{
    size_t slot_bytes = page_bytes() / SLOTS;
    unsigned count = (unsigned)((size + slot_bytes - 1) / slot_bytes);
    SecretPage *page = NULL;
    uint64_t slots = 0;
    DnSecret *self = NULL;

    if (size == 0 || size > page_bytes())
        return dn_fail_null(error, DN_ERROR_INVALID, "a secret has 1 to %zu bytes, not %zu",
                            page_bytes(), size);
    g_mutex_lock(&pages_lock);
    for (page = pages; page; page = page->next) {
        slots = find_slots(page, count);
        if (slots)
            break;
    }
    if (!page) {
        page = page_new(error);
        if (!page) {
            g_mutex_unlock(&pages_lock);
            return NULL;
        }
        page->next = pages;
        pages = page;
        slots = find_slots(page, count);
    }
    page->used |= slots;
    g_mutex_unlock(&pages_lock);

    self = g_new0(DnSecret, 1);
    self->page = page;
    self->slots = slots;
    self->bytes = page->bytes + (size_t)__builtin_ctzll(slots) * slot_bytes;
    self->size = size;
    return self;
}

void
dn_secret_free(DnSecret *self)
{
    if (!self)
        return;
    OPENSSL_cleanse(self->bytes, self->size);
    g_mutex_lock(&pages_lock);
    self->page->used &= ~self->slots;
    if (self->page->used == 0) {
        SecretPage **link = &pages;

        while (*link != self->page)
            link = &(*link)->next;
        *link = self->page->next;
        page_free(self->page);
    }
    g_mutex_unlock(&pages_lock);
    g_free(self);
}

uint8_t *
dn_secret_bytes(DnSecret *self)
{
    return self->bytes;
}

const uint8_t *
dn_secret_peek(const DnSecret *self, size_t *out_size)
{
    if (out_size)
        *out_size = self->size;
    return self->bytes;
}

void
dn_random_bytes(void *bytes, size_t size)
{
    uint8_t *next = bytes;

    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            g_error("the operating system gives no random bytes");
        next += got;
        size -= (size_t)got;
    }
}

DnSecret *
dn_secret_random(GError **error)
{
    DnSecret *self = dn_secret_new(DN_KEY_BYTES, error);

    if (self)
        dn_random_bytes(self->bytes, self->size);
    return self;
}

DnSecret *
dn_secret_copy(const void *bytes, size_t size, GError **error)
{
    DnSecret *self = dn_secret_new(size, error);

    if (self)
        memcpy(self->bytes, bytes, size);
    return self;
}

DnSecret *
dn_secret_read_fd(int fd, size_t max, GError **error)
{
    g_autoptr(DnSecret) buffer = dn_secret_new(max + 1, error);
    size_t size = 0;

    if (!buffer)
        return NULL;
    while (size <= max) {
        size_t room = max + 1 - size;
        ssize_t got = DN_FAILPOINT("secret.read")
                          ? -1
                          : read(fd, buffer->bytes + size, DN_FAILPOINT_SIZE(room));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            dn_fail_errno(error, "cannot read");
            return NULL;
        }
        if (got == 0)
            break;
        size += (size_t)got;
    }
    if (size == 0 || size > max)
        return dn_fail_null(error, DN_ERROR_FORMAT, "there are %s bytes, 1 to %zu are wanted",
                            size ? "more" : "no", max);
    return dn_secret_copy(buffer->bytes, size, error);
}
