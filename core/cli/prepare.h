/*
 * Data of a regression on their way to the network: which rows, in which units.
 *
 * Failures are printed by mcd_session_read, which this is a part of.
 */
#ifndef CLI_PREPARE_H
#define CLI_PREPARE_H

#include "core/cli/session.h"

/* What the reader shall take for answers; sets request->columns where there is such a choice. */
int mcd_prepare_request(struct mcd_session *s, enum mcd_split split,
                        struct mcd_dataset_request *request, struct mcd_error *e);

/* The inputs of --grid in the place of a data set. */
int mcd_prepare_grid(const struct mcd_session *s, struct mcd_dataset *d, struct mcd_error *e);

/*
 * Keeps the rows of this part, brings values to the network's units and to single precision (for a
 * model with its own posterior they stay in double), and keeps the answers as they were in `truth`.
 * The training part decides the session's frame, else it is the one of the weights. Does nothing
 * for a classifier.
 */
int mcd_prepare_rows(struct mcd_session *s, enum mcd_split split, struct mcd_dataset *d,
                     struct mcd_error *e);

#endif
