/* Durations in two units at most. */
#include "core/report/duration.h"

#include <math.h>
#include <stdio.h>

struct mcd_duration mcd_duration_show(double seconds)
{
    struct mcd_duration d;
    double whole = round(seconds < 3.6e8 ? seconds : 3.6e8);
    int tenths = (int)round(10 * (seconds < 100 ? seconds : 100));
    long long s = (long long)whole, h = s / 3600, min = s / 60 % 60;
    if (whole < 60)
        snprintf(d.text, sizeof d.text, "%d.%d s", tenths / 10, tenths % 10);
    else if (h == 0)
        snprintf(d.text, sizeof d.text, "%lld min %lld s", min, s % 60);
    else
        snprintf(d.text, sizeof d.text, "%lld h %lld min", h, min);
    return d;
}
