/* Quantiles of distributions, to about 14 digits. */
#ifndef CORE_SPECIAL_H
#define CORE_SPECIAL_H

/* Standard normal: P(Z <= z) = p for p in (0, 1). */
double mcd_normal_quantile(double p);

/* P(X <= x) for X ~ Beta(a, b), and its inverse; a, b > 0. */
double mcd_beta_probability(double x, double a, double b);
double mcd_beta_quantile(double p, double a, double b);

/* Student's distribution: P(|T| >= t), and the t >= 0 of which that is p; degrees > 0. */
double mcd_student_two_sided(double t, double degrees);
double mcd_student_quantile(double p, double degrees);

#endif
