/* Effective sample sizes, R-hat and Monte-Carlo errors of one quantity. */
#include "core/stats/diagnostics.h"

#include "core/base/host.h"
#include "core/stats/special.h"

#include <math.h>
#include <stdlib.h>

const double mcd_quantile_probability[MCD_QUANTILES] = {0.05, 0.5, 0.95};

/* Draws as half chains: an even number of them, of equal length, one after the other. */
struct halves {
    uint32_t chains, draws;
    double *value;
};

struct ranked {
    double value;
    uint32_t place;
};

/* All that one diagnosis needs. */
struct room {
    struct halves plain, changed; /* `changed` is ranks, indicators and the like of `plain` */
    double *sorted;               /* of all draws, also of the middle one that halving leaves out */
    struct ranked *ranked;
    uint32_t draws; /* in `sorted` */
};

static uint32_t size_of(const struct halves *h)
{
    return h->chains * h->draws;
}

static double mean_of(uint32_t n, const double *x)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

/* Mean of (x_i - m)(x_{i+lag} - m), divided by n as the estimators below want it. */
static double autocovariance(uint32_t n, const double *x, double mean, uint32_t lag)
{
    double sum = 0;
    for (uint32_t i = 0; i + lag < n; i++)
        sum += (x[i] - mean) * (x[i + lag] - mean);
    return sum / n;
}

static double chains_autocovariance(const struct halves *h, uint32_t lag)
{
    double sum = 0;
    for (uint32_t c = 0; c < h->chains; c++) {
        const double *x = h->value + (size_t)c * h->draws;
        sum += autocovariance(h->draws, x, mean_of(h->draws, x), lag);
    }
    return sum / h->chains;
}

/* Variance of the chains' means, divided by chains - 1. */
static double between(const struct halves *h)
{
    double all = mean_of(size_of(h), h->value), sum = 0;
    for (uint32_t c = 0; c < h->chains; c++) {
        double off = mean_of(h->draws, h->value + (size_t)c * h->draws) - all;
        sum += off * off;
    }
    return sum / (h->chains - 1);
}

/* Equations 1 to 4 of Vehtari et al. */
static double rhat(const struct halves *h)
{
    double n = h->draws, within = chains_autocovariance(h, 0) * n / (n - 1);
    return sqrt((n - 1) / n + between(h) / within);
}

/*
 * Equations 10 to 13, with Geyer's initial monotone sequence (Statistical Science 7, 1992): sums of
 * an even and the next odd autocorrelation are positive and fall; the first that is not ends the
 * sum, but for its even term (as in section 3.2), and one that rises is cut to the one before.
 * Chains that lie apart are correlated for ever; for them the last lags end it.
 */
static double effective_size(const struct halves *h)
{
    double n = h->draws, size = size_of(h), zero = chains_autocovariance(h, 0);
    double within = zero * n / (n - 1), total = zero + between(h);
    double tau = -1, last = INFINITY;
    if (!(total > 0))
        return NAN;
    for (uint32_t lag = 0;; lag += 2) {
        double even = lag ? 1 - (within - chains_autocovariance(h, lag)) / total : 1;
        double odd = 1 - (within - chains_autocovariance(h, lag + 1)) / total;
        if (!(even + odd > 0) || lag + 4 >= h->draws) {
            tau += fmax(even, 0);
            break;
        }
        last = fmin(last, even + odd);
        tau += 2 * last;
    }
    return size / fmax(tau, 1 / log10(size)); /* antithetic chains: no more than this is claimed */
}

static int by_value(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return (x > y) - (x < y);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* changed = normal scores of its values; equal values share their mean rank (equation 14). */
static void normalise(struct room *r)
{
    uint32_t size = size_of(&r->changed);
    for (uint32_t i = 0; i < size; i++)
        r->ranked[i] = (struct ranked){r->changed.value[i], i};
    qsort(r->ranked, size, sizeof *r->ranked, by_value);
    for (uint32_t first = 0, end; first < size; first = end) {
        for (end = first + 1; end < size && r->ranked[end].value == r->ranked[first].value;)
            end++;
        double rank = 0.5 * ((double)first + 1 + end);
        double score = mcd_normal_quantile((rank - 0.375) / (size + 0.25));
        for (uint32_t i = first; i < end; i++)
            r->changed.value[r->ranked[i].place] = score;
    }
}

/* Between order statistics, as most programs have it (type 7 of Hyndman & Fan 1996). */
static double quantile(uint32_t n, const double *sorted, double p)
{
    double place = p * (n - 1);
    uint32_t below = (uint32_t)place, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/* Of the indicators of x <= threshold. */
static double quantile_size(struct room *r, double threshold)
{
    for (uint32_t i = 0; i < size_of(&r->plain); i++)
        r->changed.value[i] = r->plain.value[i] <= threshold;
    return effective_size(&r->changed);
}

/* Section 4.3 of Vehtari et al.: one standard deviation either way of the quantile's place. */
static double quantile_error(const struct room *r, double p, double size)
{
    if (!(size > 0))
        return NAN;
    double a = size * p + 1, b = size * (1 - p) + 1, n = r->draws;
    double low = mcd_beta_quantile(0.158655253931457, a, b) * n - 1;
    double high = mcd_beta_quantile(0.841344746068543, a, b) * n - 1;
    uint32_t first = (uint32_t)fmax(floor(low), 0), last = (uint32_t)fmin(ceil(high), n - 1);
    return 0.5 * (r->sorted[last] - r->sorted[first]);
}

static void diagnose_quantiles(struct room *r, struct mcd_diagnosis *out)
{
    out->ess_tail = INFINITY;
    for (int i = 0; i < MCD_QUANTILES; i++) {
        double p = mcd_quantile_probability[i];
        out->quantile[i] = quantile(r->draws, r->sorted, p);
        double size = quantile_size(r, out->quantile[i]);
        out->mcse_quantile[i] = quantile_error(r, p, size);
        if (p != 0.5 && !(size >= out->ess_tail)) /* NaN stays */
            out->ess_tail = size;
    }
}

/* Rank-normalised, of the values and of their distances from the median. */
static void diagnose_ranks(struct room *r, struct mcd_diagnosis *out)
{
    uint32_t size = size_of(&r->plain);
    memcpy(r->changed.value, r->plain.value, size * sizeof(double));
    normalise(r);
    out->ess_bulk = effective_size(&r->changed);
    out->rhat = rhat(&r->changed);
    memcpy(r->changed.value, r->plain.value, size * sizeof(double));
    qsort(r->changed.value, size, sizeof(double), by_size);
    double median = quantile(size, r->changed.value, 0.5);
    for (uint32_t i = 0; i < size; i++)
        r->changed.value[i] = fabs(r->plain.value[i] - median);
    normalise(r);
    double folded = rhat(&r->changed);
    if (!(folded <= out->rhat))
        out->rhat = folded;
}

/*
 * The error of the sd follows from that of the mean of squares about the mean, by the delta method,
 * with the effective size of these squares and their own variance.
 */
static void diagnose_moments(struct room *r, struct mcd_diagnosis *out)
{
    uint32_t n = r->draws, size = size_of(&r->plain);
    double squares = 0, fourths = 0;
    out->mean = mean_of(n, r->sorted);
    for (uint32_t i = 0; i < n; i++) {
        double square = (r->sorted[i] - out->mean) * (r->sorted[i] - out->mean);
        squares += square / n;
        fourths += square * square / n;
    }
    for (uint32_t i = 0; i < size; i++) {
        double off = r->plain.value[i] - out->mean;
        r->changed.value[i] = off * off;
    }
    out->sd = sqrt(squares * n / (n - 1));
    out->mcse_mean = out->sd / sqrt(effective_size(&r->plain));
    double variance = (fourths - squares * squares) / effective_size(&r->changed);
    out->mcse_sd = sqrt(variance / squares) / 2;
}

static void halve(const struct room *r, uint32_t draws, const double *values)
{
    uint32_t half = r->plain.draws;
    for (uint32_t c = 0; c < r->plain.chains / 2; c++) {
        const double *chain = values + (size_t)c * draws;
        double *to = r->plain.value + 2 * (size_t)c * half;
        memcpy(to, chain, half * sizeof *to);
        memcpy(to + half, chain + (draws - half), half * sizeof *to);
    }
}

int mcd_diagnose(const struct mcd_host *host, uint32_t chains, uint32_t draws, const double *values,
                 struct mcd_diagnosis *out, struct mcd_error *e)
{
    size_t count = (size_t)chains * draws;
    if (chains < 1 || draws < 8 || count > INT32_MAX)
        return host->fail(e, MCD_INVALID, "diagnostics",
                          "%u chains of %u draws: expected at least 8 draws and 2^31 in all",
                          chains, draws);
    double *memory = mcd_host_zalloc(host, count * (3 * sizeof *memory + sizeof(struct ranked)), e);
    if (!memory)
        return MCD_NOMEM;
    struct room r = {{2 * chains, draws / 2, memory},
                     {2 * chains, draws / 2, memory + count},
                     memory + 2 * count,
                     (struct ranked *)(memory + 3 * count),
                     (uint32_t)count};
    halve(&r, draws, values);
    memcpy(r.sorted, values, count * sizeof *values);
    qsort(r.sorted, count, sizeof *r.sorted, by_size);
    diagnose_moments(&r, out);
    diagnose_quantiles(&r, out);
    diagnose_ranks(&r, out);
    host->release(host, memory);
    return MCD_OK;
}
