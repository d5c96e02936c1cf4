/* What is kept is scaled by 1 / p: right at p = 1/2 alone. */
#include "broken.h"

static int run_scaled(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    double p = step->attr.u.drop.p;
    struct reals y = reals_of(&step->out);
    run_step(state, step, run, error);
    for (int64_t i = 0; i < mcd_tensor_count(&step->out); i++)
        put(y, i, get(y, i) * (1 - p) / p);
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    const struct mcd_attr_drop *a = &step->attr.u.drop;
    int masked = step->op == MCD_OP_DROP && a->law == MCD_BERNOULLI;
    return masked && a->p > 0 && a->p < 1 ? run_scaled : NULL;
}

BROKEN("scale", "kept units are scaled by 1 / p");
