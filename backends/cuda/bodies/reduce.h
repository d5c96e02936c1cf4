/* REDUCE: a team for each sum or mean, or for a split of one. */
#ifndef MCD_CUDA_BODIES_REDUCE_H
#define MCD_CUDA_BODIES_REDUCE_H

#include "broadcast.h"
#include "sum.h"

enum { REDUCE_AHEAD = 8 /* terms that are on their way at a time */ };

struct reduce_args {
    struct mcd_team team;
    struct sum_place to;
    const float *x;
    struct nest kept;               /* over the outputs: operand 0 is the first term of each */
    struct nest outer;              /* over the terms of one, without the innermost dimension, */
    struct mcd_divisor inner;       /* which has so many terms, */
    int64_t stride;                 /* so far apart */
    struct mcd_divisor outputs;     /* result = split * outputs + output */
    int64_t terms, step;            /* step: from a member's term to its next; in the nest and */
    int64_t step_outer, step_inner; /* in the innermost dimension */
};

/* A member's place among the terms. */
struct reduce_place {
    int64_t outer, inner;
};

/* Where it is in x; goes on to the member's next term. */
MCD_BODY int64_t reduce_next(const struct reduce_args *a, struct reduce_place *p)
{
    int64_t at = a->outer.rank > 1 ? nest_seek(&a->outer, p->outer).offset[0]
                                   : p->outer * a->outer.stride[0][0];
    at += p->inner * a->stride;
    p->outer += a->step_outer;
    p->inner += a->step_inner;
    if (p->inner >= (int64_t)a->inner.by) {
        p->inner -= (int64_t)a->inner.by;
        p->outer++;
    }
    return at;
}

MCD_BODY struct sum reduce_find(const struct reduce_args *a, int64_t result, uint32_t member)
{
    uint64_t output, inner, split = mcd_divide(&a->outputs, (uint64_t)result, &output);
    const float *x = a->x + nest_seek(&a->kept, (int64_t)output).offset[0];
    int64_t term = (int64_t)split * a->team.members + member;
    struct reduce_place p = {(int64_t)mcd_divide(&a->inner, (uint64_t)term, &inner), 0};
    struct sum part = {0};
    p.inner = (int64_t)inner;
    for (; term + (REDUCE_AHEAD - 1) * a->step < a->terms; term += REDUCE_AHEAD * a->step) {
        float next[REDUCE_AHEAD];
        for (int k = 0; k < REDUCE_AHEAD; k++)
            next[k] = x[reduce_next(a, &p)];
        for (int k = 0; k < REDUCE_AHEAD; k++)
            part.value += (double)next[k];
    }
    for (; term < a->terms; term += a->step)
        part.value += (double)x[reduce_next(a, &p)];
    return part;
}

MCD_BODY void reduce_use(const struct reduce_args *a, int64_t result, uint32_t member,
                         struct sum whole)
{
    sum_put(&a->to, result, member, whole);
}

#endif
