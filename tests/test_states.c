/*
 * What layers remember from update to update, from the recording (core/graph/graph.c) by way of
 * updates (core/graph/gradient.c, core/train/trainer.c) to files (core/network/checkpoint.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/network/checkpoint.h"
#include "core/train/train.h"
#include "core/train/train_state.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { ROWS = 23, BATCH = 8, WIDTH = 6, OUT = 2, EACH = 3 };

static const char f64[] = "reference:precision=f64";
static const struct mcd_update sgd = {MCD_SGD, 0.1, 0.9, 1e-3}, adam = {MCD_ADAM, 0.01, 0, 0};

/* ---- recording ------------------------------------------------------------------------------ */

static void a_name_is_one_state(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f64, 1, 1);
    mcd_val s = mcd_state(r.g, "s", mcd_shape1(3), 2);
    assert_int_equal(mcd_state(r.g, "s", mcd_shape1(3), 5), s);
    assert_int_equal(r.core->nparams, 1);
    assert_int_equal(mcd_state(r.g, "s", mcd_shape1(4), 2), 0);
    assert_error(r.core->error, MCD_INVALID, "s", "recorded as [3] and as [4]");
    r.core->error = (struct mcd_error){0};
    assert_int_equal(mcd_param(r.g, "s", mcd_shape1(3), 0, 1), 0);
    assert_error(r.core->error, MCD_INVALID, "s", "recorded as a parameter and as a state");
    rig_close(&r);
}

static void expect_refusal(struct mcd_trial *r, const char *where, const char *text)
{
    assert_error(r->core->error, MCD_INVALID, where, text);
    assert_int_equal(r->core->ntrackings, 0);
    r->core->error = (struct mcd_error){0};
}

static void only_states_follow_and_only_their_like(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(3)), p = mcd_param(r.g, "p", mcd_shape1(3), 0, 1);
    mcd_val s = mcd_state(r.g, "s", mcd_shape1(3), 0), mean;
    mean = mcd_reduce(r.g, MCD_MEAN, x, mcd_shape1(3), 1);
    r.g->track(r.g, p, mean, 0.1);
    expect_refusal(&r, "", "tracks what is no state of a layer");
    r.g->track(r.g, 1000, mean, 0.1);
    expect_refusal(&r, "", "tracks what is no state of a layer");
    r.g->track(r.g, s, x, 0.1);
    expect_refusal(&r, "s", "tracks a value of another kind: expected [3] without rows");
    r.g->track(r.g, s, mcd_reshape(r.g, mean, mcd_shape2(3, 1)), 0.1);
    expect_refusal(&r, "s", "tracks a value of another kind: expected [3] without rows");
    r.g->track(r.g, s, 1000, 0.1);
    expect_refusal(&r, "s", "tracks a value of another kind");
    r.g->track(r.g, s, mean, 1.5);
    expect_refusal(&r, "s", "is tracked at a rate of 1.5: expected 0 to 1");
    r.g->track(r.g, s, mean, NAN);
    expect_refusal(&r, "s", "is tracked at a rate of nan: expected 0 to 1");
    r.g->track(r.g, s, 0, 0.1); /* a failure passes through */
    r.g->track(r.g, 0, mean, 0.1);
    assert_int_equal(r.core->error.code, MCD_OK);
    assert_int_equal(r.core->ntrackings, 0);
    rig_close(&r);
}

/* ---- updates -------------------------------------------------------------------------------- */

/*
 * s is moved half of its way to w, twice, from what w was before the update; u takes w's place;
 * neither is moved by decay, and y reads s as it was.
 */
static mcd_val build_tracking(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    mcd_val w = mcd_param(g, "w", mcd_shape2(OUT, WIDTH), 0.25, 0);
    mcd_val s = mcd_state(g, "s", mcd_shape2(OUT, WIDTH), 8);
    mcd_val u = mcd_state(g, "u", mcd_shape2(OUT, WIDTH), 3);
    g->track(g, s, w, 0.5);
    g->track(g, s, w, 0.5);
    g->track(g, u, mcd_affine(g, w, 1, 0), 1);
    return mcd_linear(g, x, mcd_mul(g, w, s), MCD_ABSENT);
}

static const float *inputs(void)
{
    static float x[ROWS * WIDTH];
    for (uint32_t i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(1 + fixture_value(7, i));
    return x;
}

static const float *targets(void)
{
    static float y[ROWS * OUT];
    for (uint32_t i = 0; i < ROWS * OUT; i++)
        y[i] = (float)fixture_value(8, i);
    return y;
}

static struct mcd_trainer_spec trainer_spec(struct mcd_network *n, const struct mcd_update *u)
{
    return (struct mcd_trainer_spec){
        .network = n,
        .data = {.rows = ROWS, .x = inputs(), .target = targets()},
        .update = *u,
        .batch = BATCH,
        .seed = 5,
    };
}

static double *values_of(const struct mcd_network *n, const char *name, size_t *count)
{
    struct mcd_trial r = {.store = n->store};
    return rig_get(&r, name, count);
}

static void expect_all(const struct mcd_network *n, const char *name, const double *expected,
                       double scale)
{
    size_t count;
    double *found = values_of(n, name, &count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(found[i] - expected[i]) <= 1e-14 * scale))
            fail_msg("%s: element %zu is %.17g: expected %.17g", name, i, found[i], expected[i]);
    free(found);
}

static void updates_move_states(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    rig_network_open(&n, host, f64, build_tracking, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
    struct mcd_trainer_spec spec = trainer_spec(&n.network, &sgd);
    struct mcd_trainer *t;
    double s[OUT * WIDTH], loss, first = 0;
    for (int i = 0; i < OUT * WIDTH; i++)
        s[i] = 8;
    assert_ok(mcd_trainer_create(&spec, &t, &e), e);
    for (uint64_t u = 0; u < 4; u++) {
        uint32_t rows;
        double *before = values_of(&n.network, "w", NULL);
        assert_ok(mcd_trainer_step(t, u, &loss, &rows, &e), e);
        first = u == 0 ? loss : first;
        for (int i = 0; i < OUT * WIDTH; i++)
            s[i] += 0.75 * (before[i] - s[i]);
        expect_all(&n.network, "s", s, 8);
        expect_all(&n.network, "u", before, 8);
        free(before);
    }
    double y = 0, expected = 0; /* of the first batch, with s = 8 */
    for (int r = 0; r < BATCH; r++)
        for (int o = 0; o < OUT; o++) {
            y = 0;
            for (int i = 0; i < WIDTH; i++)
                y += 0.25 * 8 * inputs()[r * WIDTH + i];
            expected += pow(y - targets()[r * OUT + o], 2) / (BATCH * OUT);
        }
    assert_true(fabs(first - expected) < 1e-12 * expected);
    assert_null(mcd_store_find(n.network.store, "optimiser.first.s"));
    assert_non_null(mcd_store_find(n.network.store, "optimiser.first.w"));
    mcd_trainer_destroy(t);
    rig_network_close(&n);
    mcd_host_destroy(host);
}

/* Two states change places, one of them by way of another shape; w makes it a training. */
static mcd_val build_exchange(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    mcd_val w = mcd_param(g, "w", mcd_shape2(OUT, WIDTH), 0.25, 0);
    mcd_val a = mcd_state(g, "a", mcd_shape1(6), 1), b = mcd_state(g, "b", mcd_shape2(2, 3), 2);
    g->track(g, a, mcd_reshape(g, b, mcd_shape1(6)), 1);
    g->track(g, b, mcd_reshape(g, a, mcd_shape2(2, 3)), 1);
    return mcd_linear(g, x, w, MCD_ABSENT);
}

static void states_follow_what_others_were(void **state)
{
    (void)state;
    static const double ones[] = {1, 1, 1, 1, 1, 1}, twos[] = {2, 2, 2, 2, 2, 2};
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    rig_network_open(&n, host, f64, build_exchange, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
    struct mcd_trainer_spec spec = trainer_spec(&n.network, &sgd);
    struct mcd_trainer *t;
    assert_ok(mcd_trainer_create(&spec, &t, &e), e);
    for (uint64_t u = 0; u < 3; u++) {
        uint32_t rows;
        double loss;
        assert_ok(mcd_trainer_step(t, u, &loss, &rows, &e), e);
        expect_all(&n.network, "a", u % 2 ? ones : twos, 1);
        expect_all(&n.network, "b", u % 2 ? twos : ones, 1);
    }
    mcd_trainer_destroy(t);
    rig_network_close(&n);
    mcd_host_destroy(host);
}

/* What a layer is told of the training: [0] batch, [1] nat; a prediction is told zeros. */
static mcd_val build_telling(void *self, struct mcd_graph *g, mcd_val x)
{
    double *told = self;
    if (g->batch || told[0] == 0) {
        told[0] = g->batch;
        told[1] = g->nat;
    }
    return mcd_layer(g, "a", x, "linear:out=%d", OUT);
}

static void layers_are_told_batch_and_nat(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    for (uint32_t task = MCD_CLASSIFY; task <= MCD_REGRESS; task++) {
        struct rig_network n;
        struct mcd_recording r;
        double told[2] = {0, 1};
        rig_network_open(&n, host, f64, build_telling, told, task, mcd_shape1(WIDTH));
        assert_true(told[0] == 0 && told[1] == 0);
        assert_ok(mcd_network_record_training(&n.network, BATCH, ROWS, 0, &r, &e), e);
        assert_true(told[0] == BATCH);
        assert_true(told[1] == (task == MCD_CLASSIFY ? 1. / ROWS : 2. / (ROWS * OUT)));
        struct mcd_plan *plan;
        struct mcd_plan_spec spec = {.graph = r.graph,
                                     .store = n.network.store,
                                     .rows = BATCH + 1,
                                     .passes = 1,
                                     .training = 1,
                                     .noutputs = 1,
                                     .output = &r.y};
        assert_int_equal(mcd_plan_create(&spec, &plan, &e), MCD_INVALID);
        assert_error(e, MCD_INVALID, "plan", "recorded for training on 8 rows");
        e = (struct mcd_error){0};
        mcd_graph_destroy(r.graph);
        rig_network_close(&n);
    }
    mcd_host_destroy(host);
}

/* ---- batch normalisation in training -------------------------------------------------------- */

static mcd_val build_normed(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    x = mcd_layer(g, "in", x, "batchnorm");
    x = mcd_layer(g, "fc", x, "linear:out=5");
    x = mcd_layer(g, "norm", x, "batchnorm:momentum=0.3");
    x = mcd_drop(g, mcd_map(g, MCD_TANH, x), MCD_BERNOULLI, 0.25, 1);
    return mcd_layer(g, "out", x, "linear:out=%d", OUT);
}

/* What the first layer sees is known: running statistics over a whole epoch, the rest included. */
static void running_statistics_are_exact(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, NULL);
    rig_network_open(&n, host, f64, build_normed, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
    struct mcd_trainer_spec spec = trainer_spec(&n.network, &adam);
    struct mcd_trainer *t;
    double running_mean[WIDTH] = {0}, running_var[WIDTH] = {1, 1, 1, 1, 1, 1}, loss;
    assert_ok(mcd_trainer_create(&spec, &t, &e), e);
    for (uint32_t u = 0, rows; u < EACH; u++) {
        assert_ok(mcd_trainer_step(t, u, &loss, &rows, &e), e);
        assert_int_equal(rows, u == EACH - 1 ? ROWS % BATCH : BATCH);
        const float *x = inputs() + u * BATCH * WIDTH;
        for (int k = 0; k < WIDTH; k++) {
            double mean = 0, squares = 0;
            for (uint32_t r = 0; r < rows; r++)
                mean += (double)x[r * WIDTH + (uint32_t)k] / rows;
            for (uint32_t r = 0; r < rows; r++)
                squares += pow(x[r * WIDTH + (uint32_t)k] - mean, 2);
            running_mean[k] += 0.1 * (mean - running_mean[k]);
            running_var[k] += 0.1 * (squares / (rows - 1) - running_var[k]);
        }
    }
    expect_all(&n.network, "in.running_mean", running_mean, 1);
    expect_all(&n.network, "in.running_var", running_var, 1);
    mcd_trainer_destroy(t);
    rig_network_close(&n);
    mcd_host_destroy(host);
}

static void batches_of_one_row_are_refused(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_trainer *t;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    rig_network_open(&n, host, f64, build_normed, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
    struct mcd_trainer_spec spec = trainer_spec(&n.network, &adam);
    spec.batch = (ROWS - 1) / 2; /* one row is left over */
    assert_int_equal(mcd_trainer_create(&spec, &t, &e), MCD_INVALID);
    assert_error(
        e, MCD_INVALID, "in",
        "one value has no variance: expected at least 2 rows in every batch, the last one");
    assert_int_equal(mcd_host_live(host) > 0, 1);
    rig_network_close(&n);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* A network that is trained by sessions of `stop` epochs each, until 4 are done, into `path`. */
static void train_in_sessions(const char *backend, uint32_t threads, uint64_t stop,
                              const char *path)
{
    struct mcd_error e = {0};
    for (uint64_t done = 0; done < 4; done += stop) {
        struct rig_network n;
        struct mcd_train_state s = {0};
        struct mcd_host *host = mcd_host_create(threads, NULL, NULL, NULL);
        rig_network_open(&n, host, backend, build_normed, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
        struct mcd_train t = {.trainer = trainer_spec(&n.network, &adam),
                              .data = "test",
                              .checkpoint = path,
                              .interval = 1e9};
        t.trainer.epochs = done + stop;
        if (done)
            assert_ok(mcd_train_resume(&t, &s, &e), e);
        assert_ok(mcd_train_run(&t, &s, &e), e);
        mcd_train_state_clear(&s);
        rig_network_close(&n);
        assert_int_equal(mcd_host_live(host), 0);
        mcd_host_destroy(host);
    }
}

static void expect_same_tensors(const char *a, const char *b)
{
    struct mcd_error e = {0};
    struct mcd_safetensors x, y;
    assert_ok(mcd_safetensors_read(a, &x, &e), e);
    assert_ok(mcd_safetensors_read(b, &y, &e), e);
    assert_int_equal(x.count, y.count);
    for (size_t i = 0; i < x.count; i++) {
        const struct mcd_array *v = &x.tensor[i].value, *w = &y.tensor[i].value;
        assert_string_equal(x.tensor[i].name, y.tensor[i].name);
        assert_int_equal(mcd_array_count(v), mcd_array_count(w));
        if (memcmp(v->data, w->data, (size_t)mcd_array_count(v) * mcd_type_size(v->type)))
            fail_msg("%s differs", x.tensor[i].name);
    }
    assert_non_null(mcd_safetensors_find(&x, "norm.running_var"));
    mcd_safetensors_clear(&x);
    mcd_safetensors_clear(&y);
}

static void resumed_and_threaded_runs_have_the_same_bits(void **state)
{
    (void)state;
    static const char *const backends[] = {"reference", "openblas", "onednn"};
    for (int i = 0; i < 3; i++) {
        struct mcd_item *item = NULL;
        struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
        int there = mcd_item_open(host, MCD_BACKEND, backends[i], &item, NULL) == MCD_OK;
        mcd_item_close(host, item);
        mcd_host_destroy(host);
        if (!there)
            continue;
        train_in_sessions(backends[i], 1, 4, scratch_path("whole"));
        train_in_sessions(backends[i], 1, 1, scratch_path("cut"));
        train_in_sessions(backends[i], 3, 2, scratch_path("threads"));
        expect_same_tensors(scratch_path("whole"), scratch_path("cut"));
        expect_same_tensors(scratch_path("whole"), scratch_path("threads"));
    }
}

/* One layer, and what PyTorch's state_dict has for it. */
static mcd_val build_one(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    return mcd_layer(g, "bn", x, "batchnorm");
}

static float pytorch_values[4][OUT] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
static int64_t batches = 12;

static void set_tensor(struct mcd_safetensor *t, const char *name, uint32_t type, uint32_t rank,
                       void *data)
{
    *t = (struct mcd_safetensor){.name = name,
                                 .value = {.type = type, .rank = rank, .dim = {OUT}, .data = data}};
}

static int load_pytorchs(const char *count_name, size_t count, struct mcd_network *n,
                         struct mcd_error *e)
{
    static const char *const names[] = {"bn.weight", "bn.bias", "bn.running_mean",
                                        "bn.running_var"};
    struct mcd_safetensor t[5];
    struct mcd_safetensors file = {count, 0, t, NULL};
    for (int i = 0; i < 4; i++)
        set_tensor(&t[i], names[i], MCD_F32, 1, pytorch_values[i]);
    set_tensor(&t[count - 1], count_name, MCD_I64, 0, &batches);
    return mcd_weights_load(n, &file, "file", 0, e);
}

static void pytorchs_files_load_with_their_count_of_batches(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct rig_network n;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    rig_network_open(&n, host, f64, build_one, NULL, MCD_REGRESS, mcd_shape1(OUT));
    assert_ok(load_pytorchs("bn.num_batches_tracked", 5, &n.network, &e), e);
    expect_all(&n.network, "bn.running_mean", (double[]){5, 6}, 1);
    expect_all(&n.network, "bn.running_var", (double[]){7, 8}, 1);
    assert_int_equal(load_pytorchs("fc.num_batches_tracked", 5, &n.network, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "file", "has a tensor fc.num_batches_tracked that test_model");
    e = (struct mcd_error){0};
    assert_int_equal(load_pytorchs("bn.num_batches_tracked", 4, &n.network, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "file", "has no tensor bn.running_var");
    rig_network_close(&n);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_one_state),
        cmocka_unit_test(only_states_follow_and_only_their_like),
        cmocka_unit_test(updates_move_states),
        cmocka_unit_test(states_follow_what_others_were),
        cmocka_unit_test(layers_are_told_batch_and_nat),
        cmocka_unit_test(running_statistics_are_exact),
        cmocka_unit_test(batches_of_one_row_are_refused),
        cmocka_unit_test(resumed_and_threaded_runs_have_the_same_bits),
        cmocka_unit_test(pytorchs_files_load_with_their_count_of_batches),
    };
    return cmocka_run_group_tests_name("states", tests, scratch_setup, scratch_teardown);
}
