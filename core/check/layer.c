/* Checks of layers. */
#include "core/check/recorders.h"

enum { LAYER = 1 << MCD_LAYER };

const struct mcd_check mcd_checks_layer[] = {
    {"shapes", LAYER, "takes inputs of some shape, and says of others what would be right",
     mcd_check_shapes},
    {"recording", LAYER, "records the same again and again, and fails cleanly without memory",
     mcd_check_recording},
    {"names", LAYER, "has the same parameters with noise and in weight averaging, by legal names",
     mcd_check_names},
    {"gradient", LAYER, "gradients agree with finite differences in f64, and are finite",
     mcd_check_gradient},
    {"backends", LAYER, "gives the same results on every backend that is installed",
     mcd_check_backends},
    {"determinism", LAYER, "gives the same bits again, on any number of threads",
     mcd_check_determinism},
    {"averaging", LAYER, "weight averaging has no noise and gives finite numbers",
     mcd_check_averaging},
    {"single", LAYER, "one row is enough, and in predictions no row depends on another",
     mcd_check_single},
    {0}};
