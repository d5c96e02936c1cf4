/*
 * XENT, MSE and their gradients. A label that is no class makes the loss and its row's gradient
 * NaN, and nothing is read there.
 */
#ifndef MCD_CUDA_BODIES_LOSS_H
#define MCD_CUDA_BODIES_LOSS_H

#include "softmax.h"

/* Cross entropy of a row whose logits are known as a whole. */
MCD_BODY double xent_of(struct logits whole, const float *x, int64_t k, int32_t label)
{
    if (label < 0 || label >= k)
        return (double)NAN;
    return log(whole.sum) - ((double)x[label] - (double)whole.largest);
}

/* Of all rows, each by one thread: for few classes. Result: a split of the rows. */
struct xent_args {
    struct mcd_team team;
    struct sum_place to;
    const float *x;
    const int32_t *label;
    int64_t rows, k, splits;
};

MCD_BODY struct sum xent_find(const struct xent_args *a, int64_t split, uint32_t member)
{
    struct sum part = {0};
    int64_t step = a->splits * a->team.members;
    for (int64_t row = split * a->team.members + member; row < a->rows; row += step) {
        const float *x = a->x + row * a->k;
        part.value += xent_of(logits_find(x, a->k, 0, 1), x, a->k, a->label[row]);
    }
    return part;
}

MCD_BODY void xent_use(const struct xent_args *a, int64_t split, uint32_t member, struct sum whole)
{
    sum_put(&a->to, split, member, whole);
}

/* Of each row, by a team: for many classes. */
struct xent_line_args {
    struct mcd_team team;
    const float *x;
    const int32_t *label;
    double *loss; /* [rows] */
    int64_t k;
};

MCD_BODY struct logits xent_line_find(const struct xent_line_args *a, int64_t row, uint32_t member)
{
    return logits_find(a->x + row * a->k, a->k, member, a->team.members);
}

MCD_BODY void xent_line_use(const struct xent_line_args *a, int64_t row, uint32_t member,
                            struct logits whole)
{
    if (!member)
        a->loss[row] = xent_of(whole, a->x + row * a->k, a->k, a->label[row]);
}

struct xent_dx_args {
    struct mcd_team team;
    float *dx;
    const float *dy, *x;
    const int32_t *label;
    int64_t rows, k;
};

/* At the label in double: a probability near 1 leaves little. */
MCD_BODY struct logits xent_dx_find(const struct xent_dx_args *a, int64_t row, uint32_t member)
{
    return logits_find(a->x + row * a->k, a->k, member, a->team.members);
}

MCD_BODY void xent_dx_use(const struct xent_dx_args *a, int64_t row, uint32_t member,
                          struct logits whole)
{
    const float *x = a->x + row * a->k;
    float *dx = a->dx + row * a->k, scale = (float)((double)*a->dy / (double)a->rows);
    int32_t label = a->label[row];
    if (label < 0 || label >= a->k)
        scale = NAN;
    for (int64_t j = member; j < a->k; j += a->team.members) {
        float e = expf(x[j] - whole.largest);
        dx[j] = scale * (j == label ? (float)((double)e / whole.sum - 1) : e / (float)whole.sum);
    }
}

/* Result: a split of the elements. */
struct mse_args {
    struct mcd_team team;
    struct sum_place to;
    const float *a, *b;
    int64_t count, splits;
};

MCD_BODY struct sum mse_find(const struct mse_args *a, int64_t split, uint32_t member)
{
    struct sum part = {0};
    int64_t step = a->splits * a->team.members;
    for (int64_t i = split * a->team.members + member; i < a->count; i += step) {
        double d = (double)a->a[i] - (double)a->b[i];
        part.value += d * d;
    }
    return part;
}

MCD_BODY void mse_use(const struct mse_args *a, int64_t split, uint32_t member, struct sum whole)
{
    sum_put(&a->to, split, member, whole);
}

struct mse_dx_args {
    float *da;
    const float *dy, *a, *b;
    double scale; /* 2 / elements */
};

MCD_BODY void mse_dx_body(const struct mse_dx_args *a, int64_t i)
{
    a->da[i] = (float)((double)*a->dy * a->scale) * (a->a[i] - a->b[i]);
}

#endif
