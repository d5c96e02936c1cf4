/*
 * Not bad, but old: a model of an interface that knew networks alone, whose api and recipe end
 * before what came later. What lies behind them must not be read.
 */
#include <mcdrop/model.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    return mcd_layer(g, "last", mcd_layer(g, "drop", x, "dropout:p=0.1"), "linear:out=1");
}

static const struct mcd_recipe *recipe(void *self)
{
    static const struct mcd_recipe r = {.size = offsetof(struct mcd_recipe, needs),
                                        .task = MCD_REGRESS,
                                        .data = "co2",
                                        .optimiser = MCD_SGD,
                                        .rate = 0.01,
                                        .epochs = 3,
                                        .needs = 0xffffffff};
    (void)self;
    return &r;
}

static int garbage(void *self, const struct mcd_fit_data *data, struct mcd_draws *d,
                   struct mcd_error *error)
{
    (void)self, (void)data, (void)d, (void)error;
    return MCD_INVALID;
}

static const struct mcd_model api = {
    .size = offsetof(struct mcd_model, fit), .build = build, .recipe = recipe, .fit = garbage};
MCD_PLUGIN(MCD_MODEL, "older_model", "MIT", "an older plugin", NULL);
