/* Rows that are set aside from training, for the test. */
#ifndef CORE_HOLD_OUT_H
#define CORE_HOLD_OUT_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stdint.h>

/*
 * Marks with 1 in aside[rows] which rows are held out, all others with 0. `text` is a fraction in
 * (0, 1), of which the seed decides the rows, or the name of a file (NPY, IDX, CSV) of row numbers
 * from 0 on. At least one row is on either side.
 */
int mcd_hold_out_choose(const char *text, uint64_t seed, int64_t rows, unsigned char *aside,
                        struct mcd_error *e);

/*
 * As files of weights keep `text`: the name of a file in full (io/full_path.h); *full to be freed.
 */
int mcd_hold_out_full_name(const char *text, char **full, struct mcd_error *e);

/* Keeps the rows of `a` whose mark is `mark`, in their order. */
void mcd_hold_out_take(struct mcd_array *a, const unsigned char *aside, int mark);

#endif
