/*
 * antithetic: passes in pairs; the second reads every random number of the first as its opposite
 * (Hammersley & Morton 1956), so that what is linear in the noise cancels in the pair's mean.
 */
#include <mcdrop/sampler.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    (void)host;
    (void)error;
    *self = NULL;
    return MCD_OK;
}

static uint32_t group(void *self)
{
    (void)self;
    return 2;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self;
    (void)site;
    (void)seed;
    (void)error;
    *d = (struct mcd_draw){.stream = pass / 2, .flip = pass & 1};
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
MCD_PLUGIN(MCD_SAMPLER, "antithetic", "MIT", "pairs of opposite passes", NULL);
