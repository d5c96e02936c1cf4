/* Building and walking nests of loops. */
#include "nest.h"

#include <string.h>

static int merges(const struct mcd_nest *nest, int64_t extent, const int64_t *stride)
{
    if (nest->rank == 0)
        return 0;
    for (int k = 0; k < MCD_NEST_OPERANDS; k++)
        if (nest->stride[nest->rank - 1][k] != extent * stride[k])
            return 0;
    return 1;
}

void mcd_nest_append(struct mcd_nest *nest, int64_t extent, const int64_t *stride)
{
    if (extent == 1)
        return;
    if (merges(nest, extent, stride))
        nest->extent[nest->rank - 1] *= extent;
    else
        nest->extent[nest->rank++] = extent;
    memcpy(nest->stride[nest->rank - 1], stride, sizeof *nest->stride);
}

/* Stride of an operand along dimension d of a shape of that rank. */
static int64_t stride_along(const struct mcd_tensor *t, uint32_t rank, uint32_t d)
{
    int64_t own = (int64_t)d - (rank - (int64_t)t->shape.rank), stride = 1;
    if (own < 0 || t->shape.dim[own] == 1)
        return 0;
    for (uint32_t i = (uint32_t)own + 1; i < t->shape.rank; i++)
        stride *= t->shape.dim[i];
    return stride;
}

void mcd_nest_build(struct mcd_nest *nest, uint32_t rows, const struct mcd_shape *shape,
                    uint32_t count, const struct mcd_tensor *const operands[])
{
    int64_t stride[MCD_NEST_OPERANDS] = {0};
    *nest = (struct mcd_nest){0};
    for (uint32_t k = 0; k < count; k++)
        stride[k] = operands[k]->rows ? mcd_shape_count(&operands[k]->shape) : 0;
    mcd_nest_append(nest, rows ? rows : 1, stride);
    for (uint32_t d = 0; d < shape->rank; d++) {
        for (uint32_t k = 0; k < count; k++)
            stride[k] = stride_along(operands[k], shape->rank, d);
        mcd_nest_append(nest, shape->dim[d], stride);
    }
}

int64_t mcd_nest_inner(struct mcd_nest *nest, int64_t stride[MCD_NEST_OPERANDS])
{
    memset(stride, 0, MCD_NEST_OPERANDS * sizeof *stride);
    if (nest->rank == 0)
        return 1;
    nest->rank--;
    memcpy(stride, nest->stride[nest->rank], sizeof *nest->stride);
    return nest->extent[nest->rank];
}

int64_t mcd_nest_count(const struct mcd_nest *nest)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < nest->rank; d++)
        n *= nest->extent[d];
    return n;
}

struct mcd_nest_place mcd_nest_seek(const struct mcd_nest *nest, int64_t index)
{
    struct mcd_nest_place p = {{0}, {0}};
    for (uint32_t d = nest->rank; d-- > 0;) {
        p.at[d] = index % nest->extent[d];
        index /= nest->extent[d];
        for (int k = 0; k < MCD_NEST_OPERANDS; k++)
            p.offset[k] += p.at[d] * nest->stride[d][k];
    }
    return p;
}

void mcd_nest_next(const struct mcd_nest *nest, struct mcd_nest_place *p)
{
    for (uint32_t d = nest->rank; d-- > 0;) {
        int wraps = ++p->at[d] == nest->extent[d];
        for (int k = 0; k < MCD_NEST_OPERANDS; k++)
            p->offset[k] += nest->stride[d][k] * (wraps ? 1 - nest->extent[d] : 1);
        if (!wraps)
            return;
        p->at[d] = 0;
    }
}
