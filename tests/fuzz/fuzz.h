/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz.h - what the fuzz targets share.
 *
 * A target is one file with LLVMFuzzerTestOneInput(). Linked with libFuzzer (configure
 * --enable-fuzzing) it looks for inputs that break it; linked with replay.c it runs the inputs in
 * corpus/NAME/ as a test. Whatever the bytes are, a target must return: a crash, an assertion, a
 * leak, undefined behaviour or seconds spent on a small input is a finding. Many targets also hold
 * what came out against a rule, such as that what was written can be read again.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/fs.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

G_GNUC_UNUSED static char *fuzz_folder_path;

G_GNUC_UNUSED static void
fuzz_folder_remove(void)
{
    dn_fs_remove_tree(fuzz_folder_path, NULL);
}

/* A folder for files of this run, removed at its end. */
G_GNUC_UNUSED static const char *
fuzz_folder(void)
{
    if (!fuzz_folder_path) {
        fuzz_folder_path = g_dir_make_tmp("dencho-fuzz-XXXXXX", NULL);
        g_assert_nonnull(fuzz_folder_path);
        atexit(fuzz_folder_remove);
    }
    return fuzz_folder_path;
}

/* (transfer full) Path of @name in that folder. */
G_GNUC_UNUSED static char *
fuzz_path(const char *name)
{
    return g_build_filename(fuzz_folder(), name, NULL);
}

/* (transfer full) The same after the bytes were written there. */
G_GNUC_UNUSED static char *
fuzz_file(const char *name, const void *data, size_t size)
{
    char *path = fuzz_path(name);

    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(write(fd, data, size) == (ssize_t)size);
    close(fd);
    return path;
}

/* A descriptor of a memory file with these bytes, at its start. */
G_GNUC_UNUSED static int
fuzz_descriptor(const void *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* fontconfig and cairo keep what they have loaded for ever. */
#define FUZZ_ALLOW_FONT_LEAKS                                                                      \
    __attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);          \
    const char *__lsan_default_suppressions(void)                                                  \
    {                                                                                              \
        return "leak:libfontconfig\nleak:libcairo\n";                                              \
    }

#endif
