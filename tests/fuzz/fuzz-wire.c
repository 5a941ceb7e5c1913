/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-wire.c - frames of the socket between archive and worker.
 */
#include "config.h"
#include "fuzz.h"

#include "base/wire.h"

#include <sys/socket.h>

enum { SENT_MOST = 64 * 1024, BODY_MOST = 16 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2] = {-1, -1};
    DnWireType type;
    bool more = true;

    if (size > SENT_MOST) /* it must fit the socket: nobody reads at the same time */
        return 0;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    g_assert_true(send(fds[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    close(fds[0]);
    while (more) {
        g_autoptr(GBytes) body = NULL;

        more = dn_wire_receive(fds[1], BODY_MOST, 1000, &type, &body, NULL, NULL);
        if (more)
            g_assert_cmpuint(g_bytes_get_size(body), <=, BODY_MOST);
    }
    close(fds[1]);
    return 0;
}
