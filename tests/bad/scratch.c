/* All plans use the same scratch memory, which goes wrong when two run at the same time. */
#include "broken.h"

static double scratch[300 * 784];

static int run_through_scratch(void *state, const struct mcd_step *step, const struct mcd_run *run,
                               struct mcd_error *error)
{
    struct reals y = reals_of(&step->out);
    int64_t n = mcd_tensor_count(&step->out);
    run_step(state, step, run, error);
    for (int repeat = 0; repeat < 50; repeat++) {
        for (int64_t i = 0; i < n; i++)
            *(volatile double *)&scratch[i] = get(y, i);
        for (int64_t i = 0; i < n; i++)
            put(y, i, *(volatile double *)&scratch[i]);
    }
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    int fits = mcd_tensor_count(&step->out) <= (int64_t)(sizeof scratch / sizeof *scratch);
    return step->op == MCD_OP_LINEAR_DX && fits ? run_through_scratch : NULL;
}

BROKEN("scratch", "plans share their scratch memory");
