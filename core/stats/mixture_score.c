/*
 * Scores of a mixture: log likelihood, CRPS and PIT in closed form for each draw's Gaussian,
 * intervals as everywhere (core/stats/value_score.h).
 *
 * E|Y - Y'| over all pairs of draws would cost their square. It is taken from pairs of draws that
 * lie `lag` apart on the ring of all draws, for a few lags from a sixteenth of the ring to half of
 * it: far enough for draws of a chain to know nothing of each other. A draw has the pairs ahead of
 * it and those behind it, so that its mean over them is its part of E|Y - Y'|.
 */
#include "core/stats/mixture.h"

#include "core/stats/halves.h"

#include <math.h>

enum { LAGS = 8 };

struct job {
    const struct mcd_mixture *mixture;
    const double *answer;
    struct mcd_mixture_tally *tally;
};

static double gaussian_mean(const struct mcd_mixture *m, uint32_t pass, int64_t point)
{
    return m->mean[(int64_t)pass * m->points + point];
}

static double gaussian_variance(const struct mcd_mixture *m, uint32_t pass, int64_t point)
{
    return m->variance[(int64_t)pass * m->points + point] + m->noise[pass];
}

static void add_pairs(const struct mcd_mixture *m, uint32_t pass, int64_t point,
                      struct mcd_tally *t)
{
    double mean = gaussian_mean(m, pass, point), variance = gaussian_variance(m, pass, point);
    for (uint32_t k = 1; k <= LAGS; k++) {
        uint32_t lag = (uint32_t)((uint64_t)m->passes * k / (2 * LAGS));
        if (lag == 0)
            continue;
        for (int ahead = 0; ahead < 2; ahead++) {
            uint64_t to = (uint64_t)pass + (ahead ? lag : m->passes - lag);
            uint32_t other = (uint32_t)(to % m->passes);
            t->pairs++;
            t->spread += mcd_mean_distance(mean - gaussian_mean(m, other, point),
                                           sqrt(variance + gaussian_variance(m, other, point)));
        }
    }
}

static void one_point(void *arg, uint32_t i, uint32_t worker)
{
    const struct job *job = arg;
    const struct mcd_mixture *m = job->mixture;
    struct mcd_mixture_tally *tally = job->tally + (size_t)i * MCD_BATCHES;
    uint32_t pass = 0;
    (void)worker;
    for (uint32_t b = 0; b < MCD_BATCHES; b++) {
        tally[b] = (struct mcd_mixture_tally){0};
        for (; b < m->batches && pass < m->end[b]; pass++) {
            mcd_tally_add_gaussian(&tally[b].tally, gaussian_mean(m, pass, i),
                                   sqrt(gaussian_variance(m, pass, i)), job->answer[i]);
            add_pairs(m, pass, i, &tally[b].tally);
            tally[b].variance += m->variance[(int64_t)pass * m->points + i];
            tally[b].noise += m->noise[pass];
        }
    }
}

void mcd_mixture_tally(const struct mcd_host *host, const struct mcd_mixture *m,
                       const double *answer, struct mcd_mixture_tally *tally)
{
    struct job job = {m, answer, tally};
    host->parallel(host, (uint32_t)m->points, one_point, &job);
}

/*
 * E|Y - Y'| had only the draws of the mask been made. Their partners were mostly others, so that
 * the mean over their pairs moves half as far from that over all pairs as theirs alone would:
 * Hoeffding's first order of a statistic of pairs.
 */
static double spread_of(const struct mcd_mixture_tally *each, const struct mcd_tally *half)
{
    double spread = 0, pairs = 0;
    for (unsigned j = 0; j < MCD_BATCHES; j++) {
        spread += each[j].tally.spread;
        pairs += each[j].tally.pairs;
    }
    return half->pairs > 0 ? 2 * half->spread / half->pairs - spread / pairs : NAN;
}

static struct mcd_value_fact judge(const void *arg, int64_t row, uint16_t mask)
{
    const struct job *job = arg;
    const struct mcd_mixture_tally *each = job->tally + row * MCD_BATCHES;
    struct mcd_mixture_tally all = {0};
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        if (mask >> j & 1) {
            mcd_tally_pool(&all.tally, &each[j].tally);
            all.variance += each[j].variance;
            all.noise += each[j].noise;
        }
    const struct mcd_tally *t = &all.tally;
    double latent = (all.variance + t->m2) / t->passes;
    return (struct mcd_value_fact){
        .error = t->mean - job->answer[row],
        .epistemic = sqrt(latent),
        .total = sqrt(latent + all.noise / t->passes),
        .log_likelihood =
            t->density > 0 ? t->peak + log(t->density / t->passes) - log(2 * M_PI) / 2 : NAN,
        .crps = t->distance / t->passes - spread_of(each, t) / 2,
        .pit = t->below / t->passes,
    };
}

void mcd_mixture_scores(const struct mcd_mixture *m, int64_t rows, const double *answer,
                        const struct mcd_mixture_tally *tally, struct mcd_value_scores *s)
{
    struct job job = {m, answer, (struct mcd_mixture_tally *)tally};
    uint64_t batch[MCD_BATCHES] = {0};
    struct mcd_halves halves;
    for (uint32_t b = 0; b < m->batches && b < MCD_BATCHES; b++)
        batch[b] = m->end[b] - (b ? m->end[b - 1] : 0);
    mcd_halves_of(&halves, batch);
    mcd_value_scores_judge(rows, judge, &job, &halves, s);
}
