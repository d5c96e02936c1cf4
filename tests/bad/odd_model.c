/* A model whose output or recipe is not what a model's must be. */
#include <mcdrop/model.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, output, NULL, "nothing|stray|rowless|image|no_recipe|no_task",                         \
      "what is returned, or what the recipe lacks")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    int *own = mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = output;
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    switch (*(int *)self) {
    case 0:
        return 0;
    case 1:
        return 12345;
    case 2:
        return mcd_param(g, "p", mcd_shape1(3), 0, 1);
    default:
        return mcd_reshape(g, x, mcd_shape2(2, 2));
    }
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe good = {
        .size = sizeof good, .task = MCD_CLASSIFY, .optimiser = MCD_SGD, .data = "mnist"};
    static const struct mcd_recipe no_task = {
        .size = sizeof no_task, .optimiser = MCD_SGD, .data = "mnist"};
    int output = *(int *)self;
    return output == 4 ? NULL : output == 5 ? &no_task : &good;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "odd_model", "MIT", "wrong on purpose", mcd_self_destroy);
