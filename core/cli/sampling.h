/*
 * Training of models that bring their own posterior, for commands: draws into the output folder,
 * and what they say.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_SAMPLING_H
#define CLI_SAMPLING_H

#include "core/cli/folder.h"
#include "core/cli/session.h"
#include "core/network/draws.h"
#include "core/result/posterior.h"

/* Initialise with {0}; mcd_sampling_close in any case, before the session's. */
struct mcd_sampling {
    struct mcd_session *session;
    const struct mcd_folder *folder;
    struct mcd_dataset data;
    struct mcd_draws_file draws;
    struct mcd_posterior posterior;
    double seconds; /* that sampling took */
};

/* What becomes of weights that are in the folder already. */
enum mcd_earlier {
    MCD_EARLIER_MUST, /* they are to be of this run, and are kept */
    MCD_EARLIER_MAY,  /* kept if they are of this run, else set aside */
    MCD_EARLIER_NOT   /* set aside */
};

/*
 * Draws for the data that the options name, unless they are there, and what is known without
 * sampling; judges the posterior.
 */
int mcd_sampling_run(struct mcd_sampling *, struct mcd_session *, struct mcd_folder *,
                     enum mcd_earlier earlier);

/* Everything that is known of the posterior. MCD_EXIT_FAILURE where the verdict is bad. */
int mcd_sampling_print(const struct mcd_sampling *, enum mcd_format format);

void mcd_sampling_close(struct mcd_sampling *);

#endif
