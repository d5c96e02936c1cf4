/*
 * Fetches: reads that nobody waits for. Values come to pinned memory in their turn, and go from
 * there to where they are wanted when the stream has been waited for.
 */
#ifndef MCD_CUDA_FETCH_H
#define MCD_CUDA_FETCH_H

#include "cuda.h"

struct mcd_cuda_fetches;

/* NULL with the error recorded. */
int mcd_cuda_fetches_create(struct mcd_cuda *cuda, struct mcd_cuda_fetches **fetches,
                            struct mcd_error *error);
void mcd_cuda_fetches_destroy(struct mcd_cuda_fetches *f); /* NULL is fine */

/*
 * Around what waits for the stream: begin says how many fetches there were before, and end hands
 * these on, unless they are; after a failure they are dropped, as a stream that fails goes on
 * failing.
 */
uint64_t mcd_cuda_fetches_begin(struct mcd_cuda *cuda);
void mcd_cuda_fetches_end(struct mcd_cuda *cuda, uint64_t before, int status);

#endif
