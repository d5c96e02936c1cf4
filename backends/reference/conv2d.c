/* CONV2D and its gradients, each as a sum for every element of the result. */
#include "ops.h"

/* Extents and attributes of a convolution, wherever its three tensors stand in the step. */
struct conv {
    int64_t c, h, w;   /* image */
    int64_t o, kh, kw; /* kernels */
    int64_t oh, ow;    /* result */
    const struct mcd_attr_conv *a;
};

static struct conv conv_of(const struct mcd_step *step, const struct mcd_shape *x,
                           const struct mcd_shape *k, const struct mcd_shape *y)
{
    struct conv c = {x->dim[0], x->dim[1], x->dim[2], k->dim[0],         k->dim[2],
                     k->dim[3], y->dim[1], y->dim[2], &step->attr.u.conv};
    return c;
}

static const char *conv2d_refuse(const struct mcd_step *step)
{
    if (step->in[1].rows || (step->nin == 3 && step->in[2].rows))
        return "kernels with rows of their own";
    return NULL;
}

/* By plane: one output channel of one row. */
static struct work conv2d_work(const struct mcd_step *step)
{
    const struct mcd_shape *k = &step->in[1].shape, *y = &step->out.shape;
    struct work w = {rows_of(&step->out) * y->dim[0],
                     y->dim[1] * y->dim[2] * k->dim[1] * k->dim[2] * k->dim[3]};
    return w;
}

/* What lies in the padding adds nothing. `k` starts at the kernel of one output channel. */
static double conv2d_at(const struct conv *c, struct reals x, struct reals k, int64_t oy,
                        int64_t ox)
{
    double sum = 0;
    for (int64_t in = 0; in < c->c; in++)
        for (int64_t ky = 0; ky < c->kh; ky++) {
            int64_t y = oy * c->a->stride[0] - c->a->pad[0] + ky * c->a->dilation[0];
            if (y < 0 || y >= c->h)
                continue;
            for (int64_t kx = 0; kx < c->kw; kx++) {
                int64_t col = ox * c->a->stride[1] - c->a->pad[1] + kx * c->a->dilation[1];
                if (col >= 0 && col < c->w)
                    sum += get(x, (in * c->h + y) * c->w + col) *
                           get(k, (in * c->kh + ky) * c->kw + kx);
            }
        }
    return sum;
}

static void conv2d(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    struct conv c = conv_of(s, &s->in[0].shape, &s->in[1].shape, &s->out.shape);
    for (int64_t i = first; i < end; i++) {
        int64_t o = i % c.o, plane = c.oh * c.ow;
        struct reals x = row_of(&s->in[0], i / c.o), y = reals_from(&s->out, i * plane);
        struct reals k = reals_from(&s->in[1], o * c.c * c.kh * c.kw);
        double bias = s->nin == 3 ? get(reals_of(&s->in[2]), o) : 0;
        for (int64_t j = 0; j < plane; j++)
            put(y, j, conv2d_at(&c, x, k, j / c.ow, j % c.ow) + bias);
    }
}

static const char *conv2d_dx_refuse(const struct mcd_step *step)
{
    return step->in[1].rows ? "kernels with rows of their own" : NULL;
}

/* By plane: one input channel of one row. */
static struct work conv2d_dx_work(const struct mcd_step *step)
{
    const struct mcd_shape *k = &step->in[1].shape, *x = &step->out.shape;
    struct work w = {rows_of(&step->out) * x->dim[0],
                     x->dim[1] * x->dim[2] * k->dim[0] * k->dim[2] * k->dim[3]};
    return w;
}

/* The result's coordinate that reads image coordinate `at` through kernel element `k`, or -1. */
static int64_t reader(const struct conv *c, int axis, int64_t at, int64_t k, int64_t extent)
{
    int64_t from = at + c->a->pad[axis] - k * c->a->dilation[axis];
    if (from < 0 || from % c->a->stride[axis] || from / c->a->stride[axis] >= extent)
        return -1;
    return from / c->a->stride[axis];
}

static double conv2d_dx_at(const struct conv *c, struct reals dy, struct reals k, int64_t in,
                           int64_t pixel)
{
    double sum = 0;
    for (int64_t ky = 0; ky < c->kh; ky++) {
        int64_t oy = reader(c, 0, pixel / c->w, ky, c->oh);
        for (int64_t kx = 0; oy >= 0 && kx < c->kw; kx++) {
            int64_t ox = reader(c, 1, pixel % c->w, kx, c->ow);
            for (int64_t o = 0; ox >= 0 && o < c->o; o++)
                sum += get(dy, (o * c->oh + oy) * c->ow + ox) *
                       get(k, ((o * c->c + in) * c->kh + ky) * c->kw + kx);
        }
    }
    return sum;
}

static void conv2d_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    struct conv c = conv_of(s, &s->out.shape, &s->in[1].shape, &s->in[0].shape);
    for (int64_t i = first; i < end; i++) {
        int64_t plane = c.h * c.w;
        struct reals dy = row_of(&s->in[0], i / c.c), dx = reals_from(&s->out, i * plane);
        for (int64_t j = 0; j < plane; j++)
            put(dx, j, conv2d_dx_at(&c, dy, reals_of(&s->in[1]), i % c.c, j));
    }
}

/* By kernel plane: one pair of channels. */
static struct work conv2d_dw_work(const struct mcd_step *step)
{
    const struct mcd_shape *k = &step->out.shape, *y = &step->in[0].shape;
    struct work w = {k->dim[0] * k->dim[1],
                     rows_of(&step->in[0]) * y->dim[1] * y->dim[2] * k->dim[2] * k->dim[3]};
    return w;
}

static double conv2d_dw_at(const struct conv *c, struct reals dy, struct reals x, int64_t ky,
                           int64_t kx)
{
    double sum = 0;
    for (int64_t oy = 0; oy < c->oh; oy++) {
        int64_t y = oy * c->a->stride[0] - c->a->pad[0] + ky * c->a->dilation[0];
        for (int64_t ox = 0; y >= 0 && y < c->h && ox < c->ow; ox++) {
            int64_t col = ox * c->a->stride[1] - c->a->pad[1] + kx * c->a->dilation[1];
            if (col >= 0 && col < c->w)
                sum += get(dy, oy * c->ow + ox) * get(x, y * c->w + col);
        }
    }
    return sum;
}

static void conv2d_dw(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    struct conv c = conv_of(s, &s->in[1].shape, &s->out.shape, &s->in[0].shape);
    int64_t rows = rows_of(&s->in[0]), taps = c.kh * c.kw;
    int64_t dy_row = c.o * c.oh * c.ow, x_row = s->in[1].rows ? c.c * c.h * c.w : 0;
    for (int64_t i = first * taps; i < end * taps; i++) {
        int64_t o = i / taps / c.c, in = i / taps % c.c;
        double sum = 0;
        for (int64_t v = 0; v < rows; v++)
            sum += conv2d_dw_at(&c, reals_from(&s->in[0], v * dy_row + o * c.oh * c.ow),
                                reals_from(&s->in[1], v * x_row + in * c.h * c.w), i % taps / c.kw,
                                i % c.kw);
        put(reals_of(&s->out), i, sum);
    }
}

const struct op conv2d_ops[] = {
    {MCD_OP_CONV2D, "conv2d", conv2d_refuse, conv2d_work, conv2d},
    {MCD_OP_CONV2D_DX, "conv2d_dx", conv2d_dx_refuse, conv2d_dx_work, conv2d_dx},
    {MCD_OP_CONV2D_DW, "conv2d_dw", NULL, conv2d_dw_work, conv2d_dw},
    {0, NULL, NULL, NULL, NULL},
};
