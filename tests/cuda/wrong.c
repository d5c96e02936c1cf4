/*
 * What could be wrong with the CUDA backend, one thing at a time, as MCDROP_WRONG_CUDA says: linked
 * between the backend's host code and the fake (--wrap in Makefile.am), to prove that the fake sees
 * it. With nothing said, nothing is wrong.
 */
#include "../../backends/cuda/cuda.h"
#include "../../backends/cuda/precision.h"
#include "../../backends/cuda/run.h"

#include <cublasLt.h>
#include <cudnn.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *wrong)
{
    const char *said = getenv("MCDROP_WRONG_CUDA");
    return said && strcmp(said, wrong) == 0;
}

#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

/* ---- of the runtime -------------------------------------------------------------------------- */

/* A copy is used before it has been made. */
WRAP(cudaError_t, cudaEventSynchronize, cudaEvent_t event)
{
    return is("hasty") ? cudaSuccess : __real_cudaEventSynchronize(event);
}

/* Memory is given back, pinned memory looked at while work goes on. */
WRAP(cudaError_t, cudaStreamSynchronize, cudaStream_t stream)
{
    return is("restless") ? cudaSuccess : __real_cudaStreamSynchronize(stream);
}

WRAP(cudaError_t, cudaEventDestroy, cudaEvent_t event)
{
    return is("leaking") ? cudaSuccess : __real_cudaEventDestroy(event);
}

/* One element too many, or not through pinned memory. */
WRAP(cudaError_t, cudaMemcpyAsync, void *to, const void *from, size_t bytes,
     enum cudaMemcpyKind kind, cudaStream_t stream)
{
    if (is("long"))
        bytes += sizeof(float);
    if (is("backward"))
        kind = kind == cudaMemcpyHostToDevice ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice;
    return __real_cudaMemcpyAsync(to, from, bytes, kind, stream);
}

/* ---- of the backend -------------------------------------------------------------------------- */

/* The numbers of the first run are those of all. */
WRAP(int, mcd_cuda_run_upload, struct mcd_cuda_run *r, const struct mcd_run *run, uint32_t sites,
     const uint32_t *units, struct mcd_error *error)
{
    if (is("stale") && mcd_cuda_run_device(r))
        return MCD_OK;
    return __real_mcd_cuda_run_upload(r, run, sites, units, error);
}

/* Kernels are told where the host's numbers are. */
WRAP(const struct mcd_run *, mcd_cuda_run_device, const struct mcd_cuda_run *r)
{
    return is("hosting") ? (const struct mcd_run *)(const void *)r : __real_mcd_cuda_run_device(r);
}

/* Scratch memory as it comes, at a multiple of 64 bytes. */
WRAP(char *, mcd_cuda_scratch, const struct mcd_cuda_call *call)
{
    return __real_mcd_cuda_scratch(call) + (is("uneven") ? 64 : 0);
}

struct chain_args;

/* A kernel allocates, or goes where none of the others is. */
WRAP(cudaError_t, mcd_launch_chain, cudaStream_t stream, int64_t count,
     const struct chain_args *args)
{
    void *memory = NULL;
    if (is("allocating") && cudaMalloc(&memory, 4) == cudaSuccess)
        cudaFree(memory);
    return __real_mcd_launch_chain(is("astray") ? NULL : stream, count, args);
}

/* ---- of the libraries ------------------------------------------------------------------------ */

#define LIBRARY(name)                                                                              \
    static __typeof__(name) *real_##name;                                                          \
    static __typeof__(name) wrong_##name;

LIBRARY(cublasLtMatmul)
LIBRARY(cublasLtMatmulDescSetAttribute)
LIBRARY(cublasLtMatmulPreferenceSetAttribute)
LIBRARY(cublasLtMatrixLayoutCreate)
LIBRARY(cudnnGetConvolutionBackwardFilterWorkspaceSize)
LIBRARY(cudnnSetStream)

static cublasStatus_t wrong_cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout,
                                                       cudaDataType type, uint64_t rows,
                                                       uint64_t columns, int64_t ld)
{
    return real_cublasLtMatrixLayoutCreate(layout, type, rows, columns,
                                           is("narrow") ? (int64_t)columns : ld + is("wide"));
}

/* An algorithm is chosen as if the bias lay at a multiple of whatever it likes. */
static cublasStatus_t wrong_cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                                           cublasLtMatmulDescAttributes_t attribute,
                                                           const void *value, size_t bytes)
{
    static const uintptr_t placed = 64;
    if (is("careless") && attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER &&
        memcmp(value, &placed, sizeof placed) == 0)
        return CUBLAS_STATUS_SUCCESS;
    return real_cublasLtMatmulDescSetAttribute(desc, attribute, value, bytes);
}

/* The library's own choice of how to add up parts of a sum. */
static cublasStatus_t
wrong_cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                           cublasLtMatmulPreferenceAttributes_t attribute,
                                           const void *value, size_t bytes)
{
    if (is("varying") && attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
        return CUBLAS_STATUS_SUCCESS;
    if (is("trusting") && attribute >= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES &&
        attribute <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES)
        return CUBLAS_STATUS_SUCCESS;
    return real_cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
}

static cublasStatus_t wrong_cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                           const void *alpha, const void *a,
                                           cublasLtMatrixLayout_t a_layout, const void *b,
                                           cublasLtMatrixLayout_t b_layout, const void *beta,
                                           const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                                           cublasLtMatrixLayout_t d_layout,
                                           const cublasLtMatmulAlgo_t *algorithm, void *workspace,
                                           size_t bytes, cudaStream_t stream)
{
    return real_cublasLtMatmul(handle, desc, alpha, a, a_layout, b, b_layout,
                               is("adding") ? alpha : beta, c, c_layout, d, d_layout, algorithm,
                               workspace, is("scanty") ? bytes / 2 : bytes, stream);
}

static cudnnStatus_t wrong_cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t handle, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t y,
    const cudnnConvolutionDescriptor_t convolution, const cudnnFilterDescriptor_t k,
    cudnnConvolutionBwdFilterAlgo_t algorithm, size_t *bytes)
{
    cudnnStatus_t s = real_cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, convolution,
                                                                          k, algorithm, bytes);
    if (is("short") && *bytes > 0)
        *bytes -= 1;
    return s;
}

static cudnnStatus_t wrong_cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    return is("streamless") ? CUDNN_STATUS_SUCCESS : real_cudnnSetStream(handle, stream);
}

WRAP(void *, dlsym, void *handle, const char *name)
{
    void *address = __real_dlsym(handle, name);
#define TAKE(function)                                                                             \
    if (strcmp(name, #function) == 0) {                                                            \
        *(void **)&real_##function = address;                                                      \
        return (void *)wrong_##function;                                                           \
    }
    TAKE(cublasLtMatmul)
    TAKE(cublasLtMatmulDescSetAttribute)
    TAKE(cublasLtMatmulPreferenceSetAttribute)
    TAKE(cublasLtMatrixLayoutCreate)
    TAKE(cudnnGetConvolutionBackwardFilterWorkspaceSize)
    TAKE(cudnnSetStream)
#undef TAKE
    return address;
}
