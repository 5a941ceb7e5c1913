/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/sandbox.h - what a process that reads hostile documents can still do: very little.
 *
 * After dn_sandbox_enter() the process can compute, use the descriptors it has, and read fonts and
 * models. It cannot write or make a file, open a socket, start a program or another process, or
 * look into others; there is no way back. Whatever it needs from elsewhere (the model, the fonts'
 * configuration) is loaded before.
 *
 * Threads: call while the process has one thread only.
 */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

/** Exit status of a process that ran out of the memory it may use. */
enum { DN_SANDBOX_EXIT_MEMORY = 70 };

/** What the kernel lends to the sandbox beyond the system call filter, which is always there. */
typedef struct {
    int landlock_abi; /* 0: the kernel has no landlock, files are held off by their modes only */
} DnSandboxReport;

/**
 * Gives up all rights that reading does not need. @max_memory_bytes caps the address space (0: no
 * cap). @model_dir (nullable) is a folder that stays readable besides the system's fonts and data.
 * EXTERNAL when the kernel refuses; the process must then end.
 */
bool dn_sandbox_enter(uint64_t max_memory_bytes, const char *model_dir, DnSandboxReport *out_report,
                      GError **error);

/** From now on the process may use @ms of processor time; above it the kernel ends it with
 * SIGXCPU. Works inside the sandbox. IO. */
bool dn_sandbox_budget_cpu(uint32_t ms, GError **error);

G_END_DECLS
#endif
