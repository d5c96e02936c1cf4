/* Nests of loops over broadcast tensors, as backends/cpu/nest.h has them, for threads by number. */
#ifndef MCD_CUDA_BODIES_NEST_H
#define MCD_CUDA_BODIES_NEST_H

#include "../../cpu/nest.h"
#include "divide.h"

enum { NEST_OPERANDS = 2 };

struct nest {
    uint32_t rank;
    struct mcd_divisor extent[MCD_NEST_RANK];
    int64_t stride[MCD_NEST_RANK][NEST_OPERANDS];
};

/* Of the host's, of whose operands it has the first two. */
static inline struct nest nest_of(const struct mcd_nest *from)
{
    struct nest nest = {.rank = from->rank};
    for (uint32_t d = 0; d < from->rank; d++) {
        nest.extent[d] = mcd_divisor_of((uint64_t)from->extent[d]);
        for (int k = 0; k < NEST_OPERANDS; k++)
            nest.stride[d][k] = from->stride[d][k];
    }
    return nest;
}

/* Where operands stand at place number `i`, the innermost dimension running fastest. */
struct nest_place {
    int64_t offset[NEST_OPERANDS];
};

MCD_BODY struct nest_place nest_seek(const struct nest *nest, int64_t i)
{
    struct nest_place place = {{0, 0}};
    uint64_t rest = (uint64_t)i, at;
    MCD_ROLLED
    for (uint32_t d = nest->rank; d-- > 0;) {
        if (d)
            rest = mcd_divide(&nest->extent[d], rest, &at);
        else
            at = rest;
        for (int k = 0; k < NEST_OPERANDS; k++)
            place.offset[k] += (int64_t)at * nest->stride[d][k];
    }
    return place;
}

#endif
