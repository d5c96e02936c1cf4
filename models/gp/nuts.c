/*
 * NUTS with multinomial sampling and the generalised U-turn criterion (Hoffman & Gelman, JMLR 15,
 * 2014; Betancourt, arXiv:1701.02434, appendix A), as Stan runs it: biased progressive sampling
 * between the old trajectory and its extension, uniform within the extension, and the criterion
 * also across the seam of two subtrees, without which iid normals may be turned past half a period
 * unseen.
 *
 * A tree is a piece of trajectory in order of integration. Whether that runs forward or backward in
 * time does not matter to the criterion, so one function joins any two.
 */
#include "nuts.h"

#include <math.h>

static const double MAX_ENERGY_ERROR = 1000;

/* Momentum and velocity at one end of a tree. */
struct edge {
    double *p, *velocity;
};

struct sample {
    double *q, *grad;
    double log_density, energy;
};

struct tree {
    struct edge begin, end;
    double *rho; /* sum of the momenta */
    struct sample sample;
    double log_weight; /* log of the sum of exp(energy at the start - energy) */
};

/* A point of phase space from which integration goes on. */
struct state {
    double *q, *p, *grad;
    double log_density;
};

struct mcd_nuts {
    const struct mcd_host *host;
    struct mcd_target target;
    struct mcd_metric metric;
    double step_size;
    struct sample current;
    struct state z, ends[2];                     /* z moves; ends: of the trajectory */
    struct tree whole, room[MCD_NUTS_MAX_DEPTH]; /* room[d]: an extension of 2^d steps */
    double *velocity;
    /* Of the transition under way. */
    struct mcd_stream *stream;
    double energy, accepted;
    struct mcd_transition report;
};

/* Hands out `count` doubles. */
static double *take(double **memory, uint32_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

enum { TREE_VECTORS = 7, OTHER_VECTORS = 2 + 3 * 3 + 1 };

static void tree_place(struct tree *t, uint32_t dim, double **memory)
{
    double **vectors[TREE_VECTORS] = {
        &t->begin.p, &t->begin.velocity, &t->end.p,      &t->end.velocity,
        &t->rho,     &t->sample.q,       &t->sample.grad};
    for (int i = 0; i < TREE_VECTORS; i++)
        *vectors[i] = take(memory, dim);
}

static void state_place(struct state *s, uint32_t dim, double **memory)
{
    s->q = take(memory, dim);
    s->p = take(memory, dim);
    s->grad = take(memory, dim);
}

int mcd_nuts_create(const struct mcd_host *host, const struct mcd_target *target, int dense,
                    struct mcd_nuts **out, struct mcd_error *e)
{
    uint32_t dim = target->dim, size = mcd_metric_size(dim, dense);
    size_t count = (size_t)dim * (TREE_VECTORS * (MCD_NUTS_MAX_DEPTH + 1) + OTHER_VECTORS);
    struct mcd_nuts *n = host->alloc(host, sizeof *n + (count + 2 * size) * sizeof(double));
    *out = n;
    if (!n)
        return host->fail(e, MCD_NOMEM, "nuts", "out of memory: %u parameters", dim);
    memset(n, 0, sizeof *n);
    double *memory = (double *)(n + 1);
    n->host = host;
    n->target = *target;
    n->step_size = 1;
    n->metric = (struct mcd_metric){dim, dense, take(&memory, size), take(&memory, size)};
    mcd_metric_unit(&n->metric);
    tree_place(&n->whole, dim, &memory);
    for (int i = 0; i < MCD_NUTS_MAX_DEPTH; i++)
        tree_place(&n->room[i], dim, &memory);
    state_place(&n->z, dim, &memory);
    state_place(&n->ends[0], dim, &memory);
    state_place(&n->ends[1], dim, &memory);
    n->current.q = take(&memory, dim);
    n->current.grad = take(&memory, dim);
    n->velocity = take(&memory, dim);
    return MCD_OK;
}

void mcd_nuts_destroy(struct mcd_nuts *n)
{
    if (n)
        n->host->release(n->host, n);
}

struct mcd_metric *mcd_nuts_metric(struct mcd_nuts *n)
{
    return &n->metric;
}

double mcd_nuts_step_size(const struct mcd_nuts *n)
{
    return n->step_size;
}

void mcd_nuts_set_step_size(struct mcd_nuts *n, double step_size)
{
    n->step_size = step_size;
}

const double *mcd_nuts_position(const struct mcd_nuts *n)
{
    return n->current.q;
}

static void copy(const struct mcd_nuts *n, double *to, const double *from)
{
    memcpy(to, from, n->target.dim * sizeof *to);
}

int mcd_nuts_start(struct mcd_nuts *n, const double *q, struct mcd_error *e)
{
    copy(n, n->current.q, q);
    n->current.log_density = n->target.density(n->target.arg, q, n->current.grad);
    return isfinite(n->current.log_density)
               ? MCD_OK
               : n->host->fail(e, MCD_INVALID, "nuts", "the density is not finite at the start");
}

static void state_copy(const struct mcd_nuts *n, struct state *to, const struct state *from)
{
    copy(n, to->q, from->q);
    copy(n, to->p, from->p);
    copy(n, to->grad, from->grad);
    to->log_density = from->log_density;
}

/* z: the chain's point with fresh momentum. Returns its energy. */
static double refresh(struct mcd_nuts *n)
{
    copy(n, n->z.q, n->current.q);
    copy(n, n->z.grad, n->current.grad);
    n->z.log_density = n->current.log_density;
    mcd_stream_normals(n->stream, n->target.dim, n->z.p);
    mcd_metric_momentum(&n->metric, n->z.p, n->z.p);
    return mcd_metric_velocity(&n->metric, n->z.p, n->velocity) - n->z.log_density;
}

/* One step of the leapfrog integrator; returns the energy, infinite where there is none. */
static double leapfrog(struct mcd_nuts *n, double step)
{
    struct state *z = &n->z;
    for (uint32_t i = 0; i < n->target.dim; i++)
        z->p[i] += 0.5 * step * z->grad[i];
    mcd_metric_velocity(&n->metric, z->p, n->velocity);
    for (uint32_t i = 0; i < n->target.dim; i++)
        z->q[i] += step * n->velocity[i];
    z->log_density = n->target.density(n->target.arg, z->q, z->grad);
    if (!isfinite(z->log_density))
        return INFINITY;
    for (uint32_t i = 0; i < n->target.dim; i++)
        z->p[i] += 0.5 * step * z->grad[i];
    return mcd_metric_velocity(&n->metric, z->p, n->velocity) - z->log_density;
}

/* A tree of the one point z. */
static void tree_plant(const struct mcd_nuts *n, struct tree *t, double energy)
{
    copy(n, t->begin.p, n->z.p);
    copy(n, t->end.p, n->z.p);
    copy(n, t->rho, n->z.p);
    copy(n, t->begin.velocity, n->velocity);
    copy(n, t->end.velocity, n->velocity);
    copy(n, t->sample.q, n->z.q);
    copy(n, t->sample.grad, n->z.grad);
    t->sample.log_density = n->z.log_density;
    t->sample.energy = energy;
    t->log_weight = n->energy - energy;
}

/* Whether a piece with these end velocities and the sum of momenta a + b still goes straight. */
static int straight(const struct mcd_nuts *n, const struct edge *begin, const struct edge *end,
                    const double *a, const double *b)
{
    double at_begin = 0, at_end = 0;
    for (uint32_t i = 0; i < n->target.dim; i++) {
        at_begin += begin->velocity[i] * (a[i] + b[i]);
        at_end += end->velocity[i] * (a[i] + b[i]);
    }
    return at_begin > 0 && at_end > 0;
}

static double log_sum(double a, double b)
{
    double most = a > b ? a : b;
    return isinf(most) ? most : most + log(exp(a - most) + exp(b - most));
}

static void swap_samples(struct sample *a, struct sample *b)
{
    struct sample keep = *a;
    *a = *b;
    *b = keep;
}

static void swap_edges(struct edge *a, struct edge *b)
{
    struct edge keep = *a;
    *a = *b;
    *b = keep;
}

/*
 * Appends `b` to `a`; 0 if the result has turned. A sample is taken from b with its share of the
 * weight or, biased, with its weight relative to a's. b's memory is exchanged, not copied.
 */
static int tree_join(struct mcd_nuts *n, struct tree *a, struct tree *b, int biased)
{
    double total = log_sum(a->log_weight, b->log_weight);
    double log_share = b->log_weight - (biased ? a->log_weight : total);
    if (log(mcd_stream_uniform(n->stream)) < log_share)
        swap_samples(&a->sample, &b->sample);
    int goes_on = straight(n, &a->begin, &b->end, a->rho, b->rho) &&
                  straight(n, &a->begin, &b->begin, a->rho, b->begin.p) &&
                  straight(n, &a->end, &b->end, a->end.p, b->rho);
    for (uint32_t i = 0; i < n->target.dim; i++)
        a->rho[i] += b->rho[i];
    swap_edges(&a->end, &b->end);
    a->log_weight = total;
    return goes_on;
}

/* One step from z, as a tree; 0 if it diverges. */
static int tree_leaf(struct mcd_nuts *n, double step, struct tree *out)
{
    double energy = leapfrog(n, step);
    n->report.steps++;
    if (energy - n->energy > MAX_ENERGY_ERROR || isnan(energy)) {
        n->report.divergent = 1;
        return 0;
    }
    n->accepted += energy < n->energy ? 1 : exp(n->energy - energy);
    tree_plant(n, out, energy);
    return 1;
}

/* 2^depth steps from z; 0 if they diverge or turn. The second half grows in the room below. */
static int tree_grow(struct mcd_nuts *n, double step, uint32_t depth, struct tree *out)
{
    if (depth == 0)
        return tree_leaf(n, step, out);
    struct tree *second = &n->room[depth - 1];
    return tree_grow(n, step, depth - 1, out) && tree_grow(n, step, depth - 1, second) &&
           tree_join(n, out, second, 0);
}

/* Doubles the trajectory at one end or the other; 0 if it ends there. */
static int extend(struct mcd_nuts *n, int *direction)
{
    int ahead = mcd_stream_uniform(n->stream) < 0.5;
    if (ahead != *direction)
        swap_edges(&n->whole.begin, &n->whole.end);
    *direction = ahead;
    struct tree *extension = &n->room[n->report.depth];
    state_copy(n, &n->z, &n->ends[ahead]);
    if (!tree_grow(n, ahead ? n->step_size : -n->step_size, n->report.depth, extension))
        return 0;
    state_copy(n, &n->ends[ahead], &n->z);
    n->report.depth++;
    return tree_join(n, &n->whole, extension, 1);
}

struct mcd_transition mcd_nuts_transition(struct mcd_nuts *n, uint32_t max_depth,
                                          struct mcd_stream *stream)
{
    int direction = 1;
    n->stream = stream;
    n->report = (struct mcd_transition){0};
    n->accepted = 0;
    n->energy = refresh(n);
    tree_plant(n, &n->whole, n->energy);
    state_copy(n, &n->ends[0], &n->z);
    state_copy(n, &n->ends[1], &n->z);
    while (n->report.depth < max_depth && extend(n, &direction))
        ;
    copy(n, n->current.q, n->whole.sample.q);
    copy(n, n->current.grad, n->whole.sample.grad);
    n->current.log_density = n->report.log_density = n->whole.sample.log_density;
    n->report.energy = n->whole.sample.energy;
    n->report.accept = n->accepted / n->report.steps;
    return n->report;
}

/* Hoffman & Gelman 2014, algorithm 4, with Stan's threshold and fresh momenta for each trial. */
void mcd_nuts_search_step_size(struct mcd_nuts *n, struct mcd_stream *stream)
{
    static const double LOG_THRESHOLD = -0.22314355131420975577; /* log 0.8 */
    int growing = -1;
    n->stream = stream;
    while (n->step_size > 1e-10 && n->step_size < 1e7) {
        double start = refresh(n), change = start - leapfrog(n, n->step_size);
        int good = change > LOG_THRESHOLD;
        if (growing < 0)
            growing = good;
        else if (good != growing)
            return;
        n->step_size *= growing ? 2 : 0.5;
    }
}
