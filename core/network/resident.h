/*
 * Data that stay in a backend's memory where that is not the host's: what a plan gathers its rows
 * from, so that a run need not be given any.
 */
#ifndef CORE_RESIDENT_H
#define CORE_RESIDENT_H

#include "core/network/examples.h"
#include "core/network/network.h"

/* Zeros: nothing is resident. */
struct mcd_resident {
    const struct mcd_network *network;
    struct mcd_buffer *buffer[MCD_TABLES];
    struct mcd_tensor table[MCD_TABLES]; /* by index, as struct mcd_plan_spec takes them */
};

/* Whether the backend keeps what it computes with apart from the host's memory. */
int mcd_resident_is_useful(const struct mcd_network *network);

/*
 * Copies all rows with their answers, if there are any, into the backend's memory, in its types,
 * and makes room for an order of so many places. MCD_NOMEM if it has too little. On failure nothing
 * is left.
 */
int mcd_resident_create(const struct mcd_network *network, const struct mcd_examples *data,
                        int64_t places, struct mcd_resident *resident, struct mcd_error *error);
void mcd_resident_destroy(struct mcd_resident *resident); /* zeros are fine */

/* `order`: the number of a row for each place. */
int mcd_resident_order(struct mcd_resident *resident, const uint32_t *order,
                       struct mcd_error *error);

#endif
