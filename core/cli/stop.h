/*
 * Ctrl-C and kill: the first one asks to finish the step and save, a second one ends the program.
 * While nothing is computed yet the first one ends it.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <signal.h>

/* 1 once the user wants to stop; what the core polls. */
extern volatile sig_atomic_t mcd_stop;

/*
 * From now on this holds for SIGINT and SIGTERM; a file that may not grow is an error of writing.
 */
void mcd_stop_install(void);

/* There are steps now, and files to be finished: the signals ask. */
void mcd_stop_begin(void);

#endif
