/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/http.c - the HTTP client of the authorities; the only user of curl.
 */
#include "config.h"
#include "engine/evidence/http.h"

#include <curl/curl.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/text.h"

enum { MAX_SAID_BYTES = 200, HTTP_OK = 200 };

typedef struct curl_slist CurlList;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CurlList, curl_slist_free_all)

typedef struct {
    const DnHttp *question;
    GByteArray *answer; /* at most question->max_bytes */
    bool too_large;
} Call;

static void
http_init_curl(void)
{
    static gsize done = 0;

    if (g_once_init_enter(&done)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&done, 1);
    }
}

char *
dn_http_host(const char *url, bool plain)
{
    g_autoptr(CURLU) parsed = curl_url();
    char *name = NULL;
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || (!plain && strcmp(scheme, "https") == 0)))
        name = g_strdup_printf("%s://%s:%s", scheme, host, port);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return name;
}

static size_t
http_receive(char *bytes, size_t one, size_t count, void *user_data)
{
    Call *call = user_data;
    size_t size = one * count;

    if (size > call->question->max_bytes - call->answer->len) {
        call->too_large = true;
        return 0;
    }
    g_byte_array_append(call->answer, (const guint8 *)bytes, (guint)size);
    return size;
}

static bool
http_restrict_protocols(CURL *curl, bool plain)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, plain ? "http" : "http,https") == CURLE_OK;
#else
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
                            plain ? CURLPROTO_HTTP : CURLPROTO_HTTP | CURLPROTO_HTTPS) == CURLE_OK;
#endif
}

static bool
http_set_body(CURL *curl, GBytes *body)
{
    return !body ||
           (curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, g_bytes_get_data(body, NULL)) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)g_bytes_get_size(body)) ==
                CURLE_OK);
}

static bool
http_prepare(CURL *curl, CurlList *headers, Call *call)
{
    const DnHttp *question = call->question;
    long timeout_ms = (long)question->timeout_ms;

    /* No signals: other threads run. No redirect and no proxy from the environment: the request
     * goes where it was sent to, or fails. */
    return http_restrict_protocols(curl, question->plain) &&
           curl_easy_setopt(curl, CURLOPT_URL, question->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "dencho") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           http_set_body(curl, question->body) &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_receive) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, call) == CURLE_OK;
}

/* (transfer full) NULL: out of memory. */
static CurlList *
http_headers(const DnHttp *question)
{
    g_autofree char *type =
        question->body ? g_strconcat("Content-Type: ", question->type, NULL) : NULL;
    g_autofree char *accept =
        question->accept ? g_strconcat("Accept: ", question->accept, NULL) : NULL;
    g_autoptr(CurlList) headers = curl_slist_append(NULL, "Expect:");

    if (!headers || (type && !curl_slist_append(headers, type)) ||
        (accept && !curl_slist_append(headers, accept)))
        return NULL;
    return g_steal_pointer(&headers);
}

/* (nullable) (transfer full) The media type of the answer, made safe for a message. */
static char *
http_media_type(CURL *curl)
{
    const char *type = NULL;

    if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || !type)
        return NULL;
    return dn_text_sanitise(type, (gssize)MIN(strlen(type), (size_t)MAX_SAID_BYTES));
}

GBytes *
dn_http_ask(const DnHttp *question, char **out_type, GError **error)
{
    g_autoptr(GByteArray) answer = g_byte_array_new();
    Call call = {.question = question, .answer = answer};
    g_autoptr(CURL) curl = NULL;
    g_autoptr(CurlList) headers = NULL;
    CURLcode result = CURLE_FAILED_INIT;
    long status = 0;

    g_assert(question->timeout_ms > 0);
    http_init_curl();
    curl = curl_easy_init();
    headers = http_headers(question);
    if (!curl || !headers || !http_prepare(curl, headers, &call))
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "cannot prepare the HTTP request");

    result = DN_FAILPOINT("http.ask") ? CURLE_COULDNT_CONNECT : curl_easy_perform(curl);
    if (call.too_large)
        return dn_fail_null(error, DN_ERROR_LIMIT, "its answer is larger than %zu bytes",
                            question->max_bytes);
    if (result == CURLE_OPERATION_TIMEDOUT)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no answer within %" G_GUINT32_FORMAT " ms",
                            question->timeout_ms);
    if (result != CURLE_OK)
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "%s", curl_easy_strerror(result));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != HTTP_OK)
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "it answered HTTP %ld", status);
    if (out_type)
        *out_type = http_media_type(curl);
    return g_byte_array_free_to_bytes(g_steal_pointer(&answer));
}
