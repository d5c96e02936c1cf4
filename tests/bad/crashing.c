/* Crashes in two ops, so that whoever asks must say in which. */
#include "broken.h"

#include <stdlib.h>

static int run_crashing(void *state, const struct mcd_step *step, const struct mcd_run *run,
                        struct mcd_error *error)
{
    (void)state;
    (void)step;
    (void)run;
    (void)error;
    abort();
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_LOGSOFTMAX || step->op == MCD_OP_DROP ? run_crashing : NULL;
}

BROKEN("crashing", "logsoftmax and dropout end the process");
