/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/internal.h - what the files of the archive share behind engine/archive.h.
 *
 * Locks, in the order in which they are taken:
 *   stripe   one of 64, by voucher or by digest: state is read, decided upon and committed under
 * it. Nobody holds two, but for a disposal and a split: they take all, in order, so that nothing
 * comes in or changes between its last look and the end of a key write    the ledger's heads and
 * the order of appends; never held across a sync apply    the view is changed; commits are applied
 * in the order of the log
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "base/digest.h"
#include "base/limits.h"
#include "base/settings.h"
#include "base/text.h"
#include "engine/archive.h"
#include "engine/duty.h"
#include "engine/evidence/evidence.h"
#include "engine/law/rules.h"
#include "engine/lately.h"
#include "engine/ledger/ledger.h"
#include "engine/reader.h"
#include "engine/registry/file.h"
#include "engine/seal/envelope.h"
#include "engine/seal/escrow.h"
#include "engine/store/store.h"
#include "engine/voucher.h"
#include "index/query.h"

G_BEGIN_DECLS

#define DN_DEFAULT_TENANT "default"

enum { DN_STRIPES = 64 };

/** A public list, opened when a document is first read. */
typedef struct {
    DnRegistryFile *file; /* NULL: there is none that can be used */
    json_t *record;       /* what the ledger tells of it */
    bool is_looked_for;
} DnRegistryList;

struct DnArchive {
    char *dir;
    char *key_file;
    bool key_protected;
    DnPassphrases passphrases;
    char *actor;
    char *worker_path;
    DnSettings *settings;
    DnRules *rules; /* of the settings */
    DnLimits limits;
    DnUuid id;
    int lock_fd;

    DnKeyring *keys;
    DnStore *store;
    DnStreamCipher *view_cipher;
    DnKv *view;
    DnLately *lately; /* of what the view shows */
    DnUuid tenant;
    char *tenant_name;

    GMutex hand_lock;
    GCond hand_changed;
    uint64_t in_hand_bytes; /* of memory for documents on their way in; ingest.c */

    GMutex reader_lock;
    DnReader *reader; /* started when the first document is read */

    GMutex stripes[DN_STRIPES];
    GMutex write_lock;
    GCond write_changed;
    GHashTable *heads;          /* DnUuid -> DnLedgerHead, of what has been appended */
    GQueue pending;             /* Pending of commit.c: appended, not yet applied */
    int64_t last_commit_utc_ms; /* under write_lock */
    bool heads_are_stale;       /* an append failed: read them from the view again */
    GMutex apply_lock;
    DnStorePosition applied; /* under apply_lock: the view's position */
    gint view_behind;        /* atomic: a commit could not be applied; the log has it */

    GMutex reserve_lock;
    bool reserved;
    GMutex registry_lock;
    DnRegistryList registry[DN_LIST_ISSUERS + 1]; /* under registry_lock; by kind of list */
    GMutex registry_import_lock;                  /* one import at a time */
    GMutex witness_lock;
    DnStorePosition witnessed; /* position that the witness tells of */
    bool witness_holds;        /* the log was compared with it */
};

static inline void
dn_mutex_unlocker(GMutex **mutex)
{
    if (*mutex)
        g_mutex_unlock(*mutex);
}

/** Locks until the end of the block. */
#define DN_LOCKED(mutex)                                                                           \
    __attribute__((cleanup(dn_mutex_unlocker))) GMutex *G_PASTE(locked_, __LINE__) =               \
        (g_mutex_lock(mutex), (mutex))

/** The stripe that guards decisions about these 16 or more bytes. */
GMutex *dn_archive_stripe(DnArchive *self, const void *bytes);

/* --- commit.c: facts become durable --- */

/** A document or derivative on its way into the log. */
typedef struct {
    DnUuid id;
    DnPart part;
    GBytes *plain;          /* lent */
    DnSha256 digest;        /* of @plain */
    GBytes *sealed;         /* (nullable) when it is sealed already; then owned */
    DnSha256 sealed_digest; /* of it */
} DnNewBlob;

/** A blob of a fresh id; @digest (nullable): of @plain, when it is known already. */
DnNewBlob dn_new_blob(DnPart part, GBytes *plain, const DnSha256 *digest);

/** A document of a fresh id, hashed and sealed under the key of @period in one pass. What is not
 * committed then was sealed in vain. */
bool dn_new_document(DnArchive *self, const DnUuid *tenant, const char *period, GBytes *plain,
                     DnNewBlob *out_blob, GError **error);
void dn_new_blob_clear(DnNewBlob *blob);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnNewBlob, dn_new_blob_clear)

/**
 * Seals @blobs that are not under the key of @period, chains @entry to @tenant's ledger and returns
 * when both are durable and the view shows them.
 * @period may be NULL without blobs. IO: nothing of it is in the archive.
 */
bool dn_commit(DnArchive *self, const DnUuid *tenant, const char *period, const DnNewBlob *blobs,
               size_t blob_count, const json_t *entry, GError **error);

/** The same for @entry_count entries that are in the archive together or not at all. */
bool dn_commit_all(DnArchive *self, const DnUuid *tenant, const char *period,
                   const DnNewBlob *blobs, size_t blob_count, const json_t *const *entries,
                   size_t entry_count, GError **error);

/* --- archive.c --- */

/** Makes an archive without a tenant: what dn_archive_init() does first. *@out_master (transfer
 * full): its key. */
bool dn_archive_make(const char *dir, const DnArchiveInit *options, DnSecret **out_master,
                     char **out_key_file, GError **error);

/** (transfer full) For naming vouchers while the log cannot be opened: keys, the view as it is, the
 * tenant. Without a log, so that nothing may be read or written through it. */
DnArchive *dn_archive_open_view_only(const char *dir, const DnArchiveOptions *options,
                                     GError **error);

/** (transfer full) The master key that @options, else @settings, else the name of @dir tell of;
 * *@out_key_file (transfer full, also on failure) is its file, NULL when it came by descriptor. */
DnSecret *dn_archive_master(const char *dir, const DnSettings *settings,
                            const DnArchiveOptions *options, char **out_key_file,
                            bool *out_protected, GError **error);

/** dn_archive_open() before a tenant is chosen. @master (nullable): then no key is looked for. */
DnArchive *dn_archive_open_all(const char *dir, const DnArchiveOptions *options,
                               const DnSecret *master, DnProgress progress, void *user_data,
                               GError **error);

/** The handle is of the open tenant @name from now on. NOT_FOUND. */
bool dn_archive_use_tenant(DnArchive *self, const char *name, GError **error);

/** Opens the view and brings it up to the log. A view that is damaged is built again. */
bool dn_view_open(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                  GError **error);

/** Loads the key file @path, asking @passphrases when it is protected. */
DnSecret *dn_key_file_load(const char *path, const DnPassphrases *passphrases, bool *out_protected,
                           GError **error);

/** Makes the key file @path, asking for a fresh passphrase when @protect. */
bool dn_key_file_make(const DnSecret *master, const char *path, bool protect,
                      const DnPassphrases *passphrases, GError **error);

/** The key of @text, which came from @path or a descriptor. */
DnSecret *dn_key_text_open(const DnSecret *text, const char *path, const DnPassphrases *passphrases,
                           GError **error);

/** Completes closings that are on record: keys and rows go, the view is built again. */
bool dn_closing_complete(DnArchive *self, DnProgress progress, void *user_data, GError **error);
/* --- reserve.c: space for closing --- */

/** True when the reserve is held, or could be had again. IO: the disk is full, nothing is to be
 * written. */
bool dn_reserve_take(DnArchive *self, GError **error);
/** Gives it back to the file system. */
void dn_reserve_release(DnArchive *self);
/** The same, when there is hardly anything else left. */
void dn_reserve_release_if_low(DnArchive *self);

/* --- witness.c: an older copy put back is noticed --- */

/** (transfer full) Its file, or NULL when the key came from a descriptor. */
char *dn_witness_path(const DnArchive *self);
/** Writes it unless it tells of this position already. The view is what it tells of. */
bool dn_witness_write(DnArchive *self, GError **error);
/** CORRUPT when the log is not a continuation of what the witness tells of. */
bool dn_witness_check(DnArchive *self, GError **error);
/** Enters into the ledger that what was @found is accepted, and writes a new witness. */
bool dn_witness_accept(DnArchive *self, const GError *found, const char *reason, GError **error);

/* --- view-read.c, view-apply.c, view-catch-up.c: what can be rebuilt --- */

/** One commit on its way into the view. @entries: parsed from their ledger lines. */
typedef struct {
    DnUuid tenant;
    DnStorePosition end;
    size_t blob_count;
    const DnStoreBlob *blobs;
    const DnStoreRef *blob_refs;
    size_t entry_count;
    const DnStoreRef *entry_refs;
    const DnValue *const *entries;
    DnLedgerHead head; /* after the last entry */
} DnApply;

/** Applies @count commits in order, in one atomic write: all or none. Call under apply_lock. */
bool dn_view_apply(DnArchive *self, const DnApply *applies, size_t count, GError **error);

/** Whether the view could apply @entries, one after the other, to what it shows now: an entry that
 * it could not would hold up all that come after it, and is refused before the log has it. CORRUPT.
 */
bool dn_view_would_take(DnArchive *self, const DnUuid *tenant, const json_t *const *entries,
                        size_t count, GError **error);

/** Applies all that the log has and the view has not. Call under apply_lock or before threads.
 * *@out_view_at_fault: on failure, whether it was the view's. */
bool dn_view_catch_up(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                      bool *out_view_at_fault, GError **error);

/** How much of the view is gathered in memory before it is written, when there is much to apply.
 * Tests make it small. */
extern size_t dn_view_load_bytes;

/** The same, fast however much that is, before anybody else uses the archive. */
bool dn_view_build(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                   bool *out_view_at_fault, GError **error);

/** True when the view shows all that is durable, or could be brought to it now. Not under
 * apply_lock or write_lock. */
bool dn_view_current(DnArchive *self, GError **error);

/** The next opening builds the view again: something in it was found damaged. */
void dn_view_condemn(DnArchive *self);

/** (transfer full) An empty map from DnUuid to DnLedgerHead; both are owned. */
GHashTable *dn_heads_new(void);

/** Where a tenant's ledger ended when last applied; zero when unknown. */
bool dn_view_head(DnArchive *self, const DnUuid *tenant, DnLedgerHead *out_head, GError **error);

/** The position applied. */
bool dn_view_position(DnArchive *self, DnStorePosition *out_position, GError **error);

/** A row of VOUCHER or META; *@out_value is NULL when there is none. CORRUPT: it is damaged, and
 * the view will be built again. */
bool dn_view_get(DnArchive *self, DnArena *arena, DnKvFamily family, const void *key, size_t size,
                 const DnValue **out_value, GError **error);

/** The present state of a voucher. NOT_FOUND, also for another tenant's; CORRUPT as above. */
const DnValue *dn_view_state(DnArchive *self, DnArena *arena, const DnUuid *id, GError **error);
/** (transfer full) The same as JSON. */
json_t *dn_view_voucher(DnArchive *self, const DnUuid *id, GError **error);

/** Where the sealed bytes of a blob lie. CORRUPT when the view does not know. */
bool dn_view_blob_place(DnArchive *self, const DnUuid *blob, DnStoreRef *out_place, GError **error);
/** (transfer full) {"plan","period","vouchers","sha256","list","planned","approved"?,"done"?} of a
 * disposal; the steps name who took them. NOT_FOUND. */
json_t *dn_view_plan(DnArchive *self, uint64_t plan, GError **error);

/** (transfer full) The time stamp of entry @seq: {"seq","at","type","digest","root","token",
 * "leaves","gen_time","until"?,"strength"?,"authority","accredited","serial"} and, once there is
 * one, "renewed_by" and "rehashed_by": seq of the time stamp that renews it or the hash tree of its
 * documents. CORRUPT when the view does not know it. */
json_t *dn_view_stamp(DnArchive *self, uint64_t seq, GError **error);

/** What is known of one signer of time stamps, by the SHA-256 of its certificate: {"signer",
 * "authority","gen_time","until","token","bare","proofs"?} of the newest one; how many have no
 * proof yet that it was not revoked, and the newest evidence.revocation. *@out_row (transfer full)
 * is NULL when there is none. */
bool dn_view_signer(DnArchive *self, const char *signer, json_t **out_row, GError **error);
/** Visits all of them. */
bool dn_view_each_signer(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/** Visits all of them in the order of the ledger. */
bool dn_view_each_stamp(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/** (transfer full) What registry.imported told last of the list @name; NULL without error: nothing.
 */
json_t *dn_view_registry(DnArchive *self, const char *name, GError **error);

/** (transfer full) Array of {"at","actor","rules"}: what the owner has settled, and since when. */
json_t *dn_view_settled(DnArchive *self, GError **error);

/** (transfer full) The word under which the index finds a reference to the books. */
char *dn_view_book_label(const char *book_ref);
bool dn_view_is_book_label(const char *label);

/** How many ids lie from @from to @to, both included, counted up to 2, and one of them. */
bool dn_view_find_prefix(DnArchive *self, const DnUuid *from, const DnUuid *to, DnUuid *out_id,
                         unsigned *out_count, GError **error);

/** (transfer full) The state of the voucher that holds these bytes, or NULL without error. */
json_t *dn_view_find_digest(DnArchive *self, const DnSha256 *digest, GError **error);

/** (transfer full) ids of the tenant's vouchers with a waiting job: 'r' to be read, 's' to be
 * stamped. In the order of their arrival, all at once. */
GArray *dn_view_jobs(DnArchive *self, char job, GError **error);
bool dn_view_count_jobs(DnArchive *self, char job, uint64_t *out_count, GError **error);

/** (transfer full) The same one by one, of this moment, however many millions wait. */
DnKvCursor *dn_view_job_cursor(DnArchive *self, char job);
/** False at the end, or when it failed: dn_kv_cursor_ok() knows. */
bool dn_view_job_next(DnKvCursor *cursor, DnUuid *out_id);

/** How many vouchers the tenant has, deleted ones too. */
bool dn_view_count(DnArchive *self, uint64_t *out_count, GError **error);

typedef bool (*DnStateVisitor)(const json_t *state, void *user_data, GError **error);
/** Visits the state of every voucher of the tenant, deleted ones too. */
bool dn_view_each(DnArchive *self, DnStateVisitor visit, void *user_data, GError **error);

typedef bool (*DnValueVisitor)(const DnValue *state, void *user_data, GError **error);
/** The same, for who needs a few words of each. */
bool dn_view_each_value(DnArchive *self, DnValueVisitor visit, void *user_data, GError **error);

typedef bool (*DnPackedVisitor)(const uint8_t *bytes, size_t size, void *user_data, GError **error);
/** The same of their rows, unread (engine/packed.h). */
bool dn_view_each_packed(DnArchive *self, DnPackedVisitor visit, void *user_data, GError **error);

/** (transfer full) array of DnStoreRef with the seq of each entry of a voucher, in order. */
typedef struct {
    uint64_t seq;
    DnStoreRef ref;
} DnEntryPlace;
GArray *dn_view_entries(DnArchive *self, const DnUuid *id, GError **error);

/** What the index is given of a state: lends from @state, and the labels and what is shown from
 * *@out_labels and *@out_shown (transfer full). */
void dn_view_record(const DnValue *state, DnIndexRecord *out_record, char ***out_labels,
                    char **out_shown);

/** (transfer full) Of the row that dn_voucher_row() makes of @state: what no search looks at. */
char *dn_row_shown(const DnValue *state);
/** (transfer full) That row, of what the index keeps. NULL when it is damaged. */
json_t *dn_row_of_cover(const DnCover *cover);

/** (transfer full) The bytes of a text part as they are indexed. */
char *dn_view_text_of_bytes(GBytes *bytes);

/** The text of the newest version as it is indexed; NULL when it was not read. */
bool dn_view_text(DnArchive *self, const DnUuid *tenant, const json_t *state, char **out_text,
                  GError **error);

/** True when the rows of the view are of the form that this program writes. */
bool dn_view_is_current(DnArchive *self, bool *out_current, GError **error);

/** (transfer full) JSON {"tenant","name","seq","hash"} of every tenant, as the view knows it. */
GPtrArray *dn_view_tenants(DnArchive *self, GError **error);

/** Notes that nothing of @tenant, which is closed, is in the view any more. */
bool dn_view_mark_gone(DnArchive *self, const DnUuid *tenant, GError **error);

/* --- blob.c: sealed bytes come back --- */

/** (transfer full) {"id","sha256","bytes"} and "encoding" when packed: how an entry names a blob.
 */
json_t *dn_blob_ref(const DnNewBlob *blob);

/** (transfer full) The bytes to seal: compressed where the part is text. */
GBytes *dn_blob_pack(const DnNewBlob *blob, GError **error);

/** A blob as an entry or a state names it. */
typedef struct {
    DnUuid id;
    DnSha256 digest; /* of the plain bytes, unpacked */
    int64_t bytes;   /* of these; -1: not stated */
    bool packed;
} DnBlobRef;

/** FORMAT when it names none. */
bool dn_blob_ref_of(const DnValue *ref, DnBlobRef *out_ref, GError **error);
bool dn_blob_ref_of_json(const json_t *ref, DnBlobRef *out_ref, GError **error);

/** (transfer full) The plain bytes at @place, compared with the SHA-256 in @ref. NOT_FOUND: their
 * key has been destroyed. CORRUPT. */
GBytes *dn_blob_open(DnArchive *self, const DnUuid *tenant, const DnBlobRef *ref, DnPart part,
                     const DnStoreRef *place, GError **error);

/** (transfer full) The same of what @ref ({"id","sha256","bytes"}) names, where the view says it
 * lies. */
GBytes *dn_blob_load(DnArchive *self, const DnUuid *tenant, const json_t *ref, DnPart part,
                     GError **error);
GBytes *dn_blob_load_value(DnArchive *self, const DnUuid *tenant, const DnValue *ref, DnPart part,
                           GError **error);

/** Where what @ref names lies, with the first bytes of it. */
bool dn_blob_find(DnArchive *self, const DnUuid *tenant, const DnValue *ref, DnPart part,
                  DnBlobFound *out_found, GError **error);

/** (transfer full) Its bytes piece by piece; see archive.h. Not of what is packed. */
DnPartReader *dn_part_reader_new(DnArchive *self, const DnBlobFound *found, GError **error);

/** (transfer full) The same of what is packed, unpacked at once. */
DnPartReader *dn_part_reader_new_packed(DnArchive *self, const DnUuid *tenant, const DnValue *ref,
                                        DnPart part, GError **error);
bool dn_part_is_packed(DnPart part);

/** (transfer full) The ledger line at @place. */
char *dn_entry_load(DnArchive *self, const DnUuid *tenant, const DnEntryPlace *place,
                    GError **error);

/* --- read.c: the worker's part --- */

/** Reads the newest version of the voucher and commits what was read, or the verdict. Call under
 * the voucher's stripe. @document: the bytes when at hand, else NULL. */
bool dn_read_voucher(DnArchive *self, const DnUuid *id, GBytes *document, GError **error);

/** (transfer full) What ingest answers (dn_voucher_result()); of the first receipt on a sheet also
 * "others": those of the further ones, which came in by the same bytes. */
json_t *dn_read_result_of(DnArchive *self, const json_t *state, const char *status, GError **error);

/** (transfer full) The entry by which a further receipt of the sheet that @state is of begins: of
 * the bytes of @version, come in at the same time, in the same way. */
json_t *dn_voucher_further(const DnArchive *self, const json_t *state, const json_t *version,
                           const DnUuid *id);

/** (transfer full) {"code","message"}: how a result or an entry names a failure. */
json_t *dn_error_json(DnErrorCode code, const char *message);

/** The reader, started when first asked for. */
DnReader *dn_archive_reader(DnArchive *self);

/* --- change.c --- */

/** A fresh {"type","voucher"}. */
json_t *dn_voucher_entry(const char *type, const DnUuid *id);

/** Sets in an entry that brings a document in which program wrote it, and in which format of the
 * log (law row R50): "engine", "format". */
void dn_entry_set_engine(const DnArchive *self, json_t *entry);

/** (transfer full) The state of a voucher that may still change: INVALID once it is disposed of. */
json_t *dn_voucher_changeable(DnArchive *self, const DnUuid *id, GError **error);

/** May one person alone change this voucher? DENIED where the rule of R53 holds for it. */
bool dn_voucher_by_one_person(DnArchive *self, const json_t *state, GError **error);

/** (transfer full) The "changes" of an entry that corrects @state, with what was before. INVALID.
 */
json_t *dn_correction_changes(DnArchive *self, const json_t *state, const DnCorrection *correction,
                              GError **error);

/** The person of an actor: "cli:yamada", "server:yamada" and "cli:root:yamada" are one. Lent. */
const char *dn_actor_person(const char *actor);

/** INVALID unless @back (nullable) is what may be said of a scan's back (R12). */
bool dn_check_back(const char *back, GError **error);

/** Sets "reason" to what @reason says, made safe. INVALID when it says nothing. */
bool dn_entry_set_reason(json_t *entry, const char *reason, GError **error);

/* --- registry.c: the tax agency's public lists --- */

/** Appends what the list has of @number to @rows. False: there is no such list that can be used. */
bool dn_registry_find(DnArchive *self, DnListKind kind, uint64_t number, GArray *rows);
/** The same for numbers by name. */
bool dn_registry_find_name(DnArchive *self, DnListKind kind, const char *folded,
                           uint64_t *out_numbers, size_t most, size_t *out_count);
/** (transfer full) {"list","sha256","as_of"} of the list that is asked; NULL when there is none. */
json_t *dn_registry_used(DnArchive *self, DnListKind kind);
/** Lets go of open lists. */
void dn_registry_close(DnArchive *self);

/* --- settled.c --- */

/** (transfer full) {"law.entry":"early",...}: what dencho.conf settles of what the law leaves open.
 */
json_t *dn_settled(const DnArchive *self);

/** Makes an entry of it when it is not what the ledger last said. */
bool dn_settled_note(DnArchive *self, GError **error);

/* --- search.c --- */

/** Checks @search and makes the index's query of it; strings are lent from @search and from
 * *@out_book_label (transfer full, NULL before). */
bool dn_search_query_of(DnArchive *self, const DnSearch *search, DnQuery *out_query,
                        char **out_book_label, GError **error);
/** The same of a search that asks for no entry of the books. */
bool dn_search_query(DnArchive *self, const DnSearch *search, DnQuery *out_query, GError **error);

/** The lines of the newest version's words that have words or phrases of @text: adds "snippets" to
 * @row. NOT_FOUND never: a voucher that was not read has none. */
bool dn_snippets_add(DnArchive *self, const json_t *state, const char *text, json_t *row,
                     GError **error);

/* --- verify.c --- */

/** Is the state that the view shows of a voucher the one that its entries make? CORRUPT. */
bool dn_view_check_state(DnArchive *archive, const DnUuid *id, const json_t *shown, GError **error);

/* --- export.c --- */

bool dn_file_sha256(const char *path, char **out_hex, GError **error);

/* --- stamp.c --- */

/** Under which key leaves and tokens are sealed. */
extern const char dn_evidence_period[];

enum { DN_BATCH_MAX = 10000 }; /* leaves under one time stamp */

/** The trust list of the settings, or one that trusts nobody. For handing evidence out: a time
 * stamp of a revoked signer is handed out too, with what shows it. */
DnTrust *dn_archive_trust_list(DnArchive *self, GError **error);

/** The same with what is kept of revocations: for telling whether evidence holds. */
DnTrust *dn_archive_trust(DnArchive *self, GError **error);

typedef enum {
    DN_LEAF_DOCUMENT, /* of a batch: the original's SHA-256. Of a hash-tree renewal: the hash of
                         @document and of the evidence so far */
    DN_LEAF_LEDGER,   /* SHA-256 of the entry at the ledger's head; SHA-512 of the ledger's lines
                         from the first to that one, each with its line feed */
    DN_LEAF_STAMP,    /* of the token of an earlier time stamp */
} DnLeafType;

/** One leaf of a time stamp, as its leaves blob lists it, a line each: "HASH VOUCHER VERSION",
 * "HASH VOUCHER VERSION HASH-OF-DOCUMENT", "HASH ledger SEQ", "HASH stamp SEQ". */
typedef struct {
    DnHash digest;
    DnLeafType type;
    DnUuid voucher;
    uint64_t number; /* version, or seq */
    DnHash document; /* kind 0 where it is not stated */
} DnLeaf;

/** (transfer full) array of DnLeaf, all of one kind of hash. CORRUPT. */
GArray *dn_leaves_parse(GBytes *leaves, GError **error);

/** (transfer full) The hash tree over leaves. */
DnHashTree *dn_leaves_tree(const GArray *leaves);

/** Gets a token over @leaves and commits it: sets in @entry, whose type is set, what the token
 * says, and the two blobs. EXTERNAL, LIMIT: no authority answered. */
bool dn_stamp_leaves(DnArchive *self, DnTrust *trust, const GArray *leaves, json_t *entry,
                     GError **error);

/** How many vouchers wait for a time stamp, and the first last day of theirs (R02, R51);
 * 9999-12-31 when none has one. */
bool dn_stamp_waiting(DnArchive *self, uint64_t *out_count, DnDate *out_deadline, GError **error);

/** The leaf of the ledger's present head. */
bool dn_leaf_of_ledger(DnArchive *self, DnHashKind kind, DnLeaf *out_leaf, GError **error);

/** The SHA-512 of the ledger's lines from the first to each of @seqs (ascending). CORRUPT when it
 * ends before. */
bool dn_ledger_sha512(DnArchive *self, const uint64_t *seqs, size_t count, DnHash *out_hashes,
                      GError **error);

/* --- sender-stamp.c: time stamps that documents came with (law row R51) --- */

/** Sets in @entry what the time stamp of @document says: of @token (nullable), which lay beside it,
 * else of a PDF's own; nothing when there is none. One that proves nothing is noted as such.
 * INVALID when @token is none. */
bool dn_sender_stamp_note(DnArchive *self, GBytes *document, GBytes *token, json_t *entry,
                          GError **error);

/** What the time stamp is worth with which @version of @state came: verified anew. When it is not
 * trusted at all, @error (nullable) says why. */
DnStamp dn_sender_stamp_judge(DnArchive *self, const DnTrust *trust, const json_t *state,
                              const json_t *version, GError **error);
/** The worst of all versions. */
DnStamp dn_sender_stamp_judge_all(DnArchive *self, const DnTrust *trust, const json_t *state);

/* --- revocation.c --- */

/** Adds to @trust what @entry (nullable), an evidence.revocation, names. CORRUPT, FORMAT. */
bool dn_revocation_know(DnArchive *self, DnTrust *trust, const json_t *entry, GError **error);
/** The same of all that is kept; what cannot be used is logged. */
bool dn_revocation_know_all(DnArchive *self, DnTrust *trust, GError **error);

/** (transfer full) Asks the sources of the settings about the signer of @token, which holds. What
 * cannot be had is logged and no error. */
DnProofs *dn_revocation_ask(DnArchive *self, DnTrust *trust, GBytes *token, GError **error);

/** Commits @proofs as an entry of the signer, if they say more than what is kept. */
bool dn_revocation_keep(DnArchive *self, const DnProofs *proofs, const char *signer,
                        const char *authority, GError **error);

/** Looks for what is still missing, or can be had better by now, but not of the signer @except
 * (nullable), who was just asked about. What goes wrong is logged. */
void dn_revocation_refresh(DnArchive *self, DnTrust *trust, const char *except);

typedef struct {
    bool none;             /* the settings want none */
    int64_t wanted;        /* time stamps without a proof that can still be had */
    int64_t too_late;      /* whose certificates have ended meanwhile */
    int64_t revoked;       /* signers */
    const char *authority; /* of one of these; interned */
} DnRevocationNeed;

/** Counts what has no proof, of signers that the trust list knows. */
bool dn_revocation_missing(DnArchive *self, DnTrust *trust, DnRevocationNeed *out_need,
                           GError **error);

/* --- authority.c --- */

/** (transfer full) A token over @imprint by the first authority of the settings that gives one, in
 * their order, again with growing pauses; what it says. One whose signer turns out to be revoked is
 * passed over. *@out_proofs (transfer full, NULL: nothing new): what shows that this one is not.
 * EXTERNAL or LIMIT of the last. */
GBytes *dn_authority_ask(DnArchive *self, DnTrust *trust, const DnHash *imprint,
                         DnTokenInfo *out_info, DnProofs **out_proofs, GError **error);

/** True when the settings name an authority. */
bool dn_authority_is_set(const DnArchive *self);

G_END_DECLS
#endif
