/*
 * Prediction of models/gp/: both paths against each other and against a factor of everything at
 * once, joint paths against their covariance, mixtures against moments by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/plugin.h>

#include <cmocka.h>

#include "../models/gp/covariance.h"
#include "co2.h"
#include "gp_mix.h"
#include "group_host.h"

enum { FEW = 60, POINTS = 7 };

/* In the data, on a row, between rows, at both ends, far outside. */
static double points_x[POINTS];

static const double *at(double l, double eta, double sigma)
{
    static double q[MCD_GP_PARAMS];
    q[MCD_GP_L] = log(l);
    q[MCD_GP_ETA] = log(eta);
    q[MCD_GP_SIGMA] = log(sigma);
    return q;
}

static void predict(const struct mcd_gp_problem *p, const struct mcd_gp_points *points,
                    enum mcd_gp_path path, const double *q, double *mean, double *variance)
{
    struct mcd_gp_predictor *w;
    struct mcd_error e = {0};
    assert_ok(mcd_gp_predictor_create(p, points, &w, &e), e);
    assert_ok(mcd_gp_predictor_at(w, path, q, mean, variance, &e), e);
    mcd_gp_predictor_destroy(w);
}

static void paths_agree(void **state)
{
    (void)state;
    static const double at_points[][3] = {
        {0.0302, 1.121, 0.1011}, {0.66, 0.52, 0.93}, {0.01, 3, 0.3}, {0.1, 1, 0.05}, {2, 1, 0.5}};
    const struct mcd_gp_points points = {POINTS, points_x};
    for (int k = MCD_GP_SE; k <= MCD_GP_MATERN52; k++)
        for (size_t i = 0; i < sizeof at_points / sizeof *at_points; i++) {
            struct mcd_gp_problem p = co2_problem(host, FEW, k);
            const double *q = at(at_points[i][0], at_points[i][1], at_points[i][2]);
            double mean[2][POINTS], variance[2][POINTS];
            predict(&p, &points, MCD_GP_TOEPLITZ, q, mean[0], variance[0]);
            predict(&p, &points, MCD_GP_DENSE, q, mean[1], variance[1]);
            for (int j = 0; j < POINTS; j++) {
                assert_true(fabs(mean[0][j] - mean[1][j]) < 1e-9);
                assert_true(fabs(variance[0][j] - variance[1][j]) < 1e-9);
            }
        }
}

/* Descending rows have windows that run the other way. */
static void descending_rows_predict_the_same(void **state)
{
    (void)state;
    double x[FEW], y[FEW], mean[2][POINTS], variance[2][POINTS];
    const struct mcd_gp_points points = {POINTS, points_x};
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE), r = p;
    for (int i = 0; i < FEW; i++) {
        x[i] = co2_x[FEW - 1 - i];
        y[i] = co2_y[FEW - 1 - i];
    }
    r.data = mcd_gp_data(FEW, 1, x, y, 1e-6);
    predict(&p, &points, MCD_GP_TOEPLITZ, at(0.03, 1, 0.1), mean[0], variance[0]);
    predict(&r, &points, MCD_GP_TOEPLITZ, at(0.03, 1, 0.1), mean[1], variance[1]);
    for (int j = 0; j < POINTS; j++)
        assert_true(fabs(mean[0][j] - mean[1][j]) + fabs(variance[0][j] - variance[1][j]) < 1e-11);
}

/* Far away the prior; at a row with little noise the observation. */
static void limits_are_right(void **state)
{
    (void)state;
    double mean[POINTS], variance[POINTS];
    const struct mcd_gp_points points = {POINTS, points_x};
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    predict(&p, &points, MCD_GP_AUTO, at(0.006, 1.5, 1e-3), mean, variance);
    assert_true(mean[0] == 0 && fabs(variance[0] - 2.25) < 1e-14);
    assert_true(fabs(mean[2] - co2_y[5]) < 1e-3 && variance[2] < 1e-6 && variance[2] >= 0);
}

/* More points than a block holds: each as if alone. */
static void blocks_change_nothing(void **state)
{
    (void)state;
    enum { MANY = 150 };
    double x[2 * MANY], y[20], mean[MANY], variance[MANY], m, v;
    for (int i = 0; i < 2 * MANY; i++)
        x[i] = sin(i * 1.7);
    for (int i = 0; i < 20; i++)
        y[i] = cos(3 * x[2 * i]);
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_MATERN52);
    p.data = mcd_gp_data(20, 2, x, y, 1e-6);
    struct mcd_gp_points all = {MANY, x};
    predict(&p, &all, MCD_GP_AUTO, at(0.5, 1, 0.1), mean, variance);
    for (int i = 0; i < MANY; i += 7) {
        struct mcd_gp_points one = {1, x + 2 * i};
        predict(&p, &one, MCD_GP_AUTO, at(0.5, 1, 0.1), &m, &v);
        assert_true(fabs(m - mean[i]) < 1e-12 && fabs(v - variance[i]) < 1e-12);
    }
}

/* Mean and covariance of many paths against the conditional's. */
static void paths_have_the_right_covariance(void **state)
{
    (void)state;
    int draws = getenv("MCDROP_FAST") ? 500 : 20000;
    struct mcd_gp_problem p = co2_problem(host, 30, MCD_GP_MATERN32);
    const struct mcd_gp_points points = {POINTS, points_x};
    double mean[POINTS], variance[POINTS], sum[POINTS] = {0}, square[POINTS] = {0}, path[POINTS];
    struct mcd_gp_predictor *w;
    struct mcd_error e = {0};
    for (int noise = 0; noise < 2; noise++) {
        const double *q = at(0.05, 1, 0.3);
        assert_ok(mcd_gp_predictor_create(&p, &points, &w, &e), e);
        assert_ok(mcd_gp_predictor_at(w, MCD_GP_AUTO, q, mean, variance, &e), e);
        memset(sum, 0, sizeof sum);
        memset(square, 0, sizeof square);
        for (int i = 0; i < draws; i++) {
            struct mcd_stream s = mcd_stream(5, 0, (uint64_t)i, MCD_STREAM_PATH);
            assert_ok(mcd_gp_predictor_path(w, q, noise, &s, path, &e), e);
            for (int j = 0; j < POINTS; j++) {
                sum[j] += (path[j] - mean[j]) / draws;
                square[j] += (path[j] - mean[j]) * (path[j] - mean[j]) / draws;
            }
        }
        for (int j = 0; j < POINTS; j++) {
            double v = variance[j] + noise * 0.09;
            assert_true(fabs(sum[j]) < 4.5 * sqrt(v / draws));
            assert_true(fabs(square[j] / v - 1) < 4.5 * sqrt(2.0 / draws));
        }
        mcd_gp_predictor_destroy(w);
    }
}

/* A point twice: the covariance is singular, and the path has the same value at both. */
static void singular_paths_need_no_jitter(void **state)
{
    (void)state;
    static const double twice[] = {0.111, 0.111, 0.2, -3, -3};
    const struct mcd_gp_points points = {5, twice};
    struct mcd_gp_problem p = co2_problem(host, 40, MCD_GP_SE);
    struct mcd_gp_predictor *w;
    struct mcd_error e = {0};
    double path[5];
    assert_ok(mcd_gp_predictor_create(&p, &points, &w, &e), e);
    for (uint64_t i = 0; i < 20; i++) {
        struct mcd_stream s = mcd_stream(5, 1, i, MCD_STREAM_PATH);
        assert_ok(mcd_gp_predictor_path(w, at(0.5, 1, 0.1), 0, &s, path, &e), e);
        assert_true(fabs(path[0] - path[1]) < 1e-6 && fabs(path[3] - path[4]) < 1e-6);
        assert_true(path[0] != path[3]);
    }
    mcd_gp_predictor_destroy(w);
}

static void mix(const struct mcd_gp_problem *p, const struct gp_draws *d,
                struct mcd_mixture_point *out)
{
    const struct mcd_gp_points points = {POINTS, points_x};
    struct mcd_error e = {0};
    assert_ok(gp_mix(p, &points, d, out, &e), e);
}

static void mixtures_are_as_by_hand(void **state)
{
    (void)state;
    enum { DRAWS = 24 };
    double q[DRAWS * MCD_GP_PARAMS], weight[DRAWS], total = 0;
    const struct mcd_gp_points points = {POINTS, points_x};
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    struct mcd_mixture_point out[POINTS];
    for (int i = 0; i < DRAWS; i++) {
        memcpy(q + i * MCD_GP_PARAMS, at(0.03 + 0.001 * i, 1 + 0.02 * i, 0.1 + 0.003 * i),
               MCD_GP_PARAMS * sizeof *q);
        weight[i] = 1 + i % 5;
        total += weight[i];
    }
    for (int i = 0; i < DRAWS; i++)
        weight[i] /= total;
    struct gp_draws draws = {DRAWS, 0, q, weight};
    mix(&p, &draws, out);
    double first[POINTS] = {0}, second[POINTS] = {0}, noise = 0;
    for (int i = 0; i < DRAWS; i++) {
        double mean[POINTS], variance[POINTS];
        predict(&p, &points, MCD_GP_AUTO, q + i * MCD_GP_PARAMS, mean, variance);
        noise += weight[i] * exp(2 * q[i * MCD_GP_PARAMS + MCD_GP_SIGMA]);
        for (int j = 0; j < POINTS; j++) {
            first[j] += weight[i] * mean[j];
            second[j] += weight[i] * (mean[j] * mean[j] + variance[j]);
        }
    }
    for (int j = 0; j < POINTS; j++) {
        double v = second[j] - first[j] * first[j];
        assert_true(fabs(out[j].mean - first[j]) < 1e-13);
        assert_true(fabs(out[j].latent_sd - sqrt(v)) < 1e-12);
        assert_true(fabs(out[j].sd - sqrt(v + noise)) < 1e-12);
        assert_true(out[j].mean_mcse == 0 && out[j].sd_mcse == 0);
    }
}

/* Independent draws: the errors claimed are the spread of repeated answers. */
static void errors_are_what_repetition_shows(void **state)
{
    (void)state;
    enum { DRAWS = 320, REPEATS = 60 };
    double q[DRAWS * MCD_GP_PARAMS], sum[2] = {0}, square[2] = {0}, claimed[2] = {0};
    struct mcd_gp_problem p = co2_problem(host, 20, MCD_GP_SE);
    if (getenv("MCDROP_FAST"))
        return;
    for (int r = 0; r < REPEATS; r++) {
        struct mcd_mixture_point out[POINTS];
        struct mcd_stream s = mcd_stream(8, 0, (uint64_t)r, MCD_STREAM_PATH);
        mcd_stream_normals(&s, DRAWS * MCD_GP_PARAMS, q);
        for (int i = 0; i < DRAWS * MCD_GP_PARAMS; i++)
            q[i] = at(0.03, 1, 0.1)[i % MCD_GP_PARAMS] + 0.3 * q[i];
        struct gp_draws draws = {DRAWS, 32, q, NULL};
        mix(&p, &draws, out);
        const double got[] = {out[3].mean, out[3].sd};
        claimed[0] += out[3].mean_mcse / REPEATS;
        claimed[1] += out[3].sd_mcse / REPEATS;
        for (int k = 0; k < 2; k++) {
            sum[k] += got[k] / REPEATS;
            square[k] += got[k] * got[k] / REPEATS;
        }
    }
    for (int k = 0; k < 2; k++) {
        double ratio = claimed[k] / sqrt(square[k] - sum[k] * sum[k]);
        assert_true(ratio > 0.7 && ratio < 1.4);
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    enum { DRAWS = 50 };
    struct mcd_host *one = mcd_host_create(1, NULL, NULL, NULL);
    double q[DRAWS * MCD_GP_PARAMS];
    struct mcd_mixture_point out[2][POINTS];
    for (int i = 0; i < DRAWS; i++)
        memcpy(q + i * MCD_GP_PARAMS, at(0.03 + 0.001 * i, 1, 0.1), MCD_GP_PARAMS * sizeof *q);
    struct gp_draws draws = {DRAWS, 8, q, NULL};
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE),
                          r = co2_problem(one, FEW, MCD_GP_SE);
    mix(&p, &draws, out[0]);
    mix(&r, &draws, out[1]);
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    assert_int_equal(mcd_host_live(one), 0);
    mcd_host_destroy(one);
}

static int never(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void a_mixture_can_be_stopped(void **state)
{
    (void)state;
    int asked = 0;
    const struct mcd_gp_points points = {POINTS, points_x};
    struct mcd_gp_problem p = co2_problem(host, 10, MCD_GP_SE);
    struct gp_draws draws = {1, 1, at(0.03, 1, 0.1), NULL};
    struct mcd_mixture_point out[POINTS];
    struct mcd_error e = {0};
    p.go_on = never;
    p.arg = &asked;
    assert_int_equal(gp_mix(&p, &points, &draws, out, &e), MCD_STOPPED);
    assert_int_equal(e.code, MCD_STOPPED);
    assert_int_equal(asked, 1);
}

static void failures_are_passed_on(void **state)
{
    (void)state;
    double q[MCD_GP_PARAMS] = {0, 0, -INFINITY}, x[] = {0, 0}, y[] = {1, 2};
    const struct mcd_gp_points points = {POINTS, points_x};
    struct gp_draws draws = {1, 1, q, NULL};
    struct mcd_mixture_point out[POINTS];
    struct mcd_gp_problem p = co2_problem(host, 10, MCD_GP_SE);
    struct mcd_error e = {0};
    p.data = mcd_gp_data(2, 1, x, y, 1e-6);
    assert_int_equal(gp_mix(&p, &points, &draws, out, &e), MCD_INVALID);
    assert_non_null(strstr(e.text, "not positive definite"));
    uint64_t live = mcd_host_live(host);
    p = co2_problem(host, 10, MCD_GP_SE);
    memcpy(q, at(0.03, 1, 0.1), sizeof q);
    for (uint64_t k = 1; k < 16; k++) {
        mcd_host_fail_at(host, k);
        int status = gp_mix(&p, &points, &draws, out, NULL);
        assert_true(status == MCD_NOMEM || (status == MCD_OK && k > 8));
        assert_int_equal(mcd_host_live(host), live);
    }
    mcd_host_fail_at(host, 0);
}

static int setup(void **state)
{
    (void)state;
    co2_load();
    const double x[POINTS] = {co2_x[0] - 50,        co2_x[0] - 0.01, co2_x[5],
                              co2_x[9] + 0.004,     co2_x[25],       co2_x[FEW - 1],
                              co2_x[FEW - 1] + 0.03};
    memcpy(points_x, x, sizeof x);
    return group_host_open(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_agree),
        cmocka_unit_test(descending_rows_predict_the_same),
        cmocka_unit_test(limits_are_right),
        cmocka_unit_test(blocks_change_nothing),
        cmocka_unit_test(paths_have_the_right_covariance),
        cmocka_unit_test(singular_paths_need_no_jitter),
        cmocka_unit_test(mixtures_are_as_by_hand),
        cmocka_unit_test(errors_are_what_repetition_shows),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_mixture_can_be_stopped),
        cmocka_unit_test(failures_are_passed_on),
    };
    return cmocka_run_group_tests(tests, setup, group_host_close);
}
