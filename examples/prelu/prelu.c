/*
 * prelu: x where it is positive and a x where it is not, with one slope a that training finds
 * (He, Zhang, Ren, Sun: Delving deep into rectifiers. ICCV 2015).
 *
 *     make
 *     mcdrop check ./prelu.so
 *     mcdrop --model mlp2:hidden=64x64,activation=./prelu.so --epochs 200 --out run
 */
#include <mcdrop/layer.h>

#define PARAMS(X) X(REAL, start, "0.25", "[0, 1]", "slope that training starts from")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    double *own = (double *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = start;
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const double *start = (const double *)self;
    if (n != 1)
        return g->fail(g, "takes one input");
    mcd_val slope = mcd_param(g, "slope", mcd_shape0(), *start, 0);
    mcd_val negative = mcd_map(g, MCD_RELU, mcd_affine(g, in[0], -1, 0));
    return mcd_sub(g, mcd_map(g, MCD_RELU, in[0]), mcd_mul(g, negative, slope));
}

static const struct mcd_layer api = {.size = sizeof api, .build = build};
MCD_PLUGIN(MCD_LAYER, "prelu", "MIT", "rectifier whose slope is learnt", mcd_self_destroy);
