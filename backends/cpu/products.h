/*
 * LINEAR, CONV2D and their gradients for backends that bring a product of matrices, and fused steps
 * that begin with LINEAR, LINEAR_DX or CONV2D.
 */
#ifndef CPU_PRODUCTS_H
#define CPU_PRODUCTS_H

#include "chain.h"

/* Products of matrices in rows, by the calling thread alone between enter and leave. */
struct mcd_products {
    int (*enter)(void);
    void (*leave)(int before); /* what enter returned */

    /*
     * c [m, n] = a b + beta c, where a [m, k] and b [k, n] are perhaps stored transposed and lda,
     * ldb, ldc are elements from row to row, as they are stored. Returns 0, or 1 on failure.
     */
    int (*multiply)(int a_transposed, int b_transposed, int64_t m, int64_t n, int64_t k,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                    int64_t ldc);

    /* 1: small products are faster if b is transposed first than if it is stored transposed. */
    int transpose_first;
};

int mcd_cpu_linear(struct mcd_cpu *cpu, const struct mcd_products *products,
                   const struct mcd_step *step, struct mcd_kernel *kernel, struct mcd_error *error);
int mcd_cpu_conv2d(struct mcd_cpu *cpu, const struct mcd_products *products,
                   const struct mcd_step *step, struct mcd_kernel *kernel, struct mcd_error *error);

#endif
