/*
 * POOL2D behind a chain of elementwise parts, which may be empty, and its gradient. A thread
 * computes an element of the result from all that it depends on: nothing is scattered.
 */
#ifndef MCD_CUDA_BODIES_POOL2D_H
#define MCD_CUDA_BODIES_POOL2D_H

#include "chain.h"

enum { POOL2D_MOST = 1 << 28 /* of an extent, so that coordinates are of 32 bits */ };

struct pool2d_shape {
    int32_t h, w, oh, ow, window[2], stride[2], pad[2];
    int32_t mean; /* 0: the maximum */
};

/* The part of one window that lies in the image. */
struct pool2d_window {
    int32_t y0, y1, x0, x1;
};

MCD_BODY int32_t pool2d_least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

MCD_BODY int32_t pool2d_not_negative(int32_t a)
{
    return a > 0 ? a : 0;
}

MCD_BODY struct pool2d_window pool2d_window_at(const struct pool2d_shape *s, int32_t oy, int32_t ox)
{
    const int32_t y = oy * s->stride[0] - s->pad[0], x = ox * s->stride[1] - s->pad[1];
    struct pool2d_window w;
    w.y0 = pool2d_not_negative(y);
    w.y1 = pool2d_least(y + s->window[0], s->h);
    w.x0 = pool2d_not_negative(x);
    w.x1 = pool2d_least(x + s->window[1], s->w);
    return w;
}

MCD_BODY double pool2d_share(const struct pool2d_window *w)
{
    return 1.0 / ((double)(w->y1 - w->y0) * (double)(w->x1 - w->x0));
}

/* Index of a pixel in its plane. */
MCD_BODY int64_t pool2d_at(const struct pool2d_shape *s, int32_t y, int32_t x)
{
    return (int64_t)y * s->w + x;
}

/* Whether the maximum goes on to a later value: of equals it is the first, of NaN the last. */
MCD_BODY int pool2d_takes(float best, float value)
{
    return value > best || isnan(value);
}

/* ---- pooling ----------------------------------------------------------------------------- */

struct pool2d_args {
    struct chain chain;
    struct pool2d_shape shape;
    const float *x; /* of x_rows rows, which repeat */
    float *y;
    struct mcd_divisor x_rows, channels, plane, width; /* plane, width: of y */
};

MCD_BODY void pool2d_body(const struct pool2d_args *a, int64_t i)
{
    const struct pool2d_shape *s = &a->shape;
    uint64_t pixel, channel, ox;
    const uint64_t plane = mcd_divide(&a->plane, (uint64_t)i, &pixel);
    const uint64_t row = mcd_divide(&a->channels, plane, &channel);
    const uint64_t oy = mcd_divide(&a->width, pixel, &ox), pixels = (uint64_t)s->h * (uint64_t)s->w;
    const struct pool2d_window w = pool2d_window_at(s, (int32_t)oy, (int32_t)ox);
    const float *x = a->x + mcd_remainder(&a->x_rows, row) * a->channels.by * pixels;
    double sum = 0;
    float best = -INFINITY;
    for (int32_t y = w.y0; y < w.y1; y++)
        for (int32_t col = w.x0; col < w.x1; col++) {
            const uint64_t at = channel * pixels + (uint64_t)pool2d_at(s, y, col);
            const float value = chain_value(&a->chain, row, at, x[at]);
            if (s->mean)
                sum += (double)value;
            else if (pool2d_takes(best, value))
                best = value;
        }
    a->y[i] = s->mean ? (float)(sum * pool2d_share(&w)) : best;
}

/* ---- its gradient ------------------------------------------------------------------------ */

struct pool2d_dx_args {
    struct pool2d_shape shape;
    const float *dy, *x;
    float *dx;
    struct mcd_divisor plane, width, stride[2]; /* plane, width: of x */
};

/* Index in a plane of a window's maximum. */
MCD_BODY int64_t pool2d_taken(const struct pool2d_shape *s, const struct pool2d_window *w,
                              const float *x)
{
    int64_t taken = pool2d_at(s, w->y0, w->x0);
    float best = x[taken];
    for (int32_t y = w->y0; y < w->y1; y++)
        for (int32_t col = w->x0; col < w->x1; col++) {
            const int64_t at = pool2d_at(s, y, col);
            if (pool2d_takes(best, x[at])) {
                best = x[at];
                taken = at;
            }
        }
    return taken;
}

/* First window along an axis that reaches coordinate `at`: the one behind that which ends there. */
MCD_BODY int32_t pool2d_first(const struct pool2d_dx_args *a, int axis, int32_t at)
{
    const int32_t before = at + a->shape.pad[axis] - a->shape.window[axis];
    return before < 0 ? 0 : (int32_t)mcd_quotient(&a->stride[axis], (uint64_t)before) + 1;
}

MCD_BODY void pool2d_dx_body(const struct pool2d_dx_args *a, int64_t i)
{
    const struct pool2d_shape *s = &a->shape;
    uint64_t pixel, col;
    const uint64_t plane = mcd_divide(&a->plane, (uint64_t)i, &pixel);
    const int32_t at_y = (int32_t)mcd_divide(&a->width, pixel, &col), at_x = (int32_t)col;
    const float *x = a->x + plane * a->plane.by;
    const float *dy = a->dy + plane * (uint64_t)s->oh * (uint64_t)s->ow;
    const int32_t first = pool2d_first(a, 1, at_x);
    double sum = 0;
    for (int32_t oy = pool2d_first(a, 0, at_y); oy < s->oh && oy * s->stride[0] - s->pad[0] <= at_y;
         oy++)
        for (int32_t ox = first; ox < s->ow && ox * s->stride[1] - s->pad[1] <= at_x; ox++) {
            const struct pool2d_window w = pool2d_window_at(s, oy, ox);
            const float part = dy[(int64_t)oy * s->ow + ox];
            if (s->mean)
                sum += (double)part * pool2d_share(&w);
            else if (pool2d_taken(s, &w, x) == (int64_t)pixel)
                sum += (double)part;
        }
    a->dx[i] = (float)sum;
}

#endif
