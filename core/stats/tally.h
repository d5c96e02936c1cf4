/*
 * Tallies: what the scores of a regression need of the passes when they are gone.
 *
 * The predictive distribution of an answer is the mean over passes of Gaussians around the passes'
 * values f, with the standard deviation of the noise (0 where none is known). A tally is of one
 * output of one row in one batch of passes: consecutive ones are added, neighbouring ranges joined
 * in the tree of core/stats/moments, so that its bits, too, do not depend on how passes are cut.
 *
 * Densities are summed relative to the largest, as logarithms would cancel or underflow. E|Y - Y'|
 * over two passes is estimated from pairs: the last pass of a group with the first of the batch's
 * next group. Groups are independent, so each pair is unbiased; all T^2 pairs would need all passes
 * at hand, and had 0.6 of the variance.
 */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

/* All doubles: they lie in the values of a leaf. Initialise with {0}. */
struct mcd_tally {
    double passes;
    double mean, m2;      /* of f */
    double peak, density; /* largest of -(f - answer)^2 / (2 noise^2); sum of exp(... - peak) */
    double below;         /* sum of P(Y <= answer) */
    double distance;      /* sum of E|Y - answer| */
    double first, last;   /* f of the first and the last pass */
    double pairs, spread; /* pairs of passes; sum of E|Y - Y'| over them */
};

enum { MCD_TALLY = sizeof(struct mcd_tally) / sizeof(double) };

/*
 * E|x| of a normal x with this mean and sd: Grimit et al. 2006, The continuous ranked probability
 * score for circular variables, its A(mean, sd^2).
 */
double mcd_mean_distance(double mean, double sd);

/* One more pass; `starts` 1: the first of its group that is seen. */
void mcd_tally_add(struct mcd_tally *t, double f, double answer, double noise, int starts);

/*
 * One more pass that is a Gaussian with an sd of its own: its density counts by 1 / sd, so that the
 * `noise` of the sum is 1. Pairs are the caller's.
 */
void mcd_tally_add_gaussian(struct mcd_tally *t, double mean, double sd, double answer);

/* The passes of `right`, of the same batch or of another, into `left`, without a pair between. */
void mcd_tally_pool(struct mcd_tally *left, const struct mcd_tally *right);

/* The passes that follow in the same batch: the last of `left` makes a pair with the first. */
void mcd_tally_merge(struct mcd_tally *left, const struct mcd_tally *right, double noise);

#endif
