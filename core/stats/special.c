/* Inverse distribution functions by safe root finding, so that there are no tables to trust. */
#include "core/stats/special.h"

#include <float.h>
#include <math.h>

/*
 * Newton on log Phi, which is concave, so that a start on the left of the root climbs to it without
 * overshooting: z = -sqrt(-2 log p) is there, because Phi(-t) <= exp(-t^2 / 2).
 */
static double lower_normal_quantile(double p)
{
    static const double ROOT_2PI = 2.5066282746310005024;
    double z = -sqrt(-2 * log(p));
    for (int i = 0; i < 60; i++) {
        double phi = 0.5 * erfc(-z * M_SQRT1_2), density = exp(-0.5 * z * z) / ROOT_2PI;
        double step = log(p / phi) * phi / density;
        z += step;
        if (fabs(step) <= 4 * DBL_EPSILON * fmax(1, fabs(z)))
            break;
    }
    return z;
}

double mcd_normal_quantile(double p)
{
    return p < 0.5 ? lower_normal_quantile(p) : p > 0.5 ? -lower_normal_quantile(1 - p) : 0;
}

/* Numerator k of the continued fraction, DLMF 8.17.23. */
static double beta_term(int k, double x, double a, double b)
{
    double m = k / 2;
    return k % 2 ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                 : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
}

/*
 * DLMF 8.17.22, 1 + d1/(1 + d2/(1 + ...)) by Lentz's method (Thompson & Barnett, Journal of
 * Computational Physics 64, 1986). Converges fast for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double x, double a, double b)
{
    double f = 1, c = 1, d = 0;
    for (int k = 1; k < 10000; k++) {
        double term = beta_term(k, x, a, b);
        d = 1 / (1 + term * d);
        c = 1 + term / c;
        f *= c * d;
        if (fabs(c * d - 1) < 2 * DBL_EPSILON)
            break;
    }
    return f;
}

double mcd_beta_probability(double x, double a, double b)
{
    if (x <= 0 || x >= 1)
        return x > 0;
    if (x > (a + 1) / (a + b + 2))
        return 1 - mcd_beta_probability(1 - x, b, a);
    double log_front = a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b);
    return exp(log_front) / (a * beta_fraction(x, a, b));
}

/* Bisection: the callers need a few of these, and it cannot fail. */
double mcd_beta_quantile(double p, double a, double b)
{
    double low = 0, high = 1;
    while (high - low > 1e-15 * high) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            break;
        if (mcd_beta_probability(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

/* T^2 / (degrees + T^2) is beta distributed. */
double mcd_student_two_sided(double t, double degrees)
{
    if (!isfinite(t))
        return isnan(t) ? 1 : 0;
    return mcd_beta_probability(degrees / (degrees + t * t), degrees / 2, 0.5);
}

double mcd_student_quantile(double p, double degrees)
{
    double x = mcd_beta_quantile(p, degrees / 2, 0.5);
    return sqrt(degrees * (1 - x) / x);
}
