/*
 * Gradients against central finite differences of the loss, signed, in f64.
 *
 * The noise of a recording is held fixed: every evaluation reads the same random numbers.
 */
#ifndef TESTS_DIFFERENCES_H
#define TESTS_DIFFERENCES_H

#include "tests/rig.h"

struct differences {
    /* How the loss is evaluated; set before. */
    uint32_t rows;
    double scale, shift; /* inputs are shift + scale times the formula's values in (-1, 1) */
    uint32_t classes;    /* labels are below it; 0 without labels */
    size_t probes;       /* most elements of one tensor that are tried, evenly spread; 0: all */

    /* What was found. */
    double worst;   /* |difference - gradient| / the tensor's largest magnitude */
    double largest; /* magnitude of any gradient; 0: nothing depends on anything */
    size_t tried;
    char where[192]; /* tensor, element, gradient and difference of the worst */
};

/* What `worst` may be for a gradient that is right. */
static const double differences_tolerance = 1e-6;

/*
 * Compares for every input but labels, and every parameter. `loss` is any value: what is not a
 * scalar without rows is first multiplied by weights that are different everywhere, and summed.
 */
void differences_check(struct rig *r, mcd_val loss, struct differences *d);

#endif
