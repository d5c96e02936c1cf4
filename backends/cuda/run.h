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
 * row each (0: nobody draws there, its bits are not copied); the host's may change when this
 * returns. With the order held. Waits only if so many uploads are under way that their memory is
 * not free yet. The address stays the same until passes, rows, sites or the filled ones become
 * more.
 */
int mcd_cuda_run_upload(struct mcd_cuda_run *r, const struct mcd_run *run, uint32_t sites,
                        const uint32_t *units, struct mcd_error *error);

/*
 * Sets units[0 .. n - 1] and returns n, for the sites of some steps: what upload asks for. At most
 * MCD_MAX_SITES.
 */
uint32_t mcd_cuda_run_sites(uint32_t nsteps, const struct mcd_step *step, uint32_t *units);

/* Where it is on the device, and which sites have bits. */
const struct mcd_run *mcd_cuda_run_device(const struct mcd_cuda_run *r);
const uint8_t *mcd_cuda_run_filled(const struct mcd_cuda_run *r);

#endif
