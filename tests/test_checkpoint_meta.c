/*
 * core/train/checkpoint_meta.c: what is written is read, whatever is foreign or damaged is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/train/checkpoint_meta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

static struct mcd_epoch history[2] = {{1.5, NAN, 0.25}, {1, 12, 0.5}};

/* 100 rows in batches of 16 are 7 updates an epoch. */
static struct mcd_checkpoint_meta example(void)
{
    return (struct mcd_checkpoint_meta){
        .present = 1,
        .model = "mlp:hidden=5",
        .data = "somewhere/else",
        .backend = "reference",
        .input = {.rank = 2, .dim = {6, 5}},
        .rows = 100,
        .data_checksum = UINT32_MAX,
        .seed = UINT64_MAX,
        .update = {MCD_SGD, 0.1, 0.9, 1e-300},
        .batch = 16,
        .shuffle = 1,
        .wanted = 3,
        .state = {.update = 16, .loss_sum = 0.1, .seconds = 1e9, .epochs = 2, .history = history},
    };
}

static int read_text(const char *text, struct mcd_checkpoint_meta *m, struct mcd_error *e)
{
    struct mcd_metadata metadata = {MCD_METADATA_KEY, text};
    struct mcd_safetensors file = {.metadata_count = 1, .metadata = &metadata};
    return mcd_checkpoint_meta_read(&file, "FILE", m, e);
}

static void all_comes_back(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta out = example(), in;
    char *text = mcd_checkpoint_meta_text(&out);
    assert_ok(read_text(text, &in, &e), e);
    assert_int_equal(in.present, 1);
    assert_string_equal(in.model, out.model);
    assert_string_equal(in.data, out.data);
    assert_string_equal(in.backend, out.backend);
    assert_true(mcd_shape_equal(&in.input, &out.input));
    assert_int_equal(in.rows, 100);
    assert_true(in.data_checksum == UINT32_MAX && in.seed == UINT64_MAX);
    assert_true(in.update.optimiser == MCD_SGD && in.update.rate == 0.1);
    assert_true(in.update.momentum == 0.9 && in.update.decay == 1e-300);
    assert_true(in.batch == 16 && in.shuffle == 1 && in.wanted == 3 && !in.has_frame);
    assert_true(in.state.update == 16 && in.state.loss_sum == 0.1 && in.state.seconds == 1e9);
    assert_int_equal(in.state.epochs, 2);
    assert_true(isnan(in.state.history[0].test) && in.state.history[1].test == 12);
    assert_true(in.state.history[0].loss == 1.5 && in.state.history[1].seconds == 0.5);
    assert_ok(mcd_checkpoint_meta_same_run(&in, &out, "FILE", &e), e);
    mcd_checkpoint_meta_clear(&in);
    free(text);
}

/* Draws of a posterior have no training of a network. */
static void sampled_runs_come_back(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta out = example(), in, network = example();
    out.sampled = 1;
    out.model = "gp:draws=8";
    char *text = mcd_checkpoint_meta_text(&out);
    assert_null(strstr(text, "optimiser"));
    assert_null(strstr(text, "history"));
    assert_ok(read_text(text, &in, &e), e);
    assert_true(in.present && in.sampled && in.seed == UINT64_MAX && in.rows == 100);
    assert_true(in.state.seconds == 1e9 && in.state.update == 0 && in.update.optimiser == 0);
    assert_string_equal(in.model, "gp:draws=8");
    assert_ok(mcd_checkpoint_meta_same_run(&in, &out, "FILE", &e), e);
    assert_int_equal(mcd_checkpoint_meta_same_run(&in, &network, "FILE", &e), MCD_INVALID);
    assert_non_null(strstr(e.text, "was trained with model gp:draws=8, this run has mlp:hidden=5"));
    mcd_checkpoint_meta_clear(&in);
    free(text);
}

static void weights_from_elsewhere_say_nothing(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_metadata metadata = {"format", "pt"};
    struct mcd_safetensors file = {.metadata_count = 1, .metadata = &metadata};
    struct mcd_checkpoint_meta m;
    assert_ok(mcd_checkpoint_meta_read(&file, "FILE", &m, &e), e);
    assert_int_equal(m.present, 0);
    assert_null(m.model);
}

/* The example's text with `from` replaced by `to`. */
static char *changed(const char *from, const char *to)
{
    struct mcd_checkpoint_meta m = example();
    char *text = mcd_checkpoint_meta_text(&m), *at = strstr(text, from);
    char *result = malloc(strlen(text) + strlen(to) + 1);
    if (!at || !result)
        fail_msg("'%s' is not in %s", from, text);
    sprintf(result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return result;
}

static void expect_refusal(const char *from, const char *to, const char *message)
{
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta m;
    char *text = changed(from, to);
    if (read_text(text, &m, &e) != MCD_INVALID)
        fail_msg("not refused: %s", text);
    assert_error(e, MCD_INVALID, "FILE", message);
    assert_null(strchr(e.text, '\n'));
    assert_int_equal(m.present, 0);
    assert_null(m.model);
    free(text);
}

static void what_is_missing_or_of_a_wrong_type(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "format",     "run",    "state",     "model",   "input",    "data",    "rows",
        "data_crc32", "seed",   "optimiser", "rate",    "momentum", "decay",   "batch",
        "shuffle",    "update", "epochs",    "backend", "loss_sum", "seconds", "history"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char key[32], missing[32], wrong[64], text[64];
        snprintf(key, sizeof key, "\"%s\":", keys[i]);
        snprintf(missing, sizeof missing, "\"x%s\":", keys[i]);
        snprintf(text, sizeof text, "%s is missing: expected", keys[i]);
        expect_refusal(key, missing, text);
        snprintf(wrong, sizeof wrong, "\"%s\":null,\"x\":", keys[i]);
        snprintf(text, sizeof text, "%s is null: expected", keys[i]);
        expect_refusal(key, wrong, text);
    }
}

static void what_is_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *text;
    } all[] = {
        {"\"format\":1", "\"format\":2", "format is 2: expected 1"},
        {"\"format\":1", "\"format\":1.0", "format is 1.0: expected 1"},
        {"\"rows\":100", "\"rows\":-100", "rows is -100: expected 1 to 2147483647"},
        {"\"rows\":100", "\"rows\":0", "rows is 0: expected 1"},
        {"\"rows\":100", "\"rows\":1e2", "rows is 100.0: expected 1"},
        {"\"rows\":100", "\"rows\":\"100\"", "rows is \"100\": expected 1"},
        {"4294967295", "4294967296", "data_crc32 is 4294967296: expected 0 to 4294967295"},
        {"[6,5]", "[6,0]", "input is [6,0]: expected extents from 1"},
        {"[6,5]", "[6,5.5]", "input is [6,5.5]: expected extents"},
        {"[6,5]", "[4294967296,4294967296]", "expected extents from 1, of 2^40 values at most"},
        {"[6,5]", "[1,1,1,1,1,1,1,1,1,1,1]", "expected extents"},
        {"[6,5]", "30", "input is 30: expected extents"},
        {"18446744073709551615", "18446744073709551616", "seed is \"18446744073709551616\""},
        {"18446744073709551615", "-1", "seed is \"-1\": expected a whole number"},
        {"18446744073709551615", "ten", "seed is \"ten\": expected a whole number"},
        {"18446744073709551615", " 1", "seed is \" 1\": expected a whole number"},
        {"18446744073709551615", "", "seed is \"\": expected a whole number"},
        {"\"sgd\"", "\"sdg\"", "optimiser is \"sdg\": expected \"sgd\" or \"adam\""},
        {"\"batch\":16", "\"batch\":-1", "batch is -1: expected 0"},
        {"\"shuffle\":true", "\"shuffle\":1", "shuffle is 1: expected true or false"},
        {"\"constant\"", "\"linear\"",
         "schedule is \"linear\": expected \"constant\" or \"cosine\""},
        {"\"constant\"", "1", "schedule is 1: expected"},
        {"\"constant\"", "null", "schedule is null: expected"},
        {"\"rate\":0", "\"rate\":-0", "rate is -0.1"},
        {"\"decay\":", "\"decay\":\"0\",\"x\":", "decay is \"0\": expected a number from 0"},
        {"\"model\":\"mlp:hidden=5\"", "\"model\":\"\"", "model is \"\": expected a text"},
        {"\"run\":{", "\"run\":[],\"x\":{", "run is []: expected an object"},
        {"\"state\":{", "\"state\":3,\"x\":{", "state is 3: expected an object"},
        {"\"update\":\"16\"", "\"update\":16", "update is 16: expected a whole number"},
        {"\"update\":\"16\"", "\"update\":\"-16\"", "update is \"-16\": expected a whole number"},
        {"\"update\":\"16\"", "\"update\":\"13\"", "2 epochs after 13 updates: expected 1"},
        {"\"update\":\"16\"", "\"update\":\"22\"", "2 epochs after 22 updates: expected 3"},
        {"\"update\":\"16\"", "\"update\":\"18446744073709551615\"", "2 epochs after 184467"},
        {"\"epochs\":3", "\"epochs\":-3", "epochs is -3: expected 0"},
        {"\"seconds\":", "\"seconds\":-1,\"x\":", "seconds is -1: expected a number from 0"},
        {"\"history\":[[", "\"history\":[[0,0,0],[", "3 epochs after 16 updates: expected 2"},
        {"\"history\":[[", "\"history\":[[true,", "expected three numbers of each epoch"},
        {"\"history\":[[", "\"history\":[[null,", "expected three numbers of each epoch"},
        {"\"history\":[[", "\"history\":[7,[", "expected three numbers of each epoch"},
        {"\"history\":[", "\"history\":{},\"x\":[", "history is {}: expected one line"},
        {"\"format\"", "\"tau\":1,\"tau\":1,\"format\"", "is damaged: expected a JSON object"},
        {"{", "[", "is damaged: expected a JSON object"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        expect_refusal(all[i].from, all[i].to, all[i].text);
}

static void what_is_unknown_is_passed_over(void **state)
{
    (void)state;
    static const char *const key[] = {"\"format\"", "\"model\"", "\"update\""};
    for (size_t i = 0; i < 3; i++) {
        struct mcd_error e = {0};
        struct mcd_checkpoint_meta m;
        char to[64];
        snprintf(to, sizeof to, "\"later\":[{}],%s", key[i]);
        char *text = changed(key[i], to);
        assert_ok(read_text(text, &m, &e), e);
        mcd_checkpoint_meta_clear(&m);
        free(text);
    }
}

/* By time, a checkpoint may fall between an epoch's last update and its line. */
static void an_epoch_may_lack_its_line(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta m;
    char *text = changed("\"update\":\"16\"", "\"update\":\"21\"");
    assert_ok(read_text(text, &m, &e), e);
    assert_int_equal(m.state.epochs, 2);
    mcd_checkpoint_meta_clear(&m);
    free(text);
}

static void another_run_is_named(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta a = example(), b = example();
    b.wanted = 7;
    b.backend = "cpu";
    b.state.update = 0;
    assert_ok(mcd_checkpoint_meta_same_run(&a, &b, "FILE", &e), e);
    b.update.rate = 0.2;
    assert_int_equal(mcd_checkpoint_meta_same_run(&a, &b, "FILE", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "FILE", "was trained with rate 0.1");
}

/* A schedule is part of the run, and so is what it is over. */
static void schedules_are_compared_with_their_epochs(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta constant = example(), cosine = example(), longer, in;
    cosine.schedule = MCD_RATE_COSINE;
    longer = cosine;
    longer.wanted = 7;
    char *text = mcd_checkpoint_meta_text(&cosine);
    assert_ok(read_text(text, &in, &e), e);
    assert_int_equal(in.schedule, MCD_RATE_COSINE);
    assert_ok(mcd_checkpoint_meta_same_run(&in, &cosine, "FILE", &e), e);
    assert_int_equal(mcd_checkpoint_meta_same_run(&in, &longer, "FILE", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "FILE",
                 "was trained with epochs 3, this run has 7: expected the same; "
                 "only --backend and --threads may change");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_checkpoint_meta_same_run(&in, &constant, "FILE", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "FILE", "was trained with schedule cosine, this run has constant");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_checkpoint_meta_same_run(&constant, &cosine, "FILE", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "FILE", "was trained with schedule constant, this run has cosine");
    mcd_checkpoint_meta_clear(&in);
    free(text);
}

/* Files of earlier versions. */
static void what_says_nothing_of_a_schedule_has_none(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_checkpoint_meta m;
    char *text = changed("\"schedule\":", "\"x\":");
    assert_ok(read_text(text, &m, &e), e);
    assert_int_equal(m.schedule, MCD_RATE_CONSTANT);
    mcd_checkpoint_meta_clear(&m);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_back),
        cmocka_unit_test(sampled_runs_come_back),
        cmocka_unit_test(weights_from_elsewhere_say_nothing),
        cmocka_unit_test(what_is_missing_or_of_a_wrong_type),
        cmocka_unit_test(what_is_out_of_range),
        cmocka_unit_test(what_is_unknown_is_passed_over),
        cmocka_unit_test(an_epoch_may_lack_its_line),
        cmocka_unit_test(another_run_is_named),
        cmocka_unit_test(schedules_are_compared_with_their_epochs),
        cmocka_unit_test(what_says_nothing_of_a_schedule_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
