/* The checks of a plugin's life that fill a file each. */
#ifndef CORE_CHECK_LIFE_H
#define CORE_CHECK_LIFE_H

#include "core/check/check.h"

void mcd_check_parameters(struct mcd_checking *);
void mcd_check_starve(struct mcd_checking *);
void mcd_check_leak(struct mcd_checking *);
void mcd_check_process(struct mcd_checking *);

#endif
