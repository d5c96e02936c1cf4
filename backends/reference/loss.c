/*
 * Losses and their gradients: XENT and MSE. A label that is no class makes the loss and the row's
 * gradient NaN; the core checks labels before.
 */
#include "logits.h"
#include "ops.h"

static const char *xent_refuse(const struct mcd_step *step)
{
    const struct mcd_tensor *logits = &step->in[step->nin - 2], *label = &step->in[step->nin - 1];
    return rows_of(logits) != rows_of(label) ? "logits and labels with different numbers of rows"
                                             : NULL;
}

static int64_t label_of(const struct mcd_tensor *label, int64_t row)
{
    return ((const int32_t *)mcd_host_pointer(label))[row];
}

static void xent(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *x = &job->step->in[0];
    int64_t k = mcd_shape_count(&x->shape), rows = rows_of(x);
    double sum = 0;
    (void)first;
    (void)end;
    for (int64_t row = 0; row < rows; row++) {
        struct reals logits = row_of(x, row);
        struct logits l = logits_of(logits, k);
        int64_t label = label_of(&job->step->in[1], row);
        sum -= label >= 0 && label < k ? log_probability(&l, get(logits, label)) : NAN;
    }
    put(reals_of(&job->step->out), 0, sum / (double)rows);
}

static void xent_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *x = &job->step->in[1];
    int64_t k = mcd_shape_count(&x->shape);
    double scale = get(reals_of(&job->step->in[0]), 0) / (double)rows_of(x);
    for (int64_t row = first; row < end; row++) {
        struct reals logits = row_of(x, row), dx = row_of(&job->step->out, row);
        struct logits l = logits_of(logits, k);
        int64_t label = label_of(&job->step->in[2], row);
        for (int64_t j = 0; j < k; j++) {
            double p = label >= 0 && label < k ? probability(&l, get(logits, j)) : NAN;
            put(dx, j, scale * (p - (j == label)));
        }
    }
}

static const char *mse_refuse(const struct mcd_step *step)
{
    const struct mcd_tensor *a = &step->in[step->nin - 2], *b = &step->in[step->nin - 1];
    return rows_of(a) != rows_of(b) ? "operands with different numbers of rows" : NULL;
}

static void mse(const struct job *job, int64_t first, int64_t end)
{
    struct reals a = reals_of(&job->step->in[0]), b = reals_of(&job->step->in[1]);
    int64_t n = mcd_tensor_count(&job->step->in[0]);
    double sum = 0;
    (void)first;
    (void)end;
    for (int64_t i = 0; i < n; i++)
        sum += (get(a, i) - get(b, i)) * (get(a, i) - get(b, i));
    put(reals_of(&job->step->out), 0, sum / (double)n);
}

static void mse_dx(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *in = job->step->in;
    struct reals a = reals_of(&in[1]), b = reals_of(&in[2]), da = reals_of(&job->step->out);
    double scale = 2 * get(reals_of(&in[0]), 0) / (double)mcd_tensor_count(&in[1]);
    for (int64_t i = first; i < end; i++)
        put(da, i, scale * (get(a, i) - get(b, i)));
}

const struct op loss_ops[] = {
    {MCD_OP_XENT, "xent", xent_refuse, at_once, xent},
    {MCD_OP_XENT_DX, "xent_dx", xent_refuse, by_row, xent_dx},
    {MCD_OP_MSE, "mse", mse_refuse, at_once, mse},
    {MCD_OP_MSE_DX, "mse_dx", mse_refuse, by_element, mse_dx},
    {0, NULL, NULL, NULL, NULL},
};
