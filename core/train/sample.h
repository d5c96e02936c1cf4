/*
 * Fitting a model that brings its own posterior: its draws, judged as what comes from a foreign
 * program, and what it knows without sampling.
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include "core/network/draws.h"
#include "core/network/fitting.h"

/* The draws with the rows that were fitted. On failure `out` is zeroed; the caller clears it. */
int mcd_sample_run(const struct mcd_fitting *, struct mcd_draws_file *out, struct mcd_error *e);

/*
 * Adds what the model knows without sampling, if anything; what it cannot tell is a warning. On
 * failure, MCD_STOPPED among others, nothing is added, and the draws are as they were.
 */
int mcd_sample_exact(const struct mcd_fitting *, struct mcd_draws_file *, struct mcd_error *e);

#endif
