/* Checks of samplers. */
#include "core/check/check.h"

const struct mcd_check mcd_checks_sampler[] = {{0}};
