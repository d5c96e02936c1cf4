/* Ranges of axes. */
#include "core/figure/axis.h"

#include <math.h>

/* 1, 2 or 5 times a power of ten, about a sixth of the width. */
static double step_of(double width)
{
    double power = pow(10, floor(log10(width / 6))), units = width / 6 / power;
    return power * (units < 1.5 ? 1 : units < 3.5 ? 2 : units < 7.5 ? 5 : 10);
}

struct mcd_extent mcd_axis_around(double lo, double hi)
{
    double width = hi - lo;
    if (!(width > 1e-9 * (fabs(lo) + fabs(hi)))) /* all the same */
        width = fmax(1, fabs(hi) / 10);
    double step = step_of(width);
    struct mcd_extent x = {step * floor(lo / step), step * ceil(hi / step)};
    if (x.lo == x.hi)
        x.hi += step;
    return x;
}
