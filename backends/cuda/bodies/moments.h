/*
 * CHANNELS, MOMENTS and SUMS: passes summarised by the functions of mcdrop/moments.h, a thread for
 * each number that results, so that neighbours read and write neighbours. Doubles are slow on most
 * cards, but there are few: a network multiplies thousands of times for each output.
 */
#ifndef MCD_CUDA_BODIES_MOMENTS_H
#define MCD_CUDA_BODIES_MOMENTS_H

#include "divide.h"

#include <mcdrop/backend.h>
#include <mcdrop/moments.h>

/* ---- channels of a pass ------------------------------------------------------------------ */

enum {
    MCD_CUDA_UNITS = 64 /* outputs whose units one launch knows: what arguments have room for */
};

/* Outputs of a regression from number `first` on, `span` of them, in the user's units. */
struct outputs_args {
    const float *x;
    double *y;
    struct mcd_divisor span;
    uint64_t outputs, first;
    double offset[MCD_CUDA_UNITS], scale[MCD_CUDA_UNITS];
};

MCD_BODY void outputs_body(const struct outputs_args *a, int64_t i)
{
    uint64_t k, row = mcd_divide(&a->span, (uint64_t)i, &k), at = row * a->outputs + a->first + k;
    a->y[at] = a->offset[k] + a->scale[k] * (double)a->x[at];
}

/* What the channels of one pass of a classification have in common. */
struct softmax_norm {
    double largest, sum, entropy;
};

struct norm_args {
    const float *x;
    struct softmax_norm *norm;
    uint64_t classes;
};

/* As mcd_probabilities, but that the entropy is of sums of exponentials before they are divided. */
MCD_BODY void norm_body(const struct norm_args *a, int64_t i)
{
    const float *x = a->x + (uint64_t)i * a->classes;
    float largest = x[0];
    double sum = 0, weighted = 0;
    for (uint64_t k = 1; k < a->classes; k++)
        if (x[k] > largest)
            largest = x[k];
    MCD_ROLLED
    for (uint64_t k = 0; k < a->classes; k++) {
        double d = (double)x[k] - (double)largest, e = exp(d);
        sum += e;
        weighted += e * d;
    }
    a->norm[i].largest = (double)largest;
    a->norm[i].sum = sum;
    a->norm[i].entropy = log(sum) - weighted / sum;
}

struct channels_args {
    const float *x;
    const struct softmax_norm *norm;
    double *y;
    struct mcd_divisor width; /* 2 classes + 1 */
    uint64_t classes;
};

MCD_BODY void channels_body(const struct channels_args *a, int64_t i)
{
    uint64_t c, row = mcd_divide(&a->width, (uint64_t)i, &c);
    const struct softmax_norm *norm = &a->norm[row];
    const float *x = a->x + row * a->classes;
    if (c < a->classes)
        a->y[i] = (double)x[c];
    else if (c < 2 * a->classes)
        a->y[i] = exp((double)x[c - a->classes] - norm->largest) / norm->sum;
    else
        a->y[i] = norm->entropy;
}

/* ---- moments over passes ----------------------------------------------------------------- */

struct moments_args {
    const struct mcd_run *run;
    const double *x;
    double *tree, *y;
    struct mcd_divisor width; /* channels */
    uint64_t stride;          /* from a pass to the next: rows times width */
    uint32_t passes, group, levels;
};

/* Mean and M2 of `count` numbers, which are means of `size` ones each, `stride` apart. */
MCD_BODY void moments_spread(const double *x, uint64_t stride, uint32_t count, uint32_t size,
                             double *mean, double *m2)
{
    double first = 0, sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++, x += stride * size) {
        double own = 0;
        for (uint32_t j = 1; j < size; j++)
            own += x[j * stride] - x[0];
        own = mcd_spread_mean(x[0], own, (double)size);
        if (i == 0)
            first = own;
        else
            mcd_spread_add(first, own, &sum, &squares);
    }
    *mean = mcd_spread_mean(first, sum, (double)count);
    *m2 = mcd_spread_m2(sum, squares, (double)count);
}

/*
 * Mean and M2 of `count` numbers joined with what the tree has of those before them, level after
 * level; they stay there, and are the result. M2 is a width behind its mean, levels are `level`
 * apart.
 */
MCD_BODY void moments_climb(const struct moments_args *a, double *tree, double *y, uint64_t level,
                            uint32_t count, double mean, double m2)
{
    const uint64_t half = a->width.by;
    uint32_t l = 0;
    for (uint32_t joined = a->run->joined; joined & 1; joined >>= 1, l++, tree += level) {
        double left = tree[0], left_m2 = tree[half];
        mcd_spread_join(&left, &left_m2, mean, m2, 0.5, (double)((uint64_t)count << l) * 0.5);
        mean = left;
        m2 = left_m2;
    }
    if (l < a->levels) {
        tree[0] = mean;
        tree[half] = m2;
    }
    y[0] = mean;
    y[half] = m2;
}

MCD_BODY void moments_body(const struct moments_args *a, int64_t i)
{
    const uint64_t width = a->width.by, halves = a->group > 1 ? 4 : 2, size = halves * width;
    uint64_t c, row = mcd_divide(&a->width, (uint64_t)i, &c);
    double *y = a->y + row * size + c, *tree = a->tree + row * size * a->levels + c, mean, m2;
    moments_spread(a->x + i, a->stride, a->passes, 1, &mean, &m2);
    moments_climb(a, tree, y, size, a->passes, mean, m2);
    if (a->group == 1)
        return;
    moments_spread(a->x + i, a->stride, a->passes / a->group, a->group, &mean, &m2);
    moments_climb(a, tree + 2 * width, y + 2 * width, size, a->passes / a->group, mean, m2);
}

/* ---- sums over batches of passes --------------------------------------------------------- */

struct vote_args {
    const double *x;
    uint32_t *vote; /* by pass and row */
    uint64_t width, classes;
};

MCD_BODY void vote_body(const struct vote_args *a, int64_t i)
{
    a->vote[i] = (uint32_t)mcd_largest(a->x + (uint64_t)i * a->width, (int64_t)a->classes);
}

struct sums_args {
    const struct mcd_run *run;
    const double *x;
    const uint32_t *vote;
    int64_t *sums;
    struct mcd_divisor width, batches; /* channels; times MCD_BATCHES */
    uint64_t rows, classes;
    uint32_t passes, group;
};

/* What one pass adds to channel c of its batch. */
MCD_BODY int64_t sums_of(const struct sums_args *a, uint64_t v, uint64_t c)
{
    const uint64_t n = a->classes;
    const double *x = a->x + v * a->width.by;
    if (c < n)
        return mcd_in_units(x[n + c], MCD_PROBABILITY_UNIT);
    return c < 2 * n ? a->vote[v] == c - n : mcd_in_units(x[c], MCD_ENTROPY_UNIT);
}

/* Most batches get nothing of a few passes, and stay as they are. */
MCD_BODY void sums_body(const struct sums_args *a, int64_t i)
{
    uint64_t rest, c, row = mcd_divide(&a->batches, (uint64_t)i, &rest);
    const uint64_t batch = mcd_divide(&a->width, rest, &c), first = a->run->first_pass;
    uint32_t within = (uint32_t)(first % a->group), now = mcd_batch_of(first, a->group);
    int64_t sum = 0;
    int touched = a->run->summed == 0;
    for (uint32_t p = 0; p < a->passes; p++) {
        if (now == batch) {
            sum += sums_of(a, p * a->rows + row, c);
            touched = 1;
        }
        if (++within == a->group) {
            within = 0;
            now = (now + 1) % MCD_BATCHES;
        }
    }
    if (touched)
        a->sums[i] = (a->run->summed ? a->sums[i] : 0) + sum;
}

#endif
