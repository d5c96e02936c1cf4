/*
 * The metadata of a checkpoint: one JSON object that says what was trained on what ("run") and how
 * far it is ("state"). The only place that knows its form: it is read by the same rules whoever
 * asks.
 */
#ifndef CORE_CHECKPOINT_META_H
#define CORE_CHECKPOINT_META_H

#include "core/io/safetensors.h"
#include "core/train/train.h"

/* Key in a safetensors file. */
#define MCD_METADATA_KEY "mcdrop"

/* Texts are owned where they come from a file; for writing they may be borrowed. */
struct mcd_checkpoint_meta {
    int present;            /* 0: weights from elsewhere, which say nothing; all else is 0 */
    const char *model;      /* specification in full: "lenet:drop=0.5,classes=10,noise=\"\"" */
    const char *data;       /* a name or an absolute path, or NULL */
    const char *labels;     /* the absolute path of a file of answers, or NULL */
    const char *backend;    /* specification; another one goes on to other bits */
    struct mcd_shape input; /* of one row */
    int64_t rows;           /* trained on */
    uint32_t data_checksum; /* mcd_train_data_checksum */
    uint64_t seed;
    int sampled; /* draws of a model's own posterior: the rest up to the frame, wanted and the state
                    but for its seconds are 0 */
    struct mcd_update update;
    int64_t batch;
    int shuffle;
    uint32_t schedule;      /* enum mcd_rate_schedule */
    int has_frame;          /* it is a regression's */
    struct mcd_frame frame; /* what that was told of its data */
    uint64_t wanted;        /* epochs that there shall be */
    struct mcd_train_state state;
};

/*
 * What a file says of itself. Unknown keys are passed over; refused is whatever is missing, of a
 * wrong type or out of its range, a format other than 1, and a history that does not fit the number
 * of updates. Earlier versions knew no schedule, and kept paths as the user gave them: those are
 * taken from the working folder. `path` stands in messages. The caller clears `meta`, which is
 * zeroed on failure.
 */
int mcd_checkpoint_meta_read(const struct mcd_safetensors *file, const char *path,
                             struct mcd_checkpoint_meta *meta, struct mcd_error *error);
void mcd_checkpoint_meta_clear(struct mcd_checkpoint_meta *meta); /* harmless on zeros */

/* As JSON, to be freed; NULL for lack of memory. */
char *mcd_checkpoint_meta_text(const struct mcd_checkpoint_meta *meta);

/*
 * MCD_INVALID, with the first difference, unless all that `wanted` says of its run is the same; a
 * schedule is over all epochs, so that their number is part of it.
 */
int mcd_checkpoint_meta_same_run(const struct mcd_checkpoint_meta *found,
                                 const struct mcd_checkpoint_meta *wanted, const char *path,
                                 struct mcd_error *error);

#endif
