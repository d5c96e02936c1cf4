/*
 * What follows the first part of a fused step, computed on pieces of rows while these are in cache.
 * Masks are drawn for all rows first, so that pieces may be cut in any way and a product knows what
 * it need not compute.
 */
#ifndef CPU_CHAIN_H
#define CPU_CHAIN_H

#include "cpu.h"

enum { MCD_MOST_PARTS = 8, MCD_CHAIN_ALIGN = 32 /* elements: the units of a word */ };

struct mcd_chain {
    uint32_t count; /* parts; 0: there is nothing to do */
    const struct mcd_part *part;
    struct mcd_shape from; /* of a row before them */
    int pools;             /* the last one pools: it changes the shape, the others do not */
    const uint32_t *bits[MCD_MOST_PARTS]; /* of each that drops, once started */
};

/*
 * The parts of a step from number `first` on; none of a step that isn't fused. MCD_UNSUPPORTED if
 * they cannot be chained here: all but Bernoulli's noise, and pooling anywhere but at the end.
 */
int mcd_chain_make(const struct mcd_cpu *cpu, const struct mcd_step *step, uint32_t first,
                   struct mcd_chain *chain, struct mcd_error *error);

/* Those behind the first part, for pieces of rows: units of several elements are refused, too. */
int mcd_chain_make_pieces(const struct mcd_cpu *cpu, const struct mcd_step *step,
                          struct mcd_chain *chain, struct mcd_error *error);

/* Memory for the masks of `rows` rows, and drawing them there. */
size_t mcd_chain_bytes(const struct mcd_chain *chain, int64_t rows);
void mcd_chain_start(struct mcd_chain *chain, const struct mcd_cpu *cpu, const struct mcd_run *run,
                     int64_t rows, void *memory);

/*
 * The elementwise parts on n elements of a row from number `first` on, which begins a word's units.
 * `to` may be `from`.
 */
void mcd_chain_piece(const struct mcd_chain *chain, float *to, const float *from, int64_t row,
                     int64_t first, int64_t n);

/*
 * All parts on a whole row. Where the last one pools, `room` holds a row before it, or is `from`.
 */
void mcd_chain_row(const struct mcd_chain *chain, float *to, const float *from, float *room,
                   int64_t row);

/* Numbers of the planes of a row that no part drops as a whole; returns how many there are. */
int64_t mcd_chain_kept(const struct mcd_chain *chain, int64_t row, int64_t planes, int32_t *kept);

#endif
