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
 * examples/embed.c is a whole program.
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

/* What to open. Texts are read during the call only. Zeros and NULL ask for the defaults named. */
struct mcd_predictor_options {
    uint32_t size;          /* sizeof(struct mcd_predictor_options) */
    uint32_t threads;       /* 0: one for each CPU the process may use */
    const char *model;      /* "lenet", "mlp:hidden=800x800": plugin and its parameters */
    const char *weights;    /* safetensors file with every parameter of the model */
    const char *backend;    /* "openblas", "reference:precision=f64"; NULL: reference */
    const char *sampler;    /* "bernoulli:scope=pass"; NULL: bernoulli */
    struct mcd_shape input; /* of one row */
    uint64_t passes;        /* stochastic passes of one prediction; 0: 1000 */
    uint64_t seed;          /* the same seed drops the same units, on every backend */
};

/*
 * Where a prediction is written. Each array is the caller's, row-major, and may be NULL if it is
 * not wanted. K is mcd_predictor_outputs. Means are over the passes, standard deviations have
 * divisor passes - 1, a standard error (mcse) says how far the mean may be from that of infinitely
 * many passes. Entropies are in nats. For regression models only `output_*` and `average` may be
 * wanted: the others are refused. Where `average` alone is wanted, no passes are made.
 */
struct mcd_prediction {
    uint32_t size;                                 /* sizeof(struct mcd_prediction) */
    double *average;                               /* [rows][K] without dropout */
    double *output_mean, *output_sd, *output_mcse; /* [rows][K] logits, or values */
    double *probability_mean, *probability_sd,
        *probability_mcse;      /* [rows][K] softmax of each pass */
    double *predictive_entropy; /* [rows] entropy of probability_mean */
    double *expected_entropy;   /* [rows] mean of the passes' entropies */
    double *mutual_information; /* [rows] predictive - expected: what the passes disagree about */
    double *variation_ratio; /* [rows] share of passes that do not vote for the commonest class */
    int64_t *votes;          /* [rows][K] passes in which the class had the largest logit */
};

/* On failure *predictor is NULL. */
MCD_EXPORT int mcd_predictor_open(const struct mcd_predictor_options *options,
                                  struct mcd_predictor **predictor, struct mcd_error *error);

/* NULL is fine. */
MCD_EXPORT void mcd_predictor_close(struct mcd_predictor *predictor);

/* Outputs of one row: classes, or values. */
MCD_EXPORT int64_t mcd_predictor_outputs(const struct mcd_predictor *predictor);

/*
 * Predicts `rows` rows, x [rows][elements of options.input], every number finite. The answer for a
 * row depends on the row's number (which gives it its masks) but not on the other rows' values.
 * After a failure the arrays hold nothing of use and the handle is as before. A network in which
 * nothing is stochastic is refused unless `average` alone is wanted.
 */
MCD_EXPORT int mcd_predictor_run(struct mcd_predictor *predictor, const float *x, int64_t rows,
                                 struct mcd_prediction *prediction, struct mcd_error *error);

/* "0.1.0" */
MCD_EXPORT const char *mcd_version(void);

#ifdef __cplusplus
}
#endif
#endif
