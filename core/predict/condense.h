/*
 * Passes condensed where they are computed: a backend whose memory is not the host's makes leaves
 * of the moments tree of them, and only these come to the host.
 *
 * Ops that do so follow the network's output in the graph. A backend that refuses them, and whoever
 * wants the samples, gets the samples.
 */
#ifndef CORE_CONDENSE_H
#define CORE_CONDENSE_H

#include "core/network/network.h"
#include "core/stats/moments.h"

#include <mcdrop/graph.h>

/* Pass blocks whose passes are condensed one after the other, at most. */
enum { MCD_MOST_JOINED = 256 }; /* a power of two */

/* What a plan is asked for: samples, values and, of a classification, sums. */
struct mcd_condensed {
    uint32_t noutputs; /* 1: samples alone */
    mcd_val output[3];
};

enum { MCD_CONDENSED_VALUES = 1, MCD_CONDENSED_SUMS = 2 }; /* places in `output` */

/* Appends the ops if leaves are of use: spec may be NULL. */
int mcd_condense_record(const struct mcd_network *network, const struct mcd_moments_spec *spec,
                        struct mcd_recording *recording, struct mcd_condensed *c,
                        struct mcd_error *error);

#endif
