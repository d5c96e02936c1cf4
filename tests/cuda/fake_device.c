/* Devices: how many, what they are, whose turn it is; and what errors are called. */
#include "fake_inner.h"

#include <stdio.h>

static _Thread_local int current;

int fake_device(void)
{
    return current;
}

int fake_capability(int device)
{
    return fake.capability[device > 0];
}

/* What every call that needs a device says where there is none. */
static cudaError_t present(void)
{
    if (fake.driver == 0)
        return cudaErrorInsufficientDriver;
    if (fake.driver / 1000 < fake.runtime / 1000)
        return cudaErrorInsufficientDriver;
    return fake.devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

static cudaError_t count(int *devices)
{
    cudaError_t e = present();
    *devices = e ? 0 : fake.devices;
    return e;
}

static cudaError_t known(int device)
{
    cudaError_t e = present();
    return e || (device >= 0 && device < fake.devices) ? e : cudaErrorInvalidDevice;
}

static cudaError_t set(int device)
{
    cudaError_t e = known(device);
    if (e)
        return e;
    current = device;
    fake.counts.contexts |= 1ul << device;
    return cudaSuccess;
}

static cudaError_t get(int *device)
{
    *device = current;
    return present();
}

static cudaError_t properties(struct cudaDeviceProp *p, int device)
{
    cudaError_t e = known(device);
    if (e)
        return e;
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "fake device %d", device);
    p->totalGlobalMem = fake.memory;
    p->major = fake_capability(device) / 10;
    p->minor = fake_capability(device) % 10;
    p->multiProcessorCount = 4;
    p->maxThreadsPerMultiProcessor = 2048;
    p->maxThreadsPerBlock = 1024;
    p->warpSize = 32;
    return cudaSuccess;
}

static cudaError_t attribute(int *value, enum cudaDeviceAttr which, int device)
{
    struct cudaDeviceProp p;
    cudaError_t e = properties(&p, device);
    if (e)
        return e;
    switch (which) {
    case cudaDevAttrComputeCapabilityMajor:
        *value = p.major;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = p.minor;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = p.multiProcessorCount;
        break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = p.maxThreadsPerMultiProcessor;
        break;
    case cudaDevAttrMaxThreadsPerBlock:
        *value = p.maxThreadsPerBlock;
        break;
    default:
        return fake_wrong("attribute %d is not known here", (int)which);
    }
    return cudaSuccess;
}

static cudaError_t version(int *to, int value)
{
    *to = value;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *devices)
{
    FAKE_CALL(count(devices));
}

cudaError_t cudaSetDevice(int device)
{
    FAKE_CALL(set(device));
}

cudaError_t cudaGetDevice(int *device)
{
    FAKE_CALL(get(device));
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
    FAKE_CALL(properties(p, device));
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr which, int device)
{
    FAKE_CALL(attribute(value, which, device));
}

cudaError_t cudaDriverGetVersion(int *value)
{
    FAKE_CALL(version(value, fake.driver));
}

cudaError_t cudaRuntimeGetVersion(int *value)
{
    FAKE_CALL(version(value, fake.runtime));
}

/* ---- errors ---------------------------------------------------------------------------------- */

#define ERRORS(X)                                                                                  \
    X(cudaSuccess, "no error")                                                                     \
    X(cudaErrorInvalidValue, "invalid argument")                                                   \
    X(cudaErrorMemoryAllocation, "out of memory")                                                  \
    X(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version") \
    X(cudaErrorNoDevice, "no CUDA-capable device is detected")                                     \
    X(cudaErrorInvalidDevice, "invalid device ordinal")                                            \
    X(cudaErrorInvalidResourceHandle, "invalid resource handle")                                   \
    X(cudaErrorIllegalState, "the operation cannot be performed in the present state")             \
    X(cudaErrorNotReady, "device not ready")                                                       \
    X(cudaErrorIllegalAddress, "an illegal memory access was encountered")                         \
    X(cudaErrorLaunchFailure, "unspecified launch failure")                                        \
    X(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing")       \
    X(cudaErrorStreamCaptureInvalidated,                                                           \
      "operation failed due to a previous error during capture")                                   \
    X(cudaErrorStreamCaptureImplicit,                                                              \
      "operation would make the legacy stream depend on a capturing blocking stream")              \
    X(cudaErrorStreamCaptureWrongThread, "attempt to terminate a thread-local capture sequence "   \
                                         "from another thread")                                    \
    X(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing "  \
                              "stream")                                                            \
    X(cudaErrorUnknown, "unknown error")

const char *cudaGetErrorString(cudaError_t error)
{
    switch ((int)error) {
#define TEXT(name, text)                                                                           \
    case name:                                                                                     \
        return text;
        ERRORS(TEXT)
#undef TEXT
    default:
        return "unrecognized error code";
    }
}

const char *cudaGetErrorName(cudaError_t error)
{
    switch ((int)error) {
#define NAME(name, text)                                                                           \
    case name:                                                                                     \
        return #name;
        ERRORS(NAME)
#undef NAME
    default:
        return "unrecognized error code";
    }
}
