/*
 * All checks of one plugin, each in a process of its own, and what they found.
 */
#ifndef CORE_CHECK_RUN_H
#define CORE_CHECK_RUN_H

#include "core/check/check.h"
#include "core/check/isolate.h"
#include "core/check/subject.h"

/* What is to be checked and how; the texts stay the caller's, for as long as the report. */
struct mcd_check_order {
    const char *path;         /* of the plugin's file, absolute */
    const char *params;       /* as the user wrote them, "" for none */
    uint32_t kind;            /* 0 where the file has to say it */
    const char *const *input; /* shapes to try, ends with NULL; none: the checks' own */
    const char *const *only;  /* names of checks, ends with NULL; none: all of them */
    uint64_t seed;
    uint32_t quick;
    double limit;                                                    /* seconds for each check */
    void (*on_check)(void *arg, const char *path, const char *name); /* before each; NULL is fine */
    void *arg;
};

struct mcd_check_found {
    const struct mcd_check *check;
    struct mcd_checking told;
    struct mcd_isolated how;
    const struct mcd_check *like; /* that never returned in the same way, and tells all; or NULL */
};

struct mcd_check_report {
    const struct mcd_host *host;
    struct mcd_subject subject;
    uint32_t count;
    struct mcd_check_found *found;
    uint32_t verdicts[MCD_CHECK_SKIPPED + 1]; /* how many, by enum mcd_check_verdict */
};

/*
 * The caller must have no threads. What is wrong with the plugin is in the report; a failure is
 * MCD_INVALID for a parameter or a name in `only` that is wrong, or MCD_NOMEM or MCD_IO. The report
 * is to be cleared in any case. Without a device, what needs it is skipped.
 */
int mcd_check_run(const struct mcd_host *, const struct mcd_check_order *,
                  struct mcd_check_report *, struct mcd_error *e);

void mcd_check_report_clear(struct mcd_check_report *);

/* The lists of check.h in order, ends with NULL. */
extern const struct mcd_check *const mcd_check_lists[];

#endif
