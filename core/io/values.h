/*
 * What values must be before a model sees them: finite numbers of one type as inputs or targets,
 * whole numbers in range as labels.
 */
#ifndef CORE_IO_VALUES_H
#define CORE_IO_VALUES_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Turns `a` into an array of `type` (MCD_F32 or MCD_F64) with the same shape. NaN, infinity and
 * what `type` cannot hold are refused with their index; `name` is the file, for messages. On
 * failure `a` stays as it was, to be cleared by the caller.
 */
int mcd_values_to_real(struct mcd_array *a, uint32_t type, const char *name, struct mcd_error *e);

/* The same for bytes as pixels: 0 to 255 become 0 to 1. Other types are taken as they are. */
int mcd_values_to_pixels(struct mcd_array *a, uint32_t type, const char *name, struct mcd_error *e);

/*
 * Turns [n] or [n, 1] of any type into MCD_I32 [n]. Refuses what is not a whole number of 0 to
 * classes - 1, or to INT32_MAX where `classes` is 0, with its row.
 */
int mcd_values_to_labels(struct mcd_array *a, int64_t classes, const char *name,
                         struct mcd_error *e);

#endif
