/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/hashtree.c - the hash tree of RFC 4998 section 4.2, binary.
 *
 * All levels lie in one array, leaves first. A node that has no sibling is lifted to the next level
 * as it is: it must not be hashed alone, because a list of one hash in a record would stand for
 * "hash this again" and a verifier looks for a leaf in the first list.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <string.h>

struct DnHashTree {
    size_t leaf_count;
    DnSha256 *nodes; /* level after level; the last is the root */
    size_t node_count;
};

/* RFC 4998 4.2.1: hashes are joined in binary ascending order, so that a verifier needs no word on
 * which is left and which is right. */
static DnSha256
hashtree_join(const DnSha256 *a, const DnSha256 *b)
{
    uint8_t both[2 * DN_SHA256_BYTES];
    bool swap = memcmp(a->bytes, b->bytes, DN_SHA256_BYTES) > 0;

    memcpy(both, (swap ? b : a)->bytes, DN_SHA256_BYTES);
    memcpy(both + DN_SHA256_BYTES, (swap ? a : b)->bytes, DN_SHA256_BYTES);
    return dn_sha256(both, sizeof both);
}

DnHashTree *
dn_hash_tree_new(const DnSha256 *leaves, size_t count)
{
    DnHashTree *self = NULL;
    size_t total = count;

    g_assert(leaves && count > 0);
    for (size_t level = count; level > 1; level = level / 2 + level % 2)
        total += level / 2 + level % 2;

    self = g_new0(DnHashTree, 1);
    self->leaf_count = count;
    self->node_count = total;
    self->nodes = g_new(DnSha256, total);
    memcpy(self->nodes, leaves, count * sizeof *leaves);

    const DnSha256 *in = self->nodes;
    DnSha256 *out = self->nodes + count;
    for (size_t level = count; level > 1; level = level / 2 + level % 2) {
        for (size_t i = 0; i + 1 < level; i += 2)
            *out++ = hashtree_join(&in[i], &in[i + 1]);
        if (level % 2)
            *out++ = in[level - 1];
        in += level;
    }
    return self;
}

DnSha256
dn_hash_tree_root(const DnHashTree *self)
{
    return self->nodes[self->node_count - 1];
}

GArray *
dn_hash_tree_path(const DnHashTree *self, size_t leaf)
{
    GArray *path = g_array_new(FALSE, FALSE, sizeof(DnSha256));
    const DnSha256 *nodes = self->nodes;
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

DnSha256
dn_hash_path_root(const DnSha256 *leaf, const DnSha256 *path, size_t count)
{
    DnSha256 node = *leaf;

    for (size_t i = 0; i < count; i++)
        node = hashtree_join(&node, &path[i]);
    return node;
}
