/* Replications of a prediction, and ratios of their variances. */
#include "core/bench/savings.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/clock.h"
#include "core/predict/predict.h"
#include "core/stats/summary.h"

#include <math.h>

/* What all replications gave. `host` made the arrays. */
struct record {
    const struct mcd_savings *job;
    int estimates;
    size_t points;
    double *value;   /* [samplers][estimates][replications][points] */
    double *claimed; /* [samplers][estimates][replications]: mean square of the printed errors */
    double *seconds; /* [samplers][replications] */
    double *term;    /* [samplers][TERMS][1 + replications]: see struct factor */
};

/* The logarithms that ratios are made of, for each sampler. */
enum { VARIANCE, CLAIMED = VARIANCE + MCD_ESTIMATES, SECONDS = CLAIMED + MCD_ESTIMATES, TERMS };

const char *mcd_estimate_name(enum mcd_estimate estimate)
{
    static const char *const names[MCD_ESTIMATES] = {
        [MCD_OUTPUT_MEAN] = "output_mean",
        [MCD_OUTPUT_STD] = "output_std",
        [MCD_PROBABILITY_MEAN] = "probability_mean",
        [MCD_PROBABILITY_STD] = "probability_std",
    };
    return names[estimate];
}

int mcd_estimate_count(const struct mcd_network *n)
{
    return n->recipe.task == MCD_CLASSIFY ? MCD_ESTIMATES : MCD_PROBABILITY_MEAN;
}

/* ---- replications ------------------------------------------------------------------------ */

static size_t place(const struct record *r, uint32_t sampler, int estimate, uint32_t replication)
{
    return ((size_t)sampler * (size_t)r->estimates + (size_t)estimate) * r->job->replications +
           replication;
}

/* Keeps the estimates of a prediction, and what it says of their errors: nothing for deviations. */
static void keep(struct record *r, uint32_t sampler, uint32_t replication,
                 const struct mcd_summary *s)
{
    const double *const value[] = {s->output_mean, s->output_std, s->probability_mean,
                                   s->probability_std};
    const double *const error[] = {s->output_mcse, NULL, s->probability_mcse, NULL};
    for (int k = 0; k < r->estimates; k++) {
        size_t at = place(r, sampler, k, replication);
        memcpy(r->value + at * r->points, value[k], r->points * sizeof *r->value);
        r->claimed[at] = error[k] ? 0 : NAN;
        for (size_t i = 0; error[k] && i < r->points; i++)
            r->claimed[at] += error[k][i] * error[k][i] / (double)r->points;
    }
}

static int replicate(struct record *r, uint32_t sampler, uint32_t replication, struct mcd_error *e)
{
    const struct mcd_savings *job = r->job;
    const struct mcd_predict predict = {
        .network = job->network,
        .sampler = job->sampler[sampler],
        .x = job->x,
        .rows = job->rows,
        .seed = job->seed + replication,
        .passes = job->passes,
        .stop = job->stop,
    };
    struct mcd_moments *moments = NULL;
    struct mcd_summary summary = {0};
    double start = mcd_clock_read(CLOCK_PROCESS_CPUTIME_ID);
    int status = mcd_predict_run(&predict, &moments, e);
    r->seconds[(size_t)sampler * job->replications + replication] =
        mcd_clock_read(CLOCK_PROCESS_CPUTIME_ID) - start;
    if (status)
        return status;
    status = mcd_summary_create(&summary, moments, e);
    if (!status)
        keep(r, sampler, replication, &summary);
    mcd_summary_clear(&summary);
    mcd_moments_destroy(moments);
    return status;
}

/* The first prediction finds cold caches: it is made once more, and counts then. */
static int replicate_all(struct record *r, struct mcd_error *e)
{
    const struct mcd_savings *job = r->job;
    uint64_t done = 0, all = (uint64_t)job->samplers * job->replications;
    int status = replicate(r, 0, 0, e);
    for (uint32_t i = 0; !status && i < job->replications; i++)
        for (uint32_t k = 0; !status && k < job->samplers; k++) {
            status = replicate(r, (i + k) % job->samplers, i, e);
            if (!status && job->progress)
                job->progress(job->progress_arg, ++done, all);
        }
    return status;
}

/* ---- statistics -------------------------------------------------------------------------- */

/*
 * A term is the logarithm of a statistic of all replications, followed by what it is without each
 * of them; ratios are products of powers of such statistics.
 */
struct factor {
    const double *term;
    double power;
};

static struct mcd_ratio combine(uint32_t n, const struct factor *factor, int factors)
{
    double sum = 0, squares = 0, all = 0;
    for (int k = 0; k < factors; k++)
        all += factor[k].power * factor[k].term[0];
    for (uint32_t i = 1; i <= n; i++) {
        double without = -all; /* the difference, lest the sum of squares lose its digits */
        for (int k = 0; k < factors; k++)
            without += factor[k].power * factor[k].term[i];
        sum += without;
        squares += without * without;
    }
    double spread = (squares - sum * sum / n) * (n - 1) / n;
    return (struct mcd_ratio){exp(all), exp(all) * sqrt(fmax(spread, 0))};
}

static void mean_term(const double *x, uint32_t n, double *term)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i];
    term[0] = log(sum / n);
    for (uint32_t i = 0; i < n; i++)
        term[1 + i] = log((sum - x[i]) / (n - 1));
}

/* Of the variance over n replications, mean over points. */
static void variance_term(const double *value, uint32_t n, size_t points, double *term)
{
    double *distance = term + 1, sum = 0; /* squared, of each replication from the mean of all */
    for (uint32_t r = 0; r < n; r++)
        distance[r] = 0;
    for (size_t i = 0; i < points; i++) {
        double mean = 0;
        for (uint32_t r = 0; r < n; r++)
            mean += value[r * points + i] / n;
        for (uint32_t r = 0; r < n; r++) {
            double d = value[r * points + i] - mean;
            distance[r] += d * d / (double)points;
        }
    }
    for (uint32_t r = 0; r < n; r++)
        sum += distance[r];
    term[0] = log(sum / (n - 1));
    for (uint32_t r = 0; r < n; r++) /* the mean moves, too */
        term[1 + r] = log(fmax(sum - distance[r] * n / (n - 1), 0) / (n - 2));
}

static double *term_of(const struct record *r, uint32_t sampler, int term)
{
    return r->term + ((size_t)sampler * TERMS + (size_t)term) * (r->job->replications + 1);
}

static void compute_terms(struct record *r, uint32_t sampler)
{
    uint32_t n = r->job->replications;
    for (int k = 0; k < r->estimates; k++) {
        size_t at = place(r, sampler, k, 0);
        variance_term(r->value + at * r->points, n, r->points, term_of(r, sampler, VARIANCE + k));
        mean_term(r->claimed + at, n, term_of(r, sampler, CLAIMED + k));
    }
    mean_term(r->seconds + (size_t)sampler * n, n, term_of(r, sampler, SECONDS));
}

static struct mcd_saving saving_of(const struct record *r, uint32_t sampler, int estimate)
{
    uint32_t n = r->job->replications;
    const double *variance = term_of(r, sampler, VARIANCE + estimate);
    const struct factor pass[] = {
        {term_of(r, 0, VARIANCE + estimate), 1},
        {variance, -1},
        {term_of(r, 0, SECONDS), 1},
        {term_of(r, sampler, SECONDS), -1},
    };
    const struct factor mcse[] = {{term_of(r, sampler, CLAIMED + estimate), 0.5}, {variance, -0.5}};
    return (struct mcd_saving){.variance = exp(variance[0]),
                               .pass = combine(n, pass, 2),
                               .second = combine(n, pass, 4),
                               .mcse_ratio = combine(n, mcse, 2)};
}

static struct mcd_sampler_savings savings_of(const struct record *r, uint32_t sampler)
{
    static const struct mcd_ratio none = {NAN, NAN};
    const struct factor cost[] = {{term_of(r, sampler, SECONDS), 1}, {term_of(r, 0, SECONDS), -1}};
    struct mcd_sampler_savings s = {.cost = combine(r->job->replications, cost, 2)};
    for (int k = 0; k < MCD_ESTIMATES; k++)
        s.of[k] = k < r->estimates ? saving_of(r, sampler, k)
                                   : (struct mcd_saving){NAN, none, none, none};
    return s;
}

/* ---- all of it --------------------------------------------------------------------------- */

static int record_create(struct record *r, const struct mcd_savings *job, struct mcd_error *e)
{
    const struct mcd_host *host = job->network->host;
    size_t n = (size_t)job->samplers * job->replications;
    *r = (struct record){
        .job = job,
        .estimates = mcd_estimate_count(job->network),
        .points = (size_t)(job->rows * job->network->outputs),
    };
    size_t estimates = n * (size_t)r->estimates;
    r->value = mcd_host_zalloc(host, estimates * r->points * sizeof *r->value, e);
    r->claimed = mcd_host_zalloc(host, estimates * sizeof *r->claimed, e);
    r->seconds = mcd_host_zalloc(host, n * sizeof *r->seconds, e);
    r->term = mcd_host_zalloc(host, TERMS * (n + job->samplers) * sizeof *r->term, e);
    return r->value && r->claimed && r->seconds && r->term ? MCD_OK : MCD_NOMEM;
}

static void record_clear(struct record *r)
{
    const struct mcd_host *host = r->job->network->host;
    host->release(host, r->value);
    host->release(host, r->claimed);
    host->release(host, r->seconds);
    host->release(host, r->term);
}

int mcd_savings_run(const struct mcd_savings *job, struct mcd_sampler_savings *result,
                    struct mcd_error *e)
{
    struct record r;
    int status = record_create(&r, job, e);
    if (!status)
        status = replicate_all(&r, e);
    for (uint32_t s = 0; !status && s < job->samplers; s++)
        compute_terms(&r, s);
    for (uint32_t s = 0; !status && s < job->samplers; s++)
        result[s] = savings_of(&r, s);
    record_clear(&r);
    return status;
}
