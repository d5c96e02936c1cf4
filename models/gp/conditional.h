/*
 * Prediction at new inputs given parameters, in closed form.
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

enum { MCD_GP_PIECE = 8 }; /* draws that a thread takes at a time */

/*
 * The same for every draw of log parameters q[count][MCD_GP_PARAMS], side by side:
 * mean[count][points], variance[count][points]. The problem's go_on is asked before each.
 */
int mcd_gp_predict_draws(const struct mcd_gp_problem *, const struct mcd_gp_points *,
                         uint32_t count, const double *q, double *mean, double *variance,
                         struct mcd_error *);

/*
 * A joint path of each without noise, path[count][points]; draw k has the random numbers of
 * first + k.
 */
int mcd_gp_path_draws(const struct mcd_gp_problem *, const struct mcd_gp_points *, uint64_t seed,
                      uint64_t first, uint32_t count, const double *q, double *path,
                      struct mcd_error *);

#endif
