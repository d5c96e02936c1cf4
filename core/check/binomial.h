/*
 * How surprising a count is: exact, so that a check can state how often it blames who is right.
 */
#ifndef CORE_BINOMIAL_H
#define CORE_BINOMIAL_H

#include <stdint.h>

/*
 * A single look blames wrongly less often than this. No check takes more than 1000 looks, so none
 * of them fails a right plugin with more than one seed in a million.
 */
#define MCD_FALSE_ALARM 1e-9

/* P(X is as far out as k, or farther, on k's side) for X ~ Binomial(n, p), times 2, at most 1. */
double mcd_binomial_tail(uint64_t k, uint64_t n, double p);

#endif
