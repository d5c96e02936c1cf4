/*
 * Stamps: what tells a later call that a step is done, or how far.
 *
 * A stamp holds the step's identity: its command, the checksums of the files that it reads, and
 * what its data set is. It is written before a step starts and again when its results are there;
 * other settings make another identity, and so the step is done anew.
 */
#ifndef CORE_TUTORIAL_STAMP_H
#define CORE_TUTORIAL_STAMP_H

#include "core/tutorial/step.h"

enum mcd_stamp {
    MCD_STAMP_NONE = 0, /* there is none of this identity */
    MCD_STAMP_STARTED,
    MCD_STAMP_DONE
};

/* Sums and size of a file's bytes, "SIZE-CRC32", into text. */
int mcd_stamp_of_file(const char *path, char text[64], struct mcd_error *e);

/*
 * The step's identity as text, to be freed. Its inputs must be there. NULL with the error recorded.
 */
char *mcd_stamp_identity(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                         struct mcd_error *e);

/*
 * What the folder knows of a step of this identity; DONE only where all its outputs exist. Fills in
 * seconds and is_bad. A damaged stamp is none.
 */
enum mcd_stamp mcd_stamp_read(struct mcd_step *step, const char *dir, const char *identity);

/* Atomic. With DONE, seconds and is_bad are the step's. */
int mcd_stamp_write(const struct mcd_step *step, const char *dir, const char *identity,
                    enum mcd_stamp state, struct mcd_error *e);

#endif
