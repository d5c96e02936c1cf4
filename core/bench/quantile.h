/* Samples in order, and quantiles of them. */
#ifndef CORE_BENCH_QUANTILE_H
#define CORE_BENCH_QUANTILE_H

#include <stddef.h>

/* Ascending; none is NaN. */
void mcd_sort(double *x, size_t n);

/* Of sorted values, n >= 1: between neighbours in proportion (Hyndman & Fan's seventh). */
double mcd_quantile(const double *sorted, size_t n, double p);

#endif
