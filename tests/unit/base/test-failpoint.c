/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/base/test-failpoint.c - the n-th call fails, that one only; and what callers in base/
 * make of it.
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *dir;
    int fd;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(fixture->dir, "file", NULL);

    fixture->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fixture->fd, >=, 0);
    dn_failpoint_arm(NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    dn_failpoint_arm(NULL);
    close(fixture->fd);
    g_assert_true(dn_fs_remove_tree(fixture->dir, NULL));
    g_free(fixture->dir);
}

static void
test_the_nth_call_fails_and_no_other(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = 3, .only = "fs.datasync"});
    for (int call = 1; call <= 5; call++) {
        g_assert_true(dn_fs_write_all(fixture->fd, "x", 1, NULL)); /* not counted */
        g_assert_true(dn_fs_datasync(fixture->fd, &error) == (call != 3));
    }
    g_assert_error(error, DN_ERROR, DN_ERROR_IO);
    g_assert_cmpuint(dn_failpoint_calls(), ==, 5);
    g_assert_cmpstr(dn_failpoint_struck(), ==, "fs.datasync");
}

static void
test_from_then_on_until_it_is_taken_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_ENOSPC, .nth = 2, .from_then_on = true});
    g_assert_true(dn_fs_write_all(fixture->fd, "x", 1, NULL));
    g_assert_false(dn_fs_write_all(fixture->fd, "x", 1, &error));
    g_assert_nonnull(strstr(error->message, "the disk is full"));
    g_assert_false(dn_fs_write_all(fixture->fd, "x", 1, NULL));
    dn_failpoint_arm(NULL);
    g_assert_true(dn_fs_write_all(fixture->fd, "x", 1, NULL));
}

/* Interrupted and short calls are the business of base/fs.c, nobody above sees them. */
static void
test_interruptions_and_short_calls_are_not_seen(Fixture *fixture, gconstpointer data)
{
    static const DnFailKind kinds[] = {DN_FAIL_EINTR, DN_FAIL_SHORT};
    static const char text[] = "0123456789";

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (uint64_t nth = 1; nth <= 4; nth++) {
            char back[sizeof text] = "";

            dn_failpoint_arm(&(DnFailPlan){.kind = kinds[i], .nth = nth});
            g_assert_true(dn_fs_pwrite_all(fixture->fd, text, sizeof text, 0, NULL));
            g_assert_true(dn_fs_pread_all(fixture->fd, back, sizeof back, 0, NULL));
            g_assert_cmpstr(back, ==, text);
        }
}

static void
test_memory_that_is_short_is_a_limit(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)fixture;
    (void)data;
    dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = 1, .only = "memory."});
    g_assert_null(dn_try_array(1, 10, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_LIMIT);
}

/* Whatever fails, a file of that name is there with all its bytes, or not at all. */
static void
test_a_created_file_is_whole_or_absent(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->dir, "made", NULL);
    bool created = false;

    (void)data;
    for (uint64_t nth = 1; !created; nth++) {
        g_autofree char *content = NULL;

        unlink(path);
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth});
        created = dn_fs_create_file(path, "0123456789", 10, 0600, NULL);
        dn_failpoint_arm(NULL);
        g_assert_cmpuint(nth, <, 20);
        if (g_file_get_contents(path, &content, NULL, NULL))
            g_assert_cmpstr(content, ==, "0123456789");
        else
            g_assert_false(created);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/failpoint/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(the_nth_call_fails_and_no_other);
    T(from_then_on_until_it_is_taken_back);
    T(interruptions_and_short_calls_are_not_seen);
    T(memory_that_is_short_is_a_limit);
    T(a_created_file_is_whole_or_absent);
    return g_test_run();
}
