/*
 * Every kernel of kernels.h for the device: a loop in which each thread, or team, takes every so
 * many-th number. Arguments stay in constant memory, so that a body that reads them as it needs
 * them has no copy.
 */
#include "bodies/all.h"
#include "kernels.h"

enum { BLOCKS = 1 << 20 }; /* at most; beyond, each has several numbers */

/*
 * Blocks on a multiprocessor, at least: a thread may have 64 registers. Left to itself ptxas tries
 * for more blocks on some architectures, and spills.
 */
enum { RESIDENT = 4 };

/* What a kernel may be given in all before CUDA 12.1. */
#define FITS(name, ...)                                                                            \
    static_assert(sizeof(struct name##_args) + sizeof(int64_t) <= 4096, "too many arguments");
MCD_CUDA_KERNELS(FITS)
MCD_CUDA_TEAMS(FITS)

#define KERNEL(name)                                                                               \
    __global__ void __launch_bounds__(MCD_BLOCK, RESIDENT)                                         \
        name##_kernel(const __grid_constant__ struct name##_args args, int64_t count)              \
    {                                                                                              \
        for (int64_t i = (int64_t)blockIdx.x * MCD_BLOCK + threadIdx.x; i < count;                 \
             i += (int64_t)gridDim.x * MCD_BLOCK)                                                  \
            name##_body(&args, i);                                                                 \
    }
MCD_CUDA_KERNELS(KERNEL)

/* part[member * lanes + lane], where `lane` is the team's place among those of its block. */
#define TEAM(name, kind)                                                                           \
    __global__ void __launch_bounds__(MCD_BLOCK, RESIDENT)                                         \
        name##_kernel(const __grid_constant__ struct name##_args args, int64_t count)              \
    {                                                                                              \
        __shared__ struct kind part[MCD_BLOCK];                                                    \
        const uint32_t t = threadIdx.x, lanes = MCD_BLOCK / args.team.members;                     \
        const uint32_t lane = mcd_team_lane(&args.team, t);                                        \
        const uint32_t member = mcd_team_member(&args.team, t);                                    \
        const int64_t stride = (int64_t)gridDim.x * lanes;                                         \
        for (int64_t first = (int64_t)blockIdx.x * lanes; first < count; first += stride) {        \
            const int64_t result = first + lane;                                                   \
            if (result < count)                                                                    \
                part[member * lanes + lane] = name##_find(&args, result, member);                  \
            for (uint32_t n = args.team.members / 2; n > 0; n /= 2) {                              \
                __syncthreads();                                                                   \
                if (t < n * lanes && first + (t & (lanes - 1)) < count)                            \
                    part[t] = kind##_join(part[t], part[t + n * lanes]);                           \
            }                                                                                      \
            __syncthreads();                                                                       \
            if (result < count)                                                                    \
                name##_use(&args, result, member, part[lane]);                                     \
            __syncthreads();                                                                       \
        }                                                                                          \
    }
MCD_CUDA_TEAMS(TEAM)

#ifndef __CUDACC_RTC__ /* which compiles for the device alone: tests/cuda/cuda12.sh */

/* `each` of `count` numbers to a block. */
static cudaError_t launch(const void *kernel, cudaStream_t stream, int64_t count, int64_t each,
                          void **arguments)
{
    int64_t blocks = (count + each - 1) / each;
    if (count <= 0)
        return cudaSuccess;
    dim3 grid((unsigned)(blocks < BLOCKS ? blocks : BLOCKS));
    return cudaLaunchKernel(kernel, grid, dim3(MCD_BLOCK), arguments, 0, stream);
}

#define LAUNCH(name, each)                                                                         \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args)                                  \
    {                                                                                              \
        void *arguments[] = {(void *)args, &count};                                                \
        return launch((const void *)name##_kernel, stream, count, each, arguments);                \
    }
#define LAUNCH_KERNEL(name)     LAUNCH(name, MCD_BLOCK)
#define LAUNCH_TEAM(name, kind) LAUNCH(name, MCD_BLOCK / args->team.members)
MCD_CUDA_KERNELS(LAUNCH_KERNEL)
MCD_CUDA_TEAMS(LAUNCH_TEAM)

#endif
