/*
 * CONV2D and its gradients by cuDNN's legacy calls, which are all in this file. Descriptors,
 * algorithm and scratch memory are settled when a plan is made. A bias is the chain's (chain.c).
 *
 * For bf16 the factors are rounded to it but stay floats, and cuDNN may use tf32, which holds them
 * exactly: so results are f32 sums of products of bf16. Tensors of bf16 would have their results
 * rounded, too, and cuDNN's own conversions are to half, which has another range.
 */
#include "bodies/bf16.h"
#include "kernels.h"
#include "libraries.h"
#include "precision.h"

static const float ONE = 1, ZERO = 0;

enum side { X, K, Y, SIDES }; /* images, kernels, what they give */
enum { CANDIDATES = 16, PLACED = 64 };

/* What cuDNN says of an algorithm, the same for all three operations. */
struct candidate {
    int algorithm;
    cudnnStatus_t status;
    size_t memory;
    int repeats; /* 1: gives the same bits each time */
    cudnnMathType_t math;
};

struct conv {
    struct mcd_cuda_op op;
    const struct operation *operation;
    cudnnTensorDescriptor_t x, y;
    cudnnFilterDescriptor_t k;
    cudnnConvolutionDescriptor_t conv;
    int algorithm;
    size_t scratch;       /* bytes that it wants, at the start of the workspace */
    int input[SIDES];     /* which input of the step a side is; -1: its result */
    int64_t count[SIDES]; /* elements */
    size_t place[SIDES];  /* of factors rounded to bf16 */
};

/*
 * CONV2D, CONV2D_DX or CONV2D_DW. `direct` has a bit for each algorithm that adds up products:
 * those by Fourier's or Winograd's transforms make NaN of what is beside an infinity.
 */
struct operation {
    enum side result;
    unsigned direct, varying; /* varying: that cudnn.h calls non-deterministic */
    cudnnStatus_t (*list)(const struct conv *c, struct candidate *to, int *count);
    cudnnStatus_t (*measure)(const struct conv *c, int algorithm, size_t *bytes);
    cudnnStatus_t (*run)(const struct conv *c, void *const data[SIDES], void *scratch);
};

static const struct mcd_cuda_libraries *libraries(const struct conv *c)
{
    return c->op.cuda->libraries;
}

static int status_of(const struct mcd_cuda *cuda, cudnnStatus_t result, const char *doing,
                     struct mcd_error *error)
{
    int memory = result == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
                 result == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    if (result == CUDNN_STATUS_SUCCESS)
        return MCD_OK;
    return cuda->host->fail(error, memory ? MCD_NOMEM : MCD_DEVICE, "cuDNN", "%s: %s", doing,
                            cuda->libraries->cudnnGetErrorString(result));
}

/* ---- the three operations ---------------------------------------------------------------- */

/* A function that lists candidates: structs and calls differ in their names alone. */
#define LIST(name, perf_t, call, first, second, third)                                             \
    static cudnnStatus_t name(const struct conv *c, struct candidate *to, int *count)              \
    {                                                                                              \
        perf_t found[CANDIDATES];                                                                  \
        cudnnStatus_t s = libraries(c)->call(libraries(c)->dnn, first, second, c->conv, third,     \
                                             CANDIDATES, count, found);                            \
        for (int i = 0; !s && i < *count; i++)                                                     \
            to[i] = (struct candidate){(int)found[i].algo, found[i].status, found[i].memory,       \
                                       found[i].determinism == CUDNN_DETERMINISTIC,                \
                                       found[i].mathType};                                         \
        return s;                                                                                  \
    }
LIST(list_forward, cudnnConvolutionFwdAlgoPerf_t, cudnnGetConvolutionForwardAlgorithm_v7, c->x,
     c->k, c->y)
LIST(list_data, cudnnConvolutionBwdDataAlgoPerf_t, cudnnGetConvolutionBackwardDataAlgorithm_v7,
     c->k, c->y, c->x)
LIST(list_filter, cudnnConvolutionBwdFilterAlgoPerf_t,
     cudnnGetConvolutionBackwardFilterAlgorithm_v7, c->x, c->y, c->k)
#undef LIST

static cudnnStatus_t measure_forward(const struct conv *c, int algorithm, size_t *bytes)
{
    return libraries(c)->cudnnGetConvolutionForwardWorkspaceSize(
        libraries(c)->dnn, c->x, c->k, c->conv, c->y, (cudnnConvolutionFwdAlgo_t)algorithm, bytes);
}

static cudnnStatus_t measure_data(const struct conv *c, int algorithm, size_t *bytes)
{
    return libraries(c)->cudnnGetConvolutionBackwardDataWorkspaceSize(
        libraries(c)->dnn, c->k, c->y, c->conv, c->x, (cudnnConvolutionBwdDataAlgo_t)algorithm,
        bytes);
}

static cudnnStatus_t measure_filter(const struct conv *c, int algorithm, size_t *bytes)
{
    return libraries(c)->cudnnGetConvolutionBackwardFilterWorkspaceSize(
        libraries(c)->dnn, c->x, c->y, c->conv, c->k, (cudnnConvolutionBwdFilterAlgo_t)algorithm,
        bytes);
}

static cudnnStatus_t run_forward(const struct conv *c, void *const data[SIDES], void *scratch)
{
    return libraries(c)->cudnnConvolutionForward(
        libraries(c)->dnn, &ONE, c->x, data[X], c->k, data[K], c->conv,
        (cudnnConvolutionFwdAlgo_t)c->algorithm, scratch, c->scratch, &ZERO, c->y, data[Y]);
}

static cudnnStatus_t run_data(const struct conv *c, void *const data[SIDES], void *scratch)
{
    return libraries(c)->cudnnConvolutionBackwardData(
        libraries(c)->dnn, &ONE, c->k, data[K], c->y, data[Y], c->conv,
        (cudnnConvolutionBwdDataAlgo_t)c->algorithm, scratch, c->scratch, &ZERO, c->x, data[X]);
}

static cudnnStatus_t run_filter(const struct conv *c, void *const data[SIDES], void *scratch)
{
    return libraries(c)->cudnnConvolutionBackwardFilter(
        libraries(c)->dnn, &ONE, c->x, data[X], c->y, data[Y], c->conv,
        (cudnnConvolutionBwdFilterAlgo_t)c->algorithm, scratch, c->scratch, &ZERO, c->k, data[K]);
}

static const struct operation forward = {
    .result = Y,
    .direct = 1u << CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM |
              1u << CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM |
              1u << CUDNN_CONVOLUTION_FWD_ALGO_GEMM | 1u << CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
    .varying = 0,
    .list = list_forward,
    .measure = measure_forward,
    .run = run_forward,
};
static const struct operation backward_data = {
    .result = X,
    .direct = 1u << CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 | 1u << CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
    .varying = 1u << CUDNN_CONVOLUTION_BWD_DATA_ALGO_0,
    .list = list_data,
    .measure = measure_data,
    .run = run_data,
};
static const struct operation backward_filter = {
    .result = K,
    .direct = 1u << CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 |
              1u << CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 | 1u << CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3,
    .varying =
        1u << CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 | 1u << CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3,
    .list = list_filter,
    .measure = measure_filter,
    .run = run_filter,
};

/* ---- making ------------------------------------------------------------------------------ */

/* Which operation a step is, and what its sides are. */
static void find_sides(struct conv *c, const struct mcd_step *step,
                       const struct mcd_tensor *tensor[SIDES])
{
    static const int inputs[3][SIDES] = {{0, 1, -1}, {-1, 1, 0}, {1, -1, 0}};
    int which = step->op == MCD_OP_CONV2D ? 0 : step->op == MCD_OP_CONV2D_DX ? 1 : 2;
    c->operation = which == 0 ? &forward : which == 1 ? &backward_data : &backward_filter;
    for (int side = 0; side < SIDES; side++) {
        c->input[side] = inputs[which][side];
        tensor[side] = c->input[side] < 0 ? &step->out : &step->in[c->input[side]];
        c->count[side] = mcd_cuda_rows(tensor[side]) * mcd_shape_count(&tensor[side]->shape);
    }
}

/* Why cuDNN, which counts in int, cannot take it; NULL if it can. */
static const char *refuse(const struct conv *c, const struct mcd_step *step)
{
    const struct mcd_attr_conv *a = &step->attr.u.conv;
    for (int side = 0; side < SIDES; side++)
        if (c->count[side] > INT32_MAX)
            return "cuDNN takes tensors of up to 2^31 - 1 elements: fewer rows at a time would do";
    for (int i = 0; i < 2; i++)
        if (a->stride[i] > INT32_MAX || a->pad[i] > INT32_MAX || a->dilation[i] > INT32_MAX)
            return "cuDNN takes strides, padding and dilation up to 2^31 - 1";
    return step->op == MCD_OP_CONV2D && step->nin > 2 ? "a bias is added by a chain" : NULL;
}

static cudnnStatus_t create_descriptors(struct conv *c)
{
    const struct mcd_cuda_libraries *l = libraries(c);
    cudnnStatus_t s = l->cudnnCreateTensorDescriptor(&c->x);
    if (!s)
        s = l->cudnnCreateTensorDescriptor(&c->y);
    if (!s)
        s = l->cudnnCreateFilterDescriptor(&c->k);
    if (!s)
        s = l->cudnnCreateConvolutionDescriptor(&c->conv);
    return s;
}

static cudnnStatus_t set_images(const struct conv *c, cudnnTensorDescriptor_t to,
                                const struct mcd_tensor *t)
{
    const int64_t *dim = t->shape.dim;
    return libraries(c)->cudnnSetTensor4dDescriptor(to, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT,
                                                    (int)mcd_cuda_rows(t), (int)dim[0], (int)dim[1],
                                                    (int)dim[2]);
}

static cudnnStatus_t set_descriptors(const struct conv *c, const struct mcd_attr_conv *a,
                                     const struct mcd_tensor *tensor[SIDES])
{
    const struct mcd_cuda_libraries *l = libraries(c);
    const int64_t *k = tensor[K]->shape.dim;
    cudnnStatus_t s = set_images(c, c->x, tensor[X]);
    if (!s)
        s = set_images(c, c->y, tensor[Y]);
    if (!s)
        s = l->cudnnSetFilter4dDescriptor(c->k, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, (int)k[0],
                                          (int)k[1], (int)k[2], (int)k[3]);
    if (!s)
        s = l->cudnnSetConvolution2dDescriptor(
            c->conv, (int)a->pad[0], (int)a->pad[1], (int)a->stride[0], (int)a->stride[1],
            (int)a->dilation[0], (int)a->dilation[1], CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
    if (!s) /* FMA: f32 and nothing else; DEFAULT: cuDNN may use tf32 */
        s = l->cudnnSetConvolutionMathType(
            c->conv, c->op.cuda->precision == MCD_CUDA_F32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH);
    return s;
}

static int is_allowed(const struct conv *c, const struct candidate *of)
{
    const unsigned bit = 1u << of->algorithm;
    int repeats = of->repeats && !(c->operation->varying & bit);
    return of->status == CUDNN_STATUS_SUCCESS && (c->operation->direct & bit) &&
           of->memory <= mcd_cuda_scratch_limit(c->op.cuda) &&
           of->math != CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION && /* to half */
           (repeats || !c->op.cuda->deterministic);
}

/* Takes a candidate; *found is 0 if it turns out to be none. */
static cudnnStatus_t take(struct conv *c, const struct candidate *of, int *found)
{
    const struct mcd_cuda *cuda = c->op.cuda;
    cudnnStatus_t s = CUDNN_STATUS_SUCCESS;
    if (cuda->precision != MCD_CUDA_F32)
        s = libraries(c)->cudnnSetConvolutionMathType(c->conv, of->math);
    if (!s)
        s = c->operation->measure(c, of->algorithm, &c->scratch);
    c->algorithm = of->algorithm;
    *found = !s && c->scratch <= mcd_cuda_scratch_limit(cuda);
    return s;
}

static cudnnStatus_t unless_unsupported(cudnnStatus_t s)
{
    return CUDNN_STATUS_CATEGORY(s) == CUDNN_STATUS_NOT_SUPPORTED ? CUDNN_STATUS_SUCCESS : s;
}

/* The first of cuDNN's algorithms, fastest first, that is allowed; *found is 0 if none is. */
static cudnnStatus_t choose(struct conv *c, int *found)
{
    struct candidate candidate[CANDIDATES];
    int count = 0;
    cudnnStatus_t s = unless_unsupported(c->operation->list(c, candidate, &count));
    *found = 0;
    for (int i = 0; !s && !*found && i < count; i++)
        if (is_allowed(c, &candidate[i]))
            s = unless_unsupported(take(c, &candidate[i], found));
    return s;
}

/* Scratch memory, then factors as bf16; bytes in all. */
static size_t lay_out(struct conv *c)
{
    size_t at = c->scratch;
    for (int side = 0; c->op.cuda->precision == MCD_CUDA_BF16 && side < SIDES; side++) {
        if (side == (int)c->operation->result)
            continue;
        at = (at + PLACED - 1) / PLACED * PLACED;
        c->place[side] = at;
        at += (size_t)c->count[side] * sizeof(float);
    }
    return mcd_cuda_scratch_room(at);
}

static int make(struct conv *c, const struct mcd_step *step, struct mcd_error *error)
{
    struct mcd_cuda *cuda = c->op.cuda;
    const struct mcd_tensor *tensor[SIDES];
    int found = 0;
    find_sides(c, step, tensor);
    const char *why = refuse(c, step);
    if (why)
        return cuda->host->fail(error, MCD_UNSUPPORTED, "conv2d", "%s", why);
    cudnnStatus_t s = create_descriptors(c);
    if (!s)
        s = set_descriptors(c, &step->attr.u.conv, tensor);
    if (!s)
        s = choose(c, &found);
    int status = status_of(cuda, s, "choosing how to convolve", error);
    if (status || found)
        return status;
    return cuda->host->fail(
        error, MCD_UNSUPPORTED, "conv2d", "cuDNN has no%s algorithm for this shape in %zu bytes",
        cuda->deterministic ? " deterministic" : "", mcd_cuda_scratch_limit(cuda));
}

static void release(struct mcd_cuda_op *op)
{
    struct conv *c = (struct conv *)op;
    const struct mcd_cuda_libraries *l = libraries(c);
    if (c->x)
        l->cudnnDestroyTensorDescriptor(c->x);
    if (c->y)
        l->cudnnDestroyTensorDescriptor(c->y);
    if (c->k)
        l->cudnnDestroyFilterDescriptor(c->k);
    if (c->conv)
        l->cudnnDestroyConvolutionDescriptor(c->conv);
    op->cuda->host->release(op->cuda->host, c);
}

/* ---- running ----------------------------------------------------------------------------- */

/* Replaces both factors by copies rounded to bf16. */
static int round_factors(const struct conv *c, const struct mcd_cuda_call *call, char *scratch,
                         void *data[SIDES])
{
    struct round_bf16_args args = {.first = 0};
    int64_t count = 0;
    int factors = 0;
    for (int side = 0; side < SIDES; side++) {
        if (c->input[side] < 0)
            continue;
        args.first = count;
        count += c->count[side];
        args.factor[factors].from = data[side];
        data[side] = scratch + c->place[side];
        args.factor[factors++].to = data[side];
    }
    return mcd_cuda_status(call->cuda, mcd_launch_round_bf16(call->stream, count, &args),
                           "rounding factors to bf16", call->error);
}

static int enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct conv *c = (const struct conv *)op;
    const struct mcd_step *step = call->step;
    char *scratch = mcd_cuda_scratch(call);
    void *data[SIDES];
    for (int side = 0; side < SIDES; side++)
        data[side] = mcd_cuda_pointer(c->input[side] < 0 ? &step->out : &step->in[c->input[side]]);
    int status =
        call->cuda->precision == MCD_CUDA_BF16 ? round_factors(c, call, scratch, data) : MCD_OK;
    if (status)
        return status;
    cudnnStatus_t s = libraries(c)->cudnnSetStream(libraries(c)->dnn, call->stream);
    if (!s)
        s = c->operation->run(c, data, c->scratch ? scratch : NULL);
    return status_of(call->cuda, s, "convolving", call->error);
}

int mcd_cuda_conv2d(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    struct conv *c = host->alloc(host, sizeof *c);
    if (!c)
        return host->fail(error, MCD_NOMEM, "cuda", "out of memory");
    *c = (struct conv){.op = {.cuda = cuda, .enqueue = enqueue, .release = release}};
    int status = make(c, step, error);
    if (status) {
        release(&c->op);
        return status;
    }
    *kernel = (struct mcd_kernel){.run = mcd_cuda_run_step,
                                  .state = &c->op,
                                  .release = mcd_cuda_op_release,
                                  .workspace = lay_out(c)};
    return MCD_OK;
}
