/*
 * plugins/samplers: the laws of antithetic and balanced passes, and what they save on the reference
 * networks, which are found through MCDROP_REFERENCE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/plugin/loader.h"

#include <mcdrop/sampler.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

#include "tests/program.h"

enum { UNITS = 300, MOST = 64 };

struct opened {
    struct mcd_host *host;
    struct mcd_item *item;
    const struct mcd_sampler *api;
    void *self;
};

static struct opened open_sampler(const char *spec)
{
    struct mcd_error e = {0};
    struct opened o = {.host = mcd_host_create(1, NULL, NULL, &e)};
    assert_ok(mcd_item_open(o.host, MCD_SAMPLER, spec, &o.item, &e), e);
    o.api = o.item->plugin->api;
    o.self = o.item->self;
    return o;
}

static void close_sampler(struct opened *o)
{
    mcd_item_close(o->host, o->item);
    assert_int_equal(mcd_host_live(o->host), 0);
    mcd_host_destroy(o->host);
}

static struct mcd_site site_of(uint32_t id, double p)
{
    return (struct mcd_site){sizeof(struct mcd_site), id, MCD_BERNOULLI, UNITS, p};
}

/* 1 for each dropped unit of a pass. */
static void masks(const struct opened *o, const struct mcd_site *site, uint64_t pass, uint64_t row,
                  unsigned char *dropped)
{
    uint32_t words[(UNITS + 31) / 32];
    struct mcd_error e = {0};
    memset(words, 0x5A, sizeof words);
    assert_ok(o->api->fill(o->self, site, 7, pass, row, words, &e), e);
    for (int u = 0; u < UNITS; u++)
        dropped[u] = words[u / 32] >> u % 32 & 1;
}

static void pairs_are_opposite(void **state)
{
    struct opened o = open_sampler("antithetic");
    struct mcd_site site = site_of(3, 0.3);
    struct mcd_draw first, second;
    struct mcd_error e = {0};
    (void)state;
    assert_int_equal(o.api->group(o.self), 2);
    for (uint64_t pass = 0; pass < 10; pass += 2) {
        assert_ok(o.api->draw(o.self, &site, 7, pass, &first, &e), e);
        assert_ok(o.api->draw(o.self, &site, 7, pass + 1, &second, &e), e);
        assert_true(first.stream == second.stream && first.stream == pass / 2);
        assert_int_equal(first.flip + second.flip, 1);
    }
    close_sampler(&o);
}

/* Sums over rows of what a block of passes does. */
struct counts {
    double all, first, last;  /* dropped in all passes of a block, in its first, in its last */
    double overlap, overlap2; /* passes that drop unit 2k and 2k + 1 both, and its square */
    double trials;            /* units times rows */
};

static struct counts count_block(const struct opened *o, const struct mcd_site *site,
                                 uint32_t block, int rows)
{
    static unsigned char dropped[MOST][UNITS];
    const double often = site->p * block;
    struct counts c = {.trials = (double)rows * UNITS};
    for (int row = 0; row < rows; row++) {
        for (uint32_t i = 0; i < block; i++)
            masks(o, site, 5 * block + i, (uint64_t)row, dropped[i]);
        for (int u = 0; u < UNITS; u++) {
            int n = 0, both = 0;
            for (uint32_t i = 0; i < block; i++) {
                n += dropped[i][u];
                both += u % 2 ? dropped[i][u] & dropped[i][u - 1] : 0;
            }
            assert_true(n == floor(often) || n == ceil(often));
            c.all += n;
            c.first += dropped[0][u];
            c.last += dropped[block - 1][u];
            c.overlap += both;
            c.overlap2 += (double)both * both;
        }
    }
    return c;
}

/* |sum - n mean| in standard deviations. */
static double deviation(double sum, double n, double mean, double variance)
{
    return fabs(sum - n * mean) / sqrt(n * variance + 1e-9);
}

static void check_law(uint32_t block, double p, int rows)
{
    char spec[40];
    snprintf(spec, sizeof spec, "balanced:block=%u", block);
    struct opened o = open_sampler(spec);
    struct mcd_site site = site_of(1, p);
    assert_int_equal(o.api->group(o.self), block);
    struct counts c = count_block(&o, &site, block, rows);
    double often = p * block, rest = often - floor(often);
    assert_true(deviation(c.all, c.trials, often, rest * (1 - rest)) < 4.5);
    assert_true(deviation(c.first, c.trials, p, p * (1 - p)) < 4.5);
    assert_true(deviation(c.last, c.trials, p, p * (1 - p)) < 4.5);
    if (rest == 0) { /* two sets of as many passes, chosen at random: hypergeometric */
        double pairs = c.trials / 2, mean = often * p;
        double variance = often * p * (1 - p) * (1 - p) * block / (block - 1);
        double seen = c.overlap2 / pairs - c.overlap / pairs * (c.overlap / pairs);
        assert_true(deviation(c.overlap, pairs, mean, variance) < 4.5);
        if (block > 2)
            assert_true(fabs(seen / variance - 1) < 6 * sqrt(2 / pairs) + 0.03);
    }
    close_sampler(&o);
}

static void blocks_drop_each_unit_equally_often(void **state)
{
    static const double rates[] = {0.5, 0.25, 0.2, 0.37, 0.001, 0.999};
    (void)state;
    for (uint32_t block = 2; block <= MOST; block *= 2)
        for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
            check_law(block, rates[i], getenv("MCDROP_FAST") ? 20 : 100);
}

/* Replayed, a pass is the same; another seed, row, site or block is another. */
static void passes_are_addressed(void **state)
{
    struct opened o = open_sampler("balanced:block=16");
    struct mcd_site a = site_of(1, 0.5), b = site_of(2, 0.5);
    unsigned char first[UNITS], again[UNITS];
    (void)state;
    masks(&o, &a, 21, 3, first);
    masks(&o, &a, 21, 3, again);
    assert_memory_equal(first, again, UNITS);
    masks(&o, &b, 21, 3, again);
    assert_memory_not_equal(first, again, UNITS);
    masks(&o, &a, 21, 4, again);
    assert_memory_not_equal(first, again, UNITS);
    masks(&o, &a, 21 + 16, 3, again);
    assert_memory_not_equal(first, again, UNITS);
    close_sampler(&o);
}

static void refuses_other_blocks(void **state)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_item *item;
    (void)state;
    assert_int_equal(mcd_item_open(host, MCD_SAMPLER, "balanced:block=48", &item, &e), MCD_INVALID);
    assert_non_null(strstr(e.text, "power of two"));
    mcd_host_destroy(host);
}

/* ---- what they save ---------------------------------------------------------------------- */

/* A sampler on a network of MCDROP_REFERENCE, and what it is expected to save. */
struct expected {
    const char *network, *options, *sampler;
    double least, most; /* where a larger saving would mean that something is not random */
};

static void check_saving(const json_t *savings, const struct expected *x)
{
    size_t i;
    const json_t *row;
    json_array_foreach(savings, i, row)
    {
        const char *sampler = json_string_value(json_object_get(row, "sampler"));
        const char *estimate = json_string_value(json_object_get(row, "estimate"));
        double saving = json_number_value(json_object_get(row, "saving"));
        double error = json_number_value(json_object_get(row, "mcse_ratio"));
        if (strcmp(sampler, x->sampler) != 0 || strcmp(estimate, "output_mean") != 0)
            continue;
        print_message("# %s, %s: %.1f times less variance of the mean; error printed %.2f of "
                      "seen\n",
                      x->network, sampler, saving, error);
        assert_true(saving > x->least && saving < x->most);
        assert_true(error > 0.77 && error < 1.27);
        return;
    }
    fail_msg("%s: no row of %s", x->network, x->sampler);
}

/*
 * As found with masks of another implementation, +-30 %: 23 to 28 (mlp), 9 (lenet), 11 to 16
 * (mlp2).
 */
static void variance_is_saved(void **state)
{
#define ROTATED "--input \"$MCDROP_REFERENCE/rotated_one.npy\" --weights \"$MCDROP_REFERENCE/"
#define MLP     "--model mlp " ROTATED "mlp.safetensors\""
#define LENET   "--model lenet " ROTATED "lenet.safetensors\""
#define MLP2                                                                                       \
    "--model mlp2 --grid -1.72:3.5:0.1 --weights \"$MCDROP_REFERENCE/mlp2-relu.safetensors\""
    static const struct expected all[] = {{"mlp", MLP, "antithetic", 1.3, 3},
                                          {"mlp", MLP, "balanced:block=64", 16, 36},
                                          {"lenet", LENET, "balanced:block=64", 6.3, 12},
                                          {"mlp2", MLP2, "balanced:block=64", 7.7, 21}};
    (void)state;
    if (!getenv("MCDROP_REFERENCE") || getenv("MCDROP_FAST")) {
        fputs("# SKIPPED: what samplers save: MCDROP_REFERENCE is not set, or the short form\n",
              stderr);
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_program(0,
                       "$M bench samplers %s --sampler %s --passes 128 --replications 16 --seed 1 "
                       "--format json -q",
                       all[i].options, all[i].sampler);
        json_t *json = program_json("out");
        check_saving(json_object_get(json, "savings"), &all[i]);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_opposite),
        cmocka_unit_test(blocks_drop_each_unit_equally_often),
        cmocka_unit_test(passes_are_addressed),
        cmocka_unit_test(refuses_other_blocks),
        cmocka_unit_test(variance_is_saved),
    };
    return cmocka_run_group_tests_name("samplers", tests, program_setup, scratch_teardown);
}
