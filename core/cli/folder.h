/* The output folder of a run: --out, or ./mcdrop-MODEL, and the files in it. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "core/cli/options.h"

struct mcd_folder {
    char path[3800];
    char weights[4096]; /* weights.safetensors: a checkpoint while training runs */
    char history[4096]; /* history.csv */
    char result[4096];  /* result.json */
    int is_new;         /* mcd_folder_make made it */
};

/* Only the names. Failures are printed; what comes back is an exit status. */
int mcd_folder_name(struct mcd_folder *, const struct mcd_options *options);

/*
 * Makes the folder if need be, finds out now rather than after hours whether it is writable, and
 * keeps other programs of this kind from writing there until this one ends, however it ends.
 */
int mcd_folder_make(struct mcd_folder *);

/* After a failure: a folder that was made for nothing goes. */
void mcd_folder_unmake(const struct mcd_folder *);

/*
 * Keeps the files of an earlier run as NAME~N~, N the first number that is free for all of them.
 * Weights and history are also where they were until they are replaced.
 */
int mcd_folder_set_aside(const struct mcd_folder *);

/* Around writing result.json: an earlier one is kept as NAME~N~ unless it is the same. */
struct mcd_folder_result {
    char kept[4160]; /* "": there was none */
};

int mcd_folder_keep_result(const struct mcd_folder *, struct mcd_folder_result *);
void mcd_folder_settle_result(const struct mcd_folder *, const struct mcd_folder_result *);

#endif
