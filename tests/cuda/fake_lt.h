/* cuBLASLt's handles and descriptors, and what its calls return. */
#ifndef TESTS_CUDA_FAKE_LT_H
#define TESTS_CUDA_FAKE_LT_H

#include "fake_inner.h"

#include <cublasLt.h>

struct fake_lt {
    struct fake_object object;
    int device;
};

struct fake_lt_product { /* cublasLtMatmulDesc_t */
    struct fake_object object;
    int32_t compute, scale, transposed[2], pointer_mode;
    uint32_t epilogue;
    const void *bias;
};

struct fake_lt_layout {
    struct fake_object object;
    int32_t type;
    uint64_t rows, columns;
    int64_t ld;
};

struct fake_lt_preference {
    struct fake_object object;
    uint64_t workspace, kinds; /* at most; numerical implementations */
    uint32_t schemes, alignment[4];
    uint32_t bias; /* its alignment, of each search */
};

static inline cublasStatus_t fake_lt_status(cudaError_t e)
{
    switch ((int)e) {
    case cudaSuccess:
        return CUBLAS_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
        return CUBLAS_STATUS_ALLOC_FAILED;
    case cudaErrorInvalidValue:
        return CUBLAS_STATUS_INVALID_VALUE;
    case cudaErrorNotSupported:
        return CUBLAS_STATUS_NOT_SUPPORTED;
    default:
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
}

#define LT_CALL(expression)                                                                        \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__);                                                \
        return fake_lt_status(fake_leave_library(before_ ? before_ : (expression)));               \
    } while (0)
#define LT_RELEASE(expression)                                                                     \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__), after_ = (expression);                         \
        return fake_lt_status(fake_leave_library(before_ ? before_ : after_));                     \
    } while (0)

#endif
