/*
 * All kernels, and how each is put on a stream: mcd_launch_NAME(stream, count, &args) starts
 * NAME_body(&args, i) for i = 0 .. count - 1; a count of 0 starts nothing.
 */
#ifndef MCD_CUDA_KERNELS_H
#define MCD_CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

/* One line a kernel, X(NAME), sorted. */
#define MCD_CUDA_KERNELS(X)                                                                        \
    X(narrow)                                                                                      \
    X(round_bf16)

#ifdef __cplusplus
extern "C" {
#endif

#define MCD_CUDA_LAUNCH(name)                                                                      \
    struct name##_args;                                                                            \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args);
MCD_CUDA_KERNELS(MCD_CUDA_LAUNCH)
#undef MCD_CUDA_LAUNCH

#ifdef __cplusplus
}
#endif

#endif
