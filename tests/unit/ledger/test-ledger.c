/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ledger/test-ledger.c - canonical lines, their chain, and what tampering does to it.
 */
#include "config.h"
#include "engine/ledger/ledger.h"

#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

enum { LINES = 3 };

static const DnUuid tenant = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static const DnUuid stranger = {{9}};
static const DnClockReading reading = {
    .now_utc_ms = INT64_C(1795482123004), .synchronised = true, .max_error_us = 1200};

static char *
make_line(const char *json, DnLedgerHead *head, GError **error)
{
    g_autoptr(json_t) body = json_loads(json, 0, NULL);
    DnLedgerHead next = *head;
    char *line = NULL;

    g_assert_nonnull(body);
    line = dn_entry_line(body, &tenant, "cli:root", &reading, head, &next, error);
    *head = next;
    return line;
}

static void
make_chain(char *lines[LINES])
{
    static const char *const bodies[LINES] = {
        "{\"type\":\"tenant.created\"}",
        "{\"type\":\"voucher.corrected\",\"reason\":\"読み\\n誤り\",\"amount\":-10800,"
        "\"tags\":[true,null,{}]}",
        "{\"type\":\"voucher.confirmed\"}",
    };
    DnLedgerHead head = {0};

    for (int i = 0; i < LINES; i++) {
        g_autoptr(GError) error = NULL;

        lines[i] = make_line(bodies[i], &head, &error);
        g_assert_no_error(error);
    }
}

static void
free_chain(char *lines[LINES])
{
    for (int i = 0; i < LINES; i++)
        g_free(lines[i]);
}

static void
test_the_line_is_exactly_this(void)
{
    g_autoptr(GError) error = NULL;
    DnLedgerHead head = {0};
    g_autofree char *line =
        make_line("{\"type\":\"voucher.labelled\",\"add\":[\"x\"]}", &head, &error);

    g_assert_cmpstr(line, ==,
                    "{\"actor\":\"cli:root\",\"add\":[\"x\"],\"at\":\"2026-11-24T01:02:03.004Z\","
                    "\"clock\":{\"error_us\":1200,\"sync\":true},\"prev\":"
                    "\"0000000000000000000000000000000000000000000000000000000000000000\","
                    "\"seq\":1,\"tenant\":\"01020304-0506-0708-090a-0b0c0d0e0f10\","
                    "\"type\":\"voucher.labelled\"}");
    g_assert_cmpuint(head.seq, ==, 1);
}

static void
test_an_unknown_clock_error_is_absent(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) body = json_pack("{s:s}", "type", "tenant.created");
    DnClockReading unknown = {.now_utc_ms = 0, .max_error_us = -1};
    DnLedgerHead head = {0};
    DnLedgerHead next = {0};
    g_autofree char *line = dn_entry_line(body, &tenant, "a", &unknown, &head, &next, &error);

    g_assert_no_error(error);
    g_assert_nonnull(strstr(line, "\"clock\":{\"sync\":false}"));
    g_assert_null(json_object_get(body, "seq")); /* the caller's object is left alone */
}

static void
test_what_may_not_be_said_is_invalid(void)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"type\":\"voucher.eaten\"}",
        "{\"type\":7}",
        "{\"type\":\"tenant.created\",\"seq\":5}",
        "{\"type\":\"tenant.created\",\"prev\":null}",
        "{\"type\":\"tenant.created\",\"tenant\":\"x\"}",
        "{\"type\":\"tenant.created\",\"actor\":\"x\"}",
        "{\"type\":\"tenant.created\",\"at\":\"x\"}",
        "{\"type\":\"tenant.created\",\"clock\":{}}",
        "{\"type\":\"tenant.created\",\"amount\":1.5}",
        "{\"type\":\"tenant.created\",\"amount\":9007199254740992}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        DnLedgerHead head = {0};

        g_assert_null(make_line(bad[i], &head, &error));
        assert_code(error, INVALID);
        g_assert_cmpuint(head.seq, ==, 0);
    }
}

static void
test_an_actor_is_needed(void)
{
    static const char *const bad[] = {NULL, "", "\xff"};
    g_autoptr(json_t) body = json_pack("{s:s}", "type", "tenant.created");

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        DnLedgerHead head = {0};

        g_assert_null(dn_entry_line(body, &tenant, bad[i], &reading, &head, &head, &error));
        assert_code(error, INVALID);
    }
}

static void
test_every_listed_type_is_known_and_no_other(void)
{
    static const char *const listed[] = {
#define DN_ENTRY(name, meaning) name,
#include "engine/ledger/entry-types.def"
#undef DN_ENTRY
    };

    g_assert_cmpuint(G_N_ELEMENTS(listed), ==, 33);
    for (size_t i = 0; i < G_N_ELEMENTS(listed); i++)
        g_assert_true(dn_entry_type_known(listed[i]));
    g_assert_false(dn_entry_type_known("voucher"));
    g_assert_false(dn_entry_type_known(""));
    g_assert_false(dn_entry_type_known(NULL));
}

static void
test_a_chain_is_walked(void)
{
    char *lines[LINES];
    DnLedgerHead head = {0};

    make_chain(lines);
    for (int i = 0; i < LINES; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) entry = dn_entry_check(lines[i], &tenant, &head, &error);

        g_assert_no_error(error);
        g_assert_cmpint(dn_json_int(entry, "seq", 0), ==, i + 1);
        g_assert_cmpuint(head.seq, ==, (guint)i + 1);
    }
    free_chain(lines);
}

/* What an auditor does: sha256sum of each line without its line feed, compared by eye with the
 * "prev" of the next. GLib's own SHA-256 stands for the tool, so that ours is not its own judge. */
static void
test_the_chain_is_plain_sha256(void)
{
    char *lines[LINES];

    make_chain(lines);
    for (int i = 0; i + 1 < LINES; i++) {
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lines[i], -1);
        g_autofree char *member = g_strdup_printf("\"prev\":\"%s\"", sum);

        g_assert_nonnull(strstr(lines[i + 1], member));
        g_assert_null(strchr(lines[i], '\n'));
    }
    free_chain(lines);
}

/* True when the tampered chain is refused at some line, or ends in another head. */
static bool
is_noticed(char *lines[LINES], const DnLedgerHead *end)
{
    DnLedgerHead head = {0};

    for (int i = 0; i < LINES; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) entry = dn_entry_check(lines[i], &tenant, &head, &error);

        if (!entry) {
            /* A letter of the type that changed makes one that a later version may have. */
            g_assert_true(dn_error_code(error) == DN_ERROR_CORRUPT ||
                          (dn_error_code(error) == DN_ERROR_UNSUPPORTED &&
                           strstr(error->message, "of the type")));
            return true;
        }
    }
    return head.seq != end->seq || !dn_sha256_equal(&head.hash, &end->hash);
}

static void
test_every_changed_byte_is_noticed(void)
{
    char *lines[LINES];
    DnLedgerHead end = {0};

    make_chain(lines);
    for (int i = 0; i < LINES; i++)
        json_decref(dn_entry_check(lines[i], &tenant, &end, NULL));
    g_assert_false(is_noticed(lines, &end));
    for (int i = 0; i < LINES; i++) {
        for (size_t at = 0; lines[i][at]; at++) {
            for (int bit = 0; bit < 8; bit++) {
                lines[i][at] = (char)(lines[i][at] ^ 1 << bit);
                g_assert_true(is_noticed(lines, &end));
                lines[i][at] = (char)(lines[i][at] ^ 1 << bit);
            }
        }
    }
    free_chain(lines);
}

static void
test_lines_cannot_be_dropped_repeated_or_reordered(void)
{
    static const int orders[][LINES] = {{1, 2, 2}, {0, 2, 2}, {0, 0, 1}, {1, 0, 2}, {0, 2, 1}};
    char *lines[LINES];

    make_chain(lines);
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        DnLedgerHead head = {0};
        bool refused = false;

        for (int k = 0; k < LINES && !refused; k++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(json_t) entry = dn_entry_check(lines[orders[i][k]], &tenant, &head, &error);

            refused = entry == NULL;
        }
        g_assert_true(refused);
    }
    free_chain(lines);
}

static void
refuse(const char *line, const DnUuid *whose)
{
    g_autoptr(GError) error = NULL;
    DnLedgerHead head = {0};

    g_assert_null(dn_entry_check(line, whose, &head, &error));
    g_assert_nonnull(strstr(error->message, "entry 1"));
    assert_code(error, CORRUPT);
    g_assert_cmpuint(head.seq, ==, 0);
}

static void
test_other_forms_of_the_same_value_are_refused(void)
{
    char *lines[LINES];
    g_autofree char *spaced = NULL;
    g_autofree char *with_line_feed = NULL;
    g_autofree char *doubled = NULL;

    make_chain(lines);
    spaced = g_strdup_printf("{ %s", lines[0] + 1);
    with_line_feed = g_strdup_printf("%s\n", lines[0]);
    doubled = g_strdup_printf("{\"actor\":\"cli:root\",%s", lines[0] + 1);
    refuse(spaced, &tenant);
    refuse(with_line_feed, &tenant);
    refuse(doubled, &tenant);
    refuse(lines[0], &stranger);
    refuse("", &tenant);
    refuse("7", &tenant);
    refuse("{}", &tenant);
    free_chain(lines);
}

/* Canonical, in place, but lacking what every entry has. */
static void
test_members_that_are_missing_are_noticed(void)
{
    static const char *const without[] = {"actor", "at", "clock", "type", "prev", "tenant"};
    char *lines[LINES];

    make_chain(lines);
    for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
        g_autoptr(json_t) entry = json_loads(lines[0], 0, NULL);
        g_autofree char *line = NULL;

        json_object_del(entry, without[i]);
        line = dn_json_canonical(entry, NULL);
        refuse(line, &tenant);
    }
    free_chain(lines);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/line-is-exact", test_the_line_is_exactly_this);
    g_test_add_func("/ledger/clock-unknown", test_an_unknown_clock_error_is_absent);
    g_test_add_func("/ledger/invalid", test_what_may_not_be_said_is_invalid);
    g_test_add_func("/ledger/actor", test_an_actor_is_needed);
    g_test_add_func("/ledger/types", test_every_listed_type_is_known_and_no_other);
    g_test_add_func("/ledger/chain", test_a_chain_is_walked);
    g_test_add_func("/ledger/sha256sum", test_the_chain_is_plain_sha256);
    g_test_add_func("/ledger/every-byte", test_every_changed_byte_is_noticed);
    g_test_add_func("/ledger/order", test_lines_cannot_be_dropped_repeated_or_reordered);
    g_test_add_func("/ledger/canonical", test_other_forms_of_the_same_value_are_refused);
    g_test_add_func("/ledger/members", test_members_that_are_missing_are_noticed);
    return g_test_run();
}
