/* The checks of backends, one idea a file; core/check/backend.c lists them. */
#ifndef CORE_BACKEND_CHECKS_H
#define CORE_BACKEND_CHECKS_H

#include "core/check/check.h"

void mcd_backend_check_claims(struct mcd_checking *);
void mcd_backend_check_refusals(struct mcd_checking *);
void mcd_backend_check_memory(struct mcd_checking *);
void mcd_backend_check_ops(struct mcd_checking *);
void mcd_backend_check_extremes(struct mcd_checking *);
void mcd_backend_check_masks(struct mcd_checking *);
void mcd_backend_check_aliasing(struct mcd_checking *);
void mcd_backend_check_workers(struct mcd_checking *);
void mcd_backend_check_concurrent(struct mcd_checking *);
void mcd_backend_check_kept(struct mcd_checking *);
void mcd_backend_check_fused(struct mcd_checking *);
void mcd_backend_check_section(struct mcd_checking *);
void mcd_backend_check_fetch(struct mcd_checking *);
void mcd_backend_check_devices(struct mcd_checking *);
void mcd_backend_check_listed(struct mcd_checking *);
void mcd_backend_check_linalg(struct mcd_checking *);

#endif
