/* Numbers of 16 bits, widened to float without rounding. */
#ifndef CORE_IO_HALF_H
#define CORE_IO_HALF_H

#include <stdint.h>
#include <string.h>

static inline float mcd_float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* bfloat16: the upper half of a float. */
static inline float mcd_float_of_bfloat(uint16_t b)
{
    return mcd_float_of_bits((uint32_t)b << 16);
}

/* IEEE half: 5 bits of exponent (bias 15), 10 of fraction. */
static inline float mcd_float_of_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    if (exponent == 0) /* zero or subnormal: fraction * 2^-24 */
        return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
    exponent = exponent == 31 ? 255 : exponent + 127 - 15;
    return mcd_float_of_bits(sign | exponent << 23 | fraction << 13);
}

#endif
