/* Which step computes the gradient of which: what the core records, for tests without a core. */
#ifndef TESTS_OP_GRADIENT_H
#define TESTS_OP_GRADIENT_H

#include "core/check/conformance/step.h"

/* Values of a step, as step.h has them: row after row. None is owned by the gradient's step. */
struct step_values {
    const double *in[MCD_MAX_INPUTS], *out;
    const double *cotangent; /* of the output: d loss / d out */
};

/*
 * Makes the step whose output, times *factor, is d loss / d input `input` of `forward`. Returns 0
 * if no single step does that: for labels and BINARY.
 */
int gradient_step(const struct mcd_step_case *forward, uint32_t input, const struct step_values *,
                  struct mcd_step_case *gradient, double *factor);

#endif
