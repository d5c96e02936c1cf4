/*
 * The CUDA backend's sections and fetches on the fake: what runs as a graph gives the bits of
 * single steps, is captured once however often it runs, and leaves nothing behind whatever fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/check/trial.h"
#include "core/graph/gradient.h"
#include "fake.h"

#include <mcdrop/model.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODULE "tests/cuda/module/.libs/cuda.so"

enum { ROWS = 6, PASSES = 4, IN = 19, OUT = 3 };

/* ---- a network ------------------------------------------------------------------------------- */

struct net {
    struct mcd_trial t;
    mcd_val x, target, y; /* y: the output, the loss where it is trained */
    float loss[3];        /* of train_shortly, there until a later sync */
};

static mcd_val linear(struct mcd_graph *g, mcd_val x, const char *name, int64_t out)
{
    mcd_val w = mcd_param(g, name, mcd_shape2(out, mcd_shape_of(g, x).dim[0]), 0, 1);
    return mcd_linear(g, x, w, MCD_ABSENT);
}

/* Passes share the first step. */
static mcd_val build(struct mcd_graph *g, mcd_val x)
{
    mcd_val y = mcd_map(g, MCD_TANH, linear(g, x, "a", 23));
    y = mcd_map(g, MCD_RELU, linear(g, mcd_drop(g, y, MCD_BERNOULLI, 0.3, 1), "b", 21));
    return linear(g, mcd_drop(g, y, MCD_BERNOULLI, 0.5, 1), "c", OUT);
}

static int record(struct net *n, int training)
{
    const struct mcd_update adam = {MCD_ADAM, 0.01, 0, 0};
    struct mcd_trial *t = &n->t;
    n->x = mcd_graph_input(t->core, 0, mcd_shape1(IN), 0);
    n->y = build(t->g, n->x);
    if (!training)
        return mcd_graph_status(t->core, &t->error);
    n->target = mcd_graph_input(t->core, 1, mcd_shape1(OUT), 0);
    return mcd_graph_training(t->core, MCD_REGRESS, n->y, n->target, &adam, &n->y, &t->error);
}

static int plan(struct net *n, int training, int no_sections)
{
    if (n->t.error.code || record(n, training))
        return n->t.error.code;
    return mcd_trial_plan(&n->t, &(struct mcd_plan_spec){.rows = ROWS,
                                                         .passes = training ? 1 : PASSES,
                                                         .training = (uint32_t)training,
                                                         .noutputs = 1,
                                                         .output = &n->y,
                                                         .no_sections = (uint32_t)no_sections});
}

static void fill(struct net *n, mcd_val v, uint32_t tensor)
{
    double values[ROWS * IN];
    if (n->t.error.code)
        return;
    for (size_t i = 0; i < mcd_trial_count(&n->t, v); i++)
        values[i] = mcd_trial_value(tensor, i);
    mcd_trial_write(&n->t, v, values);
}

static int update(struct net *n, uint32_t number)
{
    fill(n, n->x, number);
    fill(n, n->target, 1000 + number);
    for (uint32_t s = 0; !n->t.error.code && s < n->t.core->nsites; s++)
        n->t.draws[s].stream = number;
    n->t.run.update = number;
    return mcd_trial_run(&n->t);
}

static int predict(struct net *n, uint32_t number, const uint32_t *const *bits)
{
    fill(n, n->x, number);
    for (uint32_t i = 0; !n->t.error.code && i < n->t.core->nsites * PASSES; i++)
        n->t.draws[i].stream = number + i % PASSES;
    n->t.run.bits = bits;
    return mcd_trial_run(&n->t);
}

static void assert_ok(const struct net *n)
{
    if (n->t.error.code)
        fail_msg("%s: %s", n->t.error.where, n->t.error.text);
}

static void assert_same(const double *a, const double *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: element %zu is %.9g as a graph, %.9g step by step", what, i, a[i], b[i]);
}

/* ---- training -------------------------------------------------------------------------------- */

enum { UPDATES = 100 };

/* A trained parameter and the losses, all of which are fetched and waited for once. */
struct course {
    double loss[UPDATES];
    double *weights;
    size_t count;
    struct fake_counts made; /* by the updates alone */
};

static void follow(struct course *c, int no_sections)
{
    struct net n = {.x = 0};
    struct mcd_error e = {0};
    float loss[UPDATES];
    mcd_trial_open(&n.t, MODULE, 1, 1);
    plan(&n, 1, no_sections);
    assert_ok(&n);
    const struct fake_counts before = fake_counts();
    for (uint32_t i = 0; i < UPDATES; i++) {
        update(&n, i);
        assert_ok(&n);
        assert_int_equal(mcd_plan_fetch(n.t.plan, n.y, &loss[i], &e), MCD_OK);
    }
    assert_int_equal(mcd_plan_sync(n.t.plan, &e), MCD_OK);
    const struct fake_counts now = fake_counts();
    c->made = (struct fake_counts){.launches = now.launches - before.launches,
                                   .captures = now.captures - before.captures,
                                   .instantiated = now.instantiated - before.instantiated,
                                   .graph_launches = now.graph_launches - before.graph_launches,
                                   .from_device = now.from_device - before.from_device};
    for (uint32_t i = 0; i < UPDATES; i++)
        c->loss[i] = (double)loss[i];
    c->weights = mcd_trial_get(&n.t, "b", &c->count);
    assert_int_equal(mcd_trial_close(&n.t), 0);
    assert_int_equal(fake_live(), 0);
}

static void updates_are_one_graph(void **state)
{
    (void)state;
    struct course whole, single;
    follow(&whole, 0);
    follow(&single, 1);
    assert_same(whole.loss, single.loss, UPDATES, "losses");
    assert_same(whole.weights, single.weights, whole.count, "weights");
    assert_true(whole.loss[UPDATES - 1] != whole.loss[0]);
    assert_int_equal(single.made.captures, 0);
    assert_int_equal(whole.made.captures, 1);
    assert_int_equal(whole.made.instantiated, 1);
    assert_int_equal(whole.made.graph_launches, UPDATES - 1);
    assert_true(whole.made.launches < single.made.launches / 20);
    assert_int_equal(whole.made.from_device, UPDATES); /* losses, and nothing else */
    free(whole.weights);
    free(single.weights);
}

/* ---- predicting ------------------------------------------------------------------------------ */

static const uint32_t *const *given_bits(uint32_t number)
{
    static uint32_t words[ROWS * PASSES];
    static const uint32_t *bits[] = {words, NULL};
    for (uint32_t i = 0; i < ROWS * PASSES; i++)
        words[i] = mcd_philox(number, i, 0, 0, 0).w[0];
    return bits;
}

/* What a sampler fills changes what the host enqueues: there is a graph for what was last. */
static void given_masks_are_captured_anew(void **state)
{
    static const struct {
        int given;
        unsigned long captures; /* of the prefix and of the body, so far */
    } runs[] = {{0, 0}, {0, 2}, {0, 2}, {1, 2}, {1, 3}, {1, 3}, {0, 3}, {0, 4}, {0, 4}};
    struct net whole = {.x = 0}, single = {.x = 0};
    (void)state;
    mcd_trial_open(&whole.t, MODULE, 1, 1);
    mcd_trial_open(&single.t, MODULE, 1, 1);
    plan(&whole, 0, 0);
    plan(&single, 0, 1);
    const struct fake_counts before = fake_counts();
    for (uint32_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        predict(&whole, i, runs[i].given ? given_bits(i) : NULL);
        predict(&single, i, runs[i].given ? given_bits(i) : NULL);
        double *got = mcd_trial_read(&whole.t, whole.y);
        double *expected = mcd_trial_read(&single.t, single.y);
        assert_ok(&whole);
        assert_ok(&single);
        assert_same(got, expected, mcd_trial_count(&whole.t, whole.y), "prediction");
        assert_int_equal(fake_counts().captures - before.captures, runs[i].captures);
        free(got);
        free(expected);
    }
    assert_int_equal(mcd_trial_close(&whole.t), 0);
    assert_int_equal(mcd_trial_close(&single.t), 0);
    assert_int_equal(fake_live(), 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 4, RUNS = 12 };

/* A worker with a plan of its own on the backend of all. */
struct worker {
    struct mcd_host *host;
    const struct mcd_item *backend;
    struct net n;
    uint32_t number;
    float y[RUNS][ROWS * PASSES * OUT]; /* fetched */
};

static void *work(void *arg)
{
    struct worker *w = arg;
    mcd_trial_open_item(&w->n.t, w->host, w->backend, 1);
    plan(&w->n, 0, 0);
    for (uint32_t i = 0; i < RUNS; i++)
        if (!predict(&w->n, 50 * w->number + i, NULL))
            mcd_plan_fetch(w->n.t.plan, w->n.y, w->y[i], &w->n.t.error);
    if (!w->n.t.error.code)
        mcd_plan_sync(w->n.t.plan, &w->n.t.error);
    return NULL;
}

/* Each plan captures and replays while others allocate, copy and wait. */
static void workers_do_not_meet(void **state)
{
    static struct worker together[THREADS], alone[THREADS];
    struct mcd_error e = {0};
    pthread_t thread[THREADS];
    (void)state;
    struct mcd_host *host = mcd_host_create(THREADS, NULL, NULL, &e);
    struct mcd_item *item;
    assert_int_equal(mcd_item_open(host, MCD_BACKEND, MODULE, &item, &e), MCD_OK);
    for (uint32_t i = 0; i < THREADS; i++) {
        together[i] = alone[i] = (struct worker){.host = host, .backend = item, .number = i};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &together[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (uint32_t i = 0; i < THREADS; i++) {
        work(&alone[i]);
        assert_ok(&alone[i].n);
        assert_ok(&together[i].n);
        assert_memory_equal(together[i].y, alone[i].y, sizeof alone[i].y);
        mcd_trial_close(&together[i].n.t);
        mcd_trial_close(&alone[i].n.t);
    }
    mcd_item_close(host, item);
    assert_int_equal(mcd_host_live(host), 0);
    assert_int_equal(fake_live(), 0);
    mcd_host_destroy(host);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Some updates, of which the second is captured and the third replayed, and their losses. */
static int train_shortly(struct net *n)
{
    *n = (struct net){.x = 0};
    if (mcd_trial_open(&n->t, MODULE, 1, 1) || plan(n, 1, 0))
        return n->t.error.code;
    for (uint32_t i = 0; i < 3; i++)
        if (!update(n, i))
            mcd_plan_fetch(n->t.plan, n->y, &n->loss[i], &n->t.error);
    return n->t.error.code ? n->t.error.code : mcd_plan_sync(n->t.plan, &n->t.error);
}

/* Each call, or piece of work, that is made until everything went well; how many there were. */
static unsigned long fail_in_turn(enum fake_failure how, unsigned long stride)
{
    for (unsigned long k = 1;; k += stride) {
        struct net n;
        fake_fail(how, k);
        int status = train_shortly(&n);
        const struct mcd_error e = n.t.error;
        uint64_t left = mcd_trial_close(&n.t);
        const char *failed = fake_recover();
        if (!failed) {
            assert_int_equal(status, MCD_OK);
            return k;
        }
        if (left || fake_live())
            fail_msg("%s, the %luth: %ld are left", failed, k, fake_live() + (long)left);
        if (status != MCD_OK && (e.code != status || !*e.text))
            fail_msg("%s, the %luth: status %d, '%s'", failed, k, status, e.text);
        if (status != MCD_OK && status != MCD_DEVICE && status != MCD_NOMEM)
            fail_msg("%s, the %luth: status %d, %s", failed, k, status, e.text);
    }
}

/* In steps, in the short form. */
static void whatever_fails_leaves_nothing(void **state)
{
    unsigned long stride = getenv("MCDROP_FAST") ? 17 : 1;
    enum fake_failure how = (enum fake_failure)(uintptr_t)*state;
    assert_true(fail_in_turn(how, stride) > 50);
}

/* Once a wait has failed, what was on its way then is neither written later nor taken for there. */
static void what_is_lost_is_not_complete(void **state)
{
    struct net n = {.x = 0};
    (void)state;
    mcd_trial_open(&n.t, MODULE, 1, 1);
    plan(&n, 1, 0);
    update(&n, 0);
    assert_ok(&n);
    struct mcd_error e = {0}, again = {0}, read = {0};
    n.loss[0] = -1;
    assert_int_equal(mcd_plan_fetch(n.t.plan, n.y, &n.loss[0], &e), MCD_OK);
    fake_fail(FAKE_REFUSED, 2); /* first it makes the card the thread's */
    assert_int_equal(mcd_plan_sync(n.t.plan, &e), MCD_DEVICE);
    assert_string_equal(fake_recover(), "cudaStreamSynchronize");
    assert_int_equal(mcd_plan_sync(n.t.plan, &again), MCD_DEVICE);
    assert_non_null(strstr(again.text, "were lost"));
    assert_int_equal(mcd_plan_read(n.t.plan, n.y, &n.loss[1], &read), MCD_DEVICE);
    assert_true(n.loss[0] == -1);
    assert_int_equal(mcd_trial_close(&n.t), 0);
    assert_int_equal(fake_live(), 0);
}

int main(void)
{
    void *memory = (void *)(uintptr_t)FAKE_MEMORY, *refused = (void *)(uintptr_t)FAKE_REFUSED;
    void *sticky = (void *)(uintptr_t)FAKE_STICKY, *late = (void *)(uintptr_t)FAKE_LATE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_are_one_graph),
        cmocka_unit_test(given_masks_are_captured_anew),
        cmocka_unit_test(workers_do_not_meet),
        cmocka_unit_test(what_is_lost_is_not_complete),
        {"no memory", whatever_fails_leaves_nothing, NULL, NULL, memory},
        {"a call that is refused", whatever_fails_leaves_nothing, NULL, NULL, refused},
        {"a device that is lost", whatever_fails_leaves_nothing, NULL, NULL, sticky},
        {"work that fails", whatever_fails_leaves_nothing, NULL, NULL, late},
    };
    return cmocka_run_group_tests_name("section", tests, NULL, NULL);
}
