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
    X(TEXT, activation, "relu", NULL, "layer after each hidden one: relu, tanh, ./yours.so:a=1")   \
    X(INT, outputs, "1", "[1, 1048576]", "values of one row; from the data where it has answers")  \
    X(TEXT, noise, "", NULL, "noise layer in the place of dropout, given p: gaussian, ...")        \
    X(TEXT, linear, "", NULL, "layer in the place of dropout and linear, given p and out: concrete")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { MAX_HIDDEN = 32 };

struct mlp2 {
    uint32_t count; /* hidden layers */
    int64_t hidden[MAX_HIDDEN];
    double drop;
    char activation[MCD_MAX_CHOICE];
    int64_t outputs;
    char noise[MCD_MAX_CHOICE], linear[MCD_MAX_CHOICE];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int status = mcd_choice_check(host, "mlp2:activation", activation, error);
    if (!status)
        status = mcd_choice_check(host, "mlp2:noise", noise, error);
    if (!status)
        status = mcd_linear_check(host, "mlp2:linear", linear, noise, error);
    if (status)
        return status;
    if (hidden->count > MAX_HIDDEN)
        return host->fail(error, MCD_INVALID, "mlp2:hidden", "%u layers: expected 1 to %d",
                          hidden->count, MAX_HIDDEN);
    struct mlp2 *m = mcd_self_create(host, sizeof *m, self, error);
    if (!m)
        return MCD_NOMEM;
    *m = (struct mlp2){.count = hidden->count, .drop = drop, .outputs = outputs};
    memcpy(m->hidden, hidden->value, hidden->count * sizeof *m->hidden);
    memcpy(m->activation, activation, strlen(activation) + 1);
    memcpy(m->noise, noise, strlen(noise) + 1);
    memcpy(m->linear, linear, strlen(linear) + 1);
    return MCD_OK;
}

/* Dropout `number` and a linear layer, or one for both. */
static mcd_val dropped(const struct mlp2 *m, struct mcd_graph *g, mcd_val x, uint32_t number,
                       const char *name, int64_t out)
{
    char drop[32];
    snprintf(drop, sizeof drop, "model.dropout%u", number);
    return mcd_dropped_linear(g, drop, name, x, m->noise, m->linear, m->drop, out);
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct mlp2 *m = self;
    char name[32];
    x = mcd_layer(g, "model.flatten", x, "flatten");
    x = mcd_layer(g, "model.input", x, "linear:out=%lld", (long long)m->hidden[0]);
    for (uint32_t i = 0; i < m->count; i++) {
        snprintf(name, sizeof name, "model.hidden%u", i);
        x = i ? dropped(m, g, x, i - 1, name, m->hidden[i]) : x;
        snprintf(name, sizeof name, "model.activation%u", i);
        x = mcd_layer(g, name, x, "%s", m->activation);
    }
    return dropped(m, g, x, m->count - 1, "model.final", m->outputs);
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
