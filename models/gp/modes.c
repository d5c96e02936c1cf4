/* Many climbs at a time, and their ends sorted. */
#include "modes.h"

#include "laplace.h"
#include "lbfgs.h"
#include "stream.h"

#include <stdlib.h>

enum { SCALES = 6, NOISES = MCD_GP_STARTS / SCALES };

static const double SAME = 1e-3; /* modes closer than this in every logarithm are one */

struct climbs {
    const struct mcd_gp_problem *problem;
    const struct mcd_gp_targets *targets;
    struct mcd_gp_mode *mode;
    int no_memory[MCD_GP_STARTS];
};

/* Mean square of y: the process has mean 0. */
static double spread(const struct mcd_gp_data *d)
{
    double sum = 0;
    for (int64_t i = 0; i < d->rows; i++)
        sum += d->y[i] * d->y[i];
    return sum > 0 ? sqrt(sum / (double)d->rows) : 1;
}

/* The diagonal of the box that holds all inputs. */
static double extent(const struct mcd_gp_data *d)
{
    double sum = 0;
    for (int64_t c = 0; c < d->columns; c++) {
        double low = d->x[c], high = low;
        for (int64_t i = 0; i < d->rows; i++) {
            low = fmin(low, d->x[i * d->columns + c]);
            high = fmax(high, d->x[i * d->columns + c]);
        }
        sum += (high - low) * (high - low);
    }
    return sum > 0 ? sqrt(sum) : 1;
}

/* Length scales from the whole extent down to a few rows, mostly signal or mostly noise. */
static void place(const struct mcd_gp_data *d, uint32_t i, double *q)
{
    double finest = log((double)d->rows + 1) - log(2), step = (double)(i / NOISES) / (SCALES - 1);
    int noisy = (int)(i % NOISES);
    q[MCD_GP_L] = log(extent(d)) - step * finest;
    q[MCD_GP_ETA] = log(spread(d)) + (noisy ? log(0.5) : 0);
    q[MCD_GP_SIGMA] = log(spread(d)) + log(noisy ? 0.7 : 0.1);
}

static void climb_one(void *arg, uint32_t i, uint32_t worker)
{
    struct climbs *c = arg;
    struct mcd_gp_mode *m = &c->mode[i];
    struct mcd_optimum end;
    place(&c->problem->data, i, m->q);
    m->found = 0;
    m->log_density = -INFINITY;
    int status = mcd_lbfgs(c->problem->host, &c->targets->target[worker], m->q, &end, NULL);
    c->no_memory[i] = status == MCD_NOMEM;
    if (status)
        return;
    m->found = 1;
    m->log_density = end.value;
    m->converged = end.converged;
}

static int by_height(const void *a, const void *b)
{
    double x = ((const struct mcd_gp_mode *)a)->log_density;
    double y = ((const struct mcd_gp_mode *)b)->log_density;
    return (x < y) - (x > y);
}

static int same(const struct mcd_gp_mode *a, const struct mcd_gp_mode *b)
{
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        if (fabs(a->q[i] - b->q[i]) > SAME)
            return 0;
    return 1;
}

/* Sorts, and keeps one of each; a climb that did not converge is no mode unless it is the best. */
static uint32_t merge(struct mcd_gp_mode *mode)
{
    uint32_t count = 0;
    qsort(mode, MCD_GP_STARTS, sizeof *mode, by_height);
    for (uint32_t i = 0; i < MCD_GP_STARTS && mode[i].found; i++) {
        uint32_t k = 0;
        while (k < count && !same(&mode[i], &mode[k]))
            k++;
        if (k < count)
            mode[k].found++;
        else if (mode[i].converged || count == 0)
            mode[count++] = mode[i];
    }
    return count;
}

int mcd_gp_modes(const struct mcd_gp_problem *p, int likelihood, uint32_t *count,
                 struct mcd_gp_mode mode[MCD_GP_STARTS], struct mcd_error *e)
{
    struct mcd_gp_targets targets;
    int status = mcd_gp_targets_create(p, p->host->workers, likelihood, &targets, e);
    if (status)
        return status;
    struct climbs c = {p, &targets, mode, {0}};
    p->host->parallel(p->host, MCD_GP_STARTS, climb_one, &c);
    status = mcd_gp_targets_status(p, &targets, e);
    for (uint32_t i = 0; !status && i < MCD_GP_STARTS; i++)
        if (c.no_memory[i]) /* which modes are found must not depend on it */
            status = p->host->fail(e, MCD_NOMEM, "gp", "out of memory: a search for modes");
    mcd_gp_targets_release(&targets);
    if (status)
        return status;
    *count = merge(mode);
    return *count ? MCD_OK
                  : p->host->fail(e, MCD_INVALID, "gp",
                                  "no place has a density: the covariance is nowhere positive "
                                  "definite; are inputs repeated, or y far from 0?");
}

int mcd_gp_starts(const struct mcd_gp_problem *p, const struct mcd_gp_mode *mode, uint64_t seed,
                  uint32_t chains, double *start, struct mcd_error *e)
{
    struct mcd_gp_targets one;
    struct mcd_laplace normal;
    int status = mcd_gp_targets_create(p, 1, 0, &one, e);
    if (status)
        return status;
    int flat = mcd_laplace(&one.target[0], mode->q, &normal);
    for (uint32_t c = 0; c < chains; c++) {
        struct mcd_stream s = mcd_stream(seed, c, 0, MCD_STREAM_START);
        double z[MCD_GP_PARAMS], grad[MCD_GP_PARAMS], *q = start + (size_t)c * MCD_GP_PARAMS;
        mcd_stream_normals(&s, MCD_GP_PARAMS, z);
        for (int i = 0; i < MCD_GP_PARAMS; i++) {
            q[i] = mode->q[i] + (flat ? 0.1 * z[i] : 0);
            z[i] *= 2;
        }
        if (!flat)
            mcd_laplace_point(&normal, z, q);
        if (!isfinite(one.target[0].density(one.target[0].arg, q, grad)))
            memcpy(q, mode->q, sizeof mode->q);
    }
    status = mcd_gp_targets_status(p, &one, e);
    mcd_gp_targets_release(&one);
    return status;
}
