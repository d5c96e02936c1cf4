/*
 * Predictions by backend cuda, on a CUDA without a card: moments that the device makes are those of
 * its passes, and nothing else comes back.
 */
#include "tests/forward_run.h"

#include "core/predict/predict.h"
#include "core/stats/leaf.h"
#include "fake.h"

#include <stdio.h>

enum { ROWS = 37 };

static char cuda[1024];

struct net {
    const char *model;
    struct mcd_shape in;
    int scaled;
};

static const struct net nets[] = {
    {"mlp:hidden=11x8,classes=5", {1, {9}}, 0},
    {"mlp2:hidden=9x7,outputs=2", {1, {9}}, 1},
};

static const char *const samplers[] = {"bernoulli", "antithetic", "balanced:block=16"};

/* A prediction with its network, and what it read. */
struct made {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_item *sampler;
    struct mcd_meaning *meaning;
    struct mcd_moments *moments;
    unsigned long bytes;
};

static int ignore(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    (void)arg, (void)b, (void)error;
    return MCD_OK;
}

/* With `samples` passes come to the host, because somebody wants them. */
static struct made make(const struct net *net, const char *sampler, uint64_t passes, int samples)
{
    struct made m = {.host = mcd_host_create(2, NULL, NULL, NULL)};
    struct mcd_error e = {0};
    float *x = make_input(ROWS, mcd_shape_count(&net->in));
    assert_ok(mcd_network_open(m.host, net->model, cuda, &net->in, SEED, &m.network, &e), e);
    assert_ok(mcd_item_open(m.host, MCD_SAMPLER, sampler, &m.sampler, &e), e);
    int64_t n = m.network->outputs;
    if (net->scaled)
        assert_ok(mcd_meaning_create(m.host, ROWS, n, 0, 0, &m.meaning, &e), e);
    for (int64_t k = 0; k < n && net->scaled; k++) {
        m.meaning->offset[k] = 100;
        m.meaning->scale[k] = 3 + (double)k;
    }
    struct mcd_predict job = {.network = m.network,
                              .sampler = m.sampler,
                              .x = x,
                              .rows = ROWS,
                              .seed = SEED,
                              .passes = passes,
                              .meaning = m.meaning,
                              .keep_pieces = 1,
                              .samples = samples ? ignore : NULL};
    unsigned long before = fake_counts().from_device_bytes;
    assert_ok(mcd_predict_run(&job, &m.moments, &e), e);
    m.bytes = fake_counts().from_device_bytes - before;
    free(x);
    return m;
}

static void unmake(struct made *m)
{
    mcd_moments_destroy(m->moments);
    mcd_meaning_destroy(m->host, m->meaning);
    mcd_item_close(m->host, m->sampler);
    mcd_network_close(m->network);
    assert_int_equal(mcd_host_live(m->host), 0);
    mcd_host_destroy(m->host);
}

/* Whole blocks alone, as many as make leaves of several sizes. */
static uint64_t passes_of(const struct net *net, const char *sampler)
{
    struct made probe = make(net, sampler, 1, 0);
    uint64_t passes = 13 * (uint64_t)probe.moments->spec.block_passes;
    unmake(&probe);
    return passes;
}

/* Exponentials may differ in the last digit, which is a unit or two of a sum. */
static void assert_near(const struct mcd_moments *a, const struct mcd_moments *b)
{
    for (uint32_t i = 0; i < a->blocks; i++) {
        const struct mcd_row_block *p = &a->block[i], *q = &b->block[i];
        size_t width = (size_t)p->rows * mcd_leaf_width(&a->spec);
        size_t sums = (size_t)p->rows * MCD_BATCHES * mcd_leaf_sums(&a->spec);
        assert_int_equal(p->count, q->count);
        for (uint32_t j = 0; j < p->count; j++)
            for (size_t k = 0; k < width; k++) {
                double x = p->piece[j].values[k], y = q->piece[j].values[k];
                if (!(fabs(x - y) <= 1e-10 * (1 + fabs(y))))
                    fail_msg("piece %u, value %zu: %.17g, expected %.17g", j, k, x, y);
            }
        for (size_t k = 0; k < sums; k++)
            assert_true((uint64_t)llabs((long long)(p->sums[k] - q->sums[k])) <= 2 * p->next_pass);
    }
}

static void moments_are_those_of_the_passes(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++)
        for (size_t s = 0; s < sizeof samplers / sizeof *samplers; s++) {
            uint64_t passes = passes_of(&nets[n], samplers[s]);
            struct made there = make(&nets[n], samplers[s], passes, 0);
            struct made here = make(&nets[n], samplers[s], passes, 1);
            assert_near(there.moments, here.moments);
            unmake(&there);
            unmake(&here);
        }
}

/* 13 blocks in two jobs: leaves of 8, of 4 and 1 of them, and sums of each; else all samples. */
static void nothing_else_comes_back(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
        uint64_t passes = passes_of(&nets[n], "bernoulli");
        struct made there = make(&nets[n], "bernoulli", passes, 0);
        struct made here = make(&nets[n], "bernoulli", passes, 1);
        const struct mcd_moments_spec *spec = &there.moments->spec;
        uint64_t values = 3 * mcd_leaf_width(spec), sums = 2 * MCD_BATCHES * mcd_leaf_sums(spec);
        assert_int_equal(there.moments->blocks, 1);
        assert_int_equal(there.bytes, ROWS * (values + sums) * 8);
        assert_int_equal(here.bytes, ROWS * passes * (uint64_t)spec->outputs * sizeof(float));
        assert_true(there.bytes < here.bytes);
        unmake(&there);
        unmake(&here);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_those_of_the_passes),
        cmocka_unit_test(nothing_else_comes_back),
    };
    snprintf(cuda, sizeof cuda, "%s/cuda/module/.libs/cuda.so", getenv("MCDROP_TEST_BUILDDIR"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
