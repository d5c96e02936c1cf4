/*
 * CONV2D and its gradients: products of sorted kernels and unfolded images, image by image.
 *
 * Each worker unfolds into scratch memory of its own. The gradient of the kernels is summed over
 * images in groups that depend on their number alone, and the groups in their order, so that the
 * number of workers changes no bit.
 */
#include "../cpu/unfold.h"
#include "ops.h"
#include "single.h"

#include <cblas.h>
#include <string.h>

enum { GROUPS = 16, LINE = 64 / sizeof(float) };

struct job {
    struct mcd_unfold u;
    float *out;
    const float *x, *dy, *bias;
    float *sorted;  /* kernels, or GROUPS gradients of them */
    float *scratch; /* of the first worker */
    int64_t group;  /* images in one */
    int64_t images;
};

static int64_t aligned(int64_t elements)
{
    return (elements + LINE - 1) / LINE * LINE;
}

static int64_t kernel_size(const struct mcd_unfold *u)
{
    return u->o * u->c * u->kh * u->kw;
}

static float *scratch_of(const struct job *j, uint32_t worker)
{
    return j->scratch + worker * aligned(j->u.depth * j->u.line);
}

/* y = bias + sum of products */
static void forward(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    const struct mcd_unfold *u = &j->u;
    const blasint plane = (blasint)(u->oh * u->ow), ld = (blasint)(u->c * u->kh * u->kw);
    float *unfolded = scratch_of(j, worker);
    int before = mcd_single_enter();
    for (int64_t image = first; image < first + count; image++) {
        float *y = j->out + image * u->o * plane;
        mcd_unfold(u, unfolded, j->x + image * u->c * u->h * u->w);
        for (int64_t o = 0; j->bias && o < u->o; o++)
            for (int64_t i = 0; i < plane; i++)
                y[o * plane + i] = j->bias[o];
        for (int64_t i = 0; i < u->products; i++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)u->o, plane,
                        (blasint)u->depth, 1.0f, j->sorted + i * u->depth, ld,
                        unfolded + mcd_unfold_offset(u, i), (blasint)u->line,
                        j->bias || i ? 1.0f : 0.0f, y, plane);
    }
    mcd_single_leave(before);
}

/* dx = the fold of kernel^T dy */
static void backward_x(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    const struct mcd_unfold *u = &j->u;
    const blasint plane = (blasint)(u->oh * u->ow), ld = (blasint)(u->c * u->kh * u->kw);
    float *unfolded = scratch_of(j, worker);
    int before = mcd_single_enter();
    for (int64_t image = first; image < first + count; image++) {
        float *dx = j->out + image * u->c * u->h * u->w;
        memset(unfolded, 0, (size_t)(u->depth * u->line) * sizeof *unfolded);
        for (int64_t i = 0; i < u->products; i++)
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)u->depth, plane,
                        (blasint)u->o, 1.0f, j->sorted + i * u->depth, ld,
                        j->dy + image * u->o * plane, plane, 1.0f,
                        unfolded + mcd_unfold_offset(u, i), (blasint)u->line);
        memset(dx, 0, (size_t)(u->c * u->h * u->w) * sizeof *dx);
        mcd_fold(u, dx, unfolded);
    }
    mcd_single_leave(before);
}

/* Item: a group of images, whose kernel gradients are summed. */
static void backward_kernel(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    const struct mcd_unfold *u = &j->u;
    const blasint plane = (blasint)(u->oh * u->ow), ld = (blasint)(u->c * u->kh * u->kw);
    float *unfolded = scratch_of(j, worker);
    int64_t image = first * j->group, end = (first + count) * j->group;
    int before = mcd_single_enter();
    for (end = end < j->images ? end : j->images; image < end; image++) {
        mcd_unfold(u, unfolded, j->x + image * u->c * u->h * u->w);
        for (int64_t i = 0; i < u->products; i++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)u->o, (blasint)u->depth,
                        plane, 1.0f, j->dy + image * u->o * plane, plane,
                        unfolded + mcd_unfold_offset(u, i), (blasint)u->line,
                        image % j->group ? 1.0f : 0.0f,
                        j->sorted + image / j->group * kernel_size(u) + i * u->depth, ld);
    }
    mcd_single_leave(before);
}

/* The three tensors of a convolution, wherever the op has them. */
struct parts {
    const struct mcd_tensor *x, *kernel, *y;
};

static struct parts parts_of(const struct mcd_step *step)
{
    const struct mcd_tensor *in = step->in;
    switch (step->op) {
    case MCD_OP_CONV2D:
        return (struct parts){&in[0], &in[1], &step->out};
    case MCD_OP_CONV2D_DX:
        return (struct parts){&in[2], &in[1], &in[0]};
    default:
        return (struct parts){&in[1], &in[2], &in[0]};
    }
}

static struct mcd_unfold plan_of(const struct mcd_step *step)
{
    struct parts p = parts_of(step);
    return mcd_unfold_plan(&step->attr.u.conv, &p.x->shape, &p.kernel->shape, &p.y->shape);
}

static int64_t sorted_size(const struct mcd_step *step, const struct mcd_unfold *u)
{
    return aligned(kernel_size(u) * (step->op == MCD_OP_CONV2D_DW ? GROUPS : 1));
}

static struct job job_of(const struct mcd_step *step)
{
    struct parts p = parts_of(step);
    struct job j = {.u = plan_of(step), .out = mcd_floats(&step->out)};
    j.images = mcd_rows(p.y);
    j.group = (j.images + GROUPS - 1) / GROUPS;
    j.sorted = mcd_floats(&step->workspace);
    j.scratch = j.sorted + sorted_size(step, &j.u);
    return j;
}

static int conv2d(void *state, const struct mcd_step *step, const struct mcd_run *run,
                  struct mcd_error *error)
{
    struct job j = job_of(step);
    (void)run, (void)error;
    j.x = mcd_floats(&step->in[0]);
    j.bias = step->nin > 2 ? mcd_floats(&step->in[2]) : NULL;
    mcd_kernel_sort(&j.u, j.sorted, mcd_floats(&step->in[1]));
    mcd_cpu_split(state, j.images, 1, forward, &j);
    return MCD_OK;
}

static int conv2d_dx(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    struct job j = job_of(step);
    (void)run, (void)error;
    j.dy = mcd_floats(&step->in[0]);
    mcd_kernel_sort(&j.u, j.sorted, mcd_floats(&step->in[1]));
    mcd_cpu_split(state, j.images, 1, backward_x, &j);
    return MCD_OK;
}

static int conv2d_dw(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    struct job j = job_of(step);
    (void)run, (void)error;
    j.dy = mcd_floats(&step->in[0]);
    j.x = mcd_floats(&step->in[1]);
    int64_t groups = (j.images + j.group - 1) / j.group, size = kernel_size(&j.u);
    mcd_cpu_split(state, groups, 1, backward_kernel, &j);
    mcd_cpu_add_parts(state, j.sorted, j.sorted + size, groups - 1, size);
    mcd_kernel_unsort(&j.u, j.out, j.sorted);
    return MCD_OK;
}

void mcd_openblas_conv2d(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel)
{
    struct mcd_unfold u = plan_of(step);
    int64_t scratch = aligned(u.depth * u.line) * cpu->host->workers;
    mcd_kernel_run run = step->op == MCD_OP_CONV2D      ? conv2d
                         : step->op == MCD_OP_CONV2D_DX ? conv2d_dx
                                                        : conv2d_dw;
    *kernel = (struct mcd_kernel){
        .run = run,
        .state = cpu,
        .workspace = (size_t)(sorted_size(step, &u) + scratch) * sizeof(float),
    };
}
