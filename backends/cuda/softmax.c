/* SOFTMAX, LOGSOFTMAX and their gradients: a team for each line of the last dimension. */
#include "bodies/softmax.h"
#include "cuda.h"
#include "kernels.h"
#include "sum.h"

static int64_t classes_of(const struct mcd_shape *s)
{
    return s->rank ? s->dim[s->rank - 1] : 1;
}

static int softmax(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    int64_t k = classes_of(&s->out.shape);
    struct softmax_args args = {
        .team = mcd_cuda_line_team(k),
        .y = mcd_cuda_pointer(&s->out),
        .x = mcd_cuda_pointer(&s->in[0]),
        .k = k,
        .logarithm = s->op == MCD_OP_LOGSOFTMAX,
    };
    (void)op;
    return mcd_cuda_call_status(
        call, mcd_launch_softmax(call->stream, mcd_tensor_count(&s->out) / k, &args), "softmax");
}

static int softmax_dx(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    int64_t k = classes_of(&s->out.shape);
    struct softmax_dx_args args = {
        .team = mcd_cuda_line_team(k),
        .dx = mcd_cuda_pointer(&s->out),
        .dy = mcd_cuda_pointer(&s->in[0]),
        .y = mcd_cuda_pointer(&s->in[1]),
        .k = k,
        .logarithm = s->op == MCD_OP_LOGSOFTMAX_DX,
    };
    (void)op;
    return mcd_cuda_call_status(
        call, mcd_launch_softmax_dx(call->stream, mcd_tensor_count(&s->out) / k, &args),
        "softmax_dx");
}

const struct mcd_cuda_offer mcd_cuda_softmax[] = {
    {MCD_OP_SOFTMAX, "softmax", NULL, NULL, softmax},
    {MCD_OP_LOGSOFTMAX, "logsoftmax", NULL, NULL, softmax},
    {MCD_OP_SOFTMAX_DX, "softmax_dx", NULL, NULL, softmax_dx},
    {MCD_OP_LOGSOFTMAX_DX, "logsoftmax_dx", NULL, NULL, softmax_dx},
    {MCD_OP_NONE, NULL, NULL, NULL, NULL},
};
