/* CONV2D, POOL2D and their gradients. */
#include "core/check/conformance/cases.h"

#include <stdio.h>

struct geometry {
    int64_t c, h, w, o, kh, kw;
    struct mcd_attr_conv a; /* stride, pad, dilation */
};

static const struct geometry convolutions[] = {
    {1, 1, 1, 1, 1, 1, {{1, 1}, {0, 0}, {1, 1}}},
    {1, 1, 1, 3, 3, 3, {{1, 1}, {1, 1}, {1, 1}}},
    {3, 5, 3, 4, 3, 3, {{1, 1}, {0, 0}, {1, 1}}},
    {3, 5, 3, 4, 3, 3, {{1, 1}, {1, 1}, {1, 1}}},
    {2, 5, 3, 1, 2, 3, {{2, 1}, {1, 0}, {1, 1}}},
    {2, 9, 7, 5, 3, 2, {{2, 3}, {1, 2}, {1, 1}}},
    {2, 9, 7, 5, 3, 3, {{1, 1}, {2, 2}, {2, 2}}},
    {3, 9, 7, 2, 3, 2, {{2, 1}, {3, 1}, {3, 2}}},
    {4, 9, 7, 33, 1, 1, {{1, 1}, {0, 0}, {1, 1}}},
    {1, 9, 7, 2, 9, 7, {{1, 1}, {0, 0}, {1, 1}}},
    {1, 28, 28, 20, 5, 5, {{1, 1}, {0, 0}, {1, 1}}},
    {3, 28, 28, 6, 5, 5, {{2, 2}, {2, 2}, {1, 1}}},
    {17, 12, 12, 19, 5, 5, {{1, 1}, {0, 0}, {1, 1}}},
    {2, 9, 7, 3, 2, 2, {{4, 4}, {0, 1}, {1, 1}}},
};

static int64_t extent(int64_t x, int64_t k, const struct mcd_attr_conv *a, int axis)
{
    return (x + 2 * a->pad[axis] - a->dilation[axis] * (k - 1) - 1) / a->stride[axis] + 1;
}

struct conv_shapes {
    struct mcd_shape x, k, y;
};

static struct conv_shapes shapes_of(const struct geometry *g)
{
    struct conv_shapes s = {
        mcd_shape3(g->c, g->h, g->w), mcd_shape4(g->o, g->c, g->kh, g->kw),
        mcd_shape3(g->o, extent(g->h, g->kh, &g->a, 0), extent(g->w, g->kw, &g->a, 1))};
    return s;
}

static struct mcd_step_case *conv_case(struct mcd_case_list *l, uint32_t op, uint32_t rows,
                                       const struct geometry *g)
{
    struct mcd_step_case *c = mcd_case_add(l, op, rows, "");
    c->attr.u.conv = g->a;
    snprintf(c->name, sizeof c->name, "stride %dx%d pad %dx%d dilation %dx%d", (int)g->a.stride[0],
             (int)g->a.stride[1], (int)g->a.pad[0], (int)g->a.pad[1], (int)g->a.dilation[0],
             (int)g->a.dilation[1]);
    return c;
}

static void conv(struct mcd_case_list *l, uint32_t rows, const struct geometry *g, int bias,
                 uint32_t fill)
{
    struct conv_shapes s = shapes_of(g);
    struct mcd_step_case *c = conv_case(l, MCD_OP_CONV2D, rows, g);
    mcd_case_input(c, rows, s.x, fill);
    mcd_case_input(c, 0, s.k, MCD_FILL_MIXED);
    if (bias)
        mcd_case_input(c, 0, mcd_shape1(g->o), MCD_FILL_MIXED);
    mcd_case_output(c, rows, s.y);
}

static void conv_gradients(struct mcd_case_list *l, uint32_t rows, const struct geometry *g)
{
    struct conv_shapes s = shapes_of(g);
    struct mcd_step_case *c = conv_case(l, MCD_OP_CONV2D_DX, rows, g);
    mcd_case_input(c, rows, s.y, MCD_FILL_MIXED);
    mcd_case_input(c, 0, s.k, MCD_FILL_MIXED);
    mcd_case_input(c, rows, s.x, MCD_FILL_NAN); /* only its shape counts */
    mcd_case_output(c, rows, s.x);

    c = conv_case(l, MCD_OP_CONV2D_DW, rows, g);
    mcd_case_input(c, rows, s.y, MCD_FILL_MIXED);
    mcd_case_input(c, rows, s.x, MCD_FILL_MIXED);
    mcd_case_input(c, 0, s.k, MCD_FILL_NAN); /* only its shape counts */
    mcd_case_output(c, 0, s.k);
}

static void pool(struct mcd_case_list *l, uint32_t rows, const struct geometry *g, uint32_t fill)
{
    struct mcd_shape x = mcd_shape3(g->c, g->h, g->w);
    struct mcd_shape y =
        mcd_shape3(g->c, extent(g->h, g->kh, &g->a, 0), extent(g->w, g->kw, &g->a, 1));
    for (int64_t kind = MCD_POOL_MAX; kind <= MCD_POOL_MEAN; kind++) {
        struct mcd_attr attr = MCD_ATTR_ZERO;
        attr.u.pool = (struct mcd_attr_pool){
            kind, {g->kh, g->kw}, {g->a.stride[0], g->a.stride[1]}, {g->a.pad[0], g->a.pad[1]}};
        const char *note = kind == MCD_POOL_MAX ? "max" : "mean";
        struct mcd_step_case *c = mcd_case_add(l, MCD_OP_POOL2D, rows, note);
        c->attr = attr;
        mcd_case_input(c, rows, x, fill);
        mcd_case_output(c, rows, y);
        c = mcd_case_add(l, MCD_OP_POOL2D_DX, rows, note);
        c->attr = attr;
        mcd_case_input(c, rows, y, MCD_FILL_MIXED);
        mcd_case_input(c, rows, x, fill);
        mcd_case_output(c, rows, x);
    }
}

/* `o` is not used, dilation is 1: pooling has none. */
static const struct geometry poolings[] = {
    {1, 1, 1, 0, 1, 1, {{1, 1}, {0, 0}, {1, 1}}}, {2, 1, 1, 0, 2, 2, {{1, 1}, {1, 1}, {1, 1}}},
    {3, 5, 3, 0, 2, 2, {{2, 2}, {0, 0}, {1, 1}}}, {3, 5, 3, 0, 3, 3, {{1, 1}, {1, 1}, {1, 1}}},
    {2, 9, 7, 0, 3, 2, {{2, 1}, {1, 0}, {1, 1}}}, {2, 9, 7, 0, 2, 3, {{3, 4}, {0, 1}, {1, 1}}},
    {1, 9, 7, 0, 9, 7, {{1, 1}, {0, 0}, {1, 1}}}, {5, 28, 28, 0, 2, 2, {{2, 2}, {0, 0}, {1, 1}}},
    {2, 9, 7, 0, 1, 1, {{2, 2}, {0, 0}, {1, 1}}}, {2, 9, 7, 0, 4, 5, {{1, 2}, {3, 4}, {1, 1}}},
};

void mcd_cases_image(struct mcd_case_list *l)
{
    for (size_t i = 0; i < MCD_COUNT(convolutions); i++)
        for (uint32_t rows = 0; rows <= 3; rows++) {
            conv(l, rows, &convolutions[i], rows & 1, MCD_FILL_MIXED);
            conv_gradients(l, rows, &convolutions[i]);
        }
    conv(l, 33, &convolutions[5], 1, MCD_FILL_MIXED);
    conv_gradients(l, 33, &convolutions[5]);
    conv(l, 3, &convolutions[5], 0, MCD_FILL_ONE_NAN);
    for (size_t i = 0; i < MCD_COUNT(poolings); i++) {
        pool(l, 0, &poolings[i], MCD_FILL_MIXED);
        pool(l, 3, &poolings[i], MCD_FILL_MIXED);
        pool(l, 3, &poolings[i], MCD_FILL_TIES);
        pool(l, 3, &poolings[i], MCD_FILL_ONE_NAN);
    }
    pool(l, 33, &poolings[4], MCD_FILL_TIES);
}
