/* CHANNELS, MOMENTS and SUMS: what of the passes leaves the device. */
#include "bodies/moments.h"
#include "cuda.h"
#include "kernels.h"

#include <mcdrop/model.h>

/* ---- channels -------------------------------------------------------------------------------- */

static const char *refuse_channels(const struct mcd_step *step)
{
    const struct mcd_attr_moments *a = &step->attr.u.moments;
    if (step->in[0].type != MCD_F32)
        return "outputs of another type than f32";
    return a->task == MCD_CLASSIFY && a->offset ? "logits in other units" : NULL;
}

static size_t channels_workspace(const struct mcd_step *step)
{
    int classify = step->attr.u.moments.task == MCD_CLASSIFY;
    return classify ? (size_t)step->in[0].rows * sizeof(struct softmax_norm) : 0;
}

static int enqueue_outputs(const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    const struct mcd_attr_moments *units = &s->attr.u.moments;
    struct outputs_args args = {.x = mcd_cuda_pointer(&s->in[0]),
                                .y = mcd_cuda_pointer(&s->out),
                                .outputs = (uint64_t)s->out.shape.dim[0]};
    int status = MCD_OK;
    for (; args.first < args.outputs && !status; args.first += MCD_CUDA_UNITS) {
        uint64_t left = args.outputs - args.first, span = MCD_CUDA_UNITS;
        args.span = mcd_divisor_of(left < span ? left : span);
        for (uint64_t k = 0; k < args.span.by; k++) {
            args.offset[k] = units->offset ? units->offset[args.first + k] : 0;
            args.scale[k] = units->offset ? units->scale[args.first + k] : 1;
        }
        status = mcd_cuda_call_status(
            call, mcd_launch_outputs(call->stream, s->in[0].rows * (int64_t)args.span.by, &args),
            "channels");
    }
    return status;
}

static int enqueue_probabilities(const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    uint64_t width = (uint64_t)s->out.shape.dim[0];
    const struct norm_args norm = {.x = mcd_cuda_pointer(&s->in[0]),
                                   .norm = mcd_cuda_pointer(&s->workspace),
                                   .classes = width / 2};
    const struct channels_args channels = {.x = norm.x,
                                           .norm = norm.norm,
                                           .y = mcd_cuda_pointer(&s->out),
                                           .width = mcd_divisor_of(width),
                                           .classes = width / 2};
    int status =
        mcd_cuda_call_status(call, mcd_launch_norm(call->stream, s->in[0].rows, &norm), "channels");
    if (status)
        return status;
    return mcd_cuda_call_status(
        call, mcd_launch_channels(call->stream, mcd_tensor_count(&s->out), &channels), "channels");
}

static int enqueue_channels(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    (void)op;
    return call->step->attr.u.moments.task == MCD_CLASSIFY ? enqueue_probabilities(call)
                                                           : enqueue_outputs(call);
}

/* ---- moments --------------------------------------------------------------------------------- */

static int enqueue_moments(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    uint64_t width = (uint64_t)s->in[0].shape.dim[0];
    const struct moments_args args = {.run = call->run,
                                      .x = mcd_cuda_pointer(&s->in[0]),
                                      .tree = mcd_cuda_pointer(&s->in[1]),
                                      .y = mcd_cuda_pointer(&s->out),
                                      .width = mcd_divisor_of(width),
                                      .stride = s->out.rows * width,
                                      .passes = s->in[0].rows / s->out.rows,
                                      .group = (uint32_t)s->attr.u.moments.group,
                                      .levels = (uint32_t)s->in[1].shape.dim[0]};
    (void)op;
    return mcd_cuda_call_status(call, mcd_launch_moments(call->stream, (int64_t)args.stride, &args),
                                "moments");
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* A vote for each pass of each row. */
static size_t sums_workspace(const struct mcd_step *step)
{
    return step->in[1].rows * sizeof(uint32_t);
}

static int enqueue_sums(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    uint64_t width = (uint64_t)s->in[1].shape.dim[0];
    const struct vote_args vote = {.x = mcd_cuda_pointer(&s->in[1]),
                                   .vote = mcd_cuda_pointer(&s->workspace),
                                   .width = width,
                                   .classes = width / 2};
    const struct sums_args sums = {.run = call->run,
                                   .x = vote.x,
                                   .vote = vote.vote,
                                   .sums = mcd_cuda_pointer(&s->out),
                                   .width = mcd_divisor_of(width),
                                   .batches = mcd_divisor_of(width * MCD_BATCHES),
                                   .rows = s->out.rows,
                                   .classes = width / 2,
                                   .passes = s->in[1].rows / s->out.rows,
                                   .group = (uint32_t)s->attr.u.moments.group};
    (void)op;
    int status =
        mcd_cuda_call_status(call, mcd_launch_vote(call->stream, s->in[1].rows, &vote), "sums");
    if (status)
        return status;
    return mcd_cuda_call_status(
        call, mcd_launch_sums(call->stream, mcd_tensor_count(&s->out), &sums), "sums");
}

const struct mcd_cuda_offer mcd_cuda_moments[] = {
    {MCD_OP_CHANNELS, "channels", refuse_channels, channels_workspace, enqueue_channels},
    {MCD_OP_MOMENTS, "moments", NULL, NULL, enqueue_moments},
    {MCD_OP_SUMS, "sums", NULL, sums_workspace, enqueue_sums},
    {MCD_OP_NONE, NULL, NULL, NULL, NULL},
};
