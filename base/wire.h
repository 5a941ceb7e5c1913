/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/wire.h - messages between the archive and its worker process, over one socket.
 *
 * A message is a type byte, a length (32 bits, big-endian) and that many bytes; a descriptor may
 * ride along. The peer may be compromised: lengths are capped by the reader before it allocates,
 * and an unknown type is FORMAT.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef enum {
    DN_WIRE_JOB = 'J',       /* to the worker: JSON of what to do, with the document's descriptor */
    DN_WIRE_PAGE = 'P',      /* from it: JSON {"page":n}, a page is done */
    DN_WIRE_READING = 'R',   /* JSON: media type, pages, fields, checks (worker/protocol.h) */
    DN_WIRE_TEXT = 'T',      /* UTF-8: what was read, pages parted by form feeds */
    DN_WIRE_WORDS = 'W',     /* JSON: words with boxes and confidences */
    DN_WIRE_RENDITION = 'V', /* a searchable PDF */
    DN_WIRE_ERROR = 'E',     /* JSON {"code","message"}: the verdict on the document */
    DN_WIRE_DONE = 'D',      /* the job has ended; empty */
} DnWireType;

/** Sends one message on the blocking socket @fd; @pass_fd < 0 passes none. IO; a peer that has gone
 * is EXTERNAL and raises no SIGPIPE. */
bool dn_wire_send(int fd, DnWireType type, const void *bytes, size_t size, int pass_fd,
                  GError **error);

/** Receives one message within @timeout_ms (negative: no limit). @out_fd may be NULL: then a passed
 * descriptor is closed. LIMIT for a body above @max_bytes or no message in time, EXTERNAL when the
 * peer has gone, FORMAT, IO. */
bool dn_wire_receive(int fd, uint32_t max_bytes, int64_t timeout_ms, DnWireType *out_type,
                     GBytes **out_body, int *out_fd, GError **error);

G_END_DECLS
#endif
