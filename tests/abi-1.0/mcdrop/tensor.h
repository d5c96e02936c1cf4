/*
 * Tensors: element types, shapes, and views into a backend's buffers.
 *
 * Values are dense and row-major; images are [channels, height, width] (NCHW with the rows in
 * front). The row dimension - one row per input, or per input and pass - is not part of a shape:
 * a layer describes what happens to one row, and the planner decides how many there are.
 */
#ifndef MCDROP_TENSOR_H
#define MCDROP_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MCD_MAX_RANK 6

/* Element types: IEEE single and double, two's complement; native byte order. */
enum mcd_type { MCD_F32 = 1, MCD_F64, MCD_I32, MCD_U8, MCD_I64 };

/* Bytes of one element, 0 for an unknown type. */
static inline size_t mcd_type_size(uint32_t type)
{
    switch (type) {
    case MCD_U8:
        return 1;
    case MCD_F32:
    case MCD_I32:
        return 4;
    case MCD_F64:
    case MCD_I64:
        return 8;
    default:
        return 0;
    }
}

/* Extents of one row, without the row dimension. Rank 0 is a scalar: one element. */
struct mcd_shape {
    uint32_t rank;             /* 0 .. MCD_MAX_RANK */
    int64_t dim[MCD_MAX_RANK]; /* 1 .. 2^31 - 1, outermost first; beyond rank ignored */
};

/* Number of elements of one row. Shapes made by the core never overflow here. */
static inline int64_t mcd_shape_count(const struct mcd_shape *s)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

/* 1 if rank and extents are the same, else 0. */
static inline int mcd_shape_equal(const struct mcd_shape *a, const struct mcd_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return 0;
    return 1;
}

/* Shapes by their extents, outermost first. */
static inline struct mcd_shape mcd_shape4(int64_t a, int64_t b, int64_t c, int64_t d)
{
    struct mcd_shape s = {4, {a, b, c, d, 0, 0}};
    return s;
}

static inline struct mcd_shape mcd_shape3(int64_t a, int64_t b, int64_t c)
{
    struct mcd_shape s = {3, {a, b, c, 0, 0, 0}};
    return s;
}

static inline struct mcd_shape mcd_shape2(int64_t a, int64_t b)
{
    struct mcd_shape s = {2, {a, b, 0, 0, 0, 0}};
    return s;
}

static inline struct mcd_shape mcd_shape1(int64_t a)
{
    struct mcd_shape s = {1, {a, 0, 0, 0, 0, 0}};
    return s;
}

/* A scalar: one element, no dimension. */
static inline struct mcd_shape mcd_shape0(void)
{
    struct mcd_shape s = {0, {0, 0, 0, 0, 0, 0}};
    return s;
}

struct mcd_buffer; /* memory of a backend: see backend.h */

/* A view: `rows` rows of `shape`, starting `offset` bytes into the buffer. */
struct mcd_tensor {
    struct mcd_buffer *buffer;
    size_t offset;
    uint32_t type; /* enum mcd_type */
    uint32_t rows; /* 0: the value has no row dimension (a parameter, a loss): count it as one */
    struct mcd_shape shape;
};

/* Elements of the whole view. */
static inline int64_t mcd_tensor_count(const struct mcd_tensor *t)
{
    return mcd_shape_count(&t->shape) * (t->rows ? t->rows : 1);
}

#ifdef __cplusplus
}
#endif
#endif
