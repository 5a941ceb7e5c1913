/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/jobs.h - what is done to an archive while one call fails, and what must hold after.
 *
 * A job is done to a copy of one folder, the past: an archive with two tenants, its key and
 * witness, and a folder with two generations of backups. It says whether it was told that the work
 * is done; the check wants the old state or the new one, all that was told, and the same job done
 * again without a failure.
 *
 * Threads: one. Errors: see tests/torture/common.h.
 */
#ifndef TESTS_TORTURE_JOBS_H
#define TESTS_TORTURE_JOBS_H

#include "base/failpoint.h"
#include "tests/torture/common.h"

G_BEGIN_DECLS

/** One copy of the past and what is known of it. */
typedef struct {
    char *root;
    char *dir;  /* the archive */
    char *dest; /* its backups */
    char *made; /* what the job makes: an archive, a capsule, a key */
} JobPlace;

/** What a job has been told. It is written down as it goes when @fd is a descriptor: the job may
 * end in a kill. */
typedef struct {
    TortureState state;
    bool done;
} JobTold;

typedef struct {
    const char *name;
    bool wants_authority; /* a time-stamp authority in the settings */
    /** Does it; arms @plan when what comes before is done. */
    void (*run)(const JobPlace *place, const DnFailPlan *plan, JobTold *told, int fd);
    /** (nullable) What does not hold; also goes on from there. Called before the archive itself is
     * looked at. */
    char *(*check)(const JobPlace *place, JobTold *told);
} Job;

extern const Job torture_jobs[];
extern const unsigned torture_job_count;

/** Makes the past in the fresh folder @root. */
void torture_past(const char *root, JobTold *out_told);

/** The places in @root. */
JobPlace torture_place(const char *root);
void torture_place_clear(JobPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JobPlace, torture_place_clear)

/** NULL, or (transfer full) what does not hold after @job. */
char *torture_job_check(const Job *job, const JobPlace *place, JobTold *told);

G_END_DECLS
#endif
