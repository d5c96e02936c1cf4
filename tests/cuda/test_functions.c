/* Functions of one element that the CUDA backend's kernels use, over the whole range of floats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../backends/cuda/bodies/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double gelu(double x)
{
    return x * 0.5 * erfc(-x / sqrt(2));
}

static double relu(double x)
{
    return x <= 0 ? 0 : x;
}

struct function {
    const char *name;
    double (*exact)(double);
    double relative, absolute; /* either one may be kept */
};

static const struct function functions[] = {
    [MCD_RELU] = {"relu", relu, 0, 0},
    [MCD_TANH] = {"tanh", tanh, 2e-7, 0},
    [MCD_SIGMOID] = {"sigmoid", sigmoid, 3e-7, 0},
    [MCD_EXP] = {"exp", exp, 2e-7, 0},
    [MCD_LOG] = {"log", log, 2e-7, 0},
    [MCD_SQRT] = {"sqrt", sqrt, 1e-7, 0},
    [MCD_SOFTPLUS] = {"softplus", softplus, 3e-7, 0},
    [MCD_GELU] = {"gelu", gelu, 3e-7, 1e-7},
};

static void agrees_with_libm(int32_t f, float x)
{
    const double least = 6e-45; /* some of the smallest steps that floats have */
    const struct function *of = &functions[f];
    double expected = of->exact((double)x), got = (double)map_value(f, x);
    double room = of->relative * fabs(expected) + of->absolute + least;
    int same = isnan(expected) ? isnan(got) : got == (double)(float)expected;
    if (!same && !(fabs(got - expected) <= room))
        fail_msg("%s(%a) is %a, expected %a", of->name, (double)x, got, expected);
}

static float from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void functions_agree_with_libm_on_all_floats(void **state)
{
    static const uint32_t specials[] = {0,          0x80000000, 0x3F800000, 0xBF800000, 0x7F800000,
                                        0xFF800000, 0x7FC00000, 1,          0x80000001, 0x7F7FFFFF,
                                        0xFF7FFFFF, 0x42B17217, 0x42B17218, 0xC2CFF1B5, 0xC2D0F1B5};
    const uint32_t stride = getenv("MCDROP_FAST") ? 9999991 : 4099;
    (void)state;
    for (int32_t f = MCD_RELU; f <= MCD_GELU; f++) {
        for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
            agrees_with_libm(f, from_bits(specials[i]));
        for (uint64_t u = 0; u < 0x100000000u; u += stride)
            agrees_with_libm(f, from_bits((uint32_t)u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_agree_with_libm_on_all_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
