/*
 * core/train/rate.c, and that updates go by it (core/train/trainer.c): parameters under a constant
 * force end where sums that are known say, on every backend that was built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/train/rate.h"
#include "core/train/trainer.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

/* An epoch has two full batches, and one of two rows, which is another plan's. */
enum { ROWS = 10, BATCH = 4, EACH = 3, EPOCHS = 4, ALL = EACH * EPOCHS };

/* ---- schedules ------------------------------------------------------------------------------ */

static void a_cosine_falls_from_one_to_nothing(void **state)
{
    (void)state;
    const uint64_t all = 600;
    double sum = 0;
    for (uint64_t t = 0; t < all; t++) {
        double f = mcd_rate_factor(MCD_RATE_COSINE, t, all);
        assert_true(f > mcd_rate_factor(MCD_RATE_COSINE, t + 1, all));
        sum += f;
    }
    assert_true(fabs(sum - (double)(all + 1) / 2) < 1e-10 * (double)all);
    assert_true(mcd_rate_factor(MCD_RATE_COSINE, 0, all) == 1);
    assert_true(fabs(mcd_rate_factor(MCD_RATE_COSINE, all / 3, all) - 0.75) < 1e-15);
    assert_true(fabs(mcd_rate_factor(MCD_RATE_COSINE, all / 2, all) - 0.5) < 1e-15);
    assert_true(mcd_rate_factor(MCD_RATE_COSINE, all, all) == 0);
    assert_true(mcd_rate_factor(MCD_RATE_COSINE, UINT64_MAX, all) == 0);
    assert_true(mcd_rate_factor(MCD_RATE_COSINE, 0, 0) == 0);
}

static void a_constant_is_one(void **state)
{
    (void)state;
    static const uint64_t updates[] = {0, 1, 599, 600, UINT64_MAX};
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        assert_true(mcd_rate_factor(MCD_RATE_CONSTANT, updates[i], 600) == 1);
}

static void schedules_have_names(void **state)
{
    (void)state;
    assert_int_equal(mcd_rate_schedule_of("constant"), MCD_RATE_CONSTANT);
    assert_int_equal(mcd_rate_schedule_of("cosine"), MCD_RATE_COSINE);
    assert_int_equal(mcd_rate_schedule_of("cos"), MCD_RATE_SCHEDULES);
    assert_int_equal(mcd_rate_schedule_of(NULL), MCD_RATE_SCHEDULES);
}

/* ---- updates -------------------------------------------------------------------------------- */

/* Falls by its rate times 1 in every update; the state goes half of its way to 1. */
static mcd_val build_falling(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    mcd_val w = mcd_param(g, "w", mcd_shape0(), 0, 0), s = mcd_state(g, "s", mcd_shape0(), 0);
    g->penalty(g, w);
    g->track(g, s, mcd_affine(g, w, 0, 1), 0.5);
    return mcd_affine(g, x, 2, 0);
}

static double value(struct mcd_network *n, const char *name)
{
    struct mcd_trial r = {.store = n->store};
    double *x = rig_get(&r, name, NULL), first = *x;
    free(x);
    return first;
}

/* How far a training falls, and where the state is then. */
static void fall(const char *backend, const struct mcd_update *u, uint32_t schedule, double *way,
                 double *average)
{
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_trainer *t;
    float x[ROWS] = {0};
    double loss;
    uint32_t rows;
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, NULL);
    rig_network_open(&n, host, backend, build_falling, NULL, MCD_REGRESS, mcd_shape1(1));
    const struct mcd_trainer_spec spec = {.network = &n.network,
                                          .data = {.rows = ROWS, .x = x, .target = x},
                                          .update = *u,
                                          .batch = BATCH,
                                          .schedule = schedule,
                                          .epochs = EPOCHS};
    assert_ok(mcd_trainer_create(&spec, &t, &e), e);
    assert_int_equal(mcd_trainer_epoch_updates(t), EACH);
    for (uint64_t update = 0; update < ALL; update++)
        assert_ok(mcd_trainer_step(t, update, &loss, &rows, &e), e);
    mcd_trainer_destroy(t);
    *way = -value(&n.network, "w");
    *average = value(&n.network, "s");
    rig_network_close(&n);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* The sum of the factors times what the gradients before have piled up to. */
static double expected_way(const struct mcd_update *u, uint32_t schedule)
{
    double way = 0;
    for (int t = 0; t < ALL; t++) {
        double factor = schedule == MCD_RATE_COSINE ? pow(cos(acos(-1) * t / (2 * ALL)), 2) : 1;
        way += u->rate * factor * (1 - pow(u->momentum, t + 1)) / (1 - u->momentum);
    }
    return way;
}

static int is_there(const char *backend)
{
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_item *item = NULL;
    int there = mcd_item_open(host, MCD_BACKEND, backend, &item, NULL) == MCD_OK;
    mcd_item_close(host, item);
    mcd_host_destroy(host);
    return there;
}

static void falls_as_far_as_the_rates_say_on(const char *backend, double tolerance)
{
    /* Adam divides the gradient by its own size. */
    static const struct mcd_update updates[] = {
        {MCD_SGD, 0.125, 0, 0}, {MCD_SGD, 0.125, 0.5, 0}, {MCD_ADAM, 0.125, 0, 0}};
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
        for (uint32_t schedule = 0; schedule < MCD_RATE_SCHEDULES; schedule++) {
            double way, average, expected = expected_way(&updates[i], schedule);
            fall(backend, &updates[i], schedule, &way, &average);
            if (!(fabs(way - expected) <= tolerance * expected))
                fail_msg("%s, update %zu, %s: falls by %.17g: expected %.17g", backend, i,
                         mcd_rate_schedules[schedule], way, expected);
            assert_true(average == 1 - pow(0.5, ALL));
        }
}

static void falls_as_far_as_the_rates_say(void **state)
{
    (void)state;
    char cuda[PATH_MAX]; /* on a CUDA without a card */
    snprintf(cuda, sizeof cuda, "%s/cuda/module/.libs/cuda.so", getenv("MCDROP_TEST_BUILDDIR"));
    falls_as_far_as_the_rates_say_on("reference:precision=f64", 1e-7 /* Adam's epsilon */);
    falls_as_far_as_the_rates_say_on("reference", 1e-5);
    if (is_there("openblas"))
        falls_as_far_as_the_rates_say_on("openblas", 1e-5);
    if (is_there(cuda))
        falls_as_far_as_the_rates_say_on(cuda, 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cosine_falls_from_one_to_nothing),
        cmocka_unit_test(a_constant_is_one),
        cmocka_unit_test(schedules_have_names),
        cmocka_unit_test(falls_as_far_as_the_rates_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
