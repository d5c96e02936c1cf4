/*
 * The fake cuBLASLt and cuDNN compute what the documentation says, offer algorithms that are better
 * not taken, and see each wrong use that they are there for.
 */
#include "fake_case.h"

#include <cublasLt.h>
#include <cudnn.h>
#include <math.h>
#include <pthread.h>

static const float ONE = 1, ZERO = 0;

/* ---- a product ------------------------------------------------------------------------------- */

/* op(a) is m x k, op(b) k x n; leading dimensions are what they have to be plus `more`. */
struct product {
    int m, n, k, a_transposed, b_transposed, more;
    cublasComputeType_t compute;
    uint32_t epilogue;
    cublasLtHandle_t handle;
    cublasLtMatmulDesc_t desc;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulHeuristicResult_t found[8];
    int count;
};

static cublasLtMatrixLayout_t layout(int rows, int columns, int transposed, int more)
{
    cublasLtMatrixLayout_t l = NULL;
    const int high = transposed ? columns : rows, wide = transposed ? rows : columns;
    assert_fine(
        cublasLtMatrixLayoutCreate(&l, CUDA_R_32F, (uint64_t)high, (uint64_t)wide, high + more));
    return l;
}

static void set(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute, uint32_t to)
{
    assert_fine(cublasLtMatmulDescSetAttribute(desc, attribute, &to, sizeof to));
}

/* Algorithms for pointers at multiples of 4 bytes with so much workspace and such sums. */
static cublasStatus_t ask(struct product *p, uint64_t workspace, uint32_t schemes)
{
    static const uint32_t aligned = sizeof(float);
    cublasLtMatmulPreference_t wish = NULL;
    assert_fine(cublasLtMatmulPreferenceCreate(&wish));
    assert_fine(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                     &workspace, sizeof workspace));
    assert_fine(cublasLtMatmulPreferenceSetAttribute(
        wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes));
    for (int i = CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
         i <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES; i++)
        assert_fine(cublasLtMatmulPreferenceSetAttribute(
            wish, (cublasLtMatmulPreferenceAttributes_t)i, &aligned, sizeof aligned));
    cublasStatus_t s = cublasLtMatmulAlgoGetHeuristic(p->handle, p->desc, p->a, p->b, p->d, p->d,
                                                      wish, 8, p->found, &p->count);
    assert_fine(cublasLtMatmulPreferenceDestroy(wish));
    return s;
}

static void open_product(struct product *p)
{
    assert_fine(cublasLtCreate(&p->handle));
    assert_fine(cublasLtMatmulDescCreate(&p->desc, p->compute, CUDA_R_32F));
    set(p->desc, CUBLASLT_MATMUL_DESC_TRANSA, p->a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(p->desc, CUBLASLT_MATMUL_DESC_TRANSB, p->b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(p->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, p->epilogue);
    p->a = layout(p->m, p->k, p->a_transposed, p->more);
    p->b = layout(p->k, p->n, p->b_transposed, p->more);
    p->d = layout(p->m, p->n, 0, p->more);
    assert_fine(ask(p, 1 << 20, CUBLASLT_REDUCTION_SCHEME_MASK));
}

static void close_product(struct product *p)
{
    assert_fine(cublasLtMatrixLayoutDestroy(p->a));
    assert_fine(cublasLtMatrixLayoutDestroy(p->b));
    assert_fine(cublasLtMatrixLayoutDestroy(p->d));
    assert_fine(cublasLtMatmulDescDestroy(p->desc));
    assert_fine(cublasLtDestroy(p->handle));
}

static cublasStatus_t multiply(const struct product *p, int algorithm, const float *a,
                               const float *b, float *d, void *workspace, size_t bytes)
{
    return cublasLtMatmul(p->handle, p->desc, &ONE, a, p->a, b, p->b, &ZERO, d, p->d, d, p->d,
                          &p->found[algorithm].algo, workspace, bytes, stream);
}

/* Small whole numbers, so that sums are exact. */
static float number(int i)
{
    return (float)(i * 7 % 11 - 5);
}

static float *numbers(int n)
{
    float value[512];
    for (int i = 0; i < n; i++)
        value[i] = number(i);
    return floats_on_device(value, (size_t)n);
}

static float element(int row, int column, int ld, int transposed)
{
    return number(transposed ? column + row * ld : row + column * ld);
}

static void products_are_column_major(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        struct product p = {.m = 3, .n = 4, .k = 5, .compute = CUBLAS_COMPUTE_32F};
        p.a_transposed = kind & 1;
        p.b_transposed = kind >> 1 & 1;
        p.more = kind >> 2 & 1;
        p.epilogue = kind & 4 ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
        open_product(&p);
        float *a = numbers(64), *b = numbers(64), *d = on_device(64 * sizeof *d), value[64];
        const int la = (p.a_transposed ? p.k : p.m) + p.more;
        const int lb = (p.b_transposed ? p.n : p.k) + p.more, ld = p.m + p.more;
        assert_fine(cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &a,
                                                   sizeof a));
        assert_fine(multiply(&p, p.count - 1, a, b, d, NULL, 0));
        read_floats(value, d, 64);
        for (int i = 0; i < p.m; i++)
            for (int j = 0; j < p.n; j++) {
                float sum = kind & 4 ? number(i) : 0;
                for (int l = 0; l < p.k; l++)
                    sum += element(i, l, la, p.a_transposed) * element(l, j, lb, p.b_transposed);
                assert_true(value[i + j * ld] == (kind & 4 && sum < 0 ? 0 : sum));
            }
        assert_true(p.more == 0 || isnan(value[p.m])); /* what lies between columns stays */
        assert_fine(cudaFree(a));
        assert_fine(cudaFree(b));
        assert_fine(cudaFree(d));
        close_product(&p);
    }
}

static float product_of(cublasComputeType_t compute, float x)
{
    struct product p = {.m = 1, .n = 1, .k = 1, .compute = compute};
    p.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    open_product(&p);
    float *a = floats_on_device(&x, 1), *b = floats_on_device(&ONE, 1), *d = on_device(4), value;
    assert_fine(multiply(&p, 0, a, b, d, NULL, 0));
    read_floats(&value, d, 1);
    assert_fine(cudaFree(a));
    assert_fine(cudaFree(b));
    assert_fine(cudaFree(d));
    close_product(&p);
    return value;
}

static void factors_are_rounded_as_asked(void **state)
{
    (void)state;
    const float x = 1 + 0x1p-7f + 0x1p-10f + 0x1p-20f;
    assert_true(product_of(CUBLAS_COMPUTE_32F, x) == x);
    assert_true(product_of(CUBLAS_COMPUTE_32F_FAST_TF32, x) == 1 + 0x1p-7f + 0x1p-10f);
    assert_true(product_of(CUBLAS_COMPUTE_32F_FAST_16BF, x) == 1 + 0x1p-7f);
}

static void algorithms_are_better_chosen_with_care(void **state)
{
    (void)state;
    struct product p = {.m = 3, .n = 2, .k = 80, .compute = CUBLAS_COMPUTE_32F};
    p.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    open_product(&p);
    assert_int_equal(p.count, 3);
    float *a = numbers(240), *b = numbers(160), *d = on_device(24), value[2][6];
    char *workspace = on_device(4096);
    for (int i = 0; i < 2; i++) {
        assert_fine(multiply(&p, 0, a, b, d, workspace, 4096));
        read_floats(value[i], d, 6);
    }
    assert_memory_not_equal(value[0], value[1], sizeof *value);
    assert_fine(ask(&p, 4096, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    assert_int_equal(p.count, 2);
    multiply(&p, 0, a, b, d, workspace, p.found[0].workspaceSize - 1);
    assert_wrong("the algorithm needs");
    multiply(&p, 0, a, b, d, workspace + 64, p.found[0].workspaceSize);
    assert_wrong("no multiple of 256");
    multiply(&p, 0, a, b, d, workspace + 4096 - 256, 512);
    assert_wrong("the workspace");
    assert_fine(multiply(&p, 0, a, b, d, workspace, p.found[0].workspaceSize));
    assert_fine(ask(&p, 0, CUBLASLT_REDUCTION_SCHEME_MASK));
    assert_int_equal(p.count, 1);
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaFree(a));
    assert_fine(cudaFree(b));
    assert_fine(cudaFree(d));
    assert_fine(cudaFree(workspace));
    close_product(&p);
}

static void wrong_products_are_seen(void **state)
{
    (void)state;
    struct product p = {.m = 2, .n = 3, .k = 4, .compute = CUBLAS_COMPUTE_32F};
    p.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    open_product(&p);
    float *a = numbers(8), *b = numbers(12), *d = on_device(24);
    cublasLtMatrixLayout_t narrow = NULL, fitting = p.b;
    cublasLtMatrixLayoutCreate(&narrow, CUDA_R_32F, 3, 2, 2);
    assert_wrong("with a leading dimension of 2");
    cublasLtMatmulDescSetAttribute(p.desc, CUBLASLT_MATMUL_DESC_TRANSA, &ONE, 8);
    assert_wrong("has 4 bytes, not 8");
    multiply(&p, 0, a + 1, b, d, NULL, 0);
    assert_wrong("A: 32 bytes");
    multiply(&p, 0, a, b, d + 1, NULL, 0);
    assert_wrong("D: 24 bytes");
    multiply(&p, 0, (float *)((char *)a - 2), b, d, NULL, 0);
    assert_wrong("A: 32 bytes");
    multiply(&p, 0, a, b, b, NULL, 0);
    assert_wrong("B and D overlap");
    set(p.desc, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    multiply(&p, 0, a, b, d, NULL, 0);
    assert_wrong("one of another product");
    p.b = p.a;
    assert_int_equal(ask(&p, 0, 0), CUBLAS_STATUS_INVALID_VALUE);
    assert_wrong("2 x 4 times 2 x 4");
    p.b = fitting;
    assert_fine(ask(&p, 0, 0));
    multiply(&p, 0, a, b, d, NULL, 0);
    assert_wrong("the bias");
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaFree(a));
    assert_fine(cudaFree(b));
    assert_fine(cudaFree(d));
    close_product(&p);
}

/* ---- a convolution --------------------------------------------------------------------------- */

struct convolution {
    cudnnHandle_t handle;
    cudnnTensorDescriptor_t x, y;
    cudnnFilterDescriptor_t k;
    cudnnConvolutionDescriptor_t desc;
};

/* 2 images of 2 channels of 4 x 5, 3 kernels of 2 x 3, padded by 0 x 1, strides of 2 x 1. */
enum { X = 2 * 2 * 4 * 5, K = 3 * 2 * 2 * 3, Y = 2 * 3 * 2 * 5 };

static void open_convolution(struct convolution *c, cudnnMathType_t math)
{
    assert_fine(cudnnCreate(&c->handle));
    assert_fine(cudnnSetStream(c->handle, stream));
    assert_fine(cudnnCreateTensorDescriptor(&c->x));
    assert_fine(cudnnCreateTensorDescriptor(&c->y));
    assert_fine(cudnnCreateFilterDescriptor(&c->k));
    assert_fine(cudnnCreateConvolutionDescriptor(&c->desc));
    assert_fine(cudnnSetTensor4dDescriptor(c->x, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 2, 4, 5));
    assert_fine(cudnnSetTensor4dDescriptor(c->y, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 3, 2, 5));
    assert_fine(cudnnSetFilter4dDescriptor(c->k, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 3, 2, 2, 3));
    assert_fine(cudnnSetConvolution2dDescriptor(c->desc, 0, 1, 2, 1, 1, 1, CUDNN_CROSS_CORRELATION,
                                                CUDNN_DATA_FLOAT));
    assert_fine(cudnnSetConvolutionMathType(c->desc, math));
}

static void close_convolution(struct convolution *c)
{
    assert_fine(cudnnDestroyTensorDescriptor(c->x));
    assert_fine(cudnnDestroyTensorDescriptor(c->y));
    assert_fine(cudnnDestroyFilterDescriptor(c->k));
    assert_fine(cudnnDestroyConvolutionDescriptor(c->desc));
    assert_fine(cudnnDestroy(c->handle));
}

/* Adds up what `result` (0: x, 1: k, 2: y) is of the other two. */
static void add_products(const float *x, const float *k, const float *y, int result, float *sum)
{
    for (int i = 0; i < Y * 2 * 2 * 3; i++) {
        int s = i % 3, r = i / 3 % 2, c = i / 6 % 2, w = i / 12 % 5, h = i / 60 % 2;
        int o = i / 120 % 3, n = i / 360, row = 2 * h + r, column = w - 1 + s;
        int at_x = ((n * 2 + c) * 4 + row) * 5 + column, at_k = ((o * 2 + c) * 2 + r) * 3 + s;
        int at_y = ((n * 3 + o) * 2 + h) * 5 + w;
        if (column < 0 || column >= 5)
            continue;
        if (result == 0)
            sum[at_x] += k[at_k] * y[at_y];
        else if (result == 1)
            sum[at_k] += x[at_x] * y[at_y];
        else
            sum[at_y] += x[at_x] * k[at_k];
    }
}

static void assert_gives(const float *device, const float *x, const float *k, const float *y,
                         int result, int n)
{
    float value[X + Y] = {0}, expected[X + Y] = {0};
    add_products(x, k, y, result, expected);
    read_floats(value, device, (size_t)n);
    assert_memory_equal(value, expected, (size_t)n * sizeof(float));
}

static void convolutions_are_correlations(void **state)
{
    (void)state;
    struct convolution c;
    float h[X + Y];
    for (int i = 0; i < X + Y; i++)
        h[i] = number(i);
    open_convolution(&c, CUDNN_FMA_MATH);
    float *x = numbers(X), *k = numbers(K), *y = numbers(Y), *out = on_device(X * sizeof *out);
    char *workspace = on_device(1024);
    assert_fine(cudnnConvolutionForward(c.handle, &ONE, c.x, x, c.k, k, c.desc,
                                        CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, NULL, 0, &ZERO,
                                        c.y, out));
    assert_gives(out, h, h, h, 2, Y);
    assert_fine(cudnnConvolutionBackwardData(c.handle, &ONE, c.k, k, c.y, y, c.desc,
                                             CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, workspace, 1024,
                                             &ZERO, c.x, out));
    assert_gives(out, h, h, h, 0, X);
    assert_fine(cudnnConvolutionBackwardFilter(c.handle, &ONE, c.x, x, c.y, y, c.desc,
                                               CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, workspace, 1024,
                                               &ZERO, c.k, out));
    assert_gives(out, h, h, h, 1, K);
    assert_fine(cudaFree(x));
    assert_fine(cudaFree(k));
    assert_fine(cudaFree(y));
    assert_fine(cudaFree(out));
    assert_fine(cudaFree(workspace));
    close_convolution(&c);
}

/* The fastest cannot be had, or varies, or needs more memory than there is. */
static void listed_algorithms_are_no_good_at_first(void **state)
{
    (void)state;
    struct convolution c;
    cudnnConvolutionBwdFilterAlgoPerf_t found[8];
    int count = 0, varying = 0;
    size_t most = 0;
    open_convolution(&c, CUDNN_FMA_MATH);
    assert_fine(cudnnGetConvolutionBackwardFilterAlgorithm_v7(c.handle, c.x, c.y, c.desc, c.k, 8,
                                                              &count, found));
    assert_int_not_equal(found[0].status, CUDNN_STATUS_SUCCESS);
    for (int i = 0; i < count; i++)
        most = found[i].memory > most ? found[i].memory : most;
    assert_true(most > (size_t)1 << 38);
    while (varying < count && found[varying].determinism == CUDNN_DETERMINISTIC)
        varying++;
    assert_true(varying < count - 1 && found[count - 1].determinism == CUDNN_DETERMINISTIC);
    float *x = numbers(X), *y = numbers(Y), *out = on_device(K * sizeof *out), value[2][K];
    for (int i = 0; i < 2; i++) {
        assert_fine(cudnnConvolutionBackwardFilter(c.handle, &ONE, c.x, x, c.y, y, c.desc,
                                                   found[varying].algo, NULL, 0, &ZERO, c.k, out));
        read_floats(value[i], out, K);
    }
    assert_memory_not_equal(value[0], value[1], sizeof *value);
    assert_fine(cudaFree(x));
    assert_fine(cudaFree(y));
    assert_fine(cudaFree(out));
    close_convolution(&c);
}

static cudnnStatus_t forward(const struct convolution *c, cudnnConvolutionFwdAlgo_t algorithm,
                             const float *x, const float *k, float *y, size_t bytes)
{
    return cudnnConvolutionForward(c->handle, &ONE, c->x, x, c->k, k, c->desc, algorithm, y, bytes,
                                   &ZERO, c->y, y);
}

static void *set_its_stream(void *handle)
{
    cudnnSetStream(handle, stream);
    return NULL;
}

static void handles_live_by_their_stream_and_device(void **state)
{
    (void)state;
    struct convolution c;
    cudaStream_t brief;
    size_t bytes;
    open_convolution(&c, CUDNN_FMA_MATH);
    assert_fine(cudaStreamCreateWithFlags(&brief, cudaStreamNonBlocking));
    assert_fine(cudnnSetStream(c.handle, brief));
    assert_fine(cudaStreamDestroy(brief));
    cudnnGetConvolutionForwardWorkspaceSize(c.handle, c.x, c.k, c.desc, c.y,
                                            CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, &bytes);
    assert_wrong("cudnnGetConvolutionForwardWorkspaceSize");
    assert_fine(cudnnSetStream(c.handle, stream));
    fake_set("devices=2");
    assert_fine(cudaSetDevice(1));
    close_convolution(&c);
    assert_wrong("the handle is of device 0, the thread's is 1");
    assert_fine(cudaSetDevice(0));
}

static void wrong_convolutions_are_seen(void **state)
{
    (void)state;
    struct convolution c;
    pthread_t thread;
    const cudnnConvolutionFwdAlgo_t plain = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
    open_convolution(&c, CUDNN_FMA_MATH);
    float *x = numbers(X), *k = numbers(K), *y = on_device(Y * sizeof *y);
    forward(&c, plain, x + 1, k, y, 0);
    assert_wrong("x: 320 bytes");
    forward(&c, plain, x, k, x, 0);
    assert_wrong("x is the result, too");
    forward(&c, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, x, k, y, 8);
    assert_wrong("bytes of workspace");
    assert_int_equal(forward(&c, CUDNN_CONVOLUTION_FWD_ALGO_FFT, x, k, y, 0),
                     CUDNN_STATUS_NOT_SUPPORTED);
    assert_int_equal(pthread_create(&thread, NULL, set_its_stream, c.handle), 0);
    pthread_join(thread, NULL);
    forward(&c, plain, x, k, y, 0);
    assert_wrong("another thread");
    assert_fine(cudnnSetStream(c.handle, stream));
    assert_fine(cudnnSetTensor4dDescriptor(c.y, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 3, 3, 5));
    forward(&c, plain, x, k, y, 0);
    assert_wrong("4x5 of 2 channels give 2x5 of 3, not 3x5");
    cudnnSetTensor4dDescriptor(c.y, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 0, 3, 5);
    assert_wrong("extent 1 is 0");
    assert_int_equal(
        cudnnSetTensor4dDescriptor(c.y, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 65536, 65536, 1, 1),
        CUDNN_STATUS_NOT_SUPPORTED);
    assert_fine(cudaStreamSynchronize(stream));
    assert_fine(cudaFree(x));
    assert_fine(cudaFree(k));
    assert_fine(cudaFree(y));
    close_convolution(&c);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)
    const struct CMUnitTest tests[] = {
        CASE(products_are_column_major),
        CASE(factors_are_rounded_as_asked),
        CASE(algorithms_are_better_chosen_with_care),
        CASE(wrong_products_are_seen),
        CASE(convolutions_are_correlations),
        CASE(listed_algorithms_are_no_good_at_first),
        CASE(handles_live_by_their_stream_and_device),
        CASE(wrong_convolutions_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
