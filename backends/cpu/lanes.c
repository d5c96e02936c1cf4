/* Philox on many counters at once, and Bernoulli bits from it. */
#include "lanes.h"
#include "clones.h"
#include "philox.h"

void mcd_lanes_start(struct mcd_lanes *lanes, const struct mcd_run *run, uint32_t site,
                     uint32_t blocks, int64_t first, int64_t count)
{
    uint32_t row = (uint32_t)(first / blocks), block = (uint32_t)(first % blocks);
    struct mcd_address a = mcd_run_address(run, site, row);
    uint32_t flip = mcd_run_flip(run, site, row) ? 0xFFFFFFFFu : 0;
    lanes->seed = run->seed;
    lanes->count = count < MCD_LANES ? (uint32_t)count : MCD_LANES;
    for (uint32_t l = 0; l < MCD_LANES; l++) { /* idle lanes repeat the last one */
        lanes->counter[0][l] = block;
        lanes->counter[1][l] = a.row;
        lanes->counter[2][l] = (uint32_t)a.stream;
        lanes->counter[3][l] = mcd_address_c3(&a);
        lanes->flip[l] = flip;
        lanes->row[l] = row;
        lanes->block[l] = block;
        if (l + 1 < lanes->count && ++block == blocks) {
            block = 0;
            a = mcd_run_address(run, site, ++row);
            flip = mcd_run_flip(run, site, row) ? 0xFFFFFFFFu : 0;
        }
    }
}

/*
 * Compares one more digit of every unit with p's (all ones or 0). Returns whether any unit is still
 * open.
 */
static MCD_CLONES uint32_t compare(uint32_t open[4][MCD_LANES], uint32_t drop[4][MCD_LANES],
                                   uint32_t word[4][MCD_LANES], const uint32_t *flip, uint32_t p)
{
    uint32_t any = 0;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < MCD_LANES; l++) {
            uint32_t u = word[i][l] ^ flip[l], o = open[i][l];
            drop[i][l] |= o & p & ~u;
            o &= ~(p ^ u);
            open[i][l] = o;
            any |= o;
        }
    return any;
}

void mcd_lanes_drop(struct mcd_lanes *lanes, uint64_t threshold, uint32_t dropped[][4])
{
    uint32_t open[4][MCD_LANES], drop[4][MCD_LANES], word[4][MCD_LANES];
    uint32_t all = threshold >> 32 ? 0xFFFFFFFFu : 0, any = ~all;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < MCD_LANES; l++) {
            drop[i][l] = all;
            open[i][l] = ~all;
        }
    for (uint32_t rest = (uint32_t)threshold; rest && any; rest <<= 1) {
        mcd_philox_lanes(lanes->seed, lanes->counter, word);
        any = compare(open, drop, word, lanes->flip, rest >> 31 ? 0xFFFFFFFFu : 0);
        for (int l = 0; l < MCD_LANES; l++)
            lanes->counter[0][l] += 1u << 24; /* the next digit */
    }
    for (uint32_t l = 0; l < lanes->count; l++)
        for (int i = 0; i < 4; i++)
            dropped[l][i] = drop[i][l];
}

void mcd_lanes_noise(struct mcd_lanes *lanes, uint32_t word[4][MCD_LANES])
{
    for (int l = 0; l < MCD_LANES; l++)
        lanes->counter[0][l] |= 0x80000000u;
    mcd_philox_lanes(lanes->seed, lanes->counter, word);
}
