/*
 * Elementwise ops and pooling on pieces of rows, for kernels of single steps and for chains.
 * `y` may be `x` but for pooling.
 */
#ifndef CPU_PIECES_H
#define CPU_PIECES_H

#include "cpu.h"

void mcd_map_piece(int64_t function, float *y, const float *x, int64_t n);
void mcd_affine_piece(const struct mcd_attr *attr, float *y, const float *x, int64_t n);

/* Bits of `rows` virtual rows, (units + 31) / 32 words each: 1 for dropped. */
static inline size_t mcd_drop_bytes(const struct mcd_attr_drop *attr, int64_t rows)
{
    return (size_t)((attr->units + 31) / 32 * rows) * sizeof(uint32_t);
}

/* Draws a Bernoulli site's bits into `bits`, or says where its sampler has filled them. */
const uint32_t *mcd_drop_draw(const struct mcd_cpu *cpu, const struct mcd_attr_drop *attr,
                              const struct mcd_run *run, int64_t rows, uint32_t *bits);

/* n units of `span` elements: scaled, or exactly 0 where the unit's bit is set, whatever x is. */
void mcd_drop_units(float *y, const float *x, const uint32_t *dropped, float scale, int64_t span,
                    int64_t n);

/* Pools a row x of shape xs to y of shape ys. */
void mcd_pool_row(const struct mcd_attr_pool *attr, const struct mcd_shape *xs,
                  const struct mcd_shape *ys, float *y, const float *x);

/* The same of a row whose planes are scaled or dropped first; scaling keeps the order. */
void mcd_pool_kept(const struct mcd_attr_pool *attr, const struct mcd_shape *xs,
                   const struct mcd_shape *ys, float *y, const float *x, const uint32_t *dropped,
                   float scale);

#endif
