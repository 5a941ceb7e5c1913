/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/record.c - the evidence record of one voucher (RFC 4998), as strict DER.
 *
 * EvidenceRecord ::= SEQUENCE {
 *     version INTEGER (1), digestAlgorithms SEQUENCE OF AlgorithmIdentifier,
 *     archiveTimeStampSequence SEQUENCE OF SEQUENCE OF ArchiveTimeStamp }
 * ArchiveTimeStamp ::= SEQUENCE {
 *     digestAlgorithm [0] IMPLICIT AlgorithmIdentifier OPTIONAL,
 *     reducedHashtree [2] IMPLICIT SEQUENCE OF SEQUENCE OF OCTET STRING OPTIONAL,
 *     timeStamp ContentInfo }
 *
 * The first list of a reduced hash tree holds the leaf and its sibling, each further list one
 * sibling more (4.2.2). A chain has one archive time-stamp when it is made and one more with each
 * time-stamp renewal, whose leaf is the hash of the time stamp before it (5.2). A hash-tree renewal
 * begins a chain of another digest, whose leaf is the hash of two hashes: of the data object, and
 * of the archiveTimeStampSequence as it was before (5.3).
 *
 * The form is small and every length in it is hostile, so it is read by hand: nothing is copied,
 * and only the one encoding that DER allows is accepted.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/obj_mac.h>
#include <string.h>

#include "engine/evidence/token.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_SEQUENCE = 0x30,
    TAG_DIGEST = 0xa0,     /* [0] of an ArchiveTimeStamp */
    TAG_ATTRIBUTES = 0xa1, /* [1] of an ArchiveTimeStamp */
    TAG_HASHTREE = 0xa2,   /* [2] of an ArchiveTimeStamp */
    TAG_CRYPTO = 0xa0,     /* [0] of an EvidenceRecord */
    TAG_ENCRYPTION = 0xa1, /* [1] of an EvidenceRecord */
    MAX_RECORD_BYTES = 4 * 1024 * 1024,
    MAX_STAMPS = 32, /* renewals of ten years, many times over */
    MAX_CHAINS = 8,
    MAX_LISTS = 64, /* levels of a binary tree over 2^64 leaves */
};

/* The OID of each digest. Parameters are absent, as RFC 5754 writes them, or NULL, as it wants them
 * read. */
enum { OID_BYTES = 11 };

static const struct {
    DnHashKind kind;
    int nid;
    uint8_t oid[OID_BYTES + 2]; /* with NULL */
} digests[] = {
    {DN_HASH_SHA256,
     NID_sha256,
     {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00}},
    {DN_HASH_SHA512,
     NID_sha512,
     {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00}},
};

typedef struct {
    const uint8_t *at;
    size_t left;
} Der;

/* One ArchiveTimeStamp, pointing into the record. */
typedef struct {
    DnHashKind kind;
    Der hashtree; /* what stands in [2]; at is NULL when there is none */
    Der token;    /* with its header */
    size_t chain;
} Stamp;

typedef struct {
    Stamp stamps[MAX_STAMPS];
    size_t count;
    Der chains[MAX_CHAINS]; /* with their headers; one lies behind the other */
    size_t chain_count;
} Record;

/* --- reading --- */

/* Takes one element of that tag off the front. @out_whole (nullable) has its header too. */
static bool
der_take(Der *in, uint8_t tag, Der *out_body, Der *out_whole)
{
    size_t header = 2;
    size_t length = 0;

    if (in->left < 2 || in->at[0] != tag)
        return false;
    length = in->at[1];
    if (length >= 0x80) {
        size_t digits = length & 0x7f;

        if (digits == 0 || digits > 4 || in->left < 2 + digits || in->at[2] == 0)
            return false;
        length = 0;
        for (size_t i = 0; i < digits; i++)
            length = length << 8 | in->at[2 + i];
        if (length < 0x80)
            return false;
        header += digits;
    }
    if (in->left - header < length)
        return false;
    *out_body = (Der){in->at + header, length};
    if (out_whole)
        *out_whole = (Der){in->at, header + length};
    in->at += header + length;
    in->left -= header + length;
    return true;
}

static bool
der_is_next(const Der *in, uint8_t tag)
{
    return in->left > 0 && in->at[0] == tag;
}

static bool
der_equals(const Der *in, const uint8_t *bytes, size_t size)
{
    return in->left == size && memcmp(in->at, bytes, size) == 0;
}

static bool
der_is_digest(const Der *algorithm, DnHashKind *out_kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(digests); i++)
        if (der_equals(algorithm, digests[i].oid, OID_BYTES) ||
            der_equals(algorithm, digests[i].oid, OID_BYTES + 2)) {
            *out_kind = digests[i].kind;
            return true;
        }
    return false;
}

static bool
record_malformed(GError **error, const char *what)
{
    return dn_fail(error, DN_ERROR_CORRUPT, "evidence record: %s is malformed", what);
}

static bool
record_read_stamp(Der *in, Stamp *out_stamp, GError **error)
{
    Stamp stamp = {.kind = DN_HASH_SHA256};
    Der body;
    Der inner;

    if (!der_take(in, TAG_SEQUENCE, &body, NULL))
        return record_malformed(error, "an archive time-stamp");
    if (der_is_next(&body, TAG_DIGEST)) {
        if (!der_take(&body, TAG_DIGEST, &inner, NULL))
            return record_malformed(error, "a digest algorithm");
        if (!der_is_digest(&inner, &stamp.kind))
            return dn_fail(error, DN_ERROR_UNSUPPORTED,
                           "evidence record: its hash tree is neither of SHA-256 nor of SHA-512");
    }
    if (der_is_next(&body, TAG_ATTRIBUTES))
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "evidence record: it has attributes");
    if (der_is_next(&body, TAG_HASHTREE) && !der_take(&body, TAG_HASHTREE, &stamp.hashtree, NULL))
        return record_malformed(error, "a reduced hash tree");
    if (!der_take(&body, TAG_SEQUENCE, &inner, &stamp.token) || body.left > 0)
        return record_malformed(error, "a time stamp");
    *out_stamp = stamp;
    return true;
}

/* *@out_listed: the sum of the kinds listed, each of which is a bit of its own. */
static bool
record_read_algorithms(Der *in, unsigned *out_listed, GError **error)
{
    Der algorithms;
    Der one;
    DnHashKind kind;
    unsigned listed = 0;

    if (!der_take(in, TAG_SEQUENCE, &algorithms, NULL) || algorithms.left == 0)
        return record_malformed(error, "the list of digest algorithms");
    while (algorithms.left > 0) {
        if (!der_take(&algorithms, TAG_SEQUENCE, &one, NULL))
            return record_malformed(error, "the list of digest algorithms");
        if (der_is_digest(&one, &kind))
            listed |= kind;
    }
    if (!listed)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "evidence record: it uses neither SHA-256 nor SHA-512");
    *out_listed = listed;
    return true;
}

static bool
record_read_chain(Der *in, Record *record, GError **error)
{
    Der chain;
    size_t first = record->count;

    if (record->chain_count == MAX_CHAINS)
        return dn_fail(error, DN_ERROR_CORRUPT, "evidence record: more than %d chains", MAX_CHAINS);
    if (!der_take(in, TAG_SEQUENCE, &chain, &record->chains[record->chain_count]) ||
        chain.left == 0)
        return record_malformed(error, "its sequence of archive time-stamps");
    while (chain.left > 0) {
        Stamp *stamp = &record->stamps[record->count];

        if (record->count >= MAX_STAMPS)
            return dn_fail(error, DN_ERROR_CORRUPT, "evidence record: more than %d renewals",
                           MAX_STAMPS - 1);
        if (!record_read_stamp(&chain, stamp, error))
            return false;
        stamp->chain = record->chain_count;
        if (stamp->kind != record->stamps[first].kind) /* RFC 4998 5.1 */
            return record_malformed(error, "a chain of two digests");
        record->count++;
    }
    record->chain_count++;
    return true;
}

static bool
record_read(GBytes *bytes, Record *out_record, GError **error)
{
    static const uint8_t version[] = {1};
    Record record = {0};
    unsigned listed = 0;
    Der in = {0};
    Der body;
    Der inner;

    in.at = g_bytes_get_data(bytes, &in.left);
    if (in.left > MAX_RECORD_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "evidence record: %zu bytes, %d are the most that is looked at", in.left,
                       MAX_RECORD_BYTES);
    if (!der_take(&in, TAG_SEQUENCE, &body, NULL) || in.left > 0)
        return record_malformed(error, "its frame");
    if (!der_take(&body, TAG_INTEGER, &inner, NULL) || !der_equals(&inner, version, sizeof version))
        return record_malformed(error, "its version");
    if (!record_read_algorithms(&body, &listed, error))
        return false;
    if (der_is_next(&body, TAG_CRYPTO) || der_is_next(&body, TAG_ENCRYPTION))
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "evidence record: it has crypto or encryption information");
    if (!der_take(&body, TAG_SEQUENCE, &inner, NULL) || body.left > 0 || inner.left == 0)
        return record_malformed(error, "its sequence of archive time-stamps");
    while (inner.left > 0)
        if (!record_read_chain(&inner, &record, error))
            return false;
    for (size_t i = 0; i < record.count; i++)
        if (!(listed & record.stamps[i].kind))
            return record_malformed(error, "the list of digest algorithms");
    *out_record = record;
    return true;
}

/* --- the hash tree --- */

static int
record_compare_hashes(const void *a, const void *b)
{
    const DnHash *x = a;

    return memcmp(x->bytes, ((const DnHash *)b)->bytes, x->kind);
}

/* The hash of hashes, sorted and joined. */
static DnHash
record_join(GArray *hashes)
{
    g_autoptr(GByteArray) joined = g_byte_array_new();
    DnHashKind kind = g_array_index(hashes, DnHash, 0).kind;

    g_array_sort(hashes, record_compare_hashes);
    for (guint i = 0; i < hashes->len; i++)
        g_byte_array_append(joined, g_array_index(hashes, DnHash, i).bytes, kind);
    return dn_hash(kind, joined->data, joined->len);
}

/* RFC 4998 4.3: the first list must have the leaf in it; the hash of each list, sorted and joined,
 * belongs to the next list. A first list of one hash is refused: it is read in two ways. */
static bool
record_root(const Stamp *stamp, const DnHash *leaf, DnHash *out_root, GError **error)
{
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(DnHash));
    Der lists = stamp->hashtree;
    DnHash node = *leaf;

    for (size_t level = 0; lists.left > 0; level++) {
        bool found = level > 0;
        Der list;
        Der hash;

        if (level >= MAX_LISTS || !der_take(&lists, TAG_SEQUENCE, &list, NULL) || list.left == 0)
            return record_malformed(error, "its reduced hash tree");
        g_array_set_size(hashes, 0);
        if (level > 0)
            g_array_append_val(hashes, node);
        while (list.left > 0) {
            DnHash one = {.kind = stamp->kind};

            if (!der_take(&list, TAG_OCTETS, &hash, NULL) || hash.left != one.kind)
                return record_malformed(error, "a hash of its reduced hash tree");
            memcpy(one.bytes, hash.at, hash.left);
            found = found || dn_hash_equal(&one, leaf);
            g_array_append_val(hashes, one);
        }
        if (!found)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "evidence record: it is of another data object");
        if (hashes->len < 2)
            return record_malformed(error, "its reduced hash tree");
        node = record_join(hashes);
    }
    if (stamp->hashtree.at && stamp->hashtree.left == 0)
        return record_malformed(error, "its reduced hash tree");
    *out_root = node;
    return true;
}

/* --- writing --- */

static void
der_put(GByteArray *out, uint8_t tag, const void *body, size_t size)
{
    uint8_t header[6] = {tag};
    guint length = 2;

    if (size < 0x80) {
        header[1] = (uint8_t)size;
    } else {
        unsigned digits = size > 0xffffff ? 4 : size > 0xffff ? 3 : size > 0xff ? 2 : 1;

        header[1] = (uint8_t)(0x80 | digits);
        for (unsigned i = 0; i < digits; i++)
            header[length++] = (uint8_t)(size >> 8 * (digits - 1 - i));
    }
    g_byte_array_append(out, header, length);
    if (size > 0)
        g_byte_array_append(out, body, (guint)size);
}

static void
der_put_array(GByteArray *out, uint8_t tag, const GByteArray *body)
{
    der_put(out, tag, body->data, body->len);
}

static bool
record_check_token(GBytes *token, GError **error)
{
    Der in = {0};
    Der body;

    in.at = g_bytes_get_data(token, &in.left);
    if (in.left > DN_TOKEN_MAX_BYTES)
        return dn_fail(error, DN_ERROR_LIMIT, "time-stamp token: %zu bytes, %d are allowed",
                       in.left, DN_TOKEN_MAX_BYTES);
    if (!der_take(&in, TAG_SEQUENCE, &body, NULL) || in.left > 0)
        return dn_fail(error, DN_ERROR_FORMAT, "time-stamp token: not a DER sequence");
    return true;
}

static void
record_put_hash(GByteArray *out, const DnHash *hash)
{
    der_put(out, TAG_OCTETS, hash->bytes, hash->kind);
}

static const uint8_t *
record_oid(DnHashKind kind)
{
    return digests[kind == DN_HASH_SHA512].oid;
}

static void
record_put_stamp(GByteArray *out, const DnHash *leaf, const DnHash *path, size_t count,
                 GBytes *token)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autoptr(GByteArray) lists = g_byte_array_new();
    g_autoptr(GByteArray) list = g_byte_array_new();
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);

    der_put(body, TAG_DIGEST, record_oid(leaf->kind), OID_BYTES);
    for (size_t i = 0; i < count; i++) {
        bool leaf_first = record_compare_hashes(leaf, &path[i]) <= 0;

        g_byte_array_set_size(list, 0);
        if (i == 0 && leaf_first)
            record_put_hash(list, leaf);
        record_put_hash(list, &path[i]);
        if (i == 0 && !leaf_first)
            record_put_hash(list, leaf);
        der_put_array(lists, TAG_SEQUENCE, list);
    }
    if (count > 0)
        der_put_array(body, TAG_HASHTREE, lists);
    g_byte_array_append(body, bytes, (guint)size);
    der_put_array(out, TAG_SEQUENCE, body);
}

/* (transfer full) The record around @chains, the encoded ArchiveTimeStampChains; @kinds, @count of
 * them, are what they are of. */
static GBytes *
record_wrap(const GByteArray *chains, const DnHashKind *kinds, size_t count, GError **error)
{
    static const uint8_t version[] = {1};
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autoptr(GByteArray) inner = g_byte_array_new();
    GByteArray *record = NULL;

    if (chains->len > MAX_RECORD_BYTES - 256)
        return dn_fail_null(error, DN_ERROR_LIMIT, "evidence record: more than %d bytes",
                            MAX_RECORD_BYTES);
    record = g_byte_array_new();
    der_put(body, TAG_INTEGER, version, sizeof version);
    for (size_t i = 0; i < count; i++)
        der_put(inner, TAG_SEQUENCE, record_oid(kinds[i]), OID_BYTES);
    der_put_array(body, TAG_SEQUENCE, inner);
    der_put_array(body, TAG_SEQUENCE, chains);
    der_put_array(record, TAG_SEQUENCE, body);
    return g_byte_array_free_to_bytes(record);
}

/* The digests of a record, each once, in the order in which they came. */
static size_t
record_kinds(const Record *record, DnHashKind kinds[G_N_ELEMENTS(digests)])
{
    size_t count = 0;

    for (size_t i = 0; i < record->count; i++) {
        bool known = false;

        for (size_t k = 0; k < count; k++)
            known = known || kinds[k] == record->stamps[i].kind;
        if (!known)
            kinds[count++] = record->stamps[i].kind;
    }
    return count;
}

/* --- the interface --- */

GBytes *
dn_evidence_record_new(const DnHash *leaf, const DnHash *path, size_t count, GBytes *token,
                       GError **error)
{
    g_autoptr(GByteArray) stamps = g_byte_array_new();
    g_autoptr(GByteArray) chains = g_byte_array_new();

    g_assert(count <= MAX_LISTS);
    if (!record_check_token(token, error))
        return NULL;
    record_put_stamp(stamps, leaf, path, count, token);
    der_put_array(chains, TAG_SEQUENCE, stamps);
    return record_wrap(chains, &leaf->kind, 1, error);
}

/* --- tokens met before --- */

static DnHash
record_token_hash(const Stamp *stamp)
{
    return dn_hash(stamp->kind, stamp->token.at, stamp->token.left);
}

/* RFC 4998 5.3: H(H(data object) + H(archiveTimeStampSequence of the first @chains)). */
static DnHash
record_rehash(const Record *record, size_t chains, const DnHash *document)
{
    g_autoptr(GByteArray) sequence = g_byte_array_new();
    const Der *last = &record->chains[chains - 1];
    const uint8_t *first = record->chains[0].at;
    uint8_t both[2 * DN_HASH_MAX];
    DnHash hash;

    der_put(sequence, TAG_SEQUENCE, first, (size_t)(last->at + last->left - first));
    hash = dn_hash(document->kind, sequence->data, sequence->len);
    memcpy(both, document->bytes, document->kind);
    memcpy(both + document->kind, hash.bytes, document->kind);
    return dn_hash(document->kind, both, 2 * (size_t)document->kind);
}

enum { MEMO_MAX = 1024 };

/* What was asked: these bytes, over that root, held until then. */
typedef struct {
    DnSha256 token;
    DnHash root;
    int64_t renewed_utc_ms;
} Question;

struct DnTokenMemo {
    GHashTable *answers; /* Question -> DnTokenInfo; only of tokens that hold */
};

static guint
question_hash(gconstpointer key)
{
    guint hash = 0;

    memcpy(&hash, ((const Question *)key)->token.bytes, sizeof hash);
    return hash;
}

static gboolean
question_equal(gconstpointer a, gconstpointer b)
{
    const Question *x = a;
    const Question *y = b;

    return dn_sha256_equal(&x->token, &y->token) && dn_hash_equal(&x->root, &y->root) &&
           x->renewed_utc_ms == y->renewed_utc_ms;
}

static void
info_free(gpointer data)
{
    dn_token_info_clear(data);
    g_free(data);
}

static DnTokenInfo
info_copy(const DnTokenInfo *info)
{
    DnTokenInfo copy = *info;

    copy.serial = g_strdup(info->serial);
    copy.policy = g_strdup(info->policy);
    copy.authority = g_strdup(info->authority);
    copy.signer = g_strdup(info->signer);
    return copy;
}

DnTokenMemo *
dn_token_memo_new(void)
{
    DnTokenMemo *self = g_new0(DnTokenMemo, 1);

    self->answers = g_hash_table_new_full(question_hash, question_equal, g_free, info_free);
    return self;
}

void
dn_token_memo_free(DnTokenMemo *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->answers);
    g_free(self);
}

static bool
record_verify_token(const Stamp *stamp, const DnHash *root, const DnTrust *trust,
                    int64_t renewed_utc_ms, DnTokenMemo *memo, DnTokenInfo *out_info,
                    GError **error)
{
    Question question = {dn_sha256(stamp->token.at, stamp->token.left), *root, renewed_utc_ms};
    const DnTokenInfo *known = memo ? g_hash_table_lookup(memo->answers, &question) : NULL;
    g_autoptr(GBytes) token = NULL;

    if (known) {
        *out_info = info_copy(known);
        return true;
    }
    token = g_bytes_new(stamp->token.at, stamp->token.left);
    if (!dn_token_verify_until(token, root, trust, renewed_utc_ms, out_info, error))
        return false;
    if (memo) {
        DnTokenInfo copy = info_copy(out_info);

        if (g_hash_table_size(memo->answers) >= MEMO_MAX)
            g_hash_table_remove_all(memo->answers);
        g_hash_table_insert(memo->answers, g_memdup2(&question, sizeof question),
                            g_memdup2(&copy, sizeof copy));
    }
    return true;
}

bool
dn_evidence_record_verify(GBytes *record, const DnHash *document, const DnTrust *trust,
                          DnTokenInfo *out_info, GError **error)
{
    return dn_evidence_record_verify_with(record, document, 1, trust, NULL, out_info, error);
}

/* What the archive time-stamp @i must have stamped: the data object, the token before it, or both
 * the data object and all chains before it. */
static bool
record_leaf(const Record *record, size_t i, const DnHash *documents, size_t count, DnHash *out_leaf,
            GError **error)
{
    const Stamp *stamp = &record->stamps[i];
    const DnHash *document = NULL;

    if (i > 0 && stamp->chain == record->stamps[i - 1].chain) {
        *out_leaf = record_token_hash(&record->stamps[i - 1]);
        return true;
    }
    for (size_t k = 0; k < count; k++)
        if (documents[k].kind == stamp->kind)
            document = &documents[k];
    if (!document)
        return dn_fail(error, DN_ERROR_INVALID, "evidence record: it is over a hash of kind %s",
                       dn_hash_kind_name(stamp->kind));
    *out_leaf = i == 0 ? *document : record_rehash(record, stamp->chain, document);
    return true;
}

bool
dn_evidence_record_verify_with(GBytes *record, const DnHash *documents, size_t document_count,
                               const DnTrust *trust, DnTokenMemo *memo, DnTokenInfo *out_info,
                               GError **error)
{
    Record read;
    bool trusted = true;
    bool accredited = true;
    bool unrevoked = true;
    int64_t renewed_utc_ms = 0;

    if (!record_read(record, &read, error))
        return false;
    /* From the newest back: a token must hold until the next one was put over it. */
    for (size_t i = read.count; i-- > 0;) {
        const Stamp *stamp = &read.stamps[i];
        g_auto(DnTokenInfo) info = {0};
        DnHash node;

        if (!record_leaf(&read, i, documents, document_count, &node, error) ||
            !record_root(stamp, &node, &node, error) ||
            !record_verify_token(stamp, &node, trust, renewed_utc_ms, memo, &info, error)) {
            if (read.count > 1)
                dn_fail_in(error, "archive time-stamp %zu of %zu", i + 1, read.count);
            return false;
        }
        trusted = trusted && info.trusted;
        accredited = accredited && info.accredited;
        unrevoked = unrevoked && info.revocation.state == DN_REVOCATION_GOOD;
        renewed_utc_ms = info.gen_time_utc_ms;
        if (i == 0) {
            info.trusted = trusted;
            info.accredited = trusted && accredited;
            if (!unrevoked)
                info.revocation = (DnRevocation){.state = DN_REVOCATION_UNKNOWN, .reason = -1};
            *out_info = info;
            memset(&info, 0, sizeof info);
        }
    }
    return true;
}

bool
dn_evidence_record_uses(GBytes *record, DnHashKind kind)
{
    Record read;

    if (!record_read(record, &read, NULL))
        return false;
    for (size_t i = 0; i < read.count; i++)
        if (read.stamps[i].kind == kind)
            return true;
    return false;
}

bool
dn_evidence_record_renewal_leaf(GBytes *record, DnHash *out_leaf, GError **error)
{
    Record read;

    if (!record_read(record, &read, error))
        return false;
    *out_leaf = record_token_hash(&read.stamps[read.count - 1]);
    return true;
}

static bool
record_has_room(const Record *record, GError **error)
{
    return record->count < MAX_STAMPS ||
           dn_fail(error, DN_ERROR_LIMIT, "evidence record: more than %d renewals", MAX_STAMPS - 1);
}

GBytes *
dn_evidence_record_renew(GBytes *record, const DnHash *path, size_t count, GBytes *token,
                         GError **error)
{
    g_autoptr(GByteArray) stamps = g_byte_array_new();
    g_autoptr(GByteArray) chains = g_byte_array_new();
    DnHashKind kinds[G_N_ELEMENTS(digests)];
    Record read;
    DnHash leaf;
    Der last;
    Der body;

    g_assert(count <= MAX_LISTS);
    if (!record_read(record, &read, error) || !record_check_token(token, error) ||
        !record_has_room(&read, error))
        return NULL;
    leaf = record_token_hash(&read.stamps[read.count - 1]);

    /* What stands stays to its last byte: record_read() has shown that it is there. */
    last = read.chains[read.chain_count - 1];
    g_byte_array_append(chains, read.chains[0].at, (guint)(last.at - read.chains[0].at));
    if (!der_take(&last, TAG_SEQUENCE, &body, NULL))
        g_assert_not_reached();
    g_byte_array_append(stamps, body.at, (guint)body.left);
    record_put_stamp(stamps, &leaf, path, count, token);
    der_put_array(chains, TAG_SEQUENCE, stamps);
    return record_wrap(chains, kinds, record_kinds(&read, kinds), error);
}

bool
dn_evidence_record_rehash_leaf(GBytes *record, const DnHash *document, DnHash *out_leaf,
                               GError **error)
{
    Record read;

    if (!record_read(record, &read, error))
        return false;
    *out_leaf = record_rehash(&read, read.chain_count, document);
    return true;
}

GBytes *
dn_evidence_record_rehash(GBytes *record, const DnHash *leaf, const DnHash *path, size_t count,
                          GBytes *token, GError **error)
{
    g_autoptr(GByteArray) stamps = g_byte_array_new();
    g_autoptr(GByteArray) chains = g_byte_array_new();
    DnHashKind kinds[G_N_ELEMENTS(digests)];
    Record read;
    const Der *last = NULL;

    g_assert(count <= MAX_LISTS);
    if (!record_read(record, &read, error) || !record_check_token(token, error) ||
        !record_has_room(&read, error))
        return NULL;
    if (read.chain_count == MAX_CHAINS)
        return dn_fail_null(error, DN_ERROR_LIMIT, "evidence record: more than %d chains",
                            MAX_CHAINS);
    last = &read.chains[read.chain_count - 1];
    g_byte_array_append(chains, read.chains[0].at,
                        (guint)(last->at + last->left - read.chains[0].at));
    record_put_stamp(stamps, leaf, path, count, token);
    der_put_array(chains, TAG_SEQUENCE, stamps);
    read.stamps[read.count++].kind = leaf->kind;
    return record_wrap(chains, kinds, record_kinds(&read, kinds), error);
}

GBytes *
dn_evidence_record_token(GBytes *record, GError **error)
{
    Record read;

    if (!record_read(record, &read, error))
        return NULL;
    return g_bytes_new(read.stamps[0].token.at, read.stamps[0].token.left);
}
