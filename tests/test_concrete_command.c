/*
 * The layer concrete in a model, with the program itself: the noise of y = 2 x + 8 + noise is
 * found, the rates are learned, and what does not fit together is refused. bench/concrete.sh is the
 * whole experiment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/safetensors.h"

#include <mcdrop/mcdrop.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>

#define MODEL "--model mlp2:hidden=24x24,linear=concrete "

enum { MOST_ROWS = 400 };

static double uniform(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return ((*x >> 8) + 0.5) / 16777216.0;
}

/* Standard normal, by Box and Muller. */
static double normal(uint32_t *x)
{
    double u = uniform(x);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * uniform(x));
}

static void write_line(const char *name, int rows, uint32_t seed)
{
    char text[40 * MOST_ROWS];
    size_t n = (size_t)snprintf(text, sizeof text, "x,y\n");
    for (int i = 0; i < rows; i++) {
        double x = normal(&seed);
        n += (size_t)snprintf(text + n, sizeof text - n, "%.6f,%.6f\n", x,
                              2 * x + 8 + normal(&seed));
    }
    scratch_write(name, text, n);
}

static int setup(void **state)
{
    int status = program_setup(state);
    write_line("few.csv", 20, 1);
    write_line("many.csv", MOST_ROWS, 2);
    write_line("test.csv", MOST_ROWS, 3);
    return status;
}

struct found {
    double noise, epistemic, p; /* in the user's units; p of the last layer */
};

static double rate_of(const char *weights, const char *tensor)
{
    struct mcd_safetensors file;
    struct mcd_error e = {0};
    assert_ok(mcd_safetensors_read(weights, &file, &e), e);
    const struct mcd_array *t = mcd_safetensors_find(&file, tensor);
    assert_non_null(t);
    double logit = *(const float *)t->data;
    mcd_safetensors_clear(&file);
    return 1 / (1 + exp(-logit));
}

static struct found fit(const char *data, int epochs)
{
    assert_program(0,
                   "$M train " MODEL "--data %s --target y --decay 0 --rate 1e-2 --batch 100 "
                   "--epochs %d --seed 4 -q --out %s.run",
                   data, epochs, data);
    assert_program(0,
                   "$M evaluate --weights %s.run/weights.safetensors --data test.csv --target y "
                   "--tau fit --passes 100 --seed 1 -q --format json",
                   data);
    char weights[80];
    snprintf(weights, sizeof weights, "%s.run/weights.safetensors", data);
    json_t *json = program_json("out");
    const json_t *scores = json_object_get(json_object_get(json, "scores"), "monte_carlo");
    const json_t *sd = json_object_get(json_array_get(scores, 0), "epistemic_sd");
    struct found f = {
        .noise = json_number_value(json_array_get(json_object_get(json, "noise_std"), 0)),
        .epistemic = json_number_value(json_object_get(sd, "value")),
        .p = rate_of(scratch_path(weights), "model.final.p_logit"),
    };
    json_decref(json);
    return f;
}

/* The noise has standard deviation 1; more rows leave less doubt and less dropout. */
static void the_noise_is_found(void **state)
{
    (void)state;
    int is_short = getenv("MCDROP_FAST") != NULL;
    struct found few = fit("few.csv", is_short ? 20 : 2000),
                 many = fit("many.csv", is_short ? 5 : 500);
    print_message("# noise %.3f, epistemic %.3f, p %.3f; of few rows %.3f, %.3f, %.3f\n",
                  many.noise, many.epistemic, many.p, few.noise, few.epistemic, few.p);
    assert_true(fabs(many.noise - 1) < (is_short ? 1 : 0.1));
    if (is_short)
        return;
    assert_true(many.epistemic < 0.5 && many.epistemic < 0.7 * few.epistemic);
    assert_true(many.p < few.p);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    assert_program(2, "$M train --model mlp2:linear=concrete,noise=gaussian --data few.csv "
                      "--target y --out w");
    assert_has("err", "mlp2:linear: drops by itself, but there is a noise, too: expected one");
    assert_program(2, "$M train --model mlp2:linear=nonesuch --data few.csv --target y --out w");
    assert_has("err", "nonesuch: there is no such layer");
    assert_program(2, "$M train --model mlp2:linear=concrete,drop=1 --data few.csv --target y "
                      "--out w");
    assert_has("err", "concrete:p");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_noise_is_found),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
    };
    return cmocka_run_group_tests_name("concrete_command", tests, setup, scratch_teardown);
}
