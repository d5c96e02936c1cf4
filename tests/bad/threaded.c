/* A sampler with numbers of each thread's own. */
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
    static atomic_uint threads;
    static _Thread_local uint64_t mine;
    (void)self, (void)site, (void)seed, (void)error;
    if (!mine)
        mine = 1 + atomic_fetch_add(&threads, 1);
    *d = (struct mcd_draw){.stream = pass + (mine << 40)};
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
MCD_PLUGIN(MCD_SAMPLER, "threaded", "MIT", "wrong on purpose", NULL);
