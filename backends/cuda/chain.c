/* Chains of elementwise parts, and pooling behind them: see chain.h. */
#include "chain.h"
#include "bodies/pool2d.h"
#include "kernels.h"
#include "masks.h"
#include "pool2d.h"
#include "together.h"

static struct mcd_part part_at(const struct mcd_cuda_chain *c, uint32_t i)
{
    const struct mcd_step *s = c->step;
    if (s->nparts)
        return s->part[c->first + i];
    return (struct mcd_part){.op = s->op, .attr = s->attr, .shape = s->out.shape};
}

struct mcd_cuda_chain mcd_cuda_chain_of(const struct mcd_step *step, uint32_t first)
{
    uint32_t parts = step->nparts ? step->nparts : 1;
    struct mcd_cuda_chain c = {step, first, parts - first, step->in[0].shape};
    if (first)
        c.from = step->nparts ? step->part[first - 1].shape : step->out.shape;
    return c;
}

/* In a fused step gradients would have inputs of their own. */
static const char *refuse_map(const struct mcd_cuda_chain *c, const struct mcd_part *p)
{
    if (p->op == MCD_OP_MAP_DX && c->step->nparts)
        return "gradients in a chain";
    return (uint64_t)p->attr.u.map.function <= MCD_GELU ? NULL : "this function";
}

static const char *refuse_part(const struct mcd_cuda_chain *c, const struct mcd_part *p, int last)
{
    switch (p->op) {
    case MCD_OP_MAP:
    case MCD_OP_MAP_DX:
        return refuse_map(c, p);
    case MCD_OP_AFFINE:
        return NULL;
    case MCD_OP_DROP:
        return p->attr.u.drop.law == MCD_BERNOULLI ? NULL : "noise of this law in a chain";
    case MCD_OP_POOL2D:
        return last ? mcd_cuda_pool2d_refuse(&p->attr.u.pool, &c->from) : "pooling within a chain";
    default:
        return "this op in a chain";
    }
}

const char *mcd_cuda_chain_refuse(const struct mcd_cuda_chain *c)
{
    const char *why = c->count + 2 <= CHAIN_PARTS ? NULL : "a chain as long as this one";
    for (uint32_t i = 0; i < c->count && !why; i++) {
        struct mcd_part p = part_at(c, i);
        why = refuse_part(c, &p, i + 1 == c->count);
    }
    return why;
}

int mcd_cuda_chain_pools(const struct mcd_cuda_chain *c)
{
    return c->count && part_at(c, c->count - 1).op == MCD_OP_POOL2D;
}

size_t mcd_cuda_chain_bytes(const struct mcd_cuda_chain *c)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        struct mcd_part p = part_at(c, i);
        if (mcd_cuda_has_mask(p.op, &p.attr.u.drop))
            bytes += mcd_cuda_mask_bytes(&p.attr.u.drop, mcd_cuda_rows(&c->step->out));
    }
    return bytes;
}

/* ---- parts ------------------------------------------------------------------------------- */

/* What is to be launched. */
struct draft {
    uint32_t rows;
    struct mcd_cuda_masks masks;
    struct chain chain;
};

/* One more, its numbers of `span` elements each. */
static struct chain_part *add(struct draft *d, enum chain_kind kind, int64_t span)
{
    struct chain_part *part = &d->chain.part[d->chain.count++];
    *part = (struct chain_part){.kind = kind, .span = mcd_divisor_of((uint64_t)span)};
    return part;
}

static void add_bias(struct draft *d, const struct mcd_cuda_chain *c, const struct mcd_tensor *bias)
{
    int64_t plane = mcd_shape_count(&c->from) / mcd_shape_count(&bias->shape);
    add(d, CHAIN_BIAS, plane)->x = mcd_cuda_pointer(bias);
}

/* Nothing is left to do where p = 0. */
static void add_drop(struct draft *d, const struct mcd_attr_drop *drop)
{
    if (drop->p <= 0)
        return;
    struct chain_part *part = add(d, drop->p < 1 ? CHAIN_DROP : CHAIN_ZERO, drop->span);
    if (drop->p >= 1)
        return;
    part->scale = (float)(1 / (1 - drop->p));
    part->site = (uint32_t)drop->site;
    part->words = mcd_cuda_mask_words(drop);
    part->bits = mcd_cuda_masks_add(&d->masks, drop, d->rows);
}

static void add_affine(struct draft *d, const struct mcd_attr *attr)
{
    struct chain_part *part = add(d, CHAIN_AFFINE, 1);
    part->scale = (float)attr->u.affine.scale;
    part->shift = (float)attr->u.affine.shift;
}

/* Of MAP_DX the other inputs are the step's: it is never fused. */
static void add_map(struct draft *d, const struct mcd_part *p, const struct mcd_step *step)
{
    struct chain_part *part = add(d, p->op == MCD_OP_MAP ? CHAIN_MAP : CHAIN_MAP_DX, 1);
    part->function = (int32_t)p->attr.u.map.function;
    if (p->op == MCD_OP_MAP)
        return;
    part->x = mcd_cuda_pointer(&step->in[1]);
    part->y = mcd_cuda_pointer(&step->in[2]);
}

static void add_store(struct draft *d, const struct mcd_tensor *to)
{
    add(d, CHAIN_STORE, 1)->to = mcd_cuda_pointer(to);
}

/* Pooling comes after all parts. */
static void add_parts(struct draft *d, const struct mcd_cuda_chain *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct mcd_part p = part_at(c, i);
        if (p.op == MCD_OP_DROP)
            add_drop(d, &p.attr.u.drop);
        else if (p.op == MCD_OP_AFFINE)
            add_affine(d, &p.attr);
        else if (p.op != MCD_OP_POOL2D)
            add_map(d, &p, c->step);
    }
}

/* Whether nothing was done to x, and `to` is where it lies: a product alone, p = 0 in place. */
static int is_there(const struct draft *d, const struct mcd_tensor *x, const struct mcd_tensor *to)
{
    return d->chain.count == 0 && mcd_cuda_same(x, to);
}

/* The call's further steps; what is overwritten in place need not be stored. */
static void add_steps(struct draft *d, const struct mcd_cuda_call *call, const struct mcd_tensor *x)
{
    for (uint32_t i = 1; i < call->nsteps; i++) {
        const struct mcd_cuda_chain c = mcd_cuda_chain_of(&call->step[i], 0);
        const struct mcd_tensor *before = &call->step[i - 1].out;
        if (!mcd_cuda_same(before, &c.step->out) && !is_there(d, x, before))
            add_store(d, before);
        add_parts(d, &c);
    }
}

/* ---- launches ---------------------------------------------------------------------------- */

static cudaError_t launch_chain(const struct draft *d, const struct mcd_tensor *x)
{
    uint64_t quads = (d->chain.elements + 3) / 4;
    struct chain_args a = {
        .chain = d->chain,
        .x = mcd_cuda_pointer(x),
        .x_rows = mcd_divisor_of(mcd_cuda_rows(x)),
        .quads = mcd_divisor_of(quads),
    };
    return mcd_launch_chain(d->masks.call->stream, (int64_t)(d->rows * quads), &a);
}

static cudaError_t launch_pool2d(const struct draft *d, const struct mcd_cuda_chain *c,
                                 const struct mcd_tensor *x)
{
    struct mcd_part last = part_at(c, c->count - 1);
    const struct mcd_shape *y = &last.shape;
    struct pool2d_args a = {
        .chain = d->chain,
        .shape = mcd_cuda_pool2d_shape(&last.attr.u.pool, &c->from, y),
        .x = mcd_cuda_pointer(x),
        .y = mcd_cuda_pointer(&c->step->out),
        .x_rows = mcd_divisor_of(mcd_cuda_rows(x)),
        .channels = mcd_divisor_of((uint64_t)y->dim[0]),
        .plane = mcd_divisor_of((uint64_t)(y->dim[1] * y->dim[2])),
        .width = mcd_divisor_of((uint64_t)y->dim[2]),
    };
    return mcd_launch_pool2d(d->masks.call->stream, mcd_tensor_count(&c->step->out), &a);
}

static cudaError_t launch(struct draft *d, const struct mcd_cuda_chain *c,
                          const struct mcd_tensor *x)
{
    const struct mcd_cuda_call *call = d->masks.call;
    const struct mcd_tensor *out = &call->step[call->nsteps > 1 ? call->nsteps - 1 : 0].out;
    cudaError_t result = mcd_cuda_masks_launch(&d->masks);
    if (result)
        return result;
    if (mcd_cuda_chain_pools(c))
        return launch_pool2d(d, c, x);
    if (is_there(d, x, out))
        return cudaSuccess;
    add_store(d, out);
    return launch_chain(d, x);
}

int mcd_cuda_chain_enqueue(const struct mcd_cuda_chain *c, const struct mcd_cuda_call *call,
                           const struct mcd_tensor *x, const struct mcd_tensor *bias, void *memory)
{
    struct draft d = {.rows = mcd_cuda_rows(&c->step->out)};
    d.chain.run = call->run;
    d.chain.elements = (uint64_t)mcd_shape_count(&c->from);
    mcd_cuda_masks_start(&d.masks, call, memory);
    if (bias)
        add_bias(&d, c, bias);
    add_parts(&d, c);
    add_steps(&d, call, x);
    return mcd_cuda_call_status(call, launch(&d, c, x), "starting a chain of elementwise kernels");
}

/* ---- steps that are a chain from their input on ------------------------------------------ */

const char *mcd_cuda_chain_step_refuse(const struct mcd_step *step)
{
    struct mcd_cuda_chain c = mcd_cuda_chain_of(step, 0);
    return mcd_cuda_chain_refuse(&c);
}

size_t mcd_cuda_chain_step_workspace(const struct mcd_step *step)
{
    struct mcd_cuda_chain c = mcd_cuda_chain_of(step, 0);
    return mcd_cuda_chain_bytes(&c);
}

int mcd_cuda_chain_step_enqueue(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    struct mcd_cuda_chain c = mcd_cuda_chain_of(call->step, 0);
    (void)op;
    return mcd_cuda_chain_enqueue(&c, call, &call->step->in[0], NULL,
                                  mcd_cuda_pointer(&call->step->workspace));
}
