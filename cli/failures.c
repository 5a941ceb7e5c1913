/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/failures.c - lines of verify and check-export.
 */
#include "config.h"
#include "cli/failures.h"
#include "cli/output.h"

/* Members that tell where, from the whole to its part. */
static const char *const places[] = {"voucher", "segment", "file", "place", "offset", NULL};

bool
dn_failures_print(const json_t *failure, void *user_data, GError **error)
{
    DnFailures *self = user_data;
    g_autoptr(GString) place = g_string_new(NULL);
    const char *code = dn_json_string(failure, "code");
    const char *message = dn_json_string(failure, "message");

    self->count++;
    dn_bar_clear(&self->bar);
    if (self->bar.cli->json)
        return dn_out_json(failure, error);
    for (const char *const *name = places; *name; name++) {
        const json_t *value = json_object_get(failure, *name);
        g_autofree char *text = dn_json_text(value);

        if (value)
            g_string_append_printf(place, "%s %s: ", *name, text);
    }
    return dn_out_line(error, "FAILED  %s%s: %s", place->str, code ? code : "",
                       message ? message : "");
}

bool
dn_failures_finish(const DnFailures *self, DnCli *cli, const json_t *totals, GError **error)
{
    int64_t failed = dn_json_int(totals, "failed", 0);

    if (self->count > 0 || failed > 0)
        cli->exit_status = dn_error_exit_status(DN_ERROR_CORRUPT);
    if (!dn_out_object(cli, totals, error))
        return false;
    dn_cli_say_accreditation(cli, self->bar.what, totals);
    if (cli->exit_status != 0)
        dn_cli_say(cli, "%s: %s", self->bar.what, self->advice);
    return true;
}
