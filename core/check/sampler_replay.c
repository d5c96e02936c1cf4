/* replay: what a pass draws is a function of what is asked, so it can be asked for again. */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 3 };

/* Passes near and far. */
static const uint64_t passes[] = {0, 1, 2, 3, 4, 7, 31, 32, 63, 64, 65, 4095, 4096, 1000003};

enum { PASSES = sizeof passes / sizeof *passes };

static int ask(const struct mcd_asking *a, int i, struct mcd_asked *to)
{
    struct mcd_site site = mcd_asking_site((uint32_t)i % 2, 0.5);
    return mcd_asking_bits(a, &site, a->check->seed, passes[i / ROWS], (uint64_t)(i % ROWS) * 1000,
                           to);
}

static int same(const struct mcd_asking *a, int i, const struct mcd_asked *first, const char *when)
{
    struct mcd_asked again;
    char where[80];
    if (ask(a, i, &again))
        return -1;
    mcd_check_looked(a->check, 1);
    if (memcmp(&again, first, sizeof again) == 0)
        return 0;
    snprintf(where, sizeof where, "site %d, pass %llu, row %d", i % 2,
             (unsigned long long)passes[i / ROWS], i % ROWS * 1000);
    return mcd_check_fail(a->check, where, "the units that it dropped before", "other units %s",
                          when);
}

/* The same item in the opposite order, then another item. */
static int asked_again(const struct mcd_asking *a, const struct mcd_asking *another)
{
    struct mcd_asked first[PASSES * ROWS];
    for (int i = 0; i < PASSES * ROWS; i++)
        if (ask(a, i, &first[i]))
            return -1;
    for (int i = PASSES * ROWS; i-- > 0;)
        if (same(a, i, &first[i], "when it is asked for again"))
            return -1;
    for (int i = 0; i < PASSES * ROWS; i++)
        if (same(another, i, &first[i], "from another object with the same parameters"))
            return -1;
    return 0;
}

void mcd_sampler_check_replay(struct mcd_checking *c)
{
    struct mcd_asking a, another;
    if (mcd_asking_open(c, 1, &a))
        return;
    if (!mcd_asking_open(c, 1, &another)) {
        asked_again(&a, &another);
        mcd_asking_close(&another);
    }
    mcd_asking_close(&a);
}
