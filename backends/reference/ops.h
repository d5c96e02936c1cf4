/*
 * How an op is written: as independent items (elements, rows, planes) of its output, each of which
 * is computed from the inputs alone. So the answer does not depend on who computes which item.
 */
#ifndef REFERENCE_OPS_H
#define REFERENCE_OPS_H

#include "reals.h"

struct job {
    const struct mcd_step *step;
    const struct mcd_run *run;
};

struct work {
    int64_t items, cost; /* cost of one item, in multiplications or so */
};

struct op {
    uint32_t op; /* enum mcd_op; 0 ends a list */
    const char *name;
    /* Why a step cannot be done, or NULL; what the core's shape rules ensure is not checked. */
    const char *(*refuse)(const struct mcd_step *);
    struct work (*work)(const struct mcd_step *);
    void (*compute)(const struct job *, int64_t first, int64_t end); /* items first .. end - 1 */
};

extern const struct op linear_ops[], conv2d_ops[], pool2d_ops[], map_ops[], broadcast_ops[],
    softmax_ops[], noise_ops[], loss_ops[], update_ops[], gather_ops[], moments_ops[];

/* Ways to divide: by element of the output, by row of the output, not at all. */
static inline struct work by_element(const struct mcd_step *step)
{
    struct work w = {mcd_tensor_count(&step->out), 16};
    return w;
}

static inline struct work by_row(const struct mcd_step *step)
{
    struct work w = {rows_of(&step->out), 16 * mcd_shape_count(&step->out.shape)};
    return w;
}

static inline struct work at_once(const struct mcd_step *step)
{
    (void)step;
    struct work w = {1, 1};
    return w;
}

#endif
