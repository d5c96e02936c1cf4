/*
 * Counting work: additions and multiplications of linear and conv2d ops and their gradients.
 * Everything else a network does is overhead beside these, counted in bytes.
 */
#ifndef CORE_BENCH_FLOPS_H
#define CORE_BENCH_FLOPS_H

#include "core/graph/graph.h"

#include <mcdrop/backend.h>

/* Of one row of a graph; with `passes` only what stochastic passes compute anew, not the prefix. */
int mcd_flops_graph(const struct mcd_graph_core *g, int passes, double *flops, struct mcd_error *e);

/* Of a step, all its rows. */
double mcd_flops_step(const struct mcd_step *step);

/* Bytes that a step reads and writes, each tensor once. */
double mcd_bytes_step(const struct mcd_step *step);

#endif
