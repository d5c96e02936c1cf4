/* The first line of every result in text: what was predicted, and with what. */
#ifndef CLI_HEADING_H
#define CLI_HEADING_H

#include "core/cli/report.h"

/*
 * "lenet: 10000 rows of mnist, 100 passes, seed 1, openblas" and an empty line, on stdout. `data`
 * is what the rows are of, as the user knows it; NULL where nobody knows.
 */
void mcd_heading_print(const struct mcd_report *, const char *data);

#endif
