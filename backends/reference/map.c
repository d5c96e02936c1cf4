/* Functions of one element: MAP, MAP_DX and AFFINE. */
#include "ops.h"

#include <math.h>

static double gauss_density(double x)
{
    return exp(-0.5 * x * x) * 0.39894228040143267794; /* 1 / sqrt(2 pi) */
}

static double gauss_mass(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440); /* erfc: precise in the left tail too */
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double mapped(int64_t function, double x)
{
    switch (function) {
    case MCD_RELU:
        return x <= 0 ? 0 : x; /* lets NaN pass */
    case MCD_TANH:
        return tanh(x);
    case MCD_SIGMOID:
        return sigmoid(x);
    case MCD_EXP:
        return exp(x);
    case MCD_LOG:
        return log(x);
    case MCD_SQRT:
        return sqrt(x);
    case MCD_SOFTPLUS:
        return softplus(x);
    default:
        return x * gauss_mass(x);
    }
}

/* dy times the derivative at x, where y is the function's value. */
static double mapped_back(int64_t function, double dy, double x, double y)
{
    switch (function) {
    case MCD_RELU:
        return x <= 0 ? 0 : dy;
    case MCD_TANH:
        return dy * (1 - y * y);
    case MCD_SIGMOID:
        return dy * y * (1 - y);
    case MCD_EXP:
        return dy * y;
    case MCD_LOG:
        return dy / x;
    case MCD_SQRT:
        return dy / (2 * y);
    case MCD_SOFTPLUS:
        return dy * sigmoid(x);
    default:
        return dy * (gauss_mass(x) + x * gauss_density(x));
    }
}

static const char *map_refuse(const struct mcd_step *step)
{
    int64_t function = step->attr.u.map.function;
    return function < MCD_RELU || function > MCD_GELU ? "this function" : NULL;
}

static void map(const struct job *job, int64_t first, int64_t end)
{
    struct reals x = reals_of(&job->step->in[0]), y = reals_of(&job->step->out);
    for (int64_t i = first; i < end; i++)
        put(y, i, mapped(job->step->attr.u.map.function, get(x, i)));
}

static void map_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *in = job->step->in;
    struct reals dy = reals_of(&in[0]), x = reals_of(&in[1]), y = reals_of(&in[2]);
    struct reals dx = reals_of(&job->step->out);
    for (int64_t i = first; i < end; i++)
        put(dx, i, mapped_back(job->step->attr.u.map.function, get(dy, i), get(x, i), get(y, i)));
}

static void affine(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_attr *a = &job->step->attr;
    struct reals x = reals_of(&job->step->in[0]), y = reals_of(&job->step->out);
    for (int64_t i = first; i < end; i++)
        put(y, i, a->u.affine.scale * get(x, i) + a->u.affine.shift);
}

const struct op map_ops[] = {
    {MCD_OP_MAP, "map", map_refuse, by_element, map},
    {MCD_OP_MAP_DX, "map_dx", map_refuse, by_element, map_dx},
    {MCD_OP_AFFINE, "affine", NULL, by_element, affine},
    {0, NULL, NULL, NULL, NULL},
};
