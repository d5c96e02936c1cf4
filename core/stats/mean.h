/* A running mean with its sum of squared differences (Welford 1962), for scores over rows. */
#ifndef CORE_MEAN_H
#define CORE_MEAN_H

#include <math.h>

/* Initialise with {0}. */
struct mcd_mean {
    double n, mean, m2;
};

static inline void mcd_mean_add(struct mcd_mean *m, double x)
{
    double d = x - m->mean;
    m->n += 1.0;
    m->mean += d / m->n;
    m->m2 += d * (x - m->mean);
}

/* NaN where nothing was added. */
static inline double mcd_mean_value(const struct mcd_mean *m)
{
    return m->n > 0.0 ? m->mean : NAN;
}

/* Standard error, values as independent draws; NaN for fewer than two. */
static inline double mcd_mean_error(const struct mcd_mean *m)
{
    return m->n > 1.0 ? sqrt(m->m2 / (m->n - 1.0) / m->n) : NAN;
}

#endif
