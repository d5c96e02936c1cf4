/* POOL2D and its gradient. Work is cut by planes: the channels of all rows. */
#include "clones.h"
#include "ops.h"

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
    memset(dx, 0, (size_t)(j->h * j->w) * sizeof *dx);
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

/* Whether a later value takes the place of the largest so far, as in argmax. */
MCD_INTO_CLONE int wins(float later, float best)
{
    return later > best || later != later;
}

MCD_INTO_CLONE float larger(float best, float later)
{
    return wins(later, best) ? later : best;
}

/* The usual pooling, windows of 2 x 2 side by side, for a row of windows. */
static MCD_CLONES void pairs(float *restrict out, const float *restrict top,
                             const float *restrict bottom, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] =
            larger(larger(top[2 * i], top[2 * i + 1]), larger(bottom[2 * i], bottom[2 * i + 1]));
}

static MCD_CLONES void pairs_dx(float *restrict dtop, float *restrict dbottom,
                                const float *restrict top, const float *restrict bottom,
                                const float *restrict dy, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float a = top[2 * i], b = top[2 * i + 1], c = bottom[2 * i], d = bottom[2 * i + 1];
        int b_wins = wins(b, a), d_wins = wins(d, c);
        float upper = b_wins ? b : a, lower = d_wins ? d : c, g = dy[i];
        int low_wins = wins(lower, upper);
        float up = low_wins ? 0.0f : g, low = low_wins ? g : 0.0f;
        dtop[2 * i] = b_wins ? 0.0f : up;
        dtop[2 * i + 1] = b_wins ? up : 0.0f;
        dbottom[2 * i] = d_wins ? 0.0f : low;
        dbottom[2 * i + 1] = d_wins ? low : 0.0f;
    }
}

static int is_2x2(const struct job *j)
{
    const struct mcd_attr_pool *a = &j->attr;
    return a->kind == MCD_POOL_MAX && a->window[0] == 2 && a->window[1] == 2 && a->stride[0] == 2 &&
           a->stride[1] == 2 && a->pad[0] == 0 && a->pad[1] == 0;
}

static void forward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t p = first; p < first + count; p++) {
        float *out = j->out + p * j->oh * j->ow;
        const float *x = j->x + p * j->h * j->w;
        if (!is_2x2(j))
            plane(j, out, x);
        else
            for (int64_t oy = 0; oy < j->oh; oy++)
                pairs(out + oy * j->ow, x + 2 * oy * j->w, x + (2 * oy + 1) * j->w, j->ow);
    }
}

static void backward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t p = first; p < first + count; p++) {
        float *dx = j->out + p * j->h * j->w;
        const float *x = j->x + p * j->h * j->w, *dy = j->dy + p * j->oh * j->ow;
        if (!is_2x2(j)) {
            plane_dx(j, dx, x, dy);
            continue;
        }
        if (2 * j->oh != j->h || 2 * j->ow != j->w) /* a row or column is in no window */
            memset(dx, 0, (size_t)(j->h * j->w) * sizeof *dx);
        for (int64_t oy = 0; oy < j->oh; oy++) {
            int64_t top = 2 * oy * j->w, bottom = top + j->w;
            pairs_dx(dx + top, dx + bottom, x + top, x + bottom, dy + oy * j->ow, j->ow);
        }
    }
}

static void compute(const struct mcd_cpu *cpu, const struct mcd_step *step, struct job *j,
                    const struct mcd_tensor *x, const struct mcd_tensor *y,
                    void (*f)(void *, int64_t, int64_t, uint32_t))
{
    j->out = mcd_floats(&step->out);
    j->x = mcd_floats(x);
    j->attr = step->attr.u.pool;
    j->h = x->shape.dim[1];
    j->w = x->shape.dim[2];
    j->oh = y->shape.dim[1];
    j->ow = y->shape.dim[2];
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
