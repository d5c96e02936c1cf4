/*
 * oneDNN as this backend sees it: operations on dense or packed matrices and images, made once and
 * run often. The only file that includes oneDNN's header, or knows that its versions differ, is
 * shim.c: 2.x describes an operation and then creates it, 3.x does both in one call.
 *
 * Functions that can fail return an enum mcd_status and tell the error why. Making an operation
 * compiles code; running one doesn't. Either uses the calling thread alone between mcd_openmp_enter
 * and mcd_openmp_leave (backends/cpu/openmp.h), where all calls but the descriptions must be.
 */
#ifndef ONEDNN_SHIM_H
#define ONEDNN_SHIM_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>

enum mcd_dnn_type { MCD_DNN_F32, MCD_DNN_BF16 };

/* What an operation works on; for a copy, X is where it comes from and Y where it goes. */
enum { MCD_DNN_X, MCD_DNN_W, MCD_DNN_BIAS, MCD_DNN_Y, MCD_DNN_SIDES };

struct mcd_dnn;    /* the library, as one backend uses it */
struct mcd_dnn_op; /* an operation of fixed shapes */

struct mcd_dnn_side {
    int rank; /* 0: there is none */
    int64_t dim[4];
    int64_t stride[4]; /* in elements; stride[0] 0: whatever layout suits the operation */
    enum mcd_dnn_type type;
};

/* MCD_DEVICE where the library's threads could not be held to the calling one. */
int mcd_dnn_open(const struct mcd_host *host, struct mcd_dnn **dnn, struct mcd_error *error);
void mcd_dnn_close(struct mcd_dnn *dnn);

/* "2.6.3 (OpenMP)"; the instruction set that it uses; whether that has products of bf16. */
void mcd_dnn_version(char *text, size_t size);
const char *mcd_dnn_instructions(void);
int mcd_dnn_has_bf16(void);

/* Whether the library takes its number of threads from OpenMP. */
int mcd_dnn_uses_openmp(void);

/*
 * Y [m, n] = X [m, k] W [k, n] + BIAS [1, n]. Where `like` isn't NULL, an operation of the same k
 * and n, W has the layout that it has there.
 */
int mcd_dnn_matmul(struct mcd_dnn *dnn, const struct mcd_dnn_side side[MCD_DNN_SIDES],
                   const struct mcd_dnn_op *like, struct mcd_dnn_op **op, struct mcd_error *error);

/*
 * Convolution of X [n, c, h, w] with W [o, c, kh, kw] and BIAS [o] to Y [n, o, h', w'], or its
 * derivatives: `result` is the side to compute, MCD_DNN_Y, MCD_DNN_X or MCD_DNN_W.
 */
int mcd_dnn_conv2d(struct mcd_dnn *dnn, int result, const struct mcd_attr_conv *attr,
                   const struct mcd_dnn_side side[MCD_DNN_SIDES], const struct mcd_dnn_op *like,
                   struct mcd_dnn_op **op, struct mcd_error *error);

/*
 * The copy of `plain` into the layout and type that `op` has at a side, or back from there into
 * `plain`. *copy is NULL if they are the same, so that no copy is needed.
 */
int mcd_dnn_copy_in(struct mcd_dnn *dnn, const struct mcd_dnn_op *op, int side,
                    const struct mcd_dnn_side *plain, struct mcd_dnn_op **copy,
                    struct mcd_error *error);
int mcd_dnn_copy_out(struct mcd_dnn *dnn, const struct mcd_dnn_op *op, int side,
                     const struct mcd_dnn_side *plain, struct mcd_dnn_op **copy,
                     struct mcd_error *error);

/* Bytes of one side, and of the scratch memory that each run wants. NULL: 0. */
size_t mcd_dnn_bytes(const struct mcd_dnn_op *op, int side);
size_t mcd_dnn_scratch(const struct mcd_dnn_op *op);

/*
 * Runs an operation as one of the host's workers; those that it runs for at a time have different
 * numbers. Sides that the operation doesn't have are ignored. Returns 0, or 1 if the library fails.
 */
int mcd_dnn_run(struct mcd_dnn_op *op, uint32_t worker, void *const data[MCD_DNN_SIDES],
                void *scratch);

/*
 * c [m, n] = a b + beta c in rows, a and b perhaps stored transposed: a product of any shape, for
 * which nothing is made before. Returns 0, or 1 if the library fails.
 */
int mcd_dnn_sgemm(int a_transposed, int b_transposed, int64_t m, int64_t n, int64_t k,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                  int64_t ldc);

void mcd_dnn_op_destroy(struct mcd_dnn_op *op); /* NULL is fine */

#endif
