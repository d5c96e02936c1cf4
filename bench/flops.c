/* Counting the work of a graph, from the shapes of its product ops. */
#include "flops.h"

#include <stdlib.h>

static double of_row(const struct mcd_node *all, const struct mcd_node *n)
{
    const struct mcd_shape *a = &all[n->in[0]].shape, *b = n->nin > 1 ? &all[n->in[1]].shape : a;
    switch (n->op) {
    case MCD_OP_LINEAR:
    case MCD_OP_LINEAR_DX:
        return 2.0 * (double)mcd_shape_count(b);
    case MCD_OP_LINEAR_DW:
        return 2.0 * (double)mcd_shape_count(a) * (double)mcd_shape_count(b);
    case MCD_OP_CONV2D:
        return 2.0 * (double)mcd_shape_count(b) * (double)(n->shape.dim[1] * n->shape.dim[2]);
    case MCD_OP_CONV2D_DX:
        return 2.0 * (double)mcd_shape_count(b) * (double)(a->dim[1] * a->dim[2]);
    case MCD_OP_CONV2D_DW:
        return 2.0 * (double)mcd_shape_count(&n->shape) * (double)(a->dim[1] * a->dim[2]);
    default:
        return 0;
    }
}

double mcd_graph_flops(const struct mcd_graph_core *g, int passes)
{
    double sum = 0;
    char *stochastic = calloc(g->count, 1);
    for (mcd_val v = 1; stochastic && v < g->count; v++) {
        const struct mcd_node *n = &g->node[v];
        stochastic[v] = n->op == MCD_OP_DROP || n->op == MCD_OP_NOISE;
        for (uint32_t i = 0; i < n->nin; i++)
            stochastic[v] |= stochastic[n->in[i]];
        if (stochastic[v] || !passes)
            sum += of_row(g->node, n);
    }
    free(stochastic);
    return sum;
}
