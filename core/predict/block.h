/* A block of passes over rows, as the parts of a prediction hand it on. */
#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include <stdint.h>

struct mcd_block {
    uint32_t row_block;  /* which one of each, counted from row 0 and pass 0 */
    uint64_t pass_block; /* 0 for weight averaging */
    int64_t first_row, rows;
    uint64_t first_pass, passes;
    const void *samples;  /* [passes][rows][outputs] in the backend's real type; NULL: a leaf */
    const double *values; /* of a leaf (core/stats/leaf.h), of pass blocks that follow each other */
    const int64_t *sums;  /* of this leaf and those before it that had none; NULL: of a later one */
};

#endif
