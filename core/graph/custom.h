/*
 * Functions of a layer's own: the steps of a plan that no backend is asked for. Values are read
 * from the backend into host memory, computed there by all threads, and written back.
 */
#ifndef CORE_CUSTOM_H
#define CORE_CUSTOM_H

#include "core/plugin/loader.h"

#include <mcdrop/backend.h>

/* 1 for MCD_OP_CUSTOM and MCD_OP_CUSTOM_DX. */
int mcd_op_is_custom(uint32_t op);

/* Makes the kernel of such a step, as the backend's `kernel` would. */
int mcd_custom_kernel(const struct mcd_host *host, const struct mcd_item *backend,
                      const struct mcd_step *step, struct mcd_kernel *kernel,
                      struct mcd_error *error);

#endif
