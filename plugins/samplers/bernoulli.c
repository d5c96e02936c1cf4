/*
 * bernoulli: independent passes. Every pass reads its own stream, whatever the layers' law.
 *
 * scope=row gives each row of input its own mask, as PyTorch does; scope=pass gives all rows of a
 * pass the same one. Either leaves the distribution of a single row's output unchanged, but with
 * scope=pass the rows are correlated: averages over a data set are noisier at the same number of
 * passes.
 */
#include <mcdrop/sampler.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, scope, "row", "row|pass", "a mask for each row, or one for all rows of a pass")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int *shared = mcd_self_create(host, sizeof *shared, self, error);
    if (!shared)
        return MCD_NOMEM;
    *shared = scope;
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
    (void)site;
    (void)seed;
    (void)error;
    *d = (struct mcd_draw){.stream = pass, .shared = (uint32_t) * (int *)self};
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
MCD_PLUGIN(MCD_SAMPLER, "bernoulli", "MIT", "independent passes", mcd_self_destroy);
