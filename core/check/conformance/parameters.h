/*
 * Steps that read a parameter which changes between runs, as the store and the optimiser change
 * it, in a buffer of its own: what a backend made of earlier contents must not be used again.
 */
#ifndef CORE_CHECK_PARAMETERS_H
#define CORE_CHECK_PARAMETERS_H

#include "core/check/conformance/cases.h"

enum { MCD_PARAMETER_STAGES = 5 };

/* "after the parameter was written again": what happened before a stage's run. */
extern const char *const mcd_parameter_stages[MCD_PARAMETER_STAGES];

/* LINEAR, LINEAR_DX, CONV2D, CONV2D_DX on one shape each; input 1 is the parameter. */
struct mcd_case_list mcd_parameters_cases(void);

/*
 * Makes two kernels of a case, as two plans on one store do, and runs both in every stage.
 * `results` takes MCD_PARAMETER_STAGES times 2 times mcd_step_results(c) numbers. MCD_UNSUPPORTED:
 * refused.
 */
int mcd_parameters_run(const struct mcd_engine *b, const struct mcd_step_case *c, double *results,
                       struct mcd_error *e);

#endif
