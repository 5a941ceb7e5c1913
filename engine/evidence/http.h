/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/http.h - one question to a server of an authority, and its answer.
 *
 * Nothing is followed, nothing is taken from the environment, and size and time are bounded: an
 * address may come from a certificate. It may also hold a password, so that messages name only the
 * host.
 *
 * Threads: any.
 */
#ifndef ENGINE_EVIDENCE_HTTP_H
#define ENGINE_EVIDENCE_HTTP_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef struct {
    const char *url;
    GBytes *body;        /* (nullable) posted; NULL: the question is a GET */
    const char *type;    /* media type of @body */
    const char *accept;  /* (nullable) media type of the answer */
    uint32_t timeout_ms; /* > 0 */
    size_t max_bytes;    /* of the answer */
    bool plain;          /* http alone: for what is signed, at addresses that others wrote */
} DnHttp;

/** (transfer full) "http://host:port" of an address that dn_http_ask() takes, or NULL. */
char *dn_http_host(const char *url, bool plain);

/** (transfer full) The body of a "200 OK"; *@out_type (nullable, transfer full): its media type,
 * made safe for a message. EXTERNAL, LIMIT. */
GBytes *dn_http_ask(const DnHttp *question, char **out_type, GError **error);

G_END_DECLS
#endif
