/*
 * Products by cuBLASLt, which counts columns first: row-major c = a b is its C = B A, where B and A
 * are what b and a look like when columns are read as rows.
 */
#include "product.h"

#include "bodies/bf16.h"
#include "kernels.h"
#include "precision.h"

static const float ONE = 1, ZERO = 0;

enum {
    PLACED = 64,     /* bytes that the start of every tensor is a multiple of */
    BF16_ALIGNED = 8 /* elements: rows of 16 bytes suit tensor cores */
};

static int status_of(const struct mcd_cuda *cuda, cublasStatus_t result, const char *doing,
                     struct mcd_error *error)
{
    if (result == CUBLAS_STATUS_SUCCESS)
        return MCD_OK;
    return cuda->host->fail(error, result == CUBLAS_STATUS_ALLOC_FAILED ? MCD_NOMEM : MCD_DEVICE,
                            "cublasLt", "%s: %s", doing,
                            cuda->libraries->cublasLtGetStatusString(result));
}

static int is_narrow(const struct mcd_cuda *cuda)
{
    return cuda->precision == MCD_CUDA_BF16;
}

/* ---- making ------------------------------------------------------------------------------ */

static struct mcd_factor factor(const struct mcd_cuda *cuda, int64_t rows, int64_t columns,
                                int transposed)
{
    struct mcd_factor f = {.rows = transposed ? columns : rows,
                           .columns = transposed ? rows : columns,
                           .transposed = transposed};
    f.ld = f.columns;
    if (is_narrow(cuda))
        f.ld = (f.ld + BF16_ALIGNED - 1) / BF16_ALIGNED * BF16_ALIGNED;
    return f;
}

static cublasStatus_t set_operation(const struct mcd_cuda_libraries *l, struct mcd_product *p,
                                    int has_bias)
{
    const int32_t first = p->b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const int32_t second = p->a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    /* Not RELU_BIAS for a relu that follows: it is max(x, 0), which need not keep a NaN. */
    const uint32_t epilogue = has_bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
    cublasStatus_t s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSA,
                                                         &first, sizeof first);
    if (!s)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSB, &second,
                                              sizeof second);
    if (!s)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                              &epilogue, sizeof epilogue);
    /* Of the bias, the choice of an algorithm looks at the pointer alone: how it is aligned. */
    const uintptr_t bias = PLACED;
    if (!s && has_bias)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &bias, sizeof bias);
    return s;
}

static cublasStatus_t create_layouts(const struct mcd_cuda *cuda, struct mcd_product *p, int64_t m,
                                     int64_t n)
{
    const struct mcd_cuda_libraries *l = cuda->libraries;
    const cudaDataType_t type = is_narrow(cuda) ? CUDA_R_16BF : CUDA_R_32F;
    cublasStatus_t s = l->cublasLtMatrixLayoutCreate(&p->a.layout, type, (uint64_t)p->a.columns,
                                                     (uint64_t)p->a.rows, p->a.ld);
    if (!s)
        s = l->cublasLtMatrixLayoutCreate(&p->b.layout, type, (uint64_t)p->b.columns,
                                          (uint64_t)p->b.rows, p->b.ld);
    if (!s)
        s = l->cublasLtMatrixLayoutCreate(&p->c, CUDA_R_32F, (uint64_t)n, (uint64_t)m, n);
    return s;
}

static cublasStatus_t create_descriptors(const struct mcd_cuda *cuda, struct mcd_product *p,
                                         const struct mcd_product_shape *shape)
{
    const cublasComputeType_t compute =
        cuda->precision == MCD_CUDA_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasStatus_t s =
        cuda->libraries->cublasLtMatmulDescCreate(&p->operation, compute, CUDA_R_32F);
    if (!s)
        s = set_operation(cuda->libraries, p, shape->has_bias);
    if (!s)
        s = create_layouts(cuda, p, shape->m, shape->n);
    return s;
}

/* What an algorithm may need and do. */
static cublasStatus_t set_preference(const struct mcd_cuda *cuda, cublasLtMatmulPreference_t to)
{
    const struct mcd_cuda_libraries *l = cuda->libraries;
    const uint64_t scratch = mcd_cuda_scratch_limit(cuda);
    cublasStatus_t s = l->cublasLtMatmulPreferenceSetAttribute(
        to, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &scratch, sizeof scratch);

    const uint32_t placed = PLACED;
    for (int i = CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
         !s && i <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES; i++)
        s = l->cublasLtMatmulPreferenceSetAttribute(to, (cublasLtMatmulPreferenceAttributes_t)i,
                                                    &placed, sizeof placed);

    /* Parts of a long sum in memory of their own, added in a step of its own: in order. */
    const uint32_t parts = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    if (!s && cuda->deterministic)
        s = l->cublasLtMatmulPreferenceSetAttribute(to, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                                    &parts, sizeof parts);

    /* CUBLAS_COMPUTE_32F is f32, unless the environment asks for something else. */
    const uint64_t plain = ~(uint64_t)(CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK |
                                       CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_TF32 |
                                       CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_16F |
                                       CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_16BF);
    if (!s && cuda->precision == MCD_CUDA_F32)
        s = l->cublasLtMatmulPreferenceSetAttribute(to, CUBLASLT_MATMUL_PREF_IMPL_MASK, &plain,
                                                    sizeof plain);
    return s;
}

/* The algorithm; *found is 0 if there is none. */
static cublasStatus_t choose(const struct mcd_cuda *cuda, struct mcd_product *p, int *found)
{
    const struct mcd_cuda_libraries *l = cuda->libraries;
    cublasLtMatmulPreference_t preference;
    cublasLtMatmulHeuristicResult_t best = {.state = CUBLAS_STATUS_NOT_SUPPORTED};
    *found = 0;
    cublasStatus_t s = l->cublasLtMatmulPreferenceCreate(&preference);
    if (s)
        return s;
    s = set_preference(cuda, preference);
    if (!s)
        s = l->cublasLtMatmulAlgoGetHeuristic(l->lt, p->operation, p->b.layout, p->a.layout, p->c,
                                              p->c, preference, 1, &best, found);
    l->cublasLtMatmulPreferenceDestroy(preference);
    if (s == CUBLAS_STATUS_NOT_SUPPORTED)
        s = CUBLAS_STATUS_SUCCESS; /* another way to say none */
    *found = *found > 0 && best.state == CUBLAS_STATUS_SUCCESS;
    p->algorithm = best.algo;
    p->scratch = *found ? best.workspaceSize : 0;
    return s;
}

/* Scratch memory, then copies in bf16. */
static void lay_out(const struct mcd_cuda *cuda, struct mcd_product *p)
{
    size_t at = p->scratch;
    struct mcd_factor *factors[2] = {&p->a, &p->b};
    for (int i = 0; is_narrow(cuda) && i < 2; i++) {
        at = (at + PLACED - 1) / PLACED * PLACED;
        factors[i]->place = at;
        at += (size_t)(factors[i]->rows * factors[i]->ld) * sizeof(uint16_t);
    }
    p->workspace = mcd_cuda_scratch_room(at);
}

int mcd_product_create(struct mcd_cuda *cuda, const struct mcd_product_shape *shape,
                       struct mcd_product *p, struct mcd_error *error)
{
    int found = 0;
    if (shape->m > INT32_MAX || shape->n > INT32_MAX || shape->k > INT32_MAX)
        return cuda->host->fail(error, MCD_UNSUPPORTED, "linear",
                                "%lld x %lld x %lld: cuBLASLt takes extents up to 2^31 - 1",
                                (long long)shape->m, (long long)shape->n, (long long)shape->k);
    *p = (struct mcd_product){.a = factor(cuda, shape->m, shape->k, shape->a_transposed),
                              .b = factor(cuda, shape->k, shape->n, shape->b_transposed)};
    cublasStatus_t s = create_descriptors(cuda, p, shape);
    if (!s)
        s = choose(cuda, p, &found);
    lay_out(cuda, p);
    int status = status_of(cuda, s, "choosing how to multiply", error);
    if (!status && !found)
        status = cuda->host->fail(error, MCD_UNSUPPORTED, "linear",
                                  "cuBLASLt has no algorithm for %lld x %lld x %lld%s here",
                                  (long long)shape->m, (long long)shape->n, (long long)shape->k,
                                  shape->has_bias ? " with a bias" : "");
    if (status)
        mcd_product_release(cuda, p);
    return status;
}

void mcd_product_release(const struct mcd_cuda *cuda, struct mcd_product *p)
{
    const struct mcd_cuda_libraries *l = cuda->libraries;
    cublasLtMatrixLayout_t layouts[] = {p->a.layout, p->b.layout, p->c};
    for (int i = 0; i < 3; i++)
        if (layouts[i])
            l->cublasLtMatrixLayoutDestroy(layouts[i]);
    if (p->operation)
        l->cublasLtMatmulDescDestroy(p->operation);
    *p = (struct mcd_product){0};
}

/* ---- running ----------------------------------------------------------------------------- */

static struct mcd_narrow narrowed(const struct mcd_factor *f, char *scratch, const void *from)
{
    return (struct mcd_narrow){.to = (uint16_t *)(void *)(scratch + f->place),
                               .from = from,
                               .columns = f->columns,
                               .ld = f->ld};
}

/* Replaces both factors by copies in bf16. */
static int narrow_factors(const struct mcd_product *p, const struct mcd_cuda_call *call,
                          char *scratch, const void **a, const void **b)
{
    const int64_t first = p->a.rows * p->a.columns;
    const struct narrow_args args = {
        .factor = {narrowed(&p->a, scratch, *a), narrowed(&p->b, scratch, *b)}, .first = first};
    *a = args.factor[0].to;
    *b = args.factor[1].to;
    return mcd_cuda_status(call->cuda,
                           mcd_launch_narrow(call->stream, first + p->b.rows * p->b.columns, &args),
                           "rounding factors to bf16", call->error);
}

int mcd_product_enqueue(const struct mcd_product *p, const struct mcd_cuda_call *call,
                        const void *a, const void *b, const void *bias, void *c)
{
    const struct mcd_cuda *cuda = call->cuda;
    const struct mcd_cuda_libraries *l = cuda->libraries;
    char *scratch = mcd_cuda_scratch(call);
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;
    int status = is_narrow(cuda) ? narrow_factors(p, call, scratch, &a, &b) : MCD_OK;
    if (status)
        return status;
    if (bias)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &bias, sizeof bias);
    if (!s)
        s = l->cublasLtMatmul(l->lt, p->operation, &ONE, b, p->b.layout, a, p->a.layout, &ZERO, c,
                              p->c, c, p->c, &p->algorithm, p->scratch ? scratch : NULL, p->scratch,
                              call->stream);
    return status_of(cuda, s, "multiplying matrices", call->error);
}
