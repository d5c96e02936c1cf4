/*
 * The no-U-turn sampler: one transition of a Markov chain. Knows a target and a metric, nothing of
 * adaptation.
 */
#ifndef GP_NUTS_H
#define GP_NUTS_H

#include "density.h"
#include "metric.h"
#include "stream.h"

#include <mcdrop/chain.h>
#include <mcdrop/plugin.h>

#define MCD_NUTS_MAX_DEPTH 24

struct mcd_nuts;

/* Unit metric, step size 1. On failure *out is NULL. */
int mcd_nuts_create(const struct mcd_host *, const struct mcd_target *, int dense,
                    struct mcd_nuts **out, struct mcd_error *);
void mcd_nuts_destroy(struct mcd_nuts *); /* NULL is fine */

struct mcd_metric *mcd_nuts_metric(struct mcd_nuts *);
double mcd_nuts_step_size(const struct mcd_nuts *);
void mcd_nuts_set_step_size(struct mcd_nuts *, double);

/* Moves the chain to q; MCD_INVALID where the density has no finite value. */
int mcd_nuts_start(struct mcd_nuts *, const double *q, struct mcd_error *);

/* The chain's point. */
const double *mcd_nuts_position(const struct mcd_nuts *);

struct mcd_transition mcd_nuts_transition(struct mcd_nuts *, uint32_t max_depth,
                                          struct mcd_stream *);

/* Doubles or halves the step size until one step is accepted with probability about 0.8. */
void mcd_nuts_search_step_size(struct mcd_nuts *, struct mcd_stream *);

#endif
