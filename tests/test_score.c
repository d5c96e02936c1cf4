/*
 * Scores: against scikit-learn and the definitions (fixtures/make_scores.py), by hand, and their
 * standard errors against the spread of repeated runs and repeated test sets.
 */
#include <mcdrop/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/safetensors.h"
#include "core/stats/score.h"
#include "synthetic.h"

#include <stdio.h>

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance) && !(isnan(a) && isnan(b)))
        fail_msg("%.17g is not %.17g within %g", a, b, tolerance);
}

static const void *array(const struct mcd_safetensors *f, const char *set, const char *part)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", set, part);
    const struct mcd_array *a = mcd_safetensors_find(f, name);
    assert_non_null(a);
    return a->data;
}

static void compare_set(const struct mcd_safetensors *f, const char *set, int64_t rows, int64_t n)
{
    const double *value = array(f, set, "value"), *error = array(f, set, "error");
    const double *bins = array(f, set, "bins");
    struct mcd_scores s;
    struct mcd_error e = {0};
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, array(f, set, "probability"),
                                              rows, n, array(f, set, "label"), &e),
                     0);
    assert_int_equal(s.rows, rows);
    for (int i = 0; i < MCD_SCORES; i++) {
        assert_near(s.score[i].value, value[i], 1e-12 * fmax(1.0, value[i]));
        if (!isnan(error[i]))
            assert_near(s.score[i].test_se, error[i], 1e-12 * fmax(1.0, error[i]));
        assert_true(s.score[i].mc_se == 0.0);
    }
    for (int i = 0; i < MCD_BINS; i++) {
        assert_int_equal(s.bin[i].count, (int64_t)bins[3 * i]);
        assert_near(s.bin[i].confidence, bins[3 * i + 1], 1e-12);
        assert_near(s.bin[i].accuracy, bins[3 * i + 2], 1e-12);
    }
    if (strcmp(set, "smooth") != 0)
        return;
    const double *bootstrap = array(f, set, "bootstrap");
    for (int i = 0; i < MCD_SCORES; i++)
        assert_near(s.score[i].test_se / bootstrap[i], 1.0, i == MCD_ECE ? 0.25 : 0.1);
}

static void agrees_with_others(void **state)
{
    (void)state;
    char path[4096];
    const char *tests = getenv("MCDROP_TEST_SRCDIR");
    struct mcd_safetensors f;
    struct mcd_error e = {0};
    snprintf(path, sizeof path, "%s/fixtures/scores.safetensors", tests ? tests : "tests");
    if (mcd_safetensors_read(path, &f, &e))
        fail_msg("%s: %s", e.where, e.text);
    compare_set(&f, "smooth", 400, 4);
    compare_set(&f, "tied", 103, 3);
    mcd_safetensors_clear(&f);
}

/* Four rows of two classes; the third is wrong, and less certain than two of the right ones. */
static void agrees_by_hand(void **state)
{
    (void)state;
    const double p[] = {0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.4, 0.6};
    const int64_t labels[] = {0, 1, 1, 1};
    struct mcd_scores s;
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, 4, 2, labels, NULL), 0);
    assert_true(s.score[MCD_ERRORS].value == 1.0 && s.score[MCD_ACCURACY].value == 0.75);
    assert_near(s.score[MCD_ACCURACY].test_se, 0.25, 1e-15); /* sqrt(0.75 0.25 / 3) */
    assert_near(s.score[MCD_NLL].value, -log(0.9 * 0.8 * 0.3 * 0.6) / 4, 1e-15);
    assert_near(s.score[MCD_BRIER].value, 2 * (0.01 + 0.04 + 0.49 + 0.16) / 4, 1e-15);
    assert_near(s.score[MCD_ECE].value, (0.1 + 0.2 + 0.7 + 0.4) / 4, 1e-15);
    assert_near(s.score[MCD_AUROC].value, 2.0 / 3.0, 1e-15);
    assert_near(s.score[MCD_WITHOUT_50].value, 1.0, 0.0);
    assert_near(s.score[MCD_WITHOUT_20].value, 0.75, 0.0); /* a fifth of four rows is none */
    assert_true(isnan(s.score[MCD_AUROC].test_se) && isnan(s.score[MCD_ENTROPY_WRONG].test_se));
    assert_int_equal(s.bin[13].count, 1); /* 0.9 lies in (13 / 15, 14 / 15] */
}

/* Without errors, and with a probability of 0 for the label. */
static void degenerate_sets(void **state)
{
    (void)state;
    const double p[] = {1.0, 0.0, 0.0, 1.0};
    struct mcd_scores s;
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, 2, 2, (int64_t[]){0, 1}, NULL),
                     0);
    assert_true(s.score[MCD_ERRORS].value == 0.0 && s.score[MCD_ECE].value == 0.0);
    assert_true(isnan(s.score[MCD_AUROC].value) && isnan(s.score[MCD_ENTROPY_WRONG].value));
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, 2, 2, (int64_t[]){0, 0}, NULL),
                     0);
    assert_near(s.score[MCD_NLL].value, 708.4 / 2, 0.1);
    assert_near(s.score[MCD_AUROC].value, 0.5, 0.0); /* equal entropies */
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, 1, 2, (int64_t[]){0}, NULL),
                     0);
    assert_true(s.score[MCD_WITHOUT_50].value == 1.0 && isnan(s.score[MCD_ACCURACY].test_se));
}

static void refuses_labels_out_of_range(void **state)
{
    (void)state;
    const double p[] = {1.0, 0.0, 0.0, 1.0};
    struct mcd_scores s;
    struct mcd_error e = {0};
    assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, 2, 2, (int64_t[]){0, 2}, &e),
                     MCD_INVALID);
    assert_string_equal(e.text, "row 1 has label 2: expected 0 to 1");
    assert_int_equal(mcd_labels_check((int64_t[]){-1}, 1, 2, NULL), MCD_INVALID);
}

/* Estimates from repeated runs with the standard error that each claims. */
enum { RUNS = 200, ROW_FIGURES = 6, FIGURES = MCD_SCORES + ROW_FIGURES, ROWS = 200, ROW = 3 };

struct figure {
    double value[RUNS], error[RUNS];
};

static const struct synthetic noisy = {
    .spec = {.task = MCD_CLASSIFY,
             .type = MCD_F64,
             .rows = ROWS,
             .outputs = 3,
             .block_rows = ROWS,
             .group = 1,
             .block_passes = 16,
             .passes = 100},
    .scale = 1.5,
    .noise = 1.0,
};

/* Labels follow the noise-free probabilities (by Gumbel's trick). */
static void draw_labels(const struct synthetic *r, int64_t first_row, int64_t *labels)
{
    for (int64_t row = 0; row < r->spec.rows; row++) {
        double best = -INFINITY;
        for (int64_t k = 0; k < r->spec.outputs; k++) {
            double u = synthetic_uniform(5, (uint64_t)(first_row + row), (uint64_t)k);
            double x = synthetic_centre(r, first_row + row, k) - log(-log(u));
            labels[row] = x > best ? k : labels[row];
            best = fmax(best, x);
        }
    }
}

static void put(struct figure *f, unsigned run, double value, double error)
{
    f->value[run] = value;
    f->error[run] = error;
}

static void repeat_passes(const struct synthetic *base, struct figure *f)
{
    struct synthetic r = *base;
    int64_t labels[ROWS] = {0};
    draw_labels(&r, 0, labels);
    for (unsigned run = 0; run < RUNS; run++) {
        struct mcd_summary s;
        struct mcd_scores scores;
        r.seed = run + 1;
        struct mcd_moments *m = synthetic_moments(&r);
        assert_int_equal(mcd_summary_create(&s, m, NULL), 0);
        assert_int_equal(mcd_scores_monte_carlo(&scores, &s, labels, NULL), 0);
        for (unsigned i = 0; i < MCD_SCORES; i++)
            put(&f[i], run, scores.score[i].value, scores.score[i].mc_se);
        struct figure *own = f + MCD_SCORES;
        put(own++, run, s.output_mean[ROW * 3], s.output_mcse[ROW * 3]);
        put(own++, run, s.probability_mean[ROW * 3], s.probability_mcse[ROW * 3]);
        put(own++, run, s.entropy_mean[ROW], s.entropy_mcse[ROW]);
        put(own++, run, s.predictive_entropy[ROW], s.predictive_entropy_mcse[ROW]);
        put(own++, run, s.mutual_information[ROW], s.mutual_information_mcse[ROW]);
        put(own, run, s.variation_ratio[ROW], s.variation_ratio_mcse[ROW]);
        mcd_summary_clear(&s);
        mcd_moments_destroy(m);
    }
}

/*
 * How often the mean of all runs lies within two errors, which is returned; and the claimed error
 * over the true one. Scores with steps are right on average over where the steps lie only.
 */
static double judge(const struct figure *f, const char *name, double most)
{
    double mean = 0.0, variance = 0.0, claimed = 0.0, inside = 0.0;
    for (unsigned i = 0; i < RUNS; i++)
        mean += f->value[i] / RUNS;
    for (unsigned i = 0; i < RUNS; i++) {
        double d = f->value[i] - mean;
        variance += d * d / (RUNS - 1);
        claimed += f->error[i] * f->error[i] / RUNS;
        inside += (fabs(d) <= fmax(2.0 * f->error[i], 1e-14)) / (double)RUNS;
    }
    if (variance < 1e-28) /* antithetic pairs: nothing but rounding is left of the outputs' noise */
        return claimed / RUNS < 1e-28 ? 0.95 : 0.0;
    double ratio = sqrt(claimed / variance);
    if (inside < 0.85 || !(ratio > 0.8 && ratio < most))
        fail_msg("%s: %.1f %% within 2 errors, claimed / true %.3f", name, 100.0 * inside, ratio);
    return inside;
}

static void judge_all(const struct synthetic *r)
{
    static struct figure f[FIGURES];
    static const char *const own[ROW_FIGURES] = {"output",     "probability", "entropy",
                                                 "predictive", "information", "variation"};
    double inside = 0.0;
    repeat_passes(r, f);
    for (unsigned i = 0; i < MCD_SCORES; i++)
        inside += judge(&f[i], mcd_score_name(i), 1.5) / FIGURES;
    for (unsigned i = 0; i < ROW_FIGURES; i++)
        inside += judge(&f[MCD_SCORES + i], own[i], 1.2) / FIGURES;
    if (inside < 0.93 || inside > 0.98)
        fail_msg("%.1f %% of all figures lie within 2 errors", 100.0 * inside);
}

static void errors_cover_repeated_runs(void **state)
{
    (void)state;
    struct synthetic r = noisy;
    judge_all(&r);
    r.shared = 1; /* one mask for all rows: rows go up and down together */
    judge_all(&r);
    r.shared = 0;
    r.antithetic = 1;
    r.spec.group = 2;
    judge_all(&r);
}

/* Other rows of the same kind: test_se, with a large set so that ECE's bins have clear gaps. */
static void errors_cover_repeated_test_sets(void **state)
{
    (void)state;
    enum { N = 1000 };
    static struct figure f[MCD_SCORES];
    static double p[N * 3];
    static int64_t labels[N];
    struct synthetic r = noisy;
    r.spec.rows = N;
    for (unsigned run = 0; run < RUNS; run++) {
        struct mcd_scores s;
        draw_labels(&r, run * N, labels);
        for (int64_t row = 0; row < N; row++) {
            double *q = p + 3 * row, sum = 0.0;
            for (int k = 0; k < 3; k++)
                sum += q[k] = exp(2.5 * synthetic_centre(&r, run * N + row, k));
            for (int k = 0; k < 3; k++)
                q[k] /= sum;
        }
        assert_int_equal(mcd_scores_deterministic(synthetic_host, &s, p, N, 3, labels, NULL), 0);
        for (unsigned i = 0; i < MCD_SCORES; i++)
            put(&f[i], run, s.score[i].value, s.score[i].test_se);
    }
    for (unsigned i = 0; i < MCD_SCORES; i++)
        judge(&f[i], mcd_score_name(i), 1.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_others),
        cmocka_unit_test(agrees_by_hand),
        cmocka_unit_test(degenerate_sets),
        cmocka_unit_test(refuses_labels_out_of_range),
        cmocka_unit_test(errors_cover_repeated_runs),
        cmocka_unit_test(errors_cover_repeated_test_sets),
    };
    return cmocka_run_group_tests(tests, synthetic_setup, synthetic_teardown);
}
