/*
 * The posterior of models/gp/: priors, modes, starts, quadrature, leave-one-out scores, and the
 * sampler's calibration on it. Comparison with other programs' results is test_gp_reference's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/plugin.h>

#include <cmocka.h>

#include "../models/gp/covariance.h"
#include "../models/gp/exact.h"
#include "../models/gp/modes.h"
#include "calibration.h"
#include "co2.h"
#include "core/stats/diagnostics.h"
#include "group_host.h"

enum { FEW = 60 };

static int fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

/* The density of theta, from its formula, times theta. */
static void priors_are_half_cauchy(void **state)
{
    (void)state;
    const struct mcd_gp_prior prior = MCD_GP_PRIOR_DEFAULT;
    for (double shift = -3; shift <= 3; shift += 0.7) {
        double q[] = {shift, 0.3 - shift, -1}, grad[3] = {1, 2, 3}, expected = 0, h = 1e-5;
        for (int i = 0; i < 3; i++) {
            double theta = exp(q[i]), u = theta / prior.scale[i];
            expected += log(2 / (M_PI * prior.scale[i] * (1 + u * u))) + q[i];
        }
        assert_true(fabs(mcd_gp_prior_at(&prior, q, grad) - expected) < 1e-13);
        for (int i = 0; i < 3; i++) {
            double none[3] = {0}, up[3], down[3];
            memcpy(up, q, sizeof q);
            memcpy(down, q, sizeof q);
            up[i] += h;
            down[i] -= h;
            double difference =
                mcd_gp_prior_at(&prior, up, none) - mcd_gp_prior_at(&prior, down, none);
            assert_true(fabs(difference / (2 * h) - (grad[i] - (i + 1))) < 1e-9);
        }
    }
    double far[] = {800, -800, 0}, grad[3] = {0};
    assert_true(isfinite(mcd_gp_prior_at(&prior, far, grad)));
}

/* Signal and noise: the CO2 series has a mode for each, whatever the kernel. */
static void both_modes_are_found(void **state)
{
    (void)state;
    for (int k = MCD_GP_SE; k <= (fast() ? MCD_GP_SE : MCD_GP_MATERN52); k++) {
        struct mcd_gp_problem p = co2_problem(host, CO2_ROWS, k);
        struct mcd_gp_mode mode[MCD_GP_STARTS];
        uint32_t count;
        struct mcd_error e = {0};
        assert_ok(mcd_gp_modes(&p, 0, &count, mode, &e), e);
        assert_true(count >= 2 && mode[0].converged);
        assert_true(mode[0].log_density > mode[1].log_density + 100);
        assert_true(exp(mode[0].q[MCD_GP_SIGMA]) < 0.2 && exp(mode[1].q[MCD_GP_SIGMA]) > 0.7);
    }
}

static void starts_are_near_the_mode_and_apart(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    uint32_t count;
    double start[2][MCD_GP_PARAMS], again[1][MCD_GP_PARAMS];
    struct mcd_error e = {0};
    assert_ok(mcd_gp_modes(&p, 0, &count, mode, &e), e);
    assert_ok(mcd_gp_starts(&p, mode, 9, 2, start[0], &e), e);
    assert_ok(mcd_gp_starts(&p, mode, 9, 1, again[0], &e), e);
    assert_memory_equal(start[0], again[0], sizeof again);
    assert_true(start[0][0] != start[1][0]);
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        assert_true(fabs(start[0][i] - mode->q[i]) < 4 && fabs(start[1][i] - mode->q[i]) < 4);
}

/* A correlated normal times (4 + x^2), whose integral and moments are known. */
static double bent_density(void *arg, const double *q, double *grad)
{
    double x = q[0], y = q[1] - 0.5 * x;
    (void)arg;
    grad[0] = -x + 2 * y + 2 * x / (4 + x * x);
    grad[1] = -4 * y;
    return -0.5 * x * x - 2 * y * y + log(4 + x * x);
}

static void quadrature_is_exact(void **state)
{
    (void)state;
    double mode[] = {0, 0}, mean = 0, square = 0, total = 0;
    struct mcd_target t[2] = {{2, bent_density, NULL}, {2, bent_density, NULL}};
    struct mcd_laplace normal;
    struct mcd_quadrature q;
    struct mcd_error e = {0};
    assert_int_equal(mcd_laplace(t, mode, &normal), 0);
    assert_ok(mcd_quadrature(host, t, &normal, &q, &e), e);
    for (uint32_t i = 0; i < q.count; i++) {
        total += q.weight[i];
        mean += q.weight[i] * q.q[2 * i];
        square += q.weight[i] * q.q[2 * i] * q.q[2 * i];
    }
    /* int (4 + x^2) N(x) = 5 times the normals' constants; int (4 + x^2) x^2 N(x) = 7 */
    assert_true(fabs(q.log_evidence - log(5 * 2 * M_PI / 2)) < 1e-10);
    assert_true(fabs(total - 1) < 1e-9 && fabs(mean) < 1e-10 && fabs(square - 7.0 / 5) < 1e-8);
    assert_true(q.edge < 1e-10);
    mcd_quadrature_release(host, &q);
    normal.dim = 4;
    assert_int_equal(mcd_quadrature(host, t, &normal, &q, &e), MCD_UNSUPPORTED);
}

/* Maximum likelihood II: higher than the posterior's mode in likelihood, and level. */
static void the_likelihood_has_its_own_mode(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    struct mcd_gp_mode likely[MCD_GP_STARTS], mode[MCD_GP_STARTS];
    struct mcd_gp_targets t;
    double grad[MCD_GP_PARAMS];
    uint32_t count;
    struct mcd_error e = {0};
    assert_ok(mcd_gp_modes(&p, 1, &count, likely, &e), e);
    assert_ok(mcd_gp_modes(&p, 0, &count, mode, &e), e);
    assert_ok(mcd_gp_targets_create(&p, 1, 1, &t, &e), e);
    double at_mode = t.target->density(t.target->arg, mode[0].q, grad);
    assert_true(likely[0].converged && likely[0].log_density > at_mode);
    assert_true(t.target->density(t.target->arg, likely[0].q, grad) == likely[0].log_density);
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        assert_true(fabs(grad[i]) < 1e-5);
    mcd_gp_targets_release(&t);
}

/* Posterior means by chains and by quadrature, without anybody else's numbers. */
static void sampling_and_quadrature_agree(void **state)
{
    (void)state;
    enum { CHAINS = 2, DRAWS = 1000 };
    static double values[CHAINS * DRAWS];
    double start[CHAINS * MCD_GP_PARAMS];
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_MATERN52);
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    struct mcd_gp_targets t;
    struct mcd_laplace normal;
    struct mcd_quadrature exact;
    struct mcd_chain chain[CHAINS];
    struct mcd_chain_options o = MCD_CHAIN_DEFAULTS;
    uint32_t count;
    struct mcd_error e = {0};
    if (fast())
        return;
    o.tune = o.draws = DRAWS;
    assert_ok(mcd_gp_modes(&p, 0, &count, mode, &e), e);
    assert_ok(mcd_gp_starts(&p, mode, 4, CHAINS, start, &e), e);
    assert_ok(mcd_gp_targets_create(&p, CHAINS, 0, &t, &e), e);
    assert_int_equal(mcd_laplace(t.target, mode->q, &normal), 0);
    assert_ok(mcd_quadrature(host, t.target, &normal, &exact, &e), e);
    assert_ok(mcd_chains_run(host, t.target, start, &o, chain, &e), e);
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        struct mcd_diagnosis d;
        double mean = 0;
        for (uint32_t k = 0; k < exact.count; k++)
            mean += exact.weight[k] * exact.q[k * MCD_GP_PARAMS + (uint32_t)i];
        for (int k = 0; k < CHAINS * DRAWS; k++)
            values[k] = chain[k / DRAWS].q[k % DRAWS * MCD_GP_PARAMS + i];
        assert_ok(mcd_diagnose(host, CHAINS, DRAWS, values, &d, &e), e);
        assert_true(fabs(d.mean - mean) < 4 * d.mcse_mean);
    }
    mcd_chains_release(host, CHAINS, chain);
    mcd_quadrature_release(host, &exact);
    mcd_gp_targets_release(&t);
}

/* Leave each row out and predict it from a Cholesky factor of the others. */
static void leaving_one_out_is_what_it_says(void **state)
{
    (void)state;
    enum { N = 12 };
    struct mcd_gp_problem p = co2_problem(host, N, MCD_GP_MATERN52);
    double q[] = {log(0.03), log(1.1), log(0.3)}, score[N], k[(N - 1) * (N - 1)], alpha[N - 1];
    struct mcd_error e = {0};
    assert_ok(mcd_gp_leave_one_out(&p, q, score, &e), e);
    for (int out = 0; out < N; out++) {
        double x[N - 1], y[N - 1], cross[N - 1], unused, mean = 0, variance;
        for (int i = 0; i < N - 1; i++) {
            x[i] = co2_x[i + (i >= out)];
            y[i] = co2_y[i + (i >= out)];
        }
        struct mcd_gp_data rest = mcd_gp_data(N - 1, 1, x, y, 0);
        assert_ok(
            mcd_gp_factor(&rest, &p.algebra, p.kernel, mcd_gp_theta(q), k, alpha, &unused, &e), e);
        mcd_gp_distances(N - 1, 1, x, &co2_x[out], cross);
        mcd_gp_correlate(p.kernel, N - 1, cross, exp(q[0]), cross);
        for (int i = 0; i < N - 1; i++) {
            cross[i] *= exp(2 * q[1]);
            mean += cross[i] * alpha[i];
        }
        mcd_reference_linalg.trsm(NULL, 0, N - 1, 1, k, cross, &e);
        variance = exp(2 * q[1]) + exp(2 * q[2]);
        for (int i = 0; i < N - 1; i++)
            variance -= cross[i] * cross[i];
        double off = co2_y[out] - mean;
        double expected = -0.5 * (off * off / variance + log(2 * M_PI * variance));
        assert_true(fabs(score[out] - expected) < 1e-11);
    }
}

static double most_chi_square(struct calibration *c)
{
    double most = 0;
    int failed;
    c->host->parallel(c->host, c->count, calibration_one, c);
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        most = fmax(most, calibration_chi_square(c, i, &failed));
    assert_int_equal(failed, 0);
    return most;
}

/* Right with the right density, and seen to be wrong with half a Jacobian too much. */
static void the_sampler_is_calibrated(void **state)
{
    (void)state;
    int rank[128 * MCD_GP_PARAMS];
    struct calibration c = {host, 77, MCD_GP_SE, 0, fast() ? 4 : 128, rank};
    double right = most_chi_square(&c);
    if (fast())
        return;
    c.planted = 0.5;
    double wrong = most_chi_square(&c);
    print_message("# chi-square of ranks: %.1f, with half a Jacobian more %.1f, limit %.1f\n",
                  right, wrong, CAL_LIMIT);
    assert_true(right < CAL_LIMIT);
    assert_true(wrong > CAL_LIMIT);
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, 12, MCD_GP_SE);
    double q[] = {log(0.03), log(1.1), log(0.3)}, score[12];
    uint64_t live = mcd_host_live(host);
    for (uint64_t k = 1; k < 12; k++) {
        struct mcd_gp_mode mode[MCD_GP_STARTS];
        struct mcd_gp_targets t;
        struct mcd_error e = {0}, f = {0};
        uint32_t count;
        mcd_host_fail_at(host, k);
        if (mcd_gp_targets_create(&p, 2, 0, &t, &e) == MCD_OK)
            mcd_gp_targets_release(&t);
        mcd_host_fail_at(host, k);
        mcd_gp_leave_one_out(&p, q, score, &f);
        mcd_host_fail_at(host, k);
        mcd_gp_modes(&p, 0, &count, mode, NULL);
        assert_int_equal(mcd_host_live(host), live);
    }
    mcd_host_fail_at(host, 0);
}

static int setup(void **state)
{
    (void)state;
    co2_load();
    return group_host_open(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(priors_are_half_cauchy),
        cmocka_unit_test(both_modes_are_found),
        cmocka_unit_test(starts_are_near_the_mode_and_apart),
        cmocka_unit_test(quadrature_is_exact),
        cmocka_unit_test(the_likelihood_has_its_own_mode),
        cmocka_unit_test(sampling_and_quadrature_agree),
        cmocka_unit_test(leaving_one_out_is_what_it_says),
        cmocka_unit_test(the_sampler_is_calibrated),
        cmocka_unit_test(failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, setup, group_host_close);
}
