/* POOL2D and its gradient, which finds each window's maximum again. */
#include "ops.h"

#include <math.h>

/* The part of one window that lies in the image. */
struct window {
    int64_t y0, y1, x0, x1;
};

struct pool {
    int64_t h, w, oh, ow;
    const struct mcd_attr_pool *a;
};

static struct pool pool_of(const struct mcd_step *step, const struct mcd_shape *x,
                           const struct mcd_shape *y)
{
    struct pool p = {x->dim[1], x->dim[2], y->dim[1], y->dim[2], &step->attr.u.pool};
    return p;
}

static struct window window_at(const struct pool *p, int64_t oy, int64_t ox)
{
    struct window w = {oy * p->a->stride[0] - p->a->pad[0], 0, ox * p->a->stride[1] - p->a->pad[1],
                       0};
    w.y1 = w.y0 + p->a->window[0] < p->h ? w.y0 + p->a->window[0] : p->h;
    w.x1 = w.x0 + p->a->window[1] < p->w ? w.x0 + p->a->window[1] : p->w;
    w.y0 = w.y0 > 0 ? w.y0 : 0;
    w.x0 = w.x0 > 0 ? w.x0 : 0;
    return w;
}

/* Index of the first maximum; a NaN is taken as greater than everything before it. */
static int64_t maximum_in(const struct pool *p, const struct window *w, struct reals x)
{
    int64_t best = w->y0 * p->w + w->x0;
    for (int64_t y = w->y0; y < w->y1; y++)
        for (int64_t col = w->x0; col < w->x1; col++) {
            double value = get(x, y * p->w + col);
            if (value > get(x, best) || isnan(value))
                best = y * p->w + col;
        }
    return best;
}

static int64_t window_count(const struct window *w)
{
    return (w->y1 - w->y0) * (w->x1 - w->x0);
}

static double mean_in(const struct pool *p, const struct window *w, struct reals x)
{
    double sum = 0;
    for (int64_t y = w->y0; y < w->y1; y++)
        for (int64_t col = w->x0; col < w->x1; col++)
            sum += get(x, y * p->w + col);
    return sum / (double)window_count(w);
}

static const char *pool2d_refuse(const struct mcd_step *step)
{
    const struct mcd_attr_pool *a = &step->attr.u.pool;
    if (a->kind != MCD_POOL_MAX && a->kind != MCD_POOL_MEAN)
        return "this kind of pooling";
    if (a->pad[0] >= a->window[0] || a->pad[1] >= a->window[1])
        return "windows that lie in the padding";
    return NULL;
}

/* By plane: one channel of one row. */
static struct work pool2d_work(const struct mcd_step *step)
{
    const struct mcd_shape *x = &step->in[step->nin - 1].shape;
    const int64_t *window = step->attr.u.pool.window;
    struct work w = {rows_of(&step->out) * x->dim[0],
                     x->dim[1] * x->dim[2] * window[0] * window[1]};
    return w;
}

static void pool2d(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    struct pool p = pool_of(s, &s->in[0].shape, &s->out.shape);
    int64_t from = p.h * p.w, to = p.oh * p.ow;
    for (int64_t i = first; i < end; i++) {
        struct reals x = reals_from(&s->in[0], i * from), y = reals_from(&s->out, i * to);
        for (int64_t j = 0; j < to; j++) {
            struct window w = window_at(&p, j / p.ow, j % p.ow);
            put(y, j,
                p.a->kind == MCD_POOL_MEAN ? mean_in(&p, &w, x) : get(x, maximum_in(&p, &w, x)));
        }
    }
}

/* The share of pixel (y, col) in the window of output (oy, ox), which contains it. */
static double share(const struct pool *p, struct reals x, int64_t oy, int64_t ox, int64_t pixel)
{
    struct window w = window_at(p, oy, ox);
    if (p->a->kind == MCD_POOL_MEAN)
        return 1.0 / (double)window_count(&w);
    return maximum_in(p, &w, x) == pixel;
}

/* First window along an axis that reaches coordinate `at`. */
static int64_t first_window(const struct pool *p, int axis, int64_t at)
{
    int64_t before =
        at + p->a->pad[axis] - p->a->window[axis]; /* windows starting here end at at */
    return before < 0 ? 0 : before / p->a->stride[axis] + 1;
}

static double pool2d_dx_at(const struct pool *p, struct reals dy, struct reals x, int64_t pixel)
{
    int64_t y = pixel / p->w, col = pixel % p->w;
    double sum = 0;
    for (int64_t oy = first_window(p, 0, y); oy < p->oh && oy * p->a->stride[0] - p->a->pad[0] <= y;
         oy++)
        for (int64_t ox = first_window(p, 1, col);
             ox < p->ow && ox * p->a->stride[1] - p->a->pad[1] <= col; ox++) {
            double part = share(p, x, oy, ox, pixel);
            if (part != 0)
                sum += part * get(dy, oy * p->ow + ox);
        }
    return sum;
}

static void pool2d_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    struct pool p = pool_of(s, &s->in[1].shape, &s->in[0].shape);
    int64_t from = p.oh * p.ow, to = p.h * p.w;
    for (int64_t i = first; i < end; i++) {
        struct reals dy = reals_from(&s->in[0], i * from), x = reals_from(&s->in[1], i * to);
        struct reals dx = reals_from(&s->out, i * to);
        for (int64_t j = 0; j < to; j++)
            put(dx, j, pool2d_dx_at(&p, dy, x, j));
    }
}

const struct op pool2d_ops[] = {
    {MCD_OP_POOL2D, "pool2d", pool2d_refuse, pool2d_work, pool2d},
    {MCD_OP_POOL2D_DX, "pool2d_dx", pool2d_refuse, pool2d_work, pool2d_dx},
    {0, NULL, NULL, NULL, NULL},
};
