/*
 * gaussian: multiplies units by normal noise of mean 1 and dropout's variance (Srivastava et al.
 * 2014, section 10).
 */
#define MCD_NOISE_DOMAIN "[0, 1)"
#include "noise.h"

MCD_NOISE_LAYER("gaussian", "multiplies units by normal noise of variance p / (1 - p)", drop_units,
                MCD_GAUSSIAN);
