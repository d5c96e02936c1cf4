/*
 * Rotation of images, as scipy.ndimage.rotate(image, degrees, reshape=False) does it: cubic
 * B-spline interpolation, the size stays, what comes from outside the image is 0.
 */
#ifndef CORE_IO_ROTATE_H
#define CORE_IO_ROTATE_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>

/*
 * Rotates one image of height x width values about its centre; positive angles turn what is seen
 * counterclockwise (rows run down). The spline overshoots a little at edges: values are not
 * clamped. In and out must not overlap.
 */
int mcd_rotate(const double *in, int64_t height, int64_t width, double degrees, double *out,
               struct mcd_error *e);

/*
 * Image `index` of images [n, height, width] (MCD_F32 or MCD_F64), at each of `count` angles in
 * degrees: `out` becomes [count, height, width] of the same type. The caller clears it.
 */
int mcd_rotate_each(const struct mcd_array *images, int64_t index, const double *degrees,
                    size_t count, struct mcd_array *out, struct mcd_error *e);

#endif
