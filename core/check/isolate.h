/*
 * A function run in a process of its own, so that whatever a plugin does there - crash, hang,
 * print, leave threads behind - is known and harms nobody. Knows nothing of plugins.
 */
#ifndef CORE_ISOLATE_H
#define CORE_ISOLATE_H

#include <mcdrop/error.h>

#include <stddef.h>

/* Times its limit of processor time that a function may take on the clock: machines are shared. */
enum { MCD_ISOLATE_PATIENCE = 4, MCD_DOING = 200 };

enum mcd_ending {
    MCD_RETURNED = 1, /* as it should */
    MCD_SIGNALLED,    /* by `code` */
    MCD_EXITED,       /* the function ended the process itself, with the status `code` */
    MCD_TIMED_OUT
};

struct mcd_isolated {
    enum mcd_ending ending;
    int code;
    uint32_t threads;      /* that were left when the function returned */
    size_t peak;           /* bytes: the most memory that the process had */
    char printed[200];     /* the first line on stdout or stderr, not printable bytes as '?' */
    char doing[MCD_DOING]; /* what the function said last that it was about to do, or "" */
};

/*
 * Runs f(arg) in a forked child for at most `limit` seconds of processor time, or
 * MCD_ISOLATE_PATIENCE times as many on the clock. Once f has returned, the `bytes` at
 * `arg`, which must hold no pointer to what f allocates, are the caller's too; else they are as
 * they were. The caller must have no threads. Fails (MCD_IO) only where no process is to be had.
 */
int mcd_isolate(void (*f)(void *arg), void *arg, size_t bytes, double limit,
                struct mcd_isolated *how, struct mcd_error *e);

/*
 * Says within such a function what comes next, for the case that it never returns. Does nothing
 * elsewhere.
 */
void mcd_isolate_doing(const char *what);

#endif
