/*
 * Models: plugins that name layers and say how they are usually trained, or that bring a posterior
 * of their own with a way to draw from it.
 *
 * A model for regression whose parameter list has a whole number called `outputs` gets it from the
 * data where the user does not say it: as many as a row has answers. It is then part of the
 * model's specification, in results and in files of weights, like any other parameter.
 */
#ifndef MCDROP_MODEL_H
#define MCDROP_MODEL_H

#include <mcdrop/backend.h>
#include <mcdrop/chain.h>
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

/*
 * Defaults of training; a user may override each but the task. Lives as long as the model. A model
 * with its own `fit` has task, data and needs, and zeros else.
 */
struct mcd_recipe {
    uint32_t size;
    uint32_t task;      /* enum mcd_task */
    const char *data;   /* data sets by name, in order of preference, separated by commas */
    uint32_t optimiser; /* enum mcd_optimiser */
    double rate, momentum, decay; /* none negative; decay: multiple of the weight added to its
                                     gradient; momentum: SGD alone */
    uint32_t batch;               /* rows of one update; 0: the whole training set */
    uint32_t epochs;
    uint32_t needs; /* enum mcd_need, or-ed */
};

/* What a model may need of its backend, as bits of mcd_recipe.needs. */
enum mcd_need { MCD_NEEDS_LINALG = 1 /* mcd_backend.linalg */ };

/*
 * The rows that a model with its own `fit` is fitted to, in the units that the core brings values
 * to (standardised, unless the user says otherwise), and what it may use. Everything is the core's.
 */
struct mcd_fit_data {
    uint32_t size;
    int64_t rows, columns; /* at least 1 */
    const double *x;       /* [rows][columns], finite */
    const double *y;       /* [rows], finite */
    const struct mcd_backend *backend;
    void *backend_self;
    uint64_t seed;

    /*
     * To be asked often, from any thread, with how far the call is: `done` of `of` steps, both 0
     * where that is not known. 0: stop soon, and return MCD_STOPPED. Never NULL.
     */
    int (*go_on)(void *arg, uint64_t done, uint64_t of);
    void *arg;

    /* Of draws that `draw` and `path` get: their quantities, as a file says. Else 0 and NULL. */
    uint32_t dim;
    const char *const *names; /* [dim] */
};

/* Draws of a posterior, chain by chain. */
struct mcd_draws {
    uint32_t size;
    uint32_t chains, draws, dim; /* at least 1; at least 8 draws a chain */
    uint32_t max_depth;          /* largest `depth` that a transition may have; 0: none */
    const char *const *names;    /* [dim] of the quantities; live as long as the model */
    double *q;                   /* [chains][draws][dim], finite, as users know the quantities */
    struct mcd_transition *each; /* [chains][draws]; NULL: the sampler has no such reports */
};

/*
 * Takes one value that is known without sampling: method "quadrature", quantity "l" or "log
 * evidence", statistic "mean" or, where there is nothing to tell apart, NULL. Texts are copied. To
 * be called by the thread that called `exact`, before it returns.
 */
typedef void (*mcd_exact_teller)(void *arg, const char *method, const char *quantity,
                                 const char *statistic, double value);

/*
 * api of a MCD_MODEL plugin. Calls for one `self` do not overlap. A model has `build`, or it has
 * `fit` and `draw`.
 */
struct mcd_model {
    uint32_t size;

    /*
     * Records the network on an input x with rows, of the data's own shape (an image may come as
     * [height, width]: reshape it), and returns its output, 0 on failure; g->fail says why, unless
     * an op has. The same parameters in the same order for any g->stochastic and g->batch.
     */
    mcd_val (*build)(void *self, struct mcd_graph *g, mcd_val x);

    const struct mcd_recipe *(*recipe)(void *self); /* never NULL */

    /* The rest is of models that bring their own posterior; regression of one answer a row. */

    /*
     * Fills in the draws, which come zeroed but for `size`: q and each are made by host->alloc and
     * belong to the core on success; on failure nothing is left. The same data and seed give the
     * same draws, bit by bit, for any number of threads.
     */
    int (*fit)(void *self, const struct mcd_fit_data *, struct mcd_draws *, struct mcd_error *);

    /*
     * What each of `passes` draws q[passes][dim] predicts at x[points][columns]: a Gaussian of
     * mean[passes][points], variance[passes][points] of the function, and noise[passes], the
     * variance of an observation about it. In closed form, not a sample: the core mixes them. Draws
     * come from a file that may be anybody's: look at data->dim first, as q has so many columns,
     * and values may be any finite ones. MCD_INVALID where they make no sense.
     */
    int (*draw)(void *self, const struct mcd_fit_data *, int64_t points, const double *x,
                uint32_t passes, const double *q, double *mean, double *variance, double *noise,
                struct mcd_error *);

    /*
     * The function itself at all points together, one random path of it for each draw:
     * value[passes][points], without noise. Random numbers follow from data->seed and the passes'
     * numbers first, first + 1, ... NULL where the model has no such thing.
     */
    int (*path)(void *self, const struct mcd_fit_data *, int64_t points, const double *x,
                uint64_t first, uint32_t passes, const double *q, double *value,
                struct mcd_error *);

    /*
     * Tells what is known without sampling, for users to compare; NULL if there is nothing. The
     * draws are saved before; after an interrupt it is asked again, by a `self` that has not fitted.
     */
    int (*exact)(void *self, const struct mcd_fit_data *, mcd_exact_teller tell, void *arg,
                 struct mcd_error *);
};

#ifdef __cplusplus
}
#endif
#endif
