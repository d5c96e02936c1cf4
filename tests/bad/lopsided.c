/* Of two devices the second one does not know what it computes: it gives what it is given. */
#include <mcdrop/backend.h>

#define BROKEN_INFO   info_of_two
#define BROKEN_DEVICE device_of_two
static void info_of_two(void *self, struct mcd_backend_info *i);
static void *device_of_two(void *self, uint32_t i);
#include "broken.h"

static void info_of_two(void *self, struct mcd_backend_info *i)
{
    info(self, i);
    i->devices = 2;
}

/* One second device for the process is enough to be wrong. */
static struct reference second;

static void *device_of_two(void *self, uint32_t i)
{
    second = *(struct reference *)self;
    for (uint32_t k = 0; k < second.offers; k++)
        second.offer[k].backend = &second;
    return i ? &second : self;
}

static int copy(void *state, const struct mcd_step *step, const struct mcd_run *run,
                struct mcd_error *error)
{
    const struct offer *offer = state;
    if (offer->backend != &second)
        return run_step(state, step, run, error);
    memcpy(mcd_host_pointer(&step->out), mcd_host_pointer(&step->in[0]), tensor_bytes(&step->out));
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_MAP ? copy : NULL;
}

BROKEN("lopsided", "the second of two devices computes nothing");
