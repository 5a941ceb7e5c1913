/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/one-thread.c - the OpenMP regions of a recogniser, run by the thread that meets them.
 *
 * tesseract opens some ten thousand parallel regions a page, each over a few rows of a small
 * matrix. Even where only one thread is allowed, libgomp makes a team for each and wakes nobody at
 * its end: 60,000 system calls a page, five per cent of the time, more behind a seccomp filter. So
 * the program answers what the compiler calls for a region itself, and a symbol of the program
 * goes before that of a library. The functions and what they may rely on are GCC's interface to
 * libgomp ("Implementing PARALLEL construct", "Implementing SECTIONS construct" in its manual);
 * without a team, omp_get_num_threads() is 1 and omp_get_thread_num() 0.
 *
 * A library that was built with another OpenMP calls others; it is held to one thread only.
 */
#include "config.h"
#include "ocr/recognize.h"

#include <omp.h>

#define EXPORTED __attribute__((visibility("default")))

typedef void (*Region)(void *data);

void GOMP_parallel(Region run, void *data, unsigned threads, unsigned flags) EXPORTED;
void GOMP_parallel_sections(Region run, void *data, unsigned threads, unsigned count,
                            unsigned flags) EXPORTED;
unsigned GOMP_sections_next(void) EXPORTED;
void GOMP_sections_end_nowait(void) EXPORTED;

/* Of the innermost region with sections. */
static _Thread_local unsigned sections_done;
static _Thread_local unsigned sections_count;

void
GOMP_parallel(Region run, void *data, unsigned threads, unsigned flags)
{
    (void)threads;
    (void)flags;
    run(data);
}

void
GOMP_parallel_sections(Region run, void *data, unsigned threads, unsigned count, unsigned flags)
{
    unsigned outer_done = sections_done;
    unsigned outer_count = sections_count;

    (void)threads;
    (void)flags;
    sections_done = 0;
    sections_count = count;
    run(data);
    sections_done = outer_done;
    sections_count = outer_count;
}

unsigned
GOMP_sections_next(void)
{
    return sections_done < sections_count ? ++sections_done : 0;
}

void
GOMP_sections_end_nowait(void)
{
}

void
dn_recognizer_keep_to_one_thread(void)
{
    omp_set_max_active_levels(0);
}
