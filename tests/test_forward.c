/*
 * core/predict/forward.c: every row and pass has the bits of its own address, however rows, passes
 * and threads are cut; the sink is called in order. Samplers are tested in test_forward_samplers.
 */
#include "tests/forward_run.h"

#include "core/predict/evaluate.h"
#include "core/predict/geometry.h"

/* ---- addresses ------------------------------------------------------------------------------ */

/* One row and pass computed alone, by a plan of one row. */
static void check_alone(struct mcd_trial *r, mcd_val x, mcd_val y, const struct opened *o,
                        int64_t row, uint64_t pass, int shared)
{
    int64_t width = mcd_shape_count(&o->network->input), outputs = o->network->outputs;
    double *in = malloc((size_t)width * sizeof *in);
    assert_non_null(in);
    for (int64_t i = 0; i < width; i++)
        in[i] = o->x[row * width + i];
    for (uint32_t s = 0; s < r->core->nsites; s++)
        r->draws[s] = (struct mcd_draw){.stream = pass, .shared = (uint32_t)shared};
    r->run.first_row = (uint64_t)row;
    rig_write(r, x, in);
    rig_run(r);
    double *alone = rig_read(r, y);
    uint64_t at = pass - o->f.first_block * o->f.block_passes;
    check_same(alone, o->kept.y + (at * (uint64_t)o->f.rows + (uint64_t)row) * (uint64_t)outputs,
               (size_t)outputs);
    free(alone);
    free(in);
}

static void check_addresses(const struct request *q, int shared)
{
    struct mcd_error e = {0};
    struct opened o;
    struct mcd_trial r;
    open_request(&o, q);
    assert_ok(mcd_forward_run(&o.f, &e), e);
    rig_open(&r, q->backend, 1, 1);
    mcd_val x = rig_input(&r, q->in), y = rig_model(&r, q->model, x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 1, .passes = 1, .noutputs = 1, .output = &y});
    assert_int_equal(r.run.seed, SEED);
    uint64_t first = q->first_block * o.f.block_passes;
    uint64_t passes = q->block_count * o.f.block_passes;
    for (int64_t row = 0; row < q->rows; row += q->rows / 3 + 1)
        for (uint64_t pass = 0; pass < passes; pass += passes / 3 + 1)
            check_alone(&r, x, y, &o, row, first + pass, shared);
    check_alone(&r, x, y, &o, q->rows - 1, first + passes - 1, shared);
    rig_close(&r);
    close_request(&o);
}

static void every_row_and_pass_has_its_address(void **state)
{
    (void)state;
    static const int64_t rows[] = {1, 2, 5, 7, 384, 385, 400, 1000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request q = {mlp, "reference", "bernoulli", {2, {6, 5}}, rows[i], 2, 3, 2};
        check_addresses(&q, 0);
        q.sampler = "bernoulli:scope=pass";
        check_addresses(&q, 1);
    }
    struct request wide = {"mlp:hidden=5,noise=gaussian",
                           "reference:precision=f64",
                           "bernoulli",
                           {1, {3}},
                           390,
                           0,
                           2,
                           1};
    check_addresses(&wide, 0);
    struct request images = {"lenet:classes=3", "reference", "bernoulli", {2, {8, 9}}, 3, 1, 1, 2};
    check_addresses(&images, 0);
}

/* ---- threads and cuts ----------------------------------------------------------------------- */

static void threads_change_nothing(void **state)
{
    (void)state;
    static const int64_t rows[] = {1, 5, 400};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request q = {mlp, "reference", "bernoulli", {2, {6, 5}}, rows[i], 0, 7, 1};
        size_t n, m;
        double *one = run(&q, &n);
        for (q.threads = 2; q.threads <= 3; q.threads++) {
            double *more = run(&q, &m);
            assert_int_equal(n, m);
            check_same(one, more, n);
            free(more);
        }
        free(one);
    }
}

static void cuts_change_nothing(void **state)
{
    (void)state;
    struct request q = {mlp, "reference", "bernoulli", {2, {6, 5}}, 5, 0, 13, 2};
    size_t n, m, done = 0;
    double *whole = run(&q, &n);
    static const uint64_t counts[] = {1, 9, 3};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        q.block_count = counts[i];
        double *part = run(&q, &m);
        check_same(whole + done, part, m);
        done += m;
        q.first_block += counts[i];
        free(part);
    }
    assert_int_equal(done, n);
    free(whole);
}

/* The same input in every row. */
static void scope_is_per_row_or_per_pass(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct mcd_error e = {0};
        struct request q = {
            mlp, "reference", shared ? "bernoulli:scope=pass" : "bernoulli", {1, {30}}, 6, 0, 1, 2};
        struct opened o;
        open_request(&o, &q);
        for (int i = 30; i < 6 * 30; i++)
            o.x[i] = o.x[i % 30];
        assert_ok(mcd_forward_run(&o.f, &e), e);
        size_t all = count_of(&o);
        int rows_differ = 0, passes_differ = 0;
        for (size_t i = 0; i < all; i++) {
            rows_differ |= o.kept.y[i] != o.kept.y[i / 24 * 24 + i % 4];
            passes_differ |= o.kept.y[i] != o.kept.y[i % 24];
        }
        assert_int_equal(rows_differ, !shared);
        assert_true(passes_differ);
        close_request(&o);
    }
}

static void seeds_differ(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct request q = {mlp, "reference", "bernoulli", {1, {30}}, 6, 0, 1, 1};
    struct opened o;
    size_t n;
    double *first = run(&q, &n);
    open_request(&o, &q);
    o.f.seed = SEED + 1;
    assert_ok(mcd_forward_run(&o.f, &e), e);
    assert_memory_not_equal(first, o.kept.y, n * sizeof *first);
    free(first);
    close_request(&o);
}

/* ---- geometry ------------------------------------------------------------------------------- */

static void says_nothing(void *self, struct mcd_backend_info *info)
{
    (void)self, (void)info;
}

/* Of a backend that leaves geometry to the core. */
static const struct mcd_network *any_network(void)
{
    static const struct mcd_backend api = {.size = sizeof api, .info = says_nothing};
    static const struct mcd_plugin plugin = {.kind = MCD_BACKEND, .api = &api};
    static struct mcd_item backend = {.plugin = &plugin};
    static const struct mcd_network network = {.backend = &backend};
    return &network;
}

static void geometry_follows_rows_and_groups(void **state)
{
    (void)state;
    static const int64_t rows[] = {0, 1, 2, 12, 100, 384, 385, 10000, INT64_C(1) << 40};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (group_of_test = 1; group_of_test < 1000; group_of_test += 7) {
            struct mcd_forward f = {
                .network = any_network(), .rows = rows[i], .sampler = item_of(&api_draw)};
            mcd_forward_geometry(&f);
            assert_true(f.block_rows >= 1 && f.block_rows <= 384 && f.block_passes >= 1);
            assert_int_equal(f.block_passes % group_of_test, 0);
            uint32_t folded = f.block_rows * f.block_passes;
            assert_true(folded <= 384 || (f.block_rows == 1 && f.block_passes == group_of_test));
            assert_true(folded + f.block_rows * group_of_test > 384); /* no more would fit */
            if (rows[i] > 0 && rows[i] * group_of_test <= 384)
                assert_int_equal(f.block_rows, rows[i]);
            f.sampler = NULL;
            mcd_forward_geometry(&f);
            assert_int_equal(f.block_passes, 1);
        }
    group_of_test = 1;
}

/* No block is nearly empty: 523 rows are not 384 and 139. */
static void blocks_are_equal(void **state)
{
    (void)state;
    static const int64_t cases[][3] = {/* rows, blocks, rows of each */
                                       {384, 1, 384}, {385, 2, 193}, {523, 2, 262},
                                       {768, 2, 384}, {769, 3, 257}, {10000, 27, 371}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_forward f = {
            .network = any_network(), .rows = cases[i][0], .sampler = item_of(&api_draw)};
        mcd_forward_geometry(&f);
        assert_int_equal((f.rows + f.block_rows - 1) / f.block_rows, cases[i][1]);
        assert_int_equal(f.block_rows, cases[i][2]);
        assert_int_equal(f.block_passes, 1);
    }
}

static void no_rows_are_no_work(void **state)
{
    (void)state;
    struct request q = {mlp, "reference", "bernoulli", {1, {30}}, 0, 0, 3, 2};
    size_t n;
    free(run(&q, &n));
    assert_int_equal(n, 0);
}

/* ---- the sink, and stopping ----------------------------------------------------------------- */

static void a_failing_sink_ends_the_run(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++)
        for (uint64_t at = 1; at <= 50; at += 7) {
            struct mcd_error e = {0};
            struct request q = {mlp, "reference", "bernoulli", {1, {30}}, 400, 0, 25, threads};
            struct opened o;
            open_request(&o, &q);
            o.kept.fail_at = at;
            assert_int_equal(mcd_forward_run(&o.f, &e), MCD_IO);
            assert_error(e, MCD_IO, "test", "the sink is full");
            assert_int_equal(o.kept.calls, at);
            close_request(&o);
        }
}

static void stopping_leaves_whole_blocks(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++)
        for (uint64_t at = 0; at <= 50; at += 10) {
            struct mcd_error e = {0};
            struct request q = {mlp, "reference", "bernoulli", {1, {30}}, 400, 0, 25, threads};
            struct opened o;
            open_request(&o, &q);
            o.kept.stop = at == 0;
            o.kept.stop_at = at;
            int status = mcd_forward_run(&o.f, &e);
            if (at == 50) {
                assert_ok(status, e); /* nothing is left to stop */
                assert_int_equal(o.kept.calls, 50);
            } else {
                assert_int_equal(status, MCD_STOPPED);
                assert_error(e, MCD_STOPPED, "", "interrupted");
                assert_true(o.kept.calls < 50 && o.kept.calls >= at);
            }
            close_request(&o);
        }
}

/* ---- weight averaging ----------------------------------------------------------------------- */

static void check_average(const char *model, const char *backend, struct mcd_shape in, int64_t rows)
{
    struct mcd_error e = {0};
    struct request q = {model, backend, NULL, in, rows, 0, 1, 2};
    struct opened o;
    struct mcd_trial r;
    open_request(&o, &q);
    int64_t width = mcd_shape_count(&in), outputs = o.network->outputs;
    double *y = calloc((size_t)(rows * outputs), sizeof *y);
    double *x = calloc((size_t)(rows * width), sizeof *x);
    assert_true(x && y);
    assert_ok(mcd_average(o.network, o.x, rows, y, NULL, &e), e);
    for (int64_t i = 0; i < rows * width; i++)
        x[i] = o.x[i];
    rig_open(&r, backend, 1, 0);
    mcd_val in_value = rig_input(&r, in), out = rig_model(&r, model, in_value);
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = (uint32_t)rows, .passes = 1, .noutputs = 1, .output = &out});
    rig_write(&r, in_value, x);
    rig_run(&r);
    double *expected = rig_read(&r, out);
    check_same(expected, y, (size_t)(rows * outputs));
    o.kept.stop = 1;
    assert_int_equal(mcd_average(o.network, o.x, rows, y, &o.kept.stop, &e), MCD_STOPPED);
    free(expected);
    free(x);
    free(y);
    rig_close(&r);
    close_request(&o);
}

static void averaging_is_one_pass_without_noise(void **state)
{
    (void)state;
    check_average(mlp, "reference", mcd_shape2(6, 5), 1);
    check_average(mlp, "reference", mcd_shape2(6, 5), 1000);
    check_average(mlp, "reference:precision=f64", mcd_shape2(6, 5), 385);
    check_average("lenet:classes=3", "reference", mcd_shape2(8, 9), 5);
}

static void averaging_nothing_is_nothing(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct request q = {mlp, "reference", NULL, {1, {30}}, 0, 0, 1, 1};
    struct opened o;
    double score = -1;
    open_request(&o, &q);
    assert_ok(mcd_average(o.network, o.x, 0, &score, NULL, &e), e);
    assert_true(score == -1);
    close_request(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_and_pass_has_its_address),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(scope_is_per_row_or_per_pass),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(geometry_follows_rows_and_groups),
        cmocka_unit_test(blocks_are_equal),
        cmocka_unit_test(no_rows_are_no_work),
        cmocka_unit_test(a_failing_sink_ends_the_run),
        cmocka_unit_test(stopping_leaves_whole_blocks),
        cmocka_unit_test(averaging_is_one_pass_without_noise),
        cmocka_unit_test(averaging_nothing_is_nothing),
    };
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
