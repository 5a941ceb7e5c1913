/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/store.c - is the archive as fast as the disk under it? `make bench-store`, a table in TSV.
 *
 * Everything that is compared runs side by side: each round measures the baseline and the archive
 * one after the other, so that a disk or a neighbour that changes its mind hits both. Medians over
 * the rounds. What needs a process of its own (a slowed disk, a kill, a high-water mark of memory)
 * is run as a child of this same program; its last line is its figures.
 *
 * It looks inside the archive in one place: a log of a million vouchers is made with the archive's
 * own keys and store, without waiting for the disk each time.
 */
#include "config.h"
#include "bench/baseline.h"
#include "bench/rows.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "tests/unit/evidence/authority.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    DOCUMENT = 100 * KIB,
    CLIENTS = 16,
    LARGE = 50 * MIB,
    RANGE = 64 * KIB,
    BULK_LEAST = 100 * KIB,
    BULK_MOST = 5 * MIB,
    PROVED = 100000, /* vouchers at most whose proofs are verified */
    POOL = 8 * MIB,  /* random bytes that documents are cut from */
};

static struct {
    char *dir;
    char *slowsync;
    char *child;
    char *only;
    gboolean quick;
    int rounds;
    int vouchers;
    int puts;
    int bulk_mib;
} given = {.rounds = 7, .vouchers = 1000000, .puts = 40, .bulk_mib = 1024};

static const GOptionEntry options[] = {
    {"dir", 0, 0, G_OPTION_ARG_FILENAME, &given.dir, "a folder on the disk to be measured", "DIR"},
    {"slowsync", 0, 0, G_OPTION_ARG_FILENAME, &given.slowsync, "the preload that slows fsync",
     "SO"},
    {"quick", 0, 0, G_OPTION_ARG_NONE, &given.quick, "little of everything: does it still run?",
     NULL},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &given.rounds, "rounds of each comparison", "N"},
    {"vouchers", 0, 0, G_OPTION_ARG_INT, &given.vouchers, "vouchers in the log that is rebuilt",
     "N"},
    {"puts", 0, 0, G_OPTION_ARG_INT, &given.puts, "puts of a client in a round", "N"},
    {"bulk", 0, 0, G_OPTION_ARG_INT, &given.bulk_mib, "size of the bulk", "MIB"},
    {"only", 0, 0, G_OPTION_ARG_STRING, &given.only,
     "put, clients, slow, bulk, recovery, rebuild, proofs, entries or memory", "PART"},
    {"child", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &given.child, NULL, NULL},
    {NULL}};

static const char *program;
static uint8_t *pool;

static void
must(bool ok, GError *error)
{
    if (!ok)
        g_error("%s", error ? error->message : "it failed without saying why");
}

static char *
path_in(const char *name)
{
    return g_build_filename(given.dir, name, NULL);
}

/* --- documents and archives --- */

static void
fill_pool(void)
{
    uint64_t x = UINT64_C(88172645463325252);

    pool = g_malloc(POOL);
    for (size_t i = 0; i < POOL; i += sizeof x) { /* xorshift: nothing compresses or repeats */
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(pool + i, &x, sizeof x);
    }
}

/* No two are the same, and no codec knows them. */
static GBytes *
document_new(size_t size)
{
    static gint next;
    gint number = g_atomic_int_add(&next, 1);
    pid_t process = getpid();
    uint8_t *bytes = g_malloc(size);

    for (size_t at = 0; at < size; at += POOL)
        memcpy(bytes + at, pool, MIN(size - at, (size_t)POOL));
    memcpy(bytes, &number, sizeof number);
    memcpy(bytes + sizeof number, &process, sizeof process);
    return g_bytes_new_take(bytes, size);
}

static GPtrArray *
documents_new(unsigned count, size_t size)
{
    GPtrArray *documents = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (unsigned i = 0; i < count; i++)
        g_ptr_array_add(documents, document_new(size));
    return documents;
}

/* Sizes from BULK_LEAST to BULK_MOST, the same ones in every run. */
static GPtrArray *
bulk_new(uint64_t total, uint64_t *out_bytes)
{
    GPtrArray *documents = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    uint64_t bytes = 0;

    while (bytes < total) {
        size_t size = (size_t)g_rand_int_range(rand, BULK_LEAST, BULK_MOST + 1);

        g_ptr_array_add(documents, document_new(size));
        bytes += size;
    }
    *out_bytes = bytes;
    return documents;
}

static DnArchive *
archive_open(const char *name)
{
    g_autofree char *dir = path_in(name);
    DnArchiveOptions how = {.actor = "bench"};
    GError *error = NULL;
    DnArchive *archive = dn_archive_open(dir, &how, &error);

    must(archive != NULL, error);
    return archive;
}

static DnArchive *
archive_new_with(const char *name, const char *const *settings)
{
    g_autofree char *dir = path_in(name);
    g_autofree char *key = g_strconcat(dir, ".key", NULL);
    g_autofree char *key_file = NULL;
    GError *error = NULL;

    must(dn_fs_remove_tree(dir, &error), error);
    unlink(key);
    must(dn_archive_init(dir, &(DnArchiveInit){.settings = settings}, &key_file, &error), error);
    return archive_open(name);
}

static DnArchive *
archive_new(const char *name)
{
    return archive_new_with(name, NULL);
}

static void
archive_remove(const char *name)
{
    g_autofree char *dir = path_in(name);
    g_autofree char *key = g_strconcat(dir, ".key", NULL);
    GError *error = NULL;

    must(dn_fs_remove_tree(dir, &error), error);
    unlink(key);
}

static json_t *
put(DnArchive *archive, GBytes *document)
{
    DnIngest request = {.as_is = true, .no_wait = true};
    GError *error = NULL;
    json_t *result = NULL;

    must(dn_archive_ingest(archive, document, &request, &result, &error), error);
    if (g_strcmp0(dn_json_string(result, "status"), "stored") != 0)
        g_error("a document was not stored");
    return result;
}

static DnUuid
put_id(DnArchive *archive, GBytes *document)
{
    g_autoptr(json_t) result = put(archive, document);
    DnUuid id;

    must(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL), NULL);
    return id;
}

/* --- many clients --- */

typedef struct Work Work;
struct Work {
    DnArchive *archive;
    GPtrArray *documents;
    DnUuid *ids; /* (nullable) what they became */
    void (*one)(const Work *work, unsigned number);
    gint next;
};

static gpointer
client(gpointer data)
{
    Work *work = data;

    for (;;) {
        guint number = (guint)g_atomic_int_add(&work->next, 1);

        if (number >= work->documents->len)
            return NULL;
        work->one(work, number);
    }
}

static double
run_clients(Work *work, unsigned clients)
{
    g_autofree GThread **running = g_new0(GThread *, clients);
    double begin = 0;

    work->next = 0;
    begin = bench_now_s();
    for (unsigned i = 0; i < clients; i++)
        running[i] = g_thread_new("client", client, work);
    for (unsigned i = 0; i < clients; i++)
        g_thread_join(running[i]);
    return bench_now_s() - begin;
}

static void
put_one(const Work *work, unsigned number)
{
    DnUuid id = put_id(work->archive, g_ptr_array_index(work->documents, number));

    if (work->ids)
        work->ids[number] = id;
}

static double
put_all(DnArchive *archive, GPtrArray *documents, unsigned clients, DnUuid *ids)
{
    Work work = {.archive = archive, .documents = documents, .ids = ids, .one = put_one};

    return run_clients(&work, clients);
}

/* --- one client against the bare disk; syncs a put --- */

static void
measure_put(void)
{
    g_autoptr(BenchSamples) times = bench_samples_new();
    g_autoptr(BenchSamples) syncs = bench_samples_new();
    g_autoptr(DnArchive) archive = archive_new("put");
    g_autofree char *plain = path_in("plain");

    unlink(plain);
    for (int round = 0; round < given.rounds; round++) {
        g_autoptr(GPtrArray) documents = documents_new((unsigned)given.puts, DOCUMENT);
        g_autoptr(GArray) base = g_array_new(FALSE, FALSE, sizeof(double));
        uint64_t before = 0;

        bench_append(plain, pool, DOCUMENT, (unsigned)given.puts, base);
        for (guint i = 0; i < base->len; i++)
            bench_add(times->base, g_array_index(base, double, i) * 1e3);
        before = dn_fs_sync_count();
        for (guint i = 0; i < documents->len; i++) {
            double begin = bench_now_s();
            g_autoptr(json_t) result = put(archive, g_ptr_array_index(documents, i));

            bench_add(times->ours, (bench_now_s() - begin) * 1e3);
        }
        bench_add(syncs->ours, (double)(dn_fs_sync_count() - before) / given.puts);
    }
    bench_print(&(BenchRow){"put_100KiB_1_client_ms", BENCH_TIME, BENCH_RATIO_MIN, 0.8}, times);
    bench_print(&(BenchRow){"syncs_per_put_1_client", BENCH_TIME, BENCH_REPORTED, 0}, syncs);
    unlink(plain);
    g_clear_pointer(&archive, dn_archive_close);
    archive_remove("put");
}

/* --- sixteen clients against one --- */

static void
compare_clients(BenchSamples *rates, BenchSamples *syncs)
{
    g_autoptr(DnArchive) archive = archive_new("clients");

    for (int round = 0; round < given.rounds; round++) {
        g_autoptr(GPtrArray) few = documents_new((unsigned)given.puts, DOCUMENT);
        g_autoptr(GPtrArray) many = documents_new((unsigned)given.puts * CLIENTS, DOCUMENT);
        uint64_t before = 0;

        bench_add(rates->base, few->len / put_all(archive, few, 1, NULL));
        before = dn_fs_sync_count();
        bench_add(rates->ours, many->len / put_all(archive, many, CLIENTS, NULL));
        bench_add(syncs->ours, (double)(dn_fs_sync_count() - before) / many->len);
    }
    g_clear_pointer(&archive, dn_archive_close);
    archive_remove("clients");
}

static void
print_clients(const char *name, double wanted, BenchSamples *rates, BenchSamples *syncs)
{
    g_autofree char *put_name = g_strdup_printf("put_100KiB_16_clients%s_per_s", name);
    g_autofree char *sync_name = g_strdup_printf("syncs_per_put_16_clients%s", name);

    bench_print(&(BenchRow){put_name, BENCH_RATE, BENCH_RATIO_MIN, wanted}, rates);
    bench_print(&(BenchRow){sync_name, BENCH_TIME, BENCH_REPORTED, 0}, syncs);
}

static void
measure_clients(void)
{
    g_autoptr(BenchSamples) rates = bench_samples_new();
    g_autoptr(BenchSamples) syncs = bench_samples_new();

    compare_clients(rates, syncs);
    print_clients("", 4, rates, syncs);
}

/* --- children --- */

static char *
run_child(const char *part, const char *slow_us, bool may_die)
{
    g_autofree char *rounds = g_strdup_printf("--rounds=%d", given.rounds);
    g_autofree char *puts = g_strdup_printf("--puts=%d", given.puts);
    g_autofree char *bulk = g_strdup_printf("--bulk=%d", given.bulk_mib);
    const char *argv[] = {program, "--child", part, "--dir", given.dir, rounds, puts, bulk, NULL};
    g_auto(GStrv) environment = g_get_environ();
    GError *error = NULL;
    char *out = NULL;
    int status = 0;

    if (slow_us) {
        environment = g_environ_setenv(environment, "LD_PRELOAD", given.slowsync, TRUE);
        environment = g_environ_setenv(environment, "SLOWSYNC_US", slow_us, TRUE);
    }
    must(g_spawn_sync(NULL, (char **)argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL,
                      &status, &error),
         error);
    if (!may_die)
        must(g_spawn_check_wait_status(status, &error), error);
    return out;
}

static void
print_samples(GArray *samples)
{
    for (guint i = 0; i < samples->len; i++)
        printf("%s%.9g", i ? " " : "", g_array_index(samples, double, i));
    printf("\n");
}

static void
read_samples(const char *line, GArray *samples)
{
    g_auto(GStrv) numbers = g_strsplit(line, " ", -1);

    for (char **number = numbers; *number; number++)
        bench_add(samples, g_ascii_strtod(*number, NULL));
}

static void
child_clients(void)
{
    g_autoptr(BenchSamples) rates = bench_samples_new();
    g_autoptr(BenchSamples) syncs = bench_samples_new();

    compare_clients(rates, syncs);
    print_samples(rates->ours);
    print_samples(rates->base);
    print_samples(syncs->ours);
}

static void
measure_slow(void)
{
    static const struct {
        const char *us;
        const char *name;
        double wanted;
    } speeds[] = {{"1000", "_sync_1ms_slower", 4}, {"5000", "_sync_5ms_slower", 10}};

    for (size_t i = 0; given.slowsync && i < G_N_ELEMENTS(speeds); i++) {
        g_autofree char *out = run_child("clients", speeds[i].us, false);
        g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
        g_autoptr(BenchSamples) rates = bench_samples_new();
        g_autoptr(BenchSamples) syncs = bench_samples_new();

        if (g_strv_length(lines) < 3)
            g_error("the child said too little");
        read_samples(lines[0], rates->ours);
        read_samples(lines[1], rates->base);
        read_samples(lines[2], syncs->ours);
        print_clients(speeds[i].name, speeds[i].wanted, rates, syncs);
    }
}

/* --- a bulk: put, read back, verified --- */

typedef struct {
    GPtrArray *documents;
    uint64_t bytes;
    DnUuid *ids;
    char *plain; /* a file with as many bytes */
} Bulk;

static double
mb_s(uint64_t bytes, double seconds)
{
    return (double)bytes / 1e6 / seconds;
}

static void
measure_bulk_put(Bulk *bulk)
{
    g_autoptr(BenchSamples) rates = bench_samples_new();
    g_autoptr(BenchSamples) disk = bench_samples_new();
    g_autoptr(BenchSamples) crypto = bench_samples_new();
    g_autoptr(BenchSamples) costs = bench_samples_new();
    g_autoptr(BenchSamples) space = bench_samples_new();
    int rounds = MAX(given.rounds / 2, 1);

    for (int round = 0; round < rounds; round++) {
        double write_rate = mb_s(bulk->bytes, bench_write(bulk->plain, pool, bulk->bytes));
        double crypto_rate = mb_s(bulk->bytes, bench_read(NULL, bulk->bytes, MIB, 1, true));
        g_autofree char *dir = path_in("bulk");
        DnArchive *archive = archive_new("bulk");

        bench_add(disk->ours, write_rate);
        bench_add(crypto->ours, crypto_rate);
        bench_add(rates->base, MIN(write_rate, crypto_rate));
        double cpu = bench_cpu_s();

        bench_add(rates->ours,
                  mb_s(bulk->bytes, put_all(archive, bulk->documents, CLIENTS, bulk->ids)));
        bench_add(costs->ours, (bench_cpu_s() - cpu) * 1e9 / (double)bulk->bytes);
        dn_archive_close(archive);
        bench_add(space->ours, (double)bench_folder_bytes(dir) / (double)bulk->bytes);
    }
    bench_print(&(BenchRow){"bulk_put_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.7}, rates);
    bench_print(&(BenchRow){"bulk_put_processor_ns_per_byte", BENCH_TIME, BENCH_REPORTED, 0},
                costs);
    bench_print(&(BenchRow){"limit_write_one_fsync_MB_per_s", BENCH_RATE, BENCH_REPORTED, 0}, disk);
    bench_print(&(BenchRow){"limit_gcm_sha256_one_core_MB_per_s", BENCH_RATE, BENCH_REPORTED, 0},
                crypto);
    bench_print(&(BenchRow){"disk_bytes_per_byte_stored", BENCH_TIME, BENCH_REPORTED, 0}, space);
}

static double
read_whole(DnArchive *archive, const Bulk *bulk)
{
    double begin = bench_now_s();

    for (guint i = 0; i < bulk->documents->len; i++) {
        const char *media_type = NULL;
        GError *error = NULL;
        g_autoptr(GBytes) bytes =
            dn_archive_cat(archive, &bulk->ids[i], NULL, 0, &media_type, &error);

        must(bytes != NULL, error);
    }
    return mb_s(bulk->bytes, bench_now_s() - begin);
}

static DnPartReader *
open_part(DnArchive *archive, const DnUuid *id)
{
    GError *error = NULL;
    DnPartReader *reader = dn_archive_open_part(archive, id, NULL, 0, &error);

    must(reader != NULL, error);
    return reader;
}

static void
read_range(DnPartReader *reader, uint64_t offset, uint64_t size)
{
    GError *error = NULL;
    g_autoptr(GBytes) bytes = dn_part_reader_read(reader, offset, size, &error);

    must(bytes != NULL, error);
}

/* Each document from its start to its end, RANGE bytes a call, as a download is served. */
static double
read_ranges_in_order(DnArchive *archive, const Bulk *bulk)
{
    double begin = bench_now_s();

    for (guint i = 0; i < bulk->documents->len; i++) {
        g_autoptr(DnPartReader) reader = open_part(archive, &bulk->ids[i]);
        uint64_t size = dn_part_reader_size(reader);

        for (uint64_t at = 0; at < size; at += RANGE)
            read_range(reader, at, MIN((uint64_t)RANGE, size - at));
    }
    return mb_s(bulk->bytes, bench_now_s() - begin);
}

/* One range of a document, then of another: what is opened beyond the range is for nothing. @step:
 * offsets are multiples of it. */
static double
read_ranges_anywhere(DnArchive *archive, const Bulk *bulk, guint64 step)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    unsigned count = bulk->documents->len * 4;
    double begin = bench_now_s();

    for (unsigned i = 0; i < count; i++) {
        guint which = (guint)g_rand_int_range(rand, 0, (gint32)bulk->documents->len);
        g_autoptr(DnPartReader) reader = open_part(archive, &bulk->ids[which]);
        gint32 last = (gint32)((dn_part_reader_size(reader) - RANGE) / step);

        read_range(reader, (uint64_t)g_rand_int_range(rand, 0, last + 1) * step, RANGE);
    }
    return mb_s((uint64_t)count * RANGE, bench_now_s() - begin);
}

static void
measure_read(const Bulk *bulk)
{
    g_autoptr(BenchSamples) whole = bench_samples_new();
    g_autoptr(BenchSamples) in_order = bench_samples_new();
    g_autoptr(BenchSamples) anywhere = bench_samples_new();
    g_autoptr(BenchSamples) any_offset = bench_samples_new();
    g_autoptr(DnArchive) archive = archive_open("bulk");

    for (int round = 0; round < given.rounds; round++) {
        double ranges = 0;

        bench_add(whole->base,
                  mb_s(bulk->bytes, bench_read(bulk->plain, bulk->bytes, MIB, 1, true)));
        bench_add(whole->ours, read_whole(archive, bulk));
        ranges = mb_s(bulk->bytes, bench_read(bulk->plain, bulk->bytes, RANGE, 1, false));
        bench_add(in_order->base, ranges);
        bench_add(in_order->ours, read_ranges_in_order(archive, bulk));
        bench_add(anywhere->base, ranges);
        bench_add(anywhere->ours, read_ranges_anywhere(archive, bulk, RANGE));
        bench_add(any_offset->base, ranges);
        bench_add(any_offset->ours, read_ranges_anywhere(archive, bulk, 1));
    }
    bench_print(&(BenchRow){"read_whole_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.8}, whole);
    bench_print(
        &(BenchRow){"read_64KiB_ranges_in_order_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.8},
        in_order);
    bench_print(
        &(BenchRow){"read_64KiB_ranges_anywhere_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.8},
        anywhere);
    bench_print(
        &(BenchRow){"read_64KiB_ranges_any_offset_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.8},
        any_offset);
}

static bool
no_failure(const json_t *row, void *user_data, GError **error)
{
    (void)user_data;
    (void)error;
    g_error("verify found: %s", dn_json_string(row, "message"));
    return false;
}

static double
verify_all(uint64_t bytes, bool cold)
{
    g_autofree char *dir = path_in("bulk");
    g_autoptr(DnArchive) archive = archive_open("bulk");
    g_autoptr(json_t) totals = NULL;
    GError *error = NULL;
    double begin = 0;

    if (cold)
        bench_forget(dir);
    begin = bench_now_s();
    must(dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, no_failure, NULL, NULL, &totals,
                           &error),
         error);
    return mb_s(bytes, bench_now_s() - begin);
}

static void
measure_verify(const Bulk *bulk)
{
    g_autoptr(BenchSamples) cold = bench_samples_new();
    g_autoptr(BenchSamples) warm = bench_samples_new();
    unsigned cores = g_get_num_processors();

    for (int round = 0; round < given.rounds; round++) {
        bench_forget(bulk->plain);
        bench_add(cold->base,
                  mb_s(bulk->bytes, bench_read(bulk->plain, bulk->bytes, MIB, cores, true)));
        bench_add(cold->ours, verify_all(bulk->bytes, true));
        bench_add(warm->base,
                  mb_s(bulk->bytes, bench_read(bulk->plain, bulk->bytes, MIB, cores, true)));
        bench_add(warm->ours, verify_all(bulk->bytes, false));
    }
    bench_print(&(BenchRow){"verify_full_cold_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.7}, cold);
    bench_print(&(BenchRow){"verify_full_warm_MB_per_s", BENCH_RATE, BENCH_RATIO_MIN, 0.7}, warm);
}

static void
measure_bulk(void)
{
    Bulk bulk = {.plain = path_in("plain")};

    bulk.documents = bulk_new((uint64_t)given.bulk_mib * MIB, &bulk.bytes);
    bulk.ids = g_new0(DnUuid, bulk.documents->len);
    measure_bulk_put(&bulk);
    measure_read(&bulk);
    measure_verify(&bulk);
    archive_remove("bulk");
    unlink(bulk.plain);
    g_ptr_array_unref(bulk.documents);
    g_free(bulk.ids);
    g_free(bulk.plain);
}

/* --- after a kill --- */

static void
child_fill(void)
{
    DnArchive *archive = archive_new("killed");
    uint64_t bytes = 0;
    g_autoptr(GPtrArray) documents = bulk_new((uint64_t)given.bulk_mib * MIB, &bytes);

    put_all(archive, documents, CLIENTS, NULL);
    raise(SIGKILL);
}

static void
measure_recovery(void)
{
    g_autoptr(BenchSamples) times = bench_samples_new();

    for (int round = 0; round < MAX(given.rounds / 2, 1); round++) {
        g_autofree char *out = run_child("fill", NULL, true);
        double begin = bench_now_s();
        g_autoptr(DnArchive) archive = archive_open("killed");

        bench_add(times->ours, bench_now_s() - begin);
    }
    bench_print(&(BenchRow){"open_after_kill_s", BENCH_TIME, BENCH_MAX, 2}, times);
    archive_remove("killed");
}

/* --- a million vouchers --- */

static json_t *
registration(unsigned number, const DnUuid *voucher, const DnNewBlob *blob)
{
    static const char *const parties[] = {"株式会社アオキ商店", "合同会社みどり", "山田印刷 (株)",
                                          "Example Trading Co., Ltd.", "有限会社さくら設備"};
    g_autofree char *date =
        g_strdup_printf("2026-%02u-%02u", number / 28 % 12 + 1, number % 28 + 1);
    json_t *entry = dn_voucher_entry("voucher.registered", voucher);
    json_t *values = json_object();
    json_t *amount = json_object();

    dn_json_set_int(amount, "value", 100 + number % 997 * 110);
    dn_json_set_string(amount, "currency", "JPY");
    dn_json_set_int(amount, "scale", 0);
    dn_json_set_string(values, "date", date);
    dn_json_take(values, "amount", amount);
    dn_json_set_string(values, "party", parties[number % G_N_ELEMENTS(parties)]);
    dn_json_set_string(entry, "name", "scan.pdf");
    dn_json_set_string(entry, "origin", "electronic");
    dn_json_set_string(entry, "kind", "receipt");
    dn_json_set_string(entry, "received", "2026-04-01");
    dn_json_set_string(entry, "media_type", "application/pdf");
    dn_json_set_string(entry, "period", "2026");
    dn_json_take(entry, "blob", dn_blob_ref(blob));
    dn_json_take(entry, "values", values);
    return entry;
}

static void
log_voucher(DnArchive *archive, unsigned number, DnLedgerHead *head, uint64_t *out_ticket)
{
    DnClockReading clock = dn_clock_read();
    DnUuid voucher = dn_uuid_new();
    g_autoptr(GBytes) document = g_bytes_new(&number, sizeof number);
    DnNewBlob blob = dn_new_blob(DN_PART_ORIGINAL, document, NULL);
    g_autoptr(json_t) entry = registration(number, &voucher, &blob);
    DnSealName name = {archive->tenant, blob.id, blob.part};
    DnLedgerHead next;
    GError *error = NULL;
    g_autofree char *line =
        dn_entry_line(entry, &archive->tenant, "bench", &clock, head, &next, &error);

    must(line != NULL, error);
    g_autoptr(GBytes) sealed = dn_seal_blob(archive->keys, &name, "2026", document, NULL, &error);
    g_autoptr(GBytes) sealed_line =
        sealed ? dn_seal_line(archive->keys, &archive->tenant, next.seq, line, &error) : NULL;

    must(sealed_line != NULL, error);
    DnStoreBlob store_blob = {.id = blob.id, .part = (char)blob.part, .sealed = sealed};
    DnStoreEntry store_entry = {.seq = next.seq, .sealed = sealed_line};
    DnStoreCommit commit = {archive->tenant, head->seq, &store_blob, 1, &store_entry, 1};
    g_auto(DnStoreReceipt) receipt = {0};

    must(dn_store_append(archive->store, &commit, &receipt, &error), error);
    *out_ticket = receipt.ticket;
    *head = next;
}

static void
log_vouchers(DnArchive *archive, unsigned count)
{
    DnLedgerHead head;
    uint64_t ticket = 0;
    GError *error = NULL;

    must(dn_view_head(archive, &archive->tenant, &head, &error), error);
    for (unsigned i = 0; i < count; i++)
        log_voucher(archive, i, &head, &ticket);
    must(dn_store_wait(archive->store, ticket, &error), error);
}

static void
measure_rebuild(void)
{
    g_autoptr(BenchSamples) rates = bench_samples_new();
    g_autoptr(BenchSamples) costs = bench_samples_new();
    g_autoptr(BenchSamples) space = bench_samples_new();
    g_autoptr(DnArchive) archive = archive_new("million");
    g_autofree char *dir = path_in("million");
    g_autofree char *view = g_build_filename(dir, "view", NULL);
    DnArchiveOptions how = {.actor = "bench"};

    log_vouchers(archive, (unsigned)given.vouchers);
    g_clear_pointer(&archive, dn_archive_close);
    for (int round = 0; round < MAX(given.rounds / 2, 1); round++) {
        g_autoptr(json_t) result = NULL;
        GError *error = NULL;
        double begin = bench_now_s();
        double cpu = bench_cpu_s();

        must(dn_archive_rebuild(dir, &how, NULL, NULL, &result, &error), error);
        bench_add(rates->ours, given.vouchers / (bench_now_s() - begin));
        bench_add(costs->ours, (bench_cpu_s() - cpu) * 1e6 / given.vouchers);
        bench_add(space->ours, (double)bench_folder_bytes(view) / given.vouchers);
    }
    bench_print(&(BenchRow){"rebuild_entries_per_s", BENCH_RATE, BENCH_MIN, 150000}, rates);
    bench_print(&(BenchRow){"rebuild_processor_us_per_entry", BENCH_TIME, BENCH_REPORTED, 0},
                costs);
    bench_print(&(BenchRow){"view_bytes_per_voucher", BENCH_TIME, BENCH_REPORTED, 0}, space);
    archive_remove("million");
}

/* --- proofs: 10,000 vouchers under each token, and no document is opened --- */

static void
stamp_vouchers(void)
{
    g_autofree char *tsa = path_in("tsa");
    g_autoptr(json_t) result = NULL;
    GError *error = NULL;

    authority_init(tsa, NULL);
    g_autoptr(Authority) authority = authority_start(tsa, NULL);
    g_autofree char *url = g_strconcat("evidence.tsa-url=", authority_url(authority), NULL);
    g_autofree char *trust = g_strconcat("evidence.trust-file=", tsa, "/trust.conf", NULL);
    const char *const settings[] = {url, trust, NULL};
    g_autoptr(DnArchive) archive = archive_new_with("proofs", settings);

    log_vouchers(archive, (unsigned)MIN(given.vouchers, PROVED));
    g_clear_pointer(&archive, dn_archive_close);
    archive = archive_open("proofs"); /* the view follows the log */
    must(dn_archive_stamp(archive, &result, &error), error);
}

static void
measure_proofs(void)
{
    g_autoptr(BenchSamples) rates = bench_samples_new();
    g_autoptr(BenchSamples) costs = bench_samples_new();
    g_autoptr(DnArchive) archive = NULL;

    stamp_vouchers();
    archive = archive_open("proofs");
    for (int round = 0; round < given.rounds; round++) {
        g_autoptr(json_t) totals = NULL;
        GError *error = NULL;
        double begin = bench_now_s();
        double cpu = bench_cpu_s();
        double stamped = 0;

        must(dn_archive_verify(archive, NULL, NULL, DN_VERIFY_PROOFS, no_failure, NULL, NULL,
                               &totals, &error),
             error);
        stamped = (double)dn_json_int(totals, "stamped", 0);
        bench_add(rates->ours, stamped / (bench_now_s() - begin));
        bench_add(costs->ours, (bench_cpu_s() - cpu) * 1e6 / stamped);
    }
    bench_print(&(BenchRow){"verify_proofs_vouchers_per_s", BENCH_RATE, BENCH_MIN, 50000}, rates);
    bench_print(
        &(BenchRow){"verify_proofs_processor_us_per_voucher", BENCH_TIME, BENCH_REPORTED, 0},
        costs);
    g_clear_pointer(&archive, dn_archive_close);
    archive_remove("proofs");
}

/* --- entries --- */

static void
correct_one(const Work *work, unsigned number)
{
    int64_t amount = 1000 + number;
    DnCorrection correction = {.amount = &amount};
    g_autoptr(json_t) row = NULL;
    GError *error = NULL;

    must(dn_archive_correct(work->archive, &work->ids[number], &correction, "measured", &row,
                            &error),
         error);
}

static void
measure_entries_of(DnArchive *archive, unsigned clients)
{
    g_autofree char *register_name = g_strdup_printf("register_%u_clients_per_s", clients);
    g_autofree char *correct_name = g_strdup_printf("correct_%u_clients_per_s", clients);
    g_autoptr(BenchSamples) registered = bench_samples_new();
    g_autoptr(BenchSamples) corrected = bench_samples_new();

    for (int round = 0; round < given.rounds; round++) {
        unsigned count = (unsigned)given.puts * MIN(clients * 2, (unsigned)CLIENTS);
        g_autoptr(GPtrArray) documents = documents_new(count, KIB);
        g_autofree DnUuid *ids = g_new0(DnUuid, count);
        Work work = {.archive = archive, .documents = documents, .ids = ids, .one = correct_one};

        bench_add(registered->ours, count / put_all(archive, documents, clients, ids));
        bench_add(corrected->ours, count / run_clients(&work, clients));
    }
    bench_print(&(BenchRow){register_name, BENCH_RATE, BENCH_REPORTED, 0}, registered);
    bench_print(&(BenchRow){correct_name, BENCH_RATE, BENCH_REPORTED, 0}, corrected);
}

static void
measure_entries(void)
{
    g_autoptr(DnArchive) archive = archive_new("entries");

    measure_entries_of(archive, 1);
    measure_entries_of(archive, CLIENTS);
    g_clear_pointer(&archive, dn_archive_close);
    archive_remove("entries");
}

/* --- memory --- */

static void
put_file(const Work *work, unsigned number)
{
    const char *path = g_ptr_array_index(work->documents, number);
    DnIngest request = {.as_is = true, .no_wait = true};
    g_autoptr(json_t) result = NULL;
    GError *error = NULL;

    must(dn_archive_ingest_file(work->archive, path, &request, &result, &error), error);
    if (g_strcmp0(dn_json_string(result, "status"), "stored") != 0)
        g_error("a document was not stored");
}

static double
high_water_mib(void)
{
    g_autofree char *status = NULL;
    const char *mark = NULL;

    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL) ||
        !(mark = strstr(status, "VmHWM:")))
        return NAN;
    return g_ascii_strtod(mark + strlen("VmHWM:"), NULL) / 1024;
}

static void
child_memory(void)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    DnArchive *archive = archive_new("memory");
    double before = high_water_mib();

    for (unsigned i = 0; i < CLIENTS; i++) {
        g_autofree char *name = g_strdup_printf("large-%u", i);

        g_ptr_array_add(paths, path_in(name));
    }
    Work work = {.archive = archive, .documents = paths, .one = put_file};

    run_clients(&work, CLIENTS);
    dn_archive_close(archive);
    printf("%.1f\n%.1f\n", high_water_mib(), before);
}

static void
measure_memory(void)
{
    g_autoptr(BenchSamples) peak = bench_samples_new();
    size_t size = given.quick ? MIB : LARGE;

    for (unsigned i = 0; i < CLIENTS; i++) {
        g_autofree char *name = g_strdup_printf("large-%u", i);
        g_autofree char *path = path_in(name);
        g_autoptr(GBytes) document = document_new(size);
        GError *error = NULL;

        must(g_file_set_contents(path, g_bytes_get_data(document, NULL), (gssize)size, &error),
             error);
    }
    for (int round = 0; round < MAX(given.rounds / 2, 1); round++) {
        g_autofree char *out = run_child("memory", NULL, false);

        bench_add(peak->ours, g_ascii_strtod(out, NULL));
    }
    bench_print(&(BenchRow){"memory_16_clients_50MiB_MiB", BENCH_TIME, BENCH_MAX, 400}, peak);
    for (unsigned i = 0; i < CLIENTS; i++) {
        g_autofree char *name = g_strdup_printf("large-%u", i);
        g_autofree char *path = path_in(name);

        unlink(path);
    }
    archive_remove("memory");
}

/* --- main --- */

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"put", measure_put},       {"clients", measure_clients},   {"slow", measure_slow},
    {"bulk", measure_bulk},     {"recovery", measure_recovery}, {"rebuild", measure_rebuild},
    {"proofs", measure_proofs}, {"entries", measure_entries},   {"memory", measure_memory},
};

static int
run_as_child(void)
{
    if (strcmp(given.child, "clients") == 0)
        child_clients();
    else if (strcmp(given.child, "fill") == 0)
        child_fill();
    else if (strcmp(given.child, "memory") == 0)
        child_memory();
    else
        return 1;
    return 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- how fast is the archive?");
    char *where = NULL;
    GError *error = NULL;

    program = argv[0];
    g_option_context_add_main_entries(context, options, NULL);
    must(g_option_context_parse(context, &argc, &argv, &error), error);
    fill_pool();
    if (given.child)
        return run_as_child();
    if (given.quick) {
        given.rounds = 1;
        given.vouchers = 200;
        given.puts = 3;
        given.bulk_mib = 12;
    }
    where = g_build_filename(given.dir ? given.dir : ".", "bench-store-XXXXXX", NULL);
    if (!g_mkdtemp_full(where, 0700))
        g_error("%s: %m", where);
    g_free(given.dir);
    given.dir = where;
    if (given.slowsync) {
        char *path = g_canonicalize_filename(given.slowsync, NULL);

        g_free(given.slowsync);
        given.slowsync = path;
    }
    bench_print_machine(where);
    bench_print_head();
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!given.only || strcmp(given.only, parts[i].name) == 0)
            parts[i].run();
    must(dn_fs_remove_tree(where, &error), error);
    return 0;
}
