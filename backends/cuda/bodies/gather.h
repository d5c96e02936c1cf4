/* GATHER: rows of a table in the order of another tensor, whatever their type of four bytes is. */
#ifndef MCD_CUDA_BODIES_GATHER_H
#define MCD_CUDA_BODIES_GATHER_H

#include "divide.h"

#include <mcdrop/backend.h>

struct gather_args {
    const struct mcd_run *run;
    const uint32_t *table;
    const int32_t *order;
    uint32_t *y;
    struct mcd_divisor elements, rows; /* of a row; of a pass */
    uint64_t table_rows, places;
};

/* What has no row in the table is -1, which is NaN as a real, too. */
MCD_BODY void gather_body(const struct gather_args *a, int64_t i)
{
    uint64_t at, from = UINT64_MAX;
    const uint64_t row = mcd_divide(&a->elements, (uint64_t)i, &at);
    const uint64_t r = mcd_remainder(&a->rows, row), first = a->run->first_place;
    if (first < a->places && r < a->places - first)
        from = (uint64_t)(int64_t)a->order[first + r]; /* negative ones are too large */
    a->y[i] = from < a->table_rows ? a->table[from * a->elements.by + at] : UINT32_MAX;
}

#endif
