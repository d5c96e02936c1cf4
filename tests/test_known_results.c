/*
 * mcdrop predict against results of another implementation on the same weights and inputs: weight
 * averaging to rounding, moments within 5 Monte-Carlo standard errors, on every backend, in both
 * scopes. MCDROP_REFERENCE is the folder with both; MCDROP_FULL asks for many passes (minutes).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>

static size_t width_of(const json_t *array)
{
    return json_array_size(json_array_get(array, 0));
}

/* Element k of row `row`, whether the row is an array or, with one element, a number. */
static double at(const json_t *json, const char *key, size_t row, size_t k)
{
    const json_t *value = json_array_get(json_object_get(json, key), row);
    value = json_is_array(value) ? json_array_get(value, k) : value;
    if (!json_is_number(value))
        fail_msg("%s[%zu][%zu] is no number", key, row, k);
    return json_number_value(value);
}

/* fmax would pass over NaN; here it stays. */
static double worse(double a, double b)
{
    return isnan(a) || b <= a ? a : b;
}

static void compare_average(const json_t *expected, const json_t *got)
{
    const json_t *all = json_object_get(expected, "deterministic");
    double largest = 0, worst = 0;
    for (size_t i = 0; i < json_array_size(all); i++)
        for (size_t k = 0; k < width_of(all); k++) {
            double x = at(expected, "deterministic", i, k);
            largest = worse(largest, fabs(x));
            worst = worse(worst, fabs(x - at(got, "deterministic", i, k)));
        }
    print_message("#   deterministic: %.1e of the largest\n", worst / largest);
    assert_true(worst <= 1e-4 * largest);
}

/* Means of `name` lie within 5 std sqrt(1 / T + 1 / T'). */
static void compare_moments(const json_t *expected, const json_t *got, const char *name)
{
    char mean[64], std[64];
    double t = json_number_value(json_object_get(expected, "T")), worst = 0;
    double passes = json_number_value(json_object_get(got, "passes"));
    snprintf(mean, sizeof mean, "%s_mean", name);
    snprintf(std, sizeof std, "%s_std", name);
    const json_t *all = json_object_get(expected, mean);
    assert_true(json_array_size(all) > 0);
    for (size_t i = 0; i < json_array_size(all); i++)
        for (size_t k = 0; k < width_of(all); k++) {
            double error = at(expected, std, i, k) * sqrt(1 / t + 1 / passes);
            double difference = at(expected, mean, i, k) - at(got, mean, i, k);
            worst = worse(worst, fabs(difference) / error);
        }
    print_message("#   %s_mean: %.1f standard errors\n", name, worst);
    assert_true(worst <= 5);
}

/*
 * Outputs are nearly normal, so their standard deviations have a known spread; half as much again
 * allows for what they are not.
 */
static void compare_spreads(const json_t *expected, const json_t *got)
{
    double t = json_number_value(json_object_get(expected, "T")), worst = 0;
    double passes = json_number_value(json_object_get(got, "passes"));
    double error = 1.5 * sqrt(0.5 / t + 0.5 / passes);
    const json_t *all = json_object_get(expected, "output_std");
    for (size_t i = 0; i < json_array_size(all); i++)
        for (size_t k = 0; k < width_of(all); k++) {
            double ratio = at(got, "output_std", i, k) / at(expected, "output_std", i, k);
            worst = worse(worst, fabs(ratio - 1) / error);
        }
    print_message("#   output_std: %.1f standard errors\n", worst);
    assert_true(worst <= 5);
}

/* The backends that a build may lack, and whether they are there. */
static struct {
    const char *name;
    int there;
} optional[] = {{"onednn", 0}, {"openblas", 0}};

enum { OPTIONAL = sizeof optional / sizeof *optional };

static int is_missing(const char *backend)
{
    for (int i = 0; i < OPTIONAL; i++)
        if (strcmp(optional[i].name, backend) == 0)
            return !optional[i].there;
    return 0;
}

/* mlp2-relu is what the model mlp2 makes of a file. */
static const char *model_name(const char *file)
{
    return strcmp(file, "mlp2-relu") == 0 ? "mlp2" : file;
}

/* `inputs`: the option that says what is predicted. */
static void compare_on(const char *model, const char *inputs, const char *backend, int passes)
{
    static const char *const scopes[] = {"row", "pass"};
    static const char *const names[] = {"output", "probability", "entropy"};
    char path[PATH_MAX];
    json_error_t e;
    if (is_missing(backend))
        return;
    snprintf(path, sizeof path, "%s/%s.json", getenv("MCDROP_REFERENCE"), model);
    json_t *expected = json_load_file(path, 0, &e);
    assert_non_null(expected);
    for (int i = 0; i < 2; i++) {
        assert_program(0,
                       "$M predict --model %s.so --weights \"$MCDROP_REFERENCE/%s.safetensors\" "
                       "%s --passes %d --seed 1 --backend %s --sampler bernoulli:scope=%s "
                       "--format json -q",
                       model_name(model), model, inputs, passes, backend, scopes[i]);
        json_t *got = program_json("out");
        print_message("# %s, %s, scope %s, T = %d\n", model, backend, scopes[i], passes);
        compare_average(expected, got);
        for (int k = 0; k < 3; k++)
            if (k == 0 || json_object_get(expected, "probability_mean"))
                compare_moments(expected, got, names[k]);
        compare_spreads(expected, got);
        json_decref(got);
    }
    json_decref(expected);
}

static void compare(const char *model, const char *backend, int passes)
{
    compare_on(model, "--input \"$MCDROP_REFERENCE/rotated_one.npy\"", backend, passes);
}

static int choose(int brief, int full)
{
    return getenv("MCDROP_FULL") ? full : brief;
}

static void mlp_onednn(void **state)
{
    (void)state;
    compare("mlp", "onednn", choose(2000, 10000));
}

static void mlp_openblas(void **state)
{
    (void)state;
    compare("mlp", "openblas", choose(2000, 10000));
}

static void mlp_reference(void **state)
{
    (void)state;
    compare("mlp", "reference", choose(200, 10000));
}

static void lenet_onednn(void **state)
{
    (void)state;
    compare("lenet", "onednn", choose(1000, 10000));
}

static void lenet_openblas(void **state)
{
    (void)state;
    compare("lenet", "openblas", choose(1000, 10000));
}

static void lenet_reference(void **state)
{
    (void)state;
    compare("lenet", "reference", choose(64, 300));
}

#define SERIES "--grid -1.72:3.5:0.1" /* the inputs `x` of the known results */

static void mlp2_onednn(void **state)
{
    (void)state;
    compare_on("mlp2-relu", SERIES, "onednn", choose(400, 10000));
}

static void mlp2_openblas(void **state)
{
    (void)state;
    compare_on("mlp2-relu", SERIES, "openblas", choose(400, 10000));
}

static void mlp2_reference(void **state)
{
    (void)state;
    compare_on("mlp2-relu", SERIES, "reference", choose(32, 400));
}

/* Comparing with a backend is not skipped in silence: a build without it says so at once. */
static int setup(void **state)
{
    if (program_setup(state))
        return -1;
    for (int i = 0; i < OPTIONAL; i++) {
        optional[i].there = program("$M info %s", optional[i].name) == 0;
        if (!optional[i].there)
            fprintf(stderr, "# SKIPPED: there is no %s, which is not compared\n", optional[i].name);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mlp_onednn),     cmocka_unit_test(mlp_openblas),
        cmocka_unit_test(mlp_reference),  cmocka_unit_test(lenet_onednn),
        cmocka_unit_test(lenet_openblas), cmocka_unit_test(lenet_reference),
        cmocka_unit_test(mlp2_onednn),    cmocka_unit_test(mlp2_openblas),
        cmocka_unit_test(mlp2_reference),
    };
    if (!getenv("MCDROP_REFERENCE")) {
        puts("1..0 # SKIP MCDROP_REFERENCE is not set: predictions are not compared with known "
             "results");
        return 0;
    }
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
