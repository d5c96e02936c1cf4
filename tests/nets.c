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
    {"mlp_tiny", "mlp:hidden=9x7,classes=4", {2, {6, 5}}, MCD_CLASSIFY},
    {"mlp2_tiny_relu", "mlp2:hidden=11x11x11x11x11", {1, {1}}, MCD_REGRESS},
    {"mlp2_tiny_tanh", "mlp2:hidden=11x11x11x11x11,activation=tanh", {1, {1}}, MCD_REGRESS},
    {"mlp", "mlp", {2, {28, 28}}, MCD_CLASSIFY},
    {"mlp2_relu", "mlp2", {1, {1}}, MCD_REGRESS},
    {"lenet", "lenet", {2, {28, 28}}, MCD_CLASSIFY},
};

const struct net *net_find(const char *name)
{
    for (size_t i = 0; i < NETS; i++)
        if (strcmp(nets[i].name, name) == 0)
            return &nets[i];
    fail_msg("there is no net %s", name);
    return NULL;
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

struct mcd_network *net_open(const struct net *net, struct mcd_host *host, const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_recording recording;
    struct mcd_network *network;
    assert_ok(mcd_network_open(host, net->model, backend, &net->in, 1, &network, &e), e);
    assert_ok(mcd_network_record(network, 0, &recording, &e), e);
    struct mcd_trial r = {.host = host, .store = network->store, .core = recording.graph};
    rig_formula(&r);
    mcd_graph_destroy(recording.graph);
    return network;
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
