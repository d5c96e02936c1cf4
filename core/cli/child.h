/*
 * A command of the program run in a process of its own: what it prints goes to a file, what it says
 * to a log, and whatever happens to it, the caller goes on.
 *
 * The child is forked, without exec, so the caller must have no threads. It ends when the caller
 * ends, however that comes about.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdio.h>

enum { MCD_CHILD_WORDS = 64 }; /* of a command, at most */

struct mcd_child {
    FILE *out;                                    /* its standard output; NULL: nowhere */
    const char *log;                              /* file for its standard error, appended to */
    const char *title;                            /* first line of the log: the command */
    void (*on_line)(void *arg, const char *line); /* of its standard error; NULL: nobody hears */
    void *arg;
    char last[240]; /* its last line, or "" */
};

/*
 * SIGINT and SIGTERM interrupt a child from now on, not the caller: mcd_child_interrupted says so.
 * From a terminal the child gets them itself; sent to the caller alone, they are passed on.
 */
void mcd_child_watch(void);
int mcd_child_interrupted(void);

/* Runs `mcdrop WORD ...`. *exit: its exit status, or minus the signal that ended it. */
int mcd_child_run(struct mcd_child *c, const char *const *word, size_t words, int *exit,
                  struct mcd_error *e);

#endif
