/*
 * Working plugins to start from: the examples under another name. They are compiled in, so that
 * they fit the program's own headers.
 */
#ifndef CLI_SKELETON_H
#define CLI_SKELETON_H

#include <mcdrop/error.h>

#include <stdio.h>

/* Longest name of a new plugin. */
enum { MCD_MAX_PLUGIN_NAME = 64 };

struct mcd_skeleton {
    const char *kind;          /* "layer", ... */
    const char *name;          /* the example's own, a word that nothing else in it is */
    const char *fill_in;       /* lines of the first comment: what is the author's to say and do */
    const char *const *source; /* lines of NAME.c, each with its newline; ends with NULL */
    const char *const *makefile;
};

/* NULL for a kind that there is not. */
const struct mcd_skeleton *mcd_skeleton_find(const char *kind);

/* Letters, digits and '_', not a digit first, up to MCD_MAX_PLUGIN_NAME. */
int mcd_skeleton_is_name(const char *name);

/*
 * Makes `folder` with NAME.c and Makefile in it: all of it or nothing. It must not be there yet, or
 * be empty; the folder around it must be there.
 */
int mcd_skeleton_write(const struct mcd_skeleton *, const char *name, const char *folder,
                       struct mcd_error *);

/* The commands that the source's first comment names, to be run in the folder, as lines. */
void mcd_skeleton_print_next(const struct mcd_skeleton *, const char *name, FILE *);

#endif
