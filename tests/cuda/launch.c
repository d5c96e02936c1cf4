/*
 * What the backend's host code is linked with instead of kernels.cu and the loader: kernels that
 * run on the fake's streams, and cuBLASLt and cuDNN that are the fake.
 */
#include "fake.h"
#include "loops.h"

/*
 * The fake looks for addresses in arguments, where what lies between members is anything: with a
 * number before it, an address at times.
 */
#ifdef __has_builtin
#if __has_builtin(__builtin_clear_padding)
#define CLEAR_PADDING(args) __builtin_clear_padding(args)
#endif
#endif
#ifndef CLEAR_PADDING
#define CLEAR_PADDING(args) (void)(args)
#endif

#define RUN_AND_LAUNCH(name, ...)                                                                  \
    static void run_##name(const void *args, int64_t count, int from_the_end)                      \
    {                                                                                              \
        backwards = from_the_end;                                                                  \
        loop_##name(args, count);                                                                  \
    }                                                                                              \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args)                                  \
    {                                                                                              \
        struct name##_args clear = *args;                                                          \
        CLEAR_PADDING(&clear);                                                                     \
        return fake_launch(#name, stream, count, run_##name, &clear, sizeof clear);                \
    }
MCD_CUDA_KERNELS(RUN_AND_LAUNCH)
MCD_CUDA_TEAMS(RUN_AND_LAUNCH)

void *__wrap_dlopen(const char *name, int mode);

void *__wrap_dlopen(const char *name, int mode)
{
    return fake_dlopen(name, mode);
}
