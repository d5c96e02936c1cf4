/* The gradient of tanh has the wrong sign. */
#include "broken.h"

static int run_negated(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    struct reals dx = reals_of(&step->out);
    run_step(state, step, run, error);
    for (int64_t i = 0; i < mcd_tensor_count(&step->out); i++)
        put(dx, i, -get(dx, i));
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    int tanh_dx = step->op == MCD_OP_MAP_DX && step->attr.u.map.function == MCD_TANH;
    return tanh_dx ? run_negated : NULL;
}

BROKEN("sign", "the gradient of tanh has the wrong sign");
