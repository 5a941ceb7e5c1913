/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-registry.c - the public lists: rows, sorting, the file, the import.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "engine/registry/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *root;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->root = g_dir_make_tmp("dencho-registry-XXXXXX", &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(dn_fs_remove_tree(fixture->root, NULL));
    g_free(fixture->root);
}

static char *
put(const Fixture *fixture, const char *name, const char *bytes, gssize size)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(fixture->root, name, NULL);

    g_assert_true(g_file_set_contents(path, bytes, size, &error));
    g_assert_no_error(error);
    return path;
}

static char *
as_it_is(const char *name)
{
    return g_strdup(name);
}

/* A row of the list of issuers, as it is published. */
static char *
issuer(const char *number, const char *process, const char *person, const char *from,
       const char *updated, const char *withdrawn, const char *expired, const char *name,
       const char *trade_name)
{
    return g_strdup_printf("1,\"%s\",\"%s\",\"0\",\"%s\",\"1\",\"1\",\"%s\",\"%s\",\"%s\",\"%s\","
                           "\"東京都\",\"13\",\"101\",\"\",,,\"\",\"%s\",\"\",,,\"%s\",\"\"\r\n",
                           number, process, person, from, updated, withdrawn, expired, name,
                           trade_name);
}

static char *
corporation(const char *number, const char *name, const char *updated, const char *closed)
{
    return g_strdup_printf("1,%s,01,0,%s,2015-10-05,\"%s\",,301,\"東京都\",\"千代田区\",\"1\",,13,"
                           "101,1000001,,,%s,,,,2015-10-05,1,,,,,,0\n",
                           number, updated, name, closed);
}

/* --- rows --- */

static GPtrArray *
rows_of(const char *path, DnListKind *out_kind, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(DnListReader) reader = dn_list_reader_new(fd);
    GPtrArray *rows = g_ptr_array_new_with_free_func(g_free);
    DnListRow row;
    bool more = true;

    g_assert_cmpint(fd, >=, 0);
    while (more && dn_list_reader_next(reader, &row, &more, error))
        if (more)
            g_ptr_array_add(rows, g_memdup2(&row, sizeof row));
    if (out_kind)
        *out_kind = dn_list_reader_kind(reader);
    close(fd);
    return rows;
}

static void
test_rows_of_issuers(Fixture *f, gconstpointer data)
{
    g_autofree char *quoted = issuer("T1010001024087", "03", "2", "2023-10-01", "2025-04-02", "",
                                     "2025-04-01", "東光、\"\"青\"\"株式会社", "");
    g_autofree char *person = issuer("T9810000000001", "01", "1", "2023-10-01", "2023-09-01", "",
                                     "", "山田太郎", "ヤマダ写真");
    g_autofree char *text = g_strconcat(quoted, "\n", person, NULL);
    g_autofree char *path = put(f, "all.csv", text, -1);
    g_autoptr(GError) error = NULL;
    DnListKind kind = DN_LIST_UNKNOWN;
    g_autoptr(GPtrArray) rows = rows_of(path, &kind, &error);
    DnDate from = {2023, 10, 1};
    DnDate to = {2025, 4, 1};

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpint(kind, ==, DN_LIST_ISSUERS);
    g_assert_cmpuint(rows->len, ==, 2);
    const DnListRow *first = g_ptr_array_index(rows, 0);
    const DnListRow *second = g_ptr_array_index(rows, 1);

    g_assert_cmpuint(first->number, ==, UINT64_C(1010001024087));
    g_assert_cmpstr(first->name, ==, "東光、\"青\"株式会社");
    g_assert_cmpint(first->from_days, ==, dn_date_to_days(&from));
    g_assert_cmpint(first->to_days, ==, dn_date_to_days(&to));
    /* A natural person is known by the trade name alone. */
    g_assert_cmpstr(second->name, ==, "ヤマダ写真");
    g_assert_cmpint(second->to_days, ==, DN_LIST_OPEN);
}

static void
test_both_character_sets(Fixture *f, gconstpointer data)
{
    g_autofree char *text = corporation("1010001019483", "株式会社青表", "2026-07-31", "");
    gsize size = 0;
    g_autofree char *sjis = g_convert(text, -1, "CP932", "UTF-8", NULL, &size, NULL);
    g_autofree char *marked = g_strconcat("\xef\xbb\xbf", text, NULL);
    g_autofree char *paths[] = {put(f, "utf8.csv", text, -1), put(f, "bom.csv", marked, -1),
                                put(f, "sjis.csv", sjis, (gssize)size)};

    (void)data;
    g_assert_nonnull(sjis);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        DnListKind kind = DN_LIST_UNKNOWN;
        g_autoptr(GPtrArray) rows = rows_of(paths[i], &kind, &error);

        g_assert_no_error(error);
        g_assert_cmpint(kind, ==, DN_LIST_CORPORATIONS);
        g_assert_cmpuint(rows->len, ==, 1);
        g_assert_cmpstr(((DnListRow *)g_ptr_array_index(rows, 0))->name, ==, "株式会社青表");
        g_free(g_steal_pointer(&paths[i]));
    }
}

static void
test_bad_lists_are_refused(Fixture *f, gconstpointer data)
{
    g_autofree char *good = corporation("1010001019483", "青", "2026-07-31", "");
    g_autofree char *letters = corporation("101000101948X", "青", "2026-07-31", "");
    g_autofree char *day = corporation("1010001019483", "青", "2026-02-30", "");
    g_autofree char *mixed = corporation("1010001019483", "\xff\xfe\xfd", "2026-07-31", "");
    g_autofree char *control = corporation("1010001019483", "a\x1b[2J", "2026-07-31", "");
    g_autofree char *many = g_strnfill(200, ',');
    g_autofree char *endless = g_strnfill(100000, 'a');
    g_autofree char *open_quote = g_strconcat(good, "1,\"abc", NULL);
    g_autofree char *short_row = g_strconcat(good, "1,2,3\n", NULL);
    g_autofree char *later = g_strconcat(good, mixed, NULL);
    const struct {
        const char *text;
        gssize size;
    } bad[] = {{"hello\n", -1},  {letters, -1},   {day, -1},
               {control, -1},    {many, -1},      {endless, -1},
               {open_quote, -1}, {short_row, -1}, {"PK\x03\x04\0\0\0\0\n", 9},
               {later, -1},      {"1,2\0,3", 6}};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = put(f, "bad.csv", bad[i].text, bad[i].size);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) rows = rows_of(path, NULL, &error);

        g_test_message("list %zu: %s", i, error ? error->message : "taken");
        g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_FORMAT) ||
                      g_error_matches(error, DN_ERROR, DN_ERROR_LIMIT));
    }
}

/* --- sorting --- */

static void
sort_with(const char *dir, size_t arena, unsigned count)
{
    g_autoptr(DnSorter) sorter = dn_sorter_new(dir, arena);
    g_autoptr(GError) error = NULL;
    DnSortRecord record = {{0}, NULL, 0};
    uint32_t before = 0;
    bool more = false;
    unsigned seen = 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t mixed = (i + 1) * 2654435761U;
        uint8_t payload[4];

        for (int b = 0; b < 4; b++)
            payload[b] = record.key[b] = (uint8_t)(mixed >> (8 * (3 - b)));
        record.payload = payload;
        record.size = (uint16_t)(i % 5);
        g_assert_true(dn_sorter_add(sorter, &record, &error));
    }
    g_assert_true(dn_sorter_start(sorter, &error));
    for (;;) {
        g_assert_true(dn_sorter_next(sorter, &record, &more, &error));
        g_assert_no_error(error);
        if (!more)
            break;
        uint32_t key = (uint32_t)record.key[0] << 24 | (uint32_t)record.key[1] << 16 |
                       (uint32_t)record.key[2] << 8 | record.key[3];

        g_assert_true(seen == 0 || key > before);
        g_assert_cmpmem(record.payload, record.size, record.key, MIN(record.size, 4));
        before = key;
        seen++;
    }
    g_assert_cmpuint(seen, ==, count);
}

static void
test_sorts_within_memory_and_beyond(Fixture *f, gconstpointer data)
{
    (void)data;
    sort_with(f->root, 0, 0);
    sort_with(f->root, 0, 1000);
    sort_with(f->root, 1, 0);
    sort_with(f->root, 2048, 1);
    sort_with(f->root, 2048, 20000); /* two hundred runs */
    g_autoptr(GDir) dir = g_dir_open(f->root, 0, NULL);

    g_assert_null(g_dir_read_name(dir)); /* nothing of it has a name */
}

/* --- the file --- */

static DnListRow
list_row(uint64_t number, int32_t from, int32_t to, const char *name)
{
    DnListRow row = {.number = number, .from_days = from, .to_days = to};

    g_strlcpy(row.name, name, sizeof row.name);
    return row;
}

static char *
build(const Fixture *f, const char *name, DnRegistryFile *base, const DnListRow *rows, size_t count,
      DnRegistryTotals *out_totals)
{
    g_autoptr(DnSorter) sorter = dn_sorter_new(f->root, 0);
    g_autoptr(GError) error = NULL;
    DnRegistryBuild how = {
        .kind = DN_LIST_ISSUERS, .dir = f->root, .base = base, .rows = sorter, .fold = as_it_is};
    char *path = g_build_filename(f->root, name, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    for (size_t i = 0; i < count; i++)
        g_assert_true(dn_registry_sort_row(sorter, &rows[i], i, &error));
    g_assert_true(dn_registry_file_build(&how, fd, out_totals, &error));
    g_assert_no_error(error);
    close(fd);
    return path;
}

static char *
spans_of(DnRegistryFile *file, uint64_t number)
{
    g_autoptr(GArray) rows = dn_registry_rows_new();
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);

    g_assert_true(dn_registry_file_find(file, number, rows, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < rows->len; i++) {
        const DnRegistryRow *row = &g_array_index(rows, DnRegistryRow, i);

        g_string_append_printf(text, "%d..%d=%s;", row->from_days,
                               row->to_days == DN_LIST_OPEN ? -1 : row->to_days, row->name);
    }
    return g_string_free(text, FALSE);
}

static void
test_a_difference_changes_what_it_overlaps(Fixture *f, gconstpointer data)
{
    const DnListRow whole[] = {
        list_row(20, 100, 200, "old"), list_row(20, 300, DN_LIST_OPEN, "new"),
        list_row(10, 100, DN_LIST_OPEN, "ten"), list_row(30, 100, DN_LIST_OPEN, "thirty")};
    DnListRow change[] = {list_row(20, 300, 400, "renamed"), list_row(30, 0, 0, ""),
                          list_row(15, 500, DN_LIST_OPEN, "fifteen")};
    DnRegistryTotals totals;
    g_autofree char *path = build(f, "whole", NULL, whole, G_N_ELEMENTS(whole), &totals);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRegistryFile) base = dn_registry_file_open(path, &totals.digest, &error);

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpuint(totals.numbers, ==, 3);
    g_assert_cmpuint(totals.rows, ==, 4);
    change[1].removed = true;
    g_autofree char *next = build(f, "next", base, change, G_N_ELEMENTS(change), &totals);
    g_autoptr(DnRegistryFile) file = dn_registry_file_open(next, &totals.digest, &error);

    g_assert_no_error(error);
    g_autofree char *ten = spans_of(file, 10);
    g_autofree char *fifteen = spans_of(file, 15);
    g_autofree char *twenty = spans_of(file, 20);
    g_autofree char *thirty = spans_of(file, 30);

    g_assert_cmpstr(ten, ==, "100..-1=ten;");
    g_assert_cmpstr(fifteen, ==, "500..-1=fifteen;");
    g_assert_cmpstr(twenty, ==, "100..200=old;300..400=renamed;");
    g_assert_cmpstr(thirty, ==, "");
}

static void
test_many_numbers_are_found_again(Fixture *f, gconstpointer data)
{
    enum { COUNT = 5000 };
    g_autofree DnListRow *rows = g_new0(DnListRow, COUNT);
    DnRegistryTotals totals;

    (void)data;
    for (unsigned i = 0; i < COUNT; i++) {
        g_autofree char *name = g_strdup_printf("会社%u", i / 2); /* two of each name */

        rows[i] = list_row(UINT64_C(1000000000000) + (uint64_t)(i * 7919 % COUNT) * 3, 7,
                           DN_LIST_OPEN, name);
    }
    g_autofree char *path = build(f, "many", NULL, rows, COUNT, &totals);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRegistryFile) file = dn_registry_file_open(path, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(dn_registry_file_check(file, &error));
    for (unsigned i = 0; i < COUNT; i += 97) {
        g_autofree char *found = spans_of(file, rows[i].number);
        g_autofree char *wanted = g_strdup_printf("7..-1=%s;", rows[i].name);
        g_autofree char *absent = spans_of(file, rows[i].number + 1);
        uint64_t numbers[4];
        size_t count = 0;

        g_assert_cmpstr(found, ==, wanted);
        g_assert_cmpstr(absent, ==, "");
        g_assert_true(dn_registry_file_find_name(file, rows[i].name, numbers, 4, &count, &error));
        g_assert_cmpuint(count, ==, 2);
        g_assert_true(numbers[0] == rows[i].number || numbers[1] == rows[i].number);
    }
    uint64_t none[1];
    size_t count = 1;

    g_assert_true(dn_registry_file_find_name(file, "nobody", none, 1, &count, &error));
    g_assert_cmpuint(count, ==, 0);
}

static void
test_every_changed_byte_is_noticed(Fixture *f, gconstpointer data)
{
    const DnListRow rows[] = {list_row(10, 100, DN_LIST_OPEN, "ten"),
                              list_row(20, DN_LIST_EVER, 200, "twenty")};
    DnRegistryTotals totals;
    g_autofree char *path = build(f, "file", NULL, rows, G_N_ELEMENTS(rows), &totals);
    g_autofree char *bytes = NULL;
    gsize size = 0;

    (void)data;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (gsize i = 0; i <= size; i++) {
        g_autoptr(GError) error = NULL;

        if (i < size)
            bytes[i] ^= 0x10;
        g_autofree char *changed = put(f, "changed", bytes, (gssize)(i < size ? size : size - 1));
        g_autoptr(DnRegistryFile) file = dn_registry_file_open(changed, &totals.digest, &error);

        g_assert_false(file && dn_registry_file_check(file, &error));
        g_assert_nonnull(error);
        if (i < size)
            bytes[i] ^= 0x10;
    }
}

/* --- the archive --- */

static DnArchive *
archive_in(const Fixture *f, bool make)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_build_filename(f->root, "archive", NULL);
    g_autofree char *key = NULL;

    if (make)
        g_assert_true(dn_archive_init(dir, NULL, &key, &error));
    DnArchive *archive = dn_archive_open(
        dir, &(DnArchiveOptions){.actor = "test", .worker_path = "/nonexistent"}, &error);

    g_assert_no_error(error);
    return archive;
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_string_append_printf(user_data, "%s=%s:%" G_GINT64_FORMAT " ", dn_json_string(row, "list"),
                           dn_json_string(row, "verdict"), dn_json_int(row, "numbers", 0));
    return true;
}

static char *
status_of(DnArchive *archive, bool check)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);

    g_assert_true(dn_archive_registry_status(archive, check, collect, text, &error));
    g_assert_no_error(error);
    return g_string_free(text, FALSE);
}

static bool
import(DnArchive *archive, const char *path, bool difference, json_t **out_result, GError **error)
{
    const char *const files[] = {path, NULL};
    DnRegistryImport request = {.files = files, .difference = difference};

    return dn_archive_registry_import(archive, &request, NULL, NULL, out_result, error);
}

static void
test_an_import_is_noted_and_stays(Fixture *f, gconstpointer data)
{
    g_autofree char *a =
        issuer("T1010001019483", "01", "2", "2023-10-01", "2026-07-01", "", "", "株式会社青", "");
    g_autofree char *b =
        issuer("T1010001024087", "01", "2", "2023-10-01", "2026-07-31", "", "", "株式会社赤", "");
    g_autofree char *older = issuer("T1010001024087", "04", "2", "2023-10-01", "2026-06-01",
                                    "2026-05-01", "", "株式会社赤", "");
    g_autofree char *newer =
        issuer("T1010001034994", "01", "2", "2026-08-01", "2026-08-01", "", "", "株式会社白", "");
    g_autofree char *whole = g_strconcat(a, b, NULL);
    g_autofree char *whole_path = put(f, "all.csv", whole, -1);
    g_autofree char *older_path = put(f, "older.csv", older, -1);
    g_autofree char *newer_path = put(f, "newer.csv", newer, -1);
    g_autofree char *bad_path = put(f, "bad.csv", "no list\n", -1);
    g_autoptr(DnArchive) archive = archive_in(f, true);
    g_autoptr(GError) no_base = NULL;
    g_autoptr(GError) too_old = NULL;
    g_autoptr(GError) bad = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) first = NULL;
    g_autoptr(json_t) again = NULL;
    g_autoptr(json_t) next = NULL;
    json_t *none = NULL;

    (void)data;
    g_assert_false(import(archive, newer_path, true, &none, &no_base));
    g_assert_error(no_base, DN_ERROR, DN_ERROR_INVALID);
    g_assert_true(import(archive, whole_path, false, &first, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(first, "as_of"), ==, "2026-07-31");
    g_assert_cmpint(dn_json_int(first, "numbers", 0), ==, 2);
    g_assert_true(import(archive, whole_path, false, &again, &error));
    g_assert_true(dn_json_bool(again, "unchanged", false));
    g_assert_false(import(archive, older_path, true, &none, &too_old));
    g_assert_error(too_old, DN_ERROR, DN_ERROR_INVALID);
    g_assert_false(import(archive, bad_path, false, &none, &bad));
    g_assert_error(bad, DN_ERROR, DN_ERROR_FORMAT);
    g_assert_true(import(archive, newer_path, true, &next, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(next, "base"), ==, dn_json_string(first, "sha256"));
    g_autofree char *now = status_of(archive, true);

    g_assert_cmpstr(now, ==, "corporations=absent:0 issuers=ok:3 ");
    g_clear_pointer(&archive, dn_archive_close);
    g_autoptr(json_t) rebuilt = NULL;
    g_autofree char *dir = g_build_filename(f->root, "archive", NULL);

    g_assert_true(
        dn_archive_rebuild(dir, &(DnArchiveOptions){.actor = "test", .worker_path = "/nonexistent"},
                           NULL, NULL, &rebuilt, &error));
    archive = archive_in(f, false);
    g_autofree char *later = status_of(archive, true);

    g_assert_cmpstr(later, ==, now);
    g_clear_pointer(&archive, dn_archive_close);
    /* One file a list, and nothing else. */
    g_autofree char *folder = g_build_filename(dir, "registry", NULL);
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
    g_autofree char *only = g_build_filename(folder, g_dir_read_name(names), NULL);

    g_assert_null(g_dir_read_name(names));
    g_assert_cmpint(truncate(only, 100), ==, 0);
    archive = archive_in(f, false);
    g_autofree char *cut = status_of(archive, false);

    g_assert_cmpstr(cut, ==, "corporations=absent:0 issuers=damaged:3 ");
    g_assert_cmpint(unlink(only), ==, 0);
    g_autofree char *gone = status_of(archive, false);

    g_assert_cmpstr(gone, ==, "corporations=absent:0 issuers=missing:3 ");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/registry/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(rows_of_issuers);
    T(both_character_sets);
    T(bad_lists_are_refused);
    T(sorts_within_memory_and_beyond);
    T(a_difference_changes_what_it_overlaps);
    T(many_numbers_are_found_again);
    T(every_changed_byte_is_noticed);
    T(an_import_is_noted_and_stays);
#undef T
    return g_test_run();
}
