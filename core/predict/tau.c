/* The precision of the noise, from a prior or from answers. */
#include "core/predict/tau.h"

#include <math.h>

double mcd_tau_of_length(const struct mcd_tau_prior *p, double length)
{
    return 2 * length * length / ((1 - p->drop) * (double)p->rows * p->decay);
}

double mcd_tau_length(const struct mcd_tau_prior *p, double tau)
{
    return sqrt(tau * (1 - p->drop) * (double)p->rows * p->decay / 2);
}

int mcd_tau_drop(const struct mcd_network *network, double *drop, struct mcd_error *e)
{
    struct mcd_recording r;
    int status = mcd_network_record(network, 1, &r, e);
    *drop = 0;
    if (status)
        return status;
    for (uint32_t s = 0; s < r.graph->nsites; s++)
        if (r.graph->site[s].p != r.graph->site[0].p)
            *drop = NAN;
    if (r.graph->nsites > 0 && !isnan(*drop))
        *drop = r.graph->site[0].p;
    *drop = *drop > 0 ? *drop : 0;
    mcd_graph_destroy(r.graph);
    return MCD_OK;
}

/* log mean exp of - tau square / 2 over the passes, from the largest, which is the least square. */
static double log_mean(const double *square, uint64_t passes, int64_t points, double tau)
{
    double least = square[0], sum = 0;
    for (uint64_t t = 1; t < passes; t++)
        least = fmin(least, square[t * (uint64_t)points]);
    for (uint64_t t = 0; t < passes; t++)
        sum += exp(-tau / 2 * (square[t * (uint64_t)points] - least));
    return -tau / 2 * least + log(sum / (double)passes);
}

double mcd_tau_log_likelihood(const double *square, uint64_t passes, int64_t points, double tau)
{
    double sum = 0;
    for (int64_t i = 0; i < points; i++)
        sum += log_mean(square + i, passes, points, tau);
    return sum / (double)points + log(tau / (2 * M_PI)) / 2;
}

/* The best of a grid of log tau from `low` on. */
static double search_grid(const double *square, uint64_t passes, int64_t points, double low,
                          double step, int count)
{
    double best = low, most = -INFINITY;
    for (int i = 0; i < count; i++) {
        double at = low + i * step;
        double value = mcd_tau_log_likelihood(square, passes, points, exp(at));
        if (value > most) {
            most = value;
            best = at;
        }
    }
    return best;
}

/*
 * A mixture may have several maxima, so a grid comes first: from a thousandth of the precision of
 * all differences, below which the likelihood falls, in steps of a factor 2 to 2^30 times that;
 * then finer ones around the best point.
 */
double mcd_tau_fit(const double *square, uint64_t passes, int64_t points)
{
    enum { COARSE = 41, FINE = 11 };
    double mean = 0, step = M_LN2, all = (double)passes * (double)points;
    for (uint64_t i = 0; i < passes * (uint64_t)points; i++)
        mean += square[i] / all;
    if (!(mean > 0))
        return NAN;
    double best = search_grid(square, passes, points, -log(mean) - 10 * M_LN2, step, COARSE);
    while (step > 1e-6) {
        best = search_grid(square, passes, points, best - step, step / 5, FINE);
        step /= 5;
    }
    return exp(best);
}
