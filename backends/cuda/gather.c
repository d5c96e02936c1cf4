/* GATHER: a batch from the data set that lies on the device. */
#include "bodies/gather.h"
#include "cuda.h"
#include "kernels.h"

static const char *refuse(const struct mcd_step *step)
{
    uint32_t type = step->in[0].type;
    if (step->in[1].type != MCD_I32)
        return "an order that is not of type i32";
    return mcd_type_size(type) == sizeof(uint32_t) && step->out.type == type
               ? NULL
               : "rows of other types than f32 and i32";
}

static int enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    const struct gather_args a = {
        .run = call->run,
        .table = mcd_cuda_pointer(&s->in[0]),
        .order = mcd_cuda_pointer(&s->in[1]),
        .y = mcd_cuda_pointer(&s->out),
        .elements = mcd_divisor_of((uint64_t)mcd_shape_count(&s->out.shape)),
        .rows = mcd_divisor_of(call->rows),
        .table_rows = (uint64_t)s->in[0].shape.dim[0],
        .places = (uint64_t)s->in[1].shape.dim[0],
    };
    (void)op;
    return mcd_cuda_call_status(
        call, mcd_launch_gather(call->stream, mcd_tensor_count(&s->out), &a), "starting gather");
}

const struct mcd_cuda_offer mcd_cuda_gather[] = {
    {
        .op = MCD_OP_GATHER,
        .name = "gather",
        .refuse = refuse,
        .enqueue = enqueue,
    },
    {.op = MCD_OP_NONE},
};
