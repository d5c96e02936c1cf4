/* Where data sets lie: the folders that are looked in, in this order. */
#ifndef CORE_IO_PLACES_H
#define CORE_IO_PLACES_H

#include <mcdrop/error.h>

#include <stddef.h>

/*
 * Folders that may hold data set NAME, whether they exist or not:
 *
 *   ENTRY/NAME for each entry of the colon-separated MCDROP_DATA_PATH,
 *   $XDG_CACHE_HOME/mcdrop/NAME (~/.cache where that is not set to an absolute path),
 *   /usr/share/datasets/NAME, where Debian installs data sets,
 *   NAME in the installed data folder,
 *   data/NAME beside the program, as in its source tree.
 */
struct mcd_places {
    size_t count;
    char **folder; /* owned */
};

int mcd_places_list(struct mcd_places *p, const char *name, struct mcd_error *e);

/* "A, B, C", or "A, B and 3 more" or "5 folders" as far as `size` reaches. */
void mcd_places_join(const struct mcd_places *p, char *text, size_t size);

void mcd_places_clear(struct mcd_places *p);

#endif
