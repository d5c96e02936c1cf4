/*
 * What a posterior's draws say: each quantity's summary, each chain's health, the verdict on all,
 * and beside them what is known without sampling.
 */
#ifndef CORE_RESULT_POSTERIOR_H
#define CORE_RESULT_POSTERIOR_H

#include "core/network/draws.h"
#include "core/stats/diagnostics.h"

#include <jansson.h>

/* Owned, from the host, but for `draws`. Initialise with {0}. */
struct mcd_posterior {
    const struct mcd_host *host;
    const struct mcd_draws_file *draws; /* borrowed */
    struct mcd_diagnosis *quantity;     /* [dim] */
    struct mcd_chain_health *chain;     /* [chains]; NULL: the sampler has no reports */
    int good;                           /* the verdict */
    char verdict[1000];
};

/* On failure `p` is zeroed; the caller clears it. */
int mcd_posterior_create(struct mcd_posterior *p, const struct mcd_host *,
                         const struct mcd_draws_file *draws, struct mcd_error *e);

void mcd_posterior_clear(struct mcd_posterior *p); /* harmless on zeros */

/*
 * Adds the members `posterior` (by quantity: mean, sd, q05, q50, q95, rhat, ess_bulk, ess_tail and
 * the errors mcse_mean, mcse_sd, mcse_q05, ...), `sampler` (an array by chain), `verdict` (good,
 * text) and `exact` (by method, quantity, statistic) to an object. 0, or -1 for lack of memory.
 */
int mcd_posterior_put_json(const struct mcd_posterior *p, json_t *object);

#endif
