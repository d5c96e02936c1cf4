/*
 * Several steps as one. A first part that is elementwise begins the chain (chain.h); any other one
 * is computed as a step of its own, into the result or, where the chain pools, the workspace.
 */
#include "chain.h"

enum { LINE = 256 /* bytes: what the libraries like their memory to begin at */ };

struct fused {
    struct mcd_cuda_op op;
    struct mcd_step first;     /* without buffers */
    struct mcd_cuda_op *inner; /* what computes it */
    int adds_bias;             /* its third input is left to the chain */
    size_t room, masks; /* where they begin in the workspace: the first part's, the chain's */
};

static size_t lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

/* ---- running ----------------------------------------------------------------------------- */

/* A piece of the step's workspace. */
static struct mcd_tensor piece(const struct mcd_step *step, size_t offset)
{
    struct mcd_tensor t = step->workspace;
    t.offset += offset;
    return t;
}

static int enqueue_first(const struct fused *f, const struct mcd_cuda_call *call,
                         struct mcd_step *first)
{
    struct mcd_cuda_call inner = *call;
    inner.step = first;
    inner.nsteps = 1;
    return f->inner->enqueue(f->inner, &inner);
}

static int enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct fused *f = (const struct fused *)op;
    const struct mcd_step *s = call->step;
    const struct mcd_cuda_chain chain = mcd_cuda_chain_of(s, 1);
    const struct mcd_tensor masks = piece(s, f->masks);
    struct mcd_step first = f->first;
    struct mcd_tensor out = mcd_cuda_chain_pools(&chain) ? piece(s, 0) : s->out;
    first.out.buffer = out.buffer;
    first.out.offset = out.offset;
    first.workspace = piece(s, f->room);
    int status = enqueue_first(f, call, &first);
    if (status)
        return status;
    return mcd_cuda_chain_enqueue(&chain, call, &first.out, f->adds_bias ? &s->in[2] : NULL,
                                  mcd_cuda_pointer(&masks));
}

/* ---- offering ---------------------------------------------------------------------------- */

static int begins_chain(const struct mcd_step *step)
{
    const struct mcd_part *p = step->part;
    return step->nparts && (p->op == MCD_OP_MAP || p->op == MCD_OP_AFFINE ||
                            (p->op == MCD_OP_DROP && p->attr.u.drop.law == MCD_BERNOULLI));
}

/* The first part as a step. */
static struct mcd_step first_of(const struct mcd_step *step)
{
    struct mcd_step first = *step;
    if (step->nparts) {
        first.op = step->part->op;
        first.attr = step->part->attr;
        first.out.shape = step->part->shape;
        first.nparts = 0;
        first.part = NULL;
    }
    return first;
}

static int ask(struct mcd_cuda *cuda, const struct mcd_step *first, struct mcd_kernel *kernel,
               struct mcd_error *error)
{
    switch (first->op) {
    case MCD_OP_LINEAR:
        return mcd_cuda_linear(cuda, first, kernel, error);
    case MCD_OP_CONV2D:
        return mcd_cuda_conv2d(cuda, first, kernel, error);
    default:
        return mcd_cuda_part_kernel(cuda, first, kernel, error);
    }
}

/* Asks for the first part; what cannot add its bias is asked for without. */
static int ask_first(struct fused *f, struct mcd_kernel *kernel, struct mcd_error *error)
{
    const struct mcd_host *host = f->op.cuda->host;
    struct mcd_error why = {0};
    int product = f->first.op == MCD_OP_LINEAR || f->first.op == MCD_OP_CONV2D;
    int status = ask(f->op.cuda, &f->first, kernel, &why);
    if (status != MCD_UNSUPPORTED || !product || f->first.nin < 3)
        return status ? host->fail(error, status, why.where, "%s", why.text) : MCD_OK;
    f->first.nin = 2;
    f->adds_bias = 1;
    return ask(f->op.cuda, &f->first, kernel, error);
}

static void release(struct mcd_cuda_op *op)
{
    struct fused *f = (struct fused *)op;
    const struct mcd_host *host = op->cuda->host;
    if (f->inner->release)
        f->inner->release(f->inner);
    host->release(host, f);
}

/* A first part and a chain behind it. A product that adds its bias may be all there is. */
static int make(struct fused *f, const struct mcd_step *step, struct mcd_kernel *kernel,
                struct mcd_error *error)
{
    const struct mcd_cuda_chain chain = mcd_cuda_chain_of(step, 1);
    const char *reason = mcd_cuda_chain_refuse(&chain);
    if (reason)
        return f->op.cuda->host->fail(error, MCD_UNSUPPORTED, "fused", "%s", reason);
    f->first = first_of(step);
    int status = ask_first(f, kernel, error);
    if (status)
        return status;
    f->inner = kernel->state;
    f->op.enqueue = enqueue;
    f->op.release = release;
    f->room = mcd_cuda_chain_pools(&chain) ? lines(mcd_cuda_bytes(&f->first.out)) : 0;
    f->masks = f->room + lines(kernel->workspace);
    *kernel = (struct mcd_kernel){
        .run = mcd_cuda_run_step,
        .state = &f->op,
        .release = mcd_cuda_op_release,
        .workspace = f->masks + mcd_cuda_chain_bytes(&chain),
    };
    return MCD_OK;
}

int mcd_cuda_fused(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                   struct mcd_error *error)
{
    static const struct mcd_cuda_offer whole = {
        .op = MCD_OP_FUSED,
        .name = "fused",
        .refuse = mcd_cuda_chain_step_refuse,
        .workspace = mcd_cuda_chain_step_workspace,
        .enqueue = mcd_cuda_chain_step_enqueue,
    };
    if (begins_chain(step))
        return mcd_cuda_take_offer(cuda, &whole, step, kernel, error);
    void *self;
    struct fused *f = mcd_self_create(cuda->host, sizeof *f, &self, error);
    if (!f)
        return MCD_NOMEM;
    f->op.cuda = cuda;
    int status = make(f, step, kernel, error);
    if (status)
        cuda->host->release(cuda->host, f);
    return status;
}
