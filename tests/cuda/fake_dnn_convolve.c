/*
 * cuDNN: convolutions and their gradients, summed in double precision. The algorithms that are said
 * to be fastest cannot be had, need more memory than there is, or add in no fixed order.
 */
#include "fake_dnn.h"
#include "fake_round.h"

#include <stdio.h>

enum direction { FORWARD, DATA, FILTER };
enum { X, K, Y, SIDES }; /* images, kernels, what they give */

struct problem {
    enum direction direction;
    int dim[SIDES][4];
    int pad[2], stride[2], dilation[2];
    cudnnMathType_t math;
};

/*
 * What is said of an algorithm. Halves: offered only where tensor cores may be used. Spreads: what
 * is not finite makes NaN of all results, as a transform does.
 */
struct algorithm {
    int number;
    cudnnStatus_t status;
    enum { NOTHING, SOME, HUGE } memory;
    int unsteady, halves, spreads;
};

static const struct algorithm forward[] = {
    {CUDNN_CONVOLUTION_FWD_ALGO_FFT, CUDNN_STATUS_NOT_SUPPORTED, NOTHING, 0, 0, 0},
    {CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, CUDNN_STATUS_SUCCESS, NOTHING, 0, 0, 1},
    {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, CUDNN_STATUS_SUCCESS, HUGE, 0, 0, 0},
    {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, CUDNN_STATUS_SUCCESS, NOTHING, 0, 1, 0},
    {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, CUDNN_STATUS_SUCCESS, SOME, 0, 0, 0},
    {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, CUDNN_STATUS_SUCCESS, NOTHING, 0, 0, 0},
};
static const struct algorithm data[] = {
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT, CUDNN_STATUS_NOT_SUPPORTED, NOTHING, 0, 0, 0},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING, CUDNN_STATUS_SUCCESS, NOTHING, 0, 0, 1},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, CUDNN_STATUS_SUCCESS, NOTHING, 1, 0, 0},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED, CUDNN_STATUS_SUCCESS, HUGE, 0, 0, 0},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, CUDNN_STATUS_SUCCESS, NOTHING, 0, 1, 0},
    {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, CUDNN_STATUS_SUCCESS, SOME, 0, 0, 0},
};
static const struct algorithm filter[] = {
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, CUDNN_STATUS_NOT_SUPPORTED, NOTHING, 0, 0, 0},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING, CUDNN_STATUS_SUCCESS, NOTHING, 0, 0, 1},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, CUDNN_STATUS_SUCCESS, NOTHING, 1, 0, 0},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, CUDNN_STATUS_SUCCESS, SOME, 1, 0, 0},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED, CUDNN_STATUS_SUCCESS, HUGE, 0, 0, 0},
    {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, CUDNN_STATUS_SUCCESS, SOME, 0, 0, 0},
};
static const struct algorithm *const algorithms[] = {forward, data, filter};

enum { ALGORITHMS = 6 };

/* ---- what is convolved ----------------------------------------------------------------------- */

static int convolved(const struct problem *p, int axis)
{
    const int window = p->dilation[axis] * (p->dim[K][2 + axis] - 1) + 1;
    return (p->dim[X][2 + axis] + 2 * p->pad[axis] - window) / p->stride[axis] + 1;
}

static int describe(struct problem *p, enum direction direction, cudnnTensorDescriptor_t x,
                    cudnnFilterDescriptor_t k, cudnnTensorDescriptor_t y,
                    cudnnConvolutionDescriptor_t c)
{
    if (!fake_is(x, FAKE_DNN_TENSOR) || !fake_is(k, FAKE_DNN_FILTER) ||
        !fake_is(y, FAKE_DNN_TENSOR) || !fake_is(c, FAKE_DNN_CONVOLUTION))
        return 0;
    *p = (struct problem){.direction = direction, .math = c->math};
    memcpy(p->dim[X], x->dim, sizeof x->dim);
    memcpy(p->dim[K], k->dim, sizeof k->dim);
    memcpy(p->dim[Y], y->dim, sizeof y->dim);
    memcpy(p->pad, c->pad, sizeof p->pad);
    memcpy(p->stride, c->stride, sizeof p->stride);
    memcpy(p->dilation, c->dilation, sizeof p->dilation);
    if (p->dim[X][0] < 1 || p->dim[K][0] < 1 || p->dim[Y][0] < 1 || p->stride[0] < 1)
        return fake_wrong("a descriptor was not set") == cudaSuccess;
    if (p->dim[X][0] != p->dim[Y][0] || p->dim[X][1] != p->dim[K][1] ||
        p->dim[Y][1] != p->dim[K][0] || p->dim[Y][2] != convolved(p, 0) ||
        p->dim[Y][3] != convolved(p, 1))
        return fake_wrong("%dx%d of %d channels give %dx%d of %d, not %dx%d of %d", p->dim[X][2],
                          p->dim[X][3], p->dim[X][1], convolved(p, 0), convolved(p, 1),
                          p->dim[K][0], p->dim[Y][2], p->dim[Y][3], p->dim[Y][1]) == cudaSuccess;
    return 1;
}

static size_t count(const int dim[4])
{
    return (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2] * (size_t)dim[3];
}

static size_t memory_of(const struct problem *p, const struct algorithm *a)
{
    return a->memory == HUGE ? (size_t)1 << 40 : a->memory == SOME ? 4 * count(p->dim[K]) + 128 : 0;
}

static int may_halve(const struct problem *p)
{
    return p->math != CUDNN_FMA_MATH;
}

/* By its number; NULL if it cannot be had. */
static const struct algorithm *algorithm_of(const struct problem *p, int number)
{
    const struct algorithm *a = algorithms[p->direction];
    for (int i = 0; i < ALGORITHMS; i++)
        if (a[i].number == number && a[i].status == CUDNN_STATUS_SUCCESS &&
            (!a[i].halves || may_halve(p)))
            return &a[i];
    return NULL;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static cudaError_t check(cudnnHandle_t handle)
{
    return fake_dnn_is_handle(handle) ? cudaSuccess : cudaErrorInvalidValue;
}

/* Structs differ in their names alone. */
#define LIST(name, perf_t, algorithm_t)                                                            \
    static cudaError_t name(const struct problem *p, int most, int *found, perf_t *results)        \
    {                                                                                              \
        *found = 0;                                                                                \
        for (int i = 0; i < ALGORITHMS && *found < most; i++) {                                    \
            const struct algorithm *a = &algorithms[p->direction][i];                              \
            if (a->halves && !may_halve(p))                                                        \
                continue;                                                                          \
            results[(*found)++] = (perf_t){                                                        \
                .algo = (algorithm_t)a->number,                                                    \
                .status = a->status,                                                               \
                .time = a->status ? -1.0f : (float)(i + 1),                                        \
                .memory = memory_of(p, a),                                                         \
                .determinism = a->unsteady ? CUDNN_NON_DETERMINISTIC : CUDNN_DETERMINISTIC,        \
                .mathType = a->halves ? CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION : p->math};          \
        }                                                                                          \
        return cudaSuccess;                                                                        \
    }
LIST(list_forward, cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionFwdAlgo_t)
LIST(list_data, cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdDataAlgo_t)
LIST(list_filter, cudnnConvolutionBwdFilterAlgoPerf_t, cudnnConvolutionBwdFilterAlgo_t)
#undef LIST

static cudaError_t measure(const struct problem *p, int number, size_t *bytes)
{
    const struct algorithm *a = algorithm_of(p, number);
    if (a)
        *bytes = memory_of(p, a);
    return a ? cudaSuccess : cudaErrorNotSupported;
}

/* Of a problem that is described first. */
#define CHOOSE(direction, x, k, y, convolution, expression)                                        \
    do {                                                                                           \
        struct problem p;                                                                          \
        DNN_CALL(check(handle)                                    ? cudaErrorInvalidValue          \
                 : !describe(&p, direction, x, k, y, convolution) ? cudaErrorInvalidValue          \
                                                                  : (expression));                 \
    } while (0)

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnFilterDescriptor_t k,
    const cudnnConvolutionDescriptor_t convolution, const cudnnTensorDescriptor_t y, const int most,
    int *found, cudnnConvolutionFwdAlgoPerf_t *results)
{
    CHOOSE(FORWARD, x, k, y, convolution, list_forward(&p, most, found, results));
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t k, const cudnnTensorDescriptor_t y,
    const cudnnConvolutionDescriptor_t convolution, const cudnnTensorDescriptor_t x, const int most,
    int *found, cudnnConvolutionBwdDataAlgoPerf_t *results)
{
    CHOOSE(DATA, x, k, y, convolution, list_data(&p, most, found, results));
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t y,
    const cudnnConvolutionDescriptor_t convolution, const cudnnFilterDescriptor_t k, const int most,
    int *found, cudnnConvolutionBwdFilterAlgoPerf_t *results)
{
    CHOOSE(FILTER, x, k, y, convolution, list_filter(&p, most, found, results));
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnFilterDescriptor_t k,
    const cudnnConvolutionDescriptor_t convolution, const cudnnTensorDescriptor_t y,
    cudnnConvolutionFwdAlgo_t algorithm, size_t *bytes)
{
    CHOOSE(FORWARD, x, k, y, convolution, measure(&p, (int)algorithm, bytes));
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t k, const cudnnTensorDescriptor_t y,
    const cudnnConvolutionDescriptor_t convolution, const cudnnTensorDescriptor_t x,
    cudnnConvolutionBwdDataAlgo_t algorithm, size_t *bytes)
{
    CHOOSE(DATA, x, k, y, convolution, measure(&p, (int)algorithm, bytes));
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t y,
    const cudnnConvolutionDescriptor_t convolution, const cudnnFilterDescriptor_t k,
    cudnnConvolutionBwdFilterAlgo_t algorithm, size_t *bytes)
{
    CHOOSE(FILTER, x, k, y, convolution, measure(&p, (int)algorithm, bytes));
}

/* ---- computing ------------------------------------------------------------------------------- */

struct work {
    struct problem problem;
    float alpha, beta;
    const float *in[SIDES];
    float *out;
    void *workspace;
    size_t bytes;
    int unsteady, spreads;
};

/* Where outputs of an axis may be so that tap `tap` of the window is within the image. */
static int first_output(const struct problem *p, int axis, int tap)
{
    const int before = p->pad[axis] - tap * p->dilation[axis];
    return before <= 0 ? 0 : (before + p->stride[axis] - 1) / p->stride[axis];
}

static int end_output(const struct problem *p, int axis, int tap)
{
    const int room = p->dim[X][2 + axis] - 1 + p->pad[axis] - tap * p->dilation[axis];
    const int end = room < 0 ? 0 : room / p->stride[axis] + 1;
    return end < p->dim[Y][2 + axis] ? end : p->dim[Y][2 + axis];
}

/* Of one kernel element, one row of outputs: x[w stride], *k and y[w], of which one is a sum. */
static void add_row(enum direction direction, int n, int stride, double *x, double *k, double *y)
{
    for (int w = 0; direction == FORWARD && w < n; w++)
        y[w] += x[w * stride] * *k;
    for (int w = 0; direction == DATA && w < n; w++)
        x[w * stride] += y[w] * *k;
    for (int w = 0; direction == FILTER && w < n; w++)
        *k += x[w * stride] * y[w];
}

/* Of one image channel x, one kernel k and what they give, y. */
static void add_plane(const struct problem *p, double *x, double *k, double *y)
{
    for (int r = 0; r < p->dim[K][2]; r++)
        for (int s = 0; s < p->dim[K][3]; s++) {
            const int w = first_output(p, 1, s), n = end_output(p, 1, s) - w;
            const int column = w * p->stride[1] - p->pad[1] + s * p->dilation[1];
            for (int h = first_output(p, 0, r); n > 0 && h < end_output(p, 0, r); h++) {
                const int row = h * p->stride[0] - p->pad[0] + r * p->dilation[0];
                add_row(p->direction, n, p->stride[1], x + row * p->dim[X][3] + column,
                        k + r * p->dim[K][3] + s, y + h * p->dim[Y][3] + w);
            }
        }
}

/* All products of a convolution, each once. */
static void add_products(const struct problem *p, double *const at[SIDES])
{
    const int *x = p->dim[X], *k = p->dim[K], *y = p->dim[Y];
    for (int n = 0; n < y[0]; n++)
        for (int o = 0; o < y[1]; o++)
            for (int c = 0; c < x[1]; c++)
                add_plane(p, at[X] + ((int64_t)n * x[1] + c) * x[2] * x[3],
                          at[K] + ((int64_t)o * x[1] + c) * k[2] * k[3],
                          at[Y] + ((int64_t)n * y[1] + o) * y[2] * y[3]);
}

static const int results[] = {[FORWARD] = Y, [DATA] = X, [FILTER] = K};

/* Factors as they are read, and zeros for the sum. */
static double *unfold(const struct work *w, int side)
{
    const size_t n = count(w->problem.dim[side]);
    const int bits = w->problem.math == CUDNN_FMA_MATH ? FAKE_F32_BITS : FAKE_TF32_BITS;
    double *all = calloc(n, sizeof *all);
    if (!all)
        abort();
    for (size_t i = 0; side != results[w->problem.direction] && i < n; i++)
        all[i] = fake_factor(w->in[side][i], bits);
    return all;
}

/* 0, or NaN if a factor is not finite and the algorithm spreads that. */
static double stain(const struct work *w)
{
    double sum = 0;
    for (int side = 0; w->spreads && side < SIDES; side++)
        for (size_t i = 0; w->in[side] && i < count(w->problem.dim[side]); i++)
            sum += 0 * (double)w->in[side][i];
    return sum;
}

static cudaError_t convolve(void *args)
{
    static uint64_t turn;
    const struct work *w = args;
    const int result = results[w->problem.direction];
    double *at[SIDES];
    for (int side = 0; side < SIDES; side++)
        at[side] = unfold(w, side);
    add_products(&w->problem, at);
    turn++;
    const double spread = stain(w);
    for (size_t i = 0; i < count(w->problem.dim[result]); i++) {
        const double sum = at[result][i] + spread;
        const float one = w->unsteady ? fake_unsteady(sum, turn + i) : (float)sum;
        w->out[i] = w->beta != 0 ? w->alpha * one + w->beta * w->out[i] : w->alpha * one;
    }
    if (w->bytes > 0)
        memset(w->workspace, 0xFF, w->bytes);
    for (int side = 0; side < SIDES; side++)
        free(at[side]);
    return cudaSuccess;
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* Where everything is. */
static int is_placed(const struct work *w, int device)
{
    static const char *const names[SIDES] = {"x", "w", "y"};
    const int result = results[w->problem.direction];
    for (int i = 0; i < SIDES; i++) {
        const void *at = i == result ? w->out : w->in[i];
        if (!fake_on_device(device, at, count(w->problem.dim[i]) * sizeof(float), names[i]))
            return 0;
        if ((uintptr_t)at % sizeof(float) != 0)
            return fake_wrong("%s is at %p", names[i], at) == cudaSuccess;
        if (i != result && at == w->out)
            return fake_wrong("%s is the result, too", names[i]) == cudaSuccess;
    }
    return w->bytes == 0 || fake_on_device(device, w->workspace, w->bytes, "the workspace");
}

static cudaError_t put(cudnnHandle_t handle, struct work *w, int number)
{
    const struct algorithm *a = algorithm_of(&w->problem, number);
    if (!a)
        return cudaErrorNotSupported;
    if (handle->thread != fake_thread())
        return fake_wrong("another thread has set the handle's stream");
    if (handle->device != fake_device())
        return fake_wrong("the handle is of device %d, the thread's is %d", handle->device,
                          fake_device());
    if (w->bytes < memory_of(&w->problem, a))
        return fake_wrong("%zu bytes of workspace, algorithm %d needs %zu", w->bytes, number,
                          memory_of(&w->problem, a));
    if (!is_placed(w, handle->device))
        return cudaErrorInvalidValue;
    w->unsteady = a->unsteady;
    w->spreads = a->spreads;
    fake.library.direction = (int)w->problem.direction;
    fake.library.algorithm = number;
    fake.library.math = (int)w->problem.math;
    fake.library.convolution_workspace = w->bytes;
    return fake_put(handle->stream, &(struct fake_piece){.name = "cudnnConvolution",
                                                         .work = convolve,
                                                         .args = w,
                                                         .bytes = sizeof *w});
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha,
                                      const cudnnTensorDescriptor_t x, const void *x_at,
                                      const cudnnFilterDescriptor_t k, const void *k_at,
                                      const cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void *workspace,
                                      size_t bytes, const void *beta,
                                      const cudnnTensorDescriptor_t y, void *y_at)
{
    struct work w = {.alpha = *(const float *)alpha,
                     .beta = *(const float *)beta,
                     .in = {x_at, k_at, NULL},
                     .out = y_at,
                     .workspace = workspace,
                     .bytes = bytes};
    DNN_CALL(check(handle) || !describe(&w.problem, FORWARD, x, k, y, convolution)
                 ? cudaErrorInvalidValue
                 : put(handle, &w, (int)algorithm));
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha,
                                           const cudnnFilterDescriptor_t k, const void *k_at,
                                           const cudnnTensorDescriptor_t y, const void *y_at,
                                           const cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void *workspace,
                                           size_t bytes, const void *beta,
                                           const cudnnTensorDescriptor_t x, void *x_at)
{
    struct work w = {.alpha = *(const float *)alpha,
                     .beta = *(const float *)beta,
                     .in = {NULL, k_at, y_at},
                     .out = x_at,
                     .workspace = workspace,
                     .bytes = bytes};
    DNN_CALL(check(handle) || !describe(&w.problem, DATA, x, k, y, convolution)
                 ? cudaErrorInvalidValue
                 : put(handle, &w, (int)algorithm));
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha,
                                             const cudnnTensorDescriptor_t x, const void *x_at,
                                             const cudnnTensorDescriptor_t y, const void *y_at,
                                             const cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm,
                                             void *workspace, size_t bytes, const void *beta,
                                             const cudnnFilterDescriptor_t k, void *k_at)
{
    struct work w = {.alpha = *(const float *)alpha,
                     .beta = *(const float *)beta,
                     .in = {x_at, NULL, y_at},
                     .out = k_at,
                     .workspace = workspace,
                     .bytes = bytes};
    DNN_CALL(check(handle) || !describe(&w.problem, FILTER, x, k, y, convolution)
                 ? cudaErrorInvalidValue
                 : put(handle, &w, (int)algorithm));
}
