/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/common.c - the work and what must be left of it.
 *
 * Steps come in threes: document n is stored, corrected, labelled.
 */
#include "config.h"
#include "base/fs.h"
#include "tests/torture/common.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    STEPS_EACH = 3,
    STORE = 0,
    CORRECT = 1,
    LABEL = 2,
    SIZE_SPREAD = 9000,
    ROOM_BYTES = 256 << 20
};

GBytes *
torture_document(int number)
{
    static const char head[] = "\x89PNG\r\n\x1a\n";
    size_t size = 60 + (size_t)(number * 2713 % SIZE_SPREAD);
    char *bytes = g_malloc(size);
    uint32_t noise = (uint32_t)number * 2654435761u + 1;

    memcpy(bytes, head, sizeof head - 1);
    for (size_t i = sizeof head - 1; i < size; i++) {
        noise = noise * 1664525 + 1013904223;
        bytes[i] = (char)(noise >> 24);
    }
    return g_bytes_new_take(bytes, size);
}

int64_t
torture_amount(int number, bool corrected)
{
    return 1000 + number * 10 + corrected;
}

static bool
store(DnArchive *archive, TortureDocument *document, int number, GError **error)
{
    g_autoptr(GBytes) bytes = torture_document(number);
    g_autoptr(json_t) result = NULL;
    int64_t amount = torture_amount(number, false);
    DnIngest request = {.amount = &amount, .party = "霞商店", .no_wait = true};

    if (!dn_archive_ingest(archive, bytes, &request, &result, error))
        return false;
    if (strcmp(dn_json_string(result, "status"), "rejected") == 0)
        g_error("document %d was rejected", number);
    document->stored = true;
    document->amount = amount;
    g_strlcpy(document->voucher, dn_json_string(result, "voucher"), sizeof document->voucher);
    return true;
}

static bool
change(DnArchive *archive, TortureDocument *document, int number, int what, GError **error)
{
    static const char *const add[] = {"torture", NULL};
    g_autoptr(json_t) row = NULL;
    int64_t amount = torture_amount(number, true);
    DnUuid id;

    if (!dn_uuid_parse(document->voucher, &id, NULL))
        g_error("document %d was never stored", number);
    if (what == LABEL) {
        if (!dn_archive_label(archive, &id, add, NULL, &row, error))
            return false;
        document->labelled = true;
        return true;
    }
    if (!dn_archive_correct(archive, &id, &(DnCorrection){.amount = &amount}, "torture", &row,
                            error))
        return false;
    document->amount = amount;
    return true;
}

bool
torture_step(DnArchive *archive, TortureState *state, int step, GError **error)
{
    int number = step / STEPS_EACH;
    int what = step % STEPS_EACH;
    TortureDocument *document = &state->documents[number];
    bool done = false;

    g_assert(number < TORTURE_DOCUMENTS);
    state->next = step;
    done = what == STORE ? store(archive, document, number, error)
                         : change(archive, document, number, what, error);
    if (done)
        state->next = step + 1;
    return done;
}

DnArchive *
torture_open(const char *dir, GError **error)
{
    DnArchiveOptions options = {.actor = "torture", .worker_path = "/nonexistent"};

    return dn_archive_open(dir, &options, error);
}

char *
torture_new_archive(unsigned segment_bytes, char **out_root)
{
    g_autofree char *setting = g_strdup_printf("archive.segment-bytes=%u", segment_bytes);
    const char *const settings[] = {setting, NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *root = g_dir_make_tmp("dencho-torture-XXXXXX", &error);
    g_autofree char *key = NULL;
    char *dir = root ? g_build_filename(root, "archive", NULL) : NULL;

    if (!dir || !dn_archive_init(dir, &(DnArchiveInit){.settings = settings}, &key, &error))
        g_error("cannot make an archive: %s", error->message);
    *out_root = g_steal_pointer(&root);
    return dir;
}

/* --- what must hold --- */

static bool
collect_failure(const json_t *row, void *user_data, GError **error)
{
    char **text = user_data;

    (void)error;
    if (!*text)
        *text = dn_json_line(row);
    return true;
}

static char *
check_verify(DnArchive *archive)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    g_autofree char *failure = NULL;

    if (!dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, collect_failure, NULL, &failure,
                           &totals, &error))
        return g_strdup_printf("verify: %s", error->message);
    return failure ? g_strdup_printf("verify: %s", failure) : NULL;
}

static bool
count_found(const json_t *row, void *user_data, GError **error)
{
    GHashTable *found = user_data;

    (void)error;
    g_hash_table_insert(found, g_strdup(dn_json_string(row, "voucher")),
                        json_incref((json_t *)(uintptr_t)row));
    return true;
}

static void
free_row(gpointer row)
{
    json_decref(row);
}

/* (transfer full) voucher -> row of everything there is. */
static GHashTable *
everything(DnArchive *archive, GError **error)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_row);
    g_autofree char *cursor = NULL;

    if (!dn_archive_search(archive, &(DnSearch){.deleted = "include"}, count_found, found, &cursor,
                           error))
        g_clear_pointer(&found, g_hash_table_unref);
    return found;
}

static bool
is_labelled(const json_t *row)
{
    return json_array_size(json_object_get(row, "labels")) == 1;
}

static char *
check_bytes(DnArchive *archive, int number, const char *voucher)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) wanted = torture_document(number);
    const char *media_type = NULL;
    DnUuid id;

    dn_uuid_parse(voucher, &id, NULL);
    g_autoptr(GBytes) got = dn_archive_cat(archive, &id, "original", 0, &media_type, &error);

    if (!got)
        return g_strdup_printf("document %d: %s", number, error->message);
    return g_bytes_equal(got, wanted) ? NULL : g_strdup_printf("document %d: other bytes", number);
}

static char *
check_document(DnArchive *archive, const TortureState *state, int number, const json_t *row)
{
    const TortureDocument *document = &state->documents[number];
    int step = state->next - number * STEPS_EACH;
    int64_t amount = dn_json_int(row, "amount", 0);

    if (!row)
        return g_strdup_printf("document %d was acknowledged and is not there", number);
    if (amount != document->amount && !(step == CORRECT && amount == torture_amount(number, true)))
        return g_strdup_printf("document %d: amount %" G_GINT64_FORMAT
                               ", acknowledged %" G_GINT64_FORMAT,
                               number, amount, document->amount);
    if (is_labelled(row) != document->labelled && step != LABEL)
        return g_strdup_printf("document %d: its label", number);
    return check_bytes(archive, number, document->voucher);
}

char *
torture_check(DnArchive *archive, const TortureState *state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) found = everything(archive, &error);
    guint known = 0;
    bool may_be_stored = state->next % STEPS_EACH == STORE;
    char *wrong = check_verify(archive);

    if (!found)
        return wrong ? wrong : g_strdup_printf("search: %s", error->message);
    for (int i = 0; i < TORTURE_DOCUMENTS && !wrong; i++) {
        if (!state->documents[i].stored)
            continue;
        known++;
        wrong = check_document(archive, state, i,
                               g_hash_table_lookup(found, state->documents[i].voucher));
    }
    if (!wrong && g_hash_table_size(found) > known + may_be_stored)
        wrong =
            g_strdup_printf("%u vouchers, %u were acknowledged", g_hash_table_size(found), known);
    return wrong;
}

void
torture_settle(DnArchive *archive, TortureState *state)
{
    TortureDocument *document = &state->documents[state->next / STEPS_EACH];
    g_autoptr(json_t) row = NULL;
    DnUuid id;

    if (state->next % STEPS_EACH == STORE) /* the same document again: stored or a duplicate */
        return;
    if (!dn_uuid_parse(document->voucher, &id, NULL) ||
        !(row = dn_archive_show(archive, &id, 0, NULL)))
        g_error("a voucher went away between two readings");
    document->amount = dn_json_int(row, "amount", 0);
    document->labelled = is_labelled(row);
}

char *
torture_check_reopened(const char *dir, TortureState *state, int end)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(dir, &error);
    char *wrong = NULL;

    if (!archive)
        return g_strdup_printf("it does not open: %s", error->message);
    wrong = torture_check(archive, state);
    if (wrong)
        return wrong;
    torture_settle(archive, state);
    for (int step = state->next; step < end; step++)
        if (!torture_step(archive, state, step, &error))
            return g_strdup_printf("step %d afterwards: %s", step, error->message);
    return torture_check(archive, state);
}

void
torture_copy_tree(const char *from, const char *to)
{
    const char *arguments[] = {"cp", "-a", "--sparse=always", from, to, NULL};
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                      NULL, NULL, &status, &error) ||
        status != 0)
        g_error("cannot copy %s", from);
}

void
torture_fast_disk(void)
{
    static const char memory[] = "/dev/shm";
    struct statvfs disk;

    if (!g_getenv("TMPDIR") && access(memory, W_OK) == 0 && statvfs(memory, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize > (uint64_t)ROOM_BYTES)
        g_setenv("TMPDIR", memory, TRUE);
}

static void
say_nothing(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL))
        g_log_default_handler(domain, level, message, user_data);
}

void
torture_quiet(void)
{
    g_log_set_default_handler(say_nothing, NULL);
}

uint32_t
torture_seed(void)
{
    const char *text = g_getenv("DENCHO_SEED");
    uint32_t seed = text ? (uint32_t)g_ascii_strtoull(text, NULL, 10)
                         : (uint32_t)(g_get_real_time() ^ ((gint64)getpid() << 16));

    g_print("# seed %u; alone again with DENCHO_SEED=%u\n", seed, seed);
    return seed;
}
