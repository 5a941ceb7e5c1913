/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/digest-pair.c - two SHA-256 side by side, with the SHA instructions of x86-64.
 *
 * The instructions want the eight words of the state as (a, b, e, f) and (c, d, g, h). Each pair of
 * sha256rnds2 does four rounds of one stream, and is followed by the pair of the other. A lane that
 * has more than its neighbour goes on beside an idle one, at the speed of one stream.
 *
 * The tests compare both ways with OpenSSL, for all sizes around the ends of blocks.
 */
#include "config.h"
#include "base/bytes.h"
#include "base/digest-pair.h"

#include <openssl/crypto.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

enum { BLOCK = 64, WORDS = 8, LENGTH_BYTES = 8 };

typedef struct {
    uint32_t state[WORDS];
    uint64_t bytes;
    uint8_t rest[BLOCK]; /* the beginning of a block: bytes % BLOCK of it */
} Lane;

struct DnDigestPair {
    DnDigest *by_openssl[2]; /* (nullable) then the lanes are not used */
    Lane lanes[2];
};

bool dn_digest_pair_by_openssl;

#if defined(__x86_64__)

static const uint32_t rounds[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

typedef struct {
    __m128i abef;
    __m128i cdgh;
} Packed;

WITH_SHA static inline Packed
pack(const uint32_t state[WORDS])
{
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)state);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));

    low = _mm_shuffle_epi32(low, 0xb1);
    high = _mm_shuffle_epi32(high, 0x1b);
    return (Packed){_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)};
}

WITH_SHA static inline void
unpack(Packed packed, uint32_t state[WORDS])
{
    __m128i low = _mm_shuffle_epi32(packed.abef, 0x1b);
    __m128i high = _mm_shuffle_epi32(packed.cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

/* Sixteen bytes of a block as four words. */
WITH_SHA static inline __m128i
words(const uint8_t *bytes)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)bytes), order);
}

/* The four words of the schedule that follow the sixteen in @w, of which w[i % 4] are the oldest.
 */
WITH_SHA static inline __m128i
schedule(const __m128i w[4], int i)
{
    __m128i sum = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);

    sum = _mm_add_epi32(sum, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
    return _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
}

/* @count blocks of each lane. */
WITH_SHA static void
hash_blocks(uint32_t state_a[WORDS], const uint8_t *a, uint32_t state_b[WORDS], const uint8_t *b,
            size_t count)
{
    Packed one = pack(state_a);
    Packed two = pack(state_b);

    for (; count > 0; count--, a += BLOCK, b += BLOCK) {
        Packed one_before = one;
        Packed two_before = two;
        __m128i v[4];
        __m128i w[4];

        for (int i = 0; i < 4; i++) {
            v[i] = words(a + (ptrdiff_t)16 * i);
            w[i] = words(b + (ptrdiff_t)16 * i);
        }
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            __m128i constants = _mm_load_si128((const __m128i *)(const void *)(rounds + 4 * i));
            __m128i x = _mm_add_epi32(v[i % 4], constants);
            __m128i y = _mm_add_epi32(w[i % 4], constants);

            one.cdgh = _mm_sha256rnds2_epu32(one.cdgh, one.abef, x);
            two.cdgh = _mm_sha256rnds2_epu32(two.cdgh, two.abef, y);
            one.abef = _mm_sha256rnds2_epu32(one.abef, one.cdgh, _mm_shuffle_epi32(x, 0x0e));
            two.abef = _mm_sha256rnds2_epu32(two.abef, two.cdgh, _mm_shuffle_epi32(y, 0x0e));
            if (i < 12) {
                v[i % 4] = schedule(v, i);
                w[i % 4] = schedule(w, i);
            }
        }
        one.abef = _mm_add_epi32(one.abef, one_before.abef);
        one.cdgh = _mm_add_epi32(one.cdgh, one_before.cdgh);
        two.abef = _mm_add_epi32(two.abef, two_before.abef);
        two.cdgh = _mm_add_epi32(two.cdgh, two_before.cdgh);
    }
    unpack(one, state_a);
    unpack(two, state_b);
}

static bool
has_sha(void)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    const unsigned needed = bit_SSSE3 | bit_SSE4_1;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & needed) != needed)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

bool
dn_digest_pair_is_one_pass(void)
{
    static gsize known; /* 1: no, 2: yes */

    if (g_once_init_enter(&known))
        g_once_init_leave(&known, has_sha() ? 2 : 1);
    return known == 2;
}

#else

static void
hash_blocks(uint32_t *state_a, const uint8_t *a, uint32_t *state_b, const uint8_t *b, size_t count)
{
    (void)state_a;
    (void)a;
    (void)state_b;
    (void)b;
    (void)count;
    g_assert_not_reached();
}

bool
dn_digest_pair_is_one_pass(void)
{
    return false;
}

#endif

/* --- lanes --- */

static void
hash_alone(Lane *lane, const uint8_t *bytes, size_t count)
{
    uint32_t idle[WORDS] = {0};

    if (count > 0)
        hash_blocks(lane->state, bytes, idle, bytes, count);
}

/* Completes the block that was begun, if there is one. */
static void
top_up(Lane *lane, const uint8_t **bytes, size_t *size)
{
    size_t begun = lane->bytes % BLOCK;
    size_t piece = begun ? MIN(BLOCK - begun, *size) : 0;

    if (piece == 0)
        return;
    memcpy(lane->rest + begun, *bytes, piece);
    lane->bytes += piece;
    *bytes += piece;
    *size -= piece;
    if (begun + piece == BLOCK)
        hash_alone(lane, lane->rest, 1);
}

/* What is left after the blocks that both lanes had. */
static void
add_rest(Lane *lane, const uint8_t *bytes, size_t size)
{
    size_t blocks = size / BLOCK;

    hash_alone(lane, bytes, blocks);
    if (size % BLOCK > 0)
        memcpy(lane->rest, bytes + blocks * BLOCK, size % BLOCK);
    lane->bytes += size;
}

static DnSha256
finish_lane(Lane *lane)
{
    static const uint8_t one_bit = 0x80;
    static const uint8_t zeros[BLOCK];
    uint64_t bits = lane->bytes * 8;
    uint8_t length[LENGTH_BYTES];
    const uint8_t *next = &one_bit;
    size_t size = 1;
    DnSha256 digest;

    if (lane->bytes % BLOCK == 0)
        add_rest(lane, next, size);
    else
        top_up(lane, &next, &size);
    next = zeros;
    size = (2 * BLOCK - LENGTH_BYTES - lane->bytes % BLOCK) % BLOCK;
    top_up(lane, &next, &size);
    add_rest(lane, next, size);
    dn_put_be(length, bits, sizeof length);
    next = length;
    size = sizeof length;
    top_up(lane, &next, &size);
    for (size_t i = 0; i < WORDS; i++)
        dn_put_be(digest.bytes + 4 * i, lane->state[i], 4);
    return digest;
}

/* --- the pair --- */

DnDigestPair *
dn_digest_pair_new(void)
{
    static const uint32_t initial[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    DnDigestPair *self = g_new0(DnDigestPair, 1);

    for (int i = 0; i < 2; i++) {
        memcpy(self->lanes[i].state, initial, sizeof initial);
        if (dn_digest_pair_by_openssl || !dn_digest_pair_is_one_pass())
            self->by_openssl[i] = dn_digest_new();
    }
    return self;
}

void
dn_digest_pair_add(DnDigestPair *self, const void *first, size_t first_size, const void *second,
                   size_t second_size)
{
    const uint8_t *a = first;
    const uint8_t *b = second;
    Lane *lane_a = &self->lanes[0];
    Lane *lane_b = &self->lanes[1];
    size_t both = 0;

    if (self->by_openssl[0]) {
        dn_digest_add(self->by_openssl[0], first, first_size);
        dn_digest_add(self->by_openssl[1], second, second_size);
        return;
    }
    top_up(lane_a, &a, &first_size);
    top_up(lane_b, &b, &second_size);
    both = MIN(first_size, second_size) / BLOCK;
    if (both > 0) {
        hash_blocks(lane_a->state, a, lane_b->state, b, both);
        lane_a->bytes += both * BLOCK;
        lane_b->bytes += both * BLOCK;
        a += both * BLOCK;
        b += both * BLOCK;
    }
    add_rest(lane_a, a, first_size - both * BLOCK);
    add_rest(lane_b, b, second_size - both * BLOCK);
}

void
dn_digest_pair_finish(DnDigestPair *self, DnSha256 *out_first, DnSha256 *out_second)
{
    if (self->by_openssl[0]) {
        *out_first = dn_digest_finish(self->by_openssl[0]);
        *out_second = dn_digest_finish(self->by_openssl[1]);
        return;
    }
    *out_first = finish_lane(&self->lanes[0]);
    *out_second = finish_lane(&self->lanes[1]);
}

void
dn_digest_pair_free(DnDigestPair *self)
{
    if (!self)
        return;
    dn_digest_free(self->by_openssl[0]);
    dn_digest_free(self->by_openssl[1]);
    OPENSSL_cleanse(self->lanes, sizeof self->lanes);
    g_free(self);
}
