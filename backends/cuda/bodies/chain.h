/*
 * Chains of elementwise parts: MAP, AFFINE, a bias and DROP by bits that are there, all applied
 * while an element is in a register. DROP alone is a chain of one part.
 */
#ifndef MCD_CUDA_BODIES_CHAIN_H
#define MCD_CUDA_BODIES_CHAIN_H

#include "divide.h"
#include "map.h"

#include <mcdrop/backend.h>

enum { CHAIN_PARTS = 9 /* eight of a step and a bias */ };

enum chain_kind { CHAIN_MAP, CHAIN_AFFINE, CHAIN_BIAS, CHAIN_DROP, CHAIN_ZERO };

struct chain_part {
    uint32_t kind, function; /* enum chain_kind, enum mcd_map */
    float scale, shift;      /* of AFFINE; scale: of what DROP keeps, too */
    struct mcd_divisor span; /* elements that share a unit, or a value of the bias */
    const float *bias;
    const uint32_t *bits; /* of all rows; NULL: the run has them */
    uint32_t site, words; /* of a row */
};

struct chain {
    const struct mcd_run *run;
    uint32_t count;
    struct chain_part part[CHAIN_PARTS];
};

struct chain_args {
    struct chain chain;
    const float *x; /* of x_rows rows, which repeat; may be y */
    float *y;
    struct mcd_divisor x_rows;
    struct mcd_divisor quads; /* threads of a row, each for 4 elements */
    uint64_t elements;        /* of a row */
};

/* All bits set if DROP drops a unit of a row, else 0. */
MCD_BODY uint32_t chain_dropped(const struct chain *c, const struct chain_part *p, uint64_t row,
                                uint64_t unit)
{
    const uint32_t *bits = p->bits ? p->bits : c->run->bits[p->site];
    return 0 - (bits[row * p->words + unit / 32] >> unit % 32 & 1);
}

/* A part's value at element `at` of a row. A dropped element is 0, whatever it was. */
MCD_BODY float chain_part_value(const struct chain *c, uint32_t part, uint64_t row, uint64_t at,
                                float x)
{
    const struct chain_part *p = &c->part[part];
    const uint64_t unit = p->span.by == 1 ? at : mcd_quotient(&p->span, at);
    switch (p->kind) {
    case CHAIN_MAP:
        return map_value(p->function, x);
    case CHAIN_AFFINE:
        return affine_value(p->scale, p->shift, x);
    case CHAIN_BIAS:
        return x + p->bias[unit];
    case CHAIN_DROP:
        return chain_dropped(c, p, row, unit) ? 0.0f : p->scale * x;
    default:
        return 0.0f;
    }
}

MCD_BODY float chain_value(const struct chain *c, uint64_t row, uint64_t at, float x)
{
    for (uint32_t i = 0; i < c->count; i++)
        x = chain_part_value(c, i, row, at, x);
    return x;
}

struct chain_quad {
    float at[4];
} __attribute__((aligned(16)));

/* Four successive elements of a row, in one access where all rows are whole numbers of them. */
MCD_BODY void chain_body(const struct chain_args *a, int64_t i)
{
    uint64_t quad;
    const uint64_t row = mcd_divide(&a->quads, (uint64_t)i, &quad), first = 4 * quad;
    const uint64_t n = a->elements - first; /* that there are, if less than 4 */
    const float *x = a->x + mcd_remainder(&a->x_rows, row) * a->elements + first;
    float *y = a->y + row * a->elements + first;
    const int aligned = a->elements % 4 == 0;
    struct chain_quad q;
    if (aligned)
        q = *(const struct chain_quad *)x;
    else
        for (uint32_t k = 0; k < 4; k++)
            q.at[k] = k < n ? x[k] : 0.0f;
    for (uint32_t part = 0; part < a->chain.count; part++)
        for (uint32_t k = 0; k < 4; k++)
            if (k < n)
                q.at[k] = chain_part_value(&a->chain, part, row, first + k, q.at[k]);
    if (aligned)
        *(struct chain_quad *)y = q;
    else
        for (uint32_t k = 0; k < 4; k++)
            if (k < n)
                y[k] = q.at[k];
}

#endif
