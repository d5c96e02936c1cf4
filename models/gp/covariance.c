/* Dense covariance of the rows: any inputs, O(n^3). */
#include "covariance.h"

#include "likelihood.h"

#include <math.h>
#include <string.h>

struct mcd_gp_theta mcd_gp_theta(const double *q)
{
    return (struct mcd_gp_theta){exp(q[MCD_GP_L]), exp(q[MCD_GP_ETA]), exp(q[MCD_GP_SIGMA])};
}

void mcd_gp_covariance(const struct mcd_gp_data *d, enum mcd_gp_kernel kernel,
                       struct mcd_gp_theta t, double *k)
{
    for (int64_t i = 0; i < d->rows; i++) {
        double *row = k + i * d->rows;
        mcd_gp_distances(i + 1, d->columns, d->x, d->x + i * d->columns, row);
        mcd_gp_correlate(kernel, i + 1, row, t.l, row);
        for (int64_t j = 0; j <= i; j++)
            row[j] *= t.eta * t.eta;
        row[i] += t.sigma * t.sigma;
    }
}

int mcd_gp_factor(const struct mcd_gp_data *d, const struct mcd_gp_algebra *algebra,
                  enum mcd_gp_kernel kernel, struct mcd_gp_theta t, double *k, double *alpha,
                  double *log_determinant, struct mcd_error *e)
{
    const struct mcd_linalg *f = algebra->table;
    mcd_gp_covariance(d, kernel, t, k);
    int status = f->potrf(algebra->self, d->rows, k, e);
    if (status)
        return status;
    memcpy(alpha, d->y, (size_t)d->rows * sizeof *alpha);
    status = f->trsm(algebra->self, 0, d->rows, 1, k, alpha, e);
    if (!status)
        status = f->trsm(algebra->self, 1, d->rows, 1, k, alpha, e);
    *log_determinant = 0;
    for (int64_t i = 0; i < d->rows; i++)
        *log_determinant += 2 * log(k[i * d->rows + i]);
    return status;
}
