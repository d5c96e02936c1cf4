/* A network and a few rows to learn: see lesson.h. */
#include "core/check/lesson.h"

#include "core/base/error.h"
#include "core/check/trial.h"
#include "core/predict/evaluate.h"
#include "core/train/trainer.h"

#include <math.h>
#include <stdlib.h>

/* Made-up tensors. */
enum { X = 300, TARGET };

static int make_rows(struct mcd_lesson *l, struct mcd_error *e)
{
    size_t width = (size_t)mcd_shape_count(&l->network->input);
    size_t outputs = (size_t)l->network->outputs;
    l->x = calloc(MCD_LESSON_ROWS * width, sizeof *l->x);
    l->target = calloc(MCD_LESSON_ROWS * outputs, sizeof *l->target);
    l->label = calloc(MCD_LESSON_ROWS, sizeof *l->label);
    l->output = calloc(MCD_LESSON_ROWS * outputs, sizeof *l->output);
    if (!l->x || !l->target || !l->label || !l->output)
        return mcd_fail(e, MCD_NOMEM, "lesson", "out of memory");
    for (size_t i = 0; i < MCD_LESSON_ROWS * width; i++)
        l->x[i] = (float)mcd_trial_value(X, i);
    for (size_t i = 0; i < MCD_LESSON_ROWS * outputs; i++)
        l->target[i] = (float)mcd_trial_value(TARGET, i);
    for (size_t i = 0; i < MCD_LESSON_ROWS; i++)
        l->label[i] = (int32_t)(i % outputs);
    int classify = l->network->recipe.task == MCD_CLASSIFY;
    l->data = (struct mcd_examples){MCD_LESSON_ROWS, l->x, classify ? l->label : NULL,
                                    classify ? NULL : l->target};
    return MCD_OK;
}

int mcd_lesson_open(struct mcd_lesson *l, const struct mcd_host *host, const char *model,
                    const struct mcd_shape *in, uint64_t seed, struct mcd_error *e)
{
    *l = (struct mcd_lesson){.seed = seed};
    int status = mcd_network_open(host, model, "reference", in, seed, &l->network, e);
    return status ? status : make_rows(l, e);
}

void mcd_lesson_close(struct mcd_lesson *l)
{
    mcd_network_close(l->network);
    free(l->x);
    free(l->target);
    free(l->label);
    free(l->output);
    *l = (struct mcd_lesson){0};
}

/* logsumexp(y) - y[label] */
static double cross_entropy(const double *y, int64_t n, int32_t label)
{
    double largest = y[0], sum = 0;
    for (int64_t k = 1; k < n; k++)
        largest = fmax(largest, y[k]);
    for (int64_t k = 0; k < n; k++)
        sum += exp(y[k] - largest);
    return largest + log(sum) - y[label];
}

int mcd_lesson_loss(struct mcd_lesson *l, double *loss, struct mcd_error *e)
{
    int64_t n = l->network->outputs;
    int status = mcd_average(l->network, l->x, MCD_LESSON_ROWS, l->output, NULL, e);
    *loss = 0;
    for (int64_t i = 0; !status && i < MCD_LESSON_ROWS; i++)
        if (l->data.label)
            *loss += cross_entropy(l->output + i * n, n, l->label[i]) / MCD_LESSON_ROWS;
    for (int64_t i = 0; !status && l->data.target && i < MCD_LESSON_ROWS * n; i++)
        *loss += pow(l->output[i] - (double)l->target[i], 2) / (double)(MCD_LESSON_ROWS * n);
    return status;
}

int mcd_lesson_train(struct mcd_lesson *l, double factor, uint32_t updates, struct mcd_error *e)
{
    const struct mcd_recipe *r = &l->network->recipe;
    struct mcd_trainer_spec spec = {
        .network = l->network,
        .data = l->data,
        .update = {r->optimiser, factor * r->rate, r->momentum, r->decay},
        .seed = l->seed,
    };
    struct mcd_trainer *trainer = NULL;
    double loss;
    uint32_t rows;
    int status = mcd_trainer_create(&spec, &trainer, e);
    for (uint64_t u = 0; !status && u < updates; u++)
        status = mcd_trainer_step(trainer, u, &loss, &rows, e);
    if (!status && !isfinite(loss))
        status = mcd_fail(e, MCD_INVALID, "training", "the loss of update %u is %g", updates, loss);
    mcd_trainer_destroy(trainer);
    return status;
}
