/*
 * L-BFGS with the two-loop recursion (Nocedal & Wright, Numerical Optimization, 2nd edition,
 * algorithm 7.4) and the bracketing weak Wolfe line search of Lewis & Overton (Mathematical
 * Programming 141, 2013, algorithm 2.6), which takes a place without a value as one that is too
 * far. Own code because the packaged libraries abort there, and take memory that no test can
 * refuse. Works on -log density, which is minimised.
 */
#include "lbfgs.h"

#include <math.h>

enum { PAIRS = 8, MAX_ITERATIONS = 500, MAX_HALVINGS = 60 };

static const double VANISHED = 1e-9, LONGEST = 2; /* of one step, in any coordinate */

struct climb {
    struct mcd_target target;
    double *q, *grad, *next, *next_grad, *direction;
    double *step[PAIRS], *change[PAIRS], product[PAIRS]; /* a ring of pairs s, y and s . y */
    uint32_t stored;                                     /* so far; the ring holds the last PAIRS */
    double value;
    struct mcd_optimum *report;
};

static double dot(const struct climb *c, const double *a, const double *b)
{
    double sum = 0;
    for (uint32_t i = 0; i < c->target.dim; i++)
        sum += a[i] * b[i];
    return sum;
}

static void axpy(const struct climb *c, double a, const double *x, double *y)
{
    for (uint32_t i = 0; i < c->target.dim; i++)
        y[i] += a * x[i];
}

static double largest(const struct climb *c, const double *x)
{
    double most = 0;
    for (uint32_t i = 0; i < c->target.dim; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static double evaluate(struct climb *c, const double *q, double *grad)
{
    c->report->evaluations++;
    double value = -c->target.density(c->target.arg, q, grad);
    for (uint32_t i = 0; isfinite(value) && i < c->target.dim; i++)
        grad[i] = -grad[i];
    return isnan(value) ? INFINITY : value;
}

/* direction = -H grad with the stored pairs. */
static void choose_direction(struct climb *c)
{
    uint32_t first = c->stored > PAIRS ? c->stored - PAIRS : 0;
    double share[PAIRS], *d = c->direction;
    for (uint32_t i = 0; i < c->target.dim; i++)
        d[i] = -c->grad[i];
    for (uint32_t k = c->stored; k-- > first;) {
        uint32_t p = k % PAIRS;
        share[p] = dot(c, c->step[p], d) / c->product[p];
        axpy(c, -share[p], c->change[p], d);
    }
    if (c->stored) {
        uint32_t p = (c->stored - 1) % PAIRS;
        double scale = c->product[p] / dot(c, c->change[p], c->change[p]);
        for (uint32_t i = 0; i < c->target.dim; i++)
            d[i] *= scale;
    }
    for (uint32_t k = first; k < c->stored; k++) {
        uint32_t p = k % PAIRS;
        axpy(c, share[p] - dot(c, c->change[p], d) / c->product[p], c->step[p], d);
    }
}

/* Sets next and next_grad; returns their value, or infinity if no step is good enough. */
static double search_line(struct climb *c)
{
    static const double ARMIJO = 1e-4, CURVATURE = 0.9;
    double slope = dot(c, c->grad, c->direction), low = 0, high = INFINITY;
    double t = fmin(1, LONGEST / largest(c, c->direction));
    if (!c->stored)
        t = fmin(t, 0.1 / largest(c, c->direction));
    for (int i = 0; i < MAX_HALVINGS; i++) {
        memcpy(c->next, c->q, c->target.dim * sizeof *c->q);
        axpy(c, t, c->direction, c->next);
        double value = evaluate(c, c->next, c->next_grad);
        if (!(value <= c->value + ARMIJO * t * slope))
            high = t;
        else if (dot(c, c->next_grad, c->direction) < CURVATURE * slope)
            low = t;
        else
            return value;
        t = isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    return INFINITY;
}

/* Goes to `next` and remembers how; a pair without positive curvature would spoil the matrix. */
static void advance(struct climb *c, double value)
{
    uint32_t p = c->stored % PAIRS;
    for (uint32_t i = 0; i < c->target.dim; i++) {
        c->step[p][i] = c->next[i] - c->q[i];
        c->change[p][i] = c->next_grad[i] - c->grad[i];
        c->q[i] = c->next[i];
        c->grad[i] = c->next_grad[i];
    }
    c->product[p] = dot(c, c->step[p], c->change[p]);
    c->value = value;
    if (c->product[p] > 0)
        c->stored++;
}

static void climb(struct climb *c)
{
    for (int i = 0; i < MAX_ITERATIONS; i++) {
        if (largest(c, c->grad) <= VANISHED * fmax(1, fabs(c->value)))
            break;
        choose_direction(c);
        double value = search_line(c);
        if (isinf(value) && !c->stored)
            break;
        if (isinf(value))
            c->stored = 0; /* once more along the gradient, for what the pairs have spoilt */
        else
            advance(c, value);
    }
    c->report->value = -c->value;
    c->report->slope = largest(c, c->grad);
    c->report->converged = c->report->slope <= 1e3 * VANISHED * fmax(1, fabs(c->value));
}

int mcd_lbfgs(const struct mcd_host *host, const struct mcd_target *target, double *q,
              struct mcd_optimum *report, struct mcd_error *e)
{
    size_t dim = target->dim;
    double *memory = host->alloc(host, dim * (4 + 2 * PAIRS) * sizeof *memory);
    if (!memory)
        return host->fail(e, MCD_NOMEM, "lbfgs", "out of memory: %zu parameters", dim);
    *report = (struct mcd_optimum){0};
    struct climb c = {
        *target, q, memory, memory + dim, memory + 2 * dim, memory + 3 * dim, {0}, {0},
        {0},     0, 0,      report};
    for (int i = 0; i < PAIRS; i++) {
        c.step[i] = memory + (size_t)(4 + 2 * i) * dim;
        c.change[i] = c.step[i] + dim;
    }
    c.value = evaluate(&c, q, c.grad);
    int status = MCD_OK;
    if (isfinite(c.value))
        climb(&c);
    else
        status = host->fail(e, MCD_INVALID, "lbfgs", "the density is not finite at the start");
    host->release(host, memory);
    return status;
}
