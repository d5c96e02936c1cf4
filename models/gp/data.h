/*
 * The rows that a Gaussian process is fitted to, and what their inputs have in common. The
 * observations are taken as they are: the process has mean 0.
 */
#ifndef GP_DATA_H
#define GP_DATA_H

#include "kernel.h"

#include <mcdrop/linalg.h>
#include <mcdrop/plugin.h>

/* A backend's linear algebra with the backend that it belongs to. */
struct mcd_gp_algebra {
    const struct mcd_linalg *table;
    void *self;
};

/*
 * x[rows][columns] and y[rows] are borrowed. A single column whose values are first + i spacing to
 * within `tolerance` |spacing| makes the covariance a Toeplitz matrix: `spacing` is then not 0.
 */
struct mcd_gp_data {
    int64_t rows, columns;
    const double *x, *y;
    double spacing;   /* signed; 0: not evenly spaced */
    double deviation; /* of the inputs from even spacing, the largest, relative to it */
};

/* Looks for even spacing; a tolerance of 0 never finds any. */
struct mcd_gp_data mcd_gp_data(int64_t rows, int64_t columns, const double *x, const double *y,
                               double tolerance);

/* Euclidean distances of one point to `rows` others. */
void mcd_gp_distances(int64_t rows, int64_t columns, const double *x, const double *point,
                      double *out);

#endif
