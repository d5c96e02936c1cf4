/*
 * Arrays in host memory: what readers produce and writers take.
 *
 * Unlike a tensor, an array owns its memory and its first dimension is an ordinary one.
 */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include <mcdrop/tensor.h>

/* Rank at most MCD_MAX_RANK; data is NULL only for an array without elements. */
struct mcd_array {
    uint32_t type; /* enum mcd_type */
    uint32_t rank;
    int64_t dim[MCD_MAX_RANK];
    void *data; /* row-major, native byte order; owned, freed by mcd_array_clear */
};

int64_t mcd_array_count(const struct mcd_array *a);

/* Frees the data and zeroes the struct; harmless on one that is zeroed already. */
void mcd_array_clear(struct mcd_array *a);

#endif
