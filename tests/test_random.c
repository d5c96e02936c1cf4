/*
 * include/mcdrop/random.h: the bits are those of the golden file, and they behave: rates,
 * independence, flips.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/golden.h"

#include <math.h>
#include <string.h>

static int equal_words(const uint32_t *a, const uint32_t *b)
{
    return memcmp(a, b, 4 * sizeof *a) == 0;
}

static int philox_agrees(const struct golden *g)
{
    const uint32_t *c = g->counter;
    return equal_words(mcd_philox(g->key, c[0], c[1], c[2], c[3]).w, g->words);
}

static int threshold_agrees(const struct golden *g)
{
    return mcd_threshold(g->p) == g->threshold;
}

static int digit_agrees(const struct golden *g)
{
    return equal_words(mcd_digit_words(&g->at, g->block, g->digit).w, g->words);
}

static int noise_agrees(const struct golden *g)
{
    for (int i = 0; i < 4; i++)
        if (mcd_uniform(g->words[i]) != g->numbers[i])
            return 0;
    return equal_words(mcd_noise_words(&g->at, g->block).w, g->words);
}

static int normal_agrees(const struct golden *g)
{
    struct mcd_words words = mcd_noise_words(&g->at, g->block);
    double mine[4];
    mcd_normal(&words, mine);
    for (int i = 0; i < 4; i++)
        if (!(fabs(mine[i] - g->numbers[i]) <= 1e-14))
            return 0;
    return 1;
}

static int drop_agrees(const struct golden *g)
{
    uint32_t out[4];
    mcd_drop_block(&g->at, g->block, mcd_threshold(g->p), g->flip, out);
    return equal_words(out, g->words);
}

static int sum_agrees(const struct golden *g)
{
    struct golden_sum sum = golden_no_words;
    struct mcd_address a = g->at;
    uint32_t out[4];
    for (a.row = 0; a.row < g->rows; a.row++)
        for (uint32_t block = 0; block < g->blocks; block++) {
            mcd_drop_block(&a, block, mcd_threshold(g->p), g->flip, out);
            golden_add(&sum, out, 4);
        }
    return golden_equal_sums(&sum, &g->sum);
}

static void agrees_with_the_golden_file(void **state)
{
    (void)state;
    assert_golden((int (*const[GOLDEN_KINDS])(const struct golden *)){
        [GOLDEN_PHILOX] = philox_agrees,
        [GOLDEN_THRESHOLD] = threshold_agrees,
        [GOLDEN_DIGIT] = digit_agrees,
        [GOLDEN_NOISE] = noise_agrees,
        [GOLDEN_NORMAL] = normal_agrees,
        [GOLDEN_DROP] = drop_agrees,
        [GOLDEN_SUM] = sum_agrees,
    });
}

static int set_bits(const uint32_t w[4])
{
    return __builtin_popcount(w[0]) + __builtin_popcount(w[1]) + __builtin_popcount(w[2]) +
           __builtin_popcount(w[3]);
}

/* Within 5 standard deviations of a binomial; exact at both ends. */
static void assert_rate(double count, double n, double p, const char *what)
{
    if (fabs(count - n * p) > 5 * sqrt(n * p * (1 - p)))
        fail_msg("%s: %.0f of %.0f, expected a rate of %g", what, count, n, p);
}

#define ROWS   2000
#define BLOCKS 4

static const double rates[] = {0, 0.1, 0.2, 0.5, 0.8, 1};

static void drops_at_the_rate(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct mcd_address a = {.seed = 11 + r, .stream = 3, .domain = MCD_DOMAIN_TRAIN, .site = 1};
        uint32_t unit[128] = {0}, out[4];
        double all = 0;
        for (a.row = 0; a.row < ROWS; a.row++)
            for (uint32_t block = 0; block < BLOCKS; block++) {
                mcd_drop_block(&a, block, mcd_threshold(rates[r]), 0, out);
                all += set_bits(out);
                for (int u = 0; u < 128; u++)
                    unit[u] += out[u / 32] >> u % 32 & 1;
            }
        assert_rate(all, 128. * ROWS * BLOCKS, rates[r], "all units");
        for (int u = 0; u < 128; u++)
            assert_rate(unit[u], ROWS * BLOCKS, rates[r], "one unit");
    }
}

/* A unit and its antithetic partner: both are dropped as rarely as their rates allow. */
static void flips_are_antithetic(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct mcd_address a = {.seed = 23, .stream = 1ull << 40, .site = (uint32_t)r};
        uint64_t threshold = mcd_threshold(rates[r]);
        double flipped = 0, both = 0;
        for (a.row = 0; a.row < ROWS; a.row++)
            for (uint32_t block = 0; block < BLOCKS; block++) {
                uint32_t x[4], y[4], and[4];
                mcd_drop_block(&a, block, threshold, 0, x);
                mcd_drop_block(&a, block, threshold, 1, y);
                for (int i = 0; i < 4; i++)
                    and[i] = x[i] & y[i];
                flipped += set_bits(y);
                both += set_bits(and);
                for (int i = 0; i < 4 && rates[r] == 0.5; i++)
                    assert_int_equal(x[i], ~y[i]);
            }
        assert_rate(flipped, 128. * ROWS * BLOCKS, rates[r], "flipped");
        assert_rate(both, 128. * ROWS * BLOCKS, fmax(0, 2 * rates[r] - 1), "both of a pair");
    }
}

/* Units dropped under two addresses (or blocks) at once, over many streams: p^2 of them. */
static void assert_independent(struct mcd_address a, struct mcd_address b, uint32_t block_a,
                               uint32_t block_b, const char *what)
{
    const double p = 0.2;
    double both = 0;
    for (int i = 0; i < ROWS; i++, a.stream++, b.stream++) {
        uint32_t x[4], y[4];
        mcd_drop_block(&a, block_a, mcd_threshold(p), 0, x);
        mcd_drop_block(&b, block_b, mcd_threshold(p), 0, y);
        for (int k = 0; k < 4; k++)
            x[k] &= y[k];
        both += set_bits(x);
    }
    assert_rate(both, 128. * ROWS, p * p, what);
}

static void addresses_are_independent(void **state)
{
    (void)state;
    const struct mcd_address a = {.seed = 5, .stream = 77, .domain = 1, .site = 2, .row = 9};
    struct mcd_address b = a;
    assert_independent(a, b, 0, 1, "blocks");
    b.seed++;
    assert_independent(a, b, 0, 0, "seeds");
    b = a, b.seed += 1ull << 32;
    assert_independent(a, b, 0, 0, "seeds that differ in the upper half");
    b = a, b.stream++;
    assert_independent(a, b, 0, 0, "streams");
    b = a, b.stream += 1ull << 32;
    assert_independent(a, b, 0, 0, "streams that differ in the upper half");
    b = a, b.domain--;
    assert_independent(a, b, 0, 0, "domains");
    b = a, b.site++;
    assert_independent(a, b, 0, 0, "sites");
    b = a, b.row++;
    assert_independent(a, b, 0, 0, "rows");
}

static void uniforms_stay_inside(void **state)
{
    (void)state;
    const double lowest = mcd_uniform(0), highest = mcd_uniform(0xFFFFFFFFu);
    assert_true(lowest > 0 && highest < 1 && lowest == 1 - highest);
    assert_true((float)lowest > 0 && (float)highest < 1 && (float)highest == highest);
}

static void normals_are_normal(void **state)
{
    (void)state;
    const double n = 4. * ROWS * BLOCKS;
    struct mcd_address a = {.seed = 31, .stream = 1, .domain = MCD_DOMAIN_TRAIN};
    double sum = 0, squares = 0, products = 0, beyond = 0;
    for (a.row = 0; a.row < ROWS; a.row++)
        for (uint32_t block = 0; block < BLOCKS; block++) {
            struct mcd_words words = mcd_noise_words(&a, block);
            double z[4];
            mcd_normal(&words, z);
            for (int i = 0; i < 4; i++) {
                sum += z[i];
                squares += z[i] * z[i];
                products += z[i] * z[(i + 1) % 4];
                beyond += fabs(z[i]) > 2;
            }
        }
    assert_true(fabs(sum) < 5 * sqrt(n));
    assert_true(fabs(squares - n) < 5 * sqrt(2 * n));
    assert_true(fabs(products) < 5 * sqrt(n));
    assert_rate(beyond, n, 0.04550026389635842, "beyond 2");

    struct mcd_words extreme = {{0, 0, 0xFFFFFFFFu, 0xFFFFFFFFu}};
    double z[4];
    mcd_normal(&extreme, z);
    for (int i = 0; i < 4; i++)
        assert_true(isfinite(z[i]));
    assert_true(z[0] > 6.6 && z[0] < 6.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_golden_file), cmocka_unit_test(drops_at_the_rate),
        cmocka_unit_test(flips_are_antithetic),        cmocka_unit_test(addresses_are_independent),
        cmocka_unit_test(uniforms_stay_inside),        cmocka_unit_test(normals_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
