/* The loop over updates and epochs, and when to save. */
#include "core/train/train.h"
#include "core/base/error.h"
#include "core/predict/evaluator.h"
#include "core/train/train_state.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { FIRST_AHEAD = 16 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct clock {
    double started; /* when `seconds` was 0 */
    double saved;   /* time of the last checkpoint */
    double settled; /* when no update was under way */
};

/* A run, with what outlives it in `state`. */
struct running {
    const struct mcd_train *train;
    struct mcd_trainer *trainer;
    struct mcd_evaluator *evaluator; /* from the first epoch's end on */
    struct mcd_train_state *state;
    struct clock clock;
    uint32_t most_ahead; /* updates that may be under way */
};

/* ---- how far updates run ahead of who reads their losses ------------------------------------ */

/* Waits for all updates, and adds up their losses. */
static int settle(struct running *r, struct mcd_error *error)
{
    const struct mcd_loss *loss;
    uint32_t count;
    int status = mcd_trainer_settle(r->trainer, &loss, &count, error);
    for (uint32_t i = 0; !status && i < count; i++) {
        if (!isfinite(loss[i].value))
            return mcd_fail(error, MCD_INVALID, "training",
                            "the loss of update %llu is %g: expected a finite number; a smaller "
                            "learning rate may help",
                            (unsigned long long)loss[i].update, loss[i].value);
        r->state->loss_sum += loss[i].value * loss[i].rows;
    }
    r->clock.settled = now();
    return status;
}

uint32_t mcd_train_ahead(uint32_t most, double seconds)
{
    static const double little = 0.1, much = 0.4;
    if (seconds < little && most < MCD_MOST_AHEAD)
        return 2 * most;
    return seconds > much && most > 1 ? most / 2 : most;
}

static int settle_and_adapt(struct running *r, struct mcd_error *error)
{
    double since = r->clock.settled;
    int status = settle(r, error);
    if (mcd_trainer_runs_ahead(r->trainer))
        r->most_ahead = mcd_train_ahead(r->most_ahead, r->clock.settled - since);
    return status;
}

/* ---- updates and epochs ---------------------------------------------------------------------- */

/* What is under way is done first: its losses belong to what is saved. */
static int save(struct running *r, struct mcd_error *error)
{
    const struct mcd_train *t = r->train;
    int status = settle(r, error);
    if (status || !t->checkpoint)
        return status;
    r->state->seconds = now() - r->clock.started;
    status = mcd_train_state_save(t, r->state, error);
    if (!status && t->history)
        status = mcd_train_history_save(t, r->state, t->history, error);
    r->clock.saved = r->clock.settled = now();
    return status;
}

static int stopped(const struct mcd_train *t)
{
    return t->stop && *t->stop;
}

static int score_tests(struct running *r, double *score, struct mcd_error *error)
{
    const struct mcd_train *t = r->train;
    int status = MCD_OK;
    if (!r->evaluator)
        status = mcd_evaluator_create(t->trainer.network, &t->test, &r->evaluator, error);
    return status ? status : mcd_evaluator_run(r->evaluator, score, t->stop, error);
}

/* Where the backend's memory is too small for both, the training data make room for the tests. */
static int evaluate(struct running *r, double *score, struct mcd_error *error)
{
    struct mcd_error e = {0}, no_room = {0};
    int status = score_tests(r, score, &e);
    int room = status == MCD_NOMEM ? mcd_trainer_make_room(r->trainer, &no_room) : MCD_UNSUPPORTED;
    if (room == MCD_OK) {
        e = (struct mcd_error){0};
        status = score_tests(r, score, &e);
    } else if (room != MCD_UNSUPPORTED) {
        status = room;
        e = no_room;
    }
    return status && status != MCD_STOPPED ? mcd_fail(error, status, e.where, "%s", e.text)
                                           : status;
}

/* MCD_STOPPED, without a text, if the evaluation was interrupted: it is done again later. */
static int finish_epoch(struct running *r, struct mcd_error *error)
{
    const struct mcd_train *t = r->train;
    struct mcd_train_state *s = r->state;
    int status = settle(r, error);
    struct mcd_epoch line = {.loss = s->loss_sum / (double)t->trainer.data.rows, .test = NAN};
    if (!status && t->test.rows)
        status = evaluate(r, &line.test, error);
    if (status)
        return status;
    line.seconds = now() - r->clock.started;
    struct mcd_epoch *longer = realloc(s->history, (s->epochs + 1) * sizeof *longer);
    if (!longer)
        return mcd_fail(error, MCD_NOMEM, "training", "out of memory");
    s->history = longer;
    s->history[s->epochs++] = line;
    s->loss_sum = 0;
    r->clock.settled = now(); /* an evaluation's time is not the updates' */
    if (t->on_epoch)
        t->on_epoch(t->arg, s->epochs, &line);
    return MCD_OK;
}

static int update(struct running *r, struct mcd_error *error)
{
    const struct mcd_train *t = r->train;
    struct mcd_train_state *s = r->state;
    int status = mcd_trainer_start(r->trainer, s->update, error);
    if (!status && mcd_trainer_ahead(r->trainer) == r->most_ahead)
        status = settle_and_adapt(r, error);
    if (status)
        return status;
    s->update++;
    if (t->on_update)
        t->on_update(t->arg, s->update, mcd_trainer_epoch_updates(r->trainer) * t->trainer.epochs);
    return MCD_OK;
}

/* Updates and epochs' ends in turn. An epoch is done once its line is written. */
static int loop(struct running *r, struct mcd_error *error)
{
    const struct mcd_train *t = r->train;
    struct mcd_train_state *s = r->state;
    uint64_t each = mcd_trainer_epoch_updates(r->trainer);
    while (s->epochs < t->trainer.epochs && !stopped(t)) {
        int complete = s->update == (s->epochs + 1) * each;
        int status = complete ? finish_epoch(r, error) : update(r, error);
        if (status == MCD_STOPPED)
            break;
        if (!status && t->checkpoint && now() - r->clock.saved >= t->interval)
            status = save(r, error);
        if (status)
            return status;
    }
    int status = save(r, error);
    if (!status && s->epochs < t->trainer.epochs)
        status =
            mcd_fail(error, MCD_STOPPED, "", "interrupted after %llu of %llu updates",
                     (unsigned long long)s->update, (unsigned long long)(each * t->trainer.epochs));
    return status;
}

int mcd_train_run(const struct mcd_train *t, struct mcd_train_state *state, struct mcd_error *error)
{
    struct running r = {.train = t, .state = state};
    int status = mcd_trainer_create(&t->trainer, &r.trainer, error);
    if (status)
        return status;
    double time = now();
    r.clock = (struct clock){.started = time - state->seconds, .saved = time, .settled = time};
    r.most_ahead = mcd_trainer_runs_ahead(r.trainer) ? FIRST_AHEAD : 1;
    status = loop(&r, error);
    mcd_evaluator_destroy(r.evaluator);
    mcd_trainer_destroy(r.trainer);
    return status;
}

void mcd_train_state_clear(struct mcd_train_state *s)
{
    free(s->history);
    *s = (struct mcd_train_state){0};
}
