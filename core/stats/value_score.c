/* Scores of a regression: what is to be known of every row first, then means over the rows. */
#include "core/stats/value_score.h"

#include "core/base/host.h"
#include "core/stats/leaf.h"
#include "core/stats/mean.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 4 };

static const char *const names[MCD_VALUE_SCORES] = {
    "rmse",        "log_likelihood", "crps",         "crps_normal", "coverage_50",
    "coverage_80", "coverage_90",    "coverage_95",  "width_50",    "width_80",
    "width_90",    "width_95",       "epistemic_sd", "total_sd",
};

/* Quantiles of the normal distribution at (1 + level) / 2. */
static const double quantile[LEVELS] = {0.67448975019608174, 1.2815515655446004, 1.6448536269514722,
                                        1.9599639845400545};

const char *mcd_value_score_name(enum mcd_value_score_id id)
{
    return names[id];
}

static double log_likelihood(const struct mcd_tally *t, double noise)
{
    if (!(noise > 0))
        return NAN;
    return t->peak + log(t->density / t->passes) - log(noise) - log(2 * M_PI) / 2;
}

/* `epistemic`: the sd between passes; NaN where one pass tells none. */
static struct mcd_value_fact judge(const struct mcd_tally *t, double answer, double noise,
                                   double epistemic)
{
    return (struct mcd_value_fact){
        .error = t->mean - answer,
        .epistemic = epistemic,
        .total = sqrt(noise * noise + epistemic * epistemic),
        .log_likelihood = log_likelihood(t, noise),
        .crps = t->distance / t->passes - t->spread / t->pairs / 2,
        .pit = t->below / t->passes,
    };
}

/* Means over rows as they grow. */
struct sums {
    struct mcd_mean square, likelihood, crps, normal, covered[LEVELS], epistemic, total;
    int64_t pit[MCD_PIT_BINS];
};

static void add(struct sums *s, const struct mcd_value_fact *f)
{
    double place = f->pit * MCD_PIT_BINS;
    mcd_mean_add(&s->square, f->error * f->error);
    mcd_mean_add(&s->likelihood, f->log_likelihood);
    mcd_mean_add(&s->crps, f->crps);
    mcd_mean_add(&s->normal, mcd_mean_distance(f->error, f->total) - f->total / sqrt(M_PI));
    for (int i = 0; i < LEVELS; i++)
        mcd_mean_add(&s->covered[i],
                     isnan(f->total) ? NAN : fabs(f->error) <= quantile[i] * f->total);
    mcd_mean_add(&s->epistemic, f->epistemic);
    mcd_mean_add(&s->total, f->total);
    s->pit[place < MCD_PIT_BINS ? (int)place : MCD_PIT_BINS - 1]++;
}

static struct mcd_score score_of(const struct mcd_mean *m, double factor)
{
    return (struct mcd_score){.value = mcd_mean_value(m) * factor,
                              .test_se = mcd_mean_error(m) * factor};
}

static void finish(const struct sums *s, struct mcd_value_scores *to)
{
    struct mcd_score *score = to->score;
    double rmse = sqrt(mcd_mean_value(&s->square));
    score[MCD_RMSE] = (struct mcd_score){
        .value = rmse, .test_se = rmse > 0 ? mcd_mean_error(&s->square) / (2 * rmse) : 0};
    score[MCD_LOG_LIKELIHOOD] = score_of(&s->likelihood, 1);
    score[MCD_CRPS] = score_of(&s->crps, 1);
    score[MCD_CRPS_NORMAL] = score_of(&s->normal, 1);
    for (int i = 0; i < LEVELS; i++) {
        score[MCD_COVERAGE_50 + i] = score_of(&s->covered[i], 1);
        score[MCD_WIDTH_50 + i] = score_of(&s->total, 2 * quantile[i]);
    }
    score[MCD_EPISTEMIC_SD] = score_of(&s->epistemic, 1);
    score[MCD_TOTAL_SD] = score_of(&s->total, 1);
    memcpy(to->pit, s->pit, sizeof to->pit);
}

/* ---- any passes -------------------------------------------------------------------------- */

static void evaluate(int64_t rows, mcd_value_judge judge_row, const void *arg, uint16_t mask,
                     struct mcd_value_scores *s)
{
    struct sums sums = {0};
    for (int64_t row = 0; row < rows; row++) {
        struct mcd_value_fact f = judge_row(arg, row, mask);
        add(&sums, &f);
    }
    finish(&sums, s);
}

void mcd_value_scores_judge(int64_t rows, mcd_value_judge judge_row, const void *arg,
                            const struct mcd_halves *h, struct mcd_value_scores *s)
{
    double half[MCD_VALUE_SCORES][MCD_HALVES];
    evaluate(rows, judge_row, arg, 0xffff, s);
    for (unsigned i = 0; i < MCD_HALVES; i++) {
        struct mcd_value_scores part;
        if (h->passes[i] > 0)
            evaluate(rows, judge_row, arg, h->mask[i], &part);
        for (unsigned k = 0; k < MCD_VALUE_SCORES; k++)
            half[k][i] = h->passes[i] > 0 ? part.score[k].value : NAN;
    }
    for (unsigned k = 0; k < MCD_VALUE_SCORES; k++)
        s->score[k].mc_se = mcd_halves_error(h, s->score[k].value, half[k]);
}

/* ---- passes ------------------------------------------------------------------------------ */

/* The tallies of one output, [rows][MCD_BATCHES]. */
struct set {
    const struct mcd_moments *moments;
    const struct mcd_meaning *meaning;
    int64_t output;
    struct mcd_tally *tally;
};

static struct mcd_value_fact judge_tallies(const void *arg, int64_t row, uint16_t mask)
{
    const struct set *set = arg;
    const struct mcd_meaning *m = set->meaning;
    struct mcd_tally all = {0};
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        if (mask >> j & 1)
            mcd_tally_pool(&all, &set->tally[row * MCD_BATCHES + j]);
    double sd = all.passes > 1 ? sqrt(all.m2 / (all.passes - 1)) : NAN;
    return judge(&all, m->target[row * m->outputs + set->output],
                 m->noise ? m->noise[set->output] : 0, sd);
}

/* Gathers the tallies of one output from the moments of every row. */
static int gather(const struct set *set, double *values, double *scratch, struct mcd_error *e)
{
    const struct mcd_moments *m = set->moments;
    struct mcd_tally *to = set->tally;
    int status = MCD_OK;
    for (uint32_t i = 0; i < m->blocks; i++)
        for (int64_t row = 0; status == MCD_OK && row < m->block[i].rows; row++) {
            status = mcd_moments_total(m, &m->block[i], row, values, NULL, scratch, e);
            if (status == MCD_OK)
                memcpy(to, mcd_leaf_tallies(&m->spec, values, set->output),
                       MCD_BATCHES * sizeof *to);
            to += MCD_BATCHES;
        }
    return status;
}

int mcd_value_scores_monte_carlo(const struct mcd_moments *m, struct mcd_value_scores *s,
                                 struct mcd_error *e)
{
    const struct mcd_moments_spec *spec = &m->spec;
    struct set set = {.moments = m, .meaning = spec->meaning};
    struct mcd_halves halves;
    uint64_t passes = 0;
    int status = mcd_moments_done(m, &passes, e);
    if (status)
        return status;
    double *values = mcd_host_zalloc(m->host, mcd_leaf_width(spec) * sizeof *values, e);
    double *scratch = mcd_host_zalloc(m->host, mcd_leaf_scratch(spec) * sizeof *scratch, e);
    set.tally = mcd_host_zalloc(m->host, (size_t)spec->rows * MCD_BATCHES * sizeof *set.tally, e);
    status = values && scratch && set.tally ? MCD_OK : MCD_NOMEM;
    mcd_halves_init(&halves, spec->group, spec->first_pass, passes);
    for (; status == MCD_OK && set.output < spec->outputs; set.output++) {
        status = gather(&set, values, scratch, e);
        if (status == MCD_OK) {
            mcd_value_scores_judge(spec->meaning->rows, judge_tallies, &set, &halves,
                                   &s[set.output]);
        }
    }
    m->host->release(m->host, values);
    m->host->release(m->host, scratch);
    m->host->release(m->host, set.tally);
    return status;
}

/* ---- weight averaging -------------------------------------------------------------------- */

/* A Gaussian: two draws of it differ by that of a normal with twice its variance. */
void mcd_value_scores_deterministic(const struct mcd_meaning *m, const double *value,
                                    struct mcd_value_scores *s)
{
    for (int64_t k = 0; k < m->outputs; k++) {
        double noise = m->noise ? m->noise[k] : 0;
        struct sums sums = {0};
        for (int64_t row = 0; row < m->rows; row++) {
            struct mcd_tally t = {0};
            double answer = m->target[row * m->outputs + k];
            mcd_tally_add(&t, value[row * m->outputs + k], answer, noise, 1);
            t.pairs = 1;
            t.spread = mcd_mean_distance(0, M_SQRT2 * noise);
            struct mcd_value_fact f = judge(&t, answer, noise, 0);
            add(&sums, &f);
        }
        finish(&sums, &s[k]);
    }
}
