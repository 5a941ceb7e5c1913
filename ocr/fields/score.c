/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/score.c - candidates: how evidence becomes confidence, and how two readings agree.
 *
 * Evidence is a sum in units of "twice the odds"; the readers say what each sign is worth. A value
 * that is offered with 0.95 or more may be wrong in two of a hundred cases at most, so the readers
 * keep what no second sign confirms below that.
 */
#include "config.h"
#include "base/text.h"
#include "ocr/fields/fields.h"

#include <math.h>
#include <string.h>

enum { CANDIDATES_MOST = 6, NAME_MOST = 80 };
static const double NAME_LIKE = 0.65;
static const double SAME_PLACE = 0.7;   /* of a box that lies in another */
static const double PART_LIKE = 0.85;   /* of its letters, in order */
static const double WHOLE_LEAST = 0.45; /* a name of which the other pass has only a part */
static const double SPELLING_NEAR = 0.2;
static const double SPELLING_MOST = 0.9; /* two passes spell it differently */
static const double CONFIDENCE_MOST = 0.995;
static const double SURE_ENOUGH = 0.94; /* two doubtful passes alone do not make certainty */
static const double RIVAL_NEAR = 0.75;  /* of the best one's confidence: a rival in earnest */

DnCandidate *
dn_candidate_new(const DnFieldLine *line, size_t from, size_t to)
{
    DnCandidate *self = g_new0(DnCandidate, 1);

    if (line) {
        self->page = line->page;
        self->box = dn_field_line_box(line, from, to);
    }
    return self;
}

void
dn_candidate_free(DnCandidate *self)
{
    if (!self)
        return;
    g_free(self->text);
    g_free(self);
}

DnCandidate *
dn_candidate_copy(const DnCandidate *self)
{
    DnCandidate *copy = g_memdup2(self, sizeof *self);

    copy->text = g_strdup(self->text);
    return copy;
}

double
dn_score_confidence(double evidence)
{
    return CLAMP(1 / (1 + exp2(-evidence)), 0.01, CONFIDENCE_MOST);
}

/* A currency is told by marks that one pass reads and another does not. */
static bool
same_value(const DnCandidate *a, const DnCandidate *b)
{
    return a->number == b->number && g_strcmp0(a->text, b->text) == 0;
}

static int
by_confidence(gconstpointer a, gconstpointer b)
{
    const DnCandidate *first = *(DnCandidate *const *)a;
    const DnCandidate *second = *(DnCandidate *const *)b;

    if (first->confidence != second->confidence)
        return first->confidence > second->confidence ? -1 : 1;
    if (first->page != second->page)
        return first->page < second->page ? -1 : 1;
    if (first->box.y != second->box.y)
        return first->box.y < second->box.y ? -1 : 1;
    if (first->box.x != second->box.x)
        return first->box.x < second->box.x ? -1 : 1;
    return g_strcmp0(first->text, second->text);
}

static DnCandidate *
find_value(const GPtrArray *candidates, guint count, const DnCandidate *wanted)
{
    for (guint i = 0; i < count; i++)
        if (same_value(g_ptr_array_index(candidates, i), wanted))
            return g_ptr_array_index(candidates, i);
    return NULL;
}

void
dn_field_settle(DnField *field)
{
    GPtrArray *candidates = field->candidates;

    g_ptr_array_sort(candidates, by_confidence);
    for (guint i = 0; i < candidates->len;) {
        if (find_value(candidates, i, g_ptr_array_index(candidates, i)))
            g_ptr_array_remove_index(candidates, i);
        else
            i++;
    }
    if (candidates->len > CANDIDATES_MOST)
        g_ptr_array_set_size(candidates, CANDIDATES_MOST);
}

/* Length of the longest common subsequence of @a and @b in characters. */
static unsigned
common_letters(const gunichar *a, glong a_size, const gunichar *b, glong b_size)
{
    unsigned rows[2][NAME_MOST + 1] = {{0}};

    for (glong i = 1; i <= a_size; i++) {
        const unsigned *before = rows[(i - 1) % 2];
        unsigned *now = rows[i % 2];

        now[0] = 0;
        for (glong j = 1; j <= b_size; j++)
            now[j] = a[i - 1] == b[j - 1] ? before[j - 1] + 1 : MAX(before[j], now[j - 1]);
    }
    return rows[a_size % 2][b_size];
}

/* Two spellings of one name: most of their letters agree, in order. */
bool
dn_names_are_alike(const DnCandidate *a, const DnCandidate *b)
{
    return dn_names_share(a, b, NAME_LIKE);
}

bool
dn_names_share(const DnCandidate *a, const DnCandidate *b, double share)
{
    glong a_size = 0;
    glong b_size = 0;

    if (!a->text || !b->text)
        return false;
    g_autofree gunichar *first = g_utf8_to_ucs4_fast(a->text, -1, &a_size);
    g_autofree gunichar *second = g_utf8_to_ucs4_fast(b->text, -1, &b_size);

    if (a_size == 0 || b_size == 0 || a_size > NAME_MOST || b_size > NAME_MOST)
        return false;
    return common_letters(first, a_size, second, b_size) >= share * (double)MAX(a_size, b_size);
}

static bool
holds_cjk(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        if (dn_text_is_cjk(g_utf8_get_char(p)))
            return true;
    return false;
}

/* Letters and digits of @name in lower case. (transfer full) */
static gunichar *
letters_of(const char *name, glong *out_count)
{
    g_autofree gunichar *letters = g_utf8_to_ucs4_fast(name, -1, out_count);
    glong kept = 0;

    for (glong i = 0; i < *out_count; i++)
        if (g_unichar_isalnum(letters[i]))
            letters[kept++] = g_unichar_tolower(letters[i]);
    *out_count = kept;
    return g_steal_pointer(&letters);
}

/* How much of @part lies in @whole. */
static double
share_inside(const DnBox *part, const DnBox *whole)
{
    double left = MAX(part->x, whole->x);
    double top = MAX(part->y, whole->y);
    double right = MIN((double)part->x + part->width, (double)whole->x + whole->width);
    double bottom = MIN((double)part->y + part->height, (double)whole->y + whole->height);
    double area = (double)part->width * part->height;

    return area > 0 && right > left && bottom > top ? (right - left) * (bottom - top) / area : 0;
}

/* One pass read a part of what the other read at the same place. */
static bool
is_part_of(const DnCandidate *part, const DnCandidate *whole)
{
    glong few_count = 0;
    glong many_count = 0;

    if (whole->confidence < WHOLE_LEAST || part->page != whole->page ||
        share_inside(&part->box, &whole->box) < SAME_PLACE)
        return false;
    g_autofree gunichar *few = letters_of(part->text, &few_count);
    g_autofree gunichar *many = letters_of(whole->text, &many_count);

    return few_count > 0 && many_count <= NAME_MOST &&
           (double)few_count < NAME_LIKE * (double)many_count &&
           common_letters(few, few_count, many, many_count) >= PART_LIKE * (double)few_count;
}

/* Of a part and the whole in two readings, in Latin letters, the whole is the name. */
static void
join_parts(DnField *field, DnField *second)
{
    for (guint i = 0; i < second->candidates->len;) {
        DnCandidate *other = g_ptr_array_index(second->candidates, i);
        bool joined = false;

        for (guint j = 0; j < field->candidates->len && !joined && !holds_cjk(other->text); j++) {
            DnCandidate *one = g_ptr_array_index(field->candidates, j);
            bool shorter = is_part_of(other, one);

            if (holds_cjk(one->text) || (!shorter && !is_part_of(one, other)))
                continue;
            double confidence = MIN(SPELLING_MOST, MAX(one->confidence, other->confidence));

            if (!shorter) {
                char *text = one->text;

                one->text = other->text;
                other->text = text;
                one->box = other->box;
            }
            one->confidence = confidence;
            joined = true;
        }
        if (joined)
            g_ptr_array_remove_index(second->candidates, i);
        else
            i++;
    }
}

void
dn_field_merge_names(DnField *field, DnField *second)
{
    GPtrArray *mine = field->candidates;
    GPtrArray *theirs = second->candidates;

    join_parts(field, second);
    /* Two spellings of one name are one candidate, the surer spelling of both. */
    for (guint i = 0; i < theirs->len;) {
        DnCandidate *other = g_ptr_array_index(theirs, i);
        DnCandidate *known = NULL;

        for (guint j = 0; j < mine->len && !known; j++) {
            DnCandidate *one = g_ptr_array_index(mine, j);

            if (!same_value(one, other) && dn_names_are_alike(one, other))
                known = one;
        }
        if (!known) {
            i++;
            continue;
        }
        /* A seal takes kanji away and seldom adds any: the fuller spelling, unless it is doubtful.
         */
        double slack = holds_cjk(known->text) ? SPELLING_NEAR : 0;
        bool fuller = g_utf8_strlen(other->text, -1) > g_utf8_strlen(known->text, -1);

        if (other->confidence > known->confidence + (fuller ? -slack : slack)) {
            char *text = known->text;

            known->text = other->text;
            other->text = text;
            known->page = other->page;
            known->box = other->box;
        }
        known->confidence = MIN(SPELLING_MOST, MAX(known->confidence, other->confidence));
        g_ptr_array_remove_index(theirs, i);
    }
    dn_field_settle(field);
    dn_field_merge(field, second);
}

void
dn_field_merge(DnField *field, DnField *second)
{
    GPtrArray *mine = field->candidates;
    GPtrArray *theirs = second->candidates;
    const DnCandidate *best = mine->len ? g_ptr_array_index(mine, 0) : NULL;
    const DnCandidate *rival = theirs->len ? g_ptr_array_index(theirs, 0) : NULL;

    if (best && rival && !same_value(best, rival)) {
        /* Two readings of the same place that disagree: neither is certain any more. */
        double mine_was = best->confidence;
        double theirs_was = rival->confidence;

        if (theirs_was > RIVAL_NEAR * mine_was)
            ((DnCandidate *)best)->confidence = MIN(mine_was, 1 - theirs_was / 2 - 0.02);
        if (mine_was > RIVAL_NEAR * theirs_was)
            ((DnCandidate *)rival)->confidence = MIN(theirs_was, 1 - mine_was / 2 - 0.02);
        if (mine_was >= theirs_was)
            ((DnCandidate *)rival)->confidence = MIN(rival->confidence, best->confidence - 0.01);
        else
            ((DnCandidate *)best)->confidence = MIN(best->confidence, rival->confidence - 0.01);
    }
    while (theirs->len > 0) {
        DnCandidate *candidate = g_ptr_array_steal_index(theirs, 0);
        DnCandidate *known = find_value(mine, mine->len, candidate);

        if (known) {
            double doubt = (1 - known->confidence) * (1 - candidate->confidence);
            double better = MAX(known->confidence, candidate->confidence);

            /* The passes share their pixels, so their mistakes are not independent. */
            double raised = better + (1 - doubt - better) * 0.35;

            if (better < SURE_ENOUGH)
                raised = MIN(raised, SURE_ENOUGH);
            known->confidence = MIN(CONFIDENCE_MOST, raised);
            dn_candidate_free(candidate);
        } else {
            g_ptr_array_add(mine, candidate);
        }
    }
    dn_field_settle(field);
}
