/* Binomial tails, which are incomplete beta functions. */
#include "core/check/binomial.h"

#include "core/stats/special.h"

#include <math.h>

double mcd_binomial_tail(uint64_t k, uint64_t n, double p)
{
    double successes = (double)k, failures = (double)(n - k);
    if (p <= 0 || p >= 1)
        return k == (p >= 1 ? n : 0);
    double below = k == n ? 1 : mcd_beta_probability(1 - p, failures, successes + 1);
    double above = k == 0 ? 1 : mcd_beta_probability(p, successes, failures + 1);
    return fmin(1, 2 * fmin(below, above));
}
