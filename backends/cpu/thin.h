/*
 * Convolutions thinned: without the planes of an image that are zero, as dropped channels are, and
 * without those of a result that nobody looks at.
 */
#ifndef CPU_THIN_H
#define CPU_THIN_H

#include "unfold.h"

/* Which planes take part, in order. */
struct mcd_thin {
    int64_t c, o;     /* how many */
    int32_t *cs, *os; /* their numbers */
};

/* All planes of a convolution. */
void mcd_thin_none(const struct mcd_unfold *u, struct mcd_thin *t);

/*
 * Numbers of the planes, `size` elements each, that are not zero everywhere; returns how many.
 * Leaving out the others changes a sum of products only where they meet a NaN or an infinity.
 */
int64_t mcd_live_planes(const float *x, int64_t planes, int64_t size, int32_t *live);
int mcd_all_finite(const float *x, int64_t n);

/* Whether leaving out what a thinned convolution leaves out is worth gathering the rest. */
int mcd_thin_pays(const struct mcd_unfold *u, const struct mcd_thin *t);

/* The convolution of the planes that take part, unfolded from the whole image. */
struct mcd_unfold mcd_thin_plan(const struct mcd_unfold *u, const struct mcd_thin *t);

/* From sorted kernels those that take part, sorted, and back: there they are added. */
void mcd_thin_gather(const struct mcd_unfold *u, const struct mcd_thin *t, float *to,
                     const float *sorted);
void mcd_thin_scatter(const struct mcd_unfold *u, const struct mcd_thin *t, float *sorted,
                      const float *from);

/* Planes side by side from where they are; and, in place, back there with zeros between. */
void mcd_planes_gather(float *to, const float *from, const int32_t *which, int64_t n, int64_t size);
void mcd_planes_spread(float *planes, const int32_t *which, int64_t n, int64_t all, int64_t size);

#endif
