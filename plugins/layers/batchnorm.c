/*
 * batchnorm: each unit, or each channel of an image, brought to mean 0 and variance 1 over a batch,
 * then a trained gain and offset (Ioffe & Szegedy: Batch normalization, ICML 2015).
 *
 * As PyTorch's BatchNorm1d and 2d: an update uses the batch's mean and variance (divisor n), and
 * moves the running ones by `momentum` of the way (the variance with divisor n - 1). Predictions
 * use the running ones, so that a row's answer depends on no other row.
 */
#include "normalise.h"

#define PARAMS(X)                                                                                  \
    X(REAL, eps, "1e-5", "(0, inf)", "added to the variance")                                      \
    X(REAL, momentum, "0.1", "[0, 1]", "part of a batch's mean and variance in the running ones")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct batchnorm {
    double eps, momentum;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct batchnorm *b = mcd_self_create(host, sizeof *b, self, error);
    if (!b)
        return MCD_NOMEM;
    *b = (struct batchnorm){eps, momentum};
    return MCD_OK;
}

/* Mean and variance by channel, in the shape that is broadcast. */
struct statistics {
    mcd_val mean, variance;
};

/* Those of the batch, which the running ones follow. */
static struct statistics of_batch(const struct batchnorm *b, struct mcd_graph *g, mcd_val x,
                                  struct mcd_shape wide, struct statistics running)
{
    struct mcd_shape all = mcd_shape_of(g, x), flat = mcd_shape1(all.dim[0]);
    double count = (double)g->batch * (double)(mcd_shape_count(&all) / all.dim[0]);
    if (count < 2)
        return (struct statistics){
            g->fail(g, "one value has no variance: expected at least 2 rows in every batch, the "
                       "last one of an epoch included"),
            0};
    mcd_val mean = mcd_reduce(g, MCD_MEAN, x, wide, 1);
    mcd_val variance = mcd_variance(g, x, mean, wide, 1);
    mcd_val unbiased = mcd_affine(g, variance, count / (count - 1), 0);
    g->track(g, running.mean, mcd_reshape(g, mean, flat), b->momentum);
    g->track(g, running.variance, mcd_reshape(g, unbiased, flat), b->momentum);
    return (struct statistics){mean, variance};
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct batchnorm *b = self;
    struct mcd_shape all = mcd_shape_of(g, in[0]);
    if (n != 1 || (all.rank != 1 && all.rank != 3))
        return g->fail(g, "takes one vector [in] or one image [channels, height, width]");
    struct mcd_shape flat = mcd_shape1(all.dim[0]);
    struct mcd_shape wide = all.rank == 1 ? flat : mcd_shape3(all.dim[0], 1, 1);
    struct mcd_gain gain = mcd_gain_record(g, flat);
    struct statistics running = {mcd_state(g, "running_mean", flat, 0),
                                 mcd_state(g, "running_var", flat, 1)};
    struct statistics s = {mcd_reshape(g, running.mean, wide),
                           mcd_reshape(g, running.variance, wide)};
    if (g->batch)
        s = of_batch(b, g, in[0], wide, running);
    gain.weight = mcd_reshape(g, gain.weight, wide);
    gain.bias = mcd_reshape(g, gain.bias, wide);
    return mcd_normalise(g, in[0], s.mean, s.variance, b->eps, gain);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "batchnorm", "MIT", "mean 0 and variance 1 over a batch, by channel",
           mcd_self_destroy);
