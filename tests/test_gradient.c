/*
 * core/graph/gradient.c: the gradient of every op, layer and model against finite differences; and that
 * this check notices what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/differences.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"
#include "core/plugin/search.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

static const char f64[] = "reference:precision=f64";

static int is_fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

/* ---- one case ------------------------------------------------------------------------------- */

/* A recording on one input; returns any value. */
struct gradient_case {
    const char *name;
    mcd_val (*build)(struct rig *r, mcd_val x, const struct gradient_case *c);
    struct mcd_shape in;
    double scale, shift; /* of the inputs: shift + scale (-1, 1); scale 0 is 1 */
    int64_t a, b, p;     /* what build makes of them */
    struct mcd_shape shape;
    const char *text;
    int flat; /* 1: nothing depends on anything */
};

static void check_case(const struct gradient_case *c, uint32_t rows)
{
    struct rig r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, c->in);
    mcd_val y = c->build(&r, x, c);
    if (r.core->error.code)
        fail_msg("%s: %s: %s", c->name, r.core->error.where, r.core->error.text);
    struct differences d = {
        .rows = rows, .scale = c->scale, .shift = c->shift, .probes = is_fast() ? 4 : 40};
    differences_check(&r, y, &d);
    if (!(d.worst <= differences_tolerance))
        fail_msg("%s: %g: %s", c->name, d.worst, d.where);
    if (!c->flat && d.largest < 1e-3)
        fail_msg("%s: the gradient is %g: nothing was checked", c->name, d.largest);
    assert_true(d.tried > 0);
    rig_close(&r);
}

static void check_cases(const struct gradient_case *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_case(&c[i], 3);
        check_case(&c[i], 1);
    }
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

static const struct mcd_shape scalar = {0, {0}};

static mcd_val param(struct rig *r, const char *name, struct mcd_shape shape)
{
    return mcd_param(r->g, name, shape, 0, 0.9);
}

/* The same, away from 0 and positive. */
static mcd_val positive(struct rig *r, const char *name, struct mcd_shape shape)
{
    return mcd_param(r->g, name, shape, 1.5, 0.6);
}

/* ---- products ------------------------------------------------------------------------------- */

static mcd_val linear(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_shape in = mcd_shape_of(r->g, x);
    mcd_val w = param(r, "w", mcd_shape2(c->a, in.dim[0]));
    return mcd_linear(r->g, x, w, c->b ? param(r, "b", mcd_shape1(c->a)) : MCD_ABSENT);
}

/* A vector without rows goes through too. */
static mcd_val linear_of_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = linear(r, param(r, "x", mcd_shape1(4)), c);
    return mcd_mul(r->g, x, y);
}

/* Weights that are computed. */
static mcd_val linear_of_product(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val u = param(r, "u", mcd_shape2(c->a, 1)), v = param(r, "v", mcd_shape2(1, c->in.dim[0]));
    mcd_val b = mcd_map(r->g, MCD_TANH, param(r, "b", mcd_shape1(c->a)));
    return mcd_linear(r->g, x, mcd_mul(r->g, u, v), b);
}

static const struct mcd_attr_conv convs[] = {
    {{1, 1}, {0, 0}, {1, 1}},
    {{1, 1}, {2, 2}, {1, 1}},
    {{2, 1}, {1, 2}, {1, 3}}, /* uneven; strides leave a rest */
    {{3, 2}, {0, 1}, {2, 1}},
};

static mcd_val conv2d(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_shape in = mcd_shape_of(r->g, x);
    mcd_val k = param(r, "k", mcd_shape4(c->a, in.dim[0], 3, 2));
    mcd_val b = c->b ? param(r, "b", mcd_shape1(c->a)) : MCD_ABSENT;
    return mcd_conv2d(r->g, x, k, b, &convs[c->p]);
}

static mcd_val conv2d_of_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = conv2d(r, param(r, "x", mcd_shape3(2, 6, 7)), c);
    return mcd_mul(r->g, mcd_reshape(r->g, x, mcd_shape3(c->a, 1, 1)), y);
}

static const struct mcd_attr_pool pools[] = {
    {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}},  {MCD_POOL_MEAN, {2, 2}, {2, 2}, {0, 0}},
    {MCD_POOL_MAX, {3, 2}, {1, 2}, {1, 1}},  {MCD_POOL_MEAN, {3, 2}, {1, 2}, {1, 1}},
    {MCD_POOL_MEAN, {2, 3}, {3, 1}, {1, 0}}, {MCD_POOL_MAX, {1, 1}, {2, 3}, {0, 0}},
};

static mcd_val pool2d(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_pool2d(r->g, x, &pools[c->p]);
}

static const struct gradient_case products[] = {
    {.name = "linear", .build = linear, .in = {1, {5}}, .a = 3, .b = 1},
    {.name = "linear without bias", .build = linear, .in = {1, {1}}, .a = 7},
    {.name = "linear to one", .build = linear, .in = {1, {5}}, .a = 1, .b = 1},
    {.name = "linear of a parameter", .build = linear_of_param, .in = {1, {3}}, .a = 3, .b = 1},
    {.name = "linear by a product", .build = linear_of_product, .in = {1, {5}}, .a = 3},
    {.name = "conv2d", .build = conv2d, .in = {3, {2, 5, 7}}, .a = 3, .b = 1, .p = 0},
    {.name = "conv2d padded", .build = conv2d, .in = {3, {1, 4, 3}}, .a = 2, .b = 1, .p = 1},
    {.name = "conv2d uneven", .build = conv2d, .in = {3, {3, 6, 5}}, .a = 2, .p = 2},
    {.name = "conv2d with gaps", .build = conv2d, .in = {3, {2, 9, 6}}, .a = 1, .b = 1, .p = 3},
    {.name = "conv2d of a parameter", .build = conv2d_of_param, .in = {1, {2}}, .a = 2, .b = 1},
    {.name = "max", .build = pool2d, .in = {3, {2, 5, 7}}, .p = 0},
    {.name = "mean", .build = pool2d, .in = {3, {2, 5, 7}}, .p = 1},
    {.name = "max overlapping", .build = pool2d, .in = {3, {2, 5, 6}}, .p = 2},
    {.name = "mean overlapping", .build = pool2d, .in = {3, {2, 5, 6}}, .p = 3},
    {.name = "mean with gaps", .build = pool2d, .in = {3, {1, 7, 4}}, .p = 4},
    {.name = "max with gaps", .build = pool2d, .in = {3, {1, 7, 4}}, .p = 5},
};

static void products_are_right(void **state)
{
    (void)state;
    CHECK_CASES(products);
}

/* ---- elements ------------------------------------------------------------------------------- */

static mcd_val map(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_map(r->g, (enum mcd_map)c->a, x);
}

static mcd_val map_of_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_mul(r->g, x, mcd_map(r->g, (enum mcd_map)c->a, positive(r, "p", c->in)));
}

static void maps_are_right(void **state)
{
    (void)state;
    for (int f = MCD_RELU; f <= MCD_GELU; f++) {
        char name[32];
        int needs_positive = f == MCD_LOG || f == MCD_SQRT;
        snprintf(name, sizeof name, "map %d", f);
        struct gradient_case c = {.name = name, .build = map, .in = {2, {3, 5}}, .a = f};
        c.scale = needs_positive ? 0.9 : 3;
        c.shift = needs_positive ? 1 : 0;
        check_case(&c, 3);
        c.build = map_of_param;
        check_case(&c, 2);
    }
}

static mcd_val binary_with_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, positive(r, "p", c->shape));
}

static mcd_val binary_from_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, positive(r, "p", c->shape), x);
}

static mcd_val binary_with_target(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, rig_target(r, c->shape, 0));
}

static mcd_val binary_with_itself(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, x);
}

static mcd_val binary_of_params(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val p = positive(r, "p", c->in), q = positive(r, "q", c->shape);
    return mcd_add(r->g, x, mcd_binary(r->g, (enum mcd_binary)c->a, p, q));
}

/* Shapes that broadcast against [2, 3, 4], and one that does so both ways. */
static const struct mcd_shape against[] = {
    {3, {2, 3, 4}}, {2, {3, 4}}, {1, {4}},       {0, {0}},
    {3, {2, 1, 4}}, {2, {3, 1}}, {3, {1, 3, 1}}, {4, {5, 1, 3, 1}},
};

static void arithmetic_is_right(void **state)
{
    (void)state;
    mcd_val (*const builds[])(struct rig *, mcd_val, const struct gradient_case *) = {
        binary_with_param, binary_from_param, binary_with_target, binary_of_params};
    for (int kind = MCD_ADD; kind <= MCD_DIV; kind++)
        for (size_t s = 0; s < sizeof against / sizeof *against; s++)
            for (size_t b = 0; b < sizeof builds / sizeof *builds; b++) {
                char name[64];
                snprintf(name, sizeof name, "binary %d, shape %zu, build %zu", kind, s, b);
                struct gradient_case c = {name, builds[b], {3, {2, 3, 4}},     0.6,
                                          1.5,  .a = kind, .shape = against[s]};
                check_case(&c, 2);
            }
    for (int kind = MCD_ADD; kind <= MCD_DIV; kind++) {
        struct gradient_case c = {"x with itself", binary_with_itself, {1, {5}}, .a = kind};
        c.scale = 0.5;
        c.shift = 1;
        c.flat = kind == MCD_SUB || kind == MCD_DIV; /* 0 and 1 */
        check_case(&c, 3);
    }
}

static mcd_val affine(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    return mcd_affine(r->g, mcd_affine(r->g, x, -2.5, 0.75), 0.5, -3);
}

static mcd_val softmax(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_op1(r->g, (uint32_t)c->a, x, NULL);
}

static mcd_val reshaped(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = mcd_map(r->g, MCD_TANH, mcd_reshape(r->g, x, mcd_shape3(2, 3, 2)));
    mcd_val z = mcd_mul(r->g, y, param(r, "p", mcd_shape2(3, 2)));
    return mcd_reshape(r->g, mcd_reshape(r->g, z, mcd_shape1(12)), c->shape);
}

static const struct gradient_case elements[] = {
    {.name = "affine", .build = affine, .in = {2, {3, 2}}},
    {.name = "softmax", .build = softmax, .in = {1, {5}}, .a = MCD_OP_SOFTMAX, .scale = 2},
    {.name = "softmax in rank 3", .build = softmax, .in = {3, {2, 3, 4}}, .a = MCD_OP_SOFTMAX},
    {.name = "softmax of one", .build = softmax, .in = {1, {1}}, .a = MCD_OP_SOFTMAX, .flat = 1},
    {.name = "logsoftmax", .build = softmax, .in = {1, {5}}, .a = MCD_OP_LOGSOFTMAX, .scale = 2},
    {.name = "logsoftmax in rank 2", .build = softmax, .in = {2, {3, 4}}, .a = MCD_OP_LOGSOFTMAX},
    {.name = "reshape", .build = reshaped, .in = {2, {4, 3}}, .shape = {2, {6, 2}}},
};

static void elementwise_is_right(void **state)
{
    (void)state;
    CHECK_CASES(elements);
}

/* ---- sums and means ------------------------------------------------------------------------- */

static mcd_val reduce(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = mcd_reduce(r->g, (enum mcd_reduce)c->a, x, c->shape, (int)c->b);
    return mcd_map(r->g, MCD_TANH, y);
}

/* x minus its mean over the rows: rows that depend on each other. */
static mcd_val centred(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val mean = mcd_reduce(r->g, (enum mcd_reduce)c->a, x, c->shape, 1);
    mcd_val d = mcd_sub(r->g, x, mean);
    return mcd_mul(r->g, d, mcd_mul(r->g, d, x));
}

/* Over rows that there are none of. */
static mcd_val reduce_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val p = param(r, "p", mcd_shape2(3, 4));
    mcd_val m = mcd_reduce(r->g, (enum mcd_reduce)c->a, mcd_map(r->g, MCD_EXP, p), c->shape, 1);
    return mcd_mul(r->g, x, m);
}

static void sums_and_means_are_right(void **state)
{
    (void)state;
    static const struct mcd_shape to[] = {
        {0, {0}}, {1, {1}}, {1, {4}}, {2, {3, 1}}, {3, {2, 1, 4}}, {3, {1, 3, 1}}, {3, {2, 3, 4}}};
    for (int kind = MCD_SUM; kind <= MCD_MEAN; kind++)
        for (size_t s = 0; s < sizeof to / sizeof *to; s++)
            for (int over_rows = 0; over_rows < 2; over_rows++) {
                char name[64];
                snprintf(name, sizeof name, "reduce %d to %zu, over rows %d", kind, s, over_rows);
                struct gradient_case c = {name,      reduce,         {3, {2, 3, 4}}, .scale = 0.3,
                                          .a = kind, .b = over_rows, .shape = to[s]};
                check_case(&c, 3);
                check_case(&c, 1);
                c.build = centred;
                check_case(&c, 3);
            }
    for (int kind = MCD_SUM; kind <= MCD_MEAN; kind++) {
        struct gradient_case c = {
            "of a parameter", reduce_param, {1, {4}}, .a = kind, .shape = {1, {4}}};
        check_case(&c, 3);
    }
}

static mcd_val expand(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = c->shape;
    attr.u.reduce.over_rows = c->b;
    mcd_val p = mcd_map(r->g, MCD_TANH, param(r, "p", c->in));
    mcd_val a = mcd_op1(r->g, MCD_OP_EXPAND, p, &attr);
    mcd_val b = mcd_op1(r->g, MCD_OP_EXPAND, mcd_map(r->g, MCD_TANH, x), &attr);
    return mcd_mul(r->g, a, b);
}

static const struct gradient_case expands[] = {
    {.name = "expand", .build = expand, .in = {1, {4}}, .shape = {3, {2, 3, 4}}},
    {.name = "expand over rows", .build = expand, .in = {1, {4}}, .b = 1, .shape = {2, {3, 4}}},
    {.name = "expand a scalar", .build = expand, .in = {0, {0}}, .b = 1, .shape = {1, {5}}},
    {.name = "expand inside",
     .build = expand,
     .in = {3, {2, 1, 3}},
     .b = 1,
     .shape = {3, {2, 4, 3}}},
    {.name = "expand to itself", .build = expand, .in = {1, {4}}, .b = 1, .shape = {1, {4}}},
};

static void expanding_is_right(void **state)
{
    (void)state;
    CHECK_CASES(expands);
}

/* ---- noise ---------------------------------------------------------------------------------- */

static mcd_val drop(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_drop(r->g, x, (enum mcd_law)c->a, (double)c->p / 100, c->b);
}

static mcd_val drop_twice(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return drop(r, mcd_map(r->g, MCD_EXP, drop(r, x, c)), c);
}

/* A parameter gets noise of its own in each row. */
static mcd_val drop_param(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_mul(r->g, x, drop(r, positive(r, "p", c->in), c));
}

static mcd_val noise_on(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val n = mcd_noise(r->g, (enum mcd_law)c->a, x);
    return mcd_mul(r->g, n, mcd_map(r->g, MCD_SIGMOID, mcd_add(r->g, x, n)));
}

static mcd_val noise_alone(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_noise(r->g, (enum mcd_law)c->a, x);
}

static const struct gradient_case noises[] = {
    {.name = "drop", .build = drop, .in = {1, {150}}, .a = MCD_BERNOULLI, .b = 1, .p = 40},
    {.name = "drop spans",
     .build = drop,
     .in = {3, {5, 2, 3}},
     .a = MCD_BERNOULLI,
     .b = 6,
     .p = 40},
    {.name = "drop nothing", .build = drop, .in = {1, {5}}, .a = MCD_BERNOULLI, .b = 1},
    {.name = "drop all",
     .build = drop,
     .in = {1, {5}},
     .a = MCD_BERNOULLI,
     .b = 1,
     .p = 100,
     .flat = 1},
    {.name = "gaussian", .build = drop, .in = {1, {7}}, .a = MCD_GAUSSIAN, .b = 1, .p = 50},
    {.name = "gaussian spans",
     .build = drop,
     .in = {2, {3, 4}},
     .a = MCD_GAUSSIAN,
     .b = 4,
     .p = 20},
    {.name = "twice", .build = drop_twice, .in = {1, {9}}, .a = MCD_BERNOULLI, .b = 1, .p = 30},
    {.name = "a parameter",
     .build = drop_param,
     .in = {1, {9}},
     .a = MCD_BERNOULLI,
     .b = 1,
     .p = 30},
    {.name = "a parameter, gaussian",
     .build = drop_param,
     .in = {1, {9}},
     .a = MCD_GAUSSIAN,
     .b = 3,
     .p = 30},
    {.name = "uniform noise", .build = noise_on, .in = {1, {6}}, .a = MCD_UNIFORM},
    {.name = "normal noise", .build = noise_on, .in = {2, {3, 2}}, .a = MCD_GAUSSIAN},
    {.name = "noise alone", .build = noise_alone, .in = {1, {6}}, .a = MCD_UNIFORM, .flat = 1},
};

static void noise_is_right(void **state)
{
    (void)state;
    struct gradient_case c;
    for (size_t i = 0; i < sizeof noises / sizeof *noises; i++) {
        c = noises[i];
        /* With one row of few units everything may be dropped: three are enough. */
        check_case(&c, 3);
        /* The weights of what is summed still have a gradient. */
        c.flat = 1;
        check_case(&c, 1);
    }
}

/* ---- losses --------------------------------------------------------------------------------- */

static mcd_val mse_of_target(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val in[2] = {mcd_map(r->g, MCD_TANH, x), rig_target(r, c->in, 0)};
    return r->g->op(r->g, MCD_OP_MSE, 2, in, NULL);
}

static mcd_val mse_of_params(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val in[2] = {param(r, "p", c->in), param(r, "q", c->in)};
    return mcd_mul(r->g, x, r->g->op(r->g, MCD_OP_MSE, 2, in, NULL));
}

static mcd_val mse_of_one(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val in[2] = {x, mcd_map(r->g, MCD_EXP, x)};
    return r->g->op(r->g, MCD_OP_MSE, 2, in, NULL);
}

static const struct gradient_case losses[] = {
    {.name = "mse", .build = mse_of_target, .in = {2, {3, 2}}},
    {.name = "mse of parameters", .build = mse_of_params, .in = {1, {5}}},
    {.name = "mse of x and a function of x", .build = mse_of_one, .in = {1, {5}}},
    {.name = "mse of scalars", .build = mse_of_target, .in = {0, {0}}},
};

static void check_xent(double scale)
{
    struct rig r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(5)), label = rig_target(&r, scalar, 1);
    mcd_val logits = mcd_add(r.g, x, param(&r, "b", mcd_shape1(5)));
    mcd_val loss = r.g->op(r.g, MCD_OP_XENT, 2, (mcd_val[]){logits, label}, NULL);
    mcd_val cubed = mcd_mul(r.g, loss, mcd_mul(r.g, loss, loss)); /* its adjoint is not 1 */
    struct differences d = {.rows = 4, .scale = scale, .classes = 5};
    differences_check(&r, cubed, &d);
    if (!(d.worst <= differences_tolerance && d.largest > 1e-3))
        fail_msg("xent: %g, largest %g: %s", d.worst, d.largest, d.where);
    rig_close(&r);
}

static void losses_are_right(void **state)
{
    (void)state;
    CHECK_CASES(losses);
    check_xent(1);
    check_xent(4);
}

/* ---- values used more than once, penalties -------------------------------------------------- */

/* x goes three ways, one of them twice. */
static mcd_val several_consumers(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val a = mcd_map(r->g, MCD_TANH, x), b = mcd_softmax(r->g, x);
    return mcd_add(r->g, mcd_mul(r->g, a, b), mcd_mul(r->g, a, x));
}

/* One layer in two places, over and behind each other. */
static mcd_val shared_layer(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val y = mcd_layer(r->g, "a", x, "linear:out=4");
    y = mcd_map(r->g, MCD_TANH, y);
    return mcd_layer(r->g, "a", y, "linear:out=4");
}

static mcd_val residual(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = x;
    for (int i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "inner%d", i);
        mcd_val z = mcd_drop(r->g, y, MCD_BERNOULLI, 0.25, 1);
        z = mcd_layer(r->g, name, z, "linear:out=5");
        z = mcd_layer(r->g, "relu", z, "relu");
        snprintf(name, sizeof name, "outer%d", i);
        z = mcd_layer(r->g, name, z, "linear:out=%d", (int)c->in.dim[0]);
        y = mcd_add(r->g, y, z);
    }
    return y;
}

/* Concrete dropout (Gal, Hron, Kendall 2017): a rate that is learned, with its penalty. */
static mcd_val concrete(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_graph *g = r->g;
    (void)c;
    mcd_val l = mcd_param(g, "logit", scalar, -0.4, 0);
    mcd_val keep = mcd_affine(g, mcd_map(g, MCD_SIGMOID, l), -1, 1);
    g->penalty(g, mcd_mul(g, keep, mcd_map(g, MCD_LOG, keep)));
    mcd_val u = mcd_noise(g, MCD_UNIFORM, x);
    mcd_val z = mcd_sub(g, mcd_map(g, MCD_LOG, u), mcd_map(g, MCD_LOG, mcd_affine(g, u, -1, 1)));
    mcd_val gone = mcd_map(g, MCD_SIGMOID, mcd_affine(g, mcd_add(g, z, l), 1 / 0.6, 0));
    mcd_val y = mcd_div(g, mcd_mul(g, x, mcd_affine(g, gone, -1, 1)), keep);
    mcd_val w = param(r, "w", mcd_shape2(2, 4));
    mcd_val squares = mcd_reduce(g, MCD_SUM, mcd_mul(g, w, w), scalar, 0);
    g->penalty(g, mcd_div(g, mcd_affine(g, squares, 0.01, 0), keep));
    y = mcd_linear(g, y, w, MCD_ABSENT);
    mcd_val loss = mcd_reduce(g, MCD_MEAN, mcd_mul(g, y, y), scalar, 1);
    return mcd_add(g, loss, r->core->penalty);
}

/* Batch normalisation, recorded: means and variances over rows. */
static mcd_val normalised(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_graph *g = r->g;
    mcd_val mean = mcd_reduce(g, MCD_MEAN, x, c->in, 1), d = mcd_sub(g, x, mean);
    mcd_val variance = mcd_reduce(g, MCD_MEAN, mcd_mul(g, d, d), c->in, 1);
    mcd_val spread = mcd_map(g, MCD_SQRT, mcd_affine(g, variance, 1, 1e-3));
    mcd_val y = mcd_mul(g, mcd_div(g, d, spread), positive(r, "scale", c->in));
    return mcd_map(g, MCD_TANH, mcd_add(g, y, param(r, "shift", c->in)));
}

/* Nothing of this flows into the loss, and p only through noise. */
static mcd_val unused(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    mcd_map(r->g, MCD_EXP, param(r, "idle", c->in));
    mcd_mul(r->g, x, x);
    mcd_val n = mcd_noise(r->g, MCD_UNIFORM, param(r, "shape_alone", c->in));
    return mcd_mul(r->g, x, n);
}

static const struct gradient_case wholes[] = {
    {.name = "several consumers", .build = several_consumers, .in = {1, {5}}},
    {.name = "a layer used twice", .build = shared_layer, .in = {1, {4}}},
    {.name = "residual", .build = residual, .in = {1, {7}}},
    {.name = "concrete dropout", .build = concrete, .in = {1, {4}}},
    {.name = "normalised over rows", .build = normalised, .in = {1, {4}}, .scale = 2},
    {.name = "unused", .build = unused, .in = {1, {4}}},
};

static void wholes_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        check_case(&wholes[i], 3);
        check_case(&wholes[i], 5);
    }
}

/* ---- layer plugins -------------------------------------------------------------------------- */

static mcd_val layer(struct rig *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_layer(r->g, "layer", x, "%s", c->text);
}

static const struct gradient_case layers[] = {
    {.name = "conv2d",
     .build = layer,
     .in = {3, {2, 7, 6}},
     .text = "conv2d:out=3,kernel=3,stride=2,pad=1,dilation=2"},
    {.name = "conv2d",
     .build = layer,
     .in = {3, {1, 5, 5}},
     .text = "conv2d:out=2,kernel=2,bias=no"},
    {.name = "dropout", .build = layer, .in = {2, {9, 4}}, .text = "dropout:p=0.3"},
    {.name = "dropout2d", .build = layer, .in = {3, {9, 2, 3}}, .text = "dropout2d:p=0.3"},
    {.name = "flatten", .build = layer, .in = {3, {2, 3, 2}}, .text = "flatten"},
    {.name = "gaussian", .build = layer, .in = {2, {3, 4}}, .text = "gaussian:p=0.7"},
    {.name = "gelu", .build = layer, .in = {1, {9}}, .text = "gelu", .scale = 3},
    {.name = "linear", .build = layer, .in = {1, {5}}, .text = "linear:out=3"},
    {.name = "linear", .build = layer, .in = {1, {5}}, .text = "linear:out=2,bias=no"},
    {.name = "pool2d", .build = layer, .in = {3, {2, 5, 6}}, .text = "pool2d"},
    {.name = "pool2d",
     .build = layer,
     .in = {3, {2, 5, 6}},
     .text = "pool2d:kind=mean,window=3,stride=2,pad=1"},
    {.name = "relu", .build = layer, .in = {1, {9}}, .text = "relu"},
    {.name = "sigmoid", .build = layer, .in = {1, {9}}, .text = "sigmoid", .scale = 3},
    {.name = "softmax", .build = layer, .in = {2, {3, 4}}, .text = "softmax"},
    {.name = "tanh", .build = layer, .in = {1, {9}}, .text = "tanh", .scale = 2},
};

static int has_case(const struct gradient_case *c, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(c[i].name, name) == 0)
            return 1;
    return 0;
}

/* Fails for a plugin that has been added without a case here. */
static void check_all_have_cases(uint32_t kind, const struct gradient_case *c, size_t count)
{
    struct mcd_error e = {0};
    struct mcd_list list;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_ok(mcd_search_list(host, kind, &list, &e), e);
    assert_true(list.count > 0);
    for (uint32_t i = 0; i < list.count; i++)
        if (!has_case(c, count, list.item[i].name))
            fail_msg("the gradient of %s is not checked", list.item[i].name);
    mcd_list_clear(host, &list);
    mcd_host_destroy(host);
}

static void every_layer_is_right(void **state)
{
    (void)state;
    check_all_have_cases(MCD_LAYER, layers, sizeof layers / sizeof *layers);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check_case(&layers[i], 3);
}

/* ---- model plugins -------------------------------------------------------------------------- */

static const struct gradient_case models[] = {
    {.name = "mlp", .text = "mlp:hidden=9x7,classes=4", .in = {2, {6, 5}}},
    {.name = "mlp", .text = "mlp:hidden=9x7x5,classes=3,activation=relu", .in = {2, {6, 5}}},
    {.name = "mlp", .text = "mlp:hidden=8,classes=4,activation=gelu", .in = {1, {7}}},
    {.name = "mlp", .text = "mlp:hidden=8x5,classes=2,activation=sigmoid", .in = {3, {2, 3, 3}}},
    {.name = "mlp", .text = "mlp:hidden=9x7,classes=4,noise=gaussian", .in = {2, {6, 5}}},
    {.name = "lenet", .text = "lenet:classes=4,drop=0.3", .in = {2, {12, 12}}},
    {.name = "lenet", .text = "lenet:classes=3,drop=0.3,noise=gaussian", .in = {3, {2, 9, 7}}},
    {.name = "lenet", .text = "lenet", .in = {2, {28, 28}}},
    {.name = "mlp2", .text = "mlp2:hidden=7x6x5,outputs=2", .in = {1, {3}}},
    {.name = "mlp2", .text = "mlp2:hidden=7x6,activation=tanh,noise=gaussian", .in = {1, {1}}},
};

/* The loss that the model is trained with: cross entropy, or the mean squared error. */
static mcd_val loss_of(struct rig *r, int is_regression, mcd_val y)
{
    struct mcd_shape shape = is_regression ? mcd_shape_of(r->g, y) : scalar;
    mcd_val in[2] = {y, rig_target(r, shape, !is_regression)};
    return r->g->op(r->g, is_regression ? MCD_OP_MSE : MCD_OP_XENT, 2, in, NULL);
}

static void check_model(const char *name, const char *spec, struct mcd_shape in, size_t probes)
{
    struct rig r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, in), y = rig_model(&r, spec, x);
    mcd_val loss = loss_of(&r, strcmp(name, "mlp2") == 0, y);
    struct differences d = {.rows = 3, .probes = probes};
    d.classes = (uint32_t)mcd_shape_of(r.g, y).dim[0];
    differences_check(&r, loss, &d);
    if (!(d.worst <= differences_tolerance && d.largest > 1e-3))
        fail_msg("%s: %g, largest %g: %s", spec, d.worst, d.largest, d.where);
    rig_close(&r);
}

static void every_model_is_right(void **state)
{
    (void)state;
    check_all_have_cases(MCD_MODEL, models, sizeof models / sizeof *models);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        int is_large = strcmp(models[i].name, "lenet") == 0;
        if (is_large && is_fast())
            continue;
        check_model(models[i].name, models[i].text, models[i].in,
                    is_large    ? 4
                    : is_fast() ? 3
                                : 30);
    }
}

/* ---- what is wrong is noticed --------------------------------------------------------------- */

/* A network that needs every op of the core's own. */
static mcd_val record_everything(struct rig *r, mcd_val *loss)
{
    struct mcd_graph *g = r->g;
    mcd_val x = rig_input(r, mcd_shape3(1, 6, 6)), y;
    y = mcd_layer(g, "conv0", x, "conv2d:out=2,kernel=3,pad=1");
    y = mcd_layer(g, "pool", y, "pool2d:kind=mean");
    y = mcd_layer(g, "conv1", y, "conv2d:out=3,kernel=2");
    y = mcd_layer(g, "tanh", mcd_layer(g, "flatten", y, "flatten"), "tanh");
    y = mcd_layer(g, "drop", y, "dropout:p=0.25");
    y = mcd_layer(g, "fc0", y, "linear:out=6");
    y = mcd_mul(g, mcd_softmax(g, y), mcd_logsoftmax(g, y));
    y = mcd_layer(g, "fc1", y, "linear:out=4");
    mcd_val in[2] = {y, rig_target(r, scalar, 1)};
    *loss = g->op(g, MCD_OP_XENT, 2, in, NULL);
    in[1] = mcd_param(g, "centre", mcd_shape1(4), 0, 1);
    in[1] = mcd_add(g, in[1], mcd_affine(g, y, 0.5, 0));
    mcd_val mean = mcd_reduce(g, MCD_MEAN, y, mcd_shape1(4), 1);
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = mcd_shape1(4);
    attr.u.reduce.over_rows = 1;
    in[0] = mcd_add(g, in[0], mcd_op1(g, MCD_OP_EXPAND, mean, &attr));
    *loss = mcd_add(g, *loss, g->op(g, MCD_OP_MSE, 2, in, NULL));
    return y;
}

static void check_spoilt(struct mcd_host *host, const struct mcd_item *inner, uint32_t op,
                         uint32_t how, int must_notice)
{
    struct spy spy;
    spy_create(&spy, inner);
    spy.spoil_op = op;
    spy.spoil = how;
    struct rig r;
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val loss;
    record_everything(&r, &loss);
    struct differences d = {.rows = 3, .classes = 4, .probes = 12};
    differences_check(&r, loss, &d);
    if (must_notice == (d.worst <= differences_tolerance))
        fail_msg("op %u spoilt as %u: worst %g %s", op, how, d.worst, d.where);
    if (how)
        assert_true(spy.runs[op] > 0);
    rig_close(&r);
    assert_int_equal(spy.kernels, spy.released);
}

static void wrong_kernels_are_noticed(void **state)
{
    (void)state;
    static const uint32_t ops[] = {
        MCD_OP_LINEAR_DX, MCD_OP_LINEAR_DW, MCD_OP_CONV2D_DX,  MCD_OP_CONV2D_DW,
        MCD_OP_POOL2D_DX, MCD_OP_MAP_DX,    MCD_OP_SOFTMAX_DX, MCD_OP_LOGSOFTMAX_DX,
        MCD_OP_XENT_DX,   MCD_OP_MSE_DX,
    };
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_item *inner;
    assert_ok(mcd_item_open(host, MCD_BACKEND, f64, &inner, &e), e);
    check_spoilt(host, inner, 0, SPY_SOUND, 0);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (uint32_t how = SPY_NEGATE; how <= SPY_ONE; how++)
            check_spoilt(host, inner, ops[i], how, 1);
    mcd_item_close(host, inner);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* A backend in which the gradient of tanh has the wrong sign: mlp's is wrong, lenet's is not. */
static void a_wrong_backend_is_noticed(void **state)
{
    (void)state;
    char backend[PATH_MAX];
    snprintf(backend, sizeof backend, "%s/sign.so:precision=f64", getenv("MCDROP_BAD_PLUGINS"));
    for (int wrong = 0; wrong < 2; wrong++) {
        struct rig r;
        rig_open(&r, backend, 1, 1);
        mcd_val y = rig_model(&r, wrong ? "mlp:hidden=9x7" : "mlp:hidden=9x7,activation=gelu",
                              rig_input(&r, mcd_shape1(5)));
        struct differences d = {.rows = 3, .probes = 10};
        differences_check(&r, y, &d);
        if (wrong != (d.worst > 0.1) || (!wrong && !(d.worst <= differences_tolerance)))
            fail_msg("wrong %d: %g %s", wrong, d.worst, d.where);
        rig_close(&r);
    }
}

/* ---- what is asked for wrongly -------------------------------------------------------------- */

static void only_scalars_have_a_gradient(void **state)
{
    (void)state;
    struct rig r;
    struct mcd_error e = {0};
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, scalar), p = param(&r, "p", mcd_shape1(2)), g;
    assert_int_equal(mcd_graph_gradient(r.core, x, 1, &p, &g, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "gradient", "scalar");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_graph_gradient(r.core, p, 1, &x, &g, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "gradient", "scalar");
    rig_close(&r);
}

/* The loss itself, what came after it, and what it does not depend on. */
static void odd_questions_have_answers(void **state)
{
    (void)state;
    struct rig r;
    struct mcd_error e = {0};
    rig_open(&r, f64, 1, 1);
    mcd_val p = mcd_param(r.g, "p", scalar, 3, 0);
    mcd_val loss = mcd_mul(r.g, p, p), wrt[4] = {loss, 0, 0, p}, gradient[4];
    wrt[1] = mcd_param(r.g, "later", mcd_shape1(3), 0, 1);
    for (int i = 0; i < 100; i++)
        wrt[2] = mcd_affine(r.g, loss, 2, 0);
    assert_ok(mcd_graph_gradient(r.core, loss, 4, wrt, gradient, &e), e);
    assert_int_equal(gradient[1], 0);
    assert_int_equal(gradient[2], 0);
    mcd_val output[2] = {gradient[0], gradient[3]};
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = 1, .passes = 1, .training = 1, .noutputs = 2, .output = output});
    rig_run(&r);
    double *one = rig_read(&r, gradient[0]), *six = rig_read(&r, gradient[3]);
    assert_true(*one == 1 && *six == 6);
    free(one);
    free(six);
    rig_close(&r);
}

/* A failed recording has no gradient, and says why it failed. */
static void failures_are_handed_on(void **state)
{
    (void)state;
    struct rig r;
    struct mcd_error e = {0};
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3)), gradient, loss;
    mcd_val y = mcd_softmax(r.g, mcd_linear(r.g, x, x, MCD_ABSENT));
    assert_int_equal(y, 0);
    assert_int_equal(mcd_graph_gradient(r.core, y, 1, &x, &gradient, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "", "linear: input 1 is [3]");
    e = (struct mcd_error){0};
    struct mcd_update u = {.optimiser = MCD_SGD};
    assert_int_equal(mcd_graph_training(r.core, MCD_REGRESS, y, x, &u, &loss, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "", "linear: input 1 is [3]");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(maps_are_right),
        cmocka_unit_test(arithmetic_is_right),
        cmocka_unit_test(elementwise_is_right),
        cmocka_unit_test(sums_and_means_are_right),
        cmocka_unit_test(expanding_is_right),
        cmocka_unit_test(noise_is_right),
        cmocka_unit_test(losses_are_right),
        cmocka_unit_test(wholes_are_right),
        cmocka_unit_test(every_layer_is_right),
        cmocka_unit_test(every_model_is_right),
        cmocka_unit_test(wrong_kernels_are_noticed),
        cmocka_unit_test(a_wrong_backend_is_noticed),
        cmocka_unit_test(only_scalars_have_a_gradient),
        cmocka_unit_test(odd_questions_have_answers),
        cmocka_unit_test(failures_are_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
