/*
 * Linear algebra of a backend: what a Gaussian process needs of dense matrices, in double
 * precision, whatever the type of the backend's kernels is.
 *
 * A backend that has it says so in mcd_backend.linalg; `self` is the backend's. Matrices are
 * row-major without gaps between rows, in host memory of the caller, 8-byte aligned, and do not
 * overlap. Extents are 1 or more. Calls come from several threads at once, also from within
 * host->parallel, and run on the calling thread. The same arguments give the same bits. A size that
 * the library cannot count is MCD_UNSUPPORTED, with the matrices unchanged; NaN in gives NaN out or
 * MCD_INVALID.
 */
#ifndef MCDROP_LINALG_H
#define MCDROP_LINALG_H

#include <mcdrop/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Names and order of the arguments follow LAPACK and BLAS. */
struct mcd_linalg {
    uint32_t size;

    /*
     * The lower triangle of a[n][n] becomes L with a = L L^T; what lies above is not read and not
     * changed. MCD_INVALID if the matrix is not positive definite to rounding: a is then undefined.
     * Nothing is ever added to the diagonal.
     */
    int (*potrf)(void *self, int64_t n, double *a, struct mcd_error *);

    /*
     * The lower triangle L of a[n][n] becomes the lower triangle of the inverse of L L^T; the rest
     * is not read and not changed. A diagonal element of 0 is
     * MCD_INVALID or gives what is not finite.
     */
    int (*potri)(void *self, int64_t n, double *a, struct mcd_error *);

    /* b[n][m] becomes L^-1 b, with `transposed` L^-T b; L is the lower triangle of l[n][n]. */
    int (*trsm)(void *self, int transposed, int64_t n, int64_t m, const double *l, double *b,
                struct mcd_error *);

    /* c[m][n] = alpha a[k][m]^T b[k][n] + beta c; with beta = 0 the old c is not read. */
    int (*gemm)(void *self, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                const double *b, double beta, double *c, struct mcd_error *);
};

#ifdef __cplusplus
}
#endif
#endif
