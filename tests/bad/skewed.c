/* A sampler that drops more than it should in one place, which its parameter names. */
#include <mcdrop/sampler.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, in, "pass", "pass|row|site|unit", "where it drops more: of each a certain one")        \
    X(INT, passes, "2", "[1, 65536]", "passes of a group, of which the second one is wrong")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct own {
    int in;
    uint32_t passes;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct own *own = (struct own *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = (struct own){in, (uint32_t)passes};
    return MCD_OK;
}

static uint32_t group(void *self)
{
    return ((const struct own *)self)->passes;
}

static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    const struct own *own = self;
    struct mcd_address at = {seed, pass, MCD_DOMAIN_SAMPLER, site->id, (uint32_t)row};
    (void)error;
    memset(words, 0, (site->units + 31) / 32 * sizeof *words);
    for (uint32_t unit = 0; unit < site->units; unit++) {
        const int here[] = {own->passes > 1 ? pass % own->passes == 1 : pass % 2 == 1, row == 1000,
                            site->id == 3, unit == 7};
        double p = here[own->in] && site->p > 0 && site->p < 1 ? site->p + 0.1 : site->p;
        if (mcd_noise_words(&at, unit / 4).w[unit % 4] < mcd_threshold(p))
            words[unit / 32] |= 1u << unit % 32;
    }
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, NULL, fill};
MCD_PLUGIN(MCD_SAMPLER, "skewed", "MIT", "wrong on purpose", mcd_self_destroy);
