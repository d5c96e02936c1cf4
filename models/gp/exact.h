/* Answers without sampling, beside which the sampled ones can be held. */
#ifndef GP_EXACT_H
#define GP_EXACT_H

#include "laplace.h"
#include "problem.h"

/* The posterior as points with weights that add up to 1. */
struct mcd_quadrature {
    uint32_t dim;
    uint32_t count;
    double *q;           /* [count][dim] */
    double *weight;      /* [count] */
    double log_evidence; /* of the density as it is given, around this mode */
    double edge;         /* highest density on the edge, relative to the mode: what was cut off */
};

/*
 * Trapezoid rule around a mode, for up to three dimensions. target[host->workers]. For analytic
 * densities that fall off fast the rule converges faster than any power of its step (Trefethen &
 * Weideman, SIAM Review 56, 2014). On failure *out is zeroed; release it.
 */
int mcd_quadrature(const struct mcd_host *, const struct mcd_target *target,
                   const struct mcd_laplace *, struct mcd_quadrature *out, struct mcd_error *);
void mcd_quadrature_release(const struct mcd_host *, struct mcd_quadrature *);

/*
 * log_density[rows]: of each row given all the others at fixed parameters (Rasmussen & Williams
 * 2006, equations 5.10 to 5.12). Their sum is the leave-one-out log score.
 */
int mcd_gp_leave_one_out(const struct mcd_gp_problem *, const double *q, double *log_density,
                         struct mcd_error *);

#endif
