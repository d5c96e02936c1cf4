/*
 * mcdrop as a library: open a trained network, predict with uncertainty, close.
 *
 *     struct mcd_predictor_options o = {
 *         .size = sizeof o,
 *         .model = "mlp",
 *         .weights = "mlp.safetensors",
 *         .input = mcd_shape2(28, 28),
 *     };
 *     struct mcd_prediction out = {.size = sizeof out, .probability_mean = mean};
 *     struct mcd_predictor *p;
 *     if (mcd_predictor_open(&o, &p, &error) == MCD_OK)
 *         mcd_predictor_run(p, x, rows, &out, &error);
 *     mcd_predictor_close(p);
 *
 * Link with `pkg-config --cflags --libs mcdrop`. One handle is for one thread at a time; several
 * handles may be used from several threads at once. Nothing is printed and no signal is touched.
 * examples/embed/embed.c is a whole program.
 *
 * Functions that can fail return an enum mcd_status and say why in *error, which the caller
 * initialises with {0} before each call, because the first failure stays; a NULL error gives the
 * status alone. Both structs begin with their size as the caller was compiled with it: later
 * versions only append members, and zeros in these ask for what there was before.
 */
#ifndef MCDROP_MCDROP_H
#define MCDROP_MCDROP_H

#include <mcdrop/error.h>
#include <mcdrop/plugin.h>
#include <mcdrop/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mcd_predictor;

/* Most passes of one prediction. */
#define MCD_MAX_PASSES ((uint64_t)1 << 25)

/*
 * What to open. Zeros and NULL ask for the defaults named. Nothing is kept of it: texts may go
 * when mcd_predictor_open returns.
 *
 * A plugin is found by its name in MCDROP_PLUGIN_PATH and then where mcdrop was installed, or is a
 * file if there is a slash in it.
 */
struct mcd_predictor_options {
    uint32_t size;    /* sizeof(struct mcd_predictor_options) */
    uint32_t threads; /* 0: one for each CPU the process may use */

    /*
     * model: plugin and its parameters, "lenet", "mlp:hidden=800x800"; those left out are the
     * plugin's defaults, not those that the weights were trained with. weights: safetensors file
     * with every parameter of that model in its shape. A model whose parameters have other names or
     * shapes than the file's is refused; what changes none, such as the probability of dropping a
     * unit, is as `model` says, whatever the file was trained with.
     */
    const char *model;
    const char *weights;

    const char *backend;    /* "openblas", "reference:precision=f64"; NULL: reference */
    const char *sampler;    /* "bernoulli:scope=pass"; NULL: bernoulli */
    struct mcd_shape input; /* of one row; at most 2^31 - 1 elements */
    uint64_t passes;        /* stochastic passes of one prediction, to MCD_MAX_PASSES; 0: 1000 */
    uint64_t seed;          /* the same seed drops the same units, on every backend */
};

/*
 * One prediction: which rows, and where it is written. Each array is the caller's, row-major, and
 * may be NULL if it is not wanted. K is mcd_predictor_outputs. Names are those of the JSON that
 * `mcdrop predict` prints.
 *
 * Means are over the passes, standard deviations (_std) have divisor passes - 1, a standard error
 * (_mcse) says how far the figure may be from that of infinitely many passes. Entropies are in
 * nats. NaN stands for what is undefined: standard deviations of one pass, standard errors of less
 * than two groups of passes.
 */
struct mcd_prediction {
    uint32_t size; /* sizeof(struct mcd_prediction) */

    /*
     * Number of the first row: row i of x is row first_row + i, and draws the masks of that number.
     * So rows that come one by one, numbered 0, 1, ..., get the answers of a single call up to
     * rounding. With one number for all they would share their masks, which makes their answers
     * dependent. first_row + rows is at most 2^32.
     */
    uint64_t first_row;

    /* Of any model: logits, or values. With `deterministic` alone no passes are made. */
    double *deterministic;                          /* [rows][K] without dropout */
    double *output_mean, *output_std, *output_mcse; /* [rows][K] */

    /*
     * Of classifiers alone: with one of them a regression is refused. `entropy` is that of one
     * pass, its mean the expected entropy; mutual information is predictive - expected entropy,
     * never negative: what the passes disagree about. The variation ratio is the share of passes
     * that do not vote for the commonest class; a pass votes for its largest logit, the first of
     * equals.
     */
    double *probability_mean, *probability_std, *probability_mcse; /* [rows][K] softmax of a pass */
    double *entropy_mean, *entropy_std, *entropy_mcse;             /* [rows] */
    double *predictive_entropy, *predictive_entropy_mcse;          /* [rows] of probability_mean */
    double *mutual_information, *mutual_information_mcse;          /* [rows] */
    double *variation_ratio, *variation_ratio_mcse;                /* [rows] */
    int64_t *votes;                                                /* [rows][K] passes */

    /*
     * Of regressions alone: with it a classifier is refused. [K] standard deviation of an answer
     * around what the network says, as training found it; NaN if the weights do not say. The
     * standard deviation of a new answer is hypot(output_std, noise_std).
     */
    double *noise_std;
};

/*
 * Opens plugins and weights and starts the threads. On success *predictor is the caller's, to be
 * closed; on failure it is NULL. Returns
 *
 *     MCD_INVALID      an option, a plugin's name or parameter is wrong, or the weights do not fit
 *     MCD_IO           the weights cannot be read
 *     MCD_UNSUPPORTED  a file is not a plugin that this mcdrop can use, the backend lacks an op of
 *                      the model, or `options` uses members that this mcdrop does not know
 *     MCD_DEVICE       there is no such backend, its libraries or its device are missing
 *     MCD_NOMEM        no memory, or no more threads
 */
MCD_EXPORT int mcd_predictor_open(const struct mcd_predictor_options *options,
                                  struct mcd_predictor **predictor, struct mcd_error *error);

/* Ends the handle's threads and frees everything of it. NULL is fine. */
MCD_EXPORT void mcd_predictor_close(struct mcd_predictor *predictor);

/* K: outputs of one row, classes or values. */
MCD_EXPORT int64_t mcd_predictor_outputs(const struct mcd_predictor *predictor);

/*
 * Predicts `rows` rows, 1 to 2^31 - 1, x [rows][elements of options.input], every number finite and
 * prepared as for training (images of MNIST: divided by 255). Values of a regression, in x as in
 * the answers, are in the user's units: weights that mcdrop trained on standardised values say how
 * these are scaled. The answer for a row depends on the row's values and its number, up to rounding
 * on nothing else; the same call gives the same bits for any number of threads.
 *
 * Waits until all is done. Returns
 *
 *     MCD_INVALID      the request or a number in x is wrong, the model has nothing stochastic in
 *                      it but more than `deterministic` is wanted, an output is not finite, or the
 *                      sampler cannot serve the model's noise
 *     MCD_UNSUPPORTED  backend or sampler cannot do what the model asks of it, or `prediction` uses
 *                      members that this mcdrop does not know
 *     MCD_NOMEM        no memory
 *     MCD_DEVICE       the device failed
 *
 * After a failure the arrays may be written in part: they hold nothing of use. The handle is as
 * before and can be used again.
 */
MCD_EXPORT int mcd_predictor_run(struct mcd_predictor *predictor, const float *x, int64_t rows,
                                 const struct mcd_prediction *prediction, struct mcd_error *error);

/* Version of the library that runs, "0.1.0": a constant text, never freed. */
MCD_EXPORT const char *mcd_version(void);

#ifdef __cplusplus
}
#endif
#endif
