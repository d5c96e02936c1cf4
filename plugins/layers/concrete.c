/*
 * concrete: a linear layer whose inputs are dropped at a rate that is trained (Gal, Hron, Kendall:
 * Concrete dropout, NeurIPS 2017).
 *
 * The mask is relaxed, a sigmoid of logistic noise at temperature t, so that the loss can be
 * differentiated in p, which is kept as its logit. The penalty is the divergence from the prior,
 *
 *     KL = l^2 / (2 (1 - p)) |W|^2 - in H(p),    H(p) = -p log p - (1 - p) log(1 - p),
 *
 * times what a nat is in the loss, over tau: doc/regression.md derives it. In weight averaging
 * nothing is dropped.
 */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(INT, out, NULL, "[1, 2147483647]", "number of outputs")                                      \
    X(REAL, p, "0.1", "(0, 1)", "probability of dropping an input to start from")                  \
    X(REAL, t, "0.1", "(0, 10]", "temperature of the mask: the lower, the closer to 0 and 1")      \
    X(REAL, length_scale, "1", "[0, inf)", "l of the prior: weights of precision l^2")             \
    X(REAL, tau, "1", "(0, inf)", "precision of a regression's noise, in the network's units")     \
    X(BOOL, bias, "yes", NULL, "add a bias to each output")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct concrete {
    int64_t out;
    double p, t, length_scale, tau;
    int bias;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct concrete *c = mcd_self_create(host, sizeof *c, self, error);
    if (!c)
        return MCD_NOMEM;
    *c = (struct concrete){out, p, t, length_scale, tau, bias};
    return MCD_OK;
}

static mcd_val negative(struct mcd_graph *g, mcd_val x)
{
    return mcd_affine(g, x, -1, 0);
}

/* The entropy of one mask, without a logarithm of what may be 0: -log p = softplus(-logit). */
static mcd_val entropy(struct mcd_graph *g, mcd_val logit)
{
    mcd_val other = negative(g, logit);
    mcd_val dropped = mcd_mul(g, mcd_map(g, MCD_SIGMOID, logit), mcd_map(g, MCD_SOFTPLUS, other));
    mcd_val kept = mcd_mul(g, mcd_map(g, MCD_SIGMOID, other), mcd_map(g, MCD_SOFTPLUS, logit));
    return mcd_add(g, dropped, kept);
}

/* `inverse` is 1 / (1 - p). */
static void penalise(const struct concrete *c, struct mcd_graph *g, mcd_val w, mcd_val logit,
                     mcd_val inverse)
{
    double inputs = (double)mcd_shape_of(g, w).dim[1], l2 = c->length_scale * c->length_scale;
    mcd_val squares = mcd_reduce(g, MCD_SUM, mcd_mul(g, w, w), mcd_shape0(), 0);
    mcd_val weights = mcd_affine(g, mcd_mul(g, squares, inverse), l2 / 2, 0);
    mcd_val masks = mcd_affine(g, entropy(g, logit), -inputs, 0);
    g->penalty(g, mcd_affine(g, mcd_add(g, weights, masks), g->nat / c->tau, 0));
}

/* x times noise whose mean is 1 up to 1.6 t^2 p (1 - 2 p), from log(u / (1 - u)) of uniform u. */
static mcd_val drop(const struct concrete *c, struct mcd_graph *g, mcd_val x, mcd_val logit,
                    mcd_val inverse)
{
    mcd_val u = mcd_noise(g, MCD_UNIFORM, x);
    mcd_val z = mcd_sub(g, mcd_map(g, MCD_LOG, u), mcd_map(g, MCD_LOG, mcd_affine(g, u, -1, 1)));
    mcd_val kept = mcd_map(g, MCD_SIGMOID, mcd_affine(g, mcd_add(g, z, logit), -1 / c->t, 0));
    return mcd_mul(g, x, mcd_mul(g, kept, inverse));
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct concrete *c = self;
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    if (n != 1 || x.rank != 1)
        return g->fail(g, "takes one vector [in]; put flatten before it for other shapes");
    double spread = 1 / sqrt((double)x.dim[0]);
    mcd_val w = mcd_param(g, "weight", mcd_shape2(c->out, x.dim[0]), 0, spread);
    mcd_val b = c->bias ? mcd_param(g, "bias", mcd_shape1(c->out), 0, spread) : MCD_ABSENT;
    mcd_val logit = mcd_param(g, "p_logit", mcd_shape0(), log(c->p / (1 - c->p)), 0);
    mcd_val inverse = mcd_affine(g, mcd_map(g, MCD_EXP, logit), 1, 1);
    penalise(c, g, w, logit, inverse);
    return mcd_linear(g, g->stochastic ? drop(c, g, in[0], logit, inverse) : in[0], w, b);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "concrete", "MIT", "linear layer, its inputs dropped at a trained rate",
           mcd_self_destroy);
