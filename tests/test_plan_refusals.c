/* core/graph/plan.c: what cannot be planned is refused, kernels may fail, memory may be short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/recordings.h"

/* ---- refusals ------------------------------------------------------------------------------- */

/* Creating a plan for these values fails as said. */
static void expect_refusal(struct mcd_trial *r, struct mcd_plan_spec spec, int status,
                           const char *where, const char *text)
{
    struct mcd_error e = {0};
    struct mcd_plan *plan = NULL;
    spec.graph = r->core;
    spec.store = r->store;
    assert_ok(mcd_store_init(r->store, r->core, 1, &e), e);
    assert_int_equal(mcd_plan_create(&spec, &plan, &e), status);
    assert_error(e, status, where, text);
    assert_null(plan);
}

static void refused_ops_are_named(void **state)
{
    (void)state;
    struct spy spy;
    struct mcd_item *inner;
    struct mcd_trial r;
    struct mcd_host *host = open_inner(&spy, &inner, f32);
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val x, y = record(&r, &recordings[2], &x);
    struct mcd_plan_spec spec = {.rows = 2, .passes = 3, .noutputs = 1, .output = &y};
    spy.refuse_op = MCD_OP_CONV2D;
    expect_refusal(&r, spec, MCD_UNSUPPORTED, "spy", "cannot do conv2d of [1, 12, 12]: by request");
    spy.refuse_op = MCD_OP_LINEAR;
    expect_refusal(&r, spec, MCD_UNSUPPORTED, "spy", "cannot do linear of [450]: by request");
    assert_true(spy.kernels > 0);
    rig_close(&r);
    close_inner(host, &spy, inner);
}

static void rows_of_a_prediction_stay_apart(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f32, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(4)), label = rig_target(&r, mcd_shape0(), 1);
    mcd_val mean = mcd_reduce(r.g, MCD_MEAN, x, mcd_shape1(4), 1);
    mcd_val centred = mcd_softmax(r.g, mcd_sub(r.g, x, mean));
    mcd_val xent = r.g->op(r.g, MCD_OP_XENT, 2, (mcd_val[]){x, label}, NULL);
    mcd_val mse = r.g->op(r.g, MCD_OP_MSE, 2, (mcd_val[]){x, x}, NULL);
    struct mcd_plan_spec spec = {.rows = 2, .passes = 1, .noutputs = 1, .output = &centred};
    expect_refusal(&r, spec, MCD_INVALID, "reduce", "mixes the rows of a prediction: expected a");
    spec.output = &xent;
    expect_refusal(&r, spec, MCD_INVALID, "xent", "mixes the rows of a prediction");
    spec.output = &mse;
    expect_refusal(&r, spec, MCD_INVALID, "mse", "mixes the rows of a prediction");
    mcd_val sum = mcd_reduce(r.g, MCD_SUM, x, mcd_shape0(), 0); /* of each row: fine */
    spec.output = &sum;
    rig_plan(&r, &spec);
    rig_close(&r);
}

static void sizes_have_limits(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f32, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(4)), y = drop(&r, x);
    struct mcd_plan_spec spec = {.rows = 0, .passes = 1, .noutputs = 1, .output = &y};
    expect_refusal(&r, spec, MCD_INVALID, "plan", "0 rows of 1 passes: expected 1 to 2^31 - 1");
    spec.rows = 1;
    spec.passes = 0;
    expect_refusal(&r, spec, MCD_INVALID, "plan", "1 rows of 0 passes: expected");
    spec.rows = spec.passes = 1 << 16;
    expect_refusal(&r, spec, MCD_INVALID, "plan", "65536 rows of 65536 passes: expected");
    mcd_val z = mcd_reshape(r.g, mcd_mul(r.g, y, mcd_param(r.g, "p", mcd_shape2(1000, 1), 0, 1)),
                            mcd_shape1(4000));
    mcd_val wide = mcd_add(r.g, z, mcd_reshape(r.g, z, mcd_shape2(4000, 1)));
    wide = mcd_add(r.g, wide, mcd_reshape(r.g, z, mcd_shape3(4000, 1, 1)));
    spec = (struct mcd_plan_spec){.rows = 1000, .passes = 1, .noutputs = 1, .output = &wide};
    expect_refusal(&r, spec, MCD_NOMEM, "plan", "out of memory: a value has 64000000000 elements");
    rig_close(&r);
}

static void parameters_must_be_in_the_store(void **state)
{
    (void)state;
    struct mcd_trial r;
    struct mcd_error e = {0};
    struct mcd_plan *plan = NULL;
    rig_open(&r, f32, 1, 1);
    mcd_val p = mcd_param(r.g, "here", mcd_shape1(2), 0, 1);
    assert_ok(mcd_store_init(r.store, r.core, 1, &e), e);
    mcd_val y = mcd_add(r.g, p, mcd_param(r.g, "there", mcd_shape1(2), 0, 1));
    struct mcd_plan_spec spec = {
        .graph = r.core, .store = r.store, .rows = 1, .passes = 1, .noutputs = 1, .output = &y};
    assert_int_equal(mcd_plan_create(&spec, &plan, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "there", "is not in the store");
    rig_close(&r);
}

/* Another recording wants the same name with another shape. */
static void stores_keep_shapes(void **state)
{
    (void)state;
    struct mcd_trial r;
    struct mcd_error e = {0};
    rig_open(&r, f32, 1, 1);
    mcd_param(r.g, "p", mcd_shape1(2), 0, 1);
    assert_ok(mcd_store_init(r.store, r.core, 1, &e), e);
    struct mcd_graph_core *other = mcd_graph_create(r.host, 1);
    mcd_param(&other->base, "p", mcd_shape1(3), 0, 1);
    assert_int_equal(mcd_store_init(r.store, other, 1, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "p", "has shape [2]: expected [3]");
    mcd_graph_destroy(other);
    rig_close(&r);
}

static void failed_recordings_have_no_plan(void **state)
{
    (void)state;
    struct mcd_trial r;
    struct mcd_error e = {0};
    struct mcd_plan *plan = NULL;
    rig_open(&r, f32, 1, 1);
    mcd_val y = mcd_softmax(r.g, 0);
    struct mcd_plan_spec spec = {
        .graph = r.core, .store = r.store, .rows = 1, .passes = 1, .noutputs = 1, .output = &y};
    assert_int_equal(mcd_plan_create(&spec, &plan, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "", "input 0 of softmax is not a value");
    rig_close(&r);
}

/* ---- running -------------------------------------------------------------------------------- */

static void kernels_may_fail(void **state)
{
    (void)state;
    struct spy spy;
    struct mcd_item *inner;
    struct mcd_trial r;
    struct mcd_error e = {0};
    struct mcd_host *host = open_inner(&spy, &inner, f32);
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val x, y = record(&r, &recordings[3], &x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 3, .noutputs = 1, .output = &y});
    rig_fill(&r, x, 100);
    spy.fail_run = 2;
    assert_int_equal(mcd_plan_run_prefix(r.plan, &r.run, &e), MCD_DEVICE);
    assert_error(e, MCD_DEVICE, "spy", "failed by request");
    uint32_t logged = spy.logged;
    assert_int_equal(logged, 2); /* nothing ran after it */
    rig_fill(&r, x, 100);
    rig_run(&r);
    double *out = rig_read(&r, y);
    check_same("after a failure", out, out, mcd_trial_count(&r, y));
    free(out);
    rig_close(&r);
    close_inner(host, &spy, inner);
}

/* An output that the input does not reach: writing the input does no harm. */
static void an_input_may_be_of_no_use(void **state)
{
    (void)state;
    struct mcd_trial r;
    struct mcd_error e = {0};
    double values[8] = {0};
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(4)), p = mcd_param(r.g, "p", mcd_shape1(3), 2, 0);
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = mcd_shape1(3);
    attr.u.reduce.over_rows = 1;
    mcd_val y = mcd_op1(r.g, MCD_OP_EXPAND, p, &attr);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 1, .noutputs = 1, .output = &y});
    assert_null(mcd_plan_tensor(r.plan, x)->buffer);
    assert_ok(mcd_plan_write(r.plan, x, values, &e), e);
    rig_run(&r);
    double *out = rig_read(&r, y);
    for (int i = 0; i < 6; i++)
        assert_true(out[i] == 2);
    free(out);
    rig_close(&r);
}

/* ---- memory --------------------------------------------------------------------------------- */

struct request {
    const struct recording *recording;
    int training;
};

/* Backend, store, recording and plan, from nothing. */
static int make_all(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    const struct request *q = arg;
    struct mcd_trial r = {.host = host};
    mcd_val x, target, loss = 0, y = 0;
    int status = mcd_item_open(host, MCD_BACKEND, f32, &r.backend, e);
    if (!status)
        status = mcd_store_create(host, r.backend, &r.store, e);
    if (!status) {
        r.core = mcd_graph_create(host, 1);
        status = r.core ? MCD_OK : MCD_NOMEM;
        if (status)
            *e = (struct mcd_error){.code = MCD_NOMEM, .text = "out of memory"};
    }
    if (!status) {
        r.g = &r.core->base;
        x = rig_input(&r, q->recording->in);
        y = q->recording->build(&r, x);
        target = rig_target(&r, mcd_shape_of(r.g, y), 0);
        status = mcd_graph_status(r.core, e);
    }
    struct mcd_update u = {MCD_ADAM, 0.1, 0, 0};
    if (!status && q->training)
        status = mcd_graph_training(r.core, MCD_REGRESS, y, target, &u, &loss, e);
    if (!status)
        status = mcd_store_init(r.store, r.core, 1, e);
    struct mcd_plan_spec spec = {.graph = r.core,
                                 .store = r.store,
                                 .rows = 2,
                                 .passes = q->training ? 1 : 3,
                                 .training = (uint32_t)q->training,
                                 .noutputs = 1,
                                 .output = q->training ? &loss : &y};
    if (!status)
        status = mcd_plan_create(&spec, &r.plan, e);
    mcd_plan_destroy(r.plan);
    mcd_graph_destroy(r.core);
    mcd_store_destroy(r.store);
    mcd_item_close(host, r.backend);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    for (int training = 0; training < 2; training++) {
        struct request q = {&recordings[3], training};
        assert_true(rig_starve(host, make_all, &q) > 40);
        q.recording = &recordings[7];
        assert_true(rig_starve(host, make_all, &q) > 10);
    }
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_ops_are_named),
        cmocka_unit_test(rows_of_a_prediction_stay_apart),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(parameters_must_be_in_the_store),
        cmocka_unit_test(stores_keep_shapes),
        cmocka_unit_test(failed_recordings_have_no_plan),
        cmocka_unit_test(kernels_may_fail),
        cmocka_unit_test(an_input_may_be_of_no_use),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests_name("plan_refusals", tests, NULL, NULL);
}
