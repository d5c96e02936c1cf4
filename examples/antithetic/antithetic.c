/*
 * antithetic: passes in pairs; the second reads every random number of the first as its opposite
 * (Hammersley & Morton 1956), so that what is linear in the noise cancels in the pair's mean - all
 * of it where the law is symmetric, part of it otherwise. Serves every law.
 *
 *     make
 *     mcdrop check ./antithetic.so
 *     mcdrop --model mlp2:hidden=64x64 --sampler ./antithetic.so --epochs 200 --out run
 */
#include <mcdrop/sampler.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, scope, "row", "row|pass", "a mask for each row, or one for all rows of a pass")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    uint32_t *shared = (uint32_t *)mcd_self_create(host, sizeof *shared, self, error);
    if (!shared)
        return MCD_NOMEM;
    *shared = (uint32_t)scope;
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
    (void)site;
    (void)seed;
    (void)error;
    memset(d, 0, sizeof *d);
    d->stream = pass / 2;
    d->flip = pass & 1;
    d->shared = *(const uint32_t *)self;
    return MCD_OK;
}

static const struct mcd_sampler api = {
    .size = sizeof api, .group = group, .draw = draw, .fill = NULL};
MCD_PLUGIN(MCD_SAMPLER, "antithetic", "MIT", "pairs of opposite passes", mcd_self_destroy);
