/* Graphs that tests record, plan and run: see rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include <mcdrop/model.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

void rig_open(struct mcd_trial *r, const char *backend, uint32_t threads, int stochastic)
{
    assert_ok(mcd_trial_open(r, backend, threads, stochastic), r->error);
}

void rig_open_item(struct mcd_trial *r, struct mcd_host *host, const struct mcd_item *backend,
                   int stochastic)
{
    assert_ok(mcd_trial_open_item(r, host, backend, stochastic), r->error);
}

void rig_close(struct mcd_trial *r)
{
    assert_int_equal(mcd_trial_close(r), 0);
}

mcd_val rig_input(struct mcd_trial *r, struct mcd_shape shape)
{
    return mcd_graph_input(r->core, 0, shape, 0);
}

mcd_val rig_target(struct mcd_trial *r, struct mcd_shape shape, int is_label)
{
    return mcd_graph_input(r->core, 1, shape, is_label);
}

mcd_val rig_model(struct mcd_trial *r, const char *spec, mcd_val x)
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

void rig_plan(struct mcd_trial *r, const struct mcd_plan_spec *spec)
{
    assert_ok(mcd_trial_plan(r, spec), r->error);
}

void rig_write(struct mcd_trial *r, mcd_val v, const double *from)
{
    assert_ok(mcd_trial_write(r, v, from), r->error);
}

void rig_fill(struct mcd_trial *r, mcd_val v, uint32_t tensor)
{
    size_t n = mcd_trial_count(r, v);
    double *value = calloc(n, sizeof *value);
    assert_non_null(value);
    for (size_t i = 0; i < n; i++)
        value[i] = fixture_value(tensor, (uint32_t)i);
    rig_write(r, v, value);
    free(value);
}

void rig_label(struct mcd_trial *r, mcd_val v, uint32_t classes)
{
    size_t n = mcd_trial_count(r, v);
    double *value = calloc(n, sizeof *value);
    assert_non_null(value);
    for (size_t i = 0; i < n; i++)
        value[i] = (double)((3 * i + 1) % classes);
    rig_write(r, v, value);
    free(value);
}

double *rig_read(struct mcd_trial *r, mcd_val v)
{
    double *value = mcd_trial_read(r, v);
    assert_ok(r->error.code, r->error);
    return value;
}

void rig_set(struct mcd_trial *r, const char *name, const double *from)
{
    assert_ok(mcd_trial_set(r, name, from), r->error);
}

double *rig_get(struct mcd_trial *r, const char *name, size_t *count)
{
    double *value = mcd_trial_get(r, name, count);
    assert_ok(r->error.code, r->error);
    return value;
}

void rig_formula(struct mcd_trial *r)
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

void rig_run(struct mcd_trial *r)
{
    assert_ok(mcd_trial_run(r), r->error);
}

void rig_run_prefix(struct mcd_trial *r)
{
    assert_ok(mcd_plan_run_prefix(r->plan, &r->run, &r->error), r->error);
}

void rig_run_body(struct mcd_trial *r)
{
    assert_ok(mcd_plan_run_body(r->plan, &r->run, &r->error), r->error);
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
    struct mcd_error e = {0};
    uint64_t count;
    assert_ok(mcd_trial_starve(host, f, arg, getenv("MCDROP_FAST") ? 7 : 1, &count, &e), e);
    return (unsigned)count;
}
