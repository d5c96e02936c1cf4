/* tau: given, saved, from a prior, or fitted. */
#include "core/cli/noise.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/stop.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/predict/tau.h"

#include <math.h>

enum { FIT_PASSES = 200, FEW_PASSES = 16, FIT_VALUES = 1 << 23 /* 64 MiB of squares */ };

/* ---- what is known ----------------------------------------------------------------------- */

/* What the weights were trained with; `rows` 0 where that is not known. */
static int find_prior(const struct mcd_session *s, struct mcd_tau_prior *prior, struct mcd_error *e)
{
    *prior = (struct mcd_tau_prior){.rows = s->saved.rows, .decay = s->saved.update.decay};
    if (s->fitted_rows)
        *prior = (struct mcd_tau_prior){.rows = s->fitted_rows, .decay = s->fitted_decay};
    prior->rows *= s->network->outputs; /* the loss is their mean as well */
    return mcd_tau_drop(s->network, &prior->drop, e);
}

static int tell(const struct mcd_session *s, double tau, const char *how, struct mcd_error *e)
{
    struct mcd_tau_prior prior;
    char length[80] = "";
    double scale = s->frame.mean && s->frame.outputs == 1 ? s->frame.sd[s->frame.inputs] : 1;
    int status = find_prior(s, &prior, e);
    if (status == MCD_OK && prior.rows > 0 && prior.decay > 0 && prior.drop > 0 && prior.drop < 1)
        snprintf(length, sizeof length, "; a prior of length scale %.4g gives it",
                 mcd_tau_length(&prior, tau));
    if (status == MCD_OK)
        mcd_log(MCD_LOG_INFO, "tau %.5g (noise of sd %.4g), %s%s", tau, scale / sqrt(tau), how,
                length);
    return status;
}

/* ---- fitting ----------------------------------------------------------------------------- */

/* Squares of what the passes miss the answers by, [passes][rows][outputs]. */
struct fit {
    const float *answer;
    int64_t rows, outputs;
    uint32_t type;
    double *square;
};

static int take(void *arg, const struct mcd_block *b, struct mcd_error *e)
{
    const struct fit *f = arg;
    int64_t n = b->rows * f->outputs;
    (void)e;
    for (uint64_t t = 0; t < b->passes; t++)
        for (int64_t i = 0; i < n; i++) {
            int64_t at = b->first_row * f->outputs + i, from = (int64_t)t * n + i;
            double value = f->type == MCD_F64 ? ((const double *)b->samples)[from]
                                              : (double)((const float *)b->samples)[from];
            double d = value - (double)f->answer[at];
            f->square[(int64_t)(b->first_pass + t) * f->rows * f->outputs + at] = d * d;
        }
    return MCD_OK;
}

static int collect(const struct mcd_session *s, const struct mcd_dataset *d, struct fit *f,
                   uint64_t passes, struct mcd_error *e)
{
    struct mcd_moments *moments = NULL;
    struct mcd_predict job = {
        .network = s->network,
        .sampler = s->sampler,
        .x = d->x.data,
        .rows = f->rows,
        .seed = s->options.seed,
        .passes = passes,
        .samples = take,
        .samples_arg = f,
        .stop = &mcd_stop,
    };
    int status = mcd_predict_run(&job, &moments, e);
    mcd_moments_destroy(moments);
    return status;
}

/* A network without dropout has one pass: weight averaging. */
static int collect_average(const struct mcd_session *s, const struct mcd_dataset *d, struct fit *f,
                           struct mcd_error *e)
{
    int status = mcd_average(s->network, d->x.data, f->rows, f->square, &mcd_stop, e);
    for (int64_t i = 0; status == MCD_OK && i < f->rows * f->outputs; i++) {
        double miss = f->square[i] - (double)f->answer[i];
        f->square[i] = miss * miss;
    }
    return status;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* As many passes as there is memory for, and few rows rather than few passes. */
static int fit(const struct mcd_session *s, const struct mcd_dataset *d, double *tau,
               struct mcd_error *e)
{
    int64_t outputs = s->network->outputs;
    struct fit f = {.answer = d->y.data, .outputs = outputs, .type = s->network->store->type};
    f.rows = lesser(d->x.dim[0], FIT_VALUES / FEW_PASSES / outputs);
    f.rows = f.rows > 0 ? f.rows : 1;
    int64_t points = f.rows * outputs, passes = lesser(FIT_PASSES, FIT_VALUES / points);
    int stochastic = mcd_network_check_stochastic(s->network, NULL) == MCD_OK;
    passes = !stochastic ? 1 : passes > FEW_PASSES ? passes : FEW_PASSES;
    f.square = mcd_host_zalloc(s->host, (size_t)(passes * points) * sizeof *f.square, e);
    int status = !f.square    ? MCD_NOMEM
                 : stochastic ? collect(s, d, &f, (uint64_t)passes, e)
                              : collect_average(s, d, &f, e);
    if (status == MCD_OK)
        *tau = mcd_tau_fit(f.square, (uint64_t)passes, points);
    if (status == MCD_OK && isnan(*tau))
        status = mcd_fail(e, MCD_INVALID, d->answers,
                          "every pass meets every answer: expected some difference to fit tau to");
    s->host->release(s->host, f.square);
    return status;
}

int mcd_noise_fit(struct mcd_session *s, const struct mcd_dataset *d, double *tau)
{
    struct mcd_error e = {0};
    int status = fit(s, d, tau, &e);
    if (status == MCD_OK)
        status =
            tell(s, *tau,
                 d->held_out ? "fitted to the held-out answers" : "fitted to these answers", &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

/* ---- choosing ---------------------------------------------------------------------------- */

static int from_length(const struct mcd_session *s, double *tau, struct mcd_error *e)
{
    struct mcd_tau_prior prior;
    int status = find_prior(s, &prior, e);
    if (status)
        return status;
    if (!(prior.rows > 0 && prior.decay > 0 && prior.drop > 0 && prior.drop < 1))
        return mcd_fail(e, MCD_INVALID, "--length-scale",
                        "needs weights that say how many rows they were trained on, with weight "
                        "decay, and one drop probability in (0, 1): expected --tau instead");
    *tau = mcd_tau_of_length(&prior, s->options.length_scale);
    return MCD_OK;
}

static int settle(struct mcd_session *s, const struct mcd_dataset *d, double *tau,
                  struct mcd_error *e)
{
    int status = MCD_OK;
    *tau = s->options.tau > 0 ? s->options.tau : s->frame.tau;
    if (s->options.length_scale > 0)
        status = from_length(s, tau, e);
    if (status || !(*tau > 0))
        return status;
    return tell(s, *tau,
                s->options.length_scale > 0 ? "from the prior"
                : s->options.tau > 0        ? "as given"
                : d->held_out               ? "as training fitted it to these rows, which flatters "
                                              "their likelihood and coverage"
                                            : "as training found it",
                e);
}

int mcd_noise_settle(struct mcd_session *s, const struct mcd_dataset *d, int must, double *tau)
{
    struct mcd_error e = {0};
    const struct mcd_options *o = &s->options;
    *tau = 0;
    if (s->network->recipe.task != MCD_REGRESS) {
        if (!(o->tau > 0 || o->length_scale > 0 || o->fit_tau))
            return MCD_EXIT_OK;
        mcd_fail(&e, MCD_INVALID, "--tau", "is for regression, but %s is a classifier",
                 s->model->plugin->name);
        return mcd_report_option(&e);
    }
    if (!o->fit_tau && settle(s, d, tau, &e))
        return mcd_report_option(&e);
    if (*tau > 0)
        return MCD_EXIT_OK;
    if (!o->fit_tau && !must) {
        mcd_log(MCD_LOG_INFO, "tau is not known: standard deviations are without noise");
        return MCD_EXIT_OK;
    }
    if (!d->y.data) {
        mcd_fail(&e, MCD_INVALID, "--tau", "there are no answers to fit it to: expected a number");
        return mcd_report_option(&e);
    }
    if (!o->fit_tau)
        mcd_log(MCD_LOG_WARNING, "tau is not known: it is fitted to the answers that are scored, "
                                 "and so the scores flatter");
    return mcd_noise_fit(s, d, tau);
}

int mcd_noise_meaning(const struct mcd_session *s, const struct mcd_dataset *d, double tau,
                      struct mcd_meaning **meaning, struct mcd_error *e)
{
    int64_t outputs = s->network->outputs;
    *meaning = NULL;
    if (s->network->recipe.task != MCD_REGRESS)
        return MCD_OK;
    int status = mcd_meaning_create(s->host, d->x.dim[0], outputs, tau > 0, d->truth.data != NULL,
                                    meaning, e);
    if (status)
        return status;
    struct mcd_meaning *m = *meaning;
    mcd_frame_explain(&s->frame, m);
    for (int64_t k = 0; m->noise && k < outputs; k++)
        m->noise[k] = m->scale[k] / sqrt(tau);
    if (m->target)
        memcpy(m->target, d->truth.data, (size_t)(m->rows * outputs) * sizeof *m->target);
    return MCD_OK;
}
