/*
 * dropout: drops single units (Srivastava et al. 2014), inverted: the rest is scaled by
 * 1 / (1 - p).
 */
#define MCD_NOISE_DOMAIN "[0, 1]"
#include "noise.h"

MCD_NOISE_LAYER("dropout", "drops units with probability p", drop_units, MCD_BERNOULLI);
