/*
 * NOISE, and DROP by the Gaussian law: numbers of random.h, as they are or as factors.
 *
 * Normals are those of mcd_normal up to rounding, computed in single precision, since most cards
 * do little else fast: u is taken from the end that it is nearer to, so that its logarithm is good
 * near 0 and near 1.
 */
#ifndef MCD_CUDA_BODIES_NOISE_H
#define MCD_CUDA_BODIES_NOISE_H

#include "divide.h"

#include <math.h>
#include <mcdrop/backend.h>

struct noise_args {
    const struct mcd_run *run;
    const float *x; /* factors of x_rows rows, which repeat; NULL: all 1 */
    float *y;
    struct mcd_divisor x_rows;
    struct mcd_divisor blocks; /* of 4 units, of a row */
    struct mcd_divisor lanes;  /* threads that share a block */
    uint64_t units, span;
    float shift, spread;   /* of the factor that a number becomes */
    uint32_t site, normal; /* 0: uniform */
};

#ifndef __CUDACC__ /* the device has it */
static inline void sincospif(float x, float *sine, float *cosine)
{
    *sine = (float)sin(3.14159265358979323846 * x);
    *cosine = (float)cos(3.14159265358979323846 * x);
}
#endif

MCD_BODY void noise_normals(uint32_t even, uint32_t odd, float z[2])
{
    const float unit = 2.32830644e-10f; /* 2^-32 */
    float log_u =
        even >> 31 ? log1pf(((float)~even + 0.5f) * -unit) : logf(((float)even + 0.5f) * unit);
    float radius = sqrtf(-2.0f * log_u), sine, cosine;
    sincospif(((float)(int32_t)odd + 0.5f) * (2.0f * unit), &sine, &cosine); /* whole turns less */
    z[0] = radius * cosine;
    z[1] = radius * sine;
}

/* The numbers of units 4 * block ... + 3 of a row. */
MCD_BODY void noise_numbers(const struct noise_args *a, uint32_t row, uint32_t block, float out[4])
{
    const struct mcd_address address = mcd_run_address(a->run, a->site, row);
    const struct mcd_words words = mcd_noise_words(&address, block);
    const uint32_t flip = mcd_run_flip(a->run, a->site, row);
    noise_normals(words.w[0], words.w[1], out);
    noise_normals(words.w[2], words.w[3], out + 2);
    for (uint32_t k = 0; k < 4; k++) {
        float u = ((float)(words.w[k] >> 9) + 0.5f) * 1.1920929e-7f; /* mcd_uniform: exact */
        out[k] = a->normal ? (flip ? -out[k] : out[k]) : (flip ? 1.0f - u : u);
    }
}

/* Elements lane, lane + lanes, ... of each of the units of one block. */
MCD_BODY void noise_body(const struct noise_args *a, int64_t i)
{
    uint64_t lane, block;
    const uint64_t number = mcd_divide(&a->lanes, (uint64_t)i, &lane);
    const uint64_t row = mcd_divide(&a->blocks, number, &block), elements = a->units * a->span;
    const float *x = a->x ? a->x + mcd_remainder(&a->x_rows, row) * elements : NULL;
    float out[4];
    noise_numbers(a, (uint32_t)row, (uint32_t)block, out);
    for (uint32_t k = 0; k < 4; k++) {
        const uint64_t unit = 4 * block + k;
        const float factor = a->shift + a->spread * out[k];
        if (unit < a->units)
            for (uint64_t at = unit * a->span + lane; at < (unit + 1) * a->span; at += a->lanes.by)
                a->y[row * elements + at] = x ? factor * x[at] : factor;
    }
}

#endif
