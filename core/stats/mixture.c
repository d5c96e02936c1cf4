/* Moments of mixtures, batch by batch, in blocks of points. */
#include "core/stats/mixture.h"

#include "core/base/error.h"
#include "core/base/host.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64 }; /* points that are summed side by side */

/* Of one point over one batch. */
struct sums {
    double weight, mean, spread, variance; /* spread: sum of weighted squares about the mean */
};

struct job {
    const struct mcd_mixture *mixture;
    struct mcd_mixture_point *out;
    struct sums *sums; /* [workers][batches][BLOCK] */
    double *noise;     /* [batches]: weighted sum */
};

static double weight_of(const struct mcd_mixture *m, uint32_t pass)
{
    return m->weight ? m->weight[pass] : 1.0 / m->passes;
}

/* West, Communications of the ACM 22 (1979), for weighted moments. */
static void sums_add(struct sums *s, double weight, double mean, double variance)
{
    s->weight += weight;
    double share = weight > 0 ? weight / s->weight : 0, off = mean - s->mean;
    s->mean += share * off;
    s->spread += weight * (1 - share) * off * off;
    s->variance += weight * variance;
}

/* Standard error of the mean of batch values, times how much the answer follows it. */
static double batch_error(const struct mcd_mixture *m, double squares, double slope)
{
    if (m->weight)
        return 0;
    return m->batches < 2 ? NAN : sqrt(squares / m->batches / (m->batches - 1)) * slope;
}

/* s[b * BLOCK] is batch b's. */
static struct mcd_mixture_point summary(const struct job *job, const struct sums *s)
{
    const struct mcd_mixture *m = job->mixture;
    struct mcd_mixture_point out = {0};
    double latent = 0, noise = 0, means = 0, latents = 0, totals = 0;
    for (uint32_t b = 0; b < m->batches; b++) {
        out.mean += s[b * BLOCK].weight * s[b * BLOCK].mean;
        noise += job->noise[b];
    }
    for (uint32_t b = 0; b < m->batches; b++) {
        double off = s[b * BLOCK].mean - out.mean;
        latent += s[b * BLOCK].variance + s[b * BLOCK].spread + s[b * BLOCK].weight * off * off;
    }
    for (uint32_t b = 0; b < m->batches; b++) {
        const struct sums *one = &s[b * BLOCK];
        double off = one->mean - out.mean;
        double l = (one->variance + one->spread) / one->weight + off * off;
        double t = l + job->noise[b] / one->weight - latent - noise;
        means += off * off;
        latents += (l - latent) * (l - latent);
        totals += t * t;
    }
    out.latent_sd = sqrt(latent);
    out.sd = sqrt(latent + noise);
    out.mean_mcse = batch_error(m, means, 1);
    out.latent_sd_mcse = latent > 0 ? batch_error(m, latents, 0.5 / out.latent_sd) : 0;
    out.sd_mcse = out.sd > 0 ? batch_error(m, totals, 0.5 / out.sd) : 0;
    return out;
}

static void one_block(void *arg, uint32_t i, uint32_t worker)
{
    const struct job *job = arg;
    const struct mcd_mixture *m = job->mixture;
    struct sums *sums = job->sums + (size_t)worker * m->batches * BLOCK;
    int64_t first = (int64_t)i * BLOCK, left = m->points - first;
    int64_t count = left < BLOCK ? left : BLOCK;
    uint32_t pass = 0;
    memset(sums, 0, (size_t)m->batches * BLOCK * sizeof *sums);
    for (uint32_t b = 0; b < m->batches; b++)
        for (; pass < m->end[b]; pass++) {
            const double *mean = m->mean + (int64_t)pass * m->points + first;
            const double *variance = m->variance + (int64_t)pass * m->points + first;
            for (int64_t k = 0; k < count; k++)
                sums_add(&sums[b * BLOCK + k], weight_of(m, pass), mean[k], variance[k]);
        }
    for (int64_t k = 0; k < count; k++)
        job->out[first + k] = summary(job, sums + k);
}

int mcd_mixture_points(const struct mcd_host *host, const struct mcd_mixture *m,
                       struct mcd_mixture_point *out, struct mcd_error *e)
{
    struct job job = {.mixture = m, .out = out};
    uint32_t pass = 0;
    job.sums =
        mcd_host_zalloc(host, (size_t)host->workers * m->batches * BLOCK * sizeof *job.sums, e);
    job.noise = mcd_host_zalloc(host, m->batches * sizeof *job.noise, e);
    int status = job.sums && job.noise ? MCD_OK : MCD_NOMEM;
    for (uint32_t b = 0; !status && b < m->batches; b++)
        for (; pass < m->end[b]; pass++)
            job.noise[b] += weight_of(m, pass) * m->noise[pass];
    if (!status)
        host->parallel(host, (uint32_t)((m->points + BLOCK - 1) / BLOCK), one_block, &job);
    host->release(host, job.sums);
    host->release(host, job.noise);
    return status;
}

/* ---- batches ----------------------------------------------------------------------------- */

static uint32_t chain_begin(uint32_t passes, uint32_t chains, uint32_t c)
{
    return (uint32_t)((uint64_t)passes * c / chains);
}

uint32_t mcd_mixture_share(uint32_t passes, uint32_t chains, uint32_t c)
{
    return chain_begin(passes, chains, c + 1) - chain_begin(passes, chains, c);
}

uint32_t mcd_mixture_batches(uint32_t passes, uint32_t chains, uint32_t most, uint32_t *end)
{
    uint32_t each = (uint32_t)sqrt((double)(passes / chains)), count = 0;
    each = each > most ? most : each > 0 ? each : 1;
    for (uint32_t c = 0; c < chains; c++) {
        uint32_t begin = chain_begin(passes, chains, c), n = mcd_mixture_share(passes, chains, c);
        for (uint32_t b = 0; n > 0 && b < each; b++)
            end[count++] = begin + (uint32_t)((uint64_t)n * (b + 1) / each);
    }
    return count;
}
