/*
 * Gradients against central finite differences of the loss, signed, in f64.
 *
 * The noise of a recording is held fixed: every evaluation reads the same random numbers. Where a
 * step to one side and one to the other disagree there is a kink, and the derivative of either side
 * is right.
 */
#ifndef CORE_CHECK_DIFFERENCES_H
#define CORE_CHECK_DIFFERENCES_H

#include "core/check/trial.h"

struct mcd_differences {
    /* How the loss is evaluated; set before. */
    uint32_t rows;
    double scale, shift;  /* inputs are shift + scale times values in (-1, 1); scale 0 is 1 */
    uint32_t constant;    /* 1: every input is `shift` */
    uint32_t classes;     /* labels are below it; 0 without labels */
    uint32_t add_penalty; /* 1: the recording's penalty is part of the loss */
    size_t probes;        /* most elements of one tensor that are tried, evenly spread; 0: all */

    /* What was found. */
    double loss;    /* where the inputs are as they were made */
    double worst;   /* |difference - gradient| / the tensor's largest magnitude */
    double largest; /* magnitude of any gradient; 0: nothing depends on anything */
    size_t tried;
    char where[192]; /* tensor, element, gradient and difference of the worst */
};

/* What `worst` may be for a gradient that is right. */
static const double mcd_differences_tolerance = 1e-6;

/*
 * Compares for every input but labels, and every parameter. `loss` is any value: what is not a
 * scalar without rows is first multiplied by weights that are different everywhere, and summed.
 * Returns the trial's status: a gradient that is wrong is no failure of the trial.
 */
int mcd_differences_find(struct mcd_trial *t, mcd_val loss, struct mcd_differences *d);

/*
 * The value whose gradients tell everything about y: a scalar without rows itself, else the sum
 * over elements and rows of y times an input of weights, which *weights then is (0: there is none).
 */
mcd_val mcd_differences_scalar(struct mcd_trial *t, mcd_val y, mcd_val *weights);

#endif
