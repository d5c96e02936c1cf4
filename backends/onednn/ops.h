/* The backend's state, and the kernels of its products: see graph.h for what they compute. */
#ifndef ONEDNN_OPS_H
#define ONEDNN_OPS_H

#include "../cpu/products.h"
#include "shim.h"

enum { MCD_ONEDNN_ALIGN = 64 };

struct mcd_onednn {
    struct mcd_cpu cpu; /* first, for what is shared */
    struct mcd_dnn *dnn;
    enum mcd_dnn_type type; /* what factors are rounded to; sums and results are f32 */
};

extern const struct mcd_products mcd_onednn_products; /* of f32 */

/* A kernel for LINEAR, LINEAR_DX, LINEAR_DW; for CONV2D, CONV2D_DX, CONV2D_DW. */
int mcd_onednn_linear(struct mcd_onednn *self, const struct mcd_step *step,
                      struct mcd_kernel *kernel, struct mcd_error *error);
int mcd_onednn_conv2d(struct mcd_onednn *self, const struct mcd_step *step,
                      struct mcd_kernel *kernel, struct mcd_error *error);

/* Rounded up to whole cache lines. */
static inline size_t mcd_onednn_lines(size_t bytes)
{
    return (bytes + MCD_ONEDNN_ALIGN - 1) / MCD_ONEDNN_ALIGN * MCD_ONEDNN_ALIGN;
}

#endif
