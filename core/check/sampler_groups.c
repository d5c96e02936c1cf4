/*
 * groups: that their size is what it should be, and that one says nothing of another. Passes of
 * a group may depend on each other in any way, so groups are compared as wholes.
 */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"
#include "core/check/binomial.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEAST_VOTES = 36, MOST_VOTES = 1000, SITE = 1 };

/* How often each unit is dropped in one group. */
struct counts {
    int64_t of[MCD_ASKED_UNITS];
};

static int size_is_right(const struct mcd_asking *a)
{
    uint32_t group = a->api->group(a->self);
    if (group < 1 || group > 65536)
        return mcd_check_fail(a->check, "group", "1 to 65536 passes", "%u", group);
    for (int i = 0; i < 100; i++) {
        uint32_t again = a->api->group(a->self);
        if (again != group)
            return mcd_check_fail(a->check, "group", "the same number at every call",
                                  "%u, later %u", group, again);
    }
    mcd_check_looked(a->check, 1);
    return 0;
}

/* ---- masks that come again ------------------------------------------------------------------ */

struct seen {
    struct mcd_asked bits;
    uint64_t pass;
};

static int compare_seen(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = memcmp(&x->bits, &y->bits, sizeof x->bits);
    return order ? order : (x->pass > y->pass) - (x->pass < y->pass);
}

/*
 * A mask of 140 units at p = 1/2 that comes again in another group was drawn from the same place.
 */
static int masks_differ(const struct mcd_asking *a, struct seen *seen, uint64_t n)
{
    struct mcd_site site = mcd_asking_site(SITE, 0.5);
    uint64_t far = (1ull << 32) / a->group + 1; /* groups beyond 32 bits of passes */
    for (uint64_t i = 0; i < n; i++) {
        uint64_t group = i % 4 ? i : far + i; /* those that are far and what 32 bits make of them */
        seen[i].pass = i % 4 == 1 ? (far + i - 1) * a->group - (1ull << 32) : group * a->group;
        if (mcd_asking_bits(a, &site, a->check->seed, seen[i].pass, 0, &seen[i].bits))
            return -1;
    }
    qsort(seen, n, sizeof *seen, compare_seen);
    for (uint64_t i = 1; i < n; i++)
        if (memcmp(&seen[i].bits, &seen[i - 1].bits, sizeof seen->bits) == 0 &&
            seen[i].pass / a->group != seen[i - 1].pass / a->group)
            return mcd_check_fail(a->check, "passes of different groups", "masks of their own",
                                  "passes %llu and %llu drop the same units",
                                  (unsigned long long)seen[i - 1].pass,
                                  (unsigned long long)seen[i].pass);
    mcd_check_looked(a->check, n);
    return 0;
}

static int no_mask_comes_again(const struct mcd_asking *a)
{
    uint64_t n = a->check->quick ? 500 : 4000;
    struct seen *seen = malloc(n * sizeof *seen);
    if (!seen)
        return mcd_check_fail(a->check, "memory", "room for masks", "none");
    int failed = masks_differ(a, seen, n);
    free(seen);
    return failed;
}

/* ---- counts that go together ---------------------------------------------------------------- */

static int count(const struct mcd_asking *a, uint64_t group, struct counts *to)
{
    struct mcd_site site = mcd_asking_site(SITE, mcd_asking_uneven(a));
    *to = (struct counts){{0}};
    for (uint64_t pass = group * a->group; pass < (group + 1) * a->group; pass++) {
        struct mcd_asked bits;
        if (mcd_asking_bits(a, &site, a->check->seed, pass, 0, &bits))
            return -1;
        for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++)
            to->of[unit] += mcd_asked_bit(&bits, unit);
    }
    return 0;
}

/*
 * Of four groups a, b and c, d, each two `distance` apart and the pairs farther: the sign of
 * sum (a - c) (b - d), which exchanging b and d would turn round. So both signs are equally likely
 * if groups are independent.
 */
static int vote(const struct mcd_asking *a, uint64_t first, uint64_t distance, int64_t *sum)
{
    struct counts of[4];
    for (uint64_t i = 0; i < 4; i++)
        if (count(a, first + i / 2 * (distance + 4) + i % 2 * distance, &of[i]))
            return -1;
    *sum = 0;
    for (uint32_t unit = 0; unit < MCD_ASKED_UNITS; unit++)
        *sum += (of[0].of[unit] - of[2].of[unit]) * (of[1].of[unit] - of[3].of[unit]);
    return 0;
}

static int counts_are_independent(const struct mcd_asking *a, uint64_t distance, uint64_t votes)
{
    uint64_t plus = 0, minus = 0;
    for (uint64_t i = 0; i < votes; i++) {
        uint32_t any = mcd_philox(a->check->seed, (uint32_t)i, 0x766f7465, 0, 0).w[0];
        int64_t sum;
        if (vote(a, i * (2 * distance + 12) + any % 8, distance, &sum))
            return -1;
        plus += sum > 0;
        minus += sum < 0;
    }
    mcd_check_looked(a->check, votes);
    double tail = mcd_binomial_tail(plus, plus + minus, 0.5);
    if (tail >= MCD_FALSE_ALARM)
        return 0;
    char where[80];
    snprintf(where, sizeof where, "groups of %u passes, %llu apart", a->group,
             (unsigned long long)distance);
    return mcd_check_fail(a->check, where, "drops that do not go together",
                          "they go %s in %llu of %llu comparisons (chance: %.2g)",
                          plus > minus ? "together" : "against each other",
                          (unsigned long long)(plus > minus ? plus : minus),
                          (unsigned long long)(plus + minus), tail);
}

/* Large groups take a while, which a short form does not have. */
static uint64_t votes_for(const struct mcd_asking *a)
{
    uint64_t votes = (a->check->quick ? 40000 : 600000) / (4 * (uint64_t)a->group);
    if (votes < LEAST_VOTES)
        return a->check->quick ? 0 : LEAST_VOTES;
    return votes < MOST_VOTES ? votes : MOST_VOTES;
}

void mcd_sampler_check_groups(struct mcd_checking *c)
{
    struct mcd_asking a;
    if (mcd_asking_open(c, 1, &a))
        return;
    int failed = size_is_right(&a) || no_mask_comes_again(&a);
    for (uint64_t distance = 1; distance <= 2 && !failed; distance++)
        failed = counts_are_independent(&a, distance, votes_for(&a));
    mcd_asking_close(&a);
}
