/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-keys.c - keys and tenants of an archive: rotated and closed with the power
 * failing at every file operation; frames that change their places; what is left of a closed
 * tenant.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "engine/seal/envelope.h"
#include "engine/store/store.h"
#include "tests/unit/engine/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a disk that goes away ---
 * The program's own definitions come before libc's. Operation number `limit` of this thread and all
 * after it fail, the first of them half-way: what a kill or a power cut leaves. */

static _Thread_local bool armed;
static unsigned operations;
static unsigned limit;

static bool
is_gone(void)
{
    if (!armed || ++operations < limit)
        return false;
    errno = EIO;
    return true;
}

/* The folder of which a sync is looked for. */
static struct {
    ino_t folder;
    unsigned syncs;
    bool fails;
} watch;

static bool
is_watched_and_fails(int fd)
{
    struct stat st;

    if (!watch.folder || fstat(fd, &st) != 0 || st.st_ino != watch.folder)
        return false;
    watch.syncs++;
    errno = EIO;
    return watch.fails;
}

int
rename(const char *from, const char *to)
{
    return is_gone() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
    return is_gone() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int
fsync(int fd)
{
    return is_gone() || is_watched_and_fails(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
    return is_gone() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    if (is_gone()) {
        if (operations == limit && size > 1)
            syscall(SYS_write, fd, bytes, size / 2);
        errno = EIO;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, size);
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return is_gone() ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static void
begin_failing_at(unsigned number)
{
    operations = 0;
    limit = number;
    armed = true;
}

/* Whether it failed at all. */
static bool
end_failing(void)
{
    armed = false;
    return operations >= limit;
}

/* --- an archive --- */

static DnArchive *
open_as(const Fixture *self, const char *tenant, const char *key_file, GError **error)
{
    DnArchiveOptions options = {
        .actor = "test", .worker_path = "/nonexistent", .tenant = tenant, .key_file = key_file};

    return dn_archive_open(self->dir, &options, error);
}

static void
reopen(Fixture *self)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&self->archive, dn_archive_close);
    self->archive = open_as(self, NULL, NULL, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *self, gconstpointer data)
{
    (void)data;
    fixture_init(self, NULL);
    reopen(self);
}

static DnUuid
ingest(DnArchive *archive, const char *content)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strconcat("\x89PNG\r\n\x1a\n", content, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(json_t) result = NULL;
    DnIngest request = {.party = content, .no_wait = true};
    DnUuid id;

    g_assert_true(dn_archive_ingest(archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static DnUuid
ingest_as(Fixture *self, const char *tenant, const char *content)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&self->archive, dn_archive_close);
    g_autoptr(DnArchive) archive = open_as(self, tenant, NULL, &error);

    g_assert_no_error(error);
    DnUuid id = ingest(archive, content);

    g_clear_pointer(&archive, dn_archive_close);
    reopen(self);
    return id;
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    if (user_data)
        g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

/* (transfer full) The totals of a full verification; its failures go to @failures. */
static json_t *
verify(DnArchive *archive, GPtrArray *failures)
{
    g_autoptr(GError) error = NULL;
    json_t *totals = NULL;

    dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, collect, NULL, failures, &totals,
                      &error);
    g_assert_no_error(error);
    return totals;
}

static void
assert_sound(DnArchive *archive, int64_t opaque)
{
    g_autoptr(json_t) totals = verify(archive, NULL);

    g_assert_cmpint(dn_json_int(totals, "failed", -1), ==, 0);
    g_assert_cmpint(dn_json_int(totals, "opaque", -1), ==, opaque);
}

/* --- rotation --- */

/* It was complete but for the answer. */
static bool
is_settled(const Fixture *self, const char *key_file)
{
    g_autofree char *conf = g_build_filename(self->dir, "dencho.conf", NULL);
    g_autofree char *line = g_strdup_printf("\nkey-file=%s\n", key_file);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(conf, &text, NULL, NULL));
    return strstr(text, line) && !strstr(text, "next-key-file");
}

static void
test_a_master_rotation_may_stop_anywhere(Fixture *self, gconstpointer data)
{
    g_autofree char *old = g_strdup(self->key);
    g_autoptr(json_t) tenant = NULL;
    unsigned number = 0;
    bool failed = true;

    (void)data;
    g_assert_true(dn_archive_tenant_create(self->archive, "acme", &tenant, NULL));
    ingest(self->archive, "A");
    ingest_as(self, "acme", "B");
    while (failed) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) row = NULL;
        g_autofree char *fresh = g_strdup_printf("%s/%u.key", self->root, ++number);
        bool done = false;

        begin_failing_at(number);
        done = dn_archive_key_rotate(self->archive, fresh, false, &row, NULL);
        g_clear_pointer(&self->archive, dn_archive_close);
        failed = end_failing();
        g_assert_true(done || failed);
        reopen(self); /* with what dencho.conf says, whichever key that is */
        g_clear_pointer(&row, json_decref);
        if (!done && !is_settled(self, fresh)) {
            g_assert_true(dn_archive_key_rotate(self->archive, fresh, false, &row, &error));
            g_assert_no_error(error);
            reopen(self);
        }
        assert_sound(self->archive, 0);
        g_clear_pointer(&self->archive, dn_archive_close);
        g_assert_null(open_as(self, NULL, old, &error));
        g_assert_error(error, DN_ERROR, DN_ERROR_DENIED);
        g_clear_error(&error);
        for (int i = 0; i < 2; i++) {
            g_autoptr(DnArchive) explicit = open_as(self, i ? "acme" : NULL, fresh, &error);

            g_assert_no_error(error);
            g_assert_nonnull(explicit);
        }
        reopen(self);
        g_free(old);
        old = g_steal_pointer(&fresh);
    }
    g_assert_cmpuint(number, >, 20); /* it did fail somewhere */
}

static void
test_a_tenant_rotation_may_stop_anywhere(Fixture *self, gconstpointer data)
{
    unsigned number = 0;
    bool failed = true;

    (void)data;
    ingest(self->archive, "A");
    while (failed) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) row = NULL;
        g_autoptr(json_t) check = NULL;
        bool done = false;

        begin_failing_at(++number);
        done = dn_archive_key_rotate_tenant(self->archive, &row, NULL);
        g_clear_pointer(&self->archive, dn_archive_close);
        failed = end_failing();
        g_assert_true(done || failed);
        reopen(self);
        assert_sound(self->archive, 0);
        g_clear_pointer(&row, json_decref);
        g_assert_true(dn_archive_key_rotate_tenant(self->archive, &row, &error));
        g_assert_no_error(error);
        check = dn_archive_key_check(self->archive, &error);
        g_assert_cmpint(dn_json_int(check, "keys", 0), ==, 5); /* no old one is left */
        assert_sound(self->archive, 0);
    }
    g_assert_cmpuint(number, >, 10);
}

static void
test_a_rotation_goes_to_one_file(Fixture *self, gconstpointer data)
{
    g_autofree char *one = g_build_filename(self->root, "one.key", NULL);
    g_autofree char *two = g_build_filename(self->root, "two.key", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;

    (void)data;
    g_assert_true(g_file_set_contents(one, "precious", -1, NULL));
    g_assert_false(dn_archive_key_rotate(self->archive, one, false, &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
    g_clear_error(&error);
    unlink(one);
    begin_failing_at(12); /* the new file is there */
    g_assert_false(dn_archive_key_rotate(self->archive, one, false, &row, NULL));
    g_assert_true(end_failing());
    g_assert_true(g_file_test(one, G_FILE_TEST_EXISTS));
    reopen(self);
    g_assert_false(dn_archive_key_rotate(self->archive, two, false, &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_true(dn_archive_key_rotate(self->archive, one, false, &row, &error));
    g_assert_no_error(error);
}

/* A run that was killed may have made a key whose name is only in memory; what is sealed under it
 * from now on would go with the name. */
static void
test_names_of_keys_are_durable_before_they_are_used(Fixture *self, gconstpointer data)
{
    g_autofree char *keys = g_build_filename(self->dir, "keys", NULL);
    g_autoptr(GError) error = NULL;
    struct stat st;

    (void)data;
    g_clear_pointer(&self->archive, dn_archive_close);
    g_assert_cmpint(stat(keys, &st), ==, 0);
    watch.folder = st.st_ino;
    watch.fails = true;
    g_assert_null(open_as(self, NULL, NULL, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_IO);
    watch.fails = false;
    watch.syncs = 0;
    reopen(self);
    g_assert_cmpuint(watch.syncs, ==, 1);
    watch.folder = 0;
    ingest(self->archive, "A");
}

/* --- closing --- */

static char *
export_as(Fixture *self, const char *tenant, const DnSearch *search, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    char *path = g_build_filename(self->root, name, NULL);

    g_clear_pointer(&self->archive, dn_archive_close);
    g_autoptr(DnArchive) archive = open_as(self, tenant, NULL, &error);

    g_assert_true(
        dn_archive_export(archive, search, &(DnExport){.path = path}, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    g_clear_pointer(&archive, dn_archive_close);
    reopen(self);
    return path;
}

static void
assert_refused(Fixture *self, const char *name, const DnTenantClose *how, DnErrorCode wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;

    g_assert_false(dn_archive_tenant_close(self->archive, name, how, NULL, NULL, &row, &error));
    g_assert_error(error, DN_ERROR, (int)wanted);
    assert_sound(self->archive, 0);
}

static void
test_closing_wants_an_export_of_all_of_it(Fixture *self, gconstpointer data)
{
    static const DnSearch everything;
    g_autoptr(json_t) row = NULL;
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(dn_archive_tenant_create(self->archive, "acme", &row, NULL));
    g_clear_pointer(&row, json_decref);
    ingest_as(self, "acme", "first");
    g_autofree char *early = export_as(self, "acme", &everything, "early.zip");

    ingest_as(self, "acme", "second");
    g_autofree char *part = export_as(self, "acme", &(DnSearch){.party = "first"}, "part.zip");
    g_autofree char *deleted =
        export_as(self, "acme", &(DnSearch){.deleted = "only"}, "deleted.zip");
    g_autofree char *foreign = export_as(self, NULL, &everything, "foreign.zip");
    g_autofree char *good = export_as(self, "acme", &everything, "good.zip");
    g_autofree char *damaged = g_build_filename(self->root, "damaged.zip", NULL);
    g_autofree char *bytes = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(good, &bytes, &size, NULL));
    bytes[size / 2] ^= 1;
    g_assert_true(g_file_set_contents(damaged, bytes, (gssize)size, NULL));
    assert_refused(self, "acme", &(DnTenantClose){0}, DN_ERROR_INVALID);
    assert_refused(self, "acme", &(DnTenantClose){.without_export = true, .early = true},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.without_export = true, .early = true, .reason = " "},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.export_file = early, .early = true, .reason = "x"},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.export_file = part, .early = true, .reason = "x"},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.export_file = deleted, .early = true, .reason = "x"},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.export_file = foreign, .early = true, .reason = "x"},
                   DN_ERROR_INVALID);
    assert_refused(self, "acme",
                   &(DnTenantClose){.export_file = damaged, .early = true, .reason = "x"},
                   DN_ERROR_CORRUPT);
    assert_refused(self, "default", &(DnTenantClose){.without_export = true, .reason = "x"},
                   DN_ERROR_INVALID);
    assert_refused(self, "nobody", &(DnTenantClose){.without_export = true, .reason = "x"},
                   DN_ERROR_NOT_FOUND);
    g_assert_true(dn_archive_tenant_close(
        self->archive, "acme",
        &(DnTenantClose){.export_file = good, .early = true, .reason = "they keep it themselves"},
        NULL, NULL, &row, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(dn_json_string(row, "sha256")), ==, 64);
}

static DnUuid
ingest_dated(Fixture *self, const char *tenant, const char *text, const char *received)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&self->archive, dn_archive_close);
    g_autoptr(DnArchive) archive = open_as(self, tenant, NULL, &error);
    g_autoptr(GBytes) document = g_bytes_new(text, strlen(text));
    g_autoptr(json_t) result = NULL;
    DnDate day;
    DnIngest request = {
        .as_is = true, .party = "p", .no_wait = true, .received = &day, .date = &day};
    DnUuid id;

    g_assert_no_error(error);
    g_assert_true(dn_date_parse(received, &day, &error));
    g_assert_true(dn_archive_ingest(archive, document, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL));
    g_clear_pointer(&archive, dn_archive_close);
    reopen(self);
    return id;
}

static void
hold(Fixture *self, const char *tenant, const DnUuid *id, bool place)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&self->archive, dn_archive_close);
    g_autoptr(DnArchive) archive = open_as(self, tenant, NULL, &error);
    g_autoptr(json_t) row = NULL;

    g_assert_true(place ? dn_archive_hold_place(archive, id, "suit", "the court", &row, &error)
                        : dn_archive_hold_lift(archive, id, "suit", "settled", &row, &error));
    g_assert_no_error(error);
    g_clear_pointer(&archive, dn_archive_close);
    reopen(self);
}

/* What a disposal would not destroy, a closing does not either, unless somebody says why; and the
 * ledger then says how much that was. */
static void
test_closing_minds_retention_and_holds(Fixture *self, gconstpointer data)
{
    DnTenantClose plain = {.without_export = true, .reason = "the customer left"};
    DnTenantClose early = {.without_export = true, .early = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) second = NULL;
    g_autoptr(json_t) third = NULL;

    (void)data;
    g_assert_true(dn_archive_tenant_create(self->archive, "old", &row, NULL));
    g_clear_pointer(&row, json_decref);
    g_assert_true(dn_archive_tenant_create(self->archive, "held", &second, NULL));
    g_assert_true(dn_archive_tenant_create(self->archive, "young", &third, NULL));
    ingest_dated(self, "old", "long over", "2010-04-01");
    DnUuid held = ingest_dated(self, "held", "over, but", "2010-04-01");

    hold(self, "held", &held, true);
    ingest_as(self, "young", "of today");
    assert_refused(self, "young", &plain, DN_ERROR_INVALID);
    assert_refused(self, "held", &plain, DN_ERROR_INVALID);
    assert_refused(self, "young", &early, DN_ERROR_INVALID); /* without a reason */
    hold(self, "held", &held, false);
    g_assert_true(dn_archive_tenant_close(self->archive, "held", &plain, NULL, NULL, &row, &error));
    g_assert_no_error(error);
    g_clear_pointer(&row, json_decref);
    g_assert_true(dn_archive_tenant_close(self->archive, "old", &plain, NULL, NULL, &row, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(row, "kept", -1), ==, -1);
    g_clear_pointer(&row, json_decref);
    early.reason = "they keep it themselves";
    g_assert_true(
        dn_archive_tenant_close(self->archive, "young", &early, NULL, NULL, &row, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(row, "kept", -1), ==, 1);
    g_assert_cmpint(dn_json_int(row, "held", -1), ==, 0);
}

/* Every sealed byte of the log that is @tenant's. */
typedef struct {
    DnKeyring *keys;
    DnUuid tenant;
    unsigned frames;
} Frames;

static bool
try_to_open(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Frames *frames = user_data;

    (void)error;
    if (!dn_uuid_equal(&visit->tenant, &frames->tenant))
        return true;
    for (size_t i = 0; i < visit->entry_count; i++, frames->frames++)
        g_assert_null(dn_unseal_line(frames->keys, &visit->tenant, visit->entries[i].seq,
                                     visit->entries[i].sealed, NULL));
    for (size_t i = 0; i < visit->blob_count; i++, frames->frames++) {
        DnSealName name = {visit->tenant, visit->blobs[i].id, (DnPart)visit->blobs[i].part};

        g_assert_null(dn_unseal_blob(frames->keys, &name, visit->blobs[i].sealed, NULL));
    }
    return true;
}

static DnUuid
archive_id(const Fixture *self)
{
    g_autofree char *conf = g_build_filename(self->dir, "dencho.conf", NULL);
    g_autofree char *text = NULL;
    DnUuid id;

    g_assert_true(g_file_get_contents(conf, &text, NULL, NULL));
    const char *line = strstr(text, "\nid=");

    g_assert_nonnull(line);
    g_autofree char *value = g_strndup(line + 4, 36);

    g_assert_true(dn_uuid_parse(value, &id, NULL));
    return id;
}

static void
assert_nothing_opens(Fixture *self, const DnUuid *tenant)
{
    g_autofree char *keys_dir = g_build_filename(self->dir, "keys", NULL);
    g_autofree char *log_dir = g_build_filename(self->dir, "log", NULL);
    g_autoptr(GError) error = NULL;
    DnUuid id = archive_id(self);
    g_autoptr(DnSecret) master = dn_master_key_load(self->key, &error);
    g_autoptr(DnKeyring) keys = dn_keyring_open(keys_dir, &id, master, &error);
    g_autoptr(DnStore) store = dn_store_open_segments(log_dir, &id, 1 << 28, false, &error);
    Frames frames = {.keys = keys, .tenant = *tenant};

    g_assert_no_error(error);
    g_assert_true(dn_store_each(store, NULL, DN_STORE_VISIT_BLOBS, try_to_open, &frames, &error));
    g_assert_cmpuint(frames.frames, >=, 3);
}

static void
test_a_closing_may_stop_anywhere(Fixture *self, gconstpointer data)
{
    unsigned number = 0;
    bool failed = true;
    int64_t opaque = 0;

    (void)data;
    ingest(self->archive, "stays");
    while (failed) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) tenant = NULL;
        g_autoptr(json_t) row = NULL;
        g_autofree char *name = g_strdup_printf("tenant %u", ++number);
        g_autoptr(DnArchive) closed = NULL;
        bool done = false;
        DnUuid id;

        g_assert_true(dn_archive_tenant_create(self->archive, name, &tenant, &error));
        g_assert_true(dn_uuid_parse(dn_json_string(tenant, "tenant"), &id, NULL));
        ingest_as(self, name, name);
        begin_failing_at(number);
        done = dn_archive_tenant_close(
            self->archive, name,
            &(DnTenantClose){.without_export = true, .early = true, .reason = "test"}, NULL, NULL,
            &row, NULL);
        g_clear_pointer(&self->archive, dn_archive_close);
        failed = end_failing();
        g_assert_true(done || failed);
        reopen(self); /* the tenant is whole, or gone: never in between */
        g_clear_pointer(&self->archive, dn_archive_close);
        closed = open_as(self, name, NULL, &error);
        if (closed) {
            assert_sound(closed, opaque);
            g_clear_pointer(&closed, dn_archive_close);
            reopen(self);
            g_assert_true(dn_archive_tenant_close(
                self->archive, name,
                &(DnTenantClose){.without_export = true, .early = true, .reason = "test"}, NULL,
                NULL, &row, &error));
            g_assert_no_error(error);
        } else {
            g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
            reopen(self);
        }
        opaque += 2;
        assert_sound(self->archive, opaque);
        g_clear_pointer(&self->archive, dn_archive_close);
        assert_nothing_opens(self, &id);
        reopen(self);
    }
    g_assert_cmpuint(number, >, 5);
    g_clear_pointer(&self->archive, dn_archive_close);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rebuilt = NULL;

    g_assert_true(dn_archive_rebuild(self->dir, &(DnArchiveOptions){.actor = "test"}, NULL, NULL,
                                     &rebuilt, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(rebuilt, "vouchers", 0), ==, 1);
    reopen(self);
    assert_sound(self->archive, opaque);
}

static void
remove_notes(const char *keys_dir)
{
    g_autoptr(GDir) dir = g_dir_open(keys_dir, 0, NULL);

    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(keys_dir, name, NULL);

        if (g_str_has_suffix(name, ".gone"))
            g_assert_cmpint(g_unlink(path), ==, 0);
    }
}

/* Keys that are gone without a record are a loss, and said to be one. */
static void
test_keys_that_are_lost_are_no_closing(Fixture *self, gconstpointer data)
{
    g_autofree char *keys_dir = g_build_filename(self->dir, "keys", NULL);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) tenant = NULL;
    g_autoptr(json_t) rebuilt = NULL;
    g_autoptr(GError) error = NULL;
    DnUuid archive = archive_id(self);
    DnUuid id;

    (void)data;
    g_assert_true(dn_archive_tenant_create(self->archive, "acme", &tenant, &error));
    g_assert_true(dn_uuid_parse(dn_json_string(tenant, "tenant"), &id, NULL));
    ingest_as(self, "acme", "lost");
    g_clear_pointer(&self->archive, dn_archive_close);
    {
        g_autoptr(DnSecret) master = dn_master_key_load(self->key, NULL);
        g_autoptr(DnKeyring) keys = dn_keyring_open(keys_dir, &archive, master, NULL);

        g_assert_true(dn_keyring_destroy_tenant(keys, &id, &error));
    }
    remove_notes(keys_dir); /* of a loss there are none */
    reopen(self);
    g_autoptr(json_t) totals = verify(self->archive, failures);

    g_assert_cmpint(dn_json_int(totals, "failed", 0), ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(failures, 0), dn_json_string(tenant, "tenant")));
    g_clear_pointer(&self->archive, dn_archive_close);
    g_assert_false(dn_archive_rebuild(self->dir, &(DnArchiveOptions){.actor = "test"}, NULL, NULL,
                                      &rebuilt, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
}

/* --- frames in each other's place --- */

/* Writes the log again with the library, every commit as it is but for two whose contents change
 * places, as someone would who can write files and has no key. */
typedef struct {
    DnStore *to;
    GPtrArray *blobs; /* GBytes of originals, in the order of the log */
    GPtrArray *lines;
    unsigned blob;
    unsigned line;
    unsigned blob_swap[2];
    unsigned line_swap[2];
} Forging;

static bool
gather(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Forging *forging = user_data;

    (void)error;
    for (size_t i = 0; i < visit->blob_count; i++)
        g_ptr_array_add(forging->blobs, g_bytes_ref(visit->blobs[i].sealed));
    for (size_t i = 0; i < visit->entry_count; i++)
        g_ptr_array_add(forging->lines, g_bytes_ref(visit->entries[i].sealed));
    return true;
}

static GBytes *
swapped(GPtrArray *all, unsigned at, const unsigned swap[2])
{
    if (at == swap[0])
        at = swap[1];
    else if (at == swap[1])
        at = swap[0];
    return g_ptr_array_index(all, at);
}

static bool
forge(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Forging *forging = user_data;
    g_autofree DnStoreBlob *blobs = g_memdup2(visit->blobs, visit->blob_count * sizeof *blobs);
    g_autofree DnStoreEntry *entries =
        g_memdup2(visit->entries, visit->entry_count * sizeof *entries);
    g_auto(DnStoreReceipt) receipt = {0};
    DnStoreCommit commit = {.tenant = visit->tenant,
                            .expected_head = visit->entries[0].seq - 1,
                            .blobs = blobs,
                            .blob_count = visit->blob_count,
                            .entries = entries,
                            .entry_count = visit->entry_count};

    for (size_t i = 0; i < visit->blob_count; i++)
        blobs[i].sealed = swapped(forging->blobs, forging->blob++, forging->blob_swap);
    for (size_t i = 0; i < visit->entry_count; i++)
        entries[i].sealed = swapped(forging->lines, forging->line++, forging->line_swap);
    return dn_store_append(forging->to, &commit, &receipt, error) &&
           dn_store_wait(forging->to, receipt.ticket, error);
}

/* A fresh log in place of the archive's, made of @from. */
static void
forge_log(Fixture *self, const char *from, Forging *forging)
{
    g_autofree char *log_dir = g_build_filename(self->dir, "log", NULL);
    g_autofree char *view_dir = g_build_filename(self->dir, "view", NULL);
    g_autofree char *witness = g_strconcat(self->key, ".witness", NULL);
    g_autoptr(GError) error = NULL;
    DnUuid id = archive_id(self);
    g_autoptr(DnStore) source = dn_store_open_segments(from, &id, 1 << 28, false, &error);

    g_assert_no_error(error);
    g_assert_true(dn_fs_remove_tree(log_dir, NULL));
    g_assert_true(dn_fs_remove_tree(view_dir, NULL));
    unlink(witness); /* it would tell that the log is another one */
    forging->to = dn_store_open_segments(log_dir, &id, 1 << 28, true, &error);
    g_assert_no_error(error);
    forging->blob = forging->line = 0;
    if (forging->blobs->len == 0)
        g_assert_true(dn_store_each(source, NULL, DN_STORE_VISIT_BLOBS, gather, forging, &error));
    g_assert_true(dn_store_each(source, NULL, DN_STORE_VISIT_BLOBS, forge, forging, &error));
    g_assert_no_error(error);
    g_clear_pointer(&forging->to, dn_store_close);
}

/* 0: it opens and verifies in the eyes of every tenant. */
static int64_t
count_failures(Fixture *self)
{
    static const char *const tenants[] = {"default", "acme"};
    int64_t failures = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(tenants); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DnArchive) archive = open_as(self, tenants[i], NULL, &error);
        g_autoptr(json_t) totals = archive ? verify(archive, NULL) : NULL;

        if (archive) {
            failures += dn_json_int(totals, "failed", 0);
            continue;
        }
        g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
        failures++;
    }
    return failures;
}

static void
test_frames_open_in_their_own_place_only(Fixture *self, gconstpointer data)
{
    g_autofree char *log_dir = g_build_filename(self->dir, "log", NULL);
    g_autofree char *kept = g_build_filename(self->root, "kept", NULL);
    g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(json_t) tenant = NULL;
    Forging forging = {.blobs = blobs, .lines = lines};

    (void)data;
    g_assert_true(dn_archive_tenant_create(self->archive, "acme", &tenant, NULL));
    ingest(self->archive, "of default, one");
    ingest(self->archive, "of default, two");
    ingest_as(self, "acme", "of acme");
    g_clear_pointer(&self->archive, dn_archive_close);
    g_assert_cmpint(rename(log_dir, kept), ==, 0);
    forge_log(self, kept, &forging); /* nothing swapped: the forger's tools work */
    g_assert_cmpint(count_failures(self), ==, 0);
    g_assert_cmpuint(blobs->len, ==, 3);
    g_assert_cmpuint(lines->len, ==, 5);
    for (unsigned a = 0; a < blobs->len; a++) /* voucher to voucher, tenant to tenant */
        for (unsigned b = a + 1; b < blobs->len; b++) {
            forging.blob_swap[0] = a;
            forging.blob_swap[1] = b;
            forge_log(self, kept, &forging);
            g_assert_cmpint(count_failures(self), >=, 1);
        }
    forging.blob_swap[0] = forging.blob_swap[1] = 0;
    for (unsigned a = 0; a < lines->len; a++)
        for (unsigned b = a + 1; b < lines->len; b++) {
            forging.line_swap[0] = a;
            forging.line_swap[1] = b;
            forge_log(self, kept, &forging);
            g_assert_cmpint(count_failures(self), >=, 1);
        }
}

/* --- given out and got back --- */

static char right_phrase[] = "correct horse battery staple";
static char wrong_phrase[] = "correct horse battery stapel";

static bool
answer(DnPassphraseKind kind, const char *file, char *out, size_t size, size_t *out_size,
       void *user_data, GError **error)
{
    const char *text = kind == DN_PASSPHRASE_REPEAT ? "" : user_data;

    (void)file;
    (void)error;
    *out_size = strlen(text);
    g_assert_cmpuint(*out_size, <=, size);
    memcpy(out, text, *out_size);
    return true;
}

static bool
answer_twice_otherwise(DnPassphraseKind kind, const char *file, char *out, size_t size,
                       size_t *out_size, void *user_data, GError **error)
{
    return answer(DN_PASSPHRASE_FRESH, file, out, size, out_size,
                  kind == DN_PASSPHRASE_REPEAT ? wrong_phrase : user_data, error);
}

static void
test_a_sheet_of_paper_opens_the_archive(Fixture *self, gconstpointer data)
{
    g_autofree char *sheet = g_build_filename(self->root, "sheet", NULL);
    g_autofree char *key = g_build_filename(self->root, "restored.key", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    DnKeyMake make = {
        .key_file = key, .protect = true, .passphrases = {answer_twice_otherwise, right_phrase}};
    FILE *file = fopen(sheet, "w+");

    (void)data;
    g_assert_true(dn_archive_key_recovery(self->archive, fileno(file), &error));
    g_assert_no_error(error);
    rewind(file);
    g_assert_false(dn_key_restore(fileno(file), &make, &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    make.passphrases.ask = answer;
    rewind(file);
    g_assert_true(dn_key_restore(fileno(file), &make, &row, &error));
    g_assert_no_error(error);
    fclose(file);
    g_clear_pointer(&self->archive, dn_archive_close);
    g_assert_null(open_as(self, NULL, key, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_DENIED);
    g_clear_error(&error);
    DnArchiveOptions options = {.actor = "test", .key_file = key, .passphrases = make.passphrases};

    self->archive = dn_archive_open(self->dir, &options, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) check = dn_archive_key_check(self->archive, &error);

    g_assert_true(dn_json_bool(check, "protected", false));
    g_assert_cmpstr(dn_json_string(check, "mode"), ==, "0400");
    assert_sound(self->archive, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/keys/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(a_master_rotation_may_stop_anywhere);
    T(a_tenant_rotation_may_stop_anywhere);
    T(a_rotation_goes_to_one_file);
    T(names_of_keys_are_durable_before_they_are_used);
    T(closing_wants_an_export_of_all_of_it);
    T(closing_minds_retention_and_holds);
    T(a_closing_may_stop_anywhere);
    T(keys_that_are_lost_are_no_closing);
    T(frames_open_in_their_own_place_only);
    T(a_sheet_of_paper_opens_the_archive);
    return g_test_run();
}
