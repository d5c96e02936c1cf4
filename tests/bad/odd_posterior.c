/*
 * A model that brings its own posterior: y ~ N(mu, 1) whatever x is, with mu drawn from its
 * posterior N(mean of y, 1 / rows). It is right, and has no reports of transitions, unless `wrong`
 * says what shall be wrong. With ODD_INTERRUPTS in the environment `exact` is interrupted half-way.
 */
#include <mcdrop/model.h>
#include <mcdrop/random.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>

/* In the order of the parameter's domain. */
enum wrong {
    nothing,
    no_chains,
    few_draws,
    many_quantities,
    no_draws,
    no_names,
    empty_name,
    same_names,
    nan_draw,
    nan_energy,
    silent_fit,
    silent_draw,
    unwritten_mean,
    unwritten_noise,
    negative_variance,
    negative_noise,
    infinite_mean,
    unwritten_path,
    nameless_exact,
    failing_exact,
    stuck,
    needs_magic,
    classifies,
    endless,
    crowded,  /* draws depend on the number of threads */
    trusting, /* draws of any number of quantities are welcome */
    countless /* paths depend on which passes are asked for together */
};

#define PARAMS(X)                                                                                  \
    X(ENUM, wrong, "nothing",                                                                      \
      "nothing|no_chains|few_draws|many_quantities|no_draws|no_names|empty_name|same_names|"       \
      "nan_draw|nan_energy|silent_fit|silent_draw|unwritten_mean|unwritten_noise|"                 \
      "negative_variance|negative_noise|infinite_mean|unwritten_path|nameless_exact|"              \
      "failing_exact|stuck|needs_magic|classifies|endless|crowded|trusting|countless",             \
      "what is wrong")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { CHAINS = 3, DRAWS = 400 };

struct odd {
    const struct mcd_host *host;
    enum wrong wrong;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct odd *o = mcd_self_create(host, sizeof *o, self, error);
    if (!o)
        return MCD_NOMEM;
    *o = (struct odd){host, (enum wrong)wrong};
    return MCD_OK;
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe good = {.size = sizeof good, .task = MCD_REGRESS, .data = "co2"};
    static const struct mcd_recipe magic = {
        .size = sizeof magic, .task = MCD_REGRESS, .data = "co2", .needs = 0x80};
    static const struct mcd_recipe classes = {
        .size = sizeof classes, .task = MCD_CLASSIFY, .data = "mnist"};
    enum wrong w = ((struct odd *)self)->wrong;
    return w == needs_magic ? &magic : w == classifies ? &classes : &good;
}

static double normal(uint64_t seed, uint64_t i)
{
    const struct mcd_address at = {seed, i, MCD_DOMAIN_CHAIN, 0, 0};
    struct mcd_words words = mcd_noise_words(&at, 0);
    double four[4];
    mcd_normal(&words, four);
    return four[0];
}

static void spoil(enum wrong w, struct mcd_draws *d)
{
    static const char *const none[] = {""};
    static const char *const same[] = {"mu", "mu"};
    if (w == no_chains)
        d->chains = 0;
    if (w == few_draws)
        d->draws = 7;
    if (w == many_quantities)
        d->dim = 100000;
    if (w == no_names)
        d->names = NULL;
    if (w == empty_name)
        d->names = none;
    if (w == same_names) {
        d->names = same;
        d->dim = 2;
        d->draws = DRAWS / 2;
    }
    if (w == nan_draw)
        d->q[2 * DRAWS + 4] = NAN;
    for (int i = 0; w == stuck && i < DRAWS; i++)
        d->q[i] = 7 + 0.001 * i;
}

static int fit(void *self, const struct mcd_fit_data *data, struct mcd_draws *d,
               struct mcd_error *error)
{
    static const char *const names[] = {"mu"};
    const struct odd *o = self;
    double mean = 0;
    if (o->wrong == silent_fit)
        return MCD_INVALID;
    while (o->wrong == endless && data->go_on(data->arg, 0, 0))
        ;
    if (!data->go_on(data->arg, 0, 1))
        return o->host->fail(error, MCD_STOPPED, "", "stopped");
    if (o->wrong != no_draws)
        d->q = o->host->alloc(o->host, CHAINS * DRAWS * sizeof *d->q);
    d->chains = CHAINS;
    d->draws = DRAWS;
    d->dim = 1;
    d->names = names;
    if (o->wrong == nan_energy) {
        d->each = o->host->alloc(o->host, CHAINS * DRAWS * sizeof *d->each);
        for (int i = 0; d->each && i < CHAINS * DRAWS; i++)
            d->each[i] = (struct mcd_transition){.energy = i == 5 ? NAN : 1};
    }
    for (int64_t i = 0; i < data->rows; i++)
        mean += data->y[i] / (double)data->rows;
    for (int i = 0; d->q && i < CHAINS * DRAWS; i++)
        d->q[i] = mean + normal(data->seed, (uint64_t)i) / sqrt((double)data->rows);
    if (o->wrong == crowded)
        d->q[0] += o->host->workers;
    spoil(o->wrong, d);
    return MCD_OK;
}

static int draw(void *self, const struct mcd_fit_data *data, int64_t points, const double *x,
                uint32_t passes, const double *q, double *mean, double *variance, double *noise,
                struct mcd_error *error)
{
    const struct odd *o = self;
    enum wrong w = o->wrong;
    (void)x;
    if (data->dim != 1 && w != trusting)
        return o->host->fail(error, MCD_INVALID, "odd", "draws of %u quantities", data->dim);
    if (w == silent_draw)
        return MCD_DEVICE;
    for (uint32_t t = 0; t < passes; t++) {
        noise[t] = 1;
        for (int64_t k = 0; k < points; k++) {
            mean[t * points + k] = q[t];
            variance[t * points + k] = 0;
        }
    }
    if (w == unwritten_mean)
        mean[passes * points - 1] = NAN;
    if (w == unwritten_noise)
        noise[passes - 1] = NAN;
    if (w == infinite_mean)
        mean[3] = INFINITY;
    if (w == negative_variance)
        variance[2] = -1e-3;
    if (w == negative_noise)
        noise[1] = -1;
    return MCD_OK;
}

static int path(void *self, const struct mcd_fit_data *data, int64_t points, const double *x,
                uint64_t first, uint32_t passes, const double *q, double *value,
                struct mcd_error *error)
{
    enum wrong w = ((struct odd *)self)->wrong;
    (void)data, (void)x, (void)first, (void)error;
    for (int64_t i = 0; i < passes * points - (w == unwritten_path); i++)
        value[i] = q[i / points] + (w == countless ? (double)(i / points) : 0);
    return MCD_OK;
}

static int exact(void *self, const struct mcd_fit_data *data, mcd_exact_teller tell, void *arg,
                 struct mcd_error *error)
{
    const struct odd *o = self;
    double mean = 0;
    for (int64_t i = 0; i < data->rows; i++)
        mean += data->y[i] / (double)data->rows;
    tell(arg, "conjugate", "mu", "mean", mean);
    tell(arg, "conjugate", "mu", "sd", 1 / sqrt((double)data->rows));
    if (getenv("ODD_INTERRUPTS")) { /* as a user might, at this very moment */
        raise(SIGINT);
        while (data->go_on(data->arg, 0, 0))
            ;
        return o->host->fail(error, MCD_STOPPED, "", "interrupted");
    }
    tell(arg, "conjugate", o->wrong == nameless_exact ? NULL : "rows", NULL, (double)data->rows);
    if (o->wrong == failing_exact)
        return o->host->fail(error, MCD_INVALID, "odd", "no more is known");
    return MCD_OK;
}

static const struct mcd_model api = {
    .size = sizeof api, .recipe = recipe, .fit = fit, .draw = draw, .path = path, .exact = exact};
MCD_PLUGIN(MCD_MODEL, "odd_posterior", "MIT", "wrong on purpose, if asked to", mcd_self_destroy);
