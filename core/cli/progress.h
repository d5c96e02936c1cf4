/*
 * Progress of a long job on stderr: a bar with rate and time left on a terminal, elsewhere a line
 * every ten seconds. One job at a time, told by one thread.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

struct mcd_progress {
    const char *what, *unit; /* "training", "images"; not copied */
    uint64_t total, first;   /* `first` was done before this run: it does not count for the rate */
    double started, shown;   /* seconds of a clock that only goes forward */
    int is_terminal;
};

void mcd_progress_start(struct mcd_progress *, const char *what, const char *unit, uint64_t total,
                        uint64_t first);

/* Cheap enough for every step. `note` says more, such as the loss; NULL for nothing. */
void mcd_progress_update(struct mcd_progress *, uint64_t done, const char *note);

/*
 * The same for those who call back with `done` of `of` steps: `progress` is a struct mcd_progress
 * that was started with a total of 0.
 */
void mcd_progress_step(void *progress, uint64_t done, uint64_t of);

/* Removes the bar. */
void mcd_progress_end(struct mcd_progress *);

#endif
