/*
 * Monte-Carlo errors of what is not a mean: entropies, error counts, AUROC, and so on.
 *
 * The passes lie in 16 batches. A balanced half-sample takes the batches of one half by the signs
 * of a Hadamard matrix of order 16; its 15 rows beside the constant one, and their complements,
 * are 30 half-samples. A statistic is computed from all passes and from each half.
 *
 * Halves rather than leaving out one batch at a time: the delete-one jackknife is wrong for
 * statistics with steps (for error counts, ECE and AUROC of 200 synthetic rows it claimed twice the
 * true error), deleting a fixed share is right (Shao, Wu 1989, A general theory for jackknife
 * variance estimation). For a mean the balanced halves give exactly what deleting one batch gives
 * (McCarthy 1969, Pseudo-replication: half samples).
 */
#ifndef CORE_HALVES_H
#define CORE_HALVES_H

#include "core/stats/moments.h"

enum { MCD_HALVES = 30, MCD_HALF_PAIRS = MCD_HALVES / 2 };

/* Half i has the batches of the bits of mask[i]; halves 2 j and 2 j + 1 are complements. */
struct mcd_halves {
    uint64_t batch_passes[MCD_BATCHES];
    uint64_t passes[MCD_HALVES]; /* in each half */
    uint16_t mask[MCD_HALVES];
    double weight[MCD_HALF_PAIRS]; /* of each pair's estimate; all 0: none is right */
};

/*
 * Halves of `passes` passes from `first` on, in groups; batch = (pass / group) mod 16. Without two
 * whole groups there is no error.
 *
 * A group that the range cuts varies more than its passes should: see cut_variance in leaf.c. Let v
 * be what a pass adds to the variance V of a mean's sum in a whole group, and E what the cut group
 * adds beyond its passes, so that V = v n + E. Of a pair with n1 passes beside the cut group and
 * itself, and n2 on the other side, the estimate expects (v n + r E) / n^2 with r = n2 / n1: it is
 * right in v for any sizes, but overrates E where the cut group is nearly alone, by up to n / m for
 * its m passes. So pairs are weighed such that r is 1 on average: those above 1 by the same weight,
 * less than that of the others. The cut group takes a column of its own, the matrix's last, so that
 * there are such others. Whatever E is, the mean's variance is then estimated without bias. Where
 * all r are above 1 (15 whole groups and a cut one) or below on average (more), weights are equal,
 * and E counts for 0.89 to 1.2 times itself. Two cut groups of m passes share E by m (group - m),
 * as it is where any two passes of a group depend alike.
 */
void mcd_halves_init(struct mcd_halves *h, uint32_t group, uint64_t first, uint64_t passes);

/* Halves of batches with so many passes each, which vary as these. */
void mcd_halves_of(struct mcd_halves *h, const uint64_t batch_passes[MCD_BATCHES]);

/*
 * Standard error of a statistic with the value `whole` over all passes and half[i] over each half;
 * halves without passes or with a value that is not finite are left out, NaN if that is all.
 *
 * With n1 and n2 passes in a half and its complement, each pair gives two estimates of the
 * variance, a = ((t1 - t)^2 n1 / n2 + (t2 - t)^2 n2 / n1) / 2 and b = (t1 - t2)^2 n1 n2 / n^2. For
 * a mean they are equal. For a step at a place that is uniform against the noise s of the mean, the
 * variance is s / sqrt(pi) in the step's own unit, a expects sqrt(2) times that (E|N(0, s^2)|),
 * b half of that (the variance at n / 2 passes, halved): their mean is right to 6 %.
 *
 * A statistic that is the same in every half may differ in its last bits, because other rows made
 * up the same sum (so the coverage of an interval): an error below 64 roundings of the value is 0.
 * Single-precision samples that differ at all would need 10^13 passes for an error so small.
 */
double mcd_halves_error(const struct mcd_halves *h, double whole, const double *half);

#endif
