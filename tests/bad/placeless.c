/* A gather begins at the order's first place, wherever the batch is. */
#include "broken.h"

static int run_placeless(void *state, const struct mcd_step *step, const struct mcd_run *run,
                         struct mcd_error *error)
{
    struct mcd_run first = *run;
    first.first_place = 0;
    return run_step(state, step, &first, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_GATHER ? run_placeless : NULL;
}

BROKEN("placeless", "every batch is the first one");
