/*
 * Models: plugins that name layers and say how they are usually trained.
 *
 * A model for regression whose parameter list has a whole number called `outputs` gets it from the
 * data where the user does not say it: as many as a row has answers. It is then part of the
 * model's specification, in results and in files of weights, like any other parameter.
 */
#ifndef MCDROP_MODEL_H
#define MCDROP_MODEL_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mcd_task {
    MCD_CLASSIFY = 1, /* outputs are logits [classes], labels are class numbers; cross entropy */
    MCD_REGRESS       /* outputs are values, targets have the same shape; mean squared error */
};
enum mcd_optimiser { MCD_SGD = 1, MCD_ADAM };

/* Defaults of training; a user may override each. Lives as long as the model. */
struct mcd_recipe {
    uint32_t size;
    uint32_t task;      /* enum mcd_task */
    const char *data;   /* data sets by name, in order of preference, separated by commas */
    uint32_t optimiser; /* enum mcd_optimiser */
    double rate, momentum, decay; /* decay: multiple of the weight added to its gradient */
    uint32_t batch;               /* rows of one update; 0: the whole training set */
    uint32_t epochs;
};

/* api of a MCD_MODEL plugin */
struct mcd_model {
    uint32_t size;
    /* Records the network on an input of the data's own shape and returns its output. */
    mcd_val (*build)(void *self, struct mcd_graph *g, mcd_val x);
    const struct mcd_recipe *(*recipe)(void *self);
};

#ifdef __cplusplus
}
#endif
#endif
