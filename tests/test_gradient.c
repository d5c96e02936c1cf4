/*
 * core/graph/gradient.c: that the check by finite differences notices what is wrong, and what is
 * asked for wrongly. What it checks is in test_gradient_ops, _sums and _networks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gradient_case.h"
#include "tests/scratch.h"

/* ---- what is wrong is noticed --------------------------------------------------------------- */

/* A network that needs every op of the core's own. */
static mcd_val record_everything(struct mcd_trial *r, mcd_val *loss)
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
    struct mcd_trial r;
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val loss;
    record_everything(&r, &loss);
    struct mcd_differences d = {.rows = 3, .classes = 4, .probes = 12};
    differences_check(&r, loss, &d);
    if (must_notice == (d.worst <= mcd_differences_tolerance))
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
        struct mcd_trial r;
        rig_open(&r, backend, 1, 1);
        mcd_val y = rig_model(&r, wrong ? "mlp:hidden=9x7" : "mlp:hidden=9x7,activation=gelu",
                              rig_input(&r, mcd_shape1(5)));
        struct mcd_differences d = {.rows = 3, .probes = 10};
        differences_check(&r, y, &d);
        if (wrong != (d.worst > 0.1) || (!wrong && !(d.worst <= mcd_differences_tolerance)))
            fail_msg("wrong %d: %g %s", wrong, d.worst, d.where);
        rig_close(&r);
    }
}

/* ---- what is asked for wrongly -------------------------------------------------------------- */

static void only_scalars_have_a_gradient(void **state)
{
    (void)state;
    struct mcd_trial r;
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
    struct mcd_trial r;
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
    struct mcd_trial r;
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
        cmocka_unit_test(wrong_kernels_are_noticed),
        cmocka_unit_test(a_wrong_backend_is_noticed),
        cmocka_unit_test(only_scalars_have_a_gradient),
        cmocka_unit_test(odd_questions_have_answers),
        cmocka_unit_test(failures_are_handed_on),
    };
    return cmocka_run_group_tests_name("gradient", tests, NULL, NULL);
}
