/*
 * CONV2D and its gradients, for groups of images that depend on their number and size alone.
 *
 * oneDNN likes other layouts than rows of planes; what an operation wants otherwise is copied, one
 * group at a time, in scratch memory of each worker. Kernels are packed once for each contents that
 * they have. Their gradient is summed over groups in order, so that the number of workers changes
 * no bit.
 */
#include "../cpu/openmp.h"
#include "ops.h"

#include <stdatomic.h>

enum { GROUPS = 16, MOST_IMAGES = 16, FLOATS = 1 << 16 /* of a group, about what L2 holds */ };

/* Operations for groups of one size. */
struct variant {
    struct mcd_dnn_op *op;
    struct mcd_dnn_op *copy[MCD_DNN_SIDES]; /* in, or out of the result; NULL: not needed */
};

struct conv {
    struct mcd_onednn *self;
    int result;                  /* the side that is computed */
    int input[MCD_DNN_SIDES];    /* which input of the step a side is; -1: none */
    int64_t size[MCD_DNN_SIDES]; /* elements of an image, or of the kernels */
    int64_t images, group;       /* images in all, in one group */
    struct variant variant[2];   /* the last group, where it is smaller, is another one */
    char *packed;                /* kernels, where they are copied */
    uint64_t version;            /* of what is packed */
    size_t place[MCD_DNN_SIDES]; /* where a worker's copy of a side begins */
    size_t scratch, room;        /* where its scratch memory begins, and how much it has in all */
};

struct job {
    const struct conv *c;
    float *side[MCD_DNN_SIDES];
    float *parts; /* gradients of kernels but those of the first group */
    char *rooms;
    atomic_int failed;
};

static int64_t groups_of(const struct conv *c)
{
    return (c->images + c->group - 1) / c->group;
}

static int is_image(int side)
{
    return side == MCD_DNN_X || side == MCD_DNN_Y;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- running ----------------------------------------------------------------------------- */

/* Where a group's side is, as the plan has it. */
static float *dense(const struct job *j, int side, int64_t group)
{
    const struct conv *c = j->c;
    if (is_image(side))
        return j->side[side] + group * c->group * c->size[side];
    return side == c->result && group ? j->parts + (group - 1) * c->size[side] : j->side[side];
}

static int copy(const struct job *j, struct mcd_dnn_op *op, uint32_t worker, void *from, void *to)
{
    void *data[MCD_DNN_SIDES] = {[MCD_DNN_X] = from, [MCD_DNN_Y] = to};
    return mcd_dnn_run(op, worker, data, j->rooms + worker * j->c->room + j->c->scratch);
}

static int run_group(const struct job *j, int64_t group, uint32_t worker)
{
    const struct conv *c = j->c;
    const struct variant *v = &c->variant[(group + 1) * c->group > c->images];
    char *room = j->rooms + worker * c->room;
    void *data[MCD_DNN_SIDES];
    int bad = 0;
    for (int side = 0; side < MCD_DNN_SIDES; side++) {
        int copied = v->copy[side] != NULL, computed = side == c->result;
        data[side] = dense(j, side, group);
        if (copied && side == MCD_DNN_W && !computed) {
            data[side] = c->packed;
        } else if (copied) {
            if (!computed)
                bad |= copy(j, v->copy[side], worker, data[side], room + c->place[side]);
            data[side] = room + c->place[side];
        }
    }
    bad |= mcd_dnn_run(v->op, worker, data, room + c->scratch);
    if (v->copy[c->result])
        bad |= copy(j, v->copy[c->result], worker, data[c->result], dense(j, c->result, group));
    return bad;
}

static void run_groups(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    int before = mcd_openmp_enter();
    for (int64_t group = first; group < first + count; group++)
        if (run_group(j, group, worker))
            j->failed = 1;
    mcd_openmp_leave(before);
}

/* Packs the kernels, unless that has been done since they changed. */
static void pack_kernels(struct conv *c, struct job *j, const struct mcd_tensor *kernels)
{
    uint64_t version = mcd_cpu_version(kernels);
    if (!c->packed || (version && version == c->version))
        return;
    int before = mcd_openmp_enter();
    j->failed |= copy(j, c->variant[0].copy[MCD_DNN_W], 0, mcd_floats(kernels), c->packed);
    mcd_openmp_leave(before);
    c->version = j->failed ? 0 : version;
}

static int compute(void *state, const struct mcd_step *step, const struct mcd_run *run,
                   struct mcd_error *error)
{
    struct conv *c = state;
    const struct mcd_cpu *cpu = &c->self->cpu;
    char *workspace = mcd_host_pointer(&step->workspace);
    struct job j = {.c = c, .rooms = workspace};
    (void)run;
    for (int side = 0; side < MCD_DNN_SIDES; side++)
        j.side[side] = side == c->result     ? mcd_floats(&step->out)
                       : c->input[side] >= 0 ? mcd_floats(&step->in[c->input[side]])
                                             : NULL;
    j.parts = (float *)(workspace + cpu->host->workers * c->room);
    if (c->result != MCD_DNN_W)
        pack_kernels(c, &j, &step->in[c->input[MCD_DNN_W]]);
    mcd_cpu_split(cpu, groups_of(c), 1, run_groups, &j);
    if (c->result == MCD_DNN_W)
        mcd_cpu_add_parts(cpu, j.side[MCD_DNN_W], j.parts, groups_of(c) - 1, c->size[MCD_DNN_W]);
    return j.failed ? cpu->host->fail(error, MCD_DEVICE, "onednn", "oneDNN failed in a convolution")
                    : MCD_OK;
}

/* ---- making ------------------------------------------------------------------------------ */

/* The three tensors of a convolution, and what is a bias. */
static void find_sides(struct conv *c, const struct mcd_step *step,
                       const struct mcd_tensor *tensor[MCD_DNN_SIDES])
{
    static const int inputs[][MCD_DNN_SIDES] = {
        [MCD_DNN_Y] = {0, 1, 2, -1}, [MCD_DNN_X] = {2, 1, -1, 0}, [MCD_DNN_W] = {1, 2, -1, 0}};
    c->result = step->op == MCD_OP_CONV2D      ? MCD_DNN_Y
                : step->op == MCD_OP_CONV2D_DX ? MCD_DNN_X
                                               : MCD_DNN_W;
    for (int side = 0; side < MCD_DNN_SIDES; side++) {
        int input = inputs[c->result][side];
        c->input[side] = input < (int)step->nin ? input : -1;
        tensor[side] = side == c->result     ? &step->out
                       : c->input[side] >= 0 ? &step->in[c->input[side]]
                                             : NULL;
        c->size[side] = tensor[side] ? mcd_shape_count(&tensor[side]->shape) : 0;
    }
    c->images = mcd_rows(tensor[MCD_DNN_Y]);
}

static void choose_group(struct conv *c)
{
    int64_t fit = FLOATS / (c->size[MCD_DNN_X] + c->size[MCD_DNN_Y]);
    c->group = fit < 1 ? 1 : fit < MOST_IMAGES ? fit : MOST_IMAGES;
    if (c->result == MCD_DNN_W)
        c->group = (c->images + GROUPS - 1) / GROUPS;
    c->group = c->group < c->images ? c->group : c->images;
}

/* A side as the plan has it, for a number of images. */
static struct mcd_dnn_side dense_side(const struct mcd_tensor *t, int side, int64_t images)
{
    struct mcd_dnn_side s = {.type = MCD_DNN_F32};
    if (!t)
        return s;
    int outer = is_image(side);
    s.rank = (int)t->shape.rank + outer;
    s.dim[0] = images;
    for (int i = outer; i < s.rank; i++)
        s.dim[i] = t->shape.dim[i - outer];
    s.stride[s.rank - 1] = 1;
    for (int i = s.rank - 1; i > 0; i--)
        s.stride[i - 1] = s.stride[i] * s.dim[i];
    return s;
}

static int make_variant(struct conv *c, const struct mcd_attr_conv *attr,
                        const struct mcd_tensor *tensor[MCD_DNN_SIDES], int last,
                        struct mcd_error *error)
{
    struct variant *v = &c->variant[last];
    int64_t images = last ? (c->images - 1) % c->group + 1 : c->group;
    struct mcd_dnn_side plain[MCD_DNN_SIDES], free[MCD_DNN_SIDES];
    for (int side = 0; side < MCD_DNN_SIDES; side++) {
        free[side] = plain[side] = dense_side(tensor[side], side, images);
        if (side == MCD_DNN_BIAS)
            continue;
        free[side].stride[0] = 0;
        free[side].type = side == c->result ? MCD_DNN_F32 : c->self->type;
    }
    int status = mcd_dnn_conv2d(c->self->dnn, c->result, attr, free, last ? c->variant[0].op : NULL,
                                &v->op, error);
    for (int side = 0; !status && side < MCD_DNN_SIDES; side++)
        if (side != MCD_DNN_BIAS)
            status = (side == c->result ? mcd_dnn_copy_out : mcd_dnn_copy_in)(
                c->self->dnn, v->op, side, &plain[side], &v->copy[side], error);
    return status;
}

/* A worker's room: copies of sides, then scratch memory. */
static void lay_out(struct conv *c)
{
    size_t scratch = 0;
    for (int side = 0; side < MCD_DNN_SIDES; side++) {
        size_t bytes = 0;
        for (int i = 0; i < 2; i++) {
            const struct variant *v = &c->variant[i];
            if (v->copy[side])
                bytes = larger(bytes, mcd_dnn_bytes(v->op, side));
            scratch = larger(scratch, mcd_dnn_scratch(v->copy[side]));
            scratch = larger(scratch, mcd_dnn_scratch(v->op));
        }
        c->place[side] = c->room;
        c->room += side == MCD_DNN_W && side != c->result ? 0 : mcd_onednn_lines(bytes);
    }
    c->scratch = c->room;
    c->room += mcd_onednn_lines(scratch);
}

static int make(struct conv *c, const struct mcd_step *step, struct mcd_error *error)
{
    const struct mcd_host *host = c->self->cpu.host;
    const struct mcd_tensor *tensor[MCD_DNN_SIDES];
    find_sides(c, step, tensor);
    choose_group(c);
    int variants = c->images % c->group ? 2 : 1;
    for (int i = 0; i < variants; i++) {
        int status = make_variant(c, &step->attr.u.conv, tensor, i, error);
        if (status)
            return status;
    }
    lay_out(c);
    if (c->result == MCD_DNN_W || !c->variant[0].copy[MCD_DNN_W])
        return MCD_OK;
    c->packed = host->alloc(host, mcd_dnn_bytes(c->variant[0].op, MCD_DNN_W));
    return c->packed ? MCD_OK : host->fail(error, MCD_NOMEM, "onednn", "out of memory");
}

static void release(void *state)
{
    struct conv *c = state;
    const struct mcd_host *host = c->self->cpu.host;
    for (int i = 0; i < 2; i++) {
        for (int side = 0; side < MCD_DNN_SIDES; side++)
            mcd_dnn_op_destroy(c->variant[i].copy[side]);
        mcd_dnn_op_destroy(c->variant[i].op);
    }
    host->release(host, c->packed);
    host->release(host, c);
}

int mcd_onednn_conv2d(struct mcd_onednn *self, const struct mcd_step *step,
                      struct mcd_kernel *kernel, struct mcd_error *error)
{
    const struct mcd_host *host = self->cpu.host;
    struct conv *c = host->alloc(host, sizeof *c);
    if (!c)
        return host->fail(error, MCD_NOMEM, "onednn", "out of memory");
    *c = (struct conv){.self = self};
    int status = make(c, step, error);
    if (status) {
        release(c);
        return status;
    }
    size_t parts = c->result == MCD_DNN_W ? (size_t)((groups_of(c) - 1) * c->size[MCD_DNN_W]) : 0;
    *kernel = (struct mcd_kernel){
        .run = compute,
        .state = c,
        .release = release,
        .workspace = host->workers * c->room + parts * sizeof(float),
    };
    return MCD_OK;
}
