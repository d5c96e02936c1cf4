/* Trimmed means with errors. */
#include "core/bench/trimmed.h"

#include "core/bench/quantile.h"

#include <math.h>
#include <string.h>

/* Moves what lies outside [low, high] to the nearer end. */
static double winsorized(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Sum of squared differences from the mean, and *r, how neighbours go together. */
static double spread(const double *x, size_t n, double low, double high, double *r)
{
    double mean = 0, squares = 0, neighbours = 0, before = 0;
    for (size_t i = 0; i < n; i++)
        mean += winsorized(x[i], low, high) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = winsorized(x[i], low, high) - mean;
        squares += d * d;
        neighbours += d * before;
        before = d;
    }
    *r = squares > 0 ? neighbours / squares : 0;
    return squares;
}

struct mcd_trimmed mcd_trimmed(const double *x, size_t n)
{
    static const double MOST_ALIKE = 0.9;
    double sorted[MCD_TRIMMED_MOST], r, sum = 0;
    size_t cut = n / 5, left = n - 2 * cut;
    memcpy(sorted, x, n * sizeof *x);
    mcd_sort(sorted, n);
    for (size_t i = cut; i < cut + left; i++)
        sum += sorted[i];
    struct mcd_trimmed t = {sum / (double)left, INFINITY, 1};
    if (n < 4)
        return t;
    double squares = spread(x, n, sorted[cut], sorted[n - 1 - cut], &r);
    double alike = r < 0 ? 0 : r > MOST_ALIKE ? MOST_ALIKE : r;
    double each = (1 + alike) / (1 - alike); /* so many values tell as much as one */
    t.error = sqrt(each * squares / ((double)left * (double)(left - 1)));
    t.degrees = fmax(1, (double)left / each - 1);
    return t;
}

struct mcd_trimmed mcd_trimmed_difference(const struct mcd_trimmed *a, const struct mcd_trimmed *b)
{
    double va = a->error * a->error, vb = b->error * b->error, v = va + vb;
    double small = va * va / a->degrees + vb * vb / b->degrees;
    return (struct mcd_trimmed){b->mean - a->mean, sqrt(v),
                                small > 0 && isfinite(small) ? v * v / small : 1};
}
