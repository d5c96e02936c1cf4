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

/* Copies rows of `u->ow` values from an image plane, zeros where it has none. */
static MCD_CLONES void copy_rows(const struct mcd_unfold *u, float *restrict to,
                                 const float *restrict plane, int64_t kx, int64_t row,
                                 int64_t row_step)
{
    const int64_t stride = u->conv.stride[1], shift = kx * u->conv.dilation[1] - u->conv.pad[1];
    int64_t first, last;
    inside(u, kx, &first, &last);
    for (int64_t r = 0; r < u->rows; r++, row += row_step, to += u->ow) {
        const float *from = plane + row * u->w + shift;
        int64_t begin = row < 0 || row >= u->h ? u->ow : first;
        for (int64_t i = 0; i < begin; i++)
            to[i] = 0;
        if (stride == 1)
            for (int64_t i = begin; i < last; i++)
                to[i] = from[i];
        else
            for (int64_t i = begin; i < last; i++)
                to[i] = from[i * stride];
        for (int64_t i = begin > last ? begin : last; i < u->ow; i++)
            to[i] = 0;
    }
}

/* The reverse of copy_rows: adds. */
static MCD_CLONES void add_rows(const struct mcd_unfold *u, float *restrict plane,
                                const float *restrict from, int64_t kx, int64_t row,
                                int64_t row_step)
{
    const int64_t stride = u->conv.stride[1], shift = kx * u->conv.dilation[1] - u->conv.pad[1];
    int64_t first, last;
    inside(u, kx, &first, &last);
    for (int64_t r = 0; r < u->rows; r++, row += row_step, from += u->ow) {
        float *to = plane + row * u->w + shift;
        if (row < 0 || row >= u->h)
            continue;
        if (stride == 1)
            for (int64_t i = first; i < last; i++)
                to[i] += from[i];
        else
            for (int64_t i = first; i < last; i++)
                to[i * stride] += from[i];
    }
}

/*
 * Calls for every run of unfolded rows that lie at equal distances in the image. A full line has a
 * run for its kernel row; otherwise a line has one for each phase.
 */
static void each_run(const struct mcd_unfold *u, float *unfolded, float *image, int fold)
{
    const struct mcd_attr_conv *a = &u->conv;
    int64_t copies = u->full ? u->kh : 1;
    for (int64_t ky = 0; ky < copies; ky++)
        for (int64_t c = 0; c < u->c; c++)
            for (int64_t kx = 0; kx < u->kw; kx++)
                for (int64_t phase = 0; phase < u->phases; phase++) {
                    float *plane = image + c * u->h * u->w;
                    int64_t row = ky * a->dilation[0] + phase - a->pad[0];
                    if (fold)
                        add_rows(u, plane, unfolded, kx, row, a->stride[0]);
                    else
                        copy_rows(u, unfolded, plane, kx, row, a->stride[0]);
                    unfolded += u->rows * u->ow;
                }
}

void mcd_unfold(const struct mcd_unfold *u, float *unfolded, const float *x)
{
    each_run(u, unfolded, (float *)x, 0);
}

void mcd_fold(const struct mcd_unfold *u, float *dx, const float *unfolded)
{
    each_run(u, (float *)unfolded, dx, 1);
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
