/* The kernels of this library, one declaration for each op; see graph.h for what they compute. */
#ifndef CPU_OPS_H
#define CPU_OPS_H

#include "cpu.h"

#define MCD_CPU_RUN(name)                                                                          \
    int name(void *state, const struct mcd_step *step, const struct mcd_run *run,                  \
             struct mcd_error *error)

MCD_CPU_RUN(mcd_cpu_pool2d);
MCD_CPU_RUN(mcd_cpu_pool2d_dx);
MCD_CPU_RUN(mcd_cpu_map);
MCD_CPU_RUN(mcd_cpu_map_dx);
MCD_CPU_RUN(mcd_cpu_affine);
MCD_CPU_RUN(mcd_cpu_binary);
MCD_CPU_RUN(mcd_cpu_expand);
MCD_CPU_RUN(mcd_cpu_reduce);
MCD_CPU_RUN(mcd_cpu_softmax);
MCD_CPU_RUN(mcd_cpu_logsoftmax);
MCD_CPU_RUN(mcd_cpu_softmax_dx);
MCD_CPU_RUN(mcd_cpu_logsoftmax_dx);
MCD_CPU_RUN(mcd_cpu_drop);
MCD_CPU_RUN(mcd_cpu_noise);
MCD_CPU_RUN(mcd_cpu_xent);
MCD_CPU_RUN(mcd_cpu_xent_dx);
MCD_CPU_RUN(mcd_cpu_mse);
MCD_CPU_RUN(mcd_cpu_mse_dx);
MCD_CPU_RUN(mcd_cpu_sgd);
MCD_CPU_RUN(mcd_cpu_adam);

/* A step that is nothing but a chain: see chain.h. */
int mcd_cpu_fused_kernel(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel, struct mcd_error *error);

/* Whether an attribute names one of the variants that the op has here. */
int mcd_cpu_knows(uint32_t op, const struct mcd_attr *attr);

#endif
