/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/authority.c - dencho-tsa as a child process, and a server that parrots.
 */
#include "config.h"
#include "tests/unit/evidence/authority.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/memory.h"

enum { STAMP_TIMEOUT_MS = 20000 };

TempFolder *
temp_folder_new(void)
{
    g_autoptr(GError) error = NULL;
    char *path = g_dir_make_tmp("dencho-evidence-XXXXXX", &error);

    g_assert_no_error(error);
    return path;
}

void
temp_folder_free(TempFolder *self)
{
    g_autoptr(GError) error = NULL;

    dn_fs_remove_tree(self, &error);
    g_assert_no_error(error);
    g_free(self);
}

void
write_text(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

/* --- dencho-tsa --- */

struct Authority {
    GPid pid;
    char *url;
};

/* A test that is killed takes its authority along. */
static void
authority_follow_parent(void *unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static char **
authority_command(const char *verb, const char *folder, const char *arguments)
{
    g_autoptr(GPtrArray) command = g_ptr_array_new();
    g_auto(GStrv) more = g_strsplit(arguments ? arguments : "", " ", -1);
    const char *build = g_getenv("DENCHO_BUILDDIR");

    g_ptr_array_add(command, g_build_filename(build ? build : ".", "tools", "dencho-tsa", NULL));
    g_ptr_array_add(command, g_strdup(verb));
    g_ptr_array_add(command, g_strdup(folder));
    for (size_t i = 0; more[i]; i++)
        if (more[i][0] != '\0')
            g_ptr_array_add(command, g_strdup(more[i]));
    g_ptr_array_add(command, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&command), FALSE);
}

void
authority_init(const char *folder, const char *arguments)
{
    authority_run("init", folder, arguments);
}

void
authority_run(const char *verb, const char *folder, const char *arguments)
{
    g_auto(GStrv) command = authority_command(verb, folder, arguments);
    g_autoptr(GError) error = NULL;
    int status = -1;

    g_spawn_sync(NULL, command, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

Authority *
authority_start(const char *folder, const char *arguments)
{
    Authority *self = g_new0(Authority, 1);
    g_auto(GStrv) command = authority_command("serve", folder, arguments);
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    dn_autofd int out = -1;
    char byte = 0;

    g_spawn_async_with_pipes(NULL, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                             authority_follow_parent, NULL, &self->pid, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    while (read(out, &byte, 1) == 1 && byte != '\n')
        g_string_append_c(line, byte);
    g_assert_true(g_str_has_prefix(line->str, "http://127.0.0.1:"));
    self->url = g_strdup(line->str);
    return self;
}

const char *
authority_url(const Authority *self)
{
    return self->url;
}

void
authority_free(Authority *self)
{
    int status = -1;

    if (!self)
        return;
    g_assert_cmpint(kill(self->pid, SIGTERM), ==, 0);
    g_assert_cmpint(waitpid(self->pid, &status, 0), ==, self->pid);
    g_assert_cmpint(status, ==, 0);
    g_spawn_close_pid(self->pid);
    g_free(self->url);
    g_free(self);
}

GBytes *
authority_stamp(const char *folder, const char *arguments, const DnHash *imprint)
{
    g_autoptr(Authority) authority = authority_start(folder, arguments);
    g_autoptr(GError) error = NULL;
    GBytes *token = dn_tsa_stamp(&(DnTsa){.url = authority->url, .timeout_ms = STAMP_TIMEOUT_MS},
                                 imprint, &error);

    g_assert_no_error(error);
    g_assert_nonnull(token);
    return token;
}

DnTrust *
authority_trust(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "trust.conf", NULL);
    g_autoptr(GError) error = NULL;
    DnTrust *trust = dn_trust_load(path, &error);

    g_assert_no_error(error);
    return trust;
}

DnTrust *
trust_of(const char *folder, const char *lines)
{
    g_autofree char *path = g_build_filename(folder, "of.conf", NULL);
    g_autofree char *text = g_strdup_printf("[authority test]\n%s\n", lines);
    g_autoptr(GError) error = NULL;
    DnTrust *trust = NULL;

    write_text(folder, "of.conf", text);
    trust = dn_trust_load(path, &error);
    g_assert_no_error(error);
    return trust;
}

/* --- the parrot --- */

struct Parrot {
    int listener;
    GMutex lock;
    GBytes *answer; /* under the lock */
    char *url;
    GThread *thread;
};

static void
parrot_talk(Parrot *self, int fd)
{
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GString) request = g_string_new(NULL);
    const char *body = NULL;
    size_t size = 0;
    const char *bytes = NULL;
    char buffer[4096];
    ssize_t count = 0;

    /* A request of dencho is a GET, or one POST with a length; its body follows the empty line. */
    for (;;) {
        const char *length = strstr(request->str, "Content-Length: ");
        const char *end = strstr(request->str, "\r\n\r\n");

        body = end ? end + 4 : NULL;
        if (body && (!length || (size_t)(request->str + request->len - body) >=
                                    strtoul(length + 16, NULL, 10)))
            break;
        count = recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0)
            return;
        g_string_append_len(request, buffer, count);
    }
    g_mutex_lock(&self->lock);
    answer = self->answer ? g_bytes_ref(self->answer) : NULL;
    g_mutex_unlock(&self->lock);
    if (answer)
        bytes = g_bytes_get_data(answer, &size);
    while (size > 0 && (count = send(fd, bytes, size, MSG_NOSIGNAL)) > 0) {
        bytes += count;
        size -= (size_t)count;
    }
    shutdown(fd, SHUT_WR);
    /* Until the peer has gone: silence is an answer too. */
    if (!answer || size == 0)
        while (recv(fd, buffer, sizeof buffer, 0) > 0)
            continue;
}

static void *
parrot_run(void *data)
{
    Parrot *self = data;

    for (;;) {
        dn_autofd int fd = accept(self->listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        parrot_talk(self, fd);
    }
}

Parrot *
parrot_start(GBytes *answer)
{
    Parrot *self = g_new0(Parrot, 1);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;

    g_mutex_init(&self->lock);
    self->answer = answer ? g_bytes_ref(answer) : NULL;
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(self->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(self->listener, 4), ==, 0);
    g_assert_cmpint(getsockname(self->listener, (struct sockaddr *)&address, &size), ==, 0);
    self->url = g_strdup_printf("http://127.0.0.1:%d/tsa", ntohs(address.sin_port));
    self->thread = g_thread_new("parrot", parrot_run, self);
    return self;
}

const char *
parrot_url(const Parrot *self)
{
    return self->url;
}

void
parrot_teach(Parrot *self, GBytes *answer)
{
    g_mutex_lock(&self->lock);
    g_clear_pointer(&self->answer, g_bytes_unref);
    self->answer = g_bytes_ref(answer);
    g_mutex_unlock(&self->lock);
}

void
parrot_free(Parrot *self)
{
    if (!self)
        return;
    shutdown(self->listener, SHUT_RDWR); /* wakes accept() */
    g_thread_join(self->thread);
    close(self->listener);
    g_clear_pointer(&self->answer, g_bytes_unref);
    g_mutex_clear(&self->lock);
    g_free(self->url);
    g_free(self);
}

GBytes *
parrot_answer(const char *status, const void *body, size_t size)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *head =
        g_strdup_printf("HTTP/1.1 %s\r\nContent-Type: application/timestamp-reply\r\n"
                        "Location: file:///etc/passwd\r\nConnection: close\r\n\r\n",
                        status);

    g_byte_array_append(out, (const guint8 *)head, (guint)strlen(head));
    if (size > 0)
        g_byte_array_append(out, body, (guint)size);
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}
