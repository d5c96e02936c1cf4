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

/* Derivatives first, first + step, ... of a row. At the label in double: of 1 little is left. */
MCD_BODY void xent_slopes(struct logits whole, const float *x, int64_t k, int32_t label,
                          float scale, float *dx, int64_t first, int64_t step)
{
    if (label < 0 || label >= k)
        scale = NAN;
    for (int64_t j = first; j < k; j += step) {
        float e = expf(x[j] - whole.largest);
        dx[j] = scale * (j == label ? (float)((double)e / whole.sum - 1) : e / (float)whole.sum);
    }
}

/*
 * Of all rows, each by one thread: for few classes. Result: a split of the rows. Where there is
 * one, XENT_DX of the same rows may be done by the same threads.
 */
struct xent_args {
    struct mcd_team team;
    struct sum_place to;
    const float *x;
    const int32_t *label;
    int64_t rows, k, splits;
    float *dx; /* NULL: XENT alone */
    const float *dy;
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
    for (int64_t row = member; a->dx && row < a->rows; row += a->team.members) {
        const float *x = a->x + row * a->k;
        xent_slopes(logits_find(x, a->k, 0, 1), x, a->k, a->label[row],
                    (float)((double)*a->dy / (double)a->rows), a->dx + row * a->k, 0, 1);
    }
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

MCD_BODY struct logits xent_dx_find(const struct xent_dx_args *a, int64_t row, uint32_t member)
{
    return logits_find(a->x + row * a->k, a->k, member, a->team.members);
}

MCD_BODY void xent_dx_use(const struct xent_dx_args *a, int64_t row, uint32_t member,
                          struct logits whole)
{
    xent_slopes(whole, a->x + row * a->k, a->k, a->label[row],
                (float)((double)*a->dy / (double)a->rows), a->dx + row * a->k, member,
                a->team.members);
}

/* Element i of MSE's gradient; `scale` is 2 / elements. */
MCD_BODY float mse_slope(float dy, double scale, float a, float b)
{
    return (float)((double)dy * scale) * (a - b);
}

/* Result: a split of the elements. Where there is one, MSE_DX may be done by the same threads. */
struct mse_args {
    struct mcd_team team;
    struct sum_place to;
    const float *a, *b;
    int64_t count, splits;
    float *da; /* NULL: MSE alone */
    const float *dy;
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
    for (int64_t i = member; a->da && i < a->count; i += a->team.members)
        a->da[i] = mse_slope(*a->dy, 2 / (double)a->count, a->a[i], a->b[i]);
}

struct mse_dx_args {
    float *da;
    const float *dy, *a, *b;
    double scale; /* 2 / elements */
};

MCD_BODY void mse_dx_body(const struct mse_dx_args *a, int64_t i)
{
    a->da[i] = mse_slope(*a->dy, a->scale, a->a[i], a->b[i]);
}

#endif
