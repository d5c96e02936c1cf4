/*
 * For layers that multiply by noise of mean 1: everything but what is specific to the layer.
 *
 * A file defines MCD_NOISE_DOMAIN, the domain of p, and ends with MCD_NOISE_LAYER(...).
 */
#ifndef NOISE_H
#define NOISE_H

#include <mcdrop/layer.h>

#define PARAMS(X)                                                                                  \
    X(REAL, p, "0.5", MCD_NOISE_DOMAIN, "probability of dropping, or p / (1 - p) the variance")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    double *own = mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = p;
    return MCD_OK;
}

/* One random number per element, for any shape. */
static inline mcd_val drop_units(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in,
                                 enum mcd_law law)
{
    return n == 1 ? mcd_drop(g, in[0], law, *(double *)self, 1) : g->fail(g, "takes one input");
}

/* One random number per channel of an image. */
static inline mcd_val drop_channels(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in,
                                    enum mcd_law law)
{
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    if (n != 1 || x.rank != 3)
        return g->fail(g, "takes one image [channels, height, width]");
    return mcd_drop(g, in[0], law, *(double *)self, x.dim[1] * x.dim[2]);
}

#define MCD_NOISE_LAYER(name, help, drop, law)                                                     \
    static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)           \
    {                                                                                              \
        return drop(self, g, n, in, law);                                                          \
    }                                                                                              \
    static const struct mcd_layer api = {sizeof api, build};                                       \
    MCD_PLUGIN(MCD_LAYER, name, "MIT", help, mcd_self_destroy)

#endif
