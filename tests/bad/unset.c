/* A sampler that sets the fields that it knows of one by one. */
#include "sampler.h"

static uint32_t group(void *self)
{
    (void)self;
    return 1;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    d->stream = pass;
    d->shared = 0;
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
MCD_PLUGIN(MCD_SAMPLER, "unset", "MIT", "wrong on purpose", NULL);
