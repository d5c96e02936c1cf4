/* SGD and ADAM: every parameter with its slots in one pass over memory. */
#include "clones.h"
#include "ops.h"

#include <math.h>

enum { GRAIN = 1 << 15 /* elements */ };

struct job {
    float *w, *m, *v; /* m: velocity or first moment */
    const float *dw;
    float rate, decay, momentum, epsilon, scale;
    float beta[2], rest[2]; /* rest: 1 - beta, taken in double */
};

static MCD_CLONES void sgd(float *w, const float *dw, const struct job *j, int64_t n)
{
    const float rate = j->rate, decay = j->decay;
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++)
        w[i] -= rate * (dw[i] + decay * w[i]);
}

static MCD_CLONES void sgd_momentum(float *w, float *velocity, const float *dw, const struct job *j,
                                    int64_t n)
{
    const float rate = j->rate, decay = j->decay, momentum = j->momentum;
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++) {
        float v = momentum * velocity[i] + (dw[i] + decay * w[i]);
        velocity[i] = v;
        w[i] -= rate * v;
    }
}

/* `rate` is divided by 1 - beta1^t, `scale` is 1 / sqrt(1 - beta2^t). */
static MCD_CLONES void adam(float *w, float *first, float *second, const float *dw,
                            const struct job *j, int64_t n)
{
    const float rate = j->rate, decay = j->decay, epsilon = j->epsilon, scale = j->scale;
    const float beta1 = j->beta[0], beta2 = j->beta[1], rest1 = j->rest[0], rest2 = j->rest[1];
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++) {
        float g = dw[i] + decay * w[i];
        float m = beta1 * first[i] + rest1 * g;
        float v = beta2 * second[i] + rest2 * (g * g);
        first[i] = m;
        second[i] = v;
        w[i] -= rate * m / (sqrtf(v) * scale + epsilon);
    }
}

static void sgd_piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    if (j->m)
        sgd_momentum(j->w + first, j->m + first, j->dw + first, j, count);
    else
        sgd(j->w + first, j->dw + first, j, count);
}

static void adam_piece(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    adam(j->w + first, j->m + first, j->v + first, j->dw + first, j, count);
}

MCD_CPU_RUN(mcd_cpu_sgd)
{
    const struct mcd_attr_sgd *a = &step->attr.u.sgd;
    struct job j = {.w = mcd_floats(&step->out),
                    .dw = mcd_floats(&step->in[1]),
                    .m = step->nin > 2 ? mcd_floats(&step->in[2]) : NULL,
                    .rate = (float)mcd_step_rate(step, run, a->rate),
                    .decay = (float)a->decay,
                    .momentum = (float)a->momentum};
    (void)error;
    mcd_cpu_split(state, mcd_tensor_count(&step->out), GRAIN, sgd_piece, &j);
    mcd_cpu_changed(state, &step->out);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_adam)
{
    const struct mcd_attr_adam *a = &step->attr.u.adam;
    double t = (double)run->update + 1, rate = mcd_step_rate(step, run, a->rate);
    struct job j = {.w = mcd_floats(&step->out),
                    .dw = mcd_floats(&step->in[1]),
                    .m = mcd_floats(&step->in[2]),
                    .v = mcd_floats(&step->in[3]),
                    .rate = (float)(rate / (1 - pow(a->beta1, t))),
                    .decay = (float)a->decay,
                    .beta = {(float)a->beta1, (float)a->beta2},
                    .rest = {(float)(1 - a->beta1), (float)(1 - a->beta2)},
                    .epsilon = (float)a->epsilon,
                    .scale = (float)(1 / sqrt(1 - pow(a->beta2, t)))};
    (void)error;
    mcd_cpu_split(state, mcd_tensor_count(&step->out), GRAIN, adam_piece, &j);
    mcd_cpu_changed(state, &step->out);
    return MCD_OK;
}
