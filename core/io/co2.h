/*
 * The CO2 series: the one data set that mcdrop ships, data/co2.csv, and what the experiments make
 * of it. data/README.md says where it is from and defines the transform.
 */
#ifndef CORE_IO_CO2_H
#define CORE_IO_CO2_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdint.h>

/* y * sd + first + step * t is the measurement of row t = 0, 1, ... in parts per million. */
struct mcd_co2_line {
    double first, step, sd;
};

/*
 * From the measurements of successive months, ppm[n] with n >= 3, to x and y, both without unit: x
 * is the row's number and y the residual of the least-squares line, each divided by its standard
 * deviation (divisor n). `line` may be NULL. Refused: measurements that lie on a line.
 */
int mcd_co2_process(const double *ppm, size_t n, double *x, double *y, struct mcd_co2_line *line,
                    const char *name, struct mcd_error *e);

/* The series with what it is made of. Initialise with {0}; owned, from malloc. */
struct mcd_co2 {
    int64_t rows;
    char (*month)[8]; /* "1958-03" */
    double *ppm, *x, *y;
    struct mcd_co2_line line;
};

/* Reads a table with the columns month and ppm, in this order. On failure `c` is zeroed. */
int mcd_co2_load(struct mcd_co2 *c, const char *path, struct mcd_error *e);

void mcd_co2_clear(struct mcd_co2 *c);

/* The first of the places (places.h) that has the file; the caller frees it. NULL if none has. */
int mcd_co2_find(char **path, struct mcd_error *e);

/* x and y alone, MCD_F64 [n, 1] each. */
int mcd_co2_read(const char *path, struct mcd_array *x, struct mcd_array *y, struct mcd_error *e);

#endif
