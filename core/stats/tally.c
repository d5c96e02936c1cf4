/* Tallies of passes by answer. */
#include "core/stats/tally.h"

#include <math.h>

double mcd_mean_distance(double mean, double sd)
{
    if (!(sd > 0))
        return fabs(mean);
    double z = mean / sd;
    return sd * (sqrt(2 / M_PI) * exp(-z * z / 2) + z * erf(z * M_SQRT1_2));
}

/* P(Y <= answer) of Y around f, at d = answer - f. */
static double probability_below(double d, double noise)
{
    if (noise > 0)
        return erfc(-d / noise * M_SQRT1_2) / 2;
    return d > 0 ? 1 : d < 0 ? 0 : 0.5;
}

static void add_density(struct mcd_tally *t, double peak, double density)
{
    if (density == 0)
        return;
    if (t->density == 0 || peak > t->peak) {
        t->density = density + (t->density > 0 ? t->density * exp(t->peak - peak) : 0);
        t->peak = peak;
    } else {
        t->density += density * exp(peak - t->peak);
    }
}

/* Moments of f, and what a Gaussian around it says of the answer. */
static void add_moments(struct mcd_tally *t, double f, double answer, double noise)
{
    double d = answer - f, from_mean = f - t->mean;
    t->passes++;
    t->mean += from_mean / t->passes;
    t->m2 += from_mean * (f - t->mean);
    t->below += probability_below(d, noise);
    t->distance += mcd_mean_distance(d, noise);
}

void mcd_tally_add(struct mcd_tally *t, double f, double answer, double noise, int starts)
{
    double d = answer - f;
    if (t->passes > 0 && starts) {
        t->pairs++;
        t->spread += mcd_mean_distance(f - t->last, M_SQRT2 * noise);
    }
    if (t->passes == 0)
        t->first = f;
    t->last = f;
    add_moments(t, f, answer, noise);
    if (noise > 0)
        add_density(t, -d * d / (2 * noise * noise), 1);
}

void mcd_tally_add_gaussian(struct mcd_tally *t, double mean, double sd, double answer)
{
    double z = (answer - mean) / sd;
    add_moments(t, mean, answer, sd);
    if (sd > 0)
        add_density(t, -z * z / 2, 1 / sd);
}

void mcd_tally_pool(struct mcd_tally *left, const struct mcd_tally *right)
{
    double n = left->passes + right->passes, d = right->mean - left->mean;
    if (right->passes == 0)
        return;
    if (left->passes == 0) {
        *left = *right;
        return;
    }
    left->mean += d * (right->passes / n);
    left->m2 += right->m2 + d * d * (left->passes * (right->passes / n));
    left->passes = n;
    add_density(left, right->peak, right->density);
    left->below += right->below;
    left->distance += right->distance;
    left->last = right->last;
    left->pairs += right->pairs;
    left->spread += right->spread;
}

void mcd_tally_merge(struct mcd_tally *left, const struct mcd_tally *right, double noise)
{
    if (left->passes > 0 && right->passes > 0) {
        left->pairs++;
        left->spread += mcd_mean_distance(right->first - left->last, M_SQRT2 * noise);
    }
    mcd_tally_pool(left, right);
}
