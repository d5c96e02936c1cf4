/* Convolution takes its padding for none. */
#include "broken.h"

static int run_padless(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    struct mcd_step padless = *step;
    padless.attr.u.conv.pad[0] = padless.attr.u.conv.pad[1] = 0;
    return run_step(state, &padless, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_CONV2D ? run_padless : NULL;
}

BROKEN("padless", "convolution ignores padding");
