/* Quadrature of the posterior, and leave-one-out scores in closed form. */
#include "exact.h"

#include "covariance.h"

#include <math.h>

/* In units of the normal approximation's sd; exp(-2 pi^2 / STEP^2) is 1e-24 for a normal. */
static const double STEP = 0.6;
enum { REACH = 15, SIDE = 2 * REACH + 1, MOST = 3 }; /* steps each way: 9 sd */

static const double NEGLIGIBLE = -28; /* log of a weight relative to the largest: 1e-12 */

struct grid {
    const struct mcd_target *target;
    const struct mcd_laplace *normal;
    double *log_density; /* [SIDE^dim], relative to the mode; -INFINITY outside the ball */
};

static uint32_t cells(uint32_t dim)
{
    return dim == 0 ? 1 : SIDE * cells(dim - 1);
}

/* Point of a cell; returns its distance from the middle in steps. */
static double cell_point(const struct mcd_laplace *normal, uint32_t cell, double *q)
{
    double z[MOST], square = 0;
    for (uint32_t i = 0; i < normal->dim; i++, cell /= SIDE) {
        double steps = (double)(cell % SIDE) - REACH;
        z[i] = STEP * steps;
        square += steps * steps;
    }
    mcd_laplace_point(normal, z, q);
    return sqrt(square);
}

static void fill_row(void *arg, uint32_t row, uint32_t worker)
{
    const struct grid *g = arg;
    const struct mcd_target *t = &g->target[worker];
    for (uint32_t cell = row * SIDE; cell < (row + 1) * SIDE; cell++) {
        double q[MOST], grad[MOST];
        g->log_density[cell] = -INFINITY;
        if (cell_point(g->normal, cell, q) <= REACH)
            g->log_density[cell] = t->density(t->arg, q, grad) - g->normal->log_density;
    }
}

/* Sum of all, the edge, and how many count. */
static double survey(const struct grid *g, struct mcd_quadrature *out)
{
    double total = 0, q[MOST];
    for (uint32_t cell = 0; cell < cells(g->normal->dim); cell++) {
        double value = g->log_density[cell];
        total += exp(value);
        out->count += value > NEGLIGIBLE;
        if (cell_point(g->normal, cell, q) > REACH - 1)
            out->edge = fmax(out->edge, exp(value));
    }
    return total;
}

static void collect(const struct grid *g, double total, struct mcd_quadrature *out)
{
    uint32_t dim = g->normal->dim, k = 0;
    for (uint32_t cell = 0; cell < cells(dim); cell++) {
        if (!(g->log_density[cell] > NEGLIGIBLE))
            continue;
        cell_point(g->normal, cell, out->q + (size_t)k * dim);
        out->weight[k++] = exp(g->log_density[cell]) / total;
    }
}

int mcd_quadrature(const struct mcd_host *host, const struct mcd_target *target,
                   const struct mcd_laplace *normal, struct mcd_quadrature *out,
                   struct mcd_error *e)
{
    uint32_t dim = normal->dim;
    *out = (struct mcd_quadrature){.dim = dim};
    if (dim > MOST)
        return host->fail(e, MCD_UNSUPPORTED, "quadrature", "%u dimensions: at most %d", dim, MOST);
    struct grid g = {target, normal, host->alloc(host, cells(dim) * sizeof(double))};
    if (!g.log_density)
        return host->fail(e, MCD_NOMEM, "quadrature", "out of memory: %u cells", cells(dim));
    host->parallel(host, cells(dim - 1), fill_row, &g);
    double total = survey(&g, out);
    out->q = host->alloc(host, (size_t)out->count * dim * sizeof *out->q);
    out->weight = host->alloc(host, out->count * sizeof *out->weight);
    int status = MCD_OK;
    if (out->q && out->weight) {
        collect(&g, total, out);
        out->log_evidence =
            normal->log_density + log(total) + dim * log(STEP) + normal->log_determinant;
    } else {
        status = host->fail(e, MCD_NOMEM, "quadrature", "out of memory: %u points", out->count);
        mcd_quadrature_release(host, out);
    }
    host->release(host, g.log_density);
    return status;
}

void mcd_quadrature_release(const struct mcd_host *host, struct mcd_quadrature *q)
{
    host->release(host, q->q);
    host->release(host, q->weight);
    *q = (struct mcd_quadrature){0};
}

int mcd_gp_leave_one_out(const struct mcd_gp_problem *p, const double *q, double *log_density,
                         struct mcd_error *e)
{
    static const double HALF_LOG_2PI = 0.91893853320467274178;
    const struct mcd_host *host = p->host;
    size_t n = (size_t)p->data.rows;
    double unused,
        *k = n < SIZE_MAX / sizeof *k / (n + 1) ? host->alloc(host, n * (n + 1) * sizeof *k) : NULL;
    if (!k)
        return host->fail(e, MCD_NOMEM, "gp", "out of memory: a covariance of %zu rows", n);
    double *alpha = k + n * n;
    int status =
        mcd_gp_factor(&p->data, &p->algebra, p->kernel, mcd_gp_theta(q), k, alpha, &unused, e);
    if (!status)
        status = p->algebra.table->potri(p->algebra.self, p->data.rows, k, e);
    for (size_t i = 0; !status && i < n; i++) {
        double precision = k[i * n + i]; /* y - mean = alpha / precision, variance its inverse */
        log_density[i] =
            0.5 * log(precision) - 0.5 * alpha[i] * alpha[i] / precision - HALF_LOG_2PI;
    }
    host->release(host, k);
    return status;
}
