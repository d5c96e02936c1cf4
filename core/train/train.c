/* The loop over updates and epochs, and when to save. */
#include "core/train/train.h"
#include "core/base/error.h"
#include "core/predict/evaluate.h"
#include "core/train/train_state.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct clock {
    double started; /* when `seconds` was 0 */
    double saved;   /* time of the last checkpoint */
};

static int save(const struct mcd_train *t, struct mcd_train_state *s, struct clock *clock,
                struct mcd_error *error)
{
    if (!t->checkpoint)
        return MCD_OK;
    s->seconds = now() - clock->started;
    int status = mcd_train_state_save(t, s, error);
    if (!status && t->history)
        status = mcd_train_history_save(t, s, t->history, error);
    clock->saved = now();
    return status;
}

static int stopped(const struct mcd_train *t)
{
    return t->stop && *t->stop;
}

/* MCD_STOPPED, without a text, if the evaluation was interrupted: it is done again later. */
static int finish_epoch(const struct mcd_train *t, struct mcd_train_state *s, struct clock *clock,
                        struct mcd_error *error)
{
    struct mcd_epoch line = {.loss = s->loss_sum / (double)t->trainer.data.rows, .test = NAN};
    if (t->test.rows) {
        struct mcd_error e = {0};
        int status = mcd_evaluate(t->trainer.network, &t->test, &line.test, t->stop, &e);
        if (status)
            return status == MCD_STOPPED ? status : mcd_fail(error, status, e.where, "%s", e.text);
    }
    line.seconds = now() - clock->started;
    struct mcd_epoch *longer = realloc(s->history, (s->epochs + 1) * sizeof *longer);
    if (!longer)
        return mcd_fail(error, MCD_NOMEM, "training", "out of memory");
    s->history = longer;
    s->history[s->epochs++] = line;
    s->loss_sum = 0;
    if (t->on_epoch)
        t->on_epoch(t->arg, s->epochs, &line);
    return MCD_OK;
}

static int update(const struct mcd_train *t, struct mcd_trainer *trainer, struct mcd_train_state *s,
                  struct mcd_error *error)
{
    double loss;
    uint32_t rows;
    int status = mcd_trainer_step(trainer, s->update, &loss, &rows, error);
    if (status)
        return status;
    if (!isfinite(loss))
        return mcd_fail(error, MCD_INVALID, "training",
                        "the loss of update %llu is %g: expected a finite number; a smaller "
                        "learning rate may help",
                        (unsigned long long)s->update, loss);
    s->loss_sum += loss * rows;
    s->update++;
    if (t->on_update)
        t->on_update(t->arg, s->update, mcd_trainer_epoch_updates(trainer) * t->epochs);
    return MCD_OK;
}

/* Updates and epochs' ends in turn. An epoch is done once its line is written. */
static int loop(const struct mcd_train *t, struct mcd_trainer *trainer, struct mcd_train_state *s,
                struct mcd_error *error)
{
    struct clock clock = {now() - s->seconds, now()};
    uint64_t each = mcd_trainer_epoch_updates(trainer);
    while (s->epochs < t->epochs && !stopped(t)) {
        int complete = s->update == (s->epochs + 1) * each;
        int status = complete ? finish_epoch(t, s, &clock, error) : update(t, trainer, s, error);
        if (status == MCD_STOPPED)
            break;
        if (!status && now() - clock.saved >= t->interval)
            status = save(t, s, &clock, error);
        if (status)
            return status;
    }
    int status = save(t, s, &clock, error);
    if (!status && s->epochs < t->epochs)
        status = mcd_fail(error, MCD_STOPPED, "", "interrupted after %llu of %llu updates",
                          (unsigned long long)s->update, (unsigned long long)(each * t->epochs));
    return status;
}

int mcd_train_run(const struct mcd_train *t, struct mcd_train_state *state, struct mcd_error *error)
{
    struct mcd_trainer *trainer;
    int status = mcd_trainer_create(&t->trainer, &trainer, error);
    if (status)
        return status;
    status = loop(t, trainer, state, error);
    mcd_trainer_destroy(trainer);
    return status;
}

void mcd_train_state_clear(struct mcd_train_state *s)
{
    free(s->history);
    *s = (struct mcd_train_state){0};
}
