/*
 * Devices: those of a backend that has several, each with the network's parameters in its memory,
 * so that workers can be dealt out to them.
 */
#ifndef CORE_DEVICES_H
#define CORE_DEVICES_H

#include "core/network/network.h"

struct mcd_devices {
    const struct mcd_host *host;
    uint32_t count;           /* at least 1 once they are open */
    struct mcd_item *item;    /* the network's backend, with a self for each device */
    struct mcd_store **store; /* the network's own for the first, copies as of now for the others */
};

/* At most `most`, at least 1. Closed in any case; zeros before. */
int mcd_devices_open(const struct mcd_network *network, uint32_t most, struct mcd_devices *d,
                     struct mcd_error *error);
void mcd_devices_close(struct mcd_devices *d);

#endif
