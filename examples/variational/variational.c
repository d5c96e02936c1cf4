/*
 * variational: Gaussian dropout that learns its rate (Kingma, Salimans, Welling: Variational
 * dropout and the local reparameterization trick. NeurIPS 2015).
 *
 * y = x (1 + sqrt(alpha) z) with standard normal z and 0 < alpha < 1, so that p of other dropout is
 * alpha / (1 + alpha). The penalty is the divergence from the prior by the polynomial of the
 * paper's section 4.2, for which alpha may not exceed 1.
 *
 *     make
 *     mcdrop check ./variational.so
 *     mcdrop --model mlp2:hidden=64x64,noise=./variational.so --epochs 200 --out run
 */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(REAL, p, "0.2", "(0, 0.5)", "probability of dropping that is as noisy as the start")         \
    X(REAL, tau, "1", "(0, inf)", "precision of a regression's noise, in the network's units")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct own {
    double alpha, tau;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct own *own = (struct own *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    own->alpha = p / (1 - p);
    own->tau = tau;
    return MCD_OK;
}

/* Divergence of one element, up to a constant: -log(alpha) / 2 - c1 alpha - c2 alpha^2 - c3 alpha^3. */
static mcd_val divergence(struct mcd_graph *g, mcd_val alpha)
{
    mcd_val sum = mcd_affine(g, alpha, 0.58629921, -1.50204118); /* Horner's rule */
    sum = mcd_affine(g, mcd_mul(g, sum, alpha), 1, 1.16145124);
    sum = mcd_mul(g, sum, alpha);
    sum = mcd_add(g, sum, mcd_affine(g, mcd_map(g, MCD_LOG, alpha), 0.5, 0));
    return mcd_affine(g, sum, -1, 0);
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct own *own = (const struct own *)self;
    if (n != 1)
        return g->fail(g, "takes one input");
    struct mcd_shape shape = mcd_shape_of(g, in[0]);
    mcd_val logit = mcd_param(g, "logit", mcd_shape0(), log(own->alpha / (1 - own->alpha)), 0);
    mcd_val alpha = mcd_map(g, MCD_SIGMOID, logit);
    double elements = (double)mcd_shape_count(&shape);
    g->penalty(g, mcd_affine(g, divergence(g, alpha), g->nat / own->tau * elements, 0));
    if (!g->stochastic)
        return in[0]; /* the noise's mean is 1 */
    mcd_val z = mcd_noise(g, MCD_GAUSSIAN, in[0]);
    mcd_val noise = mcd_affine(g, mcd_mul(g, z, mcd_map(g, MCD_SQRT, alpha)), 1, 1);
    return mcd_mul(g, in[0], noise);
}

static const struct mcd_layer api = {.size = sizeof api, .build = build};
MCD_PLUGIN(MCD_LAYER, "variational", "MIT", "Gaussian dropout whose rate is learnt",
           mcd_self_destroy);
