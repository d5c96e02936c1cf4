/* Functions of one element: MAP, MAP_DX and AFFINE. */
#ifndef MCD_CUDA_BODIES_MAP_H
#define MCD_CUDA_BODIES_MAP_H

#include "../body.h"

#include <math.h>
#include <mcdrop/graph.h>

/* By whichever exponential does not overflow. */
MCD_BODY float map_sigmoid(float x)
{
    float e = expf(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

MCD_BODY float map_softplus(float x)
{
    return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

/* The normal law's Phi; erfc is precise in the left tail, too. */
MCD_BODY float map_normal_mass(float x)
{
    return 0.5f * erfcf(x * -0.70710678f);
}

MCD_BODY float map_gelu_slope(float x)
{
    float density = expf(-0.5f * x * x) * 0.39894228f; /* 1 / sqrt(2 pi) */
    return map_normal_mass(x) + x * density;
}

/* `function`: enum mcd_map. */
MCD_BODY float map_value(int32_t function, float x)
{
    switch (function) {
    case MCD_RELU:
        return x <= 0.0f ? 0.0f : x; /* lets NaN pass */
    case MCD_TANH:
        return tanhf(x);
    case MCD_SIGMOID:
        return map_sigmoid(x);
    case MCD_EXP:
        return expf(x);
    case MCD_LOG:
        return logf(x);
    case MCD_SQRT:
        return sqrtf(x);
    case MCD_SOFTPLUS:
        return map_softplus(x);
    default:
        return x * map_normal_mass(x);
    }
}

/* dy times the derivative at x, where y is the function's value. */
MCD_BODY float map_gradient(int32_t function, float dy, float x, float y)
{
    switch (function) {
    case MCD_RELU:
        return x <= 0.0f ? 0.0f : dy;
    case MCD_TANH:
        return dy * (1.0f - y * y);
    case MCD_SIGMOID:
        return dy * y * (1.0f - y);
    case MCD_EXP:
        return dy * y;
    case MCD_LOG:
        return dy / x;
    case MCD_SQRT:
        return dy / (2.0f * y);
    case MCD_SOFTPLUS:
        return dy * map_sigmoid(x);
    default:
        return dy * map_gelu_slope(x);
    }
}

struct map_args {
    float *y;
    const float *x;
    int32_t function;
};

MCD_BODY void map_body(const struct map_args *a, int64_t i)
{
    a->y[i] = map_value(a->function, a->x[i]);
}

struct map_dx_args {
    float *dx;
    const float *dy, *x, *y;
    int32_t function;
};

MCD_BODY void map_dx_body(const struct map_dx_args *a, int64_t i)
{
    a->dx[i] = map_gradient(a->function, a->dy[i], a->x[i], a->y[i]);
}

MCD_BODY float affine_value(float scale, float shift, float x)
{
    return scale * x + shift;
}

struct affine_args {
    float *y;
    const float *x;
    float scale, shift;
};

MCD_BODY void affine_body(const struct affine_args *a, int64_t i)
{
    a->y[i] = affine_value(a->scale, a->shift, a->x[i]);
}

#endif
