/* core/graph/gradient.c: products, pooling and what works element by element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gradient_case.h"

/* ---- products ------------------------------------------------------------------------------- */

static mcd_val linear(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_shape in = mcd_shape_of(r->g, x);
    mcd_val w = param(r, "w", mcd_shape2(c->a, in.dim[0]));
    return mcd_linear(r->g, x, w, c->b ? param(r, "b", mcd_shape1(c->a)) : MCD_ABSENT);
}

/* A vector without rows goes through too. */
static mcd_val linear_of_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = linear(r, param(r, "x", mcd_shape1(4)), c);
    return mcd_mul(r->g, x, y);
}

/* Weights that are computed. */
static mcd_val linear_of_product(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val conv2d(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    struct mcd_shape in = mcd_shape_of(r->g, x);
    mcd_val k = param(r, "k", mcd_shape4(c->a, in.dim[0], 3, 2));
    mcd_val b = c->b ? param(r, "b", mcd_shape1(c->a)) : MCD_ABSENT;
    return mcd_conv2d(r->g, x, k, b, &convs[c->p]);
}

static mcd_val conv2d_of_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val y = conv2d(r, param(r, "x", mcd_shape3(2, 6, 7)), c);
    return mcd_mul(r->g, mcd_reshape(r->g, x, mcd_shape3(c->a, 1, 1)), y);
}

static const struct mcd_attr_pool pools[] = {
    {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}},  {MCD_POOL_MEAN, {2, 2}, {2, 2}, {0, 0}},
    {MCD_POOL_MAX, {3, 2}, {1, 2}, {1, 1}},  {MCD_POOL_MEAN, {3, 2}, {1, 2}, {1, 1}},
    {MCD_POOL_MEAN, {2, 3}, {3, 1}, {1, 0}}, {MCD_POOL_MAX, {1, 1}, {2, 3}, {0, 0}},
};

static mcd_val pool2d(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val map(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_map(r->g, (enum mcd_map)c->a, x);
}

static mcd_val map_of_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

static mcd_val binary_with_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, positive(r, "p", c->shape));
}

static mcd_val binary_from_param(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, positive(r, "p", c->shape), x);
}

static mcd_val binary_with_target(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, rig_target(r, c->shape, 0));
}

static mcd_val binary_with_itself(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_binary(r->g, (enum mcd_binary)c->a, x, x);
}

static mcd_val binary_of_params(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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
    mcd_val (*const builds[])(struct mcd_trial *, mcd_val, const struct gradient_case *) = {
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

static mcd_val affine(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    (void)c;
    return mcd_affine(r->g, mcd_affine(r->g, x, -2.5, 0.75), 0.5, -3);
}

static mcd_val softmax(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_op1(r->g, (uint32_t)c->a, x, NULL);
}

static mcd_val reshaped(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(maps_are_right),
        cmocka_unit_test(arithmetic_is_right),
        cmocka_unit_test(elementwise_is_right),
    };
    return cmocka_run_group_tests_name("gradient_ops", tests, NULL, NULL);
}
