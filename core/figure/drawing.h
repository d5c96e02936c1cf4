/*
 * A figure on its way to files: data, a script for gnuplot, and the pictures that it draws.
 *
 * OUT.dat (or OUT-NAME.dat, where there are several) holds the numbers, OUT.gp the script; both say
 * what they are. `gnuplot OUT.gp`, run in their folder, draws OUT.svg and OUT.png. Everything
 * appears whole or not at all. Writing never fails to its caller: the first failure is kept, and
 * mcd_drawing_finish reports it.
 */
#ifndef CORE_FIGURE_DRAWING_H
#define CORE_FIGURE_DRAWING_H

#include "core/io/file.h"

#include <mcdrop/error.h>

enum { MCD_DRAWING_FILES = 12 };

struct mcd_drawing {
    const char *out;   /* path without an ending */
    const char *title; /* what a screen reader says */
    int width, height; /* of the picture in pixels; the PNG has twice as many */
    struct mcd_output data, script;
    int status; /* the first failure, which is in `error` */
    struct mcd_error error;
    size_t files; /* what has been written */
    char *file[MCD_DRAWING_FILES];
    char missing[200]; /* why there are no pictures; "" where there are */
};

/* Begins the script with names, colours and the style that figures share. */
void mcd_drawing_open(struct mcd_drawing *d, const char *out, const char *title, int width,
                      int height);

/*
 * Begins OUT.dat, or OUT-NAME.dat, and ends the data file before. In the script it is called
 * `data`, or `data_NAME`.
 */
void mcd_drawing_data(struct mcd_drawing *d, const char *name);

/* Text for the data file and for the script. Numbers are written as the C locale has them. */
void mcd_drawing_put(struct mcd_drawing *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mcd_drawing_say(struct mcd_drawing *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What is said from here on is drawn, once for each picture. Nothing a user wrote belongs there. */
void mcd_drawing_begin(struct mcd_drawing *d);

/* Where the next plot's frame is, in pixels from the upper left corner of the picture. */
void mcd_drawing_place(struct mcd_drawing *d, double left, double top, double width, double height);

/*
 * Ends the files, draws, and returns the first failure. Data and script stay where drawing fails.
 */
int mcd_drawing_finish(struct mcd_drawing *d, struct mcd_error *e);

/* Frees, and throws away what is not finished. Harmless on zeros. */
void mcd_drawing_clear(struct mcd_drawing *d);

#endif
