/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/reader.c - a pool of worker processes and the archive's side of worker/protocol.md.
 *
 * One slot a worker. A thread takes a slot, starts a worker in it if there is none, sends the job
 * and listens until the job is done, the time is over or the worker has gone.
 */
#include "config.h"
#include "engine/reader.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/memory.h"
#include "base/source.h"
#include "base/wire.h"
#include "engine/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKER_SOCKET_FD = 3 };
enum { PAGES_PER_WORKER = 200 };
enum { GRACE_MS = 5000 };     /* beyond the time that the worker is told to keep */
enum { PATIENCE_MS = 2000 };  /* for a worker to end by itself */
enum { EXIT_NO_MEMORY = 70 }; /* what a worker exits with when it may have no more memory */

typedef struct {
    pid_t pid; /* 0: no worker */
    int fd;    /* this end of its socket, -1 */
    unsigned pages;
    bool is_busy;
} Slot;

struct DnReader {
    char *worker_path;
    char *model;
    DnLimits limits;
    unsigned pages_per_worker;
    GMutex lock; /* of the slots' pid and is_busy */
    GCond slot_is_free;
    Slot *slots;
    unsigned count;
    GThreadPool *starter;
};

/* ---- starting and ending a worker ---- */

typedef struct {
    GMutex lock;
    GCond cond;
    bool is_done;
    Slot *slot;
    bool is_started;
    GError *error;
} Start;

/* The build tree's worker when this program is the build tree's too. */
static char *
find_worker(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
    g_autofree char *name = folder ? g_path_get_basename(folder) : NULL;

    if (g_strcmp0(name, "cli") == 0) {
        char *near = g_build_filename(folder, "..", "worker", "dencho-worker", NULL);

        if (g_file_test(near, G_FILE_TEST_IS_EXECUTABLE))
            return near;
        g_free(near);
    }
    return g_build_filename(DN_LIBEXECDIR, "dencho-worker", NULL);
}

/* Nothing of ours is handed down: a key in the environment or an open file would be a gift to
 * whoever takes the worker over. */
static char **
worker_environment(void)
{
    char **environment = g_environ_setenv(NULL, "LANG", "C.UTF-8", TRUE);
    const char *models = g_getenv("TESSDATA_PREFIX");

    environment = g_environ_setenv(environment, "HOME", "/nonexistent", TRUE);
    environment = g_environ_setenv(environment, "OMP_THREAD_LIMIT", "1", TRUE);
    if (models)
        environment = g_environ_setenv(environment, "TESSDATA_PREFIX", models, TRUE);
    return environment;
}

/* What libraries print on stderr may quote the document, so it goes nowhere unless somebody who is
 * debugging asks for it. */
static int
set_descriptors(posix_spawn_file_actions_t *actions, int socket_fd)
{
    int status = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (status == 0)
        status = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (status == 0 && !g_getenv("DENCHO_WORKER_STDERR"))
        status = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(actions, socket_fd, WORKER_SOCKET_FD);
    if (status == 0)
        status = posix_spawn_file_actions_addclosefrom_np(actions, WORKER_SOCKET_FD + 1);
    return status;
}

static int
spawn(const DnReader *self, int socket_fd, pid_t *out_pid)
{
    char memory[24];
    char *argv[] = {self->worker_path, self->model, memory, NULL};
    g_auto(GStrv) environment = worker_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;

    snprintf(memory, sizeof memory, "%" G_GUINT64_FORMAT, self->limits.max_memory_bytes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    int status = set_descriptors(&actions, socket_fd);

    if (status == 0 && DN_FAILPOINT("reader.spawn"))
        status = errno;
    if (status == 0)
        status = posix_spawn(out_pid, self->worker_path, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

static bool
start_in_slot(DnReader *self, Slot *slot, GError **error)
{
    dn_autofd int ours = -1;
    dn_autofd int theirs = -1;
    int pair[2];
    pid_t pid = 0;

    if (DN_FAILPOINT("reader.socket") ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return dn_fail_errno(error, "cannot make a socket for a worker");
    ours = pair[0];
    theirs = pair[1];
    int status = spawn(self, theirs, &pid);

    if (status != 0)
        return dn_fail(error, DN_ERROR_IO, "cannot start %s: %s", self->worker_path,
                       g_strerror(status));
    g_mutex_lock(&self->lock);
    slot->pid = pid;
    slot->fd = dn_steal_fd(&ours);
    slot->pages = 0;
    g_mutex_unlock(&self->lock);
    return true;
}

/* Runs in the starter's thread: a worker asks to be killed when its parent dies, and for the kernel
 * the parent is the thread that started it, which must therefore live as long as the pool. */
static void
run_start(void *data, void *user_data)
{
    Start *start = data;

    start->is_started = start_in_slot(user_data, start->slot, &start->error);
    g_mutex_lock(&start->lock);
    start->is_done = true;
    g_cond_signal(&start->cond);
    g_mutex_unlock(&start->lock);
}

static bool
start_worker(DnReader *self, Slot *slot, GError **error)
{
    Start start = {.slot = slot};

    if (g_thread_pool_get_num_threads(self->starter) == 0)
        return dn_fail(error, DN_ERROR_IO, "no thread to start workers from");
    g_mutex_init(&start.lock);
    g_cond_init(&start.cond);
    g_thread_pool_push(self->starter, &start, NULL);
    g_mutex_lock(&start.lock);
    while (!start.is_done)
        g_cond_wait(&start.cond, &start.lock);
    g_mutex_unlock(&start.lock);
    g_cond_clear(&start.cond);
    g_mutex_clear(&start.lock);
    if (!start.is_started)
        g_propagate_error(error, start.error);
    return start.is_started;
}

/* Closes the socket, which asks the worker to end, and insists after @patience_ms. True when it
 * ended by itself; *@out_status then says how. */
static bool
end_worker(DnReader *self, Slot *slot, int64_t patience_ms, int *out_status)
{
    enum { STEP_US = 2000 };
    int64_t end_ms = dn_clock_monotonic_ms() + patience_ms;
    pid_t pid = slot->pid;
    pid_t ended = 0;

    dn_clear_fd(&slot->fd);
    while ((ended = waitpid(pid, out_status, WNOHANG)) == 0 && dn_clock_monotonic_ms() < end_ms)
        g_usleep(STEP_US);
    if (ended == 0) {
        int status = 0;

        kill(-pid, SIGKILL); /* its group, should it have started others before the sandbox */
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    g_mutex_lock(&self->lock);
    slot->pid = 0;
    g_mutex_unlock(&self->lock);
    return ended == pid;
}

/* ---- one job ---- */

typedef enum {
    ENDED,    /* result or verdict; the worker is ready for the next job */
    GONE,     /* the worker has ended in the midst of the job */
    TOO_LATE, /* the time is over */
    NONSENSE, /* the worker does not keep to the protocol */
} Ending;

typedef struct {
    const DnReadJob *job;
    DnReadResult *result;
    GError *verdict;
    unsigned page;      /* the last that was done */
    char stage;         /* the last message but P: 0 J, then R T W V or E */
    DnReadResult *part; /* of the receipt that is being told of */
    unsigned parts;
} Exchange;

static json_t *
describe_job(const DnReader *self, const DnReadJob *job)
{
    const DnLimits *limits = &self->limits;
    json_t *object = json_object();
    json_t *profile = json_object();
    json_t *caps = json_object();

    dn_json_set_string(profile, "date_order", job->date_order);
    dn_json_set_string(profile, "currency", job->currency);
    dn_json_set_string(profile, "received", job->received);
    dn_json_set_int(caps, "document_bytes", (int64_t)limits->max_document_bytes);
    dn_json_set_int(caps, "page_pixels", (int64_t)limits->max_page_pixels);
    dn_json_set_int(caps, "side_px", limits->max_side_px);
    dn_json_set_int(caps, "pages", limits->max_pages);
    dn_json_set_int(caps, "document_ms", limits->max_document_ms);
    dn_json_set_int(caps, "page_ms", limits->max_page_ms);
    dn_json_set_int(caps, "output_bytes", limits->max_output_bytes);
    dn_json_set_int(caps, "attachments", limits->max_attachments);
    dn_json_take(object, "profile", profile);
    dn_json_take(object, "limits", caps);
    dn_json_set_string(object, "kind", job->kind);
    dn_json_set_bool(object, "rendition", job->rendition);
    dn_json_set_bool(object, "sheet", job->sheet);
    if (job->models)
        dn_json_set_bool(object, "models", true);
    if (job->area[2] > 0)
        dn_json_take(
            object, "area",
            json_pack("[i,i,i,i]", job->area[0], job->area[1], job->area[2], job->area[3]));
    if (job->page_image)
        dn_json_set_int(object, "page_image", job->page_image);
    return object;
}

/* Which messages may follow which; P may come until the reading does. */
static bool
is_in_order(const Exchange *exchange, DnWireType type)
{
    const struct {
        char stage;
        const char *next;
    } order[] = {{0, exchange->job->page_image ? "VE" : "PRE"}, {'R', "T"}, {'T', "W"},
                 {'W', exchange->job->sheet ? "RVD" : "VD"},    {'V', "D"}, {'E', "D"}};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (order[i].stage == exchange->stage)
            return strchr(order[i].next, (int)type) != NULL;
    return false;
}

static bool
take_message(Exchange *exchange, DnWireType type, GBytes *body, GError **error)
{
    DnReadResult *result = exchange->part;
    unsigned page = 0;

    if (!is_in_order(exchange, type))
        return dn_fail(error, DN_ERROR_FORMAT, "message %c is out of order", (char)type);
    if (type != DN_WIRE_PAGE)
        exchange->stage = (char)type;
    switch (type) {
    case DN_WIRE_PAGE:
        if (!dn_answer_page(body, &page, error))
            return false;
        if (page != exchange->page + 1)
            return dn_fail(error, DN_ERROR_FORMAT, "page %u follows page %u", page, exchange->page);
        exchange->page = page;
        if (exchange->job->progress)
            exchange->job->progress(page, exchange->job->user_data);
        return true;
    case DN_WIRE_READING:
        if (exchange->parts++ == DN_SHEET_RECEIPTS_MOST)
            return dn_fail(error, DN_ERROR_LIMIT, "more than %d receipts on a sheet",
                           DN_SHEET_RECEIPTS_MOST);
        if (result->reading)
            result = exchange->part = result->next = g_new0(DnReadResult, 1);
        result->reading = dn_answer_reading(body, error);
        return result->reading != NULL;
    case DN_WIRE_TEXT:
        result->text = g_bytes_ref(body);
        return dn_answer_check_text(body, error);
    case DN_WIRE_WORDS:
        result->words = g_bytes_ref(body);
        return dn_answer_check_words(body, error);
    case DN_WIRE_RENDITION:
        exchange->result->rendition = g_bytes_ref(body);
        return exchange->job->page_image ? dn_answer_check_png(body, error)
                                         : dn_answer_check_rendition(body, error);
    case DN_WIRE_ERROR:
        return dn_answer_verdict(body, &exchange->verdict, error);
    case DN_WIRE_DONE:
        return true;
    case DN_WIRE_JOB:
    default:
        return dn_fail(error, DN_ERROR_FORMAT, "message %c is not a worker's", (char)type);
    }
}

static Ending
listen_until_done(const DnReader *self, int fd, Exchange *exchange, GError **error)
{
    int64_t end_ms = dn_clock_monotonic_ms() + self->limits.max_document_ms + GRACE_MS;
    DnWireType type = 0;

    while (type != DN_WIRE_DONE) {
        g_autoptr(GBytes) body = NULL;
        g_autoptr(GError) problem = NULL;
        int64_t left_ms = MAX(0, end_ms - dn_clock_monotonic_ms());

        if (!dn_wire_receive(fd, self->limits.max_output_bytes, left_ms, &type, &body, NULL,
                             &problem)) {
            bool is_gone = dn_error_code(problem) == DN_ERROR_EXTERNAL;

            g_propagate_error(error, g_steal_pointer(&problem));
            return is_gone ? GONE : dn_clock_monotonic_ms() >= end_ms ? TOO_LATE : NONSENSE;
        }
        if (!take_message(exchange, type, body, error))
            return NONSENSE;
    }
    return ENDED;
}

static Ending
exchange_job(const DnReader *self, Slot *slot, GBytes *document, Exchange *exchange, GError **error)
{
    dn_autofd int document_fd = dn_source_memfd(document, error);

    if (document_fd < 0)
        return ENDED; /* with @error set: nothing was asked of the worker */
    g_autoptr(json_t) job = describe_job(self, exchange->job);
    g_autofree char *body = dn_json_line(job);

    if (!dn_wire_send(slot->fd, DN_WIRE_JOB, body, strlen(body), document_fd, error))
        return GONE;
    return listen_until_done(self, slot->fd, exchange, error);
}

/* ---- what went wrong ---- */

/* Words the end of a worker as the verdict on its document; true when a fresh worker may do
 * better. */
static bool
explain_end(const DnReader *self, int status, unsigned page, bool was_fresh, GError **error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_MEMORY) {
        dn_fail(error, DN_ERROR_LIMIT,
                "page %u needs more than the %" G_GUINT64_FORMAT
                " bytes of memory that are allowed",
                page, self->limits.max_memory_bytes);
        return !was_fresh;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        dn_fail(error, DN_ERROR_LIMIT, "page %u needs more processor time than is allowed", page);
        return false;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        dn_fail(error, DN_ERROR_LIMIT,
                "the worker was killed at page %u, most likely because memory was short", page);
    else if (WIFSIGNALED(status))
        dn_fail(error, DN_ERROR_EXTERNAL, "the worker ended on signal %d at page %u",
                WTERMSIG(status), page);
    else
        dn_fail(error, DN_ERROR_EXTERNAL, "the worker ended with status %d at page %u",
                WEXITSTATUS(status), page);
    return true;
}

/* *@out_again tells whether a failure is worth another try with a fresh worker. */
static bool
read_once(DnReader *self, Slot *slot, GBytes *document, const DnReadJob *job,
          DnReadResult **out_result, bool *out_again, GError **error)
{
    g_autoptr(DnReadResult) result = g_new0(DnReadResult, 1);
    g_autoptr(GError) problem = NULL;
    Exchange exchange = {.job = job, .result = result, .part = result};
    int status = 0;

    *out_again = false;
    if (slot->pid == 0 && !start_worker(self, slot, error))
        return false;
    bool was_fresh = slot->pages == 0;
    Ending ending = exchange_job(self, slot, document, &exchange, &problem);
    unsigned page = exchange.page + 1; /* the one that was being read */

    switch (ending) {
    case ENDED:
        slot->pages += exchange.page;
        if (slot->pages >= self->pages_per_worker)
            end_worker(self, slot, PATIENCE_MS, &status);
        if (problem || exchange.verdict) {
            g_propagate_error(error, problem ? g_steal_pointer(&problem)
                                             : g_steal_pointer(&exchange.verdict));
            return false;
        }
        *out_result = g_steal_pointer(&result);
        return true;
    case GONE:
        if (end_worker(self, slot, PATIENCE_MS, &status))
            *out_again = explain_end(self, status, page, was_fresh, error);
        else
            dn_fail(error, DN_ERROR_EXTERNAL, "the worker hung up at page %u", page);
        break;
    case TOO_LATE:
        end_worker(self, slot, 0, &status);
        dn_fail(error, DN_ERROR_LIMIT, "page %u was not read after the %u ms that are allowed",
                page, self->limits.max_document_ms);
        break;
    case NONSENSE:
    default:
        end_worker(self, slot, 0, &status);
        dn_fail(error, DN_ERROR_EXTERNAL, "the worker does not keep to the protocol: %s",
                problem->message);
        break;
    }
    g_clear_error(&exchange.verdict);
    return false;
}

/* ---- the pool ---- */

static Slot *
take_slot(DnReader *self)
{
    Slot *found = NULL;

    g_mutex_lock(&self->lock);
    while (!found) {
        /* One with a running worker first. */
        for (unsigned i = 0; i < self->count; i++)
            if (!self->slots[i].is_busy && (!found || (found->pid == 0 && self->slots[i].pid != 0)))
                found = &self->slots[i];
        if (!found)
            g_cond_wait(&self->slot_is_free, &self->lock);
    }
    found->is_busy = true;
    g_mutex_unlock(&self->lock);
    return found;
}

static void
give_slot(DnReader *self, Slot *slot)
{
    g_mutex_lock(&self->lock);
    slot->is_busy = false;
    g_cond_signal(&self->slot_is_free);
    g_mutex_unlock(&self->lock);
}

bool
dn_reader_read(DnReader *self, GBytes *document, const DnReadJob *job, DnReadResult **out_result,
               GError **error)
{
    static const DnReadJob defaults = {0};
    g_autoptr(GError) problem = NULL;
    bool again = false;

    if (g_bytes_get_size(document) > self->limits.max_document_bytes)
        return dn_fail(error, DN_ERROR_LIMIT, "%zu bytes, allowed are %" G_GUINT64_FORMAT,
                       g_bytes_get_size(document), self->limits.max_document_bytes);
    Slot *slot = take_slot(self);
    bool read =
        read_once(self, slot, document, job ? job : &defaults, out_result, &again, &problem);

    /* It may have been the document before that shook the worker. */
    if (!read && again) {
        g_clear_error(&problem);
        read = read_once(self, slot, document, job ? job : &defaults, out_result, &again, &problem);
    }
    give_slot(self, slot);
    if (!read)
        g_propagate_error(error, g_steal_pointer(&problem));
    return read;
}

DnReader *
dn_reader_new(const DnReaderOptions *options)
{
    static const DnReaderOptions defaults = {0};
    const DnReaderOptions *given = options ? options : &defaults;
    DnReader *self = g_new0(DnReader, 1);

    self->worker_path = given->worker_path ? g_strdup(given->worker_path) : find_worker();
    self->model = g_strdup(given->model ? given->model : "Japanese");
    self->limits = given->limits ? *given->limits : dn_limits_default;
    self->pages_per_worker = given->pages_per_worker ? given->pages_per_worker : PAGES_PER_WORKER;
    self->count = MAX(1, given->workers);
    self->slots = g_new0(Slot, self->count);
    for (unsigned i = 0; i < self->count; i++)
        self->slots[i].fd = -1;
    g_mutex_init(&self->lock);
    g_cond_init(&self->slot_is_free);
    self->starter = g_thread_pool_new(run_start, self, 1, TRUE, NULL);
    return self;
}

void
dn_reader_free(DnReader *self)
{
    if (!self)
        return;
    for (unsigned i = 0; i < self->count; i++) {
        int status = 0;

        g_assert(!self->slots[i].is_busy);
        if (self->slots[i].pid != 0)
            end_worker(self, &self->slots[i], PATIENCE_MS, &status);
    }
    g_thread_pool_free(self->starter, FALSE, TRUE);
    g_cond_clear(&self->slot_is_free);
    g_mutex_clear(&self->lock);
    g_free(self->slots);
    g_free(self->model);
    g_free(self->worker_path);
    g_free(self);
}

GArray *
dn_reader_worker_pids(DnReader *self)
{
    GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));

    g_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->count; i++)
        if (self->slots[i].pid != 0)
            g_array_append_val(pids, self->slots[i].pid);
    g_mutex_unlock(&self->lock);
    return pids;
}

void
dn_read_result_free(DnReadResult *self)
{
    if (!self)
        return;
    dn_read_result_free(self->next); /* at most DN_SHEET_RECEIPTS_MOST deep */
    json_decref(self->reading);
    g_clear_pointer(&self->text, g_bytes_unref);
    g_clear_pointer(&self->words, g_bytes_unref);
    g_clear_pointer(&self->rendition, g_bytes_unref);
    g_free(self);
}

GBytes *
dn_reader_page_image(DnReader *self, GBytes *document, unsigned page, GError **error)
{
    g_autoptr(DnReadResult) result = NULL;
    DnReadJob job = {.page_image = page};

    g_assert(page > 0);
    if (!dn_reader_read(self, document, &job, &result, error))
        return NULL;
    return g_steal_pointer(&result->rendition);
}

/* A blank page of 64 x 64 pixels. */
static const uint8_t probe_png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
    0x52, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x40, 0x01, 0x00, 0x00, 0x00, 0x00, 0x82,
    0x12, 0x4c, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8,
    0x0f, 0x05, 0x0c, 0xa3, 0x8c, 0x51, 0x06, 0xe9, 0x0c, 0x00, 0xe3, 0xd3, 0xfe, 0x10, 0x02,
    0xda, 0x6c, 0xe3, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

bool
dn_reader_probe(DnReader *self, json_t **out_models, GError **error)
{
    g_autoptr(GBytes) blank = g_bytes_new_static(probe_png, sizeof probe_png);
    const DnReadJob job = {.models = out_models != NULL};
    g_autoptr(DnReadResult) result = NULL;

    if (!dn_reader_read(self, blank, &job, &result, error))
        return false;
    json_t *models = json_object_get(result->reading, "models");

    if (out_models && !models)
        return dn_fail(error, DN_ERROR_EXTERNAL, "the worker does not say which models it has");
    if (out_models)
        *out_models = json_incref(models);
    return true;
}
