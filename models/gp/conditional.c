/*
 * The conditional of a Gaussian process (Rasmussen & Williams 2006, equations 2.23 and 2.24): mean
 * k^T K^-1 y and variance k(x, x) - k^T K^-1 k, where k is the covariance of a point with the rows.
 *
 * For evenly spaced rows, k is taken as far as it is not negligible beside rounding, a window of
 * neighbouring rows, and K^-1 as the band that such windows see (Trench, O(rows * width)). On the
 * CO2 series that is 40 of 272 rows.
 */
#include "conditional.h"

#include "covariance.h"
#include "toeplitz.h"

#include <math.h>

enum { BLOCK = 64 }; /* points at a time on the dense path */

struct mcd_gp_predictor {
    const struct mcd_gp_problem *problem;
    struct mcd_gp_points points;
    struct mcd_gp_likelihood *likelihood; /* for the choice of the path */
    double *vectors;                      /* VECTORS of `rows` */
    double *cross;                        /* [rows][BLOCK] */
    double *band;                         /* [rows][width], grows */
    int64_t band_width;                   /* that there is room for */
    double *k;                            /* [rows][rows], when first needed */
};

enum { ROW = 0, ALPHA, FIRST, WINDOW, ROOM, VECTORS = ROOM + 2 };

static double *vector(const struct mcd_gp_predictor *p, int place)
{
    return p->vectors + place * p->problem->data.rows;
}

static void *room(const struct mcd_gp_predictor *p, int64_t count, int64_t each,
                  struct mcd_error *e)
{
    const struct mcd_host *host = p->problem->host;
    void *memory = each <= INT64_MAX / (int64_t)sizeof(double) / count
                       ? host->alloc(host, (size_t)(count * each) * sizeof(double))
                       : NULL;
    if (!memory)
        host->fail(e, MCD_NOMEM, "gp", "out of memory: %lld by %lld numbers", (long long)count,
                   (long long)each);
    return memory;
}

int mcd_gp_predictor_create(const struct mcd_gp_problem *problem,
                            const struct mcd_gp_points *points, struct mcd_gp_predictor **out,
                            struct mcd_error *e)
{
    const struct mcd_host *host = problem->host;
    int64_t rows = problem->data.rows;
    struct mcd_gp_predictor *p = host->alloc(host, sizeof *p);
    *out = NULL;
    if (!p)
        return host->fail(e, MCD_NOMEM, "gp", "out of memory");
    *p = (struct mcd_gp_predictor){.problem = problem, .points = *points};
    p->vectors = room(p, rows, VECTORS, e);
    p->cross = p->vectors ? room(p, rows, BLOCK, e) : NULL;
    int status = p->cross ? mcd_gp_likelihood_create(host, &problem->data, &problem->algebra,
                                                     problem->kernel, &p->likelihood, e)
                          : MCD_NOMEM;
    if (status)
        mcd_gp_predictor_destroy(p);
    else
        *out = p;
    return status;
}

void mcd_gp_predictor_destroy(struct mcd_gp_predictor *p)
{
    if (!p)
        return;
    const struct mcd_host *host = p->problem->host;
    mcd_gp_likelihood_destroy(p->likelihood);
    host->release(host, p->vectors);
    host->release(host, p->cross);
    host->release(host, p->band);
    host->release(host, p->k);
    host->release(host, p);
}

/*
 * How many rows on either side of a point matter; more than there are where it lies outside.
 * Leaving out correlations below c changes the mean by at most c eta^2 |alpha|_1 <= c eta^2 sqrt(n)
 * |y| / sigma^2 and the variance by at most 2 c eta^2 |K^-1 k|_1 <= 2 c eta^2 sqrt(n) eta / sigma;
 * with this c both stay below the rounding of y and of eta^2.
 */
static double window_reach(const struct mcd_gp_problem *p, struct mcd_gp_theta t)
{
    double n = (double)p->data.rows, ratio = t.sigma / t.eta;
    double least = 0x1p-53 * fmin(0.5, ratio * ratio) / sqrt(n);
    return ceil(mcd_gp_reach(p->kernel, t.l, least) / fabs(p->data.spacing));
}

static int band_fit(struct mcd_gp_predictor *p, int64_t width, struct mcd_error *e)
{
    if (width <= p->band_width)
        return MCD_OK;
    p->problem->host->release(p->problem->host, p->band);
    p->band_width = 0;
    p->band = room(p, p->problem->data.rows, width, e);
    if (!p->band)
        return MCD_NOMEM;
    p->band_width = width;
    return MCD_OK;
}

/* k^T B k, where row i of `band` holds B_{i,i}, B_{i,i+1}, ...; k starts at row `first`. */
static double band_form(const double *band, int64_t width, int64_t first, int64_t count,
                        const double *k)
{
    double form = 0;
    for (int64_t i = 0; i < count; i++) {
        const double *b = band + (first + i) * width;
        double sum = 0;
        for (int64_t j = 1; j < count - i; j++)
            sum += b[j] * k[i + j];
        form += k[i] * (b[0] * k[i] + 2 * sum);
    }
    return form;
}

/* One point from the rows in its window: first <= row < end. */
static void window_point(const struct mcd_gp_predictor *p, struct mcd_gp_theta t, double reach,
                         int64_t width, double x, double *mean, double *variance)
{
    const struct mcd_gp_data *d = &p->problem->data;
    double place = (x - d->x[0]) / d->spacing, n = (double)d->rows;
    int64_t first = (int64_t)fmin(fmax(ceil(place) - reach, 0), n);
    int64_t end = (int64_t)fmin(fmax(floor(place) + reach + 1, (double)first), n);
    double *k = vector(p, WINDOW), *alpha = vector(p, ALPHA) + first, sum = 0;
    mcd_gp_distances(end - first, 1, d->x + first, &x, k);
    mcd_gp_correlate(p->problem->kernel, end - first, k, t.l, k);
    for (int64_t i = 0; i < end - first; i++) {
        k[i] *= t.eta * t.eta;
        sum += k[i] * alpha[i];
    }
    *mean = sum;
    *variance = fmax(0, t.eta * t.eta - band_form(p->band, width, first, end - first, k));
}

static int toeplitz_at(struct mcd_gp_predictor *p, struct mcd_gp_theta t, double *mean,
                       double *variance, struct mcd_error *e)
{
    const struct mcd_gp_data *d = &p->problem->data;
    double reach = window_reach(p->problem, t);
    int64_t width = (int64_t)fmin(2 * reach + 1, (double)d->rows);
    struct mcd_toeplitz s = {vector(p, FIRST), vector(p, ALPHA), vector(p, ROOM), 0, 0};
    double *r = vector(p, ROW);
    int status = band_fit(p, width, e);
    if (status)
        return status;
    for (int64_t i = 0; i < d->rows; i++)
        r[i] = (double)i * fabs(d->spacing);
    mcd_gp_correlate(p->problem->kernel, d->rows, r, t.l, r);
    for (int64_t i = 0; i < d->rows; i++)
        r[i] *= t.eta * t.eta;
    r[0] += t.sigma * t.sigma;
    int64_t minor = mcd_toeplitz_solve(d->rows, r, d->y, &s);
    if (minor)
        return p->problem->host->fail(e, MCD_INVALID, "gp",
                                      "the covariance is not positive definite to rounding: "
                                      "minor %lld",
                                      (long long)minor);
    mcd_toeplitz_band(d->rows, s.first, width, p->band);
    for (int64_t i = 0; i < p->points.count; i++)
        window_point(p, t, reach, width, p->points.x[i], &mean[i], &variance[i]);
    return MCD_OK;
}

/* k = L and alpha. */
static int factor(struct mcd_gp_predictor *p, struct mcd_gp_theta t, struct mcd_error *e)
{
    double unused;
    if (!p->k)
        p->k = room(p, p->problem->data.rows, p->problem->data.rows, e);
    return p->k ? mcd_gp_factor(&p->problem->data, &p->problem->algebra, p->problem->kernel, t,
                                p->k, vector(p, ALPHA), &unused, e)
                : MCD_NOMEM;
}

/* cross[rows][count]: covariance of the rows with points first ... */
static void cross_fill(const struct mcd_gp_predictor *p, struct mcd_gp_theta t, int64_t first,
                       int64_t count, double *cross)
{
    const struct mcd_gp_data *d = &p->problem->data;
    double *k = vector(p, ROW);
    for (int64_t j = 0; j < count; j++) {
        const double *point = p->points.x + (first + j) * d->columns;
        mcd_gp_distances(d->rows, d->columns, d->x, point, k);
        mcd_gp_correlate(p->problem->kernel, d->rows, k, t.l, k);
        for (int64_t i = 0; i < d->rows; i++)
            cross[i * count + j] = t.eta * t.eta * k[i];
    }
}

static int dense_block(const struct mcd_gp_predictor *p, struct mcd_gp_theta t, int64_t first,
                       int64_t count, double *mean, double *variance, struct mcd_error *e)
{
    const struct mcd_linalg *f = p->problem->algebra.table;
    void *self = p->problem->algebra.self;
    int64_t rows = p->problem->data.rows;
    cross_fill(p, t, first, count, p->cross);
    int status = f->gemm(self, count, 1, rows, 1, p->cross, vector(p, ALPHA), 0, mean + first, e);
    if (!status)
        status = f->trsm(self, 0, rows, count, p->k, p->cross, e);
    for (int64_t j = 0; j < count; j++) {
        double sum = 0;
        for (int64_t i = 0; i < rows; i++)
            sum += p->cross[i * count + j] * p->cross[i * count + j];
        variance[first + j] = fmax(0, t.eta * t.eta - sum);
    }
    return status;
}

static int dense_at(struct mcd_gp_predictor *p, struct mcd_gp_theta t, double *mean,
                    double *variance, struct mcd_error *e)
{
    int status = factor(p, t, e);
    for (int64_t first = 0; !status && first < p->points.count; first += BLOCK) {
        int64_t left = p->points.count - first;
        status = dense_block(p, t, first, left < BLOCK ? left : BLOCK, mean, variance, e);
    }
    return status;
}

int mcd_gp_predictor_at(struct mcd_gp_predictor *p, enum mcd_gp_path path, const double *q,
                        double *mean, double *variance, struct mcd_error *e)
{
    struct mcd_gp_theta t = mcd_gp_theta(q);
    if (path == MCD_GP_AUTO)
        path = mcd_gp_likelihood_path(p->likelihood, q);
    return path == MCD_GP_TOEPLITZ ? toeplitz_at(p, t, mean, variance, e)
                                   : dense_at(p, t, mean, variance, e);
}

/* c[m][m]: covariance of the points given the rows; mean[m]. */
static int joint(struct mcd_gp_predictor *p, struct mcd_gp_theta t, double *mean, double *c,
                 struct mcd_error *e)
{
    const struct mcd_linalg *f = p->problem->algebra.table;
    void *self = p->problem->algebra.self;
    int64_t rows = p->problem->data.rows, m = p->points.count;
    int status = factor(p, t, e);
    if (status)
        return status;
    double *cross = room(p, rows, m, e);
    if (!cross)
        return MCD_NOMEM;
    const struct mcd_gp_data points = {m, p->problem->data.columns, p->points.x, NULL, 0, 0};
    mcd_gp_covariance(&points, p->problem->kernel, (struct mcd_gp_theta){t.l, t.eta, 0}, c);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < i; j++)
            c[j * m + i] = c[i * m + j];
    cross_fill(p, t, 0, m, cross);
    status = f->gemm(self, m, 1, rows, 1, cross, vector(p, ALPHA), 0, mean, e);
    if (!status)
        status = f->trsm(self, 0, rows, m, p->k, cross, e);
    if (!status)
        status = f->gemm(self, m, m, rows, -1, cross, cross, 1, c, e);
    p->problem->host->release(p->problem->host, cross);
    return status;
}

/*
 * path += a draw of N(0, c) for a c[m][m] that may be singular: Cholesky with complete pivoting
 * (Golub & Van Loan, 4.2.8), each column used as soon as it is there. It ends where the largest
 * variance left is rounding of `scale`, from which c was computed: what is left out is noise of the
 * arithmetic, and nothing is added to c.
 */
static void singular_normal(int64_t m, double *c, double scale, struct mcd_stream *stream,
                            double *path)
{
    for (int64_t step = 0; step < m; step++) {
        int64_t pivot = 0;
        for (int64_t i = 1; i < m; i++)
            if (c[i * m + i] > c[pivot * m + pivot])
                pivot = i;
        double variance = c[pivot * m + pivot], z[4];
        if (variance <= (double)m * 0x1p-52 * scale)
            return;
        mcd_stream_normals(stream, 1, z);
        for (int64_t i = 0; i < m; i++) {
            double share = c[i * m + pivot] / variance;
            path[i] += share * sqrt(variance) * z[0];
            for (int64_t j = 0; i != pivot && j < m; j++)
                c[i * m + j] -= share * c[pivot * m + j];
        }
        for (int64_t j = 0; j < m; j++)
            c[pivot * m + j] = c[j * m + pivot] = 0;
    }
}

int mcd_gp_predictor_path(struct mcd_gp_predictor *p, const double *q, int noise,
                          struct mcd_stream *stream, double *path, struct mcd_error *e)
{
    struct mcd_gp_theta t = mcd_gp_theta(q);
    int64_t m = p->points.count;
    double *c = room(p, m, m, e);
    int status = c ? joint(p, t, path, c, e) : MCD_NOMEM;
    if (!status)
        singular_normal(m, c, t.eta * t.eta, stream, path);
    for (int64_t i = 0; !status && noise && i < m; i++) {
        double z[4];
        mcd_stream_normals(stream, 1, z);
        path[i] += t.sigma * z[0];
    }
    p->problem->host->release(p->problem->host, c);
    return status;
}
