/*
 * Layers: plugins that record themselves into a graph. doc/plugins.md writes three of them.
 *
 * A layer has no gradient and meets no backend: the core differentiates what it recorded. It owns
 * its parameters' values as little: it names them, the core keeps them. A layer that brings a
 * function of its own (mcd_custom in graph.h) brings that function's derivative, too.
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
     * 0 on failure; g->fail says why, unless an op has. Must record the same parameters and states
     * in the same order whatever the recording is for: training (`g->batch` rows, else 0),
     * stochastic passes, or weight averaging (`g->stochastic` 0), where noise is left out or
     * replaced by its mean. Each recording opens a layer of its own, so `self` is used by one
     * thread at a time, and may be written to. It is destroyed when the recording is done, or, if
     * it recorded a function of its own, when nothing that was made of the recording runs any more.
     */
    mcd_val (*build)(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in);
};

#ifdef __cplusplus
}
#endif
#endif
