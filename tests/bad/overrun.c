/* One element after the output is written, as by a vector loop without its remainder. */
#include "broken.h"

static int run_too_far(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    int status = run_step(state, step, run, error);
    put(reals_of(&step->out), mcd_tensor_count(&step->out), 0);
    return status;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_AFFINE ? run_too_far : NULL;
}

BROKEN("overrun", "writes beyond its output");
