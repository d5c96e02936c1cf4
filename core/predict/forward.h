/*
 * Forward passes over a data set, in blocks of rows and passes, on all threads.
 *
 * A block is block_rows x block_passes at absolute row and pass numbers and is always computed
 * whole: what lies beyond the end is computed and ignored. So the bits of an answer depend neither
 * on the number of threads nor on how a range of passes is cut, and memory not on how many there
 * are.
 */
#ifndef CORE_FORWARD_H
#define CORE_FORWARD_H

#include "core/network/network.h"
#include "core/predict/block.h"
#include "core/stats/moments.h"

#include <signal.h>

struct mcd_forward {
    const struct mcd_network *network;
    const struct mcd_item *sampler; /* NULL: weight averaging, one pass without noise */
    const float *x;                 /* [rows][elements of network->input] */
    int64_t rows;
    uint64_t first_row; /* number of row 0, for its masks; first_row + rows <= 2^32 */
    uint64_t seed;
    uint32_t block_rows, block_passes; /* see geometry.h */
    uint64_t first_block, block_count; /* blocks of passes; 0 and 1 for weight averaging */

    /*
     * NULL, or what becomes of the blocks: those that it wants whole may come as leaves.
     */
    const struct mcd_moments_spec *moments;

    /*
     * Receives the blocks, of block_passes and those of block_rows that exist, by row block and
     * within it by pass block, one call at a time, from any thread. A leaf is of several pass
     * blocks. A failure ends the run.
     */
    int (*sink)(void *arg, const struct mcd_block *block, struct mcd_error *error);
    void (*progress)(void *arg, uint64_t done, uint64_t all); /* blocks; may be NULL */
    void *arg;                                                /* of both */

    /* Polled now and then; once it is not 0 the run ends with MCD_STOPPED. NULL: never. */
    const volatile sig_atomic_t *stop;
};

int mcd_forward_run(const struct mcd_forward *f, struct mcd_error *error);

#endif
