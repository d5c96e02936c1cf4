/*
 * What a product makes of weights in a buffer of their own is kept until they are written again;
 * updates are forgotten.
 */
#include <mcdrop/backend.h>
#include <stdlib.h>

#define BROKEN_WRITE counted_write
static int counted_write(void *self, const struct mcd_tensor *to, const void *from,
                         struct mcd_error *error);
#include "broken.h"

/* One copy for the process is enough to be wrong. */
static struct {
    const void *of;
    float weights[4096];
} kept;

static int counted_write(void *self, const struct mcd_tensor *to, const void *from,
                         struct mcd_error *error)
{
    if (mcd_host_pointer(to) == kept.of)
        kept.of = NULL;
    return write(self, to, from, error);
}

static int run_stale(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    struct mcd_tensor in[3] = {step->in[0], step->in[1]};
    struct mcd_step old = *step;
    struct mcd_buffer copy = {.bytes = sizeof kept.weights, .host = kept.weights};
    if (step->nin > 2)
        in[2] = step->in[2];
    if (tensor_bytes(&in[1]) > sizeof kept.weights || tensor_bytes(&in[1]) != in[1].buffer->bytes)
        return run_step(state, step, run, error);
    if (kept.of != mcd_host_pointer(&in[1]))
        memcpy(kept.weights, mcd_host_pointer(&in[1]), tensor_bytes(&in[1]));
    kept.of = mcd_host_pointer(&in[1]);
    in[1].buffer = &copy;
    in[1].offset = 0;
    old.in = in;
    return run_step(state, &old, run, error);
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_LINEAR && step->in[0].type == MCD_F32 ? run_stale : NULL;
}

BROKEN("stale", "what was made of weights outlives their update");
