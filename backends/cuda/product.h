/*
 * One product of matrices by cuBLASLt, with everything chosen when a plan is made: c = a b, dense
 * and row-major, of f32, perhaps plus a bias to each row. How factors are rounded is the backend's
 * precision; sums and c are f32. What c held before does not matter, even if it was NaN.
 */
#ifndef MCD_CUDA_PRODUCT_H
#define MCD_CUDA_PRODUCT_H

#include "libraries.h"

/* c is [m, n]; a [m, k], b [k, n], either perhaps stored the other way round. */
struct mcd_product_shape {
    int64_t m, n, k;
    int a_transposed, b_transposed; /* 1: stored as [k, m], as [n, k] */
    int has_bias;                   /* [n] */
};

/* A factor as cuBLASLt reads it: `rows` of `columns`, which begin `ld` elements apart. */
struct mcd_factor {
    int64_t rows, columns, ld;
    int transposed;
    size_t place; /* in the workspace, of its copy in bf16 */
    cublasLtMatrixLayout_t layout;
};

struct mcd_product {
    struct mcd_factor a, b;
    cublasLtMatrixLayout_t c;
    cublasLtMatmulDesc_t operation;
    cublasLtMatmulAlgo_t algorithm;
    size_t scratch;   /* bytes that the algorithm wants, at the start of the workspace */
    size_t workspace; /* bytes wanted in all, at a multiple of 64 */
};

/*
 * MCD_UNSUPPORTED where cuBLASLt has no algorithm: with a bias it may still have one without. After
 * a failure nothing is left to release.
 */
int mcd_product_create(struct mcd_cuda *cuda, const struct mcd_product_shape *shape,
                       struct mcd_product *product, struct mcd_error *error);
void mcd_product_release(const struct mcd_cuda *cuda, struct mcd_product *product);

/* Device pointers; `bias` only if the shape has one. The workspace is that of the call's step. */
int mcd_product_enqueue(const struct mcd_product *product, const struct mcd_cuda_call *call,
                        const void *a, const void *b, const void *bias, void *c);

#endif
