/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/hashtree.c - hashes, and the hash tree of RFC 4998 section 4.2, binary.
 *
 * All levels lie in one array, leaves first. A node that has no sibling is lifted to the next level
 * as it is: it must not be hashed alone, because a list of one hash in a record would stand for
 * "hash this again" and a verifier looks for a leaf in the first list.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <openssl/evp.h>
#include <string.h>

/* --- hashes --- */

static const struct {
    DnHashKind kind;
    const char *name;
} kinds[] = {{DN_HASH_SHA256, "sha256"}, {DN_HASH_SHA512, "sha512"}};

DnHash
dn_hash(DnHashKind kind, const void *bytes, size_t size)
{
    DnHash hash = {.kind = kind};

    if (kind == DN_HASH_SHA256) {
        DnSha256 plain = dn_sha256(bytes, size);

        memcpy(hash.bytes, plain.bytes, sizeof plain.bytes);
    } else if (EVP_Digest(bytes ? bytes : "", size, hash.bytes, NULL, EVP_sha512(), NULL) != 1) {
        g_error("OpenSSL has no SHA-512");
    }
    return hash;
}

DnHash
dn_hash_bytes(DnHashKind kind, GBytes *bytes)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_hash(kind, data, size);
}

DnHash
dn_hash_of_sha256(const DnSha256 *hash)
{
    DnHash same = {.kind = DN_HASH_SHA256};

    memcpy(same.bytes, hash->bytes, sizeof hash->bytes);
    return same;
}

bool
dn_hash_equal(const DnHash *a, const DnHash *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, a->kind) == 0;
}

const char *
dn_hash_kind_name(DnHashKind kind)
{
    return kinds[kind == DN_HASH_SHA512].name;
}

bool
dn_hash_kind_parse(const char *name, DnHashKind *out_kind)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(name, kinds[i].name) == 0) {
            *out_kind = kinds[i].kind;
            return true;
        }
    return false;
}

char *
dn_hash_hex(const DnHash *hash)
{
    return dn_hex(hash->bytes, hash->kind);
}

bool
dn_hash_unhex(const char *text, DnHash *out_hash, GError **error)
{
    DnHash hash = {.kind = DN_HASH_SHA256};

    if (text && strlen(text) == (size_t)2 * DN_HASH_SHA512)
        hash.kind = DN_HASH_SHA512;
    if (!dn_unhex(text, hash.bytes, hash.kind, error))
        return false;
    *out_hash = hash;
    return true;
}

/* --- the tree --- */

struct DnHashTree {
    size_t leaf_count;
    DnHash *nodes; /* level after level; the last is the root */
    size_t node_count;
};

/* RFC 4998 4.2.1: hashes are joined in binary ascending order, so that a verifier needs no word on
 * which is left and which is right. */
static DnHash
hashtree_join(const DnHash *a, const DnHash *b)
{
    uint8_t both[2 * DN_HASH_MAX];
    size_t size = a->kind;
    bool swap = memcmp(a->bytes, b->bytes, size) > 0;

    g_assert(a->kind == b->kind);
    memcpy(both, (swap ? b : a)->bytes, size);
    memcpy(both + size, (swap ? a : b)->bytes, size);
    return dn_hash(a->kind, both, 2 * size);
}

DnHashTree *
dn_hash_tree_new(const DnHash *leaves, size_t count)
{
    DnHashTree *self = NULL;
    size_t total = count;

    g_assert(leaves && count > 0);
    for (size_t level = count; level > 1; level = level / 2 + level % 2)
        total += level / 2 + level % 2;

    self = g_new0(DnHashTree, 1);
    self->leaf_count = count;
    self->node_count = total;
    self->nodes = g_new(DnHash, total);
    memcpy(self->nodes, leaves, count * sizeof *leaves);

    const DnHash *in = self->nodes;
    DnHash *out = self->nodes + count;
    for (size_t level = count; level > 1; level = level / 2 + level % 2) {
        for (size_t i = 0; i + 1 < level; i += 2)
            *out++ = hashtree_join(&in[i], &in[i + 1]);
        if (level % 2)
            *out++ = in[level - 1];
        in += level;
    }
    return self;
}

DnHash
dn_hash_tree_root(const DnHashTree *self)
{
    return self->nodes[self->node_count - 1];
}

GArray *
dn_hash_tree_path(const DnHashTree *self, size_t leaf)
{
    GArray *path = g_array_new(FALSE, FALSE, sizeof(DnHash));
    const DnHash *nodes = self->nodes;
    size_t place = leaf;

    g_assert(leaf < self->leaf_count);
    for (size_t level = self->leaf_count; level > 1; level = level / 2 + level % 2) {
        size_t sibling = place ^ 1;

        if (sibling < level)
            g_array_append_val(path, nodes[sibling]);
        nodes += level;
        place /= 2;
    }
    return path;
}

void
dn_hash_tree_free(DnHashTree *self)
{
    if (!self)
        return;
    g_free(self->nodes);
    g_free(self);
}

DnHash
dn_hash_path_root(const DnHash *leaf, const DnHash *path, size_t count)
{
    DnHash node = *leaf;

    for (size_t i = 0; i < count; i++)
        node = hashtree_join(&node, &path[i]);
    return node;
}
