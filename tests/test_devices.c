/*
 * core/predict/devices.c: predictions on a backend of several devices: the bits of one device, work
 * for each of them, and what becomes of a device that has no room or fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/distant.h"
#include "tests/rig.h"

#include "core/base/host.h"
#include "core/predict/devices.h"
#include "core/predict/predict.h"

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { ROWS = 23, WIDTH = 6, CLASSES = 4, PASSES = 1500, MOST_DEVICES = 3 };

static float x[ROWS * WIDTH];

/* ---- one prediction ------------------------------------------------------------------------- */

struct asked {
    uint32_t devices, threads, wish; /* wish: for rows of a block */
    const char *sampler;
    uint64_t room;      /* of the last device */
    uint32_t refuse_op; /* by the last device */
};

struct predicted {
    struct mcd_host *host;
    struct distant_network on;
    struct distant others[MOST_DEVICES - 1];
    struct mcd_item *sampler;
    struct mcd_error error;
    float sample[PASSES * ROWS * CLASSES];
    int status;
};

static int keep(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct predicted *p = arg;
    const float *from = b->samples;
    (void)error;
    for (uint64_t i = 0; i < b->passes; i++)
        memcpy(p->sample + ((b->first_pass + i) * ROWS + (uint64_t)b->first_row) * CLASSES,
               from + i * (uint64_t)b->rows * CLASSES,
               (size_t)b->rows * CLASSES * sizeof *p->sample);
    return MCD_OK;
}

static struct distant *last_device(struct predicted *p, const struct asked *q)
{
    return q->devices > 1 ? &p->others[q->devices - 2] : &p->on.distant;
}

static void open_devices(struct predicted *p, const struct asked *q)
{
    distant_network_open(&p->on, p->host, "mlp:hidden=9x7,classes=4", "reference",
                         mcd_shape1(WIDTH), 5);
    p->on.distant.rows = q->wish;
    p->on.distant.nothers = q->devices - 1;
    p->on.distant.others = p->others;
    for (uint32_t i = 0; i + 1 < q->devices; i++) {
        distant_create(&p->others[i], p->on.inner);
        p->others[i].rows = q->wish;
    }
    last_device(p, q)->room = q->room;
    last_device(p, q)->refuse_op = q->refuse_op;
}

static struct predicted *predict(const struct asked *q)
{
    struct predicted *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->host = mcd_host_create(q->threads, NULL, NULL, NULL);
    open_devices(p, q);
    assert_ok(mcd_item_open(p->host, MCD_SAMPLER, q->sampler, &p->sampler, &p->error), p->error);
    struct mcd_predict predict = {.network = &p->on.network,
                                  .sampler = p->sampler,
                                  .x = x,
                                  .rows = ROWS,
                                  .seed = 11,
                                  .passes = PASSES,
                                  .samples = keep,
                                  .samples_arg = p};
    struct mcd_moments *moments = NULL;
    p->status = mcd_predict_run(&predict, &moments, &p->error);
    mcd_moments_destroy(moments);
    return p;
}

/* Nothing is allocated on any device. */
static void predicted_close(struct predicted *p)
{
    mcd_item_close(p->host, p->sampler);
    for (uint32_t i = 0; i < p->on.distant.nothers; i++) {
        assert_int_equal(p->others[i].bytes, 0);
        distant_destroy(&p->others[i]);
    }
    distant_network_close(&p->on);
    assert_int_equal(mcd_host_live(p->host), 0);
    mcd_host_destroy(p->host);
    free(p);
}

/* Runs of steps on a device. */
static uint64_t work_of(const struct distant *d)
{
    uint64_t runs = 0;
    for (uint32_t op = 0; op < DISTANT_OPS; op++)
        runs += d->runs[op];
    return runs;
}

/* ---- the same samples ----------------------------------------------------------------------- */

static void devices_change_no_sample(void **state)
{
    static const char *const samplers[] = {"bernoulli", "antithetic", "balanced:block=32"};
    (void)state;
    for (size_t s = 0; s < sizeof samplers / sizeof *samplers; s++)
        for (uint32_t wish = 0; wish <= 600; wish += 600) {
            struct asked q = {.devices = 1, .threads = 2, .wish = wish, .sampler = samplers[s]};
            struct predicted *one = predict(&q);
            assert_ok(one->status, one->error);
            for (q.devices = 2; q.devices <= MOST_DEVICES; q.devices++) {
                struct predicted *several = predict(&q);
                assert_ok(several->status, several->error);
                assert_memory_equal(several->sample, one->sample, sizeof one->sample);
                predicted_close(several);
            }
            predicted_close(one);
        }
}

/* Where blocks are large, they go round; each has its own input and parameters, and no state. */
static void each_device_has_its_share(void **state)
{
    (void)state;
    struct asked q = {.devices = 3, .threads = 4, .wish = 600, .sampler = "bernoulli"};
    struct predicted *p = predict(&q);
    assert_ok(p->status, p->error);
    uint64_t first = work_of(&p->on.distant);
    for (int i = 0; i < 2; i++) {
        uint64_t work = work_of(&p->others[i]);
        assert_true(p->others[i].writes > 0);
        assert_true(work > first * 3 / 4 && work < first * 4 / 3);
    }
    predicted_close(p);
}

/* ---- parameters ----------------------------------------------------------------------------- */

static void parameters_are_copied_state_is_not(void **state)
{
    (void)state;
    struct asked q = {.devices = 2, .threads = 1, .sampler = "bernoulli"};
    struct predicted *p = calloc(1, sizeof *p);
    struct mcd_error e = {0};
    struct mcd_devices d;
    assert_non_null(p);
    p->host = mcd_host_create(1, NULL, NULL, NULL);
    open_devices(p, &q);
    struct mcd_store *store = p->on.network.store;
    struct mcd_entry *entry;
    const struct mcd_shape shape = mcd_shape1(5);
    uint32_t parameters = store->count;
    assert_ok(mcd_store_add(store, "optimiser.first.x", &shape, &entry, &e), e);
    assert_ok(mcd_devices_open(&p->on.network, 9, &d, &e), e);
    assert_int_equal(d.count, 2);
    assert_ptr_equal(d.store[0], store);
    assert_int_equal(d.store[1]->count, parameters);
    for (uint32_t i = 0; i < parameters; i++) {
        double here[100], there[100];
        entry = mcd_store_find(d.store[1], store->entry[i].name);
        assert_non_null(entry);
        size_t n = (size_t)mcd_shape_count(&entry->tensor.shape);
        assert_ok(mcd_store_read(store, &store->entry[i], here, &e), e);
        assert_ok(mcd_store_read(d.store[1], entry, there, &e), e);
        assert_memory_equal(here, there, n * sizeof *here);
    }
    mcd_devices_close(&d);
    uint64_t written = p->others[0].writes;
    assert_ok(mcd_devices_open(&p->on.network, 1, &d, &e), e);
    assert_int_equal(d.count, 1);
    assert_int_equal(p->others[0].writes, written);
    mcd_devices_close(&d);
    predicted_close(p);
}

static int open_and_close(struct mcd_host *host, void *arg, struct mcd_error *error)
{
    struct mcd_devices d;
    (void)host;
    int status = mcd_devices_open(arg, 9, &d, error);
    mcd_devices_close(&d);
    return status;
}

static void lack_of_memory_is_a_failure(void **state)
{
    (void)state;
    struct asked q = {.devices = 3, .threads = 1, .sampler = "bernoulli"};
    struct predicted *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->host = mcd_host_create(1, NULL, NULL, NULL);
    open_devices(p, &q);
    assert_true(rig_starve(p->host, open_and_close, &p->on.network) > 10);
    predicted_close(p);
}

/* ---- failures ------------------------------------------------------------------------------- */

/* A device without room for a plan leaves the work to those before it. */
static void what_has_no_room_has_no_work(void **state)
{
    (void)state;
    struct asked q = {.devices = 2, .threads = 2, .wish = 600, .sampler = "bernoulli"};
    struct predicted *both = predict(&q);
    assert_ok(both->status, both->error);
    q.room = both->others[0].most_bytes / 4;
    struct predicted *one = predict(&q);
    assert_ok(one->status, one->error);
    assert_true(work_of(&both->others[0]) > 0);
    assert_int_equal(work_of(&one->others[0]), 0);
    assert_memory_equal(one->sample, both->sample, sizeof one->sample);
    predicted_close(both);
    predicted_close(one);
}

static void other_failures_are_told(void **state)
{
    (void)state;
    struct asked q = {.devices = 2,
                      .threads = 2,
                      .wish = 600,
                      .sampler = "bernoulli",
                      .refuse_op = MCD_OP_LINEAR};
    struct predicted *p = predict(&q);
    assert_int_equal(p->status, MCD_UNSUPPORTED);
    assert_error(p->error, MCD_UNSUPPORTED, "distant", "cannot do linear");
    predicted_close(p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_change_no_sample),
        cmocka_unit_test(each_device_has_its_share),
        cmocka_unit_test(parameters_are_copied_state_is_not),
        cmocka_unit_test(lack_of_memory_is_a_failure),
        cmocka_unit_test(what_has_no_room_has_no_work),
        cmocka_unit_test(other_failures_are_told),
    };
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i * 7919 % 257) / 257 - 0.3f;
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
