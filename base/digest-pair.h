/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/digest-pair.h - SHA-256 (FIPS 180-4) of two streams in the time of one.
 *
 * A processor with instructions for SHA-256 waits for each of them before it can begin the next;
 * two independent streams fill each other's gaps. Who seals a document needs two digests, of the
 * document and of its sealed form, and has the bytes of both at hand at the same moment. On other
 * processors OpenSSL makes the two one after the other.
 *
 * Threads: one at a time. What is held of the streams is wiped.
 */
#ifndef BASE_DIGEST_PAIR_H
#define BASE_DIGEST_PAIR_H

#include "base/digest.h"

G_BEGIN_DECLS

typedef struct DnDigestPair DnDigestPair;
DnDigestPair *dn_digest_pair_new(void);

/** More of each stream; of one of them that may be nothing, and both need not be equally long. */
void dn_digest_pair_add(DnDigestPair *self, const void *first, size_t first_size,
                        const void *second, size_t second_size);

/** The digests of all that was added; call it once. */
void dn_digest_pair_finish(DnDigestPair *self, DnSha256 *out_first, DnSha256 *out_second);
void dn_digest_pair_free(DnDigestPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnDigestPair, dn_digest_pair_free)

/** Whether this processor hashes two at once. */
bool dn_digest_pair_is_one_pass(void);
/** Tests set it: pairs made from then on are hashed by OpenSSL, as on other processors. */
extern bool dn_digest_pair_by_openssl;

G_END_DECLS
#endif
