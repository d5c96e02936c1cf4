/*
 * Steps that read a parameter which changes between runs, as the store and the optimiser change
 * it, in a buffer of its own: what a backend made of earlier contents must not be used again.
 */
#ifndef TEST_PARAMETERS_H
#define TEST_PARAMETERS_H

#include "step.h"

enum { PARAMETER_STAGES = 5, PARAMETER_CASES = 4 };

/* "after the parameter was written again": what happened before a stage's run. */
extern const char *const parameter_stages[PARAMETER_STAGES];

/* LINEAR, LINEAR_DX, CONV2D, CONV2D_DX on one shape each; input 1 is the parameter. */
void parameters_case(int number, struct step_case *c);

/*
 * Makes two kernels of a case, as two plans on one store do, and runs both in every stage.
 * `results` takes PARAMETER_STAGES times 2 times step_results(c) numbers. MCD_UNSUPPORTED: refused.
 */
int parameters_run(const struct backend *b, const struct step_case *c, double *results,
                   struct mcd_error *e);

#endif
