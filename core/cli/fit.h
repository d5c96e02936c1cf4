/*
 * Training as commands do it: data, settings, an output folder, progress, and the files that stay:
 * weights.safetensors (a checkpoint while it runs) and history.csv.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_FIT_H
#define CLI_FIT_H

#include "core/cli/folder.h"
#include "core/cli/progress.h"
#include "core/cli/session.h"
#include "core/train/train.h"

/* Initialise with {0}; mcd_fit_close in any case, before the session's. */
struct mcd_fit {
    struct mcd_session *session;
    const struct mcd_folder *folder;
    struct mcd_dataset data, test; /* test.x.data NULL: none */
    struct mcd_train train;
    struct mcd_train_state state;
    struct mcd_progress progress;
    char note[80]; /* the last epoch's result */
    double told;   /* of training's seconds, when one was last a line of the log */
};

/* Folder, data and network: everything that can fail before time is spent. */
int mcd_fit_open(struct mcd_fit *, struct mcd_session *session, struct mcd_folder *folder);

/*
 * Goes on from the folder's checkpoint. If it is of another run: fails where it `must` be of this
 * one, else sets it aside and starts anew.
 */
int mcd_fit_resume(struct mcd_fit *, int must);

int mcd_fit_is_complete(const struct mcd_fit *);

/* Trains until complete or stopped; either way the files are there. */
int mcd_fit_run(struct mcd_fit *);

void mcd_fit_close(struct mcd_fit *);

#endif
