/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/revocation.c - what shows that the signers of time stamps were not revoked is kept with
 * them (law row R20).
 *
 * An entry evidence.revocation speaks of one signer, so of all its tokens: it names the
 * certificates up to the trusted one, and CRLs or OCSP responses. The next time stamp covers it, as
 * it covers the whole ledger. The newest one of a signer counts: a list never forgets a revocation
 * before the certificate has ended, and after that there is no newer one.
 *
 * What is missing stops no stamp. A proof that was current at the time of a stamp will do; one that
 * was issued later is better, and is fetched when the first has gone out of date.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>

enum { MOST_FILES = 16, MOST_BLOBS = 20 };

/* --- sources --- */

/* [evidence] revocation: "fetch", "none", files; parted by ';'. */
typedef struct {
    char **words;
    const char **files;
    DnProofSources sources;
    bool none;
} Sources;

static void
sources_clear(Sources *self)
{
    g_strfreev(self->words);
    g_free(self->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sources, sources_clear)

static void
sources_read(const DnArchive *self, Sources *out)
{
    size_t count = 0;

    out->words =
        g_strsplit(dn_settings_string(self->settings, "evidence", "revocation"), ";", MOST_FILES);
    out->files = g_new0(const char *, g_strv_length(out->words) + 1);
    for (size_t i = 0; out->words[i]; i++) {
        const char *word = g_strstrip(out->words[i]);

        if (strcmp(word, "none") == 0)
            out->none = true;
        else if (strcmp(word, "fetch") == 0)
            out->sources.fetch = true;
        else if (*word)
            out->files[count++] = word;
    }
    out->sources.files = out->files;
    out->sources.timeout_ms = (uint32_t)CLAMP(
        dn_settings_int(self->settings, "evidence", "tsa-timeout-ms"), 1, G_MAXINT32);
}

/* --- what is kept --- */

static bool
know_blob(DnArchive *self, DnTrust *trust, const json_t *ref, DnProofKind kind, GError **error)
{
    g_autoptr(GBytes) bytes = dn_blob_load(self, &self->tenant, ref, DN_PART_EVIDENCE, error);

    return bytes && dn_trust_add_proof(trust, kind, bytes, error);
}

static bool
know_all(DnArchive *self, DnTrust *trust, const json_t *refs, DnProofKind kind, GError **error)
{
    for (size_t i = 0; i < json_array_size(refs); i++)
        if (!know_blob(self, trust, json_array_get(refs, i), kind, error))
            return false;
    return true;
}

bool
dn_revocation_know(DnArchive *self, DnTrust *trust, const json_t *entry, GError **error)
{
    const json_t *chain = json_object_get(entry, "chain");

    return (!chain || know_blob(self, trust, chain, DN_PROOF_CERTIFICATES, error)) &&
           know_all(self, trust, json_object_get(entry, "crls"), DN_PROOF_CRL, error) &&
           know_all(self, trust, json_object_get(entry, "answers"), DN_PROOF_OCSP, error);
}

typedef struct {
    DnArchive *archive;
    DnTrust *trust;
} Knowing;

/* A proof that is damaged is named by verify; here it is one that is not there. */
static bool
know_signer(const json_t *row, void *user_data, GError **error)
{
    Knowing *knowing = user_data;
    g_autoptr(GError) problem = NULL;

    (void)error;
    if (!dn_revocation_know(knowing->archive, knowing->trust, json_object_get(row, "proofs"),
                            &problem))
        g_message("a proof of revocation that was kept cannot be used: %s", problem->message);
    return true;
}

bool
dn_revocation_know_all(DnArchive *self, DnTrust *trust, GError **error)
{
    Knowing knowing = {.archive = self, .trust = trust};

    return dn_view_each_signer(self, know_signer, &knowing, error);
}

/* --- what is added --- */

static const char *
state_name(DnRevocationState state)
{
    return state == DN_REVOCATION_GOOD      ? "good"
           : state == DN_REVOCATION_REVOKED ? "revoked"
                                            : "unknown";
}

static void
set_time(json_t *entry, const char *member, int64_t utc_ms)
{
    g_autofree char *text = dn_clock_format(utc_ms);

    dn_json_set_string(entry, member, text);
}

/* The blobs are lent by @proofs. */
static json_t *
make_entry(const DnProofs *proofs, const char *signer, const char *authority, DnNewBlob *blobs,
           size_t *out_count)
{
    const DnRevocation *found = &proofs->revocation;
    const struct {
        const char *member;
        GPtrArray *list;
    } lists[] = {{"crls", proofs->crls}, {"answers", proofs->answers}};
    json_t *entry = json_object();
    size_t count = 0;

    dn_json_set_string(entry, "type", "evidence.revocation");
    dn_json_set_string(entry, "signer", signer);
    dn_json_set_string(entry, "authority", authority);
    dn_json_set_string(entry, "state", state_name(found->state));
    if (found->state != DN_REVOCATION_UNKNOWN) {
        set_time(entry, "as_of", found->as_of_utc_ms);
        set_time(entry, "next", found->next_utc_ms);
    }
    if (found->state == DN_REVOCATION_REVOKED)
        set_time(entry, "since", found->since_utc_ms);
    blobs[count] = dn_new_blob(DN_PART_EVIDENCE, proofs->chain, NULL);
    dn_json_take(entry, "chain", dn_blob_ref(&blobs[count++]));
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        json_t *refs = json_array();

        for (guint k = 0; k < lists[i].list->len && count < MOST_BLOBS; k++) {
            blobs[count] = dn_new_blob(DN_PART_EVIDENCE, g_ptr_array_index(lists[i].list, k), NULL);
            json_array_append_new(refs, dn_blob_ref(&blobs[count++]));
        }
        dn_json_take(entry, lists[i].member, refs);
    }
    *out_count = count;
    return entry;
}

/* Nothing that says no more than what is kept: the chain once, and proofs that reach further. */
static bool
is_worth_keeping(DnArchive *self, const DnProofs *proofs, const char *signer, bool *out_worth,
                 GError **error)
{
    g_autoptr(json_t) row = NULL;
    const json_t *kept = NULL;

    *out_worth = false;
    if (!proofs->chain)
        return true;
    if (!dn_view_signer(self, signer, &row, error))
        return false;
    kept = json_object_get(row, "proofs");
    *out_worth =
        !kept ||
        (proofs->revocation.state != DN_REVOCATION_UNKNOWN &&
         (dn_json_time(kept, "as_of") < proofs->revocation.as_of_utc_ms ||
          g_strcmp0(dn_json_string(kept, "state"), state_name(proofs->revocation.state)) != 0));
    return true;
}

bool
dn_revocation_keep(DnArchive *self, const DnProofs *proofs, const char *signer,
                   const char *authority, GError **error)
{
    DnNewBlob blobs[MOST_BLOBS];
    size_t count = 0;
    bool worth = false;

    if (!is_worth_keeping(self, proofs, signer, &worth, error))
        return false;
    if (!worth)
        return true;
    g_autoptr(json_t) entry = make_entry(proofs, signer, authority, blobs, &count);

    return dn_commit(self, &self->tenant, dn_evidence_period, blobs, count, entry, error);
}

/* --- when --- */

DnProofs *
dn_revocation_ask(DnArchive *self, DnTrust *trust, GBytes *token, GError **error)
{
    g_auto(Sources) sources = {0};
    g_autoptr(DnProofs) proofs = NULL;

    sources_read(self, &sources);
    if (sources.none) {
        sources.sources.files = NULL;
        sources.sources.fetch = false;
    }
    proofs = dn_proofs_gather(token, trust, &sources.sources, error);
    if (proofs && proofs->problem && proofs->revocation.state == DN_REVOCATION_UNKNOWN &&
        proofs->chain && !sources.none)
        g_message("it is not known whether the signer of a time stamp was revoked: %s",
                  proofs->problem);
    return g_steal_pointer(&proofs);
}

/* Whether there may be a proof by now that says more than the one that is kept. */
static bool
is_wanted(const json_t *row, int64_t now_utc_ms)
{
    const json_t *kept = json_object_get(row, "proofs");
    const char *state = dn_json_string(kept, "state");
    int64_t gen_utc_ms = dn_json_time(row, "gen_time");
    bool good = g_strcmp0(state, "good") == 0;

    if (g_strcmp0(state, "revoked") == 0 || now_utc_ms > dn_json_time(row, "until"))
        return false;
    return !good ||
           (gen_utc_ms > dn_json_time(kept, "as_of") && now_utc_ms >= dn_json_time(kept, "next"));
}

typedef struct {
    DnArchive *archive;
    DnTrust *trust;
    const char *except;
    GPtrArray *signers; /* json rows */
} Refresh;

static bool
note_wanted(const json_t *row, void *user_data, GError **error)
{
    Refresh *refresh = user_data;

    (void)error;
    if (g_strcmp0(dn_json_string(row, "signer"), refresh->except) != 0 &&
        is_wanted(row, dn_clock_now_utc_ms()))
        g_ptr_array_add(refresh->signers, json_deep_copy(row));
    return true;
}

static bool
refresh_signer(Refresh *refresh, const json_t *row, GError **error)
{
    DnArchive *self = refresh->archive;
    const char *authority = dn_json_string(row, "authority");
    g_autoptr(GBytes) token =
        dn_blob_load(self, &self->tenant, json_object_get(row, "token"), DN_PART_TOKEN, error);
    g_autoptr(DnProofs) proofs =
        token ? dn_revocation_ask(self, refresh->trust, token, error) : NULL;

    if (!proofs)
        return false;
    if (proofs->revocation.state == DN_REVOCATION_REVOKED) {
        g_autofree char *text = dn_revocation_text(&proofs->revocation);

        g_message("the signer of time stamps of %s was %s", authority, text);
    }
    return dn_revocation_keep(self, proofs, dn_json_string(row, "signer"), authority, error);
}

void
dn_revocation_refresh(DnArchive *self, DnTrust *trust, const char *except)
{
    g_autoptr(GPtrArray) signers = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    g_autoptr(GError) problem = NULL;
    Refresh refresh = {.archive = self, .trust = trust, .except = except, .signers = signers};

    if (!dn_view_each_signer(self, note_wanted, &refresh, &problem))
        g_message("revocations cannot be looked up: %s", problem->message);
    for (guint i = 0; i < signers->len; i++) {
        g_clear_error(&problem);
        if (!refresh_signer(&refresh, g_ptr_array_index(signers, i), &problem))
            g_message("revocations cannot be looked up: %s", problem->message);
    }
}

/* --- what is missing --- */

typedef struct {
    DnArchive *archive;
    DnTrust *trust;
    DnRevocationNeed *need;
} Missing;

static bool
note_missing(const json_t *row, void *user_data, GError **error)
{
    Missing *missing = user_data;
    DnArchive *self = missing->archive;
    const json_t *kept = json_object_get(row, "proofs");
    int64_t bare = dn_json_int(row, "bare", 0);
    bool revoked = g_strcmp0(dn_json_string(kept, "state"), "revoked") == 0;
    g_autoptr(GBytes) token = NULL;

    if (bare == 0 && !revoked)
        return true;
    token = dn_blob_load(self, &self->tenant, json_object_get(row, "token"), DN_PART_TOKEN, error);
    if (!token)
        return false;
    if (!dn_token_is_revocable(token, missing->trust))
        return true;
    missing->need->authority = g_intern_string(dn_json_string(row, "authority"));
    if (revoked)
        missing->need->revoked++;
    else if (dn_clock_now_utc_ms() > dn_json_time(row, "until"))
        missing->need->too_late += bare;
    else
        missing->need->wanted += bare;
    return true;
}

bool
dn_revocation_missing(DnArchive *self, DnTrust *trust, DnRevocationNeed *out_need, GError **error)
{
    g_auto(Sources) sources = {0};
    DnRevocationNeed need = {0};
    Missing missing = {.archive = self, .trust = trust, .need = &need};

    sources_read(self, &sources);
    need.none = sources.none;
    if (!dn_view_each_signer(self, note_missing, &missing, error))
        return false;
    *out_need = need;
    return true;
}
