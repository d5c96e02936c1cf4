/* The linear algebra of every backend that has it, by definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/subject.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 70 };
static const int sizes[] = {1, 2, 3, 7, 16, 33, MOST};
#define EVERY_SIZE(n)                                                                              \
    size_t s = 0, n = 0;                                                                           \
    s < sizeof sizes / sizeof *sizes && (n = sizes[s]);                                            \
    s++

static struct mcd_subject backend;

/* Reproducible numbers in (-1, 1). */
static double number(uint32_t i)
{
    return 2 * mcd_uniform(mcd_philox(17, i, 0, 0, 0).w[0]) - 1;
}

static void fill(int count, uint32_t from, double *a)
{
    for (int i = 0; i < count; i++)
        a[i] = number(from + (uint32_t)i);
}

/* B B^T + I / 2. */
static void definite(int n, double *a)
{
    double b[MOST * MOST];
    fill(n * n, 1000, b);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i * n + j] = i == j ? 0.5 : 0;
            for (int k = 0; k < n; k++)
                a[i * n + j] += b[i * n + k] * b[j * n + k];
        }
}

static const struct mcd_linalg *table(void)
{
    assert_non_null(backend.api->linalg);
    assert_true(backend.api->linalg->size >= sizeof(struct mcd_linalg));
    return backend.api->linalg;
}

static void factors_and_leaves_the_rest(void **state)
{
    (void)state;
    static double a[MOST * MOST], l[MOST * MOST];
    for (EVERY_SIZE(n)) {
        definite((int)n, a);
        memcpy(l, a, sizeof a);
        assert_int_equal(table()->potrf(backend.self, (int64_t)n, l, NULL), MCD_OK);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k <= j && j <= i; k++)
                    sum += l[i * n + k] * l[j * n + k];
                assert_true(j <= i ? fabs(sum - a[i * n + j]) < 1e-12 * (double)n
                                   : l[i * n + j] == a[i * n + j]);
            }
    }
}

static void inverts(void **state)
{
    (void)state;
    static double a[MOST * MOST], v[MOST * MOST];
    for (EVERY_SIZE(n)) {
        definite((int)n, a);
        memcpy(v, a, sizeof a);
        assert_int_equal(table()->potrf(backend.self, (int64_t)n, v, NULL), MCD_OK);
        assert_int_equal(table()->potri(backend.self, (int64_t)n, v, NULL), MCD_OK);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k < n; k++)
                    sum += a[i * n + k] * (k >= j ? v[k * n + j] : v[j * n + k]);
                assert_true(fabs(sum - (i == j)) < 1e-10);
            }
    }
}

/* L b = what b was, or L^T b. */
static void solves(void **state)
{
    (void)state;
    static double l[MOST * MOST], b[MOST * MOST], x[MOST * MOST];
    for (EVERY_SIZE(n))
        for (int m = 1; m < 20; m += 6)
            for (int transposed = 0; transposed < 2; transposed++) {
                definite((int)n, l);
                assert_int_equal(table()->potrf(backend.self, (int64_t)n, l, NULL), MCD_OK);
                fill((int)n * m, 7, b);
                memcpy(x, b, sizeof b);
                assert_int_equal(table()->trsm(backend.self, transposed, (int64_t)n, m, l, x, NULL),
                                 MCD_OK);
                for (size_t i = 0; i < n; i++)
                    for (int j = 0; j < m; j++) {
                        double sum = 0;
                        for (size_t k = 0; k < n; k++)
                            if (transposed ? k >= i : k <= i)
                                sum += l[transposed ? k * n + i : i * n + k] * x[k * (size_t)m + j];
                        assert_true(fabs(sum - b[i * (size_t)m + j]) < 1e-11 * (double)n);
                    }
            }
}

static void multiplies(void **state)
{
    (void)state;
    enum { M = 5, N = 9, K = 13 };
    double a[K * M], b[K * N], c[M * N], old[M * N];
    fill(K * M, 100, a);
    fill(K * N, 300, b);
    for (int beta = 0; beta < 3; beta++) {
        for (int i = 0; i < M * N; i++)
            old[i] = c[i] = beta ? number((uint32_t)i) : NAN;
        assert_int_equal(table()->gemm(backend.self, M, N, K, -1.5, a, b, beta, c, NULL), MCD_OK);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) {
                double sum = beta ? beta * old[i * N + j] : 0;
                for (int k = 0; k < K; k++)
                    sum -= 1.5 * a[k * M + i] * b[k * N + j];
                assert_true(fabs(sum - c[i * N + j]) < 1e-13 * K);
            }
    }
}

static void refuses_what_is_not_definite(void **state)
{
    (void)state;
    double indefinite[4] = {1, 0, 2, 1}, undefined[4] = {NAN, 0, 0, 1};
    struct mcd_error e = {0};
    assert_int_equal(table()->potrf(backend.self, 2, indefinite, &e), MCD_INVALID);
    assert_int_equal(e.code, MCD_INVALID);
    assert_non_null(strstr(e.text, "not positive definite"));
    assert_non_null(strstr(e.text, "order 2"));
    assert_int_equal(table()->potrf(backend.self, 2, undefined, NULL), MCD_INVALID);
}

static int open_named(void **state, const char *name)
{
    struct mcd_error e = {0};
    (void)state;
    return mcd_subject_open(name, 2, &backend, &e);
}

static int open_reference(void **state)
{
    return open_named(state, "reference");
}

static int open_openblas(void **state)
{
    return open_named(state, "openblas");
}

static int close_backend(void **state)
{
    (void)state;
    return mcd_subject_close(&backend) != 0;
}

#define WITH(test, open) cmocka_unit_test_setup_teardown(test, open, close_backend)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(factors_and_leaves_the_rest, open_reference),
        WITH(inverts, open_reference),
        WITH(solves, open_reference),
        WITH(multiplies, open_reference),
        WITH(refuses_what_is_not_definite, open_reference),
        WITH(factors_and_leaves_the_rest, open_openblas),
        WITH(inverts, open_openblas),
        WITH(solves, open_openblas),
        WITH(multiplies, open_openblas),
        WITH(refuses_what_is_not_definite, open_openblas),
    };
    struct mcd_subject probe;
    size_t count = sizeof tests / sizeof *tests / 2;
    if (mcd_subject_open("openblas", 1, &probe, NULL) == MCD_OK && mcd_subject_close(&probe) == 0)
        count *= 2;
    return _cmocka_run_group_tests("linalg", tests, count, NULL, NULL);
}
