/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/page-text.c - words, lines and pages as plain memory.
 *
 * What is geometry lies in layout.c; here is only what makes and frees.
 */
#include "config.h"
#include "ocr/page-text.h"

static void
word_free(gpointer data)
{
    DnWord *word = data;

    if (!word)
        return;
    g_free(word->text);
    g_free(word);
}

static void
line_free(gpointer data)
{
    DnLine *line = data;

    if (!line)
        return;
    g_clear_pointer(&line->words, g_ptr_array_unref);
    g_free(line->text);
    g_free(line);
}

DnWord *
dn_word_new(const char *text, const DnBox *box, double confidence)
{
    DnWord *word = g_new0(DnWord, 1);

    word->text = g_strdup(text);
    word->box = *box;
    word->confidence = CLAMP(confidence, 0.0, 1.0);
    return word;
}

GPtrArray *
dn_word_array_new(void)
{
    return g_ptr_array_new_with_free_func(word_free);
}

DnPageText *
dn_page_text_new(unsigned page, uint32_t width_px, uint32_t height_px, double dpi,
                 const char *origin)
{
    DnPageText *self = g_new0(DnPageText, 1);

    self->page = page;
    self->width_px = width_px;
    self->height_px = height_px;
    self->dpi = dpi;
    self->origin = g_strdup(origin);
    self->lines = g_ptr_array_new_with_free_func(line_free);
    self->looks = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void
dn_page_text_free(DnPageText *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->lines, g_ptr_array_unref);
    dn_page_text_free(self->second);
    g_clear_pointer(&self->bands, g_array_unref);
    g_clear_pointer(&self->looks, g_ptr_array_unref);
    g_free(self->origin);
    g_free(self);
}

void
dn_page_text_note(DnPageText *self, const char *look, const char *origin)
{
    g_ptr_array_add(self->looks, g_strdup_printf("%s; %s", look, origin));
}

DnBox
dn_box_union(const DnBox *a, const DnBox *b)
{
    if (a->width <= 0)
        return *b;
    if (b->width <= 0)
        return *a;
    int32_t left = MIN(a->x, b->x);
    int32_t top = MIN(a->y, b->y);
    int32_t right = MAX(a->x + a->width, b->x + b->width);
    int32_t bottom = MAX(a->y + a->height, b->y + b->height);

    return (DnBox){left, top, right - left, bottom - top};
}
