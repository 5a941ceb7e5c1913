/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/walk.h - the files below a folder, in an order that does not depend on the disk.
 */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "base/error.h"

G_BEGIN_DECLS

/** Told of each file, or of a folder that cannot be read (@problem, lent). */
typedef void (*DnWalkVisitor)(const char *path, const GError *problem, void *user_data);

/** Visits @path itself when it is no folder; else the regular files below it by name. Hidden
 * entries, symbolic links and what is neither file nor folder are left out, and so is the folder
 * @except (nullable): an archive must not swallow itself. To name @except itself is INVALID. */
void dn_walk(const char *path, const char *except, DnWalkVisitor visit, void *user_data);

G_END_DECLS
#endif
