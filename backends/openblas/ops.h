/* The products of matrices: each offers the kernel of an op, see graph.h for what it computes. */
#ifndef OPENBLAS_OPS_H
#define OPENBLAS_OPS_H

#include "../cpu/cpu.h"

extern const struct mcd_linalg mcd_openblas_linalg; /* its self: struct mcd_cpu */

/* A kernel for LINEAR, LINEAR_DX, LINEAR_DW; for CONV2D, CONV2D_DX, CONV2D_DW. */
void mcd_openblas_linear(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel);
void mcd_openblas_conv2d(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel);

#endif
