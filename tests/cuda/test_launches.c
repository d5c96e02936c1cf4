/*
 * How many kernels an update of a network launches, on the fake: each takes a device a microsecond
 * or two to start, which for small networks is most of the time. Products and convolutions, which
 * are libraries' calls, are not counted. The numbers may only fall. A training, its rates among it,
 * is one graph.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/graph/gradient.h"
#include "fake.h"
#include "tests/rig.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BATCH = 32, UPDATES = 3, RATES = 30 };

struct net {
    const char *model;
    struct mcd_shape input;
    uint32_t task, optimiser, outputs;
    unsigned long launches;
};

static const struct net nets[] = {
    {"mlp:hidden=16x16", {3, {1, 28, 28}}, MCD_CLASSIFY, MCD_SGD, 10, 11},
    {"lenet", {3, {1, 28, 28}}, MCD_CLASSIFY, MCD_SGD, 10, 17},
    {"mlp2:hidden=16x16x16x16x16", {1, {1}}, MCD_REGRESS, MCD_ADAM, 1, 19},
};

static const char *backend(void)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/cuda/module/.libs/cuda.so", getenv("MCDROP_TEST_BUILDDIR"));
    return path;
}

/* The plan of an update, its input and target made up. */
static void plan(struct mcd_trial *r, const struct net *net)
{
    const struct mcd_update update = {net->optimiser, 1e-3, 0, 0};
    mcd_val x = rig_input(r, net->input), loss;
    mcd_val y = rig_model(r, net->model, x);
    int labels = net->task == MCD_CLASSIFY;
    mcd_val target = rig_target(r, labels ? mcd_shape0() : mcd_shape1(net->outputs), labels);
    mcd_graph_training(r->core, net->task, y, target, &update, &loss, &r->error);
    rig_plan(r, &(struct mcd_plan_spec){.rows = getenv("MCDROP_FAST") ? 2 : BATCH,
                                        .passes = 1,
                                        .training = 1,
                                        .noutputs = 1,
                                        .output = &loss});
    rig_fill(r, x, 1);
    if (labels)
        rig_label(r, target, net->outputs);
    else
        rig_fill(r, target, 2);
}

/* Step by step in the first update, into a graph in the second one, as that graph in the third. */
static void update_launches_no_more_kernels_than_it_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct mcd_trial r;
        rig_open(&r, backend(), 1, 1);
        plan(&r, &nets[i]);
        for (int update = 0; update < UPDATES; update++) {
            unsigned long before = fake_counts().launches;
            rig_run(&r);
            unsigned long launches = fake_counts().launches - before;
            if (launches > (update < 2 ? nets[i].launches : 0))
                fail_msg("%s, update %d: %lu launches", nets[i].model, update, launches);
        }
        rig_close(&r);
    }
}

/* A parameter under a constant force: each update moves it by its own rate. */
static void pull(struct mcd_trial *r, const struct mcd_update *update)
{
    mcd_val x = rig_input(r, mcd_shape1(1)), target = rig_target(r, mcd_shape1(1), 0), loss;
    r->g->penalty(r->g, mcd_param(r->g, "w", mcd_shape0(), 0, 0));
    r->core->scheduled = 1;
    mcd_graph_training(r->core, MCD_REGRESS, x, target, update, &loss, &r->error);
    rig_plan(r, &(struct mcd_plan_spec){
                    .rows = 1, .passes = 1, .training = 1, .noutputs = 1, .output = &loss});
    rig_fill(r, x, 1);
    rig_fill(r, target, 2);
}

static double pulled_to(struct mcd_trial *r)
{
    double *w = rig_get(r, "w", NULL), value = *w;
    free(w);
    return value;
}

/* Adam's step under a constant force is the rate, too. */
static void one_graph_has_the_rate_of_each_update(void **state)
{
    static const struct mcd_update updates[] = {{MCD_SGD, 0.5, 0, 0}, {MCD_ADAM, 0.5, 0, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
        struct mcd_trial r;
        double last = 0;
        rig_open(&r, backend(), 1, 1);
        pull(&r, &updates[i]);
        const struct fake_counts before = fake_counts();
        for (uint32_t u = 0; u < RATES; u++) {
            r.run.update = u;
            r.run.rate_factor = 1 / (1 + (double)u);
            rig_run(&r);
            double w = pulled_to(&r), way = updates[i].rate / (1 + (double)u);
            if (!(fabs(last - w - way) < 1e-5 * way))
                fail_msg("update %u moves by %.9g: expected %.9g", u, last - w, way);
            last = w;
        }
        assert_int_equal(fake_counts().captures - before.captures, 1);
        assert_int_equal(fake_counts().graph_launches - before.graph_launches, RATES - 1);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update_launches_no_more_kernels_than_it_did),
        cmocka_unit_test(one_graph_has_the_rate_of_each_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
