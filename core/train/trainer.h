/*
 * Training: one update after another on shuffled batches of a data set.
 *
 * All there is of state lies in the network's store and in the number of updates done: the batch
 * of update u and every random bit in it follow from seed and u. So training continues from
 * saved tensors and that number as if it had never stopped.
 */
#ifndef CORE_TRAINER_H
#define CORE_TRAINER_H

#include "core/graph/gradient.h"
#include "core/network/examples.h"
#include "core/network/network.h"
#include "core/train/rate.h"

/* What is fitted, and how. */
struct mcd_trainer_spec {
    struct mcd_network *network;
    struct mcd_examples data;
    struct mcd_update update;
    uint32_t batch;   /* rows of one update; 0: all of them */
    uint32_t shuffle; /* 1: a new order every epoch; 0: the data's own */
    uint64_t seed;
    uint32_t schedule; /* enum mcd_rate_schedule, over all epochs */
    uint64_t epochs;   /* of the training, those before it was resumed included; a trainer asks for
                          them only where there is a schedule */
};

struct mcd_trainer;

int mcd_trainer_create(const struct mcd_trainer_spec *spec, struct mcd_trainer **trainer,
                       struct mcd_error *error);
void mcd_trainer_destroy(struct mcd_trainer *trainer); /* NULL is fine */

/*
 * The graph of an update on a full batch: the network, its loss and what moves parameters and
 * states. The caller destroys the graph; on failure there is none.
 */
int mcd_trainer_record(const struct mcd_trainer_spec *spec, struct mcd_recording *recording,
                       mcd_val *target, mcd_val *loss, struct mcd_error *error);

/*
 * Adds the optimiser's state that such a training keeps to the network's store, as zeros. Only for
 * who reads it from a file: making a trainer does the same.
 */
int mcd_trainer_add_state(const struct mcd_trainer_spec *spec, struct mcd_error *error);

/*
 * Gives back the memory of the backend that the data take, for who needs it more: from now on
 * batches are copied there. MCD_UNSUPPORTED if they are already. Once all is settled.
 */
int mcd_trainer_make_room(struct mcd_trainer *trainer, struct mcd_error *error);

/* Updates in one epoch; the last one has the rows that are left over. */
uint64_t mcd_trainer_epoch_updates(const struct mcd_trainer *trainer);

/* What an update was told before it: the mean loss of its batch. */
struct mcd_loss {
    uint64_t update;
    uint32_t rows; /* of the batch */
    double value;
};

/*
 * Starts update number `update` (from 0), which a device does when it comes to it. At most
 * MCD_MOST_AHEAD may be started before mcd_trainer_settle.
 */
enum { MCD_MOST_AHEAD = 1024 };
int mcd_trainer_start(struct mcd_trainer *trainer, uint64_t update, struct mcd_error *error);

/* Updates started since mcd_trainer_settle. Whether there is any use in more than one at a time. */
uint32_t mcd_trainer_ahead(const struct mcd_trainer *trainer);
int mcd_trainer_runs_ahead(const struct mcd_trainer *trainer);

/*
 * Waits for the updates that were started. *loss, valid until the next one, has theirs, *count of
 * them, in order.
 */
int mcd_trainer_settle(struct mcd_trainer *trainer, const struct mcd_loss **loss, uint32_t *count,
                       struct mcd_error *error);

/*
 * Does update number `update`. *loss is the batch's mean loss before it, *rows its size. Losses of
 * earlier ones that were started are lost.
 */
int mcd_trainer_step(struct mcd_trainer *trainer, uint64_t update, double *loss, uint32_t *rows,
                     struct mcd_error *error);

#endif
