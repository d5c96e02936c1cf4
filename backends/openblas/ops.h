/* Linear algebra in double precision. */
#ifndef OPENBLAS_OPS_H
#define OPENBLAS_OPS_H

#include "../cpu/products.h"

extern const struct mcd_linalg mcd_openblas_linalg; /* its self: struct mcd_cpu */

#endif
