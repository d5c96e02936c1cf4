/*
 * Moments of passes: what is kept of a row's passes when they are gone, and in which order it is
 * summed. MCD_OP_CHANNELS, MCD_OP_MOMENTS and MCD_OP_SUMS (graph.h) compute it in a backend's
 * memory, the core where passes come to the host; both by these functions.
 *
 * A pass of a row has channels: its outputs, and in classification also the probabilities (softmax
 * of the outputs) and the entropy of these in nats. Kept of each channel are the mean and M2, the
 * sum of squared differences from the mean. Passes come in blocks, and two neighbouring ranges of
 * 2^l blocks each are joined where the first starts at a multiple of 2^(l + 1) blocks. Within a
 * block sums run over passes in ascending order. Beside this tree there are sums in fixed point
 * over MCD_BATCHES interleaved batches of passes, for the errors of what is not a mean.
 *
 * All in double precision. This header compiles for host (C, C++) and device (nvcc) alike.
 */
#ifndef MCDROP_MOMENTS_H
#define MCDROP_MOMENTS_H

#include <math.h>
#include <mcdrop/random.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MCD_BATCHES          16
#define MCD_PROBABILITY_UNIT (1.0 / 1099511627776.0) /* 2^-40 */
#define MCD_ENTROPY_UNIT     (1.0 / 68719476736.0)   /* 2^-36 nats */

/* The batch of a pass, counted over the whole prediction, in groups of `group` (sampler.h). */
MCD_INLINE uint32_t mcd_batch_of(uint64_t pass, uint32_t group)
{
    return (uint32_t)(pass / group % MCD_BATCHES);
}

/* x in units, to the nearest; 0 of NaN and of what no probability or entropy is. */
MCD_INLINE int64_t mcd_in_units(double x, double unit)
{
    return x > 0 && x < 1024 ? (int64_t)(x / unit + 0.5) : 0; /* quicker than llrint */
}

/* Index of the largest of n numbers; of equal ones the first. */
MCD_INLINE int64_t mcd_largest(const double *x, int64_t n)
{
    int64_t top = 0;
    for (int64_t k = 1; k < n; k++)
        if (x[k] > x[top])
            top = k;
    return top;
}

/*
 * Probabilities p of the logits x, which may not overlap, and, unless NULL, their entropy; returns
 * mcd_largest(x, n). With d = x - max x and S = sum exp d, the entropy is log S - sum p d: no term
 * is negative, so nothing cancels.
 */
MCD_INLINE int64_t mcd_probabilities(const double *x, int64_t n, double *p, double *entropy)
{
    int64_t top = mcd_largest(x, n);
    double sum = 0.0, spread = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum += p[k] = exp(x[k] - x[top]);
    for (int64_t k = 0; k < n; k++) {
        p[k] /= sum;
        spread -= p[k] * (x[k] - x[top]);
    }
    if (entropy)
        *entropy = spread + log(sum);
    return top;
}

/*
 * Mean and M2 of n numbers, n > 0, from sums of differences from the first: these are no further
 * from the mean than the spread, so that nothing cancels (Chan, Golub, LeVeque 1983, Algorithms for
 * computing the sample variance), and equal values have exactly this mean and no spread. The sums
 * start at 0 and take the second number and those that follow.
 */
MCD_INLINE void mcd_spread_add(double first, double x, double *sum, double *squares)
{
    double d = x - first;
    *sum += d;
    *squares += d * d;
}

MCD_INLINE double mcd_spread_mean(double first, double sum, double n)
{
    return first + sum / n;
}

MCD_INLINE double mcd_spread_m2(double sum, double squares, double n)
{
    double m2 = squares - sum * sum / n;
    return m2 > 0.0 ? m2 : 0.0; /* not fmax: what is not a number does not get here */
}

/*
 * Joins mean and M2 of `right`, nb numbers, into those of `left`, na numbers: share is
 * nb / (na + nb), weight na share. Chan, Golub, LeVeque 1979, Updating formulae and a pairwise
 * algorithm.
 */
MCD_INLINE void mcd_spread_join(double *mean, double *m2, double right_mean, double right_m2,
                                double share, double weight)
{
    double d = right_mean - *mean;
    *mean += d * share;
    *m2 += right_m2 + d * d * weight;
}

#ifdef __cplusplus
}
#endif
#endif
