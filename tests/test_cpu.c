/*
 * backends/cpu: functions of one float over the whole range of floats, clones against plain code,
 * and random bits word by word. What whole steps compute is tested with the backends made of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../backends/cpu/cpu.h"
#include "../backends/cpu/lanes.h"
#include "core/base/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The same functions once more, for plain x86-64 and one element at a time. */
#define MCD_CLONES
#define MCD_SHORT_CLONES
#include "../backends/cpu/elementary.h"

#include <cmocka.h>

static int fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double normal_cdf(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

static double gelu(double x)
{
    return x * normal_cdf(x);
}

struct function {
    const char *name;
    float (*plain)(float);
    double (*exact)(double);
    uint32_t map;
    double relative, absolute; /* either one may be kept */
};

static const struct function functions[] = {
    {"tanh", mcd_tanh, tanh, MCD_TANH, 2e-7, 0},
    {"sigmoid", mcd_sigmoid, sigmoid, MCD_SIGMOID, 2.5e-7, 0},
    {"exp", mcd_exp, exp, MCD_EXP, 1e-7, 0},
    {"log", mcd_log, log, MCD_LOG, 2e-7, 0},
    {"softplus", mcd_softplus, softplus, MCD_SOFTPLUS, 2.5e-7, 0},
    {"gelu", mcd_gelu, gelu, MCD_GELU, 2.5e-7, 1e-7},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void agrees_with_libm(const struct function *f, float x)
{
    double expected = f->exact((double)x), got = (double)f->plain(x);
    const double least = 6e-45; /* some of the smallest steps that floats have */
    int ok = isnan(expected) ? isnan(got)
             : isinf((double)(float)expected)
                 ? got == (double)(float)expected
                 : fabs(got - expected) <= f->relative * fabs(expected) + f->absolute + least;
    if (!ok)
        fail_msg("%s(%a) is %a, expected %a", f->name, (double)x, got, expected);
}

static void functions_agree_with_libm_on_all_floats(void **state)
{
    static const float specials[] = {0.0f,     -0.0f,   1.0f,    -1.0f,         INFINITY, -INFINITY,
                                     NAN,      1e-45f,  -1e-45f, 3.4e38f,       -3.4e38f, 88.7228f,
                                     88.7229f, -103.9f, -104.1f, 1.1754944e-38f};
    const uint32_t stride = fast() ? 9999991 : 4099;
    (void)state;
    for (int k = 0; k < FUNCTIONS; k++) {
        for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
            if (functions[k].map != MCD_GELU || !isinf((double)specials[i]))
                agrees_with_libm(&functions[k], specials[i]);
        for (uint64_t u = 0; u < 0x100000000u; u += stride)
            if (functions[k].map != MCD_GELU || (u & 0x7FFFFFFF) != 0x7F800000)
                agrees_with_libm(&functions[k], mcd_from_bits((uint32_t)u));
    }
}

static void tanh_is_odd_and_saturates(void **state)
{
    const uint32_t stride = fast() ? 9999991 : 4099;
    (void)state;
    for (uint32_t u = 0; u < 0x7F800000u; u += stride) {
        float x = mcd_from_bits(u);
        assert_true(mcd_bits(mcd_tanh(-x)) == (mcd_bits(mcd_tanh(x)) ^ 0x80000000u));
        assert_true(mcd_tanh(x) <= 1.0f);
    }
    assert_true(mcd_bits(mcd_tanh(-0.0f)) == 0x80000000u);
    assert_true(mcd_tanh(INFINITY) == 1.0f && mcd_tanh(-9.5f) == -1.0f);
    assert_true(mcd_tanh(1e-45f) == 1e-45f);
}

/* A kernel of the library, run on memory of the test. */
static void run_map(struct mcd_cpu *cpu, uint32_t map, float *y, const float *x, int64_t n)
{
    struct mcd_buffer from = {(size_t)n * sizeof *x, (void *)(uintptr_t)x},
                      to = {(size_t)n * sizeof *y, y};
    struct mcd_tensor in = {&from, 0, MCD_F32, 0, mcd_shape1(n)};
    struct mcd_step step = {.size = sizeof step, .op = MCD_OP_MAP, .nin = 1, .in = &in};
    struct mcd_kernel kernel;
    step.attr.u.map.function = map;
    step.out = (struct mcd_tensor){&to, 0, MCD_F32, 0, mcd_shape1(n)};
    assert_int_equal(mcd_cpu_kernel(cpu, &step, &kernel, NULL), MCD_OK);
    assert_int_equal(kernel.run(kernel.state, &step, NULL, NULL), MCD_OK);
}

/* What an element becomes depends neither on the instruction set nor on where it stands. */
static void vector_code_gives_the_bits_of_plain_code(void **state)
{
    enum { COUNT = 5000 };
    static float x[COUNT], y[COUNT];
    struct mcd_cpu cpu = {.host = mcd_host_create(1, NULL, NULL, NULL)};
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        x[i] = i % 7 ? 20 * sinf((float)i) : mcd_from_bits(i * 0x9E3779B9u);
    for (int k = 0; k < FUNCTIONS; k++)
        for (int64_t n = 1; n <= COUNT; n = n < 70 ? n + 1 : n * 3) {
            run_map(&cpu, functions[k].map, y, x + COUNT - n, n);
            for (int64_t i = 0; i < n; i++) {
                float expected = functions[k].plain(x[COUNT - n + i]);
                if (mcd_bits(y[i]) != mcd_bits(expected) && !(isnan(y[i]) && isnan(expected)))
                    fail_msg("%s: element %d of %d", functions[k].name, (int)i, (int)n);
            }
        }
    mcd_host_destroy((struct mcd_host *)(uintptr_t)cpu.host);
}

enum { SITES = 3, PASSES = 5, ROWS = 7 };

/* Draws of three sites for some passes: streams far apart, shared, flipped. */
static struct mcd_run run_of(struct mcd_draw draws[SITES][PASSES], uint32_t flip)
{
    for (uint32_t s = 0; s < SITES; s++)
        for (uint32_t p = 0; p < PASSES; p++)
            draws[s][p] = (struct mcd_draw){
                .stream = (uint64_t)p << (9 * s) | s, .flip = flip ^ (p & 1), .shared = s == 1};
    return (struct mcd_run){.size = sizeof(struct mcd_run),
                            .domain = MCD_DOMAIN_PREDICT,
                            .seed = 0xFEDCBA9876543210u,
                            .first_row = 1000,
                            .passes = PASSES,
                            .rows = ROWS,
                            .draws = draws[0]};
}

static void same_blocks(const struct mcd_run *run, uint32_t site, uint32_t blocks, double p)
{
    int64_t all = (int64_t)PASSES * ROWS * blocks;
    for (int64_t first = 0; first < all;) {
        struct mcd_lanes lanes;
        uint32_t dropped[MCD_LANES][4], expected[4];
        mcd_lanes_start(&lanes, run, site, blocks, first, all - first);
        mcd_lanes_drop(&lanes, mcd_threshold(p), dropped);
        for (uint32_t l = 0; l < lanes.count; l++) {
            uint32_t row = (uint32_t)((first + l) / blocks),
                     block = (uint32_t)((first + l) % blocks);
            struct mcd_address a = mcd_run_address(run, site, row);
            mcd_drop_block(&a, block, mcd_threshold(p), mcd_run_flip(run, site, row), expected);
            assert_int_equal(lanes.row[l], row);
            assert_int_equal(lanes.block[l], block);
            assert_memory_equal(dropped[l], expected, sizeof expected);
        }
        first += lanes.count;
    }
}

static void masks_are_those_of_the_definition(void **state)
{
    static const double ps[] = {0,      1,         0.5,          0.25,      0.1,   0.2,
                                0.8,    0.9,       1e-3,         1e-9,      1e-10, 0.999,
                                0.3333, 1 - 1e-10, 0.7431234567, 0.5 + 1e-9};
    static const uint32_t blocks[] = {1, 2, 7, 33};
    struct mcd_draw draws[SITES][PASSES];
    (void)state;
    for (uint32_t flip = 0; flip < 2; flip++) {
        struct mcd_run run = run_of(draws, flip);
        for (uint32_t site = 0; site < SITES; site++)
            for (size_t i = 0; i < sizeof ps / sizeof *ps; i++)
                for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
                    same_blocks(&run, site, blocks[k], ps[i]);
    }
}

static void noise_words_are_those_of_the_definition(void **state)
{
    enum { BLOCKS = 9 };
    struct mcd_draw draws[SITES][PASSES];
    struct mcd_run run = run_of(draws, 0);
    (void)state;
    for (int64_t first = 0; first < PASSES * ROWS * BLOCKS; first += MCD_LANES) {
        struct mcd_lanes lanes;
        uint32_t word[4][MCD_LANES];
        mcd_lanes_start(&lanes, &run, 2, BLOCKS, first, PASSES * ROWS * BLOCKS - first);
        mcd_lanes_noise(&lanes, word);
        for (uint32_t l = 0; l < lanes.count; l++) {
            uint32_t item = (uint32_t)first + l;
            struct mcd_address a = mcd_run_address(&run, 2, item / BLOCKS);
            struct mcd_words w = mcd_noise_words(&a, item % BLOCKS);
            for (int i = 0; i < 4; i++)
                assert_int_equal(word[i][l], w.w[i]);
        }
    }
}

/* Against the definition in double, and at both ends of the words. */
static void normals_agree_with_the_definition(void **state)
{
    static const uint32_t ends[] = {0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
    (void)state;
    for (uint32_t i = 0; i < (fast() ? 1000 : 1000000); i++) {
        uint32_t r = i < 49 ? ends[i / 7] : i * 2654435761u, t = i < 49 ? ends[i % 7] : i * 40503u;
        struct mcd_words w = {{r, t, r, t}};
        double z[4];
        float sine, cosine, radius = mcd_normal_radius(r);
        mcd_normal(&w, z);
        mcd_normal_angle(t, &sine, &cosine);
        assert_true(fabs((double)(radius * cosine) - z[0]) <= 1e-6);
        assert_true(fabs((double)(radius * sine) - z[1]) <= 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_agree_with_libm_on_all_floats),
        cmocka_unit_test(tanh_is_odd_and_saturates),
        cmocka_unit_test(vector_code_gives_the_bits_of_plain_code),
        cmocka_unit_test(masks_are_those_of_the_definition),
        cmocka_unit_test(noise_words_are_those_of_the_definition),
        cmocka_unit_test(normals_agree_with_the_definition),
    };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
