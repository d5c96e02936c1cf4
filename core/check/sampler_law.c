/*
 * law: how often each unit is dropped. Of every group one pass is picked at random, so that the
 * counts are binomial whatever the passes of a group have to do with each other. What is off is
 * looked at again, to say in which passes, rows and sites it is.
 */
#include "core/check/sampler_checks.h"

#include "core/check/binomial.h"
#include "core/check/suspects.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BINS = 16 };

/* Wide enough for sums of squares, which are skewed, of 5000 passes and more. */
static const double STANDARD_ERRORS = 7;

/* What a pass is asked for: a unit that is dropped, a linear model's output, a number's place. */
enum measure { UNIT, TURNS, OUTPUT, SQUARE, BIN };

/* A mean over n passes that is not what it should be. */
struct finding {
    enum measure measure;
    uint32_t which;                /* unit, or bin */
    double p, expected, deviation; /* of one pass's value */
    char where[100], demand[100], seen[120];
};

struct tally {
    uint64_t n, unit[MCD_ASKED_UNITS];
    uint64_t turns;      /* drops of one unit a pass, each unit's turn after the other's */
    double sum, squares; /* of a linear model's deviations from its mean */
};

static int report(const struct mcd_asking *a, const struct finding *f, const struct mcd_suspects *s)
{
    char suspects[300];
    mcd_suspects_tell(s, suspects, sizeof suspects);
    return mcd_check_fail(a->check, f->where, f->demand, "%s%s", f->seen, suspects);
}

/* ---- what is measured ----------------------------------------------------------------------- */

/* What weight times input is for a unit of the linear model. */
static double term(uint32_t unit)
{
    return 0.5 + cos(unit);
}

/* The linear model's deviation from its mean, which it has only for p < 1. */
static double output(const struct mcd_asked *bits, double p)
{
    double y = 0;
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS && p < 1; unit++)
        y += term(unit) * (mcd_asked_bit(bits, unit) ? -1 : p / (1 - p));
    return y;
}

static void add(struct tally *t, const struct mcd_asked *bits, double p)
{
    double y = output(bits, p);
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++)
        t->unit[unit] += mcd_asked_bit(bits, unit);
    t->turns += mcd_asked_bit(bits, (uint32_t)(t->n++ % MCD_ASKED_UNITS));
    t->sum += y;
    t->squares += y * y;
}

/* The value of pass number g for what was found. */
static double value_of(const struct finding *f, const struct mcd_asked *bits, uint64_t g)
{
    double y;
    switch (f->measure) {
    case UNIT:
        return mcd_asked_bit(bits, f->which);
    case TURNS:
        return mcd_asked_bit(bits, (uint32_t)(g % MCD_ASKED_UNITS));
    case OUTPUT:
        return f->expected + output(bits, f->p);
    default:
        y = output(bits, f->p);
        return y * y;
    }
}

/* ---- what is wrong with it: 1 where something is -------------------------------------------- */

static int judge_count(struct mcd_checking *c, uint64_t k, uint64_t n, double p, struct finding *f)
{
    double tail = mcd_binomial_tail(k, n, p);
    mcd_check_looked(c, 1);
    if (tail >= MCD_FALSE_ALARM)
        return 0;
    f->expected = p;
    f->deviation = sqrt(p * (1 - p));
    snprintf(f->demand, sizeof f->demand, "a share of %g", p);
    snprintf(f->seen, sizeof f->seen, "%llu of %llu, %.6g (chance: %.2g)", (unsigned long long)k,
             (unsigned long long)n, (double)k / (double)n, tail);
    return 1;
}

static int judge_units(struct mcd_checking *c, const struct tally *t, struct finding *f)
{
    uint32_t off = 0;
    struct finding other = {0};
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++)
        if (judge_count(c, t->unit[unit], t->n, f->p, off ? &other : f) && !off++)
            f->which = unit;
    if (!off)
        return 0;
    f->measure = UNIT;
    snprintf(f->where, sizeof f->where, "p = %g, unit %u%s, one pass of each group", f->p, f->which,
             off > 1 ? " and others" : "");
    if (off > 1)
        snprintf(f->seen + strlen(f->seen), sizeof f->seen - strlen(f->seen),
                 "; %u of %u units are off", off, MCD_ASKED_UNITS);
    return 1;
}

static int judge_turns(struct mcd_checking *c, const struct tally *t, struct finding *f)
{
    if (!judge_count(c, t->turns, t->n, f->p, f))
        return 0;
    f->measure = TURNS;
    snprintf(f->where, sizeof f->where, "p = %g, all units, one pass of each group", f->p);
    return 1;
}

static int judge_moment(struct mcd_checking *c, const char *what, double seen, double expected,
                        double error, struct finding *f)
{
    mcd_check_looked(c, 1);
    if (fabs(seen - expected) <= STANDARD_ERRORS * error)
        return 0;
    snprintf(f->where, sizeof f->where, "p = %g, a linear model's outputs", f->p);
    snprintf(f->demand, sizeof f->demand, "%s %.6g", what, expected);
    snprintf(f->seen, sizeof f->seen, "%.6g, %.1f standard errors from it", seen,
             fabs(seen - expected) / error);
    return 1;
}

/* Mean sum w x and variance sum w^2 x^2 p / (1 - p), and how exactly n passes tell them. */
static int judge_linear(struct mcd_checking *c, const struct tally *t, struct finding *f)
{
    double p = f->p, n = (double)t->n, q = 1 - p, mean = 0, variance = 0, fourth = 0;
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++) {
        double square = term(unit) * term(unit);
        mean += term(unit);
        variance += square * p / q;
        fourth += square * square * p * (1 - 6 * p * q) / (q * q * q); /* cumulants add up */
    }
    f->measure = OUTPUT;
    f->expected = mean;
    f->deviation = sqrt(variance);
    if (judge_moment(c, "of mean sum w x =", mean + t->sum / n, mean, sqrt(variance / n), f))
        return 1;
    f->measure = SQUARE;
    f->expected = variance;
    f->deviation = sqrt(2 * variance * variance + fourth);
    return judge_moment(c, "of variance sum w^2 x^2 p / (1 - p) =", t->squares / n, variance,
                        f->deviation / sqrt(n), f);
}

/* ---- Bernoulli sites ------------------------------------------------------------------------ */

static int ask(const struct mcd_asking *a, const struct mcd_look *look, double p,
               struct mcd_asked *bits)
{
    struct mcd_site site = mcd_asking_site(look->site, p);
    return mcd_asking_bits(a, &site, a->check->seed, look->pass, look->row, bits);
}

/* The same passes again. */
static int blame(const struct mcd_asking *a, uint64_t n, const struct finding *f)
{
    struct mcd_suspects s = {a, f->expected, f->deviation, {{{0}}}};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_look look = mcd_suspects_look(a, g);
        struct mcd_asked bits;
        if (ask(a, &look, f->p, &bits))
            return -1;
        mcd_suspects_add(&s, &look, value_of(f, &bits, g));
    }
    return report(a, f, &s);
}

static int bernoulli(const struct mcd_asking *a, double p, uint64_t n)
{
    struct tally t = {0};
    struct finding f = {.p = p};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_look look = mcd_suspects_look(a, g);
        struct mcd_asked bits;
        if (ask(a, &look, p, &bits))
            return -1;
        add(&t, &bits, p);
    }
    int varies = p > 0 && p < 1;
    if (judge_units(a->check, &t, &f) || judge_turns(a->check, &t, &f) ||
        (varies && judge_linear(a->check, &t, &f)))
        return blame(a, n, &f);
    return 0;
}

/* ---- sites of other laws -------------------------------------------------------------------- */

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

/* In which of BINS equal parts of its law a number is; -1 if the sampler does not serve it. */
static int bin_of(const struct mcd_asking *a, uint32_t law, const struct mcd_look *look, uint64_t g)
{
    struct mcd_site site = {sizeof site, look->site, law, MCD_ASKED_UNITS, 0.3};
    struct mcd_draw d = {0};
    if (a->api->draw(a->self, &site, a->check->seed, look->pass, &d, NULL))
        return -1;
    double u = share_below(&site, a->check->seed, &d, look->row, (uint32_t)(g % MCD_ASKED_UNITS));
    return (int)fmin(BINS - 1, u * BINS);
}

static int blame_bin(const struct mcd_asking *a, uint32_t law, uint64_t n, const struct finding *f)
{
    struct mcd_suspects s = {a, f->expected, f->deviation, {{{0}}}};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_look look = mcd_suspects_look(a, g);
        mcd_suspects_add(&s, &look, bin_of(a, law, &look, g) == (int)f->which);
    }
    return report(a, f, &s);
}

static int noise(const struct mcd_asking *a, uint32_t law, uint64_t n)
{
    static const char *const names[] = {"", "Gaussian", "uniform"};
    uint64_t bin[BINS] = {0};
    for (uint64_t g = 0; g < n; g++) {
        struct mcd_look look = mcd_suspects_look(a, g);
        int i = bin_of(a, law, &look, g);
        if (i < 0)
            return 0;
        bin[i]++;
    }
    for (uint32_t i = 0; i < BINS; i++) {
        struct finding f = {.measure = BIN, .which = i};
        if (!judge_count(a->check, bin[i], n, 1.0 / BINS, &f))
            continue;
        snprintf(f.where, sizeof f.where, "%s site, numbers between its quantiles %g and %g",
                 names[law], (double)i / BINS, (i + 1.0) / BINS);
        return blame_bin(a, law, n, &f);
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
