/* Checks of layers. */
#include "core/check/check.h"

const struct mcd_check mcd_checks_layer[] = {{0}};
