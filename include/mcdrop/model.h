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
    MCD_CLASSIFY = 1, /* outputs are logits [classes], labels are class numbers from 0; the loss is
                         the mean cross entropy (MCD_OP_XENT) */
    MCD_REGRESS       /* outputs are values, targets have the same shape; the loss is the mean
                         squared error (MCD_OP_MSE) */
};

/* The rules of MCD_OP_SGD and MCD_OP_ADAM; Adam's betas 0.9 and 0.999, epsilon 1e-8. */
enum mcd_optimiser { MCD_SGD = 1, MCD_ADAM };

/* Defaults of training; a user may override each but the task. Lives as long as the model. */
struct mcd_recipe {
    uint32_t size;
    uint32_t task;      /* enum mcd_task */
    const char *data;   /* data sets by name, in order of preference, separated by commas */
    uint32_t optimiser; /* enum mcd_optimiser */
    double rate, momentum, decay; /* none negative; decay: multiple of the weight added to its
                                     gradient; momentum: SGD alone */
    uint32_t batch;               /* rows of one update; 0: the whole training set */
    uint32_t epochs;
};

/* api of a MCD_MODEL plugin. Calls for one `self` do not overlap. */
struct mcd_model {
    uint32_t size;

    /*
     * Records the network on an input x with rows, of the data's own shape (an image may come as
     * [height, width]: reshape it), and returns its output, 0 on failure; g->fail says why, unless
     * an op has. The same parameters in the same order for either value of g->stochastic.
     */
    mcd_val (*build)(void *self, struct mcd_graph *g, mcd_val x);

    const struct mcd_recipe *(*recipe)(void *self); /* never NULL */
};

#ifdef __cplusplus
}
#endif
#endif
