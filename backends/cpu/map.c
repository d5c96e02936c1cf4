/* Functions of each element: MAP and its gradient, AFFINE. */
#include "elementary.h"
#include "ops.h"
#include "pieces.h"

/*
 * Defines NAME(out, a, b, c, n): out[i] = EXPRESSION of a[i], b[i], c[i] under the names given.
 * `out` may be any of the inputs.
 */
#define EACH(NAME, A, B, C, EXPRESSION)                                                            \
    static MCD_CLONES void NAME(float *out, const float *in_a, const float *in_b,                  \
                                const float *in_c, int64_t n)                                      \
    {                                                                                              \
        MCD_ELEMENTWISE                                                                            \
        for (int64_t i = 0; i < n; i++) {                                                          \
            float A = in_a[i], B = in_b[i], C = in_c[i];                                           \
            (void)A, (void)B, (void)C;                                                             \
            out[i] = EXPRESSION;                                                                   \
        }                                                                                          \
    }

typedef void each(float *out, const float *a, const float *b, const float *c, int64_t n);

EACH(relu, x, u1, u2, x < 0.0f ? 0.0f : x)
EACH(tanh_, x, u1, u2, mcd_tanh(x))
EACH(sigmoid, x, u1, u2, mcd_sigmoid(x))
EACH(exp_, x, u1, u2, mcd_exp(x))
EACH(log_, x, u1, u2, mcd_log(x))
EACH(sqrt_, x, u1, u2, sqrtf(x))
EACH(softplus, x, u1, u2, mcd_softplus(x))
EACH(gelu, x, u1, u2, mcd_gelu(x))

EACH(relu_dx, dy, x, y, x <= 0.0f ? 0.0f : dy)
EACH(tanh_dx, dy, x, y, (1.0f - y * y) * dy)
EACH(sigmoid_dx, dy, x, y, (1.0f - y) * y * dy)
EACH(exp_dx, dy, x, y, (y * dy))
EACH(log_dx, dy, x, y, dy / x)
EACH(sqrt_dx, dy, x, y, dy * 0.5f / y)
EACH(softplus_dx, dy, x, y, mcd_sigmoid(x) * dy)
EACH(gelu_dx, dy, x, y, mcd_gelu_slope(x) * dy)

static each *const functions[] = {
    [MCD_RELU] = relu, [MCD_TANH] = tanh_, [MCD_SIGMOID] = sigmoid,   [MCD_EXP] = exp_,
    [MCD_LOG] = log_,  [MCD_SQRT] = sqrt_, [MCD_SOFTPLUS] = softplus, [MCD_GELU] = gelu,
};

static each *const gradients[] = {
    [MCD_RELU] = relu_dx, [MCD_TANH] = tanh_dx, [MCD_SIGMOID] = sigmoid_dx,   [MCD_EXP] = exp_dx,
    [MCD_LOG] = log_dx,   [MCD_SQRT] = sqrt_dx, [MCD_SOFTPLUS] = softplus_dx, [MCD_GELU] = gelu_dx,
};

void mcd_map_piece(int64_t function, float *y, const float *x, int64_t n)
{
    functions[function](y, x, x, x, n);
}

enum { GRAIN = 16384 }; /* elements: some microseconds */

struct job {
    each *f;
    float *out;
    const float *a, *b, *c;
};

static void piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    j->f(j->out + first, j->a + first, j->b + first, j->c + first, count);
}

MCD_CPU_RUN(mcd_cpu_map)
{
    (void)run, (void)error;
    const float *x = mcd_floats(&step->in[0]);
    struct job j = {functions[step->attr.u.map.function], mcd_floats(&step->out), x, x, x};
    mcd_cpu_split(state, mcd_tensor_count(&step->out), GRAIN, piece, &j);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_map_dx)
{
    (void)run, (void)error;
    struct job j = {gradients[step->attr.u.map.function], mcd_floats(&step->out),
                    mcd_floats(&step->in[0]), mcd_floats(&step->in[1]), mcd_floats(&step->in[2])};
    mcd_cpu_split(state, mcd_tensor_count(&step->out), GRAIN, piece, &j);
    return MCD_OK;
}

struct affine {
    float *y;
    const float *x;
    float scale, shift;
};

static MCD_CLONES void affine(float *y, const float *x, float scale, float shift, int64_t n)
{
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++)
        y[i] = scale * x[i] + shift;
}

void mcd_affine_piece(const struct mcd_attr *attr, float *y, const float *x, int64_t n)
{
    affine(y, x, (float)attr->u.affine.scale, (float)attr->u.affine.shift, n);
}

static void affine_piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct affine *a = arg;
    (void)worker;
    affine(a->y + first, a->x + first, a->scale, a->shift, count);
}

MCD_CPU_RUN(mcd_cpu_affine)
{
    (void)run, (void)error;
    struct affine a = {mcd_floats(&step->out), mcd_floats(&step->in[0]),
                       (float)step->attr.u.affine.scale, (float)step->attr.u.affine.shift};
    mcd_cpu_split(state, mcd_tensor_count(&step->out), GRAIN, affine_piece, &a);
    return MCD_OK;
}
