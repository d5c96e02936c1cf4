/*
 * Adaptation of a sampler while it warms up: step size by dual averaging, metric in windows that
 * double. Knows counts and estimates, not how samples are made.
 */
#ifndef GP_ADAPT_H
#define GP_ADAPT_H

#include "metric.h"

/* Dual averaging of log step size. */
struct mcd_step_adapter {
    double target, centre, sum, mean; /* sum: of target - accept, decayed; mean: of log step size */
    double count;
};

struct mcd_step_adapter mcd_step_adapter(double target, double step_size);

/* Takes the acceptance of one transition, gives the next step size. */
double mcd_step_adapter_learn(struct mcd_step_adapter *, double accept);

/* The step size to keep. */
double mcd_step_adapter_final(const struct mcd_step_adapter *);

/*
 * When the metric is estimated: iterations first ... last, in windows of which one ends at `end`.
 */
struct mcd_windows {
    uint32_t first, last, end, size;
};

struct mcd_windows mcd_windows(uint32_t tune);

/* Call at the end of the window that ends at `iteration`. */
void mcd_windows_next(struct mcd_windows *, uint32_t iteration);

/* Running mean and covariance (Welford). Arrays are the caller's: dim, and mcd_metric_size. */
struct mcd_covariance {
    uint32_t dim;
    int dense;
    double count, *mean, *products;
};

void mcd_covariance_clear(struct mcd_covariance *);
void mcd_covariance_add(struct mcd_covariance *, const double *q);

/* Sets the metric to the estimate, shrunk towards a small multiple of the unit matrix. */
void mcd_covariance_to_metric(const struct mcd_covariance *, struct mcd_metric *);

#endif
