/*
 * The kernels that draw, run on the host: their bits are those of the golden file, which holds
 * random.h, too. And the division that they are numbered by.
 */
#include "backends/cuda/bodies/drop.h"
#include "backends/cuda/bodies/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/golden.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One pass of `rows` rows from the address's on; site numbers of the golden file are small. */
struct one_pass {
    struct mcd_draw draws[MCD_MAX_SITES];
    struct mcd_run run;
};

static void run_at(struct one_pass *o, const struct mcd_address *a, uint32_t flip, uint32_t rows)
{
    memset(o->draws, 0, sizeof o->draws);
    o->draws[a->site].stream = a->stream;
    o->draws[a->site].flip = flip;
    o->run = (struct mcd_run){.size = sizeof o->run,
                              .domain = a->domain,
                              .seed = a->seed,
                              .first_row = a->row,
                              .passes = 1,
                              .rows = rows,
                              .draws = o->draws};
}

/* Kernel `mask` of one site behind another one that has `before` threads and is not looked at. */
static struct mask_args mask_of(const struct one_pass *o, uint32_t site, uint32_t blocks, double p,
                                uint64_t before, uint32_t *bits)
{
    struct mask_args a = {.run = &o->run, .count = 2};
    a.site[0] = (struct mask_site){.blocks = mcd_divisor_of(1)};
    a.site[1] = (struct mask_site){
        .threshold = mcd_threshold(p),
        .first = before,
        .bits = bits,
        .blocks = mcd_divisor_of(blocks),
        .site = site,
        .words = 4 * blocks,
    };
    return a;
}

static int drop_agrees(const struct golden *g)
{
    static struct one_pass o;
    const size_t at = 4 * (size_t)g->block;
    const uint32_t guard = 0xDEADBEEF;
    run_at(&o, &g->at, g->flip, 1);
    uint32_t *bits = calloc(at + 4, sizeof *bits);
    assert_non_null(bits);
    struct mask_args mask = mask_of(&o, g->at.site, g->block + 1, g->p, 7, bits);
    mask_body(&mask, 7 + (int64_t)g->block);
    int agrees = memcmp(bits + at, g->words, sizeof g->words) == 0;
    mask.site[1].words -= 3; /* a row's last block may have fewer words: none is written behind */
    memset(bits + at, 0xFF, 4 * sizeof *bits);
    bits[at + 1] = guard;
    mask_body(&mask, 7 + (int64_t)g->block);
    agrees &= bits[at] == g->words[0] && bits[at + 1] == guard;
    free(bits);
    return agrees;
}

static int sum_agrees(const struct golden *g)
{
    static struct one_pass o;
    struct golden_sum sum = golden_no_words;
    int64_t threads = (int64_t)g->rows * g->blocks;
    run_at(&o, &g->at, g->flip, g->rows);
    uint32_t *bits = calloc(4 * (size_t)threads, sizeof *bits);
    assert_non_null(bits);
    struct mask_args mask = mask_of(&o, g->at.site, g->blocks, g->p, 3, bits);
    for (int64_t i = threads; i-- > 0;)
        mask_body(&mask, 3 + i);
    golden_add(&sum, bits, 4 * (size_t)threads);
    free(bits);
    return golden_equal_sums(&sum, &g->sum);
}

/* Numbers of a block, drawn as the kernel does. */
static void numbers(const struct mcd_address *a, uint32_t block, uint32_t normal, uint32_t flip,
                    float out[4])
{
    static struct one_pass o;
    run_at(&o, a, flip, 1);
    const struct noise_args args = {.run = &o.run, .site = a->site, .normal = normal};
    noise_numbers(&args, 0, block, out);
}

static int noise_agrees(const struct golden *g)
{
    float got[4], flipped[4];
    numbers(&g->at, g->block, 0, 0, got);
    numbers(&g->at, g->block, 0, 1, flipped);
    for (int i = 0; i < 4; i++)
        if ((double)got[i] != g->numbers[i] || (double)flipped[i] != 1 - g->numbers[i])
            return 0;
    return 1;
}

static int normal_agrees(const struct golden *g)
{
    float got[4], flipped[4];
    numbers(&g->at, g->block, 1, 0, got);
    numbers(&g->at, g->block, 1, 1, flipped);
    for (int i = 0; i < 4; i++)
        if (!(fabs((double)got[i] - g->numbers[i]) <= 1e-6) || flipped[i] != -got[i])
            return 0;
    return 1;
}

static void kernels_agree_with_the_golden_file(void **state)
{
    (void)state;
    assert_golden((int (*const[GOLDEN_KINDS])(const struct golden *)){
        [GOLDEN_NOISE] = noise_agrees,
        [GOLDEN_NORMAL] = normal_agrees,
        [GOLDEN_DROP] = drop_agrees,
        [GOLDEN_SUM] = sum_agrees,
    });
}

/* The ends of what words can be, where logarithms and angles are hardest. */
static void normals_are_those_of_random_h(void **state)
{
    static const uint32_t words[] = {0,          1,          2,          0x1FFFFFFF, 0x20000000,
                                     0x3FFFFFFF, 0x40000000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000,
                                     0x80000001, 0xBFFFFFFF, 0xC0000000, 0xFFFFFFFE, 0xFFFFFFFF};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (size_t j = 0; j < sizeof words / sizeof *words; j++) {
            const struct mcd_words w = {{words[i], words[j], words[j], words[i]}};
            double z[4];
            float got[2];
            mcd_normal(&w, z);
            noise_normals(words[i], words[j], got);
            double size = sqrt(z[0] * z[0] + z[1] * z[1]);
            for (int k = 0; k < 2; k++)
                if (!(fabs((double)got[k] - z[k]) <= 4e-7 * size))
                    fail_msg("words %08x %08x: got %.9g, expected %.9g", words[i], words[j],
                             (double)got[k], z[k]);
        }
}

static void quotients_are_exact(void **state)
{
    uint64_t n[512], rest;
    uint32_t count = 0;
    (void)state;
    for (int bit = 0; bit < 64; bit++)
        for (uint64_t near = 0; near < 3; near++) {
            n[count++] = (UINT64_C(1) << bit) - 1 + near;
            n[count++] =
                mcd_philox((uint64_t)bit, (uint32_t)near, 0, 0, 0).w[0] * (UINT64_C(1) << bit) / 3;
        }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < count; j++) {
            if (n[j] == 0)
                continue;
            const struct mcd_divisor d = mcd_divisor_of(n[j]);
            if (mcd_divide(&d, n[i], &rest) != n[i] / n[j] || rest != n[i] % n[j])
                fail_msg("%" PRIu64 " / %" PRIu64 ": %" PRIu64 " and %" PRIu64, n[i], n[j],
                         mcd_quotient(&d, n[i]), mcd_remainder(&d, n[i]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_the_golden_file),
        cmocka_unit_test(normals_are_those_of_random_h),
        cmocka_unit_test(quotients_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
