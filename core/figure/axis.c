/* Ranges of axes. */
#include "core/figure/axis.h"

#include <math.h>

/* 1, 2 or 5 times a power of ten, about a sixth of the width. */
double mcd_axis_step(double lo, double hi)
{
    double width = hi - lo;
    double power = pow(10, floor(log10(width / 6))), units = width / 6 / power;
    return power * (units < 1.5 ? 1 : units < 3.5 ? 2 : units < 7.5 ? 5 : 10);
}

struct mcd_extent mcd_axis_around(double lo, double hi)
{
    double width = hi - lo;
    if (!(width > 1e-9 * (fabs(lo) + fabs(hi)))) /* all the same */
        hi = lo + (width = fmax(1, fabs(hi) / 10));
    double step = mcd_axis_step(lo, lo + width);
    return (struct mcd_extent){step * floor(lo / step + 1e-9), step * ceil(hi / step - 1e-9)};
}
