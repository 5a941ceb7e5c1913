/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/authority.h - time-stamp authorities to test against: the real dencho-tsa in
 * a process of its own, and a server that says whatever it is told to.
 *
 * Everything asserts: what cannot be set up fails the test.
 */
#ifndef TESTS_UNIT_EVIDENCE_AUTHORITY_H
#define TESTS_UNIT_EVIDENCE_AUTHORITY_H

#include "engine/evidence/evidence.h"

G_BEGIN_DECLS

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

/** A folder that goes with all that is in it. */
typedef char TempFolder;
TempFolder *temp_folder_new(void);
void temp_folder_free(TempFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TempFolder, temp_folder_free)

void write_text(const char *folder, const char *name, const char *text);

/** Runs `dencho-tsa init FOLDER` with more arguments (nullable, parted by spaces). */
void authority_init(const char *folder, const char *arguments);

/** Runs `dencho-tsa VERB FOLDER` with more arguments (nullable, parted by spaces). */
void authority_run(const char *verb, const char *folder, const char *arguments);

typedef struct Authority Authority;
/** Runs `dencho-tsa serve FOLDER` until authority_free(). */
Authority *authority_start(const char *folder, const char *arguments);
const char *authority_url(const Authority *self);
void authority_free(Authority *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Authority, authority_free)

/** A token over @imprint from an authority that runs for just this call. */
GBytes *authority_stamp(const char *folder, const char *arguments, const DnHash *imprint);

/** The trust list that `dencho-tsa init` left in @folder. */
DnTrust *authority_trust(const char *folder);

/** A list with one authority "test", made of the lines given. */
DnTrust *trust_of(const char *folder, const char *lines);

typedef struct Parrot Parrot;
/** Reads one request and answers with @answer, or with nothing for @answer NULL. */
Parrot *parrot_start(GBytes *answer);
const char *parrot_url(const Parrot *self);
/** From now on it answers so. */
void parrot_teach(Parrot *self, GBytes *answer);
void parrot_free(Parrot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parrot, parrot_free)

/** What a parrot says: @status like "200 OK", then @body. */
GBytes *parrot_answer(const char *status, const void *body, size_t size);

G_END_DECLS
#endif
