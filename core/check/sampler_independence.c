/*
 * independence: how often two units are dropped together, at places that a wrong address would
 * tie together: neighbours, other words, sites and rows that agree in their low bits.
 */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"
#include "core/check/binomial.h"

#include <stdio.h>

static const double P = 0.3;

/* A unit of one pass. */
struct spot {
    uint32_t site, unit;
    uint64_t row, seed; /* seed: beyond the check's own */
};

static const struct spot here = {2, 5, 7, 0};

struct rival {
    const char *what;
    struct spot at;
    int by_row; /* 1: the same unit again where rows share their masks */
};

static const struct rival rivals[] = {
    {"units 5 and 6", {2, 6, 7, 0}, 0},
    {"units 5 and 37", {2, 37, 7, 0}, 0},
    {"units 5 and 133", {2, 133, 7, 0}, 0},
    {"unit 5 of sites 2 and 3", {3, 5, 7, 0}, 0},
    {"unit 5 of sites 2 and 258", {258, 5, 7, 0}, 0},
    {"unit 5 of rows 7 and 8", {2, 5, 8, 0}, 1},
    {"unit 5 of rows 7 and 263", {2, 5, 263, 0}, 1},
    {"unit 5 of rows 7 and 65543", {2, 5, 65543, 0}, 1},
    {"unit 5 with seeds s and s + 1", {2, 5, 7, 1}, 0},
    {"unit 5 with seeds s and s + 2^32", {2, 5, 7, 1ull << 32}, 0},
};

static int ask(const struct mcd_asking *a, const struct spot *s, uint64_t pass, uint32_t *dropped)
{
    struct mcd_site site = mcd_asking_site(s->site, P);
    struct mcd_asked bits;
    if (mcd_asking_bits(a, &site, a->check->seed + s->seed, pass, s->row, &bits))
        return -1;
    *dropped = mcd_asked_bit(&bits, s->unit);
    return 0;
}

static int judge(const struct mcd_asking *a, const struct rival *r)
{
    uint64_t n = a->check->quick ? 500 : 5000, together = 0;
    for (uint64_t g = 0; g < n; g++) {
        uint64_t pass = mcd_asking_pass(a, g, (uint32_t)g);
        uint32_t first, second;
        if (ask(a, &here, pass, &first) || ask(a, &r->at, pass, &second))
            return -1;
        together += first & second;
    }
    mcd_check_looked(a->check, n);
    double tail = mcd_binomial_tail(together, n, P * P);
    char expected[120];
    if (tail >= MCD_FALSE_ALARM)
        return 0;
    snprintf(expected, sizeof expected, "with p = %g dropped together in %g of all passes", P,
             P * P);
    mcd_check_fail(a->check, r->what, expected, "together in %llu of %llu (chance: %.2g)",
                   (unsigned long long)together, (unsigned long long)n, tail);
    return -1;
}

void mcd_sampler_check_independence(struct mcd_checking *c)
{
    struct mcd_asking a;
    if (mcd_asking_open(c, 1, &a))
        return;
    int failed = 0;
    for (size_t i = 0; i < sizeof rivals / sizeof *rivals && !failed; i++)
        if (!(rivals[i].by_row && a.shares_rows))
            failed = judge(&a, &rivals[i]);
    mcd_asking_close(&a);
}
