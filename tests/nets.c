/* The fixtures' networks: see nets.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/nets.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

const struct net nets[NETS] = {
    {"mlp_tiny", "mlp:hidden=9x7,classes=4", NULL, 0, {2, {6, 5}}, MCD_CLASSIFY},
    {"mlp2_tiny_relu", NULL, "relu", 11, {1, {1}}, MCD_REGRESS},
    {"mlp2_tiny_tanh", NULL, "tanh", 11, {1, {1}}, MCD_REGRESS},
    {"mlp", "mlp", NULL, 0, {2, {28, 28}}, MCD_CLASSIFY},
    {"mlp2_relu", NULL, "relu", 1024, {1, {1}}, MCD_REGRESS},
    {"lenet", "lenet", NULL, 0, {2, {28, 28}}, MCD_CLASSIFY},
};

const struct net *net_find(const char *name)
{
    for (size_t i = 0; i < NETS; i++)
        if (strcmp(nets[i].name, name) == 0)
            return &nets[i];
    fail_msg("there is no net %s", name);
    return NULL;
}

/* The tutorial's network for the CO2 series. */
static mcd_val build_mlp2(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct net *net = self;
    char name[32];
    x = mcd_layer(g, "model.input", x, "linear:out=%lld", (long long)net->width);
    x = mcd_layer(g, "model.act", x, "%s", net->activation);
    for (int i = 1; i <= 4; i++) {
        x = mcd_layer(g, "model.dropout", x, "dropout:p=0.2");
        snprintf(name, sizeof name, "model.hidden%d", i);
        x = mcd_layer(g, name, x, "linear:out=%lld", (long long)net->width);
        x = mcd_layer(g, "model.act", x, "%s", net->activation);
    }
    x = mcd_layer(g, "model.dropout", x, "dropout:p=0.2");
    return mcd_layer(g, "model.final", x, "linear:out=1");
}

mcd_val net_record(const struct net *net, struct rig *r, mcd_val x)
{
    struct mcd_error e = {0};
    if (net->model)
        return rig_model(r, net->model, x);
    mcd_val y = build_mlp2((void *)(uintptr_t)net, r->g, x);
    assert_ok(mcd_graph_status(r->core, &e), e);
    return y;
}

double *net_input(const struct net *net, size_t count)
{
    double *x = malloc(count * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) {
        double v = fixture_value(100, (uint32_t)i);
        x[i] = net->task == MCD_REGRESS ? (float)(1.7 * v) : (float)(0.5 + 0.5 * v);
    }
    return x;
}

void net_open(struct net_opened *o, const struct net *net, struct mcd_host *host,
              const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_recording recording;
    *o = (struct net_opened){0};
    if (net->model) {
        assert_ok(mcd_network_open(host, net->model, backend, &net->in, 1, &o->network, &e), e);
    } else {
        rig_network_open(&o->made, host, backend, build_mlp2, (void *)(uintptr_t)net, net->task,
                         net->in);
        o->network = &o->made.network;
    }
    assert_ok(mcd_network_record(o->network, 0, &recording, &e), e);
    struct rig r = {.host = host, .store = o->network->store, .core = recording.graph};
    rig_formula(&r);
    mcd_graph_destroy(recording.graph);
}

void net_close(struct net_opened *o)
{
    if (o->made.network.store)
        rig_network_close(&o->made);
    else
        mcd_network_close(o->network);
}

void fixture_open(struct mcd_safetensors *file, const char *name)
{
    char path[PATH_MAX];
    struct mcd_error e = {0};
    snprintf(path, sizeof path, "%s/fixtures/%s", getenv("MCDROP_TEST_SRCDIR"), name);
    assert_ok(mcd_safetensors_read(path, file, &e), e);
}

const struct mcd_array *fixture_find(const struct mcd_safetensors *file, const char *run,
                                     const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", run, name);
    const struct mcd_array *a = mcd_safetensors_find(file, full);
    if (!a)
        fail_msg("the fixture has no %s", full);
    return a;
}

double fixture_distance(const double *a, const double *b, size_t n)
{
    double away = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(a[i]) || isnan(b[i]))
            return INFINITY;
        away = fmax(away, fabs(a[i] - b[i]));
        largest = fmax(largest, fabs(b[i]));
    }
    return away / largest;
}
