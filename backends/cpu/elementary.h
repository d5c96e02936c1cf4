/*
 * Elementary functions of one float without branches, so that loops over them become vector code.
 *
 * Errors are a few units in the last place. Infinities, zeros, denormals come out as in libm, NaN
 * stays NaN. The polynomials are Chebyshev fits made for these intervals; the error given beside
 * each is relative. No fused operations: see clones.h.
 */
#ifndef CPU_ELEMENTARY_H
#define CPU_ELEMENTARY_H

#include "clones.h"
#include <math.h>
#include <string.h>

MCD_INTO_CLONE uint32_t mcd_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

MCD_INTO_CLONE float mcd_from_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

MCD_INTO_CLONE float mcd_abs(float x)
{
    return mcd_from_bits(mcd_bits(x) & 0x7FFFFFFFu);
}

/* Magnitude of a, sign of b. */
MCD_INTO_CLONE float mcd_with_sign(float a, float b)
{
    return mcd_from_bits((mcd_bits(a) & 0x7FFFFFFFu) | (mcd_bits(b) & 0x80000000u));
}

/* 2^n for n = -126 .. 127. */
MCD_INTO_CLONE float mcd_power_of_2(int32_t n)
{
    return mcd_from_bits((uint32_t)(n + 127) << 23);
}

/* x = n log 2 + r, |r| <= log(2) / 2; returns e^r - 1. For |x| < 150. */
MCD_INTO_CLONE float mcd_exp_reduced(float x, int32_t *n)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    float shifted = x * 1.44269504f + magic, whole = shifted - magic;
    *n = (int32_t)(mcd_bits(shifted) - mcd_bits(magic));
    float r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f; /* log 2 in two parts */
    float p = 1.98929900e-4f;                                       /* (e^r - 1 - r) / r^2, 4e-9 */
    p = p * r + 1.393545184e-3f;
    p = p * r + 8.333309087e-3f;
    p = p * r + 4.166644837e-2f;
    p = p * r + 0.1666666668f;
    p = p * r + 0.5f;
    return r * r * p + r;
}

MCD_INTO_CLONE float mcd_exp(float x)
{
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    int32_t n;
    float y = mcd_exp_reduced(x, &n) + 1.0f;
    int32_t half = n >> 1; /* in two steps: 2^n may be out of range where the result is not */
    return y * mcd_power_of_2(half) * mcd_power_of_2(n - half);
}

/* tanh x = (e^2x - 1) / (e^2x + 1) */
MCD_INTO_CLONE float mcd_tanh(float x)
{
    float a = mcd_abs(x);
    a = a > 10.0f ? 10.0f : a; /* already 1 */
    int32_t n;
    float y = mcd_exp_reduced(2.0f * a, &n), scale = mcd_power_of_2(n & 63); /* NaN: any n */
    float e = scale * y + (scale - 1.0f);
    return mcd_with_sign(e / (e + 2.0f), x);
}

MCD_INTO_CLONE float mcd_sigmoid(float x)
{
    float e = mcd_exp(-mcd_abs(x)), d = 1.0f / (1.0f + e);
    return x < 0.0f ? e * d : d;
}

/* log x = n log 2 + log m, m in [sqrt(1/2), sqrt(2)), log m = 2 atanh((m - 1) / (m + 1)) */
MCD_INTO_CLONE float mcd_log(float x)
{
    int tiny = x < 1.17549435e-38f;
    uint32_t u = mcd_bits(tiny ? x * 8388608.0f : x) - 0x3F3504F3u; /* bits of sqrt(1/2) */
    float n = (float)((int32_t)u >> 23) - (tiny ? 23.0f : 0.0f);
    float f = mcd_from_bits((u & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
    float s = f / (f + 2.0f), s2 = s * s;
    float p = 0.116664564f; /* (atanh s - s) / s^3, 2e-9 */
    p = p * s2 + 0.1427536542f;
    p = p * s2 + 0.2000006132f;
    p = p * s2 + 0.3333333328f;
    float y = n * 0.693359375f + (n * -2.12194440e-4f + 2.0f * (s * s2 * p + s));
    y = x > 0.0f ? y : (x == 0.0f ? -INFINITY : NAN);
    return x == INFINITY ? x : y;
}

/* atanh s for |s| <= 1/3 */
MCD_INTO_CLONE float mcd_atanh_third(float s)
{
    float s2 = s * s, p = 0.1039380843f; /* (atanh s - s) / s^3, 3e-10 */
    p = p * s2 + 0.08732351233f;
    p = p * s2 + 0.111323556f;
    p = p * s2 + 0.1428515286f;
    p = p * s2 + 0.2000000538f;
    p = p * s2 + 0.3333333333f;
    return s * s2 * p + s;
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|, log(1 + e) = 2 atanh(e / (2 + e)) */
MCD_INTO_CLONE float mcd_softplus(float x)
{
    float e = mcd_exp(-mcd_abs(x));
    return (x < 0.0f ? 0.0f : x) + 2.0f * mcd_atanh_third(e / (2.0f + e));
}

/* e^(-a^2/2) in *bell; returns Phi(-a) / bell. For a in [0, 15]. */
MCD_INTO_CLONE float mcd_normal_tail(float a, float *bell)
{
    float d = 1.0f / (a + 4.0f), t = (a - 4.0f) * d;
    float p = -0.0001201844011f; /* (a + 4) e^(a^2/2) Phi(-a), 2e-8 */
    p = p * t + 0.0002012617303f;
    p = p * t + 0.001572317879f;
    p = p * t - 0.0035261837f;
    p = p * t - 0.007529250703f;
    p = p * t + 0.06040668873f;
    p = p * t - 0.1865226849f;
    p = p * t + 0.3871366841f;
    p = p * t - 0.6078966183f;
    p = p * t + 0.7552851383f;
    *bell = mcd_exp(-0.5f * a * a);
    return p * d;
}

/* Phi(x), and its derivative where wanted */
MCD_INTO_CLONE float mcd_normal_cdf(float x, float *density)
{
    float a = mcd_abs(x), bell;
    a = a > 15.0f ? 15.0f : a;
    float tail = mcd_normal_tail(a, &bell) * bell;
    *density = bell * 0.398942280f;
    return x < 0.0f ? tail : 1.0f - tail;
}

MCD_INTO_CLONE float mcd_gelu(float x)
{
    float density;
    return x * mcd_normal_cdf(x, &density);
}

MCD_INTO_CLONE float mcd_gelu_slope(float x)
{
    float density, cdf = mcd_normal_cdf(x, &density), a = mcd_abs(x);
    a = a > 15.0f ? 15.0f : a; /* infinity times density 0 would be NaN */
    return cdf + mcd_with_sign(a, x) * density;
}

/* sqrt(-2 log u), u = (word + 1/2) / 2^32, exact to rounding where u is close to 1 too */
MCD_INTO_CLONE float mcd_normal_radius(uint32_t word)
{
    const float unit = 2.32830644e-10f;                                      /* 2^-32 */
    float u = ((float)word + 0.5f) * unit, v = ((float)~word + 0.5f) * unit; /* v = 1 - u */
    float near = -2.0f * mcd_atanh_third(v / (2.0f - v)), far = mcd_log(u);
    return sqrtf(-2.0f * (word >> 31 ? near : far));
}

/* Sine and cosine of 2 pi (word + 1/2) / 2^32: by the nearest quarter and what is left. */
MCD_INTO_CLONE void mcd_normal_angle(uint32_t word, float *sine, float *cosine)
{
    uint32_t quarter = (word + 0x20000000u) >> 30;
    float a = ((float)(int32_t)(word - (quarter << 30)) + 0.5f) * 1.46291808e-9f, a2 = a * a;
    float s = -0.000195876391f; /* (sin a - a) / a^3 */
    s = s * a2 + 0.008332747105f;
    s = s * a2 - 0.1666666466f;
    s = a * a2 * s + a;
    float c = 2.454768977e-5f; /* (cos a - 1 + a^2 / 2) / a^4 */
    c = c * a2 - 0.001388830187f;
    c = c * a2 + 0.04166666465f;
    c = c * (a2 * a2) - 0.5f * a2 + 1.0f;
    float along = quarter & 1 ? s : c, across = quarter & 1 ? c : s;
    *cosine = (quarter + 1) & 2 ? -along : along;
    *sine = quarter & 2 ? -across : across;
}

#endif
