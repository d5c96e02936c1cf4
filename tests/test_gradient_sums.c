/* core/graph/gradient.c: what spans rows or elements, noise, and losses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gradient_case.h"

/* ---- sums and means ------------------------------------------------------------------------- */

static mcd_val reduce(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = mcd_reduce(r->g, (enum mcd_reduce)c->a, x, c->shape, (int)c->b);
    return mcd_map(r->g, MCD_TANH, y);
}

/* x minus its mean over the rows: rows that depend on each other. */
static mcd_val centred(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val mean = mcd_reduce(r->g, (enum mcd_reduce)c->a, x, c->shape, 1);
    mcd_val d = mcd_sub(r->g, x, mean);
    return mcd_mul(r->g, d, mcd_mul(r->g, d, x));
}

/* Over rows that there are none of. */
static mcd_val reduce_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val expand(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val drop(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_drop(r->g, x, (enum mcd_law)c->a, (double)c->p / 100, c->b);
}

static mcd_val drop_twice(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return drop(r, mcd_map(r->g, MCD_EXP, drop(r, x, c)), c);
}

/* A parameter gets noise of its own in each row. */
static mcd_val drop_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_mul(r->g, x, drop(r, positive(r, "p", c->in), c));
}

static mcd_val noise_on(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val n = mcd_noise(r->g, (enum mcd_law)c->a, x);
    return mcd_mul(r->g, n, mcd_map(r->g, MCD_SIGMOID, mcd_add(r->g, x, n)));
}

static mcd_val noise_alone(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val mse_of_target(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    mcd_val in[2] = {mcd_map(r->g, MCD_TANH, x), rig_target(r, c->in, 0)};
    return r->g->op(r->g, MCD_OP_MSE, 2, in, NULL);
}

static mcd_val mse_of_params(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val in[2] = {param(r, "p", c->in), param(r, "q", c->in)};
    return mcd_mul(r->g, x, r->g->op(r->g, MCD_OP_MSE, 2, in, NULL));
}

static mcd_val mse_of_one(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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
    struct mcd_trial r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(5)), label = rig_target(&r, scalar, 1);
    mcd_val logits = mcd_add(r.g, x, param(&r, "b", mcd_shape1(5)));
    mcd_val loss = r.g->op(r.g, MCD_OP_XENT, 2, (mcd_val[]){logits, label}, NULL);
    mcd_val cubed = mcd_mul(r.g, loss, mcd_mul(r.g, loss, loss)); /* its adjoint is not 1 */
    struct mcd_differences d = {.rows = 4, .scale = scale, .classes = 5};
    differences_check(&r, cubed, &d);
    if (!(d.worst <= mcd_differences_tolerance && d.largest > 1e-3))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_means_are_right),
        cmocka_unit_test(expanding_is_right),
        cmocka_unit_test(noise_is_right),
        cmocka_unit_test(losses_are_right),
    };
    return cmocka_run_group_tests_name("gradient_sums", tests, NULL, NULL);
}
