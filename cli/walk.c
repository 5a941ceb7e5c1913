/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/walk.c - folders, recursively.
 */
#include "config.h"
#include "cli/walk.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 128 }; /* folders within folders */

typedef struct {
    struct stat except;
    bool has_except;
    DnWalkVisitor visit;
    void *user_data;
} Walk;

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_except(const Walk *self, const struct stat *st)
{
    return self->has_except && st->st_dev == self->except.st_dev &&
           st->st_ino == self->except.st_ino;
}

/* (transfer full) The names in the folder that are not hidden, by their bytes. */
static GPtrArray *
list_folder(const char *path, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;

    if (!folder) {
        dn_fail_errno(error, "cannot open the folder");
        return NULL;
    }
    for (errno = 0; (entry = readdir(folder)); errno = 0)
        if (entry->d_name[0] != '.')
            g_ptr_array_add(names, g_strdup(entry->d_name));
    if (errno != 0)
        dn_fail_errno(error, "cannot read the folder");
    bool good = errno == 0;

    closedir(folder);
    if (!good)
        return NULL;
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

static void
walk_folder(const Walk *self, const char *path, int depth)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) names = NULL;

    if (depth > DEEPEST)
        dn_fail(&problem, DN_ERROR_LIMIT, "more than %d folders deep", DEEPEST);
    else
        names = list_folder(path, &problem);
    if (!names) {
        self->visit(path, problem, self->user_data);
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *below = g_build_filename(path, names->pdata[i], NULL);
        struct stat st;

        if (lstat(below, &st) != 0)
            continue; /* gone since the folder was listed */
        if (S_ISREG(st.st_mode))
            self->visit(below, NULL, self->user_data);
        else if (S_ISDIR(st.st_mode) && !is_except(self, &st))
            walk_folder(self, below, depth + 1);
    }
}

void
dn_walk(const char *path, const char *except, DnWalkVisitor visit, void *user_data)
{
    Walk self = {.visit = visit, .user_data = user_data};
    struct stat st;

    self.has_except = except && stat(except, &self.except) == 0;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

    if (folder && is_except(&self, &st)) {
        g_autoptr(GError) problem = NULL;

        dn_fail(&problem, DN_ERROR_INVALID, "this is the archive itself");
        visit(path, problem, user_data);
    } else if (folder) {
        walk_folder(&self, path, 1);
    } else {
        visit(path, NULL, user_data);
    }
}
