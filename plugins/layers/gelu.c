/* gelu: Gaussian error linear unit, x Phi(x). */
#include "stateless.h"

MCD_MAP_LAYER("gelu", MCD_GELU, "Gaussian error linear unit, x Phi(x)");
