/* What cannot be done is only refused when it is run. */
#include "broken.h"

static int run_refusing(void *state, const struct mcd_step *step, const struct mcd_run *run,
                        struct mcd_error *error)
{
    (void)step;
    (void)run;
    return host_of(state)->fail(error, MCD_UNSUPPORTED, "gelu", "not today");
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    int gelu = step->op == MCD_OP_MAP && step->attr.u.map.function == MCD_GELU;
    return gelu ? run_refusing : NULL;
}

BROKEN("late", "refuses too late");
