/* Checks of models. */
#include "core/check/recorders.h"

enum { MODEL = 1 << MCD_MODEL };

const struct mcd_check mcd_checks_model[] = {
    {"build", MODEL, "has a valid recipe, records itself for inputs of some shape, refuses others",
     mcd_check_build},
    {"recording", MODEL, "records the same again and again, and fails cleanly without memory",
     mcd_check_recording},
    {"names", MODEL, "has the same parameters with noise and in weight averaging, by legal names",
     mcd_check_names},
    {"averaging", MODEL, "weight averaging has no noise and gives finite numbers",
     mcd_check_averaging},
    {"sizes", MODEL, "batches of any size are trained and predicted, no row depends on another",
     mcd_check_single},
    {"learns", MODEL, "some updates lower the loss", mcd_check_learns},
    {"saved", MODEL, "predicts the same bits from weights that were saved and loaded",
     mcd_check_saved},
    {"fit", MODEL, "a posterior of its own gives finite draws, the same on any number of threads",
     mcd_check_fit},
    {"draws", MODEL, "draws of a posterior predict finite numbers, also those of somebody else",
     mcd_check_draws},
    {0}};
