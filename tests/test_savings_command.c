/* mcdrop bench samplers: what it prints of a tiny network, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TINY_CLASSIFIER                                                                            \
    "--model mlp:hidden=9x7,classes=4 --weights \"$MCDROP_TEST_SRCDIR/fixtures/"                   \
    "mlp_tiny.safetensors\" --input x.csv --backend reference --seed 5 --replications 6 "
#define TINY_REGRESSION                                                                            \
    "--model mlp2:hidden=11x11x11x11x11 --weights \"$MCDROP_TEST_SRCDIR/fixtures/"                 \
    "mlp2_tiny.safetensors\" --grid 0:1:0.25 --backend reference --seed 5 --replications 6 "

/* Seven rows of 30 values. */
static int setup(void **state)
{
    int status = program_setup(state);
    char x[4000] = "";
    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 30; k++)
            sprintf(x + strlen(x), "%.2f%c", 0.5 + 0.5 * cos(i * 30 + k), k < 29 ? ',' : '\n');
    scratch_text("x.csv", x);
    return status;
}

static double number(const json_t *row, const char *name)
{
    const json_t *x = json_object_get(row, name);
    return json_is_number(x) ? json_number_value(x) : NAN;
}

/* The row of a sampler and an estimate. */
static const json_t *row_of(const json_t *json, const char *sampler, const char *estimate)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(json, "savings"), i, row)
    {
        const char *a = json_string_value(json_object_get(row, "sampler"));
        const char *b = json_string_value(json_object_get(row, "estimate"));
        if (a && b && strcmp(a, sampler) == 0 && strcmp(b, estimate) == 0)
            return row;
    }
    fail_msg("no row of %s and %s", sampler, estimate);
    return NULL;
}

static void json_has_every_sampler(void **state)
{
    (void)state;
    assert_program(0, "$M bench samplers " TINY_CLASSIFIER "--passes 64 --format json");
    json_t *json = program_json("out");
    assert_int_equal(json_array_size(json_object_get(json, "savings")), 3 * 4);
    assert_int_equal(json_array_size(json_object_get(json, "verdict")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "samplers")), 3);
    assert_int_equal(json_integer_value(json_object_get(json, "rows")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "replications")), 6);
    assert_true(number(row_of(json, "bernoulli", "output_mean"), "saving") == 1);
    const json_t *mean = row_of(json, "balanced", "output_mean");
    assert_true(number(mean, "saving") > 2 && number(mean, "saving_se") > 0);
    assert_true(number(mean, "mcse_ratio") > 0.5 && number(mean, "mcse_ratio") < 2);
    assert_true(number(mean, "cost") > 0 && number(mean, "cost_se") > 0);
    assert_true(isnan(number(row_of(json, "balanced", "probability_std"), "mcse_ratio")));
    json_decref(json);
}

/* The variance is that of predictions with these seeds. */
static void variance_is_that_of_predictions(void **state)
{
    enum { POINTS = 28 };
    double sum[POINTS] = {0}, square[POINTS] = {0}, variance = 0;
    (void)state;
    for (int seed = 5; seed < 11; seed++) {
        assert_program(0,
                       "$M predict --model mlp:hidden=9x7,classes=4 --weights "
                       "\"$MCDROP_TEST_SRCDIR/fixtures/mlp_tiny.safetensors\" --input x.csv "
                       "--backend reference --passes 32 --seed %d --format json",
                       seed);
        json_t *got = program_json("out");
        for (int i = 0; i < POINTS; i++) {
            json_t *row = json_array_get(json_object_get(got, "output_mean"), (size_t)i / 4);
            double x = json_number_value(json_array_get(row, (size_t)i % 4));
            sum[i] += x;
            square[i] += x * x;
        }
        json_decref(got);
    }
    for (int i = 0; i < POINTS; i++)
        variance += (square[i] - sum[i] * sum[i] / 6) / 5 / POINTS;
    assert_program(0, "$M bench samplers " TINY_CLASSIFIER
                      "--passes 32 --sampler antithetic --format json");
    json_t *json = program_json("out");
    double got = number(row_of(json, "bernoulli", "output_mean"), "variance");
    assert_true(fabs(got / variance - 1) < 1e-9);
    json_decref(json);
}

static void text_says_which_to_take(void **state)
{
    (void)state;
    assert_program(0, "$M bench samplers " TINY_REGRESSION
                      "--passes 64 --sampler balanced:block=16 --sampler bernoulli");
    assert_begins("out", "mlp2: 5 rows of grid, 6 replications of 64 passes, seed 5, reference");
    assert_has("out", "sampler");
    assert_has("out", "\nbernoulli          output_mean ");
    assert_has("out", "\nbalanced:block=16  output_std ");
    assert_has("out", "\nmeans of outputs");
    assert_has("out", "\nstandard deviations of outputs");
    assert_lacks("out", "probabilit");
    assert_program(0, "$M bench samplers " TINY_REGRESSION "--passes 8 --format csv --sampler "
                      "bernoulli:scope=pass");
    assert_begins("out", "sampler,estimate,variance,saving,saving_se,cost,cost_se,per_second,");
    assert_has("out", "\nbernoulli:scope=pass,output_std,");
    assert_program(0, "$M bench samplers " TINY_REGRESSION "--passes 8 --format markdown --sampler "
                      "antithetic");
    assert_has("out", "| antithetic |");
}

static void warns_where_errors_are_not_to_be_had(void **state)
{
    (void)state;
    assert_program(0, "$M bench samplers " TINY_REGRESSION "--passes 40 --sampler balanced");
    assert_has("err", "balanced: fewer than two blocks of 32 in 40 passes: expected --passes 64");
    assert_program(0, "$M bench samplers " TINY_REGRESSION "--passes 8 --sampler bernoulli");
    assert_has("err", "no sampler but the yardstick: nothing is compared");
}

/* The yardstick and one other, by whatever name and however often it is asked for. */
static void a_sampler_given_twice_is_measured_once(void **state)
{
    (void)state;
    assert_program(0, "$M bench samplers " TINY_REGRESSION
                      "--passes 8 --format json --sampler antithetic --sampler antithetic");
    json_t *json = program_json("out");
    assert_int_equal(json_array_size(json_object_get(json, "samplers")), 2);
    json_decref(json);
}

static void refuses_what_makes_no_sense(void **state)
{
    static const struct {
        const char *arguments, *error;
    } cases[] = {
        {"--model mlp", "--weights is missing"},
        {TINY_REGRESSION "--passes 1", "--passes: '1': expected a whole number in [2, "},
        {TINY_REGRESSION "--replications 3", "--replications: '3': expected a whole number in [4"},
        {TINY_REGRESSION "--sampler nonesuch", "nonesuch"},
        {TINY_REGRESSION "--sampler balanced:block=3", "expected a power of two"},
        {TINY_REGRESSION "--format html", "--format: 'html': expected text, csv, json or markdown"},
        {TINY_REGRESSION "--until-mcse 1", "until-mcse"},
        {TINY_REGRESSION "--data co2 --input x.csv", "--input and --data exclude each other"},
        {TINY_REGRESSION "--model mlp2:hidden=11x11x11x11x11,drop=0", "nothing"},
        {TINY_REGRESSION "more", "more: no argument is expected"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_program(2, "$M bench samplers %s", cases[i].arguments);
        assert_has("err", cases[i].error);
        assert_begins("out", "");
    }
    assert_program(1, "$M bench samplers --model mlp --weights x.csv --input x.csv");
    assert_has("err", "x.csv");
}

static void posteriors_have_no_sampler(void **state)
{
    (void)state;
    assert_program(0, "printf 'a,y\\n0,1\\n1,3\\n2,2\\n3,5\\n4,4\\n' >t.csv; $M train --model "
                      "gp:chains=1,tune=60,draws=100 --data t.csv --target y --seed 1 --out gp -q "
                      "|| test $? = 1");
    assert_program(2, "$M bench samplers --weights gp/weights.safetensors");
    assert_has("err", "gp brings a posterior of its own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_every_sampler),
        cmocka_unit_test(variance_is_that_of_predictions),
        cmocka_unit_test(text_says_which_to_take),
        cmocka_unit_test(warns_where_errors_are_not_to_be_had),
        cmocka_unit_test(a_sampler_given_twice_is_measured_once),
        cmocka_unit_test(refuses_what_makes_no_sense),
        cmocka_unit_test(posteriors_have_no_sampler),
    };
    return cmocka_run_group_tests_name("savings_command", tests, setup, scratch_teardown);
}
