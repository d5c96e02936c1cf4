/* For layers that normalise: what is left once they have their means and variances. */
#ifndef NORMALISE_H
#define NORMALISE_H

#include <mcdrop/layer.h>

/* A gain that starts as 1 and an offset that starts as 0, named as PyTorch names them. */
struct mcd_gain {
    mcd_val weight, bias;
};

static inline struct mcd_gain mcd_gain_record(struct mcd_graph *g, struct mcd_shape shape)
{
    mcd_val weight = mcd_param(g, "weight", shape, 1, 0);
    return (struct mcd_gain){weight, mcd_param(g, "bias", shape, 0, 0)};
}

/* weight (x - mean) / sqrt(variance + eps) + bias, broadcast to the shape of x. */
static inline mcd_val mcd_normalise(struct mcd_graph *g, mcd_val x, mcd_val mean, mcd_val variance,
                                    double eps, struct mcd_gain gain)
{
    mcd_val spread = mcd_map(g, MCD_SQRT, mcd_affine(g, variance, 1, eps));
    mcd_val y = mcd_div(g, mcd_sub(g, x, mean), spread);
    return mcd_add(g, mcd_mul(g, y, gain.weight), gain.bias);
}

/*
 * The mean of (x - mean)^2 down to `shape`, over the rows too if `over_rows`: divisor n, not n - 1.
 */
static inline mcd_val mcd_variance(struct mcd_graph *g, mcd_val x, mcd_val mean,
                                   struct mcd_shape shape, int over_rows)
{
    mcd_val d = mcd_sub(g, x, mean);
    return mcd_reduce(g, MCD_MEAN, mcd_mul(g, d, d), shape, over_rows);
}

#endif
