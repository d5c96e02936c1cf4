/* cuDNN: the handle and descriptors. */
#include "fake_dnn.h"

#include <limits.h>

/* ---- handle ---------------------------------------------------------------------------------- */

static cudaError_t make_handle(cudnnHandle_t *handle)
{
    cudaError_t e = fake_unsafe();
    if (e)
        return e;
    *handle = fake_make(FAKE_DNN, sizeof **handle);
    (*handle)->device = fake_device();
    (*handle)->thread = fake_thread();
    return cudaSuccess;
}

static cudaError_t unmake(void *object, enum fake_kind kind)
{
    if (!fake_is(object, kind))
        return cudaErrorInvalidValue;
    fake_unmake(object);
    return cudaSuccess;
}

/*
 * It waits for all that the device does, and that of the thread is meant. A device that has failed
 * cannot be chosen any more.
 */
static cudaError_t unmake_handle(cudnnHandle_t handle)
{
    if (!fake_dnn_is_handle(handle))
        return cudaErrorInvalidValue;
    if (handle->device != fake_device() && !fake.sticky)
        fake_wrong("the handle is of device %d, the thread's is %d", handle->device, fake_device());
    fake_unmake(handle);
    return cudaSuccess;
}

static cudaError_t set_stream(cudnnHandle_t handle, cudaStream_t stream)
{
    if (!fake_is(handle, FAKE_DNN) || !fake_is_stream(stream))
        return cudaErrorInvalidValue;
    if (fake_stream_device(stream) != handle->device)
        return fake_wrong("the stream is of device %d, the handle of %d",
                          fake_stream_device(stream), handle->device);
    handle->stream = stream;
    handle->thread = fake_thread();
    return cudaSuccess;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    DNN_CALL(make_handle(handle));
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    DNN_RELEASE(unmake_handle(handle));
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    DNN_CALL(set_stream(handle, stream));
}

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    return status == CUDNN_STATUS_SUCCESS         ? "CUDNN_STATUS_SUCCESS"
           : status == CUDNN_STATUS_BAD_PARAM     ? "CUDNN_STATUS_BAD_PARAM"
           : status == CUDNN_STATUS_NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED"
           : status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
               ? "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"
               : "CUDNN_STATUS_EXECUTION_FAILED";
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static cudaError_t set_extents(int to[4], int type, int format, const int dim[4])
{
    int64_t count = 1;
    if (type != CUDNN_DATA_FLOAT || format != CUDNN_TENSOR_NCHW)
        return fake_wrong("type %d, format %d are not known here", type, format);
    for (int i = 0; i < 4; i++) {
        if (dim[i] < 1)
            return fake_wrong("extent %d is %d", i, dim[i]);
        count *= dim[i];
        if (count > INT_MAX)
            return cudaErrorNotSupported;
    }
    memcpy(to, dim, 4 * sizeof *to);
    return cudaSuccess;
}

static cudaError_t make_tensor(cudnnTensorDescriptor_t *tensor)
{
    *tensor = fake_make(FAKE_DNN_TENSOR, sizeof **tensor);
    return cudaSuccess;
}

static cudaError_t make_filter(cudnnFilterDescriptor_t *filter)
{
    *filter = fake_make(FAKE_DNN_FILTER, sizeof **filter);
    return cudaSuccess;
}

static cudaError_t make_convolution(cudnnConvolutionDescriptor_t *convolution)
{
    *convolution = fake_make(FAKE_DNN_CONVOLUTION, sizeof **convolution);
    return cudaSuccess;
}

static cudaError_t set_convolution(cudnnConvolutionDescriptor_t c, const int of[6], int mode,
                                   int compute)
{
    if (!fake_is(c, FAKE_DNN_CONVOLUTION))
        return cudaErrorInvalidValue;
    if (mode != CUDNN_CROSS_CORRELATION || compute != CUDNN_DATA_FLOAT)
        return fake_wrong("mode %d, type %d are not known here", mode, compute);
    for (int i = 0; i < 2; i++)
        if (of[i] < 0 || of[2 + i] < 1 || of[4 + i] < 1)
            return fake_wrong("pad %d, stride %d, dilation %d", of[i], of[2 + i], of[4 + i]);
    memcpy(c->pad, of, sizeof c->pad);
    memcpy(c->stride, of + 2, sizeof c->stride);
    memcpy(c->dilation, of + 4, sizeof c->dilation);
    return cudaSuccess;
}

static cudaError_t set_math(cudnnConvolutionDescriptor_t c, cudnnMathType_t math)
{
    if (!fake_is(c, FAKE_DNN_CONVOLUTION))
        return cudaErrorInvalidValue;
    c->math = math;
    return cudaSuccess;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *tensor)
{
    DNN_CALL(make_tensor(tensor));
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w)
{
    const int dim[4] = {n, c, h, w};
    DNN_CALL(fake_is(tensor, FAKE_DNN_TENSOR)
                 ? set_extents(tensor->dim, (int)type, (int)format, dim)
                 : cudaErrorInvalidValue);
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor)
{
    DNN_RELEASE(unmake(tensor, FAKE_DNN_TENSOR));
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *filter)
{
    DNN_CALL(make_filter(filter));
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w)
{
    const int dim[4] = {k, c, h, w};
    DNN_CALL(fake_is(filter, FAKE_DNN_FILTER)
                 ? set_extents(filter->dim, (int)type, (int)format, dim)
                 : cudaErrorInvalidValue);
}

cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter)
{
    DNN_RELEASE(unmake(filter, FAKE_DNN_FILTER));
}

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *convolution)
{
    DNN_CALL(make_convolution(convolution));
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h,
                                              int pad_w, int stride_h, int stride_w, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute)
{
    const int of[6] = {pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w};
    DNN_CALL(set_convolution(convolution, of, (int)mode, (int)compute));
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution,
                                          cudnnMathType_t math)
{
    DNN_CALL(set_math(convolution, math));
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution)
{
    DNN_RELEASE(unmake(convolution, FAKE_DNN_CONVOLUTION));
}
