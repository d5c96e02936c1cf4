/*
 * For tests of functions that a layer brings: y = f a tanh(b) + sum(a c), element by element, but
 * for the sum; a, b, c and y have as many elements, f is `self`.
 */
#ifndef TESTS_BLEND_H
#define TESTS_BLEND_H

#include <mcdrop/graph.h>

#include <math.h>

static const double blend_factor = 0.75;

static inline void blend_forward(const void *self, const struct mcd_shape *shape,
                                 const double *const *x, double *y)
{
    int64_t n = mcd_shape_count(&shape[3]);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[0][i] * x[2][i];
    for (int64_t i = 0; i < n; i++)
        y[i] = *(const double *)self * x[0][i] * tanh(x[1][i]) + sum;
}

static inline void blend_backward(const void *self, const struct mcd_shape *shape, uint32_t input,
                                  const double *const *x, const double *dy, double *dx)
{
    int64_t n = mcd_shape_count(&shape[input]);
    double f = *(const double *)self, sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += dy[i];
    for (int64_t i = 0; i < n; i++) {
        double t = tanh(x[1][i]);
        if (input == 0)
            dx[i] = f * dy[i] * t + sum * x[2][i];
        else if (input == 1)
            dx[i] = f * dy[i] * x[0][i] * (1 - t * t);
        else
            dx[i] = sum * x[0][i];
    }
}

static const struct mcd_custom blend = {
    .size = sizeof blend, .forward = blend_forward, .backward = blend_backward};

#endif
