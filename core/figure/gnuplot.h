/* gnuplot as a program that is run: no shell, no input, a limit of time. */
#ifndef CORE_FIGURE_GNUPLOT_H
#define CORE_FIGURE_GNUPLOT_H

#include <mcdrop/error.h>

/* Longest that a figure may take; one takes a second or two. */
enum { MCD_GNUPLOT_SECONDS = 120 };

/*
 * Runs `gnuplot -d -e SETTINGS SCRIPT` in `folder`. MCDROP_GNUPLOT may name another program. Where
 * there is none, *missing is 1, which is no failure. An exit status other than 0, a signal, or more
 * than `seconds` is MCD_IO with what gnuplot said.
 */
int mcd_gnuplot_run(const char *folder, const char *settings, const char *script, int seconds,
                    int *missing, struct mcd_error *e);

/* The program that is looked for. */
const char *mcd_gnuplot_program(void);

#endif
