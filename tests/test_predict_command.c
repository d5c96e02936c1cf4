/* mcdrop predict, evaluate and merge: the same bits however the work is cut, flat memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/npy.h"

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>

#define PREDICT "$M predict --weights w/weights.safetensors --seed 3 -q "

static int setup(void **state)
{
    int status = program_setup(state);
    tiny_data("data");
    assert_program(0, "$M train " TINY "--epochs 5 --out w -q");
    return status;
}

static json_t *run(const char *options)
{
    assert_program(0, PREDICT "--format json %s", options);
    return program_json("out");
}

static double number(const json_t *json, const char *key, size_t row, size_t k)
{
    const json_t *array = json_array_get(json_object_get(json, key), row);
    return json_number_value(json_is_array(array) ? json_array_get(array, k) : array);
}

static void says_what_was_asked_for(void **state)
{
    (void)state;
    static const char *const by_output[] = {
        "deterministic",    "output_mean",     "output_std",       "output_mcse",
        "probability_mean", "probability_std", "probability_mcse", "votes"};
    static const char *const by_row[] = {"entropy_mean",       "entropy_std",
                                         "entropy_mcse",       "predictive_entropy",
                                         "mutual_information", "variation_ratio"};
    json_t *json = run("--passes 50 --rows 7");
    for (size_t i = 0; i < sizeof by_output / sizeof *by_output; i++) {
        const json_t *array = json_object_get(json, by_output[i]);
        assert_int_equal(json_array_size(array), 7);
        assert_int_equal(json_array_size(json_array_get(array, 6)), TINY_CLASSES);
    }
    for (size_t i = 0; i < sizeof by_row / sizeof *by_row; i++)
        assert_int_equal(json_array_size(json_object_get(json, by_row[i])), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "passes")), 50);
    assert_int_equal(json_integer_value(json_object_get(json, "seed")), 3);
    assert_string_equal(json_string_value(json_object_get(json, "scope")), "row");
    assert_non_null(json_object_get(json, "backend"));
    assert_non_null(json_object_get(json, "model"));
    json_decref(json);

    json = run("--deterministic");
    assert_non_null(json_object_get(json, "deterministic"));
    assert_null(json_object_get(json, "output_mean"));
    assert_null(json_object_get(json, "passes"));
    json_decref(json);

    assert_program(0, PREDICT "--passes 50 --format csv --rows 2");
    assert_has("out", "row,label,deterministic_0,deterministic_1,");
    assert_has("out", "\n1,1,");
    assert_program(0, PREDICT "--passes 50 --rows 2");
    assert_has("out", "prediction  probability");
}

/* What made it stands above every text, and above nothing that a program reads. */
static void texts_have_a_heading(void **state)
{
    (void)state;
    assert_program(0, PREDICT "--passes 50 --rows 2 --backend reference --save-partial p");
    assert_begins("out",
                  "mlp: 2 rows of data, 50 passes, seed 3, reference:precision=f32\n\nrow  ");
    assert_program(0, PREDICT "--first-pass 50 --passes 1 --rows 2 --backend reference "
                              "--save-partial q");
    assert_begins("out", "mlp: 2 rows of data, 1 pass, seed 3, reference:precision=f32\n\nrow  ");
    assert_program(0, "$M merge p q");
    assert_begins("out", "mlp: 2 rows, 51 passes, seed 3, reference:precision=f32\n\nrow  ");
    assert_program(0, PREDICT "--deterministic --rows 1 --backend reference");
    assert_begins("out",
                  "mlp: 1 row of data, weight averaging alone, reference:precision=f32\n\nrow  ");
    assert_program(0, "$M evaluate --weights w/weights.safetensors --seed 3 --backend reference");
    assert_begins("out",
                  "mlp: 40 rows of data, 100 passes, seed 3, reference:precision=f32\n\nscore  ");
    assert_program(0, PREDICT "--passes 5 --format csv");
    assert_begins("out", "row,");
    assert_program(0, "$M evaluate --weights w/weights.safetensors --format csv");
    assert_begins("out", "score,");
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    static const char *const samplers[] = {"bernoulli:scope=row",  "bernoulli:scope=pass",
                                           "antithetic:scope=row", "antithetic:scope=pass",
                                           "balanced:scope=row",   "balanced:block=8,scope=pass"};
    for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++) {
        const char *sampler = samplers[i];
        assert_program(0, PREDICT "--format json --sampler %s --threads 1 >one", sampler);
        assert_program(0, PREDICT "--format json --sampler %s --threads 2 >two", sampler);
        assert_program(0, PREDICT "--format json --sampler %s --threads 3 >three", sampler);
        assert_same_file("one", "two");
        assert_same_file("one", "three");
    }
}

/* Cuts within groups, too. */
static void coupled_passes_are_cut_anywhere(void **state)
{
    (void)state;
    static const char *const samplers[] = {"antithetic", "balanced:block=16"};
    for (int i = 0; i < 2; i++) {
        const char *sampler = samplers[i];
        assert_program(0, PREDICT "--sampler %s --passes 1000 --format json >whole", sampler);
        assert_program(0, PREDICT "--sampler %s --passes 405 --save-partial a", sampler);
        assert_program(0,
                       PREDICT "--sampler %s --first-pass 405 --passes 595 --threads 1 "
                               "--save-partial b",
                       sampler);
        assert_program(0, "$M merge --format json b a >merged");
        assert_same_file("whole", "merged");
        assert_program(0, PREDICT "--passes 5 --first-pass 1000 --save-partial c");
        assert_program(1, "$M merge a b c");
    }
}

/* Standard errors are of whole blocks: a run stops at one, and says so if it has too few. */
static void coupled_passes_come_in_whole_blocks(void **state)
{
    (void)state;
    json_t *json = run("--sampler balanced:block=64 --passes 100000 --until-mcse 0.02 --rows 3");
    json_int_t passes = json_integer_value(json_object_get(json, "passes"));
    assert_true(passes >= 16 * 64 && passes % 64 == 0 && passes < 100000);
    json_decref(json);
    assert_program(0, "$M predict --weights w/weights.safetensors --seed 3 --rows 3 "
                      "--sampler balanced:block=64 --passes 120");
    assert_has("err", "120 passes hold 1 whole block of 64: expected --passes 128 or more "
                      "for standard errors");
    assert_program(0, "$M predict --weights w/weights.safetensors --seed 3 --rows 3 "
                      "--sampler balanced:block=64 --passes 128");
    assert_lacks("err", "whole block");
}

static void parts_make_the_whole(void **state)
{
    (void)state;
    assert_program(0, PREDICT "--passes 1000 --format json >whole");
    assert_program(0, PREDICT "--passes 997 --save-partial a");
    assert_program(0, PREDICT "--first-pass 997 --passes 3 --save-partial b --threads 1");
    assert_program(0, "$M merge --format json b a >merged");
    assert_same_file("whole", "merged");
    assert_program(0, PREDICT "--passes 10 --save-partial c");
    assert_program(0, PREDICT "--first-pass 10 --passes 987 --save-partial d");
    assert_program(0, "$M merge --save-partial cd d c && $M merge --format json cd b >again");
    assert_same_file("whole", "again");

    assert_program(1, "$M merge a cd");
    assert_program(1, "$M merge c b");
    assert_program(1, "$M merge a w/weights.safetensors");
    assert_program(1, "$M predict --weights w/weights.safetensors --seed 4 --first-pass 997 "
                      "--passes 3 --save-partial other >/dev/null && $M merge a other");
    assert_program(2, "$M merge");
}

/* The samples are there, and the moments are theirs. */
static void keeps_samples(void **state)
{
    (void)state;
    enum { PASSES = 77, ROWS = 5 };
    struct mcd_array a;
    struct mcd_error e = {0};
    json_t *json = run("--passes 77 --rows 5 --first-pass 20 --keep-samples kept.npy");
    assert_ok(mcd_npy_read(scratch_path("kept.npy"), &a, &e), e);
    assert_int_equal(a.rank, 3);
    assert_int_equal(a.dim[0], PASSES);
    assert_int_equal(a.dim[1], ROWS);
    assert_int_equal(a.dim[2], TINY_CLASSES);
    for (size_t i = 0; i < ROWS * TINY_CLASSES; i++) {
        double sum = 0, square = 0;
        for (size_t t = 0; t < PASSES; t++) {
            double x = ((const float *)a.data)[t * ROWS * TINY_CLASSES + i];
            sum += x;
            square += x * x;
        }
        double mean = sum / PASSES, std = sqrt((square - sum * mean) / (PASSES - 1));
        size_t row = i / TINY_CLASSES, k = i % TINY_CLASSES;
        assert_true(fabs(mean - number(json, "output_mean", row, k)) < 1e-5);
        assert_true(fabs(std - number(json, "output_std", row, k)) < 1e-5);
    }
    json_decref(json);
    mcd_array_clear(&a);
}

static void stops_when_precise(void **state)
{
    (void)state;
    json_t *json = run("--until-mcse 0.01");
    json_int_t passes = json_integer_value(json_object_get(json, "passes"));
    assert_in_range(passes, 16, 100000);
    for (size_t row = 0; row < TINY_TEST; row++)
        for (size_t k = 0; k < TINY_CLASSES; k++)
            assert_true(number(json, "probability_mcse", row, k) <= 0.01);
    json_decref(json);
}

static void evaluates_both_ways(void **state)
{
    (void)state;
    assert_program(0, "$M evaluate --weights w/weights.safetensors --format json --passes 30 -q");
    json_t *json = program_json("out"), *scores = json_object_get(json, "scores");
    const json_t *passes = json_object_get(scores, "monte_carlo");
    const json_t *average = json_object_get(scores, "weight_averaging");
    assert_non_null(json_object_get(json_object_get(passes, "nll"), "mc_se"));
    assert_non_null(json_object_get(json_object_get(average, "errors"), "value"));
    assert_int_equal(json_array_size(json_object_get(passes, "ece_bins")), 15);
    assert_null(json_object_get(json, "output_mean"));
    json_decref(json);
    assert_program(0, "$M evaluate --weights w/weights.safetensors --deterministic");
    assert_has("out", "accuracy_without_50");
}

/* The least of three runs: what the loader and the C library take varies. */
static double peak_memory(int passes)
{
    double least = INFINITY;
    for (int i = 0; i < 3; i++) {
        assert_program(0,
                       "exec $M predict --weights large/weights.safetensors --rows 1 --passes %d "
                       "--threads 1 --format csv -q",
                       passes);
        least = fmin(least, (double)program_usage.ru_maxrss);
    }
    return least;
}

#if defined __SANITIZE_ADDRESS__
enum { SANITIZED = 1 }; /* takes its time, and its quarantine grows */
#else
enum { SANITIZED = 0 };
#endif

/* Memory does not grow with the number of passes. */
static void memory_stays_flat(void **state)
{
    (void)state;
    assert_program(0, "$M train --model mlp:hidden=200x200,classes=4 --data data --epochs 1 "
                      "--seed 1 --out large");
    int fast = SANITIZED || getenv("MCDROP_FAST") != NULL;
    double few = peak_memory(100), many = peak_memory(fast ? 10000 : 100000);
    print_message("# peak memory: %.0f and %.0f kB\n", few, many);
    assert_true(many < 1.05 * few || SANITIZED);
}

/* What a shell waits for: loading only what is used. */
static void starts_at_once(void **state)
{
    (void)state;
    static const char *const calls[] = {"$M --version", "$M info lenet.so"};
    for (size_t i = 0; i < 2; i++) {
        double best = 1e9;
        for (int k = 0; k < 20; k++) {
            double start = program_seconds();
            assert_program(0, "exec %s", calls[i]);
            best = fmin(best, program_seconds() - start);
        }
        print_message("# %s: %.1f ms\n", calls[i], 1000 * best);
        assert_true(best < 0.03 || SANITIZED || getenv("MCDROP_FAST")); /* valgrind forks slowly */
    }
}

static void rotates(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_program(0, "$M rotate --data data --index 39 --angles 50:127:7 --out r.npy");
    assert_ok(mcd_npy_read(scratch_path("r.npy"), &a, &e), e);
    assert_int_equal(a.dim[0], 12);
    assert_int_equal(a.dim[1], TINY_SIDE);
    mcd_array_clear(&a);
    assert_program(0, PREDICT "--input r.npy --passes 20");
    assert_has("out", "\n 11 ");
    assert_program(2, "$M rotate --data data --index 40 --angles 0:1:1 --out no.npy");
    assert_program(2, "$M rotate --data data --index 3 --angles 1:0:1 --out no.npy");
    assert_program(2, "$M rotate --data data --index 3 --angles 0:90 --out no.npy");
    assert_program(2, "$M rotate --data data --index 3 --out no.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_was_asked_for),
        cmocka_unit_test(texts_have_a_heading),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(coupled_passes_are_cut_anywhere),
        cmocka_unit_test(coupled_passes_come_in_whole_blocks),
        cmocka_unit_test(parts_make_the_whole),
        cmocka_unit_test(keeps_samples),
        cmocka_unit_test(stops_when_precise),
        cmocka_unit_test(evaluates_both_ways),
        cmocka_unit_test(memory_stays_flat),
        cmocka_unit_test(starts_at_once),
        cmocka_unit_test(rotates),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
