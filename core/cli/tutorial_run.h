/*
 * Running the tutorial's steps, one after the other: those that are done are skipped, one that was
 * interrupted goes on, one that fails stops only what needs it.
 */
#ifndef CLI_TUTORIAL_RUN_H
#define CLI_TUTORIAL_RUN_H

#include "core/tutorial/step.h"

/* Folders below the tutorial's own. Failures are printed; what comes back is an exit status. */
int mcd_tutorial_folders(const char *dir);

/*
 * Afterwards each step says how far it is. MCD_EXIT_OK also where steps failed; INTERRUPTED where
 * the user stopped it, DEVICE where the backend has none, which ends it.
 */
int mcd_tutorial_run(struct mcd_steps *s, const struct mcd_tutorial *t);

#endif
