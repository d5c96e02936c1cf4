/*
 * Layers: plugins that record themselves into a graph. See examples/ and plugins/layers/.
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
     * Records the layer on n inputs and returns its output, 0 on failure. Must record the same
     * parameters in the same order whether `g->stochastic` is set or not. Called once per
     * recording; several recordings may share `self`, one after the other.
     */
    mcd_val (*build)(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in);
};

#ifdef __cplusplus
}
#endif
#endif
