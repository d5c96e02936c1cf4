/* What one plan was told when it was made is forgotten when the next one is. */
#include "broken.h"

static struct mcd_attr remembered;

static int run_remembered(void *state, const struct mcd_step *step, const struct mcd_run *run,
                          struct mcd_error *error)
{
    struct mcd_step mixed = *step;
    mixed.attr.u.sgd = remembered.u.sgd;
    return run_step(state, &mixed, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    if (step->op == MCD_OP_SGD)
        remembered = step->attr;
    return step->op == MCD_OP_SGD ? run_remembered : NULL;
}

BROKEN("shared", "plans share their state");
