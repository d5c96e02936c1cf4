/* Diagonal and dense metrics of a few dimensions. */
#include "metric.h"

#include <math.h>
#include <string.h>

uint32_t mcd_metric_size(uint32_t dim, int dense)
{
    return dense ? dim * dim : dim;
}

void mcd_metric_unit(struct mcd_metric *m)
{
    uint32_t size = mcd_metric_size(m->dim, m->dense);
    memset(m->covariance, 0, size * sizeof *m->covariance);
    for (uint32_t i = 0; i < m->dim; i++)
        m->covariance[m->dense ? i * m->dim + i : i] = 1;
    mcd_metric_factor(m);
}

int mcd_cholesky(uint32_t n, const double *a, double *l)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double sum = a[i * n + j];
            for (uint32_t k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            if (j == i && !(sum > 0))
                return -1;
            l[i * n + j] = j > i ? 0 : j == i ? sqrt(sum) : sum / l[j * n + j];
        }
    return 0;
}

int mcd_metric_factor(struct mcd_metric *m)
{
    if (m->dense)
        return mcd_cholesky(m->dim, m->covariance, m->factor);
    for (uint32_t i = 0; i < m->dim; i++) {
        if (!(m->covariance[i] > 0))
            return -1;
        m->factor[i] = sqrt(m->covariance[i]);
    }
    return 0;
}

double mcd_metric_velocity(const struct mcd_metric *m, const double *p, double *velocity)
{
    double twice = 0;
    for (uint32_t i = 0; i < m->dim; i++) {
        velocity[i] = m->dense ? 0 : m->covariance[i] * p[i];
        for (uint32_t j = 0; m->dense && j < m->dim; j++)
            velocity[i] += m->covariance[i * m->dim + j] * p[j];
        twice += p[i] * velocity[i];
    }
    return 0.5 * twice;
}

void mcd_metric_momentum(const struct mcd_metric *m, const double *z, double *p)
{
    for (uint32_t i = m->dim; i-- > 0;) { /* L^T p = z from the last row up */
        double sum = z[i];
        for (uint32_t j = i + 1; m->dense && j < m->dim; j++)
            sum -= m->factor[j * m->dim + i] * p[j];
        p[i] = sum / m->factor[m->dense ? i * m->dim + i : i];
    }
}

void mcd_metric_offset(const struct mcd_metric *m, const double *z, double *offset)
{
    for (uint32_t i = 0; i < m->dim; i++) {
        offset[i] = m->dense ? 0 : m->factor[i] * z[i];
        for (uint32_t j = 0; m->dense && j <= i; j++)
            offset[i] += m->factor[i * m->dim + j] * z[j];
    }
}
