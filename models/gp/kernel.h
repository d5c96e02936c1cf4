/*
 * Covariance functions: correlation as a function of scaled distance. Knows neither data nor
 * amplitude.
 */
#ifndef GP_KERNEL_H
#define GP_KERNEL_H

#include <stdint.h>

enum mcd_gp_kernel { MCD_GP_SE = 0, MCD_GP_MATERN32, MCD_GP_MATERN52 };

/* out[i] = correlation at distance d[i] >= 0 with length scale l; out may be d. */
void mcd_gp_correlate(enum mcd_gp_kernel, int64_t n, const double *d, double l, double *out);

/* out[i] = derivative by log l, from d and the correlation that mcd_gp_correlate gave. */
void mcd_gp_correlate_slope(enum mcd_gp_kernel, int64_t n, const double *d, double l,
                            const double *correlation, double *out);

/* Beyond this distance the correlation is below `least`, in (0, 1). */
double mcd_gp_reach(enum mcd_gp_kernel, double l, double least);

#endif
