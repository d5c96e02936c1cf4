/*
 * Random bits of many rows at once: the same words as mcd_drop_block and mcd_noise_words give, for
 * a number of addresses in lockstep.
 */
#ifndef CPU_LANES_H
#define CPU_LANES_H

#include <mcdrop/backend.h>

enum { MCD_LANES = 32 };

/* Counters of Philox, one a lane. A lane is a block of units of one virtual row. */
struct mcd_lanes {
    uint64_t seed;
    uint32_t count; /* lanes in use; the others hold anything */
    uint32_t counter[4][MCD_LANES];
    uint32_t flip[MCD_LANES];  /* all ones or 0 */
    uint32_t row[MCD_LANES];   /* virtual row */
    uint32_t block[MCD_LANES]; /* block of units in it */
};

/* Up to MCD_LANES blocks from number `first` on, where each virtual row has `blocks`. */
void mcd_lanes_start(struct mcd_lanes *lanes, const struct mcd_run *run, uint32_t site,
                     uint32_t blocks, int64_t first, int64_t count);

/* Dropped units of the lanes' blocks of 128 units: bits as in mcd_drop_block. */
void mcd_lanes_drop(struct mcd_lanes *lanes, uint64_t threshold, uint32_t dropped[][4]);

/* Noise words of the lanes' blocks of 4 units: word[i][lane]. */
void mcd_lanes_noise(struct mcd_lanes *lanes, uint32_t word[4][MCD_LANES]);

#endif
