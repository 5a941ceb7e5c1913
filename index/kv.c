/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/kv.c - RocksDB behind ten calls.
 *
 * There is no write-ahead log, so what makes a crash harmless is atomic_flush: the memtables of
 * all families reach the disk together or not at all. dn_kv_flush() must name all families for
 * that; RocksDB's own flush of one family would tear them apart.
 *
 * Debian's RocksDB is built with its assertions: a family handle or iterator that outlives the
 * database aborts the process. dn_kv_close() and cursor_close() keep the order.
 */
#include "config.h"
#include "index/kv.h"
#include "base/digest.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "index/encrypted-env.h"
#include "index/key.h"
#include "index/posting.h"
#include "index/run.h"
#include "index/tally.h"

#include <rocksdb/c.h>
#include <stdlib.h>
#include <string.h>

enum {
    CACHE_BYTES = 96 << 20,
    MEMTABLES_BYTES = 48 << 20, /* of all families together; then they are flushed */
    MEMTABLE_BYTES = 32 << 20,  /* of one family */
    ARENA_BYTES = 256 << 10,
    BLOCK_BYTES = 16 << 10,
    SEARCH_BLOCK_BYTES = 8 << 10,
    OPEN_FILES = 256,
    MAX_KEY_BYTES = 64 << 10,
    IDLE_ITERATORS = 4,
    IDLE_SNAPSHOTS = 8,
    MANY = 64,       /* keys looked up at once */
    MARKS = 1 << 15, /* of what was written once, remembered */
    MARK_BYTES = 16,
    SAID = 64,
    FEW_LISTS = 32,
    ZSTD_WINDOW = -14,      /* RocksDB's own default */
    ZSTD_FAST = 1,          /* for what is written at once, and mostly sorted once more */
    LZ4HC_LEVEL = 4,        /* 7 % smaller; 9 would save another 1 % */
    MANY_OPERATIONS = 4096, /* of several vouchers, surely */
    FEW_BYTES = 1 << 20,    /* not worth a file of its own */
    FILE_BYTES = 64 << 20,
};

/* zstd for what stays, LZ4 for what is soon sorted again, paranoid checks for all; what c.h has no
 * setter for travels as text. */
static const char options_text[] =
    "compression=kLZ4Compression;bottommost_compression=kZSTD;"
    "compaction_pri=kMinOverlappingRatio;level_compaction_dynamic_level_bytes=true;"
    "paranoid_checks=true;paranoid_file_checks=true;force_consistency_checks=true;"
    "verify_sst_unique_id_in_manifest=true;avoid_unnecessary_blocking_io=true;"
    "memtable_protection_bytes_per_key=8;max_bgerror_resume_count=2147483647";

static const char *const family_names[DN_KV_FAMILIES] = {
    [DN_KV_META] = "default", /* RocksDB insists on a family of that name */
    [DN_KV_VOUCHER] = "voucher", [DN_KV_ENTRY] = "entry", [DN_KV_BLOB] = "blob",
    [DN_KV_HASH] = "hash",       [DN_KV_JOB] = "job",     [DN_KV_INDEX] = "index",
    [DN_KV_NAME] = "name",       [DN_KV_COUNT] = "count", [DN_KV_POSTING] = "posting",
    [DN_KV_TALLY] = "tally",
};

/* Rows are gathered in one run while another thread writes the one before. */
typedef struct {
    DnKv *kv;
    size_t memory_bytes;
    DnRun *filling;
    DnRun *writing;  /* (nullable) */
    GThread *thread; /* (nullable) that writes it */
    GError *failure; /* of writing: nothing may be written after it */
    unsigned files;
    bool has_written;
} Load;

struct DnKv {
    rocksdb_t *db;
    char *dir;
    Load *load;                                      /* (nullable) */
    rocksdb_options_t *load_options[DN_KV_FAMILIES]; /* (nullable) */
    rocksdb_env_t *env;
    rocksdb_cache_t *cache;
    rocksdb_options_t *options[DN_KV_FAMILIES];
    rocksdb_compactionfilter_t *drop_zeros;
    rocksdb_compactionfilter_t *drop_empty;
    rocksdb_column_family_handle_t *families[DN_KV_FAMILIES];
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    GMutex marks_lock;
    uint8_t (*marks)[MARK_BYTES]; /* MARKS of them, each at the place its own first bytes name */
    GMutex idle_lock;
    uint64_t changes;                   /* of what readers see, so far */
    DnKvSnapshot *idle[IDLE_SNAPSHOTS]; /* (nullable) of the state as it is */
};

/* To make an iterator costs as much as a few seeks, so a snapshot keeps those that were let go.
 * They have no bounds of their own: a cursor compares. While nothing is written one snapshot is as
 * good as another, so that whoever asks next takes it over, iterators and all. */
struct DnKvSnapshot {
    DnKv *kv;
    uint64_t changes; /* it shows the state after these, or a later one */
    const rocksdb_snapshot_t *snapshot;
    rocksdb_readoptions_t *read;
    rocksdb_iterator_t *idle[DN_KV_FAMILIES][IDLE_ITERATORS];
};

struct DnKvCursor {
    rocksdb_iterator_t *iterator;
    DnKvSnapshot *snapshot; /* (nullable) whose iterator it is */
    DnKvFamily family;
    GByteArray *bounds; /* from, and behind it to */
    size_t from_size;
    bool has_to;
    bool backwards;
    bool valid; /* within the bounds */
};

/* ONCE: the value is how many of the operations after it can be left out. */
typedef enum { OP_PUT, OP_DELETE, OP_MERGE, OP_ONCE } Op;

typedef struct {
    uint8_t op;
    uint8_t family;
    uint32_t key_size;
    uint32_t value_size;
} OpHeader; /* then the key, then the value */

struct DnKvBatch {
    GByteArray *ops;
    size_t size;
    size_t said[SAID]; /* where marks stand in it, plus 1, each at the place its hash names */
};

/* RocksDB says what failed in words only: "Corruption: ...". Takes @message. */
static bool
kv_fail(GError **error, char *message, const char *what)
{
    DnErrorCode code = DN_ERROR_IO;

    if (g_str_has_prefix(message, "Resource busy"))
        code = DN_ERROR_BUSY;
    else if (!g_str_has_prefix(message, "IO error") || strstr(message, "Corruption: ") ||
             strstr(message, "No such file"))
        code = DN_ERROR_CORRUPT;
    dn_fail(error, code, "%s: %s", what, message);
    rocksdb_free(message);
    return false;
}

/* What RocksDB says when a call below it fails; malloc()ed as it would be. */
static char *
kv_injected(void)
{
    return strdup("IO error: as asked by a fail point");
}

static const char *
drop_zeros_name(G_GNUC_UNUSED void *state)
{
    return "dencho.zero";
}

static void
drop_zeros_free(G_GNUC_UNUSED void *state)
{
}

static unsigned char
drop_zeros_filter(G_GNUC_UNUSED void *state, G_GNUC_UNUSED int level, G_GNUC_UNUSED const char *key,
                  G_GNUC_UNUSED size_t key_size, const char *value, size_t value_size,
                  G_GNUC_UNUSED char **new_value, G_GNUC_UNUSED size_t *new_value_size,
                  G_GNUC_UNUSED unsigned char *value_changed)
{
    static const char zero[sizeof(uint64_t)];

    return value_size == sizeof zero && memcmp(value, zero, sizeof zero) == 0;
}

static const char *
drop_empty_name(G_GNUC_UNUSED void *state)
{
    return "dencho.empty";
}

static unsigned char
drop_empty_filter(G_GNUC_UNUSED void *state, G_GNUC_UNUSED int level, G_GNUC_UNUSED const char *key,
                  G_GNUC_UNUSED size_t key_size, G_GNUC_UNUSED const char *value, size_t value_size,
                  G_GNUC_UNUSED char **new_value, G_GNUC_UNUSED size_t *new_value_size,
                  G_GNUC_UNUSED unsigned char *value_changed)
{
    return value_size == 0;
}

static const char *
posting_name(G_GNUC_UNUSED void *state)
{
    return "dencho.posting";
}

typedef char *(*Merge)(const DnPostingList *lists, size_t count, size_t *out_size);

static char *
merge_lists(Merge merge, const char *base, size_t base_size, const char *const *operands,
            const size_t *operands_sizes, int count, unsigned char *success, size_t *out_size)
{
    DnPostingList few[FEW_LISTS];
    g_autofree DnPostingList *many = NULL;
    DnPostingList *lists = few;
    size_t lists_count = 0;
    char *merged = NULL;

    if (count >= FEW_LISTS)
        lists = many = g_new(DnPostingList, (gsize)count + 1);
    if (base)
        lists[lists_count++] = (DnPostingList){base, base_size};
    for (int i = 0; i < count; i++)
        lists[lists_count++] = (DnPostingList){operands[i], operands_sizes[i]};
    merged = merge(lists, lists_count, out_size);
    *success = merged != NULL;
    return merged;
}

static char *
posting_merge_whole(const DnPostingList *lists, size_t count, size_t *out_size)
{
    return dn_posting_merge(lists, count, true, out_size);
}

static char *
posting_merge_part(const DnPostingList *lists, size_t count, size_t *out_size)
{
    return dn_posting_merge(lists, count, false, out_size);
}

static char *
posting_full_merge(G_GNUC_UNUSED void *state, G_GNUC_UNUSED const char *key,
                   G_GNUC_UNUSED size_t key_size, const char *base, size_t base_size,
                   const char *const *operands, const size_t *operands_sizes, int count,
                   unsigned char *success, size_t *out_size)
{
    return merge_lists(posting_merge_whole, base, base_size, operands, operands_sizes, count,
                       success, out_size);
}

static char *
posting_partial_merge(G_GNUC_UNUSED void *state, G_GNUC_UNUSED const char *key,
                      G_GNUC_UNUSED size_t key_size, const char *const *operands,
                      const size_t *operands_sizes, int count, unsigned char *success,
                      size_t *out_size)
{
    return merge_lists(posting_merge_part, NULL, 0, operands, operands_sizes, count, success,
                       out_size);
}

static const char *
tally_name(G_GNUC_UNUSED void *state)
{
    return "dencho.tally";
}

static char *
tally_full_merge(G_GNUC_UNUSED void *state, G_GNUC_UNUSED const char *key,
                 G_GNUC_UNUSED size_t key_size, const char *base, size_t base_size,
                 const char *const *operands, const size_t *operands_sizes, int count,
                 unsigned char *success, size_t *out_size)
{
    return merge_lists(dn_tally_merge, base, base_size, operands, operands_sizes, count, success,
                       out_size);
}

static char *
tally_partial_merge(G_GNUC_UNUSED void *state, G_GNUC_UNUSED const char *key,
                    G_GNUC_UNUSED size_t key_size, const char *const *operands,
                    const size_t *operands_sizes, int count, unsigned char *success,
                    size_t *out_size)
{
    return merge_lists(dn_tally_merge, NULL, 0, operands, operands_sizes, count, success, out_size);
}

static void
posting_free_value(G_GNUC_UNUSED void *state, const char *value, G_GNUC_UNUSED size_t size)
{
    free((char *)(uintptr_t)value);
}

/* Where single keys are looked up that may not be there; the others are read by cursors. */
static bool
has_filter(DnKvFamily family)
{
    return family != DN_KV_INDEX && family != DN_KV_NAME && family != DN_KV_POSTING &&
           family != DN_KV_TALLY;
}

/* What is written is added to what stands. */
static bool
is_merged(DnKvFamily family)
{
    return family == DN_KV_COUNT || family == DN_KV_POSTING || family == DN_KV_TALLY;
}

static rocksdb_options_t *
kv_options(DnKv *self, DnKvFamily family, GError **error)
{
    rocksdb_options_t *base = rocksdb_options_create();
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    char *message = NULL;

    rocksdb_block_based_options_set_block_cache(table, self->cache);
    rocksdb_block_based_options_set_block_size(table, family == DN_KV_INDEX ? SEARCH_BLOCK_BYTES
                                                                            : BLOCK_BYTES);
    if (has_filter(family))
        rocksdb_block_based_options_set_filter_policy(table,
                                                      rocksdb_filterpolicy_create_ribbon(10));
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    rocksdb_block_based_options_set_format_version(table, 5);

    rocksdb_get_options_from_string(base, options_text, options, &message);
    rocksdb_options_destroy(base);
    if (message) {
        rocksdb_block_based_options_destroy(table);
        rocksdb_options_destroy(options);
        kv_fail(error, message, "options of the index");
        return NULL;
    }
    /* A page of a search unpacks a block or two that no other page wanted: most of its time. */
    if (family == DN_KV_INDEX) {
        rocksdb_options_set_bottommost_compression(options, rocksdb_lz4hc_compression);
        rocksdb_options_set_bottommost_compression_options(options, ZSTD_WINDOW, LZ4HC_LEVEL, 0, 0,
                                                           1);
    }
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);

    rocksdb_options_set_env(options, self->env);
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_create_missing_column_families(options, 1);
    rocksdb_options_set_atomic_flush(options, 1);
    rocksdb_options_set_max_open_files(options, OPEN_FILES);
    /* It would start sixteen for each family, also where there are two files to open. */
    rocksdb_options_set_max_file_opening_threads(options, 1);
    rocksdb_options_set_db_write_buffer_size(options, MEMTABLES_BYTES);
    rocksdb_options_set_write_buffer_size(options, MEMTABLE_BYTES);
    rocksdb_options_set_arena_block_size(options, ARENA_BYTES);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    if (family == DN_KV_COUNT) {
        rocksdb_options_set_uint64add_merge_operator(options);
        rocksdb_options_set_compaction_filter(options, self->drop_zeros);
    } else if (family == DN_KV_POSTING) {
        rocksdb_options_set_merge_operator(
            options,
            rocksdb_mergeoperator_create(NULL, drop_zeros_free, posting_full_merge,
                                         posting_partial_merge, posting_free_value, posting_name));
        rocksdb_options_set_compaction_filter(options, self->drop_empty);
    } else if (family == DN_KV_TALLY) {
        rocksdb_options_set_merge_operator(
            options,
            rocksdb_mergeoperator_create(NULL, drop_zeros_free, tally_full_merge,
                                         tally_partial_merge, posting_free_value, tally_name));
        rocksdb_options_set_compaction_filter(options, self->drop_empty);
    }
    return options;
}

static void
snapshot_destroy(DnKvSnapshot *self)
{
    for (size_t family = 0; family < DN_KV_FAMILIES; family++)
        for (size_t i = 0; i < IDLE_ITERATORS; i++)
            if (self->idle[family][i])
                rocksdb_iter_destroy(self->idle[family][i]);
    rocksdb_readoptions_destroy(self->read);
    rocksdb_release_snapshot(self->kv->db, self->snapshot);
    g_free(self);
}

/* The state is another from here on. Snapshots that nobody uses go away: they would keep memory and
 * files of the state before. */
static void
kv_changed(DnKv *self)
{
    DnKvSnapshot *idle[IDLE_SNAPSHOTS];

    g_mutex_lock(&self->idle_lock);
    self->changes++;
    memcpy(idle, self->idle, sizeof idle);
    memset(self->idle, 0, sizeof self->idle);
    g_mutex_unlock(&self->idle_lock);
    for (size_t i = 0; i < IDLE_SNAPSHOTS; i++)
        if (idle[i])
            snapshot_destroy(idle[i]);
}

static void
load_free(Load *load)
{
    if (!load)
        return;
    if (load->thread)
        g_thread_join(load->thread);
    dn_run_free(load->writing);
    dn_run_free(load->filling);
    g_clear_error(&load->failure);
    g_free(load);
}

/* Frees what an open that failed has made so far, too. */
static void
kv_free(DnKv *self)
{
    load_free(self->load);
    kv_changed(self);
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        if (self->load_options[i])
            rocksdb_options_destroy(self->load_options[i]);
    g_free(self->dir);
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        if (self->families[i])
            rocksdb_column_family_handle_destroy(self->families[i]);
    if (self->db)
        rocksdb_close(self->db);
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        if (self->options[i])
            rocksdb_options_destroy(self->options[i]);
    if (self->drop_zeros)
        rocksdb_compactionfilter_destroy(self->drop_zeros);
    if (self->drop_empty)
        rocksdb_compactionfilter_destroy(self->drop_empty);
    if (self->read)
        rocksdb_readoptions_destroy(self->read);
    if (self->write)
        rocksdb_writeoptions_destroy(self->write);
    if (self->cache)
        rocksdb_cache_destroy(self->cache);
    if (self->env)
        rocksdb_env_destroy(self->env);
    g_free(self->marks);
    g_mutex_clear(&self->marks_lock);
    g_mutex_clear(&self->idle_lock);
    g_free(self);
}

static char *
load_dir(const char *dir)
{
    return g_build_filename(dir, "load", NULL);
}

/* Files of a load that did not come to its end are in no state of the index. */
static bool
forget_load(const char *dir, GError **error)
{
    g_autofree char *path = load_dir(dir);

    return !g_file_test(path, G_FILE_TEST_EXISTS) || dn_fs_remove_tree(path, error);
}

DnKv *
dn_kv_open(const char *dir, DnKvCipher cipher, void *user_data, GError **error)
{
    DnKv *self = NULL;
    char *message = NULL;

    if (!dn_fs_make_dir(dir, false, error) || !forget_load(dir, error)) {
        dn_fail_in(error, "index");
        return NULL;
    }
    self = g_new0(DnKv, 1);
    self->dir = g_strdup(dir);
    g_mutex_init(&self->marks_lock);
    g_mutex_init(&self->idle_lock);
    self->marks = g_malloc0_n(MARKS, MARK_BYTES);
    self->env = dn_encrypted_env_new(cipher, user_data);
    self->cache = rocksdb_cache_create_lru(CACHE_BYTES);
    self->read = rocksdb_readoptions_create();
    self->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(self->write, 1);
    self->drop_zeros =
        rocksdb_compactionfilter_create(NULL, drop_zeros_free, drop_zeros_filter, drop_zeros_name);
    self->drop_empty =
        rocksdb_compactionfilter_create(NULL, drop_zeros_free, drop_empty_filter, drop_empty_name);
    for (size_t i = 0; i < DN_KV_FAMILIES; i++) {
        self->options[i] = kv_options(self, (DnKvFamily)i, error);
        if (!self->options[i]) {
            kv_free(self);
            return NULL;
        }
    }
    if (DN_FAILPOINT("kv.open"))
        message = kv_injected();
    else
        self->db = rocksdb_open_column_families(
            self->options[DN_KV_META], dir, DN_KV_FAMILIES, family_names,
            (const rocksdb_options_t *const *)self->options, self->families, &message);
    if (message) {
        self->db = NULL;
        memset(self->families, 0, sizeof self->families);
        kv_fail(error, message, "cannot open the index");
        kv_free(self);
        return NULL;
    }
    return self;
}

/* Where the operations of batches go: rows gathered, or a batch of RocksDB. */
typedef struct {
    DnKv *kv;
    DnRun *run; /* (nullable) */
    rocksdb_writebatch_t *native;
    GArray *marks; /* DnSha256, of what was not written lately */
} Target;

static void
add_operation(DnKv *self, rocksdb_writebatch_t *native, const DnKvOperation *operation)
{
    rocksdb_column_family_handle_t *family = self->families[operation->family];
    const char *key = operation->key;
    const char *value = operation->value;

    if (operation->is_delete)
        rocksdb_writebatch_delete_cf(native, family, key, operation->key_size);
    else if (is_merged(operation->family))
        rocksdb_writebatch_merge_cf(native, family, key, operation->key_size, value,
                                    operation->value_size);
    else
        rocksdb_writebatch_put_cf(native, family, key, operation->key_size, value,
                                  operation->value_size);
}

static bool
put_gathered(const DnKvOperation *operation, G_GNUC_UNUSED unsigned group, void *user_data)
{
    Target *target = user_data;

    add_operation(target->kv, target->native, operation);
    return true;
}

static bool
write_native(DnKv *self, rocksdb_writebatch_t *native, GError **error)
{
    char *message = NULL;

    if (DN_FAILPOINT("kv.write"))
        message = kv_injected();
    else
        rocksdb_write(self->db, self->write, native, &message);
    kv_changed(self);
    return message ? kv_fail(error, message, "cannot write the index") : true;
}

/* --- a load: rows gathered, sorted, written as files --- */

/* Where rows of a run go: into files, one family after another. */
typedef struct {
    DnKv *kv;
    rocksdb_sstfilewriter_t *writer; /* (nullable) the file that is open */
    DnKvFamily family;
    unsigned group;
    uint64_t bytes; /* in that file, about */
    GPtrArray *files[DN_KV_FAMILIES];
    GError *error;
} Sink;

static bool
sink_finish_file(Sink *sink)
{
    char *message = NULL;

    if (!sink->writer)
        return true;
    rocksdb_sstfilewriter_finish(sink->writer, &message);
    rocksdb_sstfilewriter_destroy(sink->writer);
    sink->writer = NULL;
    return message ? kv_fail(&sink->error, message, "cannot write a file of the index") : true;
}

/* Rows by arrival, the largest, come in order and are hardly ever sorted again: they are packed at
 * once as what stays. */
static const rocksdb_options_t *
sink_options(const DnKv *kv, const DnKvOperation *operation)
{
    bool stays = operation->family == DN_KV_INDEX && operation->key_size > DN_UUID_BYTES &&
                 ((const uint8_t *)operation->key)[DN_UUID_BYTES] == DN_KEY_SEQ;

    return stays ? kv->options[operation->family] : kv->load_options[operation->family];
}

static bool
sink_open_file(Sink *sink, const DnKvOperation *operation)
{
    DnKv *kv = sink->kv;
    g_autofree char *dir = load_dir(kv->dir);
    rocksdb_envoptions_t *how = rocksdb_envoptions_create();
    char *path = g_strdup_printf("%s/%06u.sst", dir, kv->load->files++);
    char *message = NULL;

    sink->writer = rocksdb_sstfilewriter_create(how, sink_options(kv, operation));
    rocksdb_envoptions_destroy(how);
    g_ptr_array_add(sink->files[operation->family], path);
    sink->family = operation->family;
    sink->bytes = 0;
    rocksdb_sstfilewriter_open(sink->writer, path, &message);
    return message ? kv_fail(&sink->error, message, "cannot make a file of the index") : true;
}

/* A table of a tenant that is worth it has a file of its own: then the files of tables that grow at
 * their end lie one behind the other, and are never sorted again. */
static bool
sink_turn(Sink *sink, const DnKvOperation *operation, unsigned group)
{
    bool turns = !sink->writer || sink->family != operation->family || sink->bytes > FILE_BYTES ||
                 (sink->group != group && sink->bytes > FEW_BYTES);

    sink->group = group;
    return !turns || (sink_finish_file(sink) && sink_open_file(sink, operation));
}

static bool
sink_take(const DnKvOperation *operation, unsigned group, void *user_data)
{
    Sink *sink = user_data;
    const char *key = operation->key;
    const char *value = operation->value;
    char *message = NULL;

    if (!sink_turn(sink, operation, group))
        return false;
    if (operation->is_delete)
        rocksdb_sstfilewriter_delete(sink->writer, key, operation->key_size, &message);
    else if (is_merged(operation->family))
        rocksdb_sstfilewriter_merge(sink->writer, key, operation->key_size, value,
                                    operation->value_size, &message);
    else
        rocksdb_sstfilewriter_put(sink->writer, key, operation->key_size, value,
                                  operation->value_size, &message);
    sink->bytes += operation->key_size + operation->value_size;
    return message ? kv_fail(&sink->error, message, "cannot write a file of the index") : true;
}

static bool
sink_ingest(Sink *sink)
{
    DnKv *kv = sink->kv;
    char *const *files[DN_KV_FAMILIES];
    char *message = NULL;

    for (size_t i = 0; i < DN_KV_FAMILIES; i++) {
        g_ptr_array_add(sink->files[i], NULL);
        files[i] = (char *const *)sink->files[i]->pdata;
    }
    if (DN_FAILPOINT("kv.ingest"))
        message = kv_injected();
    else
        message = dn_encrypted_env_ingest(kv->db, kv->families, files, DN_KV_FAMILIES);
    kv_changed(kv);
    return message ? kv_fail(&sink->error, message, "cannot add to the index") : true;
}

static gpointer
load_write(gpointer data)
{
    Load *load = data;
    Sink sink = {.kv = load->kv};

    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        sink.files[i] = g_ptr_array_new_with_free_func(g_free);
    if (dn_run_each(load->writing, sink_take, &sink) && sink_finish_file(&sink))
        sink_ingest(&sink);
    if (sink.writer)
        rocksdb_sstfilewriter_destroy(sink.writer);
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        g_ptr_array_unref(sink.files[i]);
    load->failure = sink.error;
    return NULL;
}

/* Waits for what is being written. */
static bool
load_join(Load *load, GError **error)
{
    if (load->thread)
        g_thread_join(load->thread);
    load->thread = NULL;
    g_clear_pointer(&load->writing, dn_run_free);
    if (load->failure && error)
        *error = g_error_copy(load->failure);
    return !load->failure;
}

static void
set_compactions(DnKv *self, bool on)
{
    static const char *const keys[] = {"disable_auto_compactions"};
    const char *const values[] = {on ? "false" : "true"};

    for (size_t i = 0; i < DN_KV_FAMILIES; i++) {
        char *message = NULL;

        rocksdb_set_options_cf(self->db, self->families[i], 1, keys, values, &message);
        rocksdb_free(message); /* then files are sorted more often than they need */
    }
}

static void
load_prepare(DnKv *self)
{
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        if (!self->load_options[i]) {
            self->load_options[i] = rocksdb_options_create_copy(self->options[i]);
            rocksdb_options_set_bottommost_compression_options(self->load_options[i], ZSTD_WINDOW,
                                                               ZSTD_FAST, 0, 0, 1);
            if (i == DN_KV_INDEX)
                rocksdb_options_set_bottommost_compression(self->load_options[i],
                                                           rocksdb_lz4_compression);
        }
    set_compactions(self, false);
}

/* What is gathered is written while more is gathered. */
static bool
load_turn(Load *load, GError **error)
{
    g_autofree char *dir = load_dir(load->kv->dir);

    if (!load_join(load, error) || !dn_fs_make_dir(dir, false, error))
        return false;
    if (!load->has_written)
        load_prepare(load->kv);
    load->writing = load->filling;
    load->filling = dn_run_new();
    load->has_written = true;
    load->thread = g_thread_new("load", load_write, load);
    return true;
}

/* The end of a load that is no more than an ordinary batch. */
static bool
load_put(DnKv *self, GError **error)
{
    Target target = {.kv = self, .native = rocksdb_writebatch_create()};
    bool ok = false;

    dn_run_each(self->load->filling, put_gathered, &target);
    dn_run_free(self->load->filling);
    self->load->filling = dn_run_new();
    ok = write_native(self, target.native, error);
    rocksdb_writebatch_destroy(target.native);
    return ok;
}

/* All that is gathered is in the database. */
static bool
load_finish(DnKv *self, GError **error)
{
    Load *load = self->load;

    if (!load_join(load, error))
        return false;
    if (dn_run_bytes(load->filling) <= FEW_BYTES)
        return load_put(self, error);
    return load_turn(load, error) && load_join(load, error);
}

void
dn_kv_begin_load(DnKv *self, size_t memory_bytes)
{
    if (self->load)
        return;
    self->load = g_new0(Load, 1);
    self->load->kv = self;
    self->load->memory_bytes = memory_bytes;
    self->load->filling = dn_run_new();
}

bool
dn_kv_end_load(DnKv *self, GError **error)
{
    bool has_written = false;
    bool ok = true;

    if (!self->load)
        return true;
    ok = load_finish(self, error);
    has_written = self->load->has_written;
    g_clear_pointer(&self->load, load_free);
    if (!has_written)
        return ok;
    set_compactions(self, true);
    forget_load(self->dir, NULL); /* else at the next opening */
    return ok;
}

bool
dn_kv_flush(DnKv *self, GError **error)
{
    if (self->load && !load_finish(self, error))
        return false;

    char *message = DN_FAILPOINT("kv.flush")
                        ? kv_injected()
                        : dn_encrypted_env_flush(self->db, self->families, DN_KV_FAMILIES);

    kv_changed(self); /* its memory can go */
    return message ? kv_fail(error, message, "cannot flush the index") : true;
}

bool
dn_kv_check(DnKv *self, GError **error)
{
    char *message = dn_encrypted_env_check(self->db);

    return message ? kv_fail(error, message, "a file of the index is damaged") : true;
}

void
dn_kv_compact(DnKv *self)
{
    for (size_t i = 0; i < DN_KV_FAMILIES; i++)
        rocksdb_compact_range_cf(self->db, self->families[i], NULL, 0, NULL, 0);
    kv_changed(self); /* files that were sorted together can go */
}

void
dn_kv_close(DnKv *self)
{
    g_autoptr(GError) error = NULL;

    if (!self)
        return;
    if (!dn_kv_flush(self, &error))
        g_debug("closing: %s", error->message); /* the log has it all: applied at the next start */
    kv_free(self);
}

static GBytes *
kv_get(DnKv *self, rocksdb_readoptions_t *read, DnKvFamily family, const void *key, size_t key_size,
       GError **error)
{
    char *message = NULL;
    size_t size = 0;
    const char *bytes = NULL;
    GBytes *value = NULL;
    rocksdb_pinnableslice_t *slice = NULL;

    if (DN_FAILPOINT("kv.get"))
        message = kv_injected();
    else
        slice =
            rocksdb_get_pinned_cf(self->db, read, self->families[family], key, key_size, &message);

    if (message) {
        kv_fail(error, message, "cannot read the index");
        return NULL;
    }
    bytes = rocksdb_pinnableslice_value(slice, &size);
    value = bytes ? g_bytes_new(bytes, size) : NULL;
    rocksdb_pinnableslice_destroy(slice);
    return value;
}

/* What has been gathered of a key: false when nothing was. */
static bool
load_find(const Load *load, DnKvFamily family, const void *key, size_t key_size,
          DnKvOperation *out_operation)
{
    return dn_run_find(load->filling, family, key, key_size, out_operation) ||
           (load->writing && dn_run_find(load->writing, family, key, key_size, out_operation));
}

GBytes *
dn_kv_get(DnKv *self, DnKvFamily family, const void *key, size_t key_size, GError **error)
{
    DnKvOperation gathered;

    if (self->load && load_find(self->load, family, key, key_size, &gathered))
        return gathered.is_delete ? NULL : g_bytes_new(gathered.value, gathered.value_size);
    return kv_get(self, self->read, family, key, key_size, error);
}

/* (transfer full) (nullable) One that nobody uses and that is of this moment. Else @out_changes
 * says what one that is made now shows at least. */
static DnKvSnapshot *
snapshot_take(DnKv *self, uint64_t *out_changes)
{
    DnKvSnapshot *snapshot = NULL;

    g_mutex_lock(&self->idle_lock);
    *out_changes = self->changes;
    for (size_t i = 0; !snapshot && i < IDLE_SNAPSHOTS; i++)
        snapshot = g_steal_pointer(&self->idle[i]);
    g_mutex_unlock(&self->idle_lock);
    return snapshot;
}

DnKvSnapshot *
dn_kv_snapshot(DnKv *self)
{
    uint64_t changes = 0;
    DnKvSnapshot *snapshot = snapshot_take(self, &changes);

    if (snapshot)
        return snapshot;
    snapshot = g_new0(DnKvSnapshot, 1);
    snapshot->kv = self;
    snapshot->changes = changes;
    snapshot->snapshot = rocksdb_create_snapshot(self->db);
    snapshot->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(snapshot->read, snapshot->snapshot);
    return snapshot;
}

/* False when it is of an earlier state, or there are enough. */
static bool
snapshot_give(DnKvSnapshot *self)
{
    DnKv *kv = self->kv;
    bool given = false;

    g_mutex_lock(&kv->idle_lock);
    for (size_t i = 0; !given && self->changes == kv->changes && i < IDLE_SNAPSHOTS; i++)
        if (!kv->idle[i]) {
            kv->idle[i] = self;
            given = true;
        }
    g_mutex_unlock(&kv->idle_lock);
    return given;
}

void
dn_kv_snapshot_free(DnKvSnapshot *self)
{
    if (self && !snapshot_give(self))
        snapshot_destroy(self);
}

GBytes *
dn_kv_snapshot_get(DnKvSnapshot *self, DnKvFamily family, const void *key, size_t key_size,
                   GError **error)
{
    return kv_get(self->kv, self->read, family, key, key_size, error);
}

/* The first failure, if any; all messages are freed. */
static bool
many_failed(char **messages, size_t count, GError **error)
{
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        if (messages[i] && ok)
            ok = kv_fail(error, messages[i], "cannot read the index");
        else if (messages[i])
            rocksdb_free(messages[i]);
    }
    return !ok;
}

/* Up to MANY of them. */
static bool
get_some(DnKvSnapshot *self, DnKvFamily family, const char *const *at, const size_t *sizes,
         size_t first, size_t count, DnKvFound found, void *user_data, GError **error)
{
    rocksdb_pinnableslice_t *values[MANY] = {NULL};
    char *messages[MANY] = {NULL};
    bool failed = false;

    if (DN_FAILPOINT("kv.get"))
        messages[0] = kv_injected();
    else
        rocksdb_batched_multi_get_cf(self->kv->db, self->read, self->kv->families[family], count,
                                     at, sizes, values, messages, true);
    failed = many_failed(messages, count, error);
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        const char *value = values[i] ? rocksdb_pinnableslice_value(values[i], &size) : NULL;

        if (value && !failed)
            found(first + i, (const uint8_t *)value, size, user_data);
        rocksdb_pinnableslice_destroy(values[i]);
    }
    return !failed;
}

bool
dn_kv_snapshot_get_many(DnKvSnapshot *self, DnKvFamily family, const void *keys, size_t key_size,
                        size_t count, DnKvFound found, void *user_data, GError **error)
{
    for (size_t first = 0; first < count; first += MANY) {
        const char *at[MANY];
        size_t sizes[MANY];
        size_t some = MIN(count - first, MANY);

        for (size_t i = 0; i < some; i++) {
            at[i] = (const char *)keys + (first + i) * key_size;
            sizes[i] = key_size;
        }
        if (!get_some(self, family, at, sizes, first, some, found, user_data, error))
            return false;
    }
    return true;
}

bool
dn_kv_snapshot_get_keys(DnKvSnapshot *self, DnKvFamily family, const GPtrArray *keys,
                        DnKvFound found, void *user_data, GError **error)
{
    for (guint first = 0; first < keys->len; first += MANY) {
        const char *at[MANY];
        size_t sizes[MANY];
        guint some = MIN(keys->len - first, (guint)MANY);

        for (guint i = 0; i < some; i++) {
            const GByteArray *key = g_ptr_array_index(keys, first + i);

            at[i] = (const char *)key->data;
            sizes[i] = key->len;
        }
        if (!get_some(self, family, at, sizes, first, some, found, user_data, error))
            return false;
    }
    return true;
}

DnKvBatch *
dn_kv_batch_new(void)
{
    DnKvBatch *self = g_new0(DnKvBatch, 1);

    self->ops = g_byte_array_new();
    return self;
}

void
dn_kv_batch_free(DnKvBatch *self)
{
    if (!self)
        return;
    g_byte_array_unref(self->ops);
    g_free(self);
}

static void
batch_add(DnKvBatch *self, Op op, DnKvFamily family, const void *key, size_t key_size,
          const void *value, size_t value_size)
{
    OpHeader header = {(uint8_t)op, (uint8_t)family, (uint32_t)key_size, (uint32_t)value_size};
    size_t at = self->ops->len;
    guint8 *next = NULL;

    g_assert(family < DN_KV_FAMILIES && key_size <= MAX_KEY_BYTES && value_size <= INT32_MAX);
    g_byte_array_set_size(self->ops, (guint)(at + sizeof header + key_size + value_size));
    next = self->ops->data + at;
    memcpy(next, &header, sizeof header);
    memcpy(next + sizeof header, key, key_size);
    memcpy(next + sizeof header + key_size, value, value_size);
    self->size++;
}

size_t
dn_kv_batch_size(const DnKvBatch *self)
{
    return self->size;
}

void
dn_kv_batch_put(DnKvBatch *self, DnKvFamily family, const void *key, size_t key_size,
                const void *value, size_t value_size)
{
    g_assert(!is_merged(family));
    batch_add(self, OP_PUT, family, key, key_size, value, value_size);
}

void
dn_kv_batch_delete(DnKvBatch *self, DnKvFamily family, const void *key, size_t key_size)
{
    batch_add(self, OP_DELETE, family, key, key_size, "", 0);
}

void
dn_kv_batch_add(DnKvBatch *self, const void *key, size_t key_size, int64_t delta)
{
    uint64_t bits = GUINT64_TO_LE((uint64_t)delta);

    batch_add(self, OP_MERGE, DN_KV_COUNT, key, key_size, &bits, sizeof bits);
}

void
dn_kv_batch_post(DnKvBatch *self, const void *key, size_t key_size, uint16_t place, bool removed)
{
    uint8_t list[DN_POSTING_ONE_BYTES];

    batch_add(self, OP_MERGE, DN_KV_POSTING, key, key_size, list,
              dn_posting_one(place, removed, list));
}

void
dn_kv_batch_tally(DnKvBatch *self, const void *key, size_t key_size, uint16_t place, bool removed)
{
    uint8_t tally[DN_TALLY_ONE_BYTES];

    batch_add(self, OP_MERGE, DN_KV_TALLY, key, key_size, tally,
              dn_tally_one(place, removed, tally));
}

/* Is the same mark where @at says that one was put lately? */
static bool
is_said(const DnKvBatch *self, size_t at, const void *mark, size_t mark_size)
{
    const guint8 *said = self->ops->data + at - 1;
    OpHeader header;

    if (at == 0)
        return false;
    memcpy(&header, said, sizeof header);
    return header.key_size == mark_size && memcmp(said + sizeof header, mark, mark_size) == 0;
}

bool
dn_kv_batch_once(DnKvBatch *self, const void *mark, size_t mark_size, unsigned count)
{
    const uint8_t *bytes = mark;
    uint32_t hash = 5381;
    size_t *slot = NULL;

    for (size_t i = 0; i < mark_size; i++)
        hash = hash * 33 + bytes[i];
    slot = &self->said[hash % SAID];
    if (is_said(self, *slot, mark, mark_size))
        return false;
    *slot = (size_t)self->ops->len + 1;
    batch_add(self, OP_ONCE, DN_KV_META, mark, mark_size, &count, sizeof count);
    self->size--;
    return true;
}

bool
dn_kv_batch_each(const DnKvBatch *self,
                 bool (*visit)(const DnKvOperation *operation, void *user_data), void *user_data)
{
    const guint8 *p = self->ops->data;
    const guint8 *end = p ? p + self->ops->len : NULL;

    while (p < end) {
        OpHeader header;
        DnKvOperation operation;

        memcpy(&header, p, sizeof header);
        p += sizeof header;
        operation = (DnKvOperation){.family = (DnKvFamily)header.family,
                                    .is_delete = header.op == OP_DELETE,
                                    .key = p,
                                    .key_size = header.key_size,
                                    .value = p + header.key_size,
                                    .value_size = header.value_size};
        p += header.key_size + header.value_size;
        if (header.op != OP_ONCE && !visit(&operation, user_data))
            return false;
    }
    return true;
}

static uint8_t *
mark_slot(DnKv *self, const DnSha256 *mark)
{
    return self->marks[(mark->bytes[MARK_BYTES] << 8 | mark->bytes[MARK_BYTES + 1]) % MARKS];
}

static bool
is_marked(DnKv *self, const DnSha256 *mark)
{
    bool marked = false;

    g_mutex_lock(&self->marks_lock);
    marked = memcmp(mark_slot(self, mark), mark->bytes, MARK_BYTES) == 0;
    g_mutex_unlock(&self->marks_lock);
    return marked;
}

/* Only when the batch is written: what is left out relies on it. */
static void
add_marks(DnKv *self, const GArray *marks)
{
    g_mutex_lock(&self->marks_lock);
    for (guint i = 0; i < marks->len; i++) {
        const DnSha256 *mark = &g_array_index(marks, DnSha256, i);

        memcpy(mark_slot(self, mark), mark->bytes, MARK_BYTES);
    }
    g_mutex_unlock(&self->marks_lock);
}

static DnKvOperation
operation_of(const OpHeader *header, const char *key)
{
    return (DnKvOperation){.family = (DnKvFamily)header->family,
                           .is_delete = header->op == OP_DELETE,
                           .key = key,
                           .key_size = header->key_size,
                           .value = key + header->key_size,
                           .value_size = header->value_size};
}

static void
take_batch(Target *target, const DnKvBatch *batch)
{
    const guint8 *p = batch->ops->data;
    const guint8 *end = p ? p + batch->ops->len : NULL;
    unsigned skip = 0;

    while (p < end) {
        OpHeader header;
        const char *key = (const char *)p + sizeof header;

        memcpy(&header, p, sizeof header);
        p += sizeof header + header.key_size + header.value_size;
        if (header.op == OP_ONCE) {
            DnSha256 mark = dn_sha256(key, header.key_size);

            if (is_marked(target->kv, &mark))
                memcpy(&skip, key + header.key_size, sizeof skip);
            else
                g_array_append_val(target->marks, mark);
        } else if (skip > 0) {
            skip--;
        } else {
            DnKvOperation operation = operation_of(&header, key);

            if (target->run)
                dn_run_add(target->run, &operation);
            else
                add_operation(target->kv, target->native, &operation);
        }
    }
}

/* A batch of many vouchers adds to the same lists and counters again and again, so that it is
 * gathered first. */
static bool
is_big(const DnKvBatch *const *batches, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += batches[i]->size;
    return size > MANY_OPERATIONS;
}

bool
dn_kv_write_all(DnKv *self, const DnKvBatch *const *batches, size_t count, GError **error)
{
    g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(DnSha256));
    g_autoptr(DnRun) gathered = !self->load && is_big(batches, count) ? dn_run_new() : NULL;
    Target target = {.kv = self,
                     .run = self->load ? self->load->filling : gathered,
                     .native = rocksdb_writebatch_create(),
                     .marks = marks};
    bool ok = true;

    for (size_t i = 0; i < count; i++)
        take_batch(&target, batches[i]);
    if (gathered)
        dn_run_each(gathered, put_gathered, &target);
    if (!self->load)
        ok = write_native(self, target.native, error);
    else if (dn_run_bytes(self->load->filling) > self->load->memory_bytes)
        ok = load_turn(self->load, error);
    rocksdb_writebatch_destroy(target.native);
    if (ok)
        add_marks(self, marks);
    return ok;
}

bool
dn_kv_write(DnKv *self, const DnKvBatch *batch, GError **error)
{
    return dn_kv_write_all(self, &batch, 1, error);
}

static rocksdb_iterator_t *
iterator_take(DnKvSnapshot *self, DnKvFamily family)
{
    for (size_t i = 0; i < IDLE_ITERATORS; i++) {
        rocksdb_iterator_t *iterator = self->idle[family][i];

        if (iterator) {
            self->idle[family][i] = NULL;
            return iterator;
        }
    }
    return rocksdb_create_iterator_cf(self->kv->db, self->read, self->kv->families[family]);
}

static void
iterator_give(DnKvSnapshot *self, DnKvFamily family, rocksdb_iterator_t *iterator)
{
    for (size_t i = 0; i < IDLE_ITERATORS; i++)
        if (!self->idle[family][i]) {
            self->idle[family][i] = iterator;
            return;
        }
    rocksdb_iter_destroy(iterator);
}

static int
compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t size = MIN(a_size, b_size);
    int order = size > 0 ? memcmp(a, b, size) : 0;

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int
compare_from(const DnKvCursor *self, const void *key, size_t key_size)
{
    return compare(key, key_size, self->bounds->data, self->from_size);
}

static int
compare_to(const DnKvCursor *self, const void *key, size_t key_size)
{
    return self->has_to ? compare(key, key_size, self->bounds->data + self->from_size,
                                  self->bounds->len - self->from_size)
                        : -1;
}

/* After a move: is it still within the bound that lies ahead? */
static void
cursor_settle(DnKvCursor *self)
{
    size_t size = 0;
    const char *key = NULL;

    self->valid = rocksdb_iter_valid(self->iterator);
    if (!self->valid || (self->backwards ? self->from_size == 0 : !self->has_to))
        return;
    key = rocksdb_iter_key(self->iterator, &size);
    self->valid =
        self->backwards ? compare_from(self, key, size) >= 0 : compare_to(self, key, size) < 0;
}

static void
cursor_to_begin(DnKvCursor *self)
{
    const char *from = self->from_size > 0 ? (const char *)self->bounds->data : "";

    if (!self->backwards && self->from_size == 0)
        rocksdb_iter_seek_to_first(self->iterator);
    else if (!self->backwards)
        rocksdb_iter_seek(self->iterator, from, self->from_size);
    else if (!self->has_to)
        rocksdb_iter_seek_to_last(self->iterator);
    else {
        size_t size = 0;
        const char *key = NULL;

        rocksdb_iter_seek_for_prev(self->iterator,
                                   (const char *)self->bounds->data + self->from_size,
                                   self->bounds->len - self->from_size);
        if (rocksdb_iter_valid(self->iterator)) {
            key = rocksdb_iter_key(self->iterator, &size);
            if (compare_to(self, key, size) == 0) /* the end is not in the range */
                rocksdb_iter_prev(self->iterator);
        }
    }
    cursor_settle(self);
}

void
dn_kv_cursor_range(DnKvCursor *self, const void *from, size_t from_size, const void *to,
                   size_t to_size)
{
    g_byte_array_set_size(self->bounds, 0);
    g_byte_array_append(self->bounds, from, (guint)from_size);
    if (to)
        g_byte_array_append(self->bounds, to, (guint)to_size);
    self->from_size = from_size;
    self->has_to = to != NULL;
    cursor_to_begin(self);
}

static DnKvCursor *
cursor_new(rocksdb_iterator_t *iterator, DnKvSnapshot *snapshot, DnKvFamily family, bool backwards)
{
    DnKvCursor *self = g_new0(DnKvCursor, 1);

    self->iterator = iterator;
    self->snapshot = snapshot;
    self->family = family;
    self->backwards = backwards;
    self->bounds = g_byte_array_sized_new(128);
    return self;
}

DnKvCursor *
dn_kv_cursor(DnKv *self, DnKvFamily family, const void *from, size_t from_size, const void *to,
             size_t to_size, bool backwards)
{
    DnKvCursor *cursor =
        cursor_new(rocksdb_create_iterator_cf(self->db, self->read, self->families[family]), NULL,
                   family, backwards);

    dn_kv_cursor_range(cursor, from, from_size, to, to_size);
    return cursor;
}

DnKvCursor *
dn_kv_snapshot_cursor(DnKvSnapshot *self, DnKvFamily family, const void *from, size_t from_size,
                      const void *to, size_t to_size, bool backwards)
{
    DnKvCursor *cursor = cursor_new(iterator_take(self, family), self, family, backwards);

    dn_kv_cursor_range(cursor, from, from_size, to, to_size);
    return cursor;
}

bool
dn_kv_cursor_valid(const DnKvCursor *self)
{
    return self->valid;
}

void
dn_kv_cursor_next(DnKvCursor *self)
{
    if (!self->valid)
        return;
    if (self->backwards)
        rocksdb_iter_prev(self->iterator);
    else
        rocksdb_iter_next(self->iterator);
    cursor_settle(self);
}

void
dn_kv_cursor_seek(DnKvCursor *self, const void *key, size_t key_size)
{
    if (self->backwards ? compare_to(self, key, key_size) >= 0
                        : compare_from(self, key, key_size) < 0) {
        cursor_to_begin(self);
        return;
    }
    if (self->backwards)
        rocksdb_iter_seek_for_prev(self->iterator, key, key_size);
    else
        rocksdb_iter_seek(self->iterator, key, key_size);
    cursor_settle(self);
}

const uint8_t *
dn_kv_cursor_key(const DnKvCursor *self, size_t *out_size)
{
    return (const uint8_t *)rocksdb_iter_key(self->iterator, out_size);
}

const uint8_t *
dn_kv_cursor_value(const DnKvCursor *self, size_t *out_size)
{
    return (const uint8_t *)rocksdb_iter_value(self->iterator, out_size);
}

bool
dn_kv_cursor_ok(const DnKvCursor *self, GError **error)
{
    char *message = NULL;

    if (DN_FAILPOINT("kv.cursor"))
        message = kv_injected();
    else
        rocksdb_iter_get_error(self->iterator, &message);
    return message ? kv_fail(error, message, "cannot read the index") : true;
}

void
dn_kv_cursor_close(DnKvCursor *self)
{
    if (!self)
        return;
    if (self->snapshot)
        iterator_give(self->snapshot, self->family, self->iterator);
    else
        rocksdb_iter_destroy(self->iterator);
    g_byte_array_unref(self->bounds);
    g_free(self);
}
