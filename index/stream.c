/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/stream.c - ordered lists of vouchers, one a word, label or kind, or all words that begin
 * alike.
 *
 * What begins alike can be thousands of words. They are joined block by block of vouchers, as far
 * as somebody asks: a page that is full after the first block has read no other.
 */
#include "config.h"
#include "index/posting.h"
#include "index/search.h"
#include "index/text.h"

#include <string.h>

enum {
    PLACES_A_STEP = 64, /* decoding is that much faster than stepping */
    BLOCK_WORDS = DN_POSTING_PLACES / 64,
    MOST_BLOCKS = 128, /* that are remembered: 1 MiB */
};

/* The vouchers of one block that have any of the words. */
typedef struct {
    uint64_t bits[BLOCK_WORDS];
    bool has_next;
    uint64_t next; /* the first block after it that has some */
} Block;

void
dn_stream_free(void *data)
{
    DnStream *stream = data;

    dn_kv_cursor_close(stream->cursor);
    g_byte_array_unref(stream->prefix);
    g_array_unref(stream->seqs);
    if (stream->blocks)
        g_hash_table_unref(stream->blocks);
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

/* Begins with the block under the cursor, whose bytes stay where they are until it moves. */
static bool
stream_begin(DnSearch *search, DnStream *stream, uint64_t *out_block)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(stream->cursor, &size);
    DnKeyReader in = {key + size - sizeof(uint64_t), sizeof(uint64_t)};

    if (size < sizeof(uint64_t) || !dn_key_read_u64(&in, out_block) ||
        *out_block > UINT64_MAX >> DN_POSTING_BITS)
        return dn_search_damaged(search);
    key = dn_kv_cursor_value(stream->cursor, &size);
    g_array_set_size(stream->seqs, 0);
    stream->at = 0;
    stream->base = *out_block << DN_POSTING_BITS;
    stream->rest = (DnPostingReader){key, size, -1};
    search->steps++;
    return true;
}

/* Reads on until a voucher at or after @seq is among those read, or the block is at its end: a page
 * needs the beginning of a list of thousands. */
static bool
stream_read(DnSearch *search, DnStream *stream, uint64_t seq)
{
    uint64_t some[PLACES_A_STEP];
    size_t count = PLACES_A_STEP;

    while (count == PLACES_A_STEP &&
           (stream->seqs->len == 0 ||
            g_array_index(stream->seqs, uint64_t, stream->seqs->len - 1) < seq)) {
        count = dn_posting_next(&stream->rest, stream->base, some, PLACES_A_STEP);
        if (count < PLACES_A_STEP && stream->rest.size > 0)
            return dn_search_damaged(search);
        g_array_append_vals(stream->seqs, some, (guint)count);
        search->rows += count;
        search->steps++;
    }
    return true;
}

static DnStream *
stream_open_prefix(DnSearch *search, const char *term)
{
    GByteArray *prefix = dn_key_new(search->tenant, DN_KEY_TOKEN);
    DnStream *stream = NULL;

    g_byte_array_append(prefix, (const guint8 *)term, (guint)strlen(term));
    stream = stream_new(search, prefix);
    stream->blocks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return stream;
}

/* Goes to @block of the word whose first bytes of the key are @word, or to what follows. */
static void
stream_go(DnSearch *search, DnStream *stream, GByteArray *word, uint64_t block)
{
    guint size = word->len;

    dn_key_add_u64(word, block);
    search->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(stream->cursor, word->data, word->len);
    g_byte_array_set_size(word, size);
}

/* Of the row under the cursor: its word, into @word unless it is that already, and its block. */
static bool
stream_here(DnSearch *search, const DnStream *stream, GByteArray *word, uint64_t *out_block)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(stream->cursor, &size);
    DnKeyReader in = {key + size - sizeof(uint64_t), sizeof(uint64_t)};

    if (size < stream->prefix->len + sizeof(uint64_t) || !dn_key_read_u64(&in, out_block) ||
        *out_block > UINT64_MAX >> DN_POSTING_BITS)
        return dn_search_damaged(search);
    g_byte_array_set_size(word, 0);
    g_byte_array_append(word, key, (guint)(size - sizeof(uint64_t)));
    return true;
}

static bool
block_add(DnSearch *search, DnStream *stream, Block *block)
{
    uint64_t number = 0;

    if (!stream_begin(search, stream, &number) || !stream_read(search, stream, UINT64_MAX))
        return false;
    for (guint i = 0; i < stream->seqs->len; i++) {
        uint64_t place = g_array_index(stream->seqs, uint64_t, i) % DN_POSTING_PLACES;

        block->bits[place / 64] |= UINT64_C(1) << place % 64;
    }
    return true;
}

/* (transfer none) Block @number of all words that begin with the term; NULL on failure. */
static const Block *
stream_join(DnSearch *search, DnStream *stream, uint64_t number)
{
    g_autoptr(GByteArray) word = dn_key_copy(stream->prefix);
    Block *block = g_hash_table_lookup(stream->blocks, &number);
    uint64_t found = 0;

    if (block)
        return block;
    if (g_hash_table_size(stream->blocks) >= MOST_BLOCKS)
        g_hash_table_remove_all(stream->blocks);
    block = g_new0(Block, 1);
    g_hash_table_insert(stream->blocks, g_memdup2(&number, sizeof number), block);
    search->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(stream->cursor, word->data, word->len);
    while (dn_kv_cursor_valid(stream->cursor) && stream_here(search, stream, word, &found)) {
        if (found < number) {
            stream_go(search, stream, word, number);
        } else if (found > number) {
            block->next = block->has_next ? MIN(block->next, found) : found;
            block->has_next = true;
            stream_go(search, stream, word, UINT64_MAX);
        } else {
            if (!block_add(search, stream, block))
                break;
            dn_kv_cursor_next(stream->cursor);
        }
    }
    dn_search_check(search, stream->cursor);
    return search->error ? NULL : block;
}

static bool
stream_seek_joined(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq)
{
    uint64_t number = seq >> DN_POSTING_BITS;
    guint place = (guint)(seq % DN_POSTING_PLACES);
    const Block *block = NULL;

    while ((block = stream_join(search, stream, number))) {
        for (guint i = place / 64; i < BLOCK_WORDS; i++) {
            uint64_t bits = block->bits[i];

            if (i == place / 64)
                bits &= UINT64_MAX << place % 64;
            if (bits) {
                *out_seq = number << DN_POSTING_BITS | i * 64 | (guint)__builtin_ctzll(bits);
                return true;
            }
        }
        if (!block->has_next)
            break;
        number = block->next;
        place = 0;
    }
    return false;
}

/* Mostly it is asked in order: those before the last answer are looked through only by who turned
 * back. */
static bool
stream_seek_list(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq)
{
    const uint64_t *seqs = NULL;
    guint low = 0;
    guint high = 0;

    if (!stream_read(search, stream, seq))
        return false;
    seqs = (const uint64_t *)(const void *)stream->seqs->data;
    high = stream->seqs->len;
    if (stream->at < high && seqs[stream->at] < seq)
        low = stream->at + 1;
    if (low < high && seqs[low] >= seq)
        high = low;
    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (seqs[middle] < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == stream->seqs->len)
        return false;
    stream->at = low;
    *out_seq = seqs[low];
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
    stream->at = 0;
    stream->rest = (DnPostingReader){NULL, 0, -1};
    stream->floor = block << DN_POSTING_BITS;
    stream->end = UINT64_MAX;
    search->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(stream->cursor, key->data, key->len);
    if (!dn_kv_cursor_valid(stream->cursor)) {
        dn_search_check(search, stream->cursor);
        return false;
    }
    if (!stream_begin(search, stream, &block))
        return false;
    if (block < UINT64_MAX >> DN_POSTING_BITS)
        stream->end = (block + 1) << DN_POSTING_BITS;
    return true;
}

bool
dn_stream_seek(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq)
{
    search->steps++;
    if (stream->blocks)
        return stream_seek_joined(search, stream, seq, out_seq);
    for (;;) {
        bool is_last = stream->end == UINT64_MAX;

        if (seq >= stream->floor && (seq < stream->end || is_last)) {
            if (stream_seek_list(search, stream, seq, out_seq))
                return true;
            if (is_last || search->error)
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

        g_ptr_array_add(words, term->prefix ? stream_open_prefix(search, term->token)
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
