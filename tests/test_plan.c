/*
 * core/graph/plan.c: however a recording is cut, placed and shared, the same bits come out. What
 * cannot be planned is in test_plan_refusals.
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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/recordings.h"

/* ---- prefix and body ------------------------------------------------------------------------ */

/* All passes at once, the prefix once and the body twice. */
static double *predict(const struct recording *c, const char *backend, int no_sharing, size_t *n)
{
    struct mcd_trial r;
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
    *n = mcd_trial_count(&r, y);
    check_same(c->name, first, second, *n);
    free(second);
    rig_close(&r);
    return first;
}

/* Each pass in a plan of one section, as training computes. */
static double *predict_unsplit(const struct recording *c, const char *backend, size_t n)
{
    struct mcd_trial r;
    mcd_val x;
    rig_open(&r, backend, 1, 1);
    mcd_val y = record(&r, c, &x);
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = ROWS, .passes = 1, .training = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nprefix, 0);
    r.run.domain = MCD_DOMAIN_PREDICT;
    double *all = calloc(n, sizeof *all);
    assert_non_null(all);
    size_t one = mcd_trial_count(&r, y);
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
    struct mcd_trial r;
    mcd_val x;
    rig_open(&r, f32, 1, 0);
    mcd_val y = record(&r, &recordings[2], &x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS, .passes = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.plan->nprefix, r.plan->nsteps);
    rig_fill(&r, x, 100);
    rig_run(&r);
    double *out = rig_read(&r, y);
    check_same("averaging", out, out, mcd_trial_count(&r, y));
    free(out);
    rig_close(&r);
}

/* ---- how often what is computed ------------------------------------------------------------- */

/* lenet: the first convolution stands before the first noise, the second behind it. */
static void the_prefix_is_computed_once(void **state)
{
    (void)state;
    struct spy spy;
    struct mcd_item *inner;
    struct mcd_trial r;
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
    struct mcd_trial r;
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
    struct mcd_trial r;
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

static mcd_val record_loss(struct mcd_trial *r, const struct recording *c, mcd_val *x,
                           mcd_val *target, const struct mcd_update *u)
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
    struct mcd_trial r;
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
        if (r.core->node[target].type == MCD_I32)
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
    struct mcd_trial r;
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
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
