/*
 * Counting the work of a graph: multiplications and additions of linear and conv2d ops and their
 * gradients. Everything else a network does is overhead beside these.
 */
#ifndef BENCH_FLOPS_H
#define BENCH_FLOPS_H

#include "core/graph/graph.h"

/* Of one row; with `passes` only what stochastic passes compute anew, not the prefix. */
double mcd_graph_flops(const struct mcd_graph_core *g, int passes);

#endif
