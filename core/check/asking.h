/*
 * A sampler that is looked at, and what it says of single passes: which units it drops there,
 * whether it fills bits or names streams. Failures are reported to the check.
 */
#ifndef CORE_ASKING_H
#define CORE_ASKING_H

#include "core/check/check.h"

#include <mcdrop/sampler.h>

enum { MCD_ASKED_UNITS = 140, MCD_ASKED_WORDS = (MCD_ASKED_UNITS + 31) / 32 };

struct mcd_asking {
    struct mcd_checking *check;
    struct mcd_host *host;
    struct mcd_item *item;
    const struct mcd_sampler *api;
    void *self;
    uint32_t group; /* 1 .. 65536, whatever the sampler says: that is the matter of `groups` */
    uint32_t shares_rows; /* 1: all rows of a pass have the same mask */
};

/* The units that a pass drops: bit b of word w is unit 32 w + b; those beyond the site's are 0. */
struct mcd_asked {
    uint32_t word[MCD_ASKED_WORDS];
};

/* Returns 0, or -1 with the failure reported and nothing to close. `threads` as for a host. */
int mcd_asking_open(struct mcd_checking *, uint32_t threads, struct mcd_asking *);
void mcd_asking_close(struct mcd_asking *);

/* A Bernoulli site of MCD_ASKED_UNITS units. */
struct mcd_site mcd_asking_site(uint32_t id, double p);

/* Asks for the units of one row at a Bernoulli site. Returns 0, or -1 with the failure reported. */
int mcd_asking_bits(const struct mcd_asking *, const struct mcd_site *, uint64_t seed,
                    uint64_t pass, uint64_t row, struct mcd_asked *);

/*
 * A probability near 0.4 half way between two whole numbers of drops in a group, so that groups
 * differ even where they are balanced.
 */
double mcd_asking_uneven(const struct mcd_asking *);

/* Any pass of a group, the same one for the same `number`. */
uint64_t mcd_asking_pass(const struct mcd_asking *, uint64_t group, uint32_t number);

static inline uint32_t mcd_asked_bit(const struct mcd_asked *a, uint32_t unit)
{
    return a->word[unit / 32] >> unit % 32 & 1;
}

#endif
