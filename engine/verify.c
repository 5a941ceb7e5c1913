/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/verify.c - is everything still what was acknowledged?
 *
 *   chain       every entry of every tenant, in order, against the one before; stamped heads
 * against the chain evidence    the hash that the voucher states is a leaf of its batch, the leaves
 * lead to the root, the token is over that root, by its own signature at its own time (law rows
 *               R20, R21)
 *   documents   also every blob of each voucher in the range, opened and compared with that hash
 *   full        also every byte of the log, and the view against what the entries say
 *
 * A failure is reported and the check goes on: one altered byte flags one voucher.
 *
 * Vouchers are checked by all cores, a round of them at a time, and reported in the order of the
 * view. What a full check has opened and compared with its hash there is not hashed again with the
 * bytes of the log: each byte is looked at once.
 */
#include "config.h"
#include "engine/verify.h"
#include "engine/packed.h"

#include <stdio.h>
#include <string.h>

/* One voucher to be checked, and what came out. */
typedef struct {
    json_t *state;   /* NULL when only proofs are checked: then */
    uint8_t *packed; /* is its row, which a core reads in place, */
    size_t size;     /* of so many bytes, */
    bool is_outside; /* and finds whether its date is in the range */
    DnUuid id;
    GPtrArray *problems; /* GError */
    unsigned stamped;
    unsigned log_proved;
    unsigned waiting;
    unsigned destroyed;
    unsigned unrevoked;
    bool accredited;
} Job;

static void
job_free(gpointer data)
{
    Job *job = data;

    json_decref(job->state);
    g_free(job->packed);
    g_ptr_array_unref(job->problems);
    g_free(job);
}

static void
error_free(gpointer problem)
{
    g_error_free(problem);
}

/* --- whose place is it? --- */

typedef struct {
    DnArchive *archive;
    uint32_t segment;
    uint64_t offset;
    char *voucher; /* owned */
} Owner;

enum { FRAME_HEADER = 96, COMMIT_FRAME = 144 }; /* docs/format.md */

/* An entry has the commit frame behind it in its care. */
static bool
covers(const Owner *owner, const DnStoreRef *ref, uint64_t behind)
{
    return ref->segment == owner->segment && owner->offset + FRAME_HEADER >= ref->offset &&
           owner->offset < ref->offset + ref->size + behind;
}

static bool
covers_blob(const Owner *owner, const json_t *blob)
{
    DnStoreRef ref;
    DnUuid id;

    return blob && dn_uuid_parse(dn_json_string(blob, "id"), &id, NULL) &&
           dn_view_blob_place(owner->archive, &id, &ref, NULL) && covers(owner, &ref, 0);
}

static bool
is_owner(const Owner *owner, const json_t *state, const DnUuid *id)
{
    const json_t *versions = json_object_get(state, "versions");
    g_autoptr(GArray) places = dn_view_entries(owner->archive, id, NULL);

    for (guint i = 0; places && i < places->len; i++)
        if (covers(owner, &g_array_index(places, DnEntryPlace, i).ref, COMMIT_FRAME))
            return true;
    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *version = json_array_get(versions, i);
        const char *name = NULL;
        json_t *part = NULL;

        if (covers_blob(owner, json_object_get(version, "blob")))
            return true;
        json_object_foreach (json_object_get(version, "parts"), name, part)
            if (covers_blob(owner, part))
                return true;
    }
    return false;
}

static bool
look_for_owner(const json_t *state, void *user_data, GError **error)
{
    Owner *owner = user_data;
    const char *voucher = dn_json_string(state, "voucher");
    DnUuid id;

    (void)error;
    if (!owner->voucher && dn_uuid_parse(voucher, &id, NULL) && is_owner(owner, state, &id))
        owner->voucher = g_strdup(voucher);
    return true;
}

/* (transfer full) The voucher that the place belongs to, as far as the view knows, or NULL. */
static char *
find_owner(DnArchive *archive, uint32_t segment, uint64_t offset)
{
    Owner owner = {.archive = archive, .segment = segment, .offset = offset};

    if (archive && archive->view)
        dn_view_each(archive, look_for_owner, &owner, NULL);
    return owner.voucher;
}

bool
dn_verify_report(Verify *verify, const char *voucher, const GError *problem, GError **error)
{
    g_autoptr(json_t) row = json_object();
    const char *place = strstr(problem->message, "segment ");
    g_autofree char *owner = NULL;
    unsigned segment = 0;
    guint64 offset = 0;

    verify->failed++;
    if (place && sscanf(place, "segment %u, byte %" G_GUINT64_FORMAT, &segment, &offset) == 2) {
        if (!voucher)
            voucher = owner = find_owner(verify->archive, segment, offset);
        dn_json_set_int(row, "segment", segment);
        dn_json_set_int(row, "offset", (int64_t)offset);
    }
    dn_json_set_string(row, "voucher", voucher);
    dn_json_set_string(row, "code", dn_error_name(dn_error_code(problem)));
    dn_json_set_string(row, "message", problem->message);
    return verify->visit(row, verify->user_data, error);
}

bool
dn_verify_go_on(Verify *verify, uint64_t done, GError **error)
{
    if (verify->progress && !verify->progress(done, 0, verify->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
}

/* --- vouchers --- */

enum { ROUND = 256, PROOFS_ROUND = 2048, OFFSET_BITS = 40 };
enum { AHEAD = 8 }; /* vouchers that the disk is told of before they are looked at */

/* Orders places as they lie in the log. No segment is as large as a tebibyte. */
static uint64_t
place_number(const DnStoreRef *place)
{
    return (uint64_t)place->segment << OFFSET_BITS | place->offset;
}

/* *@out_bytes (transfer full, NULL: nobody asks): what was opened, if its key is still there. */
static bool
check_part(Verify *verify, Job *job, const json_t *ref, DnPart part, GBytes **out_bytes,
           GError **error)
{
    DnArchive *archive = verify->archive;
    DnBlobRef blob;
    DnStoreRef place;

    if (!dn_blob_ref_of_json(ref, &blob, error) ||
        !dn_view_blob_place(archive, &blob.id, &place, error))
        return false;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes =
        dn_blob_open(archive, &archive->tenant, &blob, part, &place, &problem);
    uint64_t number = place_number(&place);

    if (!bytes && dn_error_code(problem) == DN_ERROR_NOT_FOUND) {
        job->destroyed++; /* on purpose; a lost key is CORRUPT */
        return true;
    }
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (verify->depth == DN_VERIFY_FULL) {
        DN_LOCKED(&verify->lock);

        g_array_append_val(verify->proved, number);
    }
    if (out_bytes)
        *out_bytes = g_steal_pointer(&bytes);
    return true;
}

/* @registered_seq: of the entry by which the voucher came in. */
static bool
check_stamp(Verify *verify, Job *job, const DnStamped *stamped, uint64_t registered_seq,
            GBytes *original, GError **error)
{
    if (!stamped->seq) {
        if (stamped->version == 1 && registered_seq <= verify->stamped_head)
            job->log_proved++;
        else
            job->waiting++;
        return true;
    }
    DN_LOCKED(&verify->lock);
    g_autoptr(GArray) evidence = dn_batches_evidence_of(verify->batches, &job->id, stamped, error);
    const DnHash *document = evidence ? dn_evidence_document(evidence, DN_HASH_SHA512) : NULL;

    if (!evidence)
        return false;
    if (original && document) {
        DnHash found = dn_hash_bytes(DN_HASH_SHA512, original);

        if (!dn_hash_equal(&found, document))
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "its SHA-512 is not the one that its evidence was renewed with");
    }
    bool unrevoked = true;

    job->stamped++;
    for (guint i = 0; i < evidence->len; i++) {
        const DnTokenInfo *info = &g_array_index(evidence, DnEvidence, i).batch->info;

        job->accredited = job->accredited && info->accredited;
        unrevoked = unrevoked && info->revocation.state == DN_REVOCATION_GOOD;
    }
    job->unrevoked += unrevoked;
    return true;
}

static bool
check_stamp_of(Verify *verify, Job *job, const json_t *version, GBytes *original, GError **error)
{
    DnStamped stamped;

    return dn_stamped_read(version, &stamped, error) &&
           check_stamp(verify, job, &stamped,
                       (uint64_t)dn_json_int(job->state, "registered_seq", INT64_MAX), original,
                       error);
}

static bool
check_version(Verify *verify, Job *job, const json_t *version, bool disposed, GError **error)
{
    const json_t *parts = json_object_get(version, "parts");
    static const struct {
        const char *name;
        DnPart part;
    } table[] = {
        {"text", DN_PART_TEXT}, {"words", DN_PART_WORDS}, {"rendition", DN_PART_RENDITION}};

    g_autoptr(GBytes) original = NULL;

    if (disposed) /* the bytes are gone for good; hash and stamp still fit */
        return check_stamp_of(verify, job, version, NULL, error);
    if (!check_part(verify, job, json_object_get(version, "blob"), DN_PART_ORIGINAL, &original,
                    error))
        return dn_fail_in(error, "original");
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const json_t *ref = json_object_get(parts, table[i].name);

        if (ref && !check_part(verify, job, ref, table[i].part, NULL, error))
            return dn_fail_in(error, "%s", table[i].name);
    }
    return check_stamp_of(verify, job, version, original, error);
}

/* The state again, from the entries alone: what the view shows must be what the ledger says. */
bool
dn_view_check_state(DnArchive *archive, const DnUuid *id, const json_t *shown, GError **error)
{
    g_autoptr(GArray) places = dn_view_entries(archive, id, error);
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *state = NULL;

    if (!places)
        return false;
    for (guint i = 0; i < places->len; i++) {
        g_autofree char *line = dn_entry_load(archive, &archive->tenant,
                                              &g_array_index(places, DnEntryPlace, i), error);
        const DnValue *entry = line ? dn_value_read(arena, line, strlen(line), error) : NULL;

        state = entry ? dn_voucher_apply(arena, state, entry, error) : NULL;
        if (!state)
            return false;
    }
    /* Stamps come from entries of batches, which are not listed with the voucher; they are checked
     * above. */
    g_autoptr(json_t) bare = json_deep_copy(shown);
    json_t *versions = json_object_get(bare, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++)
        json_object_del(json_array_get(versions, i), "stamp");
    g_autofree char *made = state ? dn_value_dup_text(state) : NULL;
    g_autofree char *seen = dn_json_canonical(bare, NULL);

    if (g_strcmp0(made, seen) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the view shows other values than the ledger; run `dencho rebuild`");
    return true;
}

/* Again while nobody can change the voucher: what was shown may be older than its entries. */
static bool
check_state_alone(Verify *verify, const DnUuid *id, GError **error)
{
    DN_LOCKED(dn_archive_stripe(verify->archive, id->bytes));
    g_autoptr(json_t) state = dn_view_voucher(verify->archive, id, error);

    return state && dn_view_check_state(verify->archive, id, state, error);
}

static bool
in_range(const Verify *verify, const char *text)
{
    DnDate date;

    if (!verify->from && !verify->to)
        return true;
    if (!text || !dn_date_parse(text, &date, NULL))
        return false;
    return (!verify->from || dn_date_compare(&date, verify->from) >= 0) &&
           (!verify->to || dn_date_compare(&date, verify->to) <= 0);
}

static bool
is_disposed(const char *state)
{
    return g_strcmp0(state, "disposed") == 0;
}

/* On any thread. */
static void
check_voucher(Verify *verify, Job *job)
{
    const json_t *versions = json_object_get(job->state, "versions");
    bool disposed = is_disposed(dn_json_string(job->state, "state"));
    GError *problem = NULL;

    if (!dn_uuid_parse(dn_json_string(job->state, "voucher"), &job->id, &problem)) {
        g_ptr_array_add(job->problems, problem);
        return;
    }
    for (size_t i = 0; i < json_array_size(versions); i++)
        if (!check_version(verify, job, json_array_get(versions, i), disposed, &problem))
            g_ptr_array_add(job->problems, g_steal_pointer(&problem));
    if (verify->depth == DN_VERIFY_FULL &&
        !dn_view_check_state(verify->archive, &job->id, job->state, NULL) &&
        !check_state_alone(verify, &job->id, &problem))
        g_ptr_array_add(job->problems, problem);
}

/* The same of the proofs alone: what is looked at is a few words of the state, which are read where
 * they stand. */
static bool
check_proof(Verify *verify, Job *job, const DnValue *state, const DnValue *version, GError **error)
{
    const DnValue *stamp = dn_value_object(version, "stamp");
    DnStamped stamped = {.version = (uint64_t)dn_value_int(version, "version", 0),
                         .seq = (uint64_t)dn_value_int(stamp, "seq", 0)};

    if (stamp && !stamped.seq)
        return dn_fail(error, DN_ERROR_CORRUPT, "its time stamp names no entry");
    return dn_unhex(dn_value_string(dn_value_object(version, "blob"), "sha256"),
                    stamped.digest.bytes, sizeof stamped.digest.bytes, error) &&
           check_stamp(verify, job, &stamped,
                       (uint64_t)dn_value_int(state, "registered_seq", INT64_MAX), NULL, error);
}

static void
check_proofs(Verify *verify, Job *job, DnArena *arena)
{
    GError *problem = NULL;
    const DnValue *state = dn_packed_read(arena, job->packed, job->size, &problem);
    const DnValue *versions = dn_value_array(state, "versions");
    const DnValue *date = dn_value_object(dn_value_object(state, "fields"), "date");

    if (!state || !dn_uuid_parse(dn_value_string(state, "voucher"), &job->id, &problem)) {
        dn_fail_in(&problem, "a row of the view (run `dencho rebuild`)");
        g_ptr_array_add(job->problems, problem);
        return;
    }
    job->is_outside = !in_range(verify, dn_value_string(date, "value"));
    for (size_t i = 0; i < dn_value_count(versions) && !job->is_outside; i++)
        if (!check_proof(verify, job, state, dn_value_at(versions, i), &problem))
            g_ptr_array_add(job->problems, g_steal_pointer(&problem));
}

/* The disk begins with the originals of a voucher while another is checked. */
static void
expect_voucher(Verify *verify, guint number)
{
    const Job *job = number < verify->round->len ? g_ptr_array_index(verify->round, number) : NULL;
    const json_t *versions = job ? json_object_get(job->state, "versions") : NULL;

    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *ref = json_object_get(json_array_get(versions, i), "blob");
        DnStoreRef place;
        DnBlobRef blob;

        if (dn_blob_ref_of_json(ref, &blob, NULL) &&
            dn_view_blob_place(verify->archive, &blob.id, &place, NULL))
            dn_store_expect(verify->archive->store, &place);
    }
}

static gpointer
check_round(gpointer data)
{
    Verify *verify = data;
    g_autoptr(DnArena) arena = dn_arena_new();

    for (;;) {
        guint number = (guint)g_atomic_int_add(&verify->next, 1);
        Job *job = NULL;

        if (number >= verify->round->len)
            return NULL;
        job = g_ptr_array_index(verify->round, number);
        expect_voucher(verify, number + AHEAD);
        if (job->state)
            check_voucher(verify, job);
        else
            check_proofs(verify, job, arena);
    }
}

/* The other cores and this one. */
static void
run_round(Verify *verify)
{
    unsigned others = MIN(g_get_num_processors(), verify->round->len) - 1;
    g_autofree GThread **threads = g_new0(GThread *, others + 1);

    verify->next = 0;
    for (guint i = 0; i < AHEAD; i++)
        expect_voucher(verify, i);
    for (unsigned i = 0; i < others; i++)
        threads[i] = g_thread_new("verify", check_round, verify);
    check_round(verify);
    for (unsigned i = 0; i < others; i++)
        g_thread_join(threads[i]);
}

static bool
settle_job(Verify *verify, const Job *job, GError **error)
{
    static const DnUuid unknown;
    g_autofree char *voucher = dn_uuid_equal(&job->id, &unknown) ? NULL : dn_uuid_text(&job->id);

    if (job->is_outside)
        return true;
    verify->checked++;
    verify->stamped += job->stamped;
    verify->log_proved += job->log_proved;
    verify->waiting += job->waiting;
    verify->destroyed += job->destroyed;
    verify->unrevoked += job->unrevoked;
    verify->accredited = verify->accredited && job->accredited;
    for (guint i = 0; i < job->problems->len; i++)
        if (!dn_verify_report(verify, voucher, g_ptr_array_index(job->problems, i), error))
            return false;
    return true;
}

static bool
finish_round(Verify *verify, GError **error)
{
    if (verify->round->len == 0)
        return true;
    run_round(verify);
    for (guint i = 0; i < verify->round->len; i++)
        if (!settle_job(verify, g_ptr_array_index(verify->round, i), error))
            return false;
    g_ptr_array_set_size(verify->round, 0);
    return dn_verify_go_on(verify, verify->checked, error);
}

static Job *
add_job(Verify *verify)
{
    Job *job = g_new0(Job, 1);

    job->problems = g_ptr_array_new_with_free_func(error_free);
    job->accredited = true;
    g_ptr_array_add(verify->round, job);
    return job;
}

static bool
take_voucher(const json_t *state, void *user_data, GError **error)
{
    Verify *verify = user_data;
    const json_t *fields = json_object_get(state, "fields");

    if (!in_range(verify, dn_json_string(json_object_get(fields, "date"), "value")))
        return true;
    add_job(verify)->state = json_incref((json_t *)(uintptr_t)state);
    return verify->round->len < ROUND || finish_round(verify, error);
}

static bool
take_packed(const uint8_t *bytes, size_t size, void *user_data, GError **error)
{
    Verify *verify = user_data;
    Job *job = add_job(verify);

    job->packed = g_memdup2(bytes, size);
    job->size = size;
    return verify->round->len < PROOFS_ROUND || finish_round(verify, error);
}

static bool
report_all(Verify *verify, GPtrArray *problems, GError **error)
{
    for (guint i = 0; i < problems->len; i++) {
        g_autoptr(GError) problem =
            g_error_new_literal(DN_ERROR, DN_ERROR_CORRUPT, g_ptr_array_index(problems, i));

        if (!dn_verify_report(verify, NULL, problem, error))
            return false;
    }
    return true;
}

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static bool
was_proved(const DnStoreRef *place, void *user_data)
{
    GArray *proved = user_data;
    uint64_t number = place_number(place);

    return g_array_binary_search(proved, &number, compare_numbers, NULL);
}

static bool
verify_keys(Verify *verify, GError **error)
{
    g_autoptr(GError) problem = NULL;
    unsigned keys = 0;

    return dn_keyring_check(verify->archive->keys, &keys, &problem) ||
           dn_verify_report(verify, NULL, problem, error);
}

static bool
verify_view(Verify *verify, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (dn_kv_flush(verify->archive->view, &problem) &&
        dn_kv_check(verify->archive->view, &problem))
        return true;
    if (g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT)) {
        dn_view_condemn(verify->archive);
        g_prefix_error(&problem, "the view is built again when the archive is opened next: ");
    }
    return dn_verify_report(verify, NULL, problem, error);
}

static bool
verify_bytes(Verify *verify, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    g_array_sort(verify->proved, compare_numbers);
    return verify_keys(verify, error) && verify_view(verify, error) &&
           dn_store_check_rest(verify->archive->store, was_proved, verify->proved, problems,
                               error) &&
           report_all(verify, problems, error);
}

/* What goes wrong while the view is walked is the view's, a failure to report and no end. */
static bool
verify_vouchers(Verify *verify, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (verify->depth == DN_VERIFY_PROOFS
            ? dn_view_each_packed(verify->archive, take_packed, verify, &problem)
            : dn_view_each(verify->archive, take_voucher, verify, &problem))
        return finish_round(verify, error);
    if (!g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT) &&
        !g_error_matches(problem, DN_ERROR, DN_ERROR_FORMAT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    dn_view_condemn(verify->archive);
    return finish_round(verify, error) && dn_verify_report(verify, NULL, problem, error);
}

static json_t *
totals(const Verify *verify, int64_t begin_ms)
{
    json_t *row = json_object();

    dn_json_set_int(row, "checked", (int64_t)verify->checked);
    dn_json_set_int(row, "stamped", (int64_t)verify->stamped);
    dn_json_set_int(row, "waiting", (int64_t)verify->waiting);
    dn_json_set_int(row, "failed", (int64_t)verify->failed);
    dn_json_set_int(row, "entries", (int64_t)verify->entries);
    dn_json_set_int(row, "opaque", (int64_t)verify->opaque);
    dn_json_set_int(row, "log_proved", (int64_t)verify->log_proved);
    dn_json_set_int(row, "unrevoked", (int64_t)verify->unrevoked);
    if (verify->clock_back > 0)
        dn_json_set_int(row, "clock_back", (int64_t)verify->clock_back);
    if (verify->destroyed > 0)
        dn_json_set_int(row, "destroyed", (int64_t)verify->destroyed);
    dn_json_set_bool(row, "accredited", verify->stamped > 0 && verify->accredited);
    dn_json_take(row, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    return row;
}

bool
dn_archive_verify(DnArchive *self, const DnDate *from, const DnDate *to, DnVerifyDepth depth,
                  DnRowVisitor visit, DnProgress progress, void *user_data, json_t **out_totals,
                  GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(DnBatches) batches = trust ? dn_batches_new(self, trust) : NULL;
    g_autoptr(GArray) proved = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GPtrArray) round = g_ptr_array_new_with_free_func(job_free);
    Verify verify = {.archive = self,
                     .batches = batches,
                     .proved = proved,
                     .round = round,
                     .from = from,
                     .to = to,
                     .depth = depth,
                     .visit = visit,
                     .progress = progress,
                     .user_data = user_data,
                     .accredited = true};

    bool done = false;

    if (!trust)
        return false;
    dn_batches_keep_few(batches);
    g_mutex_init(&verify.lock);
    done = dn_verify_chain(&verify, error) && verify_vouchers(&verify, error) &&
           (depth != DN_VERIFY_FULL || verify_bytes(&verify, error));
    g_mutex_clear(&verify.lock);
    if (!done)
        return false;
    *out_totals = totals(&verify, begin_ms);
    return true;
}

bool
dn_archive_check_log(const char *dir, const DnArchiveOptions *options, DnRowVisitor visit,
                     void *user_data, json_t **out_totals, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_autofree char *conf = g_build_filename(dir, "dencho.conf", NULL);
    g_autofree char *log_dir = g_build_filename(dir, "log", NULL);
    g_autoptr(DnSettings) settings = dn_settings_load(conf, error);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    Verify verify = {.visit = visit, .user_data = user_data};
    DnUuid id;

    if (!settings || !dn_uuid_parse(dn_settings_string(settings, "archive", "id"), &id, error) ||
        !dn_store_check_segments(log_dir, &id, problems, error))
        return false;
    g_autoptr(DnArchive) names =
        options && problems->len > 0 ? dn_archive_open_view_only(dir, options, NULL) : NULL;

    verify.archive = names;
    if (!report_all(&verify, problems, error))
        return false;
    *out_totals = totals(&verify, begin_ms);
    return true;
}
