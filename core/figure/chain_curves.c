/* Autocorrelation, density and extremes of a chain. */
#include "core/figure/chain_curves.h"

#include <math.h>

static double mean_of(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

void mcd_autocorrelation(size_t n, const double *x, size_t lags, double *out)
{
    double mean = mean_of(n, x), zero = 0;
    for (size_t lag = 0; lag <= lags; lag++) {
        double sum = 0;
        for (size_t i = 0; i + lag < n; i++)
            sum += (x[i] - mean) * (x[i + lag] - mean);
        zero = lag == 0 ? sum : zero;
        out[lag] = sum / zero;
    }
}

double mcd_sorted_quantile(size_t n, const double *sorted, double p)
{
    double place = p * (double)(n - 1);
    size_t below = (size_t)place, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

double mcd_density_bandwidth(size_t n, const double *sorted)
{
    double mean = mean_of(n, sorted), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (sorted[i] - mean) * (sorted[i] - mean);
    double sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    double range = mcd_sorted_quantile(n, sorted, 0.75) - mcd_sorted_quantile(n, sorted, 0.25);
    double spread = range > 0 ? fmin(sd, range / 1.34) : sd;
    double width = 0.9 * spread * pow((double)n, -0.2);
    return width > 0 ? width : fmax(1e-3 * fabs(mean), 1e-300);
}

double mcd_density_at(size_t n, const double *x, double bandwidth, double at)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double z = (at - x[i]) / bandwidth;
        sum += exp(-z * z / 2);
    }
    return sum / ((double)n * bandwidth * sqrt(2 * M_PI));
}

size_t mcd_chain_extremes(size_t n, const double *x, size_t pieces, size_t *index)
{
    size_t count = 0;
    for (size_t piece = 0; piece < pieces; piece++) {
        size_t first = n * piece / pieces, end = n * (piece + 1) / pieces, lo = first, hi = first;
        for (size_t i = first; i < end; i++) {
            lo = x[i] < x[lo] ? i : lo;
            hi = x[i] > x[hi] ? i : hi;
        }
        if (first < end)
            index[count++] = lo < hi ? lo : hi;
        if (first < end && lo != hi)
            index[count++] = lo < hi ? hi : lo;
    }
    return count;
}
