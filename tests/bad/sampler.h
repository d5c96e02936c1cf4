/* For deliberately wrong samplers: what they have in common. */
#ifndef BAD_SAMPLER_H
#define BAD_SAMPLER_H

#include <mcdrop/sampler.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}

static inline uint32_t word_of(const struct mcd_site *site, uint64_t seed, uint64_t stream,
                               uint64_t row, uint32_t unit)
{
    struct mcd_address a = {seed, stream, MCD_DOMAIN_SAMPLER, site->id, (uint32_t)row};
    return mcd_noise_words(&a, unit / 4).w[unit % 4];
}

static inline void set_bit(uint32_t *words, uint32_t unit, int bit)
{
    uint32_t mask = (uint32_t)1 << unit % 32;
    words[unit / 32] = bit ? words[unit / 32] | mask : words[unit / 32] & ~mask;
}

#endif
