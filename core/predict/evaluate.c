/* Weight averaging: forward passes without noise, gathered into one array. */
#include "core/predict/evaluate.h"

#include "core/base/error.h"
#include "core/base/reals.h"
#include "core/predict/geometry.h"

#include <mcdrop/moments.h>

struct gather {
    const struct mcd_network *network;
    double *output;
};

static int gather(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    const struct gather *g = arg;
    const struct mcd_network *n = g->network;
    mcd_reals_copy(g->output + b->first_row * n->outputs, MCD_F64, b->samples, n->store->type,
                   (size_t)(b->rows * n->outputs));
    (void)error;
    return MCD_OK;
}

int mcd_average(const struct mcd_network *network, const float *x, int64_t rows, double *output,
                const volatile sig_atomic_t *stop, struct mcd_error *error)
{
    struct mcd_forward f = {
        .network = network, .x = x, .rows = rows, .block_count = 1, .sink = gather, .stop = stop};
    struct gather g = {network, output};
    f.arg = &g;
    mcd_forward_geometry(&f);
    return mcd_forward_run(&f, error);
}

double mcd_outputs_score(const struct mcd_network *network, const struct mcd_examples *test,
                         const double *output)
{
    int64_t k = network->outputs;
    double sum = 0;
    if (network->recipe.task == MCD_CLASSIFY) {
        for (int64_t i = 0; i < test->rows; i++)
            sum += mcd_largest(output + i * k, k) != test->label[i];
        return sum;
    }
    for (int64_t i = 0; i < test->rows * k; i++)
        sum += (output[i] - test->target[i]) * (output[i] - test->target[i]);
    return sum / (double)(test->rows * k);
}

int mcd_evaluate(const struct mcd_network *network, const struct mcd_examples *test, double *score,
                 const volatile sig_atomic_t *stop, struct mcd_error *error)
{
    const struct mcd_host *host = network->host;
    double *output = host->alloc(host, (size_t)(test->rows * network->outputs) * sizeof *output);
    if (!output)
        return mcd_fail(error, MCD_NOMEM, "evaluation", "out of memory");
    int status = mcd_average(network, test->x, test->rows, output, stop, error);
    if (!status)
        *score = mcd_outputs_score(network, test, output);
    host->release(host, output);
    return status;
}
