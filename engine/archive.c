/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/archive.c - an archive is made, opened, closed.
 *
 *   DIR/dencho.conf   settings, no secrets        DIR/log/    segments: the truth
 *   DIR/keys/         wrapped keys                DIR/view/   RocksDB, encrypted: can be rebuilt
 *   DIR/lock          pid of who has it open      DIR.key     the master key, to be kept elsewhere
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT_VERSION = 1, WORKERS_MAX = 64 };

GMutex *
dn_archive_stripe(DnArchive *self, const void *bytes)
{
    const uint8_t *b = bytes;

    return &self->stripes[(b[14] ^ b[15]) % DN_STRIPES];
}

static char *
path_in(const char *dir, const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* --- making one --- */

static bool
folder_is_free(const char *dir, GError **error)
{
    g_autoptr(GPtrArray) names = NULL;
    struct stat st;

    if (lstat(dir, &st) != 0)
        return errno == ENOENT || dn_fail_errno(error, "%s", dir);
    if (S_ISDIR(st.st_mode) && !(names = dn_fs_list(dir, error)))
        return false;
    if (!names || names->len > 0)
        return dn_fail(error, DN_ERROR_EXISTS,
                       "%s is there and not an empty folder; name a new folder for the archive",
                       dir);
    return true;
}

static bool
set_all(DnSettings *settings, const char *const *assignments, GError **error)
{
    for (; assignments && *assignments; assignments++) {
        const char *equals = strchr(*assignments, '=');
        const char *dot = strchr(*assignments, '.');

        if (!equals || !dot || dot > equals)
            return dn_fail(error, DN_ERROR_INVALID,
                           "want section.key=value as in reading.currency=JPY, got %s",
                           *assignments);
        g_autofree char *section = g_strndup(*assignments, (size_t)(dot - *assignments));
        g_autofree char *key = g_strndup(dot + 1, (size_t)(equals - dot - 1));

        if (!dn_settings_set(settings, section, key, equals + 1, error))
            return false;
    }
    return true;
}

static bool
settings_make_sense(const DnSettings *settings, GError **error)
{
    static const char *const orders[] = {"ymd", "dmy", "mdy", NULL};
    int64_t month = dn_settings_int(settings, "retention", "fiscal-year-month");
    int64_t workers = dn_settings_int(settings, "reading", "workers");

    if (!g_strv_contains(orders, dn_settings_string(settings, "reading", "date-order")))
        return dn_fail(error, DN_ERROR_INVALID, "[reading] date-order: want ymd, dmy or mdy");
    if (strlen(dn_settings_string(settings, "reading", "currency")) != 3)
        return dn_fail(error, DN_ERROR_INVALID, "[reading] currency: want a code such as JPY");
    if (month < 1 || month > 12)
        return dn_fail(error, DN_ERROR_INVALID, "[retention] fiscal-year-month: want 1 to 12");
    if (dn_settings_int(settings, "limits", "in-hand-bytes") < 1)
        return dn_fail(error, DN_ERROR_INVALID, "[limits] in-hand-bytes: want 1 or more");
    if (workers < 1 || workers > WORKERS_MAX)
        return dn_fail(error, DN_ERROR_INVALID, "[reading] workers: want 1 to %d", WORKERS_MAX);
    g_autoptr(DnRules) rules = dn_rules_new(settings, error);

    return rules != NULL;
}

bool
dn_archive_make(const char *dir, const DnArchiveInit *options, DnSecret **out_master,
                char **out_key_file, GError **error)
{
    g_autoptr(DnSettings) settings = dn_settings_new();
    g_autofree char *absolute = g_canonicalize_filename(dir, NULL);
    g_autofree char *default_key = g_strconcat(absolute, ".key", NULL);
    g_autofree char *key_file = g_canonicalize_filename(
        options && options->key_file ? options->key_file : default_key, NULL);
    g_autofree char *keys_dir = path_in(absolute, "keys");
    g_autofree char *log_dir = path_in(absolute, "log");
    g_autofree char *conf = path_in(absolute, "dencho.conf");
    g_autofree char *parent = g_path_get_dirname(absolute);
    DnUuid id = dn_uuid_new();
    g_autofree char *id_text = dn_uuid_text(&id);

    if (!folder_is_free(absolute, error) ||
        !set_all(settings, options ? options->settings : NULL, error) ||
        !settings_make_sense(settings, error) ||
        !dn_settings_set(settings, "archive", "id", id_text, error))
        return false;
    if (strcmp(key_file, default_key) != 0 &&
        !dn_settings_set(settings, "archive", "key-file", key_file, error))
        return false;
    g_autoptr(DnSecret) master = dn_secret_random(error);

    if (!master || !dn_key_file_make(master, key_file, options && options->protect,
                                     options ? &options->passphrases : NULL, error))
        return dn_fail_in(error, "cannot write the master key");
    if (!dn_fs_make_dir(absolute, false, error) || !dn_fs_sync_dir(parent, error))
        return false;
    g_autoptr(DnKeyring) keys = dn_keyring_create(keys_dir, &id, master, error);

    if (!keys)
        return false;
    g_autoptr(DnStore) store = dn_store_open_segments(
        log_dir, &id, (uint64_t)dn_settings_int(settings, "archive", "segment-bytes"), true, error);

    if (!store)
        return false;
    g_clear_pointer(&store, dn_store_close);
    g_clear_pointer(&keys, dn_keyring_free);
    /* From here on it is an archive; before, it was a folder that init refuses to use. */
    if (!dn_settings_save(settings, conf, error))
        return false;
    *out_master = g_steal_pointer(&master);
    *out_key_file = g_steal_pointer(&key_file);
    return true;
}

bool
dn_archive_init(const char *dir, const DnArchiveInit *options, char **out_key_file, GError **error)
{
    g_autoptr(DnSecret) master = NULL;
    g_autofree char *key_file = NULL;
    g_autoptr(json_t) row = NULL;

    if (!dn_archive_make(dir, options, &master, &key_file, error))
        return false;
    g_autoptr(DnArchive) archive =
        dn_archive_open_all(dir, &(DnArchiveOptions){.key_file = key_file, .actor = "dencho:init"},
                            master, NULL, NULL, error);

    if (!archive || !dn_archive_tenant_create(archive, DN_DEFAULT_TENANT, &row, error))
        return false;
    *out_key_file = g_steal_pointer(&key_file);
    return true;
}

/* --- opening --- */

static bool
take_lock(DnArchive *self, GError **error)
{
    g_autofree char *path = path_in(self->dir, "lock");
    char pid[24] = "";

    self->lock_fd = DN_FAILPOINT("lock.open")
                        ? -1
                        : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (self->lock_fd < 0)
        return dn_fail_errno(error, "cannot open %s", path);
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(self->lock_fd, pid, sizeof pid - 1, 0);

        g_strchomp(pid);
        return dn_fail(error, DN_ERROR_BUSY, "process %s has the archive open; wait for it to end",
                       got > 0 ? pid : "?");
    }
    g_snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (DN_FAILPOINT("lock.write") || ftruncate(self->lock_fd, 0) != 0)
        return dn_fail_errno(error, "cannot write %s", path);
    return dn_fs_pwrite_all(self->lock_fd, pid, strlen(pid), 0, error);
}

DnSecret *
dn_archive_master(const char *dir, const DnSettings *settings, const DnArchiveOptions *options,
                  char **out_key_file, bool *out_protected, GError **error)
{
    const char *configured = dn_settings_string(settings, "archive", "key-file");

    *out_key_file = NULL;
    if (options->key_fd > 0) {
        g_autoptr(DnSecret) text = dn_key_text_read_fd(options->key_fd, error);

        *out_protected = text && dn_key_text_is_protected(text);
        return text ? dn_key_text_open(text, "the key's descriptor", &options->passphrases, error)
                    : NULL;
    }
    if (options->key_file)
        *out_key_file = g_canonicalize_filename(options->key_file, NULL);
    else if (configured[0])
        *out_key_file = g_strdup(configured);
    else
        *out_key_file = g_strconcat(dir, ".key", NULL);
    DnSecret *master = dn_key_file_load(*out_key_file, &options->passphrases, out_protected, error);

    if (!master)
        dn_fail_in(error, "no master key (name it with --key-file)");
    return master;
}

/* The key that an interrupted rotation was leading to. */
static DnSecret *
load_next(DnArchive *self, bool *out_protected, GError **error)
{
    const char *next = dn_settings_string(self->settings, "archive", "next-key-file");
    DnSecret *master = dn_key_file_load(next, &self->passphrases, out_protected, error);

    if (!master)
        dn_fail_in(error, "a rotation of the master key was interrupted, which %s completes", next);
    return master;
}

/* With the old key, the new one, or both, as far as a rotation has come. */
static bool
open_keys(DnArchive *self, const DnSecret *master, bool chosen, GError **error)
{
    g_autofree char *dir = path_in(self->dir, "keys");
    const char *next = dn_settings_string(self->settings, "archive", "next-key-file");
    g_autoptr(DnSecret) other = NULL;
    g_autoptr(GError) problem = NULL;
    bool protected = false;

    /* A key of an interrupted run may be there and its name not durable yet: what is sealed under
     * it from now on would be lost with it. */
    if (!dn_fs_sync_dir(dir, error))
        return false;
    self->keys = dn_keyring_open(dir, &self->id, master, &problem);
    if (self->keys && !(*next && dn_keyring_is_split(self->keys)))
        return true;
    if (!self->keys && (!*next || chosen || !g_error_matches(problem, DN_ERROR, DN_ERROR_DENIED))) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return *next ? dn_fail_in(error, "a rotation to %s is unfinished", next) : false;
    }
    other = load_next(self, &protected, error);
    if (!other)
        return false;
    if (self->keys)
        return dn_keyring_add_master(self->keys, other, error);
    self->keys = dn_keyring_open(dir, &self->id, other, error);
    if (!self->keys)
        return false;
    g_message("a rotation of the master key was interrupted; `dencho key rotate master %s` "
              "completes it",
              next);
    g_free(self->key_file);
    self->key_file = g_strdup(next);
    self->key_protected = protected;
    return true;
}

static bool
load_settings(DnArchive *self, GError **error)
{
    g_autofree char *conf = path_in(self->dir, "dencho.conf");
    g_autoptr(GError) problem = NULL;

    self->settings = dn_settings_load(conf, &problem);
    if (!self->settings && g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND))
        return dn_fail(error, DN_ERROR_NOT_FOUND, "%s is no archive; make one with `dencho init`",
                       self->dir);
    if (!self->settings) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!settings_make_sense(self->settings, error))
        return dn_fail_in(error, "%s", conf);
    if (dn_settings_int(self->settings, "archive", "format") != FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "the archive has format %s, this program knows %d; use a newer dencho",
                       dn_settings_string(self->settings, "archive", "format"), FORMAT_VERSION);
    self->limits = dn_settings_limits(self->settings);
    self->rules = dn_rules_new(self->settings, error);
    if (!self->rules)
        return false;
    return dn_uuid_parse(dn_settings_string(self->settings, "archive", "id"), &self->id, error) ||
           dn_fail_in(error, "%s: [archive] id", conf);
}

static bool
open_log(DnArchive *self, GError **error)
{
    g_autofree char *log_dir = path_in(self->dir, "log");

    self->store = dn_store_open_segments(
        log_dir, &self->id, (uint64_t)dn_settings_int(self->settings, "archive", "segment-bytes"),
        false, error);
    if (!self->store)
        return dn_fail_in(error, "log");
    DnStoreState state = dn_store_state(self->store);

    if (state.cut_bytes > 0)
        g_message("the last run ended while it wrote: %" G_GUINT64_FORMAT
                  " bytes that nobody was told of were cut from the log",
                  state.cut_bytes);
    return true;
}

static const char condemned[] = "view.damaged";

void
dn_view_condemn(DnArchive *self)
{
    g_autofree char *path = path_in(self->dir, condemned);
    dn_autofd int fd = dn_fs_open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        g_debug("cannot make %s: %s", path, g_strerror(errno));
}

/* *@out_other: whether it is of another program version. */
static bool
open_view(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
          bool *out_view_at_fault, bool *out_other, GError **error)
{
    g_autofree char *view_dir = path_in(self->dir, "view");
    g_autofree char *mark = path_in(self->dir, condemned);
    bool current = false;

    *out_other = false;
    *out_view_at_fault = true;
    if (g_file_test(mark, G_FILE_TEST_EXISTS))
        return dn_fail(error, DN_ERROR_CORRUPT, "a check has found it damaged");
    self->view = dn_kv_open(view_dir, dn_stream_cipher_apply, self->view_cipher, error);
    if (!self->view)
        return dn_fail_in(error, "view (run `dencho rebuild` if this stays)");
    if (!dn_view_is_current(self, &current, error))
        return false;
    *out_other = !current;
    if (!current)
        return dn_fail(error, DN_ERROR_CORRUPT, "its rows are those of another program version");
    if (!dn_view_build(self, progress, user_data, out_entries, out_view_at_fault, error))
        return false;
    /* Every opening reads these: damage to them is met while the view can still be built again. */
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);

    *out_view_at_fault = true;
    return tenants != NULL;
}

/* A view that another version has written is whole: it goes when the one that takes its place is
 * there, and comes back when a log that the other has written is not for this program. */
static const char aside[] = "view.before";

static bool
remove_view(DnArchive *self, GError **error)
{
    g_autofree char *view_dir = path_in(self->dir, "view");
    g_autofree char *aside_dir = path_in(self->dir, aside);
    g_autofree char *mark = path_in(self->dir, condemned);

    g_clear_pointer(&self->view, dn_kv_close);
    if (!dn_fs_remove_tree(view_dir, error) || !dn_fs_remove_tree(aside_dir, error))
        return false;
    return dn_fs_unlink(mark, error);
}

static bool
put_view_aside(DnArchive *self, GError **error)
{
    g_autofree char *view_dir = path_in(self->dir, "view");
    g_autofree char *aside_dir = path_in(self->dir, aside);

    g_clear_pointer(&self->view, dn_kv_close);
    return dn_fs_remove_tree(aside_dir, error) && dn_fs_rename(view_dir, aside_dir, error);
}

/* What went before it is no loss: it could not be brought up either. */
static void
put_view_back(DnArchive *self)
{
    g_autofree char *view_dir = path_in(self->dir, "view");
    g_autofree char *aside_dir = path_in(self->dir, aside);
    g_autoptr(GError) problem = NULL;

    g_clear_pointer(&self->view, dn_kv_close);
    if (!dn_fs_remove_tree(view_dir, &problem) || !dn_fs_rename(aside_dir, view_dir, &problem))
        g_message("the view of another version could not be put back: %s", problem->message);
}

/* @other: of another version, so that it is kept until the new one is there. */
static bool
build_again(DnArchive *self, bool other, DnProgress progress, void *user_data,
            uint64_t *out_entries, GError **error)
{
    g_autofree char *aside_dir = path_in(self->dir, aside);
    bool view_at_fault = false;
    bool still_other = false;

    if (!(other ? put_view_aside(self, error) : remove_view(self, error)))
        return false;
    if (!open_view(self, progress, user_data, out_entries, &view_at_fault, &still_other, error)) {
        if (other)
            put_view_back(self);
        return false;
    }
    return !other || dn_fs_remove_tree(aside_dir, error);
}

bool
dn_view_open(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
             GError **error)
{
    g_autoptr(GError) problem = NULL;
    bool view_at_fault = false;
    bool other = false;

    if (!self->view_cipher)
        self->view_cipher = dn_keyring_view_cipher(self->keys, error);
    if (!self->view_cipher)
        return false;
    if (open_view(self, progress, user_data, out_entries, &view_at_fault, &other, &problem))
        return true;
    if (!view_at_fault || !g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_message("the view is built again from the log: %s", problem->message);
    return build_again(self, other, progress, user_data, out_entries, error);
}

static DnArchive *
archive_new(const char *dir, const DnArchiveOptions *options)
{
    DnArchive *self = g_new0(DnArchive, 1);

    self->lock_fd = -1;
    self->dir = g_canonicalize_filename(dir, NULL);
    self->actor = g_strdup(options->actor ? options->actor : "unknown");
    self->worker_path = g_strdup(options->worker_path);
    self->passphrases = options->passphrases;
    self->heads = dn_heads_new();
    g_queue_init(&self->pending);
    self->lately = dn_lately_new();
    g_mutex_init(&self->hand_lock);
    g_cond_init(&self->hand_changed);
    g_mutex_init(&self->reader_lock);
    g_mutex_init(&self->write_lock);
    g_mutex_init(&self->apply_lock);
    g_mutex_init(&self->reserve_lock);
    g_mutex_init(&self->registry_lock);
    g_mutex_init(&self->registry_import_lock);
    g_mutex_init(&self->witness_lock);
    g_cond_init(&self->write_changed);
    for (int i = 0; i < DN_STRIPES; i++)
        g_mutex_init(&self->stripes[i]);
    return self;
}

/* @known (nullable): the master key, when it need not be asked for. */
static DnArchive *
open_log_only(const char *dir, const DnArchiveOptions *options, const DnSecret *known,
              GError **error)
{
    g_autoptr(DnArchive) self = archive_new(dir, options);

    if (!load_settings(self, error) || !take_lock(self, error))
        return NULL;
    g_autoptr(DnSecret) loaded =
        known ? NULL
              : dn_archive_master(self->dir, self->settings, options, &self->key_file,
                                  &self->key_protected, error);
    const DnSecret *master = known ? known : loaded;

    if (!master || !open_keys(self, master, options->key_fd > 0 || options->key_file, error) ||
        !open_log(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* A witness that cannot be brought up is no reason not to open; doctor says so. */
static void
write_witness(DnArchive *self)
{
    g_autoptr(GError) problem = NULL;

    if (!dn_witness_write(self, &problem))
        g_debug("witness: %s", problem->message);
}

static bool
check_witness(DnArchive *self, GError **error)
{
    if (!dn_witness_check(self, error))
        return false;
    write_witness(self);
    return true;
}

DnArchive *
dn_archive_open_all(const char *dir, const DnArchiveOptions *options, const DnSecret *master,
                    DnProgress progress, void *user_data, GError **error)
{
    g_autoptr(DnArchive) self = open_log_only(dir, options, master, error);
    uint64_t entries = 0;

    if (!self || !dn_view_open(self, progress, user_data, &entries, error) ||
        !dn_closing_complete(self, progress, user_data, error) || !check_witness(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* As its own ledger says. */
bool
dn_archive_use_tenant(DnArchive *self, const char *name, GError **error)
{
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);

    if (!tenants)
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        const json_t *row = g_ptr_array_index(tenants, i);

        if (g_strcmp0(dn_json_string(row, "name"), name) != 0)
            continue;
        if (dn_json_string(row, "closed"))
            return dn_fail(error, DN_ERROR_NOT_FOUND, "this tenant was closed at %s",
                           dn_json_string(row, "closed"));
        g_free(self->tenant_name);
        self->tenant_name = g_strdup(name);
        return dn_uuid_parse(dn_json_string(row, "tenant"), &self->tenant, error);
    }
    return dn_fail(error, DN_ERROR_NOT_FOUND,
                   "there is no such tenant; `dencho tenant list` shows them");
}

/* As dn_archive_open(), but what the log lacks is accepted: the view is built again from what there
 * is, and the ledger says so. Without anything to accept nothing is written. */
static DnArchive *
open_rolled_back(const char *dir, const DnArchiveOptions *options, GError **error)
{
    g_autoptr(DnArchive) self = open_log_only(dir, options, NULL, error);
    g_autoptr(GError) found = NULL;
    uint64_t entries = 0;

    if (!self)
        return NULL;
    if (!dn_view_open(self, NULL, NULL, &entries, &found)) {
        if (!g_error_matches(found, DN_ERROR, DN_ERROR_CORRUPT)) {
            g_propagate_error(error, g_steal_pointer(&found));
            return NULL;
        }
        if (!remove_view(self, error) || !dn_view_open(self, NULL, NULL, &entries, error))
            return NULL;
    }
    if (!found && !dn_witness_check(self, &found) &&
        !g_error_matches(found, DN_ERROR, DN_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&found));
        return NULL;
    }
    if (!dn_archive_use_tenant(self, options->tenant ? options->tenant : DN_DEFAULT_TENANT,
                               error) ||
        (found && !dn_witness_accept(self, found, options->accept_rollback, error)))
        return NULL;
    return g_steal_pointer(&self);
}

DnArchive *
dn_archive_open(const char *dir, const DnArchiveOptions *options, GError **error)
{
    g_autoptr(DnArchive) self = NULL;

    if (options->accept_rollback)
        return open_rolled_back(dir, options, error);
    self = dn_archive_open_all(dir, options, NULL, NULL, NULL, error);
    if (!self ||
        !dn_archive_use_tenant(self, options->tenant ? options->tenant : DN_DEFAULT_TENANT, error))
        return NULL;
    g_autoptr(GError) problem = NULL;

    /* A disk that is full must not keep anybody from reading; the next opening tries again. */
    if (!dn_settled_note(self, &problem))
        g_message("what dencho.conf settles could not be noted: %s", problem->message);
    return g_steal_pointer(&self);
}

DnArchive *
dn_archive_open_view_only(const char *dir, const DnArchiveOptions *options, GError **error)
{
    g_autoptr(DnArchive) self = archive_new(dir, options);

    if (!load_settings(self, error) || !take_lock(self, error))
        return NULL;
    g_autoptr(DnSecret) master = dn_archive_master(self->dir, self->settings, options,
                                                   &self->key_file, &self->key_protected, error);
    g_autofree char *view_dir = path_in(self->dir, "view");

    if (!master || !open_keys(self, master, options->key_fd > 0 || options->key_file, error) ||
        !(self->view_cipher = dn_keyring_view_cipher(self->keys, error)) ||
        !(self->view = dn_kv_open(view_dir, dn_stream_cipher_apply, self->view_cipher, error)) ||
        !dn_archive_use_tenant(self, options->tenant ? options->tenant : DN_DEFAULT_TENANT, error))
        return NULL;
    return g_steal_pointer(&self);
}

bool
dn_archive_rebuild(const char *dir, const DnArchiveOptions *options, DnProgress progress,
                   void *user_data, json_t **out_result, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_autoptr(DnArchive) self = open_log_only(dir, options, NULL, error);
    uint64_t entries = 0;
    uint64_t vouchers = 0;

    if (!self || !remove_view(self, error) ||
        !dn_view_open(self, progress, user_data, &entries, error) ||
        !dn_closing_complete(self, progress, user_data, error) ||
        !dn_archive_use_tenant(self, options->tenant ? options->tenant : DN_DEFAULT_TENANT,
                               error) ||
        !dn_view_count(self, &vouchers, error))
        return false;
    json_t *result = json_object();

    dn_json_set_int(result, "entries", (int64_t)entries);
    dn_json_set_int(result, "vouchers", (int64_t)vouchers);
    dn_json_take(result, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    *out_result = result;
    return true;
}

void
dn_archive_close(DnArchive *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->reader, dn_reader_free);
    dn_registry_close(self);
    if (self->view && self->witness_holds) {
        dn_reserve_release_if_low(self);
        write_witness(self);
    }
    g_clear_pointer(&self->view, dn_kv_close);
    g_clear_pointer(&self->view_cipher, dn_stream_cipher_free);
    g_clear_pointer(&self->lately, dn_lately_free);
    g_clear_pointer(&self->store, dn_store_close);
    g_clear_pointer(&self->keys, dn_keyring_free);
    g_clear_pointer(&self->heads, g_hash_table_unref);
    g_clear_pointer(&self->rules, dn_rules_free);
    g_clear_pointer(&self->settings, dn_settings_free);
    dn_clear_fd(&self->lock_fd);
    for (int i = 0; i < DN_STRIPES; i++)
        g_mutex_clear(&self->stripes[i]);
    g_mutex_clear(&self->hand_lock);
    g_cond_clear(&self->hand_changed);
    g_mutex_clear(&self->reader_lock);
    g_mutex_clear(&self->write_lock);
    g_mutex_clear(&self->apply_lock);
    g_mutex_clear(&self->reserve_lock);
    g_mutex_clear(&self->registry_lock);
    g_mutex_clear(&self->registry_import_lock);
    g_mutex_clear(&self->witness_lock);
    g_cond_clear(&self->write_changed);
    g_free(self->dir);
    g_free(self->key_file);
    g_free(self->actor);
    g_free(self->worker_path);
    g_free(self->tenant_name);
    g_free(self);
}

const char *
dn_archive_currency(const DnArchive *self)
{
    return dn_settings_string(self->settings, "reading", "currency");
}

uint64_t
dn_archive_max_document_bytes(const DnArchive *self)
{
    return self->limits.max_document_bytes;
}

unsigned
dn_archive_workers(const DnArchive *self)
{
    return (unsigned)dn_settings_int(self->settings, "reading", "workers");
}
