/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/common.h - work whose every step is known, so that what must be there after a
 * failure can be said: what was acknowledged, and of the one step under way either nothing or all.
 *
 * Threads: one. Errors: what an archive must not do ends the program with a line that says what.
 */
#ifndef TESTS_TORTURE_COMMON_H
#define TESTS_TORTURE_COMMON_H

#include "engine/archive.h"

G_BEGIN_DECLS

enum { TORTURE_DOCUMENTS = 64, TORTURE_SEGMENT = 32 << 10 };

/** What is known of one document. */
typedef struct {
    bool stored;
    char voucher[40];
    int64_t amount; /* as acknowledged last */
    bool labelled;
} TortureDocument;

/** The steps done and what each has acknowledged. */
typedef struct {
    TortureDocument documents[TORTURE_DOCUMENTS];
    int next; /* the step that comes next, or is under way */
} TortureState;

/** (transfer full) Document @number: bytes and size follow from the number alone. */
GBytes *torture_document(int number);

/** The amount that a document has when stored, and after the correction. */
int64_t torture_amount(int number, bool corrected);

/** Does step @step: a document is stored, corrected or labelled. True: acknowledged; @state then
 * knows. */
bool torture_step(DnArchive *archive, TortureState *state, int step, GError **error);

/** Opens as every test here does. */
DnArchive *torture_open(const char *dir, GError **error);

/** (transfer full) An archive with segments of that size in a fresh folder; *@out_root is the
 * folder around it, to be removed. */
char *torture_new_archive(unsigned segment_bytes, char **out_root);

/** What must hold of @archive: verify --full passes, each acknowledged document is there with its
 * bytes, its amount and its label, step @state->next done or not at all, nothing else. NULL, or
 * (transfer full) what does not hold. */
char *torture_check(DnArchive *archive, const TortureState *state);

/** Takes over what the step under way has turned out to be, so that work can go on from it. */
void torture_settle(DnArchive *archive, TortureState *state);

/** Opens, checks, goes on working up to step @end, checks again. NULL, or (transfer full) what does
 * not hold. */
char *torture_check_reopened(const char *dir, TortureState *state, int end);

/** Copies a folder or file into or as @to. */
void torture_copy_tree(const char *from, const char *to);

/** Folders are made in memory when there is room and TMPDIR asks for nothing else: no power is
 * really lost here, and syncs take most of the time. Call first. */
void torture_fast_disk(void);

/** What an archive says of each damage or failure is not printed; errors that end the program are.
 */
void torture_quiet(void);

/** From DENCHO_SEED, else from the clock; printed. */
uint32_t torture_seed(void);

G_END_DECLS
#endif
