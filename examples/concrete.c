/*
 * concrete: dropout that learns its rate (Gal, Hron, Kendall: Concrete dropout, NeurIPS 2017).
 *
 * The mask is a sigmoid of logistic noise at temperature t, so that the loss can be differentiated
 * in p. The penalty is the entropy term of the paper's equation 4; data-size weighting and the
 * weights' norm are left out here.
 */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(REAL, p, "0.5", "(0, 1)", "probability of dropping to start from")                           \
    X(REAL, t, "0.1", "(0, 10]", "temperature of the relaxed mask")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct concrete {
    double p, t;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct concrete *c = mcd_self_create(host, sizeof *c, self, error);
    if (!c)
        return MCD_NOMEM;
    *c = (struct concrete){p, t};
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct concrete *c = self;
    if (n != 1)
        return g->fail(g, "takes one input");
    mcd_val l = mcd_param(g, "logit_p", mcd_shape0(), log(c->p / (1 - c->p)), 0);
    mcd_val q = mcd_affine(g, mcd_map(g, MCD_SIGMOID, l), -1, 1); /* probability of keeping */
    g->penalty(g, mcd_mul(g, q, mcd_map(g, MCD_LOG, q)));
    if (!g->stochastic)
        return in[0];
    mcd_val u = mcd_noise(g, MCD_UNIFORM, in[0]);
    mcd_val z = mcd_sub(g, mcd_map(g, MCD_LOG, u), mcd_map(g, MCD_LOG, mcd_affine(g, u, -1, 1)));
    mcd_val drop = mcd_map(g, MCD_SIGMOID, mcd_affine(g, mcd_add(g, z, l), 1 / c->t, 0));
    return mcd_div(g, mcd_mul(g, in[0], mcd_affine(g, drop, -1, 1)), q);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "concrete", "MIT", "dropout with a learned rate", mcd_self_destroy);
