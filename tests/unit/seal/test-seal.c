/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/seal/test-seal.c - secrets, key files, sealed blobs and lines: what opens, and above
 * all what does not.
 */
#include "config.h"
#include "base/digest.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "engine/seal/envelope.h"
#include "tests/unit/seal/forms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { LOCKS_MEMORY = 0 }; /* the sanitizers turn mlock(2) into nothing */
#else
enum { LOCKS_MEMORY = 1 };
#endif

static const DnUuid archive = {{0xaa, 1}};
static const DnUuid other_archive = {{0xaa, 2}};
static const DnUuid alice = {{0xa1}};
static const DnUuid bob = {{0xb0}};

typedef struct {
    char *dir;  /* of the test */
    char *keys; /* keys/ in it */
    DnSecret *master;
    DnKeyring *ring;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    self->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    self->keys = g_build_filename(self->dir, "keys", NULL);
    self->master = dn_secret_random(&error);
    g_assert_no_error(error);
    self->ring = dn_keyring_create(self->keys, &archive, self->master, &error);
    g_assert_no_error(error);
    g_assert_true(dn_keyring_add_tenant(self->ring, &alice, &error));
    g_assert_true(dn_keyring_add_tenant(self->ring, &bob, &error));
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    (void)data;
    dn_keyring_free(self->ring);
    dn_secret_free(self->master);
    g_assert_true(dn_fs_remove_tree(self->dir, NULL));
    g_free(self->keys);
    g_free(self->dir);
}

static void
reopen(Fixture *self, const DnSecret *master)
{
    g_autoptr(GError) error = NULL;

    dn_keyring_free(self->ring);
    self->ring = dn_keyring_open(self->keys, &archive, master, &error);
    g_assert_no_error(error);
}

/* Every key file of the folder, as paths. */
static GPtrArray *
key_files(const Fixture *self)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(self->keys, 0, NULL);
    const char *name = NULL;

    while ((name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(paths, g_build_filename(self->keys, name, NULL));
    return paths;
}

static void
write_file(const char *path, const void *bytes, size_t size)
{
    g_assert_true(dn_fs_replace_file(path, bytes, size, 0400, NULL));
}

static GBytes *
pattern(size_t size)
{
    uint8_t *bytes = g_malloc(size + 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    return g_bytes_new_take(bytes, size);
}

/* ---- secrets and the master key file ---- */

static void
test_many_secrets_need_few_pages(void)
{
    enum { MANY = 500 };
    DnSecret *secrets[MANY];
    g_autoptr(GError) error = NULL;
    uint8_t bytes[DN_KEY_BYTES];
    size_t size = 0;

    for (int i = 0; i < MANY; i++) {
        memset(bytes, i % 251, sizeof bytes);
        secrets[i] = dn_secret_copy(bytes, sizeof bytes, &error);
        g_assert_no_error(error);
    }
    for (int i = 0; i < MANY; i += 2) { /* holes are filled again */
        dn_secret_free(secrets[i]);
        memset(bytes, i % 251, sizeof bytes);
        secrets[i] = dn_secret_copy(bytes, sizeof bytes, &error);
    }
    for (int i = 0; i < MANY; i++) {
        const uint8_t *peek = dn_secret_peek(secrets[i], &size);

        g_assert_cmpuint(size, ==, DN_KEY_BYTES);
        for (size_t k = 0; k < size; k++)
            g_assert_cmpuint(peek[k], ==, (guint)i % 251);
    }
    for (int i = 0; i < MANY; i++)
        dn_secret_free(secrets[i]);
    g_assert_null(dn_secret_copy(bytes, 0, &error));
    assert_code(error, INVALID);
    g_assert_null(dn_secret_copy(bytes, 1 << 20, &error));
    assert_code(error, INVALID);
}

static void
test_secrets_of_any_size_keep_apart(void)
{
    g_autoptr(GError) error = NULL;
    uint8_t bytes[4096];
    DnSecret *secrets[40];

    for (size_t i = 0; i < 40; i++) {
        memset(bytes, (int)i, sizeof bytes);
        secrets[i] = dn_secret_copy(bytes, 1 + i * 100, &error);
        g_assert_no_error(error);
    }
    for (size_t i = 0; i < 40; i++) {
        size_t size = 0;
        const uint8_t *peek = dn_secret_peek(secrets[i], &size);

        g_assert_cmpuint(size, ==, 1 + i * 100);
        g_assert_cmpuint(peek[0], ==, i);
        g_assert_cmpuint(peek[size - 1], ==, i);
        dn_secret_free(secrets[i]);
    }
}

static void
test_memory_that_cannot_be_locked_is_refused(void)
{
    if (!LOCKS_MEMORY) {
        g_test_skip("a sanitizer keeps memory from being locked");
        return;
    }
    if (g_test_subprocess()) {
        struct rlimit none = {0, 0};
        g_autoptr(GError) error = NULL;

        /* Root may lock whatever the limit; another user may not. */
        g_assert_cmpint(setrlimit(RLIMIT_MEMLOCK, &none), ==, 0);
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            return;
        g_assert_null(dn_secret_random(&error));
        assert_code(error, LIMIT);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

/* The kernel's own account of the page: locked, and not to be dumped. */
static void
test_secrets_are_locked_and_not_dumped(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) secret = dn_secret_random(&error);
    g_autofree char *range =
        g_strdup_printf("%lx-", (unsigned long)(uintptr_t)dn_secret_peek(secret, NULL) & ~4095ul);
    g_autofree char *maps = NULL;
    const char *region = NULL;
    const char *flags = NULL;

    g_assert_no_error(error);
    if (!g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL) ||
        sysconf(_SC_PAGESIZE) != 4096) {
        g_test_skip("needs /proc and pages of 4 KiB");
        return;
    }
    region = strstr(maps, range);
    g_assert_nonnull(region);
    flags = strstr(region, "VmFlags:");
    g_assert_nonnull(flags);
    flags = g_strndup(flags, strcspn(flags, "\n"));
    if (LOCKS_MEMORY)
        g_assert_nonnull(strstr(flags, " lo"));
    g_assert_nonnull(strstr(flags, " dd"));
    g_assert_nonnull(strstr(flags, " dc"));
    g_free((char *)(uintptr_t)flags);
}

static void
test_the_master_key_file(Fixture *self, gconstpointer data)
{
    g_autofree char *path = g_build_filename(self->dir, "master", NULL);
    g_autofree char *link_path = g_build_filename(self->dir, "link", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size = 0;
    struct stat st;

    (void)data;
    g_assert_true(dn_master_key_save(self->master, path, &error));
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0400);
    g_assert_false(dn_master_key_save(self->master, path, &error));
    assert_code(error, EXISTS);
    {
        g_autoptr(DnSecret) back = dn_master_key_load(path, &error);
        g_autofree char *id = dn_master_key_id(self->master);
        g_autofree char *back_id = dn_master_key_id(back);

        g_assert_no_error(error);
        g_assert_cmpmem(dn_secret_peek(back, NULL), DN_KEY_BYTES,
                        dn_secret_peek(self->master, NULL), DN_KEY_BYTES);
        g_assert_cmpstr(id, ==, back_id);
        g_assert_cmpuint(strlen(id), ==, 16);
    }
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_assert_true(g_str_has_prefix(text, "dencho master key 1\n"));

    /* Any digit typed wrong is told from a wrong key; case does not matter. */
    for (size_t i = 0; i + 1 < size; i++) {
        char was = text[i];

        text[i] = was == 'f' ? 'e' : was == '9' ? '8' : (char)(was + 1);
        write_file(path, text, size);
        g_assert_null(dn_master_key_load(path, &error));
        assert_code(error, FORMAT);
        text[i] = was;
    }
    write_file(path, text, size - 20);
    g_assert_null(dn_master_key_load(path, &error));
    assert_code(error, FORMAT);
    write_file(path, text, size);

    g_assert_cmpint(chmod(path, 0440), ==, 0);
    g_assert_null(dn_master_key_load(path, &error));
    assert_code(error, DENIED);
    g_assert_cmpint(chmod(path, 0404), ==, 0);
    g_assert_null(dn_master_key_load(path, &error));
    assert_code(error, DENIED);
    g_assert_cmpint(chmod(path, 0400), ==, 0);
    g_assert_null(dn_master_key_load(self->dir, &error));
    assert_code(error, DENIED);
    g_assert_null(dn_master_key_load(link_path, &error));
    assert_code(error, NOT_FOUND);
}

static void
test_a_master_key_comes_through_a_pipe(Fixture *self, gconstpointer data)
{
    g_autofree char *path = g_build_filename(self->dir, "master", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) back = NULL;
    gsize size = 0;
    int ends[2];

    (void)data;
    g_assert_true(dn_master_key_save(self->master, path, &error));
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_true(dn_fs_write_all(ends[1], text, size - 1, NULL)); /* without its line feed */
    close(ends[1]);
    back = dn_master_key_read_fd(ends[0], &error);
    close(ends[0]);
    g_assert_no_error(error);
    g_assert_cmpmem(dn_secret_peek(back, NULL), DN_KEY_BYTES, dn_secret_peek(self->master, NULL),
                    DN_KEY_BYTES);
}

/* ---- blobs and lines ---- */

/* Forms of sealed bytes: what is made now, what was made first, the least and the most. */
enum { NOW_LOG2 = 14, NOW = 1 << NOW_LOG2, FIRST = 1 << 20 };
static const struct {
    uint8_t version;
    uint8_t chunk_log2;
} forms[] = {{2, NOW_LOG2}, {1, 20}, {2, 12}, {2, 20}};

static void
assert_opens(Fixture *self, const DnSealName *name, GBytes *sealed, GBytes *plain)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) back = dn_unseal_blob(self->ring, name, sealed, &error);

    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(plain, back));
}

/* On, before and behind every edge of a chunk. */
static void
test_blobs_of_every_size_open(Fixture *self, gconstpointer data)
{
    static const size_t edges[] = {0,       16,          100,         NOW,       2 * NOW,
                                   3 * NOW, FIRST - NOW, FIRST + NOW, 3 * FIRST, FIRST};
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};

    (void)data;
    for (size_t i = 0; i < 3 * G_N_ELEMENTS(edges); i++) {
        size_t size = MAX(edges[i / 3] + i % 3, 1) - 1;
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) plain = pattern(size);
        DnSha256 digest;
        DnSha256 of_plain;
        g_autoptr(GBytes) sealed =
            dn_seal_and_hash_blob(self->ring, &name, "2026", plain, &of_plain, &digest, &error);
        DnSha256 found;

        g_assert_no_error(error);
        found = dn_sha256_bytes(plain);
        g_assert_true(dn_sha256_equal(&found, &of_plain));
        found = dn_sha256_bytes(sealed);
        g_assert_true(dn_sha256_equal(&found, &digest));
        g_assert_cmpuint(g_bytes_get_size(sealed), ==, dn_sealed_size(size));
        g_assert_cmpuint(dn_sealed_size(size), ==, 40 + size + 16 * MAX((size + NOW - 1) / NOW, 1));
        assert_opens(self, &name, sealed, plain);
    }
}

/* What older programs sealed, and what the document allows, opens as well. */
static void
test_blobs_of_every_form_open(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_RENDITION};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        for (int step = 0; step < 9; step++) { /* about 0, 1 and 2 chunks */
            size_t size = MAX(((size_t)step / 3 << forms[i].chunk_log2) + (size_t)step % 3, 1) - 1;
            g_autoptr(GBytes) plain = pattern(size);
            g_autoptr(GBytes) sealed =
                form_seal(self->ring, &name, "2026", plain, forms[i].version, forms[i].chunk_log2);

            assert_opens(self, &name, sealed, plain);
        }
    }
}

/* A newer form is not taken for damage, one that never was is; nothing of it is opened. */
static void
test_forms_that_are_not_known(Fixture *self, gconstpointer data)
{
    static const struct {
        uint8_t version;
        uint8_t chunk_log2;
        DnErrorCode code;
    } wrong[] = {
        {0, 20, DN_ERROR_CORRUPT},      {1, 14, DN_ERROR_CORRUPT},
        {1, 19, DN_ERROR_CORRUPT},      {1, 21, DN_ERROR_CORRUPT},
        {2, 11, DN_ERROR_CORRUPT},      {2, 21, DN_ERROR_CORRUPT},
        {2, 0, DN_ERROR_CORRUPT},       {2, 64, DN_ERROR_CORRUPT},
        {2, 255, DN_ERROR_CORRUPT},     {3, 14, DN_ERROR_UNSUPPORTED},
        {3, 20, DN_ERROR_UNSUPPORTED},  {3, 99, DN_ERROR_UNSUPPORTED},
        {255, 0, DN_ERROR_UNSUPPORTED}, {2, 20, DN_ERROR_CORRUPT},
        {2, 13, DN_ERROR_CORRUPT},
    };
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(50);

    (void)data;
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) sealed = i % 2 ? form_seal(self->ring, &name, "2026", plain, 1, 20)
                                         : form_seal(self->ring, &name, "2026", plain, 2, 14);
        size_t size = g_bytes_get_size(sealed);
        g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(sealed, NULL), size);
        g_autoptr(GBytes) changed = NULL;

        bytes[4] = wrong[i / 2].version;
        bytes[6] = wrong[i / 2].chunk_log2;
        changed = g_bytes_new(bytes, size);
        g_assert_null(dn_unseal_blob(self->ring, &name, changed, &error));
        g_assert_cmpint(dn_error_code(error), ==, wrong[i / 2].code);
    }
}

static void
test_sizes_that_nothing_sealed_has(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(1);

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        uint64_t chunk = UINT64_C(1) << forms[i].chunk_log2;
        const uint64_t bad[] = {0,
                                39,
                                40,
                                55,
                                40 + chunk + 16 + 1,
                                40 + chunk + 32,
                                40 + 2 * (chunk + 16) + 16,
                                40 + (chunk + 16) * (UINT64_C(1) << 32) + 17,
                                UINT64_MAX};
        g_autoptr(GBytes) sealed =
            form_seal(self->ring, &name, "2026", plain, forms[i].version, forms[i].chunk_log2);

        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++) {
            g_autoptr(GError) error = NULL;

            g_assert_null(
                dn_unsealer_new(self->ring, &name, g_bytes_get_data(sealed, NULL), bad[k], &error));
            assert_code(error, CORRUPT);
        }
    }
}

/* Any run of chunks alone; a change in one goes unseen in the others. */
static void
check_runs(Fixture *self, size_t form, size_t size)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_TEXT};
    size_t chunk = (size_t)1 << forms[form].chunk_log2;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(size);
    const uint8_t *wanted = g_bytes_get_data(plain, NULL);
    g_autoptr(GBytes) sealed =
        form_seal(self->ring, &name, "2026", plain, forms[form].version, forms[form].chunk_log2);
    g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(sealed, NULL), g_bytes_get_size(sealed));
    g_autoptr(DnUnsealer) unsealer =
        dn_unsealer_new(self->ring, &name, bytes, g_bytes_get_size(sealed), &error);
    uint64_t count = 0;

    g_assert_no_error(error);
    count = dn_unsealer_chunk_count(unsealer);
    g_assert_cmpuint(dn_unsealer_plain_bytes(unsealer), ==, size);
    g_assert_cmpuint(dn_unsealer_chunk_bytes(unsealer), ==, chunk);
    g_assert_cmpuint(count, ==, (size + chunk - 1) / chunk);
    bytes[40 + 7] ^= 1; /* in the first chunk */
    for (uint64_t first = 0; first < count; first++) {
        for (uint64_t behind = first + 1; behind <= count; behind++) {
            size_t piece = MIN(behind * chunk, size) - first * chunk;
            g_autofree uint8_t *out = g_malloc(piece);
            uint64_t offset = 0;
            uint64_t length = 0;

            dn_unsealer_place(unsealer, first, behind - first, &offset, &length);
            g_assert_cmpuint(offset, ==, 40 + first * (chunk + 16));
            g_assert_cmpuint(length, ==, piece + 16 * (behind - first));
            if (dn_unsealer_open(unsealer, first, behind - first, bytes + offset, out, &error)) {
                g_assert_cmpuint(first, >, 0);
                g_assert_cmpmem(out, piece, wanted + first * chunk, piece);
            } else {
                g_assert_cmpuint(first, ==, 0);
                assert_code(error, CORRUPT);
            }
        }
    }
}

static void
test_chunks_are_opened_without_the_rest(Fixture *self, gconstpointer data)
{
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        size_t chunk = (size_t)1 << forms[i].chunk_log2;

        check_runs(self, i, 3 * chunk - 1);
        check_runs(self, i, 3 * chunk);
        check_runs(self, i, 3 * chunk + 1);
    }
}

static void
assert_does_not_open(Fixture *self, const DnSealName *name, const uint8_t *bytes, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) sealed = g_bytes_new(bytes, size);

    g_assert_null(dn_unseal_blob(self->ring, name, sealed, &error));
    /* A changed key id names a key that is not there; a changed version a newer format. */
    g_assert_true(dn_error_code(error) == DN_ERROR_CORRUPT ||
                  dn_error_code(error) == DN_ERROR_NOT_FOUND ||
                  dn_error_code(error) == DN_ERROR_UNSUPPORTED);
}

static void
test_every_flipped_bit_is_noticed(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    size_t size = g_bytes_get_size(sealed);
    g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(sealed, NULL), size);

    (void)data;
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            assert_does_not_open(self, &name, bytes, size);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_does_not_open(self, &name, bytes, cut);
}

/* @last: bytes of the third and last chunk. */
static void
check_order(Fixture *self, size_t form, size_t last)
{
    enum { HEADER = 40 };
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    size_t plain_chunk = (size_t)1 << forms[form].chunk_log2;
    size_t chunk = plain_chunk + 16;
    g_autoptr(GBytes) plain = pattern(2 * plain_chunk + last);
    g_autoptr(GBytes) sealed =
        form_seal(self->ring, &name, "2026", plain, forms[form].version, forms[form].chunk_log2);
    size_t size = g_bytes_get_size(sealed);
    const uint8_t *bytes = g_bytes_get_data(sealed, NULL);
    g_autofree uint8_t *moved = g_memdup2(bytes, size);
    g_autofree uint8_t *longer = g_malloc(size + chunk);

    g_assert_cmpuint(size, ==, HEADER + 2 * chunk + last + 16);
    assert_opens(self, &name, sealed, plain);
    for (size_t cut = 0; cut < 3; cut++) /* cut at a chunk's end */
        assert_does_not_open(self, &name, bytes, HEADER + cut * chunk);
    memcpy(moved + HEADER, bytes + HEADER + chunk, chunk); /* first = second */
    assert_does_not_open(self, &name, moved, size);
    memcpy(moved + HEADER + chunk, bytes + HEADER, chunk); /* and swapped */
    assert_does_not_open(self, &name, moved, size);
    memcpy(moved, bytes, HEADER + chunk);
    memcpy(moved + HEADER + chunk, bytes + HEADER + 2 * chunk, last + 16); /* middle left out */
    assert_does_not_open(self, &name, moved, HEADER + chunk + last + 16);
    memcpy(moved, bytes, HEADER);
    memcpy(moved + HEADER, bytes + HEADER + chunk, chunk + last + 16); /* first left out */
    assert_does_not_open(self, &name, moved, HEADER + chunk + last + 16);
    memcpy(longer, bytes, HEADER + 2 * chunk); /* the second twice */
    memcpy(longer + HEADER + 2 * chunk, bytes + HEADER + chunk, size - HEADER - chunk);
    assert_does_not_open(self, &name, longer, size + chunk);
    memcpy(longer, bytes, size); /* the last twice, when that is a size */
    memcpy(longer + size, bytes + HEADER + 2 * chunk, last + 16);
    assert_does_not_open(self, &name, longer, size + last + 16);
}

static void
test_chunks_cannot_be_moved_repeated_or_dropped(Fixture *self, gconstpointer data)
{
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        check_order(self, i, (size_t)1 << forms[i].chunk_log2);
        check_order(self, i, 1);
    }
}

/* A chunk of another sealing of the same name is no chunk of this one. */
static void
test_chunks_of_two_sealings_do_not_mix(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(2 * NOW);
    g_autoptr(GBytes) one = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) two = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    size_t size = g_bytes_get_size(one);
    g_autofree uint8_t *mixed = g_memdup2(g_bytes_get_data(one, NULL), size);

    (void)data;
    memcpy(mixed + 40, (const uint8_t *)g_bytes_get_data(two, NULL) + 40, NOW + 16);
    assert_does_not_open(self, &name, mixed, size);
}

static void
test_a_blob_opens_only_under_its_own_name(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    DnSealName other_blob = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    DnSealName other_tenant = {bob, name.blob, DN_PART_ORIGINAL};
    DnSealName other_part = {alice, name.blob, DN_PART_TEXT};
    const DnSealName *const wrong[] = {&other_blob, &other_tenant, &other_part};
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(dn_unseal_blob(self->ring, wrong[i], sealed, &error));
        assert_code(error, CORRUPT);
    }
}

/* The same name and content sealed twice share nothing but the header's first bytes: fresh salt,
 * hence a fresh key, so that the counting nonces are never used twice under one. */
static void
test_no_two_sealings_share_a_key_stream(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(64);
    g_autoptr(GBytes) one = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) two = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) line_one = dn_seal_line(self->ring, &alice, 1, "{\"a\":1}", NULL);
    g_autoptr(GBytes) line_two = dn_seal_line(self->ring, &alice, 1, "{\"a\":1}", NULL);
    const uint8_t *a = g_bytes_get_data(one, NULL);
    const uint8_t *b = g_bytes_get_data(two, NULL);
    const uint8_t *c = g_bytes_get_data(line_one, NULL);
    const uint8_t *d = g_bytes_get_data(line_two, NULL);

    (void)data;
    g_assert_cmpint(memcmp(a, b, 24), ==, 0);
    g_assert_cmpint(memcmp(a + 24, b + 24, 16), !=, 0);
    g_assert_cmpint(memcmp(a + 40, b + 40, 64), !=, 0);
    g_assert_cmpint(memcmp(c + 24, d + 24, 16), !=, 0);
    g_assert_cmpint(memcmp(c + 40, d + 40, 7), !=, 0);
}

static void
test_lines_open_in_their_place_only(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) sealed = dn_seal_line(self->ring, &alice, 17, "{\"seq\":17}", &error);
    g_autofree char *line = dn_unseal_line(self->ring, &alice, 17, sealed, &error);
    g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(sealed, NULL), g_bytes_get_size(sealed));
    g_autofree char *long_line = g_strnfill((1 << 20) + 1, 'x');

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpstr(line, ==, "{\"seq\":17}");
    g_assert_null(dn_unseal_line(self->ring, &alice, 18, sealed, &error));
    assert_code(error, CORRUPT);
    g_assert_null(dn_unseal_line(self->ring, &bob, 17, sealed, &error));
    assert_code(error, CORRUPT);
    for (size_t i = 0; i < g_bytes_get_size(sealed); i++) {
        g_autoptr(GBytes) damaged = NULL;

        bytes[i] ^= 0x20;
        damaged = g_bytes_new(bytes, g_bytes_get_size(sealed));
        g_assert_null(dn_unseal_line(self->ring, &alice, 17, damaged, &error));
        g_assert_nonnull(error);
        g_clear_error(&error);
        bytes[i] ^= 0x20;
    }
    g_assert_null(dn_seal_line(self->ring, &alice, 1, long_line, &error));
    assert_code(error, LIMIT);
}

/* ---- the keyring ---- */

static void
test_keys_survive_reopening(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) line = dn_seal_line(self->ring, &alice, 1, "{}", NULL);
    g_autoptr(GBytes) back = NULL;
    g_autofree char *line_back = NULL;
    g_autoptr(GArray) tenants = NULL;
    unsigned keys = 0;

    (void)data;
    reopen(self, self->master);
    back = dn_unseal_blob(self->ring, &name, sealed, &error);
    line_back = dn_unseal_line(self->ring, &alice, 1, line, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(line_back, ==, "{}");
    tenants = dn_keyring_tenants(self->ring);
    g_assert_cmpuint(tenants->len, ==, 2);
    g_assert_true(dn_uuid_equal(&g_array_index(tenants, DnUuid, 0), &alice));
    g_assert_true(dn_keyring_check(self->ring, &keys, &error));
    g_assert_cmpuint(keys, ==, 7); /* view, authentication, twice tenant and ledger, one period */
    g_assert_false(dn_keyring_add_tenant(self->ring, &alice, &error));
    assert_code(error, EXISTS);
    g_assert_null(dn_keyring_create(self->keys, &archive, self->master, &error));
    assert_code(error, EXISTS);
}

static void
test_what_the_keyring_refuses(Fixture *self, gconstpointer data)
{
    static const char *const bad[] = {"", "12345678901234567", "../x", "2026/7", "é"};
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    DnSealName nobody = {{{7}}, name.blob, DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(5);
    g_autoptr(DnSecret) wrong = dn_secret_random(NULL);
    g_autoptr(DnSecret) short_key = dn_secret_copy("x", 1, NULL);

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(dn_seal_blob(self->ring, &name, bad[i], plain, NULL, &error));
        assert_code(error, INVALID);
    }
    g_assert_null(dn_seal_blob(self->ring, &nobody, "2026", plain, NULL, &error));
    assert_code(error, NOT_FOUND);
    g_assert_null(dn_seal_line(self->ring, &nobody.tenant, 1, "{}", &error));
    assert_code(error, NOT_FOUND);
    g_assert_null(dn_keyring_open(self->keys, &archive, wrong, &error));
    assert_code(error, DENIED);
    g_assert_null(dn_keyring_open(self->keys, &archive, short_key, &error));
    assert_code(error, INVALID);
    g_assert_null(dn_keyring_open(self->keys, &other_archive, self->master, &error));
    assert_code(error, CORRUPT);
    g_assert_null(dn_keyring_open("/nowhere", &archive, self->master, &error));
    g_assert_nonnull(error);
}

static bool
keys_all_open(Fixture *self)
{
    g_autoptr(DnKeyring) ring = dn_keyring_open(self->keys, &archive, self->master, NULL);
    unsigned keys = 0;

    return ring && dn_keyring_check(ring, &keys, NULL);
}

static void
test_every_changed_byte_of_a_key_file_is_noticed(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(5);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GPtrArray) paths = key_files(self);

    (void)data;
    g_assert_true(keys_all_open(self));
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        g_assert_cmpuint(size, ==, 156);
        g_assert_cmpint(chmod(path, 0600), ==, 0);
        for (gsize at = 0; at < size; at++) {
            bytes[at] = (char)(bytes[at] ^ 4);
            g_assert_true(g_file_set_contents_full(path, bytes, (gssize)size,
                                                   G_FILE_SET_CONTENTS_NONE, 0600, NULL));
            g_assert_false(keys_all_open(self));
            bytes[at] = (char)(bytes[at] ^ 4);
        }
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    }
    g_assert_true(keys_all_open(self));
}

static void
test_key_files_cannot_change_places(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) paths = key_files(self);

    (void)data;
    for (guint i = 0; i < paths->len; i++) {
        const char *one = g_ptr_array_index(paths, i);
        const char *two = g_ptr_array_index(paths, (i + 1) % paths->len);
        g_autofree char *bytes = NULL;
        g_autofree char *kept = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(one, &kept, &size, NULL));
        g_assert_true(g_file_get_contents(two, &bytes, &size, NULL));
        write_file(one, bytes, size);
        g_assert_false(keys_all_open(self));
        write_file(one, kept, size);
    }
    g_assert_true(keys_all_open(self));
}

static void
test_a_rotated_master_opens_the_old_blobs(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(DnSecret) fresh = dn_secret_random(NULL);
    g_autoptr(GBytes) back = NULL;
    uint8_t before[16] = {0};
    uint8_t after[16] = {0};
    static const uint8_t nonce[16] = {1};

    (void)data;
    {
        g_autoptr(DnStreamCipher) cipher = dn_keyring_view_cipher(self->ring, NULL);

        dn_stream_cipher_apply(cipher, nonce, 0, before, sizeof before);
    }
    g_assert_true(dn_keyring_rotate_master(self->ring, fresh, &error));
    g_assert_null(dn_keyring_open(self->keys, &archive, self->master, &error));
    assert_code(error, DENIED);
    reopen(self, fresh);
    back = dn_unseal_blob(self->ring, &name, sealed, &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(back, plain));
    {
        g_autoptr(DnStreamCipher) cipher = dn_keyring_view_cipher(self->ring, NULL);

        dn_stream_cipher_apply(cipher, nonce, 0, after, sizeof after);
    }
    g_assert_cmpmem(before, 16, after, 16); /* the view stays readable too */
}

/* Stops a rotation after each number of key files by making the next one impossible to replace: a
 * folder stands where its new content would be written. */
static void
test_an_interrupted_master_rotation_completes(Fixture *self, gconstpointer data)
{
    DnSealName names[] = {{alice, dn_uuid_new(), DN_PART_ORIGINAL},
                          {bob, dn_uuid_new(), DN_PART_ORIGINAL}};
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) of_alice = dn_seal_blob(self->ring, &names[0], "2026", plain, NULL, NULL);
    g_autoptr(GBytes) of_bob = dn_seal_blob(self->ring, &names[1], "2026", plain, NULL, NULL);
    g_autoptr(GPtrArray) paths = key_files(self);

    (void)data;
    for (guint i = 0; i < paths->len; i++) {
        g_autoptr(DnSecret) fresh = dn_secret_random(NULL);
        g_autofree char *block =
            g_strdup_printf("%s.new", (const char *)g_ptr_array_index(paths, i));
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) back = NULL;
        g_autoptr(GBytes) back_bob = NULL;
        unsigned keys = 0;

        g_assert_cmpint(mkdir(block, 0700), ==, 0);
        if (!dn_keyring_rotate_master(self->ring, fresh, NULL)) {
            /* This process still has both masters. */
            g_assert_true(dn_keyring_check(self->ring, &keys, &error));
            g_assert_cmpint(rmdir(block), ==, 0);
            reopen(self, self->master); /* the old one still opens the archive */
            g_assert_true(dn_keyring_rotate_master(self->ring, fresh, &error));
        } else {
            g_assert_cmpint(rmdir(block), ==, 0);
        }
        reopen(self, fresh);
        g_assert_true(dn_keyring_check(self->ring, &keys, &error));
        back = dn_unseal_blob(self->ring, &names[0], of_alice, &error);
        back_bob = dn_unseal_blob(self->ring, &names[1], of_bob, &error);
        g_assert_no_error(error);
        dn_secret_free(self->master);
        self->master = g_steal_pointer(&fresh);
    }
}

static void
test_an_interrupted_tenant_rotation_completes(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) line = dn_seal_line(self->ring, &alice, 1, "{}", NULL);
    g_autoptr(GPtrArray) paths = key_files(self);
    unsigned failures = 0;

    (void)data;
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *block =
            g_strdup_printf("%s.new", (const char *)g_ptr_array_index(paths, i));
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) back = NULL;
        g_autofree char *line_back = NULL;
        unsigned keys = 0;

        g_assert_cmpint(mkdir(block, 0700), ==, 0);
        if (!dn_keyring_rotate_tenant(self->ring, &alice, NULL)) {
            g_autoptr(GBytes) between = NULL;

            failures++;
            reopen(self, self->master);
            between = dn_unseal_blob(self->ring, &name, sealed, &error);
            g_assert_no_error(error);
            g_assert_cmpint(rmdir(block), ==, 0);
            g_assert_true(dn_keyring_rotate_tenant(self->ring, &alice, &error));
        } else {
            g_assert_cmpint(rmdir(block), ==, 0);
        }
        reopen(self, self->master);
        g_assert_true(dn_keyring_check(self->ring, &keys, &error));
        g_assert_cmpuint(keys, ==, 7); /* the replaced tenant key is gone */
        back = dn_unseal_blob(self->ring, &name, sealed, &error);
        line_back = dn_unseal_line(self->ring, &alice, 1, line, &error);
        g_assert_no_error(error);
    }
    g_assert_cmpuint(failures, >=, 2); /* alice's ledger and period files */
}

static void
test_a_destroyed_period_is_gone(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) old = dn_seal_blob(self->ring, &name, "2016", plain, NULL, NULL);
    g_autoptr(GBytes) new = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) again = NULL;
    g_autoptr(GBytes) back = NULL;

    (void)data;
    g_assert_true(dn_keyring_destroy_period(self->ring, &alice, "2016", &error));
    for (int i = 0; i < 2; i++) {
        g_assert_null(dn_unseal_blob(self->ring, &name, old, &error));
        assert_code(error, NOT_FOUND);
        reopen(self, self->master);
    }
    back = dn_unseal_blob(self->ring, &name, new, &error);
    g_assert_no_error(error);
    g_assert_false(dn_keyring_destroy_period(self->ring, &alice, "2016", &error));
    assert_code(error, NOT_FOUND);
    again =
        dn_seal_blob(self->ring, &name, "2016", plain, NULL, &error); /* with a key of its own */
    g_assert_no_error(error);
    g_assert_null(dn_unseal_blob(self->ring, &name, old, &error));
    assert_code(error, NOT_FOUND);
}

#ifdef DN_FAILPOINTS
static DnUuid
key_id_of(GBytes *sealed)
{
    enum { AT_KEY_ID = 8 }; /* docs/format.md, "Sealed bytes" */
    DnUuid id;

    memcpy(id.bytes, (const uint8_t *)g_bytes_get_data(sealed, NULL) + AT_KEY_ID, DN_UUID_BYTES);
    return id;
}

/* A key that was made, and of which it is not known whether it will be there after a power cut,
 * seals nothing: neither its file nor its name may be lost under what was acknowledged. */
static void
test_a_key_that_may_not_last_is_not_used(Fixture *self, gconstpointer data)
{
    enum { FILE_AND_FOLDER = 2 };
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) files = NULL;
    g_autofree char *used = NULL;

    (void)data;
    for (uint64_t nth = 1; nth <= FILE_AND_FOLDER; nth++) {
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth, .only = "fs.sync"});
        g_assert_null(dn_seal_blob(self->ring, &name, "2026", plain, NULL, &error));
        assert_code(error, IO);
        dn_failpoint_arm(NULL);
    }
    files = key_files(self); /* the name that was not synced is among them */
    uint64_t before = dn_fs_sync_count();

    sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(dn_fs_sync_count() - before, ==, FILE_AND_FOLDER);
    DnUuid id = key_id_of(sealed);
    g_autofree char *text = dn_uuid_text(&id);

    used = g_strdup_printf("%s/%s.key", self->keys, text);
    g_assert_true(g_file_test(used, G_FILE_TEST_EXISTS));
    for (guint i = 0; i < files->len; i++)
        g_assert_cmpstr(g_ptr_array_index(files, i), !=, used);
}

/* Who is told of a failure asks again; before he hears that there is nothing left to destroy, the
 * removal is on the disk. */
static void
test_what_is_destroyed_is_synced_also_the_second_time(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GBytes) plain = pattern(50);
    bool failed = true;
    uint64_t nth = 0;

    (void)data;
    while (failed) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2016", plain, NULL, &error);

        g_assert_no_error(error);
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = ++nth, .only = "fs.sync"});
        failed = !dn_keyring_destroy_period(self->ring, &alice, "2016", &error);
        dn_failpoint_arm(NULL);
        if (!failed)
            break;
        assert_code(error, IO);
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = 1, .only = "fs.sync"});
        g_assert_false(dn_keyring_destroy_period(self->ring, &alice, "2016", &error));
        assert_code(error, IO);
        dn_failpoint_arm(NULL);
        uint64_t before = dn_fs_sync_count();

        if (!dn_keyring_destroy_period(self->ring, &alice, "2016", &error))
            assert_code(error, NOT_FOUND);
        g_assert_cmpuint(dn_fs_sync_count() - before, >=, 1);
        reopen(self, self->master);
        g_assert_null(dn_unseal_blob(self->ring, &name, sealed, &error));
        assert_code(error, NOT_FOUND);
    }
    g_assert_cmpuint(nth, ==, 4); /* the note, its name, the folder without the key; then none */
}

/* Half a list of keys would be an archive that has lost the others. */
static void
test_a_folder_that_cannot_be_read_to_its_end_does_not_open(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) files = key_files(self);
    uint64_t names = files->len + 2; /* and those of the folder and the one above */

    (void)data;
    for (uint64_t nth = 1; nth <= names + 1; nth++) { /* the last tells that there is no more */
        g_autoptr(GError) error = NULL;
        g_autoptr(DnKeyring) ring = NULL;

        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth, .only = "fs.readdir"});
        ring = dn_keyring_open(self->keys, &archive, self->master, &error);
        g_assert_cmpstr(dn_failpoint_struck(), ==, "fs.readdir");
        dn_failpoint_arm(NULL);
        g_assert_null(ring);
        assert_code(error, IO);
    }
    reopen(self, self->master);
}
#endif

static void
test_a_destroyed_tenant_is_gone(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    DnSealName of_bob = {bob, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) kept = dn_seal_blob(self->ring, &of_bob, "2026", plain, NULL, NULL);
    g_autoptr(GBytes) line = dn_seal_line(self->ring, &alice, 1, "{}", NULL);
    g_autoptr(GBytes) back = NULL;
    g_autoptr(GArray) tenants = NULL;

    (void)data;
    bool gone = true;

    g_assert_true(dn_keyring_rotate_tenant(self->ring, &alice, &error)); /* is not its end */
    g_assert_true(dn_keyring_is_tenant_gone(self->ring, &alice, &gone, &error));
    g_assert_false(gone);
    g_assert_true(dn_keyring_destroy_tenant(self->ring, &alice, &error));
    g_assert_true(dn_keyring_is_tenant_gone(self->ring, &alice, &gone, &error));
    g_assert_true(gone);
    g_assert_true(dn_keyring_is_tenant_gone(self->ring, &bob, &gone, &error));
    g_assert_false(gone);
    g_assert_null(dn_unseal_blob(self->ring, &name, sealed, &error));
    assert_code(error, NOT_FOUND);
    g_assert_null(dn_unseal_line(self->ring, &alice, 1, line, &error));
    assert_code(error, NOT_FOUND);
    g_assert_null(dn_seal_line(self->ring, &alice, 1, "{}", &error));
    assert_code(error, NOT_FOUND);
    reopen(self, self->master);
    tenants = dn_keyring_tenants(self->ring);
    g_assert_cmpuint(tenants->len, ==, 1);
    back = dn_unseal_blob(self->ring, &of_bob, kept, &error);
    g_assert_no_error(error);
}

/* (transfer full) The one file in keys/ whose name ends so. */
static char *
only_file(const Fixture *self, const char *suffix)
{
    g_autoptr(GDir) dir = g_dir_open(self->keys, 0, NULL);
    char *path = NULL;

    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir))
        if (g_str_has_suffix(name, suffix)) {
            g_assert_null(path);
            path = g_build_filename(self->keys, name, NULL);
        }
    g_assert_nonnull(path);
    return path;
}

/* Destroyed is what its note says; what only lacks its file is lost, and that is another error. */
static void
test_a_lost_key_is_not_a_destroyed_one(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2016", plain, NULL, NULL);
    g_autofree char *bytes = NULL;
    gsize size = 0;
    bool gone = true;
    DnUuid stranger = dn_uuid_new();

    (void)data;
    g_assert_true(dn_keyring_destroy_period(self->ring, &alice, "2016", &error));
    g_autofree char *note = only_file(self, ".gone");

    g_assert_true(dn_keyring_is_gone(self->ring, &stranger, &gone, &error));
    g_assert_false(gone);
    g_assert_true(g_file_get_contents(note, &bytes, &size, &error));
    g_assert_cmpint(chmod(note, 0600), ==, 0);
    for (gsize i = 0; i < size; i++) {
        bytes[i] ^= 1;
        g_assert_true(g_file_set_contents(note, bytes, (gssize)size, &error));
        reopen(self, self->master);
        g_assert_null(dn_unseal_blob(self->ring, &name, sealed, &error));
        assert_code(error, CORRUPT);
        bytes[i] ^= 1;
    }
    g_assert_cmpint(unlink(note), ==, 0);
    reopen(self, self->master);
    g_assert_null(dn_unseal_blob(self->ring, &name, sealed, &error));
    assert_code(error, CORRUPT);
}

static bool
count_file(const char *name, GBytes *bytes, void *user_data, GError **error)
{
    unsigned *counts = user_data;

    (void)error;
    g_assert_cmpuint(g_bytes_get_size(bytes), >, 0);
    counts[g_str_has_suffix(name, ".gone") ? 1 : 0]++;
    return true;
}

/* Nor is a tenant whose keys are lost, though a rotation has let go of an older one. */
static void
test_a_lost_tenant_is_not_a_destroyed_one(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) paths = NULL;
    bool gone = true;

    (void)data;
    g_assert_true(dn_keyring_rotate_tenant(self->ring, &alice, &error));
    paths = key_files(self);
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *bytes = NULL;

        g_assert_true(g_file_get_contents(g_ptr_array_index(paths, i), &bytes, NULL, &error));
        if (memcmp(bytes + 44, alice.bytes, sizeof alice.bytes) == 0 &&
            g_str_has_suffix(g_ptr_array_index(paths, i), ".key"))
            g_assert_cmpint(unlink(g_ptr_array_index(paths, i)), ==, 0);
    }
    reopen(self, self->master);
    g_assert_true(dn_keyring_is_tenant_gone(self->ring, &alice, &gone, &error));
    g_assert_false(gone);
}

/* What a copy of keys/ must hold: also the notes, nothing half-written. */
static void
test_every_file_of_keys_is_visited(Fixture *self, gconstpointer data)
{
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = pattern(50);
    g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, "2016", plain, NULL, NULL);
    g_autofree char *half = g_build_filename(self->keys, "x.key.new", NULL);
    unsigned counts[2] = {0};
    unsigned keys = 0;

    (void)data;
    g_assert_true(dn_keyring_rotate_tenant(self->ring, &alice, &error));
    g_assert_true(dn_keyring_destroy_period(self->ring, &alice, "2016", &error));
    g_assert_true(g_file_set_contents(half, "half", -1, &error));
    g_assert_true(dn_keyring_check(self->ring, &keys, &error));
    g_assert_true(dn_keyring_each_file(self->ring, count_file, counts, &error));
    g_assert_cmpuint(counts[0], ==, keys);
    g_assert_cmpuint(counts[1], ==, 2); /* the rotated tenant key and the destroyed period */
}

static void
test_what_is_authenticated_stays_so_after_a_rotation(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) fresh = dn_secret_random(NULL);
    uint8_t before[32];
    uint8_t other[32];
    uint8_t after[32];

    (void)data;
    g_assert_true(dn_keyring_authenticate(self->ring, "label", "text", 4, before, &error));
    g_assert_true(dn_keyring_authenticate(self->ring, "labem", "text", 4, other, &error));
    g_assert_cmpint(memcmp(before, other, sizeof before), !=, 0);
    g_assert_true(dn_keyring_rotate_master(self->ring, fresh, &error));
    g_assert_true(dn_keyring_authenticate(self->ring, "label", "text", 4, after, &error));
    g_assert_cmpmem(before, sizeof before, after, sizeof after);
}

static void
test_more_keys_than_the_cache_holds(Fixture *self, gconstpointer data)
{
    enum { PERIODS = 300 };
    g_autoptr(GBytes) plain = pattern(5);
    GBytes *sealed[PERIODS];
    DnSealName name = {alice, dn_uuid_new(), DN_PART_ORIGINAL};

    (void)data;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PERIODS; i++) {
            g_autofree char *period = g_strdup_printf("%d", 1000 + i);
            g_autoptr(GError) error = NULL;
            g_autoptr(GBytes) back = NULL;

            if (round == 0)
                sealed[i] = dn_seal_blob(self->ring, &name, period, plain, NULL, &error);
            back = dn_unseal_blob(self->ring, &name, sealed[i], &error);
            g_assert_no_error(error);
        }
    }
    for (int i = 0; i < PERIODS; i++)
        g_bytes_unref(sealed[i]);
}

typedef struct {
    DnKeyring *ring;
    DnUuid tenant;
} Sealer;

static gpointer
seal_much(gpointer data)
{
    const Sealer *self = data;
    g_autoptr(GBytes) plain = pattern(500);

    for (int i = 0; i < 30; i++) {
        DnSealName name = {self->tenant, dn_uuid_new(), DN_PART_TEXT};
        g_autofree char *period = g_strdup_printf("%d", 2026 + i % 3);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) sealed = dn_seal_blob(self->ring, &name, period, plain, NULL, &error);
        g_autoptr(GBytes) back = dn_unseal_blob(self->ring, &name, sealed, &error);

        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(plain, back));
    }
    return NULL;
}

static void
test_threads_share_a_keyring(Fixture *self, gconstpointer data)
{
    GThread *threads[8];
    Sealer sealers[2] = {{self->ring, alice}, {self->ring, bob}};
    g_autoptr(GPtrArray) paths = NULL;

    (void)data;
    for (int i = 0; i < 8; i++)
        threads[i] = g_thread_new("seal", seal_much, &sealers[i % 2]);
    for (int i = 0; i < 8; i++)
        g_thread_join(threads[i]);
    paths = key_files(self);
    g_assert_cmpuint(paths->len, ==, 6 + 2 * 3); /* one key a period, however many asked at once */
}

/* ---- the cipher of the view ---- */

static void
test_the_stream_is_the_same_from_any_offset(Fixture *self, gconstpointer data)
{
    enum { SIZE = 1000 };
    static const uint8_t nonce[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    static const uint8_t other[16] = {1};
    g_autoptr(DnStreamCipher) cipher = dn_keyring_view_cipher(self->ring, NULL);
    uint8_t whole[SIZE] = {0};
    uint8_t pieces[SIZE] = {0};
    uint8_t different[SIZE] = {0};

    (void)data;
    dn_stream_cipher_apply(cipher, nonce, 0, whole, SIZE); /* the counter wraps at 128 bits */
    for (size_t at = 0, step = 1; at < SIZE; at += step, step = step % 37 + 1)
        dn_stream_cipher_apply(cipher, nonce, at, pieces + at, MIN(step, SIZE - at));
    g_assert_cmpmem(whole, SIZE, pieces, SIZE);
    dn_stream_cipher_apply(cipher, other, 0, different, SIZE);
    g_assert_cmpint(memcmp(whole, different, SIZE), !=, 0);
    dn_stream_cipher_apply(cipher, nonce, 0, whole, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        g_assert_cmpuint(whole[i], ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define PLAIN(name) g_test_add_func("/seal/" #name, test_##name)
#define KEYED(name) g_test_add("/seal/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    PLAIN(many_secrets_need_few_pages);
    PLAIN(secrets_of_any_size_keep_apart);
    PLAIN(memory_that_cannot_be_locked_is_refused);
    PLAIN(secrets_are_locked_and_not_dumped);
    KEYED(the_master_key_file);
    KEYED(a_master_key_comes_through_a_pipe);
    KEYED(blobs_of_every_size_open);
    KEYED(blobs_of_every_form_open);
    KEYED(forms_that_are_not_known);
    KEYED(sizes_that_nothing_sealed_has);
    KEYED(chunks_are_opened_without_the_rest);
    KEYED(every_flipped_bit_is_noticed);
    KEYED(chunks_cannot_be_moved_repeated_or_dropped);
    KEYED(chunks_of_two_sealings_do_not_mix);
    KEYED(a_blob_opens_only_under_its_own_name);
    KEYED(no_two_sealings_share_a_key_stream);
    KEYED(lines_open_in_their_place_only);
    KEYED(keys_survive_reopening);
    KEYED(what_the_keyring_refuses);
    KEYED(every_changed_byte_of_a_key_file_is_noticed);
    KEYED(key_files_cannot_change_places);
    KEYED(a_rotated_master_opens_the_old_blobs);
    KEYED(an_interrupted_master_rotation_completes);
    KEYED(an_interrupted_tenant_rotation_completes);
    KEYED(a_destroyed_period_is_gone);
#ifdef DN_FAILPOINTS
    KEYED(a_key_that_may_not_last_is_not_used);
    KEYED(what_is_destroyed_is_synced_also_the_second_time);
    KEYED(a_folder_that_cannot_be_read_to_its_end_does_not_open);
#endif
    KEYED(a_destroyed_tenant_is_gone);
    KEYED(a_lost_key_is_not_a_destroyed_one);
    KEYED(a_lost_tenant_is_not_a_destroyed_one);
    KEYED(every_file_of_keys_is_visited);
    KEYED(what_is_authenticated_stays_so_after_a_rotation);
    KEYED(more_keys_than_the_cache_holds);
    KEYED(threads_share_a_keyring);
    KEYED(the_stream_is_the_same_from_any_offset);
    return g_test_run();
}
