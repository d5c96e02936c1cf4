/*
 * Arrays in host memory: what readers produce and writers take.
 *
 * Unlike a tensor, an array owns its memory and its first dimension is an ordinary one.
 */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include <mcdrop/error.h>
#include <mcdrop/tensor.h>

#include <stddef.h>

/* Rank at most MCD_MAX_RANK; data is NULL only for an array without elements. */
struct mcd_array {
    uint32_t type; /* enum mcd_type */
    uint32_t rank;
    int64_t dim[MCD_MAX_RANK];
    void *data; /* row-major, native byte order; owned, freed by mcd_array_clear */
};

/*
 * Bytes of an array of that shape. Refuses an unknown type, a rank above MCD_MAX_RANK, a negative
 * extent and a size that overflows (even where an extent of 0 would hide it); `where` stands in the
 * message.
 */
int mcd_array_bytes(uint32_t type, uint32_t rank, const int64_t *dim, size_t *bytes,
                    const char *where, struct mcd_error *e);

/*
 * Makes an array of zeros; refuses what mcd_array_bytes refuses. On failure the array is zeroed.
 * The caller clears it.
 */
int mcd_array_create(struct mcd_array *a, uint32_t type, uint32_t rank, const int64_t *dim,
                     struct mcd_error *e);

/* Number of elements; 1 for rank 0. Arrays made by mcd_array_create never overflow here. */
int64_t mcd_array_count(const struct mcd_array *a);

/* Frees the data and zeroes the struct; harmless on one that is zeroed already. */
void mcd_array_clear(struct mcd_array *a);

#endif
