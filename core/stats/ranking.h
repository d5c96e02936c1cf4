/*
 * What a ranking of predictions by uncertainty is worth: does it find the errors, and how right are
 * those that remain when the least certain are set aside? Equal uncertainties count as if their
 * order had been drawn by lot, averaged over all draws.
 */
#ifndef CORE_RANKING_H
#define CORE_RANKING_H

#include <stddef.h>

struct mcd_ranked {
    double uncertainty;
    int correct;
};

/* The most certain first; the functions below want it so. */
void mcd_ranking_sort(struct mcd_ranked *r, size_t n);

/*
 * Probability that a wrong prediction is less certain than a right one; NaN without both kinds.
 * `se`, if not NULL, gets its standard error over test sets: DeLong, DeLong, Clarke-Pearson 1988,
 * Comparing the areas under two or more correlated ROC curves. NaN with less than two of a kind.
 */
double mcd_ranking_auroc(const struct mcd_ranked *r, size_t n, double *se);

/*
 * Accuracy A without the `aside` < n least certain. Its standard error is that of a ratio whose
 * threshold is a quantile of the same rows: with k rows kept, a share q of all, and accuracy a at
 * the threshold, (A (1 - A) + (1 - q) (A - a)^2) / k, from the influence function
 * (1[kept] (correct - a) - q (A - a)) / q.
 */
double mcd_ranking_accuracy(const struct mcd_ranked *r, size_t n, size_t aside, double *se);

#endif
