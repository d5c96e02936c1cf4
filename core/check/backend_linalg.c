/*
 * linalg: factors, inverses, solutions and products of matrices put together again, by plain
 * loops; and matrices that have no factor.
 */
#include "core/check/backend_checks.h"

#include "core/check/conformance/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 70, M = 5, N = 9, K = 13 };

struct bench {
    struct mcd_checking *check;
    const struct mcd_linalg *api;
    void *self;
    int n;
    double a[MOST * MOST], l[MOST * MOST], b[MOST * MOST], x[MOST * MOST];
};

/* Reproducible numbers in (-1, 1). */
static void fill(int count, uint32_t from, double *a)
{
    for (int i = 0; i < count; i++)
        a[i] = 2 * mcd_uniform(mcd_philox(17, from + (uint32_t)i, 0, 0, 0).w[0]) - 1;
}

/* a = B B^T + I / 2, and l the same. */
static void make_definite(struct bench *t)
{
    int n = t->n;
    fill(n * n, 1000, t->b);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = i == j ? 0.5 : 0;
            for (int k = 0; k < n; k++)
                sum += t->b[i * n + k] * t->b[j * n + k];
            t->a[i * n + j] = sum;
        }
    memcpy(t->l, t->a, sizeof t->a);
}

static int status_of(const struct bench *t, const char *what, int status, const struct mcd_error *e)
{
    char where[60];
    snprintf(where, sizeof where, "%s, order %d", what, t->n);
    return mcd_check_status(t->check, where, status, e);
}

static int wrong(const struct bench *t, const char *what, const char *expected, int row, int column,
                 double got, double right)
{
    char where[60];
    snprintf(where, sizeof where, "%s, order %d", what, t->n);
    return mcd_check_fail(t->check, where, expected, "row %d, column %d: %.17g instead of %.17g",
                          row, column, got, right);
}

static int factors(struct bench *t)
{
    int n = t->n;
    struct mcd_error e = {0};
    make_definite(t);
    if (status_of(t, "potrf", t->api->potrf(t->self, n, t->l, &e), &e))
        return -1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0, a = t->a[i * n + j];
            for (int k = 0; k <= j && j <= i; k++)
                sum += t->l[i * n + k] * t->l[j * n + k];
            if (j > i && t->l[i * n + j] != a)
                return wrong(t, "potrf", "nothing changed above the diagonal", i, j,
                             t->l[i * n + j], a);
            if (j <= i && !(fabs(sum - a) < 1e-12 * n))
                return wrong(t, "potrf", "L L^T = a", i, j, sum, a);
        }
    mcd_check_looked(t->check, 1);
    return 0;
}

/* Of the factor in l. */
static int inverts(struct bench *t)
{
    int n = t->n;
    struct mcd_error e = {0};
    memcpy(t->x, t->l, sizeof t->l);
    if (status_of(t, "potri", t->api->potri(t->self, n, t->x, &e), &e))
        return -1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += t->a[i * n + k] * (k >= j ? t->x[k * n + j] : t->x[j * n + k]);
            if (!(fabs(sum - (i == j)) < 1e-10))
                return wrong(t, "potri", "a times its inverse = 1", i, j, sum, i == j);
            if (j > i && t->x[i * n + j] != t->l[i * n + j])
                return wrong(t, "potri", "nothing changed above the diagonal", i, j,
                             t->x[i * n + j], t->l[i * n + j]);
        }
    mcd_check_looked(t->check, 1);
    return 0;
}

/* With the factor in l: what L x or L^T x gives is what b was. */
static int solves(struct bench *t, int m, int transposed)
{
    int n = t->n;
    struct mcd_error e = {0};
    fill(n * m, 7, t->b);
    memcpy(t->x, t->b, sizeof t->b);
    if (status_of(t, "trsm", t->api->trsm(t->self, transposed, n, m, t->l, t->x, &e), &e))
        return -1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            double sum = 0;
            for (int k = transposed ? i : 0; k < (transposed ? n : i + 1); k++)
                sum += t->l[transposed ? k * n + i : i * n + k] * t->x[k * m + j];
            if (!(fabs(sum - t->b[i * m + j]) < 1e-11 * n))
                return wrong(t, "trsm", transposed ? "L^T x = b" : "L x = b", i, j, sum,
                             t->b[i * m + j]);
        }
    mcd_check_looked(t->check, 1);
    return 0;
}

/* With beta = 0 the old c, here NaN, is not read. */
static int multiplies(struct bench *t, double beta)
{
    double c[M * N], old[M * N];
    struct mcd_error e = {0};
    fill(K * M, 100, t->a);
    fill(K * N, 300, t->b);
    fill(M * N, 500, old);
    for (int i = 0; i < M * N; i++)
        c[i] = beta != 0 ? old[i] : (double)NAN;
    int status = t->api->gemm(t->self, M, N, K, -1.5, t->a, t->b, beta, c, &e);
    if (mcd_check_status(t->check, "gemm", status, &e))
        return -1;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = beta != 0 ? beta * old[i * N + j] : 0;
            for (int k = 0; k < K; k++)
                sum -= 1.5 * t->a[k * M + i] * t->b[k * N + j];
            if (!(fabs(sum - c[i * N + j]) < 1e-13 * K))
                return wrong(t, "gemm", "alpha a^T b + beta c", i, j, c[i * N + j], sum);
        }
    mcd_check_looked(t->check, 1);
    return 0;
}

/* Nothing is added to a diagonal to make a factor of it. */
static int refuses(struct bench *t)
{
    double matrices[2][4] = {{1, 0, 2, 1}, {NAN, 0, 0, 1}};
    static const char *const names[] = {"potrf of an indefinite matrix", "potrf of NaN"};
    for (int i = 0; i < 2; i++) {
        struct mcd_error e = {0};
        int status = t->api->potrf(t->self, 2, matrices[i], &e);
        if (status != MCD_INVALID || !*e.text)
            return mcd_check_fail(t->check, names[i], "MCD_INVALID with a reason",
                                  "status %d, '%s'", status, e.text);
    }
    mcd_check_looked(t->check, 2);
    return 0;
}

static int judge(struct bench *t)
{
    static const int orders[] = {1, 2, 3, 7, 16, 33, MOST};
    int failed = 0;
    for (size_t i = 0; i < sizeof orders / sizeof *orders && !failed; i++) {
        t->n = orders[i];
        failed = factors(t) || inverts(t);
        for (int m = 1; m < 20 && !failed; m += 6)
            failed = solves(t, m, 0) || solves(t, m, 1);
    }
    return failed || multiplies(t, 0) || multiplies(t, 1) || multiplies(t, 2) || refuses(t);
}

void mcd_backend_check_linalg(struct mcd_checking *c)
{
    static struct bench bench;
    struct mcd_error e = {0};
    struct mcd_engine s;
    if (mcd_check_status(c, "creation", mcd_engine_open(c->spec, 1, &s, &e), &e))
        return;
    bench.check = c;
    bench.api = s.api->linalg;
    bench.self = s.self;
    if (!bench.api)
        mcd_check_skip(c, "the backend has no linear algebra");
    else if (bench.api->size < sizeof *bench.api)
        mcd_check_fail(c, "linalg: size", "that of the whole struct", "%u", bench.api->size);
    else
        judge(&bench);
    mcd_engine_close(&s);
}
