/* SOFTMAX, LOGSOFTMAX and their gradients, over lines of k elements; a team for each line. */
#ifndef MCD_CUDA_BODIES_SOFTMAX_H
#define MCD_CUDA_BODIES_SOFTMAX_H

#include "sum.h"

#include <math.h>

/* Of some logits: the largest, but for NaN, and the sum of e^(logit - largest). */
struct logits {
    double sum;
    float largest;
};

/* What is taken off in exponents: nothing but -inf has a sum of 0, not of NaN. */
MCD_BODY float logits_shift(float largest)
{
    return largest == -INFINITY ? 0.0f : largest;
}

/* Logits first, first + step, ... of k. NaN or inf among them makes the sum NaN. */
MCD_BODY struct logits logits_find(const float *x, int64_t k, int64_t first, int64_t step)
{
    struct logits part = {0, -INFINITY};
    for (int64_t j = first; j < k; j += step)
        part.largest = fmaxf(part.largest, x[j]);
    float shift = logits_shift(part.largest);
    for (int64_t j = first; j < k; j += step)
        part.sum += (double)expf(x[j] - shift);
    return part;
}

MCD_BODY struct logits logits_join(struct logits a, struct logits b)
{
    struct logits whole = {0, fmaxf(a.largest, b.largest)};
    float shift = logits_shift(whole.largest);
    whole.sum = a.sum * (double)expf(logits_shift(a.largest) - shift) +
                b.sum * (double)expf(logits_shift(b.largest) - shift);
    return whole;
}

MCD_BODY float logits_probability(struct logits whole, float x)
{
    return expf(x - whole.largest) / (float)whole.sum;
}

struct softmax_args {
    struct mcd_team team;
    float *y;
    const float *x;
    int64_t k;
    uint32_t logarithm;
};

MCD_BODY struct logits softmax_find(const struct softmax_args *a, int64_t line, uint32_t member)
{
    return logits_find(a->x + line * a->k, a->k, member, a->team.members);
}

MCD_BODY void softmax_use(const struct softmax_args *a, int64_t line, uint32_t member,
                          struct logits whole)
{
    const float *x = a->x + line * a->k;
    float *y = a->y + line * a->k, log_sum = logf((float)whole.sum);
    MCD_ROLLED
    for (int64_t j = member; j < a->k; j += a->team.members)
        y[j] = a->logarithm ? x[j] - whole.largest - log_sum : logits_probability(whole, x[j]);
}

struct softmax_dx_args {
    struct mcd_team team;
    float *dx;
    const float *dy, *y;
    int64_t k;
    uint32_t logarithm;
};

/* The sum of dy y, or of dy for the logarithm. */
MCD_BODY struct sum softmax_dx_find(const struct softmax_dx_args *a, int64_t line, uint32_t member)
{
    const float *dy = a->dy + line * a->k, *y = a->y + line * a->k;
    struct sum part = {0};
    for (int64_t j = member; j < a->k; j += a->team.members)
        part.value += (double)dy[j] * (a->logarithm ? 1 : (double)y[j]);
    return part;
}

MCD_BODY void softmax_dx_use(const struct softmax_dx_args *a, int64_t line, uint32_t member,
                             struct sum whole)
{
    const float *dy = a->dy + line * a->k, *y = a->y + line * a->k;
    float *dx = a->dx + line * a->k;
    for (int64_t j = member; j < a->k; j += a->team.members)
        dx[j] = a->logarithm ? (float)((double)dy[j] - (double)expf(y[j]) * whole.value)
                             : y[j] * (float)((double)dy[j] - whole.value);
}

#endif
