/* core/train/trainer.c: PyTorch's losses update by update; shuffling; what a batch is and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fitting.h"

#include "core/base/host.h"
#include "core/train/shuffle.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

static const char f32[] = "reference", f64[] = "reference:precision=f64";

static struct mcd_safetensors fixture;

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, "training.safetensors");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mcd_safetensors_clear(&fixture);
    return 0;
}

static void close_host(struct mcd_host *host)
{
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static int is_tiny(const struct fitting *f)
{
    return strstr(f->name, "tiny") != NULL;
}

/* ---- PyTorch's numbers ---------------------------------------------------------------------- */

static void check_final(const struct fitting *f, struct fitted *t)
{
    const struct mcd_store *store = t->network->store;
    for (uint32_t i = 0; i < store->count; i++) {
        char name[160];
        size_t n;
        if (strncmp(store->entry[i].name, MCD_SLOT_PREFIX, strlen(MCD_SLOT_PREFIX)) == 0)
            continue;
        struct mcd_trial r = {.store = t->network->store};
        double *found = rig_get(&r, store->entry[i].name, &n);
        snprintf(name, sizeof name, "final.%s", store->entry[i].name);
        double away = fixture_distance(found, fixture_find(&fixture, f->name, name)->data, n);
        if (!(away < 1e-10))
            fail_msg("%s/%s: away by %g of the largest magnitude", f->name, name, away);
        free(found);
    }
}

static double run(const struct fitting *f, const char *backend, uint64_t seed, int final)
{
    struct fitted t;
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, NULL);
    fitting_run(f, host, backend, &fixture, NULL, FITTING_UPDATES, seed, &t);
    double away = fitting_distance(f, &fixture, &t, FITTING_UPDATES);
    for (int u = 0; u < FITTING_UPDATES; u++)
        assert_int_equal(t.rows[u], f->batch == 0 ? 23 : u % 7 == 6 ? 4 : 16);
    if (final)
        check_final(f, &t);
    mcd_network_close(t.network);
    close_host(host);
    return away;
}

static void losses_are_pytorchs(void **state)
{
    (void)state;
    for (int i = 0; i < FITTINGS; i++) {
        const struct fitting *f = &fittings[i];
        if (!is_tiny(f))
            continue;
        double wide = run(f, f64, FITTING_SEED, 1), narrow = run(f, f32, FITTING_SEED, 0);
        double other = run(f, f64, FITTING_SEED + 1, 0);
        if (!(wide < 1e-11 && narrow < 5e-6))
            fail_msg("%s: losses away by %g in f64, %g in f32", f->name, wide, narrow);
        if (!(other > 1e-3))
            fail_msg("%s: another seed's masks are away by %g only", f->name, other);
    }
}

/* ---- threads -------------------------------------------------------------------------------- */

static void threads_change_nothing(void **state)
{
    (void)state;
    struct fitted one, more;
    const struct fitting *f = &fittings[1];
    struct mcd_host *a = mcd_host_create(1, NULL, NULL, NULL);
    fitting_run(f, a, f32, &fixture, NULL, FITTING_UPDATES, 5, &one);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        struct mcd_host *b = mcd_host_create(threads, NULL, NULL, NULL);
        fitting_run(f, b, f32, &fixture, NULL, FITTING_UPDATES, 5, &more);
        assert_memory_equal(one.loss, more.loss, sizeof one.loss);
        const struct mcd_store *s = one.network->store, *t = more.network->store;
        assert_int_equal(s->count, 12);
        for (uint32_t i = 0; i < s->count; i++) {
            size_t n;
            struct mcd_trial r = {.store = one.network->store}, q = {.store = more.network->store};
            double *x = rig_get(&r, s->entry[i].name, &n), *y = rig_get(&q, t->entry[i].name, &n);
            assert_memory_equal(x, y, n * sizeof *x);
            free(x);
            free(y);
        }
        mcd_network_close(more.network);
        close_host(b);
    }
    mcd_network_close(one.network);
    close_host(a);
}

/* ---- shuffling ------------------------------------------------------------------------------ */

static uint64_t fnv1a(const uint32_t *order, uint32_t rows)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < rows; i++)
        for (int k = 0; k < 4; k++)
            h = (h ^ (order[i] >> 8 * k & 255)) * 0x100000001b3u;
    return h;
}

/* Frozen; computed by other code from the definition in shuffle.h. */
static void orders_are_frozen(void **state)
{
    (void)state;
    static const uint32_t expected[][20] = {
        {17, 16, 1, 12, 6, 19, 0, 14, 9, 13, 18, 8, 4, 11, 10, 7, 3, 5, 2, 15},
        {18, 4, 15, 17, 2, 11, 1, 16, 3, 14, 8, 7, 19, 10, 12, 9, 5, 6, 0, 13},
        {7, 0, 14, 1, 17, 11, 13, 19, 8, 2, 12, 9, 6, 5, 18, 16, 10, 15, 3, 4},
    };
    static const uint64_t epoch[] = {0, 1, (UINT64_C(1) << 47) + 5};
    uint32_t order[20];
    for (int i = 0; i < 3; i++) {
        mcd_shuffle(2016, epoch[i], 20, order);
        assert_memory_equal(order, expected[i], sizeof order);
    }
    static const uint32_t seven[] = {1, 0, 5, 4, 3, 2, 6};
    mcd_shuffle(UINT64_C(0xfedcba9876543210), 3, 7, order);
    assert_memory_equal(order, seven, sizeof seven);
    uint32_t *large = malloc(60000 * sizeof *large);
    assert_non_null(large);
    mcd_shuffle(2016, 0, 60000, large); /* one of its words is rejected */
    assert_true(fnv1a(large, 60000) == UINT64_C(0xa2b0b62897ca0499));
    mcd_shuffle(2016, 2, 60000, large);
    assert_true(fnv1a(large, 60000) == UINT64_C(0x6ed245f08beb7c51));
    free(large);
}

static void orders_are_permutations(void **state)
{
    (void)state;
    static uint32_t order[1000], seen[1000];
    for (uint32_t rows = 0; rows <= 1000; rows = rows * 3 / 2 + 1)
        for (uint64_t epoch = 0; epoch < 20; epoch++) {
            memset(seen, 0, sizeof seen);
            mcd_shuffle(3, epoch, rows, order);
            for (uint32_t i = 0; i < rows; i++) {
                assert_true(order[i] < rows);
                assert_int_equal(seen[order[i]]++, 0);
            }
        }
}

/* All 120 orders of five come equally often, over epochs as over seeds. */
static void orders_are_uniform(void **state)
{
    (void)state;
    enum { ORDERS = 120, EACH = 500 };
    for (int by_seed = 0; by_seed < 2; by_seed++) {
        uint32_t count[5 * 5 * 5 * 5] = {0}, order[5];
        for (uint64_t i = 0; i < ORDERS * EACH; i++) {
            mcd_shuffle(by_seed ? i : 99, by_seed ? 0 : i, 5, order);
            count[((order[0] * 5 + order[1]) * 5 + order[2]) * 5 + order[3]]++;
        }
        double chi2 = 0;
        int orders = 0;
        for (int i = 0; i < 5 * 5 * 5 * 5; i++)
            if (count[i]) {
                orders++;
                chi2 += (count[i] - (double)EACH) * (count[i] - (double)EACH) / EACH;
            }
        assert_int_equal(orders, ORDERS);
        /* 119 degrees of freedom: mean 119, standard deviation 15.4. */
        if (!(chi2 > 119 - 5 * 15.4 && chi2 < 119 + 5 * 15.4))
            fail_msg("chi-square of the orders is %g: expected about 119", chi2);
    }
}

/* ---- batches -------------------------------------------------------------------------------- */

/* y = s x: everything about its update can be written down. */
static mcd_val build_scaled(void *self, struct mcd_graph *g, mcd_val x)
{
    const double *penalty = self;
    mcd_val s = mcd_param(g, "s", mcd_shape0(), 2, 0);
    mcd_val idle = mcd_param(g, "idle", mcd_shape1(2), 7, 0);
    mcd_affine(g, idle, 2, 0);
    if (*penalty != 0)
        g->penalty(g, mcd_affine(g, s, *penalty, 0));
    return mcd_mul(g, x, s);
}

struct scaled {
    struct mcd_host *host;
    struct rig_network made;
    float x[10], target[10];
    double penalty;
    struct mcd_trainer_spec spec;
};

static void scaled_open(struct scaled *q, double penalty)
{
    *q = (struct scaled){.host = mcd_host_create(1, NULL, NULL, NULL), .penalty = penalty};
    for (int i = 0; i < 10; i++) {
        q->x[i] = (float)(i + 1);
        q->target[i] = 3;
    }
    rig_network_open(&q->made, q->host, f64, build_scaled, &q->penalty, MCD_REGRESS, mcd_shape1(1));
    q->spec = (struct mcd_trainer_spec){.network = &q->made.network,
                                        .data = {.rows = 10, .x = q->x, .target = q->target},
                                        .update = {MCD_SGD, 1e-3, 0, 0}};
}

static void scaled_close(struct scaled *q)
{
    rig_network_close(&q->made);
    close_host(q->host);
}

static double scaled_value(struct scaled *q, const char *name)
{
    struct mcd_trial r = {.store = q->made.network.store};
    double *x = rig_get(&r, name, NULL), value = *x;
    free(x);
    return value;
}

/* The loss that is told is the task's; what is followed down is that and the penalty. */
static void one_update_by_hand(void **state)
{
    (void)state;
    for (double penalty = 0; penalty <= 10; penalty += 10) {
        struct scaled q;
        struct mcd_error e = {0};
        struct mcd_trainer *t;
        double loss, expected = 0, slope = penalty;
        uint32_t rows;
        scaled_open(&q, penalty);
        q.spec.update.decay = 0.25;
        for (int i = 0; i < 10; i++) {
            double away = 2 * q.x[i] - q.target[i];
            expected += away * away / 10;
            slope += 2 * away * q.x[i] / 10;
        }
        assert_ok(mcd_trainer_create(&q.spec, &t, &e), e);
        assert_int_equal(mcd_trainer_epoch_updates(t), 1);
        assert_ok(mcd_trainer_step(t, 0, &loss, &rows, &e), e);
        assert_int_equal(rows, 10);
        assert_true(fabs(loss - expected) < 1e-12 * expected);
        double s = 2 - 1e-3 * (slope + 0.25 * 2);
        assert_true(fabs(scaled_value(&q, "s") - s) < 1e-14);
        /* What the loss does not depend on does not decay, and needs no state. */
        assert_true(scaled_value(&q, "idle") == 7);
        assert_null(mcd_store_find(q.made.network.store, "optimiser.first.idle"));
        mcd_trainer_destroy(t);
        scaled_close(&q);
    }
}

/* Sizes of batches, and that an epoch has every row once. */
static void epochs_have_every_row_once(void **state)
{
    (void)state;
    for (uint32_t batch = 0; batch <= 12; batch++)
        for (uint32_t shuffle = 0; shuffle < 2; shuffle++) {
            struct scaled q;
            struct mcd_error e = {0};
            struct mcd_trainer *t;
            scaled_open(&q, 0);
            q.spec.batch = batch;
            q.spec.shuffle = shuffle;
            q.spec.update.rate = 0; /* the losses of an epoch add up */
            assert_ok(mcd_trainer_create(&q.spec, &t, &e), e);
            uint32_t full = batch == 0 || batch > 10 ? 10 : batch;
            uint64_t each = mcd_trainer_epoch_updates(t);
            assert_int_equal(each, (10 + full - 1) / full);
            double sum = 0, expected = 0;
            for (uint64_t u = 0; u < 3 * each; u++) {
                double loss;
                uint32_t rows;
                assert_ok(mcd_trainer_step(t, u, &loss, &rows, &e), e);
                assert_int_equal(rows, u % each == each - 1 ? 10 - full * (each - 1) : full);
                sum += loss * rows;
            }
            for (int i = 0; i < 10; i++)
                expected += 3 * (2 * q.x[i] - 3) * (2 * q.x[i] - 3);
            assert_true(fabs(sum - expected) < 1e-9 * expected);
            mcd_trainer_destroy(t);
            scaled_close(&q);
        }
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void expect_refusal(const struct mcd_trainer_spec *s, const char *text)
{
    struct mcd_error e = {0};
    struct mcd_trainer *t = NULL;
    assert_int_equal(mcd_trainer_create(s, &t, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "training data", text);
    assert_null(t);
}

static void wrong_data_are_refused(void **state)
{
    (void)state;
    struct scaled q;
    scaled_open(&q, 0);
    q.spec.data.rows = 0;
    expect_refusal(&q.spec, "0 rows: expected 1 to 2^31 - 1");
    q.spec.data.rows = INT64_C(1) << 31;
    expect_refusal(&q.spec, "2147483648 rows: expected 1 to 2^31 - 1");
    q.spec.data.rows = 10;
    q.spec.data.target = NULL;
    expect_refusal(&q.spec, "has no targets");
    scaled_close(&q);
    mcd_trainer_destroy(NULL);
}

static void wrong_labels_are_refused(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    float x[3 * 30] = {0};
    int32_t label[3] = {0, 3, 2};
    struct mcd_network *network = net_open(net_find("mlp_tiny"), host, f32);
    struct mcd_trainer_spec spec = {.network = network,
                                    .data = {.rows = 3, .x = x, .label = label},
                                    .update = {MCD_SGD, 0.1, 0, 0}};
    label[1] = 4;
    expect_refusal(&spec, "row 1 has label 4: expected 0 to 3");
    label[1] = 3;
    label[2] = -1;
    expect_refusal(&spec, "row 2 has label -1: expected 0 to 3");
    spec.data.label = NULL;
    expect_refusal(&spec, "has no labels");
    mcd_network_close(network);
    close_host(host);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int create_and_step(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct mcd_network *n;
    struct mcd_trainer *t = NULL;
    struct mcd_shape in = mcd_shape2(6, 5);
    const struct mcd_update *u = arg;
    float x[5 * 30] = {0};
    int32_t label[5] = {0, 1, 2, 3, 0};
    double loss;
    uint32_t rows;
    int status = mcd_network_open(host, "mlp:hidden=9x7,classes=4", f32, &in, 1, &n, e);
    if (status)
        return status;
    struct mcd_trainer_spec spec = {
        .network = n, .data = {.rows = 5, .x = x, .label = label}, .update = *u, .batch = 2};
    status = mcd_trainer_create(&spec, &t, e);
    for (uint64_t i = 0; !status && i < 3; i++)
        status = mcd_trainer_step(t, i, &loss, &rows, e);
    mcd_trainer_destroy(t);
    mcd_network_close(n);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_update updates[] = {{MCD_SGD, 0.1, 0.9, 0}, {MCD_ADAM, 0.1, 0, 0}};
    for (int i = 0; i < (getenv("MCDROP_FAST") ? 1 : 2); i++)
        assert_true(rig_starve(host, create_and_step, &updates[i]) > 200);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_pytorchs),        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(orders_are_frozen),          cmocka_unit_test(orders_are_permutations),
        cmocka_unit_test(orders_are_uniform),         cmocka_unit_test(one_update_by_hand),
        cmocka_unit_test(epochs_have_every_row_once), cmocka_unit_test(wrong_data_are_refused),
        cmocka_unit_test(wrong_labels_are_refused),   cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
