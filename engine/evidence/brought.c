/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/brought.c - finds a sender's time stamp and holds it against the document.
 *
 * The PDF is not parsed. A /ByteRange that leaves out nothing but one hexadecimal string, which is
 * a token and zeros, binds every other byte of the file once the token verifies: whatever a reader
 * of PDF makes of those bytes, they existed at the token's time. So a search for the words is
 * enough, and what looks like one by chance proves nothing.
 */
#include "config.h"
#include "engine/evidence/brought.h"
#include "engine/evidence/token.h"
#include "engine/evidence/x509.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

enum { RANGES_MOST = 64 };

void
dn_brought_clear(DnBrought *self)
{
    g_clear_pointer(&self->token, g_bytes_unref);
}

/* --- beside the document --- */

/* The size of the DER object at the head of @bytes with its header; 0 when it is none. */
static size_t
object_size(const uint8_t *bytes, size_t size)
{
    const unsigned char *at = bytes;
    long length = 0;
    int tag = 0;
    int class = 0;
    int form = size > 0 ? ASN1_get_object(&at, &length, &tag, &class, (long)size) : 0x80;

    if (form != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || length < 0)
        return 0;
    return (size_t)(at - bytes) + (size_t)length;
}

bool
dn_brought_beside(GBytes *bytes, DnBrought *out_brought, GError **error)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);

    if (size > DN_BROUGHT_MAX_BYTES)
        return dn_fail(error, DN_ERROR_LIMIT, "%zu bytes, a token has %d at the most", size,
                       DN_BROUGHT_MAX_BYTES);
    GBytes *token = dn_token_of_response(bytes);

    if (!token && object_size(data, size) == size && size > 0 &&
        dn_token_digest(bytes) != NID_undef)
        token = g_bytes_ref(bytes);
    if (!token)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "neither a time-stamp token nor an authority's answer with one (RFC 3161)");
    *out_brought = (DnBrought){.token = token};
    return true;
}

/* --- in a PDF --- */

/* Skips white space and reads a number; NULL when there is none. */
static const uint8_t *
read_number(const uint8_t *at, const uint8_t *end, size_t *out_number)
{
    size_t number = 0;
    int digits = 0;

    while (at < end && strchr(" \t\r\n\f", *at) && *at)
        at++;
    for (; at < end && g_ascii_isdigit(*at) && digits < 12; at++, digits++)
        number = 10 * number + (size_t)(*at - '0');
    *out_number = number;
    return digits > 0 ? at : NULL;
}

/* Digits in pairs, a token, then zeros: the token, or NULL. */
static GBytes *
token_of_hex(const uint8_t *text, size_t size)
{
    g_autofree uint8_t *bytes = NULL;
    size_t count = size / 2;

    if (size % 2 != 0 || count == 0 || count > DN_TOKEN_MAX_BYTES)
        return NULL;
    bytes = g_malloc(count);
    for (size_t i = 0; i < count; i++) {
        int high = g_ascii_xdigit_value((char)text[2 * i]);
        int low = g_ascii_xdigit_value((char)text[2 * i + 1]);

        if (high < 0 || low < 0)
            return NULL;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    size_t whole = object_size(bytes, count);

    if (whole == 0 || whole > count)
        return NULL;
    for (size_t i = whole; i < count; i++)
        if (bytes[i] != 0)
            return NULL;
    return g_bytes_new(bytes, whole);
}

/* "[ 0 A B C ]" at @at, of a file of @size bytes that it covers to the end. */
static bool
read_range(const uint8_t *data, size_t size, const uint8_t *at, DnBrought *out_brought)
{
    const uint8_t *end = data + size;
    size_t numbers[4];

    while (at < end && strchr(" \t\r\n\f", *at) && *at)
        at++;
    if (at == end || *at++ != '[')
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (!(at = read_number(at, end, &numbers[i])))
            return false;
    size_t gap = numbers[1];
    size_t after = numbers[2];

    if (numbers[0] != 0 || after > size || numbers[3] != size - after || gap + 2 > after ||
        data[gap] != '<' || data[after - 1] != '>')
        return false;
    GBytes *token = token_of_hex(data + gap + 1, after - gap - 2);

    if (!token)
        return false;
    *out_brought = (DnBrought){.token = token, .gap_at = gap, .gap_size = after - gap};
    return true;
}

bool
dn_brought_in_pdf(GBytes *document, DnBrought *out_brought, GError **error)
{
    static const char word[] = "/ByteRange";
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(document, &size);
    const uint8_t *at = data;
    unsigned ranges = 0;

    while (size > 0 && ranges < RANGES_MOST &&
           (at = memmem(at, (size_t)(data + size - at), word, sizeof word - 1))) {
        DnBrought brought = {0};

        ranges++;
        at += sizeof word - 1;
        if (!read_range(data, size, at, &brought))
            continue;
        /* A signature stands there in the same way, and is no time stamp. */
        if (dn_token_digest(brought.token) != NID_undef) {
            *out_brought = brought;
            return true;
        }
        dn_brought_clear(&brought);
    }
    return dn_fail(error, DN_ERROR_NOT_FOUND,
                   ranges > 0 ? "no document time stamp in it covers all of it"
                              : "it has no document time stamp");
}

/* --- whether it holds --- */

bool
dn_brought_verify(const DnBrought *brought, GBytes *document, const DnTrust *trust,
                  DnTokenInfo *out_info, GError **error)
{
    int nid = dn_token_digest(brought->token);
    const EVP_MD *md = EVP_get_digestbynid(nid);
    EVP_MD_CTX *context = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(document, &size);
    size_t after = brought->gap_at + brought->gap_size;

    if (!dn_x509_digest_holds(md))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "time-stamp token: it stamps by a digest that is too weak or unknown");
    if (after > size)
        return dn_fail(error, DN_ERROR_CORRUPT, "it stands beyond the document");
    context = EVP_MD_CTX_new();
    bool hashed = context && EVP_DigestInit_ex(context, md, NULL) == 1 &&
                  EVP_DigestUpdate(context, data, brought->gap_at) == 1 &&
                  EVP_DigestUpdate(context, data + after, size - after) == 1 &&
                  EVP_DigestFinal_ex(context, digest, &digest_bytes) == 1;

    EVP_MD_CTX_free(context);
    if (!hashed)
        return dn_fail(error, DN_ERROR_LIMIT, "out of memory");
    DnTokenImprint imprint = {nid, digest, digest_bytes};

    return dn_token_verify_imprint(brought->token, &imprint, trust, 0, out_info, error);
}
