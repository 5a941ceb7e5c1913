/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/seal/test-memory.c - where a key is found: by reading the process's own memory after
 * it was used and freed, and by reading the core dump of a process that holds it.
 *
 * The key is a rule, not a constant, so that what searches for it holds no copy.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/seal/envelope.h"
#include "engine/seal/escrow.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static uint8_t
key_byte(size_t i)
{
    return (uint8_t)(i * 151 + 77);
}

static char
phrase_byte(size_t i)
{
    return (char)('a' + (i * 7 + 3) % 26);
}

enum { PHRASE = 24 };

static DnSecret *
make_key(void)
{
    DnSecret *key = dn_secret_new(DN_KEY_BYTES, NULL);

    for (size_t i = 0; i < DN_KEY_BYTES; i++)
        dn_secret_bytes(key)[i] = key_byte(i);
    return key;
}

static DnSecret *
make_phrase(void)
{
    DnSecret *phrase = dn_secret_new(PHRASE, NULL);

    for (size_t i = 0; i < PHRASE; i++)
        dn_secret_bytes(phrase)[i] = (uint8_t)phrase_byte(i);
    return phrase;
}

static bool
is_hex(const uint8_t *at)
{
    for (size_t i = 0; i < 2 * (size_t)DN_KEY_BYTES; i++)
        if (at[i] != "0123456789abcdef"[key_byte(i / 2) >> (i % 2 ? 0 : 4) & 15])
            return false;
    return true;
}

/* Raw, as hexadecimal digits, or the passphrase; 16 bytes in a row are enough to tell. */
static unsigned
count_in(const uint8_t *bytes, size_t size)
{
    unsigned found = 0;

    for (size_t at = 0; at + 2 * (size_t)DN_KEY_BYTES <= size; at++) {
        size_t raw = 0;
        size_t phrase = 0;

        while (raw < 16 && bytes[at + raw] == key_byte(raw))
            raw++;
        while (phrase < 16 && bytes[at + phrase] == (uint8_t)phrase_byte(phrase))
            phrase++;
        found += raw == 16 || phrase == 16 || is_hex(bytes + at);
    }
    return found;
}

/* Copies in this process's writable memory. The pieces that are read land in @piece, which is
 * itself in it and is passed over. */
static unsigned
count_in_memory(void)
{
    static uint8_t piece[PIECE + 64];
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    dn_autofd int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    unsigned found = 0;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **line = lines; memory >= 0 && *line && **line; line++) {
        unsigned long from = 0;
        unsigned long to = 0;
        char modes[5] = "";

        if (sscanf(*line, "%lx-%lx %4s", &from, &to, modes) != 3 || modes[1] != 'w')
            continue;
        for (unsigned long at = from; at < to; at += PIECE) {
            unsigned long own = (unsigned long)(uintptr_t)piece;
            size_t size = MIN(to - at, (unsigned long)sizeof piece);
            ssize_t got = 0;

            memset(piece, 0, sizeof piece);
            got = pread(memory, piece, size, (off_t)at);
            if (got <= 0)
                break;
            if (at < own + sizeof piece && own < at + size) /* what was read of itself */
                for (unsigned long k = MAX(at, own); k < MIN(at + size, own + sizeof piece); k++)
                    piece[k - at] = 0;
            found += count_in(piece, (size_t)got);
        }
    }
    memset(piece, 0, sizeof piece);
    return found;
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { READS_MEMORY = 0 }; /* shadow memory of terabytes */
#else
enum { READS_MEMORY = 1 };
#endif

/* Everything that is done with a master key and a passphrase, in @dir. */
static void
use_the_key(const char *dir)
{
    static const DnUuid archive = {{1}};
    static const DnUuid tenant = {{2}};
    static const DnScryptCost cheap = {.log2_n = 4, .r = 1, .p = 1};
    g_autofree char *plain = g_build_filename(dir, "plain.key", NULL);
    g_autofree char *guarded = g_build_filename(dir, "guarded.key", NULL);
    g_autofree char *keys_dir = g_build_filename(dir, "keys", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) key = make_key();
    g_autoptr(DnSecret) phrase = make_phrase();

    g_assert_true(dn_master_key_save(key, plain, &error));
    g_assert_true(dn_master_key_save_protected(key, phrase, &cheap, guarded, &error));
    g_autoptr(DnSecret) loaded = dn_master_key_load(plain, &error);
    g_autoptr(DnSecret) text = dn_key_text_load(guarded, &error);
    g_autoptr(DnSecret) opened = dn_master_key_parse(text, phrase, &error);
    g_autoptr(DnSecret) sheet = dn_recovery_text(key, &error);
    g_autoptr(DnSecret) typed = dn_recovery_parse(sheet, &error);

    g_assert_no_error(error);
    g_assert_nonnull(typed);
    for (int i = 0; i < 2; i++) {
        g_autofree char *public = g_build_filename(dir, i ? "rsa.pub" : "x.pub", NULL);
        g_autofree char *private = g_build_filename(dir, i ? "rsa" : "x", NULL);
        g_autofree char *recipient = NULL;
        const char *kind = NULL;
        g_autoptr(GBytes) envelope = dn_escrow_seal(key, public, &recipient, &kind, &error);
        g_autoptr(DnSecret) back = dn_escrow_open(envelope, private, NULL, NULL, &error);

        g_assert_no_error(error);
        g_assert_nonnull(back);
    }
    g_autoptr(DnKeyring) ring = dn_keyring_create(keys_dir, &archive, key, &error);
    g_autofree char *id = dn_master_key_id(key);

    g_assert_true(dn_keyring_add_tenant(ring, &tenant, &error));
    g_autoptr(GBytes) line = dn_seal_line(ring, &tenant, 1, "{}", &error);

    g_assert_no_error(error);
}

static void
make_pairs(const char *dir)
{
    for (int i = 0; i < 2; i++) {
        g_autofree char *public = g_build_filename(dir, i ? "rsa.pub" : "x.pub", NULL);
        g_autofree char *private = g_build_filename(dir, i ? "rsa" : "x", NULL);
        EVP_PKEY *pair = i ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                           : EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        FILE *file = fopen(public, "w");

        g_assert_cmpint(PEM_write_PUBKEY(file, pair), ==, 1);
        fclose(file);
        file = fopen(private, "w");
        g_assert_cmpint(PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL), ==, 1);
        fclose(file);
        EVP_PKEY_free(pair);
    }
}

static void
test_nothing_of_a_key_stays_in_memory(void)
{
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);

    if (!READS_MEMORY || access("/proc/self/mem", R_OK) != 0) {
        g_test_skip("needs /proc and no sanitizer");
        return;
    }
    make_pairs(dir);
    {
        DnSecret *key = make_key();
        DnSecret *phrase = make_phrase();

        g_assert_cmpuint(count_in_memory(), ==, 2); /* the search finds what is there */
        dn_secret_free(key);
        dn_secret_free(phrase);
    }
    g_assert_cmpuint(count_in_memory(), ==, 0);
    use_the_key(dir);
    g_assert_cmpuint(count_in_memory(), ==, 0);
    g_assert_true(dn_fs_remove_tree(dir, NULL));
}

/* --- a core dump --- */

/* In a process of its own: holds the key, and a copy on the heap when asked to; then crashes. */
static void
crash(const char *dir, bool careless)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    static const DnUuid archive = {{1}};
    g_autofree char *keys_dir = g_build_filename(dir, "keys", NULL);
    DnSecret *key = make_key();
    uint8_t *copy = g_malloc(DN_KEY_BYTES);
    DnKeyring *ring = dn_keyring_create(keys_dir, &archive, key, NULL);

    g_assert_nonnull(ring);
    for (size_t i = 0; i < DN_KEY_BYTES; i++)
        copy[i] = careless ? key_byte(i) : 0;
    if (setrlimit(RLIMIT_CORE, &limit) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 ||
        chdir(dir) != 0)
        _exit(99);
    abort();
}

static char *
core_of(const char *dir)
{
    g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
    const char *name = NULL;

    while ((name = g_dir_read_name(listing)) != NULL)
        if (g_str_has_prefix(name, "core"))
            return g_build_filename(dir, name, NULL);
    return NULL;
}

/* The number of copies in the core, or -1 when the system writes none into a folder. */
static int
count_in_core(bool careless)
{
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *core = NULL;
    g_autoptr(GMappedFile) map = NULL;
    const char *argv[] = {self, careless ? "--crash-careless" : "--crash", dir, NULL};
    int found = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
                               G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               NULL, NULL, NULL, NULL));
    core = core_of(dir);
    map = core ? g_mapped_file_new(core, FALSE, NULL) : NULL;
    if (map && g_mapped_file_get_length(map) > 0)
        found = (int)count_in((const uint8_t *)g_mapped_file_get_contents(map),
                              g_mapped_file_get_length(map));
    g_assert_true(dn_fs_remove_tree(dir, NULL));
    return found;
}

static void
test_a_core_dump_holds_no_key(void)
{
    int careless = READS_MEMORY ? count_in_core(true) : -1;

    if (careless < 0) {
        g_test_skip("the system writes no core into a folder");
        return;
    }
    g_assert_cmpint(careless, >=, 1); /* the search finds what is there */
    g_assert_cmpint(count_in_core(false), ==, 0);
}

int
main(int argc, char **argv)
{
    if (argc == 3 && g_str_has_prefix(argv[1], "--crash"))
        crash(argv[2], strcmp(argv[1], "--crash-careless") == 0);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/nothing_of_a_key_stays_in_memory",
                    test_nothing_of_a_key_stays_in_memory);
    g_test_add_func("/memory/a_core_dump_holds_no_key", test_a_core_dump_holds_no_key);
    return g_test_run();
}
