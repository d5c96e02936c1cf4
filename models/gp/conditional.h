/*
 * Prediction at new inputs: given parameters in closed form, and mixed over draws of them.
 */
#ifndef GP_CONDITIONAL_H
#define GP_CONDITIONAL_H

#include "problem.h"
#include "stream.h"

/* Inputs x[points][columns], borrowed. */
struct mcd_gp_points {
    int64_t count;
    const double *x;
};

/* Scratch memory of one thread. Problem and points are borrowed. */
struct mcd_gp_predictor;

int mcd_gp_predictor_create(const struct mcd_gp_problem *, const struct mcd_gp_points *,
                            struct mcd_gp_predictor **out, struct mcd_error *);
void mcd_gp_predictor_destroy(struct mcd_gp_predictor *); /* NULL is fine */

/*
 * mean[points] and variance[points] of the latent function given log parameters q. A variance that
 * rounding makes negative is 0. MCD_INVALID where the covariance is not positive definite.
 */
int mcd_gp_predictor_at(struct mcd_gp_predictor *, enum mcd_gp_path, const double *q, double *mean,
                        double *variance, struct mcd_error *);

/*
 * A joint path of the latent function at all points given q, path[points]; `noise` adds
 * observation noise. The points' covariance is factored as far as it is not rounding: see
 * conditional.c.
 */
int mcd_gp_predictor_path(struct mcd_gp_predictor *, const double *q, int noise,
                          struct mcd_stream *, double *path, struct mcd_error *);

/*
 * Draws to mix: q[count][MCD_GP_PARAMS], with equal weights, or with `weight` that adds up to 1.
 * `batches` consecutive, equally long pieces give the Monte-Carlo errors: for chains a multiple of
 * their number, so that no piece has two; at most 1 for no errors. `go_on` is asked before every
 * draw, from any thread: 0 ends it all with MCD_STOPPED; NULL goes on.
 */
struct mcd_gp_draws {
    uint32_t count, batches;
    const double *q, *weight;
    int (*go_on)(void *arg);
    void *arg;
};

/* What a mixture says at one point; errors are standard errors of the field before. */
struct mcd_gp_prediction {
    double mean, mean_error;
    double latent_sd, latent_sd_error; /* of the function */
    double sd, sd_error;               /* of an observation: with noise */
};

/* out[points]; the same bits for any number of threads. */
int mcd_gp_mix(const struct mcd_gp_problem *, const struct mcd_gp_points *,
               const struct mcd_gp_draws *, struct mcd_gp_prediction *out, struct mcd_error *);

#endif
