/* POOL2D and its gradient. Work is cut by planes: the channels of all rows. */
#include "elementary.h"
#include "ops.h"
#include "pieces.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 8192 /* elements of x */ };

struct job {
    float *out; /* y, or dx */
    const float *x, *dy;
    struct mcd_attr_pool attr;
    int64_t h, w, oh, ow; /* a plane of x, of y */
};

/* The part of a window that lies in the image; empty if first >= last. */
struct window {
    int64_t first[2], last[2];
};

static struct window window_at(const struct job *j, int64_t oy, int64_t ox)
{
    const struct mcd_attr_pool *a = &j->attr;
    int64_t y = oy * a->stride[0] - a->pad[0], x = ox * a->stride[1] - a->pad[1];
    int64_t y2 = y + a->window[0], x2 = x + a->window[1];
    return (struct window){{y > 0 ? y : 0, x > 0 ? x : 0},
                           {y2 < j->h ? y2 : j->h, x2 < j->w ? x2 : j->w}};
}

static double mean_divisor(const struct window *n)
{
    return (double)((n->last[0] - n->first[0]) * (n->last[1] - n->first[1]));
}

/* Where the largest is: the first of equals, the last NaN if there is one. -1: nowhere. */
static int64_t argmax(const struct job *j, const float *x, const struct window *n)
{
    int64_t best = -1;
    for (int64_t y = n->first[0]; y < n->last[0]; y++)
        for (int64_t i = y * j->w + n->first[1]; i < y * j->w + n->last[1]; i++)
            if (best < 0 || x[i] > x[best] || isnan(x[i]))
                best = i;
    return best;
}

static float mean(const struct job *j, const float *x, const struct window *n)
{
    double s = 0;
    for (int64_t y = n->first[0]; y < n->last[0]; y++)
        for (int64_t i = y * j->w + n->first[1]; i < y * j->w + n->last[1]; i++)
            s += (double)x[i];
    return (float)(s / mean_divisor(n));
}

static void plane(const struct job *j, float *out, const float *x)
{
    for (int64_t oy = 0; oy < j->oh; oy++)
        for (int64_t ox = 0; ox < j->ow; ox++) {
            struct window n = window_at(j, oy, ox);
            float *y = &out[oy * j->ow + ox];
            if (j->attr.kind == MCD_POOL_MEAN) {
                *y = mean(j, x, &n);
            } else {
                int64_t best = argmax(j, x, &n);
                *y = best < 0 ? -INFINITY : x[best];
            }
        }
}

static void plane_dx(const struct job *j, float *dx, const float *x, const float *dy)
{
    for (int64_t oy = 0; oy < j->oh; oy++)
        for (int64_t ox = 0; ox < j->ow; ox++) {
            struct window n = window_at(j, oy, ox);
            float d = dy[oy * j->ow + ox];
            if (j->attr.kind == MCD_POOL_MAX) {
                int64_t best = argmax(j, x, &n);
                if (best >= 0)
                    dx[best] += d;
                continue;
            }
            d = (float)((double)d / mean_divisor(&n));
            for (int64_t y = n.first[0]; y < n.last[0]; y++)
                for (int64_t i = y * j->w + n.first[1]; i < y * j->w + n.last[1]; i++)
                    dx[i] += d;
        }
}

/* As argmax chooses. Written, as the masks below, so that compilers see no branch in it. */
MCD_INTO_CLONE float larger(float best, float later)
{
    float m = later > best ? later : best;
    return later != later ? later : m;
}

/* All ones where a later value takes the place of the largest so far. */
MCD_INTO_CLONE uint32_t wins(float later, float best)
{
    uint32_t m = later > best ? 0xFFFFFFFFu : 0;
    return later != later ? 0xFFFFFFFFu : m;
}

MCD_INTO_CLONE float masked(float x, uint32_t mask)
{
    return mcd_from_bits(mcd_bits(x) & mask);
}

/* The usual pooling of a plane: windows of 2 x 2, side by side. */
static MCD_SHORT_CLONES void plane_2x2(const struct job *j, float *restrict out,
                                       const float *restrict x)
{
    const int64_t w = j->w, oh = j->oh, ow = j->ow;
    for (int64_t y = 0; y < oh; y++, x += 2 * w, out += ow)
        for (int64_t i = 0; i < ow; i++)
            out[i] = larger(larger(x[2 * i], x[2 * i + 1]), larger(x[w + 2 * i], x[w + 2 * i + 1]));
}

static MCD_SHORT_CLONES void plane_2x2_dx(const struct job *j, float *restrict dx,
                                          const float *restrict x, const float *restrict dy)
{
    const int64_t w = j->w, oh = j->oh, ow = j->ow;
    for (int64_t y = 0; y < oh; y++, x += 2 * w, dx += 2 * w, dy += ow)
        for (int64_t i = 0; i < ow; i++) {
            float a = x[2 * i], b = x[2 * i + 1], c = x[w + 2 * i], d = x[w + 2 * i + 1];
            uint32_t right = wins(b, a), low_right = wins(d, c);
            uint32_t low = wins(larger(c, d), larger(a, b));
            dx[2 * i] = masked(dy[i], ~low & ~right);
            dx[2 * i + 1] = masked(dy[i], ~low & right);
            dx[w + 2 * i] = masked(dy[i], low & ~low_right);
            dx[w + 2 * i + 1] = masked(dy[i], low & low_right);
        }
}

static int is_2x2(const struct job *j)
{
    const struct mcd_attr_pool *a = &j->attr;
    return a->kind == MCD_POOL_MAX && a->window[0] == 2 && a->window[1] == 2 && a->stride[0] == 2 &&
           a->stride[1] == 2 && a->pad[0] == 0 && a->pad[1] == 0;
}

static void any_plane(const struct job *j, float *out, const float *x)
{
    if (is_2x2(j))
        plane_2x2(j, out, x);
    else
        plane(j, out, x);
}

static void forward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t p = first; p < first + count; p++)
        any_plane(j, j->out + p * j->oh * j->ow, j->x + p * j->h * j->w);
}

static struct job job_of(const struct mcd_attr_pool *attr, const struct mcd_shape *x,
                         const struct mcd_shape *y)
{
    return (struct job){
        .attr = *attr, .h = x->dim[1], .w = x->dim[2], .oh = y->dim[1], .ow = y->dim[2]};
}

void mcd_pool_row(const struct mcd_attr_pool *attr, const struct mcd_shape *xs,
                  const struct mcd_shape *ys, float *y, const float *x)
{
    struct job j = job_of(attr, xs, ys);
    for (int64_t c = 0; c < xs->dim[0]; c++)
        any_plane(&j, y + c * j.oh * j.ow, x + c * j.h * j.w);
}

void mcd_pool_kept(const struct mcd_attr_pool *attr, const struct mcd_shape *xs,
                   const struct mcd_shape *ys, float *y, const float *x, const uint32_t *dropped,
                   float scale)
{
    struct job j = job_of(attr, xs, ys);
    const int64_t n = j.oh * j.ow;
    for (int64_t c = 0; c < xs->dim[0]; c++, y += n)
        if (dropped[c / 32] >> c % 32 & 1) {
            memset(y, 0, (size_t)n * sizeof *y);
        } else {
            any_plane(&j, y, x + c * j.h * j.w);
            mcd_drop_units(y, y, (const uint32_t[]){0}, scale, n, 1);
        }
}

static void backward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t p = first; p < first + count; p++) {
        float *dx = j->out + p * j->h * j->w;
        const float *x = j->x + p * j->h * j->w, *dy = j->dy + p * j->oh * j->ow;
        int fast = is_2x2(j), whole = 2 * j->oh == j->h && 2 * j->ow == j->w;
        if (!fast || !whole) /* windows may overlap, or leave a row or column out */
            memset(dx, 0, (size_t)(j->h * j->w) * sizeof *dx);
        if (fast)
            plane_2x2_dx(j, dx, x, dy);
        else
            plane_dx(j, dx, x, dy);
    }
}

static void compute(const struct mcd_cpu *cpu, const struct mcd_step *step, struct job *j,
                    const struct mcd_tensor *x, const struct mcd_tensor *y,
                    void (*f)(void *, int64_t, int64_t, uint32_t))
{
    const float *dy = j->dy;
    *j = job_of(&step->attr.u.pool, &x->shape, &y->shape);
    j->out = mcd_floats(&step->out);
    j->x = mcd_floats(x);
    j->dy = dy;
    mcd_cpu_split(cpu, mcd_rows(x) * x->shape.dim[0], GRAIN / (j->h * j->w), f, j);
}

MCD_CPU_RUN(mcd_cpu_pool2d)
{
    struct job j = {0};
    (void)run, (void)error;
    compute(state, step, &j, &step->in[0], &step->out, forward);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_pool2d_dx)
{
    struct job j = {.dy = mcd_floats(&step->in[0])};
    (void)run, (void)error;
    compute(state, step, &j, &step->in[1], &step->in[0], backward);
    return MCD_OK;
}
