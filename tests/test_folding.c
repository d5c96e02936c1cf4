/*
 * core/predict/geometry.c, and predictions on a backend that asks for larger blocks: the same
 * samples however rows and passes are folded, shards that join, and memory for two blocks at most.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/distant.h"

#include "core/base/host.h"
#include "core/network/examples.h"
#include "core/predict/evaluate.h"
#include "core/predict/geometry.h"
#include "core/predict/predict.h"
#include "core/result/merge.h"
#include "core/stats/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 23, WIDTH = 6, CLASSES = 4, MOST = 1000 };

static const char model[] = "mlp:hidden=9x7,drop=0.5,classes=4";
static float x[ROWS * WIDTH];

static int setup(void **state)
{
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i * 7919 % 257) / 257 - 0.3f;
    return scratch_setup(state);
}

/* ---- one prediction ------------------------------------------------------------------------- */

struct asked {
    uint32_t wish, threads; /* of rows */
    const char *sampler;
    uint64_t first, passes, room;
};

struct predicted {
    struct mcd_host *host;
    struct distant_network on;
    struct mcd_item *sampler;
    struct mcd_partial partial;
    float *sample; /* [passes][ROWS][CLASSES] */
    uint64_t first;
    int status;
};

static int keep(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct predicted *p = arg;
    const float *from = b->samples;
    (void)error;
    for (uint64_t i = 0; i < b->passes; i++) {
        uint64_t pass = b->first_pass + i - p->first;
        memcpy(p->sample + (pass * ROWS + (uint64_t)b->first_row) * CLASSES,
               from + i * (uint64_t)b->rows * CLASSES,
               (size_t)b->rows * CLASSES * sizeof *p->sample);
    }
    return MCD_OK;
}

static void predict(struct predicted *p, const struct asked *q)
{
    struct mcd_error e = {0};
    *p = (struct predicted){.host = mcd_host_create(q->threads, NULL, NULL, NULL),
                            .first = q->first};
    distant_network_open(&p->on, p->host, model, "reference", mcd_shape1(WIDTH), 5);
    p->on.distant.rows = q->wish;
    p->on.distant.room = q->room;
    assert_ok(mcd_item_open(p->host, MCD_SAMPLER, q->sampler, &p->sampler, &e), e);
    p->sample = calloc(q->passes * ROWS * CLASSES, sizeof *p->sample);
    assert_non_null(p->sample);
    struct mcd_predict predict = {.network = &p->on.network,
                                  .sampler = p->sampler,
                                  .x = x,
                                  .rows = ROWS,
                                  .seed = 11,
                                  .first_pass = q->first,
                                  .passes = q->passes,
                                  .keep_pieces = 1,
                                  .samples = keep,
                                  .samples_arg = p};
    p->partial.host = p->host;
    p->status = mcd_predict_run(&predict, &p->partial.moments, &e);
    if (!q->room)
        assert_ok(p->status, e);
}

static void predicted_close(struct predicted *p)
{
    free(p->sample);
    mcd_partial_clear(&p->partial);
    mcd_item_close(p->host, p->sampler);
    distant_network_close(&p->on);
    assert_int_equal(mcd_host_live(p->host), 0);
    mcd_host_destroy(p->host);
}

/* ---- geometry ------------------------------------------------------------------------------- */

static void blocks_are_as_large_as_the_backend_wants(void **state)
{
    (void)state;
    static const struct {
        uint32_t wish;
        int64_t rows;
        const char *sampler; /* NULL: weight averaging */
        uint32_t block_rows, block_passes;
    } cases[] = {
        {0, 10, "bernoulli", 10, 38},           {4096, 10, "bernoulli", 10, 409},
        {4096, 1, "bernoulli", 1, 1024},        {1 << 20, 10000, "bernoulli", 10000, 104},
        {8192, 10000, "bernoulli", 5000, 1},    {8192, 10000, NULL, 5000, 1},
        {65536, 10000, NULL, 10000, 1},         {4096, 10, "balanced:block=32", 10, 384},
        {100, 7, "balanced:block=256", 1, 256}, {65536, 2, "balanced:block=2048", 2, 2048},
    };
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct distant_network n;
    distant_network_open(&n, host, model, "reference", mcd_shape1(WIDTH), 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_error e = {0};
        struct mcd_item *sampler = NULL;
        if (cases[i].sampler)
            assert_ok(mcd_item_open(host, MCD_SAMPLER, cases[i].sampler, &sampler, &e), e);
        n.distant.rows = cases[i].wish;
        struct mcd_forward f = {.network = &n.network, .rows = cases[i].rows, .sampler = sampler};
        mcd_forward_geometry(&f);
        if (f.block_rows != cases[i].block_rows || f.block_passes != cases[i].block_passes)
            fail_msg("case %zu: %u x %u", i, f.block_rows, f.block_passes);
        mcd_item_close(host, sampler);
    }
    distant_network_close(&n);
    mcd_host_destroy(host);
}

/* ---- the same samples ----------------------------------------------------------------------- */

static void folding_changes_no_sample(void **state)
{
    (void)state;
    static const char *const samplers[] = {"bernoulli", "bernoulli:scope=pass",
                                           "balanced:block=32"};
    static const uint32_t wishes[] = {20, 1000, 5000};
    for (size_t s = 0; s < sizeof samplers / sizeof *samplers; s++) {
        struct asked q = {.threads = 2, .sampler = samplers[s], .first = 3, .passes = 130};
        struct predicted usual, folded;
        predict(&usual, &q);
        for (size_t w = 0; w < sizeof wishes / sizeof *wishes; w++) {
            q.wish = wishes[w];
            predict(&folded, &q);
            assert_memory_equal(usual.sample, folded.sample,
                                130 * ROWS * CLASSES * sizeof *usual.sample);
            predicted_close(&folded);
        }
        predicted_close(&usual);
    }
}

static void nor_the_mean_network(void **state)
{
    (void)state;
    double usual[ROWS * CLASSES], folded[ROWS * CLASSES];
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(3, NULL, NULL, NULL);
    struct distant_network n;
    distant_network_open(&n, host, model, "reference", mcd_shape1(WIDTH), 5);
    assert_ok(mcd_average(&n.network, x, ROWS, usual, NULL, &e), e);
    for (uint32_t wish = 1; wish < 100; wish += 7) {
        n.distant.rows = wish;
        assert_ok(mcd_average(&n.network, x, ROWS, folded, NULL, &e), e);
        assert_memory_equal(usual, folded, sizeof usual);
    }
    distant_network_close(&n);
    mcd_host_destroy(host);
}

/* ---- shards --------------------------------------------------------------------------------- */

static const char *const names[] = {"a.part", "b.part"};

/* Predicts a shard, and puts it into a host of the caller's by way of its file. */
static void shard(struct mcd_partial *to, const struct mcd_host *host, const struct asked *q,
                  const char *name)
{
    struct mcd_error e = {0};
    struct predicted p;
    const char *path = scratch_path(name);
    predict(&p, q);
    p.partial.deterministic = mcd_host_zalloc(p.host, ROWS * CLASSES * sizeof(double), &e);
    p.partial.origin.model = mcd_host_strdup(p.host, "mlp", &e);
    assert_ok(mcd_partial_save(path, &p.partial, &e), e);
    assert_ok(mcd_partial_load(host, path, to, &e), e);
    predicted_close(&p);
}

static void cut_passes_join_to_the_same_bits(void **state)
{
    (void)state;
    static const uint32_t wishes[] = {0, 100, 1000, 6000};
    for (size_t w = 0; w < sizeof wishes / sizeof *wishes; w++) {
        struct mcd_error e = {0};
        struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
        struct mcd_partial whole = {0}, cut[2] = {{0}};
        struct mcd_summary a, b;
        struct asked q = {.wish = wishes[w], .threads = 2, .sampler = "bernoulli"};
        q.passes = MOST;
        shard(&whole, host, &q, "whole.part");
        q.passes = MOST - 3;
        shard(&cut[0], host, &q, names[0]);
        q.first = MOST - 3;
        q.passes = 3;
        shard(&cut[1], host, &q, names[1]);
        assert_ok(mcd_merge(cut, names, 2, &e), e);
        assert_ok(mcd_summary_create(&a, whole.moments, &e), e);
        assert_ok(mcd_summary_create(&b, cut[0].moments, &e), e);
        size_t bytes = ROWS * CLASSES * sizeof(double);
        assert_memory_equal(a.output_mean, b.output_mean, bytes);
        assert_memory_equal(a.output_mcse, b.output_mcse, bytes);
        assert_memory_equal(a.probability_std, b.probability_std, bytes);
        assert_memory_equal(a.mutual_information_mcse, b.mutual_information_mcse,
                            ROWS * sizeof(double));
        mcd_summary_clear(&a);
        mcd_summary_clear(&b);
        mcd_partial_clear(&whole);
        mcd_partial_clear(&cut[0]);
        assert_int_equal(mcd_host_live(host), 0);
        mcd_host_destroy(host);
    }
}

static void shards_of_other_blocks_are_refused(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_partial cut[2] = {{0}};
    struct asked q = {.threads = 1, .sampler = "bernoulli", .passes = 50};
    shard(&cut[0], host, &q, names[0]);
    q.wish = 1000;
    q.first = 50;
    shard(&cut[1], host, &q, names[1]);
    assert_int_equal(mcd_merge(cut, names, 2, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "b.part",
                 "blocks of 43 passes: expected those of a.part (23, 4, 16)");
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Whatever the number of threads, two blocks are computed at a time, one if there is no room. */
static void memory_is_for_two_blocks_at_most(void **state)
{
    (void)state;
    struct asked q = {.wish = 1000, .threads = 1, .sampler = "bernoulli", .passes = 300};
    struct predicted one, more, little;
    predict(&one, &q);
    uint64_t bytes = one.on.distant.most_bytes;
    q.threads = 4;
    predict(&more, &q);
    assert_int_equal(more.on.distant.most_bytes, bytes);
    q.room = bytes - 1;
    predict(&little, &q);
    assert_int_equal(little.status, MCD_OK);
    assert_true(little.on.distant.most_bytes < bytes / 2 + bytes / 8);
    assert_memory_equal(little.sample, one.sample, 300 * ROWS * CLASSES * sizeof *one.sample);
    q.room = little.on.distant.most_bytes - 1;
    predicted_close(&little);
    predict(&little, &q);
    assert_int_equal(little.status, MCD_NOMEM);
    predicted_close(&little);
    predicted_close(&more);
    predicted_close(&one);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_as_large_as_the_backend_wants),
        cmocka_unit_test(folding_changes_no_sample),
        cmocka_unit_test(nor_the_mean_network),
        cmocka_unit_test(cut_passes_join_to_the_same_bits),
        cmocka_unit_test(shards_of_other_blocks_are_refused),
        cmocka_unit_test(memory_is_for_two_blocks_at_most),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
