/*
 * A network: a model plugin on a backend, with its parameters.
 *
 * It records the model for whoever wants a plan and owns model, backend and store. Everything that
 * trains or predicts starts from here.
 */
#ifndef CORE_NETWORK_H
#define CORE_NETWORK_H

#include "core/graph/graph.h"
#include "core/graph/store.h"
#include "core/plugin/loader.h"

#include <mcdrop/model.h>

struct mcd_network {
    const struct mcd_host *host;
    struct mcd_item *backend, *model;
    struct mcd_store *store;
    struct mcd_recipe recipe;
    struct mcd_shape input; /* of one row of data */
    int64_t outputs;        /* elements of one row of output: classes, or values */
};

/* A recording of the network. */
struct mcd_recording {
    struct mcd_graph_core *graph;
    mcd_val x, y;  /* input and output */
    mcd_val order; /* of rows that are gathered; else 0 */
};

/* Tables of data that stay in a backend's memory, by index. */
enum { MCD_TABLE_X, MCD_TABLE_TARGET, MCD_TABLE_ORDER, MCD_TABLES };

/*
 * Opens a model and a backend ("lenet.so:drop=0.2", "openblas") for data of the given shape, with
 * initial values drawn from `seed`.
 */
int mcd_network_open(const struct mcd_host *host, const char *model, const char *backend,
                     const struct mcd_shape *input, uint64_t seed, struct mcd_network **network,
                     struct mcd_error *error);
void mcd_network_close(struct mcd_network *network); /* NULL is fine */

/* 1: the model is no network but brings its own posterior, with `fit` and `draw`. */
int mcd_model_has_fit(const struct mcd_item *model);

/* A model's recipe, checked: task and optimiser are known, texts are there, rates not negative. */
int mcd_model_recipe(const struct mcd_item *model, struct mcd_recipe *recipe,
                     struct mcd_error *error);

/*
 * Whether the model cannot be recorded for such rows because the specification of a layer is wrong,
 * which comes from the model's parameters ("mlp:noise=nonesuch") and not from the data.
 */
int mcd_model_misnames_layer(const struct mcd_host *host, const struct mcd_item *model,
                             const struct mcd_shape *input);

/* Records for prediction: with noise (stochastic 1) or as weight averaging (0). */
int mcd_network_record(const struct mcd_network *network, int stochastic,
                       struct mcd_recording *recording, struct mcd_error *error);

/*
 * As weight averaging, the input gathered from MCD_TABLE_X [rows, elements] by MCD_TABLE_ORDER
 * [places].
 */
int mcd_network_record_resident(const struct mcd_network *network, int64_t rows, int64_t places,
                                struct mcd_recording *recording, struct mcd_error *error);

/*
 * Records for updates on batches of `batch` rows, out of `rows` that are trained on. `resident` 1:
 * the input is gathered from MCD_TABLE_X [rows, elements] by MCD_TABLE_ORDER [rows].
 */
int mcd_network_record_training(const struct mcd_network *network, uint32_t batch, int64_t rows,
                                int resident, struct mcd_recording *recording,
                                struct mcd_error *error);

/*
 * MCD_INVALID, with the reason, if all passes of the network would be the same: their spread would
 * say "certain" where nothing was asked. The first looks at a recording with noise, the second
 * makes one.
 */
int mcd_recording_check_stochastic(const struct mcd_network *network,
                                   const struct mcd_recording *recording, struct mcd_error *error);
int mcd_network_check_stochastic(const struct mcd_network *network, struct mcd_error *error);

#endif
