/*
 * CONV2D and its gradients: products of sorted kernels and unfolded images, image by image.
 *
 * Channels that are dropped are all zero; an image's own are left out of its products, and so are
 * those of a result that a fused step drops. Each worker has a room of its own. The gradient of the
 * kernels is summed over images in groups that depend on their number alone, and the groups in
 * their order, so that the number of workers changes no bit.
 */
#include "products.h"
#include "thin.h"

#include <stdatomic.h>
#include <string.h>

enum {
    GROUPS = 16,
    LINE = 64 / sizeof(float),
    MANY = 64 /* uses of an unfolded element for which transposing it pays */
};

/* A kernel's state. */
struct conv {
    struct mcd_cpu *cpu;
    const struct mcd_products *products;
    struct mcd_unfold u;
    struct mcd_chain chain;
    uint32_t op;
    int64_t images, group;           /* group: images in one, of kernel gradients */
    int64_t x, y, kernels, unfolded; /* elements of an image, of the result, ... */
    int64_t sorted, room;            /* elements that are wanted before the rooms, and of a room */
};

struct job {
    const struct conv *c;
    struct mcd_chain chain;
    float *out;
    const float *x, *dy, *bias;
    float *sorted; /* kernels, or GROUPS gradients of them */
    int finite;    /* the kernels are */
    float *rooms;
    atomic_int failed;
};

/* What a worker has for an image. */
struct room {
    float *unfolded, *kernels, *planes, *transposed;
    struct mcd_thin thin;
};

static int64_t aligned(int64_t elements)
{
    return (elements + LINE - 1) / LINE * LINE;
}

static struct room room_of(const struct job *j, uint32_t worker)
{
    const struct conv *c = j->c;
    struct room r = {.unfolded = j->rooms + worker * c->room};
    r.kernels = r.unfolded + aligned(c->unfolded);
    r.planes = r.kernels + aligned(c->kernels);
    r.thin.cs = (int32_t *)(r.planes + aligned(c->y));
    r.thin.os = r.thin.cs + aligned(c->u.c);
    r.transposed = (float *)r.thin.os + aligned(c->u.o);
    return r;
}

/* y = bias + sum of products, of the planes that take part, side by side */
static int image_forward(const struct job *j, const struct room *r, const float *x, float *y)
{
    const struct conv *c = j->c;
    const struct mcd_thin *t = &r->thin;
    const struct mcd_unfold u = mcd_thin_plan(&c->u, t);
    const int64_t plane = u.oh * u.ow, ld = u.c * u.kh * u.kw;
    int whole = t->c == c->u.c && t->o == c->u.o, bad = 0;
    if (!whole)
        mcd_thin_gather(&c->u, t, r->kernels, j->sorted);
    mcd_unfold(&u, r->unfolded, x, t->cs);
    for (int64_t o = 0; o < u.o; o++)
        for (int64_t i = 0; i < plane; i++)
            y[o * plane + i] = j->bias ? j->bias[t->os[o]] : 0;
    for (int64_t i = 0; i < u.products && u.depth && u.o; i++)
        bad |= c->products->multiply(0, 0, u.o, plane, u.depth,
                                     (whole ? j->sorted : r->kernels) + i * u.depth, ld,
                                     r->unfolded + mcd_unfold_offset(&u, i), u.line, 1, y, plane);
    if (!whole)
        mcd_planes_spread(y, t->os, u.o, c->u.o, plane);
    return bad;
}

static void forward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    const struct conv *c = j->c;
    const int64_t out =
        j->chain.pools ? mcd_shape_count(&j->chain.part[j->chain.count - 1].shape) : c->y;
    struct room r = room_of(j, worker);
    int before = c->products->enter();
    for (int64_t image = first; image < first + count; image++) {
        const float *x = j->x + image * c->x;
        float *to = j->out + image * out, *y = j->chain.pools ? r.planes : to;
        mcd_thin_none(&c->u, &r.thin);
        if (j->finite)
            r.thin.c = mcd_live_planes(x, c->u.c, c->u.h * c->u.w, r.thin.cs);
        r.thin.o = mcd_chain_kept(&j->chain, image, c->u.o, r.thin.os);
        if (!mcd_thin_pays(&c->u, &r.thin))
            mcd_thin_none(&c->u, &r.thin);
        if (image_forward(j, &r, x, y))
            j->failed = 1;
        if (j->chain.count)
            mcd_chain_row(&j->chain, to, y, y, image);
    }
    c->products->leave(before);
}

/* dx = the fold of kernel^T dy */
static int image_backward(const struct job *j, const struct room *r, const float *dy, float *dx)
{
    const struct conv *c = j->c;
    const struct mcd_unfold u = mcd_thin_plan(&c->u, &r->thin);
    const int64_t plane = u.oh * u.ow, ld = u.c * u.kh * u.kw;
    int whole = u.o == c->u.o, bad = 0;
    if (!whole) {
        mcd_planes_gather(r->kernels, j->sorted, r->thin.os, u.o, ld);
        mcd_planes_gather(r->planes, dy, r->thin.os, u.o, plane);
    }
    memset(r->unfolded, 0, (size_t)c->unfolded * sizeof *r->unfolded);
    for (int64_t i = 0; i < u.products && u.o; i++)
        bad |= c->products->multiply(
            1, 0, u.depth, plane, u.o, (whole ? j->sorted : r->kernels) + i * u.depth, ld,
            whole ? dy : r->planes, plane, 1, r->unfolded + mcd_unfold_offset(&u, i), u.line);
    memset(dx, 0, (size_t)c->x * sizeof *dx);
    mcd_fold(&u, dx, r->unfolded);
    return bad;
}

static void backward_x(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    const struct conv *c = j->c;
    struct room r = room_of(j, worker);
    int before = c->products->enter();
    for (int64_t image = first; image < first + count; image++) {
        const float *dy = j->dy + image * c->y;
        mcd_thin_none(&c->u, &r.thin);
        if (j->finite)
            r.thin.o = mcd_live_planes(dy, c->u.o, c->y / c->u.o, r.thin.os);
        if (!mcd_thin_pays(&c->u, &r.thin))
            mcd_thin_none(&c->u, &r.thin);
        if (image_backward(j, &r, dy, j->out + image * c->x))
            j->failed = 1;
    }
    c->products->leave(before);
}

/* sum += dy x^T, unfolded */
static int image_kernels(const struct job *j, const struct room *r, const float *x, const float *dy,
                         float *sum)
{
    const struct conv *c = j->c;
    const struct mcd_unfold u = mcd_thin_plan(&c->u, &r->thin);
    const int64_t plane = u.oh * u.ow, ld = u.c * u.kh * u.kw;
    int whole = u.c == c->u.c && u.o == c->u.o, bad = 0;
    if (!whole)
        mcd_planes_gather(r->planes, dy, r->thin.os, u.o, plane);
    mcd_unfold(&u, r->unfolded, x, r->thin.cs);
    int first = c->products->transpose_first && u.o * u.products >= MANY;
    if (first)
        mcd_unfold_transpose(&u, r->transposed, r->unfolded);
    for (int64_t i = 0; i < u.products && u.depth && u.o; i++)
        bad |= c->products->multiply(0, !first, u.o, u.depth, plane, whole ? dy : r->planes, plane,
                                     first ? r->transposed + mcd_unfold_offset(&u, i) * u.depth
                                           : r->unfolded + mcd_unfold_offset(&u, i),
                                     first ? u.depth : u.line, whole ? 1 : 0,
                                     (whole ? sum : r->kernels) + i * u.depth, ld);
    if (!whole)
        mcd_thin_scatter(&c->u, &r->thin, sum, r->kernels);
    return bad;
}

/* Item: a group of images, whose kernel gradients are summed. */
static void backward_kernels(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    const struct conv *c = j->c;
    struct room r = room_of(j, worker);
    int64_t image = first * c->group, end = (first + count) * c->group;
    int before = c->products->enter();
    memset(j->sorted + first * c->kernels, 0, (size_t)(count * c->kernels) * sizeof *j->sorted);
    for (end = end < c->images ? end : c->images; image < end; image++) {
        const float *x = j->x + image * c->x, *dy = j->dy + image * c->y;
        mcd_thin_none(&c->u, &r.thin);
        if (mcd_all_finite(x, c->x))
            r.thin.o = mcd_live_planes(dy, c->u.o, c->y / c->u.o, r.thin.os);
        if (mcd_all_finite(dy, c->y))
            r.thin.c = mcd_live_planes(x, c->u.c, c->x / c->u.c, r.thin.cs);
        if (!mcd_thin_pays(&c->u, &r.thin))
            mcd_thin_none(&c->u, &r.thin);
        if (image_kernels(j, &r, x, dy, j->sorted + image / c->group * c->kernels))
            j->failed = 1;
    }
    c->products->leave(before);
}

static int compute(void *state, const struct mcd_step *step, const struct mcd_run *run,
                   struct mcd_error *error)
{
    struct conv *c = state;
    const struct mcd_cpu *cpu = c->cpu;
    const int64_t groups = (c->images + c->group - 1) / c->group;
    struct job j = {.c = c, .chain = c->chain, .out = mcd_floats(&step->out)};
    j.sorted = mcd_floats(&step->workspace);
    j.rooms = j.sorted + c->sorted;
    if (c->op == MCD_OP_CONV2D_DW) {
        j.dy = mcd_floats(&step->in[0]);
        j.x = mcd_floats(&step->in[1]);
        mcd_cpu_split(cpu, groups, 1, backward_kernels, &j);
        mcd_cpu_add_parts(cpu, j.sorted, j.sorted + c->kernels, groups - 1, c->kernels);
        mcd_kernel_unsort(&c->u, j.out, j.sorted);
    } else {
        j.x = j.dy = mcd_floats(&step->in[0]);
        j.bias = c->op == MCD_OP_CONV2D && step->nin > 2 ? mcd_floats(&step->in[2]) : NULL;
        mcd_kernel_sort(&c->u, j.sorted, mcd_floats(&step->in[1]));
        j.finite = mcd_all_finite(j.sorted, c->kernels);
        mcd_chain_start(&j.chain, cpu, run, c->images, j.rooms + cpu->host->workers * c->room);
        mcd_cpu_split(cpu, c->images, 1, c->op == MCD_OP_CONV2D ? forward : backward_x, &j);
    }
    return j.failed ? cpu->host->fail(error, MCD_DEVICE, "conv2d", "a product of matrices failed")
                    : MCD_OK;
}

/* ---- making ------------------------------------------------------------------------------ */

/* The three tensors of a convolution, wherever the op has them. */
static void describe(struct conv *c, const struct mcd_step *step)
{
    const struct mcd_part *part = step->op == MCD_OP_FUSED ? step->part : NULL;
    const struct mcd_attr *attr = part ? &part->attr : &step->attr;
    const struct mcd_tensor *in = step->in;
    const struct mcd_shape *out = part ? &part->shape : &step->out.shape;
    c->op = part ? part->op : step->op;
    if (c->op == MCD_OP_CONV2D)
        c->u = mcd_unfold_plan(&attr->u.conv, &in[0].shape, &in[1].shape, out);
    else if (c->op == MCD_OP_CONV2D_DX)
        c->u = mcd_unfold_plan(&attr->u.conv, &in[2].shape, &in[1].shape, &in[0].shape);
    else
        c->u = mcd_unfold_plan(&attr->u.conv, &in[1].shape, &in[2].shape, &in[0].shape);
    c->images = mcd_rows(&in[0]);
    c->group = (c->images + GROUPS - 1) / GROUPS;
    c->x = c->u.c * c->u.h * c->u.w;
    c->y = c->u.o * c->u.oh * c->u.ow;
    c->kernels = c->u.o * c->u.c * c->u.kh * c->u.kw;
    c->unfolded = c->u.depth * c->u.line;
    c->sorted = aligned(c->kernels * (c->op == MCD_OP_CONV2D_DW ? GROUPS : 1));
    c->room = aligned(c->unfolded) + aligned(c->kernels) + aligned(c->y) + aligned(c->u.c) +
              aligned(c->u.o);
    if (c->op == MCD_OP_CONV2D_DW && c->products->transpose_first)
        c->room += aligned(c->unfolded);
}

static void release(void *state)
{
    const struct conv *c = state;
    c->cpu->host->release(c->cpu->host, state);
}

int mcd_cpu_conv2d(struct mcd_cpu *cpu, const struct mcd_products *products,
                   const struct mcd_step *step, struct mcd_kernel *kernel, struct mcd_error *error)
{
    const struct mcd_host *host = cpu->host;
    struct mcd_chain chain;
    int status = mcd_chain_make(cpu, step, 1, &chain, error);
    if (status)
        return status;
    struct conv *c = host->alloc(host, sizeof *c);
    if (!c)
        return host->fail(error, MCD_NOMEM, "conv2d", "out of memory");
    *c = (struct conv){.cpu = cpu, .products = products, .chain = chain};
    describe(c, step);
    size_t elements = (size_t)(c->sorted + host->workers * c->room);
    *kernel = (struct mcd_kernel){
        .run = compute,
        .state = c,
        .release = release,
        .workspace = elements * sizeof(float) + mcd_chain_bytes(&chain, c->images),
    };
    return MCD_OK;
}
