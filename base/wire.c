/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/wire.c - framed messages with descriptors over a UNIX stream socket.
 */
#include "config.h"
#include "base/wire.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_BYTES = 5 };

static bool
send_all(int fd, const uint8_t *bytes, size_t size, int pass_fd, GError **error)
{
    while (size > 0) {
        union {
            struct cmsghdr head;
            char room[CMSG_SPACE(sizeof(int))];
        } control = {0};
        struct iovec part = {(void *)(uintptr_t)bytes, size};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

        if (pass_fd >= 0) {
            message.msg_control = control.room;
            message.msg_controllen = sizeof control.room;
            struct cmsghdr *head = CMSG_FIRSTHDR(&message);

            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(head), &pass_fd, sizeof pass_fd);
        }
        ssize_t sent = DN_FAILPOINT("wire.send") ? -1 : sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return dn_fail(error, DN_ERROR_EXTERNAL, "the other process has gone");
        if (sent < 0)
            return dn_fail_errno(error, "cannot send");
        pass_fd = -1;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool
dn_wire_send(int fd, DnWireType type, const void *bytes, size_t size, int pass_fd, GError **error)
{
    uint8_t head[HEAD_BYTES] = {(uint8_t)type};

    if (size > UINT32_MAX)
        return dn_fail(error, DN_ERROR_LIMIT, "a message of %zu bytes is too long", size);
    dn_put_be(head + 1, size, HEAD_BYTES - 1);
    return send_all(fd, head, sizeof head, pass_fd, error) && send_all(fd, bytes, size, -1, error);
}

static bool
wait_readable(int fd, int64_t deadline_ms, GError **error)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    for (;;) {
        int64_t left = deadline_ms < 0 ? -1 : MAX(0, deadline_ms - dn_clock_monotonic_ms());
        int ready = DN_FAILPOINT("wire.poll") ? -1 : poll(&poll_fd, 1, (int)MIN(left, G_MAXINT));

        if (ready > 0)
            return true;
        if (ready == 0)
            return dn_fail(error, DN_ERROR_LIMIT, "no answer in time");
        if (errno != EINTR)
            return dn_fail_errno(error, "cannot wait for the other process");
    }
}

static bool
receive_all(int fd, uint8_t *bytes, size_t size, int64_t deadline_ms, int *got_fd, GError **error)
{
    while (size > 0) {
        union {
            struct cmsghdr head;
            char room[CMSG_SPACE(sizeof(int))];
        } control = {0};
        struct iovec part = {bytes, size};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control.room,
                                 .msg_controllen = sizeof control.room};

        if (!wait_readable(fd, deadline_ms, error))
            return false;
        ssize_t got = DN_FAILPOINT("wire.receive") ? -1 : recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return dn_fail(error, DN_ERROR_EXTERNAL, "the other process has gone");
        if (got < 0)
            return dn_fail_errno(error, "cannot receive");
        for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head;
             head = CMSG_NXTHDR(&message, head))
            if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
                dn_clear_fd(got_fd);
                memcpy(got_fd, CMSG_DATA(head), sizeof *got_fd);
            }
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

bool
dn_wire_receive(int fd, uint32_t max_bytes, int64_t timeout_ms, DnWireType *out_type,
                GBytes **out_body, int *out_fd, GError **error)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : dn_clock_monotonic_ms() + timeout_ms;
    uint8_t head[HEAD_BYTES];
    dn_autofd int passed = -1;

    if (!receive_all(fd, head, sizeof head, deadline_ms, &passed, error))
        return false;
    uint32_t size = (uint32_t)dn_get_be(head + 1, HEAD_BYTES - 1);

    if (!memchr("JPRTWVED", head[0], 8))
        return dn_fail(error, DN_ERROR_FORMAT, "unknown message type %u", head[0]);
    if (size > max_bytes)
        return dn_fail(error, DN_ERROR_LIMIT, "a message of %u bytes, allowed are %u", size,
                       max_bytes);
    g_autofree uint8_t *body = dn_try_array(size, 1, error);

    if (!body || !receive_all(fd, body, size, deadline_ms, &passed, error))
        return false;
    *out_type = head[0];
    *out_body = g_bytes_new_take(g_steal_pointer(&body), size);
    if (out_fd)
        *out_fd = dn_steal_fd(&passed);
    return true;
}
