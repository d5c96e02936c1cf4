/*
 * Whether a plugin keeps its contract: include/mcdrop/ says what is demanded, a check is one demand
 * looked at.
 *
 * Every check runs in a process of its own, so that a plugin that crashes, hangs, prints or leaves
 * threads behind fails that check and no other. A check is told which plugin it is about and tells
 * what it found; it neither prints nor decides what becomes of it.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <mcdrop/plugin.h>

#include <stdint.h>

enum mcd_check_verdict { MCD_CHECK_PASSED = 1, MCD_CHECK_FAILED, MCD_CHECK_SKIPPED };

/*
 * What a check is about and what it found. A check reads the first part and reports through the
 * functions below; the first failure stays, as later ones often follow from it.
 */
struct mcd_checking {
    const char *spec;         /* for mcd_item_open: "/path/linear.so:out=3", complete parameters */
    const char *path;         /* of the file, absolute */
    const char *params;       /* of the spec, "" for none */
    uint32_t kind;            /* enum mcd_plugin_kind */
    const char *const *input; /* shapes to try, "7", "3x8x6"; ends with NULL */
    uint64_t seed;
    uint32_t quick; /* 1: a short form, for valgrind and for a first look */

    uint32_t verdict;   /* enum mcd_check_verdict; PASSED to begin with */
    uint64_t cases;     /* how much was looked at: a check that looked at nothing fails */
    char where[200];    /* parameter, op, shape, site: what of the plugin is meant */
    char expected[400]; /* what the contract demands there; of a skip: why */
    char seen[600];     /* what there was instead */
    char remedy[400];   /* how to repeat or mend it, beyond the command itself; may be "" */
    char note[400];     /* a tolerance, what was refused; of a failure: which other one it is */
};

/* A demand. Checks of all kinds have `kinds` 0x1e. */
struct mcd_check {
    const char *name;   /* "gradient": stable, in JSON and for --only */
    uint32_t kinds;     /* 1 << enum mcd_plugin_kind, or-ed */
    const char *demand; /* one line: "gradients agree with finite differences in f64" */
    void (*run)(struct mcd_checking *);
};

/* One list a file; each ends with {0}. A plugin meets them in this order. */
extern const struct mcd_check mcd_checks_file[]; /* symbols, RPATH, descriptor, parameters */
extern const struct mcd_check mcd_checks_life[]; /* creation, memory, output, threads */
extern const struct mcd_check mcd_checks_layer[];
extern const struct mcd_check mcd_checks_sampler[];
extern const struct mcd_check mcd_checks_model[];
extern const struct mcd_check mcd_checks_backend[];

/* Adds to the cases that were looked at. */
void mcd_check_looked(struct mcd_checking *, uint64_t cases);

/*
 * Records a failure, unless there is one. Returns -1, so that `return mcd_check_fail(...)` reads
 * well.
 */
int mcd_check_fail(struct mcd_checking *, const char *where, const char *expected,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* How to repeat a failure that was just recorded: a shape, a seed, a row and a pass. */
void mcd_check_remedy(struct mcd_checking *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The check does not apply, for this reason: no Bernoulli site, no linalg. Not after a failure. */
void mcd_check_skip(struct mcd_checking *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What to know where the check passes, told beside it. */
void mcd_check_note(struct mcd_checking *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For what a call into the core or the plugin returned that must not fail: records `e` as a failure
 * and returns -1, or returns 0 if the status is MCD_OK.
 */
int mcd_check_status(struct mcd_checking *, const char *where, int status,
                     const struct mcd_error *e);

#endif
