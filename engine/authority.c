/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/authority.c - the time-stamp authorities of the settings, asked in their order.
 *
 * The first that gives a token that holds wins. When none does, all are asked again after a pause
 * that doubles each time, so that an outage of seconds is not an outage of the batch; what an
 * authority refuses for good (a policy, a digest) is not asked again. A token that holds may still
 * be of nobody that the trust list knows: that is shown, not refused.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 60000, MOST_AUTHORITIES = 16 };

/* (transfer full) ended by NULL. */
static char **
authority_urls(const DnArchive *self)
{
    const char *text = dn_settings_string(self->settings, "evidence", "tsa-url");
    g_auto(GStrv) words = g_strsplit_set(text, " ;", -1);
    g_autoptr(GPtrArray) urls = g_ptr_array_new();

    for (size_t i = 0; words[i] && urls->len < MOST_AUTHORITIES; i++)
        if (*words[i])
            g_ptr_array_add(urls, g_strdup(words[i]));
    g_ptr_array_add(urls, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&urls), FALSE);
}

bool
dn_authority_is_set(const DnArchive *self)
{
    g_auto(GStrv) urls = authority_urls(self);

    return urls[0] != NULL;
}

/* A token that was just made, by a signer of whom no proof that is current is kept. */
static bool
authority_check_signer(DnArchive *self, DnTrust *trust, GBytes *token, const DnTokenInfo *info,
                       DnProofs **out_proofs, GError **error)
{
    g_autoptr(DnProofs) proofs = NULL;

    if (!info->trusted || info->revocation.state != DN_REVOCATION_UNKNOWN)
        return true;
    proofs = dn_revocation_ask(self, trust, token, error);
    if (!proofs)
        return false;
    if (proofs->revocation.state == DN_REVOCATION_REVOKED) {
        g_autofree char *text = dn_revocation_text(&proofs->revocation);

        /* It concerns the stamps that were made before as well. */
        return dn_revocation_keep(self, proofs, info->signer, info->authority, error) &&
               dn_fail(error, DN_ERROR_EXTERNAL, "the signer of %s was %s", info->authority, text);
    }
    *out_proofs = g_steal_pointer(&proofs);
    return true;
}

static GBytes *
authority_ask_one(DnArchive *self, const char *url, DnTrust *trust, const DnHash *imprint,
                  DnTokenInfo *out_info, DnProofs **out_proofs, GError **error)
{
    const char *policy = dn_settings_string(self->settings, "evidence", "tsa-policy");
    DnTsa tsa = {
        .url = url,
        .policy = *policy ? policy : NULL,
        .timeout_ms = (uint32_t)CLAMP(dn_settings_int(self->settings, "evidence", "tsa-timeout-ms"),
                                      1, G_MAXINT32),
    };
    g_autoptr(GBytes) token = dn_tsa_stamp(&tsa, imprint, error);
    g_autoptr(GError) problem = NULL;
    g_auto(DnTokenInfo) info = {0};

    if (!token)
        return NULL;
    if (!dn_token_verify(token, imprint, trust, &info, &problem)) /* it is revoked, as is known */
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "%s", problem->message);
    if (!authority_check_signer(self, trust, token, &info, out_proofs, error))
        return NULL;
    *out_info = info;
    memset(&info, 0, sizeof info);
    return g_steal_pointer(&token);
}

GBytes *
dn_authority_ask(DnArchive *self, DnTrust *trust, const DnHash *imprint, DnTokenInfo *out_info,
                 DnProofs **out_proofs, GError **error)
{
    int64_t rounds = CLAMP(dn_settings_int(self->settings, "evidence", "tsa-rounds"), 1, 100);
    g_auto(GStrv) urls = authority_urls(self);
    g_autoptr(GError) last = NULL;
    int64_t pause_ms = FIRST_PAUSE_MS;

    if (!urls[0])
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "no time-stamp authority is set; write its address into dencho.conf as "
                            "[evidence] tsa-url");
    for (int64_t round = 0; round < rounds; round++) {
        if (round > 0) {
            g_usleep((gulong)pause_ms * 1000);
            pause_ms = MIN(2 * pause_ms, LONGEST_PAUSE_MS);
        }
        for (size_t i = 0; urls[i]; i++) {
            GBytes *token = NULL;

            g_clear_error(&last);
            token = authority_ask_one(self, urls[i], trust, imprint, out_info, out_proofs, &last);
            if (token)
                return token;
            if (g_error_matches(last, DN_ERROR, DN_ERROR_INVALID)) {
                g_propagate_error(error, g_steal_pointer(&last));
                return NULL;
            }
            g_message("%s", last->message);
        }
    }
    g_propagate_error(error, g_steal_pointer(&last));
    return NULL;
}
