/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/result.c - lines about documents.
 */
#include "config.h"
#include "cli/result.h"
#include "cli/output.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

enum { NAME, STATUS, DATE, AMOUNT, PARTY, VOUCHER, NOTE, COLUMNS };

static const DnColumn columns[COLUMNS] = {
    {"file"}, {"status"}, {"date"}, {"amount", .right = true}, {"party"}, {"voucher"}, {"note"},
};

/* "2026-04-01?", "duplicate", "1,234,567 JPY?" and a name fit; what is longer pushes its line. */
static const int usual_widths[COLUMNS] = {0, 9, 11, 15, 24, 0, 0};

json_t *
dn_result_rejected(const GError *problem)
{
    json_t *result = json_object();
    json_t *why = json_object();
    g_autofree char *message = dn_text_sanitise(problem->message, -1);

    dn_json_set_string(why, "code", dn_error_name(dn_error_code(problem)));
    dn_json_set_string(why, "message", message);
    dn_json_set_string(result, "status", "rejected");
    dn_json_take(result, "error", why);
    return result;
}

int
dn_result_exit_status(const json_t *result)
{
    const json_t *why = dn_json_object(result, "error");
    const char *code = dn_json_string(why, "code");

    if (code)
        return dn_error_exit_status(dn_error_from_name(code));
    return g_strcmp0(dn_json_string(result, "status"), "rejected") == 0
               ? dn_error_exit_status(DN_ERROR_UNSUPPORTED)
               : 0;
}

char *
dn_result_field(const json_t *result, const char *name)
{
    const json_t *field = dn_json_object(dn_json_object(result, "fields"), name);
    const json_t *value = json_object_get(field, "value");
    bool doubtful = dn_json_real(field, "confidence", 1.0) < DN_RESULT_SURE;
    const char *currency = dn_json_string(field, "currency");

    if (!value || json_is_null(value))
        return g_strdup("");
    g_autofree char *text =
        json_is_integer(value) ? dn_row_amount(field, "value") : dn_json_text(value);

    return g_strconcat(text, currency ? " " : "", currency ? currency : "", doubtful ? "?" : "",
                       NULL);
}

static void
count(DnResults *self, const json_t *result)
{
    const char *status = dn_json_string(result, "status");
    int exit_status = dn_result_exit_status(result);

    if (g_strcmp0(status, "stored") == 0) {
        self->stored++;
        self->unread += exit_status != 0;
    } else if (g_strcmp0(status, "duplicate") == 0) {
        self->duplicates++;
    } else {
        self->rejected++;
    }
    if (self->exit_status == 0)
        self->exit_status = exit_status;
}

static bool
print_cells(const DnResults *self, const char *const *cells, GError **error)
{
    size_t first = self->name_title ? NAME : STATUS;
    int widths[COLUMNS];

    memcpy(widths, usual_widths, sizeof widths);
    widths[NAME] = self->name_columns;
    widths[VOUCHER] = dn_row_id_columns(self->cli);
    g_autofree char *line =
        dn_table_line(columns + first, widths + first, COLUMNS - first, cells + first);

    return dn_out_bytes(line, strlen(line), error) && dn_out_bytes("\n", 1, error);
}

static bool
print_table_line(DnResults *self, const char *name, const json_t *result, GError **error)
{
    const json_t *why = dn_json_object(result, "error");
    const char *code = dn_json_string(why, "code");
    const char *message = dn_json_string(why, "message");
    const json_t *law = json_object_get(result, "law");
    bool late = g_strcmp0(dn_json_string(law, "on_time"), "late") == 0;
    const json_t *sheet = json_object_get(result, "sheet");
    g_autofree char *note =
        code    ? g_strdup_printf("%s: %s", code, message ? message : "")
        : sheet ? g_strdup_printf("receipt %d of %zu on the sheet%s",
                                  (int)dn_json_int(sheet, "part", 0),
                                  json_array_size(json_object_get(sheet, "vouchers")),
                                  late ? ", LATE: keep the paper" : "")
        : late  ? g_strdup_printf("LATE since %s: keep the paper",
                                  dn_json_string(law, "entry_deadline"))
                : NULL;
    g_autofree char *date = dn_result_field(result, "date");
    g_autofree char *plain_amount = dn_result_field(result, "amount");
    g_autofree char *amount = /* digits stand below each other, with a mark or without */
        g_strconcat(plain_amount, g_str_has_suffix(plain_amount, "?") ? "" : " ", NULL);
    g_autofree char *party = dn_result_field(result, "party");
    g_autofree char *id = dn_row_id(self->cli, result);
    const char *raw[COLUMNS] = {name, dn_json_string(result, "status"), date, amount, party, id,
                                note};
    g_auto(GStrv) safe = g_new0(char *, COLUMNS + 1);

    for (int i = 0; i < COLUMNS; i++) {
        g_autofree char *escaped = dn_log_escape(raw[i]);
        int most = i == NAME ? self->name_columns : i == PARTY ? usual_widths[PARTY] : 0;

        safe[i] = dn_table_cut(escaped, self->cli->terminal ? most : 0);
    }
    if (!self->titled) {
        const char *titles[COLUMNS];

        for (int i = 0; i < COLUMNS; i++)
            titles[i] = columns[i].title;
        titles[NAME] = self->name_title;
        self->titled = true;
        if (!print_cells(self, titles, error))
            return false;
    }
    return print_cells(self, (const char *const *)safe, error);
}

/* (transfer full) The result with the file's name as its first member. */
static json_t *
with_name(const char *title, const char *name, const json_t *result)
{
    json_t *line = json_object();
    g_autofree char *valid = g_utf8_make_valid(name, -1);

    dn_json_set_string(line, title, valid);
    json_object_update(line, (json_t *)(uintptr_t)result); /* jansson reads it only */
    return line;
}

bool
dn_results_add(DnResults *self, const char *name, const json_t *result, GError **error)
{
    const json_t *other = NULL;
    size_t i = 0;

    count(self, result);
    if (self->cli->json && name) {
        g_autoptr(json_t) line = with_name(self->name_title, name, result);

        return dn_out_json(line, error) && dn_out_flush(error);
    }
    if (self->cli->json)
        return dn_out_json(result, error) && dn_out_flush(error);
    if (!print_table_line(self, name, result, error))
        return false;
    json_array_foreach (json_object_get(result, "others"), i, other)
        if (!print_table_line(self, name, other, error))
            return false;
    return dn_out_flush(error);
}

void
dn_results_sum(const DnResults *self)
{
    g_autofree char *unread =
        self->unread ? g_strdup_printf(" (%u not read)", self->unread) : g_strdup("");

    dn_cli_say(self->cli, "%u stored%s, %u duplicate, %u rejected", self->stored, unread,
               self->duplicates, self->rejected);
}
