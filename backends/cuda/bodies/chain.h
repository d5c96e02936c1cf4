/*
 * Chains of elementwise parts: MAP, MAP_DX, AFFINE, a bias and DROP by bits that are there, all
 * applied while an element is in a register. DROP alone is a chain of one part. A chain of several
 * steps stores what lies between them on its way.
 */
#ifndef MCD_CUDA_BODIES_CHAIN_H
#define MCD_CUDA_BODIES_CHAIN_H

#include "divide.h"
#include "map.h"

#include <mcdrop/backend.h>

enum { CHAIN_PARTS = 16 };

enum chain_kind {
    CHAIN_MAP,
    CHAIN_AFFINE,
    CHAIN_BIAS,
    CHAIN_DROP,
    CHAIN_ZERO,
    CHAIN_MAP_DX, /* not before pooling, nor is this: */
    CHAIN_STORE   /* changes nothing */
};

struct chain_part {
    uint32_t kind;           /* enum chain_kind */
    int32_t function;        /* enum mcd_map */
    float scale, shift;      /* of AFFINE; scale: of what DROP keeps, too */
    struct mcd_divisor span; /* elements that share a unit, or a value of the bias */
    const float *x, *y;      /* of MAP_DX; x: the bias, too */
    float *to;               /* of STORE */
    const uint32_t *bits;    /* of all rows; NULL: the run has them */
    uint32_t site, words;    /* of a row */
};

struct chain {
    const struct mcd_run *run;
    uint64_t elements; /* of a row */
    uint32_t count;
    struct chain_part part[CHAIN_PARTS];
};

struct chain_args {
    struct chain chain;
    const float *x; /* of x_rows rows, which repeat */
    struct mcd_divisor x_rows;
    struct mcd_divisor quads; /* threads of a row, each for 4 elements */
};

/* All bits set if DROP drops a unit of a row, else 0. */
MCD_BODY uint32_t chain_dropped(const struct chain *c, const struct chain_part *p, uint64_t row,
                                uint64_t unit)
{
    const uint32_t *bits = p->bits ? p->bits : c->run->bits[p->site];
    return 0 - (bits[row * p->words + unit / 32] >> unit % 32 & 1);
}

/* What a part makes of element `at` of a row. A dropped element is 0, whatever it was. */
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
        return x + p->x[unit];
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

/* Four successive elements of a row, in one access where all rows are whole numbers of them. */
struct __attribute__((aligned(16))) chain_quad {
    float at[4];
};

MCD_BODY struct chain_quad chain_load(const float *x, uint64_t n, int aligned)
{
    struct chain_quad q = {{0.0f, 0.0f, 0.0f, 0.0f}};
    if (aligned)
        return *(const struct chain_quad *)x;
    for (uint32_t k = 0; k < 4; k++)
        if (k < n)
            q.at[k] = x[k];
    return q;
}

MCD_BODY void chain_store(float *y, const struct chain_quad *q, uint64_t n, int aligned)
{
    if (aligned)
        *(struct chain_quad *)y = *q;
    else
        for (uint32_t k = 0; k < 4; k++)
            if (k < n)
                y[k] = q->at[k];
}

/* A part on n elements from number `first` of a row on. */
MCD_BODY void chain_change(const struct chain *c, uint32_t part, uint64_t row, uint64_t first,
                           uint64_t n, struct chain_quad *q)
{
    const struct chain_part *p = &c->part[part];
    for (uint32_t k = 0; k < 4; k++) {
        const uint64_t i = row * c->elements + first + k;
        if (k < n)
            q->at[k] = p->kind == CHAIN_MAP_DX
                           ? map_gradient(p->function, q->at[k], p->x[i], p->y[i])
                           : chain_part_value(c, part, row, first + k, q->at[k]);
    }
}

MCD_BODY void chain_body(const struct chain_args *a, int64_t i)
{
    const struct chain *c = &a->chain;
    uint64_t quad;
    const uint64_t row = mcd_divide(&a->quads, (uint64_t)i, &quad), first = 4 * quad;
    const uint64_t n = c->elements - first; /* that there are, if less than 4 */
    const int aligned = c->elements % 4 == 0;
    struct chain_quad q =
        chain_load(a->x + mcd_remainder(&a->x_rows, row) * c->elements + first, n, aligned);
    for (uint32_t part = 0; part < c->count; part++)
        if (c->part[part].kind == CHAIN_STORE)
            chain_store(c->part[part].to + row * c->elements + first, &q, n, aligned);
        else
            chain_change(c, part, row, first, n, &q);
}

#endif
