/*
 * Where repeated timings lie, and how surely: the mean of what is left when the fifth at either end
 * is cut off, with the standard error that belongs to it.
 *
 * Timings have a long tail to one side and now and then a wild value, which a mean follows; a
 * median ignores half of what was seen. A 20 % trimmed mean stands wild values up to that fifth and
 * is nearly as exact as a mean where there are none (Wilcox, Introduction to Robust Estimation and
 * Hypothesis Testing, ch. 3). Error and degrees of freedom are Tukey & McLaughlin's (Sankhya A 25,
 * 1963), of a difference Yuen's (Biometrika 61, 1974).
 *
 * Timings that follow each other are alike: what else the machine does lasts. Their number counts
 * as n (1 - r) / (1 + r), r the correlation of neighbours (Bayley & Hammersley, J. R. Stat. Soc.
 * Suppl. 8, 1946), which is never taken to be negative.
 */
#ifndef CORE_BENCH_TRIMMED_H
#define CORE_BENCH_TRIMMED_H

#include <stddef.h>

enum { MCD_TRIMMED_MOST = 1000 }; /* values that one call takes */

struct mcd_trimmed {
    double mean;
    double error;   /* infinite for fewer than four values, which say nothing of their spread */
    double degrees; /* of freedom: at least 1 */
};

/* Of x[n] in the order in which they were seen, 1 <= n <= MCD_TRIMMED_MOST. */
struct mcd_trimmed mcd_trimmed(const double *x, size_t n);

/* Of b - a, seen independently. */
struct mcd_trimmed mcd_trimmed_difference(const struct mcd_trimmed *a, const struct mcd_trimmed *b);

#endif
