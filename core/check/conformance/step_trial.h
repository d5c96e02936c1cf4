/*
 * Cases judged one by one: a check says which cases it wants and what it demands of each, this
 * runs them, compares, and reports in the check's name.
 */
#ifndef CORE_CHECK_STEP_TRIAL_H
#define CORE_CHECK_STEP_TRIAL_H

#include "core/check/check.h"
#include "core/check/conformance/cases.h"

enum { MCD_STEP_HOSTS = 3 };

/* Everything at hand while one case is judged. */
struct mcd_step_trial {
    struct mcd_checking *check;
    const struct mcd_engine *oracle; /* the reference backend in f64 */
    const struct mcd_engine *engine; /* engine[i] has i + 1 workers */
    const struct mcd_step_case *of;
    const struct mcd_step_case *rival; /* another one with the same op, if there is one */
    uint32_t key;
    double tolerance; /* relative to the largest magnitude of a result */
};

/* What became of a case. */
enum { MCD_STEP_FAILED = -1, MCD_STEP_PASSED = 0, MCD_STEP_REFUSED = 1 };

/*
 * Judges every case of mcd_cases_create that `wanted` wants - under `quick` every seventh of these
 * - until one fails. Opens backends and closes them. Skips if the backend refuses all of them.
 */
void mcd_step_trial_run(struct mcd_checking *, int (*wanted)(const struct mcd_step_case *),
                        int (*judge)(const struct mcd_step_trial *));

/* Judges all cases of a list. */
void mcd_step_trial_run_list(struct mcd_checking *, const struct mcd_case_list *,
                             int (*judge)(const struct mcd_step_trial *));

/* Reports a failure of the case; returns MCD_STEP_FAILED. */
int mcd_step_trial_fail(const struct mcd_step_trial *, const char *expected, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/*
 * Runs the case once on a backend, in memory as given; `results` takes mcd_step_results() numbers.
 * MCD_STEP_REFUSED also where the refusal comes too late: that is the matter of `refusals`.
 */
int mcd_step_trial_results(const struct mcd_step_trial *, const struct mcd_engine *,
                           const struct mcd_step_memory *, double *results);

/* The same on the oracle, as the backend's type can hold it. */
int mcd_step_trial_expected(const struct mcd_step_trial *, double *results);

/*
 * Compares all results. NaN is like NaN, an infinity like itself. `masked`: where DROP gives 0 on
 * either side nothing is compared.
 */
int mcd_step_trial_compare(const struct mcd_step_trial *, const char *demand, int masked,
                           const double *got, const double *expected);

/* Compares one operand's values; `what` names it. */
int mcd_step_trial_compare_operand(const struct mcd_step_trial *, const struct mcd_operand *,
                                   const char *what, const char *demand, int masked,
                                   const double *got, const double *expected);

/* How far results may be from the oracle's; products of matrices are told apart. */
double mcd_step_trial_tolerance(const struct mcd_checking *, uint32_t type, uint32_t op);

/* Room for `sets` sets of the case's results, to be freed; NULL with the failure reported. */
double *mcd_step_trial_room(const struct mcd_step_trial *, size_t sets);

#endif
