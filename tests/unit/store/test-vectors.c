/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/store/test-vectors.c - tiny archives of every format, kept in samples/vectors.
 *
 * Every later program must open them. 1 has sealed bytes of the first version only; 2 is that
 * archive as the program of the second version went on with it, so it has both. `test-vectors
 * --continue DIR` wrote 2 in a copy of 1: keys, salts and ids are random, so the committed
 * bytes are the vector and not the program. What must come out stands beside it in plain files:
 * expected/ledger.jsonl and expected/<blob>.<part>.
 *
 * Each archive is read here a second time by code of this file alone, from what docs/format.md says
 * and OpenSSL, so that format.md and the library cannot drift apart together.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/ledger/ledger.h"
#include "engine/seal/envelope.h"
#include "engine/store/store.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include <sys/stat.h>

static const DnUuid archive = {{0x01, 0x93, 0x2b, 0x5e, 0x7c, 0x1a, 0x7d, 0xef, 0x81, 0x23, 0x45,
                                0x67, 0x89, 0xab, 0xcd, 0xef}};
static const DnUuid tenant = {{0x01, 0x93, 0x2b, 0x5e, 0x7c, 0x1a, 0x7d, 0xef, 0x81, 0x23, 0x45,
                               0x67, 0x89, 0xab, 0xcd, 0xf0}};
enum { SEGMENT_BYTES = 3000, CHUNK = 1 << 14 };

static const struct {
    const char *name;
    unsigned blobs;
    unsigned versions[3]; /* how many of the blobs are of the sealed form with that number */
} vectors[] = {{"1", 6, {0, 6, 0}}, {"2", 11, {0, 6, 5}}};

typedef struct {
    const char *dir; /* of the vector */
    DnKeyring *keys;
    DnStore *store;
    GString *ledger;
    DnLedgerHead head;
    unsigned blobs;
} Vector;

/* ---- going on with one ---- */

/* On, before and behind the edges of chunks: bytes to be found in expected/. */
static GBytes *
new_document(unsigned number)
{
    static const size_t sizes[] = {0, 31, CHUNK - 1, CHUNK, 2 * CHUNK + 1};
    GString *text = g_string_new(NULL);

    for (unsigned line = 1; text->len < sizes[number]; line++)
        g_string_append_printf(text, "領収書 %u の %u 行目\n", number, line);
    g_string_truncate(text, sizes[number]);
    return g_string_free_to_bytes(text);
}

static void
put_voucher(Vector *self, unsigned number)
{
    DnSealName name = {tenant, dn_uuid_new(), number % 2 ? DN_PART_RENDITION : DN_PART_ORIGINAL};
    g_autofree char *blob_id = dn_uuid_text(&name.blob);
    g_autofree char *file =
        g_strdup_printf("%s/expected/%s.%c", self->dir, blob_id, (char)name.part);
    g_autoptr(GBytes) plain = new_document(number);
    g_autoptr(GBytes) sealed = NULL;
    g_autoptr(GBytes) sealed_line = NULL;
    g_autoptr(json_t) body = json_object();
    g_autofree char *line = NULL;
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GError) error = NULL;
    DnClockReading reading = {INT64_C(1795500000000) + number, true, 1200};
    DnStoreBlob blob = {.id = name.blob, .part = (char)name.part};
    DnStoreEntry entry = {.seq = self->head.seq + 1};
    DnStoreCommit commit = {.tenant = tenant,
                            .expected_head = self->head.seq,
                            .blobs = &blob,
                            .blob_count = 1,
                            .entries = &entry,
                            .entry_count = 1};

    dn_json_set_string(body, "type", "voucher.registered");
    dn_json_set_string(body, "blob", blob_id);
    line = dn_entry_line(body, &tenant, "vector", &reading, &self->head, &self->head, &error);
    g_assert_no_error(error);
    g_string_append_printf(self->ledger, "%s\n", line);
    sealed = dn_seal_blob(self->keys, &name, "2027", plain, NULL, &error);
    sealed_line = dn_seal_line(self->keys, &tenant, entry.seq, line, &error);
    g_assert_no_error(error);
    blob.sealed = sealed;
    entry.sealed = sealed_line;
    g_assert_true(dn_store_append(self->store, &commit, &receipt, &error));
    g_assert_true(dn_store_wait(self->store, receipt.ticket, &error));
    g_assert_true(g_file_set_contents(file, g_bytes_get_data(plain, NULL),
                                      (gssize)g_bytes_get_size(plain), NULL));
}

static bool
read_on(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Vector *self = user_data;

    for (size_t i = 0; i < visit->entry_count; i++) {
        g_autofree char *line = dn_unseal_line(self->keys, &tenant, visit->entries[i].seq,
                                               visit->entries[i].sealed, error);
        g_autoptr(json_t) entry = line ? dn_entry_check(line, &tenant, &self->head, error) : NULL;

        if (!entry)
            return false;
        g_string_append_printf(self->ledger, "%s\n", line);
    }
    return true;
}

static int
continue_vector(const char *dir)
{
    g_autofree char *master_path = g_build_filename(dir, "master.key", NULL);
    g_autofree char *keys = g_build_filename(dir, "keys", NULL);
    g_autofree char *log = g_build_filename(dir, "log", NULL);
    g_autofree char *ledger = g_build_filename(dir, "expected", "ledger.jsonl", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) master = dn_master_key_load(master_path, &error);
    g_autoptr(DnKeyring) ring = master ? dn_keyring_open(keys, &archive, master, &error) : NULL;
    g_autoptr(DnStore) store =
        ring ? dn_store_open_segments(log, &archive, 4 * CHUNK, false, &error) : NULL;
    g_autoptr(GString) lines = g_string_new(NULL);
    Vector self = {.dir = dir, .keys = ring, .store = store, .ledger = lines};

    if (!store || !dn_store_each(store, NULL, 0, read_on, &self, &error)) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    for (unsigned i = 0; i < 5; i++)
        put_voucher(&self, i);
    if (!g_file_set_contents(ledger, lines->str, (gssize)lines->len, &error))
        g_printerr("%s\n", error->message);
    return error != NULL;
}

/* ---- checking it by the library ---- */

static const char *which; /* vector is looked at */

static char *
vector_path(const char *name)
{
    const char *root = g_getenv("DENCHO_SRCDIR");

    return g_build_filename(root ? root : ".", "samples", "vectors", which, name, NULL);
}

/* A checkout gives files their own modes and may be read-only: work on a private copy. */
static void
copy_folder(const char *from, const char *to)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    const char *name = NULL;

    g_assert_nonnull(dir);
    g_assert_cmpint(mkdir(to, 0700), ==, 0);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(source, &bytes, &size, NULL));
        g_assert_true(dn_fs_create_file(target, bytes, size, 0600, NULL));
    }
}

static DnSecret *
load_master(const char *dir)
{
    g_autofree char *source = vector_path("master.key");
    g_autofree char *copy = g_build_filename(dir, "master.key", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    DnSecret *master = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(source, &text, &size, NULL));
    g_assert_true(dn_fs_create_file(copy, text, size, 0400, NULL));
    master = dn_master_key_load(copy, &error);
    g_assert_no_error(error);
    return master;
}

static char *
expected_file(const char *name, gsize *out_size)
{
    g_autofree char *folder = vector_path("expected");
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, out_size, NULL));
    return text;
}

static void
check_blob(Vector *self, const DnStoreBlob *blob)
{
    DnSealName name = {tenant, blob->id, (DnPart)blob->part};
    g_autofree char *id = dn_uuid_text(&blob->id);
    g_autofree char *file = g_strdup_printf("%s.%c", id, blob->part);
    gsize wanted_size = 0;
    g_autofree char *wanted = expected_file(file, &wanted_size);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) plain = dn_unseal_blob(self->keys, &name, blob->sealed, &error);
    size_t size = 0;
    const char *text = NULL;

    g_assert_no_error(error);
    text = g_bytes_get_data(plain, &size);
    g_assert_cmpmem(text, size, wanted, wanted_size);
    self->blobs++;
}

static bool
check_visit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Vector *self = user_data;

    g_assert_true(dn_uuid_equal(&visit->tenant, &tenant));
    for (size_t i = 0; i < visit->blob_count; i++)
        check_blob(self, &visit->blobs[i]);
    for (size_t i = 0; i < visit->entry_count; i++) {
        g_autofree char *line = dn_unseal_line(self->keys, &tenant, visit->entries[i].seq,
                                               visit->entries[i].sealed, error);
        g_autoptr(json_t) entry = line ? dn_entry_check(line, &tenant, &self->head, error) : NULL;

        if (!entry)
            return false;
        g_string_append_printf(self->ledger, "%s\n", line);
    }
    return true;
}

static void
test_this_program_opens_it(gconstpointer data)
{
    unsigned vector = GPOINTER_TO_UINT(data);

    which = vectors[vector].name;
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *keys_from = vector_path("keys");
    g_autofree char *log_from = vector_path("log");
    g_autofree char *keys = g_build_filename(dir, "keys", NULL);
    g_autofree char *log = g_build_filename(dir, "log", NULL);
    g_autofree char *wanted = expected_file("ledger.jsonl", NULL);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(DnSecret) master = load_master(dir);
    g_autoptr(GError) error = NULL;
    DnKeyring *ring = NULL;
    DnStore *store = NULL;
    Vector self = {.ledger = lines};
    unsigned count = 0;

    copy_folder(keys_from, keys);
    copy_folder(log_from, log);
    ring = dn_keyring_open(keys, &archive, master, &error);
    g_assert_no_error(error);
    g_assert_true(dn_keyring_check(ring, &count, &error));
    g_assert_cmpuint(count, ==, 5); /* view, tenant, ledger, two periods */
    store = dn_store_open_segments(log, &archive, SEGMENT_BYTES, false, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    g_assert_cmpuint(dn_store_state(store).segments, >=, 2);
    g_assert_true(dn_store_check(store, problems, &error));
    g_assert_cmpuint(problems->len, ==, 0);

    self.keys = ring;
    dn_store_each(store, NULL, DN_STORE_VISIT_BLOBS, check_visit, &self, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(self.blobs, ==, vectors[vector].blobs);
    g_assert_cmpstr(lines->str, ==, wanted);

    dn_store_close(store);
    dn_keyring_free(ring);
    g_assert_true(dn_fs_remove_tree(dir, NULL));
}

/* ---- checking it from docs/format.md alone ---- */

static void
plain_hkdf(const uint8_t *key, const void *salt, const void *info, size_t info_size, uint8_t *out)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, 16),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_size),
        OSSL_PARAM_construct_end(),
    };

    g_assert_cmpint(EVP_KDF_derive(context, out, 32, params), ==, 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

static bool
plain_open(const uint8_t *key, const uint8_t *nonce, const uint8_t *bound, int bound_size,
           const uint8_t *sealed, int size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    bool good = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_DecryptUpdate(context, NULL, &length, bound, bound_size) == 1 &&
                EVP_DecryptUpdate(context, out, &length, sealed, size) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16,
                                    (void *)(uintptr_t)(sealed + size)) == 1 &&
                EVP_DecryptFinal_ex(context, out + length, &length) == 1;

    EVP_CIPHER_CTX_free(context);
    return good;
}

/* A key by its id (16 bytes): the file named after it, opened with the key that it names, up to the
 * master's, whose id is no file. */
static void
plain_key(const uint8_t *id, const uint8_t *master, uint8_t out[32])
{
    DnUuid uuid;
    g_autofree char *folder = vector_path("keys");
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    g_autofree char *file = NULL;
    const uint8_t *bytes = NULL;
    uint8_t parent[32];
    uint8_t wrap[32];
    gsize size = 0;

    memcpy(uuid.bytes, id, 16);
    text = dn_uuid_text(&uuid);
    path = g_strdup_printf("%s/%s.key", folder, text);
    g_assert_true(g_file_get_contents(path, &file, &size, NULL));
    g_assert_cmpuint(size, ==, 156);
    bytes = (const uint8_t *)file;
    g_assert_cmpint(memcmp(bytes, "dencho-k\0\1", 10), ==, 0);
    if (bytes[10] == 't' || bytes[10] == 'v')
        memcpy(parent, master, 32);
    else
        plain_key(bytes + 76, master, parent);
    plain_hkdf(parent, archive.bytes, "dencho 1 wrap", 13, wrap);
    g_assert_true(plain_open(wrap, bytes + 96, bytes, 96, bytes + 108, 32, out));
}

static uint64_t
big_endian(const uint8_t *in, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | in[i];
    return value;
}

/* (transfer full) The plain text of a sealed body, chunk by chunk. */
static GByteArray *
plain_unseal(const uint8_t *sealed, size_t size, const uint8_t *object, const uint8_t *master)
{
    uint8_t bound[88];
    uint8_t parent[32];
    uint8_t key[32];
    size_t chunk = (size_t)1 << sealed[6];
    g_autofree uint8_t *out = g_malloc(chunk + 16);
    GByteArray *plain = g_byte_array_new();
    uint32_t number = 0;

    g_assert_true(sealed[4] == 2 || (sealed[4] == 1 && sealed[6] == 20));
    memcpy(bound, sealed, 40);
    memcpy(bound + 40, archive.bytes, 16);
    memcpy(bound + 56, tenant.bytes, 16);
    memcpy(bound + 72, object, 16);
    plain_key(sealed + 8, master, parent);
    plain_hkdf(parent, sealed + 24, bound, sizeof bound, key);
    for (size_t at = 40; at < size; number++) {
        size_t piece = MIN(size - at, chunk + 16);
        uint8_t nonce[12] = {0};

        for (int i = 0; i < 4; i++)
            nonce[7 + i] = (uint8_t)(number >> (24 - 8 * i));
        nonce[11] = at + piece == size;
        g_assert_true(
            plain_open(key, nonce, bound, sizeof bound, sealed + at, (int)piece - 16, out));
        g_byte_array_append(plain, out, (guint)piece - 16);
        at += piece;
    }
    return plain;
}

/* The checks that need no key. @headers takes the headers that the segment's digest covers. */
static void
plain_checks(const uint8_t *frame, size_t body_size, unsigned segment, uint64_t offset,
             DnDigest *headers)
{
    DnSha256 sum = dn_sha256(frame + 96, body_size);
    uint8_t place[28 + 88];

    g_assert_cmpmem(sum.bytes, 32, frame + 56, 32);
    memcpy(place, archive.bytes, 16);
    for (int i = 0; i < 4; i++)
        place[16 + i] = (uint8_t)(segment >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        place[20 + i] = (uint8_t)(offset >> (56 - 8 * i));
    memcpy(place + 28, frame, 88);
    sum = dn_sha256(place, sizeof place);
    g_assert_cmpmem(sum.bytes, 8, frame + 88, 8);
    if (frame[4] == 'T') {
        dn_digest_add(headers, frame + 96, body_size - 48);
        sum = dn_digest_finish(headers);
        g_assert_cmpmem(sum.bytes, 32, frame + 96 + body_size - 48, 32);
    } else {
        dn_digest_add(headers, frame, 96);
    }
}

static void
plain_segment(unsigned segment, const uint8_t *bytes, size_t size, const uint8_t *master,
              GString *lines, unsigned *versions)
{
    g_autoptr(DnDigest) headers = dn_digest_new();
    size_t at = 72;

    g_assert_cmpint(memcmp(bytes, "dencho-l\0\1\0\x48", 12), ==, 0);
    g_assert_cmpint(memcmp(bytes + 16, archive.bytes, 16), ==, 0);
    g_assert_cmpuint(big_endian(bytes + 12, 4), ==, segment);
    dn_digest_add(headers, bytes, 72);
    while (at < size) {
        const uint8_t *header = bytes + at;
        const uint8_t *body = header + 96;
        size_t body_size = (size_t)big_endian(header + 16, 8);
        DnUuid id;

        g_assert_cmpint(memcmp(header, "DNFR", 4), ==, 0);
        plain_checks(header, body_size, segment, at, headers);
        memcpy(id.bytes, header + 40, 16);
        if (header[4] == 'B') {
            g_autoptr(GByteArray) text = plain_unseal(body, body_size, id.bytes, master);
            g_autofree char *name = dn_uuid_text(&id);
            g_autofree char *file = g_strdup_printf("%s.%c", name, header[5]);
            gsize wanted_size = 0;
            g_autofree char *wanted = expected_file(file, &wanted_size);

            g_assert_cmpmem(text->data, text->len, wanted, wanted_size);
            versions[body[4]]++;
        } else if (header[4] == 'E') {
            g_autoptr(GByteArray) line = plain_unseal(body, body_size, id.bytes, master);

            g_string_append_len(lines, (const char *)line->data, line->len);
            g_string_append_c(lines, '\n');
        }
        at += 96 + body_size;
    }
    g_assert_cmpuint(at, ==, size);
}

static void
test_the_document_is_enough_to_open_it(gconstpointer data)
{
    unsigned vector = GPOINTER_TO_UINT(data);

    which = vectors[vector].name;
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *log = vector_path("log");
    g_autofree char *wanted = expected_file("ledger.jsonl", NULL);
    g_autoptr(DnSecret) master = load_master(dir);
    g_autoptr(GString) lines = g_string_new(NULL);
    unsigned versions[3] = {0};
    unsigned segment = 1;

    for (;; segment++) {
        g_autofree char *path = g_strdup_printf("%s/%06u.seg", log, segment);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        if (!g_file_get_contents(path, &bytes, &size, NULL))
            break;
        plain_segment(segment, (const uint8_t *)bytes, size, dn_secret_peek(master, NULL), lines,
                      versions);
    }
    g_assert_cmpuint(segment, >, 2);
    g_assert_cmpmem(versions, sizeof versions, vectors[vector].versions, sizeof versions);
    g_assert_cmpstr(lines->str, ==, wanted);
    g_assert_true(dn_fs_remove_tree(dir, NULL));
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--continue") == 0)
        return continue_vector(argv[2]);
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autofree char *library = g_strdup_printf("/vectors/library/%s", vectors[i].name);
        g_autofree char *document = g_strdup_printf("/vectors/document/%s", vectors[i].name);

        g_test_add_data_func(library, GUINT_TO_POINTER(i), test_this_program_opens_it);
        g_test_add_data_func(document, GUINT_TO_POINTER(i), test_the_document_is_enough_to_open_it);
    }
    return g_test_run();
}
