/* Curves that show how Markov chains went: plain functions of one chain's draws. */
#ifndef CORE_FIGURE_CHAIN_CURVES_H
#define CORE_FIGURE_CHAIN_CURVES_H

#include <stddef.h>

/*
 * out[0 .. lags]: autocovariance at each lag, divided by that at 0, both with divisor n. NaN for a
 * chain that does not move. lags < n.
 */
void mcd_autocorrelation(size_t n, const double *x, size_t lags, double *out);

/*
 * Silverman's bandwidth for sorted values, 0.9 min(sd, quartile range / 1.34) n^(-1/5); where it
 * would be 0, a thousandth of their size.
 */
double mcd_density_bandwidth(size_t n, const double *sorted);

/* The mean of n normal densities of that standard deviation around x, at the place `at`. */
double mcd_density_at(size_t n, const double *x, double bandwidth, double at);

/* Between order statistics (type 7 of Hyndman & Fan 1996), as the diagnoses have it. */
double mcd_sorted_quantile(size_t n, const double *sorted, double p);

/*
 * Which draws to show of n, so that a line through them looks like one through all: of each of
 * `pieces` equal pieces the smallest and the largest, in their order. Returns how many there are in
 * index[2 * pieces].
 */
size_t mcd_chain_extremes(size_t n, const double *x, size_t pieces, size_t *index);

#endif
