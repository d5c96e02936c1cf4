/*
 * Mixtures of conditionals over draws of the parameters: the laws of total mean and variance, batch
 * by batch, so that the answer depends neither on threads nor on their number, and the batches'
 * spread gives its Monte-Carlo errors (batch means; Flegal & Jones, Annals of Statistics 38, 2010).
 */
#include "conditional.h"

#include <math.h>

/* Of one point over one batch. */
struct sums {
    double weight, mean, spread, variance; /* spread: sum of weighted squares about the mean */
};

struct mix {
    const struct mcd_gp_problem *problem;
    const struct mcd_gp_draws *draws;
    int64_t points;
    uint32_t batches;
    struct mcd_gp_predictor **predictor; /* [workers] */
    double *scratch;                     /* [workers][2][points] */
    struct sums *sums;                   /* [batches][points] */
    double *noise;                       /* [batches]: weighted sum of sigma^2 */
    int *status;                         /* [batches] */
    struct mcd_error *error;             /* [batches]: the first batch's is reported */
};

/* West, Communications of the ACM 22 (1979), for weighted moments. */
static void sums_add(struct sums *s, double weight, double mean, double variance)
{
    s->weight += weight;
    double share = weight / s->weight, off = mean - s->mean;
    s->mean += share * off;
    s->spread += weight * (1 - share) * off * off;
    s->variance += weight * variance;
}

static int one_draw(const struct mix *m, uint32_t worker, const double *q, double *mean,
                    double *variance, struct mcd_error *e)
{
    if (m->draws->go_on && !m->draws->go_on(m->draws->arg))
        return m->problem->host->fail(e, MCD_STOPPED, "gp", "stopped on request");
    return mcd_gp_predictor_at(m->predictor[worker], MCD_GP_AUTO, q, mean, variance, e);
}

static void mix_batch(void *arg, uint32_t b, uint32_t worker)
{
    const struct mix *m = arg;
    const struct mcd_gp_draws *d = m->draws;
    uint32_t first = (uint32_t)((uint64_t)d->count * b / m->batches);
    uint32_t end = (uint32_t)((uint64_t)d->count * (b + 1) / m->batches);
    double *mean = m->scratch + 2 * worker * m->points, *variance = mean + m->points;
    struct sums *sums = m->sums + b * m->points;
    memset(sums, 0, (size_t)m->points * sizeof *sums);
    m->noise[b] = 0;
    m->status[b] = MCD_OK;
    for (uint32_t i = first; i < end && !m->status[b]; i++) {
        const double *q = d->q + (size_t)i * MCD_GP_PARAMS;
        double weight = d->weight ? d->weight[i] : 1.0 / d->count;
        m->status[b] = one_draw(m, worker, q, mean, variance, &m->error[b]);
        m->noise[b] += weight * exp(2 * q[MCD_GP_SIGMA]);
        for (int64_t k = 0; !m->status[b] && k < m->points; k++)
            sums_add(&sums[k], weight, mean[k], variance[k]);
    }
}

/* Standard error of the mean of batch values, times how much the answer follows it. */
static double batch_error(uint32_t batches, double squares, double slope)
{
    return batches < 2 ? 0 : sqrt(squares / batches / (batches - 1)) * slope;
}

static struct mcd_gp_prediction point_summary(const struct mix *m, int64_t k)
{
    struct mcd_gp_prediction out = {0};
    double latent = 0, noise = 0, means = 0, latents = 0, totals = 0;
    for (uint32_t b = 0; b < m->batches; b++) {
        out.mean += m->sums[b * m->points + k].weight * m->sums[b * m->points + k].mean;
        noise += m->noise[b];
    }
    for (uint32_t b = 0; b < m->batches; b++) {
        const struct sums *s = &m->sums[b * m->points + k];
        double off = s->mean - out.mean;
        latent += s->variance + s->spread + s->weight * off * off;
    }
    for (uint32_t b = 0; b < m->batches; b++) {
        const struct sums *s = &m->sums[b * m->points + k];
        double off = s->mean - out.mean, l = (s->variance + s->spread) / s->weight + off * off;
        double t = l + m->noise[b] / s->weight - latent - noise;
        means += off * off;
        latents += (l - latent) * (l - latent);
        totals += t * t;
    }
    out.latent_sd = sqrt(latent);
    out.sd = sqrt(latent + noise);
    out.mean_error = batch_error(m->batches, means, 1);
    out.latent_sd_error = latent > 0 ? batch_error(m->batches, latents, 0.5 / out.latent_sd) : 0;
    out.sd_error = batch_error(m->batches, totals, 0.5 / out.sd);
    return out;
}

/* Weighted draws (quadrature) have no Monte-Carlo error, but batches all the same, for threads. */
static uint32_t batch_count(const struct mcd_gp_draws *d)
{
    uint32_t wanted = d->weight || d->batches < 2 ? 32 : d->batches;
    return wanted < d->count ? wanted : d->count;
}

static int mix_open(struct mix *m, struct mcd_error *e)
{
    const struct mcd_host *host = m->problem->host;
    uint32_t workers = host->workers;
    m->predictor = host->alloc(host, workers * sizeof *m->predictor);
    if (m->predictor)
        memset(m->predictor, 0, workers * sizeof *m->predictor);
    m->scratch = host->alloc(host, (size_t)m->points * 2 * workers * sizeof *m->scratch);
    m->sums = host->alloc(host, (size_t)m->points * m->batches * sizeof *m->sums);
    m->noise = host->alloc(host, m->batches * sizeof *m->noise);
    m->status = host->alloc(host, m->batches * sizeof *m->status);
    m->error = host->alloc(host, m->batches * sizeof *m->error);
    if (!m->predictor || !m->scratch || !m->sums || !m->noise || !m->status || !m->error)
        return host->fail(e, MCD_NOMEM, "gp", "out of memory: %lld points", (long long)m->points);
    memset(m->error, 0, m->batches * sizeof *m->error);
    return MCD_OK;
}

static void mix_close(struct mix *m)
{
    const struct mcd_host *host = m->problem->host;
    for (uint32_t i = 0; m->predictor && i < host->workers; i++)
        mcd_gp_predictor_destroy(m->predictor[i]);
    host->release(host, m->predictor);
    host->release(host, m->scratch);
    host->release(host, m->sums);
    host->release(host, m->noise);
    host->release(host, m->status);
    host->release(host, m->error);
}

/* The first failed batch's, so that the message does not depend on threads. */
static int mix_status(const struct mix *m, struct mcd_error *e)
{
    for (uint32_t b = 0; b < m->batches; b++)
        if (m->status[b])
            return m->problem->host->fail(e, m->status[b], m->error[b].where, "%s",
                                          m->error[b].text);
    return MCD_OK;
}

int mcd_gp_mix(const struct mcd_gp_problem *problem, const struct mcd_gp_points *points,
               const struct mcd_gp_draws *draws, struct mcd_gp_prediction *out, struct mcd_error *e)
{
    struct mix m = {.problem = problem, .draws = draws, .points = points->count};
    if (draws->count < 1)
        return problem->host->fail(e, MCD_INVALID, "gp", "no draws: expected at least 1");
    m.batches = batch_count(draws);
    int status = mix_open(&m, e);
    for (uint32_t i = 0; !status && i < problem->host->workers; i++)
        status = mcd_gp_predictor_create(problem, points, &m.predictor[i], e);
    if (!status) {
        problem->host->parallel(problem->host, m.batches, mix_batch, &m);
        status = mix_status(&m, e);
    }
    for (int64_t k = 0; !status && k < m.points; k++) {
        out[k] = point_summary(&m, k);
        if (draws->weight || draws->batches < 2)
            out[k].mean_error = out[k].latent_sd_error = out[k].sd_error = 0;
    }
    mix_close(&m);
    return status;
}
