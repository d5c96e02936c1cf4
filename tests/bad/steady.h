/* The rate of updates by STEADY, an op, is what was recorded, whatever the run says. */
#ifndef TEST_STEADY_H
#define TEST_STEADY_H

#include "broken.h"

static int run_steady(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    struct mcd_step steady = *step;
    steady.scheduled = 0;
    return run_step(state, &steady, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == STEADY ? run_steady : NULL;
}

#endif
