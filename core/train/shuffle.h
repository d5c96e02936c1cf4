/* In which order an epoch has the rows. */
#ifndef CORE_SHUFFLE_H
#define CORE_SHUFFLE_H

#include <stdint.h>

/*
 * A uniformly random permutation of 0 .. rows - 1 (Fisher & Yates,
 * with Lemire's unbiased bounded integers: Fast random integer generation in an interval, 2019).
 */
void mcd_shuffle(uint64_t seed, uint64_t epoch, uint32_t rows, uint32_t *order);

#endif
