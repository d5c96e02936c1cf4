/*
 * Regression on tables with the program itself: columns, held-out rows, units, noise, scores, and
 * what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/npy.h"

#include <mcdrop/mcdrop.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <fcntl.h>
#include <math.h>

#define MODEL "--model mlp2:hidden=24x24,drop=0.05 --epochs 150 --rate 1e-2 --seed 4 -q "

enum { ROWS = 120 };

/* y = offset + scale (sin a + b / 50 + noise): a in [-3, 3], b in [0, 100]. */
static void write_table(const char *name, const char *header, double offset, double scale)
{
    char text[20000];
    uint32_t x = 1;
    size_t n = (size_t)snprintf(text, sizeof text, "%s", header);
    for (int i = 0; i < ROWS; i++) {
        double u[3];
        for (int k = 0; k < 3; k++) {
            x = x * 1664525 + 1013904223;
            u[k] = (x >> 8) / 16777216.0;
        }
        double a = 6 * u[0] - 3, b = 100 * u[1];
        double y = offset + scale * (sin(a) + b / 50 + 0.5 * (u[2] - 0.5));
        n += (size_t)snprintf(text + n, sizeof text - n, "%.6f,%.4f,%.9g\n", a, b, y);
    }
    scratch_write(name, text, n);
}

static int setup(void **state)
{
    int status = program_setup(state);
    char data[PATH_MAX];
    snprintf(data, sizeof data, "%s/../data", getenv("MCDROP_TEST_SRCDIR"));
    setenv("MCDROP_DATA_PATH", data, 1);
    write_table("d.csv", "a,b,y\n", 1000, 20);
    write_table("small.csv", "a,b,y\n", 0, 1);
    write_table("bare.csv", "", 1000, 20);
    assert_program(0, "$M train " MODEL "--data d.csv --target y --hold-out 0.25 --out w");
    return status;
}

static double number(const json_t *json, const char *key, size_t row, size_t k)
{
    return json_number_value(json_array_get(json_array_get(json_object_get(json, key), row), k));
}

static json_t *run(const char *command)
{
    assert_program(0, "$M %s --format json -q", command);
    return program_json("out");
}

static const json_t *score(const json_t *json, const char *way, const char *name)
{
    const json_t *set = json_object_get(json_object_get(json, "scores"), way);
    const json_t *found = json_object_get(json_array_get(set, 0), name);
    assert_non_null(found);
    return found;
}

static double value(const json_t *score)
{
    return json_number_value(json_object_get(score, "value"));
}

static void scores_the_held_out_rows(void **state)
{
    (void)state;
    json_t *json = run("evaluate --weights w/weights.safetensors --seed 1 --passes 100");
    assert_int_equal(json_integer_value(json_object_get(json, "rows")), ROWS / 4);
    assert_null(json_object_get(json, "output_mean"));
    double rmse = value(score(json, "monte_carlo", "rmse"));
    assert_true(rmse > 1 && rmse < 12); /* of a spread of 20 and more */
    assert_true(value(score(json, "monte_carlo", "coverage_95")) > 0.7);
    assert_true(value(score(json, "weight_averaging", "rmse")) < 12);
    assert_true(json_number_value(json_object_get(json, "tau")) > 1);
    double noise = json_number_value(json_array_get(json_object_get(json, "noise_std"), 0));
    assert_true(noise > 0.5 && noise < 12);
    const json_t *pit = score(json, "monte_carlo", "pit");
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(pit); i++)
        sum += json_integer_value(json_array_get(pit, i));
    assert_int_equal(sum, ROWS / 4);
    json_decref(json);
    assert_program(0, "$M evaluate --weights w/weights.safetensors --seed 1 --passes 50");
    assert_has("err", "test data: 30 held out of 120 rows of d.csv");
    assert_has("err", "as training fitted it to these rows, which flatters their likelihood and "
                      "coverage; a prior of length scale");
    assert_has("out", "\ncrps_normal ");
}

/* The network sees no units: data in others give the same answers in others. */
static void units_do_not_matter(void **state)
{
    (void)state;
    assert_program(0, "$M train " MODEL "--data small.csv --target 3 --hold-out 0.25 --out s");
    json_t *a = run("predict --weights w/weights.safetensors --input d.csv --seed 2 --passes 40");
    json_t *b =
        run("predict --weights s/weights.safetensors --input small.csv --seed 2 --passes 40");
    for (size_t row = 0; row < ROWS; row++) {
        double small = number(b, "output_mean", row, 0);
        assert_true(fabs(number(a, "output_mean", row, 0) - 1000 - 20 * small) < 1e-2);
        assert_true(fabs(number(a, "output_std", row, 0) - 20 * number(b, "output_std", row, 0)) <
                    1e-2);
        assert_true(fabs(number(a, "deterministic", row, 0) - 1000 -
                         20 * number(b, "deterministic", row, 0)) < 1e-2);
        assert_true(fabs(number(a, "total_std", row, 0) - 20 * number(b, "total_std", row, 0)) <
                    0.1);
    }
    json_decref(a);
    json_decref(b);
}

static void keeps_samples_in_units(void **state)
{
    (void)state;
    struct mcd_array x;
    struct mcd_error e = {0};
    json_t *json = run("predict --weights w/weights.safetensors --input d.csv --seed 2 --passes 40 "
                       "--keep-samples k.npy");
    assert_ok(mcd_npy_read(scratch_path("k.npy"), &x, &e), e);
    double sum = 0;
    for (int t = 0; t < 40; t++)
        sum += (double)((float *)x.data)[t * ROWS + 5] / 40;
    assert_true(fabs(sum - number(json, "output_mean", 5, 0)) < 1e-3);
    mcd_array_clear(&x);
    json_decref(json);
}

/* libmcdrop takes and gives the user's units, too. */
static void embeds_with_units(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_predictor *p;
    double average;
    const float x[2] = {0.5f, 40};
    scratch_text("one.csv", "a,b\n0.5,40\n");
    json_t *json = run("predict --weights w/weights.safetensors --input one.csv --deterministic");
    const struct mcd_predictor_options o = {
        .size = sizeof o,
        .model = "mlp2:hidden=24x24,drop=0.05",
        .weights = scratch_path("w/weights.safetensors"),
        .input = mcd_shape1(2),
    };
    struct mcd_prediction out = {.size = sizeof out, .deterministic = &average};
    assert_ok(mcd_predictor_open(&o, &p, &e), e);
    assert_ok(mcd_predictor_run(p, x, 1, &out, &e), e);
    assert_true(fabs(average - number(json, "deterministic", 0, 0)) < 1e-3);
    mcd_predictor_close(p);
    json_decref(json);
}

/* Weights that know their columns still predict an array. */
static void predicts_an_array(void **state)
{
    (void)state;
    float x[4] = {0.5f, 40, -1, 3};
    struct mcd_array a = {MCD_F32, 2, {2, 2}, x};
    struct mcd_error e = {0};
    assert_ok(mcd_npy_write(scratch_path("x.npy"), &a, &e), e);
    scratch_text("x.csv", "a,b\n0.5,40\n-1,3\n");
    assert_program(0, "for i in x.npy x.csv; do $M predict --weights w/weights.safetensors --input "
                      "$i --passes 10 --seed 1 -q --format csv >$i.out; done; cmp x.npy.out "
                      "x.csv.out");
}

static void parts_join_to_the_same_bits(void **state)
{
    (void)state;
#define PREDICT "$M predict --weights w/weights.safetensors --seed 3 -q --format json "
    assert_program(0, PREDICT "--passes 90 --save-partial all >whole");
    assert_program(0, PREDICT "--passes 37 --save-partial p1 >rest");
    assert_program(0, PREDICT "--first-pass 37 --passes 53 --threads 2 --save-partial p2 >rest");
    assert_program(0, "$M merge p2 p1 --format json | cmp - whole");
    assert_has("whole", "\"monte_carlo\"");
    assert_program(0, "$M predict --weights w/weights.safetensors --seed 3 --tau 3 --passes 10 "
                      "--first-pass 90 --save-partial p3 >rest");
    assert_program(1, "$M merge p1 p2 p3");
    assert_has("err", "has other targets, units or noise than");
}

/* A table without names; targets by number; inputs alone, in any order of columns. */
static void finds_columns(void **state)
{
    (void)state;
    assert_program(0, "$M train " MODEL "--data bare.csv --target 3 --hold-out 0.25 --out n");
    assert_program(0, "cut -d, -f1,2 bare.csv >inputs.csv; $M predict --weights "
                      "n/weights.safetensors --input inputs.csv --passes 20 --seed 1 --format csv "
                      "-q >a; $M predict --weights n/weights.safetensors --input bare.csv --passes "
                      "20 --seed 1 --format csv -q | cut -d, -f1,3- | cmp - a");
    assert_program(0, "awk -F, '{print $3 \",\" $2 \",x\" NR \",\" $1}' d.csv >turned.csv; "
                      "$M predict --weights w/weights.safetensors --input turned.csv --passes 20 "
                      "--seed 1 -q --format csv >a; $M predict --weights w/weights.safetensors "
                      "--input d.csv --passes 20 --seed 1 -q --format csv | cmp - a");
    assert_program(1, "cut -d, -f1,3 d.csv >less.csv; $M predict --weights w/weights.safetensors "
                      "--input less.csv");
    assert_has("err", "no column 'b'");
    assert_program(0, "awk -F, 'NR == 1 {print $0 \",z\"; next} {print $0 \",\" 2 * $3 + $1}' "
                      "d.csv >two.csv; $M train " MODEL
                      "--data two.csv --target z,y --hold-out 0.25 --out two && $M evaluate "
                      "--weights two/weights.safetensors --passes 20 -q");
    assert_has("out", "output  score");
    assert_has("out", "\n     1  rmse ");
}

static void holds_listed_rows_out(void **state)
{
    (void)state;
    scratch_text("rows.csv", "3\n5\n119\n");
    assert_program(0, "$M train " MODEL "--data d.csv --target y --hold-out rows.csv --out l");
    json_t *json = run("predict --weights l/weights.safetensors --passes 10 --seed 1");
    assert_int_equal(json_array_size(json_object_get(json, "target")), 3);
    double third = number(json, "target", 0, 0);
    json_decref(json);
    json = run("predict --weights l/weights.safetensors --input d.csv --passes 10 --seed 1");
    assert_true(number(json, "target", 3, 0) == third);
    json_decref(json);
    /* Resuming has the same rows and goes on to the same bits. */
    assert_program(0, "$M train --model mlp2.so --out l --resume --epochs 160 -q");
    assert_program(0, "$M train " MODEL
                      "--epochs 160 --data d.csv --target y --hold-out rows.csv --out m");
    assert_program(0,
                   "$M predict --weights l/weights.safetensors --passes 10 --seed 1 -q >a; "
                   "$M predict --weights m/weights.safetensors --passes 10 --seed 1 -q | cmp - a");
}

static void chooses_noise(void **state)
{
    (void)state;
    json_t *json = run("evaluate --weights w/weights.safetensors --passes 20 --tau 4");
    assert_true(fabs(json_number_value(json_object_get(json, "tau")) - 4) < 1e-9);
    json_decref(json);
    /* tau = 2 l^2 / ((1 - p) N lambda), N = 90 rows, lambda = 1e-6, p = 0.05 */
    json = run("evaluate --weights w/weights.safetensors --passes 20 --length-scale 0.01");
    assert_true(fabs(json_number_value(json_object_get(json, "tau")) * 0.95 * 90e-6 / 2e-4 - 1) <
                1e-9);
    json_decref(json);
    assert_program(0, "$M evaluate --weights w/weights.safetensors --data ./d.csv --tau fit");
    assert_has("err", "fitted to the held-out answers"); /* the same file, by another path */
    assert_program(0, "cp d.csv e.csv && "
                      "$M evaluate --weights w/weights.safetensors --data e.csv --tau fit");
    assert_has("err", "fitted to these answers");
    assert_program(2, "$M evaluate --weights w/weights.safetensors --tau 0");
    assert_program(0, "$M train --model mlp2:hidden=8,drop=0 --epochs 20 --data d.csv --target y "
                      "--hold-out 0.25 --seed 1 --out plain");
    assert_has("err", "fitted to the held-out answers");
    assert_program(0, "$M evaluate --weights plain/weights.safetensors --deterministic");
    assert_has("out", "\nlog_likelihood ");
    assert_program(2, "$M evaluate --weights plain/weights.safetensors");
    assert_has("err", "nothing in this network is stochastic");
    assert_program(2, "$M evaluate --weights w/weights.safetensors --tau 1 --length-scale 1");
}

static void predicts_a_grid(void **state)
{
    (void)state;
    assert_program(0, "$M train --model mlp2:hidden=8 --epochs 3 --seed 1 --out g -q");
    json_t *json = run("predict --weights g/weights.safetensors --grid -1.72:3.5:0.01 --passes 8");
    assert_int_equal(json_array_size(json_object_get(json, "output_mean")), 523);
    assert_null(json_object_get(json, "scores"));
    json_decref(json);
    assert_program(0, "$M --model mlp2:hidden=8 --epochs 3 --seed 1 --out h --passes 10");
    assert_has("out", "mlp2: 272 rows of co2, 10 passes");
    assert_has("out", "\nrmse ");
    assert_program(0, "$M --out h --grid 0:4:1 --passes 10");
    assert_has("out", "mlp2: 5 rows of grid, 10 passes");
    assert_has("out", "\nrow  x  ");
    assert_has("out", "\n  3  3  ");
    assert_program(0, "$M predict --weights g/weights.safetensors --grid 0.5:1:0.25 --format csv");
    assert_has("out", "row,x,");
    assert_has("out", "\n1,0.75,");
    assert_program(2, "$M predict --weights w/weights.safetensors --grid 0:1:0.5");
    assert_has("err", "the model has 2 inputs");
    assert_program(2, "$M predict --weights w/weights.safetensors --grid 0:1:-1");
    assert_has("err", "--grid: '0:1:-1': expected a STEP that leads from FIRST to LAST");
}

/* A terminal shows the band, and nothing else does. */
static void plots_a_grid(void **state)
{
    (void)state;
    char seen[4096];
    size_t n = 0;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    int other = open(ptsname(terminal), O_RDWR | O_NOCTTY); /* or it closes with the program */
    assert_program(0, "$M train --model mlp2:hidden=8 --epochs 3 --seed 1 --out p -q");
    assert_program(0,
                   "LC_ALL=C COLUMNS=40 $M predict --weights p/weights.safetensors -q "
                   "--grid 0:9:1 --passes 8 --rows 5 >%s",
                   ptsname(terminal));
    for (ssize_t got; (got = read(terminal, seen + n, sizeof seen - 1 - n)) > 0;)
        n += (size_t)got;
    seen[n] = '\0';
    char *axis = strstr(seen, "\r\n             0                         4\r\n");
    assert_non_null(axis);
    assert_string_equal(strchr(axis + 2, '\n'), "\n"); /* it comes last */
    assert_non_null(strstr(seen, "|..."));
    assert_non_null(strstr(seen, "\r\nThe mean over the grid"));
    close(other);
    close(terminal);
    assert_program(0, "$M predict --weights p/weights.safetensors --grid 0:9:1 --passes 8");
    assert_lacks("out", "over the grid");
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void refuse_table(const char *text, const char *options, int status, const char *part)
{
    scratch_text("bad.csv", text);
    assert_program(status, "$M train --model mlp2:hidden=4 --data bad.csv --out bad %s", options);
    assert_has("err", part);
}

static void refuses_bad_tables(void **state)
{
    (void)state;
    refuse_table("a,y\n1,2\n3\n", "--target y", 1, "bad.csv: line 3, column 1: the line ends");
    refuse_table("a,y\n1,2\n,4\n", "--target y", 1, "bad.csv: line 3, column 1: the value is miss");
    refuse_table("a,y\n1,2\n3,x\n", "--target y", 1, "line 3, column 2: 'x' is not a number");
    refuse_table("a,y\n1,nan\n3,4\n", "--target y", 1, "line 2, column 2: 'nan' is not finite");
    refuse_table("a,y\n1,2\n3,4\n", "--target z", 1, "no column 'z': expected a, y, or 1 to 2");
    refuse_table("a,y\n1,2\n3,4\n", "--target 3", 1, "no column '3'");
    refuse_table("a,y\n1,2\n3,4\n", "--target y,y", 1, "no column 'y': expected a, y");
    refuse_table("a,y\n1,2\n3,4\n", "--target a,y", 1, "every column is an answer");
    refuse_table("a,y\n1,2\n3,4\n", "--target ,", 2, "expected columns by name or number");
    refuse_table("a,y\n1,2\n3,4\n", "", 1, "no answers: expected --target COLUMN");
    refuse_table("a,y\n1,2\n1,4\n", "--target y", 1, "bad.csv: a: is 1 in all the rows");
    refuse_table("a,y\n1,2\n2,2\n", "--target y", 1, "bad.csv: y: is 2 in all the rows");
    refuse_table("a,y\n1,1e308\n2,-1e308\n", "--target y", 1, "too large");
    refuse_table("a,y\n1,2\n3,4\n", "--target y --hold-out 0", 2, "expected a fraction in (0, 1)");
    refuse_table("a,y\n1,2\n3,4\n", "--target y --hold-out 0.9", 2, "at least one there");
    refuse_table("a,y\n1,2\n3,4\n", "--target y --hold-out no.csv", 1, "no.csv: cannot be read");
    scratch_text("rows.csv", "1\n1\n");
    refuse_table("a,y\n1,2\n3,4\n5,6\n", "--target y --hold-out rows.csv", 1,
                 "rows.csv: entry 1 is 1: expected row numbers of 0 to 2, each once");
    scratch_text("rows.csv", "7\n");
    refuse_table("a,y\n1,2\n3,4\n5,6\n", "--target y --hold-out rows.csv", 1, "entry 0 is 7");
    assert_program(2, "$M train --model mlp --data d.csv --target y --out bad");
    assert_has("err", "--target: is for regression, but mlp is a classifier");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_the_held_out_rows),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(keeps_samples_in_units),
        cmocka_unit_test(embeds_with_units),
        cmocka_unit_test(predicts_an_array),
        cmocka_unit_test(parts_join_to_the_same_bits),
        cmocka_unit_test(finds_columns),
        cmocka_unit_test(holds_listed_rows_out),
        cmocka_unit_test(chooses_noise),
        cmocka_unit_test(predicts_a_grid),
        cmocka_unit_test(plots_a_grid),
        cmocka_unit_test(refuses_bad_tables),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
