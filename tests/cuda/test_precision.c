/*
 * What the CUDA backend's precision, deterministic and memory mean, on the fake: products and
 * convolutions round their factors as they say and no further, and repeat their bits. Each rule is
 * held to libraries that are asked for something else, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/cuda/libraries.h"
#include "core/check/conformance/cases.h"
#include "core/check/conformance/step.h"
#include "core/check/trial.h"
#include "fake.h"
#include "fake_round.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODULE "tests/cuda/module/.libs/cuda.so"

enum { F32, TF32, BF16 };
static const char *const precisions[] = {"f32", "tf32", "bf16"};
static const int bits[] = {FAKE_F32_BITS, FAKE_TF32_BITS, FAKE_BF16_BITS};

static const uint32_t ops[] = {MCD_OP_LINEAR, MCD_OP_LINEAR_DX, MCD_OP_LINEAR_DW,
                               MCD_OP_CONV2D, MCD_OP_CONV2D_DX, MCD_OP_CONV2D_DW};

/* ---- steps ----------------------------------------------------------------------------------- */

enum { ROWS = 70, IN = 66, OUT = 68 /* sums of over 64 terms, which the fake likes to cut */ };
enum { MOST = 5000 };

static double factor[2][MOST];

/* Factors with so many bits behind the leading one. */
static void fill_factors(struct mcd_step_case *c, int precision)
{
    for (int f = 0; f < 2; f++) {
        for (uint64_t i = 0; i < MOST; i++)
            factor[f][i] =
                (double)fake_factor((float)mcd_trial_value((uint32_t)f, i), bits[precision]);
        c->in[f].data = factor[f];
    }
}

static struct mcd_step_case product(uint32_t op)
{
    struct mcd_step_case c = {.op = op, .in_place = MCD_NO_INPUT, .passes = 1, .rows = ROWS};
    const struct mcd_shape x = mcd_shape1(IN), y = mcd_shape1(OUT), w = mcd_shape2(OUT, IN);
    mcd_case_input(&c, ROWS, op == MCD_OP_LINEAR ? x : y, MCD_FILL_MIXED);
    if (op == MCD_OP_LINEAR_DW)
        mcd_case_input(&c, ROWS, x, MCD_FILL_MIXED);
    else
        mcd_case_input(&c, 0, w, MCD_FILL_MIXED);
    if (op == MCD_OP_LINEAR)
        mcd_case_input(&c, 0, y, MCD_FILL_MIXED);
    if (op == MCD_OP_LINEAR_DX)
        mcd_case_input(&c, ROWS, x, MCD_FILL_NAN);
    mcd_case_output(&c, op == MCD_OP_LINEAR_DW ? 0 : ROWS,
                    op == MCD_OP_LINEAR      ? y
                    : op == MCD_OP_LINEAR_DX ? x
                                             : w);
    return c;
}

static struct mcd_step_case convolution(uint32_t op)
{
    enum { IMAGES = 3 };
    struct mcd_step_case c = {.op = op, .in_place = MCD_NO_INPUT, .passes = 1, .rows = IMAGES};
    const struct mcd_shape x = mcd_shape3(2, 9, 8), y = mcd_shape3(3, 5, 6),
                           k = mcd_shape4(3, 2, 3, 2);
    c.attr.u.conv = (struct mcd_attr_conv){.stride = {2, 1}, .pad = {1, 0}, .dilation = {1, 2}};
    mcd_case_input(&c, IMAGES, op == MCD_OP_CONV2D ? x : y, MCD_FILL_MIXED);
    if (op == MCD_OP_CONV2D_DW)
        mcd_case_input(&c, IMAGES, x, MCD_FILL_MIXED);
    else
        mcd_case_input(&c, 0, k, MCD_FILL_MIXED);
    if (op == MCD_OP_CONV2D_DX)
        mcd_case_input(&c, IMAGES, x, MCD_FILL_NAN);
    if (op == MCD_OP_CONV2D_DW)
        mcd_case_input(&c, 0, k, MCD_FILL_NAN);
    mcd_case_output(&c, op == MCD_OP_CONV2D_DW ? 0 : IMAGES,
                    op == MCD_OP_CONV2D      ? y
                    : op == MCD_OP_CONV2D_DX ? x
                                             : k);
    return c;
}

static int is_convolution(uint32_t op)
{
    return op == MCD_OP_CONV2D || op == MCD_OP_CONV2D_DX || op == MCD_OP_CONV2D_DW;
}

static struct mcd_step_case step_of(uint32_t op, int precision)
{
    struct mcd_step_case c = is_convolution(op) ? convolution(op) : product(op);
    fill_factors(&c, precision);
    return c;
}

/* ---- backends -------------------------------------------------------------------------------- */

static void open_backend(struct mcd_engine *b, const char *spec)
{
    struct mcd_error e = {0};
    if (mcd_engine_open(spec, 1, b, &e))
        fail_msg("%s: %s: %s", spec, e.where, e.text);
}

static void open_module(struct mcd_engine *b, int precision, const char *more)
{
    char spec[200];
    snprintf(spec, sizeof spec, MODULE ":precision=%s%s", precisions[precision], more);
    open_backend(b, spec);
}

static void close_backend(struct mcd_engine *b)
{
    assert_int_equal(mcd_engine_close(b), 0);
    assert_int_equal(fake_live(), 0);
}

/* Runs a step so many times; the caller frees the results, one behind the other. */
static double *compute(const struct mcd_engine *b, const struct mcd_step_case *c, int times)
{
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    const size_t count = (size_t)mcd_step_results(c);
    double *results = malloc((size_t)times * count * sizeof *results);
    assert_non_null(results);
    int status = mcd_step_place(b, c, 1, &p, &e);
    for (int i = 0; status == MCD_OK && i < times; i++)
        status = mcd_step_execute(&p, results + (size_t)i * count, &e);
    if (status)
        fail_msg("op %u: %s: %s", c->op, e.where, e.text);
    mcd_step_remove(&p);
    return results;
}

/* How far results are from those of factors in a precision, over the largest of these. */
static double distance(const struct mcd_step_case *of, const double *got, int precision)
{
    struct mcd_engine oracle;
    struct mcd_step_case c = step_of(of->op, precision);
    double worst = 0, largest = 0;
    open_backend(&oracle, "reference:precision=f64");
    double *expected = compute(&oracle, &c, 1);
    mcd_engine_close(&oracle);
    for (int64_t i = 0; i < mcd_step_results(&c); i++) {
        worst = fmax(worst, fabs(got[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    free(expected);
    return worst / largest;
}

/* ---- the rules ------------------------------------------------------------------------------- */

static const char *judge_product(int precision, const struct fake_library *l)
{
    if (l->compute != (precision == TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F))
        return "another type to compute in";
    if (l->factors != (precision == BF16 ? CUDA_R_16BF : CUDA_R_32F))
        return "factors of another type";
    if (precision == F32 && l->kinds & (CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK |
                                        CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_TF32))
        return "tensor cores are not forbidden";
    return l->scheme == CUBLASLT_REDUCTION_SCHEME_INPLACE ? "a sum without an order" : NULL;
}

static const char *judge_convolution(int precision, const struct fake_library *l)
{
    if (precision == F32 && l->math != CUDNN_FMA_MATH)
        return "not only FMA";
    if (precision != F32 && l->math != CUDNN_DEFAULT_MATH && l->math != CUDNN_TENSOR_OP_MATH)
        return "another math than tf32";
    return NULL;
}

/* What is wrong with an op, or NULL. */
static const char *judge(const struct mcd_engine *b, int precision, uint32_t op)
{
    enum { TIMES = 4 };
    struct mcd_step_case c = step_of(op, F32);
    const size_t count = (size_t)mcd_step_results(&c);
    double *got = compute(b, &c, TIMES);
    const struct fake_library l = fake_library();
    const char *wrong =
        is_convolution(op) ? judge_convolution(precision, &l) : judge_product(precision, &l);
    for (size_t i = 1; i < TIMES; i++)
        if (memcmp(got, got + i * count, count * sizeof *got) != 0)
            wrong = "other bits each time";
    for (int p = F32; p <= BF16; p++)
        if ((distance(&c, got, p) < 4e-6) != (p == precision))
            wrong = "rounded otherwise";
    free(got);
    return wrong;
}

static void each_precision_is_what_it_says(void **state)
{
    (void)state;
    for (int p = F32; p <= BF16; p++) {
        struct mcd_engine b;
        open_module(&b, p, "");
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            const char *wrong = judge(&b, p, ops[i]);
            if (wrong)
                fail_msg("%s, %s: %s", precisions[p], mcd_case_op_name(ops[i]), wrong);
        }
        close_backend(&b);
    }
}

/* Left to themselves, the libraries take algorithms whose sums have no order. */
static void without_deterministic_bits_differ(void **state)
{
    static const uint32_t varying[] = {MCD_OP_LINEAR, MCD_OP_LINEAR_DX, MCD_OP_LINEAR_DW,
                                       MCD_OP_CONV2D_DX, MCD_OP_CONV2D_DW};
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, ",deterministic=no");
    for (size_t i = 0; i < sizeof varying / sizeof *varying; i++) {
        const char *wrong = judge(&b, F32, varying[i]);
        assert_non_null(wrong);
        assert_string_equal(wrong, "other bits each time");
    }
    close_backend(&b);
}

/* ---- libraries that are asked for something else --------------------------------------------- */

static struct mcd_cuda_libraries real;

static cublasStatus_t in_tf32(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                              cudaDataType_t scale)
{
    (void)compute;
    return real.cublasLtMatmulDescCreate(desc, CUBLAS_COMPUTE_32F_FAST_TF32, scale);
}

static cublasStatus_t in_f32(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                             cudaDataType_t scale)
{
    (void)compute;
    return real.cublasLtMatmulDescCreate(desc, CUBLAS_COMPUTE_32F, scale);
}

static cublasStatus_t unmasked(cublasLtMatmulPreference_t preference,
                               cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
                               size_t bytes)
{
    if (attribute == CUBLASLT_MATMUL_PREF_IMPL_MASK)
        return CUBLAS_STATUS_SUCCESS;
    return real.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
}

static cublasStatus_t any_scheme(cublasLtMatmulPreference_t preference,
                                 cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
                                 size_t bytes)
{
    if (attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
        return CUBLAS_STATUS_SUCCESS;
    return real.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
}

static cudnnStatus_t default_math(cudnnConvolutionDescriptor_t c, cudnnMathType_t math)
{
    (void)math;
    return real.cudnnSetConvolutionMathType(c, CUDNN_DEFAULT_MATH);
}

static cudnnStatus_t fma_math(cudnnConvolutionDescriptor_t c, cudnnMathType_t math)
{
    (void)math;
    return real.cudnnSetConvolutionMathType(c, CUDNN_FMA_MATH);
}

static struct mcd_cuda_libraries *libraries_of(const struct mcd_engine *b)
{
    return ((struct mcd_cuda *)b->self)->libraries;
}

static void judge_wrong(const struct mcd_engine *b, int precision, uint32_t op,
                        const char *expected)
{
    const char *wrong = judge(b, precision, op);
    assert_non_null(wrong);
    assert_string_equal(wrong, expected);
    *libraries_of(b) = real;
}

static void wrong_products_are_found(void **state)
{
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cublasLtMatmulPreferenceSetAttribute = unmasked;
    judge_wrong(&b, F32, MCD_OP_LINEAR, "tensor cores are not forbidden");
    libraries_of(&b)->cublasLtMatmulPreferenceSetAttribute = unmasked;
    libraries_of(&b)->cublasLtMatmulDescCreate = in_tf32;
    judge_wrong(&b, F32, MCD_OP_LINEAR, "rounded otherwise");
    libraries_of(&b)->cublasLtMatmulPreferenceSetAttribute = any_scheme;
    judge_wrong(&b, F32, MCD_OP_LINEAR_DW, "other bits each time");
    close_backend(&b);
    open_module(&b, TF32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cublasLtMatmulDescCreate = in_f32;
    judge_wrong(&b, TF32, MCD_OP_LINEAR_DX, "rounded otherwise");
    close_backend(&b);
}

static void wrong_convolutions_are_found(void **state)
{
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cudnnSetConvolutionMathType = default_math;
    judge_wrong(&b, F32, MCD_OP_CONV2D, "rounded otherwise");
    close_backend(&b);
    open_module(&b, TF32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cudnnSetConvolutionMathType = fma_math;
    judge_wrong(&b, TF32, MCD_OP_CONV2D_DW, "rounded otherwise");
    close_backend(&b);
}

/* With the mask, a product that would be tf32 is none. */
static void f32_is_refused_rather_than_rounded(void **state)
{
    struct mcd_step_case c = step_of(MCD_OP_LINEAR_DX, F32);
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cublasLtMatmulDescCreate = in_tf32;
    assert_int_equal(mcd_step_place(&b, &c, 1, &p, &e), MCD_UNSUPPORTED);
    assert_non_null(strstr(e.text, "no algorithm for 70 x 66 x 68"));
    close_backend(&b);
}

/* cuDNN may call any algorithm deterministic: its header says which are not. */
static cudnnStatus_t praise(cudnnHandle_t handle, const cudnnTensorDescriptor_t x,
                            const cudnnTensorDescriptor_t dy,
                            const cudnnConvolutionDescriptor_t conv,
                            const cudnnFilterDescriptor_t dw, int most, int *count,
                            cudnnConvolutionBwdFilterAlgoPerf_t *found)
{
    cudnnStatus_t s = real.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, x, dy, conv, dw,
                                                                         most, count, found);
    for (int i = 0; i < *count; i++)
        found[i].determinism = CUDNN_DETERMINISTIC;
    return s;
}

static void varying_algorithms_are_known(void **state)
{
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    real = *libraries_of(&b);
    libraries_of(&b)->cudnnGetConvolutionBackwardFilterAlgorithm_v7 = praise;
    assert_null(judge(&b, F32, MCD_OP_CONV2D_DW));
    close_backend(&b);
}

/* ---- infinities ------------------------------------------------------------------------------ */

static cudnnStatus_t transform(cudnnHandle_t handle, const void *alpha,
                               const cudnnTensorDescriptor_t x, const void *x_at,
                               const cudnnFilterDescriptor_t k, const void *k_at,
                               const cudnnConvolutionDescriptor_t conv,
                               cudnnConvolutionFwdAlgo_t algorithm, void *workspace, size_t bytes,
                               const void *beta, const cudnnTensorDescriptor_t y, void *y_at)
{
    (void)algorithm;
    return real.cudnnConvolutionForward(handle, alpha, x, x_at, k, k_at, conv,
                                        CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, workspace, bytes,
                                        beta, y, y_at);
}

static int64_t count_nan(const struct mcd_engine *b, const struct mcd_step_case *c)
{
    double *got = compute(b, c, 1);
    int64_t count = 0;
    for (int64_t i = 0; i < mcd_step_results(c); i++)
        count += isnan(got[i]);
    free(got);
    return count;
}

/* An infinity reaches what it is a factor of, however fast a transform would be. */
static void infinities_do_not_spread(void **state)
{
    struct mcd_step_case c = step_of(MCD_OP_CONV2D, F32);
    struct mcd_engine b;
    (void)state;
    factor[0][10] = INFINITY;
    open_module(&b, F32, ",deterministic=no");
    assert_int_equal(count_nan(&b, &c), 0);
    real = *libraries_of(&b);
    libraries_of(&b)->cudnnConvolutionForward = transform;
    assert_int_equal(count_nan(&b, &c), mcd_step_results(&c));
    close_backend(&b);
}

/* ---- a bias without its epilogue ------------------------------------------------------------- */

static uint32_t epilogue;

static cublasStatus_t note_epilogue(cublasLtMatmulDesc_t desc,
                                    cublasLtMatmulDescAttributes_t attribute, const void *value,
                                    size_t bytes)
{
    if (attribute == CUBLASLT_MATMUL_DESC_EPILOGUE)
        memcpy(&epilogue, value, sizeof epilogue);
    return real.cublasLtMatmulDescSetAttribute(desc, attribute, value, bytes);
}

static cublasStatus_t plain_only(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                 cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                 cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                 cublasLtMatmulPreference_t preference, int most,
                                 cublasLtMatmulHeuristicResult_t results[], int *count)
{
    *count = 0;
    return epilogue != CUBLASLT_EPILOGUE_DEFAULT
               ? CUBLAS_STATUS_NOT_SUPPORTED
               : real.cublasLtMatmulAlgoGetHeuristic(handle, desc, a, b, c, d, preference, most,
                                                     results, count);
}

static void a_bias_needs_no_epilogue(void **state)
{
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    assert_null(judge(&b, F32, MCD_OP_LINEAR));
    assert_int_equal(fake_library().epilogue, CUBLASLT_EPILOGUE_BIAS);
    real = *libraries_of(&b);
    libraries_of(&b)->cublasLtMatmulDescSetAttribute = note_epilogue;
    libraries_of(&b)->cublasLtMatmulAlgoGetHeuristic = plain_only;
    assert_null(judge(&b, F32, MCD_OP_LINEAR));
    assert_int_equal(fake_library().epilogue, CUBLASLT_EPILOGUE_DEFAULT);
    close_backend(&b);
}

/* ---- memory, extents, cards, environment ----------------------------------------------------- */

static void scratch_memory_follows_the_limit(void **state)
{
    struct mcd_step_case c = step_of(MCD_OP_LINEAR_DX, F32);
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    free(compute(&b, &c, 1));
    assert_in_range(fake_library().product_workspace, ROWS * IN * sizeof(float), 64 << 20);
    close_backend(&b);
    open_module(&b, F32, ",memory=200000"); /* an eighth of it is less than that */
    free(compute(&b, &c, 1));
    assert_int_equal(fake_library().product_workspace, 0);
    close_backend(&b);
}

static void refuse(const struct mcd_engine *b, uint32_t op, const struct mcd_attr *attr,
                   const struct mcd_tensor in[2], struct mcd_tensor out, const char *text)
{
    struct mcd_step step = {
        .size = sizeof step, .op = op, .attr = *attr, .nin = 2, .in = in, .out = out};
    struct mcd_kernel kernel = {0};
    struct mcd_error e = {0};
    const long before = fake_live();
    assert_int_equal(b->api->kernel(b->self, &step, &kernel, &e), MCD_UNSUPPORTED);
    if (!strstr(e.text, text))
        fail_msg("%s: %s", e.where, e.text);
    assert_int_equal(fake_live(), before);
}

static void what_cannot_be_counted_is_refused(void **state)
{
    const struct mcd_attr none = MCD_ATTR_ZERO;
    struct mcd_attr attr = MCD_ATTR_ZERO;
    struct mcd_tensor x = {.type = MCD_F32, .rows = 1u << 31, .shape = mcd_shape1(1)};
    struct mcd_tensor w = {.type = MCD_F32, .shape = mcd_shape2(1, 1)};
    struct mcd_engine b;
    (void)state;
    open_module(&b, F32, "");
    refuse(&b, MCD_OP_LINEAR, &none, (struct mcd_tensor[]){x, w}, x, "up to 2^31 - 1");
    attr.u.conv = (struct mcd_attr_conv){.stride = {1, 1}, .dilation = {1, 1}};
    x.rows = 1u << 25;
    x.shape = mcd_shape3(1, 8, 8);
    w.shape = mcd_shape4(1, 1, 1, 1);
    refuse(&b, MCD_OP_CONV2D, &attr, (struct mcd_tensor[]){x, w}, x, "up to 2^31 - 1 elements");
    x.rows = 1;
    attr.u.conv.stride[0] = (int64_t)1 << 31;
    struct mcd_tensor y = x;
    y.shape = mcd_shape3(1, 1, 8);
    refuse(&b, MCD_OP_CONV2D, &attr, (struct mcd_tensor[]){x, w}, y, "strides");
    close_backend(&b);
}

static void refuse_to_open(int precision, const char *text)
{
    char spec[100];
    struct mcd_error e = {0};
    struct mcd_engine b;
    snprintf(spec, sizeof spec, MODULE ":precision=%s", precisions[precision]);
    assert_int_equal(mcd_engine_open(spec, 1, &b, &e), MCD_DEVICE);
    assert_string_equal(e.where, "precision");
    if (!strstr(e.text, text))
        fail_msg("%s", e.text);
    assert_int_equal(fake_live(), 0);
}

static void open_and_close(int precision)
{
    struct mcd_engine b;
    open_module(&b, precision, "");
    close_backend(&b);
}

static void old_cards_have_f32_alone(void **state)
{
    struct mcd_error e = {0};
    struct mcd_engine b;
    (void)state;
    assert_int_equal(fake_set("capability=75"), 0);
    int status = mcd_engine_open(MODULE, 1, &b, &e);
    if (status == MCD_OK) {
        close_backend(&b);
        refuse_to_open(TF32, "tf32 needs a card of compute capability 8.0");
        refuse_to_open(BF16, "bf16 needs a card of compute capability 8.0");
    } else {
        assert_string_equal(e.where, "device");
        fprintf(stderr, "# SKIPPED: cards below 8.0: %s\n", e.text);
    }
    assert_int_equal(fake_set("capability=90"), 0);
}

static void the_environment_does_not_overrule(void **state)
{
    (void)state;
    setenv("NVIDIA_TF32_OVERRIDE", "0", 1);
    refuse_to_open(TF32, "ignore precision=tf32");
    open_and_close(F32);
    open_and_close(BF16);
    setenv("NVIDIA_TF32_OVERRIDE", "1", 1);
    refuse_to_open(F32, "ignore precision=f32");
    open_and_close(TF32);
    open_and_close(BF16);
    unsetenv("NVIDIA_TF32_OVERRIDE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_precision_is_what_it_says),
        cmocka_unit_test(without_deterministic_bits_differ),
        cmocka_unit_test(wrong_products_are_found),
        cmocka_unit_test(wrong_convolutions_are_found),
        cmocka_unit_test(f32_is_refused_rather_than_rounded),
        cmocka_unit_test(varying_algorithms_are_known),
        cmocka_unit_test(infinities_do_not_spread),
        cmocka_unit_test(a_bias_needs_no_epilogue),
        cmocka_unit_test(scratch_memory_follows_the_limit),
        cmocka_unit_test(what_cannot_be_counted_is_refused),
        cmocka_unit_test(old_cards_have_f32_alone),
        cmocka_unit_test(the_environment_does_not_overrule),
    };
    unsetenv("NVIDIA_TF32_OVERRIDE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
