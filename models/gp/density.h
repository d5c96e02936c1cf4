/* A log density with its gradient: all that optimiser and sampler know of a model. */
#ifndef GP_DENSITY_H
#define GP_DENSITY_H

#include <stdint.h>

/*
 * Log density up to a constant at q[dim]; grad[dim] is set where the density is finite. -INFINITY
 * where it has no value. The same `arg` is never used by two threads at a time.
 */
typedef double (*mcd_density)(void *arg, const double *q, double *grad);

struct mcd_target {
    uint32_t dim;
    mcd_density density;
    void *arg;
};

#endif
