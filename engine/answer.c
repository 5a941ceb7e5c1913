/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/answer.c - shapes of JSON, and one walk that holds a value against its shape.
 */
#include "config.h"
#include "engine/answer.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/kinds.h"

#include <math.h>
#include <string.h>

enum { READING_BYTES_MOST = 4 << 20, VERDICT_BYTES_MOST = 64 << 10, PAGE_BYTES_MOST = 64 };
/* A value takes up to 40 bytes in memory and as little as two in a message. */
enum { VALUES_MOST = 3000000 };
enum { MESSAGE_CHARACTERS_MOST = 500 };

/* ---- shapes ---- */

typedef enum { IS_INT, IS_REAL, IS_BOOL, IS_STRING, IS_OBJECT, IS_LIST, IS_TUPLE } Kind;

typedef struct Shape Shape;

typedef struct {
    const char *key; /* NULL ends a list of members; in a tuple it only names the place */
    const Shape *shape;
    bool optional;
} Member;

struct Shape {
    Kind kind;
    int64_t least; /* of a number, the bytes of a string, the elements of a list */
    int64_t most;
    bool (*accepts)(const char *text); /* strings; NULL: any */
    const Member *members;             /* objects and tuples */
    const Shape *element;              /* lists */
};

static bool
is_day(const char *text)
{
    char canonical[DN_DATE_TEXT + 1];
    DnDate day;

    if (!dn_date_parse(text, &day, NULL))
        return false;
    dn_date_format(&day, canonical);
    return strcmp(text, canonical) == 0;
}

static bool
is_currency(const char *text)
{
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool
is_registration_number(const char *text)
{
    return strlen(text) == 14 && text[0] == 'T' && strspn(text + 1, "0123456789") == 13;
}

static bool
is_rate(const char *text)
{
    return strspn(text, "0123456789.") == strlen(text);
}

static bool
is_sha256(const char *text)
{
    DnSha256 digest;

    return dn_unhex(text, digest.bytes, sizeof digest.bytes, NULL);
}

static bool
is_one_of(const char *text, const char *const *words)
{
    return g_strv_contains(words, text);
}

static bool
is_kind(const char *text)
{
    return dn_kind_find(text) != NULL;
}

static bool
is_colour(const char *text)
{
    static const char *const words[] = {"rgb", "gray", "bilevel", NULL};

    return is_one_of(text, words);
}

static bool
is_rule_verdict(const char *text)
{
    static const char *const words[] = {"pass", "fail", "unknown", NULL};

    return is_one_of(text, words);
}

static bool
is_media_type(const char *text)
{
    return strchr(text, '/') &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789/+.-") == strlen(text);
}

static bool
is_plain(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if ((*p < 0x20 && *p != '\n' && *p != '\t' && *p != '\f') || *p == 0x7F)
            return false;
    return true;
}

#define INTEGER(from, to)                                                                          \
    {                                                                                              \
        .kind = IS_INT, .least = (from), .most = (to)                                              \
    }
#define STRING(from, to, check)                                                                    \
    {                                                                                              \
        .kind = IS_STRING, .least = (from), .most = (to), .accepts = (check)                       \
    }
#define LIST(from, to, what)                                                                       \
    {                                                                                              \
        .kind = IS_LIST, .least = (from), .most = (to), .element = (what)                          \
    }
#define OBJECT(list)                                                                               \
    {                                                                                              \
        .kind = IS_OBJECT, .members = (list)                                                       \
    }

static const Shape a_flag = {.kind = IS_BOOL};
static const Shape a_page = INTEGER(1, 1000000);
static const Shape a_page_or_none = INTEGER(0, 1000000);
static const Shape a_count = INTEGER(0, 1000000);
static const Shape a_side = INTEGER(0, UINT32_MAX); /* as the file claims, not as decoded */
static const Shape a_place = INTEGER(INT32_MIN, INT32_MAX);
static const Shape an_amount = INTEGER(-1000000000000000, 1000000000000000);
static const Shape a_size = INTEGER(0, INT64_MAX);
static const Shape a_bit_count = INTEGER(0, UINT16_MAX);
static const Shape an_orientation = INTEGER(0, UINT32_MAX);
static const Shape a_scale = INTEGER(0, 4);
static const Shape a_resolution = {.kind = IS_REAL, .least = 0, .most = 1000000};
static const Shape a_confidence = {.kind = IS_REAL, .least = 0, .most = 1};
static const Shape a_name = STRING(1, 200, is_plain);
static const Shape a_note = STRING(0, 64 << 10, is_plain);
static const Shape a_word = STRING(0, 1 << 20, is_plain);
static const Shape a_day = STRING(DN_DATE_TEXT, DN_DATE_TEXT, is_day);
static const Shape a_currency = STRING(3, 3, is_currency);
static const Shape a_registration_number = STRING(14, 14, is_registration_number);
static const Shape a_rate = STRING(1, 8, is_rate);
static const Shape a_digest = STRING(DN_SHA256_HEX, DN_SHA256_HEX, is_sha256);
static const Shape a_kind = STRING(1, 24, is_kind);
static const Shape a_colour = STRING(1, 24, is_colour);
static const Shape a_rule_verdict = STRING(1, 24, is_rule_verdict);
static const Shape a_media_type = STRING(3, 100, is_media_type);
static const Shape a_file_media_type = STRING(0, 1024, is_plain);
static const Shape notes = LIST(0, 1000, &a_note);
static const Shape a_box = LIST(4, 4, &a_place);

/* A field has the members of a candidate and its alternatives. */
#define CANDIDATE(value_shape)                                                                     \
    {"value", (value_shape), false}, {"confidence", &a_confidence, false},                         \
        {"page", &a_page_or_none, true}, {"box", &a_box, true}, {"currency", &a_currency, true},   \
        {"origin", &a_name, true},                                                                 \
    {                                                                                              \
        "scale", &a_scale, true                                                                    \
    }
#define FIELD(name, value_shape)                                                                   \
    static const Member name##_candidate_members[] = {CANDIDATE(value_shape), {0}};                \
    static const Shape name##_candidate = OBJECT(name##_candidate_members);                        \
    static const Shape name##_alternatives = LIST(0, 64, &name##_candidate);                       \
    static const Member name##_members[] = {                                                       \
        CANDIDATE(value_shape), {"alternatives", &name##_alternatives, true}, {0}};                \
    static const Shape name##_field = OBJECT(name##_members)

FIELD(date, &a_day);
FIELD(amount, &an_amount);
FIELD(party, &a_note);
FIELD(registration_number, &a_registration_number);
FIELD(due_date, &a_day);
FIELD(number, &a_note);
FIELD(telephone, &a_name);

static const Member tax_members[] = {{"rate", &a_rate, false},
                                     {"base", &an_amount, true},
                                     {"tax", &an_amount, true},
                                     {"base_includes_tax", &a_flag, true},
                                     {0}};
static const Shape tax = OBJECT(tax_members);
static const Shape taxes = LIST(0, 64, &tax);

static const Member fields_members[] = {{"date", &date_field, true},
                                        {"amount", &amount_field, true},
                                        {"party", &party_field, true},
                                        {"registration_number", &registration_number_field, true},
                                        {"due_date", &due_date_field, true},
                                        {"number", &number_field, true},
                                        {"telephone", &telephone_field, true},
                                        {"taxes", &taxes, true},
                                        {0}};
static const Shape fields = OBJECT(fields_members);

static const Member captured_members[] = {
    {"page", &a_page, false},        {"width_px", &a_side, false},
    {"height_px", &a_side, false},   {"dpi_x", &a_resolution, false},
    {"dpi_y", &a_resolution, false}, {"bits", &a_bit_count, false},
    {"colour", &a_colour, false},    {"lossy", &a_flag, false},
    {"compression", &a_name, true},  {"orientation", &an_orientation, false},
    {"rendered", &a_flag, false},    {0}};
static const Shape captured_page = OBJECT(captured_members);
static const Shape captured = LIST(0, 100000, &captured_page);

/* A look names the rows that it saw: at most every fourth of a page. */
static const Shape a_look = STRING(0, 256 << 10, is_plain);
static const Shape looks = LIST(0, 1000, &a_look);
static const Member derived_members[] = {{"page", &a_page, false},
                                         {"operations", &notes, false},
                                         {"looks", &looks, true},
                                         {"origin", &a_name, true},
                                         {"complete", &a_flag, false},
                                         {"warning", &a_note, true},
                                         {0}};
static const Shape derived_page = OBJECT(derived_members);
static const Shape derived = LIST(0, 100000, &derived_page);

static const Member check_members[] = {
    {"rule", &a_name, false}, {"verdict", &a_rule_verdict, false}, {"figure", &a_note, false}, {0}};
static const Shape check = OBJECT(check_members);
static const Shape checks = LIST(0, 64, &check);

static const Member attachment_members[] = {{"name", &a_note, false},
                                            {"media_type", &a_file_media_type, true},
                                            {"bytes", &a_size, false},
                                            {"sha256", &a_digest, false},
                                            {0}};
static const Shape attachment = OBJECT(attachment_members);
static const Shape attachments = LIST(0, 100000, &attachment);

static const Member models_members[] = {{"latin", &a_flag, true},    {"accented", &a_flag, true},
                                        {"vertical", &a_flag, true}, {"column", &a_flag, true},
                                        {"line", &a_flag, true},     {0}};
static const Shape models = OBJECT(models_members);

static const Member reading_members[] = {{"media_type", &a_media_type, false},
                                         {"pages", &a_page, false},
                                         {"pages_read", &a_count, false},
                                         {"kind", &a_kind, false},
                                         {"fields", &fields, false},
                                         {"captured", &captured, false},
                                         {"derived", &derived, false},
                                         {"checks", &checks, false},
                                         {"attachments", &attachments, false},
                                         {"warnings", &notes, false},
                                         {"models", &models, true},
                                         {0}};
static const Shape reading = OBJECT(reading_members);

static const Member word_members[] = {{"text", &a_word, false},
                                      {"x", &a_place, false},
                                      {"y", &a_place, false},
                                      {"width", &a_place, false},
                                      {"height", &a_place, false},
                                      {"confidence", &a_confidence, false},
                                      {0}};
static const Shape word = {.kind = IS_TUPLE, .members = word_members};
static const Shape line = LIST(0, 1000000, &word);
static const Shape lines = LIST(0, 1000000, &line);
static const Member words_page_members[] = {{"page", &a_page, false},
                                            {"width_px", &a_side, false},
                                            {"height_px", &a_side, false},
                                            {"dpi", &a_resolution, false},
                                            {"origin", &a_name, false},
                                            {"lines", &lines, false},
                                            {0}};
static const Shape words_page = OBJECT(words_page_members);
static const Shape words_pages = LIST(0, 100000, &words_page);
static const Member words_members[] = {{"pages", &words_pages, false}, {0}};
static const Shape words = OBJECT(words_members);

static const Member done_members[] = {{"page", &a_page, false}, {0}};
static const Shape done = OBJECT(done_members);

static const Member verdict_members[] = {{"code", &a_name, false},
                                         {"message", &a_note, false},
                                         {"media_type", &a_media_type, true},
                                         {0}};
static const Shape verdict_shape = OBJECT(verdict_members);

/* ---- the walk ---- */

static bool hold(json_t *value, const Shape *shape, GError **error);

static bool
in_range(const Shape *shape, int64_t value)
{
    return value >= shape->least && value <= shape->most;
}

static bool
is_known(const Member *members, const char *key)
{
    for (const Member *member = members; member->key; member++)
        if (strcmp(member->key, key) == 0)
            return true;
    return false;
}

static bool
hold_object(json_t *object, const Member *members, GError **error)
{
    void *next = NULL;

    for (const Member *member = members; member->key; member++) {
        json_t *value = json_object_get(object, member->key);

        if (!value && member->optional)
            continue;
        if (!value)
            return dn_fail(error, DN_ERROR_FORMAT, "%s is missing", member->key);
        if (!hold(value, member->shape, error))
            return dn_fail_in(error, "%s", member->key);
    }
    for (void *at = json_object_iter(object); at; at = next) {
        next = json_object_iter_next(object, at);
        if (!is_known(members, json_object_iter_key(at)))
            json_object_del(object, json_object_iter_key(at));
    }
    return true;
}

static bool
hold_list(const json_t *list, const Shape *element, GError **error)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!hold(json_array_get(list, i), element, error))
            return dn_fail_in(error, "[%zu]", i);
    return true;
}

static bool
hold_tuple(const json_t *list, const Member *members, GError **error)
{
    size_t i = 0;

    for (; members[i].key; i++)
        if (i >= json_array_size(list) || !hold(json_array_get(list, i), members[i].shape, error))
            return error && *error
                       ? dn_fail_in(error, "%s", members[i].key)
                       : dn_fail(error, DN_ERROR_FORMAT, "%s is missing", members[i].key);
    return i == json_array_size(list) || dn_fail(error, DN_ERROR_FORMAT, "too many elements");
}

static bool
hold(json_t *value, const Shape *shape, GError **error)
{
    bool right = false;

    switch (shape->kind) {
    case IS_INT:
        right = json_is_integer(value) && in_range(shape, json_integer_value(value));
        break;
    case IS_REAL:
        right = json_is_number(value) && json_number_value(value) >= (double)shape->least &&
                json_number_value(value) <= (double)shape->most;
        break;
    case IS_BOOL:
        right = json_is_boolean(value);
        break;
    case IS_STRING:
        right = json_is_string(value) && in_range(shape, (int64_t)json_string_length(value)) &&
                (!shape->accepts || shape->accepts(json_string_value(value)));
        break;
    case IS_OBJECT:
        if (json_is_object(value))
            return hold_object(value, shape->members, error);
        break;
    case IS_LIST:
        if (json_is_array(value) && in_range(shape, (int64_t)json_array_size(value)))
            return hold_list(value, shape->element, error);
        break;
    case IS_TUPLE:
        if (json_is_array(value))
            return hold_tuple(value, shape->members, error);
        break;
    default:
        break;
    }
    return right || dn_fail(error, DN_ERROR_FORMAT, "not of the expected form");
}

static size_t
count_values(const char *text, size_t size)
{
    size_t count = 1;

    for (size_t i = 0; i < size; i++)
        count += text[i] == ',' || text[i] == '[' || text[i] == '{' || text[i] == ':';
    return count;
}

static json_t *
parse(GBytes *body, size_t bytes_most, const Shape *shape, GError **error)
{
    size_t size = 0;
    const char *text = g_bytes_get_data(body, &size);

    if (size > bytes_most)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%zu bytes, allowed are %zu", size, bytes_most);
    if (count_values(text, size) > VALUES_MOST)
        return dn_fail_null(error, DN_ERROR_LIMIT, "more than %d values", VALUES_MOST);
    g_autoptr(json_t) value = dn_json_parse(text, size, error);

    if (!value || !hold(value, shape, error))
        return NULL;
    return g_steal_pointer(&value);
}

/* ---- the messages ---- */

bool
dn_answer_page(GBytes *body, unsigned *out_page, GError **error)
{
    g_autoptr(json_t) object = parse(body, PAGE_BYTES_MOST, &done, error);

    if (!object)
        return false;
    *out_page = (unsigned)dn_json_int(object, "page", 0);
    return true;
}

json_t *
dn_answer_reading(GBytes *body, GError **error)
{
    return parse(body, READING_BYTES_MOST, &reading, error);
}

bool
dn_answer_check_text(GBytes *body, GError **error)
{
    size_t size = 0;
    const char *text = g_bytes_get_data(body, &size);

    return g_utf8_validate_len(text ? text : "", size, NULL) ||
           dn_fail(error, DN_ERROR_FORMAT, "the text is not UTF-8");
}

bool
dn_answer_check_words(GBytes *body, GError **error)
{
    g_autoptr(json_t) object = parse(body, G_MAXUINT32, &words, error);

    return object != NULL;
}

bool
dn_answer_check_rendition(GBytes *body, GError **error)
{
    static const char magic[] = {'%', 'P', 'D', 'F', '-'};
    size_t size = 0;
    const char *data = g_bytes_get_data(body, &size);

    return (size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0) ||
           dn_fail(error, DN_ERROR_FORMAT, "the rendition is not a PDF");
}

bool
dn_answer_check_png(GBytes *body, GError **error)
{
    static const uint8_t magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(body, &size);

    return (size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0) ||
           dn_fail(error, DN_ERROR_FORMAT, "the picture of a page is not a PNG");
}

bool
dn_answer_verdict(GBytes *body, GError **out_verdict, GError **error)
{
    g_autoptr(json_t) object = parse(body, VERDICT_BYTES_MOST, &verdict_shape, error);

    if (!object)
        return false;
    const char *message = dn_json_string(object, "message");
    g_autofree char *brief =
        g_utf8_substring(message, 0, MIN(g_utf8_strlen(message, -1), MESSAGE_CHARACTERS_MOST));
    DnErrorCode code = dn_error_from_name(dn_json_string(object, "code"));

    if (code != DN_ERROR_INVALID && code != DN_ERROR_FORMAT && code != DN_ERROR_UNSUPPORTED &&
        code != DN_ERROR_LIMIT && code != DN_ERROR_IO)
        code = DN_ERROR_EXTERNAL;
    dn_fail(out_verdict, code, "%s", brief);
    return true;
}
