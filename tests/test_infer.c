/* core/graph/infer.c: the shape and rows of every op's result, and every refusal with its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/graph/graph.h"
#include "core/graph/infer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

/* A graph with leaves to choose from: x has rows, p has none. */
static struct mcd_host *host;
static struct mcd_graph_core *core;
static struct mcd_graph *g;

static int setup(void **state)
{
    (void)state;
    host = mcd_host_create(1, NULL, NULL, NULL);
    core = host ? mcd_graph_create(host, 1) : NULL;
    g = core ? &core->base : NULL;
    return core ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mcd_graph_destroy(core);
    int left = (int)mcd_host_live(host);
    mcd_host_destroy(host);
    return left;
}

static struct mcd_shape shape(uint32_t rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (struct mcd_shape){rank, {a, b, c, d, 1, 1}};
}

static mcd_val x_of(struct mcd_shape s)
{
    return mcd_graph_input(core, 0, s, 0);
}

static mcd_val p_of(struct mcd_shape s)
{
    static unsigned number;
    char name[16];
    snprintf(name, sizeof name, "p%u", number++);
    return mcd_param(g, name, s, 0, 1);
}

static mcd_val label(void)
{
    return mcd_graph_input(core, 1, mcd_shape0(), 1);
}

/* The value was recorded with this shape and these rows. */
static void expect(mcd_val v, const char *text, int rows)
{
    char found[MCD_SHAPE_TEXT];
    if (!v)
        fail_msg("expected %s: %s: %s", text, core->error.where, core->error.text);
    struct mcd_shape s = mcd_shape_of(g, v);
    assert_string_equal(mcd_shape_text(&s, found), text);
    assert_int_equal(core->node[v].has_rows, rows);
}

/* The value was refused with this text; the graph is mended for the next question. */
static void refuse(mcd_val v, const char *text)
{
    assert_int_equal(v, 0);
    assert_error(core->error, MCD_INVALID, "", text);
    core->error = (struct mcd_error){0};
}

static mcd_val op(uint32_t o, uint32_t n, const mcd_val *in, const struct mcd_attr *attr)
{
    return mcd_graph_op(core, o, n, in, attr);
}

#define OP(o, ...)                                                                                 \
    op(o, sizeof((mcd_val[]){__VA_ARGS__}) / sizeof(mcd_val), (mcd_val[]){__VA_ARGS__}, NULL)

/* ---- linear, conv2d, pool2d ----------------------------------------------------------------- */

static void linear(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape1(5)), v = p_of(mcd_shape1(5)), w = p_of(mcd_shape2(3, 5));
    mcd_val b = p_of(mcd_shape1(3)), image = x_of(mcd_shape2(5, 1));
    expect(mcd_linear(g, x, w, MCD_ABSENT), "[3]", 1);
    expect(mcd_linear(g, x, w, b), "[3]", 1);
    expect(mcd_linear(g, v, w, b), "[3]", 0);
    refuse(mcd_linear(g, image, w, b), "linear: input 0 is [5, 1]: expected a vector [in]");
    refuse(mcd_linear(g, b, w, b), "linear: input 1 is [3, 5]: expected weights [out, in] with");
    refuse(mcd_linear(g, x, b, b), "linear: input 1 is [3]: expected weights [out, in]");
    refuse(mcd_linear(g, x, w, v), "linear: input 2 is [5]: expected [3]");
    refuse(mcd_linear(g, x, x_of(mcd_shape2(3, 5)), b),
           "linear: input 1 has rows: expected a param");
    refuse(mcd_linear(g, x, w, x_of(mcd_shape1(3))), "linear: input 2 has rows: expected a param");
    refuse(OP(MCD_OP_LINEAR, x), "linear: 1 inputs: expected 2 to 3");
    refuse(OP(MCD_OP_LINEAR, x, w, b, b), "linear: 4 inputs: expected 2 to 3");
    refuse(mcd_linear(g, label(), w, b), "linear: input 0 is labels: expected numbers");
}

static mcd_val conv(mcd_val x, mcd_val k, struct mcd_attr_conv a)
{
    return mcd_conv2d(g, x, k, MCD_ABSENT, &a);
}

static void conv2d(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 9, 7)), k = p_of(mcd_shape4(4, 2, 3, 2));
    struct mcd_attr_conv one = {{1, 1}, {0, 0}, {1, 1}};
    expect(conv(x, k, one), "[4, 7, 6]", 1);
    expect(conv(p_of(mcd_shape3(2, 9, 7)), k, one), "[4, 7, 6]", 0);
    expect(conv(x, k, (struct mcd_attr_conv){{2, 3}, {0, 0}, {1, 1}}), "[4, 4, 2]", 1);
    expect(conv(x, k, (struct mcd_attr_conv){{1, 1}, {1, 2}, {1, 1}}), "[4, 9, 10]", 1);
    expect(conv(x, k, (struct mcd_attr_conv){{1, 1}, {0, 0}, {4, 6}}), "[4, 1, 1]", 1);
    expect(mcd_conv2d(g, x, k, p_of(mcd_shape1(4)), &one), "[4, 7, 6]", 1);
    refuse(conv(x, k, (struct mcd_attr_conv){{1, 1}, {0, 0}, {5, 1}}),
           "conv2d: input 0 is [2, 9, 7]: expected an image at least as large as the kernel");
    refuse(conv(x, k, (struct mcd_attr_conv){{1, 1}, {0, 0}, {1, 7}}), "at least as large");
    refuse(conv(x_of(mcd_shape2(9, 7)), k, one), "input 0 is [9, 7]: expected an image [channels");
    refuse(conv(x_of(mcd_shape3(3, 9, 7)), k, one),
           "conv2d: input 1 is [4, 2, 3, 2]: expected a kernel [out, in, height, width] with the");
    refuse(conv(x, p_of(mcd_shape3(4, 2, 3)), one), "input 1 is [4, 2, 3]: expected a kernel");
    refuse(conv(x, x_of(mcd_shape4(4, 2, 3, 2)), one), "input 1 has rows");
    refuse(mcd_conv2d(g, x, k, p_of(mcd_shape1(2)), &one), "conv2d: input 2 is [2]: expected [4]");
    refuse(mcd_conv2d(g, x, k, x_of(mcd_shape1(4)), &one), "conv2d: input 2 has rows");
}

static void conv2d_attributes(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 9, 7)), k = p_of(mcd_shape4(4, 2, 3, 2));
    static const struct mcd_attr_conv bad[] = {
        {{0, 1}, {0, 0}, {1, 1}},         {{1, -1}, {0, 0}, {1, 1}},
        {{1, 1}, {-1, 0}, {1, 1}},        {{1, 1}, {0, -2}, {1, 1}},
        {{1, 1}, {0, 0}, {0, 1}},         {{1, 1}, {0, 0}, {1, INT64_MIN}},
        {{0, 0}, {0, 0}, {0, 0}},         {{1, 1}, {INT64_MAX, 0}, {1, 1}},
        {{1, 1}, {0, 0}, {1, INT64_MAX}}, {{1, 1}, {0, (int64_t)1 << 62}, {1, 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(conv(x, k, bad[i]), "conv2d: stride, pad or dilation: expected stride and dilation");
    expect(conv(x, k, (struct mcd_attr_conv){{INT64_MAX, 1}, {0, 0}, {1, 1}}), "[4, 1, 6]", 1);
}

static mcd_val pool(mcd_val x, struct mcd_attr_pool a)
{
    return mcd_pool2d(g, x, &a);
}

static void pool2d(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 9, 7));
    expect(pool(x, (struct mcd_attr_pool){MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}}), "[2, 4, 3]", 1);
    expect(pool(x, (struct mcd_attr_pool){MCD_POOL_MEAN, {3, 2}, {1, 2}, {1, 1}}), "[2, 9, 4]", 1);
    expect(pool(p_of(mcd_shape3(1, 2, 2)), (struct mcd_attr_pool){0, {2, 2}, {9, 9}, {0, 0}}),
           "[1, 1, 1]", 0);
    refuse(pool(x, (struct mcd_attr_pool){0, {10, 2}, {1, 1}, {0, 0}}),
           "pool2d: input 0 is [2, 9, 7]: expected an image at least as large as the window");
    refuse(pool(x_of(mcd_shape1(9)), (struct mcd_attr_pool){0, {2, 2}, {2, 2}, {0, 0}}),
           "pool2d: input 0 is [9]: expected an image [channels, height, width]");
    refuse(pool(x, (struct mcd_attr_pool){2, {2, 2}, {2, 2}, {0, 0}}),
           "pool2d: kind: expected MCD_POOL_MAX or MCD_POOL_MEAN");
    static const struct mcd_attr_pool bad[] = {
        {0, {0, 2}, {1, 1}, {0, 0}},
        {0, {2, -1}, {1, 1}, {0, 0}},
        {0, {2, 2}, {0, 1}, {0, 0}},
        {0, {2, 2}, {1, -1}, {0, 0}},
        {0, {2, 2}, {1, 1}, {-1, 0}},
        {0, {2, 2}, {1, 1}, {0, 2}},
        {0, {INT64_MAX, 2}, {1, 1}, {INT64_MAX / 2, 0}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(pool(x, bad[i]), "pool2d: window, stride or pad: expected window and stride >= 1");
}

/* ---- elements, shapes ----------------------------------------------------------------------- */

static void map(void **state)
{
    (void)state;
    expect(mcd_map(g, MCD_GELU, x_of(mcd_shape2(2, 3))), "[2, 3]", 1);
    expect(mcd_map(g, MCD_RELU, p_of(mcd_shape0())), "[]", 0);
    refuse(mcd_map(g, (enum mcd_map)8, p_of(mcd_shape0())),
           "map: function: expected one of enum mcd_");
    refuse(mcd_map(g, MCD_EXP, label()), "map: input 0 is labels: expected numbers");
    refuse(OP(MCD_OP_MAP, label(), label()), "map: 2 inputs: expected 1 to 1");
}

static void binary(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 3, 4));
    expect(mcd_add(g, x, x), "[2, 3, 4]", 1);
    expect(mcd_add(g, x, p_of(mcd_shape1(4))), "[2, 3, 4]", 1);
    expect(mcd_mul(g, p_of(mcd_shape2(3, 1)), x), "[2, 3, 4]", 1);
    expect(mcd_sub(g, p_of(mcd_shape0()), x), "[2, 3, 4]", 1);
    expect(mcd_div(g, x, p_of(shape(4, 5, 1, 3, 1))), "[5, 2, 3, 4]", 1);
    expect(mcd_div(g, p_of(mcd_shape2(3, 1)), p_of(mcd_shape2(1, 4))), "[3, 4]", 0);
    refuse(mcd_add(g, x, p_of(mcd_shape1(3))),
           "binary: input 1 is [3]: expected trailing dimensions that equal the first input's or");
    refuse(mcd_add(g, x, p_of(mcd_shape2(2, 4))), "binary: input 1 is [2, 4]");
    refuse(mcd_binary(g, (enum mcd_binary)4, x, x),
           "binary: kind: expected one of enum mcd_binary");
    refuse(mcd_add(g, p_of(mcd_shape2(1 << 21, 1)), p_of(mcd_shape2(1, 1 << 20))),
           "binary: too many elements: expected at most 2^40 in one row");
}

static mcd_val reduce(mcd_val x, struct mcd_shape s, int over_rows)
{
    return mcd_reduce(g, MCD_SUM, x, s, over_rows);
}

static void reducing(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 3, 4)), p = p_of(mcd_shape2(3, 4));
    expect(reduce(x, mcd_shape0(), 0), "[]", 1);
    expect(reduce(x, mcd_shape0(), 1), "[]", 0);
    expect(reduce(p, mcd_shape2(1, 4), 1), "[1, 4]", 0);
    expect(reduce(x, mcd_shape3(2, 1, 4), 0), "[2, 1, 4]", 1);
    expect(reduce(x, mcd_shape2(3, 1), 1), "[3, 1]", 0);
    refuse(reduce(x, mcd_shape1(3), 0), "reduce: input 0 is [2, 3, 4]: expected a shape that the");
    refuse(reduce(p, mcd_shape3(1, 3, 4), 0), "reduce: input 0 is [3, 4]: expected a shape that");
    refuse(reduce(x, mcd_shape1(0), 0), "reduce: a dimension below 1: expected every dimension at");
    refuse(reduce(x, shape(7, 1, 1, 1, 1), 0), "reduce: too many dimensions: expected at most 6");
    refuse(mcd_reduce(g, (enum mcd_reduce)2, x, mcd_shape0(), 0), "reduce: kind: expected MCD_SUM");
}

static mcd_val expand(mcd_val x, struct mcd_shape s, int64_t over_rows)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = s;
    attr.u.reduce.over_rows = over_rows;
    return mcd_op1(g, MCD_OP_EXPAND, x, &attr);
}

static void expanding(void **state)
{
    (void)state;
    mcd_val p = p_of(mcd_shape2(3, 1)), x = x_of(mcd_shape1(4));
    expect(expand(p, mcd_shape2(3, 4), 0), "[3, 4]", 0);
    expect(expand(p, mcd_shape3(2, 3, 1), 1), "[2, 3, 1]", 1);
    expect(expand(x, mcd_shape2(3, 4), 0), "[3, 4]", 1);
    expect(expand(x, mcd_shape1(4), 1), "[4]", 1);
    refuse(expand(p, mcd_shape1(3), 0), "expand: input 0 is [3, 1]: expected a shape that expands");
    refuse(expand(x, mcd_shape1(8), 0), "expand: input 0 is [4]: expected a shape that expands");
    refuse(expand(x, mcd_shape2(-1, 4), 0), "expand: a dimension below 1");
    refuse(expand(x, mcd_shape3((int64_t)1 << 39, 1, 4), 0), "expand: too many elements");
    refuse(expand(x, mcd_shape4(INT64_MAX, INT64_MAX, INT64_MAX, 4), 0), "expand: too many elem");
}

static void softmax_and_reshape(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape2(3, 4)), s = x_of(mcd_shape0());
    expect(mcd_softmax(g, x), "[3, 4]", 1);
    expect(mcd_logsoftmax(g, p_of(mcd_shape1(2))), "[2]", 0);
    refuse(mcd_softmax(g, s), "softmax: input 0 is []: expected at least one dimension");
    refuse(mcd_logsoftmax(g, s), "logsoftmax: input 0 is []: expected at least one dimension");
    expect(mcd_reshape(g, x, mcd_shape3(2, 3, 2)), "[2, 3, 2]", 1);
    expect(mcd_reshape(g, p_of(mcd_shape1(1)), mcd_shape0()), "[]", 0);
    expect(mcd_affine(g, s, 2, 3), "[]", 1);
    refuse(mcd_reshape(g, x, mcd_shape1(11)), "reshape: input 0 is [3, 4]: expected [11]");
    refuse(mcd_reshape(g, x, mcd_shape2(-3, -4)), "reshape: a dimension below 1");
    refuse(mcd_reshape(g, x, shape(8, 3, 4, 1, 1)), "reshape: too many dimensions");
}

/* ---- noise, losses -------------------------------------------------------------------------- */

static mcd_val drop(mcd_val x, int law, double p, int64_t span)
{
    return mcd_drop(g, x, (enum mcd_law)law, p, span);
}

static void noise(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape3(2, 3, 4)), p = p_of(mcd_shape1(6));
    uint32_t sites = core->nsites;
    expect(drop(x, MCD_BERNOULLI, 0.5, 12), "[2, 3, 4]", 1);
    expect(drop(p, MCD_GAUSSIAN, 0, 2), "[6]", 1);
    expect(drop(x, MCD_BERNOULLI, 1, 1), "[2, 3, 4]", 1);
    expect(mcd_noise(g, MCD_UNIFORM, p), "[6]", 1);
    assert_int_equal(core->nsites, sites + 4);
    assert_int_equal(core->site[sites].units, 2);
    assert_int_equal(core->site[sites + 1].units, 3);
    assert_int_equal(core->site[sites + 3].units, 6);
    refuse(drop(x, MCD_UNIFORM, 0.5, 1), "drop: law: expected MCD_BERNOULLI or MCD_GAUSSIAN");
    refuse(mcd_noise(g, MCD_BERNOULLI, x), "noise: law: expected MCD_UNIFORM or MCD_GAUSSIAN");
    refuse(drop(x, MCD_BERNOULLI, -0.01, 1), "drop: p: expected 0 <= p <= 1, and p < 1 for");
    refuse(drop(x, MCD_BERNOULLI, 1.01, 1), "drop: p: expected");
    refuse(drop(x, MCD_BERNOULLI, NAN, 1), "drop: p: expected");
    refuse(drop(x, MCD_GAUSSIAN, 1, 1), "drop: p: expected");
    refuse(drop(x, MCD_BERNOULLI, 0.5, 5),
           "drop: span: expected a divisor of the number of elements");
    refuse(drop(x, MCD_BERNOULLI, 0.5, 0), "drop: span: expected a divisor");
    refuse(drop(x, MCD_BERNOULLI, 0.5, -2), "drop: span: expected a divisor");
    refuse(drop(x_of(mcd_shape2(1 << 13, 1 << 14)), MCD_BERNOULLI, 0.5, 1),
           "drop: too many random numbers: expected at most 2^26 in one row");
    assert_int_equal(core->nsites, sites + 4);
}

static mcd_val loss(uint32_t o, mcd_val a, mcd_val b)
{
    return op(o, 2, (mcd_val[]){a, b}, NULL);
}

static void losses(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape1(4)), p = p_of(mcd_shape1(4));
    expect(loss(MCD_OP_XENT, x, label()), "[]", 0);
    refuse(loss(MCD_OP_XENT, x_of(mcd_shape2(1, 4)), label()),
           "xent: input 0 is [1, 4]: expected log");
    refuse(loss(MCD_OP_XENT, x, x_of(mcd_shape0())), "xent: input 1: expected labels");
    refuse(loss(MCD_OP_XENT, x, mcd_graph_input(core, 1, mcd_shape1(1), 1)),
           "xent: input 1 is [1]: expected []");
    refuse(loss(MCD_OP_XENT, label(), label()), "xent: input 0 is labels: expected numbers");
    refuse(loss(MCD_OP_XENT, p, label()), "xent: input 0: expected rows of logits");
    expect(loss(MCD_OP_MSE, x, x), "[]", 0);
    expect(loss(MCD_OP_MSE, p, p), "[]", 0);
    refuse(loss(MCD_OP_MSE, x, x_of(mcd_shape2(2, 2))), "mse: input 1 is [2, 2]: expected [4]");
    refuse(loss(MCD_OP_MSE, x, p), "mse: one input has rows: expected both or neither");
    refuse(loss(MCD_OP_MSE, p, x), "mse: one input has rows: expected both or neither");
    refuse(loss(MCD_OP_MSE, x, label()), "mse: input 1 is labels: expected numbers");
}

static mcd_val gathered(mcd_val table, mcd_val order)
{
    return mcd_graph_op(core, MCD_OP_GATHER, 2, (mcd_val[]){table, order}, NULL);
}

static void gathering(void **state)
{
    (void)state;
    mcd_val images = mcd_graph_table(core, 0, shape(4, 9, 1, 5, 6), 0);
    mcd_val classes = mcd_graph_table(core, 1, mcd_shape1(9), 1);
    mcd_val order = mcd_graph_table(core, 2, mcd_shape1(4), 1);
    expect(gathered(images, order), "[1, 5, 6]", 1);
    assert_int_equal(core->node[gathered(images, order)].type, 0);
    expect(gathered(classes, order), "[]", 1);
    assert_int_equal(core->node[gathered(classes, order)].type, MCD_I32);
    refuse(gathered(images, images), "input 1 is [9, 1, 5, 6]: expected an order [m] of i32");
    refuse(gathered(images, p_of(mcd_shape1(4))), "input 1 is [4]: expected an order [m] of i32");
    refuse(gathered(p_of(mcd_shape0()), order), "input 0 is []: expected a table [n, ...]");
    refuse(gathered(x_of(mcd_shape1(3)), order), "gather: input 0 has rows");
    refuse(gathered(images, mcd_graph_input(core, 1, mcd_shape1(4), 1)), "input 1 has rows");
    refuse(mcd_graph_op(core, MCD_OP_GATHER, 1, &images, NULL), "1 inputs: expected 2 to 2");
    refuse(mcd_op1(g, MCD_OP_MAP, classes, NULL), "map: input 0 is labels: expected numbers");
    refuse(g->op(g, MCD_OP_GATHER, 2, (mcd_val[]){images, order}, NULL), "is the core's own");
}

/* ---- ops that do not exist, names ----------------------------------------------------------- */

static void unknown_ops(void **state)
{
    (void)state;
    mcd_val x = x_of(mcd_shape1(4));
    static const uint32_t unknown[] = {0, MCD_OP_CUSTOM + 1, 63, MCD_OP_FUSED, 0xFFFFFFFFu};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        refuse(OP(unknown[i], x), "is not known: see enum mcd_op");
        assert_string_equal(mcd_op_name(unknown[i]), "?");
    }
    for (uint32_t o = MCD_OP_LINEAR; o <= MCD_OP_CUSTOM; o++)
        assert_string_not_equal(mcd_op_name(o), "?");
    for (uint32_t o = MCD_OP_LINEAR_DX; o <= MCD_OP_CUSTOM_DX; o++)
        assert_string_not_equal(mcd_op_name(o), "?");
    assert_string_equal(mcd_op_name(MCD_OP_GATHER), "gather");
}

static void shapes_as_text(void **state)
{
    (void)state;
    char text[MCD_SHAPE_TEXT];
    struct mcd_shape s = {6, {INT64_MIN, INT64_MIN, INT64_MAX, 1, 2, INT64_MIN}};
    assert_string_equal(mcd_shape_text(&s, text),
                        "[-9223372036854775808, -9223372036854775808, 9223372036854775807, 1, 2, "
                        "-9223372036854775808]");
    s.rank = 0;
    assert_string_equal(mcd_shape_text(&s, text), "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear),
        cmocka_unit_test(conv2d),
        cmocka_unit_test(conv2d_attributes),
        cmocka_unit_test(pool2d),
        cmocka_unit_test(map),
        cmocka_unit_test(binary),
        cmocka_unit_test(reducing),
        cmocka_unit_test(expanding),
        cmocka_unit_test(softmax_and_reshape),
        cmocka_unit_test(noise),
        cmocka_unit_test(losses),
        cmocka_unit_test(gathering),
        cmocka_unit_test(unknown_ops),
        cmocka_unit_test(shapes_as_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
