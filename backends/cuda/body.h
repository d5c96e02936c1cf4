/*
 * Kernel bodies: what one thread of a kernel does, as a function of its number, for the device and
 * for the host alike.
 *
 * A kernel is a struct NAME_args, passed by value, and NAME_body(args, i) for i = 0 .. count - 1 in
 * any order and side by side: no i reads what another one writes. Where sums need several threads
 * there are two kernels, parts first. nvcc makes each a __global__ function (kernels.cu); tests
 * compile the same text with gcc and run it in a loop, under sanitizers. kernels.h lists them all.
 */
#ifndef MCD_CUDA_BODY_H
#define MCD_CUDA_BODY_H

#include <stdint.h>

#ifdef __CUDACC__
#define MCD_BODY static __device__ __forceinline__
#else
#define MCD_BODY static inline
#endif

#endif
