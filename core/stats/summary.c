/* From moments to what is reported, row by row. */
#include "core/stats/summary.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/stats/leaf.h"

#include <mcdrop/model.h>

#include <math.h>
#include <string.h>

double mcd_entropy(const double *p, int64_t n)
{
    double sum = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum -= p[k] > 0.0 ? p[k] * log(p[k]) : 0.0;
    return sum;
}

/* What is needed for one row at a time. */
struct scratch {
    double *values, *leaf, *mean; /* moments of the row, core/stats/leaf.h's, [outputs] */
    int64_t *sums;                /* [MCD_BATCHES][...] */
    int64_t *half;                /* the same, over the batches of one half */
};

static void release(const struct mcd_host *host, struct scratch *t)
{
    host->release(host, t->values);
    host->release(host, t->leaf);
    host->release(host, t->mean);
    host->release(host, t->sums);
    host->release(host, t->half);
}

static int acquire(const struct mcd_host *host, struct scratch *t, const struct mcd_moments_spec *s,
                   struct mcd_error *e)
{
    size_t sums = mcd_leaf_sums(s) + 1; /* not 0 in regression */
    int complete = (t->values = mcd_host_zalloc(host, mcd_leaf_width(s) * sizeof(double), e)) &&
                   (t->leaf = mcd_host_zalloc(host, mcd_leaf_scratch(s) * sizeof(double), e)) &&
                   (t->mean = mcd_host_zalloc(host, (size_t)s->outputs * sizeof(double), e)) &&
                   (t->sums = mcd_host_zalloc(host, MCD_BATCHES * sums * sizeof(int64_t), e)) &&
                   (t->half = mcd_host_zalloc(host, sums * sizeof(int64_t), e));
    return complete ? MCD_OK : MCD_NOMEM;
}

/* The largest of `passes` votes of a row, as the share of those that voted otherwise. */
static double variation(const int64_t *votes, int64_t n, uint64_t passes)
{
    int64_t top = 0;
    for (int64_t k = 0; k < n; k++)
        top = votes[k] > top ? votes[k] : top;
    return 1.0 - (double)top / (double)passes;
}

struct row_figures {
    double predictive, information, variation;
};

/*
 * A difference of entropies that is not above this, for each class, is rounding and no information.
 */
static const double ROUNDING = 1e-15;

/* The figures of one row from sums over batches (core/stats/leaf.h) of `passes` passes. */
static struct row_figures figures(const int64_t *sums, int64_t n, uint64_t passes, double *mean)
{
    struct row_figures f;
    for (int64_t k = 0; k < n; k++)
        mean[k] = (double)sums[k] * MCD_PROBABILITY_UNIT / (double)passes;
    f.predictive = mcd_entropy(mean, n);
    f.information = f.predictive - (double)sums[2 * n] * MCD_ENTROPY_UNIT / (double)passes;
    f.variation = variation(sums + n, n, passes);
    return f;
}

/* Adds up the batches of `mask`. */
static void add_batches(const int64_t *sums, uint16_t mask, size_t count, int64_t *total)
{
    memset(total, 0, count * sizeof *total);
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        for (size_t i = 0; mask >> j & 1 && i < count; i++)
            total[i] += sums[j * count + i];
}

/* Errors of the figures; compared with the whole in the same fixed point. */
static struct row_figures figure_errors(const struct mcd_summary *s, struct scratch *t)
{
    double predictive[MCD_HALVES], information[MCD_HALVES], votes[MCD_HALVES];
    size_t count = mcd_leaf_sums(&s->spec);
    for (unsigned i = 0; i < MCD_HALVES; i++) {
        add_batches(t->sums, s->halves.mask[i], count, t->half);
        struct row_figures f = figures(t->half, s->spec.outputs, s->halves.passes[i], t->mean);
        predictive[i] = f.predictive;
        information[i] = f.information;
        votes[i] = f.variation;
    }
    add_batches(t->sums, 0xffff, count, t->half);
    struct row_figures all = figures(t->half, s->spec.outputs, s->spec.passes, t->mean);
    return (struct row_figures){
        .predictive = mcd_halves_error(&s->halves, all.predictive, predictive),
        .information = mcd_halves_error(&s->halves, all.information, information),
        .variation = mcd_halves_error(&s->halves, all.variation, votes),
    };
}

/* Mean, sd and error of `n` channels from the first of them on, into three arrays. */
static void put_moments(const struct mcd_moments_spec *s, const double *values, size_t channel,
                        int64_t n, double *mean, double *sd, double *mcse)
{
    for (int64_t k = 0; k < n; k++, channel++) {
        mean[k] = values[channel];
        sd[k] = mcd_leaf_sd(s, values, channel, s->passes);
        mcse[k] = mcd_leaf_mcse(s, values, channel, s->first_pass, s->passes);
    }
}

static void put_class_figures(struct mcd_summary *s, int64_t row, struct scratch *t)
{
    int64_t n = s->spec.outputs;
    size_t count = mcd_leaf_sums(&s->spec), at = (size_t)(row * n);
    put_moments(&s->spec, t->values, (size_t)n, n, s->probability_mean + at,
                s->probability_std + at, s->probability_mcse + at);
    put_moments(&s->spec, t->values, (size_t)(2 * n), 1, s->entropy_mean + row,
                s->entropy_std + row, s->entropy_mcse + row);
    struct row_figures error = figure_errors(s, t);
    add_batches(t->sums, 0xffff, count, t->half);
    memcpy(s->votes + at, t->half + n, (size_t)n * sizeof *s->votes);
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        memcpy(s->batch_probability + ((size_t)row * MCD_BATCHES + j) * (size_t)n,
               t->sums + j * count, (size_t)n * sizeof *t->sums);
    s->predictive_entropy[row] = mcd_entropy(s->probability_mean + at, n);
    double information = s->predictive_entropy[row] - s->entropy_mean[row];
    s->mutual_information[row] = information > ROUNDING * (double)n ? information : 0;
    s->variation_ratio[row] = variation(s->votes + at, n, s->spec.passes);
    s->predictive_entropy_mcse[row] = error.predictive;
    s->mutual_information_mcse[row] = error.information;
    s->variation_ratio_mcse[row] = error.variation;
}

static int put_row(struct mcd_summary *s, const struct mcd_moments *m,
                   const struct mcd_row_block *b, int64_t row, struct scratch *t,
                   struct mcd_error *e)
{
    int64_t n = s->spec.outputs;
    size_t at = (size_t)((b->first_row + row) * n);
    int status = mcd_moments_total(m, b, row, t->values, t->sums, t->leaf, e);
    if (status)
        return status;
    put_moments(&s->spec, t->values, 0, n, s->output_mean + at, s->output_std + at,
                s->output_mcse + at);
    if (s->spec.task == MCD_CLASSIFY)
        put_class_figures(s, b->first_row + row, t);
    return MCD_OK;
}

static int create_arrays(struct mcd_summary *s, struct mcd_error *e)
{
    size_t rows = (size_t)s->spec.rows, outputs = (size_t)s->spec.outputs;
    int complete = 1;
#define ALLOCATE(type, name, shape)                                                                \
    complete &=                                                                                    \
        (s->name = mcd_host_zalloc(                                                                \
             s->host, rows * (shape == MCD_BY_OUTPUT ? outputs : 1) * sizeof(type), e)) != NULL;
    MCD_OUTPUT_FIGURES(ALLOCATE)
    if (s->spec.task == MCD_CLASSIFY) {
        MCD_CLASS_FIGURES(ALLOCATE)
        s->batch_probability =
            mcd_host_zalloc(s->host, rows * MCD_BATCHES * outputs * sizeof(int64_t), e);
        complete &= s->batch_probability != NULL;
    }
#undef ALLOCATE
    return complete ? MCD_OK : MCD_NOMEM;
}

int mcd_summary_create(struct mcd_summary *s, const struct mcd_moments *m, struct mcd_error *e)
{
    struct scratch t = {0};
    *s = (struct mcd_summary){.host = m->host, .spec = m->spec};
    int status = mcd_moments_done(m, &s->spec.passes, e);
    if (status == MCD_OK && s->spec.passes == 0)
        status = mcd_fail(e, MCD_INVALID, "summary", "no passes: expected at least one");
    mcd_halves_init(&s->halves, s->spec.group, s->spec.first_pass, s->spec.passes);
    if (status == MCD_OK)
        status = create_arrays(s, e);
    if (status == MCD_OK)
        status = acquire(s->host, &t, &s->spec, e);
    for (uint32_t i = 0; status == MCD_OK && i < m->blocks; i++)
        for (int64_t row = 0; status == MCD_OK && row < m->block[i].rows; row++)
            status = put_row(s, m, &m->block[i], row, &t, e);
    release(m->host, &t);
    if (status)
        mcd_summary_clear(s);
    return status;
}

void mcd_summary_clear(struct mcd_summary *s)
{
    if (!s->host)
        return;
#define RELEASE(type, name, shape) s->host->release(s->host, s->name);
    MCD_OUTPUT_FIGURES(RELEASE)
    MCD_CLASS_FIGURES(RELEASE)
#undef RELEASE
    s->host->release(s->host, s->batch_probability);
    *s = (struct mcd_summary){0};
}
