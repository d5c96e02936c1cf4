/*
 * core/train/train.c, core/train/train_state.c: a run that is stopped anywhere and resumed has the
 * bits of one that never was; checkpoints of another run, or damaged ones, are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/nets.h"

#include "core/base/host.h"
#include "core/train/checkpoint_meta.h"
#include "core/train/train.h"
#include "core/train/train_state.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 100, WIDTH = 30, BATCH = 16, EACH = 7, EPOCHS = 3, ALL = EACH * EPOCHS };

static const char f32[] = "reference", f64[] = "reference:precision=f64";
static const char mlp[] = "mlp:hidden=9x7,classes=4";
static const struct mcd_update momentum = {MCD_SGD, 0.1, 0.9, 1e-3},
                               adam = {MCD_ADAM, 0.01, 0, 1e-3};

static struct mcd_safetensors fixture;
static uint32_t schedule; /* of the sessions that are opened */

static int setup(void **state)
{
    fixture_open(&fixture, "training.safetensors");
    return scratch_setup(state);
}

static int teardown(void **state)
{
    mcd_safetensors_clear(&fixture);
    return scratch_teardown(state);
}

/* ---- one session ---------------------------------------------------------------------------- */

struct session {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_train train;
    struct mcd_train_state state;
    volatile sig_atomic_t stop;
    uint64_t stop_at;             /* updates after which to stop; 0: never */
    uint64_t updates, of, epochs; /* what the callbacks were last told */
    const char *copy_to; /* update copy_at copies the checkpoint there as it is, for a kill */
    uint64_t copy_at;
};

static void copy_file(const char *from, const char *to)
{
    char buffer[1 << 16];
    FILE *f = fopen(from, "rb");
    assert_non_null(f);
    size_t n = fread(buffer, 1, sizeof buffer, f);
    assert_true(n > 0 && n < sizeof buffer);
    fclose(f);
    f = fopen(to, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(buffer, 1, n, f), n);
    fclose(f);
}

static void on_update(void *arg, uint64_t update, uint64_t of)
{
    struct session *s = arg;
    assert_true(update == s->updates + 1 || s->updates == 0);
    s->updates = update;
    s->of = of;
    if (update == s->stop_at)
        s->stop = 1;
    if (s->copy_to && update == s->copy_at)
        copy_file(s->train.checkpoint, s->copy_to);
}

static void on_epoch(void *arg, uint64_t epoch, const struct mcd_epoch *line)
{
    struct session *s = arg;
    assert_int_equal(epoch, s->state.epochs);
    assert_memory_equal(line, &s->state.history[epoch - 1], sizeof *line);
    s->epochs = epoch;
}

static void session_open(struct session *s, const char *model, const char *backend, uint64_t seed,
                         const struct mcd_update *u, const char *checkpoint)
{
    struct mcd_error e = {0};
    struct mcd_shape in = mcd_shape2(6, 5);
    *s = (struct session){.host = mcd_host_create(1, NULL, NULL, &e)};
    assert_ok(mcd_network_open(s->host, model, backend, &in, seed, &s->network, &e), e);
    struct mcd_examples data = {.rows = ROWS,
                                .x = fixture_find(&fixture, "mlp_tiny", "x")->data,
                                .label = fixture_find(&fixture, "mlp_tiny", "label")->data};
    s->train = (struct mcd_train){
        .trainer = {.network = s->network,
                    .data = data,
                    .update = *u,
                    .batch = BATCH,
                    .shuffle = 1,
                    .seed = 77,
                    .schedule = schedule,
                    .epochs = EPOCHS},
        .test = {.rows = 40, .x = data.x, .label = data.label},
        .data = "tiny",
        .checkpoint = checkpoint,
        .interval = 1e9,
        .stop = &s->stop,
        .on_update = on_update,
        .on_epoch = on_epoch,
        .arg = s,
    };
    s->train.data_checksum = mcd_train_data_checksum(&s->train.trainer);
}

static void session_close(struct session *s)
{
    mcd_train_state_clear(&s->state);
    mcd_network_close(s->network);
    assert_int_equal(mcd_host_live(s->host), 0);
    mcd_host_destroy(s->host);
}

static void run_to(struct session *s, uint64_t stop_at)
{
    struct mcd_error e = {0};
    s->stop_at = stop_at;
    s->stop = 0;
    int status = mcd_train_run(&s->train, &s->state, &e);
    if (stop_at) {
        char text[64];
        snprintf(text, sizeof text, "interrupted after %d of %d updates", (int)stop_at,
                 (int)(EACH * s->train.trainer.epochs));
        assert_int_equal(status, MCD_STOPPED);
        assert_error(e, MCD_STOPPED, "", text);
        assert_int_equal(s->state.update, stop_at);
    } else {
        assert_ok(status, e);
        assert_int_equal(s->state.update, EACH * s->train.trainer.epochs);
    }
}

static void check_same_run(struct session *a, struct session *b)
{
    assert_int_equal(a->state.update, b->state.update);
    assert_int_equal(a->state.epochs, b->state.epochs);
    assert_memory_equal(&a->state.loss_sum, &b->state.loss_sum, sizeof(double));
    for (uint64_t i = 0; i < a->state.epochs; i++) {
        const struct mcd_epoch *x = &a->state.history[i], *y = &b->state.history[i];
        assert_memory_equal(&x->loss, &y->loss, sizeof x->loss);
        assert_true(x->test == y->test || (isnan(x->test) && isnan(y->test)));
    }
    const struct mcd_store *s = a->network->store, *t = b->network->store;
    assert_int_equal(s->count, t->count);
    for (uint32_t i = 0; i < s->count; i++) {
        size_t n, m;
        struct mcd_trial r = {.store = a->network->store}, q = {.store = b->network->store};
        double *x = rig_get(&r, s->entry[i].name, &n), *y = rig_get(&q, s->entry[i].name, &m);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
    }
}

/* ---- stopping and resuming ------------------------------------------------------------------ */

/* Another process: a network with other first values takes over from the file. */
static void resume(struct session *s, const char *backend, const struct mcd_update *u,
                   const char *checkpoint)
{
    struct mcd_error e = {0};
    session_open(s, mlp, backend, 4711, u, checkpoint);
    assert_ok(mcd_train_resume(&s->train, &s->state, &e), e);
}

static void cut_everywhere(const char *backend, const struct mcd_update *u, uint64_t step)
{
    struct session whole, first, second;
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path("c.safetensors"));
    session_open(&whole, mlp, backend, 1, u, NULL);
    run_to(&whole, 0);
    assert_int_equal(whole.updates, ALL);
    assert_int_equal(whole.of, ALL);
    assert_int_equal(whole.epochs, EPOCHS);
    for (uint64_t cut = 1; cut <= ALL; cut += step) {
        session_open(&first, mlp, backend, 1, u, path);
        run_to(&first, cut);
        assert_int_equal(first.state.epochs, (cut - 1) / EACH); /* scoring is left */
        session_close(&first);
        resume(&second, backend, u, path);
        assert_int_equal(second.state.update, cut);
        run_to(&second, 0);
        check_same_run(&whole, &second);
        session_close(&second);
    }
    assert_int_equal(scratch_count(), 1);
    session_close(&whole);
}

static void cuts_change_nothing(void **state)
{
    (void)state;
    int is_fast = getenv("MCDROP_FAST") != NULL;
    cut_everywhere(f32, &momentum, is_fast ? 9 : 1);
    cut_everywhere(f32, &adam, is_fast ? 10 : 1);
    cut_everywhere(f64, &adam, is_fast ? 8 : 3);
}

static void cuts_of_a_schedule_change_nothing(void **state)
{
    (void)state;
    schedule = MCD_RATE_COSINE;
    cut_everywhere(f32, &momentum, 4);
    cut_everywhere(f64, &adam, 10);
    schedule = MCD_RATE_CONSTANT;
}

/* Stopped and resumed again and again, once even before anything was done. */
static void many_cuts_change_nothing(void **state)
{
    (void)state;
    struct session whole, s;
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path("c.safetensors"));
    session_open(&whole, mlp, f32, 1, &adam, NULL);
    run_to(&whole, 0);
    session_open(&s, mlp, f32, 1, &adam, path);
    static const uint64_t cuts[] = {2, 6, 7, 8, 13, 14, 20, 21};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct mcd_error e = {0};
        run_to(&s, cuts[i]);
        s.stop = 1; /* at once: saves what there is */
        assert_int_equal(mcd_train_run(&s.train, &s.state, &e), MCD_STOPPED);
        assert_int_equal(s.state.update, cuts[i]);
        session_close(&s);
        resume(&s, f32, &adam, path);
    }
    run_to(&s, 0);
    check_same_run(&whole, &s);
    session_close(&s);
    session_close(&whole);
}

/* What lies on disk while update 12 is done is of update 11. */
static void a_kill_loses_one_interval(void **state)
{
    (void)state;
    struct session whole, s;
    char path[2 * PATH_MAX], copy[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path("c.safetensors"));
    snprintf(copy, sizeof copy, "%s", scratch_path("copy.safetensors"));
    session_open(&whole, mlp, f32, 1, &momentum, path);
    whole.train.interval = 0;
    whole.copy_to = copy;
    whole.copy_at = 12;
    run_to(&whole, 0);
    resume(&s, f32, &momentum, copy);
    assert_int_equal(s.state.update, 11);
    run_to(&s, 0);
    check_same_run(&whole, &s);
    session_close(&s);
    session_close(&whole);
}

static void epochs_can_be_added(void **state)
{
    (void)state;
    struct session whole, s;
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path("c.safetensors"));
    session_open(&whole, mlp, f32, 1, &adam, NULL);
    whole.train.test.rows = 0; /* the score of an epoch without a test set is no number */
    run_to(&whole, 0);
    assert_true(isnan(whole.state.history[0].test));
    session_open(&s, mlp, f32, 1, &adam, path);
    s.train.test.rows = 0;
    s.train.trainer.epochs = 1;
    run_to(&s, 0);
    session_close(&s);
    resume(&s, f32, &adam, path);
    s.train.test.rows = 0;
    run_to(&s, 0);
    check_same_run(&whole, &s);
    assert_true(isnan(s.state.history[0].test));
    session_close(&s);
    resume(&s, f32, &adam, path); /* there is nothing left to do */
    run_to(&s, 0);
    assert_int_equal(s.updates, 0);
    check_same_run(&whole, &s);
    session_close(&s);
    session_close(&whole);
}

/* ---- history -------------------------------------------------------------------------------- */

static void the_history_is_csv(void **state)
{
    (void)state;
    struct session s;
    struct mcd_error e = {0};
    char line[256];
    double loss, test, seconds;
    session_open(&s, mlp, f32, 1, &momentum, NULL);
    run_to(&s, 0);
    assert_true(s.state.history[2].loss < s.state.history[0].loss);
    const char *path = scratch_path("h.csv");
    assert_ok(mcd_train_history_save(&s.train, &s.state, path, &e), e);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "epoch,loss,test_errors,seconds\n");
    for (int i = 0; i < EPOCHS; i++) {
        int epoch;
        assert_int_equal(fscanf(f, "%d,%lf,%lf,%lf\n", &epoch, &loss, &test, &seconds), 4);
        assert_int_equal(epoch, i + 1);
        assert_true(loss == s.state.history[i].loss && test == s.state.history[i].test);
        assert_true(seconds == s.state.history[i].seconds && seconds >= 0);
        assert_true(test >= 0 && test <= 40 && test == floor(test));
    }
    assert_true(fgetc(f) == EOF);
    fclose(f);
    session_close(&s);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static const char *make_checkpoint(void)
{
    struct session s;
    const char *path = scratch_path("c.safetensors");
    session_open(&s, mlp, f32, 1, &adam, path);
    run_to(&s, 10);
    session_close(&s);
    return path;
}

/* The session does not resume from its checkpoint, and is as before. */
static void expect_refusal(struct session *s, int status, const char *text)
{
    struct mcd_error e = {0};
    uint32_t count = s->network->store->count;
    struct mcd_trial r = {.store = s->network->store};
    double *before = rig_get(&r, "model.input.weight", NULL);
    assert_int_equal(mcd_train_resume(&s->train, &s->state, &e), status);
    assert_error(e, status, "safetensors", text);
    assert_int_equal(s->state.update, 0);
    assert_null(s->state.history);
    assert_int_equal(s->network->store->count, count);
    double *after = rig_get(&r, "model.input.weight", NULL);
    assert_memory_equal(before, after, 270 * sizeof *before);
    free(before);
    free(after);
}

static void another_run_is_refused(void **state)
{
    (void)state;
    struct session s;
    const char *path = make_checkpoint();
    struct mcd_update u = adam;
    session_open(&s, "mlp:hidden=9x7,classes=4,drop=0.25", f32, 1, &adam, path);
    expect_refusal(&s, MCD_INVALID, "was trained with model mlp:");
    session_close(&s);
    session_open(&s, mlp, f32, 1, &momentum, path);
    expect_refusal(&s, MCD_INVALID,
                   "was trained with optimiser adam, this run has sgd: expected the same");
    session_close(&s);
    u.rate = 0.02;
    session_open(&s, mlp, f32, 1, &u, path);
    expect_refusal(&s, MCD_INVALID, "was trained with rate 0.01");
    s.train.trainer.update = adam;
    s.train.trainer.seed++;
    expect_refusal(&s, MCD_INVALID, "was trained with seed 77, this run has 78");
    s.train.trainer.seed--;
    s.train.trainer.batch++;
    expect_refusal(&s, MCD_INVALID, "was trained with batch 16, this run has 17");
    s.train.trainer.batch--;
    s.train.trainer.shuffle = 0;
    expect_refusal(&s, MCD_INVALID, "was trained with shuffle true, this run has false");
    s.train.trainer.shuffle = 1;
    s.train.trainer.schedule = MCD_RATE_COSINE;
    expect_refusal(&s, MCD_INVALID, "was trained with schedule constant, this run has cosine");
    s.train.trainer.schedule = MCD_RATE_CONSTANT;
    s.train.data_checksum ^= 1;
    expect_refusal(&s, MCD_INVALID, "was trained with data_crc32");
    s.train.data_checksum ^= 1;
    s.train.trainer.data.rows--;
    expect_refusal(&s, MCD_INVALID, "was trained with rows 100, this run has 99");
    session_close(&s);
}

/* The data's bytes are what is compared: inputs and labels. */
static void checksums_see_every_value(void **state)
{
    (void)state;
    struct session s;
    session_open(&s, mlp, f32, 1, &adam, NULL);
    uint32_t sum = s.train.data_checksum;
    float *x = (float *)(uintptr_t)s.train.trainer.data.x;
    int32_t *label = (int32_t *)(uintptr_t)s.train.trainer.data.label;
    float kept = x[ROWS * WIDTH - 1];
    x[ROWS * WIDTH - 1] += 0.5f;
    assert_int_not_equal(mcd_train_data_checksum(&s.train.trainer), sum);
    x[ROWS * WIDTH - 1] = kept;
    label[ROWS - 1] ^= 1;
    assert_int_not_equal(mcd_train_data_checksum(&s.train.trainer), sum);
    label[ROWS - 1] ^= 1;
    assert_int_equal(mcd_train_data_checksum(&s.train.trainer), sum);
    session_close(&s);
}

/* Rewrites the checkpoint: in its metadata `to` for `from`, perhaps a tensor less. */
static void damage(const char *path, const char *from, const char *to, const char *without)
{
    struct mcd_error e = {0};
    struct mcd_safetensors file;
    char text[4096];
    assert_ok(mcd_safetensors_read(path, &file, &e), e);
    const char *old = mcd_safetensors_metadata(&file, MCD_METADATA_KEY);
    const char *at = strstr(old, from);
    if (!at)
        fail_msg("'%s' is not in %s", from, old);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
    struct mcd_metadata metadata = {MCD_METADATA_KEY, text};
    struct mcd_safetensor tensor[32];
    size_t count = 0;
    for (size_t i = 0; i < file.count; i++)
        if (!without || strcmp(file.tensor[i].name, without) != 0)
            tensor[count++] = file.tensor[i];
    struct mcd_safetensors out = {count, 1, tensor, &metadata};
    assert_ok(mcd_safetensors_write(path, &out, &e), e);
    mcd_safetensors_clear(&file);
}

static void expect_damage_refused(const char *from, const char *to, const char *without,
                                  const char *text)
{
    struct session s;
    const char *path = make_checkpoint();
    damage(path, from, to, without);
    session_open(&s, mlp, f32, 1, &adam, path);
    expect_refusal(&s, MCD_INVALID, text);
    session_close(&s);
}

static void damaged_states_are_refused(void **state)
{
    (void)state;
    expect_damage_refused("\"format\":1", "\"format\":2", NULL, "format is 2: expected 1 to 1");
    expect_damage_refused("{", "", NULL, "is damaged: expected a JSON object");
    expect_damage_refused("\"update\":\"10\"", "\"update\":\"15\"", NULL,
                          "history tells of 1 epochs after 15 updates: expected 2");
    expect_damage_refused("\"history\":[[", "\"history\":[[0,0,0],[", NULL,
                          "history tells of 2 epochs after 10 updates: expected 1");
}

/* Nothing of the optimiser's starts from zeros again, and nothing unknown is passed over. */
static void damaged_tensors_are_refused(void **state)
{
    (void)state;
    expect_damage_refused("{", "{", "model.hidden1.bias", "has no tensor model.hidden1.bias: mlp");
    expect_damage_refused("{", "{", "optimiser.first.model.hidden1.bias",
                          "has no tensor optimiser.first.model.hidden1.bias: mlp needs it");
    expect_damage_refused("{", "{", "optimiser.second.model.hidden1.bias",
                          "has no tensor optimiser.second.model.hidden1.bias: mlp needs it");
}

/* A run of sgd without momentum keeps no state; one of momentum has a velocity and no more. */
static void state_of_another_optimiser_is_refused(void **state)
{
    (void)state;
    struct session s;
    struct mcd_update plain = {MCD_SGD, 0.01, 0, 1e-3};
    const char *path = make_checkpoint();
    damage(path, "\"adam\"", "\"sgd\"", NULL);
    session_open(&s, mlp, f32, 1, &plain, path);
    expect_refusal(&s, MCD_INVALID, "has a tensor optimiser.first.model.input.weight that mlp");
    session_close(&s);
    plain.momentum = 0.5;
    damage(path, "\"momentum\":0.0", "\"momentum\":0.5", NULL);
    session_open(&s, mlp, f32, 1, &plain, path);
    expect_refusal(&s, MCD_INVALID, "has a tensor optimiser.second.model.input.weight that mlp");
    session_close(&s);
}

/* A file of weights alone is none of a run. */
static void weights_are_no_checkpoint(void **state)
{
    (void)state;
    struct session s;
    struct mcd_error e = {0};
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/fixtures/mlp_tiny.safetensors", getenv("MCDROP_TEST_SRCDIR"));
    session_open(&s, mlp, f32, 1, &adam, path);
    expect_refusal(&s, MCD_INVALID, "is no checkpoint: expected metadata 'mcdrop'");
    s.train.checkpoint = scratch_path("none.safetensors");
    expect_refusal(&s, MCD_IO, "");
    s.train.checkpoint = scratch_path("none/c.safetensors");
    s.train.interval = 0;
    assert_int_equal(mcd_train_run(&s.train, &s.state, &e), MCD_IO);
    assert_error(e, MCD_IO, "none/c.safetensors", "");
    session_close(&s);
}

/* A loss that is no number ends the run and leaves the last checkpoint alone. */
static void diverging_is_an_error(void **state)
{
    (void)state;
    struct session s;
    struct mcd_error e = {0};
    struct mcd_update u = {MCD_SGD, 1e40, 0.9, 0};
    const char *path = scratch_path("c.safetensors");
    session_open(&s, mlp, f32, 1, &u, path);
    assert_int_equal(mcd_train_run(&s.train, &s.state, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "training", "expected a finite number; a smaller learning rate");
    assert_int_equal(scratch_count(), 0);
    session_close(&s);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int train_a_little(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct mcd_network *n;
    struct mcd_shape in = mcd_shape2(6, 5);
    struct mcd_train_state state = {0}, again = {0};
    int status = mcd_network_open(host, mlp, f32, &in, 1, &n, e);
    if (status)
        return status;
    struct mcd_examples data = *(struct mcd_examples *)arg;
    struct mcd_train t = {
        .trainer =
            {.network = n, .data = data, .update = momentum, .batch = 2, .shuffle = 1, .epochs = 1},
        .test = data,
        .checkpoint = scratch_path("c.safetensors"),
        .interval = 1e9,
    };
    status = mcd_train_run(&t, &state, e);
    if (!status)
        status = mcd_train_resume(&t, &again, e);
    mcd_train_state_clear(&state);
    mcd_train_state_clear(&again);
    mcd_network_close(n);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_examples data = {.rows = 3,
                                .x = fixture_find(&fixture, "mlp_tiny", "x")->data,
                                .label = fixture_find(&fixture, "mlp_tiny", "label")->data};
    assert_true(rig_starve(host, train_a_little, &data) > 200);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(cuts_change_nothing, scratch_empty),
        cmocka_unit_test_teardown(cuts_of_a_schedule_change_nothing, scratch_empty),
        cmocka_unit_test_teardown(many_cuts_change_nothing, scratch_empty),
        cmocka_unit_test_teardown(a_kill_loses_one_interval, scratch_empty),
        cmocka_unit_test_teardown(epochs_can_be_added, scratch_empty),
        cmocka_unit_test_teardown(the_history_is_csv, scratch_empty),
        cmocka_unit_test_teardown(another_run_is_refused, scratch_empty),
        cmocka_unit_test_teardown(checksums_see_every_value, scratch_empty),
        cmocka_unit_test_teardown(damaged_states_are_refused, scratch_empty),
        cmocka_unit_test_teardown(damaged_tensors_are_refused, scratch_empty),
        cmocka_unit_test_teardown(state_of_another_optimiser_is_refused, scratch_empty),
        cmocka_unit_test_teardown(weights_are_no_checkpoint, scratch_empty),
        cmocka_unit_test_teardown(diverging_is_an_error, scratch_empty),
        cmocka_unit_test_teardown(no_allocation_is_trusted, scratch_empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
