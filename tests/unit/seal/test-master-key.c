/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/seal/test-master-key.c - the forms of the master key: under a passphrase, on paper,
 * enveloped to a public key; and what of it stays in memory.
 */
#include "config.h"
#include "base/digest.h"
#include "base/fs.h"
#include "engine/seal/escrow.h"
#include "engine/seal/keyring.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static const char phrase[] = "correct horse battery staple";
static const DnScryptCost cheap = {.log2_n = 4, .r = 1, .p = 1};

typedef struct {
    char *dir;
    DnSecret *master;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    uint8_t bytes[DN_KEY_BYTES];

    (void)data;
    self->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    self->master = dn_secret_copy(bytes, sizeof bytes, NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    (void)data;
    dn_secret_free(self->master);
    g_assert_true(dn_fs_remove_tree(self->dir, NULL));
    g_free(self->dir);
}

static char *
path_of(const Fixture *self, const char *name)
{
    return g_build_filename(self->dir, name, NULL);
}

static DnSecret *
secret(const char *text)
{
    return dn_secret_copy(text, strlen(text), NULL);
}

static void
assert_same(const DnSecret *a, const DnSecret *b)
{
    size_t a_size = 0;
    size_t b_size = 0;
    const uint8_t *a_bytes = dn_secret_peek(a, &a_size);
    const uint8_t *b_bytes = dn_secret_peek(b, &b_size);

    g_assert_cmpmem(a_bytes, a_size, b_bytes, b_size);
}

/* --- under a passphrase --- */

static char *
protected_text(Fixture *self)
{
    g_autofree char *path = path_of(self, "protected");
    g_autoptr(DnSecret) passphrase = secret(phrase);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    struct stat st;

    unlink(path);
    g_assert_true(dn_master_key_save_protected(self->master, passphrase, &cheap, path, &error));
    g_assert_no_error(error);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0400);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static DnSecret *
parse(const char *text, const char *passphrase, GError **error)
{
    g_autoptr(DnSecret) bytes = secret(text);
    g_autoptr(DnSecret) given = passphrase ? secret(passphrase) : NULL;

    return dn_master_key_parse(bytes, given, error);
}

static void
test_a_passphrase_opens_its_key_file(Fixture *self, gconstpointer data)
{
    g_autofree char *text = protected_text(self);
    g_autofree char *again = protected_text(self);
    g_autofree char *path = path_of(self, "protected");
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) loaded = dn_key_text_load(path, &error);
    g_autoptr(DnSecret) key = parse(text, phrase, &error);

    (void)data;
    g_assert_no_error(error);
    assert_same(key, self->master);
    g_assert_true(dn_key_text_is_protected(loaded));
    g_assert_cmpstr(text, !=, again); /* a salt of its own */
    g_assert_null(parse(text, "correct horse battery stapl", &error));
    assert_code(error, DENIED);
    g_assert_null(parse(text, NULL, &error));
    assert_code(error, DENIED);
    g_assert_null(dn_master_key_load(path, &error));
    assert_code(error, DENIED);
}

static void
test_a_short_passphrase_is_refused(Fixture *self, gconstpointer data)
{
    g_autofree char *path = path_of(self, "protected");
    g_autoptr(DnSecret) passphrase = secret("hunter2hunt");
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_false(dn_master_key_save_protected(self->master, passphrase, &cheap, path, &error));
    assert_code(error, INVALID);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* Every changed byte is told, without a passphrase, by the checksum. */
static void
test_every_byte_of_a_protected_file_counts(Fixture *self, gconstpointer data)
{
    g_autofree char *text = protected_text(self);
    size_t size = strlen(text);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (size_t i = 0; i + 1 < size; i++)
        for (int bit = 0; bit < 7; bit++) {
            text[i] ^= (char)(1 << bit);
            if (text[i]) {
                g_assert_null(parse(text, phrase, &error));
                g_assert_nonnull(error);
                g_clear_error(&error);
            }
            text[i] ^= (char)(1 << bit);
        }
    for (size_t cut = 1; cut + 1 < size; cut++) {
        g_autofree char *head = g_strndup(text, cut);

        g_assert_null(parse(head, phrase, &error));
        assert_code(error, FORMAT);
    }
}

/* As protected_text() but with a hostile cost and a checksum that fits. */
static char *
with_cost(const char *text, const char *cost)
{
    const char *rest = strchr(strchr(text, '\n') + 1, '\n') + 1;
    g_autofree char *body = g_strndup(rest, strlen(rest) - 9);
    g_autofree char *head = g_strdup_printf("dencho protected key 1\nscrypt %s\n%s", cost, body);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, head, -1);

    return g_strdup_printf("%s%.8s\n", head, sum);
}

static void
test_a_hostile_cost_is_not_paid(Fixture *self, gconstpointer data)
{
    static const char *const costs[] = {"27 8 1",  "22 1 16", "9999 1 1", "18 9 1",
                                        "4 1 17",  "19 8 1",  "28 1 1",   "64 1 1",
                                        "18 16 1", "15 64 8", "32 1 16",  NULL};
    static const char *const malformed[] = {"4 1",    "04 1 1",    "4 1 1 ", "-4 1 1",
                                            "4  1 1", "x",         "4 0 1",  "0 1 1",
                                            "4 1 0",  "99999 1 1", "4\t1",   NULL};
    g_autofree char *text = protected_text(self);
    g_autofree char *same = with_cost(text, "4 1 1");
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_cmpstr(text, ==, same);
    for (const char *const *cost = costs; *cost; cost++) {
        g_autofree char *hostile = with_cost(text, *cost);

        g_assert_null(parse(hostile, phrase, &error));
        assert_code(error, LIMIT);
    }
    for (const char *const *cost = malformed; *cost; cost++) {
        g_autofree char *hostile = with_cost(text, *cost);

        g_assert_null(parse(hostile, phrase, &error));
        assert_code(error, FORMAT);
    }
    g_autofree char *other = with_cost(text, "4 2 1"); /* the cost is bound by the tag */

    g_assert_null(parse(other, phrase, &error));
    assert_code(error, DENIED);
}

/* --- on paper --- */

static char *
recovery(const DnSecret *master)
{
    g_autoptr(DnSecret) text = dn_recovery_text(master, NULL);
    size_t size = 0;
    const char *bytes = (const char *)dn_secret_peek(text, &size);

    return g_strndup(bytes, size);
}

static DnSecret *
typed(const char *text, GError **error)
{
    g_autoptr(DnSecret) bytes = secret(text);

    return dn_recovery_parse(bytes, error);
}

static void
assert_line_named(GError **error, unsigned line)
{
    g_autofree char *name = g_strdup_printf("line %u:", line);

    g_assert_nonnull(*error);
    g_assert_cmpint(dn_error_code(*error), ==, DN_ERROR_FORMAT);
    g_assert_nonnull(strstr((*error)->message, name));
    g_clear_error(error);
}

static void
test_paper_gives_the_key_back(Fixture *self, gconstpointer data)
{
    g_autofree char *text = recovery(self->master);
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_autofree char *body = g_strdup(strchr(text, '\n') + 1);
    g_autoptr(GString) bare = g_string_new(NULL);
    g_autoptr(GString) read = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (const char *c = body; *c; c++) {
        bool number = c == body || c[-1] == '\n';

        if (*c != ' ' && !number)
            g_string_append_c(bare, *c);
        g_string_append(read, *c == '0'   ? "o"
                              : *c == '1' ? "l"
                              : *c == ' ' ? " - "
                                          : (char[]){*c, 0});
    }
    const char *const forms[] = {text, lower, body, bare->str, read->str};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(DnSecret) key = typed(forms[i], &error);

        g_assert_no_error(error);
        assert_same(key, self->master);
    }
    for (int i = 0; i < 50; i++) {
        g_autoptr(DnSecret) random = dn_secret_random(NULL);
        g_autofree char *sheet = recovery(random);
        g_autoptr(DnSecret) key = typed(sheet, &error);

        g_assert_no_error(error);
        assert_same(key, random);
    }
}

/* Every character by every other, and every two neighbours: found, in their line. */
static void
test_every_slip_of_the_pen_is_found(Fixture *self, gconstpointer data)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    g_autofree char *text = recovery(self->master);
    g_autoptr(GError) error = NULL;
    unsigned line = 0;
    unsigned tried = 0;
    char *last = NULL;

    (void)data;
    for (char *c = strchr(text, '\n') + 1; *c; c++) {
        char was = *c;

        if (c[-1] == '\n') {
            line++;
            last = NULL;
            continue; /* the line's number: below */
        }
        if (!strchr(alphabet, was))
            continue;
        for (const char *other = alphabet; *other; other++) {
            if (*other == was)
                continue;
            *c = *other;
            g_assert_null(typed(text, &error));
            assert_line_named(&error, line);
            tried++;
        }
        *c = was;
        if (last && *last != was) {
            *c = *last;
            *last = was;
            g_assert_null(typed(text, &error));
            assert_line_named(&error, line);
            *last = *c;
            *c = was;
        }
        last = c;
    }
    g_assert_cmpuint(line, ==, 5);
    g_assert_cmpuint(tried, ==, 5 * 16 * 31);
}

static void
test_a_wrong_character_is_named_by_its_place(Fixture *self, gconstpointer data)
{
    g_autofree char *text = recovery(self->master);
    char *third = strstr(text, "\n3  ") + 4; /* groups of 4 with a space between */
    char *wrong = third + 2 * 5 + 1;
    g_autoptr(GError) error = NULL;

    (void)data;
    *wrong = *wrong == 'Z' ? 'Y' : 'Z';
    g_assert_null(typed(text, &error));
    g_assert_nonnull(strstr(error->message, "line 3:"));
    g_assert_nonnull(strstr(error->message, "number 2 of group 3"));
    g_assert_null(strchr(error->message, 'Z')); /* a place, never what stands there */
}

static void
test_lines_keep_their_places(Fixture *self, gconstpointer data)
{
    g_autofree char *text = recovery(self->master);
    g_autoptr(DnSecret) second = dn_secret_random(NULL);
    g_autofree char *other = recovery(second);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) others = g_strsplit(other, "\n", -1);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (int i = 1; i <= 5; i++) {
        for (int k = 1; k <= 5; k++) { /* a line in another's place, without its number */
            g_autofree char *was = lines[i];
            g_autofree char *changed = NULL;

            if (i != k) {
                lines[i] = lines[k] + 1;
                changed = g_strjoinv("\n", lines);
                g_assert_null(typed(changed, &error));
                assert_line_named(&error, (unsigned)i);
            }
            lines[i] = g_steal_pointer(&was);
        }
        char *mine = lines[i]; /* a good line of another sheet */

        lines[i] = others[i];
        g_autofree char *mixed = g_strjoinv("\n", lines);

        g_assert_null(typed(mixed, &error));
        assert_code(error, FORMAT);
        lines[i] = g_strdup("");
        g_autofree char *missing = g_strjoinv("\n", lines);

        g_assert_null(typed(missing, &error));
        assert_code(error, FORMAT);
        g_free(lines[i]);
        lines[i] = mine;
    }
    g_assert_null(typed("dencho recovery 1", &error));
    assert_code(error, FORMAT);
    g_autofree char *twice = g_strconcat(text, text, NULL);

    g_assert_null(typed(twice, &error));
    assert_code(error, FORMAT);
}

/* --- enveloped --- */

static EVP_PKEY *
make_pair(const Fixture *self, const char *kind, int bits, const char *passphrase)
{
    EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)bits)
                                             : EVP_PKEY_Q_keygen(NULL, NULL, kind);
    g_autofree char *public_path = path_of(self, "public.pem");
    g_autofree char *private_path = path_of(self, "private.pem");
    FILE *public = fopen(public_path, "w");
    FILE *private = fopen(private_path, "w");

    g_assert_nonnull(key);
    g_assert_cmpint(PEM_write_PUBKEY(public, key), ==, 1);
    g_assert_cmpint(PEM_write_PKCS8PrivateKey(private, key, passphrase ? EVP_aes_256_cbc() : NULL,
                                              passphrase, passphrase ? (int)strlen(passphrase) : 0,
                                              NULL, NULL),
                    ==, 1);
    fclose(public);
    fclose(private);
    return key;
}

static GBytes *
envelope_to(const Fixture *self, const char *name, GError **error)
{
    g_autofree char *path = path_of(self, name);
    g_autofree char *recipient = NULL;
    const char *kind = NULL;
    GBytes *envelope = dn_escrow_seal(self->master, path, &recipient, &kind, error);

    if (envelope)
        g_assert_cmpuint(strlen(recipient), ==, 64);
    return envelope;
}

static DnSecret *
opened(const Fixture *self, GBytes *envelope, DnEscrowPassphrase ask, void *user_data,
       GError **error)
{
    g_autofree char *path = path_of(self, "private.pem");

    return dn_escrow_open(envelope, path, ask, user_data, error);
}

static void
test_the_private_part_gives_the_key_back(Fixture *self, gconstpointer data)
{
    const char *kind = data;
    EVP_PKEY *pair = make_pair(self, kind, 2048, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) envelope = envelope_to(self, "public.pem", &error);
    g_autoptr(DnSecret) key = envelope ? opened(self, envelope, NULL, NULL, &error) : NULL;

    g_assert_no_error(error);
    assert_same(key, self->master);
    EVP_PKEY_free(pair);
    pair = make_pair(self, kind, 2048, NULL); /* somebody else's */
    g_assert_null(opened(self, envelope, NULL, NULL, &error));
    assert_code(error, DENIED);
    EVP_PKEY_free(pair);
    pair = make_pair(self, strcmp(kind, "RSA") == 0 ? "X25519" : "RSA", 2048, NULL);
    g_assert_null(opened(self, envelope, NULL, NULL, &error));
    assert_code(error, DENIED);
    EVP_PKEY_free(pair);
}

static void
test_every_byte_of_an_envelope_counts(Fixture *self, gconstpointer data)
{
    EVP_PKEY *pair = make_pair(self, data, 2048, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) envelope = envelope_to(self, "public.pem", &error);
    gsize size = 0;
    const void *sealed = g_bytes_get_data(envelope, &size);
    g_autofree uint8_t *bytes = g_memdup2(sealed, size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        g_autoptr(GBytes) changed = g_bytes_new(bytes, size);
        g_autoptr(DnSecret) key = opened(self, changed, NULL, NULL, &error);

        /* The wrapping of CMS names its recipient and its own version outside of what the tag
         * covers: such a change may pass, but never gives another key. */
        if (key)
            assert_same(key, self->master);
        if (key)
            g_assert_cmpstr(data, ==, "RSA");
        else
            g_assert_nonnull(error);
        g_clear_error(&error);
        bytes[i] ^= 1;
    }
    for (size_t cut = 0; cut < size; cut++) {
        g_autoptr(GBytes) head = g_bytes_new(bytes, cut);

        g_assert_null(opened(self, head, NULL, NULL, &error));
        g_assert_nonnull(error);
        g_clear_error(&error);
    }
    EVP_PKEY_free(pair);
}

static bool
have_openssl(void)
{
    g_autofree char *program = g_find_program_in_path("openssl");

    if (!program)
        g_test_skip("needs the openssl program");
    return program != NULL;
}

static int
shell(const Fixture *self, const char *line)
{
    g_autofree char *command =
        g_strdup_printf("cd '%s' && { %s; } >/dev/null 2>&1", self->dir, line);

    return system(command);
}

/* Without this program: to a certificate and to a bare key, opened by `openssl cms`. */
static void
test_stock_openssl_opens_an_envelope(Fixture *self, gconstpointer data)
{
    static const char *const to[] = {"cert.pem", "public.pem"};

    (void)data;
    if (!have_openssl())
        return;
    g_assert_cmpint(shell(self,
                          "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=notary -days 2 "
                          "-keyout private.pem -out cert.pem && "
                          "openssl pkey -in private.pem -pubout -out public.pem"),
                    ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(to); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) envelope = envelope_to(self, to[i], &error);
        g_autofree char *path = path_of(self, "envelope");
        g_autofree char *out = path_of(self, "out.key");
        gsize size = 0;
        const char *bytes = NULL;

        g_assert_no_error(error);
        bytes = g_bytes_get_data(envelope, &size);
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
        g_assert_cmpint(shell(self, "umask 077; openssl cms -decrypt -binary -inform DER "
                                    "-in envelope -inkey private.pem -out out.key"),
                        ==, 0);
        g_autoptr(DnSecret) key = dn_master_key_load(out, &error);

        g_assert_no_error(error);
        assert_same(key, self->master);
        g_autoptr(DnSecret) mine = opened(self, envelope, NULL, NULL, &error);

        assert_same(mine, self->master);
        unlink(out);
    }
}

static const DnSecret *
lend_passphrase(void *user_data)
{
    return user_data;
}

static void
test_a_private_key_may_have_a_passphrase(Fixture *self, gconstpointer data)
{
    EVP_PKEY *pair = make_pair(self, "X25519", 0, phrase);
    g_autoptr(DnSecret) right = secret(phrase);
    g_autoptr(DnSecret) wrong = secret("another one");
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) envelope = envelope_to(self, "public.pem", &error);
    g_autoptr(DnSecret) key = opened(self, envelope, lend_passphrase, right, &error);

    (void)data;
    g_assert_no_error(error);
    assert_same(key, self->master);
    g_assert_null(opened(self, envelope, lend_passphrase, wrong, &error));
    assert_code(error, DENIED);
    g_assert_null(opened(self, envelope, NULL, NULL, &error));
    assert_code(error, DENIED);
    EVP_PKEY_free(pair);
}

static void
write_public(const Fixture *self, const char *kind, const void *raw, size_t size)
{
    g_autofree char *path = path_of(self, "public.pem");
    FILE *file = fopen(path, "w");
    EVP_PKEY *key = raw ? EVP_PKEY_new_raw_public_key_ex(NULL, kind, NULL, raw, size)
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    g_assert_nonnull(key);
    g_assert_cmpint(PEM_write_PUBKEY(file, key), ==, 1);
    EVP_PKEY_free(key);
    fclose(file);
}

static void
test_weak_and_unknown_keys_are_refused(Fixture *self, gconstpointer data)
{
    static const uint8_t low_order[32] = {0};
    g_autofree char *path = path_of(self, "public.pem");
    g_autoptr(GError) error = NULL;

    (void)data;
    EVP_PKEY_free(make_pair(self, "RSA", 1024, NULL));
    g_assert_null(envelope_to(self, "public.pem", &error));
    assert_code(error, INVALID);
    write_public(self, "X25519", low_order, sizeof low_order);
    g_assert_null(envelope_to(self, "public.pem", &error));
    assert_code(error, INVALID);
    write_public(self, "EC", NULL, 0);
    g_assert_null(envelope_to(self, "public.pem", &error));
    assert_code(error, UNSUPPORTED);
    g_assert_true(g_file_set_contents(path, "-----BEGIN PUBLIC KEY-----\nAAAA\n", -1, NULL));
    g_assert_null(envelope_to(self, "public.pem", &error));
    assert_code(error, FORMAT);
    g_assert_null(envelope_to(self, "nothing.pem", &error));
    assert_code(error, NOT_FOUND);
    g_autofree char *large = g_strnfill(1 << 20, 'A');

    g_assert_true(g_file_set_contents(path, large, -1, NULL));
    g_assert_null(envelope_to(self, "public.pem", &error));
    assert_code(error, FORMAT);
}

/* --- what later programs must read --- */

static char *
vector_path(const char *name)
{
    const char *root = g_getenv("DENCHO_SRCDIR");

    return g_build_filename(root ? root : ".", "samples", "vectors", name, NULL);
}

static DnSecret *
vector(const char *name)
{
    g_autofree char *path = vector_path(name);
    FILE *file = fopen(path, "r"); /* a checkout gives files modes of its own */
    g_autoptr(GError) error = NULL;
    DnSecret *bytes = NULL;

    g_assert_nonnull(file);
    bytes = dn_secret_read_fd(fileno(file), 2048, &error);
    fclose(file);
    g_assert_no_error(error);
    return bytes;
}

static void
test_vectors(Fixture *self, gconstpointer data)
{
    static const char *const kinds[] = {"x25519", "rsa"};
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSecret) plain = vector("1/master.key");
    g_autoptr(DnSecret) master = dn_master_key_parse(plain, NULL, &error);
    g_autoptr(DnSecret) passphrase = secret("five random words are good");
    g_autoptr(DnSecret) protected = vector("keys/protected.key");
    g_autoptr(DnSecret) opened = dn_master_key_parse(protected, passphrase, &error);
    g_autoptr(DnSecret) sheet = vector("keys/recovery.txt");
    g_autoptr(DnSecret) again = dn_recovery_text(master, &error);
    g_autoptr(DnSecret) typed_back = dn_recovery_parse(sheet, &error);

    (void)self;
    (void)data;
    g_assert_no_error(error);
    assert_same(opened, master);
    assert_same(typed_back, master);
    assert_same(again, sheet);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *name = g_strdup_printf("keys/%s.envelope", kinds[i]);
        g_autofree char *pem = g_strdup_printf("keys/%s.pem", kinds[i]);
        g_autofree char *path = vector_path(name);
        g_autofree char *private = vector_path(pem);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        g_autoptr(GBytes) envelope = g_bytes_new(bytes, size);
        g_autoptr(DnSecret) key = dn_escrow_open(envelope, private, NULL, NULL, &error);

        g_assert_no_error(error);
        assert_same(key, master);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/master-key/" #name, Fixture, NULL, set_up, test_##name, tear_down)
#define WITH(name, kind)                                                                           \
    g_test_add("/master-key/" #name "/" kind, Fixture, kind, set_up, test_##name, tear_down)
    T(a_passphrase_opens_its_key_file);
    T(a_short_passphrase_is_refused);
    T(every_byte_of_a_protected_file_counts);
    T(a_hostile_cost_is_not_paid);
    T(paper_gives_the_key_back);
    T(every_slip_of_the_pen_is_found);
    T(a_wrong_character_is_named_by_its_place);
    T(lines_keep_their_places);
    WITH(the_private_part_gives_the_key_back, "RSA");
    WITH(the_private_part_gives_the_key_back, "X25519");
    WITH(every_byte_of_an_envelope_counts, "RSA");
    WITH(every_byte_of_an_envelope_counts, "X25519");
    T(stock_openssl_opens_an_envelope);
    T(a_private_key_may_have_a_passphrase);
    T(weak_and_unknown_keys_are_refused);
    T(vectors);
    return g_test_run();
}
