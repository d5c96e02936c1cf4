/* Paths that files of weights keep: in full, so that they lead there from any folder. */
#ifndef CORE_FULL_PATH_H
#define CORE_FULL_PATH_H

#include <mcdrop/error.h>

/*
 * The absolute path, links resolved, of what is there; as it is where nothing is. *full is to be
 * freed; NULL, which is no failure, for a NULL.
 */
int mcd_full_path(const char *path, char **full, struct mcd_error *e);

/* The end of an absolute path that leads there from the working folder; else all of it. */
const char *mcd_short_path(const char *path);

#endif
