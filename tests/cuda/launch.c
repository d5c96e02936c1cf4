/*
 * What the backend's host code is linked with instead of kernels.cu and the loader: kernels that
 * run on the fake's streams, and cuBLASLt and cuDNN that are the fake.
 */
#include "fake.h"
#include "loops.h"

#define RUN_AND_LAUNCH(name, ...)                                                                  \
    static void run_##name(const void *args, int64_t count, int from_the_end)                      \
    {                                                                                              \
        backwards = from_the_end;                                                                  \
        loop_##name(args, count);                                                                  \
    }                                                                                              \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args)                                  \
    {                                                                                              \
        return fake_launch(#name, stream, count, run_##name, args, sizeof *args);                  \
    }
MCD_CUDA_KERNELS(RUN_AND_LAUNCH)
MCD_CUDA_TEAMS(RUN_AND_LAUNCH)

void *__wrap_dlopen(const char *name, int mode);

void *__wrap_dlopen(const char *name, int mode)
{
    return fake_dlopen(name, mode);
}
