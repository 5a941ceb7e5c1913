/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-hashtree.c - every leaf of a tree leads to its root, and nothing else.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <string.h>

enum { MOST_LEAVES = 50 };

static DnHash
leaf_of(unsigned number)
{
    g_autofree char *text = g_strdup_printf("%u", number);

    return dn_hash(DN_HASH_SHA256, text, strlen(text));
}

static void
fill_leaves(DnHash *leaves, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        leaves[i] = leaf_of(i);
}

static void
assert_hex(DnHash hash, const char *wanted)
{
    g_autofree char *hex = dn_hex(hash.bytes, DN_SHA256_BYTES);

    g_assert_cmpstr(hex, ==, wanted);
}

/* The hashes were made with sha256sum(1), sort(1) and xxd(1) over the texts "0", "1", "2" ... */
static void
test_root_is_what_stock_tools_compute(void)
{
    DnHash leaves[5];
    g_autoptr(DnHashTree) one = NULL;
    g_autoptr(DnHashTree) two = NULL;
    g_autoptr(DnHashTree) five = NULL;

    fill_leaves(leaves, 5);
    one = dn_hash_tree_new(leaves, 1);
    two = dn_hash_tree_new(leaves, 2);
    five = dn_hash_tree_new(leaves, 5);
    assert_hex(dn_hash_tree_root(one),
               "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9");
    assert_hex(dn_hash_tree_root(two),
               "b9b10a1bc77d2a241d120324db7f3b81b2edb67eb8e9cf02af9c95d30329aef5");
    assert_hex(dn_hash_tree_root(five),
               "2dbd7394496edae623b4bbff7b8838c2926ef492693725a76c3d4b4e13a362c3");
}

static void
test_every_path_leads_to_the_root(void)
{
    DnHash leaves[MOST_LEAVES];

    fill_leaves(leaves, MOST_LEAVES);
    for (unsigned count = 1; count <= MOST_LEAVES; count++) {
        g_autoptr(DnHashTree) tree = dn_hash_tree_new(leaves, count);
        DnHash root = dn_hash_tree_root(tree);
        unsigned levels = g_bit_storage(count - 1);

        for (unsigned i = 0; i < count; i++) {
            g_autoptr(GArray) path = dn_hash_tree_path(tree, i);
            const DnHash *hashes = (const DnHash *)path->data;
            DnHash found = dn_hash_path_root(&leaves[i], hashes, path->len);

            g_assert_true(dn_hash_equal(&found, &root));
            g_assert_cmpuint(path->len, <=, count == 1 ? 0 : levels);
        }
    }
}

static void
test_another_leaf_or_path_leads_elsewhere(void)
{
    DnHash leaves[MOST_LEAVES];
    DnHash foreign = leaf_of(MOST_LEAVES);

    fill_leaves(leaves, MOST_LEAVES);
    for (unsigned count = 2; count <= MOST_LEAVES; count++) {
        g_autoptr(DnHashTree) tree = dn_hash_tree_new(leaves, count);
        DnHash root = dn_hash_tree_root(tree);

        for (unsigned i = 0; i < count; i++) {
            g_autoptr(GArray) path = dn_hash_tree_path(tree, i);
            DnHash *hashes = (DnHash *)path->data;
            DnHash found = dn_hash_path_root(&foreign, hashes, path->len);

            g_assert_false(dn_hash_equal(&found, &root));
            found = dn_hash_path_root(&leaves[i], hashes, path->len - 1);
            g_assert_false(dn_hash_equal(&found, &root));
            hashes[path->len / 2].bytes[i % DN_SHA256_BYTES] ^= 1;
            found = dn_hash_path_root(&leaves[i], hashes, path->len);
            g_assert_false(dn_hash_equal(&found, &root));
        }
    }
}

static void
test_siblings_may_be_in_either_order(void)
{
    DnHash leaves[4];
    DnHash swapped[4];
    DnHash crossed[4];
    g_autoptr(DnHashTree) tree = NULL;
    g_autoptr(DnHashTree) same = NULL;
    g_autoptr(DnHashTree) other = NULL;
    DnHash roots[3];

    fill_leaves(leaves, 4);
    memcpy(swapped, (DnHash[]){leaves[3], leaves[2], leaves[1], leaves[0]}, sizeof swapped);
    memcpy(crossed, (DnHash[]){leaves[0], leaves[2], leaves[1], leaves[3]}, sizeof crossed);
    tree = dn_hash_tree_new(leaves, 4);
    same = dn_hash_tree_new(swapped, 4);
    other = dn_hash_tree_new(crossed, 4);
    roots[0] = dn_hash_tree_root(tree);
    roots[1] = dn_hash_tree_root(same);
    roots[2] = dn_hash_tree_root(other);
    g_assert_true(dn_hash_equal(&roots[0], &roots[1]));
    g_assert_false(dn_hash_equal(&roots[0], &roots[2]));
}

static void
test_equal_leaves_are_each_provable(void)
{
    DnHash leaves[3] = {leaf_of(7), leaf_of(7), leaf_of(7)};
    g_autoptr(DnHashTree) tree = dn_hash_tree_new(leaves, 3);
    DnHash root = dn_hash_tree_root(tree);

    for (unsigned i = 0; i < 3; i++) {
        g_autoptr(GArray) path = dn_hash_tree_path(tree, i);
        DnHash found = dn_hash_path_root(&leaves[i], (DnHash *)path->data, path->len);

        g_assert_true(dn_hash_equal(&found, &root));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence/hashtree/stock-tools", test_root_is_what_stock_tools_compute);
    g_test_add_func("/evidence/hashtree/every-path", test_every_path_leads_to_the_root);
    g_test_add_func("/evidence/hashtree/another", test_another_leaf_or_path_leads_elsewhere);
    g_test_add_func("/evidence/hashtree/order", test_siblings_may_be_in_either_order);
    g_test_add_func("/evidence/hashtree/equal-leaves", test_equal_leaves_are_each_provable);
    return g_test_run();
}
