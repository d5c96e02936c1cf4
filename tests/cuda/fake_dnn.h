/* cuDNN's handle and descriptors, and what its calls return. */
#ifndef TESTS_CUDA_FAKE_DNN_H
#define TESTS_CUDA_FAKE_DNN_H

#include "fake_inner.h"

#include <cudnn.h>

struct cudnnContext {
    struct fake_object object;
    int device;
    cudaStream_t stream;
    uint64_t thread; /* that set the stream */
};

/* Its stream must be there as long as it is: any call may ask that for its state. */
static inline int fake_dnn_is_handle(cudnnHandle_t handle)
{
    return fake_is(handle, FAKE_DNN) && fake_is_stream(handle->stream);
}

/* Images or kernels: 4 extents, 0 before they are set. */
struct cudnnTensorStruct {
    struct fake_object object;
    int dim[4];
};

struct cudnnFilterStruct {
    struct fake_object object;
    int dim[4];
};

struct cudnnConvolutionStruct {
    struct fake_object object;
    int pad[2], stride[2], dilation[2];
    cudnnMathType_t math;
};

static inline cudnnStatus_t fake_dnn_status(cudaError_t e)
{
    switch ((int)e) {
    case cudaSuccess:
        return CUDNN_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
        return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    case cudaErrorInvalidValue:
        return CUDNN_STATUS_BAD_PARAM;
    case cudaErrorNotSupported:
        return CUDNN_STATUS_NOT_SUPPORTED;
    default:
        return CUDNN_STATUS_EXECUTION_FAILED;
    }
}

#define DNN_CALL(expression)                                                                       \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__);                                                \
        return fake_dnn_status(fake_leave_library(before_ ? before_ : (expression)));              \
    } while (0)
#define DNN_RELEASE(expression)                                                                    \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__), after_ = (expression);                         \
        return fake_dnn_status(fake_leave_library(before_ ? before_ : after_));                    \
    } while (0)

#endif
