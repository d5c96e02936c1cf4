/*
 * Device memory, and copies between it and the host's: in pieces through pinned memory, so that a
 * write is done with its source when it returns without having waited for its turn on the device.
 */
#include "cuda.h"
#include "fetch.h"
#include "ring.h"

#include <string.h>

enum { PIECE = 1 << 18 }; /* bytes; several are under way, which keeps the bus busy */

struct mcd_cuda_transfers {
    struct mcd_cuda_ring writes; /* used with the order held */
    struct mcd_cuda_ring reads;
    pthread_mutex_t reading; /* held while `reads` is used: by one read at a time */
};

int mcd_cuda_transfers_create(struct mcd_cuda *cuda, struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    struct mcd_cuda_transfers *t = host->alloc(host, sizeof *t);
    if (!t)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *t);
    *t = (struct mcd_cuda_transfers){.writes = {0}};
    pthread_mutex_init(&t->reading, NULL);
    cuda->transfers = t;
    int status = mcd_cuda_ring_create(cuda, &t->writes, PIECE, error);
    return status ? status : mcd_cuda_ring_create(cuda, &t->reads, PIECE, error);
}

void mcd_cuda_transfers_destroy(struct mcd_cuda *cuda)
{
    struct mcd_cuda_transfers *t = cuda->transfers;
    if (!t)
        return;
    mcd_cuda_ring_destroy(&t->writes);
    mcd_cuda_ring_destroy(&t->reads);
    pthread_mutex_destroy(&t->reading);
    cuda->host->release(cuda->host, t);
}

/* ---- buffers --------------------------------------------------------------------------------- */

/* With the order held. */
static int take_memory(struct mcd_cuda *cuda, size_t bytes, char **device, struct mcd_error *error)
{
    if (cuda->memory && (bytes > cuda->memory || cuda->used > cuda->memory - bytes))
        return cuda->host->fail(error, MCD_NOMEM, "memory",
                                "%zu bytes are not to be had: %zu of the %zu that are allowed are "
                                "in use",
                                bytes, cuda->used, cuda->memory);
    cudaError_t result = cudaMalloc((void **)device, bytes);
    if (result == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        return cuda->host->fail(error, MCD_NOMEM, "memory", "the card has no room for %zu bytes",
                                bytes);
    }
    if (result == cudaSuccess)
        cuda->used += bytes;
    return mcd_cuda_status(cuda, result, "allocating on the card", error);
}

int mcd_cuda_alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    const struct mcd_host *host = cuda->host;
    struct mcd_cuda_buffer *b = host->alloc(host, sizeof *b);
    if (!b)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *b);
    *b = (struct mcd_cuda_buffer){.base = {.bytes = bytes}};
    int status = mcd_cuda_enter(cuda, error);
    if (status == MCD_OK) {
        status = take_memory(cuda, bytes, &b->device, error);
        mcd_cuda_leave(cuda);
    }
    if (status == MCD_OK)
        *buffer = &b->base;
    else
        host->release(host, b);
    return status;
}

/* What was started on it may still be under way, such as a write before something else failed. */
void mcd_cuda_release(void *self, struct mcd_buffer *buffer)
{
    struct mcd_cuda *cuda = self;
    struct mcd_cuda_buffer *b = (struct mcd_cuda_buffer *)buffer;
    if (!b)
        return;
    mcd_cuda_enter_anyway(cuda);
    cudaStreamSynchronize(cuda->stream);
    cudaFree(b->device);
    cuda->used -= b->base.bytes;
    mcd_cuda_leave(cuda);
    cuda->host->release(cuda->host, b);
}

/* ---- copies ---------------------------------------------------------------------------------- */

static size_t piece_at(size_t first, size_t bytes)
{
    return bytes - first < PIECE ? bytes - first : PIECE;
}

static int write_piece(struct mcd_cuda *cuda, char *to, const char *from, size_t bytes,
                       struct mcd_error *error)
{
    struct mcd_cuda_ring *ring = &cuda->transfers->writes;
    uint32_t slot;
    int status = mcd_cuda_enter(cuda, error);
    if (status)
        return status;
    status = mcd_cuda_ring_take(cuda, ring, &slot, error);
    if (status == MCD_OK) {
        char *pinned = mcd_cuda_ring_slot(ring, slot);
        memcpy(pinned, from, bytes);
        status = mcd_cuda_status(
            cuda, cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, cuda->stream),
            "copying to the card", error);
    }
    if (status == MCD_OK)
        status = mcd_cuda_ring_pass(cuda, ring, slot, error);
    mcd_cuda_leave(cuda);
    return status;
}

int mcd_cuda_write(void *self, const struct mcd_tensor *to, const void *from,
                   struct mcd_error *error)
{
    const size_t bytes = mcd_cuda_bytes(to);
    int status = MCD_OK;
    for (size_t done = 0; status == MCD_OK && done < bytes; done += PIECE)
        status = write_piece(self, (char *)mcd_cuda_pointer(to) + done, (const char *)from + done,
                             piece_at(done, bytes), error);
    return status;
}

static int read_piece(struct mcd_cuda *cuda, const char *from, size_t bytes, uint32_t *slot,
                      struct mcd_error *error)
{
    struct mcd_cuda_ring *ring = &cuda->transfers->reads;
    int status = mcd_cuda_enter(cuda, error);
    if (status)
        return status;
    status = mcd_cuda_ring_take(cuda, ring, slot, error);
    if (status == MCD_OK)
        status = mcd_cuda_status(cuda,
                                 cudaMemcpyAsync(mcd_cuda_ring_slot(ring, *slot), from, bytes,
                                                 cudaMemcpyDeviceToHost, cuda->stream),
                                 "copying from the card", error);
    if (status == MCD_OK)
        status = mcd_cuda_ring_pass(cuda, ring, *slot, error);
    mcd_cuda_leave(cuda);
    return status;
}

/* The next piece is on its way while one is copied out. Waiting holds up no other thread's work. */
static int read_all(struct mcd_cuda *cuda, const char *from, char *to, size_t bytes,
                    struct mcd_error *error)
{
    const struct mcd_cuda_ring *ring = &cuda->transfers->reads;
    uint32_t slot, before = 0;
    int status = read_piece(cuda, from, piece_at(0, bytes), &before, error);
    for (size_t done = 0; status == MCD_OK && done < bytes; done += PIECE, before = slot) {
        const size_t n = piece_at(done, bytes), ahead = done + n;
        slot = before;
        if (ahead < bytes)
            status = read_piece(cuda, from + ahead, piece_at(ahead, bytes), &slot, error);
        if (status == MCD_OK)
            status = mcd_cuda_ring_wait(cuda, ring, before, error);
        if (status == MCD_OK)
            memcpy(to + done, mcd_cuda_ring_slot(ring, before), n);
    }
    return status;
}

int mcd_cuda_read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    uint64_t fetches = mcd_cuda_fetches_begin(cuda);
    pthread_mutex_lock(&cuda->transfers->reading);
    int status = read_all(cuda, mcd_cuda_pointer(from), to, mcd_cuda_bytes(from), error);
    pthread_mutex_unlock(&cuda->transfers->reading);
    return mcd_cuda_fetches_end(cuda, fetches, status, error);
}

int mcd_cuda_sync(void *self, struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    uint64_t fetches = mcd_cuda_fetches_begin(cuda);
    int status =
        mcd_cuda_status(cuda, cudaStreamSynchronize(cuda->stream), "computing on the card", error);
    return mcd_cuda_fetches_end(cuda, fetches, status, error);
}
