/*
 * What precision=f32|tf32|bf16 and deterministic=yes|no mean, beside what linear.c and conv2d.c say
 * to cuBLASLt and cuDNN.
 */
#ifndef MCD_CUDA_PRECISION_H
#define MCD_CUDA_PRECISION_H

#include "cuda.h"

/*
 * MCD_DEVICE if the card has no tf32 and bf16 (compute capability below 8.0), or if the environment
 * would have NVIDIA's libraries compute in another precision than the one asked for.
 */
int mcd_cuda_precision_check(const struct mcd_cuda *cuda, struct mcd_error *error);

/*
 * Most bytes of scratch memory that an algorithm may want. It depends on the backend's parameters
 * alone, and so does the algorithm that is chosen.
 */
size_t mcd_cuda_scratch_limit(const struct mcd_cuda *cuda);

/*
 * Scratch memory of libraries starts at multiples of 256 bytes, a workspace at one of 64: what is
 * to be asked for in all, and where it is.
 */
size_t mcd_cuda_scratch_room(size_t bytes);
char *mcd_cuda_scratch(const struct mcd_cuda_call *call);

#endif
