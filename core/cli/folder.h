/* The output folder of a run: --out, or ./mcdrop-MODEL, and the files in it. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "core/cli/options.h"

struct mcd_folder {
    char path[3800];
    char weights[4096]; /* weights.safetensors: a checkpoint while training runs */
    char aside[4096];   /* weights.safetensors~: those of the run before */
    char history[4096]; /* history.csv */
    char result[4096];  /* result.json */
};

/* Only the names. Failures are printed; what comes back is an exit status. */
int mcd_folder_name(struct mcd_folder *, const struct mcd_options *options);

/* Makes the folder if need be, and finds out now rather than after hours whether it is writable. */
int mcd_folder_make(const struct mcd_folder *);

/*
 * Keeps the weights of an earlier run under `aside`, until they are replaced also where they are.
 */
int mcd_folder_set_aside(const struct mcd_folder *);

#endif
