/* The course of a training, as a line in the log. */
#ifndef CLI_CURVE_H
#define CLI_CURVE_H

#include "core/train/train.h"

/*
 * "test errors 3326 ▇▄▃▂▁▁▁▁▁ 285", from the first epoch to the last, and which was the best unless
 * that is the last. The loss, where there is no test set. A single epoch has no course, and nothing
 * is said. In the log, because stdout is a table that programs read.
 */
void mcd_curve_tell(const struct mcd_train *train, const struct mcd_train_state *state);

#endif
