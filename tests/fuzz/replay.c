/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/replay.c - runs a fuzz target without libFuzzer. Prints TAP.
 *
 *   fuzz-NAME [FILE|FOLDER]...      default: tests/fuzz/corpus/NAME
 *
 * Each file is run as it is, and then changed a little, always in the same ways: cut, bytes
 * flipped, a part doubled.
 */
#include "config.h"
#include "fuzz.h"

#include <stdio.h>

enum { CHANGES = 12 };

static unsigned count;

/* The same numbers in every run (Marsaglia's xorshift). */
static uint32_t
chance(uint32_t *state, size_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % (uint32_t)MAX(below, 1);
}

static void
run_exactly(const uint8_t *data, size_t size)
{
    /* A block of just this size: the sanitizer watches its end. Of an empty input it is one byte.
     */
    g_autofree uint8_t *copy = g_malloc(MAX(size, 1));

    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
}

static void
run_changed(const uint8_t *data, size_t size, uint32_t seed)
{
    uint32_t state = seed * 2654435761U + 1;
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, data, (guint)size);
    if (seed % 3 == 0)
        g_byte_array_set_size(bytes, chance(&state, size));
    if (seed % 3 == 1 && size > 0) {
        size_t from = chance(&state, size);

        g_byte_array_append(bytes, data + from, (guint)chance(&state, size - from));
    }
    for (uint32_t i = 0; i < seed % 5 && bytes->len > 0; i++)
        bytes->data[chance(&state, bytes->len)] ^= (uint8_t)(1U << chance(&state, 8));
    run_exactly(bytes->data, bytes->len);
}

static void
run_file(const char *path)
{
    g_autofree char *data = NULL;
    g_autofree char *name = g_path_get_basename(path);
    gsize size = 0;

    if (!g_file_get_contents(path, &data, &size, NULL)) {
        printf("not ok %u - cannot read %s\n", ++count, name);
        return;
    }
    run_exactly((const uint8_t *)data, size);
    for (uint32_t seed = 1; seed <= CHANGES; seed++)
        run_changed((const uint8_t *)data, size, seed);
    printf("ok %u - %s\n", ++count, name);
    fflush(stdout);
}

static void
run_path(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name = NULL;

    if (!folder) {
        run_file(path);
        return;
    }
    while ((name = g_dir_read_name(folder))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);

        run_file(inside);
    }
}

/* Some targets share files with others, or with samples/. */
static void
run_corpus(const char *root, const char *name)
{
    static const struct {
        const char *name;
        const char *folder;
    } more[] = {{"codec", "samples/broken"},
                {"invoice-pages", "tests/fuzz/corpus/einvoice"},
                {"key-file", "samples/vectors/1/keys"}};
    g_autofree char *own = g_build_filename(root, "tests", "fuzz", "corpus", name, NULL);

    if (g_file_test(own, G_FILE_TEST_IS_DIR))
        run_path(own);
    for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
        g_autofree char *shared = g_build_filename(root, more[i].folder, NULL);

        if (strcmp(name, more[i].name) == 0)
            run_path(shared);
    }
}

int
main(int argc, char **argv)
{
    g_autofree char *program = g_path_get_basename(argv[0]);
    const char *root = g_getenv("DENCHO_SRCDIR") ?: ".";
    const char *name = g_str_has_prefix(program, "fuzz-") ? program + strlen("fuzz-") : program;

    run_exactly((const uint8_t *)"", 0);
    if (argc == 1)
        run_corpus(root, name);
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("1..%u\n", count);
    return 0;
}
