/* Offers to do nothing at all. */
#include "broken.h"

static mcd_kernel_run broken(const struct mcd_step *step)
{
    (void)step;
    return refused;
}

BROKEN("idle", "refuses every step");
