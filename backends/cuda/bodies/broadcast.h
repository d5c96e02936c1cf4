/* Ops between tensors of different shapes: BINARY and EXPAND. */
#ifndef MCD_CUDA_BODIES_BROADCAST_H
#define MCD_CUDA_BODIES_BROADCAST_H

#include "../../cpu/nest.h"
#include "../body.h"

#include <mcdrop/graph.h>

/* Where operand `k` stands at place number `i` of a nest, whose innermost dimension runs fastest. */
MCD_BODY int64_t nest_offset(const struct mcd_nest *nest, uint32_t k, int64_t i)
{
    int64_t offset = 0;
    for (uint32_t d = nest->rank; d-- > 1; i /= nest->extent[d])
        offset += i % nest->extent[d] * nest->stride[d][k];
    return offset + i * nest->stride[0][k];
}

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
    uint32_t kind;        /* enum mcd_binary */
    struct mcd_nest nest; /* over the output; operand 0 is a, 1 is b */
};

MCD_BODY void binary_body(const struct binary_args *g, int64_t i)
{
    g->out[i] =
        binary_value(g->kind, g->a[nest_offset(&g->nest, 0, i)], g->b[nest_offset(&g->nest, 1, i)]);
}

struct expand_args {
    float *out;
    const float *x;
    struct mcd_nest nest; /* over the output; operand 0 is x */
};

MCD_BODY void expand_body(const struct expand_args *a, int64_t i)
{
    a->out[i] = a->x[nest_offset(&a->nest, 0, i)];
}

#endif
