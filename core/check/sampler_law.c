/*
 * law: how often each unit is dropped. Of every group one pass is picked at random, so that the
 * counts are binomial whatever the passes of a group have to do with each other.
 */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"
#include "core/check/binomial.h"

#include <math.h>
#include <stdio.h>

enum { BINS = 16, SITE = 3, NOISE_SITE = 5 };

/* Wide enough for sums of squares, which are skewed, of 5000 passes and more. */
static const double STANDARD_ERRORS = 7;

struct tally {
    uint64_t n, unit[MCD_ASKED_UNITS];
    uint64_t turns;      /* drops of one unit a pass, each unit's turn after the other's */
    double sum, squares; /* of a linear model's deviations from its mean */
};

/* What weight times input is for a unit of the linear model. */
static double term(uint32_t unit)
{
    return 0.5 + cos(unit);
}

static void add(struct tally *t, const struct mcd_asked *bits, double p)
{
    double y = 0;
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++) {
        uint32_t dropped = mcd_asked_bit(bits, unit);
        t->unit[unit] += dropped;
        if (p < 1)
            y += term(unit) * (dropped ? -1 : p / (1 - p));
    }
    t->turns += mcd_asked_bit(bits, (uint32_t)(t->n++ % MCD_ASKED_UNITS));
    t->sum += y;
    t->squares += y * y;
}

static int judge_count(struct mcd_checking *c, const char *where, uint64_t k, uint64_t n, double p)
{
    char expected[120];
    double tail = mcd_binomial_tail(k, n, p);
    mcd_check_looked(c, 1);
    if (tail >= MCD_FALSE_ALARM)
        return 0;
    snprintf(expected, sizeof expected, "a share of %g", p);
    return mcd_check_fail(c, where, expected, "%llu of %llu, %.6g (chance: %.2g)",
                          (unsigned long long)k, (unsigned long long)n, (double)k / (double)n,
                          tail);
}

static int judge_moment(struct mcd_checking *c, double p, const char *what, double seen,
                        double expected, double error)
{
    char where[80], right[80];
    mcd_check_looked(c, 1);
    if (fabs(seen - expected) <= STANDARD_ERRORS * error)
        return 0;
    snprintf(where, sizeof where, "p = %g, a linear model's outputs", p);
    snprintf(right, sizeof right, "%s %.6g", what, expected);
    return mcd_check_fail(c, where, right, "%.6g, %.1f standard errors from it", seen,
                          fabs(seen - expected) / error);
}

/* Mean sum w x and variance sum w^2 x^2 p / (1 - p), and how exactly n passes tell them. */
static int judge_linear(struct mcd_checking *c, double p, const struct tally *t)
{
    double n = (double)t->n, q = 1 - p, mean = 0, variance = 0, fourth = 0;
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++) {
        double square = term(unit) * term(unit);
        mean += term(unit);
        variance += square * p / q;
        fourth += square * square * p * (1 - 6 * p * q) / (q * q * q); /* cumulants add up */
    }
    if (judge_moment(c, p, "of mean sum w x =", mean + t->sum / n, mean, sqrt(variance / n)))
        return -1;
    return judge_moment(c, p, "of variance sum w^2 x^2 p / (1 - p) =", t->squares / n, variance,
                        sqrt((2 * variance * variance + fourth) / n));
}

static int judge_tally(struct mcd_checking *c, double p, const struct tally *t)
{
    char where[80];
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++) {
        snprintf(where, sizeof where, "p = %g, unit %u, one pass of each group", p, unit);
        if (judge_count(c, where, t->unit[unit], t->n, p))
            return -1;
    }
    snprintf(where, sizeof where, "p = %g, all units, one pass of each group", p);
    if (judge_count(c, where, t->turns, t->n, p))
        return -1;
    return p > 0 && p < 1 ? judge_linear(c, p, t) : 0;
}

static int bernoulli(const struct mcd_asking *a, double p, uint64_t n)
{
    struct mcd_site site = mcd_asking_site(SITE, p);
    struct tally t = {0};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_asked bits;
        if (mcd_asking_bits(a, &site, a->check->seed, mcd_asking_pass(a, g, (uint32_t)g), g % 5,
                            &bits))
            return -1;
        add(&t, &bits, p);
    }
    return judge_tally(a->check, p, &t);
}

/* The number of a unit as the share of its law that lies below it. */
static double share_below(const struct mcd_site *site, uint64_t seed, const struct mcd_draw *d,
                          uint64_t row, uint32_t unit)
{
    struct mcd_address address = {seed, d->stream, MCD_DOMAIN_PREDICT, site->id,
                                  d->shared ? 0 : (uint32_t)row};
    struct mcd_words words = mcd_noise_words(&address, unit / 4);
    double u = mcd_uniform(words.w[unit % 4]), z[4];
    if (site->law == MCD_GAUSSIAN) {
        mcd_normal(&words, z);
        u = erfc(-z[unit % 4] / sqrt(2)) / 2;
    }
    return d->flip ? 1 - u : u;
}

/* Numbers of another law, if the sampler serves it. */
static int noise(const struct mcd_asking *a, uint32_t law, uint64_t n)
{
    static const char *const names[] = {"", "Gaussian", "uniform"};
    struct mcd_site site = {sizeof site, NOISE_SITE, law, MCD_ASKED_UNITS, 0.3};
    uint64_t bin[BINS] = {0};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_draw d = {0};
        uint64_t pass = mcd_asking_pass(a, g, (uint32_t)g);
        if (a->api->draw(a->self, &site, a->check->seed, pass, &d, NULL))
            return 0;
        double u = share_below(&site, a->check->seed, &d, g % 5, (uint32_t)(g % MCD_ASKED_UNITS));
        bin[(int)fmin(BINS - 1, u * BINS)]++;
    }
    for (int i = 0; i < BINS; i++) {
        char where[80];
        snprintf(where, sizeof where, "%s site, numbers between its quantiles %g and %g",
                 names[law], (double)i / BINS, (i + 1.0) / BINS);
        if (judge_count(a->check, where, bin[i], n, 1.0 / BINS))
            return -1;
    }
    return 0;
}

void mcd_sampler_check_law(struct mcd_checking *c)
{
    static const double p[] = {0, 1, 0.5, 0.1, 0.2, 0.8};
    uint64_t n = c->quick ? 5000 : 200000;
    struct mcd_asking a;
    if (mcd_asking_open(c, 1, &a))
        return;
    int failed = 0;
    for (size_t i = 0; i < sizeof p / sizeof *p && !failed; i++)
        failed = bernoulli(&a, p[i], p[i] > 0 && p[i] < 1 ? n : n / 100);
    for (uint32_t law = MCD_GAUSSIAN; law <= MCD_UNIFORM && a.api->draw && !failed; law++)
        failed = noise(&a, law, n);
    mcd_asking_close(&a);
}
