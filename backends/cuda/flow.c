/* Successive steps as one chain: which ones, seeing where their values are. See chain.h. */
#include "bodies/chain.h"
#include "chain.h"
#include "together.h"

int mcd_cuda_chain_flows(const struct mcd_step *step)
{
    const struct mcd_cuda_chain c = mcd_cuda_chain_of(step, 0);
    return !mcd_cuda_chain_refuse(&c) && !mcd_cuda_chain_pools(&c);
}

/* Whether a step ends in a chain: of fused.c's, which takes the others for what comes first. */
static int ends_in_chain(const struct mcd_step *step)
{
    int products = step->op == MCD_OP_LINEAR || step->op == MCD_OP_CONV2D;
    const struct mcd_cuda_chain c = mcd_cuda_chain_of(step, 1);
    return products || (step->op == MCD_OP_FUSED && !mcd_cuda_chain_pools(&c));
}

/* Parts of a chain that the step is, and what stores its result. */
static uint32_t parts_of(const struct mcd_step *step)
{
    return (step->nparts ? step->nparts : 1) + 1;
}

/* Whether `next` reads what `step` gives, and nothing else of it, in the same rows. */
static int goes_on(const struct mcd_step *step, const struct mcd_step *next)
{
    const struct mcd_tensor *from = &step->out, *in = &next->in[0], *out = &next->out;
    return mcd_cuda_same(from, in) && from->rows == in->rows && in->rows == out->rows &&
           mcd_shape_count(&from->shape) == mcd_shape_count(&in->shape) &&
           mcd_shape_count(&in->shape) == mcd_shape_count(&out->shape);
}

/*
 * A thread reads and writes the same elements of each step, one step after the other, so values may
 * lie in the same place, but not in places that overlap otherwise.
 */
static int is_clear(const struct mcd_tensor *a, const struct mcd_tensor *b)
{
    return !mcd_cuda_overlap(a, b) ||
           (mcd_cuda_same(a, b) && mcd_tensor_count(a) == mcd_tensor_count(b));
}

/* Whether one of two steps of a chain may do what it does before the other one is done. */
static int are_clear(const struct mcd_step *a, const struct mcd_step *next)
{
    int clear = is_clear(&a->out, &next->out);
    for (uint32_t i = 0; i < a->nin && mcd_cuda_chain_flows(a); i++)
        clear &= is_clear(&a->in[i], &next->out);
    for (uint32_t i = 1; i < next->nin; i++)
        clear &= is_clear(&a->out, &next->in[i]);
    return clear;
}

int mcd_cuda_chain_joins(const struct mcd_step *first, uint32_t count, const struct mcd_step *next)
{
    uint32_t parts = 1 + parts_of(next); /* a bias may be the first */
    int clear = mcd_cuda_chain_flows(next) && goes_on(&first[count - 1], next) &&
                (mcd_cuda_chain_flows(first) || ends_in_chain(first));
    for (uint32_t i = 0; i < count && clear; i++) {
        parts += parts_of(&first[i]);
        clear = are_clear(&first[i], next);
    }
    return clear && parts <= CHAIN_PARTS;
}
