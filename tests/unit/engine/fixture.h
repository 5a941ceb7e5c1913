/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/fixture.h - an archive in a folder of its own, which goes with the test.
 */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include "base/fs.h"
#include "engine/archive.h"

typedef struct {
    char *root;
    char *dir;
    char *key;
    DnArchive *archive; /* the test opens it */
} Fixture;

static inline void
fixture_init(Fixture *self, const DnArchiveInit *init)
{
    g_autoptr(GError) error = NULL;

    self->root = g_dir_make_tmp("dencho-test-XXXXXX", &error);
    g_assert_no_error(error);
    self->dir = g_build_filename(self->root, "archive", NULL);
    g_assert_true(dn_archive_init(self->dir, init, &self->key, &error));
    g_assert_no_error(error);
}

static inline void
tear_down(Fixture *self, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&self->archive, dn_archive_close);
    g_assert_true(dn_fs_remove_tree(self->root, NULL));
    g_free(self->root);
    g_free(self->dir);
    g_free(self->key);
}

#endif
