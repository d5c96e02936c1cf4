/*
 * Masks: the bits of what Bernoulli's DROP drops, drawn for all rows before a chain uses them. One
 * launch draws several sites' masks: those of a step into its workspace, or, where a section runs,
 * those of all its steps at its beginning, so that forward and backward steps share them.
 */
#ifndef MCD_CUDA_MASKS_H
#define MCD_CUDA_MASKS_H

#include "bodies/drop.h"
#include "cuda.h"

/* Whether bits say what an op drops: p = 0 and p = 1 need none. */
int mcd_cuda_has_mask(uint32_t op, const struct mcd_attr_drop *drop);

/* Of a row. */
uint32_t mcd_cuda_mask_words(const struct mcd_attr_drop *drop);

/* Of a mask, rounded up so that the next one is aligned. */
size_t mcd_cuda_mask_bytes(const struct mcd_attr_drop *drop, uint32_t rows);

/* Masks to be drawn. */
struct mcd_cuda_masks {
    const struct mcd_cuda_call *call;
    char *memory; /* for further ones */
    struct mask_args args;
    uint64_t threads;
    cudaError_t result; /* the first failure of a launch */
};

/* They will lie one behind the other in `memory`. */
void mcd_cuda_masks_start(struct mcd_cuda_masks *m, const struct mcd_cuda_call *call, void *memory);

/* Where a site's bits will be; NULL: the run has them. */
const uint32_t *mcd_cuda_masks_add(struct mcd_cuda_masks *m, const struct mcd_attr_drop *drop,
                                   uint32_t rows);

/* Draws what was added. */
cudaError_t mcd_cuda_masks_launch(struct mcd_cuda_masks *m);

/* Bytes that all masks of successive steps fit into; 0: nothing is drawn there. */
size_t mcd_cuda_masks_bytes(uint32_t nsteps, const struct mcd_step *step);

/* Draws them into `memory`, each site's once, and says where in `drawn`, by site: NULL before. */
int mcd_cuda_masks_draw(const struct mcd_cuda_call *call, uint32_t nsteps,
                        const struct mcd_step *step, void *memory, const uint32_t **drawn);

#endif
