/*
 * Squared exponential and Matern with nu = 3/2 and 5/2 (Rasmussen & Williams, Gaussian Processes
 * for Machine Learning, 2006, equations 4.9 and 4.17), and their derivatives by log l.
 */
#include "kernel.h"

#include <math.h>

static const double ROOT3 = 1.7320508075688772935, ROOT5 = 2.2360679774997896964;

static double correlation(enum mcd_gp_kernel kernel, double d, double l)
{
    double s = d / l;
    switch (kernel) {
    case MCD_GP_MATERN32:
        s *= ROOT3;
        return (1 + s) * exp(-s);
    case MCD_GP_MATERN52:
        s *= ROOT5;
        return (1 + s + s * s / 3) * exp(-s);
    default:
        return exp(-0.5 * s * s);
    }
}

void mcd_gp_correlate(enum mcd_gp_kernel kernel, int64_t n, const double *d, double l, double *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = correlation(kernel, d[i], l);
}

/*
 * With s proportional to d / l, ds / d log l = -s. The exponential is taken from the correlation.
 */
static double slope(enum mcd_gp_kernel kernel, double d, double l, double c)
{
    double s = d / l;
    switch (kernel) {
    case MCD_GP_MATERN32:
        s *= ROOT3;
        return c * s * s / (1 + s);
    case MCD_GP_MATERN52:
        s *= ROOT5;
        return c * s * s * (1 + s) / (3 + 3 * s + s * s);
    default:
        return c * s * s;
    }
}

void mcd_gp_correlate_slope(enum mcd_gp_kernel kernel, int64_t n, const double *d, double l,
                            const double *c, double *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = c[i] > 0 ? slope(kernel, d[i], l, c[i]) : 0; /* not 0 times infinity */
}

double mcd_gp_reach(enum mcd_gp_kernel kernel, double l, double least)
{
    if (kernel == MCD_GP_SE)
        return l * sqrt(-2 * log(least));
    double far = l; /* the correlation falls monotonically */
    while (correlation(kernel, far, l) > least)
        far *= 1.25;
    return far;
}
