/* Not bad, but without a device: the reference backend, had it one that is missing. */
#include "broken.h"

static mcd_kernel_run broken(const struct mcd_step *step)
{
    (void)step;
    return NULL;
}

static int create_without(MCD_CREATE_ARGS, int precision)
{
    (void)self, (void)precision;
    return host->fail(error, MCD_DEVICE, "absent", "there is no such device in this machine");
}

#define create create_without
BROKEN("absent", "a device that is missing");
