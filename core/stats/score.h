/*
 * Scores of a classifier over a labelled set, each with two standard errors that answer different
 * questions: over other passes of the same network on the same set (`mc_se`), and over other test
 * sets of the same size (`test_se`).
 *
 * mc_se: balanced half-samples of the passes (core/stats/halves.h); 0 for weight averaging, which
 * has no passes. test_se: rows as independent draws. For means of rows (accuracy, NLL, Brier,
 * entropies) sd / sqrt n; errors as accuracy; AUROC and accuracy without the least certain:
 * core/stats/ranking.h; ECE: sd / sqrt n of the rows' signed gaps with the bins' signs held (its
 * linearisation, too large where a bin's gap is within its own noise).
 */
#ifndef CORE_SCORE_H
#define CORE_SCORE_H

#include "core/stats/summary.h"

#include <mcdrop/error.h>

#include <stdint.h>

enum { MCD_BINS = 15 };

enum mcd_score_id {
    MCD_ERRORS,        /* wrong predictions: the largest probability is not the label's */
    MCD_ACCURACY,      /* share of right ones */
    MCD_NLL,           /* mean of - log p(label), nats; p below 2.2e-308 counts as that */
    MCD_BRIER,         /* mean of sum over classes (p - [label])^2: 0 to 2 */
    MCD_ECE,           /* mean over rows of |confidence - accuracy| of the bin: Guo et al. 2017 */
    MCD_ENTROPY_RIGHT, /* mean predictive entropy of right predictions, nats */
    MCD_ENTROPY_WRONG,
    MCD_AUROC,     /* of predictive entropy, for finding wrong ones */
    MCD_WITHOUT_0, /* accuracy when floor(x % of the rows) with the largest entropy are set aside */
    MCD_WITHOUT_1,
    MCD_WITHOUT_2,
    MCD_WITHOUT_5,
    MCD_WITHOUT_10,
    MCD_WITHOUT_20,
    MCD_WITHOUT_50,
    MCD_SCORES
};

/* The score's key in results: "errors", ..., "accuracy_without_50". */
const char *mcd_score_name(enum mcd_score_id id);

/* NaN: undefined, as the mean entropy of wrong ones where none is wrong. */
struct mcd_score {
    double value, mc_se, test_se;
};

/* Rows whose largest probability is above i / 15 and at most (i + 1) / 15. */
struct mcd_bin {
    int64_t count;
    double confidence, accuracy; /* means; NaN in an empty bin */
};

struct mcd_scores {
    int64_t rows;
    struct mcd_score score[MCD_SCORES];
    struct mcd_bin bin[MCD_BINS];
};

/* Labels are class numbers: MCD_INVALID, naming the row, if one is not in 0 .. classes - 1. */
int mcd_labels_check(const int64_t *labels, int64_t rows, int64_t classes, struct mcd_error *e);

/* Of weight averaging: probabilities [rows][classes]. */
int mcd_scores_deterministic(const struct mcd_host *host, struct mcd_scores *s,
                             const double *probability, int64_t rows, int64_t classes,
                             const int64_t *labels, struct mcd_error *e);

/* Of the mean probabilities of a classifier's summary. */
int mcd_scores_monte_carlo(struct mcd_scores *s, const struct mcd_summary *m, const int64_t *labels,
                           struct mcd_error *e);

#endif
