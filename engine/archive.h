/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/archive.h - the archive: the one header that a command, a server or a test needs.
 *
 * An archive is a folder: dencho.conf, keys/ (wrapped), log/ (the truth), view/ (rebuildable) and
 * lock. One process has it open at a time (BUSY names the other's pid); within it every call but
 * dn_archive_close() may come from any thread.
 *
 * A handle speaks for one tenant and one actor. Results are JSON objects (transfer full) whose
 * members are a contract, listed in dencho(1). What the caller gets has passed an fdatasync: a
 * returned voucher survives a power cut.
 *
 * Errors: INVALID (a wrong request, with an example of a right one), NOT_FOUND, EXISTS, DENIED
 * (wrong key), CORRUPT (stored bytes fail their check), IO (with what to do), BUSY, LIMIT, EXTERNAL
 * (the worker, the time-stamp authority). A document that is bad is no error of the archive: the
 * result says so.
 */
#ifndef ENGINE_ARCHIVE_H
#define ENGINE_ARCHIVE_H

#include "base/date.h"
#include "base/json.h"
#include "base/uuid.h"

G_BEGIN_DECLS

typedef struct DnArchive DnArchive;

/** Called between steps of long work; @total 0 when unknown. False asks to stop: the call then ends
 * with BUSY, what was done so far stands and is whole. */
typedef bool (*DnProgress)(uint64_t done, uint64_t total, void *user_data);

/** Receives one result; @row is lent. False with @error set stops the call. */
typedef bool (*DnRowVisitor)(const json_t *row, void *user_data, GError **error);

/* --- passphrases --- */

/** What a passphrase is asked for. */
typedef enum {
    DN_PASSPHRASE_KEY_FILE,    /* opens the key file */
    DN_PASSPHRASE_FRESH,       /* will protect the new key file */
    DN_PASSPHRASE_REPEAT,      /* the same again; an answer of 0 bytes: nobody to ask twice */
    DN_PASSPHRASE_PRIVATE_KEY, /* opens a private key */
} DnPassphraseKind;

/** Puts at most @size bytes into @out, which is locked and wiped afterwards; the callee leaves no
 * copy. False with @error set when there is none. */
typedef bool (*DnAskPassphrase)(DnPassphraseKind kind, const char *file, char *out, size_t size,
                                size_t *out_size, void *user_data, GError **error);

/** Who is asked; all zero: nobody, so that what needs a passphrase is DENIED. */
typedef struct {
    DnAskPassphrase ask;
    void *user_data;
} DnPassphrases;

/* --- life --- */

typedef struct {
    const char
        *key_file; /* (nullable) where the new master key goes; NULL: DIR.key beside the archive */
    const char *const
        *settings; /* (nullable) "section.key=value" ..., ended by NULL; base/settings-table.def */
    bool protect;  /* the key file gets a passphrase, */
    DnPassphrases passphrases; /* which is asked for here */
} DnArchiveInit;

/** Makes an archive in the folder @dir, which must be absent or empty (EXISTS), with a fresh master
 * key and the tenant "default". *@out_key_file (transfer full) is the file of the key: without it
 * nothing opens. */
bool dn_archive_init(const char *dir, const DnArchiveInit *options, char **out_key_file,
                     GError **error);

typedef struct {
    const char *key_file;        /* (nullable) NULL: the settings' key-file, else DIR.key */
    int key_fd;                  /* read the key from here when > 0 */
    DnPassphrases passphrases;   /* asked when the key file is protected; lent until the close */
    const char *tenant;          /* (nullable) NULL: "default" */
    const char *actor;           /* who acts, for the ledger: "cli:yamada" */
    const char *worker_path;     /* (nullable) NULL: beside the program or in libexecdir */
    const char *accept_rollback; /* (nullable) why an older copy that was put back is to be used */
} DnArchiveOptions;

/** Opens: takes the lock, recovers the log's tail, brings the view up to the log (a damaged view is
 * built again), compares the log with the witness beside the master key. CORRUPT when the log is
 * older than what the witness has seen, unless options->accept_rollback says why; that is entered
 * into the ledger. */
DnArchive *dn_archive_open(const char *dir, const DnArchiveOptions *options, GError **error);

/** Makes the view durable, writes the witness and lets go of everything. NULL-safe. No other call
 * may be running. */
void dn_archive_close(DnArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnArchive, dn_archive_close)

/** The tenant's default currency (lent) and the largest document in bytes. */
const char *dn_archive_currency(const DnArchive *self);
uint64_t dn_archive_max_document_bytes(const DnArchive *self);

/** How many documents are worth handing in at the same time. */
unsigned dn_archive_workers(const DnArchive *self);

/* --- a document comes in --- */

/** What the person or the pipeline that hands a document over knows of it. All members may be NULL
 * or 0. */
typedef struct {
    const char *name;       /* as uploaded, for the history; never a path that is opened */
    const char *origin;     /* "scan" or "electronic"; NULL: "electronic" for PDF and unknown bytes,
                               else "scan" */
    const char *channel;    /* by which data came: one of [law] channels; then it is electronic */
    bool exchanged;         /* the caller itself exchanges what comes by that channel with the other
                               side: what [law] channels call =engine (規4①三) */
    GBytes *token;          /* the time stamp that the document came with (RFC 3161), when it lies
                               beside it; then it is electronic */
    const char *kind;       /* receipt, invoice ...; NULL: as read */
    const char *paper;      /* "A4": how large the paper of a scan is */
    const char *device;     /* which scanner or phone made the scan: [law] test-charts (R15) */
    const char *back;       /* of a scan: "blank", "print" (the same on all), "captured" (R12) */
    const DnDate *received; /* day of receipt; NULL: today in Japan */
    const DnDate *date;     /* values typed in win over values read */
    const int64_t *amount;  /* minor units of @currency */
    const char *currency;   /* NULL: the tenant's */
    const char *party;
    const char *const *labels; /* ended by NULL */
    bool as_is;                /* archive bytes that no codec knows */
    bool no_wait; /* return after the durable receipt; dn_archive_read_pending() reads later */
    void (*receipt)(const json_t *result,
                    void *user_data); /* told when the document is durable, before it is read */
    void *user_data;
} DnIngest;

/**
 * The whole way of a document. *@out_result:
 *   {"status":"stored"|"duplicate"|"rejected","voucher","sha256","pages","media_type","kind","origin","fields":{...},"checks":[...],
 *    "law":{"importance","entry_deadline"?,"on_time","keep_until"},"sheet":{"part","vouchers":[...]},"others":[...],"error":{"code","message"}}
 * "rejected": not in the archive, for the reason in "error". "stored" with an "error": archived,
 * findable, but could not be read. Several receipts on one sheet become a voucher each, of the same
 * bytes: "sheet" says which of them this is, "others" what is known of the further ones. Values
 * that are typed in, or a document of several pages, are of one voucher. A duplicate is answered
 * with the voucher that holds the same bytes.
 */
bool dn_archive_ingest(DnArchive *self, GBytes *document, const DnIngest *request,
                       json_t **out_result, GError **error);

/** The same for the bytes of the file @path, which are read when there is room for them: as many
 * clients as there are may hand in large files, [limits] in-hand-bytes are in memory. A file that
 * cannot be read is "rejected". */
bool dn_archive_ingest_file(DnArchive *self, const char *path, const DnIngest *request,
                            json_t **out_result, GError **error);

/** Reads (again) one voucher, or all that wait for it. Each gives a result as dn_archive_ingest()
 * does. A reading never changes a value that a person has set. */
bool dn_archive_read(DnArchive *self, const DnUuid *id, json_t **out_result, GError **error);
bool dn_archive_read_pending(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/* --- a clerk searches --- */

enum { DN_ID_PREFIX = 8 }; /* characters of an id that are enough to name a voucher */

/** All terms are joined by AND, ranges include both ends; NULL terms ask nothing. */
typedef struct {
    const DnDate *date_from;
    const DnDate *date_to;
    const int64_t *amount_from; /* minor units of @currency */
    const int64_t *amount_to;
    const char *currency;    /* amounts of this one only; NULL: the tenant's when a range of amounts
                                is asked for, else any */
    const char *party;       /* a name or part of one, or a registration number */
    const char *party_match; /* "contained" (default), "prefix" or "exact" */
    const char *text;        /* words, and "phrases" in quotation marks */
    const char *kind;
    const char *label;
    const char *book_ref; /* an entry of the books, exactly; not together with a label */
    const char *missing;  /* "date", "amount" or "party" */
    const char *deleted;  /* "include" or "only" */
    const char *sort;     /* "registered" (default), "date", "-date", "amount", "-amount" */
    uint32_t limit;       /* 0: all */
    const char *after;    /* cursor of the page before */
    bool snippets;        /* of a text: rows say where on the document it stands */
} DnSearch;

/** Visits
 * {"voucher","date","amount","currency","scale","party","registration_number","kind","origin","state","version","labels","deleted","received",
 * "registered","stamped"}; a value that is missing is absent. With snippets also
 * "snippets":[{"text","page","x","y","width","height"}], the line and the place of a hit in pixels
 * of the page as it was read. *@out_cursor (transfer full): NULL at the end. */
bool dn_archive_search(DnArchive *self, const DnSearch *search, DnRowVisitor visit, void *user_data,
                       char **out_cursor, GError **error);
bool dn_archive_count(DnArchive *self, const DnSearch *search, uint64_t *out_count, GError **error);

/** (transfer full) How a page of @search is found:
 * {"plan","raced","rows","steps","texts","vouchers","seconds"}: the way that was the shortest, what
 * each that was tried took, rows of the index touched, texts read, vouchers on the page. */
json_t *dn_archive_explain(DnArchive *self, const DnSearch *search, GError **error);

/** Visits {"party","vouchers"} of up to @limit counterparties whose name begins with @prefix ("":
 * any), in the order of their names as they are compared. INVALID. */
bool dn_archive_parties(DnArchive *self, const char *prefix, uint32_t limit, DnRowVisitor visit,
                        void *user_data, GError **error);

/** The id that @text writes in full, or of which it gives the first DN_ID_PREFIX or more
 * characters. INVALID (not an id, or it begins more than one), NOT_FOUND. */
bool dn_archive_find_id(DnArchive *self, const char *text, DnUuid *out_id, GError **error);

/** Everything known of a voucher at its newest or an older @version (0: newest): the row of a
 * search and "fields" with their origin, "checks", "versions", "blobs", "book_refs", "evidence",
 * "error". */
json_t *dn_archive_show(DnArchive *self, const DnUuid *id, unsigned version, GError **error);

/** Visits the voucher's entries from the first:
 * {"seq","at","actor","type","reason","changes":[{"field","before","after"}], ...}. */
bool dn_archive_history(DnArchive *self, const DnUuid *id, DnRowVisitor visit, void *user_data,
                        GError **error);

/** (transfer full) The bytes of "original", "rendition", "text", "words", "page:N" (PNG, from 1) or
 * "record" (its evidence record, RFC 4998) of @version (0: newest). NOT_FOUND when that part was
 * not made. *@out_media_type is static. */
GBytes *dn_archive_cat(DnArchive *self, const DnUuid *id, const char *part, unsigned version,
                       const char **out_media_type, GError **error);

/** A part that is read piece by piece, as for a download or a viewer that wants a range. What is
 * read is proved unchanged, the rest of the part is not looked at. One thread at a time; freed
 * before the archive is closed. */
typedef struct DnPartReader DnPartReader;

/** Opens a part as dn_archive_cat() names it, but "page:N" and "record" (INVALID). */
DnPartReader *dn_archive_open_part(DnArchive *self, const DnUuid *id, const char *part,
                                   unsigned version, GError **error);
uint64_t dn_part_reader_size(const DnPartReader *self);
/** (transfer full) @size bytes from @offset on. INVALID when they end beyond the part. */
GBytes *dn_part_reader_read(DnPartReader *self, uint64_t offset, uint64_t size, GError **error);
void dn_part_reader_free(DnPartReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPartReader, dn_part_reader_free)

/* --- and corrects; each call is one entry, nothing is overwritten --- */

typedef struct {
    const DnDate *date;
    const int64_t *amount;
    const char *currency;
    const char *party;
    const char *kind;
    const char *paper;  /* the size of the paper of a scan: "A4" */
    const char *device; /* which scanner or phone made it */
    const char *back;   /* "blank", "print", "captured" */
} DnCorrection;

/* *@out_row is the new row of a search. @reason: required where it is a parameter, not empty
 * (INVALID). */
bool dn_archive_correct(DnArchive *self, const DnUuid *id, const DnCorrection *correction,
                        const char *reason, json_t **out_row, GError **error);
/** A better scan of the same paper becomes the next version; only the newest can be revised (law
 * rows R24, R25). @found (nullable): the day on which the scan before was found to be bad, from
 * which its time to come in counts (R07); NULL: today. *@out_result as dn_archive_ingest()'s: with
 * an "error" the version is archived and waits to be read. */
bool dn_archive_revise(DnArchive *self, const DnUuid *id, GBytes *document, const char *name,
                       const char *reason, const DnDate *found, json_t **out_result,
                       GError **error);
bool dn_archive_delete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                       GError **error);
bool dn_archive_undelete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                         GError **error);
/** A person has looked at the values and they are right. */
bool dn_archive_confirm(DnArchive *self, const DnUuid *id, json_t **out_row, GError **error);
bool dn_archive_label(DnArchive *self, const DnUuid *id, const char *const *add,
                      const char *const *remove, json_t **out_row, GError **error);
/** Where a receipt lies on a sheet as it is seen upright: per mille of its width and height. */
typedef struct {
    int x;
    int y;
    int width;
    int height;
} DnSheetArea;

/**
 * A person says that the sheet on which @id stands holds @count receipts (2 to 24), and where; or,
 * with @count 0, that it is one (R18). Receipts that are there keep their places in order, further
 * ones are registered of the same bytes, those that are too many are deleted; then each is read
 * from its part. What people said of a receipt stays. @out_result: as of dn_archive_ingest(), of
 * the first. INVALID: an area that is not on the sheet; a document of several pages, or of which
 * the receipts have versions of their own; a deleted receipt. DENIED under the rule of the second
 * person. After any other error of the worker the sheet is split, and can be read again.
 */
bool dn_archive_split(DnArchive *self, const DnUuid *id, const DnSheetArea *areas, size_t count,
                      const char *reason, json_t **out_result, GError **error);
/** Links the voucher to an entry of the books (law row R32). */
bool dn_archive_link(DnArchive *self, const DnUuid *id, const char *book_ref, json_t **out_row,
                     GError **error);
/** Takes a link away, as when entries of the books are renumbered or merged; the history keeps it.
 */
bool dn_archive_unlink(DnArchive *self, const DnUuid *id, const char *book_ref, const char *reason,
                       json_t **out_row, GError **error);
/** Says that no entry of the books belongs to the voucher, and why (R33). */
bool dn_archive_link_none(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                          GError **error);
/** The voucher is what the other side sent in place of @replaced: each shows the other (R28). */
bool dn_archive_replace(DnArchive *self, const DnUuid *id, const DnUuid *replaced, json_t **out_row,
                        GError **error);
/** Notes why the voucher came in late and what shows it (R06). */
bool dn_archive_excuse(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                       GError **error);

/* A document that came in as data may be kept by a rule under which one person asks for a change
 * and another approves it (R53, 通7-7); the setting law.second-person allows no other way. */

/** Eight items, of which the entry itself holds the day, who asks, and the reason. */
typedef struct {
    const DnCorrection *correction; /* (nullable) NULL: deletion */
    const char *slip;               /* number of the transaction's slip */
    const char *subject;            /* what the transaction is about */
    const char *party;              /* (nullable) the counterparty; NULL: the voucher's */
} DnRequest;

/** *@out_result: {"voucher","request":N,"action","changes"?,"slip","subject","party","reason","at",
 * "actor"}. */
bool dn_archive_request(DnArchive *self, const DnUuid *id, const DnRequest *request,
                        const char *reason, json_t **out_result, GError **error);
/** Does what @request asks for. DENIED to who filed it; INVALID when the voucher has changed since.
 */
bool dn_archive_approve(DnArchive *self, const DnUuid *id, uint64_t request, json_t **out_row,
                        GError **error);

/* --- what the law asks --- */

/**
 * Visits every voucher of a transaction date in the range (of the day of receipt where it has no
 * date; NULL: open): the row of a search and "law" as in dn_archive_show(), "stamp":
 * "accredited"|"not accredited"|"broken"|"none", "open":[{"rule","what","do"}]: what is not shown,
 * by rows of docs/requirements.md. Stamps are verified anew; documents are not, which is
 * dn_archive_verify()'s. Deleted and disposed vouchers are counted only. *@out_totals: counts of
 * all that, and "rules": what the owner has settled.
 */
bool dn_archive_report(DnArchive *self, const DnDate *from, const DnDate *to, DnRowVisitor visit,
                       DnProgress progress, void *user_data, json_t **out_totals, GError **error);

/* A hold forbids the disposal of a voucher, as during an audit or a suit; several may lie on one.
 */
bool dn_archive_hold_place(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                           json_t **out_row, GError **error);
bool dn_archive_hold_lift(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                          json_t **out_row, GError **error);
/** Visits the row of each voucher under a hold, with "holds". */
bool dn_archive_hold_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/*
 * Disposal: a list is planned, another person approves it, then the key of the period is destroyed
 * (SM 17条: list, approval, erasure, record). All vouchers of a period share a key, so a period
 * goes as a whole, and only when the retention of each of its vouchers is over and no hold lies on
 * any.
 */

/** Visits {"period","vouchers","keep_until","holds","ready"} of each period that has documents. */
bool dn_archive_dispose_periods(DnArchive *self, DnRowVisitor visit, void *user_data,
                                GError **error);
/** Plans the disposal of @period. *@out_result: {"plan","period","vouchers","sha256"}. INVALID says
 * which voucher must stay and why. */
bool dn_archive_dispose_plan(DnArchive *self, const char *period, json_t **out_result,
                             GError **error);
/** Approves @plan, by another person than who planned it (DENIED), while the list is still what it
 * was (INVALID). */
bool dn_archive_dispose_approve(DnArchive *self, uint64_t plan, json_t **out_result,
                                GError **error);
/** Carries out an approved plan after looking at every condition again. Cut off, it can be called
 * again. *@out_result: {"plan","period","disposed"}. */
bool dn_archive_dispose_run(DnArchive *self, uint64_t plan, json_t **out_result, GError **error);

/* --- evidence --- */

/** Stamps all that waits, at most 10,000 documents under one token ([evidence] batch-documents).
 * *@out_result, of the last token:
 * {"stamped":N,"gen_time","authority","accredited","root","serial"}; {"stamped":0} when nothing
 * waited. EXTERNAL when no authority answered: nothing is lost, all still waits. */
bool dn_archive_stamp(DnArchive *self, json_t **out_result, GError **error);

/** Whether a batch is to be closed: 10,000 documents wait, or one of them for ten minutes
 * ([evidence] batch-documents, batch-minutes), and an authority is set. *@out_row:
 * {"due","waiting":N,"by", "since"?}: who closes it, "ingest" or "timer" ([evidence] stamp-by);
 * since when one has waited so long. INVALID for another word there. */
bool dn_archive_stamp_due(DnArchive *self, json_t **out_row, GError **error);

/** How evidence is renewed, and when. */
typedef struct {
    bool plan; /* only tell what there is to renew, and by when */
    const char
        *digest; /* (nullable) "sha512": renew the hash trees that are of SHA-256, due or not */
    const DnDate *before; /* (nullable) also renew what ends before that day, due or not */
} DnRenewal;

/** Renews the time stamps that end soon ([evidence] renew-before-days), and the hash trees whose
 * digest weakens, by RFC 4998 section 5. Visits {"state":"renewed","renewal":"time-stamp"|
 * "hash-tree","stamps"|"documents","digest","gen_time","until","authority","accredited","serial"}
 * for each token, and {"state":"ended"|"failed","seq","message"} for a stamp that cannot be
 * renewed. For a plan {"renewal","state":"due"|"later"|"ended","due","ends","why","authority",
 * "digest","stamps"}, the earliest first. *@out_totals: {"stamps"} and, but for a plan,
 * {"renewed","rehashed","tokens","ended","failed"}. INVALID for @how->digest; EXTERNAL, LIMIT when
 * no authority answered: what was renewed before stays so. */
bool dn_archive_renew(DnArchive *self, const DnRenewal *how, DnRowVisitor visit,
                      DnProgress progress, void *user_data, json_t **out_totals, GError **error);

typedef enum {
    DN_VERIFY_PROOFS,    /* the chain, hash trees and tokens; no document is opened */
    DN_VERIFY_DOCUMENTS, /* and blobs against their hashes */
    DN_VERIFY_FULL,      /* and every byte of the log, every key, and the view against the log */
} DnVerifyDepth;

/** Checks the ledger, and vouchers with a transaction date in the range (NULL: open; both NULL: all
 * vouchers, also undated), as deep as @depth says. A view that DN_VERIFY_FULL finds damaged is
 * built again when the archive is opened next. Visits
 * {"voucher"?,"segment"?,"offset"?,"code","message"} for each failure. *@out_totals:
 * {"checked","stamped","log_proved","waiting","failed","clock_back"?,"entries","seconds"};
 * log_proved counts versions without a stamp of their own that entered below a stamped head of the
 * ledger, clock_back entries of an earlier time than the one before. */
bool dn_archive_verify(DnArchive *self, const DnDate *from, const DnDate *to, DnVerifyDepth depth,
                       DnRowVisitor visit, DnProgress progress, void *user_data,
                       json_t **out_totals, GError **error);

/** Checks every byte of the log of an archive that does not open; needs no key and changes nothing
 * in the log. With @options (nullable) the vouchers to which damaged places belong are named, as
 * far as key and view open. Visits and totals as dn_archive_verify(). */
bool dn_archive_check_log(const char *dir, const DnArchiveOptions *options, DnRowVisitor visit,
                          void *user_data, json_t **out_totals, GError **error);

/** Checks that the view is what the ledger says, both ways: each voucher of the ledger is there,
 * its state is that of its entries, search finds it by all it has, and finds nothing else. Vouchers
 * that come in meanwhile are not looked at. Visits as dn_archive_verify(). *@out_totals:
 * {"checked","rows","failed","seconds"}. */
bool dn_archive_verify_index(DnArchive *self, DnRowVisitor visit, DnProgress progress,
                             void *user_data, json_t **out_totals, GError **error);

/* --- an auditor takes a copy --- */

typedef struct {
    const char *path;     /* must not exist (EXISTS) */
    bool folder;          /* the same files in a folder, not in a ZIP */
    bool names_by_values; /* DATE_PARTY_AMOUNT_SERIAL; else the serial of the index */
} DnExport;

/** Streams an audit capsule of what @search finds, deleted vouchers included, in memory that does
 * not grow with it. When it fails nothing is left at the path. *@out_result:
 * {"file","vouchers","files","bytes","sha256"}; the last is of the ZIP, or of the folder's
 * SHA256SUMS. */
bool dn_archive_export(DnArchive *self, const DnSearch *search, const DnExport *options,
                       DnProgress progress, void *user_data, json_t **out_result, GError **error);

/** Checks a capsule, ZIP or folder, offline: no archive, no key. @trust_file (nullable). Visits
 * {"file"?,"code","message"} for each failure. *@out_totals:
 * {"vouchers","files","bytes","stamped","failed","accredited"}. */
bool dn_capsule_check(const char *path, const char *trust_file, DnRowVisitor visit,
                      DnProgress progress, void *user_data, json_t **out_totals, GError **error);

/* --- backups --- */

typedef struct {
    const char
        *keep; /* (nullable) "daily=7,weekly=4,monthly=12,yearly=10,last=3"; NULL: last=7,daily=7 */
    bool quick; /* check only what is copied, not the whole log */
} DnBackupOptions;

/**
 * Makes the next generation in the folder @dest, which is made when absent, while commits go on:
 * it holds everything that had been acknowledged when the call began. Bytes that a generation has
 * are not copied again. The log is checked as it is read; CORRUPT when it is damaged or was put
 * back to an older state: then nothing is added. Whatever ends the call, the generations before it
 * stay; those that @keep does not name are removed only after the new one is durable.
 * *@out_result: {"generation","at","entries","bytes","copied_bytes","checked_bytes","generations",
 * "removed","damaged","seconds"}; damaged: generations whose manifest cannot be used.
 * EXISTS: @dest holds other things or another archive's backups. INVALID: it lies in the archive.
 */
bool dn_archive_backup(DnArchive *self, const char *dest, const DnBackupOptions *options,
                       DnProgress progress, void *user_data, json_t **out_result, GError **error);

/** Visits {"generation","at","entries","tenants","bytes","segments","checked"}, oldest first, or
 * {"generation","code","message"} for one whose manifest cannot be used. No key is needed. */
bool dn_backup_list(const char *dest, DnRowVisitor visit, void *user_data, GError **error);

/** Which generation: the newest when all is zero. */
typedef struct {
    unsigned generation;      /* this one */
    const int64_t *at_utc_ms; /* (nullable) the newest that is not younger */
} DnBackupPick;

/**
 * Proves a generation without restoring it: every file's digest, every frame; with a key (of
 * @options, else the settings' key-file) also the manifest, every key, the chain of every tenant up
 * to the manifest's head, and every document opened. Visits {"file","offset"?,"code","message"} for
 * each failure. *@out_totals: {"generation","at","files","bytes","entries","documents","destroyed",
 * "failed","opened","seconds"}; opened is false when there was no key.
 */
bool dn_backup_check(const char *dest, const DnBackupPick *pick, const DnArchiveOptions *options,
                     DnRowVisitor visit, DnProgress progress, void *user_data, json_t **out_totals,
                     GError **error);

/**
 * Makes the archive @dir, which must not exist (EXISTS), from a generation in @src, and verifies
 * all of it for every tenant. Keys are those of the newest generation, so that the present master
 * key opens it and a key that was destroyed since does not come back. Visits failures as
 * dn_archive_verify() does, and *@out_totals are its totals with "generation","at","bytes". When a
 * copy fails its check nothing is left of @dir.
 * When the witness beside the key file knows of more than the generation has, the archive will not
 * open before that is accepted: it is now when @options has a reason (accept_rollback) and nothing
 * failed, and "accepted" is true; else "older" says what was found.
 */
bool dn_backup_restore(const char *src, const DnBackupPick *pick, const char *dir,
                       const DnArchiveOptions *options, DnRowVisitor visit, DnProgress progress,
                       void *user_data, json_t **out_totals, GError **error);

/** Makes a new archive in @dir (as dn_archive_init()) of a complete capsule, which is checked
 * first: the same tenant, ledger line by line, documents and evidence, under fresh keys. INVALID
 * for a capsule of a selection, CORRUPT for one that has been changed; when it fails nothing is
 * left behind. *@out_result:
 * {"archive","key_file","tenant","name","vouchers","entries","blobs","bytes"}. */
bool dn_archive_import(const char *path, const char *dir, const DnArchiveInit *options,
                       DnProgress progress, void *user_data, json_t **out_result, GError **error);

/* --- public lists --- */

/** Files of one of the tax agency's lists, as they are published (unpacked CSV). */
typedef struct {
    const char *const *files; /* ended by NULL: all parts of the list */
    bool difference;          /* they change the list that was imported before */
} DnRegistryImport;

/** Takes a public list over: from then on readings are held against it. The list before stays in
 * use until the new one is durable and noted. Memory does not grow with the list. FORMAT names file
 * and row; INVALID (a difference without a list, or older than it). *@out_result: {"list":
 * "corporations"|"issuers","form","as_of","rows","numbers","bytes","sha256","base"?,"unchanged",
 * "seconds"}. */
bool dn_archive_registry_import(DnArchive *self, const DnRegistryImport *request,
                                DnProgress progress, void *user_data, json_t **out_result,
                                GError **error);

/** Visits {"list","verdict":"ok"|"absent"|"missing"|"damaged","message"?,"at","as_of","form",
 * "rows","numbers","bytes","sha256"} of each list; @check: reads all of it. */
bool dn_archive_registry_status(DnArchive *self, bool check, DnRowVisitor visit, void *user_data,
                                GError **error);

/* --- running it --- */

/** Drops the view of the archive in @dir and builds it again from the log; nobody may have it open.
 * A view that is too damaged to open is no hindrance.
 * *@out_result: {"entries","vouchers","seconds"}. */
bool dn_archive_rebuild(const char *dir, const DnArchiveOptions *options, DnProgress progress,
                        void *user_data, json_t **out_result, GError **error);

/** Visits {"name","verdict":"ok"|"warning"|"problem","message"}: keys, log, view, worker, models,
 * public lists, clock, disk space, time-stamp authority, what waits. "models" has
 * "models":{"page","latin"?,"accented"?,"vertical"?,"column"?,"line"?} too, "registry" has
 * "lists":[…] with the rows of dn_archive_registry_status(). */
bool dn_archive_doctor(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/** {"vouchers","deleted","unread","unstamped","entries","log_bytes","view_bytes","segments","tenants"}. */
json_t *dn_archive_stats(DnArchive *self, GError **error);

/** Makes a tenant with its own key and ledger. *@out_row: {"tenant","name"}. EXISTS. */
bool dn_archive_tenant_create(DnArchive *self, const char *name, json_t **out_row, GError **error);
bool dn_archive_tenant_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error);

/** How a tenant is closed: with an export that holds all of it, or without. */
typedef struct {
    const char *export_file; /* an audit capsule of everything, checked here; */
    bool without_export;     /* or none, which wants a reason */
    bool early;              /* although vouchers must be kept or are on hold; wants a reason */
    const char *reason;      /* (nullable) otherwise */
} DnTenantClose;

/** Ends the tenant @name: notes it in the ledger of the tenant "default", then destroys its keys
 * and everything of it in the view; nothing of it opens again. No other call may be running.
 * Interrupted after the note, the next opening completes. INVALID (the tenant "default" or the
 * handle's own, vouchers that must stay, no export and no reason, an export of something else, of a
 * part, or from before the last change), CORRUPT (the export fails its check), NOT_FOUND.
 * *@out_row:
 * {"tenant","name","entries","sha256"?}, when it was early also "early","kept","held","keep_until".
 */
bool dn_archive_tenant_close(DnArchive *self, const char *name, const DnTenantClose *how,
                             DnProgress progress, void *user_data, json_t **out_row,
                             GError **error);

/* --- keys --- */

/** Opens every key: {"key_id","key_file","mode","protected","keys_dir","keys","tenants"}. */
json_t *dn_archive_key_check(DnArchive *self, GError **error);

/** Re-wraps all keys under a fresh master key that is written to @new_key_file, under a passphrase
 * when @protect or when the present one has one; no blob is touched. Interrupted at any point, the
 * archive opens and the same call completes. EXISTS when the file is there and no such remainder;
 * BUSY while a rotation to another file is unfinished. *@out_row: {"key_id","key_file"}. */
bool dn_archive_key_rotate(DnArchive *self, const char *new_key_file, bool protect,
                           json_t **out_row, GError **error);

/** Re-wraps the keys of the handle's tenant under a fresh tenant key: {"tenant","key_id"}.
 * Interrupted, the same call completes. */
bool dn_archive_key_rotate_tenant(DnArchive *self, json_t **out_row, GError **error);

/** Writes the same master key under a passphrase to @new_key_file and uses that file from now on.
 * EXISTS. *@out_row: {"key_id","key_file"}. */
bool dn_archive_key_protect(DnArchive *self, const char *new_key_file, json_t **out_row,
                            GError **error);

/** Notes it in the ledger, then writes the master key in its printed form to @fd. */
bool dn_archive_key_recovery(DnArchive *self, int fd, GError **error);

/** Writes to @envelope_file, which must not exist, the master key enveloped to the certificate or
 * public key in @public_pem: {"file","key_id","kind","recipient","sha256"}. */
bool dn_archive_key_escrow(DnArchive *self, const char *public_pem, const char *envelope_file,
                           json_t **out_row, GError **error);

/** How a key file is made without an archive. */
typedef struct {
    const char *key_file; /* must not exist (EXISTS) */
    bool protect;
    DnPassphrases passphrases;
} DnKeyMake;

/** Makes a key file of the printed form that @fd gives: {"key_id","key_file"}. FORMAT names the
 * line that is mistyped. */
bool dn_key_restore(int fd, const DnKeyMake *make, json_t **out_row, GError **error);

/** The same of an envelope, by the private key in @private_pem. DENIED when it is another one. */
bool dn_key_recover(const char *envelope_file, const char *private_pem, const DnKeyMake *make,
                    json_t **out_row, GError **error);

G_END_DECLS
#endif
