/*
 * mlp: dropout and linear layers in turn, for images of any shape.
 *
 * dropout0, input -> hidden[0], activation, then for every further hidden layer k = 1, 2, ...
 * dropout<k>, hidden<k>, activation, and final -> classes. Parameter names are those of a PyTorch
 * nn.Sequential called `model` with these names, so that its saved weights load as they are.
 */
#include "dropping.h"
#include <mcdrop/model.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(INTS, hidden, "800x800", "[1, 1048576]", "units of each hidden layer")                       \
    X(REAL, drop_in, "0.2", "[0, 1]", "probability of dropping an input")                          \
    X(REAL, drop, "0.5", "[0, 1]",                                                                 \
      "probability of dropping a unit between hidden layers; nothing is dropped after the last")   \
    X(TEXT, activation, "tanh", NULL, "layer after each hidden one: relu, tanh, ./yours.so:a=1")   \
    X(INT, classes, "10", "[2, 1048576]", "number of classes")                                     \
    X(TEXT, noise, "", NULL, "noise layer in the place of dropout, given p: gaussian, ...")        \
    X(TEXT, linear, "", NULL, "layer in the place of dropout and linear, given p and out: concrete")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { MAX_HIDDEN = 32 };

struct mlp {
    uint32_t count; /* hidden layers */
    int64_t hidden[MAX_HIDDEN];
    double drop_in, drop;
    char activation[MCD_MAX_CHOICE];
    int64_t classes;
    char noise[MCD_MAX_CHOICE], linear[MCD_MAX_CHOICE];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int status = mcd_choice_check(host, "mlp:activation", activation, error);
    if (!status)
        status = mcd_choice_check(host, "mlp:noise", noise, error);
    if (!status)
        status = mcd_linear_check(host, "mlp:linear", linear, noise, error);
    if (status)
        return status;
    if (hidden->count > MAX_HIDDEN)
        return host->fail(error, MCD_INVALID, "mlp:hidden", "%u layers: expected 1 to %d",
                          hidden->count, MAX_HIDDEN);
    struct mlp *m = mcd_self_create(host, sizeof *m, self, error);
    if (!m)
        return MCD_NOMEM;
    *m = (struct mlp){.count = hidden->count, .drop_in = drop_in, .drop = drop, .classes = classes};
    memcpy(m->hidden, hidden->value, hidden->count * sizeof *m->hidden);
    memcpy(m->activation, activation, strlen(activation) + 1);
    memcpy(m->noise, noise, strlen(noise) + 1);
    memcpy(m->linear, linear, strlen(linear) + 1);
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct mlp *m = self;
    x = mcd_layer(g, "model.flatten", x, "flatten");
    for (uint32_t i = 0; i < m->count; i++) {
        char drop[32], linear[32], after[32];
        snprintf(drop, sizeof drop, "model.dropout%u", i);
        snprintf(linear, sizeof linear, i ? "model.hidden%u" : "model.input", i);
        snprintf(after, sizeof after, "model.activation%u", i);
        x = mcd_dropped_linear(g, drop, linear, x, m->noise, m->linear, i ? m->drop : m->drop_in,
                               m->hidden[i]);
        x = mcd_layer(g, after, x, "%s", m->activation);
    }
    return mcd_layer(g, "model.final", x, "linear:out=%lld", (long long)m->classes);
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r,
        .task = MCD_CLASSIFY,
        .data = "mnist,fashion-mnist",
        .optimiser = MCD_SGD,
        .rate = 0.1,
        .batch = 128,
        .epochs = 10,
    };
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "mlp", "MIT", "multilayer perceptron for images", mcd_self_destroy);
