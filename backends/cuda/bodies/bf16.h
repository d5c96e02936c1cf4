/*
 * From float to bf16, the upper half of a float: round to nearest, ties to even; NaN stays NaN.
 */
#ifndef MCD_CUDA_BF16_H
#define MCD_CUDA_BF16_H

#include "../body.h"

union mcd_float_bits {
    float value;
    uint32_t bits;
};

MCD_BODY uint16_t mcd_bf16(float x)
{
    union mcd_float_bits f = {x};
    if ((f.bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(f.bits >> 16 | 0x40); /* a NaN whose lower half may be all it had */
    return (uint16_t)((f.bits + 0x7FFF + (f.bits >> 16 & 1)) >> 16);
}

/* A matrix as bf16, whose rows begin `ld` elements apart. */
struct narrow_args {
    uint16_t *to;
    const float *from; /* dense */
    int64_t columns, ld;
};

MCD_BODY void narrow_body(const struct narrow_args *a, int64_t i)
{
    int64_t at = a->ld == a->columns ? i : i / a->columns * a->ld + i % a->columns;
    a->to[at] = mcd_bf16(a->from[i]);
}

/* Floats that bf16 holds, still as floats. */
struct round_bf16_args {
    float *to;
    const float *from;
};

MCD_BODY void round_bf16_body(const struct round_bf16_args *a, int64_t i)
{
    union mcd_float_bits f = {0};
    f.bits = (uint32_t)mcd_bf16(a->from[i]) << 16;
    a->to[i] = f.value;
}

#endif
