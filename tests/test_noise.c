/*
 * Dropout and noise of the reference backend against what theory says: moments of a linear model
 * whose inputs are dropped, and of the random numbers themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/step.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNITS = 23 };
static uint32_t passes = 40000; /* fewer if MCDROP_FAST is set */

static struct mcd_step_case noise_case(uint32_t op, int64_t law, double p)
{
    static double x[UNITS];
    for (int i = 0; i < UNITS; i++)
        x[i] = 0.5 + cos(i);
    struct mcd_step_case c = {
        .op = op,
        .nin = 1,
        .in = {{.rows = 1, .shape = mcd_shape1(UNITS), .data = x}},
        .out = {.rows = passes, .shape = mcd_shape1(UNITS), .fill = MCD_FILL_NAN},
        .in_place = MCD_NO_INPUT,
        .passes = passes,
        .rows = 1,
        .domain = MCD_DOMAIN_PREDICT,
        .seed = 2016};
    c.attr.u.drop = (struct mcd_attr_drop){law, 0, UNITS, 1, p};
    return c;
}

/* What all passes give; to be freed. */
static double *run(const struct mcd_step_case *c)
{
    struct mcd_error e = {0};
    struct mcd_engine b;
    struct mcd_placed_step p;
    double *y = malloc((size_t)mcd_step_results(c) * sizeof *y);
    assert_non_null(y);
    if (mcd_engine_open("reference", 2, &b, &e) || mcd_step_place(&b, c, 0, &p, &e) ||
        mcd_step_execute(&p, y, &e))
        fail_msg("%s: %s", e.where, e.text);
    mcd_step_remove(&p);
    assert_int_equal(mcd_engine_close(&b), 0);
    return y;
}

/* Mean and variance of some numbers, and the standard errors of both. */
struct moments {
    double mean, variance, mean_error, variance_error;
};

static struct moments moments_of(const double *x, int64_t n)
{
    struct moments m = {0};
    double fourth = 0;
    for (int64_t i = 0; i < n; i++)
        m.mean += x[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double square = (x[i] - m.mean) * (x[i] - m.mean);
        m.variance += square / (double)(n - 1);
        fourth += square * square / (double)n;
    }
    m.mean_error = sqrt(m.variance / (double)n);
    m.variance_error = sqrt(fmax(fourth - m.variance * m.variance, 0) / (double)n);
    return m;
}

static void assert_moments(const struct moments *m, double mean, double variance)
{
    double rounding = 1e-6 * (1 + fabs(mean));
    if (!(fabs(m->mean - mean) <= 5 * m->mean_error + rounding))
        fail_msg("mean %g +- %g, expected %g", m->mean, m->mean_error, mean);
    if (!(fabs(m->variance - variance) <= 5 * m->variance_error + rounding))
        fail_msg("variance %g +- %g, expected %g", m->variance, m->variance_error, variance);
}

/* y = sum w x, with noise on x: mean sum w x, variance sum w^2 x^2 p / (1 - p). */
static void check_linear_model(int64_t law, double p)
{
    struct mcd_step_case c = noise_case(MCD_OP_DROP, law, p);
    double *dropped = run(&c), *y = calloc(passes, sizeof *y), mean = 0, variance = 0;
    assert_non_null(y);
    for (int i = 0; i < UNITS; i++) {
        double wx = sin(3 * i + 1) * c.in[0].data[i];
        mean += p < 1 ? wx : 0;
        variance += p < 1 ? wx * wx * p / (1 - p) : 0;
        for (uint32_t pass = 0; pass < passes; pass++)
            y[pass] += sin(3 * i + 1) * dropped[pass * UNITS + i];
    }
    struct moments m = moments_of(y, passes);
    assert_moments(&m, mean, variance);
    if (p == 0 || p == 1)
        assert_true(m.variance < 1e-20);
    free(dropped);
    free(y);
}

static void dropout_of_a_linear_model(void **state)
{
    static const double rates[] = {0, 0.1, 0.2, 0.5, 0.8, 1};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        check_linear_model(MCD_BERNOULLI, rates[i]);
}

static void gaussian_noise_of_a_linear_model(void **state)
{
    static const double rates[] = {0, 0.1, 0.2, 0.5, 0.8};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        check_linear_model(MCD_GAUSSIAN, rates[i]);
}

static void uniform_numbers(void **state)
{
    struct mcd_step_case c = noise_case(MCD_OP_NOISE, MCD_UNIFORM, 0);
    double *u = run(&c);
    (void)state;
    int64_t n = (int64_t)UNITS * passes;
    for (int64_t i = 0; i < n; i++)
        assert_true(u[i] > 0 && u[i] < 1);
    struct moments m = moments_of(u, n);
    assert_moments(&m, 0.5, 1.0 / 12);
    free(u);
}

/* Powers up to the fourth, and neighbours, which share a Box-Muller pair, do not go together. */
static void normal_numbers(void **state)
{
    struct mcd_step_case c = noise_case(MCD_OP_NOISE, MCD_GAUSSIAN, 0);
    double *z = run(&c), n = UNITS * passes, third = 0, fourth = 0, together = 0, squares = 0;
    (void)state;
    struct moments m = moments_of(z, (int64_t)n);
    assert_moments(&m, 0, 1);
    for (int64_t i = 0; i + 1 < (int64_t)n; i++) {
        third += pow(z[i], 3) / n;
        fourth += pow(z[i], 4) / n;
        together += z[i] * z[i + 1] / n;
        squares += (z[i] * z[i] - 1) * (z[i + 1] * z[i + 1] - 1) / n;
    }
    assert_true(fabs(third) < 5 * sqrt(15 / n));
    assert_true(fabs(fourth - 3) < 5 * sqrt(96 / n));
    assert_true(fabs(together) < 5 * sqrt(1 / n));
    assert_true(fabs(squares) < 5 * sqrt(4 / n));
    free(z);
}

/* The second of two passes that read the same stream flipped cancels the first. */
static void flipped_numbers_are_opposite(void **state)
{
    (void)state;
    for (int64_t law = MCD_GAUSSIAN; law <= MCD_UNIFORM; law++) {
        struct mcd_step_case c = noise_case(MCD_OP_NOISE, law, 0), flipped = c;
        c.out.rows = c.passes = flipped.out.rows = flipped.passes = 2;
        flipped.flip = 1u << 1;
        double *a = run(&c), *b = run(&flipped);
        for (int i = 0; i < UNITS; i++) {
            assert_true(a[i] == b[i]);
            assert_true(a[UNITS + i] + b[UNITS + i] == (law == MCD_UNIFORM ? 1 : 0));
        }
        free(a);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_of_a_linear_model),
        cmocka_unit_test(gaussian_noise_of_a_linear_model),
        cmocka_unit_test(uniform_numbers),
        cmocka_unit_test(normal_numbers),
        cmocka_unit_test(flipped_numbers_are_opposite),
    };
    if (getenv("MCDROP_FAST"))
        passes = 2000;
    return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
