/* The checks of samplers, one a file; core/check/sampler.c lists them. */
#ifndef CORE_SAMPLER_CHECKS_H
#define CORE_SAMPLER_CHECKS_H

#include "core/check/check.h"

void mcd_sampler_check_fields(struct mcd_checking *);
void mcd_sampler_check_law(struct mcd_checking *);
void mcd_sampler_check_independence(struct mcd_checking *);
void mcd_sampler_check_groups(struct mcd_checking *);
void mcd_sampler_check_replay(struct mcd_checking *);
void mcd_sampler_check_split(struct mcd_checking *);
void mcd_sampler_check_errors(struct mcd_checking *);

#endif
