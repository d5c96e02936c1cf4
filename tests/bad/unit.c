/* Masks are right but for the last unit of a row, which is never dropped. */
#include "broken.h"

static int run_off_by_one(void *state, const struct mcd_step *step, const struct mcd_run *run,
                          struct mcd_error *error)
{
    int64_t last = mcd_shape_count(&step->out.shape) - 1;
    run_step(state, step, run, error);
    for (uint32_t v = 0; v < step->out.rows; v++)
        if (get(row_of(&step->out, v), last) == 0)
            put(row_of(&step->out, v), last, 1);
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    const struct mcd_attr_drop *a = &step->attr.u.drop;
    int masked = step->op == MCD_OP_DROP && a->law == MCD_BERNOULLI && a->p == 0.2;
    return masked && a->units > 1 ? run_off_by_one : NULL;
}

BROKEN("unit", "one unit of a mask is wrong");
