/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/baseline.h - what the archive is held against: the same disk and the same OpenSSL without
 * an archive around them.
 *
 * All of it ends the process when the machine fails: a benchmark has nobody to report to.
 */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

double bench_now_s(void);
/** Seconds of processor that this process has used so far, on all its threads. */
double bench_cpu_s(void);

/** Seconds of each of @count appends of @size bytes to @path, each with its fdatasync. */
void bench_append(const char *path, const uint8_t *bytes, size_t size, unsigned count,
                  GArray *out_s);

/** Writes @total bytes in pieces of 1 MiB, one fsync at the end; seconds. */
double bench_write(const char *path, const uint8_t *piece, uint64_t total);

/** Reads @total bytes of @path on @threads threads, each piece of @piece bytes opened by
 * AES-256-GCM and, with @hash, run through SHA-256; seconds. @path NULL: of memory, without a
 * disk. */
double bench_read(const char *path, uint64_t total, size_t piece, unsigned threads, bool hash);

/** Drops what the kernel holds of the file, or of every file of the folder, in its cache. */
void bench_forget(const char *path);

/** Bytes that the folder's files take. */
uint64_t bench_folder_bytes(const char *dir);

/** Lines that begin with '#': processor, cores, memory, kernel, disk and file system of @dir. */
void bench_print_machine(const char *dir);

#endif
