/* Graphs that tests record, plan and run: see rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

static void begin(struct rig *r, const struct mcd_item *backend, int stochastic)
{
    struct mcd_error e = {0};
    assert_ok(mcd_store_create(r->host, backend, &r->store, &e), e);
    r->core = mcd_graph_create(r->host, stochastic);
    assert_non_null(r->core);
    r->g = &r->core->base;
}

void rig_open(struct rig *r, const char *backend, uint32_t threads, int stochastic)
{
    struct mcd_error e = {0};
    *r = (struct rig){.host = mcd_host_create(threads, NULL, NULL, &e)};
    assert_non_null(r->host);
    assert_ok(mcd_item_open(r->host, MCD_BACKEND, backend, &r->backend, &e), e);
    begin(r, r->backend, stochastic);
}

void rig_open_item(struct rig *r, struct mcd_host *host, const struct mcd_item *backend,
                   int stochastic)
{
    *r = (struct rig){.host = host};
    begin(r, backend, stochastic);
}

void rig_close(struct rig *r)
{
    int own_host = r->backend != NULL;
    mcd_plan_destroy(r->plan);
    mcd_graph_destroy(r->core);
    mcd_store_destroy(r->store);
    mcd_item_close(r->host, r->backend);
    free(r->draws);
    if (own_host) {
        assert_int_equal(mcd_host_live(r->host), 0);
        mcd_host_destroy(r->host);
    }
    *r = (struct rig){0};
}

mcd_val rig_input(struct rig *r, struct mcd_shape shape)
{
    return mcd_graph_input(r->core, 0, shape, 0);
}

mcd_val rig_target(struct rig *r, struct mcd_shape shape, int is_label)
{
    return mcd_graph_input(r->core, 1, shape, is_label);
}

mcd_val rig_model(struct rig *r, const char *spec, mcd_val x)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    assert_ok(mcd_item_open(r->host, MCD_MODEL, spec, &item, &e), e);
    const struct mcd_model *model = item->plugin->api;
    mcd_val y = model->build(item->self, r->g, x);
    mcd_item_close(r->host, item);
    assert_ok(mcd_graph_status(r->core, &e), e);
    return y;
}

static void make_draws(struct rig *r)
{
    uint32_t sites = r->core->nsites, passes = r->plan->passes;
    free(r->draws);
    r->draws = calloc((size_t)(sites + 1) * passes, sizeof *r->draws);
    assert_non_null(r->draws);
    for (uint32_t i = 0; i < sites * passes; i++)
        r->draws[i].stream = i % passes;
}

void rig_plan(struct rig *r, const struct mcd_plan_spec *spec)
{
    struct mcd_error e = {0};
    struct mcd_plan_spec full = *spec;
    full.graph = r->core;
    full.store = r->store;
    assert_ok(mcd_graph_status(r->core, &e), e);
    assert_ok(mcd_store_init(r->store, r->core, 1, &e), e);
    mcd_plan_destroy(r->plan);
    r->plan = NULL;
    assert_ok(mcd_plan_create(&full, &r->plan, &e), e);
    if (r->plan->arena->host)
        memset(r->plan->arena->host, 0xFF, r->plan->arena_bytes);
    make_draws(r);
    r->run = (struct mcd_run){
        .size = sizeof r->run,
        .domain = spec->training ? MCD_DOMAIN_TRAIN : MCD_DOMAIN_PREDICT,
        .seed = 2016,
        .passes = spec->passes,
        .rows = spec->rows,
        .draws = r->draws,
    };
}

size_t rig_count(const struct rig *r, mcd_val v)
{
    return (size_t)mcd_tensor_count(mcd_plan_tensor(r->plan, v));
}

/* Makes room for n elements of the type; `to` is set element by element. */
static void set(void *to, uint32_t type, size_t i, double value)
{
    if (type == MCD_F64)
        ((double *)to)[i] = value;
    else if (type == MCD_I32)
        ((int32_t *)to)[i] = (int32_t)value;
    else
        ((float *)to)[i] = (float)value;
}

void rig_write(struct rig *r, mcd_val v, const double *from)
{
    struct mcd_error e = {0};
    size_t n = rig_count(r, v);
    void *narrow = calloc(n, sizeof(double));
    assert_non_null(narrow);
    for (size_t i = 0; i < n; i++)
        set(narrow, mcd_plan_tensor(r->plan, v)->type, i, from[i]);
    assert_ok(mcd_plan_write(r->plan, v, narrow, &e), e);
    free(narrow);
}

void rig_fill(struct rig *r, mcd_val v, uint32_t tensor)
{
    size_t n = rig_count(r, v);
    double *value = calloc(n, sizeof *value);
    assert_non_null(value);
    for (size_t i = 0; i < n; i++)
        value[i] = fixture_value(tensor, (uint32_t)i);
    rig_write(r, v, value);
    free(value);
}

void rig_label(struct rig *r, mcd_val v, uint32_t classes)
{
    size_t n = rig_count(r, v);
    double *value = calloc(n, sizeof *value);
    assert_non_null(value);
    for (size_t i = 0; i < n; i++)
        value[i] = (double)((3 * i + 1) % classes);
    rig_write(r, v, value);
    free(value);
}

double *rig_read(struct rig *r, mcd_val v)
{
    struct mcd_error e = {0};
    size_t n = rig_count(r, v);
    double *wide = calloc(n, sizeof *wide);
    assert_non_null(wide);
    assert_ok(mcd_plan_read(r->plan, v, wide, &e), e);
    if (mcd_plan_tensor(r->plan, v)->type == MCD_F32)
        for (size_t i = n; i-- > 0;)
            wide[i] = ((float *)wide)[i];
    return wide;
}

void rig_set(struct rig *r, const char *name, const double *from)
{
    struct mcd_error e = {0};
    struct mcd_entry *entry = mcd_store_find(r->store, name);
    assert_non_null(entry);
    assert_ok(mcd_store_write(r->store, entry, from, &e), e);
}

double *rig_get(struct rig *r, const char *name, size_t *count)
{
    struct mcd_error e = {0};
    struct mcd_entry *entry = mcd_store_find(r->store, name);
    assert_non_null(entry);
    size_t n = (size_t)mcd_shape_count(&entry->tensor.shape);
    double *to = calloc(n, sizeof *to);
    assert_non_null(to);
    assert_ok(mcd_store_read(r->store, entry, to, &e), e);
    if (count)
        *count = n;
    return to;
}

void rig_formula(struct rig *r)
{
    uint32_t fan_in = 1;
    for (uint32_t k = 0; k < r->core->nparams; k++) {
        const struct mcd_graph_param *p = &r->core->param[k];
        int64_t n = mcd_shape_count(&p->shape);
        if (p->shape.rank > 1)
            fan_in = (uint32_t)(n / p->shape.dim[0]);
        double *value = calloc((size_t)n, sizeof *value);
        assert_non_null(value);
        for (int64_t i = 0; i < n; i++)
            value[i] = fixture_parameter(k, (uint32_t)i, fan_in);
        rig_set(r, p->name, value);
        free(value);
    }
}

void rig_run_prefix(struct rig *r)
{
    struct mcd_error e = {0};
    assert_ok(mcd_plan_run_prefix(r->plan, &r->run, &e), e);
}

void rig_run_body(struct rig *r)
{
    struct mcd_error e = {0};
    assert_ok(mcd_plan_run_body(r->plan, &r->run, &e), e);
}

void rig_run(struct rig *r)
{
    rig_run_prefix(r);
    rig_run_body(r);
}

static const struct mcd_recipe *no_recipe(void *self)
{
    static const struct mcd_recipe recipe = {.size = sizeof recipe};
    (void)self;
    return &recipe;
}

void rig_network_open(struct rig_network *n, struct mcd_host *host, const char *backend,
                      mcd_val (*build)(void *self, struct mcd_graph *g, mcd_val x), void *self,
                      uint32_t task, struct mcd_shape input)
{
    struct mcd_error e = {0};
    struct mcd_recording r;
    *n = (struct rig_network){
        .network = {.host = host, .recipe = {.task = task}, .input = input},
        .model = {.plugin = &n->plugin, .self = self, .spec = "test_model"},
        .plugin = {.kind = MCD_MODEL, .name = "test_model", .api = &n->api},
        .api = {.size = sizeof n->api, .build = build, .recipe = no_recipe},
    };
    n->network.model = &n->model;
    assert_ok(mcd_item_open(host, MCD_BACKEND, backend, &n->network.backend, &e), e);
    assert_ok(mcd_store_create(host, n->network.backend, &n->network.store, &e), e);
    assert_ok(mcd_network_record(&n->network, 1, &r, &e), e);
    assert_ok(mcd_store_init(n->network.store, r.graph, 1, &e), e);
    n->network.outputs = r.graph->node[r.y].shape.dim[0];
    mcd_graph_destroy(r.graph);
}

void rig_network_close(struct rig_network *n)
{
    mcd_store_destroy(n->network.store);
    mcd_item_close(n->network.host, n->network.backend);
}

unsigned rig_starve(struct mcd_host *host,
                    int (*f)(struct mcd_host *host, void *arg, struct mcd_error *error), void *arg)
{
    uint64_t before = mcd_host_live(host);
    unsigned stride = getenv("MCDROP_FAST") ? 7 : 1;
    for (unsigned k = 1;; k += stride) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        int status = f(host, arg, &e);
        if (status == MCD_OK) {
            void *next = host->alloc(host, 1);
            if (stride == 1)
                assert_null(next); /* the failure is still to come: none was swallowed */
            host->release(host, next);
            mcd_host_fail_at(host, 0);
            assert_int_equal(mcd_host_live(host), before);
            return k - 1;
        }
        if (status != MCD_NOMEM || e.code != MCD_NOMEM || !*e.text)
            fail_msg("allocation %u: status %d, error %d '%s: %s'", k, status, (int)e.code, e.where,
                     e.text);
        if (mcd_host_live(host) != before)
            fail_msg("allocation %u: %d are left", k, (int)(mcd_host_live(host) - before));
    }
}
