/* Checks of backends. */
#include "core/check/check.h"

const struct mcd_check mcd_checks_backend[] = {{0}};
