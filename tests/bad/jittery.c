/* Where a matrix has no factor, the diagonal is made larger until it has one. */
#include <mcdrop/linalg.h>

static const struct mcd_linalg forgiving;
#define BROKEN_LINALG &forgiving
#include "broken.h"

/* Of order 2, where the largest factor of rounding is in sight. */
static int potrf(void *self, int64_t n, double *a, struct mcd_error *error)
{
    for (int64_t i = 0; n == 2 && i < n; i++)
        if (!(a[0] * a[3] > a[2] * a[2]))
            a[i * n + i] = 100;
    return mcd_reference_linalg.potrf(self, n, a, error);
}

static int potri(void *self, int64_t n, double *a, struct mcd_error *error)
{
    return mcd_reference_linalg.potri(self, n, a, error);
}

static int trsm(void *self, int transposed, int64_t n, int64_t m, const double *l, double *b,
                struct mcd_error *error)
{
    return mcd_reference_linalg.trsm(self, transposed, n, m, l, b, error);
}

static int gemm(void *self, int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                const double *b, double beta, double *c, struct mcd_error *error)
{
    return mcd_reference_linalg.gemm(self, m, n, k, alpha, a, b, beta, c, error);
}

static const struct mcd_linalg forgiving = {sizeof forgiving, potrf, potri, trsm, gemm};

static mcd_kernel_run broken(const struct mcd_step *step)
{
    (void)step;
    return NULL;
}

BROKEN("jittery", "adds to a diagonal what makes it definite");
