/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/kinds.h - the kinds of documents and what the law makes of each. Pure.
 *
 * Worker and archive share the table: the one judges a capture by it, the other deadlines and
 * retention.
 */
#ifndef BASE_KINDS_H
#define BASE_KINDS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

typedef struct {
    const char *name;
    bool important;  /* 重要書類, else 一般書類 */
    bool has_amount; /* the amount is one of the keys by which it must be found */
    bool is_cash;
    bool is_credit; /* may be the invoice of an input tax credit */
} DnKind;

/** Lends the row of @name; NULL when there is none. */
const DnKind *dn_kind_find(const char *name);

/** Lends the row of @name, that of "other" for NULL and for a name that is not known: what is
 * unknown is important and kept longest. */
const DnKind *dn_kind(const char *name);

/** All names with ", " between them, for messages. Static. */
extern const char dn_kind_names[];

G_END_DECLS
#endif
