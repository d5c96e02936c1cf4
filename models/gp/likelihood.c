/*
 * Log marginal likelihood (Rasmussen & Williams 2006, equation 5.8) and its gradient (5.9), dense
 * by Cholesky or, for evenly spaced inputs, by Levinson's recursion.
 */
#include "likelihood.h"

#include "covariance.h"
#include "toeplitz.h"

#include <math.h>

static const double LOG_2PI = 1.8378770664093454836;

struct mcd_gp_likelihood {
    const struct mcd_host *host;
    const struct mcd_gp_data *data;
    const struct mcd_gp_algebra *algebra;
    enum mcd_gp_kernel kernel;
    double *vectors; /* VECTORS of `rows`; for Toeplitz distance is made once */
    double *k;       /* [rows][rows], made when the dense path is first taken */
};

/* Places of the vectors; ROOM takes two. */
enum { DISTANCE = 0, CORRELATION, COVARIANCE, SLOPE, ALPHA, FIRST, ROOM, VECTORS = ROOM + 2 };

static double *vector(const struct mcd_gp_likelihood *w, int place)
{
    return w->vectors + place * w->data->rows;
}

int mcd_gp_likelihood_create(const struct mcd_host *host, const struct mcd_gp_data *data,
                             const struct mcd_gp_algebra *algebra, enum mcd_gp_kernel kernel,
                             struct mcd_gp_likelihood **out, struct mcd_error *e)
{
    struct mcd_gp_likelihood *w = host->alloc(host, sizeof *w);
    double *vectors = host->alloc(host, (size_t)data->rows * VECTORS * sizeof *vectors);
    *out = w;
    if (!w || !vectors) {
        host->release(host, w);
        host->release(host, vectors);
        *out = NULL;
        return host->fail(e, MCD_NOMEM, "gp", "out of memory for %lld rows", (long long)data->rows);
    }
    *w = (struct mcd_gp_likelihood){host, data, algebra, kernel, vectors, NULL};
    for (int64_t i = 0; i < data->rows; i++)
        vector(w, DISTANCE)[i] = (double)i * fabs(data->spacing);
    return MCD_OK;
}

void mcd_gp_likelihood_destroy(struct mcd_gp_likelihood *w)
{
    if (!w)
        return;
    w->host->release(w->host, w->vectors);
    w->host->release(w->host, w->k);
    w->host->release(w->host, w);
}

static double log_density(int64_t n, double form, double log_determinant)
{
    return -0.5 * (form + log_determinant + (double)n * LOG_2PI);
}

/*
 * By the chain rule from the derivatives by the covariance at each lag; `form` is y^T K^-1 y.
 *
 * K is homogeneous of degree 2 in (eta, sigma), so by Euler's theorem the derivatives by log eta
 * and log sigma add up to y^T K^-1 y - rows. Summing the first one itself would cancel badly where
 * sigma is small: it lost 1e-2 where this loses 1e-7.
 */
static void lag_gradient(const struct mcd_gp_likelihood *w, struct mcd_gp_theta t,
                         const double *by_lag, double form, double *grad)
{
    double *slope = vector(w, COVARIANCE), l = 0;
    mcd_gp_correlate_slope(w->kernel, w->data->rows, vector(w, DISTANCE), t.l,
                           vector(w, CORRELATION), slope);
    for (int64_t k = 0; k < w->data->rows; k++)
        l += by_lag[k] * slope[k];
    grad[MCD_GP_L] = t.eta * t.eta * l;
    grad[MCD_GP_SIGMA] = 2 * t.sigma * t.sigma * by_lag[0];
    grad[MCD_GP_ETA] = form - (double)w->data->rows - grad[MCD_GP_SIGMA];
}

static int toeplitz_at(const struct mcd_gp_likelihood *w, struct mcd_gp_theta t, double *value,
                       double *grad, struct mcd_error *e)
{
    int64_t n = w->data->rows;
    double *c = vector(w, CORRELATION), *r = vector(w, COVARIANCE);
    struct mcd_toeplitz s = {vector(w, FIRST), vector(w, ALPHA), vector(w, ROOM), 0, 0};
    mcd_gp_correlate(w->kernel, n, vector(w, DISTANCE), t.l, c);
    for (int64_t i = 0; i < n; i++)
        r[i] = t.eta * t.eta * c[i];
    r[0] += t.sigma * t.sigma;
    int64_t minor = mcd_toeplitz_solve(n, r, w->data->y, &s);
    if (minor)
        return w->host->fail(e, MCD_INVALID, "gp",
                             "the covariance is not positive definite to rounding: minor %lld",
                             (long long)minor);
    *value = log_density(n, s.form, s.log_determinant);
    if (grad) {
        mcd_toeplitz_slope(n, &s, vector(w, SLOPE));
        lag_gradient(w, t, vector(w, SLOPE), s.form, grad);
    }
    return MCD_OK;
}

/*
 * With G = alpha alpha^T - K^-1 the gradient is tr(G dK) / 2; K^-1 stands in the lower triangle,
 * where each element off the diagonal counts twice.
 */
static void dense_gradient(const struct mcd_gp_likelihood *w, struct mcd_gp_theta t, double form,
                           double *grad)
{
    const struct mcd_gp_data *d = w->data;
    double *c = vector(w, CORRELATION), *slope = vector(w, SLOPE), *alpha = vector(w, ALPHA);
    double *distance = vector(w, ROOM), l = 0, sigma = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        const double *inverse = w->k + i * d->rows;
        mcd_gp_distances(i, d->columns, d->x, d->x + i * d->columns, distance);
        mcd_gp_correlate(w->kernel, i, distance, t.l, c);
        mcd_gp_correlate_slope(w->kernel, i, distance, t.l, c, slope);
        for (int64_t j = 0; j < i; j++)
            l += (alpha[i] * alpha[j] - inverse[j]) * slope[j];
        sigma += alpha[i] * alpha[i] - inverse[i];
    }
    grad[MCD_GP_L] = t.eta * t.eta * l;
    grad[MCD_GP_SIGMA] = t.sigma * t.sigma * sigma;
    grad[MCD_GP_ETA] = form - (double)d->rows - grad[MCD_GP_SIGMA];
}

/* Room for the matrix, which the Toeplitz path never needs. */
static int matrix_room(struct mcd_gp_likelihood *w, struct mcd_error *e)
{
    size_t n = (size_t)w->data->rows;
    if (!w->k && n <= SIZE_MAX / sizeof *w->k / n)
        w->k = w->host->alloc(w->host, n * n * sizeof *w->k);
    return w->k ? MCD_OK
                : w->host->fail(e, MCD_NOMEM, "gp", "out of memory: a covariance of %zu rows", n);
}

static int dense_at(struct mcd_gp_likelihood *w, struct mcd_gp_theta t, double *value, double *grad,
                    struct mcd_error *e)
{
    const struct mcd_gp_data *d = w->data;
    double log_determinant, form = 0, *alpha = vector(w, ALPHA);
    int status = matrix_room(w, e);
    if (!status)
        status = mcd_gp_factor(d, w->algebra, w->kernel, t, w->k, alpha, &log_determinant, e);
    if (status)
        return status;
    for (int64_t i = 0; i < d->rows; i++)
        form += alpha[i] * d->y[i];
    *value = log_density(d->rows, form, log_determinant);
    if (!grad)
        return MCD_OK;
    status = w->algebra->table->potri(w->algebra->self, d->rows, w->k, e);
    if (!status)
        dense_gradient(w, t, form, grad);
    return status;
}

enum mcd_gp_path mcd_gp_likelihood_path(const struct mcd_gp_likelihood *w, const double *q)
{
    double ratio = exp(2 * (q[MCD_GP_ETA] - q[MCD_GP_SIGMA])) * (double)w->data->rows;
    return w->data->spacing != 0 && ratio < MCD_GP_CONDITION ? MCD_GP_TOEPLITZ : MCD_GP_DENSE;
}

int mcd_gp_likelihood_at(struct mcd_gp_likelihood *w, enum mcd_gp_path path, const double *q,
                         double *value, double *grad, struct mcd_error *e)
{
    struct mcd_gp_theta t = mcd_gp_theta(q);
    if (path == MCD_GP_AUTO)
        path = mcd_gp_likelihood_path(w, q);
    return path == MCD_GP_TOEPLITZ ? toeplitz_at(w, t, value, grad, e)
                                   : dense_at(w, t, value, grad, e);
}
