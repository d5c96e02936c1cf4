/* The run multiplies the rate of every update, moving averages among them. */
#include "broken.h"

static int run_damped(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    struct mcd_step damped = *step;
    damped.scheduled = 1;
    return run_step(state, &damped, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_SGD ? run_damped : NULL;
}

BROKEN("damped", "the rate of sgd changes where it must not");
