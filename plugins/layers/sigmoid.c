/* sigmoid: logistic function, 1 / (1 + exp(-x)). */
#include "stateless.h"

MCD_MAP_LAYER("sigmoid", MCD_SIGMOID, "logistic function, 1 / (1 + exp(-x))");
