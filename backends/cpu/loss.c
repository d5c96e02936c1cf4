/* XENT and MSE with their gradients: means over all rows, summed in double in row order. */
#include "ops.h"
#include "softmax.h"

enum { GRAIN = 4096 /* elements */ };

struct job {
    float *out;
    const float *a, *b;
    const int32_t *label;
    int64_t k;              /* elements of a row */
    int64_t step_a, step_b; /* from row to row: k, or 0 for a value without rows */
    double *partial;        /* one number a row, in the workspace */
    double factor;          /* of a gradient */
};

static double mean_of(const double *partial, int64_t rows, int64_t elements)
{
    double s = 0;
    for (int64_t i = 0; i < rows; i++)
        s += partial[i];
    return s / ((double)rows * (double)elements);
}

static int64_t row_step(const struct mcd_tensor *t)
{
    return t->rows ? mcd_shape_count(&t->shape) : 0;
}

static void xent(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t row = first; row < first + count; row++) {
        const float *x = j->a + row * j->k;
        j->partial[row] = mcd_log_sum_exp(x, j->k) - (double)x[j->label[row]];
    }
}

/* dlogits = factor (softmax - one-hot) */
static void xent_dx(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t row = first; row < first + count; row++) {
        float *dx = j->out + row * j->k;
        mcd_softmax_line(dx, j->a + row * j->k, j->k, j->factor);
        dx[j->label[row]] -= (float)j->factor;
    }
}

/* A label outside 0 .. classes - 1 would index outside the row: refused before anything is read. */
static int check_labels(const struct mcd_cpu *cpu, const struct mcd_tensor *logits,
                        const struct mcd_tensor *label, struct mcd_error *error)
{
    const int32_t *l = mcd_host_pointer(label);
    int64_t classes = mcd_shape_count(&logits->shape);
    for (int64_t i = 0; i < mcd_rows(logits); i++)
        if (l[i] < 0 || l[i] >= classes)
            return cpu->host->fail(error, MCD_INVALID, "xent", "label %d: expected 0 to %lld", l[i],
                                   (long long)classes - 1);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_xent)
{
    const struct mcd_tensor *logits = &step->in[0], *label = &step->in[1];
    struct job j = {.a = mcd_floats(logits),
                    .label = mcd_host_pointer(label),
                    .k = mcd_shape_count(&logits->shape),
                    .partial = mcd_host_pointer(&step->workspace)};
    (void)run;
    int status = check_labels(state, logits, label, error);
    if (status)
        return status;
    mcd_cpu_split(state, mcd_rows(logits), GRAIN / j.k, xent, &j);
    *mcd_floats(&step->out) = (float)mean_of(j.partial, mcd_rows(logits), 1);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_xent_dx)
{
    const struct mcd_tensor *dy = &step->in[0], *logits = &step->in[1], *label = &step->in[2];
    struct job j = {.out = mcd_floats(&step->out),
                    .a = mcd_floats(logits),
                    .label = mcd_host_pointer(label),
                    .k = mcd_shape_count(&logits->shape),
                    .factor = (double)*mcd_floats(dy) / (double)mcd_rows(logits)};
    (void)run;
    int status = check_labels(state, logits, label, error);
    if (status)
        return status;
    mcd_cpu_split(state, mcd_rows(logits), GRAIN / j.k, xent_dx, &j);
    return MCD_OK;
}

static void mse(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t row = first; row < first + count; row++) {
        const float *a = j->a + row * j->step_a, *b = j->b + row * j->step_b;
        double s = 0;
        for (int64_t i = 0; i < j->k; i++) {
            double d = (double)a[i] - (double)b[i];
            s += d * d;
        }
        j->partial[row] = s;
    }
}

static void mse_dx(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    (void)worker;
    for (int64_t row = first; row < first + count; row++) {
        const float *a = j->a + row * j->step_a, *b = j->b + row * j->step_b;
        float *da = j->out + row * j->k;
        for (int64_t i = 0; i < j->k; i++)
            da[i] = (float)j->factor * (a[i] - b[i]);
    }
}

MCD_CPU_RUN(mcd_cpu_mse)
{
    const struct mcd_tensor *a = &step->in[0], *b = &step->in[1];
    int64_t rows = mcd_rows(a) > mcd_rows(b) ? mcd_rows(a) : mcd_rows(b);
    struct job j = {.a = mcd_floats(a),
                    .b = mcd_floats(b),
                    .k = mcd_shape_count(&a->shape),
                    .step_a = row_step(a),
                    .step_b = row_step(b),
                    .partial = mcd_host_pointer(&step->workspace)};
    (void)run, (void)error;
    mcd_cpu_split(state, rows, GRAIN / j.k, mse, &j);
    *mcd_floats(&step->out) = (float)mean_of(j.partial, rows, j.k);
    return MCD_OK;
}

MCD_CPU_RUN(mcd_cpu_mse_dx)
{
    const struct mcd_tensor *dy = &step->in[0], *a = &step->in[1], *b = &step->in[2];
    int64_t rows = mcd_rows(&step->out), k = mcd_shape_count(&step->out.shape);
    struct job j = {.out = mcd_floats(&step->out),
                    .a = mcd_floats(a),
                    .b = mcd_floats(b),
                    .k = k,
                    .step_a = row_step(a),
                    .step_b = row_step(b),
                    .factor = 2 * (double)*mcd_floats(dy) / ((double)rows * (double)k)};
    (void)run, (void)error;
    mcd_cpu_split(state, rows, GRAIN / k, mse_dx, &j);
    return MCD_OK;
}
