/*
 * Checks of what records itself, layers and models; each is one of struct mcd_check. The lists are
 * in layer.c and model.c.
 */
#ifndef CORE_CHECK_RECORDERS_H
#define CORE_CHECK_RECORDERS_H

#include "core/check/check.h"

void mcd_check_shapes(struct mcd_checking *);      /* of layers */
void mcd_check_build(struct mcd_checking *);       /* of models */
void mcd_check_recording(struct mcd_checking *);   /* again and again, and without memory */
void mcd_check_names(struct mcd_checking *);       /* of parameters */
void mcd_check_gradient(struct mcd_checking *);    /* against finite differences */
void mcd_check_backends(struct mcd_checking *);    /* one against the other */
void mcd_check_determinism(struct mcd_checking *); /* the same bits again, on more threads */
void mcd_check_averaging(struct mcd_checking *);   /* weight averaging */
void mcd_check_single(struct mcd_checking *);      /* rows for themselves */

void mcd_check_learns(struct mcd_checking *);
void mcd_check_saved(struct mcd_checking *);
void mcd_check_fit(struct mcd_checking *); /* of models with a posterior of their own */
void mcd_check_draws(struct mcd_checking *);

#endif
