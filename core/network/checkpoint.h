/*
 * Weights and checkpoints: a network's tensors in a safetensors file.
 *
 * A file of weights alone, as a PyTorch user saves them, loads as it is. A checkpoint has the
 * optimiser's state beside them and says in its metadata what it belongs to and how far it is.
 */
#ifndef CORE_CHECKPOINT_H
#define CORE_CHECKPOINT_H

#include "core/io/safetensors.h"
#include "core/network/network.h"

/*
 * Replaces the network's parameters by those of a file and, where `with_optimiser`, also the
 * optimiser's state that its store has (mcd_trainer_add_state). Every one of these tensors must be
 * there, of its shape and finite, and nothing else: only without `with_optimiser` any state of an
 * optimiser is passed over, and PyTorch's count of batches (num_batches_tracked) beside a running
 * mean always. Values may be F32 or F64. The network is unchanged on failure, unless
 * it is the backend that fails to take the values.
 */
int mcd_weights_load(struct mcd_network *network, const struct mcd_safetensors *file,
                     const char *path, int with_optimiser, struct mcd_error *error);

/* Writes all tensors of the store, parameters first, and the metadata. Atomic. */
int mcd_weights_save(const struct mcd_network *network, const char *path,
                     const struct mcd_metadata *metadata, size_t metadata_count,
                     struct mcd_error *error);

#endif
