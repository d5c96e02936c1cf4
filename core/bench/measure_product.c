/* One linear op at a size at which nothing but the product counts. */
#include "core/bench/slices.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/graph/plan.h"

enum { SIDE = 2048 };

struct product {
    struct mcd_item *backend;
    struct mcd_store *store;
    struct mcd_graph_core *graph;
    struct mcd_plan *plan;
    mcd_val x, y;
};

static int record(const struct mcd_host *host, struct product *p, struct mcd_error *e)
{
    p->graph = mcd_graph_create(host, 0);
    if (!p->graph)
        return mcd_fail(e, MCD_NOMEM, "memory", "not enough for a graph");
    struct mcd_graph *g = &p->graph->base;
    p->x = mcd_graph_input(p->graph, 0, mcd_shape1(SIDE), 0);
    mcd_val w = mcd_param(g, "weight", mcd_shape2(SIDE, SIDE), 0, 1.0 / SIDE);
    p->y = mcd_linear(g, p->x, w, MCD_ABSENT);
    return mcd_graph_status(p->graph, e);
}

static int fill(const struct mcd_host *host, struct product *p, uint32_t rows, struct mcd_error *e)
{
    size_t n = (size_t)rows * SIDE;
    double *x = mcd_host_zalloc(host, n * sizeof *x, e);
    void *narrow = mcd_host_zalloc(host, n * mcd_type_size(p->store->type), e);
    int status = x && narrow ? MCD_OK : MCD_NOMEM;
    for (size_t i = 0; !status && i < n; i++)
        x[i] = (double)(i % 17) / 17;
    if (!status) {
        mcd_reals_copy(narrow, p->store->type, x, MCD_F64, n);
        status = mcd_plan_write(p->plan, p->x, narrow, e);
    }
    host->release(host, x);
    host->release(host, narrow);
    return status;
}

static int prepare(const struct mcd_host *host, const struct mcd_bench_case *c, const char *backend,
                   struct product *p, struct mcd_error *e)
{
    int status = mcd_item_open(host, MCD_BACKEND, backend, &p->backend, e);
    if (!status)
        status = mcd_store_create(host, p->backend, &p->store, e);
    if (!status)
        status = record(host, p, e);
    if (!status)
        status = mcd_store_init(p->store, p->graph, c->seed, e);
    struct mcd_plan_spec spec = {.graph = p->graph,
                                 .store = p->store,
                                 .rows = c->batch,
                                 .passes = 1,
                                 .noutputs = 1,
                                 .output = &p->y,
                                 .no_sharing = 1}; /* the input stays for the next run */
    if (!status)
        status = mcd_plan_create(&spec, &p->plan, e);
    return status ? status : fill(host, p, c->batch, e);
}

static int run(struct product *p, uint32_t rows, struct mcd_error *e)
{
    struct mcd_run run = {.size = sizeof run, .passes = 1, .rows = rows};
    return mcd_plan_run_prefix(p->plan, &run, e);
}

static int time_product(struct product *p, const struct mcd_bench_case *c,
                        const struct mcd_yardstick *y, struct mcd_timing *t, struct mcd_error *e)
{
    struct mcd_slices slices;
    int status = run(p, c->batch, e); /* packs, and wakes the threads */
    mcd_slices_begin(&slices, y, c->seconds);
    do {
        uint32_t count = 0;
        do {
            status = status ? status : run(p, c->batch, e);
            count++;
        } while (!status && !mcd_slices_due(&slices));
        mcd_slices_end(&slices, count);
    } while (!status && !mcd_slices_enough(&slices));
    mcd_slices_tell(&slices, t);
    t->flop = 2.0 * SIDE * SIDE * c->batch;
    return status;
}

int mcd_measure_product(const struct mcd_host *host, const struct mcd_bench_case *c,
                        const char *backend, const struct mcd_yardstick *y, struct mcd_measured *m,
                        struct mcd_error *e)
{
    struct product p = {0};
    int status = prepare(host, c, backend, &p, e);
    if (!status)
        status = time_product(&p, c, y, mcd_measured_next(m, MCD_BENCH_PRODUCT, c->batch), e);
    mcd_plan_destroy(p.plan);
    mcd_graph_destroy(p.graph);
    mcd_store_destroy(p.store);
    mcd_item_close(host, p.backend);
    return status;
}
