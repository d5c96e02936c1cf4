/*
 * core/stats/mixture: moments against sums by hand, errors against repetition, scores against
 * integrals of the mixture's distribution function.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stats/mixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "group_host.h"

enum { CHAINS = 2, PASSES = 320, POINTS = 70 };

static double mean[PASSES * POINTS], variance[PASSES * POINTS], noise[PASSES];
static uint32_t end[CHAINS * MCD_CHAIN_BATCHES];

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double u = uniform(state), v = uniform(state);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Draws that follow each other: an autoregression of the first order in each chain. */
static struct mcd_mixture make(uint64_t seed, double memory)
{
    uint64_t state = seed * 77 + 5;
    double z = 0;
    for (int t = 0; t < PASSES; t++) {
        z = t % (PASSES / CHAINS) ? memory * z + sqrt(1 - memory * memory) * normal(&state)
                                  : normal(&state);
        noise[t] = exp(0.2 * z) * 0.25;
        for (int k = 0; k < POINTS; k++) {
            mean[t * POINTS + k] = sin(k) + 0.3 * z;
            variance[t * POINTS + k] = k == 3 ? 0 : 0.5 + 0.1 * tanh(z) + 0.001 * k;
        }
    }
    uint32_t batches = mcd_mixture_batches(PASSES, CHAINS, MCD_CHAIN_BATCHES, end);
    return (struct mcd_mixture){POINTS, PASSES, mean, variance, noise, NULL, batches, end};
}

static void close_to(const char *what, double got, double expected, double most)
{
    if (!(fabs(got - expected) <= most))
        fail_msg("%s: %.15g, expected %.15g within %.2g", what, got, expected, most);
}

static void points(const struct mcd_mixture *m, struct mcd_mixture_point *out)
{
    struct mcd_error e = {0};
    assert_int_equal(mcd_mixture_points(host, m, out, &e), MCD_OK);
}

/* ---- moments ----------------------------------------------------------------------------- */

static void moments_are_as_by_hand(void **state)
{
    (void)state;
    struct mcd_mixture_point out[POINTS], weighted[POINTS];
    static double weight[PASSES];
    struct mcd_mixture m = make(1, 0.5);
    points(&m, out);
    for (int t = 0; t < PASSES; t++)
        weight[t] = 2.0 * (t + 1) / PASSES / (PASSES + 1);
    m.weight = weight;
    points(&m, weighted);
    for (int k = 0; k < POINTS; k++) {
        double s[2][3] = {{0}};
        for (int w = 0; w < 2; w++) {
            for (int t = 0; t < PASSES; t++) {
                double f = mean[t * POINTS + k], share = w ? weight[t] : 1.0 / PASSES;
                s[w][0] += share * f;
                s[w][1] += share * (f * f + variance[t * POINTS + k]);
                s[w][2] += share * noise[t];
            }
            const struct mcd_mixture_point *p = w ? &weighted[k] : &out[k];
            double v = s[w][1] - s[w][0] * s[w][0];
            close_to("mean", p->mean, s[w][0], 1e-14);
            close_to("latent sd", p->latent_sd, sqrt(v), 1e-13);
            close_to("sd", p->sd, sqrt(v + s[w][2]), 1e-13);
        }
        assert_true(weighted[k].mean_mcse == 0 && weighted[k].sd_mcse == 0);
        assert_true(out[k].mean_mcse > 0 && out[k].sd_mcse > 0);
    }
}

static void batches_are_of_one_chain(void **state)
{
    (void)state;
    uint32_t e[5 * MCD_CHAIN_BATCHES];
    assert_int_equal(mcd_mixture_batches(10000, 2, 32, e), 64);
    assert_true(e[31] == 5000 && e[63] == 10000 && e[0] == 156);
    assert_int_equal(mcd_mixture_batches(32, 2, 32, e), 8); /* few: 4 of 4 in each */
    assert_true(e[0] == 4 && e[3] == 16 && e[7] == 32);
    assert_int_equal(mcd_mixture_batches(3, 5, 32, e), 3); /* fewer than chains */
    assert_true(e[0] == 1 && e[1] == 2 && e[2] == 3);
    for (uint32_t passes = 1; passes < 200; passes++)
        for (uint32_t chains = 1; chains <= 5; chains++) {
            uint32_t n = mcd_mixture_batches(passes, chains, 32, e), sum = 0, at = 0, last = 0;
            for (uint32_t i = 0; i < n; last = e[i++])
                assert_true(e[i] > last);
            assert_int_equal(last, passes);
            for (uint32_t c = 0; c < chains; c++) { /* each chain's end is a batch's */
                uint32_t share = mcd_mixture_share(passes, chains, c);
                sum += share;
                while (at < n && e[at] < sum)
                    at++;
                assert_true(share == 0 || e[at] == sum);
            }
            assert_int_equal(sum, passes);
        }
}

static void one_batch_has_no_error(void **state)
{
    (void)state;
    struct mcd_mixture_point out[POINTS];
    struct mcd_mixture m = make(2, 0);
    uint32_t whole = PASSES;
    m.batches = 1;
    m.end = &whole;
    points(&m, out);
    assert_true(isnan(out[0].mean_mcse) && isnan(out[0].sd_mcse) && out[0].sd > 0);
}

/* Draws with a memory: the errors claimed are the spread of repeated answers. */
static void errors_are_what_repetition_shows(void **state)
{
    (void)state;
    enum { REPEATS = 200 };
    for (int c = 0; c < 2; c++) {
        double sum[3] = {0}, square[3] = {0}, claimed[3] = {0};
        for (int r = 0; r < REPEATS; r++) {
            struct mcd_mixture_point out[POINTS];
            struct mcd_mixture m = make(100 + (uint64_t)r, c ? 0.3 : 0);
            points(&m, out);
            const double got[] = {out[5].mean, out[5].latent_sd, out[5].sd};
            const double error[] = {out[5].mean_mcse, out[5].latent_sd_mcse, out[5].sd_mcse};
            for (int k = 0; k < 3; k++) {
                claimed[k] += error[k] / REPEATS;
                sum[k] += got[k] / REPEATS;
                square[k] += got[k] * got[k] / REPEATS;
            }
        }
        for (int k = 0; k < 3; k++) {
            double ratio = claimed[k] / sqrt(square[k] - sum[k] * sum[k]);
            if (!(ratio > 0.75 && ratio < 1.3))
                fail_msg("figure %d: claimed %.2f times the seen error", k, ratio);
        }
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct mcd_host *one = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_mixture_point out[2][POINTS];
    struct mcd_mixture m = make(3, 0.5);
    memset(out, 0, sizeof out);
    points(&m, out[0]);
    assert_int_equal(mcd_mixture_points(one, &m, out[1], NULL), MCD_OK);
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    mcd_host_destroy(one);
}

/* ---- scores ------------------------------------------------------------------------------ */

/* Of the mixture at a point: P(Y <= y). */
static double below(int k, double y)
{
    double sum = 0;
    for (int t = 0; t < PASSES; t++) {
        double sd = sqrt(variance[t * POINTS + k] + noise[t]);
        sum += erfc(-(y - mean[t * POINTS + k]) / sd * M_SQRT1_2) / 2 / PASSES;
    }
    return sum;
}

/* integral of (F(y) - [y >= answer])^2, by the trapezoid rule on either side of the step. */
static double crps_by_integration(int k, double answer)
{
    enum { STEPS = 2000 };
    double total = 0;
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < STEPS; i++) {
            double h = 10.0 / STEPS, f[2];
            for (int j = 0; j < 2; j++) {
                f[j] = below(k, answer + side * (i + j) * h);
                f[j] = side > 0 ? 1 - f[j] : f[j];
            }
            total += h * (f[0] * f[0] + f[1] * f[1]) / 2;
        }
    return total;
}

static double log_density(int k, double answer)
{
    double sum = 0;
    for (int t = 0; t < PASSES; t++) {
        double v = variance[t * POINTS + k] + noise[t], d = answer - mean[t * POINTS + k];
        sum += exp(-d * d / 2 / v) / sqrt(2 * M_PI * v) / PASSES;
    }
    return log(sum);
}

static void scores_are_the_mixtures(void **state)
{
    (void)state;
    enum { ROWS = 4 };
    static struct mcd_mixture_tally tally[POINTS * MCD_BATCHES];
    static double answer[POINTS];
    double density = 0, crps = 0, square = 0;
    int64_t pit[MCD_PIT_BINS] = {0};
    struct mcd_value_scores s;
    struct mcd_mixture m = make(4, 0.5);
    for (int k = 0; k < POINTS; k++)
        answer[k] = sin(k) + 1.7 * cos(3 * k);
    m.points = POINTS;
    m.batches = mcd_mixture_batches(PASSES, CHAINS, MCD_BATCHES / CHAINS, end);
    assert_int_equal(m.batches, MCD_BATCHES);
    mcd_mixture_tally(host, &m, answer, tally);
    mcd_mixture_scores(&m, ROWS, answer, tally, &s);
    for (int k = 0; k < ROWS; k++) {
        double sum = 0;
        for (int t = 0; t < PASSES; t++)
            sum += mean[t * POINTS + k] / PASSES;
        density += log_density(k, answer[k]) / ROWS;
        crps += crps_by_integration(k, answer[k]) / ROWS;
        square += (sum - answer[k]) * (sum - answer[k]) / ROWS;
        pit[(int)(below(k, answer[k]) * MCD_PIT_BINS)]++;
    }
    close_to("log likelihood", s.score[MCD_LOG_LIKELIHOOD].value, density, 1e-12);
    close_to("rmse", s.score[MCD_RMSE].value, sqrt(square), 1e-12);
    close_to("crps", s.score[MCD_CRPS].value, crps, 3e-3); /* pairs: not all of them */
    assert_memory_equal(s.pit, pit, sizeof pit);
    struct mcd_mixture_point out[POINTS];
    points(&m, out);
    double latent = 0, total = 0;
    for (int k = 0; k < ROWS; k++) {
        latent += out[k].latent_sd / ROWS;
        total += out[k].sd / ROWS;
    }
    close_to("epistemic sd", s.score[MCD_EPISTEMIC_SD].value, latent, 1e-12);
    close_to("total sd", s.score[MCD_TOTAL_SD].value, total, 1e-12);
    for (int i = 0; i < MCD_VALUE_SCORES; i++)
        assert_true(isfinite(s.score[i].mc_se) && isfinite(s.score[i].test_se));
}

/* The spread of the values over repetitions, against the errors that are claimed. */
static void compare_errors(const double *answer, double width)
{
    enum { REPEATS = 60 };
    static struct mcd_mixture_tally tally[POINTS * MCD_BATCHES];
    static const int score[] = {MCD_RMSE, MCD_LOG_LIKELIHOOD, MCD_CRPS, MCD_TOTAL_SD};
    double sum[4] = {0}, square[4] = {0}, claimed[4] = {0};
    for (int r = 0; r < REPEATS; r++) {
        struct mcd_value_scores s;
        struct mcd_mixture m = make(500 + (uint64_t)r, 0.3);
        for (int i = 0; i < PASSES * POINTS; i++)
            variance[i] *= width * width;
        for (int t = 0; t < PASSES; t++)
            noise[t] *= width * width;
        m.batches = mcd_mixture_batches(PASSES, CHAINS, MCD_BATCHES / CHAINS, end);
        mcd_mixture_tally(host, &m, answer, tally);
        mcd_mixture_scores(&m, POINTS, answer, tally, &s);
        for (int i = 0; i < 4; i++) {
            sum[i] += s.score[score[i]].value / REPEATS;
            square[i] += s.score[score[i]].value * s.score[score[i]].value / REPEATS;
            claimed[i] += s.score[score[i]].mc_se / REPEATS;
        }
    }
    for (int i = 0; i < 4; i++) {
        double ratio = claimed[i] / sqrt(square[i] - sum[i] * sum[i]);
        if (!(ratio > 0.75 && ratio < 1.3))
            fail_msg("%s: claimed %.2f times the seen error", mcd_value_score_name(score[i]),
                     ratio);
    }
}

static void errors_of_scores_are_right(void **state)
{
    (void)state;
    double far[POINTS], near[POINTS];
    if (getenv("MCDROP_FAST"))
        return;
    for (int k = 0; k < POINTS; k++) {
        far[k] = sin(k) + 0.4 + 0.5 * cos(3 * k);
        near[k] = sin(k);
    }
    compare_errors(far, 1);
    /* Draws that say different things: a pair's part of the CRPS weighs as much as its answer's. */
    compare_errors(near, 0.1);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    struct mcd_mixture_point out[POINTS];
    struct mcd_mixture m = make(5, 0);
    uint64_t live = mcd_host_live(host);
    for (uint64_t k = 1; k <= 2; k++) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        assert_int_equal(mcd_mixture_points(host, &m, out, &e), MCD_NOMEM);
        assert_int_equal(mcd_host_live(host), live);
    }
    mcd_host_fail_at(host, 0);
}

static int setup(void **state)
{
    (void)state;
    return group_host_open(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_as_by_hand),
        cmocka_unit_test(batches_are_of_one_chain),
        cmocka_unit_test(one_batch_has_no_error),
        cmocka_unit_test(errors_are_what_repetition_shows),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(scores_are_the_mixtures),
        cmocka_unit_test(errors_of_scores_are_right),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, setup, group_host_close);
}
