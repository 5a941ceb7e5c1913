/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-registry.c - the public lists: their CSV, and the file that is made of it.
 *
 * What a list says of a number must be found again in the file that was built of its rows. The same
 * bytes are opened as such a file, too.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/registry/file.h"

enum { ROWS_MOST = 64, ARENA_BYTES = 1 << 16 };
enum { NUMBERS_MOST = 8 };
static const uint64_t NUMBER_END = UINT64_C(10000000000000);

static char *
folded(const char *name)
{
    return g_utf8_casefold(name, -1);
}

/* The rows of a list up to ROWS_MOST; whether all of it was read well. */
static bool
take_rows(const uint8_t *data, size_t size, DnSorter *sorter, DnListKind *out_kind,
          uint64_t *out_first)
{
    int fd = fuzz_descriptor(data, size);
    g_autoptr(DnListReader) reader = dn_list_reader_new(fd);
    DnListRow row;
    bool more = true;
    bool read = true;
    uint64_t rows = 0;

    while (more && (read = dn_list_reader_next(reader, &row, &more, NULL)) && more) {
        g_assert_cmpuint(row.number, <, NUMBER_END);
        g_assert_true(g_utf8_validate(row.name, -1, NULL));
        g_assert_cmpint(dn_list_reader_kind(reader), !=, DN_LIST_UNKNOWN);
        if (rows < ROWS_MOST)
            g_assert_true(dn_registry_sort_row(sorter, &row, rows, NULL));
        if (rows == 0)
            *out_first = row.number;
        rows++;
    }
    if (read)
        g_assert_cmpuint(dn_list_reader_bytes(reader), ==, size);
    *out_kind = dn_list_reader_kind(reader);
    close(fd);
    return read && rows > 0 && rows <= ROWS_MOST;
}

static void
build_and_ask(DnSorter *sorter, DnListKind kind, uint64_t first)
{
    g_autofree char *path = fuzz_path("built");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const DnRegistryBuild build = {
        .kind = kind, .dir = fuzz_folder(), .rows = sorter, .fold = folded};
    DnRegistryTotals totals = {0};
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(dn_registry_file_build(&build, fd, &totals, &error));
    close(fd);
    g_autoptr(DnRegistryFile) file = dn_registry_file_open(path, &totals.digest, &error);
    g_autoptr(GArray) rows = dn_registry_rows_new();

    g_assert_no_error(error);
    g_assert_true(dn_registry_file_check(file, NULL));
    g_assert_true(dn_registry_file_find(file, first, rows, NULL));
    for (guint i = 0; i < rows->len; i++) {
        const DnRegistryRow *row = &g_array_index(rows, DnRegistryRow, i);
        g_autofree char *name = folded(row->name);
        uint64_t numbers[NUMBERS_MOST];
        size_t count = 0;

        g_assert_cmpuint(row->number, ==, first);
        g_assert_true(dn_registry_file_find_name(file, name, numbers, NUMBERS_MOST, &count, NULL));
        g_assert_cmpuint(count, <=, NUMBERS_MOST);
    }
}

/* The bytes as a file that somebody put in its place. */
static void
ask_damaged(const uint8_t *data, size_t size)
{
    g_autofree char *path = fuzz_file("list", data, size);
    g_autoptr(DnRegistryFile) file = dn_registry_file_open(path, NULL, NULL);
    g_autoptr(GArray) rows = dn_registry_rows_new();
    uint64_t numbers[NUMBERS_MOST];
    size_t count = 0;

    if (!file)
        return;
    dn_registry_file_check(file, NULL);
    dn_registry_file_find(file, UINT64_C(8700110005901), rows, NULL);
    dn_registry_file_find_name(file, "見本", numbers, NUMBERS_MOST, &count, NULL);
    g_assert_cmpuint(count, <=, NUMBERS_MOST);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(DnSorter) sorter = dn_sorter_new(fuzz_folder(), ARENA_BYTES);
    DnListKind kind = DN_LIST_UNKNOWN;
    uint64_t first = 0;

    if (take_rows(data, size, sorter, &kind, &first))
        build_and_ask(sorter, kind, first);
    ask_damaged(data, size);
    return 0;
}
