/* mcdrop bench and bench compare as a user runs them, on models that take no time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>

#define SMALL                                                                                      \
    "\"$M\" bench -q --model mlp:hidden=8,classes=4 --input 3x3 --batch 8 --rows 4 --rounds 4 "    \
    "--time 0.001 --threads 2 "
#define ORACLE SMALL "--backend reference "
#define BAD    "\"$MCDROP_BAD_PLUGINS\"/"

static const json_t *job(const json_t *bench, size_t i)
{
    const json_t *jobs = json_object_get(bench, "jobs");
    assert_true(i < json_array_size(jobs));
    return json_array_get(jobs, i);
}

static const char *text(const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    assert_non_null(value);
    return value;
}

static double number(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* JSON has every job with every sample, and its figures are those of the samples. */
static void everything_is_in_the_json(void **state)
{
    static const char *const names[] = {"product", "pass", "step"};
    (void)state;
    assert_program(0, ORACLE "--backend reference:precision=f64 --format json");
    json_t *bench = program_json("out");
    assert_int_equal(json_array_size(json_object_get(bench, "jobs")), 6);
    assert_int_equal(number(bench, "threads"), 2);
    assert_string_equal(text(bench, "clock"), "wall");
    for (size_t i = 0; i < 6; i++) {
        const json_t *j = job(bench, i);
        const json_t *seconds = json_object_get(j, "seconds");
        assert_int_equal(json_array_size(seconds), 4);
        assert_int_equal(json_array_size(json_object_get(j, "yardstick")), 4);
        double low = number(j, "low_quartile"), high = number(j, "high_quartile");
        assert_true(0 < low && low <= number(j, "median") && number(j, "median") <= high);
        assert_true(number(j, "flop_per_second") > 0 && number(j, "peak_bytes") > 1e6);
        assert_true(fabs(number(j, "flop_per_second") * number(j, "median") / number(j, "flop") -
                         1) < 1e-9);
        assert_string_equal(text(j, "precision"), i == 1 || i > 3 ? "f64" : "f32");
    }
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(text(job(bench, i), "job"), names[0]);
    /* 4 rows of 9 inputs, 8 hidden units and 4 classes, two dropouts before them */
    assert_true(number(job(bench, 2), "flop") == 2.0 * 4 * (9 * 8 + 8 * 4));
    assert_true(number(job(bench, 3), "flop") == 2.0 * 8 * (2 * 9 * 8 + 3 * 8 * 4));
    assert_string_equal(text(job(bench, 2), "job"), names[1]);
    assert_string_equal(text(job(bench, 3), "job"), names[2]);
    json_decref(bench);
}

/* Before anything is timed the results are compared: the oracle with itself in f64. */
static void results_are_compared(void **state)
{
    (void)state;
    assert_program(0, ORACLE "--backend reference:precision=f64 --format json");
    json_t *bench = program_json("out");
    const json_t *same = json_object_get(job(bench, 2), "disagreement");
    const json_t *other = json_object_get(job(bench, 4), "disagreement");
    assert_true(number(same, "outputs") == 0 && number(same, "gradient") == 0);
    assert_true(number(other, "outputs") > 0 && number(other, "outputs") < 1e-5);
    assert_true(number(other, "gradient") < 1e-4);
    assert_true(number(other, "masks") > 0 && number(other, "masks_that_differ") == 0);
    assert_true(json_is_true(json_object_get(other, "agrees")));
    json_decref(bench);
    assert_program(0, ORACLE "--backend reference:precision=f64");
    assert_has("out", "f64: another precision than reference's f32");
}

/* In a model of two sites a backend of tests/bad/ does not draw what the reference backend does. */
static void assert_other_masks(const char *backend)
{
    assert_program(
        1,
        "\"$M\" bench -q --model mlp:hidden=8x8,classes=4 --input 3x3 --batch 8 --rows 4 "
        "--rounds 1 --time 0.001 --backend reference --backend " BAD "%s.so --format json",
        backend);
    json_t *bench = program_json("out");
    const json_t *other = json_object_get(job(bench, 4), "disagreement");
    assert_true(number(other, "masks_that_differ") > 0);
    assert_true(json_is_false(json_object_get(other, "agrees")));
    json_decref(bench);
}

/*
 * Backends that are wrong on purpose: the one scales what is kept, the others draw other units, at
 * every site or at all but the first.
 */
static void what_computes_something_else_is_said(void **state)
{
    (void)state;
    assert_program(1, ORACLE "--backend " BAD "scale.so");
    assert_has("out", "DISAGREES with reference");
    assert_has("err", "does not compute what reference does");
    assert_has("err", "0 of ");
    assert_other_masks("unit");
    assert_other_masks("siteless");
}

static void tables_in_every_form(void **state)
{
    (void)state;
    assert_program(0, ORACLE);
    assert_has("out", "2 threads, wall clock, 4 rounds, seed 1, bernoulli");
    assert_has("out", "\nmodel");
    assert_has("out", "share_of_product");
    assert_program(0, ORACLE "--format csv --clock cpu --threads 1");
    assert_begins("out", "model,job,rows,backend,ms,");
    assert_has("out", "\nproduct,product,");
    assert_has("out", "\n\"mlp:hidden=8,classes=4\",pass,4,reference,");
    assert_program(0, ORACLE "--format markdown --sampler antithetic");
    assert_has("out", "\n| model");
    assert_has("out", "|---|---|---:|---|---:|");
    assert_has("out", "seed 1, antithetic");
}

/* Op by op: the plans' own steps, and their parts make the whole. */
static void ops_one_by_one(void **state)
{
    (void)state;
    assert_program(0, ORACLE "--ops --format csv");
    assert_begins("out", "model,job,op,rows,shape,backend,us,part,");
    assert_has("out", ",pass,01 drop,");
    assert_has("out", " linear,");
    assert_has("out", " linear_dw,");
    assert_has("out", ",step,");
    assert_has("out", "[9] [8, 9] [8] -> [8]");
    assert_program(0, ORACLE "--ops --format json");
    json_t *bench = program_json("out");
    double parts = 0, flop = 0;
    for (size_t i = 1; i < json_array_size(json_object_get(bench, "jobs")); i++) {
        parts += number(job(bench, i), "median") > 0;
        if (strcmp(text(job(bench, i), "job"), "step") == 0)
            flop += number(job(bench, i), "flop");
    }
    assert_true(parts > 10);
    assert_true(flop == 2.0 * 8 * (2 * 9 * 8 + 3 * 8 * 4));
    json_decref(bench);
}

/*
 * A layer that knows when it is trained: means of the batch, then two states and four parameters.
 */
static void ops_are_those_of_training(void **state)
{
    (void)state;
    assert_program(0, ORACLE "--model mlp:hidden=8,classes=4,activation=batchnorm "
                             "--ops --format csv");
    assert_has("out", "activation=batchnorm\",step,03 reduce,8,");
    assert_has("out", "activation=batchnorm\",step,50 sgd,");
}

/* A file compared with itself has no difference, one with all times doubled has nothing else. */
static void two_files_are_told_apart(void **state)
{
    (void)state;
    assert_program(0, ORACLE "--rounds 8 --format json >old.json");
    assert_program(0, "\"$M\" bench compare old.json old.json");
    assert_has("out", "no difference");
    assert_lacks("out", "slower");
    assert_has("err", "yardstick took 1 times as long");

    json_t *bench = program_json("old.json"), *one;
    size_t i, k;
    json_array_foreach(json_object_get(bench, "jobs"), i,
                       one) for (k = 0; k < 8; k++) /* alike, so that chance explains nothing */
        json_array_set_new(json_object_get(one, "yardstick"), k, json_real(1e-3)),
        json_array_set_new(json_object_get(one, "seconds"), k, json_real(1 + 1e-3 * (k % 2)));
    assert_int_equal(json_dump_file(bench, scratch_path("even.json"), 0), 0);
    json_array_foreach(json_object_get(bench, "jobs"), i, one) for (k = 0; k < 8; k++)
        json_array_set_new(json_object_get(one, "seconds"), k, json_real(2 + 1e-3 * (k % 2)));
    assert_int_equal(json_dump_file(bench, scratch_path("twice.json"), 0), 0);
    json_decref(bench);
    assert_program(1, "\"$M\" bench compare even.json twice.json --format csv");
    assert_has("out", ",pass,,,4,reference:precision=f32,1.99");
    assert_has("out", ",slower\n");
    assert_lacks("out", "no difference");
    assert_program(0, "\"$M\" bench compare twice.json even.json --format json");
    assert_has("out", "\"verdict\": \"faster\"");
}

static void what_cannot_be_compared(void **state)
{
    (void)state;
    assert_program(0, ORACLE "--format json >old.json");
    assert_program(0, ORACLE "--clock cpu --format json >cpu.json");
    assert_program(0, ORACLE "--threads 1 --format json >one.json");
    assert_program(1, "\"$M\" bench compare old.json cpu.json");
    assert_has("err", "cpu.json: was measured with the cpu clock, old.json with the wall clock");
    assert_program(1, "\"$M\" bench compare old.json one.json");
    assert_has("err", "was measured on 1 threads");
    scratch_text("cut.json", "{\"mcdrop_bench\": 1, ");
    assert_program(1, "\"$M\" bench compare old.json cut.json");
    assert_has("err", "cut.json: line 2");
    scratch_text("other.json", "{\"task\": \"classify\"}");
    assert_program(1, "\"$M\" bench compare other.json old.json");
    assert_has("err", "other.json: mcdrop_bench: expected 1");
    assert_program(1, "\"$M\" bench compare old.json nowhere.json");
    assert_has("err", "nowhere.json");
    assert_program(2, "\"$M\" bench compare old.json");
    assert_has("err", "expected two files");
}

static void wrong_options(void **state)
{
    (void)state;
    assert_program(2, "\"$M\" bench nonesuch");
    assert_has("err", "expected compare");
    assert_program(2, ORACLE "--rounds 0");
    assert_program(2, ORACLE "--time 0");
    assert_program(2, ORACLE "--clock sun");
    assert_has("err", "expected wall or cpu");
    assert_program(2, ORACLE "--format html");
    assert_has("err", "expected text, csv, json or markdown");
    assert_program(2, ORACLE "--input 3xx");
    assert_has("err", "shape of a row");
    assert_program(2, "\"$M\" bench --model nonesuch");
    assert_program(2, "\"$M\" bench --model lenet --backend reference:precision=f16 --rounds 1");
    assert_has("err", "precision");
    assert_program(2, ORACLE "--backend reference:precision=f32");
    assert_has("err", "are the same");
    assert_program(2, ORACLE "--model mlp:hidden=8,classes=4");
    assert_has("err", "is given twice");
    assert_program(3, SMALL "--backend nonesuch");
    assert_has("err", "nonesuch");
    assert_program(1, "\"$M\" bench --model gp --backend reference --rounds 1 --time 0.001");
    assert_has("err", "gp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_in_the_json),
        cmocka_unit_test(results_are_compared),
        cmocka_unit_test(what_computes_something_else_is_said),
        cmocka_unit_test(tables_in_every_form),
        cmocka_unit_test(ops_one_by_one),
        cmocka_unit_test(ops_are_those_of_training),
        cmocka_unit_test(two_files_are_told_apart),
        cmocka_unit_test(what_cannot_be_compared),
        cmocka_unit_test(wrong_options),
    };
    return cmocka_run_group_tests_name("bench_command", tests, program_setup, scratch_teardown);
}
