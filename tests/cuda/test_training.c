/*
 * Training with the CUDA backend on the fake device: the data set stays there, an update copies the
 * numbers of its run to it and its loss back, an epoch is waited for once, and a rate that changes
 * with each update asks for no other graph.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/network/network.h"
#include "core/train/train.h"

#include "fake.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 43, BATCH = 10, EACH = 5, WIDTH = 36, EPOCHS = 4 };

static float x[ROWS * WIDTH];
static int32_t label[ROWS];
static char backend[PATH_MAX];

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i * 7919 % 257) / 257 - 0.3f;
    for (int i = 0; i < ROWS; i++)
        label[i] = i * i % 4;
    snprintf(backend, sizeof backend, "%s/cuda/module/.libs/cuda.so",
             getenv("MCDROP_TEST_BUILDDIR"));
    return 0;
}

struct rig {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_trainer_spec spec;
};

static void rig_open(struct rig *r, const char *model, const char *on)
{
    struct mcd_error e = {0};
    struct mcd_shape in = {3, {1, 6, 6}};
    *r = (struct rig){.host = mcd_host_create(2, NULL, NULL, NULL)};
    assert_ok(mcd_network_open(r->host, model, on, &in, 5, &r->network, &e), e);
    r->spec = (struct mcd_trainer_spec){.network = r->network,
                                        .data = {.rows = ROWS, .x = x, .label = label},
                                        .batch = BATCH,
                                        .shuffle = 1,
                                        .seed = 77,
                                        .epochs = EPOCHS};
}

static void rig_close(struct rig *r)
{
    mcd_network_close(r->network);
    assert_int_equal(mcd_host_live(r->host), 0);
    mcd_host_destroy(r->host);
}

static struct fake_counts since(const struct fake_counts *before)
{
    struct fake_counts now = fake_counts();
    return (struct fake_counts){
        .launches = now.launches - before->launches,
        .drains = now.drains - before->drains,
        .captures = now.captures - before->captures,
        .graph_launches = now.graph_launches - before->graph_launches,
        .to_device = now.to_device - before->to_device,
        .from_device = now.from_device - before->from_device,
        .to_device_bytes = now.to_device_bytes - before->to_device_bytes,
        .from_device_bytes = now.from_device_bytes - before->from_device_bytes,
    };
}

/* What the host does in each epoch from the third on; in the first two, graphs are made. */
static void check_epoch(struct mcd_trainer *t, uint64_t epoch, double losses[EACH])
{
    struct mcd_error e = {0};
    const struct mcd_loss *loss;
    uint32_t count;
    const struct fake_counts before = fake_counts();
    for (uint64_t u = 0; u < EACH; u++)
        assert_ok(mcd_trainer_start(t, epoch * EACH + u, &e), e);
    struct fake_counts c = since(&before);
    if (epoch >= 2) {
        assert_int_equal(c.drains, 0);
        assert_int_equal(c.captures, 0);
        assert_int_equal(c.launches, 0);
        assert_int_equal(c.graph_launches, EACH);
        assert_int_equal(c.to_device, EACH + 1); /* numbers of each run, the epoch's order */
        assert_in_range(c.to_device_bytes - ROWS * sizeof(int32_t), EACH * sizeof(struct mcd_run),
                        EACH * 512);
        assert_int_equal(c.from_device, EACH);
        assert_int_equal(c.from_device_bytes, EACH * sizeof(float));
    }
    assert_ok(mcd_trainer_settle(t, &loss, &count, &e), e);
    c = since(&before);
    assert_true(c.drains == 1 || epoch < 2);
    assert_int_equal(count, EACH);
    for (uint32_t i = 0; i < EACH; i++)
        losses[i] = loss[i].value;
}

static void follow(const char *model, const struct mcd_update *update, uint32_t schedule)
{
    struct mcd_error e = {0};
    struct rig near, far;
    struct mcd_trainer *t, *plain;
    rig_open(&far, model, backend);
    rig_open(&near, model, "reference");
    far.spec.schedule = near.spec.schedule = schedule;
    far.spec.update = near.spec.update = *update;
    assert_ok(mcd_trainer_create(&far.spec, &t, &e), e);
    assert_ok(mcd_trainer_create(&near.spec, &plain, &e), e);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        double losses[EACH], expected;
        uint32_t rows;
        check_epoch(t, epoch, losses);
        for (uint64_t u = 0; u < EACH; u++) {
            assert_ok(mcd_trainer_step(plain, epoch * EACH + u, &expected, &rows, &e), e);
            assert_true(fabs(losses[u] - expected) <= 1e-4 * fabs(expected));
        }
    }
    mcd_trainer_destroy(t);
    mcd_trainer_destroy(plain);
    rig_close(&far);
    rig_close(&near);
}

static const struct mcd_update momentum = {MCD_SGD, 0.05, 0.9, 1e-3}, adam = {MCD_ADAM, 0.01, 0, 0};

static void an_update_copies_its_numbers_alone(void **state)
{
    (void)state;
    follow("mlp:hidden=9x7,classes=4", &momentum, MCD_RATE_CONSTANT);
    follow("lenet:classes=4", &momentum, MCD_RATE_CONSTANT);
}

/* The rate is among them. */
static void a_schedule_needs_no_other_graph(void **state)
{
    (void)state;
    follow("mlp:hidden=9x7,classes=4", &momentum, MCD_RATE_COSINE);
    follow("mlp:hidden=9x7,classes=4", &adam, MCD_RATE_COSINE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_copies_its_numbers_alone),
        cmocka_unit_test(a_schedule_needs_no_other_graph),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
