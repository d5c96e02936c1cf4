/* XENT, MSE and their gradients. */
#include "bodies/loss.h"
#include "cuda.h"
#include "kernels.h"
#include "sum.h"
#include "together.h"

enum {
    FEW = 32,         /* classes that one thread goes through */
    TOGETHER = 16384, /* numbers for which a loss and its gradient are best left to one block */
};

static const char *rows_refuse(const struct mcd_step *step)
{
    const struct mcd_tensor *a = &step->in[step->nin - 2], *b = &step->in[step->nin - 1];
    return mcd_cuda_rows(a) != mcd_cuda_rows(b) ? "operands with different numbers of rows" : NULL;
}

int mcd_cuda_loss_joins(const struct mcd_step *loss, const struct mcd_step *next)
{
    const struct mcd_tensor *x = &loss->in[0];
    if (mcd_tensor_count(x) > TOGETHER)
        return 0;
    if (loss->op == MCD_OP_XENT && mcd_shape_count(&x->shape) > FEW)
        return 0;
    return next->op == (loss->op == MCD_OP_XENT ? MCD_OP_XENT_DX : MCD_OP_MSE_DX) &&
           mcd_cuda_same(x, &next->in[1]) && mcd_cuda_same(&loss->in[1], &next->in[2]);
}

/* ---- cross entropy ------------------------------------------------------------------------ */

static struct mcd_cuda_sum xent_plan(const struct mcd_step *step)
{
    return mcd_cuda_sum_plan(1, mcd_cuda_rows(&step->in[0]), 1,
                             mcd_shape_count(&step->in[0].shape));
}

static size_t xent_workspace(const struct mcd_step *step)
{
    struct mcd_cuda_sum sum = xent_plan(step);
    return mcd_shape_count(&step->in[0].shape) <= FEW ? mcd_cuda_sum_bytes(&sum)
                                                      : (size_t)sum.terms * sizeof(double);
}

static cudaError_t xent_few(const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct mcd_cuda_sum sum = xent_plan(s);
    double scale = 1 / (double)sum.terms;
    struct xent_args args = {
        .team = sum.team,
        .to = mcd_cuda_sum_place(&sum, call, scale),
        .x = mcd_cuda_pointer(&s->in[0]),
        .label = mcd_cuda_pointer(&s->in[1]),
        .rows = sum.terms,
        .k = mcd_shape_count(&s->in[0].shape),
        .splits = sum.splits,
    };
    if (call->nsteps > 1) {
        args.dx = mcd_cuda_pointer(&s[1].out);
        args.dy = mcd_cuda_pointer(&s[1].in[0]);
    }
    cudaError_t result = mcd_launch_xent(call->stream, sum.splits, &args);
    return mcd_cuda_sum_finish(&sum, call, scale, result);
}

static cudaError_t xent_many(const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    int64_t k = mcd_shape_count(&s->in[0].shape), rows = mcd_cuda_rows(&s->in[0]);
    struct xent_line_args args = {
        .team = mcd_cuda_line_team(k),
        .x = mcd_cuda_pointer(&s->in[0]),
        .label = mcd_cuda_pointer(&s->in[1]),
        .loss = mcd_cuda_pointer(&s->workspace),
        .k = k,
    };
    cudaError_t result = mcd_launch_xent_line(call->stream, rows, &args);
    if (result != cudaSuccess)
        return result;
    return mcd_cuda_total(call->stream, mcd_cuda_pointer(&s->out), args.loss, rows, 1,
                          1 / (double)rows);
}

static int xent(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    int few = mcd_shape_count(&call->step->in[0].shape) <= FEW;
    (void)op;
    return mcd_cuda_call_status(call, few ? xent_few(call) : xent_many(call), "xent");
}

static int xent_dx(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    int64_t k = mcd_shape_count(&s->in[1].shape), rows = mcd_cuda_rows(&s->in[1]);
    struct xent_dx_args args = {
        .team = k <= FEW ? (struct mcd_team){1, 1} : mcd_cuda_line_team(k), /* as xent_few */
        .dx = mcd_cuda_pointer(&s->out),
        .dy = mcd_cuda_pointer(&s->in[0]),
        .x = mcd_cuda_pointer(&s->in[1]),
        .label = mcd_cuda_pointer(&s->in[2]),
        .rows = rows,
        .k = k,
    };
    (void)op;
    return mcd_cuda_call_status(call, mcd_launch_xent_dx(call->stream, rows, &args), "xent_dx");
}

/* ---- squared error ------------------------------------------------------------------------ */

static struct mcd_cuda_sum mse_plan(const struct mcd_step *step)
{
    return mcd_cuda_sum_plan(1, mcd_tensor_count(&step->in[0]), 1, 1);
}

static size_t mse_workspace(const struct mcd_step *step)
{
    struct mcd_cuda_sum sum = mse_plan(step);
    return mcd_cuda_sum_bytes(&sum);
}

static int mse(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct mcd_cuda_sum sum = mse_plan(s);
    double scale = 1 / (double)sum.terms;
    struct mse_args args = {
        .team = sum.team,
        .to = mcd_cuda_sum_place(&sum, call, scale),
        .a = mcd_cuda_pointer(&s->in[0]),
        .b = mcd_cuda_pointer(&s->in[1]),
        .count = sum.terms,
        .splits = sum.splits,
    };
    (void)op;
    if (call->nsteps > 1) {
        args.da = mcd_cuda_pointer(&s[1].out);
        args.dy = mcd_cuda_pointer(&s[1].in[0]);
    }
    cudaError_t result = mcd_launch_mse(call->stream, sum.splits, &args);
    return mcd_cuda_call_status(call, mcd_cuda_sum_finish(&sum, call, scale, result), "mse");
}

static int mse_dx(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct mse_dx_args args = {
        .da = mcd_cuda_pointer(&s->out),
        .dy = mcd_cuda_pointer(&s->in[0]),
        .a = mcd_cuda_pointer(&s->in[1]),
        .b = mcd_cuda_pointer(&s->in[2]),
        .scale = 2 / (double)mcd_tensor_count(&s->in[1]),
    };
    (void)op;
    return mcd_cuda_call_status(
        call, mcd_launch_mse_dx(call->stream, mcd_tensor_count(&s->out), &args), "mse_dx");
}

const struct mcd_cuda_offer mcd_cuda_losses[] = {
    {MCD_OP_XENT, "xent", rows_refuse, xent_workspace, xent},
    {MCD_OP_XENT_DX, "xent_dx", rows_refuse, NULL, xent_dx},
    {MCD_OP_MSE, "mse", rows_refuse, mse_workspace, mse},
    {MCD_OP_MSE_DX, "mse_dx", rows_refuse, NULL, mse_dx},
    {MCD_OP_NONE, NULL, NULL, NULL, NULL},
};
