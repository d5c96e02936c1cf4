/* The state of a training run, kept in its checkpoint. */
#ifndef CORE_TRAIN_STATE_H
#define CORE_TRAIN_STATE_H

#include "core/train/train.h"

/* CRC-32 of the training data's bytes. */
uint32_t mcd_train_data_checksum(const struct mcd_trainer_spec *spec);

int mcd_train_state_save(const struct mcd_train *train, const struct mcd_train_state *state,
                         struct mcd_error *error);

#endif
