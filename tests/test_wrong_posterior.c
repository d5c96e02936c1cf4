/*
 * Models that bring their own posterior, as a third party writes them: a right one gets all that
 * the program has - verdict, scores, errors, saving - and each wrong one a message that says what
 * was wrong. tests/bad/odd_posterior.c is both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/error.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>
#include <signal.h>

enum { ROWS = 25 };

#define DATA "--data d.csv --target y --no-standardise --seed 1 "

static double mean_y, sd_y;

static int setup(void **state)
{
    char text[2000] = "x,y\n";
    size_t n = strlen(text);
    int status = program_setup(state);
    for (int i = 0; i < ROWS; i++) {
        double y = 3 + sin(7 * i);
        n += (size_t)snprintf(text + n, sizeof text - n, "%d,%.17g\n", i, y);
        mean_y += y / ROWS;
    }
    sd_y = 1 / sqrt(ROWS);
    scratch_text("d.csv", text);
    setenv("ODD", getenv("MCDROP_BAD_PLUGINS"), 1);
    return status;
}

static double at(const json_t *json, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    for (const char *key = first; key; key = va_arg(args, const char *))
        json = json_object_get(json, key);
    va_end(args);
    if (!json_is_number(json))
        fail_msg("%s ...: not a number", first);
    return json_number_value(json);
}

static void a_right_one_gets_everything(void **state)
{
    (void)state;
    assert_program(0, "$M train --model $ODD/odd_posterior.so " DATA "--out w --format json");
    json_t *json = program_json("out");
    double mcse = at(json, "posterior", "mu", "mcse_mean", NULL);
    assert_true(fabs(at(json, "posterior", "mu", "mean", NULL) - mean_y) < 4 * mcse);
    assert_true(fabs(mcse / sd_y * sqrt(1200) - 1) < 0.2);
    assert_true(at(json, "exact", "conjugate", "mu", "mean", NULL) == mean_y);
    assert_true(at(json, "exact", "conjugate", "rows", NULL) == ROWS);
    assert_true(json_is_true(json_object_get(json_object_get(json, "verdict"), "good")));
    json_decref(json);

    assert_program(0, "$M evaluate --weights w/weights.safetensors --model $ODD/odd_posterior.so "
                      "--format json");
    json = program_json("out");
    const json_t *scores = json_object_get(json_object_get(json, "scores"), "monte_carlo");
    double rmse = at(json_array_get(scores, 0), "rmse", "value", NULL);
    assert_true(fabs(rmse - sqrt(0.5)) < 0.05); /* of sin, about its mean */
    assert_true(fabs(at(json_array_get(scores, 0), "total_sd", "value", NULL) -
                     sqrt(1 + 1.0 / ROWS)) < 0.01);
    json_decref(json);

    assert_program(0, "$M predict --weights w/weights.safetensors --model $ODD/odd_posterior.so "
                      "--grid 0:1:1 --passes 90 --keep-samples k.npy");
    assert_has("out", "2 rows of grid, 90 of 1200 draws");
    assert_int_equal(access(scratch_path("k.npy"), F_OK), 0);
}

/* A verdict without reports of transitions is by R-hat and effective sizes alone. */
static void a_stuck_chain_is_a_bad_verdict(void **state)
{
    (void)state;
    assert_program(1, "$M train --model $ODD/odd_posterior.so:wrong=stuck " DATA "--out s");
    assert_has("out", "verdict: mu has R-hat");
    assert_int_equal(access(scratch_path("s/weights.safetensors"), F_OK), 0);
    assert_program(0, "$M predict --weights s/weights.safetensors "
                      "--model $ODD/odd_posterior.so:wrong=stuck --grid 0:1:1");
    assert_has("err", "warning: s/weights.safetensors: bad verdict: mu has R-hat");
}

static void what_is_not_exact_is_no_reason_to_fail(void **state)
{
    (void)state;
    assert_program(0, "$M train --model $ODD/odd_posterior.so:wrong=failing_exact " DATA "--out f");
    assert_has("err", "not all is known without sampling: odd: no more is known");
    assert_has("out", "conjugate: rows 25");
    assert_program(0,
                   "$M train --model $ODD/odd_posterior.so:wrong=nameless_exact " DATA "--out f");
    assert_has("err", "tells a value without a name");
}

static void wrong_fits_are_refused(void **state)
{
    static const struct {
        const char *wrong, *says;
    } all[] = {
        {"no_chains", "its fit gives 0 chains of 400 draws of 1 quantities: expected 1 to 1024"},
        {"few_draws", "its fit gives 3 chains of 7 draws"},
        {"many_quantities", "400 draws of 100000 quantities"},
        {"no_draws", "its fit leaves no draws"},
        {"no_names", "its fit leaves no names"},
        {"empty_name", "its fit has no name for quantity 1"},
        {"same_names", "its fit names two quantities mu"},
        {"nan_draw", "chain 3, draw 5: mu is nan: expected a finite number"},
        {"nan_energy", "chain 1, draw 6: its report is damaged"},
        {"silent_fit", "failed without saying why"},
        {"needs_magic", "its recipe needs 0x80, which this mcdrop does not know"},
        {"classifies", "its recipe is not of a regression: expected MCD_REGRESS"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_program(1, "$M train --model $ODD/odd_posterior.so:wrong=%s " DATA "--out r",
                       all[i].wrong);
        assert_has("err", all[i].says);
        assert_has("err", "odd_posterior");
        assert_int_equal(access(scratch_path("r"), F_OK), -1); /* nothing is left */
    }
}

static void wrong_draws_are_refused(void **state)
{
    static const struct {
        const char *wrong, *more, *says;
        int status;
    } all[] = {
        {"silent_draw", "", "failed without saying why", 3},
        {"unwritten_mean", "", "draw 1199, row 2: it predicts mean nan, variance 0", 1},
        {"infinite_mean", "", "draw 1, row 0: it predicts mean inf", 1},
        {"negative_variance", "", "draw 0, row 2: it predicts mean", 1},
        {"unwritten_noise", "", "draw 1199: the noise has variance nan", 1},
        {"negative_noise", "", "draw 1: the noise has variance -1", 1},
        {"unwritten_path", "--passes 9 --keep-samples x.npy", "draw 8, row 2: its path is nan", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_program(0, "$M train -q --model $ODD/odd_posterior.so:wrong=%s " DATA "--out p",
                       all[i].wrong);
        assert_program(all[i].status,
                       "$M predict --weights p/weights.safetensors --grid 0:2:1 "
                       "--model $ODD/odd_posterior.so:wrong=%s %s",
                       all[i].wrong, all[i].more);
        assert_has("err", all[i].says);
        assert_int_equal(access(scratch_path("x.npy"), F_OK), -1);
    }
}

/* A model that asks hears of the wish to stop. */
static void a_fit_can_be_stopped(void **state)
{
    (void)state;
    pid_t pid =
        program_start("exec $M train --model $ODD/odd_posterior.so:wrong=endless " DATA "--out e");
    double until = program_seconds() + 20;
    char *err = program_text("err", NULL);
    while (!strstr(err, "sampling") && program_seconds() < until) {
        free(err);
        program_sleep(0.02);
        err = program_text("err", NULL);
    }
    free(err);
    program_sleep(0.1);
    kill(pid, SIGINT);
    assert_int_equal(program_wait(pid), 130);
    assert_int_equal(access(scratch_path("e"), F_OK), -1);
}

/* Its draws are there by then; what is known beside them is found by whoever goes on. */
static void an_interrupt_after_the_last_draw_loses_none(void **state)
{
    static const char train[] = "$M train --model $ODD/odd_posterior.so " DATA "--format json";
    (void)state;
    assert_program(0, "%s --out whole", train);
    json_t *whole = program_json("out");
    assert_program(130, "export ODD_INTERRUPTS=1; %s --out i", train);
    assert_has("err", "wrote i/weights.safetensors");
    assert_has("err", "interrupted");
    assert_program(0, "$M predict --weights i/weights.safetensors --grid 0:1:1 "
                      "--model $ODD/odd_posterior.so --format json");
    assert_lacks("out", "conjugate");
    assert_program(0, "%s --resume --out i", train);
    assert_has("err", "i/weights.safetensors has all draws of this run");
    json_t *resumed = program_json("out");
    assert_true(
        json_equal(json_object_get(whole, "posterior"), json_object_get(resumed, "posterior")));
    assert_int_equal(json_object_size(json_object_get(whole, "exact")), 1);
    assert_true(json_equal(json_object_get(whole, "exact"), json_object_get(resumed, "exact")));
    json_decref(whole);
    json_decref(resumed);
    assert_program(0, "$M predict --weights i/weights.safetensors --grid 0:1:1 "
                      "--model $ODD/odd_posterior.so --format json");
    assert_has("out", "conjugate");
}

/* A network's ways do not take it. */
static void other_ways_refuse_it(void **state)
{
    (void)state;
    assert_program(0, "$M train -q --model $ODD/odd_posterior.so " DATA "--out w");
    assert_program(2, "$M predict --weights w/weights.safetensors --model $ODD/odd_posterior.so "
                      "--save-partial p");
    assert_has("err", "--save-partial: is about the stochastic passes of networks, but "
                      "odd_posterior brings a posterior of its own");
    assert_program(1, "$M predict --weights w/weights.safetensors --model mlp2:hidden=3 "
                      "--grid 0:1:1");
    assert_has("err", "holds draws of a posterior: expected weights of mlp2");
    assert_program(1, "$M predict --weights w/weights.safetensors --model gp --grid 0:1:1");
    assert_has("err", "was trained as odd_posterior:wrong=nothing, used as gp:");
    assert_has("err", "gp: draws of other quantities: expected l, eta and sigma");
}

/* A model of an interface without fit and draw is a network, whatever lies behind its api. */
static void an_older_model_is_a_network(void **state)
{
    (void)state;
    assert_program(0, "$M train --model $ODD/older_model.so " DATA "--out o");
    assert_has("err", "training older_model for 3 epochs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_one_gets_everything),
        cmocka_unit_test(a_stuck_chain_is_a_bad_verdict),
        cmocka_unit_test(what_is_not_exact_is_no_reason_to_fail),
        cmocka_unit_test(wrong_fits_are_refused),
        cmocka_unit_test(wrong_draws_are_refused),
        cmocka_unit_test(a_fit_can_be_stopped),
        cmocka_unit_test(an_interrupt_after_the_last_draw_loses_none),
        cmocka_unit_test(other_ways_refuse_it),
        cmocka_unit_test(an_older_model_is_a_network),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
