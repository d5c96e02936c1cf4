/*
 * The sampler of models/gp/: known distributions, the same chains on any number of threads,
 * divergences where there must be some, adaptation, and simulation-based calibration.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/plugin.h>

#include <cmocka.h>

#include "../models/gp/adapt.h"
#include "../models/gp/chains.h"
#include "../models/gp/lbfgs.h"
#include "core/stats/diagnostics.h"
#include "group_host.h"
#include "scratch.h"

#include <math.h>

enum { DIM = 3, MOST_CHAINS = 4 };

/* Precision of N((1, -2, 0), P^-1); marginal variances 1.6, 2.1, 0.011, correlation up to 0.9. */
static const double precision[DIM][DIM] = {{3.2, -2.5, 0.5}, {-2.5, 2.5, 0}, {0.5, 0, 95}};
static const double middle[DIM] = {1, -2, 0};

static double normal_density(void *arg, const double *q, double *grad)
{
    double form = 0;
    (void)arg;
    for (int i = 0; i < DIM; i++) {
        grad[i] = 0;
        for (int j = 0; j < DIM; j++)
            grad[i] -= precision[i][j] * (q[j] - middle[j]);
        form -= grad[i] * (q[i] - middle[i]);
    }
    return -0.5 * form;
}

/* Its covariance by cofactors. */
static double covariance(int i, int j)
{
    int a = (i + 1) % DIM, b = (i + 2) % DIM, c = (j + 1) % DIM, d = (j + 2) % DIM;
    double cofactor = precision[c][a] * precision[d][b] - precision[c][b] * precision[d][a];
    double det = 0;
    for (int k = 0; k < DIM; k++)
        det += precision[0][k] * (precision[1][(k + 1) % DIM] * precision[2][(k + 2) % DIM] -
                                  precision[1][(k + 2) % DIM] * precision[2][(k + 1) % DIM]);
    return cofactor / det;
}

/* Neal's funnel: v ~ N(0, 9), x ~ N(0, exp(v)); its neck is narrower than any one step size. */
static double funnel_density(void *arg, const double *q, double *grad)
{
    double v = q[0], sum = 0;
    (void)arg;
    for (int i = 1; i < DIM; i++) {
        grad[i] = -q[i] * exp(-v);
        sum += q[i] * q[i] * exp(-v);
    }
    grad[0] = -v / 9 + 0.5 * sum - 0.5 * (DIM - 1);
    return -v * v / 18 - 0.5 * sum - 0.5 * (DIM - 1) * v;
}

/* exp(-x) for x > 0: no value on the other side. */
static double cliff_density(void *arg, const double *q, double *grad)
{
    (void)arg;
    grad[0] = -1;
    return q[0] > 0 ? -q[0] : -INFINITY;
}

/* exp(-x^4): with a step of 1 the energy is badly conserved, and all is up to the weights. */
static double steep_density(void *arg, const double *q, double *grad)
{
    double x = q[0];
    (void)arg;
    grad[0] = -4 * x * x * x;
    return -x * x * x * x;
}

/* Planted: the first element of the gradient has the wrong sign. */
static double wrong_density(void *arg, const double *q, double *grad)
{
    double value = normal_density(arg, q, grad);
    grad[0] = -grad[0];
    return value;
}

static struct mcd_chain_options options(uint32_t chains, uint32_t tune, uint32_t draws, int dense)
{
    struct mcd_chain_options o = MCD_CHAIN_DEFAULTS;
    int fast = getenv("MCDROP_FAST") != NULL;
    o.seed = 20;
    o.chains = chains;
    o.tune = fast ? tune / 4 : tune;
    o.draws = fast ? draws / 8 : draws;
    o.accept = 0.8;
    o.dense = dense;
    return o;
}

static void sample(const struct mcd_host *on, mcd_density density, uint32_t dim,
                   const struct mcd_chain_options *o, struct mcd_chain *chain)
{
    double start[MOST_CHAINS * DIM];
    struct mcd_target target[MOST_CHAINS];
    struct mcd_error e = {0};
    for (uint32_t i = 0; i < MOST_CHAINS * DIM; i++)
        start[i] = 0.5 + 0.1 * (i % dim); /* the same for all chains */
    for (uint32_t i = 0; i < MOST_CHAINS; i++)
        target[i] = (struct mcd_target){dim, density, NULL};
    assert_ok(mcd_chains_run(on, target, start, o, chain, &e), e);
}

/* What the chains say of f(q). */
static struct mcd_diagnosis diagnose(const struct mcd_chain_options *o,
                                     const struct mcd_chain *chain, uint32_t dim,
                                     double (*f)(const double *q, int i, int j), int i, int j)
{
    double *values = calloc((size_t)o->chains * o->draws, sizeof *values);
    struct mcd_diagnosis d;
    struct mcd_error e = {0};
    assert_non_null(values);
    for (uint32_t c = 0; c < o->chains; c++)
        for (uint32_t k = 0; k < o->draws; k++)
            values[(size_t)c * o->draws + k] = f(chain[c].q + (size_t)k * dim, i, j);
    assert_ok(mcd_diagnose(host, o->chains, o->draws, values, &d, &e), e);
    free(values);
    return d;
}

static double coordinate(const double *q, int i, int j)
{
    (void)j;
    return q[i];
}

static double product(const double *q, int i, int j)
{
    return (q[i] - middle[i]) * (q[j] - middle[j]);
}

/* The largest distance of a moment from its true value, in Monte-Carlo errors. */
static double worst_moment(const struct mcd_chain_options *o, const struct mcd_chain *chain)
{
    double worst = 0;
    for (int i = 0; i < DIM; i++) {
        struct mcd_diagnosis d = diagnose(o, chain, DIM, coordinate, i, 0);
        worst = fmax(worst, fabs(d.mean - middle[i]) / d.mcse_mean);
        for (int j = 0; j <= i; j++) {
            d = diagnose(o, chain, DIM, product, i, j);
            worst = fmax(worst, fabs(d.mean - covariance(i, j)) / d.mcse_mean);
        }
    }
    return worst;
}

static void normals_come_out_right(void **state)
{
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        struct mcd_chain chain[4];
        struct mcd_chain_options o = options(4, 1000, 4000, dense);
        sample(host, normal_density, DIM, &o, chain);
        assert_true(worst_moment(&o, chain) < 4);
        for (int i = 0; i < DIM; i++) {
            struct mcd_diagnosis d = diagnose(&o, chain, DIM, coordinate, i, 0);
            assert_true(d.rhat < (getenv("MCDROP_FAST") ? 1.05 : 1.01));
            assert_true(d.ess_bulk > 0.1 * o.draws * o.chains);
        }
        uint64_t divergent = 0;
        for (uint32_t c = 0; c < o.chains; c++)
            for (uint32_t k = 0; k < o.draws; k++)
                divergent += chain[c].each[k].divergent;
        assert_int_equal(divergent, 0);
        mcd_chains_release(host, 4, chain);
    }
}

/* E[x^2] = Gamma(3/4) / Gamma(1/4). */
static void large_steps_are_made_up_for(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    static double square[DRAWS];
    uint32_t draws = getenv("MCDROP_FAST") ? DRAWS / 20 : DRAWS;
    struct mcd_target t = {1, steep_density, NULL};
    struct mcd_nuts *nuts;
    struct mcd_diagnosis d;
    struct mcd_error e = {0};
    double start = 0.3, accept = 0;
    assert_ok(mcd_nuts_create(host, &t, 0, &nuts, &e), e);
    assert_ok(mcd_nuts_start(nuts, &start, &e), e);
    for (uint32_t i = 0; i < draws; i++) {
        struct mcd_stream s = mcd_stream(1, 0, i, MCD_STREAM_TRANSITION);
        accept += mcd_nuts_transition(nuts, 5, &s).accept / draws;
        square[i] = *mcd_nuts_position(nuts) * *mcd_nuts_position(nuts);
    }
    mcd_nuts_destroy(nuts);
    assert_ok(mcd_diagnose(host, 1, draws, square, &d, &e), e);
    assert_true(accept < 0.9 && d.mcse_mean < 0.02);
    if (fabs(d.mean - 0.33798912003364236) > 4 * d.mcse_mean)
        fail_msg("%g +- %g", d.mean, d.mcse_mean);
}

/* WIDE independent standard normals. */
enum { WIDE = 10 };

static double wide_density(void *arg, const double *q, double *grad)
{
    double sum = 0;
    (void)arg;
    for (int i = 0; i < WIDE; i++) {
        grad[i] = -q[i];
        sum += q[i] * q[i];
    }
    return -0.5 * sum;
}

/*
 * All coordinates turn together, with 16 steps to the period. Where the criterion looked at whole
 * trees alone, it would miss the turn and go round to 1023 steps.
 */
static void no_trajectory_passes_a_period(void **state)
{
    (void)state;
    double q[WIDE] = {0};
    struct mcd_target t = {WIDE, wide_density, NULL};
    struct mcd_nuts *nuts;
    struct mcd_error e = {0};
    assert_ok(mcd_nuts_create(host, &t, 0, &nuts, &e), e);
    assert_ok(mcd_nuts_start(nuts, q, &e), e);
    mcd_nuts_set_step_size(nuts, 2 * M_PI / 16);
    for (uint32_t i = 0; i < 500; i++) {
        struct mcd_stream s = mcd_stream(1, 0, i, MCD_STREAM_TRANSITION);
        assert_true(mcd_nuts_transition(nuts, 10, &s).steps < 16);
    }
    mcd_nuts_destroy(nuts);
}

/* The moments do see a sampler of something else. */
static void a_wrong_gradient_is_caught(void **state)
{
    (void)state;
    struct mcd_chain chain[2];
    struct mcd_chain_options o = options(2, 200, 1600, 0);
    o.tune = 200;
    o.draws = 1600;
    o.max_depth = 6;
    sample(host, wrong_density, DIM, &o, chain);
    double accept = 0;
    for (uint32_t k = 0; k < o.draws; k++)
        accept += chain[0].each[k].accept / o.draws;
    assert_true(worst_moment(&o, chain) > 4 || chain[0].step_size < 1e-2 || accept < 0.5);
    mcd_chains_release(host, 2, chain);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct mcd_host *four = mcd_host_create(4, NULL, NULL, NULL);
    struct mcd_chain one[3], other[3], alone[1];
    struct mcd_chain_options o = options(3, 300, 400, 1);
    sample(host, normal_density, DIM, &o, one);
    sample(four, normal_density, DIM, &o, other);
    for (int c = 0; c < 3; c++) {
        assert_memory_equal(one[c].q, other[c].q, o.draws * DIM * sizeof(double));
        assert_memory_equal(one[c].each, other[c].each, o.draws * sizeof *one[c].each);
        assert_true(c == 0 || one[c].q[0] != one[0].q[0]);
    }
    o.chains = 1; /* a chain does not depend on how many there are */
    sample(host, normal_density, DIM, &o, alone);
    assert_memory_equal(one[0].q, alone[0].q, o.draws * DIM * sizeof(double));
    o.seed++;
    mcd_chains_release(host, 1, alone);
    sample(host, normal_density, DIM, &o, alone);
    assert_true(one[0].q[0] != alone[0].q[0]);
    mcd_chains_release(host, 1, alone);
    mcd_chains_release(host, 3, one);
    mcd_chains_release(four, 3, other);
    assert_int_equal(mcd_host_live(four), 0);
    mcd_host_destroy(four);
}

static void a_funnel_is_reported(void **state)
{
    (void)state;
    struct mcd_chain chain[2];
    struct mcd_chain_options o = options(2, 1000, 4000, 0);
    uint64_t divergent = 0;
    sample(host, funnel_density, DIM, &o, chain);
    for (uint32_t c = 0; c < o.chains; c++)
        for (uint32_t k = 0; k < o.draws; k++)
            divergent += chain[c].each[k].divergent;
    assert_true(divergent > 0);
    mcd_chains_release(host, 2, chain);
}

/* x > 0 alone has a density: the mean of exp(-x) is 1, and what lies beyond diverges. */
static void a_cliff_is_survived(void **state)
{
    (void)state;
    struct mcd_chain chain[2];
    struct mcd_chain_options o = options(2, 500, 8000, 0);
    sample(host, cliff_density, 1, &o, chain);
    struct mcd_diagnosis d = diagnose(&o, chain, 1, coordinate, 0, 0);
    assert_true(fabs(d.mean - 1) < 5 * d.mcse_mean + 0.05);
    for (uint32_t k = 0; k < o.draws; k++)
        assert_true(chain[0].q[k] > 0);
    mcd_chains_release(host, 2, chain);
}

static void depth_is_bounded_and_reported(void **state)
{
    (void)state;
    struct mcd_chain chain[1];
    struct mcd_chain_options o = options(1, 0, 400, 0); /* no adaptation: unit metric */
    o.max_depth = 1;
    sample(host, normal_density, DIM, &o, chain);
    uint32_t saturated = 0;
    for (uint32_t k = 0; k < o.draws; k++) {
        assert_true(chain->each[k].steps <= 1 && chain->each[k].depth <= 1);
        assert_true(chain->each[k].accept >= 0 && chain->each[k].accept <= 1);
        saturated += chain->each[k].depth == 1;
    }
    assert_true(saturated > 0);
    mcd_chains_release(host, 1, chain);
}

/* Stan's windows for 1000 iterations: 75, then ends at 99, 149, 249, 449, 949, then 50. */
static void windows_are_stans(void **state)
{
    (void)state;
    static const uint32_t ends[] = {99, 149, 249, 449, 949},
                          long_ends[] = {99, 149, 249, 449, 849, 1949};
    struct mcd_windows w = mcd_windows(1000);
    assert_int_equal(w.first, 75);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(w.end, ends[i]);
        mcd_windows_next(&w, w.end);
    }
    assert_int_equal(w.end, 949);
    w = mcd_windows(2000);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(w.end, long_ends[i]);
        mcd_windows_next(&w, w.end);
    }
    w = mcd_windows(100); /* 15, 75, 10 */
    assert_true(w.first == 15 && w.end == 89 && w.last == 89);
    w = mcd_windows(19);
    assert_true(w.first > w.last);
}

/* On a made-up sampler that accepts with probability exp(-step). */
static void the_step_size_meets_its_target(void **state)
{
    (void)state;
    for (double accept = 0.6; accept < 0.99; accept += 0.1) {
        struct mcd_step_adapter a = mcd_step_adapter(accept, 1);
        double step = 1;
        for (uint32_t i = 0; i < 2000; i++) {
            double noise = 0.1 * (mcd_uniform(mcd_philox(3, i, 0, 0, 0).w[0]) - 0.5);
            step = mcd_step_adapter_learn(&a, exp(-step) + noise);
        }
        assert_true(fabs(mcd_step_adapter_final(&a) / -log(accept) - 1) < 0.1);
    }
}

static void covariances_are_estimated(void **state)
{
    (void)state;
    static const double q[4][2] = {{1, 2}, {3, 1}, {-2, 0}, {4, 5}};
    double mean[2], products[4], inverse[4], factor[4];
    struct mcd_covariance c = {2, 1, 0, mean, products};
    struct mcd_metric m = {2, 1, inverse, factor};
    mcd_covariance_clear(&c);
    for (int i = 0; i < 4; i++)
        mcd_covariance_add(&c, q[i]);
    mcd_covariance_to_metric(&c, &m);
    double shrink = 4.0 / 9, unit = 1e-3 * 5 / 9; /* sample covariance 7, 13 / 3, 14 / 3 */
    assert_true(fabs(inverse[0] - (shrink * 7 + unit)) < 1e-14);
    assert_true(fabs(inverse[1] - shrink * 13 / 3) < 1e-14 && inverse[1] == inverse[2]);
    assert_true(fabs(inverse[3] - (shrink * 14 / 3 + unit)) < 1e-14);
}

static int stop_at(void *arg, uint32_t chain, uint32_t iteration)
{
    (void)chain;
    return iteration < *(uint32_t *)arg;
}

static void a_run_can_be_stopped(void **state)
{
    (void)state;
    uint32_t limit = 5;
    struct mcd_chain_options o = options(2, 100, 100, 0);
    double start[2 * DIM] = {0};
    struct mcd_target t[2] = {{DIM, normal_density, NULL}, {DIM, normal_density, NULL}};
    struct mcd_chain chain[2];
    struct mcd_error e = {0};
    o.go_on = stop_at;
    o.arg = &limit;
    assert_int_equal(mcd_chains_run(host, t, start, &o, chain, &e), MCD_STOPPED);
    mcd_chains_release(host, 2, chain);
}

static void a_start_without_density_is_refused(void **state)
{
    (void)state;
    struct mcd_chain_options o = options(1, 10, 10, 0);
    struct mcd_target t = {1, cliff_density, NULL};
    struct mcd_chain chain;
    struct mcd_optimum end;
    struct mcd_error e = {0}, f = {0};
    double start = -1;
    assert_int_equal(mcd_chains_run(host, &t, &start, &o, &chain, &e), MCD_INVALID);
    assert_int_equal(mcd_lbfgs(host, &t, &start, &end, &f), MCD_INVALID);
}

static void options_are_checked(void **state)
{
    (void)state;
    struct mcd_target t = {DIM, normal_density, NULL};
    double start[DIM] = {0};
    struct mcd_chain chain;
    for (int wrong = 0; wrong < 6; wrong++) {
        struct mcd_chain_options o = options(1, 10, 10, 0);
        struct mcd_error e = {0};
        o.chains = wrong != 0;
        o.draws = wrong != 1;
        o.accept = wrong == 2 ? 0 : wrong == 3 ? 1 : 0.5;
        o.max_depth = wrong == 4 ? 0 : wrong == 5 ? MCD_NUTS_MAX_DEPTH + 1 : 5;
        assert_int_equal(mcd_chains_run(host, &t, start, &o, &chain, &e), MCD_INVALID);
        assert_non_null(strstr(e.text, "expected"));
    }
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    struct mcd_chain_options o = options(2, 0, 8, 0);
    struct mcd_target t[2] = {{DIM, normal_density, NULL}, {DIM, normal_density, NULL}};
    double start[2 * DIM] = {0};
    uint64_t live = mcd_host_live(host);
    int status = MCD_NOMEM;
    for (uint64_t k = 1; status; k++) {
        struct mcd_chain chain[2];
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        status = mcd_chains_run(host, t, start, &o, chain, &e);
        assert_int_equal(status, k < 10 ? MCD_NOMEM : MCD_OK);
        if (!status)
            mcd_chains_release(host, 2, chain);
        assert_int_equal(mcd_host_live(host), live);
    }
    mcd_host_fail_at(host, 0);
}

/* A valley that bends, and a cliff in the way. */
static double valley_density(void *arg, const double *q, double *grad)
{
    double a = q[0] - 1, b = q[1] - q[0] * q[0];
    (void)arg;
    grad[0] = -2 * a + 400 * q[0] * b;
    grad[1] = -200 * b;
    return q[0] < -1.5 ? -INFINITY : -(a * a + 100 * b * b);
}

static void optima_are_found(void **state)
{
    (void)state;
    double q[2] = {-1.2, 1}, r[DIM] = {30, -7, 100};
    struct mcd_target valley = {2, valley_density, NULL}, normal = {DIM, normal_density, NULL};
    struct mcd_optimum end;
    struct mcd_error e = {0};
    assert_ok(mcd_lbfgs(host, &valley, q, &end, &e), e);
    assert_true(end.converged && fabs(q[0] - 1) < 1e-7 && fabs(q[1] - 1) < 1e-7);
    assert_true(end.evaluations < 200);
    assert_ok(mcd_lbfgs(host, &normal, r, &end, &e), e);
    for (int i = 0; i < DIM; i++)
        assert_true(end.converged && fabs(r[i] - middle[i]) < 1e-8);
}

static int setup(void **state)
{
    (void)state;
    return group_host_open(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normals_come_out_right),
        cmocka_unit_test(large_steps_are_made_up_for),
        cmocka_unit_test(no_trajectory_passes_a_period),
        cmocka_unit_test(a_wrong_gradient_is_caught),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_funnel_is_reported),
        cmocka_unit_test(a_cliff_is_survived),
        cmocka_unit_test(depth_is_bounded_and_reported),
        cmocka_unit_test(windows_are_stans),
        cmocka_unit_test(the_step_size_meets_its_target),
        cmocka_unit_test(covariances_are_estimated),
        cmocka_unit_test(a_run_can_be_stopped),
        cmocka_unit_test(a_start_without_density_is_refused),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(optima_are_found),
    };
    return cmocka_run_group_tests(tests, setup, group_host_close);
}
