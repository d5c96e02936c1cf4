/* pool2d: maximum or mean over windows of an image. */
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, kind, "max", "max|mean", "what is taken of each window")                               \
    X(INT, window, "2", "[1, 1023]", "height and width of the window")                             \
    X(INT, stride, "0", "[0, 1023]", "step between windows; 0: the window's size")                 \
    X(INT, pad, "0", "[0, 1023]", "border added on every side, at most half a window")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (pad > window / 2)
        return host->fail(error, MCD_INVALID, "pool2d:pad", "%lld is more than half of window=%lld",
                          (long long)pad, (long long)window);
    struct mcd_attr_pool *p = mcd_self_create(host, sizeof *p, self, error);
    if (!p)
        return MCD_NOMEM;
    int64_t step = stride ? stride : window;
    *p = (struct mcd_attr_pool){kind, {window, window}, {step, step}, {pad, pad}};
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    if (n != 1 || mcd_shape_of(g, in[0]).rank != 3)
        return g->fail(g, "takes one image [channels, height, width]");
    return mcd_pool2d(g, in[0], self);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "pool2d", "MIT", "maximum or mean over windows", mcd_self_destroy);
