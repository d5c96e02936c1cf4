/*
 * systematic: in a block of B passes the uniform of each unit goes once round the circle in B equal
 * steps from a random start (Madow & Madow 1944): pass i drops it where u + i / B, without its
 * whole part, is below p. So it is dropped p B times, but for less than one. Gaussian and uniform
 * noise draws independently.
 *
 *     make
 *     mcdrop check ./systematic.so
 *     mcdrop --model mlp2:hidden=64x64 --sampler ./systematic.so --epochs 200 --out run
 */
#include <mcdrop/sampler.h>

#define PARAMS(X) X(INT, block, "32", "[2, 4096]", "passes that make up for each other")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    uint32_t *own = (uint32_t *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = (uint32_t)block;
    return MCD_OK;
}

static uint32_t group(void *self)
{
    return *(const uint32_t *)self;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    memset(d, 0, sizeof *d);
    d->stream = pass;
    return MCD_OK;
}

static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    const uint64_t block = *(const uint32_t *)self;
    uint32_t step = (uint32_t)((pass % block << 32) / block); /* i / B; sums are modulo 1 */
    uint64_t below = mcd_threshold(site->p);
    struct mcd_address at = {seed, pass / block, MCD_DOMAIN_SAMPLER, site->id, (uint32_t)row};
    struct mcd_words u = {{0, 0, 0, 0}};
    (void)error;
    memset(words, 0, (site->units + 31) / 32 * sizeof *words);
    for (uint32_t unit = 0; unit < site->units; unit++) {
        if (unit % 4 == 0)
            u = mcd_noise_words(&at, unit / 4);
        if (u.w[unit % 4] + step < below)
            words[unit / 32] |= 1u << unit % 32;
    }
    return MCD_OK;
}

static const struct mcd_sampler api = {
    .size = sizeof api, .group = group, .draw = draw, .fill = fill};
MCD_PLUGIN(MCD_SAMPLER, "systematic", "MIT", "units dropped at equal steps of a block's passes",
           mcd_self_destroy);
