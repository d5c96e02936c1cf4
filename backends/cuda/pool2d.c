/* POOL2D, which is the end of a chain without parts, and its gradient. */
#include "pool2d.h"
#include "chain.h"
#include "kernels.h"

static int is_large(int64_t height, int64_t width)
{
    return height > POOL2D_MOST || width > POOL2D_MOST;
}

const char *mcd_cuda_pool2d_refuse(const struct mcd_attr_pool *a, const struct mcd_shape *x)
{
    if (a->kind != MCD_POOL_MAX && a->kind != MCD_POOL_MEAN)
        return "this kind of pooling";
    if (a->pad[0] >= a->window[0] || a->pad[1] >= a->window[1])
        return "windows that lie in the padding";
    if (is_large(x->dim[1], x->dim[2]) || is_large(a->window[0], a->window[1]) ||
        is_large(a->stride[0], a->stride[1]))
        return "images, windows or strides beyond 2^28";
    return NULL;
}

struct pool2d_shape mcd_cuda_pool2d_shape(const struct mcd_attr_pool *a, const struct mcd_shape *x,
                                          const struct mcd_shape *y)
{
    return (struct pool2d_shape){
        .h = (int32_t)x->dim[1],
        .w = (int32_t)x->dim[2],
        .oh = (int32_t)y->dim[1],
        .ow = (int32_t)y->dim[2],
        .window = {(int32_t)a->window[0], (int32_t)a->window[1]},
        .stride = {(int32_t)a->stride[0], (int32_t)a->stride[1]},
        .pad = {(int32_t)a->pad[0], (int32_t)a->pad[1]},
        .mean = a->kind == MCD_POOL_MEAN,
    };
}

static const char *refuse_dx(const struct mcd_step *step)
{
    return mcd_cuda_pool2d_refuse(&step->attr.u.pool, &step->in[1].shape);
}

static int enqueue_dx(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    const struct mcd_attr_pool *pool = &s->attr.u.pool;
    const struct mcd_shape *x = &s->in[1].shape;
    const struct pool2d_dx_args a = {
        .shape = mcd_cuda_pool2d_shape(pool, x, &s->in[0].shape),
        .dy = mcd_cuda_pointer(&s->in[0]),
        .x = mcd_cuda_pointer(&s->in[1]),
        .dx = mcd_cuda_pointer(&s->out),
        .plane = mcd_divisor_of((uint64_t)(x->dim[1] * x->dim[2])),
        .width = mcd_divisor_of((uint64_t)x->dim[2]),
        .stride = {mcd_divisor_of((uint64_t)pool->stride[0]),
                   mcd_divisor_of((uint64_t)pool->stride[1])},
    };
    (void)op;
    return mcd_cuda_call_status(call,
                                mcd_launch_pool2d_dx(call->stream, mcd_tensor_count(&s->out), &a),
                                "starting pool2d_dx");
}

const struct mcd_cuda_offer mcd_cuda_pool2d[] = {
    {
        .op = MCD_OP_POOL2D,
        .name = "pool2d",
        .refuse = mcd_cuda_chain_step_refuse,
        .enqueue = mcd_cuda_chain_step_enqueue,
    },
    {
        .op = MCD_OP_POOL2D_DX,
        .name = "pool2d_dx",
        .refuse = refuse_dx,
        .enqueue = enqueue_dx,
    },
    {.op = MCD_OP_NONE},
};
