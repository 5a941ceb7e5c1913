/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/baseline.c - bare disk, bare OpenSSL, and the machine's name.
 */
#include "config.h"
#include "bench/baseline.h"

#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MIB = 1 << 20, TAG = 16 };

double
bench_now_s(void)
{
    return (double)g_get_monotonic_time() / 1e6;
}

double
bench_cpu_s(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int
open_or_end(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        g_error("%s: %m", path);
    return fd;
}

static void
write_or_end(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);

        if (wrote < 0)
            g_error("write: %m");
        bytes += wrote;
        size -= (size_t)wrote;
    }
}

void
bench_append(const char *path, const uint8_t *bytes, size_t size, unsigned count, GArray *out_s)
{
    int fd = open_or_end(path, O_WRONLY | O_CREAT | O_APPEND);

    for (unsigned i = 0; i < count; i++) {
        double begin = bench_now_s();

        write_or_end(fd, bytes, size);
        if (fdatasync(fd) != 0)
            g_error("fdatasync: %m");
        double took = bench_now_s() - begin;

        g_array_append_val(out_s, took);
    }
    close(fd);
}

double
bench_write(const char *path, const uint8_t *piece, uint64_t total)
{
    int fd = open_or_end(path, O_WRONLY | O_CREAT | O_TRUNC);
    double begin = bench_now_s();

    for (uint64_t done = 0; done < total; done += MIB)
        write_or_end(fd, piece, (size_t)MIN((uint64_t)MIB, total - done));
    if (fsync(fd) != 0)
        g_error("fsync: %m");
    double took = bench_now_s() - begin;

    close(fd);
    return took;
}

typedef struct {
    const char *path;
    uint64_t from;
    uint64_t to;
    size_t piece;
    bool hash;
} Share;

/* The tag is not compared: the bytes were never sealed. The work is the same. */
static gpointer
read_share(gpointer data)
{
    const Share *share = data;
    g_autofree uint8_t *in = g_malloc0(share->piece);
    g_autofree uint8_t *out = g_malloc(share->piece);
    uint8_t key[32] = {1};
    uint8_t nonce[12] = {0};
    uint8_t digest[32];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    int fd = share->path ? open_or_end(share->path, O_RDONLY) : -1;
    int length = 0;

    for (uint64_t at = share->from; at < share->to; at += share->piece) {
        size_t size = (size_t)MIN((uint64_t)share->piece, share->to - at);

        if (fd >= 0 && pread(fd, in, size, (off_t)at) != (ssize_t)size)
            g_error("%s: cannot read", share->path);
        memcpy(nonce, &at, sizeof at);
        if (EVP_DecryptInit_ex2(cipher, gcm, key, nonce, NULL) != 1 ||
            EVP_DecryptUpdate(cipher, out, &length, in, (int)size) != 1 ||
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, digest) != 1)
            g_error("AES-256-GCM failed");
        EVP_DecryptFinal_ex(cipher, digest, &length);
        if (share->hash && EVP_Digest(out, size, digest, NULL, EVP_sha256(), NULL) != 1)
            g_error("SHA-256 failed");
    }
    if (fd >= 0)
        close(fd);
    EVP_CIPHER_CTX_free(cipher);
    EVP_CIPHER_free(gcm);
    return NULL;
}

double
bench_read(const char *path, uint64_t total, size_t piece, unsigned threads, bool hash)
{
    g_autofree Share *shares = g_new0(Share, threads);
    g_autofree GThread **running = g_new0(GThread *, threads);
    uint64_t each = (total / piece + threads - 1) / threads * piece;
    double begin = bench_now_s();

    for (unsigned i = 0; i < threads; i++) {
        shares[i] = (Share){path, MIN(i * each, total), MIN((i + 1) * each, total), piece, hash};
        running[i] = g_thread_new("baseline", read_share, &shares[i]);
    }
    for (unsigned i = 0; i < threads; i++)
        g_thread_join(running[i]);
    return bench_now_s() - begin;
}

static int
forget_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    (void)kind;
    (void)where;
    if (fd >= 0) {
        fdatasync(fd); /* only clean pages can be dropped */
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    return 0;
}

void
bench_forget(const char *path)
{
    if (nftw(path, forget_one, 16, FTW_PHYS) != 0)
        g_error("%s: %m", path);
}

static uint64_t folder_bytes;

static int
count_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)path;
    (void)kind;
    (void)where;
    folder_bytes += S_ISREG(st->st_mode) ? (uint64_t)st->st_blocks * 512 : 0;
    return 0;
}

uint64_t
bench_folder_bytes(const char *dir)
{
    folder_bytes = 0;
    if (nftw(dir, count_one, 16, FTW_PHYS) != 0)
        g_error("%s: %m", dir);
    return folder_bytes;
}

/* The value of the first line of @path that begins with @key, or "?". */
static char *
line_of(const char *path, const char *key)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("?");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (g_str_has_prefix(line, key)) {
            const char *colon = strchr(line, ':');

            return g_strstrip(g_strdup(colon ? colon + 1 : line));
        }
    return g_strdup("?");
}

static void
print_disk(const char *dir)
{
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    g_autofree char *real = g_canonicalize_filename(dir, NULL);
    g_autofree char *best = g_strdup("?");
    size_t longest = 0;
    struct mntent *entry = NULL;
    struct stat st;

    while (mounts && (entry = getmntent(mounts))) {
        size_t size = strlen(entry->mnt_dir);

        if (size < longest || strncmp(real, entry->mnt_dir, size) != 0)
            continue;
        longest = size;
        g_free(best);
        best =
            g_strdup_printf("%s on %s (%s)", entry->mnt_type, entry->mnt_fsname, entry->mnt_opts);
    }
    if (mounts)
        endmntent(mounts);
    printf("# disk: %s", best);
    if (stat(dir, &st) == 0) {
        g_autofree char *model = g_strdup_printf("/sys/dev/block/%u:%u/device/model",
                                                 major(st.st_dev), minor(st.st_dev));
        g_autofree char *name = NULL;

        if (g_file_get_contents(model, &name, NULL, NULL))
            printf(", %s", g_strstrip(name));
    }
    printf("\n");
}

void
bench_print_machine(const char *dir)
{
    g_autofree char *model = line_of("/proc/cpuinfo", "model name");
    g_autofree char *memory = line_of("/proc/meminfo", "MemTotal");
    g_autofree char *load = NULL;
    struct utsname name;

    uname(&name);
    printf("# processor: %s, %u cores\n# memory: %s\n# kernel: %s %s %s\n", model,
           g_get_num_processors(), memory, name.sysname, name.release, name.machine);
    printf("# libraries: %s, GLib %u.%u\n", OpenSSL_version(OPENSSL_VERSION), glib_major_version,
           glib_minor_version);
    print_disk(dir);
    if (g_file_get_contents("/proc/loadavg", &load, NULL, NULL))
        printf("# load when it began: %s\n", g_strstrip(load));
}
