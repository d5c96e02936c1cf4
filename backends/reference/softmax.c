/* SOFTMAX, LOGSOFTMAX and their gradients, over the last dimension. */
#include "logits.h"
#include "ops.h"

static int64_t classes_of(const struct mcd_shape *s)
{
    return s->rank ? s->dim[s->rank - 1] : 1;
}

/* By vector of the last dimension. */
static struct work by_vector(const struct mcd_step *step)
{
    int64_t classes = classes_of(&step->out.shape);
    struct work w = {classes ? mcd_tensor_count(&step->out) / classes : 0, 32 * classes};
    return w;
}

static void softmax(const struct job *job, int64_t first, int64_t end)
{
    int64_t k = classes_of(&job->step->out.shape);
    int logarithm = job->step->op == MCD_OP_LOGSOFTMAX;
    for (int64_t i = first; i < end; i++) {
        struct reals x = reals_from(&job->step->in[0], i * k),
                     y = reals_from(&job->step->out, i * k);
        struct logits l = logits_of(x, k);
        for (int64_t j = 0; j < k; j++) {
            double p = logarithm ? log_probability(&l, get(x, j)) : probability(&l, get(x, j));
            put(y, j, p);
        }
    }
}

static void softmax_dx(const struct job *job, int64_t first, int64_t end)
{
    int64_t k = classes_of(&job->step->out.shape);
    for (int64_t i = first; i < end; i++) {
        struct reals dy = reals_from(&job->step->in[0], i * k);
        struct reals y = reals_from(&job->step->in[1], i * k);
        double sum = 0;
        for (int64_t j = 0; j < k; j++)
            sum += get(dy, j) * get(y, j);
        for (int64_t j = 0; j < k; j++)
            put(reals_from(&job->step->out, i * k), j, get(y, j) * (get(dy, j) - sum));
    }
}

static void logsoftmax_dx(const struct job *job, int64_t first, int64_t end)
{
    int64_t k = classes_of(&job->step->out.shape);
    for (int64_t i = first; i < end; i++) {
        struct reals dy = reals_from(&job->step->in[0], i * k);
        struct reals y = reals_from(&job->step->in[1], i * k);
        double sum = 0;
        for (int64_t j = 0; j < k; j++)
            sum += get(dy, j);
        for (int64_t j = 0; j < k; j++)
            put(reals_from(&job->step->out, i * k), j, get(dy, j) - exp(get(y, j)) * sum);
    }
}

const struct op softmax_ops[] = {
    {MCD_OP_SOFTMAX, "softmax", NULL, by_vector, softmax},
    {MCD_OP_LOGSOFTMAX, "logsoftmax", NULL, by_vector, softmax},
    {MCD_OP_SOFTMAX_DX, "softmax_dx", NULL, by_vector, softmax_dx},
    {MCD_OP_LOGSOFTMAX_DX, "logsoftmax_dx", NULL, by_vector, logsoftmax_dx},
    {0, NULL, NULL, NULL, NULL},
};
