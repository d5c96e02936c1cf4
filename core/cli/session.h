/*
 * A session: a network with everything it runs with, as the options ask for.
 *
 * Three steps, because each needs the one before: the model's recipe names the data, the data's
 * shape makes the network. Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "core/cli/options.h"
#include "core/io/dataset.h"
#include "core/network/frame.h"
#include "core/network/network.h"
#include "core/train/checkpoint_meta.h"

/* Initialise with {0}; mcd_session_close in any case. */
struct mcd_session {
    struct mcd_options options; /* backend and seed settled */
    struct mcd_host *host;
    struct mcd_safetensors file;      /* of options.weights */
    struct mcd_checkpoint_meta saved; /* what that file says of itself */
    char *spec;                       /* of the model: --model, completed from the file */
    struct mcd_item *model, *backend, *sampler;
    struct mcd_recipe recipe; /* the model's */
    const char *data_name;    /* the data set in use, as a user would name it */
    char *data_choice;        /* owns data_name where it comes from a list */
    char *data_full;          /* data_name as files of weights have it */
    const char *labels;       /* the file of answers in use, or NULL */
    char *labels_full;
    struct mcd_network *network;

    /* Regression: see prepare.h. */
    struct mcd_columns asked; /* of --target */
    struct mcd_frame frame;   /* of the training; valid if has_frame */
    int has_frame;
    char *frame_data;    /* the data set that it is of, its name in full; NULL: not known */
    uint64_t frame_seed; /* decides which rows were held out */
    int64_t fitted_rows; /* trained on in this session, with this decay; 0: it does not train */
    double fitted_decay;
};

/*
 * Host, weights file, model, backend, sampler.
 *
 * `earlier`, which may be NULL, is where a run like this one may have left its weights. If they
 * are of this model, what the user does not say is as it was then: data, seed, training. They are
 * not loaded. Ignored where the options name weights.
 */
int mcd_session_open(struct mcd_session *, const struct mcd_options *options, const char *earlier);

/*
 * Inputs and answers: of --grid, --input, --data, the data that the weights were trained on, or the
 * first of the recipe's that is found; the first --rows of them; in regression those held out, or
 * the others, in the network's units. Says in the log which ones.
 */
int mcd_session_read(struct mcd_session *, enum mcd_split split, struct mcd_dataset *dataset);

/* The network for rows like those of the data set, with the weights if there are any. */
int mcd_session_build(struct mcd_session *, struct mcd_dataset *dataset);

/* Answers must be there and suit the network, or a model with its own posterior: one a row. */
int mcd_session_check_answers(const struct mcd_session *, struct mcd_dataset *dataset);

void mcd_session_close(struct mcd_session *);

#endif
