/* POOL2D as the device computes it, alone and at the end of chains. */
#ifndef MCD_CUDA_POOL2D_H
#define MCD_CUDA_POOL2D_H

#include "bodies/pool2d.h"

/* Why rows of shape x are not pooled, or NULL. */
const char *mcd_cuda_pool2d_refuse(const struct mcd_attr_pool *attr, const struct mcd_shape *x);

/* Pooling rows of shape x to shape y. */
struct pool2d_shape mcd_cuda_pool2d_shape(const struct mcd_attr_pool *attr,
                                          const struct mcd_shape *x, const struct mcd_shape *y);

#endif
