/* The moments of a run are joined with those before it as if these were always a single run. */
#include "broken.h"

static int run_unjoined(void *state, const struct mcd_step *step, const struct mcd_run *run,
                        struct mcd_error *error)
{
    struct mcd_run second = *run;
    second.joined = run->joined > 0;
    return run_step(state, step, &second, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_MOMENTS ? run_unjoined : NULL;
}

BROKEN("unjoined", "the tree has one level");
