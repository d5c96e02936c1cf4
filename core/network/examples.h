/* Rows with their answers, as training and evaluation take them. */
#ifndef CORE_EXAMPLES_H
#define CORE_EXAMPLES_H

#include <stdint.h>

/* Owned by the caller, not copied. */
struct mcd_examples {
    int64_t rows;
    const float *x;       /* [rows][elements of the network's input] */
    const int32_t *label; /* classification: [rows], below the number of classes; else NULL */
    const float *target;  /* regression: [rows][outputs]; else NULL */
};

#endif
