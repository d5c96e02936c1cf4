/* linear: y = w x + b on a vector, with PyTorch's default start. */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(INT, out, NULL, "[1, 2147483647]", "number of outputs")                                      \
    X(BOOL, bias, "yes", NULL, "add a bias to each output")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct linear {
    int64_t out;
    int bias;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct linear *l = mcd_self_create(host, sizeof *l, self, error);
    if (!l)
        return MCD_NOMEM;
    *l = (struct linear){out, bias};
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct linear *l = self;
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    if (n != 1 || x.rank != 1)
        return g->fail(g, "takes one vector [in]; put flatten before it for other shapes");
    double spread = 1 / sqrt((double)x.dim[0]);
    mcd_val w = mcd_param(g, "weight", mcd_shape2(l->out, x.dim[0]), 0, spread);
    mcd_val b = l->bias ? mcd_param(g, "bias", mcd_shape1(l->out), 0, spread) : MCD_ABSENT;
    return mcd_linear(g, in[0], w, b);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "linear", "MIT", "fully connected layer", mcd_self_destroy);
