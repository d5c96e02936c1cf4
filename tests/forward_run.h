/*
 * For tests of forward passes: a request, a sink that keeps everything, and samplers made by hand.
 *
 * Includes cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_FORWARD_RUN_H
#define TESTS_FORWARD_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/predict/geometry.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* cmocka makes `fail` a macro. */
static inline int say(const struct mcd_host *host, struct mcd_error *e, int status,
                      const char *text)
{
    return host->fail(e, status, "test", "%s", text);
}

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { SEED = 2016 };

static const char mlp[] = "mlp:hidden=9x7,classes=4";

static inline float *make_input(int64_t rows, int64_t width)
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

static inline int64_t rows_of(const struct mcd_forward *f, uint32_t row_block)
{
    int64_t left = f->rows - (int64_t)row_block * f->block_rows;
    return left < f->block_rows ? left : f->block_rows;
}

static inline void keep_block(const struct kept *k, const struct mcd_block *b)
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
static inline int keep(void *arg, const struct mcd_block *b, struct mcd_error *error)
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

static inline void note_progress(void *arg, uint64_t done, uint64_t all)
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

static inline void set_up(struct opened *o, struct mcd_network *network,
                          const struct mcd_item *sampler, int64_t rows, uint64_t first_block,
                          uint64_t block_count)
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

static inline void open_request(struct opened *o, const struct request *q)
{
    struct mcd_error e = {0};
    *o = (struct opened){.host = mcd_host_create(q->threads, NULL, NULL, &e)};
    assert_non_null(o->host);
    assert_ok(mcd_network_open(o->host, q->model, q->backend, &q->in, 1, &o->network, &e), e);
    if (q->sampler)
        assert_ok(mcd_item_open(o->host, MCD_SAMPLER, q->sampler, &o->sampler, &e), e);
    set_up(o, o->network, o->sampler, q->rows, q->first_block, q->block_count);
}

static inline void close_request(struct opened *o)
{
    free(o->x);
    free(o->kept.y);
    mcd_item_close(o->host, o->sampler);
    mcd_network_close(o->network);
    assert_int_equal(mcd_host_live(o->host), 0);
    mcd_host_destroy(o->host);
}

static inline size_t count_of(const struct opened *o)
{
    const struct mcd_forward *f = &o->f;
    return (size_t)(f->block_count * f->block_passes * (uint64_t)f->rows) *
           (size_t)f->network->outputs;
}

static inline double *run(const struct request *q, size_t *n)
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

static inline void check_same(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]) || memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("element %zu of %zu is %.17g and %.17g", i, n, a[i], b[i]);
}

/* ---- samplers made by hand ------------------------------------------------------------------ */

static uint32_t group_of_test;

static inline uint32_t group(void *self)
{
    (void)self;
    return group_of_test;
}

static inline int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                       struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return MCD_OK;
}

static const struct mcd_sampler api_draw = {sizeof api_draw, group, draw, NULL};

static inline const struct mcd_item *item_of(const struct mcd_sampler *api)
{
    static struct mcd_plugin plugin;
    static struct mcd_item item;
    plugin = (struct mcd_plugin){.kind = MCD_SAMPLER, .name = "test_sampler", .api = api};
    item = (struct mcd_item){.plugin = &plugin, .spec = "test_sampler"};
    return &item;
}

#endif
