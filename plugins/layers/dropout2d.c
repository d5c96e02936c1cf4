/* dropout2d: drops whole channels of an image (Tompson et al. 2015), scaled as dropout. */
#define MCD_NOISE_DOMAIN "[0, 1]"
#include "noise.h"

MCD_NOISE_LAYER("dropout2d", "drops channels with probability p", drop_channels, MCD_BERNOULLI);
