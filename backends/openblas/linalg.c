/*
 * Linear algebra by OpenBLAS and LAPACK, in double precision. A lower triangle in rows is an upper
 * triangle in columns, so LAPACK works in place.
 */
#include "ops.h"
#include "single.h"

#include <cblas.h>
#include <lapacke.h>

static int not_positive(void *self, lapack_int minor, struct mcd_error *e)
{
    const struct mcd_cpu *cpu = self;
    return cpu->host->fail(e, MCD_INVALID, "potrf",
                           "the matrix is not positive definite: its leading minor of order %lld "
                           "fails",
                           (long long)minor);
}

/* LAPACK and BLAS count in int. */
static int too_large(void *self, int64_t n, struct mcd_error *e)
{
    const struct mcd_cpu *cpu = self;
    if (n <= INT32_MAX)
        return MCD_OK;
    return cpu->host->fail(e, MCD_UNSUPPORTED, "openblas", "a matrix of order %lld: at most 2^31",
                           (long long)n);
}

/* A NaN passes OpenBLAS's own test of the pivots. */
static int potrf(void *self, int64_t n, double *a, struct mcd_error *e)
{
    int status = too_large(self, n, e);
    if (status)
        return status;
    int before = mcd_single_enter();
    lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)n);
    mcd_single_leave(before);
    for (int64_t i = 0; info == 0 && i < n; i++)
        if (!(a[i * n + i] > 0))
            info = (lapack_int)(i + 1);
    return info ? not_positive(self, info, e) : MCD_OK;
}

static int potri(void *self, int64_t n, double *a, struct mcd_error *e)
{
    int status = too_large(self, n, e);
    if (status)
        return status;
    int before = mcd_single_enter();
    lapack_int info = LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)n);
    mcd_single_leave(before);
    return info ? not_positive(self, info, e) : MCD_OK;
}

static int trsm(void *self, int transposed, int64_t n, int64_t m, const double *l, double *b,
                struct mcd_error *e)
{
    int status = too_large(self, n > m ? n : m, e);
    if (status)
        return status;
    int before = mcd_single_enter();
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, transposed ? CblasTrans : CblasNoTrans,
                CblasNonUnit, (int)n, (int)m, 1, l, (int)n, b, (int)m);
    mcd_single_leave(before);
    return MCD_OK;
}

static int gemm(void *self, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                const double *b, double beta, double *c, struct mcd_error *e)
{
    int64_t most = m > n ? m : n;
    int status = too_large(self, most > k ? most : k, e);
    if (status)
        return status;
    int before = mcd_single_enter();
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)m,
                b, (int)n, beta, c, (int)n);
    mcd_single_leave(before);
    return MCD_OK;
}

const struct mcd_linalg mcd_openblas_linalg = {sizeof mcd_openblas_linalg, potrf, potri, trsm,
                                               gemm};
