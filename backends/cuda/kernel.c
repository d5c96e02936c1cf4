/* Which part of the backend computes a step, and how a single step gets its turn on the device. */
#include "cuda.h"
#include "run.h"

/* Families of ops without state of their own. */
static const struct mcd_cuda_offer *const families[] = {
    mcd_cuda_broadcast, mcd_cuda_elementwise, mcd_cuda_gather,
    mcd_cuda_losses,    mcd_cuda_moments,     mcd_cuda_noise,
    mcd_cuda_pool2d,    mcd_cuda_softmax,     NULL,
};

/* Ops that keep something. A product that cannot add its bias has a chain do it. */
static const struct {
    uint32_t op; /* MCD_OP_NONE ends the list */
    int (*make)(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                struct mcd_error *error);
} makers[] = {
    {MCD_OP_LINEAR, mcd_cuda_fused},     {MCD_OP_LINEAR_DX, mcd_cuda_linear},
    {MCD_OP_LINEAR_DW, mcd_cuda_linear}, {MCD_OP_CONV2D, mcd_cuda_fused},
    {MCD_OP_CONV2D_DX, mcd_cuda_conv2d}, {MCD_OP_CONV2D_DW, mcd_cuda_conv2d},
    {MCD_OP_FUSED, mcd_cuda_fused},      {MCD_OP_NONE, NULL},
};

/* ---- what is accepted ------------------------------------------------------------------------ */

/* What is of several types, or of others, says itself what it takes. */
static int has_own_types(uint32_t op)
{
    return op == MCD_OP_GATHER || op == MCD_OP_CHANNELS || op == MCD_OP_MOMENTS ||
           op == MCD_OP_SUMS;
}

/* Else values are f32, labels i32. */
static int check_types(const struct mcd_cuda *cuda, const struct mcd_step *step,
                       struct mcd_error *error)
{
    if (has_own_types(step->op))
        return MCD_OK;
    for (uint32_t i = 0; i < step->nin; i++) {
        int label = mcd_input_is_i32(step->op, i);
        if (step->in[i].type != (label ? MCD_I32 : MCD_F32))
            return cuda->host->fail(error, MCD_UNSUPPORTED, "cuda",
                                    "op %u: input %u must be of type %s", step->op, i,
                                    label ? "i32" : "f32");
    }
    if (step->out.type != MCD_F32)
        return cuda->host->fail(error, MCD_UNSUPPORTED, "cuda",
                                "op %u: the result must be of type f32", step->op);
    return MCD_OK;
}

/* ---- who computes it ------------------------------------------------------------------------- */

void mcd_cuda_op_release(void *state)
{
    struct mcd_cuda_op *op = state;
    if (op->release)
        op->release(op);
}

static void release_plain(struct mcd_cuda_op *op)
{
    op->cuda->host->release(op->cuda->host, op);
}

int mcd_cuda_take_offer(struct mcd_cuda *cuda, const struct mcd_cuda_offer *offer,
                        const struct mcd_step *step, struct mcd_kernel *kernel,
                        struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    const char *reason = offer->refuse ? offer->refuse(step) : NULL;
    if (reason)
        return host->fail(error, MCD_UNSUPPORTED, offer->name, "%s", reason);
    struct mcd_cuda_op *op = host->alloc(host, sizeof *op);
    if (!op)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *op);
    *op = (struct mcd_cuda_op){cuda, offer->enqueue, release_plain};
    *kernel = (struct mcd_kernel){.run = mcd_cuda_run_step,
                                  .state = op,
                                  .release = mcd_cuda_op_release,
                                  .workspace = offer->workspace ? offer->workspace(step) : 0};
    return MCD_OK;
}

int mcd_cuda_part_kernel(struct mcd_cuda *cuda, const struct mcd_step *step,
                         struct mcd_kernel *kernel, struct mcd_error *error)
{
    int status = check_types(cuda, step, error);
    if (status)
        return status;
    for (size_t i = 0; makers[i].op != MCD_OP_NONE; i++)
        if (makers[i].op == step->op)
            return makers[i].make(cuda, step, kernel, error);
    for (const struct mcd_cuda_offer *const *family = families; *family; family++)
        for (const struct mcd_cuda_offer *offer = *family; offer->op != MCD_OP_NONE; offer++)
            if (offer->op == step->op)
                return mcd_cuda_take_offer(cuda, offer, step, kernel, error);
    return cuda->host->fail(error, MCD_UNSUPPORTED, "cuda", "op %u is unknown to this backend",
                            step->op);
}

int mcd_cuda_kernel(void *self, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    int status = mcd_cuda_enter(cuda, error);
    if (status)
        return status;
    status = mcd_cuda_part_kernel(cuda, step, kernel, error);
    mcd_cuda_leave(cuda);
    return status;
}

/* ---- its turn -------------------------------------------------------------------------------- */

int mcd_cuda_run_step(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    const struct mcd_cuda_op *op = state;
    struct mcd_cuda *cuda = op->cuda;
    int status = mcd_cuda_enter(cuda, error);
    if (status)
        return status;
    uint32_t sites = mcd_cuda_run_sites(1, step, cuda->units);
    status = mcd_cuda_run_upload(cuda->single, run, sites, cuda->units, error);
    if (status == MCD_OK) {
        const struct mcd_cuda_call call = {
            .cuda = cuda,
            .step = step,
            .run = mcd_cuda_run_device(cuda->single),
            .passes = run->passes,
            .rows = run->rows,
            .filled = mcd_cuda_run_filled(cuda->single),
            .stream = cuda->stream,
            .error = error,
        };
        status = op->enqueue(op, &call);
    }
    mcd_cuda_leave(cuda);
    return status;
}
