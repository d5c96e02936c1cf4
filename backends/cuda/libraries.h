/*
 * cuBLASLt and cuDNN, opened when a backend is made: loading them takes up to half a second, and a
 * machine without them still has a mcdrop that starts. The tables hold just what is called.
 */
#ifndef MCD_CUDA_LIBRARIES_H
#define MCD_CUDA_LIBRARIES_H

#include "cuda.h"

#include <cublasLt.h>
#include <cudnn.h>

/* One line a function, X(NAME): declared by the library's header. */
#define MCD_CUBLASLT_CALLS(X)                                                                      \
    X(cublasLtCreate)                                                                              \
    X(cublasLtDestroy)                                                                             \
    X(cublasLtGetStatusString)                                                                     \
    X(cublasLtGetVersion)                                                                          \
    X(cublasLtMatmul)                                                                              \
    X(cublasLtMatmulAlgoGetHeuristic)                                                              \
    X(cublasLtMatmulDescCreate)                                                                    \
    X(cublasLtMatmulDescDestroy)                                                                   \
    X(cublasLtMatmulDescSetAttribute)                                                              \
    X(cublasLtMatmulPreferenceCreate)                                                              \
    X(cublasLtMatmulPreferenceDestroy)                                                             \
    X(cublasLtMatmulPreferenceSetAttribute)                                                        \
    X(cublasLtMatrixLayoutCreate)                                                                  \
    X(cublasLtMatrixLayoutDestroy)

#define MCD_CUDNN_CALLS(X)                                                                         \
    X(cudnnConvolutionBackwardData)                                                                \
    X(cudnnConvolutionBackwardFilter)                                                              \
    X(cudnnConvolutionForward)                                                                     \
    X(cudnnCreate)                                                                                 \
    X(cudnnCreateConvolutionDescriptor)                                                            \
    X(cudnnCreateFilterDescriptor)                                                                 \
    X(cudnnCreateTensorDescriptor)                                                                 \
    X(cudnnDestroy)                                                                                \
    X(cudnnDestroyConvolutionDescriptor)                                                           \
    X(cudnnDestroyFilterDescriptor)                                                                \
    X(cudnnDestroyTensorDescriptor)                                                                \
    X(cudnnGetConvolutionBackwardDataAlgorithm_v7)                                                 \
    X(cudnnGetConvolutionBackwardDataWorkspaceSize)                                                \
    X(cudnnGetConvolutionBackwardFilterAlgorithm_v7)                                               \
    X(cudnnGetConvolutionBackwardFilterWorkspaceSize)                                              \
    X(cudnnGetConvolutionForwardAlgorithm_v7)                                                      \
    X(cudnnGetConvolutionForwardWorkspaceSize)                                                     \
    X(cudnnGetErrorString)                                                                         \
    X(cudnnGetVersion)                                                                             \
    X(cudnnSetConvolution2dDescriptor)                                                             \
    X(cudnnSetConvolutionMathType)                                                                 \
    X(cudnnSetFilter4dDescriptor)                                                                  \
    X(cudnnSetStream)                                                                              \
    X(cudnnSetTensor4dDescriptor)

struct mcd_cuda_libraries {
#define MCD_CUDA_CALL(name) __typeof__(name) *name;
    MCD_CUBLASLT_CALLS(MCD_CUDA_CALL)
    MCD_CUDNN_CALLS(MCD_CUDA_CALL)
#undef MCD_CUDA_CALL
    void *cublaslt, *cudnn; /* as dlopen gave them */
    cublasLtHandle_t lt;
    cudnnHandle_t dnn;
};

/*
 * Opens both and makes their handles. MCD_DEVICE, naming the file and what the loader says, if one
 * is missing or lacks a function.
 */
int mcd_cuda_libraries_open(struct mcd_cuda *cuda, struct mcd_error *error);
void mcd_cuda_libraries_close(struct mcd_cuda *cuda);

#endif
