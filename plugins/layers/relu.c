/* relu: rectified linear unit, max(x, 0). */
#include "stateless.h"

MCD_MAP_LAYER("relu", MCD_RELU, "rectified linear unit, max(x, 0)");
