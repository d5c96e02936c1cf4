/*
 * gp: a Gaussian process with noise, its parameters sampled: doc/gp.md. It brings its own posterior
 * in the place of layers; the files of models/gp/ compute, this one says what a user can choose.
 */
#include "gp/chains.h"
#include "gp/conditional.h"
#include "gp/exact.h"
#include "gp/modes.h"

#include <math.h>
#include <mcdrop/model.h>
#include <stdatomic.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, kernel, "se", "se|matern32|matern52", "covariance function: squared exponential, ...") \
    X(INT, chains, "2", "[1, 1024]", "Markov chains")                                              \
    X(INT, tune, "2000", "[0, 100000000]", "iterations of warm-up, not kept")                      \
    X(INT, draws, "5000", "[8, 100000000]", "draws of each chain")                                 \
    X(REAL, accept, "0.95", "(0, 1)", "acceptance that the step size is tuned to")                 \
    X(INT, max_depth, "10", "[1, 20]", "doublings of a trajectory at most")                        \
    X(ENUM, metric, "diagonal", "diagonal|dense", "what warm-up estimates of the posterior")       \
    X(ENUM, start, "modes", "modes|prior", "where chains start: at the highest mode, or anywhere") \
    X(REAL, prior_l, "0.05", "(0, inf)", "scale of the half-Cauchy prior of the length scale")     \
    X(REAL, prior_eta, "1", "(0, inf)", "the same of the signal's standard deviation")             \
    X(REAL, prior_sigma, "0.1", "(0, inf)", "the same of the noise's")                             \
    X(REAL, spacing, "1e-6", "[0, 0.1]",                                                           \
      "inputs even to this part of their distance take the faster path; 0: never")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static const char *const names[MCD_GP_PARAMS] = {"l", "eta", "sigma"};

struct gp {
    const struct mcd_host *host;
    enum mcd_gp_kernel kernel;
    struct mcd_chain_options options;
    struct mcd_gp_prior prior;
    double tolerance;
    int from_prior;
};

_Static_assert(MCD_NUTS_MAX_DEPTH >= 20, "the domain of max_depth");

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct gp *g = mcd_self_create(host, sizeof *g, self, error);
    if (!g)
        return MCD_NOMEM;
    *g = (struct gp){
        .host = host,
        .kernel = (enum mcd_gp_kernel)kernel,
        .options = {.chains = (uint32_t)chains,
                    .tune = (uint32_t)tune,
                    .draws = (uint32_t)draws,
                    .accept = accept,
                    .max_depth = (uint32_t)max_depth,
                    .dense = metric},
        .prior = {{prior_l, prior_eta, prior_sigma}},
        .tolerance = spacing,
        .from_prior = start,
    };
    return MCD_OK;
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r, .task = MCD_REGRESS, .data = "co2", .needs = MCD_NEEDS_LINALG};
    (void)self;
    return &r;
}

/* ---- going on ---------------------------------------------------------------------------- */

/* Steps that threads have done together. */
struct watch {
    const struct mcd_fit_data *data;
    atomic_uint_fast64_t done;
    uint64_t of;
};

static int look(void *arg)
{
    const struct watch *w = arg;
    return w->data->go_on(w->data->arg, 0, 0);
}

static int step(void *arg)
{
    struct watch *w = arg;
    return w->data->go_on(w->data->arg, atomic_fetch_add(&w->done, 1), w->of);
}

static int iteration(void *arg, uint32_t chain, uint32_t number)
{
    (void)chain, (void)number;
    return step(arg);
}

static struct mcd_gp_problem problem(const struct gp *g, const struct mcd_fit_data *d,
                                     struct watch *watch)
{
    return (struct mcd_gp_problem){
        .host = g->host,
        .data = mcd_gp_data(d->rows, d->columns, d->x, d->y, g->tolerance),
        .algebra = {d->backend->linalg, d->backend_self},
        .kernel = g->kernel,
        .prior = g->prior,
        .go_on = look,
        .arg = watch,
    };
}

/*
 * Whether matrices that are held side by side can be had at once, before hours of work; each is
 * allocated when it is needed. The recursion's exceptions need few of them.
 */
static int check_room(const struct gp *g, int64_t rows, uint32_t count, double each,
                      struct mcd_error *e)
{
    double bytes = count * each * sizeof(double);
    void *all = bytes < (double)(SIZE_MAX / 2) ? g->host->alloc(g->host, (size_t)bytes) : NULL;
    g->host->release(g->host, all);
    return all ? MCD_OK
               : g->host->fail(e, MCD_NOMEM, "gp",
                               "covariances of %lld rows need %.3g GB for %u chains or threads "
                               "side by side, more than is to be had: expected fewer of each",
                               (long long)rows, bytes * 1e-9, count);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Threads that predict at a time. */
static uint32_t predicting(const struct gp *g, uint32_t passes)
{
    return least(g->host->workers, (passes - 1) / MCD_GP_PIECE + 1);
}

/* ---- fitting ----------------------------------------------------------------------------- */

static void tell_path(const struct mcd_gp_problem *p)
{
    if (p->data.spacing != 0)
        p->host->log(p->host, MCD_LOG_INFO,
                     "inputs are evenly spaced by %.6g (to %.1g of it): Toeplitz recursion",
                     fabs(p->data.spacing), p->data.deviation);
    else
        p->host->log(p->host, MCD_LOG_INFO,
                     "inputs are not evenly spaced: Cholesky factors of %lld x %lld",
                     (long long)p->data.rows, (long long)p->data.rows);
}

static void tell_modes(const struct mcd_host *host, uint32_t count, const struct mcd_gp_mode *mode)
{
    for (uint32_t i = 0; i < count; i++)
        host->log(host, i ? MCD_LOG_DEBUG : MCD_LOG_INFO,
                  "mode %u of %u: l %.5g, eta %.5g, sigma %.5g, log density %.6g%s", i + 1, count,
                  exp(mode[i].q[MCD_GP_L]), exp(mode[i].q[MCD_GP_ETA]),
                  exp(mode[i].q[MCD_GP_SIGMA]), mode[i].log_density,
                  mode[i].converged ? "" : " (the climb did not end there)");
}

/* A draw of the priors that has a density: theta = s tan(pi u / 2) is half-Cauchy. */
static int start_anywhere(const struct mcd_gp_problem *p, const struct mcd_target *t, uint64_t seed,
                          uint32_t chain, double *q, struct mcd_error *e)
{
    struct mcd_stream s = mcd_stream(seed, chain, 1, MCD_STREAM_START);
    double grad[MCD_GP_PARAMS];
    for (int tries = 0; tries < 100; tries++) {
        for (int i = 0; i < MCD_GP_PARAMS; i++)
            q[i] = log(p->prior.scale[i] * tan(M_PI_2 * mcd_stream_uniform(&s)));
        if (isfinite(t->density(t->arg, q, grad)))
            return MCD_OK;
    }
    return p->host->fail(e, MCD_INVALID, "gp",
                         "chain %u finds no place to start: 100 draws of the priors had no density",
                         chain + 1);
}

static int starts(const struct gp *g, const struct mcd_gp_problem *p,
                  const struct mcd_gp_targets *targets, uint64_t seed, double *start,
                  struct mcd_error *e)
{
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    uint32_t count;
    int status = MCD_OK;
    struct mcd_error none = {0};
    for (uint32_t c = 0; g->from_prior && !status && c < g->options.chains; c++)
        status = start_anywhere(p, &targets->target[c], seed, c, start + c * MCD_GP_PARAMS, &none);
    if (g->from_prior) {
        int other = mcd_gp_targets_status(p, targets, e); /* why there was no density */
        return other || !status ? other : g->host->fail(e, status, none.where, "%s", none.text);
    }
    status = mcd_gp_modes(p, 0, &count, mode, e);
    if (status)
        return status;
    tell_modes(g->host, count, mode);
    return mcd_gp_starts(p, mode, seed, g->options.chains, start, e);
}

/* Draws of all chains into one array, as users know the parameters. */
static int collect(const struct gp *g, const struct mcd_chain *chain, struct mcd_draws *out,
                   struct mcd_error *e)
{
    size_t n = (size_t)g->options.chains * g->options.draws, draws = g->options.draws;
    *out = (struct mcd_draws){.size = out->size,
                              .chains = g->options.chains,
                              .draws = g->options.draws,
                              .dim = MCD_GP_PARAMS,
                              .max_depth = g->options.max_depth,
                              .names = names,
                              .q = g->host->alloc(g->host, n * MCD_GP_PARAMS * sizeof(double)),
                              .each = g->host->alloc(g->host, n * sizeof *out->each)};
    if (!out->q || !out->each) {
        g->host->release(g->host, out->q);
        g->host->release(g->host, out->each);
        out->q = NULL;
        out->each = NULL;
        return g->host->fail(e, MCD_NOMEM, "gp", "out of memory: %zu draws", n);
    }
    for (uint32_t c = 0; c < g->options.chains; c++) {
        memcpy(out->each + c * draws, chain[c].each, draws * sizeof *out->each);
        for (size_t i = 0; i < draws * MCD_GP_PARAMS; i++)
            out->q[c * draws * MCD_GP_PARAMS + i] = exp(chain[c].q[i]);
    }
    return MCD_OK;
}

static void tell_chains(const struct gp *g, const struct mcd_chain *chain)
{
    for (uint32_t c = 0; c < g->options.chains; c++)
        g->host->log(g->host, MCD_LOG_DEBUG,
                     "chain %u: step size %.4g, %llu leapfrog steps and %u divergences in warm-up",
                     c + 1, chain[c].step_size, (unsigned long long)chain[c].tune_steps,
                     chain[c].tune_divergent);
}

/* A density without a value may be no memory, or the end: then it is not the sampler's failure. */
static int run_chains(const struct gp *g, const struct mcd_gp_problem *p,
                      const struct mcd_gp_targets *targets, const double *start,
                      const struct mcd_chain_options *o, struct mcd_chain *chain,
                      struct mcd_error *e)
{
    struct mcd_error own = {0};
    int status = mcd_chains_run(g->host, targets->target, start, o, chain, &own);
    int other = mcd_gp_targets_status(p, targets, e);
    if (other || !status)
        return other;
    return g->host->fail(e, status, own.where, "%s", own.text);
}

static int sample(const struct gp *g, const struct mcd_gp_problem *p,
                  const struct mcd_gp_targets *targets, struct watch *watch, struct mcd_draws *out,
                  struct mcd_error *e)
{
    const struct mcd_host *host = g->host;
    struct mcd_chain_options o = g->options;
    size_t bytes = o.chains * MCD_GP_PARAMS * sizeof(double);
    double *start = host->alloc(host, bytes);
    struct mcd_chain *chain = host->alloc(host, o.chains * sizeof *chain);
    if (chain)
        memset(chain, 0, o.chains * sizeof *chain);
    int status = start && chain
                     ? MCD_OK
                     : host->fail(e, MCD_NOMEM, "gp", "out of memory: %u chains", o.chains);
    o.seed = watch->data->seed;
    o.go_on = iteration;
    o.arg = watch;
    if (!status)
        status = starts(g, p, targets, o.seed, start, e);
    if (!status) {
        status = run_chains(g, p, targets, start, &o, chain, e);
        if (!status)
            tell_chains(g, chain);
        if (!status)
            status = collect(g, chain, out, e);
        mcd_chains_release(host, o.chains, chain);
    }
    host->release(host, start);
    host->release(host, chain);
    return status;
}

static int fit(void *self, const struct mcd_fit_data *d, struct mcd_draws *out, struct mcd_error *e)
{
    const struct gp *g = self;
    const struct mcd_chain_options *o = &g->options;
    struct watch watch = {.data = d, .of = o->chains * ((uint64_t)o->tune + o->draws)};
    struct mcd_gp_problem p = problem(g, d, &watch);
    struct mcd_gp_targets targets;
    double n = p.data.spacing == 0 ? (double)d->rows : 0;
    uint32_t climbs = least(g->host->workers, MCD_GP_STARTS);
    uint32_t most = o->chains > climbs ? o->chains : climbs;
    tell_path(&p);
    int status = check_room(g, d->rows, most, n * n, e);
    if (status)
        return status;
    status = mcd_gp_targets_create(&p, o->chains, 0, &targets, e);
    if (!status)
        status = sample(g, &p, &targets, &watch, out, e);
    mcd_gp_targets_release(&targets);
    return status;
}

/* ---- prediction -------------------------------------------------------------------------- */

/* Draws are a file's, which may be of another model. */
static int check_names(const struct gp *g, const struct mcd_fit_data *d, struct mcd_error *e)
{
    int same = d->dim == MCD_GP_PARAMS;
    for (int i = 0; same && i < MCD_GP_PARAMS; i++)
        same = strcmp(d->names[i], names[i]) == 0;
    return same ? MCD_OK
                : g->host->fail(e, MCD_INVALID, "gp",
                                "draws of other quantities: expected l, eta and sigma");
}

/* The logarithms of count draws, to be released. */
static int logs(const struct gp *g, const struct mcd_fit_data *d, uint32_t count, const double *q,
                double **out, struct mcd_error *e)
{
    size_t n = (size_t)count * MCD_GP_PARAMS;
    *out = NULL;
    if (check_names(g, d, e))
        return MCD_INVALID;
    *out = g->host->alloc(g->host, n * sizeof **out);
    if (!*out)
        return g->host->fail(e, MCD_NOMEM, "gp", "out of memory: %u draws", count);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = log(q[i]);
        if (!isfinite((*out)[i]))
            return g->host->fail(e, MCD_INVALID, "gp", "draw %zu has %s %g: expected above 0",
                                 i / MCD_GP_PARAMS + 1, names[i % MCD_GP_PARAMS], q[i]);
    }
    return MCD_OK;
}

static int draw(void *self, const struct mcd_fit_data *d, int64_t points, const double *x,
                uint32_t passes, const double *q, double *mean, double *variance, double *noise,
                struct mcd_error *e)
{
    const struct gp *g = self;
    struct watch watch = {.data = d, .of = passes};
    struct mcd_gp_problem p = problem(g, d, &watch);
    const struct mcd_gp_points at = {points, x};
    double *log_q;
    double n = p.data.spacing == 0 ? (double)d->rows : 0;
    int status = logs(g, d, passes, q, &log_q, e);
    p.go_on = step;
    if (!status)
        status = check_room(g, d->rows, predicting(g, passes), n * n, e);
    if (!status)
        status = mcd_gp_predict_draws(&p, &at, passes, log_q, mean, variance, e);
    for (uint32_t i = 0; !status && i < passes; i++) {
        double sigma = q[(size_t)i * MCD_GP_PARAMS + MCD_GP_SIGMA];
        noise[i] = sigma * sigma;
    }
    g->host->release(g->host, log_q);
    return status;
}

static int path(void *self, const struct mcd_fit_data *d, int64_t points, const double *x,
                uint64_t first, uint32_t passes, const double *q, double *value,
                struct mcd_error *e)
{
    const struct gp *g = self;
    struct watch watch = {.data = d, .of = passes};
    struct mcd_gp_problem p = problem(g, d, &watch);
    const struct mcd_gp_points at = {points, x};
    double *log_q;
    double n = (double)d->rows, m = (double)points;
    int status = logs(g, d, passes, q, &log_q, e);
    p.go_on = step;
    if (!status)
        status = check_room(g, d->rows + points, predicting(g, passes), n * n + n * m + m * m, e);
    if (!status)
        status = mcd_gp_path_draws(&p, &at, d->seed, first, passes, log_q, value, e);
    g->host->release(g->host, log_q);
    return status;
}

/* ---- checks ------------------------------------------------------------------------------ */

static void tell_moments(const struct mcd_quadrature *q, mcd_exact_teller tell, void *arg)
{
    for (uint32_t i = 0; i < MCD_GP_PARAMS; i++) {
        double mean = 0, squares = 0;
        for (uint32_t k = 0; k < q->count; k++)
            mean += q->weight[k] * exp(q->q[k * MCD_GP_PARAMS + i]);
        for (uint32_t k = 0; k < q->count; k++) {
            double off = exp(q->q[k * MCD_GP_PARAMS + i]) - mean;
            squares += q->weight[k] * off * off;
        }
        tell(arg, "quadrature", names[i], "mean", mean);
        tell(arg, "quadrature", names[i], "sd", sqrt(squares));
    }
    tell(arg, "quadrature", "log_evidence", NULL, q->log_evidence);
}

/* A grid that leaves out more gives no exact moments: the priors' tails are heavy. */
static const double MOST_CUT_OFF = 1e-6;

static void tell_quadrature(const struct mcd_host *host, const struct mcd_quadrature *q,
                            mcd_exact_teller tell, void *arg)
{
    if (q->edge <= MOST_CUT_OFF)
        tell_moments(q, tell, arg);
    else
        host->log(host, MCD_LOG_WARNING,
                  "no quadrature: the posterior reaches beyond its grid, at whose edge the density "
                  "is %.2g of the highest: expected at most %g",
                  q->edge, MOST_CUT_OFF);
    tell(arg, "quadrature", "cut_off", NULL, q->edge);
}

/* Around the highest mode; where that is no maximum there is no quadrature. */
static int integrate(const struct gp *g, const struct mcd_gp_problem *p, mcd_exact_teller tell,
                     void *arg, struct mcd_error *e)
{
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    struct mcd_gp_targets targets;
    struct mcd_laplace normal;
    struct mcd_quadrature q;
    uint32_t count;
    int status = mcd_gp_modes(p, 0, &count, mode, e);
    if (!status)
        status = mcd_gp_targets_create(p, g->host->workers, 0, &targets, e);
    if (status)
        return status;
    if (mcd_laplace(targets.target, mode->q, &normal) == 0) {
        status = mcd_quadrature(g->host, targets.target, &normal, &q, e);
        int other = mcd_gp_targets_status(p, &targets, e);
        if (!status && !other)
            tell_quadrature(g->host, &q, tell, arg);
        if (!status)
            mcd_quadrature_release(g->host, &q);
        status = status ? status : other;
    } else if ((status = mcd_gp_targets_status(p, &targets, e)) == MCD_OK) {
        g->host->log(g->host, MCD_LOG_WARNING,
                     "no quadrature: the posterior's mode is not a peak with a normal's shape");
    }
    mcd_gp_targets_release(&targets);
    return status;
}

/* Maximum likelihood II, and at its parameters how each row is predicted from the others. */
static int maximise(const struct gp *g, const struct mcd_gp_problem *p, mcd_exact_teller tell,
                    void *arg, struct mcd_error *e)
{
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    uint32_t count;
    double sum = 0;
    int status = mcd_gp_modes(p, 1, &count, mode, e);
    if (status)
        return status;
    for (uint32_t i = 0; i < MCD_GP_PARAMS; i++)
        tell(arg, "maximum_likelihood", names[i], "value", exp(mode->q[i]));
    tell(arg, "maximum_likelihood", "log_likelihood", NULL, mode->log_density);
    double *each = g->host->alloc(g->host, (size_t)p->data.rows * sizeof *each);
    status = each ? mcd_gp_leave_one_out(p, mode->q, each, e)
                  : g->host->fail(e, MCD_NOMEM, "gp", "out of memory: %lld rows",
                                  (long long)p->data.rows);
    for (int64_t i = 0; !status && i < p->data.rows; i++)
        sum += each[i];
    if (!status)
        tell(arg, "leave_one_out", "log_score", NULL, sum);
    g->host->release(g->host, each);
    return status;
}

static int exact(void *self, const struct mcd_fit_data *d, mcd_exact_teller tell, void *arg,
                 struct mcd_error *e)
{
    const struct gp *g = self;
    struct watch watch = {.data = d};
    struct mcd_gp_problem p = problem(g, d, &watch);
    int status = integrate(g, &p, tell, arg, e);
    return status ? status : maximise(g, &p, tell, arg, e);
}

static const struct mcd_model api = {
    .size = sizeof api, .recipe = recipe, .fit = fit, .draw = draw, .path = path, .exact = exact};
MCD_PLUGIN(MCD_MODEL, "gp", "MIT", "Gaussian process for regression, sampled", mcd_self_destroy);
