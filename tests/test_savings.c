/*
 * core/bench/savings: what samplers save on a linear model whose inputs are dropped, where theory
 * says it, and whether its errors are right; what is left of failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/bench/savings_verdict.h"
#include "core/predict/predict.h"
#include "core/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/rig.h"
#include "tests/scratch.h"

enum { UNITS = 24, ROWS = 8, PASSES = 64, REPLICATIONS = 40, BLOCK = 8 };

/* P times BLOCK is 1.6: a unit is dropped once or twice in a block. */
static const double P = 0.2;

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *outputs = self;
    x = mcd_layer(g, "drop", x, "dropout:p=0.2");
    return mcd_layer(g, "linear", x, "linear:out=%d", *outputs);
}

/* A linear model, samplers, and rows for it. */
struct linear {
    struct mcd_host *host;
    struct rig_network network;
    struct mcd_item *sampler[3];
    int outputs;
    float x[ROWS * UNITS];
    struct mcd_savings job;
};

static void linear_open(struct linear *l, uint32_t task)
{
    static const char *const names[3] = {"bernoulli", "antithetic", "balanced:block=8"};
    struct mcd_error e = {0};
    *l = (struct linear){.outputs = task == MCD_CLASSIFY ? 3 : 1};
    l->host = mcd_host_create(1, NULL, NULL, &e);
    assert_non_null(l->host);
    rig_network_open(&l->network, l->host, "reference", build, &l->outputs, task,
                     mcd_shape1(UNITS));
    for (int i = 0; i < 3; i++)
        assert_ok(mcd_item_open(l->host, MCD_SAMPLER, names[i], &l->sampler[i], &e), e);
    for (int i = 0; i < ROWS * UNITS; i++)
        l->x[i] = (float)(1 + 0.5 * cos(i));
    l->job = (struct mcd_savings){
        .network = &l->network.network,
        .sampler = (const struct mcd_item *const *)l->sampler,
        .samplers = 3,
        .x = l->x,
        .rows = ROWS,
        .seed = 1,
        .passes = PASSES,
        .replications = REPLICATIONS,
    };
}

static void linear_close(struct linear *l)
{
    for (int i = 0; i < 3; i++)
        mcd_item_close(l->host, l->sampler[i]);
    rig_network_close(&l->network);
    assert_int_equal(mcd_host_live(l->host), 0);
    mcd_host_destroy(l->host);
}

/* Variance of an output between passes, mean over rows: sum w^2 x^2 p / (1 - p). */
static double pass_variance(const struct linear *l)
{
    double w[UNITS], sum = 0;
    struct mcd_store *store = l->network.network.store;
    struct mcd_error e = {0};
    assert_ok(mcd_store_read(store, &store->entry[0], w, &e), e);
    for (int i = 0; i < ROWS * UNITS; i++)
        sum += pow(w[i % UNITS] * (double)l->x[i], 2) / ROWS;
    return sum * P / (1 - P);
}

static void assert_ratio(struct mcd_ratio r, double expected, double errors)
{
    if (!(fabs(r.value - expected) < errors * r.error))
        fail_msg("%g +- %g: expected %g", r.value, r.error, expected);
}

/* What a pair of opposite passes saves: both drop a unit with probability 0 instead of p^2. */
static double antithetic_saving(void)
{
    return (1 - P) / (1 - 2 * P);
}

/* A unit is dropped floor or ceil of p B times: the fraction's variance is all that is left. */
static double balanced_saving(void)
{
    double rest = P * BLOCK - floor(P * BLOCK);
    return BLOCK * P * (1 - P) / (rest * (1 - rest));
}

/*
 * The standard deviation of normal passes of which any two of a block of b are correlated, so that
 * a block's mean varies `saving` times less. Their covariance has the eigenvalues 1 / saving, once
 * a block, and the rest so that b of them add up to b; the passes' own mean takes one away.
 */
static double deviation_saving(double saving, int b)
{
    double between = 1 / saving, within = (b - between) / (b - 1);
    double blocks = PASSES / b - 1, others = PASSES - PASSES / b;
    double mean = (blocks * between + others * within) / (PASSES - 1);
    return (PASSES - 1) * mean / (blocks * between * between + others * within * within);
}

static void savings_are_those_of_theory(void **state)
{
    struct mcd_error e = {0};
    struct linear l;
    struct mcd_sampler_savings s[3];
    (void)state;
    linear_open(&l, MCD_REGRESS);
    assert_ok(mcd_savings_run(&l.job, s, &e), e);
    const double expected[3] = {1, antithetic_saving(), balanced_saving()};
    const double deviation[3] = {1, deviation_saving(expected[1], 2),
                                 deviation_saving(expected[2], BLOCK)};
    for (int i = 1; i < 3; i++) {
        assert_ratio(s[i].of[MCD_OUTPUT_MEAN].pass, expected[i], 4);
        assert_ratio(s[i].of[MCD_OUTPUT_STD].pass, deviation[i], 4);
    }
    for (int i = 0; i < 3; i++) {
        struct mcd_saving mean = s[i].of[MCD_OUTPUT_MEAN], sd = s[i].of[MCD_OUTPUT_STD];
        double variance = pass_variance(&l) / PASSES / expected[i];
        assert_true(fabs(mean.variance / variance - 1) < 0.3); /* 4 standard errors */
        assert_ratio(mean.mcse_ratio, 1, 4);
        assert_true(isnan(sd.mcse_ratio.value)); /* none is printed */
        assert_true(isnan(s[i].of[MCD_PROBABILITY_MEAN].pass.value));
        assert_true(s[i].cost.value > 0.05 && s[i].cost.value < 20);
        assert_true(fabs(mean.second.value * s[i].cost.value / mean.pass.value - 1) < 1e-9);
    }
    linear_close(&l);
}

/* The yardstick beside itself. */
static void the_yardstick_saves_nothing(void **state)
{
    struct mcd_error e = {0};
    struct linear l;
    struct mcd_sampler_savings s[2];
    (void)state;
    linear_open(&l, MCD_REGRESS);
    const struct mcd_item *const same[2] = {l.sampler[0], l.sampler[0]};
    l.job.sampler = same;
    l.job.samplers = 2;
    assert_ok(mcd_savings_run(&l.job, s, &e), e);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            assert_true(fabs(s[i].of[k].pass.value - 1) < 1e-12);
            assert_true(s[i].of[k].pass.error < 1e-12);
        }
    assert_true(s[0].cost.value == 1 && s[0].cost.error < 1e-12);
    linear_close(&l);
}

/* (seen - true) / error over many seeds has the spread that it should have. */
static void errors_are_right(void **state)
{
    int runs = getenv("MCDROP_FAST") ? 3 : 30;
    double square[4] = {0};
    struct mcd_error e = {0};
    struct linear l;
    struct mcd_sampler_savings s[3];
    (void)state;
    linear_open(&l, MCD_REGRESS);
    for (int i = 0; i < runs; i++) {
        l.job.seed = 1000 * (uint64_t)(i + 1);
        assert_ok(mcd_savings_run(&l.job, s, &e), e);
        const struct mcd_saving *pair = &s[1].of[MCD_OUTPUT_MEAN];
        const struct mcd_saving *block = &s[2].of[MCD_OUTPUT_MEAN];
        square[0] += pow((pair->pass.value - antithetic_saving()) / pair->pass.error, 2) / runs;
        square[1] += pow((block->pass.value - balanced_saving()) / block->pass.error, 2) / runs;
        square[2] += pow((pair->mcse_ratio.value - 1) / pair->mcse_ratio.error, 2) / runs;
        square[3] += pow((block->mcse_ratio.value - 1) / block->mcse_ratio.error, 2) / runs;
    }
    for (int k = 0; k < 4; k++) {
        print_message("# deviations from theory: %.2f of the errors\n", sqrt(square[k]));
        assert_true(sqrt(square[k]) < 2.5);
        assert_true(runs < 30 || (sqrt(square[k]) > 0.65 && sqrt(square[k]) < 1.4));
    }
    linear_close(&l);
}

/* Estimates of a classifier in replication `r`: outputs and probabilities. */
static void predict(const struct linear *l, uint32_t r, struct mcd_summary *s)
{
    const struct mcd_predict job = {
        .network = &l->network.network,
        .sampler = l->sampler[1],
        .x = l->x,
        .rows = ROWS,
        .seed = l->job.seed + r,
        .passes = PASSES,
    };
    struct mcd_moments *m;
    struct mcd_error e = {0};
    assert_ok(mcd_predict_run(&job, &m, &e), e);
    assert_ok(mcd_summary_create(s, m, &e), e);
    mcd_moments_destroy(m);
}

/* Variances are those of replications made one by one. */
static void classifiers_have_probabilities(void **state)
{
    enum { FEW = MCD_LEAST_REPLICATIONS, POINTS = ROWS * 3 };
    struct mcd_error e = {0};
    struct linear l;
    struct mcd_sampler_savings s[3];
    struct mcd_summary summary[FEW];
    double variance[MCD_ESTIMATES] = {0};
    (void)state;
    linear_open(&l, MCD_CLASSIFY);
    l.job.replications = FEW;
    assert_int_equal(mcd_estimate_count(l.job.network), MCD_ESTIMATES);
    assert_ok(mcd_savings_run(&l.job, s, &e), e);
    for (uint32_t r = 0; r < FEW; r++)
        predict(&l, r, &summary[r]);
    for (int k = 0; k < MCD_ESTIMATES; k++)
        for (int i = 0; i < POINTS; i++) {
            double mean = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int r = 0; r < FEW; r++) {
                    const double *const x[] = {summary[r].output_mean, summary[r].output_std,
                                               summary[r].probability_mean,
                                               summary[r].probability_std};
                    if (pass)
                        variance[k] += pow(x[k][i] - mean, 2) / (FEW - 1) / POINTS;
                    else
                        mean += x[k][i] / FEW;
                }
        }
    for (int k = 0; k < MCD_ESTIMATES; k++)
        assert_true(fabs(s[1].of[k].variance / variance[k] - 1) < 1e-9);
    for (int r = 0; r < FEW; r++)
        mcd_summary_clear(&summary[r]);
    linear_close(&l);
}

static int run_small(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct mcd_sampler_savings s[3];
    (void)host;
    return mcd_savings_run(arg, s, e);
}

static void count_up(void *arg, uint64_t done, uint64_t all)
{
    uint64_t *last = arg;
    assert_int_equal(done, *last + 1);
    assert_int_equal(all, 3 * MCD_LEAST_REPLICATIONS);
    *last = done;
}

static void failures_leave_nothing(void **state)
{
    volatile sig_atomic_t stop = 1;
    uint64_t done = 0;
    struct mcd_error e = {0};
    struct mcd_sampler_savings s[3];
    struct linear l;
    (void)state;
    linear_open(&l, MCD_CLASSIFY);
    l.job.replications = MCD_LEAST_REPLICATIONS;
    l.job.passes = 16;
    rig_starve(l.host, run_small, &l.job);
    uint64_t before = mcd_host_live(l.host);
    l.job.stop = &stop;
    assert_int_equal(mcd_savings_run(&l.job, s, &e), MCD_STOPPED);
    assert_int_equal(mcd_host_live(l.host), before);
    l.job.stop = NULL;
    l.job.progress = count_up;
    l.job.progress_arg = &done;
    e = (struct mcd_error){0};
    assert_ok(mcd_savings_run(&l.job, s, &e), e);
    assert_int_equal(done, 3 * MCD_LEAST_REPLICATIONS);
    linear_close(&l);
}

/* ---- in words ---------------------------------------------------------------------------- */

static void assert_told(const struct mcd_sampler_savings *s, enum mcd_estimate estimate,
                        const char *expected)
{
    static const char *const names[3] = {"plain", "pairs", "blocks"};
    char text[400] = "";
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    mcd_savings_tell(s, names, 3, estimate, f);
    fclose(f);
    assert_string_equal(text, expected);
}

static void the_verdict_says_which_to_take(void **state)
{
    struct mcd_sampler_savings s[3] = {{.cost = {1, 0}}};
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < MCD_ESTIMATES; k++)
            s[i].of[k].pass = s[i].of[k].second = (struct mcd_ratio){1, 0};
    s[1].of[MCD_OUTPUT_MEAN] = (struct mcd_saving){.pass = {2.2, 0.11}, .second = {2.1, 0.12}};
    s[2].of[MCD_OUTPUT_MEAN] = (struct mcd_saving){.pass = {20.41, 1.24}, .second = {16, 1}};
    s[1].of[MCD_OUTPUT_STD].second = (struct mcd_ratio){0.783, 0.041};
    s[2].of[MCD_OUTPUT_STD].second = (struct mcd_ratio){1.09, 0.06}; /* not for sure */
    assert_told(
        s, MCD_OUTPUT_MEAN,
        "means of outputs: blocks saves most: 20.4 +- 1.2 times less variance than plain in "
        "as many passes, 16 +- 1 in the same time");
    assert_told(s, MCD_OUTPUT_STD,
                "standard deviations of outputs gain little or lose beside plain in the same time: "
                "pairs 0.783 +- 0.041, blocks 1.09 +- 0.06");
    s[2].of[MCD_OUTPUT_STD].pass = (struct mcd_ratio){1.14, 0.04};
    s[2].of[MCD_OUTPUT_STD].second = (struct mcd_ratio){1.12, 0.04};
    assert_told(s, MCD_OUTPUT_STD,
                "standard deviations of outputs: blocks saves a little: 1.14 +- 0.04 times less "
                "variance than plain in as many passes, 1.12 +- 0.04 in the same time");
    assert_string_equal(mcd_estimate_name(MCD_PROBABILITY_STD), "probability_std");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(savings_are_those_of_theory),
        cmocka_unit_test(the_yardstick_saves_nothing),
        cmocka_unit_test(errors_are_right),
        cmocka_unit_test(classifiers_have_probabilities),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(the_verdict_says_which_to_take),
    };
    return cmocka_run_group_tests_name("savings", tests, NULL, NULL);
}
