/*
 * Scores of regressions: against their definitions over samples that are all at hand, for any cut
 * of the passes to the same bits, and with standard errors that repeated runs show to be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/predict/tau.h"
#include "core/stats/leaf.h"
#include "core/stats/value_score.h"

#include <mcdrop/model.h>
#include <mcdrop/tensor.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 23, OUTPUTS = 2, BLOCK = 8, PASSES = 400 };

static struct mcd_host *host;

/* ---- samples ------------------------------------------------------------------------------- */

static double uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return ((double)((x ^ (x >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double u = uniform(state), v = uniform(state);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Samples [passes][ROWS][OUTPUTS], skewed; members of a group share half of their deviation. */
static double *make_samples(uint64_t run, uint32_t group, uint64_t passes)
{
    double *x = malloc(passes * ROWS * OUTPUTS * sizeof *x), shared[ROWS * OUTPUTS];
    uint64_t state = 1000 * run + 7;
    assert_non_null(x);
    for (uint64_t t = 0; t < passes; t++)
        for (int i = 0; i < ROWS * OUTPUTS; i++) {
            if (t % group == 0)
                shared[i] = normal(&state);
            double z = group > 1 ? (shared[i] + normal(&state)) / M_SQRT2 : shared[i];
            x[t * ROWS * OUTPUTS + (uint64_t)i] = sin(i) + 0.3 * z + 0.05 * z * z;
        }
    return x;
}

static struct mcd_meaning *make_meaning(double noise)
{
    struct mcd_meaning *m;
    struct mcd_error e = {0};
    uint64_t state = 5;
    assert_int_equal(mcd_meaning_create(host, ROWS, OUTPUTS, noise > 0, 1, &m, &e), MCD_OK);
    for (int k = 0; k < OUTPUTS; k++) {
        m->offset[k] = 1e4 * k;
        m->scale[k] = 3 + k;
        if (noise > 0)
            m->noise[k] = noise * m->scale[k];
    }
    for (int i = 0; i < ROWS * OUTPUTS; i++) {
        int k = i % OUTPUTS;
        m->target[i] = m->offset[k] + m->scale[k] * (sin(i) + 0.4 * normal(&state));
    }
    return m;
}

static struct mcd_moments *make_moments(const struct mcd_meaning *meaning, uint32_t group,
                                        const double *samples, uint64_t first, uint64_t passes)
{
    struct mcd_moments *m;
    struct mcd_error e = {0};
    struct mcd_moments_spec spec = {.task = MCD_REGRESS,
                                    .type = MCD_F64,
                                    .rows = ROWS,
                                    .outputs = OUTPUTS,
                                    .block_rows = ROWS,
                                    .group = group,
                                    .block_passes = BLOCK,
                                    .first_pass = first,
                                    .passes = passes,
                                    .keep_pieces = 1,
                                    .meaning = meaning};
    assert_int_equal(mcd_moments_create(host, &m, &spec, &e), MCD_OK);
    for (uint64_t b = first / BLOCK; b * BLOCK < first + passes; b++)
        assert_int_equal(mcd_moments_add(m, 0, b, samples + b * BLOCK * ROWS * OUTPUTS, &e),
                         MCD_OK);
    return m;
}

static void score(const struct mcd_meaning *meaning, uint32_t group, uint64_t run, uint64_t passes,
                  struct mcd_value_scores s[OUTPUTS])
{
    struct mcd_error e = {0};
    double *x = make_samples(run, group, passes);
    struct mcd_moments *m = make_moments(meaning, group, x, 0, passes);
    assert_int_equal(mcd_value_scores_monte_carlo(m, s, &e), MCD_OK);
    mcd_moments_destroy(m);
    free(x);
}

/* ---- by definition ------------------------------------------------------------------------- */

struct plain {
    double rmse, log_likelihood, crps, crps_normal, covered, width;
};

static double density(double x, double sd)
{
    return exp(-x * x / (2 * sd * sd)) / (sd * sqrt(2 * M_PI));
}

/* E|N(mean, sd^2)|, by Simpson's rule. */
static double distance(double mean, double sd)
{
    enum { STEPS = 2000 };
    double sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = -9 + 18.0 * i / STEPS, weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * fabs(mean + sd * z) * density(z, 1);
    }
    return sum * 18 / STEPS / 3;
}

static void add_row(const double *f, double y, double noise, struct plain *p)
{
    double mean = 0, square = 0, likelihood = 0, near = 0, apart = 0;
    for (int t = 0; t < PASSES; t++) {
        mean += f[t] / PASSES;
        likelihood += density(y - f[t], noise) / PASSES;
        near += mcd_mean_distance(y - f[t], noise) / PASSES;
        for (int u = 0; u < t; u++)
            apart += mcd_mean_distance(f[t] - f[u], M_SQRT2 * noise) / (PASSES * (PASSES - 1) / 2);
    }
    for (int t = 0; t < PASSES; t++)
        square += (f[t] - mean) * (f[t] - mean) / (PASSES - 1);
    double total = sqrt(square + noise * noise), error = mean - y;
    p->rmse += error * error / ROWS;
    p->log_likelihood += log(likelihood) / ROWS;
    p->crps += (near - apart / 2) / ROWS;
    p->crps_normal += (distance(error, total) - distance(0, M_SQRT2 * total) / 2) / ROWS;
    p->covered += (fabs(error) <= 1.2815515655446004 * total) / (double)ROWS;
    p->width += 2 * 1.2815515655446004 * total / ROWS;
}

static void scores_are_what_they_say(void **state)
{
    (void)state;
    struct mcd_meaning *m = make_meaning(0.25);
    struct mcd_value_scores s[OUTPUTS];
    double *x = make_samples(1, 1, PASSES), f[PASSES];
    score(m, 1, 1, PASSES, s);
    for (int k = 0; k < OUTPUTS; k++) {
        struct plain p = {0};
        for (int row = 0; row < ROWS; row++) {
            for (int t = 0; t < PASSES; t++)
                f[t] = m->offset[k] + m->scale[k] * x[(t * ROWS + row) * OUTPUTS + k];
            add_row(f, m->target[row * OUTPUTS + k], m->noise[k], &p);
        }
        const struct mcd_score *got = s[k].score;
        assert_true(fabs(got[MCD_RMSE].value - sqrt(p.rmse)) < 1e-9);
        assert_true(fabs(got[MCD_LOG_LIKELIHOOD].value - p.log_likelihood) < 1e-9);
        assert_true(fabs(got[MCD_CRPS_NORMAL].value - p.crps_normal) < 1e-5);
        assert_true(fabs(got[MCD_COVERAGE_80].value - p.covered) < 1e-12);
        assert_true(fabs(got[MCD_WIDTH_80].value - p.width) < 1e-9);
        assert_true(fabs(got[MCD_CRPS].value - p.crps) < 5 * got[MCD_CRPS].mc_se);
        assert_true(got[MCD_CRPS].mc_se < 0.05 * p.crps);
        assert_true(got[MCD_EPISTEMIC_SD].value < got[MCD_TOTAL_SD].value);
    }
    free(x);
    mcd_meaning_destroy(host, m);
}

static void weight_averaging_is_a_gaussian(void **state)
{
    (void)state;
    struct mcd_meaning *m = make_meaning(0.25);
    struct mcd_value_scores s[OUTPUTS];
    double value[ROWS * OUTPUTS], likelihood = 0;
    for (int i = 0; i < ROWS * OUTPUTS; i++)
        value[i] = m->offset[i % OUTPUTS] + m->scale[i % OUTPUTS] * sin(i);
    for (int row = 0; row < ROWS; row++)
        likelihood +=
            log(density(value[row * OUTPUTS] - m->target[row * OUTPUTS], m->noise[0])) / ROWS;
    mcd_value_scores_deterministic(m, value, s);
    assert_true(fabs(s[0].score[MCD_LOG_LIKELIHOOD].value - likelihood) < 1e-9);
    assert_true(fabs(s[0].score[MCD_CRPS].value - s[0].score[MCD_CRPS_NORMAL].value) < 1e-9);
    assert_true(fabs(s[0].score[MCD_TOTAL_SD].value - m->noise[0]) < 1e-12);
    assert_true(s[0].score[MCD_EPISTEMIC_SD].value == 0);
    mcd_meaning_destroy(host, m);
}

/* Answers a hundred standard deviations away have densities that no double holds. */
static void far_answers_have_a_likelihood(void **state)
{
    (void)state;
    struct mcd_meaning *m = make_meaning(0.01);
    struct mcd_value_scores s[OUTPUTS];
    m->target[0] += 100;
    score(m, 1, 1, 64, s);
    assert_true(isfinite(s[0].score[MCD_LOG_LIKELIHOOD].value));
    assert_true(s[0].score[MCD_LOG_LIKELIHOOD].value < -10000);
    assert_true(isfinite(s[0].score[MCD_LOG_LIKELIHOOD].mc_se));
    mcd_meaning_destroy(host, m);
}

static void without_noise_there_is_no_density(void **state)
{
    (void)state;
    struct mcd_meaning *m = make_meaning(0);
    struct mcd_value_scores s[OUTPUTS];
    score(m, 1, 1, 64, s);
    assert_true(isnan(s[0].score[MCD_LOG_LIKELIHOOD].value));
    assert_true(s[0].score[MCD_CRPS].value > 0);
    assert_true(s[0].score[MCD_TOTAL_SD].value == s[0].score[MCD_EPISTEMIC_SD].value);
    mcd_meaning_destroy(host, m);
}

/* ---- cuts ---------------------------------------------------------------------------------- */

/* Two ranges of passes, joined as core/result/merge joins them, have the values of both at once. */
static void cut_at(const struct mcd_meaning *meaning, uint32_t group, const double *x,
                   const struct mcd_value_scores *whole, uint64_t cut)
{
    struct mcd_error e = {0};
    struct mcd_value_scores s[OUTPUTS];
    struct mcd_moments *a = make_moments(meaning, group, x, 0, cut),
                       *b = make_moments(meaning, group, x, cut, PASSES - cut);
    for (uint32_t i = 0; i < b->block[0].count; i++) {
        struct mcd_piece piece = b->block[0].piece[i];
        b->block[0].piece[i] = (struct mcd_piece){0};
        assert_int_equal(mcd_moments_push(a, &a->block[0], piece, &e), MCD_OK);
    }
    a->spec.passes = PASSES;
    assert_int_equal(mcd_value_scores_monte_carlo(a, s, &e), MCD_OK);
    for (int k = 0; k < OUTPUTS; k++) {
        assert_memory_equal(s[k].score, whole[k].score, sizeof s[k].score);
        assert_memory_equal(s[k].pit, whole[k].pit, sizeof s[k].pit);
    }
    mcd_moments_destroy(a);
    mcd_moments_destroy(b);
}

static void cuts_change_no_bit(void **state)
{
    (void)state;
    static const uint64_t cuts[] = {1, 7, 8, 9, 64, 130, 256, 399};
    struct mcd_meaning *m = make_meaning(0.25);
    for (uint32_t group = 1; group <= 4; group *= 4) {
        struct mcd_value_scores whole[OUTPUTS];
        double *x = make_samples(3, group, PASSES);
        score(m, group, 3, PASSES, whole);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
            cut_at(m, group, x, whole, cuts[i]);
        free(x);
    }
    mcd_meaning_destroy(host, m);
}

/* ---- errors -------------------------------------------------------------------------------- */

/* The spread of runs of their own against what each run claims. */
static void claims_are_right(uint32_t group)
{
    enum { RUNS = 80, T = 128 };
    static const enum mcd_value_score_id ids[] = {
        MCD_RMSE, MCD_LOG_LIKELIHOOD, MCD_CRPS, MCD_CRPS_NORMAL, MCD_WIDTH_95, MCD_EPISTEMIC_SD};
    enum { IDS = sizeof ids / sizeof *ids };
    struct mcd_meaning *m = make_meaning(0.25);
    double sum[IDS] = {0}, squares[IDS] = {0}, claimed[IDS] = {0};
    for (uint64_t run = 0; run < RUNS; run++) {
        struct mcd_value_scores s[OUTPUTS];
        score(m, group, 100 + run, T, s);
        for (int i = 0; i < IDS; i++) {
            double value = s[0].score[ids[i]].value, se = s[0].score[ids[i]].mc_se;
            sum[i] += value / RUNS;
            squares[i] += value * value / RUNS;
            claimed[i] += se * se / RUNS;
        }
    }
    for (int i = 0; i < IDS; i++) {
        double ratio = sqrt(claimed[i] / ((squares[i] - sum[i] * sum[i]) * RUNS / (RUNS - 1)));
        print_message("# %s, groups of %u: claimed error %.2f times the seen one\n",
                      mcd_value_score_name(ids[i]), group, ratio);
        assert_true(ratio > 0.7 && ratio < 1.5);
    }
    mcd_meaning_destroy(host, m);
}

static void monte_carlo_errors_are_right(void **state)
{
    (void)state;
    claims_are_right(1);
    claims_are_right(4);
}

/* ---- tau ----------------------------------------------------------------------------------- */

static void tau_follows_from_the_prior(void **state)
{
    (void)state;
    const struct mcd_tau_prior prior = {.drop = 0.2, .decay = 1e-6, .rows = 272};
    assert_true(fabs(mcd_tau_of_length(&prior, 0.1) / (2 * 0.01 / (0.8 * 272 * 1e-6)) - 1) < 1e-12);
    assert_true(fabs(mcd_tau_length(&prior, mcd_tau_of_length(&prior, 0.1)) - 0.1) < 1e-12);
}

/* Passes that do not differ leave the Gaussian's own estimate, 1 / mean square. */
static void tau_is_fitted(void **state)
{
    (void)state;
    enum { POINTS = 500, T = 20 };
    static double square[T * POINTS];
    uint64_t random = 3;
    double mean = 0;
    for (int i = 0; i < POINTS; i++) {
        double d = 0.3 * normal(&random);
        for (int t = 0; t < T; t++)
            square[t * POINTS + i] = d * d;
        mean += d * d / POINTS;
    }
    assert_true(fabs(mcd_tau_fit(square, T, POINTS) * mean - 1) < 1e-4);
    for (int i = 0; i < T * POINTS; i++) { /* a mixture: its maximum beats its neighbours */
        double d = 0.3 * normal(&random) + 0.2 * normal(&random);
        square[i] = d * d;
    }
    double tau = mcd_tau_fit(square, T, POINTS),
           best = mcd_tau_log_likelihood(square, T, POINTS, tau);
    assert_true(best > mcd_tau_log_likelihood(square, T, POINTS, tau * 1.01));
    assert_true(best > mcd_tau_log_likelihood(square, T, POINTS, tau / 1.01));
    memset(square, 0, sizeof square);
    assert_true(isnan(mcd_tau_fit(square, T, POINTS)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_what_they_say),
        cmocka_unit_test(weight_averaging_is_a_gaussian),
        cmocka_unit_test(far_answers_have_a_likelihood),
        cmocka_unit_test(without_noise_there_is_no_density),
        cmocka_unit_test(cuts_change_no_bit),
        cmocka_unit_test(monte_carlo_errors_are_right),
        cmocka_unit_test(tau_follows_from_the_prior),
        cmocka_unit_test(tau_is_fitted),
    };
    struct mcd_error e = {0};
    host = mcd_host_create(1, NULL, NULL, &e);
    int failed = host ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    mcd_host_destroy(host);
    return failed;
}
