/* What is demanded of creating and destroying, whatever the kind. */
#include "core/check/check.h"

const struct mcd_check mcd_checks_life[] = {{0}};
