/*
 * layernorm: each row brought to mean 0 and variance 1, then a trained gain and offset (Ba, Kiros,
 * Hinton: Layer normalization, 2016). As PyTorch's LayerNorm: the variance has divisor n, eps
 * stands under the root.
 */
#include "normalise.h"

#define PARAMS(X)                                                                                  \
    X(ENUM, over, "last", "last|row", "what has mean 0: the last dimension, or all of a row")      \
    X(REAL, eps, "1e-5", "(0, inf)", "added to the variance")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { LAST, ROW };

struct layernorm {
    int over;
    double eps;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct layernorm *l = mcd_self_create(host, sizeof *l, self, error);
    if (!l)
        return MCD_NOMEM;
    *l = (struct layernorm){over, eps};
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct layernorm *l = self;
    struct mcd_shape all = mcd_shape_of(g, in[0]), means = all;
    if (n != 1 || all.rank < 1)
        return g->fail(g, "takes one input of one dimension or more");
    uint32_t last = all.rank - 1;
    for (uint32_t i = l->over == ROW ? 0 : last; i <= last; i++)
        means.dim[i] = 1;
    struct mcd_gain gain = mcd_gain_record(g, l->over == ROW ? all : mcd_shape1(all.dim[last]));
    mcd_val mean = mcd_reduce(g, MCD_MEAN, in[0], means, 0);
    mcd_val variance = mcd_variance(g, in[0], mean, means, 0);
    return mcd_normalise(g, in[0], mean, variance, l->eps, gain);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "layernorm", "MIT", "mean 0 and variance 1 within a row", mcd_self_destroy);
