/* A network of a check's own. */
#include "core/check/noisy_net.h"

#include "core/graph/store.h"

#include <mcdrop/random.h>

enum { HIDDEN = 40 };

static mcd_val dropped_linear(struct mcd_graph *g, const char *name, mcd_val x, int64_t inputs,
                              int64_t outputs, double p)
{
    mcd_val weight = mcd_param(g, name, mcd_shape2(outputs, inputs), 0, 1);
    return mcd_linear(g, mcd_drop(g, x, MCD_BERNOULLI, p, 1), weight, MCD_ABSENT);
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct mcd_noisy_net *n = self;
    int64_t inputs = MCD_NOISY_INPUTS;
    if (n->deep) {
        x = mcd_map(g, MCD_RELU, dropped_linear(g, "first", x, inputs, HIDDEN, n->p));
        inputs = HIDDEN;
    }
    return dropped_linear(g, "last", x, inputs, MCD_NOISY_OUTPUTS, n->p);
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe none = {.size = sizeof none};
    (void)self;
    return &none;
}

static int start(struct mcd_noisy_net *n, struct mcd_error *e)
{
    struct mcd_network *network = &n->network;
    struct mcd_recording r;
    int status = mcd_store_create(network->host, network->backend, &network->store, e);
    if (status)
        return status;
    status = mcd_network_record(network, 1, &r, e);
    if (status)
        return status;
    status = mcd_store_init(network->store, r.graph, 1, e);
    mcd_graph_destroy(r.graph);
    return status;
}

int mcd_noisy_net_open(struct mcd_noisy_net *n, const struct mcd_host *host, double p, int deep,
                       struct mcd_error *e)
{
    *n = (struct mcd_noisy_net){
        .network = {.host = host,
                    .recipe = {.task = MCD_REGRESS},
                    .input = mcd_shape1(MCD_NOISY_INPUTS),
                    .outputs = MCD_NOISY_OUTPUTS},
        .model = {.plugin = &n->plugin, .self = n, .spec = "check"},
        .plugin = {.kind = MCD_MODEL, .name = "check", .api = &n->api},
        .api = {.size = sizeof n->api, .build = build, .recipe = recipe},
        .p = p,
        .deep = (uint32_t)deep,
    };
    n->network.model = &n->model;
    int status =
        mcd_item_open(host, MCD_BACKEND, "reference:precision=f64", &n->network.backend, e);
    status = status ? status : start(n, e);
    if (status)
        mcd_noisy_net_close(n);
    return status;
}

void mcd_noisy_net_close(struct mcd_noisy_net *n)
{
    mcd_store_destroy(n->network.store);
    mcd_item_close(n->network.host, n->network.backend);
}

void mcd_noisy_net_input(float *x, int64_t rows)
{
    for (int64_t i = 0; i < rows * MCD_NOISY_INPUTS; i++)
        x[i] = (float)(3 * mcd_uniform(mcd_philox(1, (uint32_t)i, 0, 0, 0).w[0]) - 1);
}
