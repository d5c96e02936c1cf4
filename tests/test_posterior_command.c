/*
 * The Gaussian process with the program itself: sampled, judged, kept, predicted from, scored;
 * what is refused; and on the CO2 series against gp.json in MCDROP_REFERENCE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/npy.h"

#include <mcdrop/error.h>
#include <mcdrop/mcdrop.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>
#include <signal.h>

#define SHORT "--model gp:tune=200,draws=300 --seed 2 "

enum { ROWS = 60 };

/* y = 500 + 40 (sin 2a + b) + noise of sd 4: a in [-2, 2], b in [0, 1], in no order. */
static void write_table(void)
{
    char text[8000] = "a,b,y\n";
    size_t n = strlen(text);
    uint32_t x = 5;
    for (int i = 0; i < ROWS; i++) {
        double u[6], noise = -2;
        for (int k = 0; k < 6; k++) {
            x = x * 1664525 + 1013904223;
            u[k] = (x >> 8) / 16777216.0;
            noise += k > 1 ? u[k] : 0;
        }
        double a = 4 * u[0] - 2, y = 500 + 40 * (sin(2 * a) + u[1]) + 4 * noise * sqrt(3);
        n += (size_t)snprintf(text + n, sizeof text - n, "%.6f,%.6f,%.9g\n", a, u[1], y);
    }
    scratch_write("d.csv", text, n);
}

static int setup(void **state)
{
    int status = program_setup(state);
    char data[PATH_MAX];
    snprintf(data, sizeof data, "%s/../data", getenv("MCDROP_TEST_SRCDIR"));
    setenv("MCDROP_DATA_PATH", data, 1);
    setenv("ODD", getenv("MCDROP_BAD_PLUGINS"), 1);
    write_table();
    /* 300 draws of each chain may be judged too few, which is not what is looked at here. */
    int made = program("$M train -q " SHORT "--data co2 --out w");
    return status || (made != 0 && made != 1);
}

/* ---- JSON -------------------------------------------------------------------------------- */

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

static double item(const json_t *json, const char *of, const char *key, size_t i)
{
    const json_t *list = json_object_get(of ? json_object_get(json, of) : json, key);
    const json_t *value = json_array_get(list, i);
    return json_number_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

static void close_to(const char *what, double got, double expected, double most)
{
    if (!(fabs(got - expected) <= most))
        fail_msg("%s: %.12g, expected %.12g within %.2g", what, got, expected, most);
}

/* ---- against another program ------------------------------------------------------------- */

static const char *const names[] = {"l", "eta", "sigma"};

static void compare_posterior(const json_t *found, const json_t *reference)
{
    for (int i = 0; i < 3; i++) {
        const json_t *p = json_object_get(json_object_get(found, "posterior"), names[i]);
        const json_t *r = json_object_get(json_object_get(reference, "posterior"), names[i]);
        close_to(names[i], at(p, "mean", NULL), at(r, "mean", NULL), 4 * at(p, "mcse_mean", NULL));
        close_to(names[i], at(p, "sd", NULL), at(r, "sd", NULL), 4 * at(p, "mcse_sd", NULL));
        assert_true(at(p, "rhat", NULL) < 1.01 && at(p, "ess_bulk", NULL) > 1000 &&
                    at(p, "ess_tail", NULL) > 1000);
        close_to("quadrature", at(found, "exact", "quadrature", names[i], "mean", NULL),
                 at(r, "mean", NULL), 1e-6 * at(r, "mean", NULL));
    }
}

static void compare_prediction(const json_t *found, const json_t *reference)
{
    static const char *const figure[][3] = {{"mean", "mean_mcse", "mean"},
                                            {"latent_sd", "latent_sd_mcse", "sd_f"},
                                            {"sd", "sd_mcse", "sd_y"}};
    const json_t *list = json_object_get(reference, "predictive_points"), *point;
    size_t i;
    assert_true(json_array_size(list) > 5);
    json_array_foreach(list, i, point)
    {
        size_t row = (size_t)at(point, "index", NULL);
        for (int k = 0; k < 3; k++) {
            double error = item(found, "predictive", figure[k][1], row);
            close_to(figure[k][0], item(found, "predictive", figure[k][0], row),
                     at(point, figure[k][2], NULL), fmax(4 * error, 1e-3));
            assert_true(error >= 0 && error < 0.02);
        }
    }
}

/* The tutorial's Gaussian process, as it is called. */
static void the_whole_way_agrees(void **state)
{
    char path[PATH_MAX];
    (void)state;
    if (!getenv("MCDROP_REFERENCE"))
        print_message("# MCDROP_REFERENCE is not set: nothing is compared with gp.json\n");
    if (!getenv("MCDROP_REFERENCE") || getenv("MCDROP_FAST"))
        return;
    snprintf(path, sizeof path, "%s/gp.json", getenv("MCDROP_REFERENCE"));
    json_t *reference = json_load_file(path, 0, NULL);
    assert_non_null(reference);
    assert_program(0, "$M --model gp --data co2 --seed 1 --grid -1.72:3.5:0.01 --format json "
                      "--out whole");
    json_t *found = program_json("out");
    assert_int_equal(json_integer_value(json_object_get(found, "rows")), 523);
    assert_true(at(found, "predictive", "draws", NULL) == 10000);
    compare_posterior(found, reference);
    compare_prediction(found, reference);
    assert_same_file("out", "whole/result.json");
    json_decref(found);
    json_decref(reference);
}

/* Three rows say little: the priors' tails are no matter for a grid about the mode. */
static void what_is_not_exact_is_not_told(void **state)
{
    (void)state;
    program("printf 'x,y\\n1,2\\n2,3\\n4,1\\n' >few.csv; "
            "$M train --model gp:tune=20,draws=8 --data few.csv --target y --out few");
    assert_has("err", "no quadrature: the posterior reaches beyond its grid");
    assert_has("out", "\nquadrature: cut off 0.");
    assert_lacks("out", "exact_mean");
    assert_lacks("out", "log evidence");
}

/* Refused before it begins, not ended by the system in the middle. */
static void what_no_memory_holds_is_refused(void **state)
{
    (void)state;
    assert_program(1, "awk 'BEGIN { print \"x,y\"; for (i = 0; i < 50000; i++) "
                      "print i + i %% 2 * 0.25 \",\" i %% 7 }' >long.csv; $M train "
                      "--model gp:chains=1024,tune=0,draws=8 --data long.csv --target y --out no");
    assert_has("err", "gp: covariances of 50000 rows need 2.05e+04 GB for 1024 chains");
    assert_program(1, "test -e no");
    if (getenv("MCDROP_FAST"))
        return;
    assert_program(1, "$M predict --weights few/weights.safetensors --grid 0:1:1e-6 --passes 2 "
                      "--keep-samples no.npy");
    assert_has("err", "gp: covariances of 1000004 rows need ");
    assert_program(1, "test -e no.npy");
}

/* ---- what comes out ---------------------------------------------------------------------- */

static void says_what_it_found(void **state)
{
    (void)state;
    program("$M train " SHORT "--data co2 --out again");
    assert_has("err", "inputs are evenly spaced by 0.0127");
    assert_has("err", "mode 1 of ");
    assert_has("err", "wrote again/weights.safetensors");
    assert_has("out", "quantity ");
    assert_has("out", "\nchain ");
    assert_has("out", "\nquadrature: log evidence -73.9");
    assert_has("out", "\nmaximum likelihood: l 0.030");
    assert_has("out", "\nleave one out: log score ");
    assert_has("out", "\nverdict: ");
    program("$M train -q " SHORT "--data co2 --out again --format json");
    json_t *json = program_json("out");
    const json_t *chain =
        json_array_get(json_object_get(json_object_get(json, "sampler"), "by_chain"), 1);
    assert_true(at(chain, "divergences", NULL) == 0 && at(chain, "ebfmi", NULL) > 0.3);
    assert_true(at(chain, "accept", NULL) > 0.8 && at(chain, "depth_saturated", NULL) == 0);
    close_to("log posterior", at(chain, "mean_log_posterior", NULL), -69.4, 0.5);
    assert_true(json_is_string(json_object_get(json_object_get(json, "verdict"), "text")));
    json_decref(json);
}

static void threads_change_no_bits(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        program("$M train -q " SHORT "--data co2 --threads %d --out t%d", threads, threads);
        assert_program(0,
                       "$M predict --weights t%d/weights.safetensors --grid -1:3:0.25 --threads %d "
                       "--format json -q --keep-samples k%d.npy --passes 12",
                       threads, threads, threads);
        assert_program(0, "grep -v seconds out >p%d; cp out json%d", threads, threads);
        assert_program(0,
                       "$M predict -q --weights t%d/weights.safetensors --grid -1:3:0.25 "
                       "--threads %d --format csv >c%d",
                       threads, threads, threads);
    }
    assert_program(0, "cmp c1 c2 && cmp c1 c3 && cmp k1.npy k2.npy && cmp k1.npy k3.npy");
}

/* Text, CSV and JSON have the same figures; paths scatter about the mean as the sd says. */
static void predicts_in_all_forms(void **state)
{
    (void)state;
    struct mcd_array k;
    struct mcd_error e = {0};
#define PREDICT "$M predict -q --weights w/weights.safetensors --grid 1.5:2:0.25 "
    assert_program(0, PREDICT);
    assert_has("out", "gp: 3 rows of grid, 600 of 600 draws, seed 2, ");
    assert_program(0, PREDICT "--format csv");
    assert_begins("out", "row,x,output_mean_0,output_std_0,output_mcse_0,output_std_mcse_0,"
                         "total_std_0,total_std_mcse_0\n0,1.5,");
    assert_program(0, PREDICT "--format json --passes 400 --keep-samples k.npy");
    json_t *json = program_json("out");
    assert_true(at(json, "passes", NULL) == 400);
    assert_ok(mcd_npy_read(scratch_path("k.npy"), &k, &e), e);
    assert_true(k.rank == 3 && k.dim[0] == 400 && k.dim[1] == 3 && k.dim[2] == 1);
    for (size_t row = 0; row < 3; row++) {
        double mean = item(json, NULL, "output_mean", row), sum = 0, square = 0;
        double sd = item(json, NULL, "output_std", row);
        for (int t = 0; t < 400; t++) {
            double f = ((double *)k.data)[t * 3 + (int)row] - mean;
            sum += f / 400;
            square += f * f / 400;
        }
        assert_true(fabs(sum) < 4.5 * sd / 20 && fabs(sqrt(square) / sd - 1) < 0.2);
        assert_true(item(json, NULL, "total_std", row) > sd);
    }
    mcd_array_clear(&k);
    json_decref(json);
}

/* Two columns of inputs, held-out rows, units of the user's. */
static void fits_tables(void **state)
{
    (void)state;
    int status = program("$M train " SHORT "--data d.csv --target y --hold-out 0.25 --out c");
    assert_true(status == 0 || status == 1);
    assert_has("err", "inputs are not evenly spaced: Cholesky factors of 45 x 45");
    assert_program(0, "$M evaluate --weights c/weights.safetensors --format json");
    assert_has("err", "15 held out of 60 rows");
    json_t *json = program_json("out");
    assert_null(json_object_get(json, "predictive"));
    assert_non_null(json_object_get(json, "verdict"));
    const json_t *all = json_object_get(json_object_get(json, "scores"), "monte_carlo");
    const json_t *scores = json_array_get(all, 0);
    double rmse = at(scores, "rmse", "value", NULL), crps = at(scores, "crps", "value", NULL);
    assert_true(rmse > 2 && rmse < 20); /* of a spread of 30 */
    close_to("crps", crps, at(scores, "crps_normal", "value", NULL), 0.05 * crps);
    assert_true(at(scores, "log_likelihood", "value", NULL) > -4.5);
    assert_true(at(scores, "total_sd", "value", NULL) > 3);
    assert_true(at(scores, "coverage_95", "value", NULL) > 0.7);
    assert_true(at(scores, "rmse", "mc_se", NULL) < rmse / 10);
    json_decref(json);
    scratch_text("x.csv", "b,a\n0.5,0.785398\n0.5,-0.785398\n");
    assert_program(0, "$M predict -q --weights c/weights.safetensors --input x.csv --format json");
    json = program_json("out");
    close_to("high", item(json, NULL, "output_mean", 0), 560, 15);
    close_to("low", item(json, NULL, "output_mean", 1), 480, 15);
    json_decref(json);
    scratch_text("one.csv", "a\n1\n");
    assert_program(1, "$M predict -q --weights c/weights.safetensors --input one.csv");
    assert_has("err", "one.csv");
}

/* Draws that are there are not drawn again; another run's are set aside, or refused. */
static void keeps_what_is_there(void **state)
{
    (void)state;
#define WHOLE "$M --data co2 --grid 0:1:0.5 --out there --model gp:tune=200"
    program(WHOLE ",draws=300 --seed 2");
    assert_has("err", "sampling gp:");
    assert_has("out", "gp: 3 rows of grid, 600 of 600 draws, seed 2");
    assert_program(0, "cp there/weights.safetensors first; cp there/result.json result");
    program(WHOLE ",draws=300");
    assert_has("err", "has all draws of this run: nothing is to be sampled");
    assert_same_file("first", "there/weights.safetensors");
    assert_same_file("result", "there/result.json");
    program(WHOLE ",draws=200");
    assert_has("err", "sampling anew because");
    assert_program(0, "cmp first there/weights.safetensors~1~");
    program("$M train --resume --out there");
    assert_has("err", "nothing is to be sampled");
    assert_has("out", "verdict: ");
    assert_program(1, "$M train --resume --out there --model gp --seed 3");
    assert_has("err", "was trained with seed 2, this run has 3");
    assert_program(1, "$M train --resume --out nowhere --model gp");
    assert_has("err", "there is no checkpoint to resume from");
}

/* Chains from the priors meet the second mode, 310 below the first: one of these stays there. */
static void a_trapped_chain_is_named(void **state)
{
    (void)state;
    assert_program(1, "$M train --model gp:start=prior,chains=4,tune=150,draws=60 --data co2 "
                      "--seed 4 --out trap");
    assert_has("out", "verdict: chain 2 is trapped: its mean log density is 31");
    assert_program(0, "$M predict --weights trap/weights.safetensors --grid 0:1:0.5");
    assert_has("err", "warning: trap/weights.safetensors: bad verdict: chain 2 is");
    assert_program(1, "$M --weights trap/weights.safetensors --grid 0:1:0.5 --out trapped "
                      "--format json");
    json_t *json = program_json("trapped/result.json");
    assert_true(json_is_false(json_object_get(json_object_get(json, "verdict"), "good")));
    json_decref(json);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void options_of_networks_are_refused(void **state)
{
    (void)state;
    static const char *const train[] = {
        "--epochs 3",       "--batch 8",    "--rate 0.1",           "--momentum 0.5",   "--decay 0",
        "--optimiser adam", "--no-shuffle", "--checkpoint-every 5", "--schedule cosine"};
    static const char *const predict[] = {
        "--deterministic",     "--first-pass 3",  "--tau 3",
        "--save-partial p",    "--tau fit",       "--length-scale 2",
        "--sampler bernoulli", "--until-mcse 0.1"};
    for (size_t i = 0; i < sizeof train / sizeof *train; i++) {
        assert_program(2, "$M train --model gp --data co2 --out no %s", train[i]);
        assert_has("err", "but gp brings a posterior of its own: mcdrop info gp lists");
        assert_program(2, "$M --model gp --data co2 --out no %s", train[i]);
    }
    for (size_t i = 0; i < sizeof predict / sizeof *predict; i++) {
        assert_program(2, "$M predict --weights w/weights.safetensors %s", predict[i]);
        assert_has("err", "but gp brings a posterior of its own");
    }
    assert_program(2, "$M evaluate --weights w/weights.safetensors --deterministic");
    assert_program(2, "$M predict --weights w/weights.safetensors --passes 601");
    assert_has("err", "--passes: 601 are more than the 600 draws of w/weights.safetensors");
    assert_int_equal(access(scratch_path("no"), F_OK), -1);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    assert_program(3, "$M train --model gp --data co2 --backend $ODD/scale.so --out no");
    assert_has("err", "scale: has no linear algebra, which gp needs: expected ");
    assert_has("err", "reference");
    assert_program(3, "$M predict --weights w/weights.safetensors --backend $ODD/scale.so");
    assert_program(1, "$M train --model gp --data d.csv --target a,y --out no");
    assert_has("err", "2 values a row: expected 1");
    assert_program(1, "$M predict --weights w/weights.safetensors --model mlp2 --grid 0:1:1");
    assert_has("err", "holds draws of a posterior: expected weights of mlp2");
    assert_program(2, "$M train --model gp:draws=7 --data co2 --out no");
    assert_program(2, "$M train --model gp:kernel=linear --data co2 --out no");
    assert_has("err", "expected se, matern32 or matern52");
    assert_program(1, "cp $M x.safetensors; $M predict --weights x.safetensors --model gp");
    assert_program(1, "printf 'a,b\\n1,2\\n' >one.csv; $M train --model gp --data one.csv "
                      "--target b --out no");
    assert_has("err", "expected values that differ");
    assert_int_equal(access(scratch_path("no"), F_OK), -1);
}

/* Embedding programs hear of it in words. */
static void embedding_is_refused(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_predictor *p = NULL;
    const struct mcd_predictor_options o = {
        .size = sizeof o,
        .model = "gp",
        .weights = scratch_path("w/weights.safetensors"),
        .input = mcd_shape1(1),
    };
    assert_int_equal(mcd_predictor_open(&o, &p, &e), MCD_UNSUPPORTED);
    assert_non_null(strstr(e.text, "is no network: it brings its own posterior"));
    assert_null(p);
}

/* Wherever it is: among the modes, in chains, in the quadrature, in a prediction. */
static void stops_when_it_is_asked_to(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        pid_t pid = program_start("exec $M train --model gp:draws=100000000,chains=3 --data co2 "
                                  "--out stopped");
        double until = program_seconds() + 20;
        char *err = program_text("err", NULL);
        while (!strstr(err, "sampling") && program_seconds() < until) {
            free(err);
            program_sleep(0.01);
            err = program_text("err", NULL);
        }
        free(err);
        program_sleep(0.15 * i);
        double asked = program_seconds();
        kill(pid, SIGINT);
        if (program_wait(pid) != 130 || program_seconds() - asked > 5)
            program_complain("not 130, or not soon");
        assert_has("err", "stop");
        assert_int_equal(access(scratch_path("stopped/weights.safetensors"), F_OK), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_way_agrees),
        cmocka_unit_test(what_is_not_exact_is_not_told),
        cmocka_unit_test(what_no_memory_holds_is_refused),
        cmocka_unit_test(says_what_it_found),
        cmocka_unit_test(threads_change_no_bits),
        cmocka_unit_test(predicts_in_all_forms),
        cmocka_unit_test(fits_tables),
        cmocka_unit_test(keeps_what_is_there),
        cmocka_unit_test(a_trapped_chain_is_named),
        cmocka_unit_test(options_of_networks_are_refused),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(embedding_is_refused),
        cmocka_unit_test(stops_when_it_is_asked_to),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
