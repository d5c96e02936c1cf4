/*
 * Reverse differentiation: appends to a graph the ops that compute the gradient of a scalar, and
 * the optimiser's update. Adjoint rules of each op are in gradient.c.
 */
#ifndef CORE_GRADIENT_H
#define CORE_GRADIENT_H

#include "core/graph/graph.h"

/*
 * Appends the gradient of `loss` ([] without rows) with respect to each of `count` values;
 * gradient[i] is 0 where the loss does not depend on wrt[i]. MCD_OK or the graph's failure.
 */
int mcd_graph_gradient(struct mcd_graph_core *g, mcd_val loss, uint32_t count, const mcd_val *wrt,
                       mcd_val *gradient, struct mcd_error *error);

/* How parameters follow their gradient: enum mcd_optimiser and its constants. */
struct mcd_update {
    uint32_t optimiser;
    double rate, momentum, decay; /* momentum for MCD_SGD only */
};

/*
 * Appends the task's loss of `output` against `target` plus the graph's penalty, its gradient, the
 * steps of what layers track, and the update of every parameter, whose rate each run multiplies if
 * g->scheduled. *loss is the value to read.
 */
int mcd_graph_training(struct mcd_graph_core *g, uint32_t task, mcd_val output, mcd_val target,
                       const struct mcd_update *update, mcd_val *loss, struct mcd_error *error);

#endif
