/*
 * A regression over evenly spaced inputs as a plot of text: the mean as a line, two standard
 * deviations to either side as a band.
 */
#ifndef CLI_BAND_H
#define CLI_BAND_H

#include <stdint.h>
#include <stdio.h>

struct mcd_band {
    const double *mean, *sd; /* [count]; points that are not finite are left out */
    int64_t count;
    double first, last; /* the inputs of the first and the last one */
};

/* At most `columns` wide, with UTF-8 or without. Nothing where no point can be shown. */
void mcd_band_print(FILE *, const struct mcd_band *, int columns, int utf8);

#endif
