/*
 * Streaming moments of a Monte-Carlo prediction: what is kept of the passes when they are gone.
 *
 * Passes come in blocks at absolute pass numbers: block b is passes b P .. b P + P - 1, whatever
 * range was asked for. A whole block becomes a leaf (moments of its passes), two complete
 * neighbours that make an aligned power of two of blocks become their parent, and so on: a binary
 * counter. A block that the range covers in part is kept as samples. So the moments are a function
 * of the passes alone: the same bits for any number of threads and for any way to cut the range
 * into parts that are joined later. Memory grows with log T only.
 *
 * Beside the tree there are sums over 16 interleaved batches of passes, in fixed point, because
 * integers add up to the same bits in any order. They serve the errors of what is not a mean.
 *
 * A row's moments depend on no other row. Rows come in blocks too, for the executor's sake: calls
 * for different row blocks may run at the same time, those for one row block in order.
 */
#ifndef CORE_MOMENTS_H
#define CORE_MOMENTS_H

#include "core/stats/meaning.h"

#include <mcdrop/error.h>
#include <mcdrop/mcdrop.h>
#include <mcdrop/moments.h>
#include <mcdrop/plugin.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Passes of one block. With MCD_MAX_PASSES it bounds the fixed-point sums (see core/stats/leaf.h).
 */
#define MCD_MAX_BLOCK ((uint32_t)1 << 16)

/* Two aligned nodes of every size below 2^26 blocks, and samples at both ends, are fewer. */
enum { MCD_MAX_PIECES = 64 };

/* What is summarised. Block passes are a multiple of the group; block rows >= 1. */
struct mcd_moments_spec {
    uint32_t task; /* enum mcd_task: MCD_CLASSIFY: outputs are logits, probabilities follow */
    uint32_t type; /* of the samples: MCD_F32 or MCD_F64 */
    int64_t rows, outputs;
    int64_t block_rows;    /* the last row block may have fewer */
    uint32_t group;        /* passes of one independent group: mcd_sampler.group */
    uint32_t block_passes; /* P */
    uint64_t first_pass, passes;
    uint32_t keep_pieces; /* 1: for saving and joining; 0: fold them when a row block is done */
    const struct mcd_meaning *meaning; /* regression: may be NULL; must outlive the moments */
};

/*
 * Consecutive passes of one row block: moments of whole blocks (`values`, an aligned power of two
 * of them), or the samples of a part of one block. A folded row block is one piece of values.
 */
struct mcd_piece {
    uint64_t first, passes;
    double *values; /* [rows][width]: core/stats/leaf.h; NULL for samples */
    void *samples;  /* [passes][rows][outputs]; NULL for values */
};

struct mcd_row_block {
    int64_t first_row, rows;
    uint64_t next_pass; /* passes from the first one up to here have been added */
    uint32_t count;
    struct mcd_piece piece[MCD_MAX_PIECES]; /* in pass order, without gaps */
    int64_t *sums; /* [rows][MCD_BATCHES][leaf.h] over the pieces of values; NULL: regression */
};

struct mcd_moments {
    const struct mcd_host *host; /* borrowed: all arrays come from it */
    struct mcd_moments_spec spec;
    uint32_t blocks;
    struct mcd_row_block *block;
};

/* MCD_INVALID, saying what is right, for a spec that makes no sense or is too large. */
int mcd_moments_check(const struct mcd_moments_spec *spec, struct mcd_error *e);

/* Checks the spec and makes empty moments; *m is NULL on failure. */
int mcd_moments_create(const struct mcd_host *host, struct mcd_moments **m,
                       const struct mcd_moments_spec *spec, struct mcd_error *e);

void mcd_moments_destroy(struct mcd_moments *m); /* NULL is fine */

/* The pass blocks that cover the range: first .. first + count - 1. */
uint64_t mcd_moments_first_block(const struct mcd_moments_spec *spec);
uint64_t mcd_moments_block_count(const struct mcd_moments_spec *spec);

/*
 * Adds one whole block: samples [P][rows of the row block][outputs]; passes outside the range are
 * ignored (and may hold anything). Blocks of one row block come in ascending order, each once.
 * Values must be finite: MCD_INVALID names row, output and pass otherwise.
 */
int mcd_moments_add(struct mcd_moments *m, uint32_t row_block, uint64_t pass_block,
                    const void *samples, struct mcd_error *e);

/*
 * Adds what was made of samples elsewhere: the leaf of each row over `blocks` whole blocks from
 * `pass_block` on, an aligned power of two of them, and, unless NULL, the batch sums
 * [rows][MCD_BATCHES][...] of this and of leaves before it. No spec with answers, which need the
 * samples. Else as mcd_moments_add.
 */
int mcd_moments_add_leaf(struct mcd_moments *m, uint32_t row_block, uint64_t pass_block,
                         uint32_t blocks, const double *values, const int64_t *sums,
                         struct mcd_error *e);

/* Blocks from `pass_block` on that the range covers whole; 0 if it covers this one in part. */
uint64_t mcd_moments_whole_blocks(const struct mcd_moments_spec *spec, uint64_t pass_block);

/* Whether leaves are enough: whoever scores passes by their answers needs the samples. */
int mcd_moments_take_leaves(const struct mcd_moments_spec *spec);

/*
 * Passes added so far, the same for every row block (MCD_INVALID while they differ). Fewer than
 * spec.passes after an early stop; a summary and a partial result are of these.
 */
int mcd_moments_done(const struct mcd_moments *m, uint64_t *passes, struct mcd_error *e);

/*
 * The largest standard error of probability_mean (classification) or output_mean (regression) over
 * rows and outputs, of the passes so far; infinite before 16 groups are complete, because an
 * estimate from fewer would stop runs by luck. Asked between blocks, it depends on nothing else.
 */
int mcd_moments_worst_mcse(const struct mcd_moments *m, double *mcse, struct mcd_error *e);

/*
 * Appends one row block's piece that starts where the last one ended; takes ownership of its
 * arrays (of the host), also on failure. For joining and loading; mcd_moments_add is made of it.
 */
int mcd_moments_push(const struct mcd_moments *m, struct mcd_row_block *b, struct mcd_piece piece,
                     struct mcd_error *e);

/*
 * Everything about one row: `values` [width] over all its passes, and with `sums` not NULL its
 * batch sums [MCD_BATCHES][...] with the kept samples included. `scratch` is core/stats/leaf.h's.
 */
int mcd_moments_total(const struct mcd_moments *m, const struct mcd_row_block *b, int64_t row,
                      double *values, int64_t *sums, double *scratch, struct mcd_error *e);

#endif
