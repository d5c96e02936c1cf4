/* Half-Cauchy priors on the parameters, seen in their logarithms, with the likelihood. */
#include "posterior.h"

#include <math.h>

/*
 * theta ~ HalfCauchy(s) has density 2 / (pi s (1 + (theta / s)^2)); with q = log theta and the
 * Jacobian theta this is 1 / (pi cosh(q - log s)): Gelman, Bayesian Analysis 1 (2006), for the
 * prior. Its log is -log pi - |u| - log1p(exp(-2 |u|)) + log 2, u = q - log s, which does not
 * overflow.
 */
double mcd_gp_prior_at(const struct mcd_gp_prior *prior, const double *q, double *grad)
{
    static const double LOG_2_OVER_PI = -0.45158270528945486473;
    double sum = 0;
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        double u = q[i] - log(prior->scale[i]);
        sum += LOG_2_OVER_PI - fabs(u) - log1p(exp(-2 * fabs(u)));
        grad[i] -= tanh(u);
    }
    return sum;
}

double mcd_gp_posterior_density(void *arg, const double *q, double *grad)
{
    struct mcd_gp_posterior *p = arg;
    double value;
    if (p->status || (p->go_on && !p->go_on(p->arg)))
        return -INFINITY;
    int status = mcd_gp_likelihood_at(p->likelihood, MCD_GP_AUTO, q, &value, grad, NULL);
    if (status == MCD_NOMEM)
        p->status = status;
    if (status)
        return -INFINITY;
    if (p->prior)
        value += mcd_gp_prior_at(p->prior, q, grad);
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        if (!isfinite(grad[i]))
            return -INFINITY;
    return isfinite(value) ? value : -INFINITY;
}
