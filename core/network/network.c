/* Opening a model on a backend, and recording it. */
#include "core/network/network.h"
#include "core/base/error.h"
#include "core/graph/infer.h"

#include <string.h>

/* What a recording is for, as struct mcd_graph says. */
struct purpose {
    int stochastic;
    uint32_t batch;
    double nat;
    int64_t table, places; /* rows and order that the input is gathered from; 0: it is given */
};

static const struct purpose passes = {.stochastic = 1};

/* A table has rows of one dimension: one rank more than the input's may be too many. */
static void record_input(struct mcd_graph_core *g, const struct mcd_shape *input,
                         struct purpose purpose, struct mcd_recording *r)
{
    if (!purpose.table) {
        r->x = mcd_graph_input(g, 0, *input, 0);
        return;
    }
    r->order = mcd_graph_table(g, MCD_TABLE_ORDER, mcd_shape1(purpose.places), 1);
    struct mcd_shape table = mcd_shape2(purpose.table, mcd_shape_count(input));
    mcd_val in[2] = {mcd_graph_table(g, MCD_TABLE_X, table, 0), r->order};
    r->x = mcd_reshape(&g->base, mcd_graph_op(g, MCD_OP_GATHER, 2, in, NULL), *input);
}

/* The caller destroys the graph, also of a failure; NULL for lack of memory. */
static struct mcd_graph_core *record(const struct mcd_host *host, const struct mcd_item *item,
                                     const struct mcd_shape *input, struct purpose purpose,
                                     struct mcd_recording *r)
{
    const struct mcd_model *model = item->plugin->api;
    struct mcd_graph_core *g = mcd_graph_create(host, purpose.stochastic);
    if (!g)
        return NULL;
    g->base.batch = purpose.batch;
    g->base.nat = purpose.nat;
    *r = (struct mcd_recording){.graph = g};
    record_input(g, input, purpose, r);
    mcd_val y = r->y = model->build(item->self, &g->base, r->x);
    if (!y)
        mcd_fail(&g->error, MCD_INVALID, item->plugin->name, "failed without saying why");
    else if (y >= g->count)
        mcd_fail(&g->error, MCD_INVALID, item->plugin->name,
                 "returned what is not a value of this graph");
    return g;
}

static int record_network(const struct mcd_network *n, struct purpose purpose,
                          struct mcd_recording *r, struct mcd_error *error)
{
    struct mcd_recording all;
    struct mcd_graph_core *g = record(n->host, n->model, &n->input, purpose, &all);
    if (!g)
        return mcd_fail(error, MCD_NOMEM, n->model->plugin->name, "out of memory");
    int status = mcd_graph_status(g, error);
    if (status)
        mcd_graph_destroy(g);
    else
        *r = all;
    return status;
}

int mcd_network_record(const struct mcd_network *n, int stochastic, struct mcd_recording *r,
                       struct mcd_error *error)
{
    return record_network(n, (struct purpose){.stochastic = stochastic}, r, error);
}

int mcd_network_record_resident(const struct mcd_network *n, int64_t rows, int64_t places,
                                struct mcd_recording *r, struct mcd_error *error)
{
    return record_network(n, (struct purpose){.table = rows, .places = places}, r, error);
}

int mcd_network_record_training(const struct mcd_network *n, uint32_t batch, int64_t rows,
                                int resident, struct mcd_recording *r, struct mcd_error *error)
{
    double answers = (double)rows * (n->recipe.task == MCD_CLASSIFY ? 1 : (double)n->outputs);
    struct purpose purpose = {
        .stochastic = 1,
        .batch = batch,
        .nat = (n->recipe.task == MCD_CLASSIFY ? 1 : 2) / answers,
        .table = resident ? rows : 0,
        .places = rows,
    };
    return record_network(n, purpose, r, error);
}

int mcd_model_misnames_layer(const struct mcd_host *host, const struct mcd_item *model,
                             const struct mcd_shape *input)
{
    struct mcd_recording r;
    struct mcd_graph_core *g = record(host, model, input, passes, &r);
    int misnamed = g && g->misnamed;
    mcd_graph_destroy(g);
    return misnamed;
}

/* Whether random numbers can change y: a drop of p = 0, or one that leads elsewhere, does not. */
static int is_stochastic(const struct mcd_graph_core *g, mcd_val y, char *changes)
{
    for (mcd_val v = 0; v <= y; v++) {
        const struct mcd_node *n = &g->node[v];
        changes[v] = n->op == MCD_OP_NOISE || (n->op == MCD_OP_DROP && n->attr.u.drop.p > 0);
        for (uint32_t i = 0; i < n->nin; i++)
            changes[v] |= changes[n->in[i]];
    }
    return changes[y];
}

int mcd_recording_check_stochastic(const struct mcd_network *n, const struct mcd_recording *r,
                                   struct mcd_error *error)
{
    char *changes = n->host->alloc(n->host, r->graph->count);
    if (!changes)
        return mcd_fail(error, MCD_NOMEM, n->model->spec, "out of memory");
    int is = is_stochastic(r->graph, r->y, changes);
    n->host->release(n->host, changes);
    if (is)
        return MCD_OK;
    return mcd_fail(
        error, MCD_INVALID, n->model->spec,
        "nothing in this network is stochastic: expected a layer that drops with p > 0");
}

int mcd_network_check_stochastic(const struct mcd_network *n, struct mcd_error *error)
{
    struct mcd_recording r;
    int status = mcd_network_record(n, 1, &r, error);
    if (status)
        return status;
    status = mcd_recording_check_stochastic(n, &r, error);
    mcd_graph_destroy(r.graph);
    return status;
}

/* The output must be one vector for each row: logits, or values. */
static int check_output(struct mcd_network *n, const struct mcd_recording *r,
                        struct mcd_error *error)
{
    const struct mcd_node *y = &r->graph->node[r->y];
    char text[MCD_SHAPE_TEXT];
    if (y->shape.rank != 1 || !y->has_rows)
        return mcd_fail(error, MCD_INVALID, n->model->plugin->name,
                        "its output is %s%s: expected one vector for each row",
                        mcd_shape_text(&y->shape, text), y->has_rows ? "" : " without rows");
    n->outputs = y->shape.dim[0];
    return MCD_OK;
}

int mcd_model_has_fit(const struct mcd_item *model)
{
    const struct mcd_model *api = model->plugin->api;
    return api->build == NULL;
}

int mcd_model_recipe(const struct mcd_item *model, struct mcd_recipe *recipe,
                     struct mcd_error *error)
{
    const struct mcd_model *api = model->plugin->api;
    const struct mcd_recipe *own = api->recipe(model->self);
    const char *name = model->plugin->name;
    if (!own || own->size < sizeof own->size)
        return mcd_fail(error, MCD_UNSUPPORTED, name, "has no recipe: expected how it is trained");
    *recipe = (struct mcd_recipe){.size = sizeof *recipe};
    memcpy(recipe, own, own->size < sizeof *recipe ? own->size : sizeof *recipe);
    if (recipe->task != MCD_CLASSIFY && recipe->task != MCD_REGRESS)
        return mcd_fail(error, MCD_UNSUPPORTED, name,
                        "its recipe has task %u: expected MCD_CLASSIFY or MCD_REGRESS",
                        recipe->task);
    if (!api->build && recipe->task != MCD_REGRESS)
        return mcd_fail(error, MCD_UNSUPPORTED, name,
                        "brings its own fit, but its recipe is not of a regression: expected "
                        "MCD_REGRESS");
    if (api->build && recipe->optimiser != MCD_SGD && recipe->optimiser != MCD_ADAM)
        return mcd_fail(error, MCD_UNSUPPORTED, name,
                        "its recipe has optimiser %u: expected MCD_SGD or MCD_ADAM",
                        recipe->optimiser);
    if (!(recipe->rate >= 0 && recipe->momentum >= 0 && recipe->decay >= 0) || !recipe->data)
        return mcd_fail(error, MCD_UNSUPPORTED, name,
                        "its recipe lacks data, or its rate, momentum or decay is negative");
    return MCD_OK;
}

static int prepare(struct mcd_network *n, uint64_t seed, struct mcd_error *error)
{
    int status = mcd_model_recipe(n->model, &n->recipe, error);
    if (!status && mcd_model_has_fit(n->model))
        status = mcd_fail(error, MCD_UNSUPPORTED, n->model->plugin->name,
                          "is no network: it brings its own posterior, which mcdrop train and "
                          "predict know; expected a model made of layers");
    if (!status)
        status = mcd_store_create(n->host, n->backend, &n->store, error);
    if (status)
        return status;
    struct mcd_recording r;
    status = mcd_network_record(n, 1, &r, error);
    if (status)
        return status;
    status = check_output(n, &r, error);
    if (!status)
        status = mcd_store_init(n->store, r.graph, seed, error);
    mcd_graph_destroy(r.graph);
    return status;
}

int mcd_network_open(const struct mcd_host *host, const char *model, const char *backend,
                     const struct mcd_shape *input, uint64_t seed, struct mcd_network **network,
                     struct mcd_error *error)
{
    struct mcd_network *n = host->alloc(host, sizeof *n);
    if (!n)
        return mcd_fail(error, MCD_NOMEM, model, "out of memory");
    *n = (struct mcd_network){.host = host, .input = *input};
    int status = mcd_item_open(host, MCD_BACKEND, backend, &n->backend, error);
    if (!status)
        status = mcd_item_open(host, MCD_MODEL, model, &n->model, error);
    if (!status)
        status = prepare(n, seed, error);
    if (status)
        mcd_network_close(n);
    else
        *network = n;
    return status;
}

void mcd_network_close(struct mcd_network *n)
{
    if (!n)
        return;
    mcd_store_destroy(n->store);
    mcd_item_close(n->host, n->model);
    mcd_item_close(n->host, n->backend);
    n->host->release(n->host, n);
}
