/*
 * The reference backend with fused steps, computed one part after the other: what a backend may do
 * with struct mcd_part, in its plainest form. A file says by `attr_in_chain` with what attribute a
 * part is computed, and ends with BROKEN.
 */
#ifndef TEST_FUSING_H
#define TEST_FUSING_H

#include <mcdrop/backend.h>

#define BROKEN_KERNEL fusing_kernel
static int fusing_kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                         struct mcd_error *error);
#include "broken.h"

static struct mcd_attr attr_in_chain(const struct mcd_part *part);

static size_t largest_between(const struct mcd_step *step)
{
    int64_t elements = 0;
    for (uint32_t i = 0; i < step->nparts; i++)
        if (mcd_shape_count(&step->part[i].shape) > elements)
            elements = mcd_shape_count(&step->part[i].shape);
    return (size_t)elements * (step->out.rows ? step->out.rows : 1) * sizeof(double);
}

/* A part as a step; `from` is what the part before gives. Buffers only while running. */
static struct mcd_step part_as_step(const struct mcd_step *step, uint32_t i,
                                    const struct mcd_tensor *from)
{
    const struct mcd_part *part = &step->part[i];
    struct mcd_step s = {.size = sizeof s,
                         .op = part->op,
                         .attr = attr_in_chain(part),
                         .nin = i ? 1 : step->nin,
                         .in = i ? from : step->in,
                         .out = step->out};
    if (i + 1 < step->nparts) {
        s.out.buffer = step->workspace.buffer;
        s.out.offset = step->workspace.offset + (i % 2) * largest_between(step);
        s.out.shape = part->shape;
    }
    return s;
}

/* With `run` NULL the parts are only offered. */
static int each_part(void *self, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    struct mcd_tensor from = {0};
    int status = MCD_OK;
    for (uint32_t i = 0; i < step->nparts && !status; i++) {
        struct mcd_kernel k;
        struct mcd_step s = part_as_step(step, i, &from);
        status = kernel(self, &s, &k, error);
        if (!status && run)
            status = k.run(k.state, &s, run, error);
        from = s.out;
    }
    return status;
}

static int run_fused(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    return each_part(state, step, run, error);
}

static int fusing_kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                         struct mcd_error *error)
{
    if (step->op != MCD_OP_FUSED)
        return kernel(self, step, k, error);
    int status = each_part(self, step, NULL, error);
    if (!status)
        *k = (struct mcd_kernel){
            .run = run_fused, .state = self, .workspace = 2 * largest_between(step)};
    return status;
}

#endif
