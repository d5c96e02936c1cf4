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

struct mcd_narrow {
    uint16_t *to;      /* rows begin `ld` elements apart */
    const float *from; /* dense */
    int64_t columns, ld;
};

/* Both factors of a product in one launch: numbers below `first` are elements of the first one. */
struct narrow_args {
    struct mcd_narrow factor[2];
    int64_t first;
};

MCD_BODY void narrow_body(const struct narrow_args *a, int64_t i)
{
    const int second = i >= a->first;
    const struct mcd_narrow *f = &a->factor[second];
    i -= second ? a->first : 0;
    f->to[f->ld == f->columns ? i : i / f->columns * f->ld + i % f->columns] = mcd_bf16(f->from[i]);
}

/* The same for floats that stay floats: each that bf16 holds. */
struct mcd_round_bf16 {
    float *to;
    const float *from;
};

struct round_bf16_args {
    struct mcd_round_bf16 factor[2];
    int64_t first;
};

MCD_BODY void round_bf16_body(const struct round_bf16_args *a, int64_t i)
{
    const int second = i >= a->first;
    const struct mcd_round_bf16 *f = &a->factor[second];
    union mcd_float_bits rounded = {0};
    i -= second ? a->first : 0;
    rounded.bits = (uint32_t)mcd_bf16(f->from[i]) << 16;
    f->to[i] = rounded.value;
}

#endif
