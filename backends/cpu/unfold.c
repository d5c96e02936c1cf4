/* Unfolding images, folding gradients, sorting kernels: see unfold.h. */
#include "unfold.h"
#include "clones.h"

#include <string.h>

enum { THIN = 64 /* a product of fewer terms than this is slow */ };

struct mcd_unfold mcd_unfold_plan(const struct mcd_attr_conv *conv, const struct mcd_shape *x,
                                  const struct mcd_shape *kernel, const struct mcd_shape *y)
{
    struct mcd_unfold u = {
        .conv = *conv,
        .c = x->dim[0],
        .h = x->dim[1],
        .w = x->dim[2],
        .o = kernel->dim[0],
        .kh = kernel->dim[2],
        .kw = kernel->dim[3],
        .oh = y->dim[1],
        .ow = y->dim[2],
    };
    u.full = u.c * u.kw < THIN && u.kh > 1;
    u.depth = u.c * u.kw * (u.full ? u.kh : 1);
    u.products = u.full ? 1 : u.kh;
    u.phases = u.full ? 1 : conv->stride[0];
    u.rows = u.full ? u.oh : u.oh + conv->dilation[0] * (u.kh - 1) / conv->stride[0];
    u.line = u.phases * u.rows * u.ow;
    return u;
}

int64_t mcd_unfold_offset(const struct mcd_unfold *u, int64_t i)
{
    int64_t row = i * u->conv.dilation[0];
    return u->full ? 0 : (row % u->phases * u->rows + row / u->phases) * u->ow;
}

/* Output columns whose tap in kernel column kx lies in the image: *first .. *last - 1. */
static void inside(const struct mcd_unfold *u, int64_t kx, int64_t *first, int64_t *last)
{
    int64_t stride = u->conv.stride[1], shift = kx * u->conv.dilation[1] - u->conv.pad[1];
    *first = shift < 0 ? (-shift + stride - 1) / stride : 0;
    *last = shift < u->w ? (u->w - 1 - shift) / stride + 1 : 0;
    *last = *last < u->ow ? *last : u->ow;
    *first = *first < *last ? *first : *last;
}

/*
 * A run of unfolded rows, for one channel and kernel column, whose image rows lie at equal
 * distances. A line has a run for each phase, or, where it is full, one.
 */
struct run {
    int64_t kx;
    int64_t row; /* of the image, of the run's first row; perhaps outside */
    int64_t channel;
    int64_t offset; /* where it starts in the unfolded image */
};

static int64_t count_runs(const struct mcd_unfold *u)
{
    return u->depth * u->phases;
}

static struct run run_at(const struct mcd_unfold *u, int64_t i)
{
    int64_t phase = i % u->phases, line = i / u->phases;
    int64_t kx = line % u->kw, c = line / u->kw % u->c, ky = line / u->kw / u->c;
    return (struct run){.kx = kx,
                        .row = ky * u->conv.dilation[0] + phase - u->conv.pad[0],
                        .channel = c,
                        .offset = i * u->rows * u->ow};
}

/* Sets what lies outside the image to zero in rows first .. last - 1 of a run. */
static void clear_sides(const struct mcd_unfold *u, float *rows, int64_t first, int64_t last,
                        int64_t left, int64_t right)
{
    for (int64_t r = first; r < last; r++) {
        for (int64_t i = 0; i < left; i++)
            rows[r * u->ow + i] = 0;
        for (int64_t i = right; i < u->ow; i++)
            rows[r * u->ow + i] = 0;
    }
}

/* Rows first .. last - 1 of a run lie in the image. */
static void rows_inside(const struct mcd_unfold *u, const struct run *run, int64_t *first,
                        int64_t *last)
{
    int64_t step = u->conv.stride[0];
    *first = run->row < 0 ? (-run->row + step - 1) / step : 0;
    *last = run->row < u->h ? (u->h - 1 - run->row) / step + 1 : 0;
    *last = *last < u->rows ? *last : u->rows;
    *first = *first < *last ? *first : *last;
}

/*
 * Whether the rows of a run follow each other in the image as they do when unfolded. Then they are
 * one piece of memory, but for what the sides of the image wrap around.
 */
static int in_one_piece(const struct mcd_unfold *u)
{
    return u->conv.stride[0] == 1 && u->conv.stride[1] == 1 && u->ow == u->w;
}

static void unfold_run(const struct mcd_unfold *u, const struct run *run, float *to,
                       const float *plane)
{
    const int64_t stride = u->conv.stride[1],
                  shift = run->kx * u->conv.dilation[1] - u->conv.pad[1];
    int64_t top, bottom, left, right;
    rows_inside(u, run, &top, &bottom);
    inside(u, run->kx, &left, &right);
    memset(to, 0, (size_t)(top * u->ow) * sizeof *to);
    memset(to + bottom * u->ow, 0, (size_t)((u->rows - bottom) * u->ow) * sizeof *to);
    if (in_one_piece(u) && left < right && top < bottom) {
        int64_t begin = top * u->ow + left, end = (bottom - 1) * u->ow + right;
        memcpy(to + begin, plane + run->row * u->w + shift + begin,
               (size_t)(end - begin) * sizeof *to);
    }
    clear_sides(u, to, top, bottom, left, right);
    for (int64_t r = top; r < bottom && !in_one_piece(u); r++) {
        const float *from = plane + (run->row + r * u->conv.stride[0]) * u->w + shift;
        for (int64_t i = left; i < right; i++)
            to[r * u->ow + i] = from[i * stride];
    }
}

static MCD_CLONES void fold_add(float *restrict to, const float *restrict from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void fold_run(const struct mcd_unfold *u, const struct run *run, float *plane, float *from)
{
    const int64_t stride = u->conv.stride[1],
                  shift = run->kx * u->conv.dilation[1] - u->conv.pad[1];
    int64_t top, bottom, left, right;
    rows_inside(u, run, &top, &bottom);
    inside(u, run->kx, &left, &right);
    if (left == right || top == bottom)
        return;
    if (in_one_piece(u)) {
        int64_t begin = top * u->ow + left, end = (bottom - 1) * u->ow + right;
        clear_sides(u, from, top, bottom, left, right);
        fold_add(plane + run->row * u->w + shift + begin, from + begin, end - begin);
        return;
    }
    for (int64_t r = top; r < bottom; r++) {
        float *to = plane + (run->row + r * u->conv.stride[0]) * u->w + shift;
        for (int64_t i = left; i < right; i++)
            to[i * stride] += from[r * u->ow + i];
    }
}

void mcd_unfold(const struct mcd_unfold *u, float *unfolded, const float *x, const int32_t *planes)
{
    for (int64_t i = 0; i < count_runs(u); i++) {
        struct run run = run_at(u, i);
        unfold_run(u, &run, unfolded + run.offset, x + planes[run.channel] * u->h * u->w);
    }
}

void mcd_fold(const struct mcd_unfold *u, float *dx, float *unfolded)
{
    for (int64_t i = 0; i < count_runs(u); i++) {
        struct run run = run_at(u, i);
        fold_run(u, &run, dx + run.channel * u->h * u->w, unfolded + run.offset);
    }
}

/* Four lines at a time, which make one short vector of each column. */
static MCD_CLONES void transpose_lines(float *restrict to, const float *restrict from,
                                       int64_t lines, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 <= lines; i += 4)
        for (int64_t k = 0; k < n; k++)
            for (int64_t l = 0; l < 4; l++)
                to[k * lines + i + l] = from[(i + l) * n + k];
    for (; i < lines; i++)
        for (int64_t k = 0; k < n; k++)
            to[k * lines + i] = from[i * n + k];
}

void mcd_unfold_transpose(const struct mcd_unfold *u, float *to, const float *unfolded)
{
    transpose_lines(to, unfolded, u->depth, u->line);
}

/* Copies between [o][c][ky][kx] and [o][ky][c][kx]: `to` is the one with a outside b. */
static void swap_middle(float *to, const float *from, int64_t o, int64_t a, int64_t b, int64_t kx)
{
    for (int64_t k = 0; k < o; k++)
        for (int64_t i = 0; i < a; i++)
            for (int64_t j = 0; j < b; j++, to += kx)
                memcpy(to, from + ((k * b + j) * a + i) * kx, (size_t)kx * sizeof *to);
}

void mcd_kernel_sort(const struct mcd_unfold *u, float *sorted, const float *kernel)
{
    swap_middle(sorted, kernel, u->o, u->kh, u->c, u->kw);
}

void mcd_kernel_unsort(const struct mcd_unfold *u, float *kernel, const float *sorted)
{
    swap_middle(kernel, sorted, u->o, u->c, u->kh, u->kw);
}
