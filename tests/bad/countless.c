/* Whoever asks for a device of the machine is told of one, whatever its number. */
#include <mcdrop/backend.h>

#define BROKEN_DESCRIBE describe
static int describe(const struct mcd_host *host, uint32_t i, struct mcd_device_info *device);
#include "broken.h"

static int describe(const struct mcd_host *host, uint32_t i, struct mcd_device_info *device)
{
    (void)host;
    (void)i;
    strcpy(device->name, "a device");
    return 1;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    (void)step;
    return NULL;
}

BROKEN("countless", "a machine has devices without end");
