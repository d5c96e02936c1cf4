/*
 * core/predict/forward.c: every row and pass has the bits of its own address, however rows, passes and
 * threads are cut; the sink is called in order; what cannot be sampled is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/predict/evaluate.h"
#include "core/predict/forward.h"

#include <mcdrop/model.h>
#include <mcdrop/random.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka makes `fail` a macro. */
static int say(const struct mcd_host *host, struct mcd_error *e, int status, const char *text)
{
    return host->fail(e, status, "test", "%s", text);
}

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { SEED = 2016 };

static const char mlp[] = "mlp:hidden=9x7,classes=4";

static float *make_input(int64_t rows, int64_t width)
{
    float *x = malloc((size_t)(rows * width) * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < rows * width; i++)
        x[i] = (float)fixture_value(100, (uint32_t)i);
    return x;
}

/* ---- a sink that keeps everything ----------------------------------------------------------- */

struct kept {
    const struct mcd_forward *f;
    const struct mcd_host *host;
    uint64_t calls;
    uint64_t fail_at;           /* this call fails, counted from 1; 0: none */
    volatile sig_atomic_t stop; /* set by call number stop_at */
    uint64_t stop_at;
    uint64_t progress, progress_all; /* what progress was last told */
    double *y;                       /* [pass block][pass][row][output], all rows of all blocks */
};

static int64_t rows_of(const struct mcd_forward *f, uint32_t row_block)
{
    int64_t left = f->rows - (int64_t)row_block * f->block_rows;
    return left < f->block_rows ? left : f->block_rows;
}

static void keep_block(const struct kept *k, const struct mcd_block *b)
{
    const struct mcd_forward *f = k->f;
    size_t outputs = (size_t)f->network->outputs, n = (size_t)b->rows * outputs;
    for (uint64_t p = 0; p < b->passes; p++) {
        uint64_t pass = b->first_pass - f->first_block * f->block_passes + p;
        double *to = k->y + (pass * (uint64_t)f->rows + (uint64_t)b->first_row) * outputs;
        for (size_t i = 0; i < n; i++)
            to[i] = f->network->store->type == MCD_F64
                        ? ((const double *)b->samples)[p * n + i]
                        : (double)((const float *)b->samples)[p * n + i];
    }
}

/* Calls come by row block, within it by pass block, each once. */
static int keep(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct kept *k = arg;
    uint64_t number = k->calls++;
    if (b->row_block != number / k->f->block_count ||
        b->pass_block != k->f->first_block + number % k->f->block_count ||
        b->first_row != (int64_t)b->row_block * k->f->block_rows ||
        b->rows != rows_of(k->f, b->row_block) ||
        b->first_pass != b->pass_block * k->f->block_passes || b->passes != k->f->block_passes)
        return say(k->host, error, MCD_INVALID, "called out of order");
    if (k->calls == k->fail_at)
        return say(k->host, error, MCD_IO, "the sink is full");
    if (k->calls == k->stop_at)
        k->stop = 1;
    keep_block(k, b);
    return MCD_OK;
}

static void note_progress(void *arg, uint64_t done, uint64_t all)
{
    struct kept *k = arg;
    k->progress = done;
    k->progress_all = all;
}

/* ---- one run -------------------------------------------------------------------------------- */

struct request {
    const char *model, *backend, *sampler;
    struct mcd_shape in;
    int64_t rows;
    uint64_t first_block, block_count;
    uint32_t threads;
};

struct opened {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_item *sampler;
    float *x;
    struct mcd_forward f;
    struct kept kept;
};

static void set_up(struct opened *o, struct mcd_network *network, const struct mcd_item *sampler,
                   int64_t rows, uint64_t first_block, uint64_t block_count)
{
    o->x = make_input(rows, mcd_shape_count(&network->input));
    o->f = (struct mcd_forward){.network = network,
                                .sampler = sampler,
                                .x = o->x,
                                .rows = rows,
                                .seed = SEED,
                                .first_block = first_block,
                                .block_count = block_count,
                                .sink = keep,
                                .progress = note_progress,
                                .arg = &o->kept,
                                .stop = &o->kept.stop};
    mcd_forward_geometry(&o->f);
    size_t n =
        (size_t)(block_count * o->f.block_passes * (uint64_t)rows) * (size_t)network->outputs;
    o->kept = (struct kept){.f = &o->f, .host = network->host, .y = calloc(n + 1, sizeof(double))};
    assert_non_null(o->kept.y);
}

static void open_request(struct opened *o, const struct request *q)
{
    struct mcd_error e = {0};
    *o = (struct opened){.host = mcd_host_create(q->threads, NULL, NULL, &e)};
    assert_non_null(o->host);
    assert_ok(mcd_network_open(o->host, q->model, q->backend, &q->in, 1, &o->network, &e), e);
    if (q->sampler)
        assert_ok(mcd_item_open(o->host, MCD_SAMPLER, q->sampler, &o->sampler, &e), e);
    set_up(o, o->network, o->sampler, q->rows, q->first_block, q->block_count);
}

static void close_request(struct opened *o)
{
    free(o->x);
    free(o->kept.y);
    mcd_item_close(o->host, o->sampler);
    mcd_network_close(o->network);
    assert_int_equal(mcd_host_live(o->host), 0);
    mcd_host_destroy(o->host);
}

static size_t count_of(const struct opened *o)
{
    const struct mcd_forward *f = &o->f;
    return (size_t)(f->block_count * f->block_passes * (uint64_t)f->rows) *
           (size_t)f->network->outputs;
}

static double *run(const struct request *q, size_t *n)
{
    struct mcd_error e = {0};
    struct opened o;
    open_request(&o, q);
    assert_ok(mcd_forward_run(&o.f, &e), e);
    uint64_t row_blocks = ((uint64_t)q->rows + o.f.block_rows - 1) / o.f.block_rows;
    assert_int_equal(o.kept.calls, row_blocks * q->block_count);
    assert_int_equal(o.kept.progress, o.kept.calls);
    assert_int_equal(o.kept.progress_all, o.kept.calls);
    *n = count_of(&o);
    double *y = malloc(*n * sizeof *y);
    assert_non_null(y);
    memcpy(y, o.kept.y, *n * sizeof *y);
    close_request(&o);
    return y;
}

static void check_same(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]) || memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("element %zu of %zu is %.17g and %.17g", i, n, a[i], b[i]);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* One row and pass computed alone, by a plan of one row. */
static void check_alone(struct rig *r, mcd_val x, mcd_val y, const struct opened *o, int64_t row,
                        uint64_t pass, int shared)
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
    struct rig r;
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

static uint32_t group_of_test;

static uint32_t group(void *self)
{
    (void)self;
    return group_of_test;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return MCD_OK;
}

static const struct mcd_sampler api_draw = {sizeof api_draw, group, draw, NULL};

static const struct mcd_item *item_of(const struct mcd_sampler *api)
{
    static struct mcd_plugin plugin;
    static struct mcd_item item;
    plugin = (struct mcd_plugin){.kind = MCD_SAMPLER, .name = "test_sampler", .api = api};
    item = (struct mcd_item){.plugin = &plugin, .spec = "test_sampler"};
    return &item;
}

static void geometry_follows_rows_and_groups(void **state)
{
    (void)state;
    static const int64_t rows[] = {0, 1, 2, 12, 100, 384, 385, 10000, INT64_C(1) << 40};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (group_of_test = 1; group_of_test < 1000; group_of_test += 7) {
            struct mcd_forward f = {.rows = rows[i], .sampler = item_of(&api_draw)};
            mcd_forward_geometry(&f);
            assert_true(f.block_rows >= 1 && f.block_rows <= 384 && f.block_passes >= 1);
            assert_int_equal(f.block_passes % group_of_test, 0);
            if (rows[i] > 0 && rows[i] <= 384)
                assert_int_equal(f.block_rows, rows[i]);
            if (group_of_test == 1)
                assert_true(f.block_rows * f.block_passes <= 384 &&
                            f.block_rows * (f.block_passes + 1) > 384);
            f.sampler = NULL;
            mcd_forward_geometry(&f);
            assert_int_equal(f.block_passes, 1);
        }
    group_of_test = 1;
}

static void no_rows_are_no_work(void **state)
{
    (void)state;
    struct request q = {mlp, "reference", "bernoulli", {1, {30}}, 0, 0, 3, 2};
    size_t n;
    free(run(&q, &n));
    assert_int_equal(n, 0);
}

/* ---- samplers that fill their own bits ------------------------------------------------------ */

/* What bernoulli draws, filled in by hand. */
static int fill(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error)
{
    struct mcd_address a = {seed, pass, MCD_DOMAIN_PREDICT, site->id, (uint32_t)row};
    (void)self, (void)error;
    for (uint32_t block = 0; 128 * block < site->units; block++) {
        uint32_t four[4];
        mcd_drop_block(&a, block, mcd_threshold(site->p), 0, four);
        for (uint32_t i = 0; i < 4 && 128 * block + 32 * i < site->units; i++)
            words[4 * block + i] = four[i];
    }
    return MCD_OK;
}

static const struct mcd_sampler api_fill = {sizeof api_fill, group, NULL, fill};
static const struct mcd_sampler api_both = {sizeof api_both, group, draw, fill};

/* Shared values of many units beside narrow sites, and Gaussian noise. */
static mcd_val build_mixed(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *gaussian = self;
    mcd_val a = mcd_layer(g, "a", x, "linear:out=40");
    mcd_val b = mcd_layer(g, "b", mcd_drop(g, a, MCD_BERNOULLI, 0.3, 8), "linear:out=40");
    mcd_val y = mcd_add(g, a, mcd_drop(g, b, MCD_BERNOULLI, 0.6, 1));
    y = *gaussian ? mcd_drop(g, y, MCD_GAUSSIAN, 0.5, 1) : y;
    return mcd_layer(g, "c", mcd_drop(g, mcd_add(g, y, a), MCD_BERNOULLI, 1, 1), "linear:out=3");
}

static mcd_val build_open(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *gaussian = self;
    mcd_val a = mcd_layer(g, "a", x, "linear:out=150");
    mcd_val b = mcd_layer(g, "b", mcd_drop(g, a, MCD_BERNOULLI, 0.3, 50), "linear:out=150");
    mcd_val y = mcd_add(g, a, mcd_drop(g, b, MCD_BERNOULLI, 0.6, 1));
    y = *gaussian ? mcd_drop(g, y, MCD_GAUSSIAN, 0.5, 1) : y;
    return mcd_layer(g, "c", mcd_drop(g, mcd_add(g, y, a), MCD_BERNOULLI, 0, 1), "linear:out=3");
}

static double *run_made(mcd_val (*build)(void *, struct mcd_graph *, mcd_val), int gaussian,
                        const struct mcd_sampler *sampler, int64_t rows, uint64_t first_block,
                        uint64_t blocks, uint32_t threads, size_t *n)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(threads, NULL, NULL, &e);
    struct rig_network made;
    struct opened o = {0};
    rig_network_open(&made, host, "reference", build, &gaussian, MCD_REGRESS, mcd_shape1(5));
    set_up(&o, &made.network, item_of(sampler), rows, first_block, blocks);
    assert_ok(mcd_forward_run(&o.f, &e), e);
    *n = count_of(&o);
    free(o.x);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return o.kept.y;
}

/*
 * Rows in two blocks of which the second is short, with one pass in a block and with three: the same
 * passes.
 */
static void short_blocks_are_closed_up(void **state)
{
    (void)state;
    size_t n, m;
    group_of_test = 1;
    double *single = run_made(build_open, 1, &api_draw, 400, 3, 12, 2, &n);
    group_of_test = 3;
    double *triple = run_made(build_open, 1, &api_draw, 400, 1, 4, 2, &m);
    group_of_test = 1;
    assert_int_equal(n, 12 * 400 * 3);
    assert_int_equal(n, m);
    check_same(single, triple, n);
    free(single);
    free(triple);
}

static void filled_bits_equal_drawn_ones(void **state)
{
    (void)state;
    group_of_test = 1;
    for (int gaussian = 0; gaussian < 2; gaussian++) {
        size_t n;
        double *drawn = run_made(build_open, gaussian, &api_draw, 100, 1, 4, 1, &n);
        double *filled =
            run_made(build_open, gaussian, gaussian ? &api_both : &api_fill, 100, 1, 4, 2, &n);
        check_same(drawn, filled, n);
        int differ = 0;
        for (size_t i = 0; i < n; i++)
            differ |= drawn[i] != drawn[i % 3];
        assert_true(differ);
        free(drawn);
        free(filled);
        drawn = run_made(build_mixed, gaussian, &api_draw, 100, 1, 4, 1, &n);
        filled = run_made(build_mixed, gaussian, &api_both, 100, 1, 4, 3, &n);
        check_same(drawn, filled, n);
        free(drawn);
        free(filled);
    }
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* Running the made network with the sampler fails as said, before the sink is called. */
static void expect_refusal(mcd_val (*build)(void *, struct mcd_graph *, mcd_val), int arg,
                           const struct mcd_sampler *sampler, int status, const char *where,
                           const char *text)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct rig_network made;
    struct opened o = {0};
    rig_network_open(&made, host, "reference", build, &arg, MCD_REGRESS, mcd_shape1(5));
    set_up(&o, &made.network, item_of(sampler), 3, 0, 2);
    assert_int_equal(mcd_forward_run(&o.f, &e), status);
    assert_error(e, status, where, text);
    assert_int_equal(o.kept.calls, 0);
    free(o.x);
    free(o.kept.y);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static mcd_val build_still(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *kind = self;
    mcd_val y = mcd_layer(g, "a", x, "linear:out=3"), noisy;
    switch (*kind) {
    case 0: /* no noise at all */
        return y;
    case 1: /* p = 0 */
        return mcd_drop(g, y, MCD_BERNOULLI, 0, 1);
    case 2: /* noise that stays aside */
        noisy = mcd_drop(g, y, MCD_BERNOULLI, 0.5, 1);
        g->penalty(g, mcd_reduce(g, MCD_MEAN, noisy, mcd_shape0(), 1));
        return y;
    default: /* noise aside, p = 0 in the way */
        noisy = mcd_noise(g, MCD_UNIFORM, y);
        return mcd_drop(g, y, MCD_GAUSSIAN, 0, 1);
    }
}

static void what_is_not_stochastic_is_refused(void **state)
{
    (void)state;
    group_of_test = 1;
    for (int kind = 0; kind < 4; kind++)
        expect_refusal(build_still, kind, &api_draw, MCD_INVALID, "test_model",
                       "nothing in this network is stochastic: expected a layer that drops");
    struct mcd_error e = {0};
    struct request q = {"mlp:drop=0,drop_in=0", "reference", "bernoulli", {1, {3}}, 1, 0, 1, 1};
    struct opened o;
    open_request(&o, &q);
    assert_int_equal(mcd_forward_run(&o.f, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "mlp:", "nothing in this network is stochastic");
    close_request(&o);
}

/* Noise that is not a drop is noise all the same. */
static mcd_val build_noisy(void *self, struct mcd_graph *g, mcd_val x)
{
    const int *law = self;
    mcd_val y = mcd_layer(g, "a", x, "linear:out=3");
    return g->stochastic ? mcd_add(g, y, mcd_noise(g, (enum mcd_law) * law, y)) : y;
}

static void noise_of_any_kind_is_stochastic(void **state)
{
    (void)state;
    size_t n;
    free(run_made(build_noisy, MCD_GAUSSIAN, &api_draw, 100, 1, 4, 1, &n));
    free(run_made(build_noisy, MCD_UNIFORM, &api_draw, 100, 1, 4, 1, &n));
}

static int draw_badly(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                      struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed;
    *d = (struct mcd_draw){.stream = pass};
    if (pass < 5)
        return MCD_OK;
    *error = (struct mcd_error){MCD_UNSUPPORTED, "test_sampler", "no more passes than five"};
    return MCD_UNSUPPORTED;
}

static const struct mcd_sampler api_bad = {sizeof api_bad, group, draw_badly, NULL};

/* Fails and does not say why: passes that were never computed must not look certain. */
static int draw_mutely(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                       struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return pass < 5 ? MCD_OK : MCD_INVALID;
}

static const struct mcd_sampler api_mute = {sizeof api_mute, group, draw_mutely, NULL};

/* A stream that reaches into the words of site and domain. */
static int draw_far(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                    struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass + MCD_MAX_STREAM - 5};
    return MCD_OK;
}

static const struct mcd_sampler api_far = {sizeof api_far, group, draw_far, NULL};

static void samplers_may_refuse(void **state)
{
    (void)state;
    group_of_test = 1;
    expect_refusal(build_open, 1, &api_fill, MCD_UNSUPPORTED, "test_sampler",
                   "serves dropout alone: expected a network without other noise");
    expect_refusal(build_open, 0, &api_bad, MCD_UNSUPPORTED, "test_sampler", "no more passes");
    expect_refusal(build_open, 0, &api_mute, MCD_INVALID, "test_sampler",
                   "failed without saying why (status 1)");
    expect_refusal(build_open, 0, &api_far, MCD_UNSUPPORTED, "test_sampler",
                   "pass 5 reads stream 281474976710656: expected below 2^48");
    group_of_test = 0;
    expect_refusal(build_open, 0, &api_draw, MCD_INVALID, "test_sampler",
                   "its groups have 0 passes: expected 1 or more");
    group_of_test = 1;
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
    struct rig r;
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

/* ---- memory --------------------------------------------------------------------------------- */

static int sink_nothing(void *arg, const struct mcd_block *block, struct mcd_error *error)
{
    (void)arg, (void)block, (void)error;
    return MCD_OK;
}

struct starved {
    const struct mcd_network *network;
    const struct mcd_item *sampler;
    const float *x;
};

static int run_starved(struct mcd_host *host, void *arg, struct mcd_error *error)
{
    const struct starved *s = arg;
    struct mcd_forward f = {.network = s->network,
                            .sampler = s->sampler,
                            .x = s->x,
                            .rows = 100,
                            .seed = SEED,
                            .block_count = s->sampler ? 9 : 1,
                            .sink = sink_nothing};
    (void)host;
    mcd_forward_geometry(&f);
    return mcd_forward_run(&f, error);
}

static void no_allocation_is_trusted(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    const struct mcd_item *samplers[] = {NULL, NULL, NULL};
    int gaussian = 1;
    group_of_test = 1;
    for (int i = 0; i < 3; i++) {
        struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
        struct rig_network made;
        rig_network_open(&made, host, "reference", build_open, &gaussian, MCD_REGRESS,
                         mcd_shape1(5));
        samplers[i] = i == 0 ? NULL : item_of(i == 1 ? &api_draw : &api_both);
        struct starved s = {&made.network, samplers[i], make_input(100, 5)};
        assert_true(rig_starve(host, run_starved, &s) > 30);
        free((float *)s.x);
        rig_network_close(&made);
        mcd_host_destroy(host);
    }
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
        cmocka_unit_test(no_rows_are_no_work),
        cmocka_unit_test(short_blocks_are_closed_up),
        cmocka_unit_test(filled_bits_equal_drawn_ones),
        cmocka_unit_test(what_is_not_stochastic_is_refused),
        cmocka_unit_test(noise_of_any_kind_is_stochastic),
        cmocka_unit_test(samplers_may_refuse),
        cmocka_unit_test(a_failing_sink_ends_the_run),
        cmocka_unit_test(stopping_leaves_whole_blocks),
        cmocka_unit_test(averaging_is_one_pass_without_noise),
        cmocka_unit_test(averaging_nothing_is_nothing),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
