/*
 * A convolution as products of matrices, unfolded along the width alone.
 *
 * The unfolded image has a line for each (channel, kernel column): every padded image row that an
 * output needs, ow values of it, those that this kernel column meets. So kernel row ky finds its
 * operand, a matrix of (channels * kw) x (oh * ow), in the unfolded image, from
 * mcd_unfold_offset(ky) on and with the unfolded line as leading dimension: rows are sorted by
 * their number modulo the stride, which makes those that one kernel row meets neighbours. The sum
 * over ky of kernel row times operand is the output; unfolding costs a kh-th of what it would for
 * kernel rows and columns.
 *
 * Where the products would be thin (one channel), each kernel row gets a copy of its own (`full`),
 * and one product does all.
 */
#ifndef CPU_UNFOLD_H
#define CPU_UNFOLD_H

#include <mcdrop/graph.h>

struct mcd_unfold {
    struct mcd_attr_conv conv;
    int64_t c, h, w;      /* an image */
    int64_t o, kh, kw;    /* kernels, and their size */
    int64_t oh, ow;       /* a plane of the output */
    int64_t full;         /* 1: a copy for each kernel row */
    int64_t phases, rows; /* image rows: by number modulo the stride, and how many in each */
    int64_t depth;        /* terms of one product: c * kw, times kh if full */
    int64_t products;     /* kh, or 1 if full */
    int64_t line;         /* elements of a line of the unfolded image, which has `depth` lines */
};

/* x [c, h, w], kernel [o, c, kh, kw], y [o, oh, ow] */
struct mcd_unfold mcd_unfold_plan(const struct mcd_attr_conv *conv, const struct mcd_shape *x,
                                  const struct mcd_shape *kernel, const struct mcd_shape *y);

/* Where the operand of product i starts in the unfolded image. */
int64_t mcd_unfold_offset(const struct mcd_unfold *u, int64_t i);

/*
 * Unfolds c planes of an image, those of the numbers given; adds an unfolded gradient, which is
 * lost, up into dx, an image of zeros.
 */
void mcd_unfold(const struct mcd_unfold *u, float *unfolded, const float *x, const int32_t *planes);
void mcd_fold(const struct mcd_unfold *u, float *dx, float *unfolded);

/* An unfolded image with lines and columns exchanged. */
void mcd_unfold_transpose(const struct mcd_unfold *u, float *to, const float *unfolded);

/*
 * Kernels sorted for the products, [o][ky][c][kx]: product i has its o x depth factor from
 * i * depth on, with leading dimension c * kh * kw. And back.
 */
void mcd_kernel_sort(const struct mcd_unfold *u, float *sorted, const float *kernel);
void mcd_kernel_unsort(const struct mcd_unfold *u, float *kernel, const float *sorted);

#endif
