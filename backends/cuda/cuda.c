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
    X(INT, device, "0", "[0, 1023]", "number of the card, as CUDA_VISIBLE_DEVICES has them")       \
    X(ENUM, precision, "f32", "f32|tf32|bf16",                                                     \
      "type of the factors in products; sums are always f32")                                      \
    X(BOOL, deterministic, "yes", NULL, "the same bits in every run, if need be more slowly")      \
    X(INT, memory, "0", "[0, 9223372036854775807]", "most bytes to use on the card; 0: all")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

/* ---- the thread's device --------------------------------------------------------------------- */

int mcd_cuda_enter(struct mcd_cuda *cuda, struct mcd_error *error)
{
    pthread_mutex_lock(&cuda->order);
    cudaError_t result = cudaGetDevice(&cuda->before);
    if (result == cudaSuccess && cuda->before != cuda->card.number)
        result = cudaSetDevice(cuda->card.number);
    if (result != cudaSuccess)
        pthread_mutex_unlock(&cuda->order);
    return mcd_cuda_status(cuda, result, "choosing the card", error);
}

void mcd_cuda_leave(struct mcd_cuda *cuda)
{
    if (cuda->before != cuda->card.number)
        cudaSetDevice(cuda->before);
    pthread_mutex_unlock(&cuda->order);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void destroy(const struct mcd_host *host, void *self)
{
    struct mcd_cuda *cuda = self;
    if (cuda->stream)
        cudaStreamSynchronize(cuda->stream);
    mcd_cuda_libraries_close(cuda);
    mcd_cuda_run_destroy(cuda->single);
    mcd_cuda_fetches_destroy(cuda->fetches);
    mcd_cuda_transfers_destroy(cuda);
    if (cuda->stream)
        cudaStreamDestroy(cuda->stream);
    pthread_mutex_destroy(&cuda->order);
    mcd_self_destroy(host, cuda);
}

/* What lives on the card. With the order held. */
static int open_device(struct mcd_cuda *cuda, struct mcd_error *error)
{
    cudaError_t result = cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking);
    if (result != cudaSuccess)
        cuda->stream = NULL;
    int status = mcd_cuda_status(cuda, result, "making a stream", error);
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

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct mcd_cuda *cuda = mcd_self_create(host, sizeof *cuda, self, error);
    if (!cuda)
        return MCD_NOMEM;
    cuda->host = host;
    cuda->precision = precision;
    cuda->deterministic = deterministic;
    cuda->memory = (size_t)memory;
    pthread_mutex_init(&cuda->order, NULL);
    int status = mcd_cuda_card_find(host, device, &cuda->card, error);
    if (status == MCD_OK)
        status = mcd_cuda_precision_check(cuda, error);
    if (status == MCD_OK)
        status = mcd_cuda_enter(cuda, error);
    if (status == MCD_OK) {
        status = open_device(cuda, error);
        mcd_cuda_leave(cuda);
    }
    if (status)
        destroy(host, cuda);
    return status;
}

/* ---- what it is ------------------------------------------------------------------------------ */

/*
 * Enough for products to fill the largest card. The same everywhere, because the cut of a prediction
 * decides the order in which moments are added.
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
    snprintf(i->device, sizeof i->device, "%.32s, %.0f GiB, card %d of %d", card->name,
             (double)card->memory / (1 << 30), card->number, card->count);
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
};
MCD_PLUGIN(MCD_BACKEND, "cuda", "MIT", "NVIDIA cards, single precision, tf32 or bf16", destroy);
