/*
 * core/graph/sections.c: which steps a backend is offered as one, what becomes of its answer, and
 * that it makes no difference to the results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/custom.h"
#include "core/graph/gradient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/recordings.h"

static char sections[1024]; /* of tests/bad/ */

/* ---- a plan under watch ---------------------------------------------------------------------- */

struct watch {
    struct spy spy;
    struct mcd_item *inner;
    struct mcd_host *host;
    struct mcd_trial r;
    mcd_val x, target, y; /* y: what is read, the loss in training */
};

static void watch_open(struct watch *w, uint32_t answer)
{
    w->host = open_inner(&w->spy, &w->inner, f64);
    w->spy.sections = answer;
    rig_open_item(&w->r, w->host, &w->spy.item, 1);
}

static void watch_close(struct watch *w)
{
    rig_close(&w->r);
    assert_int_equal(w->spy.sections_made, w->spy.sections_released);
    assert_int_equal(w->spy.orphaned, 0);
    close_inner(w->host, &w->spy, w->inner);
}

static struct mcd_plan_spec predicting(const mcd_val *y)
{
    return (struct mcd_plan_spec){.rows = ROWS, .passes = PASSES, .noutputs = 1, .output = y};
}

static void plan_prediction(struct watch *w, const struct recording *c)
{
    w->y = record(&w->r, c, &w->x);
    struct mcd_plan_spec spec = predicting(&w->y);
    rig_plan(&w->r, &spec);
    rig_fill(&w->r, w->x, 100);
}

static void plan_training(struct watch *w, const struct recording *c)
{
    struct mcd_error e = {0};
    const struct mcd_update u = {MCD_ADAM, 0.05, 0, 0};
    mcd_val y = record(&w->r, c, &w->x);
    w->target = rig_target(&w->r, mcd_shape_of(w->r.g, y), 0);
    assert_ok(mcd_graph_training(w->r.core, MCD_REGRESS, y, w->target, &u, &w->y, &e), e);
    rig_plan(&w->r, &(struct mcd_plan_spec){
                        .rows = 37, .passes = 1, .training = 1, .noutputs = 1, .output = &w->y});
}

/* Losses of some updates. */
enum { UPDATES = 5 };

static void train(struct watch *w, double *loss)
{
    for (uint32_t i = 0; i < UPDATES; i++) {
        rig_fill(&w->r, w->x, 100 + i);
        rig_fill(&w->r, w->target, 200 + i);
        w->r.run.update = i;
        rig_run(&w->r);
        double *l = rig_read(&w->r, w->y);
        loss[i] = *l;
        free(l);
    }
}

/* ---- what is offered ------------------------------------------------------------------------- */

/* Every step that is the backend's is in one section, those of the core in none. */
static void check_cover(const char *name, const struct watch *w)
{
    const struct mcd_plan *p = w->r.plan;
    uint32_t offered = 0, first = 0;
    for (uint32_t s = 0; s <= p->nsteps; s++) {
        int ends = s == p->nsteps || s == p->nprefix || mcd_op_is_custom(p->step[s].op);
        if (ends && s > first) {
            assert_true(offered < w->spy.nsections);
            const struct spy_section *section = &w->spy.section[offered++];
            if (section->first != &p->step[first] || section->nsteps != s - first)
                fail_msg("%s: section %u has %u steps: expected %u, from %u on", name, offered,
                         section->nsteps, s - first, first);
            assert_int_equal(section->unplaced, 0);
        }
        if (ends)
            first = s < p->nsteps && mcd_op_is_custom(p->step[s].op) ? s + 1 : s;
    }
    assert_int_equal(offered, w->spy.nsections);
}

static void sections_are_prefix_and_body(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDINGS; i++) {
        struct watch w;
        watch_open(&w, SPY_REFUSES);
        plan_prediction(&w, &recordings[i]);
        check_cover(recordings[i].name, &w);
        watch_close(&w);
    }
}

static const struct recording *find(const char *name)
{
    for (int i = 0; i < RECORDINGS; i++)
        if (strcmp(recordings[i].name, name) == 0)
            return &recordings[i];
    fail_msg("no recording %s", name);
    return NULL;
}

static void the_cores_own_steps_cut(void **state)
{
    (void)state;
    struct watch w;
    watch_open(&w, SPY_ACCEPTS);
    plan_prediction(&w, find("a function of a layer's own"));
    assert_int_equal(w.spy.nsections, 3); /* prefix, what is before, what is behind */
    rig_run(&w.r);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(w.spy.section[i].runs, 1);
    watch_close(&w);

    watch_open(&w, SPY_ACCEPTS);
    plan_training(&w, find("a function of a layer's own"));
    check_cover("training", &w);
    assert_true(w.spy.nsections >= 3); /* its gradient cuts once more */
    watch_close(&w);
}

static void training_is_one_section(void **state)
{
    (void)state;
    struct watch w;
    watch_open(&w, SPY_ACCEPTS);
    plan_training(&w, find("lenet"));
    assert_int_equal(w.spy.nsections, 1);
    assert_int_equal(w.spy.section[0].nsteps, w.r.plan->nsteps);
    watch_close(&w);
}

static void nothing_is_offered_unasked(void **state)
{
    (void)state;
    struct watch w;
    watch_open(&w, SPY_ACCEPTS);
    w.y = record(&w.r, &recordings[0], &w.x);
    struct mcd_plan_spec spec = predicting(&w.y);
    spec.no_sections = 1;
    rig_plan(&w.r, &spec);
    assert_int_equal(w.spy.nsections, 0);
    rig_fill(&w.r, w.x, 100);
    rig_run(&w.r);
    assert_true(w.spy.logged > 0);
    watch_close(&w);
}

/* ---- answers --------------------------------------------------------------------------------- */

static double *predict(const struct recording *c, uint32_t answer, size_t *n, uint32_t *runs)
{
    struct watch w;
    watch_open(&w, answer);
    plan_prediction(&w, c);
    rig_run(&w.r);
    rig_run_body(&w.r);
    double *y = rig_read(&w.r, w.y);
    *n = mcd_trial_count(&w.r, w.y);
    for (uint32_t i = 0; i < w.spy.nsections; i++)
        *runs += w.spy.section[i].runs;
    watch_close(&w);
    return y;
}

static void answers_make_no_difference(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDINGS; i++) {
        size_t n;
        uint32_t whole = 0, single = 0;
        double *refused = predict(&recordings[i], SPY_REFUSES, &n, &single);
        double *accepted = predict(&recordings[i], SPY_ACCEPTS, &n, &whole);
        check_same(recordings[i].name, accepted, refused, n);
        assert_int_equal(single, 0);
        assert_true(whole >= 2); /* the body ran twice */
        free(refused);
        free(accepted);
    }
}

static void training_is_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"mlp", "lenet", "a function of a layer's own"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct watch w;
        double loss[2][UPDATES];
        for (uint32_t accepted = 0; accepted < 2; accepted++) {
            watch_open(&w, accepted ? SPY_ACCEPTS : SPY_REFUSES);
            plan_training(&w, find(names[i]));
            train(&w, loss[accepted]);
            assert_int_equal(w.spy.section[0].runs, accepted * UPDATES);
            watch_close(&w);
        }
        check_same(names[i], loss[1], loss[0], UPDATES);
        assert_true(loss[0][0] != loss[0][1]);
    }
}

/* A plan of which the second section cannot be made. */
static void break_section(uint32_t how, const char *where, const char *text)
{
    struct watch w;
    struct mcd_error e = {0};
    struct mcd_plan *plan = NULL;
    watch_open(&w, how);
    w.spy.break_section = 2;
    w.y = record(&w.r, find("lenet"), &w.x);
    struct mcd_plan_spec spec = predicting(&w.y);
    spec.graph = w.r.core;
    spec.store = w.r.store;
    assert_ok(mcd_store_init(w.r.store, w.r.core, 1, &e), e);
    assert_int_equal(mcd_plan_create(&spec, &plan, &e), MCD_DEVICE);
    assert_null(plan);
    assert_error(e, MCD_DEVICE, where, text);
    assert_int_equal(w.spy.sections_made, 1);
    assert_int_equal(w.spy.sections_released, 1);
    watch_close(&w);
}

static void failures_end_the_plan(void **state)
{
    (void)state;
    break_section(SPY_BREAKS, "spy", "steps: by request");
    break_section(SPY_BREAKS_SILENTLY, "spy", "steps: it does not say why");
}

static void a_step_that_fails_ends_the_run(void **state)
{
    (void)state;
    struct watch w;
    struct mcd_error e = {0};
    watch_open(&w, SPY_ACCEPTS);
    plan_prediction(&w, find("residual"));
    w.spy.fail_run = w.r.plan->nprefix + 2;
    assert_int_equal(mcd_trial_run(&w.r), MCD_DEVICE);
    assert_error(w.r.error, MCD_DEVICE, "spy", "failed by request");
    assert_int_equal(w.spy.logged, w.r.plan->nprefix + 2); /* nothing ran after it */
    w.r.error = e;
    rig_fill(&w.r, w.x, 100);
    rig_run(&w.r);
    watch_close(&w);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int make_and_run(struct mcd_host *host, void *arg, struct mcd_error *error)
{
    struct mcd_item *item;
    struct mcd_trial t;
    int status = mcd_item_open(host, MCD_BACKEND, arg, &item, error);
    if (status)
        return status;
    status = mcd_trial_open_item(&t, host, item, 1);
    mcd_val x = status ? 0 : mcd_graph_input(t.core, 0, mcd_shape1(5), 0);
    mcd_val y = status ? 0 : mcd_layer(t.g, "a", drop(&t, x), "linear:out=6");
    struct mcd_plan_spec spec = predicting(&y);
    if (!status && !mcd_trial_plan(&t, &spec))
        mcd_trial_run(&t);
    *error = t.error;
    mcd_trial_close(&t);
    mcd_item_close(host, item);
    return error->code;
}

static void lack_of_memory_is_a_failure(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_true(rig_starve(host, make_and_run, sections) > 10);
    mcd_host_destroy(host);
}

/* ---- fetching -------------------------------------------------------------------------------- */

/* The losses of updates that nobody waits for, and what they are where each is read. */
static void fetched_losses_are_those_read(void **state)
{
    const char *backend = *state;
    double read[UPDATES], fetched[UPDATES] = {0};
    for (int late = 0; late < 2; late++) {
        struct watch w = {0};
        struct mcd_error e = {0};
        float loss[UPDATES];
        rig_open(&w.r, backend, 1, 1);
        plan_training(&w, find("mlp"));
        for (uint32_t i = 0; i < UPDATES; i++) {
            rig_fill(&w.r, w.x, 100 + i);
            rig_fill(&w.r, w.target, 200 + i);
            w.r.run.update = i;
            rig_run(&w.r);
            assert_ok((late ? mcd_plan_fetch : mcd_plan_read)(w.r.plan, w.y, &loss[i], &e), e);
        }
        assert_ok(mcd_plan_sync(w.r.plan, &e), e);
        for (uint32_t i = 0; i < UPDATES; i++)
            (late ? fetched : read)[i] = (double)loss[i];
        rig_close(&w.r);
    }
    check_same("losses", fetched, read, UPDATES);
}

int main(void)
{
    static char plain[] = "reference";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_prefix_and_body),
        cmocka_unit_test(the_cores_own_steps_cut),
        cmocka_unit_test(training_is_one_section),
        cmocka_unit_test(nothing_is_offered_unasked),
        cmocka_unit_test(answers_make_no_difference),
        cmocka_unit_test(training_is_the_same),
        cmocka_unit_test(failures_end_the_plan),
        cmocka_unit_test(a_step_that_fails_ends_the_run),
        cmocka_unit_test(lack_of_memory_is_a_failure),
        {"losses that come late", fetched_losses_are_those_read, NULL, NULL, sections},
        {"losses that come at once", fetched_losses_are_those_read, NULL, NULL, plain},
    };
    snprintf(sections, sizeof sections, "%s/sections.so", getenv("MCDROP_BAD_PLUGINS"));
    return cmocka_run_group_tests_name("sections", tests, NULL, NULL);
}
