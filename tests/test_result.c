/*
 * Results as JSON: the keys and shapes that users know, null for NaN, the same text after joining.
 */
#include <mcdrop/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/result/merge.h"
#include "core/result/result.h"
#include "scratch.h"
#include "synthetic.h"

enum { ROWS = 4, CLASSES = 3 };

static const struct synthetic basic = {
    .spec = {.task = MCD_CLASSIFY,
             .type = MCD_F32,
             .rows = ROWS,
             .outputs = CLASSES,
             .block_rows = 3,
             .group = 1,
             .block_passes = 8,
             .passes = 100,
             .keep_pieces = 1},
    .seed = 7,
    .scale = 1.0,
    .noise = 0.5,
};

static const int64_t labels[ROWS] = {0, 1, 2, 0};
static const double average[ROWS * CLASSES] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0.25, 0.5, 0.25};
static char model[] = "mlp:drop=0.5", backend[] = "reference";
static struct mcd_origin description = {.seed = 7, .model = model, .backend = backend};

/* The document of moments; the caller drops it. */
static json_t *document(const struct mcd_moments *m, int with_labels)
{
    const struct mcd_moments_spec *s = &m->spec;
    struct mcd_summary summary;
    struct mcd_scores by_average, by_passes;
    struct mcd_error e = {0};
    json_t *json;
    assert_ok(mcd_summary_create(&summary, m, &e), e);
    if (with_labels) {
        assert_ok(mcd_scores_deterministic(synthetic_host, &by_average, average, ROWS, CLASSES,
                                           labels, &e),
                  e);
        assert_ok(mcd_scores_monte_carlo(&by_passes, &summary, labels, &e), e);
    }
    struct mcd_result r = {.origin = &description,
                           .task = s->task,
                           .rows = s->rows,
                           .outputs = s->outputs,
                           .deterministic = average,
                           .summary = &summary,
                           .average = with_labels ? &by_average : NULL,
                           .monte_carlo = with_labels ? &by_passes : NULL};
    assert_ok(mcd_result_json(&r, &json, &e), e);
    mcd_summary_clear(&summary);
    return json;
}

static json_t *document_of(const struct synthetic *r, int with_labels)
{
    struct mcd_moments *m = synthetic_moments(r);
    json_t *json = document(m, with_labels);
    mcd_moments_destroy(m);
    return json;
}

static void assert_rows(const json_t *json, const char *key, size_t width)
{
    const json_t *array = json_object_get(json, key);
    assert_int_equal(json_array_size(array), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const json_t *row = json_array_get(array, i);
        assert_int_equal(json_array_size(row), width);
        assert_true(json_is_number(width > 0 ? json_array_get(row, width - 1) : row));
    }
}

static void has_the_keys_that_users_know(void **state)
{
    (void)state;
    static const char *const by_output[] = {
        "deterministic",    "output_mean",     "output_std",       "output_mcse",
        "probability_mean", "probability_std", "probability_mcse", "votes"};
    static const char *const nested[] = {"entropy_mean", "entropy_std", "entropy_mcse"};
    static const char *const by_row[] = {"predictive_entropy", "predictive_entropy_mcse",
                                         "mutual_information", "variation_ratio"};
    json_t *json = document_of(&basic, 1);
    for (size_t i = 0; i < sizeof by_output / sizeof *by_output; i++)
        assert_rows(json, by_output[i], CLASSES);
    for (size_t i = 0; i < sizeof nested / sizeof *nested; i++)
        assert_rows(json, nested[i], 1);
    for (size_t i = 0; i < sizeof by_row / sizeof *by_row; i++)
        assert_rows(json, by_row[i], 0);
    assert_string_equal(json_string_value(json_object_get(json, "model")), "mlp:drop=0.5");
    assert_string_equal(json_string_value(json_object_get(json, "task")), "classification");
    assert_int_equal(json_integer_value(json_object_get(json, "seed")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "passes")), 100);
    assert_null(json_object_get(json, "weights"));
    json_decref(json);
}

static void has_scores_with_both_errors(void **state)
{
    (void)state;
    json_t *json = document_of(&basic, 1), *scores = json_object_get(json, "scores");
    double value, mc, test;
    assert_int_equal(json_integer_value(json_object_get(scores, "rows")), ROWS);
    assert_int_equal(json_unpack(scores, "{s:{s:{s:f, s:f, s:f}}}", "monte_carlo", "nll", "value",
                                 &value, "mc_se", &mc, "test_se", &test),
                     0);
    assert_true(value > 0.0 && mc > 0.0 && test > 0.0);
    json_t *set = json_object_get(scores, "weight_averaging");
    json_t *errors = json_object_get(set, "errors"), *auroc = json_object_get(set, "auroc");
    assert_true(json_real_value(json_object_get(errors, "value")) == 1.0);
    assert_null(json_object_get(errors, "mc_se"));
    assert_true(json_is_null(json_object_get(auroc, "test_se"))); /* one error has no spread */
    json_t *bins = json_object_get(set, "ece_bins");
    assert_int_equal(json_array_size(bins), MCD_BINS);
    assert_true(json_is_null(json_object_get(json_array_get(bins, 2), "accuracy")));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(bins, 14), "count")), 3);
    json_decref(json);
}

static void one_pass_has_null_for_errors(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.passes = 1;
    json_t *json = document_of(&r, 0);
    json_t *row = json_array_get(json_object_get(json, "output_std"), 0);
    assert_true(json_is_null(json_array_get(row, 0)));
    assert_null(json_object_get(json, "scores"));
    json_decref(json);
}

static void regression_has_outputs_alone(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.task = MCD_REGRESS;
    r.spec.outputs = 1;
    json_t *json = document_of(&r, 0);
    assert_rows(json, "output_mean", 1);
    assert_null(json_object_get(json, "probability_mean"));
    assert_null(json_object_get(json, "votes"));
    json_decref(json);
}

/* A network without noise, or --deterministic. */
static void weight_averaging_alone(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_result r = {.origin = &description,
                           .task = MCD_CLASSIFY,
                           .rows = ROWS,
                           .outputs = CLASSES,
                           .deterministic = average};
    json_t *json;
    assert_ok(mcd_result_json(&r, &json, &e), e);
    assert_rows(json, "deterministic", CLASSES);
    assert_null(json_object_get(json, "passes"));
    assert_null(json_object_get(json, "seed"));
    json_decref(json);
}

static void large_seeds_stay_whole(void **state)
{
    (void)state;
    description.seed = UINT64_MAX;
    json_t *json = document_of(&basic, 0);
    assert_string_equal(json_string_value(json_object_get(json, "seed")), "18446744073709551615");
    description.seed = 7;
    json_decref(json);
}

static struct mcd_partial part(uint64_t first, uint64_t passes, const char *name)
{
    struct synthetic r = basic;
    struct mcd_error e = {0};
    const char *path = scratch_path(name);
    r.spec.first_pass = first;
    r.spec.passes = passes;
    struct mcd_partial p = {.host = synthetic_host, .moments = synthetic_moments(&r)}, loaded;
    p.deterministic = mcd_host_zalloc(p.host, sizeof average, &e);
    assert_ok(mcd_partial_save(path, &p, &e), e);
    assert_ok(mcd_partial_load(synthetic_host, path, &loaded, &e), e);
    mcd_partial_clear(&p);
    return loaded;
}

static void same_text_after_joining(void **state)
{
    (void)state;
    struct mcd_partial p[2] = {part(97, 3, "b"), part(0, 97, "a")};
    const char *names[2] = {"b", "a"};
    struct mcd_error e = {0};
    assert_ok(mcd_merge(p, names, 2, &e), e);
    json_t *whole = document_of(&basic, 1), *joined = document(p[0].moments, 1);
    char *x = json_dumps(whole, 0), *y = json_dumps(joined, 0);
    assert_string_equal(x, y);
    free(x);
    free(y);
    json_decref(whole);
    json_decref(joined);
    mcd_partial_clear(&p[0]);
}

/* An allocator for jansson whose k-th call fails. */
static long until_failure;

static void *fragile(size_t size)
{
    return --until_failure == 0 ? NULL : malloc(size);
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    struct mcd_moments *m = synthetic_moments(&basic);
    struct mcd_summary s;
    struct mcd_scores scores;
    int status = MCD_NOMEM;
    assert_int_equal(mcd_summary_create(&s, m, NULL), 0);
    assert_int_equal(mcd_scores_monte_carlo(&scores, &s, labels, NULL), 0);
    struct mcd_result r = {.origin = &description,
                           .task = MCD_CLASSIFY,
                           .rows = ROWS,
                           .outputs = CLASSES,
                           .deterministic = average,
                           .summary = &s,
                           .monte_carlo = &scores};
    json_set_alloc_funcs(fragile, free);
    for (long k = 1; status == MCD_NOMEM; k++) {
        json_t *json;
        struct mcd_error e = {0};
        until_failure = k;
        status = mcd_result_json(&r, &json, &e);
        assert_int_equal(status, e.code);
        assert_true((json != NULL) == (status == MCD_OK));
        json_decref(json);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(status, MCD_OK);
    mcd_summary_clear(&s);
    mcd_moments_destroy(m);
}

static int setup(void **state)
{
    return scratch_setup(state) || synthetic_setup(state);
}

static int teardown(void **state)
{
    return scratch_teardown(state) || synthetic_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_keys_that_users_know),
        cmocka_unit_test(has_scores_with_both_errors),
        cmocka_unit_test(one_pass_has_null_for_errors),
        cmocka_unit_test(regression_has_outputs_alone),
        cmocka_unit_test(weight_averaging_alone),
        cmocka_unit_test(large_seeds_stay_whole),
        cmocka_unit_test(same_text_after_joining),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
