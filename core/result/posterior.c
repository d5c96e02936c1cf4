/* Draws judged, and the judgement as JSON. */
#include "core/result/posterior.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/json.h"

/* ---- judging ----------------------------------------------------------------------------- */

static int examine(struct mcd_posterior *p, struct mcd_error *e)
{
    const struct mcd_draws_file *d = p->draws;
    const struct mcd_transition **each;
    if (!d->each)
        return MCD_OK;
    each = mcd_host_zalloc(p->host, d->chains * sizeof *each, e);
    p->chain = mcd_host_zalloc(p->host, d->chains * sizeof *p->chain, e);
    for (uint32_t c = 0; each && p->chain && c < d->chains; c++)
        each[c] = d->each + (size_t)c * d->draws;
    int status = each && p->chain ? MCD_OK : MCD_NOMEM;
    if (!status)
        mcd_chains_examine(d->chains, d->draws, each, d->max_depth, p->chain);
    p->host->release(p->host, each);
    return status;
}

static int diagnose(struct mcd_posterior *p, struct mcd_error *e)
{
    const struct mcd_draws_file *d = p->draws;
    double *values = mcd_host_zalloc(p->host, (size_t)d->chains * d->draws * sizeof *values, e);
    p->quantity = mcd_host_zalloc(p->host, d->dim * sizeof *p->quantity, e);
    int status = values && p->quantity ? MCD_OK : MCD_NOMEM;
    for (uint32_t i = 0; !status && i < d->dim; i++) {
        mcd_draws_take(d, i, values);
        status = mcd_diagnose(p->host, d->chains, d->draws, values, &p->quantity[i], e);
    }
    p->host->release(p->host, values);
    return status;
}

int mcd_posterior_create(struct mcd_posterior *p, const struct mcd_host *host,
                         const struct mcd_draws_file *draws, struct mcd_error *e)
{
    *p = (struct mcd_posterior){.host = host, .draws = draws};
    int status = diagnose(p, e);
    if (!status)
        status = examine(p, e);
    if (!status)
        p->good =
            mcd_chains_verdict(draws->chains, p->chain, draws->dim, p->quantity,
                               (const char *const *)draws->names, p->verdict, sizeof p->verdict);
    else
        mcd_posterior_clear(p);
    return status;
}

void mcd_posterior_clear(struct mcd_posterior *p)
{
    if (!p->host)
        return;
    p->host->release(p->host, p->quantity);
    p->host->release(p->host, p->chain);
    *p = (struct mcd_posterior){0};
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *quantity_json(const struct mcd_diagnosis *d)
{
    static const char *const name[] = {"q05", "q50", "q95"};
    static const char *const error[] = {"mcse_q05", "mcse_q50", "mcse_q95"};
    json_t *o = json_object();
    int failed = json_object_set_new(o, "mean", mcd_json_real(d->mean)) |
                 json_object_set_new(o, "sd", mcd_json_real(d->sd));
    for (int i = 0; i < MCD_QUANTILES; i++)
        failed |= json_object_set_new(o, name[i], mcd_json_real(d->quantile[i]));
    failed |= json_object_set_new(o, "rhat", mcd_json_real(d->rhat)) |
              json_object_set_new(o, "ess_bulk", mcd_json_real(d->ess_bulk)) |
              json_object_set_new(o, "ess_tail", mcd_json_real(d->ess_tail)) |
              json_object_set_new(o, "mcse_mean", mcd_json_real(d->mcse_mean)) |
              json_object_set_new(o, "mcse_sd", mcd_json_real(d->mcse_sd));
    for (int i = 0; i < MCD_QUANTILES; i++)
        failed |= json_object_set_new(o, error[i], mcd_json_real(d->mcse_quantile[i]));
    return mcd_json_complete(o, failed);
}

static json_t *chain_json(const struct mcd_chain_health *c)
{
    json_t *o = json_object();
    int failed = json_object_set_new(o, "mean_log_posterior", mcd_json_real(c->log_density)) |
                 json_object_set_new(o, "log_posterior_sd", mcd_json_real(c->log_density_sd)) |
                 json_object_set_new(o, "accept", mcd_json_real(c->accept)) |
                 json_object_set_new(o, "ebfmi", mcd_json_real(c->bfmi)) |
                 json_object_set_new(o, "divergences", json_integer(c->divergent)) |
                 json_object_set_new(o, "depth_saturated", json_integer(c->saturated)) |
                 json_object_set_new(o, "steps", json_integer((json_int_t)c->steps)) |
                 json_object_set_new(o, "behind", mcd_json_real(c->behind)) |
                 json_object_set_new(o, "trapped", json_boolean(c->trapped));
    return mcd_json_complete(o, failed);
}

static json_t *sampler_json(const struct mcd_posterior *p)
{
    const struct mcd_draws_file *d = p->draws;
    json_t *o = json_object(), *chains = json_array();
    int failed = json_object_set_new(o, "chains", json_integer(d->chains)) |
                 json_object_set_new(o, "draws", json_integer(d->draws)) |
                 json_object_set_new(o, "max_depth", json_integer(d->max_depth));
    for (uint32_t c = 0; p->chain && c < d->chains; c++)
        failed |= json_array_append_new(chains, chain_json(&p->chain[c]));
    return mcd_json_complete(o, failed | json_object_set_new(o, "by_chain", chains));
}

/* The member `key` of an object, made where it is missing; borrowed. NULL for lack of memory. */
static json_t *inside(json_t *object, const char *key)
{
    json_t *found = json_object_get(object, key);
    if (!json_is_object(found) && json_object_set_new(object, key, json_object()) == 0)
        found = json_object_get(object, key);
    return found;
}

static json_t *exact_json(const struct mcd_draws_file *d)
{
    json_t *o = json_object();
    int failed = 0;
    for (uint32_t i = 0; i < d->exacts; i++) {
        const struct mcd_exact *x = &d->exact[i];
        json_t *of = inside(o, x->method);
        const char *key = x->statistic ? x->statistic : x->quantity;
        failed |= json_object_set_new(x->statistic ? inside(of, x->quantity) : of, key,
                                      mcd_json_real(x->value));
    }
    return mcd_json_complete(o, failed);
}

int mcd_posterior_put_json(const struct mcd_posterior *p, json_t *object)
{
    const struct mcd_draws_file *d = p->draws;
    json_t *posterior = json_object(), *verdict = json_object();
    int failed = 0;
    for (uint32_t i = 0; i < d->dim; i++)
        failed |= json_object_set_new(posterior, d->names[i], quantity_json(&p->quantity[i]));
    failed |= json_object_set_new(verdict, "good", json_boolean(p->good)) |
              json_object_set_new(verdict, "text", json_string(p->verdict));
    failed |= json_object_set_new(object, "posterior", posterior) |
              json_object_set_new(object, "sampler", sampler_json(p)) |
              json_object_set_new(object, "verdict", verdict);
    if (d->exacts)
        failed |= json_object_set_new(object, "exact", exact_json(d));
    return failed ? -1 : 0;
}
