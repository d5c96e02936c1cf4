/* Ranges of axes that end at round numbers. */
#ifndef CORE_FIGURE_AXIS_H
#define CORE_FIGURE_AXIS_H

#include "core/figure/figure.h"

/* The round step of a range: five to ten of them. */
double mcd_axis_step(double lo, double hi);

/* The narrowest range of about five to ten round steps that holds lo to hi. */
struct mcd_extent mcd_axis_around(double lo, double hi);

#endif
