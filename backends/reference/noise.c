/* DROP and NOISE: what the random numbers of a site do to a row. */
#include "ops.h"

#include <math.h>
#include <string.h>

static const char *drop_refuse(const struct mcd_step *step)
{
    const struct mcd_attr_drop *a = &step->attr.u.drop;
    if (a->law == MCD_GAUSSIAN)
        return a->p < 1 ? NULL : "Gaussian noise at p = 1, where its variance is infinite";
    return a->law == MCD_BERNOULLI ? NULL : "dropping by this law";
}

static const char *noise_refuse(const struct mcd_step *step)
{
    int64_t law = step->attr.u.drop.law;
    return law == MCD_GAUSSIAN || law == MCD_UNIFORM ? NULL : "noise of this law";
}

/* Which of units 128 * block ... + 127 row v drops, as mcd_drop_block says it. */
static void dropped_units(const struct job *job, int64_t v, uint32_t block, uint32_t out[4])
{
    const struct mcd_attr_drop *a = &job->step->attr.u.drop;
    uint32_t site = (uint32_t)a->site, row = (uint32_t)v;
    const uint32_t *bits = job->run->bits ? job->run->bits[site] : NULL;
    if (a->p <= 0 || a->p >= 1) { /* no draws to look at */
        memset(out, a->p > 0 ? 0xFF : 0, 4 * sizeof *out);
        return;
    }
    if (!bits) {
        struct mcd_address at = mcd_run_address(job->run, site, row);
        mcd_drop_block(&at, block, mcd_threshold(a->p), mcd_run_flip(job->run, site, row), out);
        return;
    }
    int64_t words = (a->units + 31) / 32;
    for (int64_t i = 0; i < 4; i++) {
        int64_t word = 4 * (int64_t)block + i;
        out[i] = word < words ? bits[v * words + word] : 0;
    }
}

/* Set to zero, not multiplied by it: an infinite input does not survive being dropped. */
static void drop_bernoulli(const struct job *job, int64_t v)
{
    const struct mcd_attr_drop *a = &job->step->attr.u.drop;
    struct reals x = row_of(&job->step->in[0], v), y = row_of(&job->step->out, v);
    double scale = 1 / (1 - a->p);
    uint32_t dropped[4] = {0};
    for (int64_t unit = 0; unit < a->units; unit++) {
        if (unit % 128 == 0)
            dropped_units(job, v, (uint32_t)(unit / 128), dropped);
        int drop = dropped[unit % 128 / 32] >> unit % 32 & 1;
        for (int64_t i = unit * a->span; i < (unit + 1) * a->span; i++)
            put(y, i, drop ? 0 : get(x, i) * scale);
    }
}

/* Random numbers of units 4 * block ... + 3 of row v, normal or uniform. */
static void noise_block(const struct job *job, int64_t v, uint32_t block, double out[4])
{
    const struct mcd_attr_drop *a = &job->step->attr.u.drop;
    uint32_t site = (uint32_t)a->site, row = (uint32_t)v;
    struct mcd_address at = mcd_run_address(job->run, site, row);
    struct mcd_words words = mcd_noise_words(&at, block);
    int flip = mcd_run_flip(job->run, site, row) != 0, normal = a->law == MCD_GAUSSIAN;
    if (normal)
        mcd_normal(&words, out);
    for (int i = 0; i < 4; i++) {
        double number = normal ? out[i] : mcd_uniform(words.w[i]);
        out[i] = !flip ? number : normal ? -number : 1 - number;
    }
}

/* y = (x or 1) times (shift + spread times number), for each unit's number. */
static void apply_noise(const struct job *job, int64_t v, const struct mcd_tensor *factor,
                        double shift, double spread)
{
    const struct mcd_attr_drop *a = &job->step->attr.u.drop;
    struct reals y = row_of(&job->step->out, v);
    double number[4] = {0};
    for (int64_t unit = 0; unit < a->units; unit++) {
        if (unit % 4 == 0)
            noise_block(job, v, (uint32_t)(unit / 4), number);
        double noise = shift + spread * number[unit % 4];
        for (int64_t i = unit * a->span; i < (unit + 1) * a->span; i++)
            put(y, i, factor ? get(row_of(factor, v), i) * noise : noise);
    }
}

static void drop(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_attr_drop *a = &job->step->attr.u.drop;
    for (int64_t v = first; v < end; v++) {
        if (a->law == MCD_BERNOULLI || a->p <= 0)
            drop_bernoulli(job, v);
        else
            apply_noise(job, v, &job->step->in[0], 1, sqrt(a->p / (1 - a->p)));
    }
}

static void noise(const struct job *job, int64_t first, int64_t end)
{
    for (int64_t v = first; v < end; v++)
        apply_noise(job, v, NULL, 0, 1);
}

const struct op noise_ops[] = {
    {MCD_OP_DROP, "drop", drop_refuse, by_row, drop},
    {MCD_OP_NOISE, "noise", noise_refuse, by_row, noise},
    {0, NULL, NULL, NULL, NULL},
};
