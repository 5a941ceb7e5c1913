/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/stream.c - ordered lists of vouchers, one a word, label or kind.
 */
#include "config.h"
#include "index/search.h"
#include "index/text.h"

#include <string.h>

void
dn_stream_free(void *data)
{
    DnStream *stream = data;

    dn_kv_cursor_close(stream->cursor);
    if (stream->prefix)
        g_byte_array_unref(stream->prefix);
    if (stream->seqs)
        g_array_unref(stream->seqs);
    g_free(stream);
}

static DnStream *
stream_new(DnSearch *search)
{
    DnStream *stream = g_new0(DnStream, 1);

    g_ptr_array_add(search->streams, stream);
    return stream;
}

DnStream *
dn_stream_open(DnSearch *search, DnKeyTable table, const char *term)
{
    DnStream *stream = stream_new(search);
    DnRange *range = NULL;

    stream->prefix = dn_key_new(search->tenant, table);
    dn_key_add_term(stream->prefix, term);
    range = dn_range_new(g_byte_array_ref(stream->prefix), DN_TAIL_SEQ, false);
    stream->cursor = dn_range_cursor(search, range, false);
    dn_range_free(range);
    return stream;
}

static int
compare_seqs(gconstpointer a, gconstpointer b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The seq at the end of the cursor's key. */
static bool
cursor_seq(DnSearch *search, const DnKvCursor *cursor, uint64_t *out_seq)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(cursor, &size);
    DnKeyReader in = {key + size - dn_tail_bytes[DN_TAIL_SEQ], dn_tail_bytes[DN_TAIL_SEQ]};

    if (size < dn_tail_bytes[DN_TAIL_SEQ] || !dn_key_read_u64(&in, out_seq))
        return dn_search_damaged(search);
    return true;
}

/* Vouchers with any token that begins with @term. */
static DnStream *
stream_collect(DnSearch *search, const char *term)
{
    DnStream *stream = stream_new(search);
    GByteArray *prefix = dn_key_new(search->tenant, DN_KEY_TOKEN);
    DnRange *range = NULL;
    g_autoptr(DnKvCursor) cursor = NULL;
    guint kept = 0;
    uint64_t seq = 0;

    stream->seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_byte_array_append(prefix, (const guint8 *)term, (guint)strlen(term));
    range = dn_range_new(prefix, DN_TAIL_SEQ, false);
    cursor = dn_range_cursor(search, range, false);
    dn_range_free(range);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        if (cursor_seq(search, cursor, &seq))
            g_array_append_val(stream->seqs, seq);
    dn_search_check(search, cursor);
    g_array_sort(stream->seqs, compare_seqs);
    for (guint i = 0; i < stream->seqs->len; i++) {
        seq = g_array_index(stream->seqs, uint64_t, i);
        if (kept == 0 || g_array_index(stream->seqs, uint64_t, kept - 1) != seq)
            g_array_index(stream->seqs, uint64_t, kept++) = seq;
    }
    g_array_set_size(stream->seqs, kept);
    return stream;
}

static bool
stream_seek_array(DnStream *stream, uint64_t seq, uint64_t *out_seq)
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

/* Where the cursor stands; false at its end. */
static bool
stream_here(DnSearch *search, const DnStream *stream, uint64_t *out_seq)
{
    if (!dn_kv_cursor_valid(stream->cursor)) {
        dn_search_check(search, stream->cursor);
        return false;
    }
    return cursor_seq(search, stream->cursor, out_seq);
}

/* The first voucher at or after @seq; false when there is none. Near ones are reached step by step,
 * others by a seek. */
bool
dn_stream_seek(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq, uint64_t *steps)
{
    uint64_t here = 0;
    bool has = false;

    ++*steps;
    if (stream->seqs)
        return stream_seek_array(stream, seq, out_seq);
    has = stream_here(search, stream, &here);
    for (unsigned i = 0; has && here < seq && i < DN_SEARCH_NEXTS; i++) {
        stream->floor = here + 1;
        ++*steps;
        dn_kv_cursor_next(stream->cursor);
        has = stream_here(search, stream, &here);
    }
    if (seq < stream->floor || (has && here < seq)) {
        guint size = stream->prefix->len;

        *steps += DN_SEARCH_SEEK_STEPS;
        dn_key_add_u64(stream->prefix, seq);
        dn_kv_cursor_seek(stream->cursor, stream->prefix->data, stream->prefix->len);
        g_byte_array_set_size(stream->prefix, size);
        stream->floor = seq;
        has = stream_here(search, stream, &here);
    }
    if (has)
        *out_seq = here;
    return has;
}

/* Opened once, for whoever asks: each seek stands alone. */
void
dn_stream_open_words(DnSearch *search)
{
    if (search->words || !search->terms)
        return;
    search->words = g_ptr_array_new();
    for (guint i = 0; i < search->terms->len; i++) {
        DnTextTerm *term = g_ptr_array_index(search->terms, i);
        DnStream *stream = term->prefix ? stream_collect(search, term->token)
                                        : dn_stream_open(search, DN_KEY_TOKEN, term->token);

        g_ptr_array_add(search->words, stream);
    }
}

bool
dn_stream_has_words(DnSearch *search, uint64_t seq)
{
    uint64_t found = 0;

    dn_stream_open_words(search);
    for (guint i = 0; i < search->words->len; i++)
        if (!dn_stream_seek(search, g_ptr_array_index(search->words, i), seq, &found,
                            &search->steps) ||
            found != seq)
            return false;
    return true;
}
