/*
 * Nests of loops over the elements of up to three broadcast tensors.
 *
 * Dimensions run from the outermost to the innermost, the rows first. Extents of 1 are left out and
 * neighbours are merged where every operand allows it, so that the innermost loop is as long as it
 * can be.
 */
#ifndef CPU_NEST_H
#define CPU_NEST_H

#include <mcdrop/tensor.h>

enum { MCD_NEST_RANK = MCD_MAX_RANK + 1, MCD_NEST_OPERANDS = 3 };

struct mcd_nest {
    uint32_t rank;
    int64_t extent[MCD_NEST_RANK];
    int64_t stride[MCD_NEST_RANK][MCD_NEST_OPERANDS]; /* in elements; 0: repeated */
};

/* A place in a nest: the counters and where each operand stands. */
struct mcd_nest_place {
    int64_t at[MCD_NEST_RANK];
    int64_t offset[MCD_NEST_OPERANDS];
};

/*
 * Nest over `rows` rows of `shape` (rows 0: one). Each operand broadcasts to it as numpy does,
 * trailing dimensions aligned; one without rows is repeated for every row.
 */
void mcd_nest_build(struct mcd_nest *nest, uint32_t rows, const struct mcd_shape *shape,
                    uint32_t count, const struct mcd_tensor *const operands[]);

/* Appends an innermost dimension. */
void mcd_nest_append(struct mcd_nest *nest, int64_t extent, const int64_t *stride);

/* Takes the innermost dimension off: its extent (1 if there is none), its strides in `stride`. */
int64_t mcd_nest_inner(struct mcd_nest *nest, int64_t stride[MCD_NEST_OPERANDS]);

/* Number of places. */
int64_t mcd_nest_count(const struct mcd_nest *nest);

/* Place number `index` in row-major order. */
struct mcd_nest_place mcd_nest_seek(const struct mcd_nest *nest, int64_t index);

/* The next place; after the last one comes the first again. */
void mcd_nest_next(const struct mcd_nest *nest, struct mcd_nest_place *place);

#endif
