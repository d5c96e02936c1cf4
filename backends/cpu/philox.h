/* Philox4x32-10 for MCD_LANES counters: word[i][lane] of counter[i][lane]. */
#ifndef CPU_PHILOX_H
#define CPU_PHILOX_H

#include "lanes.h"

void mcd_philox_lanes(uint64_t seed, uint32_t counter[4][MCD_LANES], uint32_t word[4][MCD_LANES]);

#endif
