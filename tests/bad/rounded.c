/*
 * A sampler that balances a rounded count: with p = 0.2, 13 of 64 passes drop a unit, always, and
 * means are biased.
 */
#include "sampler.h"

static uint32_t group(void *self)
{
    (void)self;
    return 64;
}

static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    (void)self, (void)error;
    uint32_t count = (uint32_t)(site->p * 64 + 0.5);
    for (uint32_t unit = 0; unit < site->units; unit++) {
        uint32_t place = (uint32_t)(pass + word_of(site, seed, pass / 64, row, unit)) % 64;
        set_bit(words, unit, place < count);
    }
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, NULL, fill};
MCD_PLUGIN(MCD_SAMPLER, "rounded", "MIT", "wrong on purpose", NULL);
