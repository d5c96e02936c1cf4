/* LINEAR and its gradients. Sums run in an order fixed by the shapes, in forms that vectorise. */
#include "ops.h"

enum { LANES = 8, COLUMNS = 256, ROWS = 16 };

/* Inlined with a constant `wide`, so that the loop has one type. */
__attribute__((always_inline)) static inline double dot_typed(const void *a, const void *b,
                                                              int64_t n, int wide)
{
    struct reals x = {(void *)(uintptr_t)a, wide}, y = {(void *)(uintptr_t)b, wide};
    double lane[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += get(x, i + k) * get(y, i + k);
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    for (; i < n; i++)
        sum += get(x, i) * get(y, i);
    return sum;
}

static double dot(struct reals a, struct reals b, int64_t n)
{
    return a.wide ? dot_typed(a.at, b.at, n, 1) : dot_typed(a.at, b.at, n, 0);
}

/* sum[0 .. n - 1] += factor * x[first ...] */
static void add_scaled(double *sum, double factor, struct reals x, int64_t first, int64_t n)
{
    if (x.wide)
        for (int64_t i = 0; i < n; i++)
            sum[i] += factor * ((const double *)x.at)[first + i];
    else
        for (int64_t i = 0; i < n; i++)
            sum[i] += factor * (double)((const float *)x.at)[first + i];
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static const char *linear_refuse(const struct mcd_step *step)
{
    if (step->in[1].rows || (step->nin == 3 && step->in[2].rows))
        return "weights with rows of their own";
    return NULL;
}

/* Blocks of rows, so that a row of weights is used several times once it is in the cache. */
static struct work linear_work(const struct mcd_step *step)
{
    struct work w = {(rows_of(&step->out) + ROWS - 1) / ROWS,
                     ROWS * mcd_shape_count(&step->in[1].shape)};
    return w;
}

static void linear(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    int64_t outputs = s->in[1].shape.dim[0], inputs = s->in[1].shape.dim[1];
    int64_t last = min_of(end * ROWS, rows_of(&s->out));
    for (int64_t block = first * ROWS; block < last; block += ROWS) {
        for (int64_t o = 0; o < outputs; o++) {
            struct reals w = reals_from(&s->in[1], o * inputs);
            double bias = s->nin == 3 ? get(reals_of(&s->in[2]), o) : 0;
            for (int64_t v = block; v < min_of(block + ROWS, last); v++)
                put(row_of(&s->out, v), o, dot(row_of(&s->in[0], v), w, inputs) + bias);
        }
    }
}

static const char *linear_dx_refuse(const struct mcd_step *step)
{
    return step->in[1].rows ? "weights with rows of their own" : NULL;
}

static struct work linear_dx_work(const struct mcd_step *step)
{
    struct work w = {rows_of(&step->out), mcd_shape_count(&step->in[1].shape)};
    return w;
}

static void linear_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    int64_t outputs = s->in[1].shape.dim[0], inputs = s->in[1].shape.dim[1];
    for (int64_t v = first; v < end; v++) {
        struct reals dy = row_of(&s->in[0], v), dx = row_of(&s->out, v);
        for (int64_t from = 0; from < inputs; from += COLUMNS) {
            double sum[COLUMNS] = {0};
            int64_t n = min_of(COLUMNS, inputs - from);
            for (int64_t o = 0; o < outputs; o++)
                add_scaled(sum, get(dy, o), reals_from(&s->in[1], o * inputs), from, n);
            for (int64_t i = 0; i < n; i++)
                put(dx, from + i, sum[i]);
        }
    }
}

static struct work linear_dw_work(const struct mcd_step *step)
{
    struct work w = {step->out.shape.dim[0], step->out.shape.dim[1] * rows_of(&step->in[0])};
    return w;
}

static void linear_dw(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    int64_t inputs = s->out.shape.dim[1], rows = rows_of(&s->in[0]);
    for (int64_t o = first; o < end; o++) {
        struct reals dw = reals_from(&s->out, o * inputs);
        for (int64_t from = 0; from < inputs; from += COLUMNS) {
            double sum[COLUMNS] = {0};
            int64_t n = min_of(COLUMNS, inputs - from);
            for (int64_t v = 0; v < rows; v++)
                add_scaled(sum, get(row_of(&s->in[0], v), o), row_of(&s->in[1], v), from, n);
            for (int64_t i = 0; i < n; i++)
                put(dw, from + i, sum[i]);
        }
    }
}

const struct op linear_ops[] = {
    {MCD_OP_LINEAR, "linear", linear_refuse, linear_work, linear},
    {MCD_OP_LINEAR_DX, "linear_dx", linear_dx_refuse, linear_dx_work, linear_dx},
    {MCD_OP_LINEAR_DW, "linear_dw", NULL, linear_dw_work, linear_dw},
    {0, NULL, NULL, NULL, NULL},
};
