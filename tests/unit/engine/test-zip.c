/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-zip.c - a container in which no byte can change unnoticed.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/capsule/zip.h"

#include <string.h>
#include <sys/stat.h>

typedef struct {
    char *dir;
    char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->dir = g_dir_make_tmp("dencho-zip-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->dir, "capsule.zip", NULL);
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
write_three(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnZipWriter) zip = dn_zip_create(path, &error);

    g_assert_no_error(error);
    g_assert_true(dn_zip_add(zip, "a.txt", "alpha", 5, &error));
    g_assert_true(dn_zip_begin(zip, "originals/霞商店.bin", &error));
    g_assert_true(dn_zip_write(zip, "be", 2, &error));
    g_assert_true(dn_zip_write(zip, "ta", 2, &error));
    g_assert_true(dn_zip_end(zip, &error));
    g_assert_true(dn_zip_add(zip, "empty", "", 0, &error));
    g_assert_true(dn_zip_finish(zip, &error));
}

static void
test_what_goes_in_comes_out(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    (void)data;
    write_three(fixture->path);
    g_autoptr(DnZipReader) zip = dn_zip_open(fixture->path, problems, &error);

    g_assert_no_error(error);
    g_assert_cmpint(problems->len, ==, 0);
    g_assert_cmpint(dn_zip_count(zip), ==, 3);
    const DnZipFile *file = dn_zip_find(zip, "originals/霞商店.bin");
    g_autoptr(GBytes) bytes = dn_zip_read(zip, file, 100, &error);
    DnSha256 digest = dn_sha256("beta", 4);

    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "beta", 4);
    g_assert_true(dn_sha256_equal(&digest, &file->sha256));
    g_assert_null(dn_zip_read(zip, file, 3, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_LIMIT);
    g_assert_null(dn_zip_find(zip, "b.txt"));
}

/* Either the container refuses as a whole, or names a problem, or a file's digest is another one.
 */
static bool
change_is_noticed(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnZipReader) zip = dn_zip_open(path, problems, &error);

    return !zip || problems->len > 0;
}

static void
test_every_changed_byte_is_noticed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    gsize size = 0;

    (void)data;
    write_three(fixture->path);
    g_assert_true(g_file_get_contents(fixture->path, &content, &size, &error));
    for (gsize i = 0; i < size; i++) {
        content[i] ^= 0x20;
        g_assert_true(g_file_set_contents(fixture->path, content, (gssize)size, &error));
        if (!change_is_noticed(fixture->path))
            g_test_message("byte %zu", i);
        g_assert_true(change_is_noticed(fixture->path));
        content[i] ^= 0x20;
    }
}

static void
test_cut_and_grown_files_are_noticed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    gsize size = 0;

    (void)data;
    write_three(fixture->path);
    g_assert_true(g_file_get_contents(fixture->path, &content, &size, &error));
    for (gsize left = 0; left < size; left += 7) {
        g_assert_true(g_file_set_contents(fixture->path, content, (gssize)left, &error));
        g_assert_true(change_is_noticed(fixture->path));
    }
    g_autofree char *grown = g_malloc0(size + 4);

    memcpy(grown, content, size);
    g_assert_true(g_file_set_contents(fixture->path, grown, (gssize)size + 4, &error));
    g_assert_true(change_is_noticed(fixture->path));
}

static void
test_an_unfinished_capsule_leaves_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnZipWriter *zip = dn_zip_create(fixture->path, &error);

    (void)data;
    g_assert_true(dn_zip_add(zip, "a", "x", 1, &error));
    dn_zip_free(zip);
    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_nothing_is_overwritten_and_names_stay_inside(Fixture *fixture, gconstpointer data)
{
    static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../../x"};
    g_autoptr(GError) error = NULL;

    (void)data;
    write_three(fixture->path);
    g_assert_null(dn_zip_create(fixture->path, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
    g_clear_error(&error);
    g_autofree char *other = g_strconcat(fixture->path, "2", NULL);
    g_autoptr(DnZipWriter) zip = dn_zip_create(other, &error);

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(dn_zip_add(zip, bad[i], "x", 1, &error));
        g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
        g_clear_error(&error);
    }
}

/* What anybody has at hand reads it too. */
static void
test_a_stock_unzip_reads_it(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = g_find_program_in_path("unzip");
    g_autoptr(GError) error = NULL;
    int status = -1;

    (void)data;
    if (!program) {
        g_test_skip("unzip is not installed");
        return;
    }
    write_three(fixture->path);
    const char *argv[] = {program, "-t", "-qq", fixture->path, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL,
                               NULL, NULL, NULL, NULL, &status, &error));
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/zip/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(what_goes_in_comes_out);
    T(every_changed_byte_is_noticed);
    T(cut_and_grown_files_are_noticed);
    T(an_unfinished_capsule_leaves_nothing);
    T(nothing_is_overwritten_and_names_stay_inside);
    T(a_stock_unzip_reads_it);
    return g_test_run();
}
