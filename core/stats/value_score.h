/*
 * Scores of a regression over rows with answers, for one output, each with two standard errors: see
 * core/stats/score.h. All are in the output's units. doc/regression.md says what each is.
 *
 * The predictive distribution is the mixture over passes of Gaussians with the noise's sd
 * (core/stats/tally.h). The log likelihood, the CRPS and the PIT are the mixture's; intervals, and
 * the CRPS in closed form, are those of the one Gaussian with its mean and sd, which is what is
 * reported of a row. Weight averaging predicts a Gaussian with the noise's sd.
 *
 * Where no noise is known it counts as 0, and the log likelihood is undefined (NaN).
 */
#ifndef CORE_VALUE_SCORE_H
#define CORE_VALUE_SCORE_H

#include "core/stats/halves.h"
#include "core/stats/moments.h"
#include "core/stats/score.h"

enum mcd_value_score_id {
    MCD_RMSE,           /* root of the mean squared error of the mean; test_se linearised */
    MCD_LOG_LIKELIHOOD, /* mean over rows of log p(answer), nats */
    MCD_CRPS,           /* mean of E|Y - answer| - E|Y - Y'| / 2 */
    MCD_CRPS_NORMAL,    /* of the Gaussian: Gneiting, Raftery 2007, Strictly proper scoring rules */
    MCD_COVERAGE_50,    /* share of answers within the central interval that shall hold 50 % */
    MCD_COVERAGE_80,
    MCD_COVERAGE_90,
    MCD_COVERAGE_95,
    MCD_WIDTH_50, /* mean width of that interval */
    MCD_WIDTH_80,
    MCD_WIDTH_90,
    MCD_WIDTH_95,
    MCD_EPISTEMIC_SD, /* mean over rows of the sd between passes */
    MCD_TOTAL_SD,     /* mean over rows of the sd with noise */
    MCD_VALUE_SCORES
};

/* The score's key in results: "rmse", "log_likelihood", ... */
const char *mcd_value_score_name(enum mcd_value_score_id id);

enum { MCD_PIT_BINS = 10 };

/* Of one output. */
struct mcd_value_scores {
    struct mcd_score score[MCD_VALUE_SCORES];
    int64_t
        pit[MCD_PIT_BINS]; /* rows with P(Y <= answer) in [i, i + 1) / 10: level if calibrated */
};

/* All that the scores need of a row. */
struct mcd_value_fact {
    double error, epistemic, total; /* mean - answer; sd between passes, and with noise */
    double log_likelihood, crps, pit;
};

/* Of the passes whose batches are the bits of `mask`. */
typedef struct mcd_value_fact (*mcd_value_judge)(const void *arg, int64_t row, uint16_t mask);

/* Scores of rows by whatever judges them, with errors from halves of its passes. */
void mcd_value_scores_judge(int64_t rows, mcd_value_judge judge, const void *arg,
                            const struct mcd_halves *halves, struct mcd_value_scores *s);

/* Of moments whose meaning has targets: s[outputs]. */
int mcd_value_scores_monte_carlo(const struct mcd_moments *m, struct mcd_value_scores *s,
                                 struct mcd_error *e);

/* Of weight averaging: value [rows][outputs] in the user's units; meaning has targets. */
void mcd_value_scores_deterministic(const struct mcd_meaning *meaning, const double *value,
                                    struct mcd_value_scores *s);

#endif
