/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view-format.h - the rows of the view: their keys, and small values as bytes. All integers
 * are big-endian.
 *
 *   META     "format" -> FORMAT, 1 byte
 *            "position" -> segment, offset          "tenant", uuid -> {"name","seq","hash"}
 *            "disposal", tenant, seq of the plan -> {"plan","period","planned_by",...}
 *            "settled", tenant -> [{"at","actor","rules"}]
 *            "registry", list -> the last registry.imported
 *            "known", tenant ... -> a counterparty that a person confirmed: known.c
 *            "stamp", tenant, seq -> what the entry says, and which renewed it
 *            "signer", tenant, SHA-256 -> the newest stamp by that certificate, its proofs
 *   VOUCHER  tenant, voucher -> state               ENTRY  tenant, voucher, seq -> place
 *   BLOB     blob -> place                          HASH   tenant, SHA-256 -> voucher
 *   JOB      tenant, 'r' | 's', voucher -> nothing  INDEX  see index/
 *
 * What is JSON here and every state is written packed (engine/packed.h).
 */
#ifndef ENGINE_VIEW_FORMAT_H
#define ENGINE_VIEW_FORMAT_H

#include "base/bytes.h"
#include "base/digest.h"
#include "engine/store/store.h"

#include <string.h>

G_BEGIN_DECLS

enum { DN_VIEW_REF_BYTES = 20 };

/* --- keys --- */

enum {
    DN_VIEW_POSITION_BYTES = 12,
    DN_VIEW_VOUCHER_KEY = 32,
    DN_VIEW_ENTRY_KEY = 40,
    DN_VIEW_HASH_KEY = 48,
    DN_VIEW_JOB_KEY = 33,
    DN_VIEW_TENANT_KEY = 6 + 16,
    DN_VIEW_SETTLED_KEY = 7 + 16,
    DN_VIEW_DISPOSAL_KEY = 8 + 16 + 8,
    DN_VIEW_STAMP_KEY = 5 + 16 + 8,
    DN_VIEW_SIGNER_KEY = 6 + 16 + 32,
};

/** Of all rows, those of index/ too. A view of another number is built again when it is opened, so
 * that a change of any row raises it and is done. */
enum { DN_VIEW_FORMAT = 13 };

static const char dn_view_position_key[] = "position";
static const char dn_view_format_key[] = "format";
static const char dn_view_tenant_key[] = "tenant";

static inline void
dn_view_voucher_key(const DnUuid *tenant, const DnUuid *id, uint8_t key[DN_VIEW_VOUCHER_KEY])
{
    memcpy(key, tenant->bytes, 16);
    memcpy(key + 16, id->bytes, 16);
}

static inline void
dn_view_entry_key(const DnUuid *tenant, const DnUuid *id, uint64_t seq,
                  uint8_t key[DN_VIEW_ENTRY_KEY])
{
    dn_view_voucher_key(tenant, id, key);
    dn_put_be(key + DN_VIEW_VOUCHER_KEY, seq, 8);
}

static inline void
dn_view_job_key(const DnUuid *tenant, char job, const DnUuid *id, uint8_t key[DN_VIEW_JOB_KEY])
{
    memcpy(key, tenant->bytes, 16);
    key[16] = (uint8_t)job;
    memcpy(key + 17, id->bytes, 16);
}

static inline void
dn_view_hash_key(const DnUuid *tenant, const DnSha256 *digest, uint8_t key[DN_VIEW_HASH_KEY])
{
    memcpy(key, tenant->bytes, 16);
    memcpy(key + 16, digest->bytes, 32);
}

static inline void
dn_view_tenant_row_key(const DnUuid *tenant, uint8_t key[DN_VIEW_TENANT_KEY])
{
    memcpy(key, dn_view_tenant_key, 6);
    memcpy(key + 6, tenant->bytes, 16);
}

static inline void
dn_view_disposal_row_key(const DnUuid *tenant, uint64_t plan, uint8_t key[DN_VIEW_DISPOSAL_KEY])
{
    memcpy(key, "disposal", 8);
    memcpy(key + 8, tenant->bytes, 16);
    dn_put_be(key + 24, plan, 8);
}

static inline void
dn_view_settled_row_key(const DnUuid *tenant, uint8_t key[DN_VIEW_SETTLED_KEY])
{
    memcpy(key, "settled", 7);
    memcpy(key + 7, tenant->bytes, 16);
}

static inline void
dn_view_stamp_row_key(const DnUuid *tenant, uint64_t seq, uint8_t key[DN_VIEW_STAMP_KEY])
{
    memcpy(key, "stamp", 5);
    memcpy(key + 5, tenant->bytes, 16);
    dn_put_be(key + 21, seq, 8);
}

static inline void
dn_view_signer_row_key(const DnUuid *tenant, const DnSha256 *signer,
                       uint8_t key[DN_VIEW_SIGNER_KEY])
{
    memcpy(key, "signer", 6);
    memcpy(key + 6, tenant->bytes, 16);
    memcpy(key + 22, signer->bytes, 32);
}

/** (transfer full) Of the last import of the list @name. */
static inline char *
dn_view_registry_row_key(const char *name)
{
    return g_strconcat("registry", name, NULL);
}

/* --- places --- */

static inline void
dn_view_format_ref(const DnStoreRef *ref, uint8_t *to)
{
    dn_put_be(to, ref->segment, 4);
    dn_put_be(to + 4, ref->offset, 8);
    dn_put_be(to + 12, ref->size, 8);
}

static inline bool
dn_view_parse_ref(GBytes *row, DnStoreRef *out_ref, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = (const uint8_t *)g_bytes_get_data(row, &size);

    if (size != DN_VIEW_REF_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "the view holds a place of %zu bytes; rebuild it",
                       size);
    *out_ref = (DnStoreRef){.segment = (uint32_t)dn_get_be(bytes, 4),
                            .offset = dn_get_be(bytes + 4, 8),
                            .size = dn_get_be(bytes + 12, 8)};
    return true;
}

G_END_DECLS
#endif
