/*
 * What a sampler's coupling of passes does to the error of their mean, on a network as it is
 * initialised: mcdrop bench samplers asks the same of a trained one, with errors.
 */
#ifndef CORE_BENCH_COUPLING_H
#define CORE_BENCH_COUPLING_H

#include "core/bench/subject.h"

/*
 * Variance of the mean of passes beside that of as many independent ones, over rows and outputs: 1
 * for a sampler without groups, else estimated from 32 groups.
 */
int mcd_coupling(const struct mcd_bench_subject *, double *factor, struct mcd_error *e);

#endif
