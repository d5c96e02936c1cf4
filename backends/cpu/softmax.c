/* SOFTMAX and LOGSOFTMAX over the last dimension, with their gradients. */
#include "softmax.h"
#include "elementary.h"
#include "ops.h"

enum { GRAIN = 4096 /* elements */, BLOCK = 256 };

struct job {
    float *out;
    const float *a, *b;
    int64_t k; /* extent of the last dimension */
};

static float largest(const float *x, int64_t k)
{
    float m = x[0];
    for (int64_t i = 1; i < k; i++)
        m = x[i] > m ? x[i] : m;
    return m;
}

static MCD_CLONES void exp_less(float *y, const float *x, float less, int64_t n)
{
    MCD_ELEMENTWISE
    for (int64_t i = 0; i < n; i++)
        y[i] = mcd_exp(x[i] - less);
}

static double sum(const float *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += (double)x[i];
    return s;
}

void mcd_softmax_line(float *y, const float *x, int64_t k, double total)
{
    exp_less(y, x, largest(x, k), k);
    float scale = (float)(total / sum(y, k));
    for (int64_t i = 0; i < k; i++)
        y[i] *= scale;
}

double mcd_log_sum_exp(const float *x, int64_t k)
{
    float y[BLOCK], top = largest(x, k);
    double s = 0;
    for (int64_t i = 0; i < k; i += BLOCK) {
        int64_t n = k - i < BLOCK ? k - i : BLOCK;
        exp_less(y, x + i, top, n);
        s += sum(y, n);
    }
    return (double)top + log(s);
}

static void softmax(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t line = first; line < first + count; line++)
        mcd_softmax_line(j->out + line * j->k, j->a + line * j->k, j->k, 1);
}

static void logsoftmax(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t line = first; line < first + count; line++) {
        const float *x = j->a + line * j->k;
        float *y = j->out + line * j->k;
        double all = mcd_log_sum_exp(x, j->k);
        for (int64_t i = 0; i < j->k; i++)
            y[i] = (float)((double)x[i] - all);
    }
}

/* dx = y (dy - sum(dy y)) */
static void softmax_dx(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t line = first; line < first + count; line++) {
        const float *dy = j->a + line * j->k, *y = j->b + line * j->k;
        float *dx = j->out + line * j->k;
        double s = 0;
        for (int64_t i = 0; i < j->k; i++)
            s += (double)dy[i] * (double)y[i];
        for (int64_t i = 0; i < j->k; i++)
            dx[i] = y[i] * (dy[i] - (float)s);
    }
}

/* dx = dy - e^y sum(dy) */
static void logsoftmax_dx(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t line = first; line < first + count; line++) {
        const float *dy = j->a + line * j->k, *y = j->b + line * j->k;
        float *dx = j->out + line * j->k, s = (float)sum(dy, j->k);
        exp_less(dx, y, 0, j->k);
        for (int64_t i = 0; i < j->k; i++)
            dx[i] = dy[i] - dx[i] * s;
    }
}

static void compute(const struct mcd_cpu *cpu, const struct mcd_step *step,
                    void (*f)(void *, int64_t, int64_t, uint32_t))
{
    const struct mcd_shape *s = &step->out.shape;
    const float *a = mcd_floats(&step->in[0]), *b = step->nin > 1 ? mcd_floats(&step->in[1]) : a;
    struct job j = {mcd_floats(&step->out), a, b, s->rank ? s->dim[s->rank - 1] : 1};
    mcd_cpu_split(cpu, mcd_tensor_count(&step->out) / j.k, GRAIN / j.k, f, &j);
}

MCD_CPU_RUN(mcd_cpu_softmax)
{
    (void)run, (void)error;
    compute(state, step, softmax);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_logsoftmax)
{
    (void)run, (void)error;
    compute(state, step, logsoftmax);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_softmax_dx)
{
    (void)run, (void)error;
    compute(state, step, softmax_dx);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_logsoftmax_dx)
{
    (void)run, (void)error;
    compute(state, step, logsoftmax_dx);
    return MCD_OK;
}
