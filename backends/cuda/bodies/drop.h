/*
 * Which units DROP drops: the bits of random.h, for all rows of several sites in one launch. One
 * thread draws 128 units of a row, so that no bit depends on how the work is cut.
 */
#ifndef MCD_CUDA_BODIES_DROP_H
#define MCD_CUDA_BODIES_DROP_H

#include "divide.h"

#include <mcdrop/backend.h>

enum { MASK_SITES = 8 /* of one launch */ };

struct mask_site {
    uint64_t threshold;
    uint64_t first;            /* number of its first thread: sites follow each other */
    uint32_t *bits;            /* (units + 31) / 32 words a row, as mcd_run.bits has them */
    struct mcd_divisor blocks; /* of 128 units, of a row */
    uint32_t site, words;      /* of 32 units, of a row */
};

struct mask_args {
    const struct mcd_run *run;
    uint32_t count;
    struct mask_site site[MASK_SITES];
};

MCD_BODY void mask_body(const struct mask_args *a, int64_t i)
{
    uint32_t s = 0, out[4];
    while (s + 1 < a->count && (uint64_t)i >= a->site[s + 1].first)
        s++;
    const struct mask_site *m = &a->site[s];
    uint64_t rest;
    uint32_t row = (uint32_t)mcd_divide(&m->blocks, (uint64_t)i - m->first, &rest);
    uint32_t block = (uint32_t)rest;
    struct mcd_address address = mcd_run_address(a->run, m->site, row);
    mcd_drop_block(&address, block, m->threshold, mcd_run_flip(a->run, m->site, row), out);
    uint32_t *bits = m->bits + (uint64_t)row * m->words;
    for (uint32_t w = 0; w < 4; w++)
        if (4 * block + w < m->words)
            bits[4 * block + w] = out[w];
}

#endif
