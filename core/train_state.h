/* The state of a training run as metadata of its checkpoint, and its history as CSV. */
#ifndef CORE_TRAIN_STATE_H
#define CORE_TRAIN_STATE_H

#include "train.h"

/* Key of the metadata that mcdrop keeps in its safetensors files: a JSON object. */
#define MCD_METADATA_KEY "mcdrop"

/* CRC-32 of the training data's bytes. */
uint32_t mcd_train_data_checksum(const struct mcd_trainer_spec *spec);

int mcd_train_state_save(const struct mcd_train *train, const struct mcd_train_state *state,
                         struct mcd_error *error);

#endif
