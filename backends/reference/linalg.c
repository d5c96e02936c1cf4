/* Linear algebra in plain loops over rows; one thread, any size. Needs no memory and no `self`. */
#include "linalg.h"

#include <math.h>
#include <stdio.h>

static double dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y += a x */
static void axpy(int64_t n, double a, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void scale(int64_t n, double a, double *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] *= a;
}

/* The host's `fail` is not at hand; the first failure stays, as everywhere. */
static int not_positive(struct mcd_error *e, int64_t minor)
{
    if (!e || e->code)
        return MCD_INVALID;
    e->code = MCD_INVALID;
    snprintf(e->where, sizeof e->where, "potrf");
    snprintf(e->text, sizeof e->text,
             "the matrix is not positive definite: its leading minor of order %lld fails",
             (long long)minor);
    return MCD_INVALID;
}

/* Cholesky-Banachiewicz: row by row (Golub & Van Loan, Matrix Computations, 4.2.5). */
static int potrf(void *self, int64_t n, double *a, struct mcd_error *e)
{
    (void)self;
    for (int64_t i = 0; i < n; i++) {
        double *row = a + i * n;
        for (int64_t j = 0; j < i; j++)
            row[j] = (row[j] - dot(j, row, a + j * n)) / a[j * n + j];
        double pivot = row[i] - dot(i, row, row);
        if (!(pivot > 0)) /* NaN fails too */
            return not_positive(e, i + 1);
        row[i] = sqrt(pivot);
    }
    return MCD_OK;
}

/* L^-1 in place: row i is -1/L_ii times the sum over k < i of L_ik (row k of L^-1). */
static void invert_lower(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = a + i * n, inverse = 1 / row[i];
        for (int64_t k = 0; k < i; k++) {
            double l = row[k];
            row[k] = 0;
            axpy(k + 1, l, a + k * n, row);
        }
        scale(i, -inverse, row);
        row[i] = inverse;
    }
}

/* (L^-T L^-1)_ij sums over k >= i, so row i may be overwritten from the first to the last. */
static int potri(void *self, int64_t n, double *a, struct mcd_error *e)
{
    (void)self, (void)e;
    invert_lower(n, a);
    for (int64_t i = 0; i < n; i++) {
        scale(i + 1, a[i * n + i], a + i * n);
        for (int64_t k = i + 1; k < n; k++)
            axpy(i + 1, a[k * n + i], a + k * n, a + i * n);
    }
    return MCD_OK;
}

static int trsm(void *self, int transposed, int64_t n, int64_t m, const double *l, double *b,
                struct mcd_error *e)
{
    (void)self, (void)e;
    for (int64_t step = 0; step < n; step++) {
        int64_t i = transposed ? n - 1 - step : step;
        int64_t first = transposed ? i + 1 : 0, end = transposed ? n : i;
        for (int64_t k = first; k < end; k++)
            axpy(m, transposed ? -l[k * n + i] : -l[i * n + k], b + k * m, b + i * m);
        scale(m, 1 / l[i * n + i], b + i * m);
    }
    return MCD_OK;
}

static int gemm(void *self, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                const double *b, double beta, double *c, struct mcd_error *e)
{
    (void)self, (void)e;
    for (int64_t i = 0; i < m; i++) {
        double *row = c + i * n;
        for (int64_t j = 0; j < n; j++)
            row[j] = beta == 0 ? 0 : beta * row[j];
        for (int64_t p = 0; p < k; p++)
            axpy(n, alpha * a[p * m + i], b + p * n, row);
    }
    return MCD_OK;
}

const struct mcd_linalg mcd_reference_linalg = {sizeof mcd_reference_linalg, potrf, potri, trsm,
                                                gemm};
