/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/master-key.h - the forms in which the master key rests outside an archive: a file, a
 * file under a passphrase, and lines to be printed. The exact bytes stand in docs/format.md.
 *
 * Whatever holds a key is read into and written from locked memory, without stdio.
 *
 * Threads: any. Errors: FORMAT (not such a form, or mistyped: says where), DENIED (others may read
 * the file; the passphrase is missing or another one), LIMIT (a file asks for more memory or time
 * than a passphrase may cost), EXISTS, IO.
 */
#ifndef ENGINE_SEAL_MASTER_KEY_H
#define ENGINE_SEAL_MASTER_KEY_H

#include "engine/seal/secret.h"

G_BEGIN_DECLS

enum {
    DN_PASSPHRASE_LEAST = 12,  /* bytes of one that is newly set */
    DN_PASSPHRASE_MOST = 1024, /* bytes */
};

/** Reads the text of a key file, of either form. DENIED unless it is a regular file that only its
 * owner can read. */
DnSecret *dn_key_text_load(const char *path, GError **error);

/** The same from an open descriptor (a pipe of a secret manager); its permissions are not asked. */
DnSecret *dn_key_text_read_fd(int fd, GError **error);

/** Whether dn_master_key_parse() will want a passphrase. */
bool dn_key_text_is_protected(const DnSecret *text);

/** The key of a text. @passphrase (nullable) is not looked at when the text is not protected. */
DnSecret *dn_master_key_parse(const DnSecret *text, const DnSecret *passphrase, GError **error);

/** Read and parse at once, without a passphrase. */
DnSecret *dn_master_key_load(const char *path, GError **error);
DnSecret *dn_master_key_read_fd(int fd, GError **error);

/** (transfer full) The text of an unprotected key file. */
DnSecret *dn_master_key_text(const DnSecret *master, GError **error);

/** Makes @path, which must not exist, with mode 0400. */
bool dn_master_key_save(const DnSecret *master, const char *path, GError **error);

/** What a guess costs: 128 * r * 2^log2_n bytes of memory, p times over. */
typedef struct {
    unsigned log2_n;
    unsigned r;
    unsigned p;
} DnScryptCost;

/** Makes @path as dn_master_key_save() does, under @passphrase. @cost NULL: 128 MiB, about half a
 * second. INVALID for a passphrase that is too short, LIMIT for a cost that reading would refuse.
 */
bool dn_master_key_save_protected(const DnSecret *master, const DnSecret *passphrase,
                                  const DnScryptCost *cost, const char *path, GError **error);

/** Public: the first 16 hexadecimal digits of HMAC(master, "dencho key id"): tells two keys apart.
 * (transfer full) */
char *dn_master_key_id(const DnSecret *master);

/** (transfer full) Lines to be printed: a heading and five lines of 16 characters in groups of 4,
 * the last three of each a check that finds up to three wrong characters; the fifth line is the
 * key's id, a check over all. */
DnSecret *dn_recovery_text(const DnSecret *master, GError **error);

/** Reads them back as a person types them: any case, spaces and hyphens anywhere, O for 0, I and L
 * for 1, with or without the heading and the numbers of the lines. FORMAT names the line, and the
 * character when one alone is wrong; never what stands there. */
DnSecret *dn_recovery_parse(const DnSecret *text, GError **error);

G_END_DECLS
#endif
