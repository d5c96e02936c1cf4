/*
 * Layers: plugins that record themselves into a graph. See examples/ and plugins/layers/.
 *
 * A layer has no gradient and meets no backend: the core differentiates what it recorded. It owns
 * its parameters' values as little: it names them, the core keeps them.
 */
#ifndef MCDROP_LAYER_H
#define MCDROP_LAYER_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* api of a MCD_LAYER plugin */
struct mcd_layer {
    uint32_t size;
    /*
     * Records the layer on n inputs, each of the shape mcd_shape_of says, and returns its output,
     * 0 on failure; g->fail says why, unless an op has. Must record the same parameters in the same
     * order whether `g->stochastic` is set or not: 1 for training and stochastic passes, 0 for
     * weight averaging, where noise is left out or replaced by its mean. Each recording opens a
     * layer of its own, so `self` is used by one thread at a time.
     */
    mcd_val (*build)(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in);
};

#ifdef __cplusplus
}
#endif
#endif
