/*
 * wide: for regression, a hidden layer with dropout beside a direct linear way from input to output
 * (Cheng et al.: Wide & deep learning for recommender systems. 2016).
 *
 *     make
 *     mcdrop check ./wide.so
 *     mcdrop --model ./wide.so:hidden=32 --out run
 */
#include <mcdrop/model.h>

#define PARAMS(X)                                                                                  \
    X(INT, hidden, "64", "[1, 1048576]", "hidden units")                                           \
    X(REAL, drop, "0.1", "[0, 1]", "probability of dropping a hidden unit")                        \
    X(INT, outputs, "1", "[1, 1048576]", "values of one row; from the data where it has answers")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct own {
    long long hidden, outputs;
    double drop;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct own *own = (struct own *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    own->hidden = hidden;
    own->outputs = outputs;
    own->drop = drop;
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    const struct own *own = (const struct own *)self;
    x = mcd_layer(g, "flatten", x, "flatten");
    mcd_val direct = mcd_layer(g, "direct", x, "linear:out=%lld,bias=no", own->outputs);
    mcd_val deep = mcd_layer(g, "hidden", x, "linear:out=%lld", own->hidden);
    deep = mcd_layer(g, "relu", deep, "relu");
    deep = mcd_layer(g, "dropout", deep, "dropout:p=%.17g", own->drop);
    return mcd_add(g, direct, mcd_layer(g, "last", deep, "linear:out=%lld", own->outputs));
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {
        .size = sizeof r,
        .task = MCD_REGRESS,
        .data = "co2",
        .optimiser = MCD_ADAM,
        .rate = 0.01,
        .momentum = 0,
        .decay = 0,
        .batch = 0, /* all rows at once */
        .epochs = 200,
        .needs = 0,
    };
    (void)self;
    return &r;
}

static const struct mcd_model api = {.size = sizeof api,
                                     .build = build,
                                     .recipe = recipe,
                                     .fit = NULL,
                                     .draw = NULL,
                                     .path = NULL,
                                     .exact = NULL};
MCD_PLUGIN(MCD_MODEL, "wide", "MIT", "a hidden layer beside a linear way", mcd_self_destroy);
