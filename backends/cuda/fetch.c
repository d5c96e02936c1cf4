#include "fetch.h"

#include <string.h>

enum { ROOM = 1 << 20, MOST = 4096 }; /* bytes and fetches on their way */

struct waiting {
    void *to;
    size_t at, bytes; /* in the pinned memory */
};

/* Used with the order held. */
struct mcd_cuda_fetches {
    struct mcd_cuda *cuda;
    char *pinned;
    size_t used;
    uint64_t done, all; /* fetches: those that were handed on or dropped, those there were */
    uint64_t first;     /* number of waiting[0] */
    int lost;           /* some were dropped */
    struct waiting waiting[MOST];
};

int mcd_cuda_fetches_create(struct mcd_cuda *cuda, struct mcd_cuda_fetches **fetches,
                            struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    struct mcd_cuda_fetches *f = host->alloc(host, sizeof *f);
    if (!f)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *f);
    memset(f, 0, sizeof *f);
    f->cuda = cuda;
    int status = mcd_cuda_status(cuda, cudaMallocHost((void **)&f->pinned, ROOM),
                                 "making pinned host memory", error);
    if (status)
        host->release(host, f);
    else
        *fetches = f;
    return status;
}

void mcd_cuda_fetches_destroy(struct mcd_cuda_fetches *f)
{
    if (!f)
        return;
    cudaFreeHost(f->pinned);
    f->cuda->host->release(f->cuda->host, f);
}

/* ---- handing on ------------------------------------------------------------------------------ */

static void hand_on(struct mcd_cuda_fetches *f, uint64_t end, int status)
{
    for (; f->done < end; f->done++) {
        const struct waiting *w = &f->waiting[f->done - f->first];
        if (status == MCD_OK)
            memcpy(w->to, f->pinned + w->at, w->bytes);
        f->lost |= status != MCD_OK;
    }
    if (f->done == f->all) { /* all room is free */
        f->first = f->all;
        f->used = 0;
    }
}

uint64_t mcd_cuda_fetches_begin(struct mcd_cuda *cuda)
{
    mcd_cuda_enter_anyway(cuda);
    uint64_t before = cuda->fetches->all;
    mcd_cuda_leave(cuda);
    return before;
}

int mcd_cuda_fetches_end(struct mcd_cuda *cuda, uint64_t before, int status,
                         struct mcd_error *error)
{
    pthread_mutex_lock(&cuda->order);
    hand_on(cuda->fetches, before, status);
    int lost = cuda->fetches->lost;
    pthread_mutex_unlock(&cuda->order);
    if (status || !lost)
        return status;
    return cuda->host->fail(error, MCD_DEVICE, "cuda",
                            "values on their way to the host were lost when the card failed");
}

/* ---- fetching -------------------------------------------------------------------------------- */

/* Room for one more, if need be by waiting for all there are. */
static int make_room(struct mcd_cuda_fetches *f, size_t bytes, struct mcd_error *error)
{
    if (f->all - f->first < MOST && bytes <= ROOM - f->used)
        return MCD_OK;
    int status = mcd_cuda_status(f->cuda, cudaStreamSynchronize(f->cuda->stream),
                                 "waiting for what was fetched", error);
    hand_on(f, f->all, status);
    return status;
}

static int fetch(struct mcd_cuda_fetches *f, const void *from, void *to, size_t bytes,
                 struct mcd_error *error)
{
    int status = make_room(f, bytes, error);
    if (status == MCD_OK)
        status = mcd_cuda_status(f->cuda,
                                 cudaMemcpyAsync(f->pinned + f->used, from, bytes,
                                                 cudaMemcpyDeviceToHost, f->cuda->stream),
                                 "copying from the card", error);
    if (status)
        return status;
    f->waiting[f->all++ - f->first] = (struct waiting){to, f->used, bytes};
    f->used += (bytes + 63) / 64 * 64;
    return MCD_OK;
}

int mcd_cuda_fetch(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    size_t bytes = mcd_cuda_bytes(from);
    if (bytes > ROOM)
        return mcd_cuda_read(self, from, to, error);
    int status = mcd_cuda_enter(cuda, error);
    if (status)
        return status;
    status = fetch(cuda->fetches, mcd_cuda_pointer(from), to, bytes, error);
    mcd_cuda_leave(cuda);
    return status;
}
