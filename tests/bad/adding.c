/* A weight gradient is added to what its memory happened to hold. */
#include "broken.h"

static int run_adding(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    double before = get(reals_of(&step->out), 0);
    run_step(state, step, run, error);
    put(reals_of(&step->out), 0, before + get(reals_of(&step->out), 0));
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_CONV2D_DW ? run_adding : NULL;
}

BROKEN("adding", "adds to an output that was never cleared");
