/* A sampler that draws by when it is asked, not by what it is asked for. */
#include "sampler.h"

#include <stdatomic.h>

static uint32_t group(void *self)
{
    (void)self;
    return 1;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    static atomic_uint calls;
    (void)self, (void)site, (void)seed, (void)pass, (void)error;
    *d = (struct mcd_draw){.stream = atomic_fetch_add(&calls, 1)};
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
MCD_PLUGIN(MCD_SAMPLER, "forgetful", "MIT", "wrong on purpose", NULL);
