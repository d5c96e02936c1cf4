/*
 * core/network/resident.c, and core/train/ on a backend whose memory is not the host's: the bits of
 * one in host memory, whatever is kept where; what goes each way; losses that are read late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/distant.h"

#include "core/base/host.h"
#include "core/train/train.h"
#include "core/train/train_state.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 43, WIDTH = 30, EPOCHS = 3, TESTS = 9 };

static float x[ROWS * WIDTH], target[2 * ROWS];
static int32_t label[ROWS];

static int setup(void **state)
{
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i * 7919 % 257) / 257 - 0.3f;
    for (int i = 0; i < 2 * ROWS; i++)
        target[i] = (float)(i * 31 % 17) / 17;
    for (int i = 0; i < ROWS; i++)
        label[i] = i * i % 4;
    return scratch_setup(state);
}

/* ---- one training --------------------------------------------------------------------------- */

struct way {
    const char *name, *model, *inner;
    struct mcd_update update;
    struct mcd_shape in;
    uint32_t batch, shuffle, regression;
};

static const struct way ways[] = {
    {"momentum",
     "mlp:hidden=9x7,classes=4",
     "reference",
     {MCD_SGD, 0.1, 0.9, 1e-3},
     {2, {6, 5}},
     10,
     1,
     0},
    {"its own order",
     "mlp:hidden=9x7,classes=4",
     "reference",
     {MCD_SGD, 0.1, 0, 0},
     {6, {1, 5, 1, 3, 1, 2}},
     8,
     0,
     0},
    {"f64",
     "mlp:hidden=9x7,classes=4",
     "reference:precision=f64",
     {MCD_ADAM, 0.01, 0, 1e-3},
     {1, {30}},
     16,
     1,
     0},
    {"images", "lenet:classes=4", "reference", {MCD_SGD, 0.01, 0, 0}, {3, {1, 5, 6}}, 43, 1, 0},
    {"all rows", "mlp2:hidden=8x8", "reference", {MCD_ADAM, 0.01, 0, 1e-5}, {1, {30}}, 0, 1, 1},
    {"targets in f64",
     "mlp2:hidden=8",
     "reference:precision=f64",
     {MCD_SGD, 0.01, 0.5, 0},
     {1, {30}},
     5,
     1,
     1},
    {"rows in one update each",
     "mlp:hidden=5,classes=4",
     "reference",
     {MCD_SGD, 0.1, 0, 0},
     {1, {30}},
     1,
     1,
     0},
};

enum { WAYS = sizeof ways / sizeof *ways };

struct run {
    struct mcd_host *host;
    struct distant_network on; /* if it is distant */
    struct mcd_network *network;
    struct mcd_train train;
    struct mcd_train_state state;
    volatile sig_atomic_t stop;
    uint64_t stop_at, syncs[EPOCHS + 1]; /* at the end of each epoch */
    char log[2048];
};

static void on_update(void *arg, uint64_t update, uint64_t of)
{
    struct run *r = arg;
    (void)of;
    r->stop = update == r->stop_at;
}

static void on_epoch(void *arg, uint64_t epoch, const struct mcd_epoch *line)
{
    struct run *r = arg;
    (void)line;
    r->syncs[epoch] = r->on.distant.syncs;
}

static void keep_line(void *arg, int level, const char *line)
{
    struct run *r = arg;
    (void)level;
    strncat(r->log, line, sizeof r->log - strlen(r->log) - 1);
}

/* In host memory, or not: then how distant it is may be changed before the training. */
static void run_open(struct run *r, const struct way *w, int distant, uint64_t seed)
{
    struct mcd_error e = {0};
    memset(r, 0, sizeof *r);
    r->host = mcd_host_create(1, keep_line, r, NULL);
    if (distant) {
        distant_network_open(&r->on, r->host, w->model, w->inner, w->in, seed);
        r->network = &r->on.network;
    } else {
        assert_ok(mcd_network_open(r->host, w->model, w->inner, &w->in, seed, &r->network, &e), e);
    }
    struct mcd_examples data = {.rows = ROWS, .x = x};
    data.label = w->regression ? NULL : label;
    data.target = w->regression ? target : NULL;
    r->train = (struct mcd_train){.trainer = {.network = r->network,
                                              .data = data,
                                              .update = w->update,
                                              .batch = w->batch,
                                              .shuffle = w->shuffle,
                                              .seed = 77,
                                              .epochs = EPOCHS},
                                  .test = data,
                                  .data = "made up",
                                  .interval = 1e9,
                                  .stop = &r->stop,
                                  .on_update = on_update,
                                  .on_epoch = on_epoch,
                                  .arg = r};
    r->train.test.rows = TESTS;
    r->train.data_checksum = mcd_train_data_checksum(&r->train.trainer);
}

static void run_whole(struct run *r)
{
    struct mcd_error e = {0};
    assert_ok(mcd_train_run(&r->train, &r->state, &e), e);
}

static void run_close(struct run *r)
{
    mcd_train_state_clear(&r->state);
    if (r->network == &r->on.network)
        distant_network_close(&r->on);
    else
        mcd_network_close(r->network);
    assert_int_equal(mcd_host_live(r->host), 0);
    mcd_host_destroy(r->host);
}

static void check_same(const struct run *a, const struct run *b)
{
    struct mcd_store *s = a->network->store, *t = b->network->store;
    assert_int_equal(a->state.update, b->state.update);
    assert_int_equal(a->state.epochs, b->state.epochs);
    assert_memory_equal(&a->state.loss_sum, &b->state.loss_sum, sizeof(double));
    for (uint64_t i = 0; i < a->state.epochs; i++) {
        assert_memory_equal(&a->state.history[i].loss, &b->state.history[i].loss, sizeof(double));
        assert_memory_equal(&a->state.history[i].test, &b->state.history[i].test, sizeof(double));
    }
    assert_int_equal(s->count, t->count);
    for (uint32_t i = 0; i < s->count; i++) {
        size_t n = (size_t)mcd_tensor_count(&s->entry[i].tensor);
        double *p = calloc(2 * n, sizeof *p);
        assert_non_null(p);
        assert_string_equal(s->entry[i].name, t->entry[i].name);
        assert_int_equal(mcd_store_read(s, &s->entry[i], p, NULL), 0);
        assert_int_equal(mcd_store_read(t, &t->entry[i], p + n, NULL), 0);
        assert_memory_equal(p, p + n, n * sizeof *p);
        free(p);
    }
}

/* ---- the same bits -------------------------------------------------------------------------- */

/* How a distant backend is made to keep the data, not to, or no longer. */
enum { RESIDENT, REFUSES_GATHER, TOO_SMALL, TOO_SMALL_WITH_TESTS, WAITS, BLOCKS, VARIANTS };

/* Bytes that a training of so many test rows needs at most where data are not resident. */
static uint64_t least_room(const struct way *w, int64_t tests)
{
    struct run r;
    run_open(&r, w, 1, 5);
    r.on.distant.refuse_op = MCD_OP_GATHER;
    r.train.test.rows = tests;
    run_whole(&r);
    uint64_t room = r.on.distant.most_bytes;
    run_close(&r);
    return room;
}

static void vary(struct run *r, const struct way *w, int variant)
{
    struct distant *d = &r->on.distant;
    switch (variant) {
    case REFUSES_GATHER:
        d->refuse_op = MCD_OP_GATHER;
        break;
    case TOO_SMALL:
        d->room = least_room(w, 0) + 64;
        r->train.test.rows = 0;
        break;
    case TOO_SMALL_WITH_TESTS:
        d->room = least_room(w, TESTS);
        break;
    case WAITS:
        d->api.fetch = NULL;
        break;
    case BLOCKS:
        d->rows = 5; /* the tests are a block and a part of one */
        break;
    default:
        break;
    }
}

/* Returns whether data that were resident made room for the tests. */
static int try_variant(const struct run *near, const struct way *w, int variant)
{
    struct run far;
    run_open(&far, w, 1, 5);
    vary(&far, w, variant);
    run_whole(&far);
    const struct distant *d = &far.on.distant;
    uint64_t blocks = variant == BLOCKS ? 2 : 1, tested = far.train.test.rows ? EPOCHS * blocks : 0;
    uint64_t gathered = d->runs[MCD_OP_GATHER], all = 2 * far.state.update + tested;
    if (variant == RESIDENT || variant == WAITS || variant == BLOCKS)
        assert_int_equal(gathered, all);
    else if (variant == TOO_SMALL_WITH_TESTS)
        assert_true(gathered < all);
    else
        assert_int_equal(gathered, 0);
    assert_int_equal(strstr(far.log, "too little memory") != NULL,
                     variant == TOO_SMALL || variant == TOO_SMALL_WITH_TESTS);
    check_same(near, &far);
    run_close(&far);
    return gathered > 0 && gathered < all;
}

static void it_has_the_bits_of_host_memory(void **state)
{
    (void)state;
    int made_room = 0;
    for (int i = 0; i < WAYS; i++)
        for (int variant = 0; variant < VARIANTS; variant++) {
            struct run near;
            run_open(&near, &ways[i], 0, 5);
            near.train.test.rows = variant == TOO_SMALL ? 0 : TESTS;
            run_whole(&near);
            made_room += try_variant(&near, &ways[i], variant);
            run_close(&near);
        }
    assert_true(made_room > 0);
}

static void stopped_and_resumed_it_has_them_too(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct run near, first, second;
    const struct way *w = &ways[0];
    const char *path = scratch_path("c.safetensors");
    run_open(&near, w, 0, 5);
    run_whole(&near);
    for (uint64_t cut = 1; cut < near.state.update; cut += 3) {
        run_open(&first, w, 1, 5);
        first.train.checkpoint = path;
        first.stop_at = cut;
        assert_int_equal(mcd_train_run(&first.train, &first.state, &e), MCD_STOPPED);
        assert_int_equal(first.state.update, cut);
        run_close(&first);
        run_open(&second, w, 1, 4711);
        second.train.checkpoint = path;
        e.code = 0;
        assert_ok(mcd_train_resume(&second.train, &second.state, &e), e);
        run_whole(&second);
        check_same(&near, &second);
        run_close(&second);
    }
    run_close(&near);
}

/* ---- what goes each way --------------------------------------------------------------------- */

static void an_update_copies_its_loss_alone(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct run r;
    struct mcd_trainer *t;
    const struct mcd_loss *loss;
    uint32_t count;
    run_open(&r, &ways[0], 1, 5);
    const struct distant *d = &r.on.distant;
    assert_ok(mcd_trainer_create(&r.train.trainer, &t, &e), e);
    assert_true(mcd_trainer_runs_ahead(t));
    uint64_t each = mcd_trainer_epoch_updates(t);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        distant_forget(&r.on.distant);
        for (uint64_t u = 0; u < each; u++)
            assert_ok(mcd_trainer_start(t, epoch * each + u, &e), e);
        assert_int_equal(mcd_trainer_ahead(t), each);
        assert_int_equal(d->writes, 1); /* the order of the epoch's rows */
        assert_int_equal(d->written, ROWS * sizeof(int32_t));
        assert_int_equal(d->reads, 0);
        assert_int_equal(d->syncs, 0);
        assert_int_equal(d->fetches, each);
        assert_int_equal(d->fetched, each * sizeof(float));
        assert_ok(mcd_trainer_settle(t, &loss, &count, &e), e);
        assert_int_equal(d->syncs, 1);
        assert_int_equal(count, each);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(loss[i].update, epoch * each + i);
            assert_int_equal(loss[i].rows, i + 1 < each ? 10 : ROWS % 10);
            assert_true(isfinite(loss[i].value));
        }
    }
    assert_ok(mcd_trainer_settle(t, &loss, &count, &e), e);
    assert_int_equal(count, 0);
    mcd_trainer_destroy(t);
    run_close(&r);
}

/* For its losses, and for what it says of the tests; what is copied is fetched. */
static void an_epoch_waits_for_losses_and_tests(void **state)
{
    (void)state;
    for (int tests = 0; tests <= TESTS; tests += TESTS) {
        struct run r;
        run_open(&r, &ways[0], 1, 5);
        r.train.test.rows = tests;
        run_whole(&r);
        for (int epoch = 2; epoch <= EPOCHS; epoch++)
            assert_int_equal(r.syncs[epoch] - r.syncs[epoch - 1], tests ? 2 : 1);
        assert_int_equal(r.on.distant.reads, 0);
        assert_int_equal(r.on.distant.fetched, EPOCHS * (5 + (unsigned)tests * 4) * sizeof(float));
        assert_int_equal(r.on.distant.most_pending, 5);
        run_close(&r);
    }
}

static void few_updates_are_under_way_at_first(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, &ways[WAYS - 1], 1, 5);
    r.train.test.rows = 0;
    run_whole(&r);
    assert_in_range(r.on.distant.most_pending, 16, ROWS);
    assert_true(r.syncs[1] >= 2); /* after 16 of 43 updates, and at the end */
    run_close(&r);
}

/* However often it would have been due. */
static void nobody_waits_for_a_checkpoint_that_is_not_wanted(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, &ways[0], 1, 5);
    r.train.test.rows = 0;
    r.train.interval = 0;
    run_whole(&r);
    assert_int_equal(r.on.distant.most_pending, 5);
    assert_int_equal(r.syncs[2] - r.syncs[1], 1);
    run_close(&r);
}

static void quick_ones_run_ahead_further(void **state)
{
    (void)state;
    uint32_t most = 1;
    for (int i = 0; i < 20; i++)
        most = mcd_train_ahead(most, 0.05);
    assert_int_equal(most, MCD_MOST_AHEAD);
    assert_int_equal(mcd_train_ahead(most, 0.25), most);
    assert_int_equal(mcd_train_ahead(64, 0.05), 128);
    assert_int_equal(mcd_train_ahead(64, 0.25), 64);
    assert_int_equal(mcd_train_ahead(64, 0.5), 32);
    assert_int_equal(mcd_train_ahead(1, 100), 1);
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* The error is that of the update, although others were started after it. */
static void a_loss_that_is_not_finite_is_noticed(void **state)
{
    (void)state;
    struct mcd_error near_error = {0}, far_error = {0};
    struct way steep = ways[0];
    struct run near, far;
    steep.update = (struct mcd_update){MCD_SGD, 1e40, 0.9, 0};
    run_open(&near, &steep, 0, 5);
    run_open(&far, &steep, 1, 5);
    assert_int_equal(mcd_train_run(&near.train, &near.state, &near_error), MCD_INVALID);
    assert_int_equal(mcd_train_run(&far.train, &far.state, &far_error), MCD_INVALID);
    assert_string_equal(near_error.text, far_error.text);
    assert_non_null(strstr(far_error.text, "expected a finite number"));
    run_close(&near);
    run_close(&far);
}

static void a_failure_of_the_device_ends_the_training(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 2; k++) {
        struct mcd_error e = {0};
        struct run r;
        run_open(&r, &ways[0], 1, 5);
        r.train.test.rows = 0;
        r.on.distant.fail_sync = k;
        assert_int_equal(mcd_train_run(&r.train, &r.state, &e), MCD_DEVICE);
        assert_error(e, MCD_DEVICE, "distant", "failed by request");
        assert_int_equal(r.state.epochs, k - 1);
        run_close(&r);
    }
}

/* What is refused for another reason than gathering says so. */
static void another_op_that_is_refused_is_named(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct run r;
    run_open(&r, &ways[0], 1, 5);
    r.on.distant.refuse_op = MCD_OP_XENT_DX;
    assert_int_equal(mcd_train_run(&r.train, &r.state, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "distant", "cannot do xent_dx");
    run_close(&r);
}

/* Wherever the host's memory ends: a trainer that works, or none, and nothing is left behind. */
static void no_allocation_is_trusted(void **state)
{
    (void)state;
    int is_fast = getenv("MCDROP_FAST") != NULL;
    struct way w = ways[5]; /* of f64: rows are converted on their way */
    struct run r;
    run_open(&r, &w, 1, 5);
    for (uint64_t k = 1, left = 0; left == 0; k += is_fast ? 7 : 1) {
        struct mcd_error e = {0};
        struct mcd_trainer *t = NULL;
        double loss;
        uint32_t rows;
        mcd_host_fail_at(r.host, k);
        int status = mcd_trainer_create(&r.train.trainer, &t, &e);
        left = mcd_host_fail_at(r.host, 0);
        if (!status)
            assert_ok(mcd_trainer_step(t, 0, &loss, &rows, &e), e);
        else
            assert_int_equal(status, MCD_NOMEM);
        mcd_trainer_destroy(t);
    }
    run_close(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_the_bits_of_host_memory),
        cmocka_unit_test_teardown(stopped_and_resumed_it_has_them_too, scratch_empty),
        cmocka_unit_test(an_update_copies_its_loss_alone),
        cmocka_unit_test(an_epoch_waits_for_losses_and_tests),
        cmocka_unit_test(few_updates_are_under_way_at_first),
        cmocka_unit_test(nobody_waits_for_a_checkpoint_that_is_not_wanted),
        cmocka_unit_test(quick_ones_run_ahead_further),
        cmocka_unit_test(a_loss_that_is_not_finite_is_noticed),
        cmocka_unit_test(a_failure_of_the_device_ends_the_training),
        cmocka_unit_test(another_op_that_is_refused_is_named),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
