/*
 * All kernels, and how each is put on a stream: mcd_launch_NAME(stream, count, &args) starts
 * NAME_body(&args, i) for i = 0 .. count - 1, or a team for each of `count` results; a count of 0
 * starts nothing.
 */
#ifndef MCD_CUDA_KERNELS_H
#define MCD_CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

/* One line a kernel, X(NAME), sorted. */
#define MCD_CUDA_KERNELS(X)                                                                        \
    X(adam)                                                                                        \
    X(affine)                                                                                      \
    X(binary)                                                                                      \
    X(chain)                                                                                       \
    X(channels)                                                                                    \
    X(expand)                                                                                      \
    X(gather)                                                                                      \
    X(map)                                                                                         \
    X(map_dx)                                                                                      \
    X(mask)                                                                                        \
    X(moments)                                                                                     \
    X(mse_dx)                                                                                      \
    X(narrow)                                                                                      \
    X(noise)                                                                                       \
    X(norm)                                                                                        \
    X(outputs)                                                                                     \
    X(pool2d)                                                                                      \
    X(pool2d_dx)                                                                                   \
    X(round_bf16)                                                                                  \
    X(sgd)                                                                                         \
    X(sums)                                                                                        \
    X(vote)

/* One line a team kernel, X(NAME, PART), sorted: see body.h. */
#define MCD_CUDA_TEAMS(X)                                                                          \
    X(mse, sum)                                                                                    \
    X(reduce, sum)                                                                                 \
    X(softmax, logits)                                                                             \
    X(softmax_dx, sum)                                                                             \
    X(total, sum)                                                                                  \
    X(xent, sum)                                                                                   \
    X(xent_dx, logits)                                                                             \
    X(xent_line, logits)

#ifdef __cplusplus
extern "C" {
#endif

#define MCD_CUDA_LAUNCH(name, ...)                                                                 \
    struct name##_args;                                                                            \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args);
MCD_CUDA_KERNELS(MCD_CUDA_LAUNCH)
MCD_CUDA_TEAMS(MCD_CUDA_LAUNCH)
#undef MCD_CUDA_LAUNCH

#ifdef __cplusplus
}
#endif

#endif
