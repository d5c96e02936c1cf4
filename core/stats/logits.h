/* What a row of logits says: its class and its probabilities. */
#ifndef CORE_LOGITS_H
#define CORE_LOGITS_H

#include <stdint.h>

/* Index of the largest of n numbers; of equal ones the first. */
int64_t mcd_logits_largest(const double *x, int64_t n);

/*
 * Probabilities p of the logits x, which may not overlap, and, unless NULL, their entropy. Returns
 * mcd_logits_largest(x, n).
 */
int64_t mcd_logits_softmax(const double *x, int64_t n, double *p, double *entropy);

#endif
