/* conv2d: two-dimensional convolution (cross-correlation), with PyTorch's default start. */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(INT, out, NULL, "[1, 65535]", "number of output channels")                                   \
    X(INT, kernel, NULL, "[1, 1023]", "height and width of the kernel")                            \
    X(INT, stride, "1", "[1, 1023]", "step between output pixels")                                 \
    X(INT, pad, "0", "[0, 1023]", "zeros added on every side")                                     \
    X(INT, dilation, "1", "[1, 1023]", "distance between the kernel's taps")                       \
    X(BOOL, bias, "yes", NULL, "add a bias to each channel")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct conv2d {
    int64_t out, kernel;
    int bias;
    struct mcd_attr_conv attr;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct conv2d *c = mcd_self_create(host, sizeof *c, self, error);
    if (!c)
        return MCD_NOMEM;
    *c = (struct conv2d){
        .out = out,
        .kernel = kernel,
        .bias = bias,
        .attr = {{stride, stride}, {pad, pad}, {dilation, dilation}},
    };
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct conv2d *c = self;
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    if (n != 1 || x.rank != 3)
        return g->fail(g, "takes one image [channels, height, width]");
    double spread = 1 / sqrt((double)(x.dim[0] * c->kernel * c->kernel));
    struct mcd_shape kernel = mcd_shape4(c->out, x.dim[0], c->kernel, c->kernel);
    mcd_val k = mcd_param(g, "weight", kernel, 0, spread);
    mcd_val b = c->bias ? mcd_param(g, "bias", mcd_shape1(c->out), 0, spread) : MCD_ABSENT;
    return mcd_conv2d(g, in[0], k, b, &c->attr);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "conv2d", "MIT", "two-dimensional convolution", mcd_self_destroy);
