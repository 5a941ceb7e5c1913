/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/e2e/flip-bytes.c - flips bytes of a capsule one by one and asks both verifiers.
 *
 *   flip-bytes CAPSULE.zip TRUST.conf AUTHORITY.pem VERIFY-CAPSULE STRIDE
 *
 * For every STRIDE-th byte: both must say that something is wrong, and when the byte is one of a
 * file's, both must name that file. CAPSULE.zip.flipped is used as scratch.
 */
#include "config.h"
#include "base/memory.h"
#include "engine/archive.h"
#include "engine/capsule/container.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    GString *said = user_data;
    const char *file = dn_json_string(row, "file");

    (void)error;
    g_string_append_printf(said, "%s: %s\n", file ? file : "", dn_json_string(row, "message"));
    return true;
}

/* What `dencho check-export` finds; empty: nothing. */
static char *
ask_program(const char *path, const char *trust)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    GString *said = g_string_new(NULL);

    if (!dn_capsule_check(path, trust, collect, NULL, said, &totals, &error))
        g_string_append_printf(said, "%s\n", error->message);
    return g_string_free(said, FALSE);
}

static char *
ask_verifier(const char *path, const char *authority, const char *verifier, bool *out_good)
{
    const char *const arguments[] = {verifier, "-C", authority, path, NULL};
    char *said = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said,
                      NULL, &status, NULL))
        exit(2);
    *out_good = status == 0;
    return said;
}

static const char *
file_at(const DnContainerReader *capsule, uint64_t offset)
{
    for (unsigned i = 0; i < dn_container_count(capsule); i++) {
        const DnZipFile *file = dn_container_file(capsule, i);

        if (offset >= file->offset && offset - file->offset < file->size)
            return file->name;
    }
    return NULL;
}

static bool
flip_one(const char *copy, char **argv, uint64_t offset, const char *name)
{
    bool good = true;
    g_autofree char *program = ask_program(copy, argv[2]);
    g_autofree char *verifier = ask_verifier(copy, argv[3], argv[4], &good);

    if (*program && !good && (!name || (strstr(program, name) && strstr(verifier, name))))
        return true;
    printf("# byte %" G_GUINT64_FORMAT " of %s: program [%s] verifier [%s]\n", offset,
           name ? name : "the container", program, verifier);
    return false;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *content = NULL;
    gsize size = 0;
    uint64_t stride = argc == 6 ? g_ascii_strtoull(argv[5], NULL, 10) : 0;
    unsigned flips = 0;
    unsigned missed = 0;

    if (stride == 0)
        return 2;
    g_autofree char *copy = g_strconcat(argv[1], ".flipped", NULL);
    g_autofree char *clean = ask_program(argv[1], argv[2]);
    g_autoptr(DnContainerReader) capsule = dn_container_open(argv[1], problems, &error);

    if (!capsule || *clean || !g_file_get_contents(argv[1], &content, &size, &error) ||
        !g_file_set_contents(copy, content, (gssize)size, &error))
        return 2;
    dn_autofd int fd = open(copy, O_WRONLY | O_CLOEXEC);

    for (uint64_t at = 0; at < size; at += stride, flips++) {
        char byte = (char)(content[at] ^ (char)(1u << (at / stride % 8)));

        if (pwrite(fd, &byte, 1, (off_t)at) != 1)
            return 2;
        missed += !flip_one(copy, argv, at, file_at(capsule, at));
        if (pwrite(fd, content + at, 1, (off_t)at) != 1)
            return 2;
    }
    unlink(copy);
    printf("%u flips, %u not noticed or not named\n", flips, missed);
    return flips > 0 && missed == 0 ? 0 : 1;
}
