/* The Hessian by central differences of the gradient, and the inverse root of its negative. */
#include "laplace.h"

#include "metric.h"

#include <math.h>
#include <string.h>

/* Error of the differences: h^2 of the third derivative, and rounding of the gradient over h. */
static const double STEP = 1e-4;

static int negative_hessian(const struct mcd_target *t, const double *q, double *out)
{
    double at[MCD_LAPLACE_MAX], up[MCD_LAPLACE_MAX], down[MCD_LAPLACE_MAX];
    uint32_t dim = t->dim;
    memcpy(at, q, dim * sizeof *at);
    for (uint32_t i = 0; i < dim; i++) {
        at[i] = q[i] + STEP;
        int finite = isfinite(t->density(t->arg, at, up)) != 0;
        at[i] = q[i] - STEP;
        if (!finite || !isfinite(t->density(t->arg, at, down)))
            return -1;
        at[i] = q[i];
        for (uint32_t j = 0; j < dim; j++)
            out[i * dim + j] = (down[j] - up[j]) / (2 * STEP);
    }
    for (uint32_t i = 0; i < dim; i++)
        for (uint32_t j = 0; j < i; j++)
            out[i * dim + j] = out[j * dim + i] = 0.5 * (out[i * dim + j] + out[j * dim + i]);
    return 0;
}

int mcd_laplace(const struct mcd_target *t, const double *q, struct mcd_laplace *out)
{
    double hessian[MCD_LAPLACE_MAX * MCD_LAPLACE_MAX], l[MCD_LAPLACE_MAX * MCD_LAPLACE_MAX];
    uint32_t dim = t->dim;
    out->dim = dim;
    memcpy(out->mode, q, dim * sizeof *q);
    out->log_density = t->density(t->arg, q, l);
    if (!isfinite(out->log_density) || negative_hessian(t, q, hessian) ||
        mcd_cholesky(dim, hessian, l))
        return -1;
    struct mcd_metric inverse = {dim, 1, hessian, l};
    double unit[MCD_LAPLACE_MAX] = {0}, column[MCD_LAPLACE_MAX];
    out->log_determinant = 0;
    for (uint32_t j = 0; j < dim; j++) { /* root = L^-T, column by column */
        unit[j] = 1;
        mcd_metric_momentum(&inverse, unit, column);
        unit[j] = 0;
        out->log_determinant -= log(l[j * dim + j]);
        for (uint32_t i = 0; i < dim; i++)
            out->root[i * dim + j] = column[i];
    }
    return 0;
}

void mcd_laplace_point(const struct mcd_laplace *a, const double *z, double *q)
{
    for (uint32_t i = 0; i < a->dim; i++) {
        q[i] = a->mode[i];
        for (uint32_t j = 0; j < a->dim; j++)
            q[i] += a->root[i * a->dim + j] * z[j];
    }
}
