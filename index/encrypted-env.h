/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/encrypted-env.h - what RocksDB's C interface cannot do: files that are encrypted, and
 * several families that are flushed, or given files, as one. Only kv.c includes this.
 *
 * Threads: the environment is used by all threads of a database. Ownership: the environment
 * outlives the database and is freed with rocksdb_env_destroy().
 */
#ifndef INDEX_ENCRYPTED_ENV_H
#define INDEX_ENCRYPTED_ENV_H

#include "index/kv.h"

G_BEGIN_DECLS

typedef struct rocksdb_env_t rocksdb_env_t;
typedef struct rocksdb_t rocksdb_t;
typedef struct rocksdb_column_family_handle_t rocksdb_column_family_handle_t;

/** (transfer full) An environment whose files all pass through @cipher (NULL: plain files), and
 * which writes no log of its own: RocksDB's LOG quotes keys and goes around the cipher. A lock that
 * is held is "Resource busy"; a file of another key, or one cut short, is "Corruption". */
rocksdb_env_t *dn_encrypted_env_new(DnKvCipher cipher, void *user_data);

/** Reads every block of every table file and compares its checksum. NULL, or the (transfer full,
 * free()) message. */
char *dn_encrypted_env_check(rocksdb_t *db);

/** Flushes @families of @db so that after a crash all of it is there or nothing. NULL, or the
 * (transfer full, free()) message of the failure. */
char *dn_encrypted_env_flush(rocksdb_t *db, rocksdb_column_family_handle_t *const *families,
                             size_t families_count);

/** @files of DN_KV_FAMILIES: of each family the paths of finished table files (nullable, ended by
 * NULL), which become part of @db together or not at all, and durably. They are moved away. NULL,
 * or the (transfer full, free()) message. */
char *dn_encrypted_env_ingest(rocksdb_t *db, rocksdb_column_family_handle_t *const *families,
                              char *const *const *files, size_t families_count);

G_END_DECLS
#endif
