/*
 * What changes from run to run, on the device: a copy of struct mcd_run whose draws and bits are
 * device pointers, so that random.h and backend.h are used there as they are, and a captured graph
 * finds the next run's numbers where the last one's were.
 */
#ifndef MCD_CUDA_RUN_H
#define MCD_CUDA_RUN_H

#include "cuda.h"

struct mcd_cuda_run;

/* An empty one; it grows to what upload is given. NULL with the error recorded. */
struct mcd_cuda_run *mcd_cuda_run_create(struct mcd_cuda *cuda, struct mcd_error *error);
void mcd_cuda_run_destroy(struct mcd_cuda_run *r); /* NULL is fine */

/*
 * Puts a copy of `run` on the backend's stream, sites 0 .. sites - 1 with `units` random numbers a
 * row each; the host's may change when this returns. Waits only if so many uploads are under way
 * that their memory is not free yet. Address and place of tables stay the same until passes, rows or sites grow.
 */
int mcd_cuda_run_upload(struct mcd_cuda_run *r, const struct mcd_run *run, uint32_t sites,
                        const uint32_t *units, struct mcd_error *error);

/* Where it is on the device, and which sites have bits. */
const struct mcd_run *mcd_cuda_run_device(const struct mcd_cuda_run *r);
const uint8_t *mcd_cuda_run_filled(const struct mcd_cuda_run *r);

#endif
