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
 * Around what waits for the stream, with its status: begin says how many fetches there were before,
 * and end hands these on, unless they are. After a failure they are dropped, as where they were to
 * go may be gone; from then on every end fails, so that nobody takes what was lost for complete.
 */
uint64_t mcd_cuda_fetches_begin(struct mcd_cuda *cuda);
int mcd_cuda_fetches_end(struct mcd_cuda *cuda, uint64_t before, int status,
                         struct mcd_error *error);

#endif
