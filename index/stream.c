/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/stream.c - ordered lists of vouchers, one a word, label or kind.
 */
#include "config.h"
#include "index/posting.h"
#include "index/search.h"
#include "index/text.h"

#include <string.h>

enum { PLACES_A_STEP = 64 }; /* decoding is that much faster than stepping */

void
dn_stream_free(void *data)
{
    DnStream *stream = data;

    dn_kv_cursor_close(stream->cursor);
    if (stream->prefix)
        g_byte_array_unref(stream->prefix);
    g_array_unref(stream->seqs);
    g_free(stream);
}

/* Takes @prefix. */
static DnStream *
stream_new(DnSearch *search, GByteArray *prefix)
{
    DnStream *stream = g_new0(DnStream, 1);
    g_autoptr(GByteArray) to = dn_key_copy(prefix);
    bool bounded = dn_key_next(to);

    stream->prefix = prefix;
    stream->seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    stream->cursor =
        dn_kv_snapshot_cursor(search->snapshot, DN_KV_POSTING, prefix->data, prefix->len,
                              bounded ? to->data : NULL, bounded ? to->len : 0, false);
    search->steps += DN_SEARCH_SEEK_STEPS;
    g_ptr_array_add(search->streams, stream);
    return stream;
}

DnStream *
dn_stream_open(DnSearch *search, DnKeyTable table, const char *term)
{
    GByteArray *prefix = dn_key_new(search->tenant, table);

    dn_key_add_term(prefix, term);
    return stream_new(search, prefix);
}

/* Adds the block under the cursor to the list. */
static bool
stream_read(DnSearch *search, DnStream *stream, uint64_t *out_block)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(stream->cursor, &size);
    DnKeyReader in = {key + size - sizeof(uint64_t), sizeof(uint64_t)};
    guint before = stream->seqs->len;

    if (size < sizeof(uint64_t) || !dn_key_read_u64(&in, out_block) ||
        *out_block > UINT64_MAX >> DN_POSTING_BITS)
        return dn_search_damaged(search);
    key = dn_kv_cursor_value(stream->cursor, &size);
    if (!dn_posting_read(key, size, *out_block << DN_POSTING_BITS, stream->seqs))
        return dn_search_damaged(search);
    search->rows += stream->seqs->len - before;
    search->steps += 1 + (stream->seqs->len - before) / PLACES_A_STEP;
    return true;
}

static int
compare_seqs(gconstpointer a, gconstpointer b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* All vouchers of the words that begin with @term, at once. */
static DnStream *
stream_collect(DnSearch *search, const char *term)
{
    GByteArray *prefix = dn_key_new(search->tenant, DN_KEY_TOKEN);
    DnStream *stream = NULL;
    guint kept = 0;
    uint64_t block = 0;

    g_byte_array_append(prefix, (const guint8 *)term, (guint)strlen(term));
    stream = stream_new(search, prefix);
    for (; dn_kv_cursor_valid(stream->cursor); dn_kv_cursor_next(stream->cursor))
        if (!stream_read(search, stream, &block))
            break;
    dn_search_check(search, stream->cursor);
    g_clear_pointer(&stream->cursor, dn_kv_cursor_close);
    g_array_sort(stream->seqs, compare_seqs);
    for (guint i = 0; i < stream->seqs->len; i++) {
        uint64_t seq = g_array_index(stream->seqs, uint64_t, i);

        if (kept == 0 || g_array_index(stream->seqs, uint64_t, kept - 1) != seq)
            g_array_index(stream->seqs, uint64_t, kept++) = seq;
    }
    g_array_set_size(stream->seqs, kept);
    return stream;
}

static bool
stream_seek_list(const DnStream *stream, uint64_t seq, uint64_t *out_seq)
{
    guint low = 0;
    guint high = stream->seqs->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(stream->seqs, uint64_t, middle) < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == stream->seqs->len)
        return false;
    *out_seq = g_array_index(stream->seqs, uint64_t, low);
    return true;
}

/* Goes to the first block that holds a voucher at or after @seq. */
static bool
stream_load(DnSearch *search, DnStream *stream, uint64_t seq)
{
    g_autoptr(GByteArray) key = dn_key_copy(stream->prefix);
    uint64_t block = seq >> DN_POSTING_BITS;

    dn_key_add_u64(key, block);
    g_array_set_size(stream->seqs, 0);
    stream->floor = block << DN_POSTING_BITS;
    stream->end = UINT64_MAX;
    search->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(stream->cursor, key->data, key->len);
    if (!dn_kv_cursor_valid(stream->cursor)) {
        dn_search_check(search, stream->cursor);
        return false;
    }
    if (!stream_read(search, stream, &block))
        return false;
    if (block < UINT64_MAX >> DN_POSTING_BITS)
        stream->end = (block + 1) << DN_POSTING_BITS;
    return true;
}

bool
dn_stream_seek(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq)
{
    search->steps++;
    if (!stream->cursor)
        return stream_seek_list(stream, seq, out_seq);
    for (;;) {
        bool is_last = stream->end == UINT64_MAX;

        if (seq >= stream->floor && (seq < stream->end || is_last)) {
            if (stream_seek_list(stream, seq, out_seq))
                return true;
            if (is_last)
                return false;
            seq = stream->end;
        }
        if (!stream_load(search, stream, seq))
            return false;
    }
}

GPtrArray *
dn_stream_open_words(DnSearch *search)
{
    GPtrArray *words = g_ptr_array_new();

    for (guint i = 0; search->terms && i < search->terms->len; i++) {
        DnTextTerm *term = g_ptr_array_index(search->terms, i);

        g_ptr_array_add(words, term->prefix ? stream_collect(search, term->token)
                                            : dn_stream_open(search, DN_KEY_TOKEN, term->token));
    }
    return words;
}

bool
dn_stream_has_words(DnSearch *search, uint64_t seq)
{
    uint64_t found = 0;

    if (!search->words)
        search->words = dn_stream_open_words(search);
    for (guint i = 0; i < search->words->len; i++)
        if (!dn_stream_seek(search, g_ptr_array_index(search->words, i), seq, &found) ||
            found != seq)
            return false;
    return true;
}
