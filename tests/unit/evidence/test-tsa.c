/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/test-tsa.c - asking for a stamp: the good answer, and every bad one.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tests/unit/evidence/authority.h"

enum { TIMEOUT_MS = 20000, SHORT_MS = 300 };

static const char policy[] = "2.25.118059162071741130342591466862047354001";

static DnHash
hash_of(const char *text)
{
    return dn_hash(DN_HASH_SHA256, text, strlen(text));
}

static void
assert_no_stamp(const char *url, uint32_t timeout_ms, DnErrorCode wanted, const char *said)
{
    DnHash imprint = hash_of("voucher");
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) token =
        dn_tsa_stamp(&(DnTsa){.url = url, .timeout_ms = timeout_ms}, &imprint, &error);

    g_assert_null(token);
    g_assert_nonnull(error);
    g_test_message("%s: %s", dn_error_name(dn_error_code(error)), error->message);
    g_assert_cmpint(dn_error_code(error), ==, wanted);
    if (said)
        g_assert_nonnull(strstr(error->message, said));
}

static void
assert_parrot(GBytes *answer, DnErrorCode wanted, const char *said)
{
    g_autoptr(Parrot) parrot = parrot_start(answer);

    assert_no_stamp(parrot_url(parrot), TIMEOUT_MS, wanted, said);
}

static void
check_round_trip(const char *init_arguments)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(GBytes) first = NULL;
    g_autoptr(GBytes) second = NULL;
    g_autoptr(DnTrust) trust = NULL;
    g_auto(DnTokenInfo) info = {0};
    g_auto(DnTokenInfo) next = {0};
    g_autoptr(GError) error = NULL;
    DnHash imprint = hash_of("voucher");
    int64_t now_ms = dn_clock_now_utc_ms();

    authority_init(folder, init_arguments);
    trust = authority_trust(folder);
    first = authority_stamp(folder, NULL, &imprint);
    second = authority_stamp(folder, NULL, &imprint);

    g_assert_true(dn_token_verify(first, &imprint, trust, &info, &error));
    g_assert_no_error(error);
    g_assert_true(info.trusted);
    g_assert_false(info.accredited);
    g_assert_cmpstr(info.authority, ==, "dencho test TSA (NON-ACCREDITED)");
    g_assert_cmpstr(info.policy, ==, policy);
    g_assert_cmpstr(info.serial, ==, "01");
    g_assert_cmpint(info.gen_time_utc_ms, >=, now_ms);
    g_assert_cmpint(info.gen_time_utc_ms, <=, dn_clock_now_utc_ms());

    /* Numbers go on where an earlier run of the authority ended. */
    g_assert_true(dn_token_verify(second, &imprint, trust, &next, &error));
    g_assert_cmpstr(next.serial, ==, "02");
    g_assert_false(g_bytes_equal(first, second));
}

static void
test_stamp_round_trip(void)
{
    check_round_trip(NULL);
}

static void
test_stamp_round_trip_with_rsa(void)
{
    check_round_trip("--rsa");
}

static void
test_one_server_gives_many_stamps(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(Authority) authority = NULL;

    authority_init(folder, NULL);
    authority = authority_start(folder, NULL);
    for (int i = 0; i < 20; i++) {
        g_autofree char *text = g_strdup_printf("voucher %d", i);
        g_autoptr(GError) error = NULL;
        DnHash imprint = hash_of(text);
        g_autoptr(GBytes) token = dn_tsa_stamp(
            &(DnTsa){.url = authority_url(authority), .timeout_ms = TIMEOUT_MS}, &imprint, &error);

        g_assert_no_error(error);
        g_assert_nonnull(token);
    }
}

static void
test_refusal_is_told(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(Authority) authority = NULL;

    authority_init(folder, NULL);
    authority = authority_start(folder, "--refuse");
    assert_no_stamp(authority_url(authority), TIMEOUT_MS, DN_ERROR_EXTERNAL,
                    "refuses, as it was told to");
    assert_no_stamp(authority_url(authority), TIMEOUT_MS, DN_ERROR_EXTERNAL, "clock");
}

static void
test_slow_authority_is_limit(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(Authority) authority = NULL;
    int64_t start_ms = dn_clock_monotonic_ms();

    authority_init(folder, NULL);
    authority = authority_start(folder, "--delay-ms 60000");
    assert_no_stamp(authority_url(authority), SHORT_MS, DN_ERROR_LIMIT, NULL);
    g_assert_cmpint(dn_clock_monotonic_ms() - start_ms, <, 30000);
}

static void
test_answer_cut_short_is_refused(void)
{
    g_autoptr(GBytes) endless = parrot_answer("200 OK\r\nContent-Length: 100", "x", 1);
    g_autoptr(Parrot) parrot = parrot_start(endless);

    /* A body that ends early is no answer either. */
    assert_no_stamp(parrot_url(parrot), TIMEOUT_MS, DN_ERROR_EXTERNAL, NULL);
}

static void
test_nobody_listens(void)
{
    g_autofree char *url = NULL;

    {
        g_autoptr(Parrot) gone = parrot_start(NULL);

        url = g_strdup(parrot_url(gone));
    }
    assert_no_stamp(url, TIMEOUT_MS, DN_ERROR_EXTERNAL, NULL);
}

static void
test_nothing_is_answered(void)
{
    assert_parrot(NULL, DN_ERROR_EXTERNAL, NULL);
}

static void
test_http_failures_are_told(void)
{
    static const char *const failures[] = {"404 Not Found", "500 Internal Server Error",
                                           "503 Service Unavailable", "204 No Content"};

    for (size_t i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autoptr(GBytes) answer = parrot_answer(failures[i], NULL, 0);
        g_autofree char *code = g_strndup(failures[i], 3);

        assert_parrot(answer, DN_ERROR_EXTERNAL, code);
    }
}

/* The parrot's redirect points at a local file. */
static void
test_redirect_is_not_followed(void)
{
    g_autoptr(GBytes) answer = parrot_answer("302 Found", NULL, 0);

    assert_parrot(answer, DN_ERROR_EXTERNAL, "302");
}

static void
test_garbage_is_format(void)
{
    static const char html[] = "<html><body>Sign in</body></html>";
    static const uint8_t empty_sequence[] = {0x30, 0x00};
    static const uint8_t long_sequence[] = {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30};
    /* granted, and no token */
    static const uint8_t granted[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00};
    /* a status of nine bytes */
    static const uint8_t vast[] = {0x30, 0x0d, 0x30, 0x0b, 0x02, 0x09, 0x01, 0,
                                   0,    0,    0,    0,    0,    0,    0};
    static const struct {
        const void *body;
        size_t size;
    } bodies[] = {{vast, sizeof vast},
                  {NULL, 0},
                  {html, sizeof html - 1},
                  {empty_sequence, sizeof empty_sequence},
                  {long_sequence, sizeof long_sequence},
                  {granted, sizeof granted}};

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GBytes) answer = parrot_answer("200 OK", bodies[i].body, bodies[i].size);

        assert_parrot(answer, DN_ERROR_FORMAT, NULL);
    }
}

static void
test_huge_answer_is_limit(void)
{
    size_t size = 2 * 1024 * 1024;
    g_autofree uint8_t *body = g_malloc0(size);
    g_autoptr(GBytes) answer = parrot_answer("200 OK", body, size);

    assert_parrot(answer, DN_ERROR_LIMIT, NULL);
}

/* A response around @token, as an authority would send it. */
static GBytes *
granted_with(GBytes *token)
{
    static const uint8_t status[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    g_autoptr(GByteArray) body = g_byte_array_new();
    size_t size = g_bytes_get_size(token);
    size_t inner = sizeof status + size;
    uint8_t header[] = {0x30, 0x82, (uint8_t)(inner >> 8), (uint8_t)inner};

    g_assert_cmpuint(inner, >, 0xff);
    g_assert_cmpuint(inner, <=, 0xffff);
    g_byte_array_append(body, header, sizeof header);
    g_byte_array_append(body, status, sizeof status);
    g_byte_array_append(body, g_bytes_get_data(token, NULL), (guint)size);
    return parrot_answer("200 OK", body->data, body->len);
}

/* The answer to an earlier request holds in itself; only the nonce tells that it is old. */
static void
test_old_answer_is_refused(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) answer = NULL;
    DnHash imprint = hash_of("voucher");

    authority_init(folder, NULL);
    token = authority_stamp(folder, NULL, &imprint);
    answer = granted_with(token);
    assert_parrot(answer, DN_ERROR_EXTERNAL, "nonce");
}

static void
test_stamp_of_another_hash_is_refused(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GBytes) answer = NULL;
    DnHash imprint = hash_of("another voucher");

    authority_init(folder, NULL);
    token = authority_stamp(folder, NULL, &imprint);
    answer = granted_with(token);
    assert_parrot(answer, DN_ERROR_EXTERNAL, "another hash");
}

static void
test_addresses_that_are_none(void)
{
    static const char *const urls[] = {"",
                                       "tsa",
                                       "ftp://127.0.0.1/tsa",
                                       "file:///etc/passwd",
                                       "gopher://127.0.0.1:70/",
                                       "http://",
                                       "https://:443/"};

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++)
        assert_no_stamp(urls[i], TIMEOUT_MS, DN_ERROR_INVALID, NULL);
}

static void
test_password_is_not_told(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) token = NULL;
    DnHash imprint = hash_of("voucher");

    token =
        dn_tsa_stamp(&(DnTsa){.url = "http://clerk:sesame@127.0.0.1:1/", .timeout_ms = TIMEOUT_MS},
                     &imprint, &error);
    g_assert_null(token);
    g_assert_null(strstr(error->message, "sesame"));
    g_assert_nonnull(strstr(error->message, "127.0.0.1"));
    assert_code(error, EXTERNAL);
}

/* An authority whose certificate does not cover its own clock. */
static void
test_stamp_outside_the_certificate_is_refused(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();

    authority_init(folder, "--valid-from 2020-01-02 --days 2");
    for (int late = 0; late < 2; late++) {
        g_autoptr(Authority) authority = authority_start(
            folder, late ? "--clock 2020-01-04T00:00:01.000Z" : "--clock 2020-01-01T23:59:00.000Z");

        assert_no_stamp(authority_url(authority), TIMEOUT_MS, DN_ERROR_EXTERNAL,
                        late ? "ended" : "not yet valid");
    }
}

/* --- dencho-tsa itself --- */

/* (transfer full) What the authority answers to these bytes, as text up to the first NUL. */
static char *
answer_to(const Authority *authority, const char *bytes, size_t size)
{
    unsigned port =
        (unsigned)strtoul(authority_url(authority) + strlen("http://127.0.0.1:"), NULL, 10);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    dn_autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(GString) answer = g_string_new(NULL);
    char buffer[4096];
    ssize_t count = 0;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    while (size > 0 && (count = send(fd, bytes, size, MSG_NOSIGNAL)) > 0) {
        bytes += count;
        size -= (size_t)count;
    }
    shutdown(fd, SHUT_WR);
    while ((count = recv(fd, buffer, sizeof buffer, 0)) > 0)
        g_string_append_len(answer, buffer, count);
    return g_string_free(g_steal_pointer(&answer), FALSE);
}

static void
test_authority_speaks_strict_http(void)
{
#define QUERY "Content-Type: application/timestamp-query\r\n"
    static const struct {
        const char *request;
        const char *status; /* NULL: hangs up */
    } requests[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "},
        {"POST / HTTP/1.0\r\n" QUERY "\r\n", "HTTP/1.1 505 "},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 415 "},
        {"POST / HTTP/1.1\r\n" QUERY "\r\n", "HTTP/1.1 411 "},
        {"POST / HTTP/1.1\r\n" QUERY "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 411 "},
        {"POST / HTTP/1.1\r\n" QUERY "Content-Length: 99999999\r\n\r\n", "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\n" QUERY "Content-Length: -1\r\n\r\n", "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\n" QUERY "Content-Length: 0\r\n\r\n", "HTTP/1.1 413 "},
        {"\r\n\r\n", "HTTP/1.1 505 "},
        {"POST / HTTP/1.1\r\n", NULL},
        {"POST / HTTP/1.1\r\n" QUERY "Content-Length: 30\r\n\r\nabc", NULL},
        {"", NULL},
        /* What cannot be read is answered in the form of the protocol. */
        {"POST / HTTP/1.1\r\n" QUERY "content-length: 3\r\n\r\nabc", "HTTP/1.1 200 "},
    };
#undef QUERY
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(Authority) authority = NULL;
    g_autofree char *endless = g_strnfill(64 * 1024, 'x');
    g_autofree char *refusal = NULL;
    g_autoptr(GBytes) token = NULL;
    g_autoptr(GError) error = NULL;
    DnHash imprint = hash_of("voucher");

    authority_init(folder, NULL);
    authority = authority_start(folder, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *answer =
            answer_to(authority, requests[i].request, strlen(requests[i].request));

        if (requests[i].status)
            g_assert_true(g_str_has_prefix(answer, requests[i].status));
        else
            g_assert_cmpstr(answer, ==, "");
    }
    refusal = answer_to(authority, endless, strlen(endless));
    g_assert_true(refusal[0] == '\0' || g_str_has_prefix(refusal, "HTTP/1.1 431 "));
    /* And it is still there. */
    token = dn_tsa_stamp(&(DnTsa){.url = authority_url(authority), .timeout_ms = TIMEOUT_MS},
                         &imprint, &error);
    g_assert_no_error(error);
    g_assert_nonnull(token);
}

static void
test_authority_keeps_its_folder(void)
{
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autoptr(Authority) authority = NULL;
    g_autofree char *program =
        g_build_filename(g_getenv("DENCHO_BUILDDIR"), "tools", "dencho-tsa", NULL);
    char *again[] = {program, (char *)"serve", folder, NULL};
    char *renewed[] = {program, (char *)"init", folder, NULL};
    int status = 0;

    authority_init(folder, NULL);
    authority = authority_start(folder, NULL);
    /* Two servers would give a serial number twice; a second init would orphan every stamp. */
    g_assert_true(g_spawn_sync(NULL, again, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, dn_error_exit_status(DN_ERROR_BUSY));
    g_assert_true(g_spawn_sync(NULL, renewed, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, dn_error_exit_status(DN_ERROR_EXISTS));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* A proxy of the environment would answer in the authority's place. */
    g_setenv("http_proxy", "http://127.0.0.1:9/", TRUE);
    g_setenv("all_proxy", "http://127.0.0.1:9/", TRUE);
    g_test_add_func("/evidence/tsa/round-trip", test_stamp_round_trip);
    g_test_add_func("/evidence/tsa/round-trip-rsa", test_stamp_round_trip_with_rsa);
    g_test_add_func("/evidence/tsa/many", test_one_server_gives_many_stamps);
    g_test_add_func("/evidence/tsa/refusal", test_refusal_is_told);
    g_test_add_func("/evidence/tsa/slow", test_slow_authority_is_limit);
    g_test_add_func("/evidence/tsa/cut-short", test_answer_cut_short_is_refused);
    g_test_add_func("/evidence/tsa/nobody", test_nobody_listens);
    g_test_add_func("/evidence/tsa/nothing", test_nothing_is_answered);
    g_test_add_func("/evidence/tsa/http", test_http_failures_are_told);
    g_test_add_func("/evidence/tsa/redirect", test_redirect_is_not_followed);
    g_test_add_func("/evidence/tsa/garbage", test_garbage_is_format);
    g_test_add_func("/evidence/tsa/huge", test_huge_answer_is_limit);
    g_test_add_func("/evidence/tsa/old-answer", test_old_answer_is_refused);
    g_test_add_func("/evidence/tsa/another-hash", test_stamp_of_another_hash_is_refused);
    g_test_add_func("/evidence/tsa/addresses", test_addresses_that_are_none);
    g_test_add_func("/evidence/tsa/password", test_password_is_not_told);
    g_test_add_func("/evidence/tsa/outside-certificate",
                    test_stamp_outside_the_certificate_is_refused);
    g_test_add_func("/evidence/dencho-tsa/http", test_authority_speaks_strict_http);
    g_test_add_func("/evidence/dencho-tsa/folder", test_authority_keeps_its_folder);
    return g_test_run();
}
