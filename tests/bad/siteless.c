/* Every site's masks are those of site 0. */
#include "broken.h"

static int run_as_first(void *state, const struct mcd_step *step, const struct mcd_run *run,
                        struct mcd_error *error)
{
    struct mcd_step first = *step;
    first.attr.u.drop.site = 0;
    return run_step(state, &first, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_DROP ? run_as_first : NULL;
}

BROKEN("siteless", "all sites draw the same numbers");
