/* A sampler whose units have the right counts, but all of them in the same passes. */
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
    uint32_t word = word_of(site, seed, pass / 64, row, 0);
    double u = ((pass + word) % 64 + (word >> 6) / 67108864.0) / 64;
    for (uint32_t unit = 0; unit < site->units; unit++)
        set_bit(words, unit, u < site->p);
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, NULL, fill};
MCD_PLUGIN(MCD_SAMPLER, "alike", "MIT", "wrong on purpose", NULL);
