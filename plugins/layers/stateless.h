/*
 * For layers without parameters: everything but build.
 *
 * A file defines `static mcd_val build(...)` and ends with MCD_STATELESS_LAYER(name, help).
 */
#ifndef STATELESS_H
#define STATELESS_H

#include <mcdrop/layer.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    (void)host;
    (void)error;
    *self = NULL;
    return MCD_OK;
}

#define MCD_STATELESS_LAYER(name, help)                                                            \
    static const struct mcd_layer api = {sizeof api, build};                                       \
    MCD_PLUGIN(MCD_LAYER, name, "MIT", help, NULL)

/* The whole of a layer that applies one function to each element. */
#define MCD_MAP_LAYER(name, function, help)                                                        \
    static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)           \
    {                                                                                              \
        (void)self;                                                                                \
        return n == 1 ? mcd_map(g, function, in[0]) : g->fail(g, "takes one input");               \
    }                                                                                              \
    MCD_STATELESS_LAYER(name, help)

#endif
