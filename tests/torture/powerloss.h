/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/powerloss.h - the trace that powerloss-preload.c writes and powerloss.c replays:
 * records, each followed by record.size bytes of data. Paths are relative to the traced folder.
 */
#ifndef TESTS_TORTURE_POWERLOSS_H
#define TESTS_TORTURE_POWERLOSS_H

#include <stdint.h>

typedef enum {
    TRACE_CREATE = 'c',      /* path is new */
    TRACE_WRITE = 'w',       /* data at offset */
    TRACE_TRUNCATE = 't',    /* to offset */
    TRACE_SYNC = 's',        /* the file's bytes and size are durable */
    TRACE_SYNC_DIR = 'd',    /* the folder's names are durable */
    TRACE_RENAME = 'r',      /* path to other */
    TRACE_UNLINK = 'u',      /* a file */
    TRACE_MKDIR = 'm',       /* a folder */
    TRACE_RMDIR = 'x',       /* a folder */
    TRACE_ACKNOWLEDGE = 'a', /* data went to the client */
} TraceOp;

typedef struct {
    uint64_t offset;
    uint64_t size;
    char op;
    char path[255];
    char other[256];
} TraceRecord;

#endif
