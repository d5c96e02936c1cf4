#include "ring.h"

#include <string.h>

int mcd_cuda_ring_create(const struct mcd_cuda *cuda, struct mcd_cuda_ring *ring, size_t bytes,
                         struct mcd_error *error)
{
    *ring = (struct mcd_cuda_ring){.bytes = bytes};
    cudaError_t result = cudaMallocHost((void **)&ring->memory, MCD_CUDA_SLOTS * bytes);
    if (result != cudaSuccess)
        ring->memory = NULL;
    for (uint32_t i = 0; result == cudaSuccess && i < MCD_CUDA_SLOTS; i++)
        result = cudaEventCreateWithFlags(&ring->passed[i], cudaEventDisableTiming);
    if (result != cudaSuccess)
        mcd_cuda_ring_destroy(ring);
    return mcd_cuda_status(cuda, result, "making pinned host memory", error);
}

void mcd_cuda_ring_destroy(struct mcd_cuda_ring *ring)
{
    for (uint32_t i = 0; i < MCD_CUDA_SLOTS; i++)
        if (ring->passed[i])
            cudaEventDestroy(ring->passed[i]);
    if (ring->memory)
        cudaFreeHost(ring->memory);
    *ring = (struct mcd_cuda_ring){0};
}

int mcd_cuda_ring_take(const struct mcd_cuda *cuda, struct mcd_cuda_ring *ring, uint32_t *slot,
                       struct mcd_error *error)
{
    *slot = ring->next;
    ring->next = (ring->next + 1) % MCD_CUDA_SLOTS;
    return mcd_cuda_ring_wait(cuda, ring, *slot, error);
}

int mcd_cuda_ring_pass(const struct mcd_cuda *cuda, const struct mcd_cuda_ring *ring, uint32_t slot,
                       struct mcd_error *error)
{
    return mcd_cuda_status(cuda, cudaEventRecord(ring->passed[slot], cuda->stream),
                           "marking the end of a copy", error);
}

int mcd_cuda_ring_wait(const struct mcd_cuda *cuda, const struct mcd_cuda_ring *ring, uint32_t slot,
                       struct mcd_error *error)
{
    return mcd_cuda_status(cuda, cudaEventSynchronize(ring->passed[slot]), "waiting for a copy",
                           error);
}
