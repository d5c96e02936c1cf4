/*
 * lenet: two convolutions with channel dropout, two linear layers, after LeCun et al. 1998 without
 * activation after the convolutions.
 *
 * Takes images [height, width] or [channels, height, width]. Parameter names are those of a PyTorch
 * nn.Sequential called `model` with these names, so that its saved weights load as they are.
 */
#include "dropping.h"
#include <mcdrop/model.h>

#define PARAMS(X)                                                                                  \
    X(REAL, drop, "0.5", "[0, 1]", "probability of dropping a channel or a hidden unit")           \
    X(INT, classes, "10", "[2, 1048576]", "number of classes")                                     \
    X(TEXT, noise, "", NULL, "noise layer in the place of dropout, given p: gaussian, ...")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct lenet {
    double drop;
    int64_t classes;
    char noise[MCD_MAX_CHOICE];
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int status = mcd_choice_check(host, "lenet:noise", noise, error);
    if (status)
        return status;
    struct lenet *m = mcd_self_create(host, sizeof *m, self, error);
    if (!m)
        return MCD_NOMEM;
    *m = (struct lenet){.drop = drop, .classes = classes};
    memcpy(m->noise, noise, strlen(noise) + 1);
    return MCD_OK;
}

static mcd_val image(struct mcd_graph *g, mcd_val x)
{
    struct mcd_shape s = mcd_shape_of(g, x);
    if (s.rank == 2)
        return mcd_reshape(g, x, mcd_shape3(1, s.dim[0], s.dim[1]));
    return s.rank == 3 ? x
                       : g->fail(g, "takes images [height, width] or [channels, height, width]");
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct lenet *m = self;
    x = image(g, x);
    x = mcd_layer(g, "model.conv1", x, "conv2d:out=20,kernel=5,pad=2");
    x = mcd_dropping(g, "model.dropout1", x, m->noise, "dropout2d", m->drop);
    x = mcd_layer(g, "model.maxpool1", x, "pool2d");
    x = mcd_layer(g, "model.conv2", x, "conv2d:out=50,kernel=5,pad=2");
    x = mcd_dropping(g, "model.dropout2", x, m->noise, "dropout2d", m->drop);
    x = mcd_layer(g, "model.maxpool2", x, "pool2d");
    x = mcd_layer(g, "model.flatten", x, "flatten");
    x = mcd_layer(g, "model.dense3", x, "linear:out=500");
    x = mcd_layer(g, "model.relu3", x, "relu");
    x = mcd_dropping(g, "model.dropout3", x, m->noise, "dropout", m->drop);
    return mcd_layer(g, "model.final", x, "linear:out=%lld", (long long)m->classes);
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r,
        .task = MCD_CLASSIFY,
        .data = "mnist,fashion-mnist",
        .optimiser = MCD_SGD,
        .rate = 0.01,
        .batch = 128,
        .epochs = 3,
    };
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "lenet", "MIT", "convolutional network for images", mcd_self_destroy);
