/* What the families that can do several steps in one launch say of them. */
#ifndef MCD_CUDA_TOGETHER_H
#define MCD_CUDA_TOGETHER_H

#include "cuda.h"

/* Whether two tensors are the same memory. */
static inline int mcd_cuda_same(const struct mcd_tensor *a, const struct mcd_tensor *b)
{
    return a->buffer == b->buffer && a->offset == b->offset;
}

/* Whether two tensors have a byte in common. */
int mcd_cuda_overlap(const struct mcd_tensor *a, const struct mcd_tensor *b);

/* Whether the update `next` may join those of first[0 .. count - 1]. */
int mcd_cuda_update_joins(const struct mcd_step *first, uint32_t count,
                          const struct mcd_step *next);

/* Whether `next` is the gradient of a loss, of the same rows, and both are small. */
int mcd_cuda_loss_joins(const struct mcd_step *loss, const struct mcd_step *next);

#endif
