/* What savings mean for whoever has to choose a sampler, in a sentence. */
#ifndef CORE_SAVINGS_VERDICT_H
#define CORE_SAVINGS_VERDICT_H

#include "core/bench/savings.h"

#include <stdio.h>

/*
 * Writes the sentence about an estimate, without a newline. `name` are the samplers' as the user
 * knows them, the yardstick first. A saving counts if it is seen in the same processor time and
 * beyond two of its standard errors.
 */
void mcd_savings_tell(const struct mcd_sampler_savings *savings, const char *const *name,
                      uint32_t samplers, enum mcd_estimate estimate, FILE *to);

#endif
