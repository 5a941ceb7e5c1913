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
 * renewal, whose leaf is the hash of the time stamp before it (5.2).
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
    MAX_LISTS = 64,  /* levels of a binary tree over 2^64 leaves */
};

/* AlgorithmIdentifier of SHA-256 without its header: parameters absent, as RFC 5754 writes them,
 * or NULL, as it wants them read. */
static const uint8_t sha256_plain[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                       0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t sha256_null[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                                      0x03, 0x04, 0x02, 0x01, 0x05, 0x00};

typedef struct {
    const uint8_t *at;
    size_t left;
} Der;

/* One ArchiveTimeStamp, pointing into the record. */
typedef struct {
    Der hashtree; /* what stands in [2]; at is NULL when there is none */
    Der token;    /* with its header */
} Stamp;

typedef struct {
    Stamp stamps[MAX_STAMPS];
    size_t count;
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
der_is_sha256(const Der *algorithm)
{
    return der_equals(algorithm, sha256_plain, sizeof sha256_plain) ||
           der_equals(algorithm, sha256_null, sizeof sha256_null);
}

static bool
record_malformed(GError **error, const char *what)
{
    return dn_fail(error, DN_ERROR_CORRUPT, "evidence record: %s is malformed", what);
}

static bool
record_read_stamp(Der *in, Stamp *out_stamp, GError **error)
{
    Stamp stamp = {0};
    Der body;
    Der inner;

    if (!der_take(in, TAG_SEQUENCE, &body, NULL))
        return record_malformed(error, "an archive time-stamp");
    if (der_is_next(&body, TAG_DIGEST)) {
        if (!der_take(&body, TAG_DIGEST, &inner, NULL))
            return record_malformed(error, "a digest algorithm");
        if (!der_is_sha256(&inner))
            return dn_fail(error, DN_ERROR_UNSUPPORTED,
                           "evidence record: its hash tree is not of SHA-256");
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

static bool
record_read_algorithms(Der *in, GError **error)
{
    Der algorithms;
    Der one;
    bool found = false;

    if (!der_take(in, TAG_SEQUENCE, &algorithms, NULL) || algorithms.left == 0)
        return record_malformed(error, "the list of digest algorithms");
    while (algorithms.left > 0) {
        if (!der_take(&algorithms, TAG_SEQUENCE, &one, NULL))
            return record_malformed(error, "the list of digest algorithms");
        found = found || der_is_sha256(&one);
    }
    if (!found)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "evidence record: it does not use SHA-256");
    return true;
}

static bool
record_read(GBytes *bytes, Record *out_record, GError **error)
{
    static const uint8_t version[] = {1};
    Record record = {0};
    Der in = {0};
    Der body;
    Der inner;
    Der chain;

    in.at = g_bytes_get_data(bytes, &in.left);
    if (in.left > MAX_RECORD_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "evidence record: %zu bytes, %d are the most that is looked at", in.left,
                       MAX_RECORD_BYTES);
    if (!der_take(&in, TAG_SEQUENCE, &body, NULL) || in.left > 0)
        return record_malformed(error, "its frame");
    if (!der_take(&body, TAG_INTEGER, &inner, NULL) || !der_equals(&inner, version, sizeof version))
        return record_malformed(error, "its version");
    if (!record_read_algorithms(&body, error))
        return false;
    if (der_is_next(&body, TAG_CRYPTO) || der_is_next(&body, TAG_ENCRYPTION))
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "evidence record: it has crypto or encryption information");
    if (!der_take(&body, TAG_SEQUENCE, &inner, NULL) || body.left > 0 ||
        !der_take(&inner, TAG_SEQUENCE, &chain, NULL) || chain.left == 0)
        return record_malformed(error, "its sequence of archive time-stamps");
    if (inner.left > 0)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "evidence record: it has more than one chain of archive time-stamps");

    while (chain.left > 0) {
        if (record.count >= MAX_STAMPS)
            return dn_fail(error, DN_ERROR_CORRUPT, "evidence record: more than %d renewals",
                           MAX_STAMPS - 1);
        if (!record_read_stamp(&chain, &record.stamps[record.count], error))
            return false;
        record.count++;
    }
    *out_record = record;
    return true;
}

/* --- the hash tree --- */

static int
record_compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, DN_SHA256_BYTES);
}

/* RFC 4998 4.3: the first list must have the leaf in it; the hash of each list, sorted and joined,
 * belongs to the next list. A first list of one hash is refused: it is read in two ways. */
static bool
record_root(const Stamp *stamp, const DnSha256 *leaf, DnSha256 *out_root, GError **error)
{
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(DnSha256));
    Der lists = stamp->hashtree;
    DnSha256 node = *leaf;

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
            if (!der_take(&list, TAG_OCTETS, &hash, NULL) || hash.left != DN_SHA256_BYTES)
                return record_malformed(error, "a hash of its reduced hash tree");
            found = found || memcmp(hash.at, leaf->bytes, DN_SHA256_BYTES) == 0;
            g_array_append_vals(hashes, hash.at, 1);
        }
        if (!found)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "evidence record: it is of another data object");
        if (hashes->len < 2)
            return record_malformed(error, "its reduced hash tree");
        g_array_sort(hashes, record_compare_hashes);
        node = dn_sha256(hashes->data, (size_t)hashes->len * sizeof(DnSha256));
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
record_put_stamp(GByteArray *out, const DnSha256 *leaf, const DnSha256 *path, size_t count,
                 GBytes *token)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autoptr(GByteArray) lists = g_byte_array_new();
    g_autoptr(GByteArray) list = g_byte_array_new();
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);

    der_put(body, TAG_DIGEST, sha256_plain, sizeof sha256_plain);
    for (size_t i = 0; i < count; i++) {
        bool leaf_first = record_compare_hashes(leaf, &path[i]) <= 0;

        g_byte_array_set_size(list, 0);
        if (i == 0 && leaf_first)
            der_put(list, TAG_OCTETS, leaf->bytes, DN_SHA256_BYTES);
        der_put(list, TAG_OCTETS, path[i].bytes, DN_SHA256_BYTES);
        if (i == 0 && !leaf_first)
            der_put(list, TAG_OCTETS, leaf->bytes, DN_SHA256_BYTES);
        der_put_array(lists, TAG_SEQUENCE, list);
    }
    if (count > 0)
        der_put_array(body, TAG_HASHTREE, lists);
    g_byte_array_append(body, bytes, (guint)size);
    der_put_array(out, TAG_SEQUENCE, body);
}

/* (transfer full) The record around @stamps, the encoded ArchiveTimeStamps of its one chain. */
static GBytes *
record_wrap(const GByteArray *stamps)
{
    static const uint8_t version[] = {1};
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autoptr(GByteArray) inner = g_byte_array_new();
    GByteArray *record = g_byte_array_new();

    der_put(body, TAG_INTEGER, version, sizeof version);
    der_put(inner, TAG_SEQUENCE, sha256_plain, sizeof sha256_plain);
    der_put_array(body, TAG_SEQUENCE, inner);
    g_byte_array_set_size(inner, 0);
    der_put_array(inner, TAG_SEQUENCE, stamps);
    der_put_array(body, TAG_SEQUENCE, inner);
    der_put_array(record, TAG_SEQUENCE, body);
    return g_byte_array_free_to_bytes(record);
}

/* --- the interface --- */

GBytes *
dn_evidence_record_new(const DnSha256 *leaf, const DnSha256 *path, size_t count, GBytes *token,
                       GError **error)
{
    g_autoptr(GByteArray) stamps = g_byte_array_new();

    g_assert(count <= MAX_LISTS);
    if (!record_check_token(token, error))
        return NULL;
    record_put_stamp(stamps, leaf, path, count, token);
    return record_wrap(stamps);
}

/* --- tokens met before --- */

static DnSha256
record_token_hash(const Stamp *stamp)
{
    return dn_sha256(stamp->token.at, stamp->token.left);
}

enum { MEMO_MAX = 1024 };

/* What was asked: these bytes, over that root, held until then. */
typedef struct {
    DnSha256 token;
    DnSha256 root;
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

    return dn_sha256_equal(&x->token, &y->token) && dn_sha256_equal(&x->root, &y->root) &&
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
record_verify_token(const Stamp *stamp, const DnSha256 *root, const DnTrust *trust,
                    int64_t renewed_utc_ms, DnTokenMemo *memo, DnTokenInfo *out_info,
                    GError **error)
{
    DnTokenImprint imprint = {NID_sha256, root->bytes, DN_SHA256_BYTES};
    Question question = {record_token_hash(stamp), *root, renewed_utc_ms};
    const DnTokenInfo *known = memo ? g_hash_table_lookup(memo->answers, &question) : NULL;
    g_autoptr(GBytes) token = NULL;

    if (known) {
        *out_info = info_copy(known);
        return true;
    }
    token = g_bytes_new(stamp->token.at, stamp->token.left);
    if (!dn_token_verify_imprint(token, &imprint, trust, renewed_utc_ms, out_info, error))
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
dn_evidence_record_verify(GBytes *record, const DnSha256 *leaf, const DnTrust *trust,
                          DnTokenInfo *out_info, GError **error)
{
    return dn_evidence_record_verify_with(record, leaf, trust, NULL, out_info, error);
}

bool
dn_evidence_record_verify_with(GBytes *record, const DnSha256 *leaf, const DnTrust *trust,
                               DnTokenMemo *memo, DnTokenInfo *out_info, GError **error)
{
    Record read;
    bool trusted = true;
    bool accredited = true;
    int64_t renewed_utc_ms = 0;

    if (!record_read(record, &read, error))
        return false;
    /* From the newest back: a token must hold until the next one was put over it. */
    for (size_t i = read.count; i-- > 0;) {
        const Stamp *stamp = &read.stamps[i];
        g_auto(DnTokenInfo) info = {0};
        DnSha256 node = *leaf;

        if (i > 0)
            node = record_token_hash(&read.stamps[i - 1]);
        if (!record_root(stamp, &node, &node, error) ||
            !record_verify_token(stamp, &node, trust, renewed_utc_ms, memo, &info, error)) {
            if (read.count > 1)
                dn_fail_in(error, "archive time-stamp %zu of %zu", i + 1, read.count);
            return false;
        }
        trusted = trusted && info.trusted;
        accredited = accredited && info.accredited;
        renewed_utc_ms = info.gen_time_utc_ms;
        if (i == 0) {
            info.trusted = trusted;
            info.accredited = trusted && accredited;
            *out_info = info;
            memset(&info, 0, sizeof info);
        }
    }
    return true;
}

bool
dn_evidence_record_renewal_leaf(GBytes *record, DnSha256 *out_leaf, GError **error)
{
    Record read;

    if (!record_read(record, &read, error))
        return false;
    *out_leaf = record_token_hash(&read.stamps[read.count - 1]);
    return true;
}

GBytes *
dn_evidence_record_renew(GBytes *record, const DnSha256 *path, size_t count, GBytes *token,
                         GError **error)
{
    g_autoptr(GByteArray) stamps = g_byte_array_new();
    Record read;
    DnSha256 leaf;
    Der in = {0};
    Der body;
    Der inner;

    g_assert(count <= MAX_LISTS);
    if (!record_read(record, &read, error) || !record_check_token(token, error))
        return NULL;
    if (read.count >= MAX_STAMPS)
        return dn_fail_null(error, DN_ERROR_LIMIT, "evidence record: more than %d renewals",
                            MAX_STAMPS - 1);
    leaf = record_token_hash(&read.stamps[read.count - 1]);

    /* The chain as it stands, to its last byte: record_read() has shown that it is there. */
    in.at = g_bytes_get_data(record, &in.left);
    if (!der_take(&in, TAG_SEQUENCE, &body, NULL) || !der_take(&body, TAG_INTEGER, &inner, NULL) ||
        !der_take(&body, TAG_SEQUENCE, &inner, NULL) ||
        !der_take(&body, TAG_SEQUENCE, &inner, NULL) ||
        !der_take(&inner, TAG_SEQUENCE, &body, NULL))
        g_assert_not_reached();
    g_byte_array_append(stamps, body.at, (guint)body.left);
    record_put_stamp(stamps, &leaf, path, count, token);
    if (stamps->len > MAX_RECORD_BYTES - 64)
        return dn_fail_null(error, DN_ERROR_LIMIT, "evidence record: more than %d bytes",
                            MAX_RECORD_BYTES);
    return record_wrap(stamps);
}

GBytes *
dn_evidence_record_token(GBytes *record, GError **error)
{
    Record read;

    if (!record_read(record, &read, error))
        return NULL;
    return g_bytes_new(read.stamps[0].token.at, read.stamps[0].token.left);
}
