/*
 * Domains of parameters: "[lo, hi)" for numbers, "first|second" for choices. See mcdrop/param.h.
 *
 * A domain is read anew for every question; one that cannot be read is its author's mistake.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include <stddef.h>
#include <stdint.h>

enum mcd_inside { MCD_DOMAIN_BROKEN = -1, MCD_OUTSIDE, MCD_INSIDE };

/* Whether a number lies in an interval; NULL is unrestricted. NaN lies in none. */
enum mcd_inside mcd_domain_has_int(const char *domain, int64_t x);
enum mcd_inside mcd_domain_has_real(const char *domain, double x);

/*
 * The least and the greatest value of an interval, -1 if it is broken or has none. A domain without
 * a bound ends where the type does. What is next to an excluded real number counts as its end.
 */
int mcd_domain_ints(const char *domain, int64_t *least, int64_t *greatest);
int mcd_domain_reals(const char *domain, double *least, double *greatest);

/* The index of a choice, counted from 0: -1 if there is none, -2 if the domain is broken. */
int mcd_domain_choice(const char *domain, const char *text);

/* The choice of that index, not terminated; NULL if there is none. */
const char *mcd_domain_nth(const char *domain, int index, size_t *length);

#endif
