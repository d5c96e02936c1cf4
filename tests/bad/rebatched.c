/* Batches of passes are counted from a run's first pass: right in the first run alone. */
#include "broken.h"

static int run_rebatched(void *state, const struct mcd_step *step, const struct mcd_run *run,
                         struct mcd_error *error)
{
    struct mcd_run first = *run;
    first.first_pass = 0;
    return run_step(state, step, &first, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_SUMS ? run_rebatched : NULL;
}

BROKEN("rebatched", "every run's passes are those of the first");
