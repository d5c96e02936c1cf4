/*
 * Dual averaging (Nesterov 2009; Hoffman & Gelman 2014, section 3.2.1, with their constants), the
 * windows and the shrinkage of Stan (Stan Reference Manual, section "HMC algorithm parameters").
 */
#include "adapt.h"

#include <math.h>
#include <string.h>

struct mcd_step_adapter mcd_step_adapter(double target, double step_size)
{
    return (struct mcd_step_adapter){target, log(10 * step_size), 0, 0, 0};
}

double mcd_step_adapter_learn(struct mcd_step_adapter *a, double accept)
{
    static const double GAMMA = 0.05, OFFSET = 10, KAPPA = 0.75;
    a->count++;
    double share = 1 / (a->count + OFFSET);
    a->sum = (1 - share) * a->sum + share * (a->target - accept);
    double log_step = a->centre - a->sum * sqrt(a->count) / GAMMA;
    double weight = pow(a->count, -KAPPA);
    a->mean = (1 - weight) * a->mean + weight * log_step;
    return exp(log_step);
}

double mcd_step_adapter_final(const struct mcd_step_adapter *a)
{
    return exp(a->mean);
}

/*
 * 75 iterations for the step size, windows of 25, 50, ..., 50 for the step size again; if there is
 * no room for these, in the ratio 15 : 75 : 10.
 */
struct mcd_windows mcd_windows(uint32_t tune)
{
    uint32_t start = 75, close = 50, size = 25;
    if (tune < start + close + size) {
        start = (uint32_t)(0.15 * tune);
        close = (uint32_t)(0.1 * tune);
        size = tune - start - close;
    }
    struct mcd_windows w = {start, tune - close - 1, start + size - 1, size};
    if (tune < 20)
        w = (struct mcd_windows){1, 0, UINT32_MAX, 0}; /* too few for any estimate */
    return w;
}

/* A window that would leave less than its double behind takes all that is left. */
void mcd_windows_next(struct mcd_windows *w, uint32_t iteration)
{
    if (iteration == w->last)
        return;
    w->size *= 2;
    w->end = iteration + w->size;
    if (w->end + 2 * w->size > w->last)
        w->end = w->last;
}

void mcd_covariance_clear(struct mcd_covariance *c)
{
    c->count = 0;
    memset(c->mean, 0, c->dim * sizeof *c->mean);
    memset(c->products, 0, mcd_metric_size(c->dim, c->dense) * sizeof *c->products);
}

void mcd_covariance_add(struct mcd_covariance *c, const double *q)
{
    double share = 1 / ++c->count, kept = 1 - share;
    if (c->dense) {
        for (uint32_t i = 0; i < c->dim; i++)
            for (uint32_t j = 0; j < c->dim; j++)
                c->products[i * c->dim + j] += kept * (q[i] - c->mean[i]) * (q[j] - c->mean[j]);
    } else {
        for (uint32_t i = 0; i < c->dim; i++)
            c->products[i] += kept * (q[i] - c->mean[i]) * (q[i] - c->mean[i]);
    }
    for (uint32_t i = 0; i < c->dim; i++)
        c->mean[i] += share * (q[i] - c->mean[i]);
}

void mcd_covariance_to_metric(const struct mcd_covariance *c, struct mcd_metric *m)
{
    double n = c->count, estimate = n / (n + 5) / (n - 1), unit = 1e-3 * 5 / (n + 5);
    if (n < 2)
        return;
    for (uint32_t i = 0; i < mcd_metric_size(c->dim, c->dense); i++) {
        int diagonal = !c->dense || i % (c->dim + 1) == 0;
        m->covariance[i] = estimate * c->products[i] + (diagonal ? unit : 0);
    }
    mcd_metric_factor(m);
}
