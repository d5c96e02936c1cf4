/*
 * plugins/samplers/: what `balanced` promises beyond what every sampler must
 * (core/check/sampler.c), and that all of them drop the same units on every backend.
 */
#include "tests/forward_run.h"

#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/stats/summary.h"

#include <mcdrop/random.h>

#include <stdio.h>

enum { UNITS = 200, WORDS = (UNITS + 31) / 32 };

/* ---- bits ----------------------------------------------------------------------------------- */

static const struct mcd_sampler *api_of(const struct mcd_item *item)
{
    return item->plugin->api;
}

static uint32_t group_of(const struct mcd_item *item)
{
    return api_of(item)->group(item->self);
}

static struct mcd_site site_of(uint32_t id, double p)
{
    return (struct mcd_site){sizeof(struct mcd_site), id, MCD_BERNOULLI, UNITS, p};
}

static void bits_of(const struct mcd_item *item, const struct mcd_site *site, uint64_t pass,
                    uint64_t row, uint32_t words[WORDS])
{
    struct mcd_error e = {0};
    struct mcd_draw d;
    memset(words, 0xA5, WORDS * sizeof *words);
    if (api_of(item)->fill) {
        assert_ok(api_of(item)->fill(item->self, site, SEED, pass, row, words, &e), e);
        return;
    }
    assert_ok(api_of(item)->draw(item->self, site, SEED, pass, &d, &e), e);
    struct mcd_address a = {SEED, d.stream, MCD_DOMAIN_PREDICT, site->id,
                            d.shared ? 0 : (uint32_t)row};
    for (uint32_t block = 0; 128 * block < UNITS; block++) {
        uint32_t out[4];
        mcd_drop_block(&a, block, mcd_threshold(site->p), d.flip, out);
        for (uint32_t w = 0; w < 4 && 4 * block + w < WORDS; w++)
            words[4 * block + w] = out[w];
    }
}

static int bit(const uint32_t *words, uint32_t unit)
{
    return words[unit / 32] >> unit % 32 & 1;
}

/* How often each unit is dropped in one group. */
static void count_group(const struct mcd_item *item, const struct mcd_site *site, uint64_t number,
                        uint64_t row, uint32_t count[UNITS])
{
    uint32_t words[WORDS];
    uint64_t group = group_of(item);
    memset(count, 0, UNITS * sizeof *count);
    for (uint64_t pass = number * group; pass < (number + 1) * group; pass++) {
        bits_of(item, site, pass, row, words);
        for (uint32_t unit = 0; unit < UNITS; unit++)
            count[unit] += (uint32_t)bit(words, unit);
    }
}

/* ---- balanced ------------------------------------------------------------------------------- */

static struct mcd_item *open_balanced(struct mcd_host *host, uint32_t block)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    char spec[64];
    snprintf(spec, sizeof spec, "balanced:block=%u", block);
    assert_ok(mcd_item_open(host, MCD_SAMPLER, spec, &item, &e), e);
    assert_int_equal(group_of(item), block);
    return item;
}

/* In every block: floor(p B) or ceil(p B), the latter with the fraction's probability. */
static void counts_are_the_two_nearest(void **state)
{
    static const double p[] = {0, 0.01, 0.2, 0.25, 0.5, 0.8, 0.999, 1};
    for (uint32_t block = 2; block <= 4096; block *= 2) {
        struct mcd_item *item = open_balanced(*state, block);
        for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
            struct mcd_site site = site_of(7, p[i]);
            uint32_t count[UNITS], low = (uint32_t)(p[i] * block), groups = 1024 / block + 2;
            double fraction = p[i] * block - low, more = 0, n = (double)groups * UNITS;
            for (uint64_t g = 0; g < groups; g++) {
                count_group(item, &site, 5 + g, g, count);
                for (uint32_t unit = 0; unit < UNITS; unit++) {
                    assert_true(count[unit] == low || (count[unit] == low + 1 && fraction > 0));
                    more += count[unit] - low;
                }
            }
            assert_true(fabs(more - fraction * n) <= 5 * sqrt(n * fraction * (1 - fraction)));
        }
        mcd_item_close(*state, item);
    }
}

/* Any two passes of a block drop a unit together as often as a random permutation has them do. */
static void pairs_are_those_of_random_permutations(void **state)
{
    static const uint32_t blocks[] = {4, 16, 64, 256};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        double b = blocks[i], p = 0.2, k = floor(p * b), f = p * b - k;
        double both = (k * (k - 1) * (1 - f) + (k + 1) * k * f) / (b * (b - 1));
        struct mcd_site site = site_of(2, p);
        struct mcd_item *item = open_balanced(*state, blocks[i]);
        for (uint32_t second = 1; second < blocks[i]; second += second < 4 ? 1 : second / 2 - 1) {
            double sum = 0, n = 400.0 * UNITS;
            for (uint64_t g = 0; g < 400; g++) {
                uint32_t x[WORDS], y[WORDS];
                bits_of(item, &site, g * blocks[i] + second / 3, 0, x);
                bits_of(item, &site, g * blocks[i] + second, 0, y);
                for (uint32_t unit = 0; unit < UNITS; unit++)
                    sum += bit(x, unit) & bit(y, unit);
            }
            if (fabs(sum - both * n) > 5 * sqrt(both * (1 - both) * n))
                fail_msg("B = %u, passes %u and %u: %g, expected %g", blocks[i], second / 3, second,
                         sum / n, both);
        }
        mcd_item_close(*state, item);
    }
}

static mcd_val build_linear(void *self, struct mcd_graph *g, mcd_val x)
{
    const double *p = self;
    return mcd_layer(g, "a", g->stochastic ? mcd_drop(g, x, MCD_BERNOULLI, *p, 1) : x,
                     "linear:out=3");
}

/* With p = 1/2 and a whole block, what is linear in the masks is averaged exactly. */
static void a_block_averages_linear_networks_exactly(void **state)
{
    double p = 0.5, exact[60];
    struct mcd_error e = {0};
    struct rig_network made;
    struct mcd_moments *m;
    struct mcd_summary s;
    struct mcd_item *item = open_balanced(*state, 16);
    float *x = make_input(20, 5);
    rig_network_open(&made, *state, "reference", build_linear, &p, MCD_REGRESS, mcd_shape1(5));
    struct mcd_predict job = {.network = &made.network,
                              .sampler = item,
                              .x = x,
                              .rows = 20,
                              .seed = SEED,
                              .first_pass = 48,
                              .passes = 32};
    assert_ok(mcd_average(&made.network, x, 20, exact, NULL, &e), e);
    assert_ok(mcd_predict_run(&job, &m, &e), e);
    assert_ok(mcd_summary_create(&s, m, &e), e);
    for (int i = 0; i < 60; i++) {
        assert_true(fabs(s.output_mean[i] - exact[i]) < 1e-6);
        assert_true(s.output_std[i] > 1e-3);
    }
    mcd_summary_clear(&s);
    mcd_moments_destroy(m);
    rig_network_close(&made);
    mcd_item_close(*state, item);
    free(x);
}

/* The same units on every backend, so that outputs agree to rounding. */
static void backends_drop_the_same_units(void **state)
{
    static const char *const backends[] = {"openblas", "onednn"};
    static const char *const specs[] = {"antithetic", "balanced:block=8", "balanced:scope=pass"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (size_t k = 0; k < sizeof backends / sizeof *backends; k++) {
            struct mcd_error e = {0};
            struct mcd_item *item;
            if (mcd_item_open(*state, MCD_BACKEND, backends[k], &item, &e) != MCD_OK) {
                fprintf(stderr, "# SKIPPED: there is no %s, which is not compared\n", backends[k]);
                continue;
            }
            mcd_item_close(*state, item);
            size_t n, m;
            struct request q = {mlp, "reference", specs[i], {1, {30}}, 50, 1, 2, 2};
            double *expected = run(&q, &n);
            q.backend = backends[k];
            double *got = run(&q, &m), largest = 0;
            assert_int_equal(n, m);
            for (size_t j = 0; j < n; j++)
                largest = fmax(largest, fabs(expected[j]));
            for (size_t j = 0; j < n; j++)
                assert_true(fabs(got[j] - expected[j]) <= 1e-5 * largest);
            free(expected);
            free(got);
        }
}

/* ---- all together --------------------------------------------------------------------------- */

static int setup(void **state)
{
    *state = mcd_host_create(2, NULL, NULL, NULL);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    int left = mcd_host_live(*state) != 0;
    mcd_host_destroy(*state);
    return left ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_the_two_nearest),
        cmocka_unit_test(pairs_are_those_of_random_permutations),
        cmocka_unit_test(a_block_averages_linear_networks_exactly),
        cmocka_unit_test(backends_drop_the_same_units),
    };
    return cmocka_run_group_tests_name("sampler_laws", tests, setup, teardown);
}
