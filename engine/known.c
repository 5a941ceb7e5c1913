/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/known.c - names that were confirmed before, and names that the tax agency publishes.
 *
 * A row of the view for each thing by which a voucher's counterparty may be known again:
 *
 *   META  "known", tenant, what, SHA-256 of the term (16 bytes), registered_seq -> name
 *   what  'r' registration number, 't' telephone, 'n' folded name: the right one, and the one that
 *         was read where a person corrected it
 *
 * The newest rows of a term have a vote each, and a name counts when most of them give it.
 */
#include "config.h"
#include "engine/known.h"
#include "base/date.h"
#include "engine/view-format.h"

#include <string.h>

enum { TERM_BYTES = 16, PREFIX = 5 + 16 + 1 + TERM_BYTES, KNOWN_KEY = PREFIX + 8 };
enum { VOTES_MOST = 16, NUMBER_TEXT = 14, TELEPHONE_LEAST = 9, NAME_CHARACTERS = 80 };
enum { SWAPS_MOST = 6 }; /* doubtful digits of one number: 64 numbers are tried */

static const double SURE_OF_NUMBER = 0.9;
static const double LIKE = 0.75;       /* of the letters of the longer name, in order */
static const double FROM_MANY = 0.97;  /* a number or a telephone that several vouchers share */
static const double FROM_ONE = 0.93;   /* ... that one voucher had */
static const double REGISTERED = 0.97; /* number and name belong together */
static const double UNDOUBTED = 0.5;   /* a printed name below this gives way to the list's */

static const char key_word[] = "known";

/* --- rows --- */

static void
known_key(const DnUuid *tenant, char what, const char *term, uint64_t seq, uint8_t key[KNOWN_KEY])
{
    DnSha256 digest = dn_sha256(term, strlen(term));

    memcpy(key, key_word, 5);
    memcpy(key + 5, tenant->bytes, 16);
    key[21] = (uint8_t)what;
    memcpy(key + 22, digest.bytes, TERM_BYTES);
    dn_put_be(key + PREFIX, seq, 8);
}

/* The name that a person has vouched for, or NULL. */
static const char *
teaches(const DnValue *state)
{
    const DnValue *party = dn_value_get(dn_value_get(state, "fields"), "party");
    const char *status = dn_value_string(state, "state");

    if (!state || dn_value_bool(state, "deleted", false) || g_strcmp0(status, "disposed") == 0)
        return NULL;
    if (g_strcmp0(status, "confirmed") != 0 &&
        g_strcmp0(dn_value_string(party, "source"), "corrected") != 0)
        return NULL;
    return dn_value_string(party, "value");
}

typedef struct {
    DnKvBatch *batch;
    const DnUuid *tenant;
    uint64_t seq;
    const char *name; /* NULL: the row goes */
} Teaching;

static void
teach(const Teaching *teaching, char what, const char *term)
{
    uint8_t key[KNOWN_KEY];

    if (!term || !*term)
        return;
    known_key(teaching->tenant, what, term, teaching->seq, key);
    if (teaching->name)
        dn_kv_batch_put(teaching->batch, DN_KV_META, key, sizeof key, teaching->name,
                        strlen(teaching->name));
    else
        dn_kv_batch_delete(teaching->batch, DN_KV_META, key, sizeof key);
}

static void
teach_all(const Teaching *teaching, const DnValue *state, const char *name)
{
    const DnValue *fields = dn_value_get(state, "fields");
    const DnValue *party = dn_value_get(fields, "party");
    const char *was = dn_value_string(party, "read");
    g_autofree char *folded = dn_party_fold(name);
    g_autofree char *misread = was ? dn_party_fold(was) : NULL;

    teach(teaching, 'r', dn_value_string(dn_value_get(fields, "registration_number"), "value"));
    teach(teaching, 't', dn_value_string(dn_value_get(fields, "telephone"), "value"));
    teach(teaching, 'n', folded);
    if (misread && strcmp(misread, folded) != 0)
        teach(teaching, 'n', misread);
}

void
dn_known_update(DnKvBatch *batch, const DnUuid *tenant, const DnValue *before, const DnValue *after)
{
    const char *old = teaches(before);
    const char *new = teaches(after);
    Teaching teaching = {.batch = batch,
                         .tenant = tenant,
                         .seq = (uint64_t)dn_value_int(after, "registered_seq", 0)};

    if (old)
        teach_all(&teaching, before, old);
    teaching.name = new;
    if (new)
        teach_all(&teaching, after, new);
}

/* (transfer full) The name that most of the newest vouchers with this term have; NULL when there is
 * none. *@out_votes: how many say so. */
static char *
ask_vouchers(DnArchive *self, char what, const char *term, unsigned *out_votes, GError **error)
{
    uint8_t from[KNOWN_KEY];
    uint8_t to[KNOWN_KEY];
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    unsigned best = 0;
    unsigned votes = 0;

    known_key(&self->tenant, what, term, 0, from);
    known_key(&self->tenant, what, term, UINT64_MAX, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_META, from, sizeof from, to, sizeof to, true);

    for (; dn_kv_cursor_valid(cursor) && names->len < VOTES_MOST; dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const char *name = (const char *)dn_kv_cursor_value(cursor, &size);

        g_ptr_array_add(names, g_utf8_make_valid(name, (gssize)size));
    }
    if (!dn_kv_cursor_ok(cursor, error))
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        unsigned same = 0;

        for (guint k = 0; k < names->len; k++)
            same += strcmp(g_ptr_array_index(names, i), g_ptr_array_index(names, k)) == 0;
        if (same > votes) { /* the newest of equals */
            votes = same;
            best = i;
        }
    }
    *out_votes = votes;
    return votes * 3 >= names->len * 2 && votes > 0 ? g_strdup(g_ptr_array_index(names, best))
                                                    : NULL;
}

/* --- names beside each other --- */

static unsigned
common_letters(const gunichar *a, glong a_size, const gunichar *b, glong b_size)
{
    unsigned rows[2][NAME_CHARACTERS + 1] = {{0}};

    for (glong i = 1; i <= a_size; i++) {
        const unsigned *before = rows[(i - 1) % 2];
        unsigned *now = rows[i % 2];

        now[0] = 0;
        for (glong k = 1; k <= b_size; k++)
            now[k] = a[i - 1] == b[k - 1] ? before[k - 1] + 1 : MAX(before[k], now[k - 1]);
    }
    return rows[a_size % 2][b_size];
}

/* True when one may be a misread, shortened or lengthened spelling of the other. */
static bool
are_alike(const char *a, const char *b)
{
    g_autofree char *first = dn_party_fold(a);
    g_autofree char *second = dn_party_fold(b);
    glong a_size = 0;
    glong b_size = 0;
    g_autofree gunichar *x = g_utf8_to_ucs4_fast(first, -1, &a_size);
    g_autofree gunichar *y = g_utf8_to_ucs4_fast(second, -1, &b_size);

    if (a_size == 0 || b_size == 0 || a_size > NAME_CHARACTERS || b_size > NAME_CHARACTERS)
        return false;
    return common_letters(x, a_size, y, b_size) >= LIKE * (double)MAX(a_size, b_size);
}

static bool
are_same(const char *a, const char *b)
{
    g_autofree char *first = dn_party_fold(a);
    g_autofree char *second = dn_party_fold(b);

    return strcmp(first, second) == 0;
}

/* --- a field and its alternatives --- */

static double
confidence_of(const json_t *field)
{
    return dn_json_real(field, "confidence", 0);
}

static void
set_confidence(json_t *field, double confidence)
{
    dn_json_take(field, "confidence", json_real((double)(int)(confidence * 1000 + 0.5) / 1000));
}

/* At least @least. */
static void
raise_to(json_t *field, double least)
{
    if (confidence_of(field) < least)
        set_confidence(field, least);
}

/* At most @most. */
static void
lower_to(json_t *field, double most)
{
    if (confidence_of(field) > most)
        set_confidence(field, most);
}

static json_t *
alternatives_of(json_t *field)
{
    json_t *list = json_object_get(field, "alternatives");

    if (!list) {
        list = json_array();
        dn_json_take(field, "alternatives", list);
    }
    return list;
}

/* @value comes first; what was first is the first alternative. */
static void
put_first(json_t *fields, const char *name, const char *value, double confidence,
          const char *origin)
{
    json_t *field = json_object_get(fields, name);
    json_t *fresh = json_object();
    json_t *others = json_array();

    dn_json_set_string(fresh, "value", value);
    set_confidence(fresh, confidence);
    dn_json_set_string(fresh, "origin", origin);
    if (field) {
        g_autoptr(json_t) rest = json_incref(json_object_get(field, "alternatives"));
        g_autoptr(json_t) old = json_deep_copy(field);

        json_object_del(old, "alternatives");
        lower_to(old, MIN(0.5, confidence));
        json_array_append(others, old);
        for (size_t i = 0; i < json_array_size(rest); i++)
            if (g_strcmp0(dn_json_string(json_array_get(rest, i), "value"), value) != 0)
                json_array_append(others, json_array_get(rest, i));
    }
    if (json_array_size(others) > 0)
        dn_json_take(fresh, "alternatives", json_incref(others));
    json_decref(others);
    dn_json_take(fields, name, fresh);
}

static void
offer(json_t *field, const char *value, double confidence, const char *origin)
{
    json_t *list = alternatives_of(field);
    json_t *one = NULL;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (g_strcmp0(dn_json_string(json_array_get(list, i), "value"), value) == 0)
            return;
    one = json_object();
    dn_json_set_string(one, "value", value);
    set_confidence(one, confidence);
    dn_json_set_string(one, "origin", origin);
    json_array_append_new(list, one);
}

/* The same name in another spelling: it stands where the read one does. */
static void
respell(json_t *field, const char *value, double least)
{
    const char *read = dn_json_string(field, "value");

    if (g_strcmp0(read, value) != 0) {
        dn_json_set_string(field, "read", read);
        dn_json_set_string(field, "value", value);
    }
    raise_to(field, least);
}

static bool
was_told(const json_t *field)
{
    return g_strcmp0(dn_json_string(field, "origin"), "xml") == 0;
}

/* --- the reading --- */

typedef struct {
    DnArchive *archive;
    json_t *reading;
    json_t *fields;
    json_t *found;  /* array */
    GArray *issuer; /* DnRegistryRow of the registration number */
    GArray *corporation;
    bool has_issuers;
    bool has_corporations;
} Improving;

static void
improving_clear(Improving *self)
{
    g_clear_pointer(&self->found, json_decref);
    g_clear_pointer(&self->issuer, g_array_unref);
    g_clear_pointer(&self->corporation, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Improving, improving_clear)

/* (transfer none) A line of what the reading rests on. */
static json_t *
note(Improving *self, const char *by, const char *in, const char *party)
{
    json_t *line = json_object();

    dn_json_set_string(line, "by", by);
    dn_json_set_string(line, "in", in);
    dn_json_set_string(line, "party", party);
    json_array_append_new(self->found, line);
    return line;
}

static void
take_number(Improving *self, const char *number)
{
    uint64_t digits = strlen(number) == NUMBER_TEXT ? g_ascii_strtoull(number + 1, NULL, 10) : 0;

    g_array_set_size(self->issuer, 0);
    g_array_set_size(self->corporation, 0);
    self->has_issuers = dn_registry_find(self->archive, DN_LIST_ISSUERS, digits, self->issuer);
    self->has_corporations =
        dn_registry_find(self->archive, DN_LIST_CORPORATIONS, digits, self->corporation);
}

static bool
is_listed(const Improving *self)
{
    return self->issuer->len > 0 || self->corporation->len > 0;
}

/* The name that the lists give the number; the list of corporations has that of today too. */
static const char *
listed_name(const Improving *self)
{
    const GArray *lists[] = {self->issuer, self->corporation};

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (lists[i]->len > 0) {
            const char *name = g_array_index(lists[i], DnRegistryRow, lists[i]->len - 1).name;

            if (*name)
                return name;
        }
    return NULL;
}

/* True when a name that was read may be @name. */
static bool
is_printed(const Improving *self, const char *name)
{
    json_t *party = json_object_get(self->fields, "party");
    const json_t *others = json_object_get(party, "alternatives");

    if (!name || !party)
        return false;
    if (are_alike(dn_json_string(party, "value"), name))
        return true;
    for (size_t i = 0; i < json_array_size(others); i++)
        if (are_alike(dn_json_string(json_array_get(others, i), "value"), name))
            return true;
    return false;
}

/* 0 with a stroke and 9 are taken for each other, which the check digit does not notice (nine is
 * zero to it); of all the numbers that it may be, the one in the list whose name is on the page. */
static void
try_swaps(Improving *self, const char *number)
{
    g_autofree char *tried = g_strdup(number);
    g_autofree char *right = NULL;
    unsigned places[NUMBER_TEXT];
    unsigned count = 0;
    unsigned hits = 0;

    for (unsigned i = 1; i < NUMBER_TEXT; i++)
        if (number[i] == '9' || number[i] == '0')
            places[count++] = i;
    if (count > SWAPS_MOST)
        return;
    for (unsigned bits = 1; bits < 1U << count; bits++) {
        for (unsigned i = 0; i < count; i++)
            tried[places[i]] =
                bits >> i & 1 ? (number[places[i]] == '9' ? '0' : '9') : number[places[i]];
        take_number(self, tried);
        if (is_listed(self) && is_printed(self, listed_name(self))) {
            hits++;
            g_free(right);
            right = g_strdup(tried);
        }
    }
    take_number(self, hits == 1 ? right : number);
    if (hits != 1)
        return;
    put_first(self->fields, "registration_number", right, 0.93, "registry");
    note(self, "registration_number", "registry", NULL);
}

/* Another number that was read there, when it is in a list and the name on the page. */
static bool
try_alternatives(Improving *self, const json_t *others)
{
    for (size_t i = 0; i < json_array_size(others); i++) {
        const char *other = dn_json_string(json_array_get(others, i), "value");

        if (!other)
            continue;
        take_number(self, other);
        if (is_listed(self) && is_printed(self, listed_name(self))) {
            put_first(self->fields, "registration_number", other, 0.93, "registry");
            note(self, "registration_number", "registry", NULL);
            return true;
        }
    }
    return false;
}

/* A number that is in a list was read right: of the numbers that pass the check digit, one in a
 * hundred thousand is. */
static void
weigh_number(Improving *self)
{
    json_t *field = json_object_get(self->fields, "registration_number");
    g_autofree char *number = g_strdup(dn_json_string(field, "value"));
    g_autoptr(json_t) others = json_incref(json_object_get(field, "alternatives"));

    if (!number)
        return;
    take_number(self, number);
    if (is_listed(self)) {
        bool named = is_printed(self, listed_name(self));

        raise_to(field, named ? 0.99 : confidence_of(field) >= 0.5 ? 0.97 : 0.9);
        return;
    }
    if ((!self->has_issuers && !self->has_corporations) || was_told(field) ||
        try_alternatives(self, others))
        return;
    try_swaps(self, number);
    if (!is_listed(self) && self->has_issuers)
        lower_to(json_object_get(self->fields, "registration_number"), 0.85); /* or too young */
}

/* What the tenant's own vouchers say. @most: how sure this way can be. */
static bool
follow_vouchers(Improving *self, char what, const char *by, const char *term, GError **error)
{
    json_t *party = json_object_get(self->fields, "party");
    g_autoptr(GError) problem = NULL;
    unsigned votes = 0;
    g_autofree char *name = ask_vouchers(self->archive, what, term, &votes, &problem);
    double sure = votes > 1 ? FROM_MANY : FROM_ONE;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!name)
        return true;
    dn_json_set_int(note(self, by, "vouchers", name), "vouchers", votes);
    if (party && (are_same(dn_json_string(party, "value"), name) ||
                  are_alike(dn_json_string(party, "value"), name)))
        respell(party, name, sure);
    else if (is_printed(self, name))
        put_first(self->fields, "party", name, sure, "vouchers");
    else
        put_first(self->fields, "party", name, votes > 1 ? 0.93 : 0.9, "vouchers");
    return true;
}

/* A name that a person has confirmed, or corrected from just this misreading. */
static bool
follow_name(Improving *self, GError **error)
{
    json_t *party = json_object_get(self->fields, "party");
    g_autofree char *folded = party ? dn_party_fold(dn_json_string(party, "value")) : NULL;
    g_autoptr(GError) problem = NULL;
    unsigned votes = 0;
    g_autofree char *name =
        folded && *folded ? ask_vouchers(self->archive, 'n', folded, &votes, &problem) : NULL;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!name)
        return true;
    dn_json_set_int(note(self, "name", "vouchers", name), "vouchers", votes);
    /* The spelling is right; whether it is who issued this paper is as sure as it was, and a
     * little more. */
    double before = confidence_of(party);

    respell(party, name, MIN(FROM_MANY, before + (1 - before) * (votes > 1 ? 0.6 : 0.4)));
    return true;
}

static void
follow_registry(Improving *self)
{
    const char *name = listed_name(self);
    json_t *number = json_object_get(self->fields, "registration_number");
    json_t *party = json_object_get(self->fields, "party");

    if (!name)
        return;
    note(self, "registration_number", "registry", name);
    if (party && are_alike(dn_json_string(party, "value"), name))
        respell(party, name, REGISTERED);
    else if (is_printed(self, name))
        put_first(self->fields, "party", name, 0.95, "registry");
    else if (confidence_of(number) >= SURE_OF_NUMBER &&
             (!party || confidence_of(party) < UNDOUBTED))
        put_first(self->fields, "party", name, 0.9, "registry");
    else if (party)
        offer(party, name, 0.45, "registry"); /* the shop's name stands on the paper */
}

/* A name without a number that is that of a corporation was spelled right. */
static void
follow_registered_name(Improving *self)
{
    json_t *party = json_object_get(self->fields, "party");
    g_autofree char *folded = party ? dn_party_fold(dn_json_string(party, "value")) : NULL;
    g_autoptr(GArray) rows = dn_registry_rows_new();
    uint64_t numbers[2];
    size_t count = 0;

    if (!folded || g_utf8_strlen(folded, -1) < 3)
        return;
    dn_registry_find_name(self->archive, DN_LIST_CORPORATIONS, folded, numbers,
                          G_N_ELEMENTS(numbers), &count);
    if (count == 0)
        return;
    if (count == 1)
        dn_registry_find(self->archive, DN_LIST_CORPORATIONS, numbers[0], rows);
    double before = confidence_of(party);
    double after = MAX(before, MIN(0.94, before + (1 - before) * 0.4));

    note(self, "name", "registry", NULL);
    if (rows->len > 0 && are_same(g_array_index(rows, DnRegistryRow, rows->len - 1).name,
                                  dn_json_string(party, "value")))
        respell(party, g_array_index(rows, DnRegistryRow, rows->len - 1).name, after);
    else
        raise_to(party, after);
}

static void
format_day(int32_t days, char out[DN_DATE_TEXT + 1])
{
    DnDate date = dn_date_from_days(days);

    dn_date_format(&date, out);
}

/* Was the issuer registered on the day of the transaction? 消費税法 57 の 2, 57 の 4. */
static void
check_issuer(Improving *self)
{
    const json_t *number = json_object_get(self->fields, "registration_number");
    const char *text = dn_json_string(json_object_get(self->fields, "date"), "value");
    g_autoptr(json_t) list = dn_registry_used(self->archive, DN_LIST_ISSUERS);
    const char *as_of = dn_json_string(list, "as_of");
    bool sure = confidence_of(number) >= SURE_OF_NUMBER;
    const char *verdict = "unknown";
    g_autofree char *figure = NULL;
    DnDate day = {0};
    DnDate state = {0};

    if (!number || !list)
        return;
    bool dated = text && dn_date_parse(text, &day, NULL);
    bool covered =
        dated && as_of && dn_date_parse(as_of, &state, NULL) && dn_date_compare(&day, &state) <= 0;

    if (self->issuer->len == 0) {
        verdict = sure && covered ? "fail" : "unknown";
        figure = g_strdup_printf("not in the list of %s", as_of ? as_of : "?");
    } else if (dated) {
        int32_t days = dn_date_to_days(&day);
        const DnRegistryRow *last =
            &g_array_index(self->issuer, DnRegistryRow, self->issuer->len - 1);
        char from[DN_DATE_TEXT + 1] = "?";
        char to[DN_DATE_TEXT + 1] = "";
        bool holds = false;

        for (guint i = 0; i < self->issuer->len && !holds; i++) {
            const DnRegistryRow *row = &g_array_index(self->issuer, DnRegistryRow, i);

            holds = days >= row->from_days && days < row->to_days;
            if (holds)
                last = row;
        }
        if (last->from_days != DN_LIST_EVER)
            format_day(last->from_days, from);
        if (last->to_days != DN_LIST_OPEN)
            format_day(last->to_days, to);
        figure = *to ? g_strdup_printf("registered %s until %s", from, to)
                     : g_strdup_printf("registered since %s, list of %s", from, as_of);
        verdict = holds ? (covered || *to ? "pass" : "unknown") : sure ? "fail" : "unknown";
    } else {
        figure = g_strdup("no day of transaction");
    }
    json_t *checks = json_object_get(self->reading, "checks");

    if (!checks) {
        checks = json_array();
        dn_json_take(self->reading, "checks", checks);
    }
    json_array_append_new(
        checks, json_pack("{s:s,s:s,s:s}", "rule", "ISSUER", "verdict", verdict, "figure", figure));
}

static json_t *
what_was_used(const Improving *self)
{
    json_t *known = json_object();
    json_t *lists = json_array();

    for (DnListKind kind = DN_LIST_CORPORATIONS; kind <= DN_LIST_ISSUERS; kind++) {
        json_t *used = dn_registry_used(self->archive, kind);

        if (used)
            json_array_append_new(lists, used);
    }
    dn_json_take(known, "lists", lists);
    dn_json_take(known, "found", json_incref(self->found));
    return known;
}

static bool
improve(Improving *self, GError **error)
{
    json_t *party = json_object_get(self->fields, "party");

    weigh_number(self);
    const json_t *number = json_object_get(self->fields, "registration_number");
    const json_t *telephone = json_object_get(self->fields, "telephone");
    const char *digits = dn_json_string(telephone, "value");

    check_issuer(self);
    if (was_told(party))
        return true; /* an e-invoice says who it is from */
    follow_registry(self);
    if (!number)
        follow_registered_name(self);
    if (!follow_name(self, error))
        return false;
    /* The surest way last: it has the last word. */
    if (digits && strlen(digits) >= TELEPHONE_LEAST && confidence_of(telephone) >= UNDOUBTED &&
        !follow_vouchers(self, 't', "telephone", digits, error))
        return false;
    return !number || confidence_of(number) < SURE_OF_NUMBER ||
           follow_vouchers(self, 'r', "registration_number", dn_json_string(number, "value"),
                           error);
}

bool
dn_known_improve(DnArchive *self, json_t *reading, json_t **out_known, GError **error)
{
    g_auto(Improving) improving = {.archive = self,
                                   .reading = reading,
                                   .fields = json_object_get(reading, "fields"),
                                   .found = json_array(),
                                   .issuer = dn_registry_rows_new(),
                                   .corporation = dn_registry_rows_new()};

    *out_known = NULL;
    if (!improving.fields)
        return true;
    if (!improve(&improving, error))
        return dn_fail_in(error, "what is known of counterparties");
    g_autoptr(json_t) known = what_was_used(&improving);

    if (json_array_size(json_object_get(known, "lists")) > 0 ||
        json_array_size(json_object_get(known, "found")) > 0)
        *out_known = g_steal_pointer(&known);
    return true;
}
