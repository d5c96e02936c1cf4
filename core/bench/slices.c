/* Slices, and what is left when the odd ones are cut off. */
#include "core/bench/slices.h"

#include "core/bench/clock.h"

#include <stdlib.h>

enum { SLICES = 5, PART = 20 }; /* as a rule; the yardstick's part of the time before and after */

static double yardstick(const struct mcd_slices *s)
{
    return mcd_yardstick_time(s->yardstick, s->wanted / PART);
}

void mcd_slices_begin(struct mcd_slices *s, const struct mcd_yardstick *y, double seconds)
{
    s->yardstick = y;
    s->wanted = seconds;
    s->spent = 0;
    s->count = 0;
    s->before = yardstick(s);
    s->start = mcd_clock_read(y->clock);
}

int mcd_slices_due(const struct mcd_slices *s)
{
    return mcd_clock_read(s->yardstick->clock) - s->start >= s->wanted / SLICES;
}

void mcd_slices_end(struct mcd_slices *s, double units)
{
    double seconds = mcd_clock_read(s->yardstick->clock) - s->start, after = yardstick(s);
    s->slice[s->count].seconds = seconds / units;
    s->slice[s->count++].yardstick = (s->before + after) / 2;
    s->spent += seconds;
    s->before = after;
    s->start = mcd_clock_read(s->yardstick->clock);
}

int mcd_slices_enough(const struct mcd_slices *s)
{
    return s->spent >= s->wanted || s->count == sizeof s->slice / sizeof *s->slice;
}

static int by_ratio(const void *a, const void *b)
{
    const struct mcd_slice *x = a, *y = b;
    double p = x->seconds * y->yardstick, q = y->seconds * x->yardstick;
    return (p > q) - (p < q);
}

void mcd_slices_tell(struct mcd_slices *s, struct mcd_timing *t)
{
    uint32_t cut = s->count / 5, left = s->count - 2 * cut;
    qsort(s->slice, s->count, sizeof *s->slice, by_ratio);
    t->seconds = t->yardstick = 0;
    for (uint32_t i = cut; i < cut + left; i++) {
        t->seconds += s->slice[i].seconds / left;
        t->yardstick += s->slice[i].yardstick / left;
    }
}
