/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/capsule/test-container.c - the same files in a ZIP and in a folder.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/capsule/container.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    char *dir;
    char *path;
    gboolean folder;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->dir = g_dir_make_tmp("dencho-container-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->dir, "capsule", NULL);
    fixture->folder = GPOINTER_TO_INT(data);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(dn_fs_remove_tree(fixture->dir, NULL));
    g_free(fixture->dir);
    g_free(fixture->path);
}

static void
write_some(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnContainer) capsule = dn_container_create(fixture->path, fixture->folder, &error);
    DnSha256 sums;

    g_assert_no_error(error);
    g_autoptr(DnSpool) spool = dn_container_spool(capsule, &error);

    g_assert_true(dn_spool_add_text(spool, "one\ntwo\n", &error));
    g_assert_true(dn_container_add(capsule, "originals/霞商店.bin", "beta", 4, &error));
    g_assert_true(dn_container_add_spool(capsule, "lines", spool, &error));
    g_assert_true(dn_container_add(capsule, "a/b/c", "deep", 4, &error));
    g_assert_true(dn_container_add(capsule, "empty", "", 0, &error));
    g_assert_cmpuint(dn_container_files(capsule), ==, 4);
    g_assert_true(dn_container_finish(capsule, &sums, &error));
    g_assert_cmpuint(dn_container_files(capsule), ==, 5);
    g_assert_cmpuint(dn_container_bytes(capsule), >, 16);
}

static DnContainerReader *
open_clean(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    DnContainerReader *reader = dn_container_open(fixture->path, problems, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(problems->len, ==, 0);
    return reader;
}

static void
test_what_goes_in_comes_out(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"SHA256SUMS", "a/b/c", "empty", "lines",
                                        "originals/霞商店.bin"};
    g_autoptr(GError) error = NULL;

    (void)data;
    write_some(fixture);
    g_autoptr(DnContainerReader) reader = open_clean(fixture);
    DnSha256 digest = dn_sha256("beta", 4);

    g_assert_cmpuint(dn_container_count(reader), ==, G_N_ELEMENTS(names));
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_cmpstr(dn_container_file(reader, i)->name, ==, names[i]);
        g_assert_true(dn_container_find(reader, names[i]) == dn_container_file(reader, i));
    }
    g_assert_null(dn_container_find(reader, "b"));
    const DnZipFile *file = dn_container_find_digest(reader, &digest);
    g_autoptr(GBytes) bytes = dn_container_read(reader, file, 4, &error);

    g_assert_cmpstr(file->name, ==, names[4]);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "beta", 4);
    g_assert_null(dn_container_read(reader, file, 3, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_LIMIT);
    digest.bytes[0] ^= 1;
    g_assert_null(dn_container_find_digest(reader, &digest));
}

static bool
collect(char *line, size_t size, void *user_data, GError **error)
{
    (void)error;
    g_assert_cmpuint(strlen(line), ==, size);
    g_string_append_printf(user_data, "[%s]", line);
    return true;
}

static void
test_sums_are_those_of_sha256sum(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) lines = g_string_new(NULL);

    (void)data;
    write_some(fixture);
    g_autoptr(DnContainerReader) reader = open_clean(fixture);
    const DnZipFile *sums = dn_container_find(reader, "SHA256SUMS");
    const DnZipFile *file = dn_container_find(reader, "a/b/c");
    g_autofree char *hex = dn_hex(file->sha256.bytes, sizeof file->sha256.bytes);
    g_autofree char *line = g_strdup_printf("[%s  a/b/c]", hex);

    g_assert_true(dn_container_lines(reader, sums, collect, lines, &error));
    g_assert_nonnull(strstr(lines->str, line));
    g_assert_null(strstr(lines->str, "SHA256SUMS"));
}

static void
check_lines(Fixture *fixture, const char *bytes, size_t size, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) lines = g_string_new(NULL);
    DnSha256 sums;
    {
        g_autoptr(DnContainer) capsule =
            dn_container_create(fixture->path, fixture->folder, &error);

        g_assert_true(dn_container_add(capsule, "f", bytes, size, &error));
        g_assert_true(dn_container_finish(capsule, &sums, &error));
    }
    g_autoptr(DnContainerReader) reader = open_clean(fixture);
    bool good = dn_container_lines(reader, dn_container_find(reader, "f"), collect, lines, &error);

    if (wanted) {
        g_assert_no_error(error);
        g_assert_cmpstr(lines->str, ==, wanted);
    } else {
        g_assert_error(error, DN_ERROR, DN_ERROR_FORMAT);
    }
    g_assert_true(good == (wanted != NULL));
    if (fixture->folder)
        g_assert_true(dn_fs_remove_tree(fixture->path, NULL));
    else
        g_assert_cmpint(unlink(fixture->path), ==, 0);
}

static void
test_lines_of_any_length(Fixture *fixture, gconstpointer data)
{
    g_autofree char *long_line = g_strnfill(200000, 'x');
    g_autofree char *text = g_strdup_printf("a\n%s\n\nb\n", long_line);
    g_autofree char *wanted = g_strdup_printf("[a][%s][][b]", long_line);

    (void)data;
    check_lines(fixture, text, strlen(text), wanted);
    check_lines(fixture, "", 0, "");
    check_lines(fixture, "a\nb", 3, NULL);
    check_lines(fixture, "a\0b\n", 4, NULL);
}

static void
test_an_unfinished_capsule_leaves_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) listing = NULL;
    DnContainer *capsule = dn_container_create(fixture->path, fixture->folder, &error);

    (void)data;
    g_assert_true(dn_container_add(capsule, "a/b", "x", 1, &error));
    g_assert_true(dn_container_begin(capsule, "c", &error));
    g_assert_true(dn_container_write(capsule, "x", 1, &error));
    dn_container_free(capsule);
    listing = g_dir_open(fixture->dir, 0, &error);
    g_assert_null(g_dir_read_name(listing));
}

static void
test_nothing_is_overwritten_and_names_stay_inside(Fixture *fixture, gconstpointer data)
{
    static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../../x"};
    g_autoptr(GError) error = NULL;

    (void)data;
    write_some(fixture);
    g_assert_null(dn_container_create(fixture->path, fixture->folder, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
    g_clear_error(&error);
    g_autofree char *other = g_build_filename(fixture->dir, "other", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(DnContainer) capsule = dn_container_create(other, fixture->folder, &error);

        g_assert_no_error(error);
        g_assert_false(dn_container_add(capsule, bad[i], "x", 1, &error));
        g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
        g_clear_error(&error);
    }
    g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
    dn_container_close(open_clean(fixture));
}

static void
test_a_folder_with_more_than_files(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *link = NULL;

    (void)data;
    write_some(fixture);
    link = g_build_filename(fixture->path, "a", "passwd", NULL);
    g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
    g_autoptr(DnContainerReader) reader = dn_container_open(fixture->path, problems, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(problems, 0), "a/passwd"));
    g_assert_null(dn_container_find(reader, "a/passwd"));
}

static bool
join(const void *bytes, size_t size, void *user_data, GError **error)
{
    (void)error;
    g_byte_array_append(user_data, bytes, (guint)size);
    return true;
}

static void
test_a_spool_gives_back_what_it_took(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSpool) spool = dn_spool_new(g_get_tmp_dir(), &error);
    g_autoptr(GByteArray) sent = g_byte_array_new();

    g_assert_no_error(error);
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t piece[97];

        memset(piece, (int)(i * 7), sizeof piece);
        g_assert_true(dn_spool_add(spool, piece, i % sizeof piece, &error));
        g_byte_array_append(sent, piece, i % sizeof piece);
        if (i % 1000 == 0) {
            g_autoptr(GByteArray) back = g_byte_array_new();

            g_assert_true(dn_spool_each(spool, join, back, &error));
            g_assert_cmpmem(back->data, back->len, sent->data, sent->len);
        }
    }
    g_autoptr(GByteArray) back = g_byte_array_new();

    g_assert_cmpuint(dn_spool_bytes(spool), ==, sent->len);
    g_assert_true(dn_spool_each(spool, join, back, &error));
    g_assert_cmpmem(back->data, back->len, sent->data, sent->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, test)                                                                              \
    g_test_add("/container/zip/" name, Fixture, GINT_TO_POINTER(FALSE), set_up, test, tear_down);  \
    g_test_add("/container/folder/" name, Fixture, GINT_TO_POINTER(TRUE), set_up, test, tear_down)
    T("what-goes-in", test_what_goes_in_comes_out);
    T("sums", test_sums_are_those_of_sha256sum);
    T("lines", test_lines_of_any_length);
    T("unfinished", test_an_unfinished_capsule_leaves_nothing);
    T("names", test_nothing_is_overwritten_and_names_stay_inside);
    g_test_add("/container/folder/more-than-files", Fixture, GINT_TO_POINTER(TRUE), set_up,
               test_a_folder_with_more_than_files, tear_down);
    g_test_add_func("/spool/gives-back", test_a_spool_gives_back_what_it_took);
    return g_test_run();
}
