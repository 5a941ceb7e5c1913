/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-evidence.c - time-stamp tokens, evidence records, PDF with a time stamp, CRLs,
 * OCSP responses.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/evidence/brought.h"
#include "engine/evidence/evidence.h"

/* The input as what a sender hands over: a document, or a token beside one. */
static void
bring(GBytes *bytes, const DnTrust *trust)
{
    for (int beside = 0; beside < 2; beside++) {
        g_auto(DnBrought) brought = {0};
        g_auto(DnTokenInfo) info = {0};

        if (beside ? dn_brought_beside(bytes, &brought, NULL)
                   : dn_brought_in_pdf(bytes, &brought, NULL))
            dn_brought_verify(&brought, bytes, trust, &info, NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static DnTrust *trust;
    const DnHash leaf = {DN_HASH_SHA256, {1}};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_auto(DnTokenInfo) of_token = {0};
    g_auto(DnTokenInfo) of_record = {0};
    DnHash renewal;

    if (!trust)
        trust = dn_trust_new_empty();
    for (int kind = DN_PROOF_CRL; kind <= DN_PROOF_CERTIFICATES; kind++) {
        g_autoptr(DnTrust) nobody = dn_trust_new_empty();

        dn_trust_add_proof(nobody, (DnProofKind)kind, bytes, NULL);
    }
    dn_token_verify(bytes, &leaf, trust, &of_token, NULL);
    dn_evidence_record_verify(bytes, &leaf, trust, &of_record, NULL);
    bring(bytes, trust);
    dn_evidence_record_renewal_leaf(bytes, &renewal, NULL);
    g_autofree char *pem G_GNUC_UNUSED = dn_token_certificates_pem(bytes, NULL);
    g_autoptr(GBytes) token = dn_evidence_record_token(bytes, NULL);
    g_autoptr(GBytes) record = dn_evidence_record_new(&leaf, &leaf, 1, bytes, NULL);
    g_autoptr(GBytes) renewed G_GNUC_UNUSED =
        token ? dn_evidence_record_renew(bytes, &leaf, 1, token, NULL) : NULL;
    g_autoptr(GBytes) inside = record ? dn_evidence_record_token(record, NULL) : NULL;

    if (record)
        g_assert_true(inside && g_bytes_equal(inside, bytes));
    return 0;
}
