/* Ops between tensors of different shapes: BINARY and EXPAND. */
#ifndef MCD_CUDA_BODIES_BROADCAST_H
#define MCD_CUDA_BODIES_BROADCAST_H

#include "nest.h"

#include <mcdrop/graph.h>

MCD_BODY float binary_value(uint32_t kind, float a, float b)
{
    switch (kind) {
    case MCD_ADD:
        return a + b;
    case MCD_SUB:
        return a - b;
    case MCD_MUL:
        return a * b;
    default:
        return a / b;
    }
}

struct binary_args {
    float *out;
    const float *a, *b;
    uint32_t kind;    /* enum mcd_binary */
    struct nest nest; /* over the output; operand 0 is a, 1 is b */
};

MCD_BODY void binary_body(const struct binary_args *g, int64_t i)
{
    struct nest_place at = nest_seek(&g->nest, i);
    g->out[i] = binary_value(g->kind, g->a[at.offset[0]], g->b[at.offset[1]]);
}

struct expand_args {
    float *out;
    const float *x;
    struct nest nest; /* over the output; operand 0 is x */
};

MCD_BODY void expand_body(const struct expand_args *a, int64_t i)
{
    a->out[i] = a->x[nest_seek(&a->nest, i).offset[0]];
}

#endif
