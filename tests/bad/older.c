/*
 * Not bad, but old: a sampler as an earlier version of the interface might have had it, whose api
 * ends before `fill`. What lies behind it must not be read.
 */
#include <mcdrop/sampler.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}

static uint32_t group(void *self)
{
    (void)self;
    return 1;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return MCD_OK;
}

static int garbage(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                   uint64_t row, uint32_t *words, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)pass, (void)row, (void)words, (void)error;
    return MCD_INVALID;
}

static const struct mcd_sampler api = {offsetof(struct mcd_sampler, fill), group, draw, garbage};
MCD_PLUGIN(MCD_SAMPLER, "older", "MIT", "an older plugin", NULL);
