/*
 * snake: x + sin(a x)^2 / a with a learnt frequency a, an activation for what repeats itself
 * (Ziyin, Hartwig, Ueda: Neural networks fail to learn periodic functions and how to fix it.
 * NeurIPS 2020).
 *
 * There is no sine among the ops, so the layer brings a function of its own with its derivatives:
 * inputs are a row of x and a, which has one element.
 *
 *     make
 *     mcdrop check ./snake.so
 *     mcdrop --model mlp2:hidden=64x64,activation=./snake.so --epochs 200 --out run
 */
#include <math.h>
#include <mcdrop/layer.h>

#define PARAMS(X) X(REAL, start, "1", "(0, inf)", "frequency that training starts from")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    double *own = (double *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    *own = start;
    return MCD_OK;
}

static void forward(const void *self, const struct mcd_shape *shape, const double *const *in,
                    double *y)
{
    const double *x = in[0], a = *in[1];
    (void)self;
    for (int64_t i = 0; i < mcd_shape_count(&shape[0]); i++)
        y[i] = x[i] + sin(a * x[i]) * sin(a * x[i]) / a;
}

static void backward(const void *self, const struct mcd_shape *shape, uint32_t input,
                     const double *const *in, const double *dy, double *dx)
{
    const double *x = in[0], a = *in[1];
    double sum = 0;
    (void)self;
    for (int64_t i = 0; i < mcd_shape_count(&shape[0]); i++) {
        double s = sin(a * x[i]);
        if (input == 0)
            dx[i] = dy[i] * (1 + sin(2 * a * x[i]));
        sum += dy[i] * (x[i] * sin(2 * a * x[i]) - s * s / a) / a;
    }
    if (input == 1)
        *dx = sum;
}

static const struct mcd_custom snake = {
    .size = sizeof snake, .forward = forward, .backward = backward};

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const double *start = (const double *)self;
    if (n != 1)
        return g->fail(g, "takes one input");
    mcd_val both[2] = {in[0], mcd_param(g, "frequency", mcd_shape0(), *start, 0)};
    return mcd_custom(g, &snake, NULL, 2, both, mcd_shape_of(g, in[0]));
}

static const struct mcd_layer api = {.size = sizeof api, .build = build};
MCD_PLUGIN(MCD_LAYER, "snake", "MIT", "activation with a learnt frequency", mcd_self_destroy);
