/*
 * The likelihood of models/gp/: kernels, evenly spaced inputs, both paths against each other,
 * against 113-bit arithmetic where they part, and against finite differences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/plugin.h>

#include <cmocka.h>

#include "../models/gp/likelihood.h"
#include "../models/gp/toeplitz.h"
#include "co2.h"
#include "group_host.h"

enum { FEW = 90 }; /* rows where the whole series would take long */

/* Log parameters of l, eta and sigma. */
static const double *at(double l, double eta, double sigma)
{
    static double q[MCD_GP_PARAMS];
    q[MCD_GP_L] = log(l);
    q[MCD_GP_ETA] = log(eta);
    q[MCD_GP_SIGMA] = log(sigma);
    return q;
}

struct answer {
    double value, grad[MCD_GP_PARAMS];
};

static struct answer evaluate(const struct mcd_gp_problem *p, enum mcd_gp_path path,
                              const double *q)
{
    struct mcd_gp_likelihood *w;
    struct answer a;
    struct mcd_error e = {0};
    assert_ok(mcd_gp_likelihood_create(host, &p->data, &p->algebra, p->kernel, &w, &e), e);
    assert_ok(mcd_gp_likelihood_at(w, path, q, &a.value, a.grad, &e), e);
    mcd_gp_likelihood_destroy(w);
    return a;
}

static void kernels_fall_from_one(void **state)
{
    (void)state;
    for (int k = MCD_GP_SE; k <= MCD_GP_MATERN52; k++) {
        double d[] = {0, 0.1, 0.5, 1, 3, 1e9}, c[6], slope[6], up[6], down[6], h = 1e-5;
        mcd_gp_correlate(k, 6, d, 0.7, c);
        mcd_gp_correlate(k, 6, d, 0.7 * exp(h), up);
        mcd_gp_correlate(k, 6, d, 0.7 * exp(-h), down);
        mcd_gp_correlate_slope(k, 6, d, 0.7, c, slope);
        assert_true(c[0] == 1 && slope[0] == 0 && c[5] == 0 && slope[5] == 0);
        for (int i = 1; i < 6; i++) {
            assert_true(c[i] < c[i - 1]);
            assert_true(fabs((up[i] - down[i]) / (2 * h) - slope[i]) < 1e-9);
        }
        double reach = mcd_gp_reach(k, 0.7, 1e-12), beyond = reach * 1.01;
        mcd_gp_correlate(k, 1, &beyond, 0.7, c);
        assert_true(c[0] < 1e-12);
    }
}

/* Values at distance 1.3 with l = 0.7, from the formulas in the literature. */
static void kernels_have_their_values(void **state)
{
    (void)state;
    static const double expected[] = {0.17826397958504783, 0.16903980352810008, 0.1713848921925795};
    for (int k = MCD_GP_SE; k <= MCD_GP_MATERN52; k++) {
        double d = 1.3, c;
        mcd_gp_correlate(k, 1, &d, 0.7, &c);
        if (fabs(c - expected[k]) > 1e-15)
            fail_msg("kernel %d: %.17g", k, c);
    }
}

static void even_spacing_is_seen(void **state)
{
    (void)state;
    double x[5] = {0, 0.5, 1, 1.5, 2}, y[5] = {0};
    assert_true(mcd_gp_data(5, 1, x, y, 1e-6).spacing == 0.5);
    assert_true(mcd_gp_data(5, 1, x, y, 0).spacing == 0);
    x[2] += 2e-6;
    struct mcd_gp_data d = mcd_gp_data(5, 1, x, y, 1e-6);
    assert_true(d.spacing == 0 && fabs(d.deviation - 4e-6) < 1e-12);
    assert_true(mcd_gp_data(5, 1, x, y, 1e-5).spacing == 0.5);
    for (int i = 0; i < 5; i++)
        x[i] = -i;
    assert_true(mcd_gp_data(5, 1, x, y, 1e-6).spacing == -1);
    assert_true(mcd_gp_data(2, 1, x, y, 1e-6).spacing == 0);
    assert_true(mcd_gp_data(2, 2, x, y, 1e-6).spacing == 0);
    memset(x, 0, sizeof x);
    assert_true(mcd_gp_data(5, 1, x, y, 1e-6).spacing == 0);
}

/* Both paths, all kernels, around the mode and where conditioning still allows it. */
static void paths_agree(void **state)
{
    (void)state;
    static const double points[][3] = {
        {0.0302, 1.121, 0.1011}, {0.66, 0.52, 0.93}, {0.01, 3, 0.3}, {0.05, 1, 0.03}, {2, 1, 0.5}};
    for (int k = MCD_GP_SE; k <= MCD_GP_MATERN52; k++)
        for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
            struct mcd_gp_problem p = co2_problem(host, FEW, k);
            const double *q = at(points[i][0], points[i][1], points[i][2]);
            struct answer t = evaluate(&p, MCD_GP_TOEPLITZ, q), d = evaluate(&p, MCD_GP_DENSE, q);
            assert_true(fabs(t.value - d.value) < 1e-10 * fabs(d.value));
            double most = fabs(d.grad[0]) + fabs(d.grad[1]) + fabs(d.grad[2]);
            for (int j = 0; j < MCD_GP_PARAMS; j++)
                assert_true(fabs(t.grad[j] - d.grad[j]) < 1e-9 * (1 + most));
        }
}

static void descending_inputs_are_the_same(void **state)
{
    (void)state;
    double x[FEW], y[FEW];
    for (int i = 0; i < FEW; i++) {
        x[i] = co2_x[FEW - 1 - i];
        y[i] = co2_y[FEW - 1 - i];
    }
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE), r = p;
    r.data = mcd_gp_data(FEW, 1, x, y, 1e-6);
    assert_true(r.data.spacing < 0);
    const double *q = at(0.04, 1, 0.2);
    assert_true(fabs(evaluate(&p, MCD_GP_TOEPLITZ, q).value -
                     evaluate(&r, MCD_GP_TOEPLITZ, q).value) < 1e-10);
}

/* How far a gradient is from central differences of its value, relative to its largest element. */
typedef struct answer (*evaluator)(const struct mcd_gp_problem *, enum mcd_gp_path, const double *);

static double gradient_error(evaluator f, const struct mcd_gp_problem *p, enum mcd_gp_path path,
                             const double *q)
{
    static const double H = 1e-3; /* of a formula of order 4 */
    struct answer a = f(p, path, q);
    double worst = 0, most = 1;
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        double to[MCD_GP_PARAMS], v[4];
        for (int s = 0; s < 4; s++) {
            static const int steps[] = {-2, -1, 1, 2};
            memcpy(to, q, sizeof to);
            to[i] += steps[s] * H;
            v[s] = f(p, path, to).value;
        }
        double difference = (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * H);
        worst = fmax(worst, fabs(difference - a.grad[i]));
        most = fmax(most, fabs(a.grad[i]));
    }
    return worst / most;
}

static void gradients_are_those_of_the_value(void **state)
{
    (void)state;
    for (int k = MCD_GP_SE; k <= MCD_GP_MATERN52; k++) {
        struct mcd_gp_problem p = co2_problem(host, FEW, k);
        double q[2][MCD_GP_PARAMS];
        memcpy(q[0], at(0.0302, 1.121, 0.1011), sizeof q[0]);
        memcpy(q[1], at(0.2, 0.7, 0.4), sizeof q[1]);
        for (int i = 0; i < 2; i++) {
            assert_true(gradient_error(evaluate, &p, MCD_GP_TOEPLITZ, q[i]) < 1e-7);
            assert_true(gradient_error(evaluate, &p, MCD_GP_DENSE, q[i]) < 1e-7);
        }
    }
}

/* Planted errors, one at a time: what the check above must see. */
static int planted;

static struct answer mutated(const struct mcd_gp_problem *p, enum mcd_gp_path path, const double *q)
{
    struct answer a = evaluate(p, path, q);
    if (planted < MCD_GP_PARAMS)
        a.grad[planted] = -a.grad[planted];
    else if (planted == MCD_GP_PARAMS)
        a.grad[MCD_GP_ETA] *= 0.5; /* by eta^2 instead of eta */
    else
        a.grad[MCD_GP_L] += 1; /* a forgotten Jacobian */
    return a;
}

static void wrong_gradients_are_caught(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    double q[MCD_GP_PARAMS];
    memcpy(q, at(0.05, 0.7, 0.4), sizeof q);
    for (planted = 0; planted < MCD_GP_PARAMS + 2; planted++)
        assert_true(gradient_error(mutated, &p, MCD_GP_TOEPLITZ, q) > 1e-3);
}

/* Two columns: the general path on what no recursion can do, against a 2 x 2 by hand. */
static void several_columns(void **state)
{
    (void)state;
    static const double x[] = {0, 0, 3, 4}, y[] = {1, -2};
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_MATERN32);
    p.data = mcd_gp_data(2, 2, x, y, 1e-6);
    double d = 5, c, s2 = 0.25, e2 = 4;
    mcd_gp_correlate(MCD_GP_MATERN32, 1, &d, 2, &c);
    double a = e2 + s2, b = e2 * c, det = a * a - b * b;
    double expected = -0.5 * ((a * 1 + 2 * b * 2 + a * 4) / det + log(det)) - log(2 * M_PI);
    assert_true(fabs(evaluate(&p, MCD_GP_AUTO, at(2, 2, 0.5)).value - expected) < 1e-13);
    assert_true(gradient_error(evaluate, &p, MCD_GP_AUTO, at(2, 2, 0.5)) < 1e-7);
}

static void singular_covariances_are_refused(void **state)
{
    (void)state;
    double x[] = {0, 0, 1}, y[] = {1, 1, 1}, value, q[] = {0, 0, -INFINITY}; /* sigma = 0 */
    struct mcd_gp_problem p = co2_problem(host, 20, MCD_GP_SE);
    struct mcd_gp_likelihood *w;
    struct mcd_error e = {0};
    p.data = mcd_gp_data(3, 1, x, y, 1e-6);
    assert_ok(mcd_gp_likelihood_create(host, &p.data, &p.algebra, p.kernel, &w, &e), e);
    assert_int_equal(mcd_gp_likelihood_at(w, MCD_GP_AUTO, q, &value, NULL, &e), MCD_INVALID);
    assert_non_null(strstr(e.text, "not positive definite"));
    mcd_gp_likelihood_destroy(w);
    double r[] = {1, 1, 1}, room[12];
    struct mcd_toeplitz t = {room, room + 3, room + 6, 0, 0};
    assert_int_equal(mcd_toeplitz_solve(3, r, y, &t), 2);
    r[0] = -1;
    assert_int_equal(mcd_toeplitz_solve(3, r, y, &t), 1);
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, 20, MCD_GP_SE);
    struct mcd_gp_likelihood *w;
    double value;
    for (uint64_t k = 1; k <= 3; k++) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        int status = mcd_gp_likelihood_create(host, &p.data, &p.algebra, p.kernel, &w, &e);
        if (!status)
            status = mcd_gp_likelihood_at(w, MCD_GP_DENSE, at(1, 1, 1), &value, NULL, &e);
        assert_int_equal(status, MCD_NOMEM);
        assert_int_equal(e.code, MCD_NOMEM);
        mcd_gp_likelihood_destroy(w);
    }
    mcd_host_fail_at(host, 0);
}

static void bands_are_those_of_the_inverse(void **state)
{
    (void)state;
    enum { N = 41 };
    double r[N], first[N], solution[N], room[2 * N], k[N * N], band[N * N];
    for (int i = 0; i < N; i++)
        r[i] = exp(-0.1 * i * i) + (i == 0 ? 0.05 : 0);
    for (int i = 0; i < N * N; i++)
        k[i] = r[abs(i / N - i % N)];
    struct mcd_toeplitz t = {first, solution, room, 0, 0};
    assert_int_equal(mcd_toeplitz_solve(N, r, co2_y, &t), 0);
    assert_int_equal(mcd_reference_linalg.potrf(NULL, N, k, NULL), MCD_OK);
    assert_int_equal(mcd_reference_linalg.potri(NULL, N, k, NULL), MCD_OK);
    for (int width = 1; width <= N; width += 8) {
        mcd_toeplitz_band(N, first, width, band);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < width; j++)
                assert_true(i + j < N ? fabs(band[i * width + j] - k[(i + j) * N + i]) < 1e-10
                                      : band[i * width + j] == 0);
    }
}

#if defined __SIZEOF_FLOAT128__ && defined __x86_64__
typedef __float128 quad;

/* Newton from double precision. */
static quad quad_root(quad x)
{
    quad y = sqrt((double)x);
    y = (y + x / y) / 2;
    return (y + x / y) / 2;
}

/* log of a product, scaled so that it stays in range: 64 bits of log are enough. */
static long double quad_log(quad x)
{
    return logl((long double)x);
}

/* Value and gradient by log sigma of the covariance that doubles hold, in 113 bits. */
static void quad_answer(int n, const double *r, const double *y, double noise, struct answer *out)
{
    static quad l[FEW][FEW], v[FEW][FEW];
    quad a[FEW], form = 0, trace = 0, square = 0;
    long double log_determinant = 0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            quad sum = r[i - j];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? quad_root(sum) : sum / l[j][j];
        }
        log_determinant += 2 * quad_log(l[i][i]);
        a[i] = y[i];
        for (int k = 0; k < i; k++)
            a[i] -= l[i][k] * a[k];
        a[i] /= l[i][i];
        form += a[i] * a[i];
    }
    for (int c = 0; c < n; c++)
        for (int i = c; i < n; i++) {
            v[i][c] = i == c;
            for (int k = c; k < i; k++)
                v[i][c] -= l[i][k] * v[k][c];
            v[i][c] /= l[i][i];
            trace += v[i][c] * v[i][c];
        }
    for (int c = 0; c < n; c++) {
        quad z = 0;
        for (int i = c; i < n; i++)
            z += v[i][c] * a[i];
        square += z * z;
    }
    out->value = (double)(-0.5L * ((long double)form + log_determinant + n * logl(2 * M_PIl)));
    out->grad[MCD_GP_SIGMA] = (double)(noise * (square - trace));
    out->grad[MCD_GP_ETA] = (double)(form - n) - out->grad[MCD_GP_SIGMA];
}

static struct answer exact(const struct mcd_gp_problem *p, const double *q)
{
    double r[FEW], eta2 = exp(q[MCD_GP_ETA]) * exp(q[MCD_GP_ETA]);
    double noise = exp(q[MCD_GP_SIGMA]) * exp(q[MCD_GP_SIGMA]);
    struct answer a;
    for (int i = 0; i < FEW; i++)
        r[i] = i * fabs(p->data.spacing);
    mcd_gp_correlate(p->kernel, FEW, r, exp(q[MCD_GP_L]), r);
    for (int i = 0; i < FEW; i++)
        r[i] = eta2 * r[i] + (i == 0 ? noise : 0);
    quad_answer(FEW, r, p->data.y, noise, &a);
    return a;
}

static double off(const struct answer *a, const struct answer *b)
{
    double size = fabs(b->value) + fabs(b->grad[MCD_GP_ETA]) + fabs(b->grad[MCD_GP_SIGMA]);
    return (fabs(a->value - b->value) + fabs(a->grad[MCD_GP_ETA] - b->grad[MCD_GP_ETA]) +
            fabs(a->grad[MCD_GP_SIGMA] - b->grad[MCD_GP_SIGMA])) /
           size;
}

/*
 * From easy to hopeless: what AUTO takes stays within the condition's share of rounding, and where
 * the recursion has lost more than that, it is no longer taken.
 */
static void the_better_path_is_taken(void **state)
{
    (void)state;
    static const double lengths[] = {0.02, 0.1, 0.3, 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (double sigma = 1; sigma > 3e-5; sigma /= 10) {
            struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
            double q[MCD_GP_PARAMS], condition = FEW / sigma / sigma;
            memcpy(q, at(lengths[i], 1, sigma), sizeof q);
            struct answer truth = exact(&p, q), taken = evaluate(&p, MCD_GP_AUTO, q);
            struct answer dense = evaluate(&p, MCD_GP_DENSE, q);
            assert_true(off(&dense, &truth) < 1e-14 + condition * 1e-16);
            assert_true(off(&taken, &truth) < fmax(1e-9, condition * 1e-16));
        }
}

/* The recursion really is worse there: if this fails, MCD_GP_CONDITION can go. */
static void the_recursion_is_worse_at_the_edge(void **state)
{
    (void)state;
    struct mcd_gp_problem p = co2_problem(host, FEW, MCD_GP_SE);
    double q[MCD_GP_PARAMS];
    memcpy(q, at(0.3, 1, 1e-4), sizeof q);
    struct answer truth = exact(&p, q);
    struct answer t = evaluate(&p, MCD_GP_TOEPLITZ, q), d = evaluate(&p, MCD_GP_DENSE, q);
    print_message("# l = 0.3, sigma = 1e-4: Toeplitz is off by %.1e, Cholesky by %.1e\n",
                  off(&t, &truth), off(&d, &truth));
    assert_true(off(&t, &truth) > 5 * off(&d, &truth));
}
#endif

static int setup(void **state)
{
    (void)state;
    co2_load();
    return group_host_open(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_fall_from_one),
        cmocka_unit_test(kernels_have_their_values),
        cmocka_unit_test(even_spacing_is_seen),
        cmocka_unit_test(paths_agree),
        cmocka_unit_test(descending_inputs_are_the_same),
        cmocka_unit_test(gradients_are_those_of_the_value),
        cmocka_unit_test(wrong_gradients_are_caught),
        cmocka_unit_test(several_columns),
        cmocka_unit_test(singular_covariances_are_refused),
        cmocka_unit_test(failed_allocations_leave_nothing),
        cmocka_unit_test(bands_are_those_of_the_inverse),
#if defined __SIZEOF_FLOAT128__ && defined __x86_64__
        cmocka_unit_test(the_better_path_is_taken),
        cmocka_unit_test(the_recursion_is_worse_at_the_edge),
#endif
    };
    return cmocka_run_group_tests(tests, setup, group_host_close);
}
