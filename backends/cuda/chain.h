/*
 * Chains: what follows the first part of a fused step, or all of a step that is elementwise or
 * pools. One launch draws the masks into the workspace, one does all parts. Where a call is of
 * several steps, those behind the first one are of the chain, too: see mcd_cuda_chain_joins.
 */
#ifndef MCD_CUDA_CHAIN_H
#define MCD_CUDA_CHAIN_H

#include "cuda.h"

struct mcd_cuda_chain {
    const struct mcd_step *step;
    uint32_t first, count; /* of the step's parts; a step that isn't fused is one part */
    struct mcd_shape from; /* of a row before them */
};

/* Parts `first` and on, which may be none. */
struct mcd_cuda_chain mcd_cuda_chain_of(const struct mcd_step *step, uint32_t first);

/* Why it can't be computed, or NULL. */
const char *mcd_cuda_chain_refuse(const struct mcd_cuda_chain *chain);

/* Whether the step is a chain from its first input on, of elementwise parts alone. */
int mcd_cuda_chain_flows(const struct mcd_step *step);

/*
 * Whether step `next` goes on, element by element, from what first[count - 1] gives, so that one
 * launch does both and stores the results of both. Masks of steps behind the first one are drawn by
 * their section: nothing of their workspace is used.
 */
int mcd_cuda_chain_joins(const struct mcd_step *first, uint32_t count, const struct mcd_step *next);

/* Whether the last part pools: what goes into the chain then has another shape than its result. */
int mcd_cuda_chain_pools(const struct mcd_cuda_chain *chain);

/* Bytes of its masks, which the call is given memory for. */
size_t mcd_cuda_chain_bytes(const struct mcd_cuda_chain *chain);

/*
 * From x to the step's output, which may be x unless the chain pools, and on through the call's
 * further steps. The bias, if it isn't NULL, is added before all parts.
 */
int mcd_cuda_chain_enqueue(const struct mcd_cuda_chain *chain, const struct mcd_cuda_call *call,
                           const struct mcd_tensor *x, const struct mcd_tensor *bias, void *memory);

/* Of steps that are a chain from their input on: members of struct mcd_cuda_offer. */
const char *mcd_cuda_chain_step_refuse(const struct mcd_step *step);
size_t mcd_cuda_chain_step_workspace(const struct mcd_step *step);
int mcd_cuda_chain_step_enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call);

#endif
