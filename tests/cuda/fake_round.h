/* Factors as tensor cores read them. */
#ifndef TESTS_CUDA_FAKE_ROUND_H
#define TESTS_CUDA_FAKE_ROUND_H

#include <stdint.h>
#include <string.h>

/* To the nearest, or even, with so many bits behind the leading one. */
static inline float fake_rounded(float x, int bits)
{
    uint32_t u;
    const uint32_t last = 1u << (23 - bits);
    memcpy(&u, &x, sizeof u);
    if ((u & 0x7F800000u) == 0x7F800000u)
        return x;
    u += last / 2 - 1 + (u / last & 1);
    u &= ~(last - 1);
    memcpy(&x, &u, sizeof u);
    return x;
}

enum { FAKE_TF32_BITS = 10, FAKE_BF16_BITS = 7, FAKE_F32_BITS = 23 };

static inline float fake_factor(float x, int bits)
{
    return bits == FAKE_F32_BITS ? x : fake_rounded(x, bits);
}

static inline float fake_from_bf16(uint16_t half)
{
    const uint32_t u = (uint32_t)half << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* What a sum is whose terms are added in another order each time. */
static inline float fake_unsteady(double sum, uint64_t turn)
{
    return (float)(sum * (1 + (double)(turn % 3) * 0x1p-22));
}

#endif
