/*
 * How long sums are dealt to threads: by the shapes alone, so that the same numbers are added in
 * the same order on every device.
 */
#ifndef MCD_CUDA_SUM_H
#define MCD_CUDA_SUM_H

#include "bodies/sum.h"
#include "cuda.h"

/* `outputs` sums of `terms` each. */
struct mcd_cuda_sum {
    struct mcd_team team;
    int64_t outputs, terms, splits; /* splits * outputs results, which `total` adds up if several */
};

/* Threads for so many terms: a power of two up to `most` (one, too), with `each` or fewer terms. */
uint32_t mcd_cuda_members(int64_t terms, int64_t each, uint32_t most);

/* A team for each line of k elements. */
struct mcd_team mcd_cuda_line_team(int64_t k);

/*
 * `adjacent`: the terms of one output are neighbours, else those of neighbouring outputs are.
 * `cost` of a term: 1 for one that is just read.
 */
struct mcd_cuda_sum mcd_cuda_sum_plan(int64_t outputs, int64_t terms, int adjacent, int64_t cost);

/* Of the step's workspace. */
size_t mcd_cuda_sum_bytes(const struct mcd_cuda_sum *sum);

/* For the kernel that makes the results: the step's output, or parts in its workspace. */
struct sum_place mcd_cuda_sum_place(const struct mcd_cuda_sum *sum,
                                    const struct mcd_cuda_call *call, double scale);

/* After that kernel was launched with this result: adds up parts, if there are any. */
cudaError_t mcd_cuda_sum_finish(const struct mcd_cuda_sum *sum, const struct mcd_cuda_call *call,
                                double scale, cudaError_t launched);

/* out[i] = scale times the sum of parts[n][outputs] over n. */
cudaError_t mcd_cuda_total(cudaStream_t stream, float *out, const double *parts, int64_t n,
                           int64_t outputs, double scale);

#endif
