/* LINEAR and its gradients: one product of matrices each, product.h. */
#include "product.h"

struct linear {
    struct mcd_cuda_op op;
    struct mcd_product product;
    uint32_t a, b; /* which inputs of the step the factors are */
    int has_bias;  /* the third input */
};

static int enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct linear *l = (const struct linear *)op;
    const struct mcd_tensor *in = call->step->in;
    return mcd_product_enqueue(
        &l->product, call, mcd_cuda_pointer(&in[l->a]), mcd_cuda_pointer(&in[l->b]),
        l->has_bias ? mcd_cuda_pointer(&in[2]) : NULL, mcd_cuda_pointer(&call->step->out));
}

static void release(struct mcd_cuda_op *op)
{
    struct linear *l = (struct linear *)op;
    mcd_product_release(op->cuda, &l->product);
    op->cuda->host->release(op->cuda->host, l);
}

/* What a step multiplies. */
static struct mcd_product_shape find_factors(const struct mcd_step *step, struct linear *l)
{
    const struct mcd_tensor *in = step->in;
    const int64_t *w = in[1].shape.dim;
    l->a = 0;
    l->b = 1;
    switch (step->op) {
    case MCD_OP_LINEAR: /* y = x w^T + b */
        l->has_bias = step->nin > 2;
        return (struct mcd_product_shape){.m = mcd_cuda_rows(&in[0]),
                                          .n = w[0],
                                          .k = w[1],
                                          .b_transposed = 1,
                                          .has_bias = l->has_bias};
    case MCD_OP_LINEAR_DX: /* dx = dy w */
        return (struct mcd_product_shape){.m = mcd_cuda_rows(&in[0]), .n = w[1], .k = w[0]};
    default: /* dw = dy^T x */
        return (struct mcd_product_shape){.m = step->out.shape.dim[0],
                                          .n = step->out.shape.dim[1],
                                          .k = mcd_cuda_rows(&in[0]),
                                          .a_transposed = 1};
    }
}

int mcd_cuda_linear(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    struct linear *l = host->alloc(host, sizeof *l);
    if (!l)
        return host->fail(error, MCD_NOMEM, "cuda", "out of memory");
    *l = (struct linear){.op = {.cuda = cuda, .enqueue = enqueue, .release = release}};
    struct mcd_product_shape shape = find_factors(step, l);
    int status = mcd_product_create(cuda, &shape, &l->product, error);
    if (status) {
        host->release(host, l);
        return status;
    }
    *kernel = (struct mcd_kernel){.run = mcd_cuda_run_step,
                                  .state = &l->op,
                                  .release = mcd_cuda_op_release,
                                  .workspace = l->product.workspace};
    return MCD_OK;
}
