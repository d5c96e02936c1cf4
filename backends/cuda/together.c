/*
 * Successive steps that one launch does: either each goes on from the one before, element by
 * element, or they touch nothing that another one of them writes and may run side by side. Their
 * families have a kernel for it.
 */
#include "together.h"
#include "chain.h"

int mcd_cuda_overlap(const struct mcd_tensor *a, const struct mcd_tensor *b)
{
    return a->buffer == b->buffer && a->offset < b->offset + mcd_cuda_bytes(b) &&
           b->offset < a->offset + mcd_cuda_bytes(a);
}

static int touches(const struct mcd_step *step, const struct mcd_tensor *written)
{
    int found = mcd_cuda_overlap(&step->out, written);
    for (uint32_t i = 0; i < step->nin; i++)
        found |= mcd_cuda_overlap(&step->in[i], written);
    return found;
}

/* Whether one of two steps touches what the other writes: its output, an optimiser's state. */
static int depends(const struct mcd_step *a, const struct mcd_step *b)
{
    int found = touches(a, &b->out) || touches(b, &a->out);
    int updates = a->op == MCD_OP_SGD || a->op == MCD_OP_ADAM;
    for (uint32_t i = 2; updates && i < a->nin; i++)
        found |= touches(b, &a->in[i]);
    for (uint32_t i = 2; updates && i < b->nin; i++)
        found |= touches(a, &b->in[i]);
    return found;
}

/* Whether the families have a kernel for first[0 .. count - 1] and `next`. */
static int joins(const struct mcd_step *first, uint32_t count, const struct mcd_step *next)
{
    switch (first->op) {
    case MCD_OP_SGD:
    case MCD_OP_ADAM:
        return mcd_cuda_update_joins(first, count, next);
    case MCD_OP_XENT:
    case MCD_OP_MSE:
        return count == 1 && mcd_cuda_loss_joins(first, next);
    default:
        return 0;
    }
}

static int depends_on_any(const struct mcd_step *first, uint32_t count, const struct mcd_step *next)
{
    int found = 0;
    for (uint32_t i = 0; i < count; i++)
        found |= depends(&first[i], next);
    return found;
}

uint32_t mcd_cuda_together(const struct mcd_step *step, uint32_t nsteps)
{
    uint32_t count = 1;
    while (count < nsteps &&
           (mcd_cuda_chain_joins(step, count, &step[count]) ||
            (joins(step, count, &step[count]) && !depends_on_any(step, count, &step[count]))))
        count++;
    return count;
}
