/* The series that figures show predictions over. */
#ifndef CORE_FIGURE_SERIES_H
#define CORE_FIGURE_SERIES_H

#include "core/io/co2.h"

/* `data`: co2, or a file of its form (io/co2.h). */
int mcd_series_load(struct mcd_co2 *c, const char *data, struct mcd_error *e);

#endif
