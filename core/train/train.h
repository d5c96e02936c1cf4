/*
 * Training from start to end: epochs, the test score after each, checkpoints by time, stopping and
 * resuming.
 */
#ifndef CORE_TRAIN_H
#define CORE_TRAIN_H

#include "core/network/frame.h"
#include "core/train/trainer.h"

#include <signal.h>

/* One line of the history. */
struct mcd_epoch {
    double loss;    /* mean over the epoch's rows, each before its update */
    double test;    /* mcd_evaluate after the epoch; NaN without a test set */
    double seconds; /* since training started, pauses between sessions left out */
};

/* Everything but tensors that a run needs to go on. Initialise with {0}; mcd_train_state_clear. */
struct mcd_train_state {
    uint64_t update; /* updates done */
    double loss_sum; /* over the rows of the epoch that is under way */
    double seconds;  /* spent so far */
    uint64_t epochs; /* complete: lines of history */
    struct mcd_epoch *history;
};

void mcd_train_state_clear(struct mcd_train_state *state);

struct mcd_train {
    struct mcd_trainer_spec trainer;
    struct mcd_examples test;      /* rows 0: none */
    const char *data;              /* its name or full path, kept in the checkpoint */
    const char *labels;            /* of a file of answers, so too; or NULL */
    uint32_t data_checksum;        /* mcd_train_data_checksum */
    const struct mcd_frame *frame; /* of a regression: kept in the checkpoint; or NULL */

    const char *checkpoint; /* path, or NULL; written at the end, when stopped, and by time */
    const char *history;    /* path, or NULL; written with each checkpoint */
    double interval;        /* seconds between checkpoints by time */
    const volatile sig_atomic_t *stop; /* once not 0: finish the update, save, MCD_STOPPED */

    /* Both may be NULL. */
    void (*on_update)(void *arg, uint64_t update, uint64_t of);
    void (*on_epoch)(void *arg, uint64_t epoch, const struct mcd_epoch *line);
    void *arg;
};

/* Continues from `state` (zeros: from the start) and leaves it as far as it got. */
int mcd_train_run(const struct mcd_train *train, struct mcd_train_state *state,
                  struct mcd_error *error);

/*
 * Restores network and state from a checkpoint of the same run. Whatever would change the result -
 * model, data, seed, batch, optimiser, schedule - must be as it was; the number of epochs may
 * differ where the rate is constant.
 */
int mcd_train_resume(const struct mcd_train *train, struct mcd_train_state *state,
                     struct mcd_error *error);

/*
 * How many updates may be under way when as many as until now took so many seconds: a device should
 * not have to wait for the host, nor whoever presses Ctrl-C for the device. A power of two, at most
 * MCD_MOST_AHEAD.
 */
uint32_t mcd_train_ahead(uint32_t most, double seconds);

/* The history as CSV: epoch, loss, test_errors (or test_mse), seconds. Atomic. */
int mcd_train_history_save(const struct mcd_train *train, const struct mcd_train_state *state,
                           const char *path, struct mcd_error *error);

#endif
