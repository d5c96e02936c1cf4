/*
 * cuda: NVIDIA cards, single precision. Products of matrices by cuBLASLt, convolutions by cuDNN,
 * everything else by kernels of its own. Factors of products may be rounded to tf32 or bf16; sums,
 * parameters and all other values stay f32.
 */
#include "cuda.h"

#include "fetch.h"
#include "libraries.h"
#include "precision.h"
#include "run.h"

#include <mcdrop/param.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(INTS, device, "0", "[0, 1023]",                                                              \
      "number of the card, as CUDA_VISIBLE_DEVICES has them; 0x1 predicts on two")                 \
    X(ENUM, precision, "f32", "f32|tf32|bf16",                                                     \
      "type of the factors in products; sums are always f32")                                      \
    X(BOOL, deterministic, "yes", NULL, "the same bits in every run, if need be more slowly")      \
    X(INT, memory, "0", "[0, inf)", "most bytes of values on each card; 0: all")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

/* ---- the thread's device --------------------------------------------------------------------- */

int mcd_cuda_enter(struct mcd_cuda *cuda, struct mcd_error *error)
{
    pthread_mutex_lock(&cuda->order);
    cudaError_t result = cudaSetDevice(cuda->card.number);
    if (result != cudaSuccess)
        pthread_mutex_unlock(&cuda->order);
    return mcd_cuda_status(cuda, result, "choosing the card", error);
}

void mcd_cuda_enter_anyway(struct mcd_cuda *cuda)
{
    pthread_mutex_lock(&cuda->order);
    if (cudaSetDevice(cuda->card.number) != cudaSuccess)
        cudaGetLastError(); /* or the next launch would be told of it */
}

void mcd_cuda_leave(struct mcd_cuda *cuda)
{
    pthread_mutex_unlock(&cuda->order);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What lives on the card. With the order held. */
static void close_device(struct mcd_cuda *cuda)
{
    cudaStreamSynchronize(cuda->stream);
    mcd_cuda_libraries_close(cuda);
    mcd_cuda_run_destroy(cuda->single);
    mcd_cuda_fetches_destroy(cuda->fetches);
    mcd_cuda_transfers_destroy(cuda);
    if (cuda->capturing)
        cudaStreamDestroy(cuda->capturing);
    cudaStreamDestroy(cuda->stream);
}

static void close_card(struct mcd_cuda *cuda)
{
    if (cuda->stream) {
        mcd_cuda_enter_anyway(cuda);
        close_device(cuda);
        mcd_cuda_leave(cuda);
    }
    pthread_mutex_destroy(&cuda->order);
    cuda->host->release(cuda->host, cuda);
}

static void destroy(const struct mcd_host *host, void *self)
{
    (void)host;
    for (struct mcd_cuda *cuda = self, *next; cuda; cuda = next) {
        next = cuda->next;
        close_card(cuda);
    }
}

static int make_stream(const struct mcd_cuda *cuda, cudaStream_t *stream, struct mcd_error *error)
{
    cudaError_t result = cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking);
    if (result != cudaSuccess)
        *stream = NULL;
    return mcd_cuda_status(cuda, result, "making a stream", error);
}

/* With the order held. */
static int open_device(struct mcd_cuda *cuda, struct mcd_error *error)
{
    int status = make_stream(cuda, &cuda->stream, error);
    if (status == MCD_OK)
        status = make_stream(cuda, &cuda->capturing, error);
    if (status == MCD_OK)
        status = mcd_cuda_transfers_create(cuda, error);
    if (status == MCD_OK)
        status = mcd_cuda_libraries_open(cuda, error);
    if (status == MCD_OK)
        status = mcd_cuda_fetches_create(cuda, &cuda->fetches, error);
    if (status)
        return status;
    cuda->single = mcd_cuda_run_create(cuda, error);
    return cuda->single ? MCD_OK : MCD_NOMEM;
}

/* Of `like` only what the user said. */
static int open_card(const struct mcd_cuda *like, int64_t number, struct mcd_cuda **card,
                     struct mcd_error *error)
{
    void *self;
    struct mcd_cuda *cuda = mcd_self_create(like->host, sizeof *cuda, &self, error);
    if (!cuda)
        return MCD_NOMEM;
    *cuda = *like;
    pthread_mutex_init(&cuda->order, NULL);
    int status = mcd_cuda_card_find(cuda->host, number, &cuda->card, error);
    if (status == MCD_OK)
        status = mcd_cuda_precision_check(cuda, error);
    if (status == MCD_OK)
        status = mcd_cuda_enter(cuda, error);
    if (status == MCD_OK) {
        status = open_device(cuda, error);
        mcd_cuda_leave(cuda);
    }
    if (status)
        close_card(cuda);
    else
        *card = cuda;
    return status;
}

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    const struct mcd_cuda like = {.host = host,
                                  .cards = 1,
                                  .precision = precision,
                                  .deterministic = deterministic,
                                  .memory = (size_t)memory};
    struct mcd_cuda *first = NULL, **last = &first;
    int status = MCD_OK;
    for (uint32_t i = 0; i < device->count && status == MCD_OK; i++) {
        status = open_card(&like, device->value[i], last, error);
        if (status == MCD_OK)
            last = &(*last)->next;
    }
    if (status) {
        destroy(host, first);
        return status;
    }
    first->cards = device->count;
    *self = first;
    return MCD_OK;
}

static void *device_of(void *self, uint32_t i)
{
    struct mcd_cuda *cuda = self;
    while (i-- > 0)
        cuda = cuda->next;
    return cuda;
}

/* ---- what it is ------------------------------------------------------------------------------ */

/*
 * Meant to let products fill a large card, which none has shown yet. The same everywhere, because
 * the cut of a prediction decides the order in which moments are added.
 */
enum { ROWS = 8192 };

static void info(void *self, struct mcd_backend_info *i)
{
    const struct mcd_cuda *cuda = self;
    const struct mcd_cuda_card *card = &cuda->card;
    static const char *const precisions[] = {"f32", "tf32", "bf16"};
    const unsigned blas = (unsigned)cuda->libraries->cublasLtGetVersion();
    const unsigned dnn = (unsigned)cuda->libraries->cudnnGetVersion();
    i->type = MCD_F32;
    i->rows = ROWS;
    i->devices = cuda->cards;
    int n = snprintf(i->device, sizeof i->device, "%.30s, %.0f GiB, card %d of %d", card->name,
                     (double)card->memory / (1 << 30), card->number, card->count);
    if (cuda->cards > 1)
        snprintf(i->device + n, sizeof i->device - (size_t)n, ", %u more", cuda->cards - 1);
    snprintf(i->library, sizeof i->library, "CUDA %d.%d, cuBLAS %u.%u, cuDNN %u.%u, %s",
             CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, blas / 10000, blas / 100 % 100,
             dnn / 10000, dnn / 100 % 100, precisions[cuda->precision]);
}

static const struct mcd_backend api = {
    .size = sizeof api,
    .info = info,
    .alloc = mcd_cuda_alloc,
    .release = mcd_cuda_release,
    .write = mcd_cuda_write,
    .read = mcd_cuda_read,
    .kernel = mcd_cuda_kernel,
    .sync = mcd_cuda_sync,
    .section = mcd_cuda_section,
    .fetch = mcd_cuda_fetch,
    .device = device_of,
    .describe = mcd_cuda_card_describe,
};
MCD_PLUGIN(MCD_BACKEND, "cuda", "MIT", "NVIDIA cards, single precision, tf32 or bf16", destroy);
