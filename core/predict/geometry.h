/* How many rows and passes a block of a prediction has. */
#ifndef CORE_GEOMETRY_H
#define CORE_GEOMETRY_H

#include "core/predict/forward.h"

/*
 * Rows of all passes of a block that the network's backend asks for; 0: it leaves that to the core,
 * as one does whose blocks are small and many.
 */
uint32_t mcd_rows_wished(const struct mcd_network *network);

/* Fills in block_rows and block_passes from rows, sampler, network and its backend alone. */
void mcd_forward_geometry(struct mcd_forward *f);

#endif
