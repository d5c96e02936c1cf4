/* Checks of models. */
#include "core/check/check.h"

const struct mcd_check mcd_checks_model[] = {{0}};
