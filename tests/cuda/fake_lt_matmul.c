/*
 * cuBLASLt: D = alpha op(A) op(B) + beta C, column-major, summed in double precision. Offers the
 * algorithms that save least first: a sum in no fixed order, one that needs workspace, a plain one.
 */
#include "fake_lt.h"
#include "fake_round.h"

#include <limits.h>

enum { ALIGNMENT = 256 /* of the workspace */, LONG = 64 /* terms of a sum that is cut */ };
enum { A, B, C, D, SIDES };

static const uint64_t MAGIC = 0x6c74616c676f3121u;

struct side {
    int32_t type, transposed;
    int64_t rows, columns, ld;
};

/* What is multiplied: two are the same if all bytes are. */
struct problem {
    int32_t compute, scale;
    uint32_t epilogue, room;
    struct side side[SIDES];
};

/* In cublasLtMatmulAlgo_t.data. */
struct algorithm {
    uint64_t magic, problem, workspace, kinds;
    uint32_t scheme, alignment[SIDES], bias, room;
};
_Static_assert(sizeof(struct algorithm) <= sizeof(cublasLtMatmulAlgo_t), "it has to fit");

/* ---- what may be multiplied ------------------------------------------------------------------ */

static uint64_t mark(const struct problem *p)
{
    const unsigned char *byte = (const unsigned char *)p;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < sizeof *p; i++)
        hash = (hash ^ byte[i]) * 1099511628211u;
    return hash;
}

static int describe(struct problem *p, cublasLtMatmulDesc_t desc, const void *const layouts[SIDES])
{
    const struct fake_lt_product *product = (const struct fake_lt_product *)desc;
    if (!fake_is(product, FAKE_LT_PRODUCT))
        return 0;
    memset(p, 0, sizeof *p);
    p->compute = product->compute;
    p->scale = product->scale;
    p->epilogue = product->epilogue;
    for (int i = 0; i < SIDES; i++) {
        const struct fake_lt_layout *l = layouts[i];
        if (!fake_is(l, FAKE_LT_LAYOUT))
            return 0;
        p->side[i] = (struct side){.type = l->type,
                                   .transposed = i < C && product->transposed[i] != CUBLAS_OP_N,
                                   .rows = (int64_t)l->rows,
                                   .columns = (int64_t)l->columns,
                                   .ld = l->ld};
    }
    return 1;
}

/* Of op(side). */
static int64_t high(const struct side *s)
{
    return s->transposed ? s->columns : s->rows;
}

static int64_t wide(const struct side *s)
{
    return s->transposed ? s->rows : s->columns;
}

static int fits(const struct problem *p)
{
    const struct side *s = p->side;
    if (wide(&s[A]) == high(&s[B]) && high(&s[A]) == s[D].rows && wide(&s[B]) == s[D].columns &&
        s[C].rows == s[D].rows && s[C].columns == s[D].columns)
        return 1;
    fake_wrong("%lld x %lld times %lld x %lld is not %lld x %lld", (long long)high(&s[A]),
               (long long)wide(&s[A]), (long long)high(&s[B]), (long long)wide(&s[B]),
               (long long)s[D].rows, (long long)s[D].columns);
    return 0;
}

/* Those combinations of types and epilogues that stand in the documentation and are known here. */
static int is_supported(const struct problem *p)
{
    const struct side *s = p->side;
    int bf16 = s[A].type == CUDA_R_16BF;
    int computes = p->compute == CUBLAS_COMPUTE_32F || p->compute == CUBLAS_COMPUTE_32F_PEDANTIC ||
                   (!bf16 && (p->compute == CUBLAS_COMPUTE_32F_FAST_TF32 ||
                              p->compute == CUBLAS_COMPUTE_32F_FAST_16BF));
    int ends = p->epilogue == CUBLASLT_EPILOGUE_DEFAULT || p->epilogue == CUBLASLT_EPILOGUE_BIAS ||
               p->epilogue == CUBLASLT_EPILOGUE_RELU || p->epilogue == CUBLASLT_EPILOGUE_RELU_BIAS;
    int newer = bf16 || p->compute == CUBLAS_COMPUTE_32F_FAST_TF32 ||
                p->compute == CUBLAS_COMPUTE_32F_FAST_16BF;
    for (int i = 0; i < SIDES; i++)
        if (s[i].rows > INT_MAX || s[i].columns > INT_MAX || s[i].ld > INT_MAX)
            return 0;
    return (bf16 || s[A].type == CUDA_R_32F) && s[B].type == s[A].type && s[C].type == CUDA_R_32F &&
           s[D].type == CUDA_R_32F && p->scale == CUDA_R_32F && computes && ends &&
           (!newer || fake_capability(fake_device()) >= 80);
}

static int factor_bits(const struct problem *p)
{
    return p->compute == CUBLAS_COMPUTE_32F_FAST_TF32   ? FAKE_TF32_BITS
           : p->compute == CUBLAS_COMPUTE_32F_FAST_16BF ? FAKE_BF16_BITS
                                                        : FAKE_F32_BITS;
}

/* ---- algorithms ------------------------------------------------------------------------------ */

static uint64_t kinds_of(const struct problem *p)
{
    const int bits = p->side[A].type == CUDA_R_16BF ? FAKE_BF16_BITS : factor_bits(p);
    return CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_32F |
           (bits == FAKE_F32_BITS
                ? CUBLASLT_NUMERICAL_IMPL_FLAGS_FMA | CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_32F
            : bits == FAKE_TF32_BITS
                ? CUBLASLT_NUMERICAL_IMPL_FLAGS_HMMA | CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_TF32
                : CUBLASLT_NUMERICAL_IMPL_FLAGS_HMMA | CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_16BF);
}

/* Adds the algorithm with this scheme to those offered, if the preference allows it. */
static void offer(const struct problem *p, const struct fake_lt_preference *wish, uint32_t scheme,
                  uint64_t workspace, cublasLtMatmulHeuristicResult_t *results, int most,
                  int *count)
{
    struct algorithm a = {.magic = MAGIC,
                          .problem = mark(p),
                          .workspace = workspace,
                          .kinds = wish->kinds,
                          .scheme = scheme,
                          .bias = wish->bias};
    if (*count == most || workspace > wish->workspace || (scheme & ~wish->schemes) ||
        (kinds_of(p) & ~wish->kinds))
        return;
    memcpy(a.alignment, wish->alignment, sizeof a.alignment);
    cublasLtMatmulHeuristicResult_t *r = &results[(*count)++];
    memset(r, 0, sizeof *r);
    memcpy(r->algo.data, &a, sizeof a);
    r->workspaceSize = workspace;
    r->state = CUBLAS_STATUS_SUCCESS;
    r->wavesCount = 1;
}

/* "Routines that don't dereference this pointer depend on its value to determine alignment." */
static uint32_t bias_alignment(cublasLtMatmulDesc_t desc)
{
    const uintptr_t bias = (uintptr_t)((const struct fake_lt_product *)desc)->bias;
    uint32_t alignment = ALIGNMENT;
    while (bias % alignment != 0)
        alignment /= 2;
    return alignment;
}

static cudaError_t suggest(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                           const void *const layouts[SIDES], cublasLtMatmulPreference_t preference,
                           cublasLtMatmulHeuristicResult_t *results, int most, int *count)
{
    struct fake_lt_preference *wish = (struct fake_lt_preference *)preference;
    struct problem p;
    *count = 0;
    if (!fake_is(handle, FAKE_LT) || !describe(&p, desc, layouts) ||
        !fake_is(wish, FAKE_LT_PREFERENCE) || !fits(&p))
        return cudaErrorInvalidValue;
    if (!is_supported(&p))
        return cudaErrorNotSupported;
    wish->bias = bias_alignment(desc);
    const uint64_t bytes = (uint64_t)p.side[D].rows * (uint64_t)p.side[D].columns * sizeof(float);
    if (wide(&p.side[A]) >= LONG) {
        offer(&p, wish, CUBLASLT_REDUCTION_SCHEME_INPLACE, ALIGNMENT, results, most, count);
        offer(&p, wish, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, 2 * bytes, results, most, count);
    }
    offer(&p, wish, CUBLASLT_REDUCTION_SCHEME_NONE, 0, results, most, count);
    return *count > 0 ? cudaSuccess : cudaErrorNotSupported;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[], int *count)
{
    const void *const layouts[SIDES] = {a, b, c, d};
    LT_CALL(suggest(handle, desc, layouts, preference, results, most, count));
}

/* ---- computing ------------------------------------------------------------------------------- */

struct work {
    struct problem problem;
    float alpha, beta;
    const void *in[3];
    float *out;
    const float *bias;
    void *workspace;
    size_t bytes;
    uint32_t scheme;
};

static float element(const struct side *s, const void *at, int64_t row, int64_t column, int bits)
{
    const int64_t i = s->transposed ? column + row * s->ld : row + column * s->ld;
    return s->type == CUDA_R_16BF ? fake_from_bf16(((const uint16_t *)at)[i])
                                  : fake_factor(((const float *)at)[i], bits);
}

/* op(A) by rows or op(B) by columns, so that what is summed lies in order. */
static double *unfold(const struct side *s, const void *at, int by_rows, int bits)
{
    const int64_t rows = high(s), columns = wide(s);
    double *all = malloc((size_t)(rows * columns) * sizeof *all);
    if (!all)
        abort();
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            all[by_rows ? i * columns + j : i + j * rows] = element(s, at, i, j, bits);
    return all;
}

static float finish(const struct work *w, int64_t i, double sum)
{
    const uint32_t epilogue = w->problem.epilogue;
    if (epilogue & CUBLASLT_EPILOGUE_BIAS)
        sum += w->bias[i];
    if (epilogue & CUBLASLT_EPILOGUE_RELU)
        sum = sum > 0 ? sum : 0;
    return (float)sum;
}

static cudaError_t multiply(void *args)
{
    static uint64_t turn;
    const struct work *w = args;
    const struct side *s = w->problem.side;
    const int64_t m = s[D].rows, n = s[D].columns, k = wide(&s[A]);
    const int bits = factor_bits(&w->problem);
    double *a = unfold(&s[A], w->in[A], 1, bits), *b = unfold(&s[B], w->in[B], 0, bits);
    turn++;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += a[i * k + l] * b[j * k + l];
            if (w->scheme & CUBLASLT_REDUCTION_SCHEME_INPLACE)
                sum = fake_unsteady(sum, turn + (uint64_t)i);
            sum *= w->alpha;
            if (w->beta != 0)
                sum += w->beta * ((const float *)w->in[C])[i + j * s[C].ld];
            w->out[i + j * s[D].ld] = finish(w, i, sum);
        }
    if (w->bytes > 0)
        memset(w->workspace, 0xFF, w->bytes);
    free(a);
    free(b);
    return cudaSuccess;
}

/* ---- the call -------------------------------------------------------------------------------- */

static size_t span(const struct side *s)
{
    const size_t size = s->type == CUDA_R_16BF ? 2 : 4;
    return ((size_t)(s->columns - 1) * (size_t)s->ld + (size_t)s->rows) * size;
}

static int overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    const char *x = a, *y = b;
    return x < y + b_bytes && y < x + a_bytes;
}

/* Where everything is, and that the algorithm was made for it. */
static int is_placed(const struct work *w, const struct algorithm *a, int device)
{
    static const char *const names[SIDES] = {"A", "B", "C", "D"};
    const struct side *s = w->problem.side;
    for (int i = 0; i < SIDES; i++) {
        const void *at = i == D ? w->out : w->in[i];
        if (i == C && w->beta == 0) /* nobody looks there */
            continue;
        if (!fake_on_device(device, at, span(&s[i]), names[i]))
            return 0;
        if ((uintptr_t)at % a->alignment[i] != 0)
            return fake_wrong("%s is at %p, the algorithm is for multiples of %u", names[i], at,
                              a->alignment[i]) == cudaSuccess;
        if (i < C && overlap(at, span(&s[i]), w->out, span(&s[D])))
            return fake_wrong("%s and D overlap", names[i]) == cudaSuccess;
    }
    if (!(w->problem.epilogue & CUBLASLT_EPILOGUE_BIAS))
        return 1;
    if ((uintptr_t)w->bias % a->bias != 0)
        return fake_wrong("the bias is at %p, the algorithm is for multiples of %u",
                          (const void *)w->bias, a->bias) == cudaSuccess;
    return fake_on_device(device, w->bias, (size_t)s[D].rows * sizeof(float), "the bias");
}

static int has_room(const struct work *w, const struct algorithm *a, int device)
{
    if (a->workspace > w->bytes)
        return fake_wrong("%zu bytes of workspace, the algorithm needs %llu", w->bytes,
                          (unsigned long long)a->workspace) == cudaSuccess;
    if (w->bytes == 0)
        return 1;
    if ((uintptr_t)w->workspace % ALIGNMENT != 0)
        return fake_wrong("the workspace is at %p, no multiple of %d", w->workspace, ALIGNMENT) ==
               cudaSuccess;
    if (overlap(w->workspace, w->bytes, w->out, span(&w->problem.side[D])))
        return fake_wrong("D is in the workspace") == cudaSuccess;
    return fake_on_device(device, w->workspace, w->bytes, "the workspace");
}

static cudaError_t put(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, struct work *w,
                       const void *const layouts[SIDES], const cublasLtMatmulAlgo_t *algorithm,
                       cudaStream_t stream)
{
    struct algorithm a = {0};
    if (!fake_is(handle, FAKE_LT) || !fake_is_stream(stream) ||
        !describe(&w->problem, desc, layouts))
        return cudaErrorInvalidValue;
    const struct fake_lt_product *product = (const struct fake_lt_product *)desc;
    if (algorithm)
        memcpy(&a, algorithm->data, sizeof a);
    if (a.magic != MAGIC || a.problem != mark(&w->problem))
        return fake_wrong("no algorithm, or one of another product");
    if (product->pointer_mode != CUBLAS_POINTER_MODE_HOST)
        return fake_wrong("pointer mode %d is not known here", product->pointer_mode);
    const int device = ((const struct fake_lt *)handle)->device;
    if (device != fake_device() || fake_stream_device(stream) != device)
        return fake_wrong("the handle is of device %d, the thread's is %d, the stream's %d", device,
                          fake_device(), fake_stream_device(stream));
    w->bias = product->bias;
    w->scheme = a.scheme;
    if (!is_placed(w, &a, device) || !has_room(w, &a, device))
        return cudaErrorInvalidValue;
    fake.library.compute = w->problem.compute;
    fake.library.factors = w->problem.side[A].type;
    fake.library.epilogue = (int)w->problem.epilogue;
    fake.library.scheme = (int)a.scheme;
    fake.library.kinds = a.kinds;
    fake.library.product_workspace = (size_t)a.workspace;
    return fake_put(stream,
                    &(struct fake_piece){
                        .name = "cublasLtMatmul", .work = multiply, .args = w, .bytes = sizeof *w});
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha,
                              const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
                              cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
                              cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t bytes,
                              cudaStream_t stream)
{
    const void *const layouts[SIDES] = {a_layout, b_layout, c_layout, d_layout};
    struct work w = {.alpha = *(const float *)alpha,
                     .beta = *(const float *)beta,
                     .in = {a, b, c},
                     .out = d,
                     .workspace = workspace,
                     .bytes = bytes};
    LT_CALL(put(handle, desc, &w, layouts, algorithm, stream));
}
