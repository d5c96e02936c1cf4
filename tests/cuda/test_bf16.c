/* backends/cuda/bodies/bf16.h: rounding to the nearest bf16, and rows with a gap between them. */
#include "backends/cuda/bodies/bf16.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Of the floats that bf16 holds below and above, as bits: the nearer one, the even one of two. */
static uint32_t nearest(uint32_t bits)
{
    uint32_t below = bits & 0xFFFF0000u, above = below + 0x10000u;
    double x = float_of(bits), low = float_of(below), high = float_of(above);
    if (isinf(low))
        return below;
    if (isinf(high)) /* as if exponents went on */
        high = copysign(ldexp(1, 128), x);
    if (fabs(x - low) != fabs(high - x))
        return fabs(x - low) < fabs(high - x) ? below : above;
    return below & 0x10000u ? above : below;
}

/* Every number that bf16 holds, and numbers just beside it and beside the middle to the next. */
static void rounds_to_the_nearest(void **state)
{
    static const uint32_t beside[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
    (void)state;
    for (uint32_t upper = 0; upper < 0x10000; upper++)
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
            uint32_t bits = upper << 16 | beside[i];
            uint16_t got = mcd_bf16(float_of(bits));
            if (isnan(float_of(bits)))
                assert_true(isnan(float_of((uint32_t)got << 16)));
            else
                assert_int_equal((uint32_t)got << 16, nearest(bits));
        }
}

/* A matrix whose rows begin five elements apart, and a dense one. */
static void factors_may_have_gaps(void **state)
{
    static const float from[6] = {1, -2, 3.0078125f, 4, 5, 1e-3f};
    uint16_t to[10], dense[6];
    memset(to, 0xEE, sizeof to);
    const struct narrow_args args = {.factor = {{to, from, 3, 5}, {dense, from, 2, 2}}, .first = 6};
    (void)state;
    for (int64_t i = 0; i < 12; i++)
        narrow_body(&args, i);
    for (int i = 0; i < 10; i++)
        assert_int_equal(to[i], i % 5 < 3 ? mcd_bf16(from[i / 5 * 3 + i % 5]) : 0xEEEE);
    for (int i = 0; i < 6; i++)
        assert_int_equal(dense[i], mcd_bf16(from[i]));
}

static void rounded_floats_are_bf16(void **state)
{
    static const float from[] = {1, 0.1f, -INFINITY, 3.4e38f, 1e-40f};
    float to[5];
    const struct round_bf16_args args = {.factor = {{to, from}, {to + 2, from + 2}}, .first = 2};
    (void)state;
    for (int64_t i = 0; i < 5; i++)
        round_bf16_body(&args, i);
    for (int i = 0; i < 5; i++) {
        uint32_t bits = (uint32_t)mcd_bf16(from[i]) << 16;
        assert_memory_equal(&to[i], &bits, sizeof bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_to_the_nearest),
        cmocka_unit_test(factors_may_have_gaps),
        cmocka_unit_test(rounded_floats_are_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
