/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/page.c - the page is put together of page.html, page.css, page.js and the rows.
 *
 * The rows are JSON in a script element that no browser runs. Within it only "<" could end the
 * element; it is written as \u003c.
 */
#include "config.h"
#include "engine/capsule/page.h"

#include <string.h>

static const guint8 html_bytes[] = {
#include "engine/capsule/page-html.inc"
    0};
static const guint8 css_bytes[] = {
#include "engine/capsule/page-css.inc"
    0};
static const guint8 js_bytes[] = {
#include "engine/capsule/page-js.inc"
    0};

static const char *const page_html = (const char *)html_bytes;
static const char *const page_css = (const char *)css_bytes;
static const char *const page_js = (const char *)js_bytes;

static bool
add_json(DnSpool *rows, const json_t *value, GError **error)
{
    g_autofree char *line = dn_json_line(value);
    const char *from = line;

    for (const char *p = strchr(from, '<'); p; p = strchr(from, '<')) {
        if (!dn_spool_add(rows, from, (size_t)(p - from), error) ||
            !dn_spool_add_text(rows, "\\u003c", error))
            return false;
        from = p + 1;
    }
    return dn_spool_add_text(rows, from, error);
}

bool
dn_page_add(DnSpool *rows, const json_t *voucher, GError **error)
{
    return (dn_spool_bytes(rows) == 0 || dn_spool_add_text(rows, ",\n", error)) &&
           add_json(rows, voucher, error);
}

static char *
policy(void)
{
    DnSha256 style = dn_sha256(page_css, strlen(page_css));
    DnSha256 script = dn_sha256(page_js, strlen(page_js));
    g_autofree char *style64 = g_base64_encode(style.bytes, sizeof style.bytes);
    g_autofree char *script64 = g_base64_encode(script.bytes, sizeof script.bytes);

    return g_strdup_printf("default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; "
                           "img-src file: 'self'; frame-src file: 'self'; base-uri 'none'; "
                           "form-action 'none'",
                           script64, style64);
}

static bool
write_data(DnContainer *container, DnSpool *rows, const char *about, GError **error)
{
    g_autoptr(DnSpool) head = dn_container_spool(container, error);
    g_autoptr(json_t) text = json_string(about);

    return head && dn_spool_add_text(head, "{\"about\":", error) && add_json(head, text, error) &&
           dn_spool_add_text(head, ",\"vouchers\":[\n", error) &&
           dn_container_write_spool(container, head, error) &&
           dn_container_write_spool(container, rows, error) &&
           dn_container_write(container, "]}", 2, error);
}

/* Writes @html up to @mark and moves behind it. */
static bool
write_up_to(DnContainer *container, const char **html, const char *mark, GError **error)
{
    const char *at = strstr(*html, mark);

    g_assert(at);
    if (!dn_container_write(container, *html, (size_t)(at - *html), error))
        return false;
    *html = at + strlen(mark);
    return true;
}

bool
dn_page_write(DnContainer *container, DnSpool *rows, const char *about, GError **error)
{
    g_autofree char *rules = policy();
    const char *html = page_html;

    return dn_container_begin(container, "index.html", error) &&
           write_up_to(container, &html, "@POLICY@", error) &&
           dn_container_write(container, rules, strlen(rules), error) &&
           write_up_to(container, &html, "@STYLE@", error) &&
           dn_container_write(container, page_css, strlen(page_css), error) &&
           write_up_to(container, &html, "@DATA@", error) &&
           write_data(container, rows, about, error) &&
           write_up_to(container, &html, "@SCRIPT@", error) &&
           dn_container_write(container, page_js, strlen(page_js), error) &&
           dn_container_write(container, html, strlen(html), error) &&
           dn_container_end(container, error);
}
