/*
 * mlp2: linear layers with dropout between them, for regression.
 *
 * input -> hidden[0], activation, then for every further hidden layer k = 1, 2, ... dropout<k-1>,
 * hidden<k>, activation, and a last dropout before final -> outputs. No input is dropped. Parameter
 * names are those of a PyTorch nn.Sequential called `model` with these names, so that its saved
 * weights load as they are.
 */
#include "dropping.h"
#include <mcdrop/model.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(INTS, hidden, "1024x1024x1024x1024x1024", "[1, 1048576]", "units of each hidden layer")      \
    X(REAL, drop, "0.2", "[0, 1]", "probability of dropping a hidden unit")                        \
    X(ENUM, activation, "relu", "relu|tanh", "what follows each hidden layer")                     \
    X(INT, outputs, "1", "[1, 1048576]", "values of one row; from the data where it has answers")  \
    X(TEXT, noise, "", NULL, "noise layer in the place of dropout, given p: gaussian, ...")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static const char *const activations[] = {"relu", "tanh"};

enum { MAX_HIDDEN = 32 };

struct mlp2 {
    uint32_t count; /* hidden layers */
    int64_t hidden[MAX_HIDDEN];
    double drop;
    const char *activation;
    int64_t outputs;
    char noise[MCD_MAX_NOISE];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int status = mcd_noise_check(host, "mlp2:noise", noise, error);
    if (status)
        return status;
    if (hidden->count > MAX_HIDDEN)
        return host->fail(error, MCD_INVALID, "mlp2:hidden", "%u layers: expected 1 to %d",
                          hidden->count, MAX_HIDDEN);
    struct mlp2 *m = mcd_self_create(host, sizeof *m, self, error);
    if (!m)
        return MCD_NOMEM;
    *m = (struct mlp2){.count = hidden->count,
                       .drop = drop,
                       .activation = activations[activation],
                       .outputs = outputs};
    memcpy(m->hidden, hidden->value, hidden->count * sizeof *m->hidden);
    memcpy(m->noise, noise, strlen(noise) + 1);
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct mlp2 *m = self;
    char name[32];
    x = mcd_layer(g, "model.flatten", x, "flatten");
    for (uint32_t i = 0; i < m->count; i++) {
        snprintf(name, sizeof name, i ? "model.hidden%u" : "model.input", i);
        x = mcd_layer(g, name, x, "linear:out=%lld", (long long)m->hidden[i]);
        x = mcd_layer(g, "model.activation", x, "%s", m->activation);
        snprintf(name, sizeof name, "model.dropout%u", i);
        x = mcd_dropping(g, name, x, m->noise, "dropout", m->drop);
    }
    return mcd_layer(g, "model.final", x, "linear:out=%lld", (long long)m->outputs);
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r,
        .task = MCD_REGRESS,
        .data = "co2",
        .optimiser = MCD_ADAM,
        .rate = 1e-4,
        .decay = 1e-6,
        .batch = 0,
        .epochs = 5000,
    };
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "mlp2", "MIT", "multilayer perceptron for regression", mcd_self_destroy);
