/*
 * Pinned host memory in slots, used one after another: copies between a slot and the device need
 * not be waited for, and a slot is taken again when the device is done with it.
 */
#ifndef MCD_CUDA_RING_H
#define MCD_CUDA_RING_H

#include "cuda.h"

enum { MCD_CUDA_SLOTS = 8 };

struct mcd_cuda_ring {
    char *memory;
    size_t bytes; /* of a slot */
    uint32_t next;
    cudaEvent_t passed[MCD_CUDA_SLOTS]; /* by slot: the device is done with it */
};

/* On failure the ring is empty, as {0}. */
int mcd_cuda_ring_create(const struct mcd_cuda *cuda, struct mcd_cuda_ring *ring, size_t bytes,
                         struct mcd_error *error);

/* After the last use; an empty one is fine. */
void mcd_cuda_ring_destroy(struct mcd_cuda_ring *ring);

/* The next slot, which is free, and its number; waits for that where all are in use. */
int mcd_cuda_ring_take(const struct mcd_cuda *cuda, struct mcd_cuda_ring *ring, uint32_t *slot,
                       struct mcd_error *error);

static inline char *mcd_cuda_ring_slot(const struct mcd_cuda_ring *ring, uint32_t slot)
{
    return ring->memory + slot * ring->bytes;
}

/* Says that what was put on the backend's stream so far is all that uses the slot. */
int mcd_cuda_ring_pass(const struct mcd_cuda *cuda, const struct mcd_cuda_ring *ring, uint32_t slot,
                       struct mcd_error *error);

/* Waits until the device is done with a slot. */
int mcd_cuda_ring_wait(const struct mcd_cuda *cuda, const struct mcd_cuda_ring *ring, uint32_t slot,
                       struct mcd_error *error);

#endif
