/* A layer that has one thing wrong with it, if asked to. */
#include <mcdrop/layer.h>

#include <math.h>

enum wrong {
    nothing,
    mute,       /* refuses and does not say why */
    deaf,       /* takes any number of inputs and uses the first */
    rowless,    /* gives one answer for all rows */
    counting,   /* every recording in a process is another one */
    hungry,     /* leaves itself out where memory is short */
    forgetful,  /* has a parameter that weight averaging does not know */
    eager,      /* has one that only training knows */
    blank,      /* a parameter's name has a blank in it */
    endless,    /* a parameter starts at infinity */
    misled,     /* brings a function with the derivative of another one */
    moody,      /* brings one that has another value at each call */
    sharp,      /* the gradient at 0 is NaN */
    burning,    /* the penalty is NaN */
    cancelling, /* loses all digits that single precision has */
    noisy,      /* weight averaging draws random numbers */
    shrinking,  /* the output of weight averaging is smaller */
    exploding,  /* that of weight averaging is infinite */
    mixing      /* subtracts the mean over the rows, as batch normalisation does in training */
};

#define PARAMS(X)                                                                                  \
    X(ENUM, wrong, "nothing",                                                                      \
      "nothing|mute|deaf|rowless|counting|hungry|forgetful|eager|blank|endless|misled|"            \
      "moody|"                                                                                     \
      "sharp|burning|cancelling|noisy|shrinking|exploding|mixing",                                 \
      "what is wrong")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

struct odd {
    const struct mcd_host *host;
    enum wrong wrong;
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct odd *o = mcd_self_create(host, sizeof *o, self, error);
    if (!o)
        return MCD_NOMEM;
    *o = (struct odd){host, (enum wrong)wrong};
    return MCD_OK;
}

/*
 * Sound but for what the others do to it: a gain for each element, dropout, and a penalty on what
 * both do.
 */
static mcd_val sound(struct mcd_graph *g, mcd_val x, double start, const char *name)
{
    mcd_val gain = mcd_param(g, name, mcd_shape_of(g, x), start, 0.5);
    mcd_val y = mcd_drop(g, mcd_mul(g, x, gain), MCD_BERNOULLI, 0.25, 1);
    mcd_val both[2] = {x, y};
    g->penalty(g, g->op(g, MCD_OP_MSE, 2, both, NULL));
    return y;
}

static mcd_val sum(struct mcd_graph *g, mcd_val x)
{
    return mcd_reduce(g, MCD_SUM, x, mcd_shape0(), 0);
}

static mcd_val count(struct mcd_graph *g, mcd_val y)
{
    static int recordings;
    return mcd_affine(g, y, 1 + 0.5 * (recordings++ % 3), 0);
}

/* Memory that it has no use for. */
static mcd_val ask_for_memory(const struct odd *o, mcd_val x, mcd_val y)
{
    void *room = o->host->alloc(o->host, 100);
    o->host->release(o->host, room);
    return room ? y : x;
}

static void burn(struct mcd_graph *g)
{
    mcd_val heat = mcd_param(g, "heat", mcd_shape1(2), 1, 0.5);
    g->penalty(g, mcd_map(g, MCD_LOG, mcd_affine(g, sum(g, heat), -1, 0)));
}

/* w x - 3000 (the sum of x) for a vector x, where all of w are about 3000. */
static mcd_val cancel(struct mcd_graph *g, mcd_val x)
{
    struct mcd_shape s = mcd_shape_of(g, x);
    mcd_val w = mcd_param(g, "weight", mcd_shape2(1, s.dim[0]), 3000, 1);
    mcd_val y = mcd_reshape(g, mcd_linear(g, x, w, MCD_ABSENT), mcd_shape0());
    return mcd_mul(g, x, mcd_sub(g, y, mcd_affine(g, sum(g, x), 3000, 0)));
}

/* x^3, and what is said to be its derivative. */
static void cube(const void *self, const struct mcd_shape *shape, const double *const *x, double *y)
{
    static double mood;
    if (self)
        mood += 0.01;
    for (int64_t i = 0; i < mcd_shape_count(&shape[0]); i++)
        y[i] = x[0][i] * x[0][i] * x[0][i] + mood;
}

static void slope(const void *self, const struct mcd_shape *shape, uint32_t input,
                  const double *const *x, const double *dy, double *dx)
{
    (void)input;
    for (int64_t i = 0; i < mcd_shape_count(&shape[0]); i++)
        dx[i] = dy[i] * (self ? 3 : 2) * x[0][i] * x[0][i];
}

static mcd_val bring(struct mcd_graph *g, mcd_val x, int moody_one)
{
    static const struct mcd_custom own = {.size = sizeof own, .forward = cube, .backward = slope};
    return mcd_custom(g, &own, moody_one ? &own : NULL, 1, &x, mcd_shape_of(g, x));
}

static mcd_val finish(const struct odd *o, struct mcd_graph *g, mcd_val x, mcd_val y)
{
    switch (o->wrong) {
    case rowless:
        return mcd_reduce(g, MCD_MEAN, y, mcd_shape_of(g, y), 1);
    case counting:
        return g->stochastic ? count(g, y) : y;
    case hungry:
        return ask_for_memory(o, x, y);
    case forgetful:
        return g->stochastic ? mcd_add(g, y, mcd_param(g, "shift", mcd_shape0(), 0, 1)) : y;
    case eager:
        return g->batch ? mcd_add(g, y, mcd_param(g, "shift", mcd_shape0(), 0, 1)) : y;
    case misled:
    case moody:
        return mcd_add(g, y, bring(g, x, o->wrong == moody));
    case sharp:
        return mcd_mul(g, y, mcd_map(g, MCD_SQRT, mcd_mul(g, x, x)));
    case burning:
        burn(g);
        return y;
    case cancelling:
        return mcd_shape_of(g, x).rank == 1 ? mcd_add(g, y, cancel(g, x))
                                            : g->fail(g, "takes a vector");
    case noisy:
        return mcd_mul(g, y, mcd_noise(g, MCD_UNIFORM, y));
    case shrinking:
        return g->stochastic ? y : sum(g, y);
    case exploding:
        return g->stochastic ? y
                             : mcd_affine(g, mcd_map(g, MCD_EXP, mcd_affine(g, y, 0, 1e4)), 1, 0);
    case mixing:
        return g->stochastic ? mcd_sub(g, y, mcd_reduce(g, MCD_MEAN, y, mcd_shape_of(g, y), 1)) : y;
    default:
        return y;
    }
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const struct odd *o = self;
    if (o->wrong == mute && n == 2)
        return 0;
    if (n != 1 && (o->wrong != deaf || n == 0))
        return g->fail(g, "takes one input");
    mcd_val y = sound(g, in[0], o->wrong == endless ? INFINITY : 1,
                      o->wrong == blank ? "the gain" : "gain");
    return finish(o, g, in[0], y);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "odd_layer", "MIT", "wrong on purpose, if asked to", mcd_self_destroy);
