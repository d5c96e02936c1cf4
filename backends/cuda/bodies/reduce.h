/* REDUCE: a team for each sum or mean, or for a split of one. */
#ifndef MCD_CUDA_BODIES_REDUCE_H
#define MCD_CUDA_BODIES_REDUCE_H

#include "broadcast.h"
#include "sum.h"

struct reduce_args {
    struct mcd_team team;
    struct sum_place to;
    const float *x;
    struct mcd_nest kept;    /* over the outputs: operand 0 is the first term of each */
    struct mcd_nest outer;   /* over the terms of one, without the innermost dimension, */
    int64_t inner, stride;   /* which has `inner` terms, `stride` apart */
    int64_t outputs, splits; /* result = split * outputs + output */
    int64_t terms, step, step_outer, step_inner; /* from a member's term to its next, and how many
                                                    dimensions of the nest that takes */
};

MCD_BODY struct sum reduce_find(const struct reduce_args *a, int64_t result, uint32_t member)
{
    int64_t split = result / a->outputs, output = result % a->outputs;
    int64_t term = split * a->team.members + member;
    int64_t outer = term / a->inner, inner = term % a->inner;
    const float *x = a->x + nest_offset(&a->kept, 0, output);
    struct sum part = {0};
    for (; term < a->terms; term += a->step) {
        part.value += (double)x[nest_offset(&a->outer, 0, outer) + inner * a->stride];
        outer += a->step_outer;
        inner += a->step_inner;
        if (inner >= a->inner) {
            inner -= a->inner;
            outer++;
        }
    }
    return part;
}

MCD_BODY void reduce_use(const struct reduce_args *a, int64_t result, uint32_t member,
                         struct sum whole)
{
    sum_put(&a->to, result, member, whole);
}

#endif
