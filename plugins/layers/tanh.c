/* tanh: hyperbolic tangent. */
#include "stateless.h"

MCD_MAP_LAYER("tanh", MCD_TANH, "hyperbolic tangent");
