/* BINARY, EXPAND and REDUCE: ops between tensors of different shapes. */
#include "bodies/broadcast.h"
#include "bodies/reduce.h"
#include "cuda.h"
#include "kernels.h"
#include "sum.h"

static const char *binary_refuse(const struct mcd_step *step)
{
    int64_t kind = step->attr.u.binary.kind;
    return kind < MCD_ADD || kind > MCD_DIV ? "this kind of arithmetic" : NULL;
}

static int binary(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    const struct mcd_tensor *const operands[] = {&s->in[0], &s->in[1]};
    struct mcd_nest nest;
    struct binary_args args = {
        .out = mcd_cuda_pointer(&s->out),
        .a = mcd_cuda_pointer(&s->in[0]),
        .b = mcd_cuda_pointer(&s->in[1]),
        .kind = (uint32_t)s->attr.u.binary.kind,
    };
    (void)op;
    mcd_nest_build(&nest, s->out.rows, &s->out.shape, 2, operands);
    args.nest = nest_of(&nest);
    return mcd_cuda_call_status(
        call, mcd_launch_binary(call->stream, mcd_tensor_count(&s->out), &args), "binary");
}

static int expand(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    const struct mcd_tensor *const operands[] = {&s->in[0]};
    struct mcd_nest nest;
    struct expand_args args = {
        .out = mcd_cuda_pointer(&s->out),
        .x = mcd_cuda_pointer(&s->in[0]),
    };
    (void)op;
    mcd_nest_build(&nest, s->out.rows, &s->out.shape, 1, operands);
    args.nest = nest_of(&nest);
    return mcd_cuda_call_status(
        call, mcd_launch_expand(call->stream, mcd_tensor_count(&s->out), &args), "expand");
}

/* ---- reduce ------------------------------------------------------------------------------- */

static const char *reduce_refuse(const struct mcd_step *step)
{
    int64_t kind = step->attr.u.reduce.kind;
    return kind != MCD_SUM && kind != MCD_MEAN ? "this kind of reduction" : NULL;
}

enum { X, SUM }; /* operands of a nest over what is summed */

/* The dimensions along which the sum moves, and the others. */
struct sides {
    struct mcd_nest kept, summed;
    int adjacent; /* the innermost dimension is summed */
};

static struct sides sides_of(const struct mcd_step *step)
{
    const struct mcd_tensor *const operands[] = {[X] = &step->in[0], [SUM] = &step->out};
    struct sides sides = {.adjacent = 1};
    struct mcd_nest nest;
    mcd_nest_build(&nest, step->in[0].rows, &step->in[0].shape, 2, operands);
    for (uint32_t d = 0; d < nest.rank; d++) {
        sides.adjacent = nest.stride[d][SUM] == 0;
        mcd_nest_append(sides.adjacent ? &sides.summed : &sides.kept, nest.extent[d],
                        nest.stride[d]);
    }
    return sides;
}

static struct mcd_cuda_sum reduce_plan(const struct sides *sides)
{
    return mcd_cuda_sum_plan(mcd_nest_count(&sides->kept), mcd_nest_count(&sides->summed),
                             sides->adjacent, 1);
}

static size_t reduce_workspace(const struct mcd_step *step)
{
    struct sides sides = sides_of(step);
    struct mcd_cuda_sum sum = reduce_plan(&sides);
    return mcd_cuda_sum_bytes(&sum);
}

static int reduce(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct sides sides = sides_of(s);
    struct mcd_cuda_sum sum = reduce_plan(&sides);
    double scale = s->attr.u.reduce.kind == MCD_MEAN ? 1 / (double)sum.terms : 1;
    int64_t stride[MCD_NEST_OPERANDS], inner = mcd_nest_inner(&sides.summed, stride);
    int64_t step = sum.splits * sum.team.members;
    struct reduce_args args = {
        .team = sum.team,
        .to = mcd_cuda_sum_place(&sum, call, scale),
        .x = mcd_cuda_pointer(&s->in[0]),
        .kept = nest_of(&sides.kept),
        .outer = nest_of(&sides.summed),
        .inner = mcd_divisor_of((uint64_t)inner),
        .stride = stride[X],
        .outputs = mcd_divisor_of((uint64_t)sum.outputs),
        .terms = sum.terms,
        .step = step,
        .step_outer = step / inner,
        .step_inner = step % inner,
    };
    (void)op;
    cudaError_t result = mcd_launch_reduce(call->stream, sum.splits * sum.outputs, &args);
    return mcd_cuda_call_status(call, mcd_cuda_sum_finish(&sum, call, scale, result), "reduce");
}

const struct mcd_cuda_offer mcd_cuda_broadcast[] = {
    {MCD_OP_BINARY, "binary", binary_refuse, NULL, binary},
    {MCD_OP_EXPAND, "expand", NULL, NULL, expand},
    {MCD_OP_REDUCE, "reduce", reduce_refuse, reduce_workspace, reduce},
    {MCD_OP_NONE, NULL, NULL, NULL, NULL},
};
