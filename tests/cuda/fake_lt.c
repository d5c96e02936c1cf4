/* cuBLASLt: handles, descriptors of products and of matrices, and what is wished of algorithms. */
#include "fake_lt.h"

static cudaError_t make_handle(cublasLtHandle_t *handle)
{
    cudaError_t e = fake_unsafe();
    if (e)
        return e;
    struct fake_lt *h = fake_make(FAKE_LT, sizeof *h);
    h->device = fake_device();
    *handle = (cublasLtHandle_t)h;
    return cudaSuccess;
}

static cudaError_t unmake(void *object, enum fake_kind kind)
{
    if (!fake_is(object, kind))
        return cudaErrorInvalidValue;
    fake_unmake(object);
    return cudaSuccess;
}

static cudaError_t make_product(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                                cudaDataType_t scale)
{
    struct fake_lt_product *p = fake_make(FAKE_LT_PRODUCT, sizeof *p);
    p->compute = (int32_t)compute;
    p->scale = (int32_t)scale;
    p->epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    *desc = (cublasLtMatmulDesc_t)p;
    return cudaSuccess;
}

static cudaError_t make_layout(cublasLtMatrixLayout_t *layout, cudaDataType type, uint64_t rows,
                               uint64_t columns, int64_t ld)
{
    if (rows == 0 || columns == 0 || ld < (int64_t)rows)
        return fake_wrong("%llu x %llu with a leading dimension of %lld", (unsigned long long)rows,
                          (unsigned long long)columns, (long long)ld);
    struct fake_lt_layout *l = fake_make(FAKE_LT_LAYOUT, sizeof *l);
    l->type = (int32_t)type;
    l->rows = rows;
    l->columns = columns;
    l->ld = ld;
    *layout = (cublasLtMatrixLayout_t)l;
    return cudaSuccess;
}

static cudaError_t make_preference(cublasLtMatmulPreference_t *preference)
{
    struct fake_lt_preference *p = fake_make(FAKE_LT_PREFERENCE, sizeof *p);
    p->kinds = ~(uint64_t)0;
    p->schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
    for (int i = 0; i < 4; i++)
        p->alignment[i] = 256;
    *preference = (cublasLtMatmulPreference_t)p;
    return cudaSuccess;
}

static cudaError_t assign(void *to, size_t size, const void *from, size_t bytes, int attribute)
{
    if (bytes != size)
        return fake_wrong("attribute %d has %zu bytes, not %zu", attribute, size, bytes);
    memcpy(to, from, size);
    return cudaSuccess;
}

static cudaError_t set_product(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                               const void *value, size_t bytes)
{
    struct fake_lt_product *p = (struct fake_lt_product *)desc;
    if (!fake_is(p, FAKE_LT_PRODUCT))
        return cudaErrorInvalidValue;
    switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
        return assign(&p->transposed[0], sizeof p->transposed[0], value, bytes, attribute);
    case CUBLASLT_MATMUL_DESC_TRANSB:
        return assign(&p->transposed[1], sizeof p->transposed[1], value, bytes, attribute);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        return assign(&p->epilogue, sizeof p->epilogue, value, bytes, attribute);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        return assign(&p->bias, sizeof p->bias, value, bytes, attribute);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
        return assign(&p->pointer_mode, sizeof p->pointer_mode, value, bytes, attribute);
    default:
        return fake_wrong("attribute %d of a product is not known here", (int)attribute);
    }
}

static cudaError_t set_preference(cublasLtMatmulPreference_t preference,
                                  cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
                                  size_t bytes)
{
    struct fake_lt_preference *p = (struct fake_lt_preference *)preference;
    if (!fake_is(p, FAKE_LT_PREFERENCE))
        return cudaErrorInvalidValue;
    switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
        return assign(&p->workspace, sizeof p->workspace, value, bytes, attribute);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
        return assign(&p->schemes, sizeof p->schemes, value, bytes, attribute);
    case CUBLASLT_MATMUL_PREF_IMPL_MASK:
        return assign(&p->kinds, sizeof p->kinds, value, bytes, attribute);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
        return assign(&p->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES],
                      sizeof p->alignment[0], value, bytes, attribute);
    default:
        return fake_wrong("attribute %d of a preference is not known here", (int)attribute);
    }
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    LT_CALL(make_handle(handle));
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    LT_RELEASE(unmake(handle, FAKE_LT));
}

const char *cublasLtGetStatusString(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_SUCCESS         ? "CUBLAS_STATUS_SUCCESS"
           : status == CUBLAS_STATUS_ALLOC_FAILED  ? "CUBLAS_STATUS_ALLOC_FAILED"
           : status == CUBLAS_STATUS_INVALID_VALUE ? "CUBLAS_STATUS_INVALID_VALUE"
           : status == CUBLAS_STATUS_NOT_SUPPORTED ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                                   : "CUBLAS_STATUS_EXECUTION_FAILED";
}

size_t cublasLtGetVersion(void)
{
    return 130000;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                                        cudaDataType_t scale)
{
    LT_CALL(make_product(desc, compute, scale));
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes)
{
    LT_CALL(set_product(desc, attribute, value, bytes));
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc)
{
    LT_RELEASE(unmake(desc, FAKE_LT_PRODUCT));
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t ld)
{
    LT_CALL(make_layout(layout, type, rows, columns, ld));
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    LT_RELEASE(unmake(layout, FAKE_LT_LAYOUT));
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    LT_CALL(make_preference(preference));
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t bytes)
{
    LT_CALL(set_preference(preference, attribute, value, bytes));
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    LT_RELEASE(unmake(preference, FAKE_LT_PREFERENCE));
}
