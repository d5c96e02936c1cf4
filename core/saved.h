/* What a file of weights says of itself: the run that made it, as its metadata tells. */
#ifndef CORE_SAVED_H
#define CORE_SAVED_H

#include "frame.h"
#include "gradient.h"
#include "io/safetensors.h"

#include <mcdrop/plugin.h>
#include <mcdrop/tensor.h>

/* What the file does not say is NULL or 0: weights from elsewhere say nothing. */
struct mcd_saved {
    char *model;            /* specification in full: "lenet:drop=0.5,classes=10,noise=\"\"" */
    char *data;             /* as the user named it */
    char *backend;          /* specification; another one goes on to other bits */
    struct mcd_shape input; /* of one row */
    int64_t rows;           /* trained on */
    int has_seed;
    uint64_t seed;
    uint64_t epochs, wanted;  /* complete ones, and how many there shall be */
    struct mcd_update update; /* optimiser 0: not said */
    int64_t batch;
    int shuffle;
    int has_frame;          /* it is a regression's */
    struct mcd_frame frame; /* what that was told of its data */
};

/* Refuses mcdrop's own metadata when it is damaged. The caller clears `saved`. */
int mcd_saved_read(const struct mcd_host *host, const struct mcd_safetensors *file,
                   const char *path, struct mcd_saved *saved, struct mcd_error *error);

void mcd_saved_clear(const struct mcd_host *host, struct mcd_saved *saved);

#endif
