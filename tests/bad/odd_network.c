/*
 * A network that has one thing wrong with it, if asked to. What recipes and outputs may lack:
 * odd_model.
 */
#include <mcdrop/model.h>

enum wrong {
    nothing,
    counting,  /* every recording in a process is another one */
    forgetful, /* has a parameter that weight averaging does not know */
    noisy,     /* weight averaging draws random numbers */
    mixing,    /* subtracts the mean over the rows */
    stuck,     /* nothing that is trained reaches the output */
    ageing /* each recording of one object is another one: what it predicts is not in its weights */
};

#define PARAMS(X)                                                                                  \
    X(ENUM, wrong, "nothing", "nothing|counting|forgetful|noisy|mixing|stuck|ageing",              \
      "what is wrong")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct odd {
    enum wrong wrong;
    int recordings;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct odd *o = mcd_self_create(host, sizeof *o, self, error);
    if (!o)
        return MCD_NOMEM;
    *o = (struct odd){(enum wrong)wrong, 0};
    return MCD_OK;
}

static mcd_val finish(struct odd *o, struct mcd_graph *g, mcd_val y)
{
    static int recordings;
    switch (o->wrong) {
    case counting:
        return g->stochastic ? mcd_affine(g, y, 1 + 0.5 * (recordings++ % 3), 0) : y;
    case forgetful:
        return g->stochastic ? mcd_add(g, y, mcd_param(g, "shift", mcd_shape0(), 0, 1)) : y;
    case noisy:
        return mcd_mul(g, y, mcd_noise(g, MCD_UNIFORM, y));
    case mixing:
        return g->stochastic ? mcd_sub(g, y, mcd_reduce(g, MCD_MEAN, y, mcd_shape_of(g, y), 1)) : y;
    case stuck:
        return mcd_affine(g, y, 0, 0.5);
    case ageing:
        return mcd_affine(g, y, 1 + 0.01 * o->recordings++, 0);
    default:
        return y;
    }
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    x = mcd_layer(g, "flatten", x, "flatten");
    x = mcd_layer(g, "hidden", x, "linear:out=8");
    x = mcd_layer(g, "tanh", x, "tanh");
    x = mcd_layer(g, "dropout", x, "dropout:p=0.25");
    return finish(self, g, mcd_layer(g, "final", x, "linear:out=3"));
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r, .task = MCD_CLASSIFY, .optimiser = MCD_SGD, .rate = 0.1, .data = "mnist"};
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api, .build = build, .recipe = recipe};
MCD_PLUGIN(MCD_MODEL, "odd_network", "MIT", "wrong on purpose, if asked to", mcd_self_destroy);
