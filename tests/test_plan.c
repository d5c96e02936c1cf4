/*
 * core/graph/plan.c: however a recording is cut, placed and shared, the same bits come out; what cannot
 * be planned is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 3, PASSES = 4 };

static const char f32[] = "reference", f64[] = "reference:precision=f64";

static void check_same(const char *what, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]))
            fail_msg("%s: element %zu is %g", what, i, a[i]);
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: element %zu is %.17g and %.17g", what, i, a[i], b[i]);
    }
}

/* ---- recordings ----------------------------------------------------------------------------- */

struct recording {
    const char *name;
    mcd_val (*build)(struct rig *r, mcd_val x);
    struct mcd_shape in;
};

static mcd_val drop(struct rig *r, mcd_val x)
{
    return mcd_drop(r->g, x, MCD_BERNOULLI, 0.4, 1);
}

static mcd_val build_mlp(struct rig *r, mcd_val x)
{
    return rig_model(r, "mlp:hidden=9x7,classes=4", x);
}

static mcd_val build_gaussian(struct rig *r, mcd_val x)
{
    return rig_model(r, "mlp:hidden=9x7,classes=4,noise=gaussian,activation=relu", x);
}

static mcd_val build_lenet(struct rig *r, mcd_val x)
{
    return rig_model(r, "lenet:classes=4", x);
}

/* What the passes share is read beside what is their own. */
static mcd_val build_residual(struct rig *r, mcd_val x)
{
    mcd_val a = mcd_layer(r->g, "a", x, "linear:out=6");
    mcd_val b = mcd_layer(r->g, "b", mcd_layer(r->g, "t", a, "tanh"), "linear:out=6");
    mcd_val y = mcd_add(r->g, a, drop(r, b));
    mcd_val z = mcd_add(r->g, y, mcd_layer(r->g, "c", drop(r, y), "linear:out=6"));
    return mcd_layer(r->g, "d", z, "linear:out=3");
}

/* The input itself is shared, and read late. */
static mcd_val build_input_late(struct rig *r, mcd_val x)
{
    mcd_val y = mcd_layer(r->g, "a", drop(r, x), "linear:out=5");
    y = mcd_map(r->g, MCD_SIGMOID, mcd_layer(r->g, "b", drop(r, y), "linear:out=5"));
    return mcd_sub(r->g, x, mcd_mul(r->g, y, x));
}

/* One shared value, several readers of its copies, as either operand and reshaped. */
static mcd_val build_readers(struct rig *r, mcd_val x)
{
    mcd_val s = mcd_layer(r->g, "a", x, "linear:out=6");
    mcd_val image = mcd_reshape(r->g, s, mcd_shape3(1, 2, 3)), n = mcd_noise(r->g, MCD_UNIFORM, s);
    mcd_val y = mcd_div(r->g, n, mcd_map(r->g, MCD_EXP, s));
    y = mcd_add(r->g, mcd_mul(r->g, s, y), mcd_sub(r->g, y, s));
    mcd_val z = mcd_mul(r->g, image, mcd_reshape(r->g, y, mcd_shape3(1, 2, 3)));
    z = mcd_add(r->g, image, z);
    return mcd_reshape(r->g, z, mcd_shape1(6));
}

/* Values without rows on both sides of the cut, one of them with noise of its own in each row. */
static mcd_val build_rowless(struct rig *r, mcd_val x)
{
    mcd_val p = mcd_param(r->g, "p", mcd_shape1(5), 0, 1), q = mcd_map(r->g, MCD_SIGMOID, p);
    mcd_val n = mcd_noise(r->g, MCD_GAUSSIAN, p);
    mcd_val y = mcd_mul(r->g, drop(r, q), mcd_add(r->g, x, mcd_mul(r->g, n, q)));
    return mcd_mul(r->g, y, mcd_softmax(r->g, q));
}

/* Elementwise steps that could all work in place, over values that are needed again. */
static mcd_val build_in_place(struct rig *r, mcd_val x)
{
    mcd_val a = mcd_map(r->g, MCD_TANH, x), b = mcd_affine(r->g, a, 2, 1);
    mcd_val c = mcd_map(r->g, MCD_SIGMOID, b), d = drop(r, c), e = mcd_affine(r->g, d, -1, 0.5);
    mcd_val f = mcd_map(r->g, MCD_EXP, e), h = drop(r, f);
    mcd_val y = mcd_add(r->g, mcd_mul(r->g, h, a), mcd_mul(r->g, c, d));
    return mcd_add(r->g, mcd_map(r->g, MCD_SOFTPLUS, y), mcd_map(r->g, MCD_GELU, y));
}

static mcd_val build_whole_input(struct rig *r, mcd_val x)
{
    return drop(r, x);
}

static const struct recording recordings[] = {
    {"mlp", build_mlp, {2, {6, 5}}},
    {"mlp with gaussian noise", build_gaussian, {2, {6, 5}}},
    {"lenet", build_lenet, {2, {12, 12}}},
    {"residual", build_residual, {1, {5}}},
    {"input read late", build_input_late, {1, {5}}},
    {"several readers", build_readers, {1, {5}}},
    {"values without rows", build_rowless, {1, {5}}},
    {"in place", build_in_place, {1, {7}}},
    {"the input alone", build_whole_input, {1, {7}}},
};

enum { RECORDINGS = sizeof recordings / sizeof *recordings };

static mcd_val record(struct rig *r, const struct recording *c, mcd_val *x)
{
    struct mcd_error e = {0};
    *x = rig_input(r, c->in);
    mcd_val y = c->build(r, *x);
    assert_ok(mcd_graph_status(r->core, &e), e);
    return y;
}

/* ---- prefix and body ------------------------------------------------------------------------ */

/* All passes at once, the prefix once and the body twice. */
static double *predict(const struct recording *c, const char *backend, int no_sharing, size_t *n)
{
    struct rig r;
    mcd_val x;
    rig_open(&r, backend, 1, 1);
    mcd_val y = record(&r, c, &x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS,
                                         .passes = PASSES,
                                         .noutputs = 1,
                                         .output = &y,
                                         .no_sharing = (uint32_t)no_sharing});
    rig_fill(&r, x, 100);
    rig_run(&r);
    double *first = rig_read(&r, y);
    rig_run_body(&r);
    double *second = rig_read(&r, y);
    *n = rig_count(&r, y);
    check_same(c->name, first, second, *n);
    free(second);
    rig_close(&r);
    return first;
}

/* Each pass in a plan of one section, as training computes. */
static double *predict_unsplit(const struct recording *c, const char *backend, size_t n)
{
    struct rig r;
    mcd_val x;
    rig_open(&r, backend, 1, 1);
    mcd_val y = record(&r, c, &x);
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = ROWS, .passes = 1, .training = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nprefix, 0);
    r.run.domain = MCD_DOMAIN_PREDICT;
    double *all = calloc(n, sizeof *all);
    assert_non_null(all);
    size_t one = rig_count(&r, y);
    assert_int_equal(one * PASSES, n);
    for (uint32_t pass = 0; pass < PASSES; pass++) {
        for (uint32_t s = 0; s < r.core->nsites; s++)
            r.draws[s].stream = pass;
        rig_fill(&r, x, 100);
        rig_run(&r);
        double *part = rig_read(&r, y);
        memcpy(all + pass * one, part, one * sizeof *part);
        free(part);
    }
    rig_close(&r);
    return all;
}

static void passes_differ(const char *name, const double *y, size_t n)
{
    int differ = 0;
    for (size_t i = 0; i < n / PASSES; i++)
        differ |= y[i] != y[i + n / PASSES];
    if (!differ)
        fail_msg("%s: the passes are all the same", name);
}

static void cutting_changes_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDINGS; i++)
        for (int wide = 0; wide < 2; wide++) {
            size_t n;
            double *cut = predict(&recordings[i], wide ? f64 : f32, 0, &n);
            double *whole = predict_unsplit(&recordings[i], wide ? f64 : f32, n);
            check_same(recordings[i].name, cut, whole, n);
            passes_differ(recordings[i].name, cut, n);
            free(cut);
            free(whole);
        }
}

static void sharing_changes_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDINGS; i++)
        for (int wide = 0; wide < 2; wide++) {
            size_t n;
            double *shared = predict(&recordings[i], wide ? f64 : f32, 0, &n);
            double *apart = predict(&recordings[i], wide ? f64 : f32, 1, &n);
            check_same(recordings[i].name, shared, apart, n);
            free(shared);
            free(apart);
        }
}

static void averaging_is_all_prefix(void **state)
{
    (void)state;
    struct rig r;
    mcd_val x;
    rig_open(&r, f32, 1, 0);
    mcd_val y = record(&r, &recordings[2], &x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS, .passes = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nprefix, r.plan->nsteps);
    rig_fill(&r, x, 100);
    rig_run(&r);
    double *out = rig_read(&r, y);
    check_same("averaging", out, out, rig_count(&r, y));
    free(out);
    rig_close(&r);
}

/* ---- how often what is computed ------------------------------------------------------------- */

static struct mcd_host *open_inner(struct spy *spy, struct mcd_item **inner, const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_ok(mcd_item_open(host, MCD_BACKEND, backend, inner, &e), e);
    spy_create(spy, *inner);
    return host;
}

static void close_inner(struct mcd_host *host, const struct spy *spy, struct mcd_item *inner)
{
    assert_int_equal(spy->kernels, spy->released);
    mcd_item_close(host, inner);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* lenet: the first convolution stands before the first noise, the second behind it. */
static void the_prefix_is_computed_once(void **state)
{
    (void)state;
    struct spy spy;
    struct mcd_item *inner;
    struct rig r;
    struct mcd_host *host = open_inner(&spy, &inner, f32);
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val x, y = record(&r, &recordings[2], &x);
    rig_plan(&r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = PASSES, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nprefix, 1);
    rig_fill(&r, x, 100);
    rig_run_prefix(&r);
    assert_int_equal(spy.runs[MCD_OP_CONV2D], 1);
    for (int i = 0; i < 5; i++)
        rig_run_body(&r);
    assert_int_equal(spy.runs[MCD_OP_CONV2D], 1 + 5);
    assert_int_equal(spy.runs[MCD_OP_LINEAR], 2 * 5);
    assert_int_equal(spy.runs[MCD_OP_POOL2D], 2 * 5);
    assert_int_equal(spy.runs[MCD_OP_DROP], 3 * 5); /* no copies: noise reads what is shared */
    assert_int_equal(spy.runs[MCD_OP_RESHAPE], 0);
    rig_close(&r);
    close_inner(host, &spy, inner);
}

/* A value that several steps of the body read is copied once in each run. */
static void copies_are_made_once(void **state)
{
    (void)state;
    struct spy spy;
    struct mcd_item *inner;
    struct rig r;
    struct mcd_host *host = open_inner(&spy, &inner, f32);
    rig_open_item(&r, host, &spy.item, 1);
    mcd_val x, y = record(&r, &recordings[5], &x);
    rig_plan(&r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = PASSES, .noutputs = 1, .output = &y});
    rig_fill(&r, x, 100);
    rig_run(&r);
    assert_int_equal(spy.runs[MCD_OP_DROP], 2); /* s and exp(s) */
    rig_close(&r);
    close_inner(host, &spy, inner);
}

static void what_nobody_asks_for_is_left_out(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, f32, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(4)), y = mcd_softmax(r.g, x);
    mcd_val mixed = mcd_reduce(r.g, MCD_SUM, mcd_map(r.g, MCD_EXP, x), mcd_shape0(), 1);
    r.g->penalty(r.g, mixed);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nsteps, 1);
    assert_null(mcd_plan_tensor(r.plan, mixed)->buffer);
    rig_close(&r);
}

/* ---- training ------------------------------------------------------------------------------- */

struct trained {
    double loss[4];
    double *param[32];
    size_t count[32], arena_bytes;
    uint32_t params;
};

static mcd_val record_loss(struct rig *r, const struct recording *c, mcd_val *x, mcd_val *target,
                           const struct mcd_update *u)
{
    struct mcd_error e = {0};
    mcd_val loss, y = record(r, c, x);
    int classify = c->build == build_mlp || c->build == build_lenet || c->build == build_gaussian;
    struct mcd_shape shape = classify ? mcd_shape0() : mcd_shape_of(r->g, y);
    *target = rig_target(r, shape, classify);
    assert_ok(mcd_graph_training(r->core, classify ? MCD_CLASSIFY : MCD_REGRESS, y, *target, u,
                                 &loss, &e),
              e);
    return loss;
}

static void train(const struct recording *c, const char *backend, int no_sharing,
                  const struct mcd_update *u, struct trained *t)
{
    struct rig r;
    mcd_val x, target;
    *t = (struct trained){0};
    rig_open(&r, backend, 1, 1);
    mcd_val loss = record_loss(&r, c, &x, &target, u);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS,
                                         .passes = 1,
                                         .training = 1,
                                         .noutputs = 1,
                                         .output = &loss,
                                         .no_sharing = (uint32_t)no_sharing});
    t->arena_bytes = r.plan->arena_bytes;
    for (uint32_t i = 0; i < 4; i++) {
        rig_fill(&r, x, 100);
        if (r.core->node[target].label)
            rig_label(&r, target, 4);
        else
            rig_fill(&r, target, 101);
        r.run.update = i;
        rig_run(&r);
        double *value = rig_read(&r, loss);
        t->loss[i] = *value;
        free(value);
    }
    for (; t->params < r.store->count; t->params++)
        t->param[t->params] = rig_get(&r, r.store->entry[t->params].name, &t->count[t->params]);
    rig_close(&r);
}

static void check_trained(const char *name, struct trained *a, struct trained *b)
{
    check_same(name, a->loss, b->loss, 4);
    if (!(a->loss[3] < a->loss[0]))
        fail_msg("%s: the loss goes from %g to %g", name, a->loss[0], a->loss[3]);
    assert_int_equal(a->params, b->params);
    for (uint32_t i = 0; i < a->params; i++) {
        check_same(name, a->param[i], b->param[i], a->count[i]);
        free(a->param[i]);
        free(b->param[i]);
    }
}

static void sharing_trains_the_same(void **state)
{
    (void)state;
    static const struct mcd_update updates[] = {
        {MCD_SGD, 0.1, 0, 0}, {MCD_SGD, 0.1, 0.9, 1e-3}, {MCD_ADAM, 1e-3, 0, 1e-2}};
    static const int of[] = {0, 2, 3, 4, 6};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        for (size_t u = 0; u < 3; u++) {
            if (of[i] == 2 && u == 1 && getenv("MCDROP_FAST"))
                continue;
            struct trained shared, apart;
            const char *backend = u == 0 ? f64 : f32;
            train(&recordings[of[i]], backend, 0, &updates[u], &shared);
            train(&recordings[of[i]], backend, 1, &updates[u], &apart);
            assert_true(shared.arena_bytes < apart.arena_bytes);
            check_trained(recordings[of[i]].name, &shared, &apart);
        }
}

/* ---- bits that a sampler fills -------------------------------------------------------------- */

/* Of the residual's sites the first has its bits given: all dropped. Copies are not touched. */
static void filled_bits_leave_copies_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(40)), s = mcd_affine(r.g, x, 2, 0);
    mcd_val narrow = mcd_layer(r.g, "a", s, "linear:out=3");
    mcd_val wide = mcd_layer(r.g, "b", drop(&r, narrow), "linear:out=40,bias=no");
    mcd_val y = mcd_add(r.g, s, wide);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 3, .noutputs = 1, .output = &y});
    uint32_t words[6];
    memset(words, 0xFF, sizeof words);
    const uint32_t *bits[2] = {words, NULL};
    r.run.bits = bits;
    rig_fill(&r, x, 100);
    rig_run(&r);
    rig_fill(&r, x, 100);
    double *in = rig_read(&r, x), *out = rig_read(&r, y);
    for (size_t i = 0; i < 6 * 40; i++)
        assert_true(out[i] == 2 * in[i % 80]);
    free(in);
    free(out);
    rig_close(&r);
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* Creating a plan for these values fails as said. */
static void expect_refusal(struct rig *r, struct mcd_plan_spec spec, int status, const char *where,
                           const char *text)
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
    struct rig r;
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
    struct rig r;
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
    struct rig r;
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
    struct rig r;
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
    struct rig r;
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
    struct rig r;
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
    struct rig r;
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
    check_same("after a failure", out, out, rig_count(&r, y));
    free(out);
    rig_close(&r);
    close_inner(host, &spy, inner);
}

/* An output that the input does not reach: writing the input does no harm. */
static void an_input_may_be_of_no_use(void **state)
{
    (void)state;
    struct rig r;
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
    struct rig r = {.host = host};
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
        cmocka_unit_test(cutting_changes_nothing),
        cmocka_unit_test(sharing_changes_nothing),
        cmocka_unit_test(averaging_is_all_prefix),
        cmocka_unit_test(the_prefix_is_computed_once),
        cmocka_unit_test(copies_are_made_once),
        cmocka_unit_test(what_nobody_asks_for_is_left_out),
        cmocka_unit_test(sharing_trains_the_same),
        cmocka_unit_test(filled_bits_leave_copies_alone),
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
    return cmocka_run_group_tests(tests, NULL, NULL);
}
