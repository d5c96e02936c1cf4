/* residual: y = x + w2 relu(w1 x), a block with a shortcut, built from other layers. */
#include <mcdrop/layer.h>

#define PARAMS(X) X(INT, inner, "64", "[1, 1048576]", "units between the two linear layers")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int64_t *own = mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = inner;
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const int64_t *inner = self;
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    if (n != 1 || x.rank != 1)
        return g->fail(g, "takes one vector");
    mcd_val y = mcd_layer(g, "inner", in[0], "linear:out=%lld", (long long)*inner);
    y = mcd_layer(g, "relu", y, "relu");
    y = mcd_layer(g, "outer", y, "linear:out=%lld", (long long)x.dim[0]);
    return mcd_add(g, in[0], y);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "residual", "MIT", "two linear layers with a shortcut", mcd_self_destroy);
